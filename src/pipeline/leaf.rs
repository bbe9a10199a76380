//! Files, links and devices under options that ask what is there before anything is done: `-n -u -i -b -f -l -s`,
//! `--remove-destination`, and `-v` for its lines. Without any of them files go straight to their copying.

use super::branch::Branch;
use super::chain::{At, Directory};
use super::job::{FileJob, Names};
use super::links::Share;
use super::special::{leads_to, look};
use super::worker::Worker;
use crate::cli::cp::{Backup, Control, CpOptions, Make, Overwrite};
use crate::plan::backup::{Name, Naming};
use crate::plan::facts::{Facts, Identity};
use crate::plan::overwrite::Found;
use crate::plan::path;
use crate::plan::replace::{self, Fate};
use crate::plan::walk::Listing;
use crate::report::message::{Problem, What};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// Whether files have to be looked at by these options before they are copied.
#[must_use]
pub fn asks_first(options: &CpOptions) -> bool {
    options.overwrite != Overwrite::All
        || options.ask
        || options.backup.is_some()
        || options.remove_destination
        || options.make != Make::Copies
        || options.verbose
        || options.preserve.links
}

impl Worker<'_, '_> {
    /// Begins with a file that is no directory, known by `facts` to be what it is.
    pub(super) fn begin_leaf(&mut self, mut job: FileJob, facts: &Facts) -> Result<(), Problem> {
        let options = self.shared.options;
        let mut ready = Ready::Copy;
        if asks_first(options) {
            ready = self.prepare(&mut job, facts)?;
        }
        if ready == Ready::Copy && options.make == Make::Copies && !replace::is_read(options, facts.kind) {
            ready = self.make_way_for_special(&mut job, facts)?;
        }
        match ready {
            Ready::Copy | Ready::Stays => self.copy_or_link(job, facts, ready == Ready::Stays),
            Ready::Done => {
                self.leaf_done(&job);
                Ok(())
            }
        }
    }

