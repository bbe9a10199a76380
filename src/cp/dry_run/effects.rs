//! What stands in for every change in a dry run: the lines of `-v`, and the errors that can be foreseen without trying.
//!
//! Sources are looked at, listed and asked about as always; nothing is opened to be read or written but directories.

use super::state::DryRun;
use crate::cli::cp::{CpOptions, Follow, Make};
use crate::cp::entry::created::directory_of;
use crate::cp::entry::directory::OpenedCopy;
use crate::cp::entry::links::creation::is_outside_working_directory;
use crate::cp::entry::special;
use crate::cp::job::FileJob;
use crate::cp::job::dir_handle::DirHandle;
use crate::cp::job::dir_job::DirJob;
use crate::cp::walk::Walker;
use crate::cp::walk::source_directory::DirPlace;
use crate::pipeline::chain::At;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::filter;
use crate::plan::listing;
use crate::plan::overwrite::{self, Existing, OpenPlan};
use crate::plan::path;
use crate::plan::replace::{self, DirectoryAction};
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{Access, AtFlags, FileType};
use rustix::io::Errno;

impl Walker<'_, '_> {
    /// Looks at the destination of a copy, called `shown`; in a dry run, at what would be there by now.
    pub(crate) fn look(
        &self,
        at: &At,
        shown: impl FnOnce() -> Vec<u8>,
        source: Option<FileType>,
    ) -> Result<Existing, Errno> {
        let found = match &self.shared.dry_run {
            None => special::look(at, source),
            Some(imagined) => imagined.look(at, &shown(), source),
        };
        match found {
            Err(Errno::LOOP)
                if source.is_some_and(|kind| replace::forces_closed(self.shared.options, kind)) =>
            {
                let link = FileStat { kind: FileType::Symlink, ..FileStat::unknown() };
                Ok(Existing::ClosedLink { link, errno: Errno::LOOP })
            }
            found => found,
        }
    }

    /// Does with a leaf what [`Self::copy_leaf`] would, but for its effect.
    pub(crate) fn simulate_entry(&mut self, imagined: &DryRun, mut job: FileJob, facts: &FileStat) {
        if job.unseen {
            // A copy that counts as new is stopped by what is there all the same. What cannot be looked at is free.
            let look = imagined.look(&job.destination, &job.destination_path(), Some(FileType::Symlink));
            job.found = Some(look.unwrap_or(Existing::Nothing));
        }
        let made = match self.shared.options.make {
            Make::Copies if replace::is_read(self.shared.options, facts.kind) => {
                self.simulate_file(imagined, &mut job, facts)
            }
            Make::Copies => simulate_special(imagined, self.shared.options, &job, facts),
            Make::HardLinks => self.simulate_hard_link(imagined, &job, facts),
            Make::SymbolicLinks => self.simulate_symbolic_link(imagined, &job, facts),
        };
        match made {
            Ok(made) => {
                let found = job.found;
                job.note(made.identity, found.as_ref());
                imagined.remember(&job.destination_path(), made);
                let options = self.shared.options;
                if replace::is_counted(options, facts.kind) {
                    let data = options.make == Make::Copies && !options.attributes_only;
                    self.books.meter.simulated(if data { facts.size } else { 0 });
                }
            }
            Err(problem) => {
                self.shared.reporter.problem(&problem);
                job.failed = true;
            }
        }
        self.leaf_done(&job);
    }

