//! How long a ring is called that says "not now": with pauses in between, and not for ever.

use rustix::io::Errno;
use std::time::{Duration, Instant};

/// Calls in a row that bring nothing, until the ring counts as broken: with the pauses, half a second and more.
const CALLS_MAX: u32 = 50;

/// The longest pause in milliseconds; the first is of one, and each of one more.
const PAUSE_MS_MAX: u32 = 16;

/// A call that took so long has waited, and was interrupted by something else than the one before.
const WAITED: Duration = Duration::from_millis(1);

/// The calls of one ring that have brought nothing, since one brought something.
#[derive(Debug, Default)]
pub(super) struct Pauses(u32);

impl Pauses {
    /// Before a call: the time, where it matters.
    pub(super) fn begin(&self) -> Option<Instant> {
        (self.0 > 0).then(Instant::now)
    }

    /// A call has brought something.
    pub(super) fn end(&mut self) {
        self.0 = 0;
    }

    /// A call was answered like this: pauses, so that completions can be taken and it can be tried again.
    ///
    /// # Errors
    /// The answer, where there is no hope in trying again.
    pub(super) fn bear(&mut self, errno: Errno, began: Option<Instant>) -> Result<(), Errno> {
        let pause = self.next(errno, began)?;
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        Ok(())
    }

    fn next(&mut self, errno: Errno, began: Option<Instant>) -> Result<Duration, Errno> {
        // EBUSY: completions are to be taken first. EAGAIN: there was no memory.
        if !matches!(errno, Errno::INTR | Errno::BUSY | Errno::AGAIN | Errno::TIME) {
            return Err(errno);
        }
        if errno == Errno::INTR && began.is_some_and(|began| began.elapsed() >= WAITED) {
            return Ok(Duration::ZERO);
        }
        self.0 += 1;
        if self.0 > CALLS_MAX {
            return Err(errno);
        }
        Ok(Duration::from_millis((self.0 - 1).min(PAUSE_MS_MAX).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_an_error() {
        for errno in [Errno::AGAIN, Errno::BUSY, Errno::INTR, Errno::TIME] {
            let mut pauses = Pauses::default();
            let pauses: Vec<Duration> = std::iter::from_fn(|| pauses.next(errno, None).ok()).collect();
            let all: Duration = pauses.iter().sum();
            assert!(pauses.len() == 50 && pauses[0].is_zero() && all < Duration::from_secs(1), "{all:?}");
        }
        assert_eq!(Pauses::default().next(Errno::NOMEM, None), Err(Errno::NOMEM));
    }

    #[test]
    fn one_call_that_brings_something_is_a_new_beginning() {
        let mut pauses = Pauses(CALLS_MAX);
        pauses.end();
        assert_eq!(pauses.next(Errno::AGAIN, None), Ok(Duration::ZERO));
        assert!(pauses.begin().is_some() && Pauses::default().begin().is_none());
    }

    #[test]
    fn waiting_that_is_interrupted_now_and_then_may_go_on() {
        let mut pauses = Pauses(CALLS_MAX);
        let long_ago = Instant::now().checked_sub(Duration::from_secs(1));
        assert_eq!(pauses.next(Errno::INTR, long_ago), Ok(Duration::ZERO));
        assert_eq!(pauses.next(Errno::INTR, None), Err(Errno::INTR));
    }
}
