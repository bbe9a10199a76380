//! Directories: opened, made, listed in parts, and finished when the last entry below is done.

use super::branch::{Branch, Origin};
use super::chain::Directory;
use super::job::{FileJob, Task};
use super::worker::Worker;
use crate::plan::facts::Facts;
use crate::plan::walk::{self, Entry};
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode};
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// Most entries that are handed on together: enough to fill a ring, few enough to share out.
const LEAVES_MAX: usize = 64;

/// A directory's place on one side, and how it is called there.
pub(super) struct Place<'a> {
    pub parent: &'a Directory,
    pub name: &'a CStr,
    pub path: Vec<u8>,
}

impl Place<'_> {
    /// What to say of it with the system's reason.
    fn failed(&self, what: What) -> impl Fn(Errno) -> Problem {
        move |errno| Problem::failed(what, self.path.clone(), errno)
    }
}

/// The copy of a directory, open.
struct Made {
    descriptor: OwnedFd,
    facts: Facts,
    fresh: bool,
    mode_at_end: Option<Mode>,
}

impl Worker<'_, '_> {
    /// Begins with a directory of a tree: opens it, comes to its copy, and lists the first part.
    pub(super) fn directory(&mut self, parent: &Arc<Branch>, entry: &Entry) {
        let place = |side: &Directory, path| (side.clone(), path);
        let (source, source_path) = place(&parent.source, parent.source_path(&entry.name));
        let (destination, destination_path) =
            place(&parent.destination, parent.destination_path(&entry.name));
        let source = Place { parent: &source, name: &entry.name, path: source_path };
        let destination = Place { parent: &destination, name: &entry.name, path: destination_path };
        if !self.branch(Some(parent), &parent.origin, &source, &destination, parent.fresh) {
            parent.finish_one(self.shared.reporter);
        }
    }

    /// Begins with a directory, an operand's where it has no parent. Answers whether a branch will finish it.
    pub(super) fn branch(
        &mut self,
        parent: Option<&Arc<Branch>>,
        origin: &Arc<Origin>,
        source: &Place<'_>,
        destination: &Place<'_>,
        fresh: bool,
    ) -> bool {
        let opened = match self.open_source(source) {
            Ok(opened) => opened,
            Err(problem) => {
                self.shared.reporter.problem(&problem);
                return false;
            }
        };
        if origin.destination.get() == Some(&opened.1.identity) {
            let (from, to) = (origin.source_path.clone(), origin.destination_path.clone());
            self.shared.reporter.problem(&Problem::between(What::IntoItself, from, to));
            return false;
        }
        let made = match self.make_directory(source, destination, &opened.1, fresh) {
            Ok(made) => made,
            Err(problem) => {
                self.shared.reporter.problem(&problem);
                return false;
            }
        };
        origin.destination.get_or_init(|| made.facts.identity);
        self.tally.directories += 1;
        let (descriptor, _) = opened;
        let readable = descriptor.is_some();
        let branch = Arc::new(Branch {
            parent: parent.map(Arc::clone),
            origin: Arc::clone(origin),
            name: Arc::from(source.name),
            source: descriptor.map_or(Directory::Working, |open| Directory::Open(Arc::new(open))),
            destination: Directory::Open(Arc::new(made.descriptor)),
            fresh: made.fresh,
            mode_at_end: made.mode_at_end,
            pending: AtomicUsize::new(1),
        });
        if readable {
            self.list(&branch);
        } else {
            let problem = Problem::failed(What::CannotAccess, source.path.clone(), Errno::ACCESS);
            self.shared.reporter.problem(&problem);
            branch.finish_one(self.shared.reporter);
        }
        true
    }

