//! Files of several names whose copies depend on which name comes first. They wait until all else is done that was begun,
//! and are then copied in the order of the walk: entries of a directory by inode, what is below one at its place, one
//! operand after the other. So GNU cp meets them. What would write to a file that one of them is to write to or to be linked
//! to waits with them.

use super::Walker;
use super::operand::rank_of;
use crate::cp::entry::special;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace};
use crate::cp::observer::Event;
use crate::cp::shared::goes_in_order;
use crate::cp::task::Task;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::linking::{self, Order};
use crate::plan::listing::{Entry, Rank};
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Names whose directories stay open while they wait; those of further ones are let go.
const WAITING_OPEN_MAX: usize = 64;

/// Most names that are handed on together.
const NAMES_MAX: usize = 64;

/// A name that waits for its turn.
pub(crate) struct Name {
    /// Where it stands in the walk, from the operand down.
    path: Vec<Rank>,
    file: FileId,
    order: Order,
    place: NamePlace,
}

enum NamePlace {
    Operand(Box<(FileJob, FileStat)>),
    Entry(Arc<DirJob>, Entry),
}

/// Names by turns: those of one batch may be copied in any order.
pub(crate) struct Batches {
    now: Vec<Name>,
    later: VecDeque<Vec<Name>>,
}

/// The names of a run that wait.
#[derive(Default)]
pub(crate) struct SeveralNames {
    waiting: Mutex<WaitingNames>,
    /// Some of them need a file that is there; to be asked often.
    need_any: AtomicBool,
}

#[derive(Default)]
struct WaitingNames {
    names: Vec<Name>,
    /// Files at the destination that they will write to, or be linked to.
    needed: HashSet<FileId>,
}

impl SeveralNames {
    /// Notes a name and the files at the destination that it needs; answers whether it is the first that waits.
    fn note(&self, name: Name, needs: impl IntoIterator<Item = FileId>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let WaitingNames { names, needed } = &mut *waiting;
        if let (NamePlace::Entry(branch, _), true) = (&name.place, names.len() >= WAITING_OPEN_MAX) {
            branch.release();
        }
        needed.extend(needs);
        self.need_any.store(!needed.is_empty(), Ordering::Relaxed);
        names.push(name);
        names.len() == 1
    }

    fn need_any(&self) -> bool {
        self.need_any.load(Ordering::Relaxed)
    }

    fn need(&self, file: FileId) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).needed.contains(&file)
    }

    fn take(&self) -> Vec<Name> {
        self.need_any.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)).names
    }
}

impl Batches {
    fn of(mut names: Vec<Name>) -> Self {
        names.sort_by(|one, other| one.path.cmp(&other.path));
        let in_one_line = names.iter().any(|name| name.order == Order::All);
        let mut batches: VecDeque<Vec<Name>> = VecDeque::new();
        let mut turns: HashMap<FileId, usize> = HashMap::new();
        for name in names {
            let turn = turns.entry(name.file).or_default();
            let batch = if in_one_line { batches.len() } else { *turn };
            *turn += 1;
            if batch == batches.len() {
                batches.push_back(Vec::new());
            }
            batches[batch].push(name);
        }
        Self { now: batches.pop_front().unwrap_or_default(), later: batches }
    }
}

/// Whether the copy of a file may be there already.
fn may_exist(job: &FileJob) -> bool {
    match job.branch() {
        Some(branch) => !branch.ancestors().last().is_some_and(|operand| operand.created),
        None => job.found != Some(Existing::Nothing),
    }
}

/// Whether a file that was not looked at yet would write to what a name needs that waits.
pub(crate) fn is_needed_unseen(names: &SeveralNames, job: &FileJob) -> bool {
    let there = || job.found.and_then(|found| found.behind().map(|file| file.identity));
    names.need_any() && job.seen.is_none() && there().is_some_and(|there| names.need(there))
}

