//! How a caller sees how far a run has come, and how it cancels one.

use crate::cp::progress::caller::{Caller, Word};
use crate::cp::progress::meter::Sum;
use crate::report::progress::Total;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far a copy has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Files that are done.
    pub files: u64,
    /// Bytes that have reached the destination.
    pub bytes: u64,
    /// What there is to do, as far as it is known: it is counted when a copy has taken a second.
    pub total: Option<Total>,
    /// A source that is in work, or was a moment ago.
    pub file: Option<PathBuf>,
}

/// Ends copies early that are [`cancelled_by`](crate::Copy::cancelled_by) it. Its clones are one and the same, for any thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: Mutex<bool>,
    /// Something has changed for threads that wait: this, or that their run is over.
    changed: Condvar,
}

impl Cancel {
    /// One that has not been used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the copies, those also that begin later.
    pub fn cancel(&self) {
        *self.lock() = true;
        self.0.changed.notify_all();
    }

    /// True if [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Callback<'a> = Box<dyn FnMut(&Progress) + Send + 'a>;

/// What a caller wants to see of one run, and what may end it.
#[derive(Default)]
pub(super) struct Watcher<'a> {
    cancel: Cancel,
    /// True if the caller has the other end of `cancel`.
    obeys: bool,
    callback: Option<(Duration, Mutex<Callback<'a>>)>,
    over: AtomicBool,
    /// True if the run was told to end.
    has_ended_run: AtomicBool,
}

impl<'a> Watcher<'a> {
    /// Has `callback` called about every `interval`.
    pub(super) fn call(&mut self, interval: Duration, callback: Callback<'a>) {
        self.callback = Some((interval, Mutex::new(callback)));
    }

    /// Has `cancel` end the run.
    pub(super) fn obey(&mut self, cancel: &Cancel) {
        (self.cancel, self.obeys) = (cancel.clone(), true);
    }

    /// Whether there is anything to wait for or to show.
    pub(super) fn is_needed(&self) -> bool {
        self.obeys || self.callback.is_some()
    }

    /// Whether the caller wants the run to end before it begins.
    pub(super) fn ends_at_once(&self) -> bool {
        let cancelled = self.cancel.is_cancelled();
        self.has_ended_run.store(cancelled, Ordering::Relaxed);
        cancelled
    }

    /// Whether the run was told to end before it was done.
    pub(super) fn has_ended_run(&self) -> bool {
        self.has_ended_run.load(Ordering::Relaxed)
    }
}

impl Caller for Watcher<'_> {
    fn interval(&self) -> Option<Duration> {
        self.callback.as_ref().map(|(interval, _)| *interval)
    }

    fn wait(&self, time: Option<Duration>) -> Word {
        let due = time.map(|time| Instant::now() + time);
        let mut cancelled = self.cancel.lock();
        loop {
            if self.over.load(Ordering::Relaxed) {
                return Word::Over;
            }
            if *cancelled {
                self.has_ended_run.store(true, Ordering::Relaxed);
                return Word::Cancel;
            }
            let changed = &self.cancel.0.changed;
            cancelled = match due.map(|due| due.saturating_duration_since(Instant::now())) {
                None => changed.wait(cancelled).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Word::Look,
                Some(left) => changed.wait_timeout(cancelled, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    fn end(&self) {
        // Under the lock, so that a thread about to wait does not miss it.
        let lock = self.cancel.lock();
        self.over.store(true, Ordering::Relaxed);
        drop(lock);
        self.cancel.0.changed.notify_all();
    }

    fn look(&self, sum: Sum, total: Option<Total>, name: Option<Vec<u8>>) {
        let Some((_, callback)) = &self.callback else { return };
        let file = name.map(|name| PathBuf::from(OsString::from_vec(name)));
        let progress = Progress { files: sum.files, bytes: sum.bytes, total, file };
        (*callback.lock().unwrap_or_else(PoisonError::into_inner))(&progress);
    }
}
