//! Where the operations on a destination belong, by how long its files took to make: pure decisions on times and counts.
//!
//! On a local file system a small file is made in a few microseconds of computing: the thread that has read it does that
//! best itself. Where making one means waiting, for a server or a slow device, many are to wait side by side, in a ring.
//! Which it is shows in the first files. It is not decided for good: from time to time a few files are made by plain
//! calls again, and measured.

use std::time::Duration;

/// What making a small file takes at least where an operation of it sleeps. Cached local file systems were seen to take
/// 10 to 50 microseconds for it.
const SLEEP_MICROS: u64 = 300;

/// What writing adds, at a rate that any page cache reaches: it is not what is being looked for.
const BYTES_PER_MICRO: u64 = 100;

/// The score from which on a destination counts as slow: this number of slow files in a row, or a few more where some
/// were quick.
const SLOW_AT: u32 = 6;
const SCORE_MAX: u32 = 8;

/// What a quick file takes off the score, so that less than a third of quick ones hides what is slow.
const QUICK: u32 = 2;

/// Files of a slow destination after which [`PROBES`] are measured again.
const PROBE_EVERY: u32 = 1024;
const PROBES: u32 = 4;

/// True if a file of this number of bytes took so long to make, write and close that its operations must have slept.
#[must_use]
pub(crate) fn slept(took: Duration, bytes: u64) -> bool {
    took.as_micros() >= u128::from(SLEEP_MICROS + bytes / BYTES_PER_MICRO)
}

/// What is known of one destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Latency {
    score: u32,
    /// Files begun since it was last measured.
    unmeasured: u32,
}

impl Latency {
    /// Notes a file that was made by plain calls, by whether that slept.
    pub(crate) fn note(&mut self, slept: bool) {
        self.score = if slept { (self.score + 1).min(SCORE_MAX) } else { self.score.saturating_sub(QUICK) };
    }

    /// Whether there is nothing to remember: as if no file had been slow yet.
    #[must_use]
    pub(crate) fn is_clean(&self) -> bool {
        self.score == 0
    }

    /// Whether making files here means waiting.
    #[must_use]
    pub(crate) fn is_slow(&self) -> bool {
        self.score >= SLOW_AT
    }

    /// Whether the next file's operations all belong in a ring. Counts it.
    pub(crate) fn next_is_fused(&mut self) -> bool {
        if !self.is_slow() {
            return false;
        }
        self.unmeasured = (self.unmeasured + 1) % (PROBE_EVERY + PROBES);
        self.unmeasured < PROBE_EVERY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_computing_and_from_writing_much() {
        let slept = |micros, bytes| slept(Duration::from_micros(micros), bytes);
        assert!(!slept(50, 0) && !slept(299, 4096) && !slept(1000, 128 << 10));
        assert!(slept(350, 4096) && slept(2000, 128 << 10) && slept(8000, 20_000));
    }

    #[test]
    fn six_slow_files_make_a_destination_slow_and_two_quick_ones_undo_it() {
        let mut latency = Latency::default();
        for made in 1..=6 {
            assert!(!latency.next_is_fused(), "{made}");
            latency.note(true);
        }
        assert!(latency.next_is_fused());
        latency.note(false);
        assert!(!latency.is_slow());
        (0..10).for_each(|_| latency.note(true));
        latency.note(false);
        assert!(latency.is_slow(), "one quick file among many");
        latency.note(false);
        assert!(!latency.is_slow());
        (0..3).for_each(|_| latency.note(false));
        assert!(latency.is_clean());
    }

    #[test]
    fn slow_files_now_and_then_change_nothing() {
        let mut latency = Latency::default();
        for file in 0..1000 {
            latency.note(file % 2 == 0);
            assert!(!latency.is_slow());
        }
    }

    #[test]
    fn a_slow_destination_is_measured_again_from_time_to_time() {
        let mut latency = Latency::default();
        (0..8).for_each(|_| latency.note(true));
        let split = (0..3 * (PROBE_EVERY + PROBES)).filter(|_| !latency.next_is_fused()).count();
        assert_eq!(split, 3 * 4);
    }
}