impl Walker<'_, '_> {
    /// The order that a file is to be copied in, where it has not waited for its turn yet.
    pub(crate) fn order_of(&self, job: &FileJob, facts: &FileStat) -> Option<Order> {
        // These go in the order of the walk, with one worker; so does one that copies what lies where its copies go, any of
        // which may replace what a name has.
        let within_itself = job.branch().is_some_and(|branch| branch.origin.is_within_itself);
        let in_order = goes_in_order(self.shared.options) || within_itself;
        // Names that wait hold their directories, for which there are to be descriptors.
        let may_matter = facts.links > 1 || self.shared.met.several_names.need_any();
        if !may_matter || job.rank.is_none() || in_order || !self.shared.lets_names_wait() {
            return None;
        }
        let may_exist = may_exist(job);
        // Which names will come from a list is not known.
        let listed = self.shared.options.extensions.choosing.names_from.is_some();
        let may_replace = !listed && job.made.as_ref().is_some_and(|made| made.notes_files());
        let order = linking::order(self.shared.options, facts, may_exist, may_replace);
        let is_needed = || {
            let there = self.there(job, facts);
            there.is_some_and(|there| self.shared.met.several_names.need(there))
        };
        order.or_else(|| (may_exist && is_needed()).then_some(Order::All))
    }

    /// The file that would be written to.
    fn there(&self, job: &FileJob, facts: &FileStat) -> Option<FileId> {
        let kind = replace::looks_as(self.shared.options, facts.kind, job.is_operand());
        let found = job.found.or_else(|| special::look(&job.destination, Some(kind)).ok())?;
        found.behind().map(|file| file.identity)
    }

    /// Puts a file off until its turn has come.
    pub(crate) fn wait_for_turn(&self, job: FileJob, facts: &FileStat, order: Order) {
        let rank = job.rank.unwrap_or_default();
        let there = if may_exist(&job) { self.there(&job, facts) } else { None };
        let needs = there.into_iter().chain(self.shared.links.first_copy(facts.identity));
        let (path, place) = match &job.names {
            JobPlace::Operand { .. } => (vec![rank], NamePlace::Operand(Box::new((job, *facts)))),
            JobPlace::Entry(branch) => {
                let above =
                    branch.ancestors().take_while(|branch| branch.parent.is_some()).map(|branch| branch.rank);
                let mut path: Vec<Rank> = std::iter::once(rank).chain(above).collect();
                path.push(rank_of(branch.origin.number));
                path.reverse();
                let (name, kind, through_link) = (Arc::clone(&job.source.name), facts.kind, job.follow);
                (path, NamePlace::Entry(Arc::clone(branch), Entry { name, kind, through_link, rank }))
            }
        };
        if self.shared.met.several_names.note(Name { path, file: facts.identity, order, place }, needs) {
            self.shared.queue.defer_first(std::iter::once(Task::SeveralNames));
        }
    }

    /// Copies all that wait now, as what comes next depends on them.
    pub(crate) fn end_several_names(&mut self) {
        let Batches { now, later } = Batches::of(self.shared.met.several_names.take());
        for batch in std::iter::once(now).chain(later) {
            batch.into_iter().for_each(|name| self.name(name));
            self.end_all();
        }
    }

    /// All that was begun is done: those that wait have their turns.
    pub(crate) fn several_names(&mut self) {
        self.names(Batches::of(self.shared.met.several_names.take()));
    }

    /// Begins with the names whose turn it is, and leaves the others until these are done.
    pub(crate) fn names(&mut self, batches: Batches) {
        let Batches { mut now, mut later } = batches;
        if let Some(next) = later.pop_front() {
            self.shared.queue.defer_first(std::iter::once(Task::Names(Batches { now: next, later })));
        }
        if now.len() > NAMES_MAX {
            let mut parts = Vec::new();
            while !now.is_empty() {
                let rest = now.split_off(now.len().min(NAMES_MAX));
                parts.push(Task::Names(Batches { now, later: VecDeque::new() }));
                now = rest;
            }
            return self.queue_tasks(parts);
        }
        for name in now {
            if self.shared.is_interrupted() {
                break;
            }
            self.name(name);
            self.end_in_order();
        }
    }

    fn name(&mut self, name: Name) {
        match name.place {
            NamePlace::Operand(operand) => {
                let (job, facts) = *operand;
                self.begin_entry(FileJob { rank: None, ..job }, &facts);
            }
            NamePlace::Entry(branch, entry) => {
                let begun = FileJob::of_entry(&branch, &entry)
                    .and_then(|job| self.seen_leaf(&branch, FileJob { rank: None, ..job }));
                if let Err(problem) = begun {
                    self.shared.observer.tell(Event::Failed(&problem));
                    branch.entry_done(self.shared.reporter);
                }
            }
        }
    }
}