    /// Opens a source directory. One that may not be read is made in the copy all the same, as GNU cp does.
    fn open_source(&self, source: &Place<'_>) -> Result<(Option<OwnedFd>, Facts), Problem> {
        let failed = |what| source.failed(what);
        match walk::open_directory(source.parent, source.name) {
            Ok(open) => {
                let stat = rustix::fs::fstat(&open).map_err(failed(What::CannotStat))?;
                Ok((Some(open), Facts::of(&stat)))
            }
            Err(Errno::ACCESS) => {
                let stat = rustix::fs::statat(source.parent, source.name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(failed(What::CannotStat))?;
                Ok((None, Facts::of(&stat)))
            }
            Err(Errno::NOENT) => Err(failed(What::CannotStat)(Errno::NOENT)),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(Problem::of(What::Replaced, source.path.clone())),
            Err(errno) => Err(failed(What::CannotAccess)(errno)),
        }
    }

    /// Makes the copy of a directory, or takes the directory that is there.
    fn make_directory(
        &self,
        source: &Place<'_>,
        destination: &Place<'_>,
        facts: &Facts,
        fresh: bool,
    ) -> Result<Made, Problem> {
        let failed = |what| destination.failed(what);
        let exists = !fresh && self.is_there(source, destination)?;
        if !exists && self.shared.settings.verbose {
            self.shared.reporter.copied(&source.path, &destination.path);
        }
        // The owner can fill it whatever its permissions will be; nobody else ever has more than they will have then.
        let kept = facts.mode & (Mode::RWXU | Mode::RWXG | Mode::RWXO | Mode::SVTX);
        let made = match exists {
            true => false,
            false => match rustix::fs::mkdirat(destination.parent, destination.name, kept | Mode::RWXU) {
                Ok(()) => true,
                // It came meanwhile: a directory will do, anything else is in the way.
                Err(Errno::EXIST) if self.is_there(source, destination)? => false,
                Err(errno) => return Err(failed(What::CannotCreateDirectory)(errno)),
            },
        };
        let open = || walk::open_directory(destination.parent, destination.name);
        let (descriptor, shut) = match open() {
            // The umask has taken the owner's own permissions: they are lent back until the directory is full.
            Err(Errno::ACCESS) if made => {
                let lent = rustix::fs::chmodat(
                    destination.parent,
                    destination.name,
                    kept | Mode::RWXU,
                    AtFlags::SYMLINK_NOFOLLOW,
                );
                lent.map_err(failed(What::SettingPermissions))?;
                (open().map_err(failed(What::CannotAccess))?, true)
            }
            opened => (opened.map_err(failed(What::CannotAccess))?, false),
        };
        let stat = rustix::fs::fstat(&descriptor).map_err(failed(What::CannotStat))?;
        let now = Facts::of(&stat);
        let mode_at_end = if made { self.lend_access(&descriptor, kept, now.mode, shut) } else { None };
        Ok(Made { descriptor, facts: now, fresh: made, mode_at_end })
    }

    /// Sees to it that the owner can fill a directory just made with mode `now`; the mode to set at the end, where it
    /// is another. `kept` is what it should have, before the umask.
    fn lend_access(&self, made: &OwnedFd, kept: Mode, now: Mode, shut: bool) -> Option<Mode> {
        let lent = Mode::RWXU.difference(kept);
        let umask = self.shared.umask();
        let wanted = if shut { now.difference(umask) } else { now };
        if !now.contains(Mode::RWXU) && rustix::fs::fchmod(made, now | Mode::RWXU).is_err() {
            // Its entries will say what cannot be done in it.
            return None;
        }
        let at_end = wanted.difference(lent);
        (at_end != now || !now.contains(Mode::RWXU)).then_some(at_end)
    }

    /// Whether a directory is there to copy into.
    fn is_there(&self, source: &Place<'_>, destination: &Place<'_>) -> Result<bool, Problem> {
        match rustix::fs::statat(destination.parent, destination.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if Facts::of(&stat).kind == FileType::Directory => Ok(true),
            Ok(_) => Err(Problem::between(
                What::OverwriteNonDirectory,
                destination.path.clone(),
                source.path.clone(),
            )),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Problem::failed(What::CannotStat, destination.path.clone(), errno)),
        }
    }

    /// Lists the next part of a directory and queues its entries, in such an order that this worker takes them in the
    /// order of the listing and the rest of the listing last.
    pub(super) fn list(&mut self, branch: &Arc<Branch>) {
        let Directory::Open(source) = &branch.source else { return };
        let entries = match self.listing.fetch(source) {
            Ok(entries) => entries,
            Err(errno) => {
                let path = match &branch.parent {
                    Some(parent) => parent.source_path(&branch.name),
                    None => branch.origin.source_path.clone(),
                };
                self.shared.reporter.problem(&Problem::failed(What::ReadingDirectory, path, errno));
                Vec::new()
            }
        };
        if entries.is_empty() {
            return branch.finish_one(self.shared.reporter);
        }
        branch.expect(entries.len());
        let mut tasks = self.group(branch, entries);
        tasks.push(Task::Listing(Arc::clone(branch)));
        self.queue_tasks(tasks);
    }

    /// Entries as tasks, in their order: each directory alone, what lies between them together.
    fn group(&self, branch: &Arc<Branch>, entries: Vec<Entry>) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut leaves = Vec::new();
        let flush = |leaves: &mut Vec<Entry>, tasks: &mut Vec<Task>| {
            if !leaves.is_empty() {
                let entries = std::mem::take(leaves);
                tasks.push(Task::Leaves { branch: Arc::clone(branch), entries });
            }
        };
        for mut entry in entries {
            if entry.kind == FileType::Unknown {
                entry.kind = self.kind_of(branch, &entry);
            }
            if entry.kind == FileType::Directory {
                // With -v the lines must come in the order of the listing.
                if self.shared.settings.verbose {
                    flush(&mut leaves, &mut tasks);
                }
                tasks.push(Task::Directory { parent: Arc::clone(branch), entry });
            } else {
                leaves.push(entry);
                if leaves.len() == LEAVES_MAX {
                    flush(&mut leaves, &mut tasks);
                }
            }
        }
        flush(&mut leaves, &mut tasks);
        tasks
    }

    /// Some file systems do not tell types in listings. One that has vanished is left for its opening to find out.
    fn kind_of(&self, branch: &Branch, entry: &Entry) -> FileType {
        let stat = rustix::fs::statat(&branch.source, &*entry.name, AtFlags::SYMLINK_NOFOLLOW);
        stat.map_or(FileType::RegularFile, |stat| Facts::of(&stat).kind)
    }

    /// Begins with one file of a directory that is no directory itself.
    pub(super) fn leaf(&mut self, branch: &Arc<Branch>, entry: &Entry) {
        let job = FileJob::of_entry(branch, entry);
        if entry.kind == FileType::RegularFile {
            return self.regular(job);
        }
        match rustix::fs::statat(&branch.source, &*entry.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => self.special(&job, &Facts::of(&stat)),
            Err(errno) => {
                let problem = Problem::failed(What::CannotStat, job.source_path(), errno);
                self.shared.reporter.problem(&problem);
                self.leaf_done(&job);
            }
        }
    }
}
