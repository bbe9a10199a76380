//! How fast it goes: over the last seconds for the rate, over more of them for the time that is left.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What the rate is taken over: long enough to be read, short enough to be now.
const RATE_OVER: Duration = Duration::from_secs(3);

/// What the time that is left is reckoned from, so that it does not jump about.
const LEFT_OVER: Duration = Duration::from_secs(15);

/// Of less nothing can be said.
const SOMETHING: Duration = Duration::from_millis(50);

/// Numbers of bytes at times.
#[derive(Debug)]
pub(crate) struct Pace {
    began: Instant,
    samples: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// A pace from this moment on.
    #[must_use]
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, samples: VecDeque::from([(began, 0)]) }
    }

    /// Notes how many bytes there are by now.
    pub(crate) fn note(&mut self, now: Instant, bytes: u64) {
        while self.samples.get(1).is_some_and(|&(time, _)| now.duration_since(time) > LEFT_OVER) {
            self.samples.pop_front();
        }
        self.samples.push_back((now, bytes));
    }

    /// Bytes a second of late.
    #[must_use]
    pub(crate) fn rate(&self) -> u64 {
        self.over(RATE_OVER)
    }

    /// How long this number of bytes will take; `None` where nothing moves, or nothing can be said yet.
    #[must_use]
    pub(crate) fn left(&self, bytes: u64) -> Option<Duration> {
        let (now, _) = *self.samples.back()?;
        let seconds = bytes.checked_div(self.over(LEFT_OVER))?;
        (now.duration_since(self.began) >= Duration::from_millis(500)).then(|| Duration::from_secs(seconds))
    }

    fn over(&self, time: Duration) -> u64 {
        let Some(&(now, bytes)) = self.samples.back() else { return 0 };
        let first = self.samples.iter().find(|(at, _)| now.duration_since(*at) <= time);
        let (then, before) = first.copied().unwrap_or((now, bytes));
        let passed = now.duration_since(then);
        if passed < SOMETHING {
            return 0;
        }
        let micros = passed.as_micros();
        // A copy that failed takes what it had brought with it.
        let moved = u128::from(bytes.saturating_sub(before)) * 1_000_000;
        u64::try_from(moved.checked_div(micros).unwrap_or(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_seconds_and_the_rest_of_more() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut pace = Pace::new(began);
        assert_eq!((pace.rate(), pace.left(10)), (0, None));
        for second in 1..=10 {
            pace.note(at(second * 1000), 100 * second);
        }
        assert_eq!((pace.rate(), pace.left(1000)), (100, Some(Duration::from_secs(10))));
        for second in 11..=13 {
            pace.note(at(second * 1000), 1000);
        }
        assert_eq!(pace.rate(), 0);
        assert_eq!(pace.left(760), Some(Duration::from_secs(10)));
        for second in 14..=40 {
            pace.note(at(second * 1000), 1000);
        }
        assert_eq!(pace.left(760), None);
        assert!(pace.samples.len() < 20);
    }
}
