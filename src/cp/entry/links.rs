//! Sources that are hard links of one another, and the copies that become so too (`--preserve=links`, and with `-u` what
//! stays).
//!
//! The first name of a file is copied. A name that is met while that copy is on its way waits without blocking a
//! worker: it is put aside here, and linked by the worker that ends the copy. Where the copy fails the next name is
//! copied.
//!
//! The first copy is found again by the directory that it was made in, which is held or opened again by descriptors,
//! and its name there; what has been linked is then compared with what was made, as the name may lead elsewhere by
//! now. Where a file system does not show one inode under all names of a file (FUSE, overlay, SMB), nothing can be
//! told by that: the copy is held and compared first, and it is linked by its descriptor.

pub(crate) mod creation;
mod first;

use super::kept_file::KeptFile;
use crate::cli::cp::{CpOptions, Follow};
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace, Share};
use crate::cp::observer::Event;
use crate::cp::walk::Walker;
use crate::cp::walk::overlap;
use crate::pipeline::chain::At;
use crate::pipeline::place;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::linking::{self, Sharing};
use crate::plan::listing::Entry;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
pub(crate) use first::First;
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts that the files are remembered in: several small tables grow by less at a time than a large one.
const PARTS: usize = 64;

/// Names in one part that may wait with their directories open; those of further ones are let go.
const WAITING_OPEN_MAX: usize = 1;

/// A name that waits for the first copy.
struct WaitingLink {
    place: LinkPlace,
    facts: FileStat,
    /// The options let its own destination stay, unless it becomes a link.
    skipped: bool,
}

enum LinkPlace {
    Operand(Box<FileJob>),
    Entry(Box<WaitingEntry>),
}

/// An entry of a directory, which is had open again when its turn has come.
struct WaitingEntry {
    branch: Arc<DirJob>,
    entry: Entry,
    found: Option<Existing>,
    announced: bool,
    over: bool,
    unmoved: bool,
    kept: Option<KeptFile>,
}

enum FirstCopy {
    UnderWay(Vec<WaitingLink>),
    Made(First),
}

struct KnownSource {
    copy: FirstCopy,
    /// Names of the source that have not been met.
    names_left: u32,
}

/// What becomes of a name.
enum Claim {
    /// It is the first.
    First(FileJob),
    /// It waits.
    Waits,
    /// There is no copy to link, and it is to be none.
    Alone(FileJob),
    /// There is a copy to link.
    Link(FileJob, First),
}

/// The files of several names that were met so far.
pub(crate) struct Links {
    parts: [Mutex<Files>; PARTS],
    /// Each name of a file is met only once, so that a file all of whose names were met can be forgotten.
    names_come_once: bool,
    /// The device that was asked about last, and whether its inode numbers are its files'.
    numbered: Mutex<Option<(u64, bool)>>,
}

#[derive(Default)]
struct Files {
    known: HashMap<FileId, KnownSource>,
    waiting: usize,
}

