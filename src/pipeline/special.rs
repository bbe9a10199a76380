//! Files that are copied by making them anew: symbolic links, FIFOs, sockets and devices.

use super::chain::At;
use super::job::FileJob;
use super::leaf::Ready;
use super::worker::Worker;
use crate::plan::facts::{Facts, Identity};
use crate::plan::overwrite::{self, Found, Replacement};
use crate::report::message::{Problem, What};
use rustix::fs::{AtFlags, FileType, Mode};
use rustix::io::Errno;

/// Looks at a name without following, and at what it leads to where it is a symbolic link.
///
/// # Errors
/// What stat(2) answered, except that nothing is there.
pub fn look(at: &At) -> Result<Found, Errno> {
    let link = match rustix::fs::statat(&at.directory, &*at.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Facts::of(&stat),
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(errno) => return Err(errno),
    };
    if link.kind != FileType::Symlink {
        return Ok(Found::File(link));
    }
    match rustix::fs::statat(&at.directory, &*at.name, AtFlags::empty()) {
        Ok(stat) => Ok(Found::LinkTo { link, file: Facts::of(&stat) }),
        Err(Errno::NOENT) => Ok(Found::DanglingLink(link)),
        Err(errno) => Ok(Found::ClosedLink { link, errno }),
    }
}

impl Worker<'_, '_> {
    /// Comes to terms with what is there, for a file that is made anew as what it is, and prints the lines of `-v`.
    pub(super) fn make_way_for_special(&self, job: &mut FileJob, facts: &Facts) -> Result<Ready, Problem> {
        let found = match job.found {
            Some(Found::Nothing) | None if facts.kind == FileType::Unknown => {
                return Err(Problem::of(What::UnknownType, job.source_path()));
            }
            Some(found) => found,
            None => look(&job.destination)
                .map_err(|errno| Problem::failed(What::CannotStat, job.destination_path(), errno))?,
        };
        if let (
            Some(made),
            Found::File(there)
            | Found::LinkTo { link: there, .. }
            | Found::DanglingLink(there)
            | Found::ClosedLink { link: there, .. },
        ) = (&job.made, &found)
            && job.is_operand()
            && there.kind != FileType::Directory
            && made.contains(there.identity)
        {
            return Err(Problem::between(What::JustCreated, job.destination_path(), job.source_path()));
        }
        let same_name = job.source_path() == job.destination_path();
        match overwrite::special(facts, leads_to(job, facts), &found, same_name) {
            Replacement::Nothing => return Ok(Ready::Done),
            Replacement::SameFile => {
                return Err(Problem::between(What::SameFile, job.source_path(), job.destination_path()));
            }
            Replacement::IsDirectory => {
                let (source, destination) = (job.source_path(), job.destination_path());
                return Err(Problem::between(What::OverwriteDirectory, destination, source));
            }
            Replacement::Replace => {
                self.remove(job)?;
                self.verbose(job, None);
            }
            Replacement::Make => self.verbose(job, None),
        }
        job.found = Some(Found::Nothing);
        Ok(Ready::Copy)
    }

    /// Refuses to replace what is the source, or what it leads to, before anything is asked or done about it.
    pub(super) fn reject_same_special(
        &self,
        job: &FileJob,
        facts: &Facts,
        found: &Found,
    ) -> Result<(), Problem> {
        let same_name = job.source_path() == job.destination_path();
        match overwrite::special(facts, leads_to(job, facts), found, same_name) {
            Replacement::SameFile => {
                Err(Problem::between(What::SameFile, job.source_path(), job.destination_path()))
            }
            Replacement::Make | Replacement::Replace | Replacement::IsDirectory | Replacement::Nothing => {
                Ok(())
            }
        }
    }

    pub(super) fn remove(&self, job: &FileJob) -> Result<(), Problem> {
        let At { directory, name } = &job.destination;
        match rustix::fs::unlinkat(directory, &**name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(Problem::failed(What::CannotRemove, job.destination_path(), errno)),
        }
        if self.shared.options.verbose {
            self.shared.reporter.removed(&job.destination_path());
        }
        Ok(())
    }

    /// Makes the copy of a file that is no regular file and no directory.
    pub(super) fn make_special(&self, job: &FileJob, facts: &Facts) -> Result<(), Problem> {
        let At { directory, name } = &job.destination;
        let failed = |what: What| move |errno| Problem::failed(what, job.destination_path(), errno);
        let mode = facts.mode & (Mode::RWXU | Mode::RWXG | Mode::RWXO);
        let mode = mode.difference(self.shared.settings.method.withheld);
        match facts.kind {
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(&job.source.directory, &*job.source.name, Vec::new())
                    .map_err(|errno| Problem::failed(What::CannotReadLink, job.source_path(), errno))?;
                rustix::fs::symlinkat(&*target, directory, &**name)
                    .map_err(failed(What::CannotCreateLink))?;
            }
            FileType::Fifo => {
                rustix::fs::mknodat(directory, &**name, FileType::Fifo, mode, 0)
                    .map_err(failed(What::CannotCreateFifo))?;
            }
            // It was listed, or looked at, as something else.
            FileType::RegularFile | FileType::Directory => {
                return Err(Problem::of(What::Replaced, job.source_path()));
            }
            kind => {
                rustix::fs::mknodat(directory, &**name, kind, mode, facts.rdev)
                    .map_err(failed(What::CannotCreateSpecial))?;
            }
        }
        Ok(())
    }
}

/// The file a symbolic link leads to, which must not be replaced by that link.
pub(super) fn leads_to(job: &FileJob, facts: &Facts) -> Option<Identity> {
    if facts.kind != FileType::Symlink || job.found == Some(Found::Nothing) {
        return None;
    }
    let stat = rustix::fs::statat(&job.source.directory, &*job.source.name, AtFlags::empty()).ok()?;
    Some(Facts::of(&stat).identity)
}
