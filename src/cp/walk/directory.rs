//! Directories: opened, made, listed in parts, and finished when the last entry below is done.

use super::Walker;
use super::recursion::listing;
use super::source_directory::{DirAccess, Unopened, names_of};
use crate::cli::cp::Follow;
use crate::cp::job::dir_handle::DirHandle;
use crate::cp::job::dir_job::{DirJob, Origin};
use crate::cp::job::dir_place::DirPlace;
use crate::cp::job::{self, FileJob};
use crate::cp::observer::Event;
use crate::cp::shared::goes_in_order;
use crate::cp::task::Task;
use crate::pipeline::chain::Directory;
use crate::plan::attribute_names::Names;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::listing::{self, Entry};
use crate::plan::overwrite::Existing;
use crate::plan::replace::DirectoryAction;
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Most entries that are handed on together: enough to fill a ring, few enough to share out.
const LEAVES_MAX: usize = 64;

/// Most bytes of a path that the kernel takes, from linux/limits.h, with the NUL byte at its end.
const PATH_BYTES_MAX: usize = 4096;

/// What became of what was listed as a directory.
enum Branched {
    Begun,
    /// It is none.
    Not,
}

impl Walker<'_, '_> {
    /// Begins with a directory of a tree: opens it, makes or opens its copy, and lists the first part. Where it was
    /// `seen`, not only listed, it must be that directory.
    pub(crate) fn directory(&mut self, parent: &Arc<DirJob>, entry: &Entry, seen: Option<FileId>) {
        if self.is_behind_the_end(parent, 1) {
            return;
        }
        let (path, copy) = (parent.source_path(&entry.name), parent.destination_path(&entry.name));
        let (source, destination) = match (parent.source(), parent.destination()) {
            (Ok(source), Ok(destination)) => (source, destination),
            (Err(errno), _) => return self.unreached(parent, MessageKind::CannotAccess, path, errno),
            (_, Err(errno)) => {
                return self.unreached(parent, MessageKind::CannotCreateDirectory, copy, errno);
            }
        };
        let source = DirPlace { parent: &source, name: &entry.name, path };
        let destination = DirPlace { parent: &destination, name: &entry.name, path: copy };
        let way = match seen {
            Some(_) => Ok(DirAccess { through_link: entry.through_link, seen, rank: entry.rank }),
            None => self.way(&source, entry),
        };
        let branched = way.and_then(|way| {
            self.check_path_length(
                parent,
                &source.path,
                &destination.path,
                MessageKind::CannotCreateDirectory,
            )?;
            match self.open_source(&source, way) {
                Err(Unopened::NoDirectory) if way.seen.is_none() => return Ok(Branched::Not),
                opened => {
                    let opened = opened.map_err(|unopened| unopened.problem(&source))?;
                    let found = (&destination, None);
                    self.branch(Some(parent), &parent.origin, (&source, opened), way, found)?;
                }
            }
            Ok(Branched::Begun)
        });
        match branched {
            Ok(Branched::Begun) => {}
            // The listing is wrong, or was.
            Ok(Branched::Not) => self.leaf(parent, &Entry { kind: FileType::Unknown, ..entry.clone() }),
            Err(problem) => {
                if problem.what == MessageKind::IntoItself {
                    parent.origin.has_met_itself.store(true, Ordering::Relaxed);
                }
                self.shared.observer.tell(Event::Failed(&problem));
                parent.entry_done(self.shared.reporter);
            }
        }
    }

    /// One of the two directories that an entry needs cannot be had any more.
    fn unreached(&self, parent: &Arc<DirJob>, what: MessageKind, path: Vec<u8>, errno: Errno) {
        self.shared.observer.tell(Event::Failed(&FileError::failed(what, path, errno)));
        parent.entry_done(self.shared.reporter);
    }

    /// Looks at a link that was seen to lead to a directory, so that what is opened is what was looked at.
    fn way(&self, source: &DirPlace<'_>, entry: &Entry) -> Result<DirAccess, FileError> {
        if !entry.through_link {
            return Ok(DirAccess { through_link: false, seen: None, rank: entry.rank });
        }
        let stat = process::look(source.parent, source.name, AtFlags::empty());
        let facts = FileStat::of(&stat.map_err(source.failed(MessageKind::CannotStat))?);
        Ok(DirAccess { through_link: true, seen: Some(facts.identity), rank: entry.rank })
    }

