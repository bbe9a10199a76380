//! What is seen of a run while it goes on (`--progress`), and how a run ends that is interrupted.
//!
//! Workers write what they have done into a [`meter`] of their own, and note what they have in work beyond one chain in
//! [`unfinished`]. One thread, in [`watch`], looks at that some ten times a second, shows it, and waits for [`signals`];
//! [`scan`] counts in another what there is to do; [`pace`] makes a rate of it. Where a caller of the library watches,
//! [`caller`] takes the place of all that is shown and of all signals.
//!
//! Without the option there is none of it: no thread, no signal kept from any, no call more.
//!
//! A worker writes its books, and what is in flight beside them, into a cell of its own by plain stores. The total is counted
//! by a thread of the lowest priority that begins after one second, so a short copy pays nothing for it. Nothing is drawn in the
//! first tenth of a second: the first frame takes 2 to 4 ms of a processor, just when workers are started.
//!
//! SIGINT, SIGTERM, SIGHUP and SIGUSR1 are blocked in all threads; one thread only waits for them and wakes the watching one.
//! The first of the first three stops the queue and lets each worker end what it has in flight between two chains: what the run
//! has made is unlinked, if it is that file by device and inode; a backup is put back; other files are marked by their time. A
//! worker that waits for a pipe cannot notice: after 100 ms (2 s where all work on files) its copies are taken out of its hands
//! and put right by the watching thread, and the process ends. A copy that is whole but for its closing counts as whole.

pub(crate) mod caller;
pub(crate) mod meter;
pub(crate) mod pace;
pub(crate) mod scan;
pub(crate) mod signals;
pub(crate) mod unfinished;
pub(crate) mod watch;

use crate::plan::facts::FileId;
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use crate::report::progress::amounts;
use meter::Cells;
use rustix::process::{Pid, setpriority_process};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use unfinished::Unfinished;

/// What workers and the watching thread share.
#[derive(Default)]
pub(crate) struct Progress {
    /// What workers have done.
    pub cells: Cells,
    /// Files that are in work beyond one chain.
    pub unfinished: Unfinished,
    /// The run is to end: nothing new is begun, and nothing half done goes on.
    stopping: AtomicBool,
    /// Unfinished copies that were removed.
    removed: AtomicU64,
    /// Files that were being overwritten, and are neither what they were nor what they were to be.
    left: Mutex<Vec<Vec<u8>>>,
    /// Files of several names, one of which was not copied.
    left_out: Mutex<HashSet<FileId>>,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Progress {
    /// Whether the run is to end before it is done.
    #[must_use]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Has workers end as soon as they notice.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// An unfinished copy that this run had made is gone.
    pub(crate) fn note_removed(&self) {
        self.removed.fetch_add(1, Ordering::Relaxed);
    }

    /// A file that was there before is unfinished.
    pub(crate) fn note_left(&self, path: Vec<u8>) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    /// Whether this is the first name of a file that is not copied.
    #[must_use]
    pub(crate) fn is_first(&self, file: FileId) -> bool {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).insert(file)
    }

    /// All workers have ended.
    pub(crate) fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    /// Waits for the workers' end, for so long at most, and answers whether it has come.
    fn ends_within(&self, time: Duration) -> bool {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(over, time, |over| !*over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Tells which files are incomplete, and answers how many.
    pub(crate) fn tell_left(&self, reporter: &Reporter) -> usize {
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        let count = left.len();
        left.into_iter().for_each(|path| reporter.problem(&FileError::of(MessageKind::Incomplete, path)));
        count
    }

    /// Tells what a signal has left of the work.
    pub(crate) fn tell_interruption(&self, signal: i32, reporter: &Reporter) {
        let left = self.tell_left(reporter);
        let copied = amounts::files(self.cells.sum().files);
        let removed = match self.removed.load(Ordering::Relaxed) {
            0 => String::new(),
            removed => format!(", {} unfinished and removed", amounts::number(removed)),
        };
        let name = signals::name(signal);
        // What is there and not whole would be left as it is by --update=none.
        let advice = if left == 0 { "-u or --update=none" } else { "-u" };
        let text = format!("{name}: {copied} copied{removed}; go on with {advice}");
        reporter.interrupted(signal, text.as_bytes());
    }
}

/// How long it is until then.
fn until(due: Instant) -> Duration {
    due.saturating_duration_since(Instant::now())
}

/// Lets every other thread go first.
fn be_last_in_line() {
    // A thread has a priority of its own on Linux, by its number. Where it cannot be had, the copy is a little slower.
    match setpriority_process(Pid::from_raw(rustix::thread::gettid().as_raw_nonzero().get()), 19) {
        Ok(()) | Err(_) => {}
    }
}
