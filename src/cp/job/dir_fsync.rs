//! Directories of a tree that wait to be made durable (`--fsync`).
//!
//! A directory is done when its last entry is, and its last entry may be done before it is durable itself: nothing is
//! promised before the run ends. So directories wait here until a worker has enough of them, or of files, to have many
//! in flight together, which share the journal's commits.

use crate::plan::durability::has_no_sync;
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A directory that is to be made durable.
pub(crate) struct DirAwaitingFsync {
    /// It is open for reading.
    pub descriptor: Arc<OwnedFd>,
    /// Its path, for messages.
    pub path: Vec<u8>,
}

/// What all workers know of the directories that wait.
pub(crate) struct DirFsyncQueue {
    waiting: Mutex<Vec<DirAwaitingFsync>>,
    /// How many there are, to be read without waiting for another worker.
    count: AtomicUsize,
    /// Most descriptors that may be held here.
    most: usize,
    /// Those that were made durable here, as there were too many to wait.
    syncs: AtomicU64,
}

impl DirFsyncQueue {
    /// For a run in which `most` directories may wait.
    #[must_use]
    pub(crate) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), count: AtomicUsize::new(0), most, syncs: AtomicU64::new(0) }
    }

    /// Nothing in a directory changes any more, nor does it itself.
    pub(crate) fn note(&self, descriptor: Arc<OwnedFd>, path: Vec<u8>, reporter: &Reporter) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < self.most {
            waiting.push(DirAwaitingFsync { descriptor, path });
            self.count.store(waiting.len(), Ordering::Release);
            return;
        }
        drop(waiting);
        let answer = rustix::fs::fsync(&descriptor);
        self.syncs.fetch_add(u64::from(report_fsync(answer, &path, reporter)), Ordering::Relaxed);
    }

    /// All that wait now.
    #[must_use]
    pub(crate) fn take(&self) -> Vec<DirAwaitingFsync> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.count.store(0, Ordering::Release);
        std::mem::take(&mut *waiting)
    }

    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// How many were made durable at once.
    #[must_use]
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// Tells of a directory that could not be made durable; whether it was.
pub(crate) fn report_fsync(answer: Result<(), Errno>, path: &[u8], reporter: &Reporter) -> bool {
    if let Err(errno) = answer
        && !has_no_sync(errno)
    {
        reporter.problem(&FileError::failed(MessageKind::Syncing, path.to_vec(), errno));
    }
    answer.is_ok()
}