    /// A file whose data would be copied: the source would be opened, then the destination.
    fn simulate_file(
        &self,
        imagined: &DryRun,
        job: &mut FileJob,
        facts: &FileStat,
    ) -> Result<FileStat, FileError> {
        let options = self.shared.options;
        let to = |what, errno| FileError::failed(what, job.destination_path(), errno);
        match job.found {
            Some(Existing::DanglingLink(_)) if job.unseen && !options.posixly_correct => {
                return Err(FileError::of(MessageKind::DanglingLink, job.destination_path()));
            }
            Some(Existing::File(_)) if job.unseen => {
                return Err(to(MessageKind::CannotCreateRegular, Errno::EXIST));
            }
            Some(_) | None => {}
        }
        let found = match job.found {
            Some(found) => found,
            None => self
                .look(&job.destination, || job.destination_path(), Some(facts.kind))
                .map_err(|errno| to(MessageKind::CannotStat, errno))?,
        };
        let verdict = overwrite::contents(facts, &found, options.posixly_correct);
        let copy = FileStat { kind: FileType::RegularFile, ..imagined.copy_of(facts) };
        match verdict {
            OpenPlan::SameFile => {
                let paths = (job.source_path(), job.destination_path());
                return Err(FileError::between(MessageKind::SameFile, paths.0, paths.1));
            }
            OpenPlan::IsDirectory => {
                let paths = (job.destination_path(), job.source_path());
                return Err(FileError::between(MessageKind::OverwriteDirectory, paths.0, paths.1));
            }
            OpenPlan::Create | OpenPlan::CreateThroughLink | OpenPlan::Overwrite(_) => {}
            OpenPlan::Dangling | OpenPlan::Closed(_) => {}
        }
        if let Some(problem) = job.just_created(&found, options.posixly_correct) {
            return Err(problem);
        }
        let At { directory, name } = &job.source;
        match (verdict, rustix::fs::accessat(directory, &**name, Access::READ_OK, AtFlags::EACCESS)) {
            (OpenPlan::Closed(_), _) | (_, Ok(())) => {}
            (_, Err(errno)) => {
                return Err(FileError::failed(MessageKind::CannotOpen, job.source_path(), errno));
            }
        }
        match verdict {
            OpenPlan::Dangling => Err(FileError::of(MessageKind::DanglingLink, job.destination_path())),
            OpenPlan::Closed(errno) if errno != Errno::LOOP || !options.force => {
                Err(to(MessageKind::CannotStat, errno))
            }
            OpenPlan::Closed(_) => self.remove(job).map(|()| copy),
            OpenPlan::Create if job.destination.name.to_bytes().ends_with(b"/") => {
                Err(to(MessageKind::CannotCreateRegular, Errno::NOTDIR))
            }
            OpenPlan::Create => {
                let created = imagined.may_change(&job.destination);
                created.map(|()| copy).map_err(|errno| to(MessageKind::CannotCreateRegular, errno))
            }
            OpenPlan::Overwrite(there) => match may_write(imagined, &job.destination, &there) {
                Ok(()) => Ok(FileStat { identity: there.identity, links: there.links, ..copy }),
                Err(_) if options.force => self.remove(job).map(|()| copy),
                Err(errno) => Err(to(MessageKind::CannotCreateRegular, errno)),
            },
            // What the link leads to is not looked at.
            OpenPlan::CreateThroughLink | OpenPlan::SameFile | OpenPlan::IsDirectory => Ok(copy),
        }
    }

