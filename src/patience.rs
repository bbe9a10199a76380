//! How often a call that was interrupted is started again: as often as signals can explain, but not for ever.
//!
//! A file system in user space may answer EINTR to every call, and so may a filter of system calls. A caller that
//! started again each time would never end.

use rustix::io::Errno;

/// Interruptions of one call that nothing came in between of. The fastest timer that sends signals here would take a second
/// for this number.
const INTERRUPTIONS_MAX: u32 = 1000;

/// What is left of it for one call.
#[derive(Debug, Default)]
pub(crate) struct Patience(u32);

impl Patience {
    /// Whether a call that was answered like this is to be started again.
    pub(crate) fn bears(&mut self, errno: Errno) -> bool {
        self.0 += u32::from(errno == Errno::INTR);
        errno == Errno::INTR && self.0 < INTERRUPTIONS_MAX
    }
}

/// Makes a call, and again as long as it is interrupted.
///
/// # Errors
/// What the call answered; EINTR where it never answered anything else.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    let mut patience = Patience::default();
    loop {
        match call() {
            Err(errno) if patience.bears(errno) => {}
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{INTERRUPTIONS_MAX, retry};
    use rustix::io::Errno;

    #[test]
    fn an_interrupted_call_is_started_again_but_not_for_ever() {
        let mut calls = 0;
        let answer = retry(|| {
            calls += 1;
            if calls < 5 { Err(Errno::INTR) } else { Ok(calls) }
        });
        assert_eq!(answer, Ok(5));
        let mut calls = 0;
        let answer: Result<(), Errno> = retry(|| {
            calls += 1;
            Err(Errno::INTR)
        });
        assert_eq!((answer, calls), (Err(Errno::INTR), INTERRUPTIONS_MAX));
        assert_eq!(retry(|| Err::<(), _>(Errno::IO)), Err(Errno::IO));
    }
}
