//! Turns: workers that copy into one directory make their files one after the other, many at a time.
//!
//! The kernel lets one thread at a time make a file in a directory. Two that make one each, again and again, spend a quarter
//! of their time on waiting for each other and on having the directory's blocks moved from one processor's cache to the
//! other's. Where each makes some tens of files in its turn, the other reads and writes meanwhile.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files that one worker makes in one turn. Fewer were seen to gain less, and twice as many no more (XFS, ext4, tmpfs; 8, 16,
/// 24, 32, 64 and 128 tried).
pub(crate) const CREATE_BATCH: usize = 32;

/// Whose turn it is to make files in a directory.
#[derive(Debug, Default)]
pub(crate) struct CreateLock(Mutex<()>);

impl CreateLock {
    /// Waits for the turn, and has it until the guard is dropped.
    pub(crate) fn take(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