    fn simulate_hard_link(
        &self,
        imagined: &DryRun,
        job: &FileJob,
        facts: &FileStat,
    ) -> Result<FileStat, FileError> {
        let options = self.shared.options;
        let failed = |errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateHardLink, job.destination_path(), job.source_path())
        };
        let other_device = job.destination_device.is_some_and(|device| device != facts.identity.device);
        if matches!(job.found, Some(Existing::File(there)) if there.identity == facts.identity) {
            return Ok(*facts);
        }
        if is_there(job) && !options.force && !options.ask {
            return Err(failed(Errno::EXIST));
        }
        if other_device && !imagined.is_nowhere(&job.destination.directory) {
            return Err(failed(Errno::XDEV));
        }
        imagined.may_make(&job.destination).map(|()| *facts).map_err(failed)
    }

    fn simulate_symbolic_link(
        &self,
        imagined: &DryRun,
        job: &FileJob,
        facts: &FileStat,
    ) -> Result<FileStat, FileError> {
        let target = job.source_path();
        let outside = imagined.is_nowhere(&job.destination.directory) || is_outside_working_directory(job);
        if !target.starts_with(b"/") && outside {
            return Err(FileError::of(MessageKind::RelativeLink, job.destination_path()));
        }
        let made = match is_there(job) && !self.shared.options.force {
            true => Err(Errno::EXIST),
            false => imagined.may_make(&job.destination),
        };
        let link = FileStat { kind: FileType::Symlink, ..imagined.copy_of(facts) };
        made.map(|()| link).map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateLinkTo, job.destination_path(), target)
        })
    }

    /// Another name of the copy `first`, in place of what is there.
    pub(crate) fn simulate_link(
        &self,
        imagined: &DryRun,
        job: &FileJob,
        first: (FileId, Vec<u8>),
    ) -> Result<(), FileError> {
        // A link takes the place of another file, by rename(2), never of a directory.
        let directory = matches!(job.found, Some(Existing::File(there)) if there.kind == FileType::Directory);
        let possible = if directory { Err(Errno::ISDIR) } else { imagined.may_change(&job.destination) };
        possible.map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateHardLink, job.destination_path(), first.1)
        })?;
        match job.found {
            None | Some(Existing::Nothing) => {}
            Some(found) => {
                imagined.unlink(&found);
                self.shared.reporter.removed(&job.destination_path());
            }
        }
        let file = imagined.copy_of(&job.seen.unwrap_or(FileStat::unknown()));
        imagined.link(&job.destination_path(), &FileStat { identity: first.0, ..file });
        Ok(())
    }

    /// The copy of a directory: what is there, or what would be made.
    pub(crate) fn simulate_directory(
        &self,
        imagined: &DryRun,
        source: &DirPlace<'_>,
        destination: &DirPlace<'_>,
        (facts, fate): (&FileStat, DirectoryAction),
    ) -> Result<OpenedCopy, FileError> {
        let failed = |what| destination.failed(what);
        let nowhere = || imagined.placeholder_fd().map_err(failed(MessageKind::CannotCreateDirectory));
        let held = match fate {
            DirectoryAction::Fill
            | DirectoryAction::FillThroughLink
            | DirectoryAction::SameFile
            | DirectoryAction::Done => match imagined.at(&destination.path) {
                Some(there) => DirHandle::simulated(nowhere()?, there.identity),
                None if imagined.is_nowhere(destination.parent) => {
                    DirHandle::simulated(nowhere()?, imagined.copy_of(facts).identity)
                }
                None => {
                    let through_link = fate == DirectoryAction::FillThroughLink;
                    let (open, listable) =
                        listing::open_to_fill(destination.parent, destination.name, through_link)
                            .map_err(failed(MessageKind::CannotAccess))?;
                    let stat = rustix::fs::fstat(&open).map_err(failed(MessageKind::CannotStat))?;
                    DirHandle::open(open, FileStat::of(&stat).identity, through_link).listable(listable)
                }
            },
            DirectoryAction::Make | DirectoryAction::InTheWay => {
                // What was looked at is in the way only where it counted as nothing.
                let options = self.shared.options;
                let is_new =
                    self.shared.parents.count_as_new() || replace::fills_through_links(options, facts);
                if fate == DirectoryAction::Make
                    && is_new
                    && imagined.look(&destination.at(), &destination.path, Some(FileType::Symlink))
                        != Ok(Existing::Nothing)
                {
                    return Err(failed(MessageKind::CannotCreateDirectory)(Errno::EXIST));
                }
                imagined.may_change(&destination.at()).map_err(failed(MessageKind::CannotCreateDirectory))?;
                self.shared.reporter.copied(&source.path, &destination.path, None);
                let copy = imagined.copy_of(facts);
                imagined.remember(&destination.path, copy);
                DirHandle::simulated(nowhere()?, copy.identity)
            }
        };
        let fresh = matches!(fate, DirectoryAction::Make | DirectoryAction::InTheWay);
        Ok(OpenedCopy { held, created: fresh, belongs_to: None, deferred_attributes: None })
    }

    /// Tells of a source that would be copied into itself: the copy of its operand would be met in this directory.
    pub(crate) fn predict_recursion(&self, branch: &DirJob) {
        let choosing = &self.shared.options.extensions.choosing;
        let made = branch.ancestors().last().is_some_and(|root| root.created);
        let by_link = self.shared.options.follow == Follow::Always && branch.source.is_through_link();
        if self.shared.dry_run.is_none() || !made || by_link {
            return;
        }
        let origin = &branch.origin;
        if directory_of(&origin.destination) != Some(branch.source.identity()) {
            return;
        }
        let mut path = branch.path_below_operand();
        let name = path.len();
        path.extend_from_slice(path::last_component(origin.destination.name.to_bytes()));
        let (patterns, rules) = (choosing.patterns.as_ref(), branch.rules.as_deref());
        if !filter::is_left_out((&path, name), true, patterns, rules, &mut Vec::new()) {
            let paths = (origin.source_path.clone(), origin.destination_path.clone());
            self.shared.reporter.problem(&FileError::between(MessageKind::IntoItself, paths.0, paths.1));
        }
    }
}

/// Whether there is something in the place of a copy still.
fn is_there(job: &FileJob) -> bool {
    job.found.is_some_and(|found| found != Existing::Nothing)
}

/// Whether what is there could be opened for writing.
fn may_write(imagined: &DryRun, at: &At, there: &FileStat) -> Result<(), Errno> {
    // What is imagined is this run's own.
    if imagined.is_nowhere(&at.directory) || there.identity.device == u64::MAX {
        return Ok(());
    }
    rustix::fs::accessat(&at.directory, &*at.name, Access::WRITE_OK, AtFlags::EACCESS)
}

/// A file that would be made anew as what it is.
fn simulate_special(
    imagined: &DryRun,
    options: &CpOptions,
    job: &FileJob,
    facts: &FileStat,
) -> Result<FileStat, FileError> {
    let what = match facts.kind {
        FileType::Symlink => MessageKind::CannotCreateLink,
        FileType::Fifo => MessageKind::CannotCreateFifo,
        _ => MessageKind::CannotCreateSpecial,
    };
    let link = facts.kind == FileType::Symlink;
    if link
        && let Some(there) = job.found.as_ref().and_then(Existing::own)
        && special::is_the_copy(options, job)
    {
        return Ok(*there);
    }
    let forced = options.force && link;
    let made = match is_there(job) && !forced {
        true => Err(Errno::EXIST),
        false => imagined.may_make(&job.destination),
    };
    made.map(|()| imagined.copy_of(facts))
        .map_err(|errno| FileError::failed(what, job.destination_path(), errno))
}
