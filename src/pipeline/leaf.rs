//! Files, links and devices under options that ask what is there before anything is done: `-n -u -i -b -f -l -s`,
//! `--remove-destination`, and `-v` for its lines. Without any of them files go straight to their copying.

use super::branch::Branch;
use super::chain::At;
use super::job::{FileJob, Names};
use super::links::Share;
use super::special::look;
use super::worker::Worker;
use crate::cli::cp::{Backup, Control, CpOptions, Make, Overwrite};
use crate::plan::backup::{Name, Naming};
use crate::plan::facts::{Facts, Identity};
use crate::plan::overwrite::Found;
use crate::plan::path;
use crate::plan::replace::{self, Fate};
use crate::plan::walk::Listing;
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::CString;
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
            Err(problem) => self.shared.reporter.problem(&problem),
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
        let there = there(&found, facts);
        let same_name = there.is_some_and(|there| there.identity == facts.identity) && is_same_entry(job);
        match replace::fate(options, facts, &found, same_name) {
            Fate::Replace => {}
            Fate::BackUpSource => return self.back_up_source(job, facts),
            Fate::Skip => {
                self.say_skipped(job);
                let stays = options.overwrite == Overwrite::Older;
                return Ok(if stays { Ready::Stays } else { Ready::Done });
            }
            Fate::Done => return Ok(Ready::Done),
            Fate::Refuse => return Err(Problem::of(What::NotReplacing, job.destination_path())),
            Fate::SameFile => {
                return Err(Problem::between(What::SameFile, job.source_path(), job.destination_path()));
            }
        }
        if let Some(there) = there {
            if options.ask && !self.may_replace(job, &found, there) {
                self.shared.reporter.declined();
                self.say_skipped(job);
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
            self.verbose(job, Some(&kept));
            job.announced = true;
            return Ok(());
        }
        let links = options.make != Make::Copies && options.force;
        // Other names of it are to keep what they have.
        let shared = options.preserve.links && there.links > 1;
        if options.remove_destination || links || (shared && !self.is_made_anew(facts)) {
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
        let parent = CString::new(parent).map_err(|_nul| failed(Errno::INVAL))?;
        let parent = rustix::fs::openat(
            directory,
            &*parent,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(failed)?;
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

    /// `-b -f` of a file onto itself: it is kept under the backup's name, and copied back from there.
    fn back_up_source(&self, job: &mut FileJob, _: &Facts) -> Result<Ready, Problem> {
        let Some(backup) = &self.shared.options.backup else { return Ok(Ready::Done) };
        let kept = self.back_up(job, backup, None)?;
        let name = path::last_component(&kept).to_vec();
        let place = [path::parent(job.destination.name.to_bytes()), b"/", &name].concat();
        let failed = |_nul| Problem::failed(What::CannotBackUp, job.destination_path(), Errno::INVAL);
        job.source = At {
            directory: job.destination.directory.clone(),
            name: Arc::from(CString::new(place).map_err(failed)?),
        };
        job.found = Some(Found::Nothing);
        self.verbose(job, Some(&kept));
        Ok(Ready::Copy)
    }

    /// Asks whether a file may be replaced.
    fn may_replace(&self, job: &FileJob, found: &Found, there: &Facts) -> bool {
        let At { directory, name } = &job.destination;
        let dangling = matches!(found, Found::DanglingLink(_));
        let writable =
            dangling || rustix::fs::accessat(directory, &**name, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
        let options = self.shared.options;
        let forced = options.force || options.remove_destination;
        self.shared.reporter.may_replace(&job.destination_path(), there.mode, writable, forced)
    }

    fn hard_link(&self, job: &FileJob) -> Result<(), Problem> {
        let flags = if job.follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
        let (source, destination) = (&job.source, &job.destination);
        rustix::fs::linkat(
            &source.directory,
            &*source.name,
            &destination.directory,
            &*destination.name,
            flags,
        )
        .map_err(|errno| Problem {
            errno: Some(errno),
            ..Problem::between(What::CannotCreateHardLink, job.destination_path(), job.source_path())
        })
    }

    fn symbolic_link(&self, job: &FileJob) -> Result<(), Problem> {
        let target = job.source_path();
        if !target.starts_with(b"/") && !is_in_working_directory(job) {
            return Err(Problem::of(What::RelativeLink, job.destination_path()));
        }
        let failed = |errno| Problem {
            errno: Some(errno),
            ..Problem::between(What::CannotCreateLinkTo, job.destination_path(), target.clone())
        };
        let At { directory, name } = &job.destination;
        rustix::fs::symlinkat(&*target, directory, &**name).map_err(failed)
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

/// The file that would be replaced: the one a link leads to where the source is read, else the link itself.
fn there<'f>(found: &'f Found, source: &Facts) -> Option<&'f Facts> {
    match found {
        Found::Nothing => None,
        Found::File(file) => Some(file),
        Found::LinkTo { link, .. } if source.kind == FileType::Symlink => Some(link),
        Found::LinkTo { file, .. } => Some(file),
        Found::DanglingLink(link) | Found::ClosedLink { link, .. } => Some(link),
    }
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
