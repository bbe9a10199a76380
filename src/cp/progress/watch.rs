//! The thread that shows how far a run has come, and ends it when a signal says so.

use super::pace::Pace;
use super::scan::Count;
use super::signals::Signals;
use super::{Progress, until};
use crate::cli::cp::CpOptions;
use crate::cli::cp::extensions::progress::When;
use crate::process;
use crate::report::Reporter;
use crate::report::progress::Snapshot;
use crate::report::progress::bar::Bar;
use rustix::stdio::stderr;
use rustix::termios;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What an automatic display waits for, and any count of what there is to do.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two drawings: often enough to look alive.
const FRAME: Duration = Duration::from_millis(100);

/// Between two lines, where there is no terminal to draw on.
const LINE: Duration = Duration::from_secs(1);

/// How long workers that only deal with files and their disks may take to end, and others.
const GRACE: Duration = Duration::from_secs(2);
const GRACE_OF_WAITING: Duration = Duration::from_millis(100);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Not at all; a line when a signal asks for it.
    Hidden,
    /// As lines.
    Lines,
    /// As a display that is drawn over and over.
    Drawn,
}

/// How a run ends before it is done.
#[derive(Clone, Copy)]
pub(crate) struct Ends<'env> {
    /// Has the workers end.
    pub abandon: &'env (dyn Fn() + Sync),
    /// Does what is left to do when they have, or will not.
    pub finish: &'env (dyn Fn() + Sync),
}

/// What the watching thread goes by.
pub(crate) struct Watch<'env> {
    /// What workers have done.
    pub progress: &'env Progress,
    /// What is to be done.
    pub options: &'env CpOptions,
    /// Where it is told.
    pub reporter: &'env Reporter,
    ends: Ends<'env>,
    signals: Signals,
    when: When,
    began: Instant,
}

impl<'env> Watch<'env> {
    /// A watch over what `progress` records; signals are caught from now on. `None` where they cannot be: the copy is
    /// more than what is seen of it.
    #[must_use]
    pub(crate) fn new(
        when: When,
        progress: &'env Progress,
        options: &'env CpOptions,
        reporter: &'env Reporter,
        ends: Ends<'env>,
    ) -> Option<Self> {
        let signals = Signals::catch().ok()?;
        // There from the beginning: a question keeps it from being drawn on.
        let _screen = reporter.screen();
        Some(Self { progress, options, reporter, ends, signals, when, began: Instant::now() })
    }

    /// Does `work` under this watch, and tells how it ended where a signal has ended it.
    pub(crate) fn over(&self, work: impl FnOnce()) {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("progress".into());
            // Without the thread the copy goes on unseen, and signals have their default action.
            let watching = thread.spawn_scoped(scope, || self.run()).ok();
            if watching.is_none() {
                self.signals.let_go();
            }
            work();
            self.progress.end();
            self.signals.ring();
            if let Some(watching) = watching {
                match watching.join() {
                    Ok(()) | Err(_) => {}
                }
            }
            self.signals.let_go();
        });
    }

    fn look(&self) -> Look {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        match (self.when, termios::isatty(stderr())) {
            (When::Never, _) | (When::Auto, false) => Look::Hidden,
            (When::Always, false) => Look::Lines,
            (When::Auto | When::Always, true) if dumb => Look::Lines,
            (When::Auto | When::Always, true) => Look::Drawn,
        }
    }

    fn run(&self) {
        let look = self.look();
        let mut shown = Shown {
            watch: self,
            look,
            pace: Pace::new(self.began),
            bar: None,
            name: Vec::new(),
            count: None,
            any: false,
        };
        let mut due = match self.when {
            // Not while the run begins: drawing for the first time costs some milliseconds.
            When::Always => self.began + FRAME,
            When::Auto | When::Never => self.began + PATIENCE,
        };
        loop {
            let over = self.progress.ends_within(Duration::ZERO);
            if let Some(signal) = self.signals.ending() {
                shown.end();
                return self.interrupt(signal, over);
            }
            if self.signals.asked() {
                shown.line();
            }
            if over {
                return shown.finish();
            }
            if look == Look::Hidden {
                self.signals.wait(None);
                continue;
            }
            if until(due).is_zero() {
                if shown.count.is_none() && self.can_count() && until(self.began + PATIENCE).is_zero() {
                    shown.count = Some(self.count());
                }
                shown.show();
                due = Instant::now() + if look == Look::Drawn { FRAME } else { LINE };
            }
            self.signals.wait(Some(until(due)));
        }
    }

    /// Whether it is known what there is to do: names of a list come while it is done.
    fn can_count(&self) -> bool {
        self.options.extensions.choosing.names_from.is_none()
    }

    /// Begins to count what there is to do.
    fn count(&self) -> Arc<Count> {
        let count = Arc::new(Count::default());
        let (counting, options) = (Arc::clone(&count), self.options.clone());
        let thread = std::thread::Builder::new().name("count".into());
        match thread.spawn(move || counting.run(&options)) {
            // No thread waits for it. Where there is no thread, it goes on as if it were counting.
            Ok(_) | Err(_) => count,
        }
    }

    /// Ends the run. Workers notice, and put in order what they have in work; where one of them cannot, because it waits
    /// for something that does not come, it is done here and the process ends.
    fn interrupt(&self, signal: i32, over: bool) {
        self.progress.stop();
        (self.ends.abandon)();
        let waits = || self.reporter.screen().is_held_back() || self.progress.unfinished.any_waits();
        let ended = over
            || self.progress.ends_within(GRACE_OF_WAITING)
            || (!waits() && self.progress.ends_within(GRACE - GRACE_OF_WAITING));
        if !ended {
            for copy in self.progress.unfinished.seal() {
                match copy.put_right() {
                    Ok(true) => self.progress.note_removed(),
                    Ok(false) | Err(_) => self.progress.note_left(copy.path),
                }
            }
        }
        self.progress.tell_interruption(signal, self.reporter);
        if !ended {
            (self.ends.finish)();
            // The result says nothing to one who dies by a signal; lines of -v are written by it.
            let _success = self.reporter.finish();
            process::raise_and_die(signal);
        }
    }
}

