//! What is to be copied: operands, the directories below them, and the order in which they come.
//!
//! [`argv`], [`operand_list`] and [`files0_from`] give operands, [`operand`] begins with one, [`directory`] lists trees part by part.
//! [`filter`] leaves entries out, [`parents`] makes the directories above a copy. Where the order decides what becomes of a file,
//! [`several_names`], [`overlap`] and [`recursion`] keep that of GNU cp.

pub(crate) mod argv;
pub(crate) mod directory;
pub(crate) mod ended;
pub(crate) mod files0_from;
pub(crate) mod filter;
pub(crate) mod made_directories;
pub(crate) mod operand;
pub(crate) mod operand_list;
pub(crate) mod overlap;
pub(crate) mod parents;
pub(crate) mod recursion;
pub(crate) mod several_names;
pub(crate) mod source_directory;
pub(crate) mod targets;

use super::copy::extents::LargeFile;
use super::job::FileJob;
use super::job::dir_job::DirJob;
use super::progress::meter::Meter;
use super::shared::Run;
use super::task::Task;
use crate::cli::cp::Follow;
use crate::plan::listing::{Entry, Listing};
use crate::report::stats::Tally;
use rustix::fs::FileType;
use std::collections::VecDeque;
use std::sync::Arc;

/// Tasks that must wait before another worker is started for them.
pub(crate) const TASKS_FOR_HELP: usize = 4;

/// The same where links are followed in trees: one may lead back to what is being made, and what is there by then depends on
/// the order. A small tree has that of GNU cp, as one worker copies it.
const TASKS_FOR_HELP_WITH_LINKS: usize = 64;

/// What a worker has found and counted: the walk writes it, and the worker takes files from it.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) tally: Tally,
    /// Shows the tally and what is in flight, where `--progress` asks for that.
    pub(crate) meter: Meter,
    pub(crate) listing: Listing,
    /// Files to begin with when there is room.
    pub(crate) backlog: VecDeque<Box<FileJob>>,
}

impl Books {
    /// Empty books of one more worker.
    #[must_use]
    pub(crate) fn new(run: &Run<'_>) -> Self {
        Self { meter: run.observer.meter(), ..Self::default() }
    }
}

/// What the walk asks of the worker whose task it is: it knows nothing else of how files are copied.
pub(crate) trait Copier {
    /// True if nothing is in work, and nothing waits in the books.
    fn is_idle(&self, books: &Books) -> bool;

    /// Copies all that is in work or waits in the books to its end.
    fn finish_all(&mut self, books: &mut Books);

    /// Starts another worker, if there may be one more.
    fn call_for_help(&self);
}

/// The walk of one worker, for the time of one task: it decides what is to be copied, and leaves that in the books.
pub(crate) struct Walker<'task, 'env> {
    pub(crate) number: usize,
    pub(crate) shared: &'env Run<'env>,
    pub(crate) books: &'task mut Books,
    pub(crate) copying: &'task mut dyn Copier,
}

impl Walker<'_, '_> {
    /// Acts on a task. That of a large file is the worker's own.
    pub(crate) fn task(&mut self, task: Task) -> Option<Arc<LargeFile>> {
        match task {
            Task::Directory { parent, entry } => self.directory(&parent, &entry, None),
            Task::Listing(branch) => self.list(&branch),
            Task::Entries { branch, entries } => {
                if !self.is_behind_the_end(&branch, entries.len()) {
                    self.entries(&branch, entries);
                }
            }
            Task::SeveralNames => self.several_names(),
            Task::Names(batches) => self.names(batches),
            Task::Files(jobs) => self.books.backlog.extend(jobs),
            Task::Operands(operands) => {
                self.operands(operands);
                self.end_in_order();
            }
            Task::Large(file) => return Some(file),
        }
        None
    }

    /// Begins with entries of a directory that were listed as none, one after the other. A link is looked through when its turn
    /// has come; where it leads to a directory, the entries after it wait.
    fn entries(&mut self, branch: &Arc<DirJob>, entries: Vec<Entry>) {
        let mut left = entries.into_iter();
        while let Some(mut entry) = left.next() {
            if self.shared.is_interrupted() {
                break;
            }
            if entry.kind == FileType::Symlink {
                self.find_kind(branch, &mut entry);
            }
            if entry.kind == FileType::Directory {
                let entries: Vec<Entry> = left.collect();
                if !entries.is_empty() {
                    self.queue_walked(branch, vec![Task::Entries { branch: Arc::clone(branch), entries }]);
                }
                return self.directory(branch, &entry, None);
            }
            self.leaf(branch, &entry);
            self.end_leaf(branch);
        }
    }

    /// Queues what a directory has: in its order where it is walked so.
    fn queue_walked(&mut self, branch: &DirJob, tasks: Vec<Task>) {
        match self.walks_in_order(branch) {
            true => self.queue_in_order(tasks),
            false => self.queue_tasks(tasks),
        }
    }

    /// Ends what was begun before anything else is, where lines of `-v` come while files are being copied.
    pub(crate) fn end_in_order(&mut self) {
        if self.shared.ends_in_order {
            self.end_all();
        }
    }

    /// Ends all that this worker has begun.
    pub(crate) fn end_all(&mut self) {
        self.copying.finish_all(self.books);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.copying.is_idle(self.books)
    }

    /// Queues tasks that this worker will take in their order, and calls for help where they are many.
    pub(crate) fn queue_tasks(&mut self, tasks: Vec<Task>) {
        self.shared.queue.push(self.number, tasks.into_iter().rev());
        let follows = self.shared.settings.recursive && self.shared.options.follow == Follow::Always;
        let many = if follows { TASKS_FOR_HELP_WITH_LINKS } else { TASKS_FOR_HELP };
        if self.shared.queue.len() >= many {
            self.call_for_help();
        }
    }

    pub(crate) fn call_for_help(&self) {
        self.copying.call_for_help();
    }
}
