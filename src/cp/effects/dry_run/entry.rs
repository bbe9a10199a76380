//! What would become of entries that are no directories, and the errors that the kernel would answer with.

use super::DryRun;
use crate::cli::cp::{CpOptions, Make};
use crate::cp::effects::Effects;
use crate::cp::effects::foreseen::Foreseen;
use crate::cp::entry::links::creation::is_outside_working_directory;
use crate::cp::entry::special;
use crate::cp::job::FileJob;
use crate::pipeline::chain::At;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{self, Existing, OpenPlan};
use crate::plan::replace;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{Access, AtFlags, FileType};
use rustix::io::Errno;

impl DryRun<'_> {
    /// What would be at the destination of an entry.
    pub(super) fn foresee_entry(&self, job: &mut FileJob, facts: &FileStat) -> Result<FileStat, FileError> {
        let (options, foreseen) = (self.options, &self.foreseen);
        if job.unseen {
            // A copy that counts as new is stopped by what is there all the same. What cannot be looked at is free.
            let look = foreseen.look(&job.destination, &job.destination_path(), Some(FileType::Symlink));
            job.found = Some(look.unwrap_or(Existing::Nothing));
        }
        match options.make {
            Make::Copies if replace::is_read(options, facts.kind) => self.simulate_file(job, facts),
            Make::Copies => simulate_special(foreseen, options, job, facts),
            Make::HardLinks => self.simulate_hard_link(job, facts),
            Make::SymbolicLinks => self.simulate_symbolic_link(job, facts),
        }
    }

    /// A file whose data would be copied: the source would be opened, then the destination.
    fn simulate_file(&self, job: &mut FileJob, facts: &FileStat) -> Result<FileStat, FileError> {
        let options = self.options;
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
                .look(&job.destination, &|| job.destination_path(), Some(facts.kind))
                .map_err(|errno| to(MessageKind::CannotStat, errno))?,
        };
        let verdict = overwrite::contents(facts, &found, options.posixly_correct);
        let copy = FileStat { kind: FileType::RegularFile, ..self.foreseen.copy_of(facts) };
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
            OpenPlan::Closed(_) => self.remove_first(job).map(|()| copy),
            OpenPlan::Create if job.destination.name.to_bytes().ends_with(b"/") => {
                Err(to(MessageKind::CannotCreateRegular, Errno::NOTDIR))
            }
            OpenPlan::Create => {
                let created = self.foreseen.may_change(&job.destination);
                created.map(|()| copy).map_err(|errno| to(MessageKind::CannotCreateRegular, errno))
            }
            OpenPlan::Overwrite(there) => match may_write(&self.foreseen, &job.destination, &there) {
                Ok(()) => Ok(FileStat { identity: there.identity, links: there.links, ..copy }),
                Err(_) if options.force => self.remove_first(job).map(|()| copy),
                Err(errno) => Err(to(MessageKind::CannotCreateRegular, errno)),
            },
            // What the link leads to is not looked at.
            OpenPlan::CreateThroughLink | OpenPlan::SameFile | OpenPlan::IsDirectory => Ok(copy),
        }
    }

    fn simulate_hard_link(&self, job: &FileJob, facts: &FileStat) -> Result<FileStat, FileError> {
        let options = self.options;
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
        if other_device && !self.foreseen.is_nowhere(&job.destination.directory) {
            return Err(failed(Errno::XDEV));
        }
        self.foreseen.may_make(&job.destination).map(|()| *facts).map_err(failed)
    }

    fn simulate_symbolic_link(&self, job: &FileJob, facts: &FileStat) -> Result<FileStat, FileError> {
        let target = job.source_path();
        let outside =
            self.foreseen.is_nowhere(&job.destination.directory) || is_outside_working_directory(job);
        if !target.starts_with(b"/") && outside {
            return Err(FileError::of(MessageKind::RelativeLink, job.destination_path()));
        }
        let made = match is_there(job) && !self.options.force {
            true => Err(Errno::EXIST),
            false => self.foreseen.may_make(&job.destination),
        };
        let link = FileStat { kind: FileType::Symlink, ..self.foreseen.copy_of(facts) };
        made.map(|()| link).map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateLinkTo, job.destination_path(), target)
        })
    }

    /// A file that would have to go before its copy is made.
    fn remove_first(&self, job: &FileJob) -> Result<(), FileError> {
        match self.make_way(&job.destination, job.found.as_ref()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => {
                return Err(FileError::failed(MessageKind::CannotRemove, job.destination_path(), errno));
            }
        }
        self.lines.removed(|| job.destination_path());
        Ok(())
    }
}

/// Whether there is something in the place of a copy still.
fn is_there(job: &FileJob) -> bool {
    job.found.is_some_and(|found| found != Existing::Nothing)
}

/// Whether what is there could be opened for writing.
fn may_write(foreseen: &Foreseen, at: &At, there: &FileStat) -> Result<(), Errno> {
    // What is imagined is this run's own.
    if foreseen.is_nowhere(&at.directory) || there.identity.device == u64::MAX {
        return Ok(());
    }
    rustix::fs::accessat(&at.directory, &*at.name, Access::WRITE_OK, AtFlags::EACCESS)
}

/// A file that would be made anew as what it is.
fn simulate_special(
    foreseen: &Foreseen,
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
        false => foreseen.may_make(&job.destination),
    };
    made.map(|()| foreseen.copy_of(facts))
        .map_err(|errno| FileError::failed(what, job.destination_path(), errno))
}
