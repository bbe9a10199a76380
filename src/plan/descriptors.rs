//! How many descriptors go where: files in flight against directories held open.

/// Descriptors of the process itself: the standard three, the target directory, a ring, and some to spare.
const OWN: u64 = 12;

/// With fewer descriptors than this, one worker copies one file at a time: the others are for directories.
const FOR_MANY: u64 = 512;

/// Source and destination of a file in flight, and the source as it was examined.
const PER_FILE: u64 = 3;

/// What a worker needs to be of use.
const PER_WORKER_MIN: u64 = 64;

/// Source and destination of a directory.
const PER_LEVEL: u64 = 2;

/// With fewer descriptors than this only the directory in work is held, not even an operand's own: beside the standard three
/// and the directory that is copied into, it leaves a file its two.
const FOR_LEVELS: u64 = 16;

/// With fewer, names do not wait for their turn: 64 that do hold up to 128 directories.
const FOR_WAITING: u64 = 256;

/// Whether there are descriptors enough for the directories of names that wait for their turn.
#[must_use]
pub(crate) fn let_names_wait(limit: u64) -> bool {
    limit >= FOR_WAITING
}

/// Whether there are so few descriptors that only the directory in work may be held.
#[must_use]
pub(crate) fn are_few(limit: u64) -> bool {
    limit < FOR_LEVELS
}

/// What a limit on descriptors allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// How many workers can be fed.
    pub workers: usize,
    /// Files that one worker may have in flight.
    pub files: usize,
    /// Directories on the way down that one worker may hold open, beside the operand's own; with one, that is let go too.
    pub levels: usize,
}

/// Shares `limit` descriptors among `workers`.
#[must_use]
pub(crate) fn share(limit: u64, workers: u64) -> Budget {
    let many_workers = limit >= FOR_MANY;
    let workers = if many_workers { workers.clamp(1, limit / PER_WORKER_MIN) } else { 1 };
    let each = limit.saturating_sub(OWN) / workers;
    let files = if many_workers { each / 2 / PER_FILE } else { 1 };
    let levels = each.saturating_sub(files * PER_FILE) / PER_LEVEL;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let levels = if are_few(limit) { 1 } else { levels.max(2) };
    Budget { workers: count(workers), files: count(files.max(1)), levels: count(levels) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tight_limit_leaves_one_worker_one_file() {
        assert_eq!(share(32, 8), Budget { workers: 1, files: 1, levels: 8 });
        assert_eq!(share(16, 8), Budget { workers: 1, files: 1, levels: 2 });
        assert_eq!(share(15, 8), Budget { workers: 1, files: 1, levels: 1 });
        assert_eq!(share(0, 8), Budget { workers: 1, files: 1, levels: 1 });
    }

    #[test]
    fn what_is_shared_out_never_exceeds_the_limit() {
        for limit in [512, 1024, 20_000] {
            for workers in [1, 2, 16, 128] {
                let Budget { workers, files, levels } = share(limit, workers);
                let used = u64::try_from((files * 3 + levels * 2) * workers).unwrap() + OWN;
                assert!(used <= limit, "{used} of {limit} for {workers} workers");
            }
        }
    }
}