    /// Refuses paths that are longer than the kernel takes, in a directory that was reached through a symbolic link,
    /// or whose copy was. We go by descriptors and would not notice; but the link may lead above the copy itself,
    /// which is copied then until the names are too long.
    fn check_path_length(
        &self,
        branch: &DirJob,
        from: &[u8],
        to: &[u8],
        what: MessageKind,
    ) -> Result<(), FileError> {
        let long = |path: &[u8]| path.len() >= PATH_BYTES_MAX;
        if self.shared.options.follow != Follow::Always
            || !(long(from) || long(to))
            || !branch.may_be_endless()
        {
            return Ok(());
        }
        let (what, path) = if long(from) { (MessageKind::CannotStat, from) } else { (what, to) };
        Err(FileError::failed(what, path.to_vec(), Errno::NAMETOOLONG))
    }

    /// The same for what is no directory, whose paths are put together only where they can be too long.
    fn check_entry_path_length(&self, branch: &DirJob, job: &FileJob) -> Result<(), FileError> {
        if self.shared.options.follow != Follow::Always || !branch.may_be_endless() {
            return Ok(());
        }
        self.check_path_length(
            branch,
            &job.source_path(),
            &job.destination_path(),
            MessageKind::CannotCreateRegular,
        )
    }

    /// Begins with a directory, an operand's where it has no parent; what was found at its copy's place, where that was
    /// looked at. Where this succeeds, its branch finishes it.
    pub(crate) fn branch(
        &mut self,
        parent: Option<&Arc<DirJob>>,
        origin: &Arc<Origin>,
        (source, (descriptor, facts)): (&DirPlace<'_>, (Result<OwnedFd, Errno>, FileStat)),
        way: DirAccess,
        (destination, found): (&DirPlace<'_>, Option<Existing>),
    ) -> Result<(), FileError> {
        let keeping = self.shared.settings.method.keeping;
        let (names, link) = match keeping.wants_names() {
            true => names_of(source, way, &descriptor),
            false => (Names::default(), None),
        };
        let is_operand = parent.is_none();
        let fate = match parent.is_some_and(|parent| parent.created) {
            true => DirectoryAction::Make,
            false => self.fate_of_directory((source, &facts), (destination, origin), is_operand, found)?,
        };
        if fate == DirectoryAction::Done {
            if let Some(parent) = parent {
                parent.entry_done(self.shared.reporter);
            }
            return Ok(());
        }
        let kept = self.admit((parent, origin), (source, destination), &facts, (fate, found))?;
        // Where a link may lead the walk into a directory that was there, copies are made in it in the order of GNU cp, as they
        // may be listed in it later: by inode numbers.
        if self.shared.options.follow == Follow::Always && !parent.is_some_and(|parent| parent.created) {
            self.end_all();
        }
        let made = self.make_directory(source, destination, (&facts, names), (fate, kept))?;
        if is_operand {
            self.remember_operand(facts.identity, origin, (fate, found));
        }
        let above = parent.map(|parent| parent.destination.identity());
        let (descriptor, listed) = listing((&made, fate), above, (source, way), (descriptor, &facts))
            .map_err(source.failed(MessageKind::CannotAccess))?;
        self.shared.effects.enter_dir(&made, &destination.path, &mut self.books.tally);
        let rules = self.rules(parent, source, descriptor.as_ref().ok());
        let branch = Arc::new(DirJob {
            parent: parent.map(Arc::clone),
            depth: parent.map_or(0, |parent| parent.depth + 1),
            origin: Arc::clone(origin),
            name: Arc::from(source.name),
            rank: way.rank,
            source: match descriptor {
                Ok(open) => DirHandle::open(open, listed, way.through_link && parent.is_some()),
                Err(reason) => DirHandle::unreadable(listed, way.through_link, reason),
            },
            destination: made.held,
            created: made.created,
            belongs_to: made.belongs_to,
            link: link.filter(|_| made.deferred_attributes.as_ref().is_some_and(|end| end.0.needs_source())),
            deferred_attributes: made.deferred_attributes,
            rules,
            turn: OnceLock::new(),
            pending: AtomicUsize::new(1),
            listed: AtomicBool::new(false),
            entries: AtomicU32::new(0),
        });
        self.remember_made(&branch);
        self.shared.effects.foresee_recursion(&branch);
        branch.let_go_above(self.shared.has_few_descriptors(), || self.shared.levels_open_max());
        if self.shared.options.one_file_system && facts.identity.device != branch.operand_device() {
            // Something is mounted there.
            branch.entry_done(self.shared.reporter);
        } else {
            self.list(&branch);
        }
        Ok(())
    }

    /// Lists the next part of a directory and queues its entries, in such an order that this worker takes them in the
    /// order of the listing and the rest of the listing last.
    pub(crate) fn list(&mut self, branch: &Arc<DirJob>) {
        if self.is_behind_the_end(branch, 1) {
            return;
        }
        self.end_copies_within(branch);
        let in_order = self.walks_in_order(branch);
        let fetched = branch.source().and_then(|source| match source {
            Directory::Open(source) => self.books.listing.fetch(&source, self.listed_together(in_order)),
            Directory::Working => Err(Errno::BADF),
        });
        let (mut entries, ended) = fetched.unwrap_or_else(|errno| {
            let path = branch.own_source_path();
            self.shared.observer.tell(Event::Failed(&FileError::failed(
                MessageKind::CannotAccess,
                path,
                errno,
            )));
            (Vec::new(), true)
        });
        branch.listed.store(ended, Ordering::Release);
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        listing::number_from(&mut entries, branch.entries.fetch_add(count, Ordering::Relaxed));
        self.choose(branch, &mut entries);
        branch.add_pending(entries.len());
        let mut tasks = self.group(branch, entries);
        if !ended {
            branch.add_pending(1);
            tasks.push(Task::Listing(Arc::clone(branch)));
        }
        let shared_out = |task: &&Task| matches!(task, Task::Entries { .. } | Task::Listing(_));
        if tasks.iter().filter(shared_out).count() > 1 && self.shared.jobs_max() > 1 {
            branch.turn.get_or_init(Arc::default);
        }
        self.queue_walked(branch, tasks);
        branch.entry_done(self.shared.reporter);
    }

    /// How many entries of a directory are sorted together, of one that is walked `in_order` all.
    fn listed_together(&self, in_order: bool) -> usize {
        let options = self.shared.options;
        // A link may lead above the copy, which ends the walk where it is.
        let is_seen = goes_in_order(options) || self.shared.ends_in_order || options.follow == Follow::Always;
        match (in_order, is_seen) {
            (true, _) => usize::MAX,
            (false, true) => listing::MANY_IN_ORDER,
            (false, false) => listing::MANY,
        }
    }

    /// Entries as tasks, in their order: each directory alone, what lies between them together.
    fn group(&self, branch: &Arc<DirJob>, entries: Vec<Entry>) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut directories = Vec::new();
        let mut leaves = Vec::new();
        let flush = |leaves: &mut Vec<Entry>, tasks: &mut Vec<Task>| {
            if !leaves.is_empty() {
                let entries = std::mem::take(leaves);
                tasks.push(Task::Entries { branch: Arc::clone(branch), entries });
            }
        };
        for mut entry in entries {
            // Looking through a link changes its access time, and the walk may end before it.
            if entry.kind == FileType::Unknown {
                entry.kind = self.kind_of(branch, &entry, AtFlags::SYMLINK_NOFOLLOW);
            }
            if entry.kind == FileType::Directory {
                let task = Task::Directory { parent: Arc::clone(branch), entry };
                // The lines of -v come in the order of the listing; where there are files already, or names cannot wait for
                // their turn, which of several hard links is copied first can be told by what becomes of them; and a link may
                // lead above the copy, which ends the walk.
                let leads_away = self.shared.options.follow == Follow::Always;
                let now = !branch.created || !self.shared.lets_names_wait();
                let in_order = goes_in_order(self.shared.options) || now || leads_away;
                if in_order || self.walks_in_order(branch) {
                    flush(&mut leaves, &mut tasks);
                    tasks.push(task);
                } else {
                    directories.push(task);
                }
            } else {
                let is_followed = entry.through_link
                    || entry.kind == FileType::Symlink && self.shared.options.follow == Follow::Always;
                let alone = is_followed && self.walks_in_order(branch);
                if alone {
                    flush(&mut leaves, &mut tasks);
                }
                leaves.push(entry);
                if alone || leaves.len() == LEAVES_MAX {
                    flush(&mut leaves, &mut tasks);
                }
            }
        }
        flush(&mut leaves, &mut tasks);
        // A directory is filled as soon as it is made. XFS gives each new directory the next of its allocation groups, and
        // two workers that make files in one group wait for each other; those that fill what they have just made are
        // in different ones.
        tasks.append(&mut directories);
        tasks
    }

    /// Finds out what an entry is, where the listing does not say, or it is a link that is followed.
    pub(crate) fn find_kind(&self, branch: &DirJob, entry: &mut Entry) {
        if entry.kind == FileType::Unknown {
            entry.kind = self.kind_of(branch, entry, AtFlags::SYMLINK_NOFOLLOW);
        }
        if entry.kind == FileType::Symlink && self.shared.options.follow == Follow::Always {
            entry.through_link = true;
            entry.kind = self.kind_of(branch, entry, AtFlags::empty());
        }
    }

    /// Some file systems do not tell types in listings, and none where links lead to. One that has vanished is left for
    /// its opening to find out.
    fn kind_of(&self, branch: &DirJob, entry: &Entry, flags: AtFlags) -> FileType {
        let stat = branch.source().and_then(|source| process::look(&source, &*entry.name, flags));
        stat.map_or(FileType::RegularFile, |stat| FileStat::of(&stat).kind)
    }

    /// Begins with one file of a directory that is no directory itself.
    pub(crate) fn leaf(&mut self, branch: &Arc<DirJob>, entry: &Entry) {
        if let Err(problem) = self.try_leaf(branch, entry) {
            self.shared.observer.tell(Event::Failed(&problem));
            branch.entry_done(self.shared.reporter);
        }
    }

    /// Begins again with what was listed as a regular file, and could not be opened as one.
    pub(crate) fn look_again(&mut self, job: FileJob) {
        let job::JobPlace::Entry(branch) = &job.names else { return };
        let branch = Arc::clone(branch);
        if let Err(problem) = self.seen_leaf(&branch, job) {
            self.shared.observer.tell(Event::Failed(&problem));
            branch.entry_done(self.shared.reporter);
        }
    }

    fn try_leaf(&mut self, branch: &Arc<DirJob>, entry: &Entry) -> Result<(), FileError> {
        let job = FileJob::of_entry(branch, entry)?;
        if entry.kind == FileType::RegularFile && !entry.through_link && !self.shared.asks_first {
            self.check_entry_path_length(branch, &job)?;
            self.books.backlog.push_back(Box::new(job));
            return Ok(());
        }
        self.seen_leaf(branch, job)
    }

    /// Begins with an entry of a directory as it is when it is looked at, whatever it was listed as.
    pub(crate) fn seen_leaf(&mut self, branch: &Arc<DirJob>, mut job: FileJob) -> Result<(), FileError> {
        let name = Arc::clone(&job.source.name);
        let failed = |errno| FileError::failed(MessageKind::CannotStat, branch.source_path(&name), errno);
        let look = |job: &FileJob| {
            let flags = if job.follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
            process::look(&job.source.directory, &*name, flags).map(|stat| FileStat::of(&stat))
        };
        let mut facts = look(&job).map_err(failed)?;
        if facts.kind == FileType::Symlink && self.shared.options.follow == Follow::Always {
            job.follow = true;
            facts = look(&job).map_err(failed)?;
        }
        if facts.kind == FileType::Directory {
            let (kind, through_link) = (facts.kind, job.follow);
            let rank = job.rank.unwrap_or_default();
            let entry = Entry { name: Arc::clone(&name), kind, through_link, rank };
            self.directory(branch, &entry, Some(facts.identity));
            return Ok(());
        }
        self.check_entry_path_length(branch, &job)?;
        self.begin_entry(FileJob { seen: Some(facts), ..job }, &facts);
        Ok(())
    }
}
