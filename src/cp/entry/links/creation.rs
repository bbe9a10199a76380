//! Links that stand for copies: `-l` and `-s`.

use crate::cp::effects::on_disk::OnDisk;
use crate::cp::entry::created::directory_of;
use crate::cp::job::FileJob;
use crate::pipeline::chain::At;
use crate::pipeline::place;
use crate::plan::facts::FileStat;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;
use std::ffi::CStr;

impl OnDisk<'_> {
    pub(crate) fn hard_link(&self, job: &FileJob, facts: &FileStat) -> Result<(), FileError> {
        let options = self.options;
        let flags = if job.follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
        let At { directory, name } = &job.destination;
        let link = |name: &CStr| {
            rustix::fs::linkat(&job.source.directory, &*job.source.name, directory, name, flags)
        };
        let is_it = || {
            let there = rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW);
            !job.unseen && there.is_ok_and(|stat| FileStat::of(&stat).identity == facts.identity)
        };
        let linked = match link(name) {
            Err(Errno::EXIST) if is_it() => Ok(()),
            Err(Errno::EXIST) if (options.force || options.ask || job.over) && job.may_link_over(options) => {
                place::replace(&job.destination, link)
            }
            answer => answer,
        };
        linked.map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateHardLink, job.destination_path(), job.source_path())
        })
    }

    pub(crate) fn symbolic_link(&self, job: &FileJob) -> Result<(), FileError> {
        let target = job.source_path();
        if !target.starts_with(b"/") && is_outside_working_directory(job) {
            return Err(FileError::of(MessageKind::RelativeLink, job.destination_path()));
        }
        let options = self.options;
        let At { directory, name } = &job.destination;
        let link = |name: &CStr| rustix::fs::symlinkat(&*target, directory, name);
        let linked = match link(name) {
            Err(Errno::EXIST) if (options.force || job.over) && job.may_link_over(options) => {
                place::replace(&job.destination, link)
            }
            answer => answer,
        };
        linked.map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateLinkTo, job.destination_path(), target.clone())
        })
    }
}

/// Whether a relative link at the destination would lead elsewhere. Where there is no such directory, making the link
/// will tell.
pub(crate) fn is_outside_working_directory(job: &FileJob) -> bool {
    let working =
        rustix::fs::statat(CWD, c".", AtFlags::empty()).ok().map(|stat| FileStat::of(&stat).identity);
    directory_of(&job.destination).is_some_and(|directory| Some(directory) != working)
}