/// What is shown, and what for.
struct Shown<'a, 'env> {
    watch: &'a Watch<'env>,
    look: Look,
    pace: Pace,
    bar: Option<Bar>,
    name: Vec<u8>,
    count: Option<Arc<Count>>,
    /// Something was shown.
    any: bool,
}

impl Shown<'_, '_> {
    fn snapshot(&mut self) -> Snapshot {
        let sum = self.watch.progress.cells.sum();
        self.pace.note(Instant::now(), sum.bytes);
        if let Some(name) = self.watch.progress.cells.name() {
            self.name = name;
        }
        let total = self.count.as_ref().and_then(|count| count.total(sum));
        // More than was counted has come: nothing can be said of what comes still.
        let total_left = total.filter(|total| total.complete && total.bytes > sum.bytes);
        let left = total_left.and_then(|total| self.pace.left(total.bytes - sum.bytes));
        let rate = self.pace.rate();
        let dry = self.watch.options.extensions.choosing.dry_run;
        Snapshot { files: sum.files, bytes: sum.bytes, total, rate, left, name: self.name.clone(), dry }
    }

    fn show(&mut self) {
        if self.look == Look::Lines {
            return self.line();
        }
        let snapshot = self.snapshot();
        let Some(columns) = columns() else { return };
        let bar = self.bar.get_or_insert_with(|| Bar::new(self.watch.reporter.charset()));
        self.watch.reporter.screen().draw(bar.frame(&snapshot, columns));
        self.any = true;
    }

    fn line(&mut self) {
        let snapshot = self.snapshot();
        self.watch.reporter.message(&snapshot.line(self.watch.reporter.charset()));
        self.any |= self.look != Look::Hidden;
    }

    /// Nothing is shown any more.
    fn end(&self) {
        if let Some(count) = &self.count {
            count.cancel();
        }
        self.watch.reporter.screen().end();
    }

    fn finish(&mut self) {
        self.end();
        // What is always shown has a last line, however short the copy was.
        let always = self.watch.when == When::Always;
        let seen = self.look == Look::Lines || (self.look == Look::Drawn && columns().is_some());
        if self.any || (always && seen) {
            let reporter = self.watch.reporter;
            let columns = (self.look == Look::Drawn).then(columns).flatten();
            let room = columns.map(|columns| columns.saturating_sub(reporter.prefix_bytes()));
            let summary = self.snapshot().summary(self.watch.began.elapsed(), room);
            reporter.message(summary.as_bytes());
        }
    }
}

/// How wide the terminal is now; `None` while another process group has it: this process is in the background.
fn columns() -> Option<usize> {
    if termios::tcgetpgrp(stderr()).is_ok_and(|group| group != rustix::process::getpgrp()) {
        return None;
    }
    let columns = termios::tcgetwinsize(stderr()).map_or(0, |size| size.ws_col);
    // A terminal that does not say: what terminals used to have.
    Some(if columns == 0 { 80 } else { usize::from(columns) })
}