impl Links {
    /// For a run with these options.
    #[must_use]
    pub(crate) fn new(options: &CpOptions) -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::default()),
            names_come_once: options.sources.len() == 1 && options.follow == Follow::Never,
            numbered: Mutex::default(),
        }
    }

    /// Whether a first copy is known by its inode under every name; asked once for each device.
    fn is_numbered(&self, first: &First) -> Result<bool, Errno> {
        let device = first.made.device;
        let last = *self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, is)) = last.filter(|(known, _)| *known == device) {
            return Ok(is);
        }
        let is = first.is_numbered()?;
        *self.numbered.lock().unwrap_or_else(PoisonError::into_inner) = Some((device, is));
        Ok(is)
    }

    /// The file that other names of a source would become names of, where it is made.
    pub(crate) fn first_copy(&self, source: FileId) -> Option<FileId> {
        match &self.lock(source).known.get(&source)?.copy {
            FirstCopy::Made(first) => Some(first.made),
            FirstCopy::UnderWay(_) => None,
        }
    }

    /// The first copy of a file shows another inode now that it has been linked.
    fn renew(&self, source: FileId, shows: FileId) {
        if let Some(KnownSource { copy: FirstCopy::Made(first), .. }) =
            self.lock(source).known.get_mut(&source)
        {
            first.made = shows;
        }
    }

    /// Makes a destination another name of a first copy, and notes which file the copy is then. True if something had to go
    /// for that.
    ///
    /// # Errors
    /// It cannot be linked.
    pub(crate) fn link(
        &self,
        options: &CpOptions,
        job: &FileJob,
        source: &FileStat,
        first: &mut First,
    ) -> Result<bool, FileError> {
        let At { directory, name } = &job.destination;
        let follow = linking::links_through(options, job.is_operand());
        let shows = Cell::new(first.made);
        let link_with = |numbered: bool, name: &CStr| match numbered {
            true => first.link_to(directory, name, follow),
            false => first.link_held(source, directory, name, follow).map(|now| shows.set(now)),
        };
        let replaced = self.is_numbered(first).and_then(|numbered| match link_with(numbered, name) {
            Ok(()) => Ok(false),
            Err(Errno::EXIST) if job.may_link_over(options) => {
                place::replace(&job.destination, |name| link_with(numbered, name)).map(|()| true)
            }
            Err(errno) => Err(errno),
        });
        let replaced = replaced.map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateHardLink, job.destination_path(), first.path())
        })?;
        first.made = shows.get();
        Ok(replaced)
    }

    fn lock(&self, source: FileId) -> MutexGuard<'_, Files> {
        let part = usize::try_from(source.inode % PARTS as u64).unwrap_or(0);
        self.parts[part].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, job: FileJob, facts: &FileStat, skipped: bool, sharing: Sharing) -> Claim {
        let mut files = self.lock(facts.identity);
        let Files { known, waiting } = &mut *files;
        let Some(file) = known.get_mut(&facts.identity) else {
            if sharing != Sharing::Remembered {
                return Claim::Alone(job);
            }
            let names_left = u32::try_from(facts.links.saturating_sub(1)).unwrap_or(u32::MAX);
            known.insert(facts.identity, KnownSource { copy: FirstCopy::UnderWay(Vec::new()), names_left });
            return Claim::First(job);
        };
        file.names_left = file.names_left.saturating_sub(1);
        match &mut file.copy {
            FirstCopy::UnderWay(names) => {
                *waiting += 1;
                names.push(WaitingLink::of(job, facts, skipped, *waiting > WAITING_OPEN_MAX));
                Claim::Waits
            }
            FirstCopy::Made(first) => {
                let first = first.clone();
                if self.names_come_once && file.names_left == 0 {
                    known.remove(&facts.identity);
                }
                Claim::Link(job, first)
            }
        }
    }

    /// Notes how the first copy ended, and returns the links that have waited for it.
    fn end(&self, source: FileId, first: Option<First>) -> Vec<WaitingLink> {
        let mut files = self.lock(source);
        let Some(KnownSource { copy, names_left }) = files.known.remove(&source) else { return Vec::new() };
        if let Some(first) = first
            && !(self.names_come_once && names_left == 0)
        {
            files.known.insert(source, KnownSource { copy: FirstCopy::Made(first), names_left });
        }
        match copy {
            FirstCopy::UnderWay(names) => {
                files.waiting -= names.len();
                names
            }
            FirstCopy::Made(_) => Vec::new(),
        }
    }
}

impl WaitingLink {
    fn of(job: FileJob, facts: &FileStat, skipped: bool, let_go: bool) -> Self {
        let FileJob {
            ref source,
            ref names,
            found,
            announced,
            over,
            unmoved,
            rank,
            follow: through_link,
            ..
        } = job;
        let place = match names {
            JobPlace::Operand { .. } => LinkPlace::Operand(Box::new(job)),
            JobPlace::Entry(branch) => {
                if let_go {
                    branch.release();
                }
                let (name, kind, rank) = (Arc::clone(&source.name), facts.kind, rank.unwrap_or_default());
                let entry = Entry { name, kind, through_link, rank };
                let branch = Arc::clone(branch);
                let kept = job.kept;
                LinkPlace::Entry(Box::new(WaitingEntry {
                    branch,
                    entry,
                    found,
                    announced,
                    over,
                    unmoved,
                    kept,
                }))
            }
        };
        Self { place, facts: *facts, skipped }
    }
}

