//! When a worker goes over from plain calls to a ring: when its operations sleep.
//!
//! Where everything is cached, plain calls are the fastest way: a file's data is still in the processor's cache when it
//! is written, which it is not with 64 files between its read and its write. Where operations wait for a device or a
//! server, a ring has many of them wait side by side. Which it is cannot be known beforehand, but it can be counted: a
//! thread that waits gives up the processor.

use crate::process;

/// Files from which on it is looked at for the first time whether operations sleep.
const FIRST_LOOK: u64 = 32;

/// Files after which it is looked at again, once their number is as large as this.
const LOOK_EVERY: u64 = 128;

/// Files for one wait among them that are few enough to call their operations sleeping. Cached trees were seen to wait
/// once in 20 files and less (for locks, and for work to do), cold ones at least once a file.
const FILES_PER_WAIT_MAX: u64 = 4;

/// What a worker has seen of its waiting.
#[derive(Debug)]
pub(crate) struct SleepDetector {
    /// The first look decides for a ring, whatever it sees.
    eager: bool,
    begun: u64,
    next_look: u64,
    /// The files before the last look slept.
    slept: bool,
    /// Files begun, and waits counted, at the last look. A thread begins with next to none, so that a job of a few
    /// files need not ask.
    last: (u64, u64),
}

impl SleepDetector {
    /// A worker's at its beginning. Where it is `eager` only small jobs go without a ring.
    #[must_use]
    pub(crate) fn new(eager: bool) -> Self {
        Self { eager, slept: false, begun: 0, next_look: FIRST_LOOK, last: (0, 0) }
    }

    /// Counts a file that is begun, and answers whether those before it slept, so that a ring pays. Two looks in a row
    /// must say so: a file system that has just been mounted waits for its own blocks with the first files.
    pub(crate) fn begin(&mut self) -> bool {
        self.begun += 1;
        if self.begun <= self.next_look {
            return false;
        }
        self.look(process::waits_of_this_thread()) || self.eager
    }

    fn look(&mut self, waits: u64) -> bool {
        let files = self.next_look - self.last.0;
        let slept = sleeps(files, waits.saturating_sub(self.last.1));
        let twice = slept && self.slept;
        self.slept = slept;
        self.last = (self.next_look, waits);
        self.next_look += self.next_look.min(LOOK_EVERY);
        twice
    }
}

/// True if this number of waits during this number of files makes a ring worth its while.
fn sleeps(files: u64, waits: u64) -> bool {
    waits.saturating_mul(FILES_PER_WAIT_MAX) >= files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_four_files_is_sleeping() {
        assert!(sleeps(16, 4) && sleeps(128, 200));
        assert!(!sleeps(16, 3) && !sleeps(128, 6) && !sleeps(16, 0));
    }

    #[test]
    fn looks_are_few_and_each_counts_what_came_since_the_last() {
        let mut warmup = SleepDetector { last: (0, 1000), ..SleepDetector::new(false) };
        assert!(!warmup.look(1007), "7 waits in 32 files");
        assert!(!warmup.look(1015), "8 in the next 32");
        assert!(warmup.look(1031), "and 16 in the next 64");
        let looks: Vec<u64> = (0..5)
            .map(|_| {
                assert!(!warmup.look(1031));
                warmup.next_look
            })
            .collect();
        assert_eq!(looks, [384, 512, 640, 768, 896]);
    }
}