    /// Makes what is put at the destination, where nothing is in the way any more, or it is to be written.
    pub(super) fn copy_leaf(&mut self, mut job: FileJob, facts: &Facts) {
        let options = self.shared.options;
        let made = match options.make {
            Make::Copies if replace::is_read(options, facts.kind) => return self.backlog.push_back(job),
            Make::Copies => self.make_special(&job, facts),
            Make::HardLinks => self.hard_link(&job),
            Make::SymbolicLinks => self.symbolic_link(&job),
        };
        let At { directory, name } = &job.destination;
        match made {
            Err(problem) => {
                job.failed = true;
                self.shared.reporter.problem(&problem);
            }
            Ok(()) if job.is_noted() => {
                // What cannot be looked at any more is another's by now, and nothing to be noted.
                if let Ok(stat) = rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW) {
                    job.note(Facts::of(&stat).identity);
                }
            }
            Ok(()) => {}
        }
        self.leaf_done(&job);
    }

    /// What is to be known of the names, as far as that makes a difference for what is `there`.
    fn names(&self, job: &FileJob, facts: &Facts, there: Option<&Facts>) -> replace::Names {
        let options = self.shared.options;
        let Some(there) = there else { return replace::Names::default() };
        let one = there.identity == facts.identity;
        // Under `-b -f` a link may bear the very name of what it is followed from.
        let same = (one || (options.force && options.backup.is_some())) && is_same_entry(job);
        let At { directory, name } = &job.source;
        let through_link = one
            && job.follow
            && rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| Facts::of(&stat).kind == FileType::Symlink);
        replace::Names { same, through_link, leads_to: leads_to(job, facts) }
    }

    /// Does what the options ask for before a file is copied; `job` then knows what it will find.
    fn prepare(&self, job: &mut FileJob, facts: &Facts) -> Result<Ready, Problem> {
        let options = self.shared.options;
        let destination_failed = |errno| Problem::failed(What::CannotStat, job.destination_path(), errno);
        let found = match job.found {
            Some(found) => found,
            None => look(&job.destination).map_err(destination_failed)?,
        };
        if let Found::ClosedLink { errno, .. } = found
            && replace::looks_through(options, facts)
            && !(options.force && errno == Errno::LOOP)
        {
            return Err(destination_failed(errno));
        }
        job.found = Some(found);
        let there = replace::there(options, facts, &found);
        let names = self.names(job, facts, there);
        match replace::fate(options, facts, names, &found) {
            Fate::Replace => {}
            Fate::CopyToBackup => return self.copy_to_backup(job).map(|()| Ready::Copy),
            Fate::Skip if options.overwrite == Overwrite::Older => return Ok(Ready::Stays),
            Fate::Done if options.ask && options.make == Make::HardLinks => {
                if there.is_some_and(|there| !self.may_replace(job, &found, there)) {
                    self.shared.reporter.declined();
                }
                return Ok(Ready::Done);
            }
            Fate::Skip | Fate::Done => return Ok(Ready::Done),
            Fate::Refuse => return Err(Problem::of(What::NotReplacing, job.destination_path())),
            Fate::SameFile => {
                return Err(Problem::between(What::SameFile, job.source_path(), job.destination_path()));
            }
        }
        if let Some(there) = there {
            if self.is_made_anew(facts) && options.backup.is_none() {
                self.reject_same_special(job, facts, &found)?;
            }
            if options.ask && !self.may_replace(job, &found, there) {
                self.shared.reporter.declined();
                return Ok(Ready::Done);
            }
            self.make_way(job, facts, there)?;
        } else if !self.is_made_anew(facts) {
            self.verbose(job, None);
        }
        Ok(Ready::Copy)
    }

    /// Renames or removes what is there, as the options say, and prints the lines of `-v`.
    fn make_way(&self, job: &mut FileJob, facts: &Facts, there: &Facts) -> Result<(), Problem> {
        let options = self.shared.options;
        if there.kind == FileType::Directory {
            return Err(Problem::between(
                What::OverwriteDirectory,
                job.destination_path(),
                job.source_path(),
            ));
        }
        let numbered = options.backup.as_ref().is_some_and(|backup| backup.control == Control::Numbered);
        if !numbered
            && job.is_operand()
            && job.made.as_ref().is_some_and(|made| made.contains(there.identity))
        {
            return Err(Problem::between(What::JustCreated, job.destination_path(), job.source_path()));
        }
        if let Some(backup) = &options.backup {
            let kept = self.back_up(job, backup, Some(facts))?;
            job.found = Some(Found::Nothing);
            let own = job.destination.name.to_bytes();
            let lead = &own[..path::parent_bytes(own)];
            job.backup = CString::new([lead, path::last_component(&kept)].concat()).ok().map(Box::new);
            self.verbose(job, Some(&kept));
            job.announced = true;
            return Ok(());
        }
        // Other names of it are to keep what they have.
        let shared = options.preserve.links && there.links > 1;
        // A link of what is no file's contents replaces what is there.
        let anew = options.make != Make::Copies && !replace::is_read(options, facts.kind);
        if options.remove_destination || anew || (shared && !self.is_made_anew(facts)) {
            self.remove(job)?;
            job.found = Some(Found::Nothing);
        }
        if !self.is_made_anew(facts) {
            self.verbose(job, None);
        }
        Ok(())
    }

    /// Whether the source is a link or device whose copy is made as what it is. It replaces what is there, and says so,
    /// by itself.
    fn is_made_anew(&self, facts: &Facts) -> bool {
        let options = self.shared.options;
        options.make == Make::Copies && !replace::is_read(options, facts.kind)
    }

    /// Renames the destination to its backup's name, and answers the path of that.
    fn back_up(&self, job: &FileJob, backup: &Backup, source: Option<&Facts>) -> Result<Vec<u8>, Problem> {
        let At { directory, name } = &job.destination;
        let failed = |errno| Problem::failed(What::CannotBackUp, job.destination_path(), errno);
        let (parent, last) = (path::parent(name.to_bytes()), path::last_component(name.to_bytes()));
        let parent = open_parent(directory, parent).map_err(failed)?;
        let kept = backup_name(&parent, last, backup).map_err(failed)?;
        let kept_name = CString::new(kept.name.clone()).map_err(|_nul| failed(Errno::INVAL))?;
        let last = CString::new(last).map_err(|_nul| failed(Errno::INVAL))?;
        if let Some(source) = source
            && let Ok(stat) = rustix::fs::statat(&parent, &*kept_name, AtFlags::empty())
            && Facts::of(&stat).identity == source.identity
        {
            return Err(Problem::between(What::BackupDestroys, job.destination_path(), job.source_path()));
        }
        let flags = if kept.exclusive { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
        rustix::fs::renameat_with(&parent, &*last, &parent, &*kept_name, flags).map_err(failed)?;
        let shown = job.destination_path();
        Ok([&shown[..shown.len() - path::last_component(&shown).len()], &kept.name].concat())
    }

    /// `-b -f` of a file onto itself: its copy gets the backup's name.
    fn copy_to_backup(&self, job: &mut FileJob) -> Result<(), Problem> {
        let Some(backup) = &self.shared.options.backup else { return Ok(()) };
        let failed = |errno| Problem::failed(What::CannotBackUp, job.destination_path(), errno);
        let At { directory, name } = &job.destination;
        let (parent, last) = (path::parent(name.to_bytes()), path::last_component(name.to_bytes()));
        let open = open_parent(directory, parent).map_err(failed)?;
        let kept = backup_name(&open, last, backup).map_err(failed)?;
        let lead = &name.to_bytes()[..path::parent_bytes(name.to_bytes())];
        let place = CString::new([lead, &kept.name].concat()).map_err(|_nul| failed(Errno::INVAL))?;
        let shown = job.destination_path();
        let shown = [&shown[..path::parent_bytes(&shown)], &kept.name].concat();
        job.destination = At { directory: directory.clone(), name: Arc::from(place) };
        if let Names::Operand { source, .. } = &job.names {
            job.names = Names::Operand { source: Arc::clone(source), destination: Arc::from(shown) };
        }
        let found = look(&job.destination);
        job.found =
            Some(found.map_err(|errno| Problem::failed(What::CannotStat, job.destination_path(), errno))?);
        self.verbose(job, None);
        Ok(())
    }

    /// Gives a destination back its name where no copy took its place.
    fn take_back(&self, job: &FileJob, kept: &CStr) {
        let At { directory, name } = &job.destination;
        let shown = job.destination_path();
        let own = &shown[..path::parent_bytes(&shown)];
        let backup = [own, path::last_component(kept.to_bytes())].concat();
        match rustix::fs::renameat(directory, kept, directory, &**name) {
            Ok(()) if self.shared.options.verbose => self.shared.reporter.taken_back(&backup, &shown),
            Ok(()) => {}
            Err(errno) => {
                self.shared.reporter.problem(&Problem::failed(What::CannotTakeBack, shown, errno));
            }
        }
    }

    /// Asks whether a file may be replaced.
    fn may_replace(&self, job: &FileJob, found: &Found, there: &Facts) -> bool {
        let At { directory, name } = &job.destination;
        // A link that leads nowhere, or round in circles, has no permissions in the way.
        let dangling = matches!(found, Found::DanglingLink(_) | Found::ClosedLink { .. });
        let writable =
            dangling || rustix::fs::accessat(directory, &**name, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
        let options = self.shared.options;
        let forced = options.force || options.remove_destination;
        self.shared.reporter.may_replace(&job.destination_path(), there.mode, writable, forced)
    }

    fn hard_link(&self, job: &FileJob) -> Result<(), Problem> {
        let flags = if job.follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
        let At { directory: from, name: source } = &job.source;
        // A question that was answered with yes is force enough for hard links.
        let force = self.shared.options.force || self.shared.options.ask;
        self.link(job, force, |to, name| rustix::fs::linkat(from, &**source, to, name, flags)).map_err(
            |errno| Problem {
                errno: Some(errno),
                ..Problem::between(What::CannotCreateHardLink, job.destination_path(), job.source_path())
            },
        )
    }

    fn symbolic_link(&self, job: &FileJob) -> Result<(), Problem> {
        let target = job.source_path();
        if !target.starts_with(b"/") && !is_in_working_directory(job) {
            return Err(Problem::of(What::RelativeLink, job.destination_path()));
        }
        let force = self.shared.options.force;
        self.link(job, force, |to, name| rustix::fs::symlinkat(&*target, to, name)).map_err(|errno| Problem {
            errno: Some(errno),
            ..Problem::between(What::CannotCreateLinkTo, job.destination_path(), target.clone())
        })
    }

    /// Makes a link at the destination, with `force` in place of what is there.
    fn link(
        &self,
        job: &FileJob,
        force: bool,
        make: impl Fn(BorrowedFd<'_>, &CStr) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let At { directory, name } = &job.destination;
        match make(directory.as_fd(), name) {
            Err(Errno::EXIST) if force => {
                self.shared.links.replace(&job.destination, |temporary| make(directory.as_fd(), temporary))
            }
            made => made,
        }
    }

    /// The line of `-v`, with the backup's path where there is one.
    pub(super) fn verbose(&self, job: &FileJob, kept: Option<&[u8]>) {
        if self.shared.options.verbose && !job.announced {
            self.shared.reporter.copied(&job.source_path(), &job.destination_path(), kept);
        }
    }

    /// There is no descriptor for a file, and will be none.
    pub(super) fn no_descriptor(&self, job: &FileJob) {
        self.shared.reporter.problem(&Problem::failed(What::CannotOpen, job.source_path(), Errno::MFILE));
    }

    /// A leaf is done, well or not.
    pub(super) fn leaf_done(&mut self, job: &FileJob) {
        if let (Some(kept), true) = (&job.backup, job.failed) {
            self.take_back(job, kept);
        }
        if job.share != Share::None {
            self.first_done(job);
        }
        if let Names::Entry(branch) = &job.names {
            Branch::finish_one(branch, self.shared.reporter);
        }
    }
}

/// What is left to do with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// To make its copy.
    Copy,
    /// Nothing but to make what stays at the destination another name of the first copy, where the source is one.
    Stays,
    /// Nothing.
    Done,
}

/// Whether source and destination are one entry of one directory, however they are spelled.
fn is_same_entry(job: &FileJob) -> bool {
    let names = [&job.source, &job.destination].map(|at| path::last_component(at.name.to_bytes()));
    names[0] == names[1]
        && directory_of(&job.source).is_some_and(|own| Some(own) == directory_of(&job.destination))
}

fn directory_of(at: &At) -> Option<Identity> {
    let parent = CString::new(path::parent(at.name.to_bytes())).ok()?;
    let stat = rustix::fs::statat(&at.directory, &*parent, AtFlags::empty()).ok()?;
    Some(Facts::of(&stat).identity)
}

fn is_in_working_directory(job: &FileJob) -> bool {
    let working = rustix::fs::statat(CWD, c".", AtFlags::empty()).ok().map(|stat| Facts::of(&stat).identity);
    working.is_some() && directory_of(&job.destination) == working
}

fn open_parent(directory: &Directory, parent: &[u8]) -> Result<OwnedFd, Errno> {
    let parent = CString::new(parent).map_err(|_nul| Errno::INVAL)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, &*parent, flags, Mode::empty())
}

/// The name for the backup of the file `name` of a directory.
fn backup_name(directory: &OwnedFd, name: &[u8], backup: &Backup) -> Result<Name, Errno> {
    let mut naming = Naming::of(name, backup);
    if naming.needs_listing() {
        let mut listing = Listing::default();
        loop {
            let (entries, ended) = listing.fetch(directory)?;
            entries.iter().for_each(|entry| naming.see(entry.name.to_bytes()));
            if ended {
                break;
            }
        }
    }
    let bytes_max = rustix::fs::fstatfs(directory)?.f_namelen;
    Ok(naming.name(usize::try_from(bytes_max).unwrap_or(255)))
}