impl Walker<'_, '_> {
    /// Copies a file that is ready for it, or makes its copy another name of the one that there is. Where it was
    /// `skipped` its own copy is the file that stays.
    pub(crate) fn copy_or_link(&mut self, mut job: FileJob, facts: &FileStat, skipped: bool) {
        let is_any = || self.an_operand_leads_through_copied() || overlap::is_any(self.shared.options);
        let overlap = || *self.shared.met.overlap.get_or_init(is_any);
        let sharing = linking::sharing(self.shared.options, facts, job.is_operand(), skipped, overlap);
        let mut first_of_all = false;
        if sharing != Sharing::Alone {
            match self.shared.links.claim(job, facts, skipped, sharing) {
                Claim::Waits => return,
                Claim::Link(job, mut first) => return self.end_as_link(job, facts, skipped, &mut first),
                Claim::First(first) => {
                    job = first;
                    job.share = Share::UnderWay;
                    first_of_all = true;
                }
                Claim::Alone(alone) => job = alone,
            }
        }
        if !skipped {
            return self.copy_leaf(job, facts);
        }
        if first_of_all {
            let there = job.found.as_ref().and_then(Existing::own);
            job.share = there.map_or(Share::UnderWay, |there| Share::Made(there.identity));
        }
        self.shared.observer.tell(Event::Skipped(&job));
        job.left_out = true;
        self.leaf_done(&job);
    }

    /// Makes a name one of the first copy's, which is all there is to do about it. It is a file that stays where it was
    /// `skipped`, which GNU cp tells when that is done.
    fn end_as_link(&mut self, job: FileJob, source: &FileStat, skipped: bool, first: &mut First) {
        let made = first.made;
        let linked = self.link_to_first(&job, source, first);
        if first.made != made {
            self.shared.links.renew(source.identity, first.made);
        }
        match linked {
            Ok(()) => {
                if skipped {
                    self.shared.observer.tell(Event::Skipped(&job));
                }
                self.leaf_done(&job);
            }
            Err(problem) => self.leaf_failed(job, &problem),
        }
    }

    /// The first copy of a file is done, well or not: those that waited for it are linked, or one of them is copied.
    pub(crate) fn first_done(&mut self, job: &FileJob) {
        let Some(source) = job.seen else { return };
        let mut first = match job.share {
            Share::Made(made) => Some(First::of(job, made)),
            Share::UnderWay => None,
            Share::None => return,
        };
        for WaitingLink { place, facts, skipped } in self.shared.links.end(source.identity, first.clone()) {
            let job = match place {
                LinkPlace::Operand(job) => *job,
                LinkPlace::Entry(waiting) => {
                    let WaitingEntry { branch, entry, found, announced, over, unmoved, kept } = *waiting;
                    match FileJob::of_entry(&branch, &entry) {
                        Ok(job) => {
                            FileJob { seen: Some(facts), found, announced, over, unmoved, kept, ..job }
                        }
                        Err(problem) => {
                            self.shared.observer.tell(Event::Failed(&problem));
                            if let Some(kept) = &kept {
                                self.restore(kept, || branch.destination_path(&entry.name));
                            }
                            DirJob::entry_done(&branch, self.shared.reporter);
                            continue;
                        }
                    }
                }
            };
            match &mut first {
                Some(first) => self.end_as_link(job, &facts, skipped, first),
                None => self.copy_or_link(job, &facts, skipped),
            }
        }
    }

    /// Gives the first copy the job's destination for another name, in place of what is there, and notes which file the
    /// copy is then.
    fn link_to_first(&self, job: &FileJob, source: &FileStat, first: &mut First) -> Result<(), FileError> {
        self.shared.observer.tell(Event::Changes(job));
        let replaced = self.shared.effects.link_to_first(&self.shared.links, job, source, first)?;
        if replaced {
            self.shared.observer.tell(Event::Removed(job));
        }
        Ok(())
    }
}
