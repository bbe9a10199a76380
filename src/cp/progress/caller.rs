//! A run that a caller of the library watches and may cancel: without signals, and with nothing shown.
//!
//! One thread waits for the caller's word, and now and then tells how far the run has come. A run that is cancelled ends as
//! one that a signal ends, but waits for its workers as long as they take: the process is not ours to end.

use super::meter::Sum;
use super::scan::Count;
use super::{Progress, until};
use crate::cli::cp::CpOptions;
use crate::report::Reporter;
use crate::report::language::Words;
use crate::report::progress::Total;
use rustix::io::Errno;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

/// What a run goes on for before what there is to do is counted.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a caller has stopped waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The run is to end before it is done.
    Cancel,
    /// The run has ended.
    Over,
    /// The time is up.
    Look,
}

/// A caller who watches a run.
pub(crate) trait Caller: Sync {
    /// How often the caller looks, if at all.
    fn interval(&self) -> Option<Duration>;

    /// Waits until the run is cancelled or over, for `time` at most.
    fn wait(&self, time: Option<Duration>) -> Word;

    /// Says that the run is over.
    fn end(&self);

    /// Shows how far the run has come, and a file in work.
    fn look(&self, sum: Sum, total: Option<Total>, name: Option<Vec<u8>>);
}

/// A run that a caller of the library watches.
pub(crate) struct WatchedRun<'env> {
    pub caller: &'env dyn Caller,
    /// What workers have done.
    pub progress: &'env Progress,
    /// What is to be done.
    pub options: &'env CpOptions,
    pub reporter: &'env Reporter,
    /// Has the workers end.
    pub abandon: &'env (dyn Fn() + Sync),
}

/// Ends the watch, also where the work panics.
struct EndOfWork<'a, 'env>(&'a WatchedRun<'env>, &'a OnceLock<Count>);

impl Drop for EndOfWork<'_, '_> {
    fn drop(&mut self) {
        self.0.progress.end();
        self.0.caller.end();
        if let Some(count) = self.1.get() {
            count.cancel();
        }
    }
}

impl WatchedRun<'_> {
    /// Does `work` while the caller watches. Where there is no thread for that nothing is done, and it is told why.
    pub(crate) fn over(&self, work: impl FnOnce()) {
        let count = OnceLock::new();
        std::thread::scope(|scope| {
            let thread = Builder::new().name("progress".into());
            match thread.spawn_scoped(scope, || self.run(scope, &count)) {
                Ok(watching) => {
                    let end = EndOfWork(self, &count);
                    work();
                    drop(end);
                    // A callback that panics does so to its owner.
                    watching.join().unwrap_or_else(|panic| resume_unwind(panic));
                }
                Err(error) => {
                    let errno = Errno::from_io_error(&error).unwrap_or(Errno::AGAIN);
                    self.reporter.failed_to(Words::own("no thread to watch"), errno);
                }
            }
        });
        if self.caller.interval().is_some() {
            self.look(count.get());
        }
        if self.progress.is_stopping() {
            self.progress.tell_left(self.reporter);
        }
    }

    /// Looks now and then, until the run ends or is to end.
    fn run<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, count: &'scope OnceLock<Count>) {
        let began = Instant::now();
        let mut due = self.caller.interval().map(|interval| began + interval);
        loop {
            match self.caller.wait(due.map(until)) {
                Word::Over => return,
                Word::Cancel => {
                    self.progress.stop();
                    return (self.abandon)();
                }
                Word::Look => {
                    if count.get().is_none() && began.elapsed() >= PATIENCE {
                        self.count(scope, count.get_or_init(Count::default));
                    }
                    self.look(count.get());
                    due = self.caller.interval().map(|interval| Instant::now() + interval);
                }
            }
        }
    }

    /// Begins to count what there is to do.
    fn count<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, count: &'scope Count) {
        match Builder::new().name("count".into()).spawn_scoped(scope, || count.run(self.options)) {
            // Where there is no thread the total stays unknown.
            Ok(_) | Err(_) => {}
        }
    }

    fn look(&self, count: Option<&Count>) {
        let sum = self.progress.cells.sum();
        let total = count.and_then(|count| count.total(sum));
        self.caller.look(sum, total, self.progress.cells.name());
    }
}
