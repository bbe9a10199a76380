//! How much memory a run plans with where that is limited (RLIMIT_AS, RLIMIT_DATA): a pure decision on what is left.
//!
//! Where a buffer cannot be had a smaller one does, but what is needed to go on at all must be left: names, listings, the
//! stack of the main thread.

/// Bytes of I/O memory of the whole process: what an ordinary user may pin (RLIMIT_MEMLOCK), for all workers together.
pub(crate) const POOL_BYTES: usize = 8 << 20;

/// The least I/O memory: one region.
const POOL_BYTES_MIN: usize = 64 << 10;

/// What a further worker takes beside its buffers: its stack (2 MiB), a ring, and what files in work need.
const WORKER_BYTES: u64 = 8 << 20;

/// What of the memory that is left goes into buffers: a region at a huge page's boundary takes twice its size.
const POOL_SHARE: u64 = 8;

/// What a run plans with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes of I/O memory, for all workers together.
    pub pool_bytes: usize,
    /// Most workers.
    pub workers: usize,
}

/// What there is room for where this number of bytes is left; `None` where they are not limited.
#[must_use]
pub(crate) fn room(left: Option<u64>) -> Room {
    let Some(left) = left else { return Room { pool_bytes: POOL_BYTES, workers: usize::MAX } };
    let pool_bytes = usize::try_from(left / POOL_SHARE).unwrap_or(POOL_BYTES);
    let workers = usize::try_from(left / WORKER_BYTES).unwrap_or(usize::MAX);
    Room { pool_bytes: pool_bytes.clamp(POOL_BYTES_MIN, POOL_BYTES), workers: workers.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_limited_is_not_saved() {
        assert_eq!(room(None), Room { pool_bytes: POOL_BYTES, workers: usize::MAX });
        assert_eq!(room(Some(1 << 40)).pool_bytes, POOL_BYTES);
    }

    #[test]
    fn a_little_is_left_for_all_else() {
        assert_eq!(room(Some(4 << 20)), Room { pool_bytes: 512 << 10, workers: 1 });
        assert_eq!(room(Some(0)), Room { pool_bytes: POOL_BYTES_MIN, workers: 1 });
        assert_eq!(room(Some(32 << 20)), Room { pool_bytes: 4 << 20, workers: 4 });
    }
}
