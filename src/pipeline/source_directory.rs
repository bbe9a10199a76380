//! A source directory: opened, and compared with what was looked at; or why it is not open.

use super::tree::{Place, Way};
use super::worker::Worker;
use crate::plan::facts::Facts;
use crate::plan::walk;
use crate::process;
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

/// Why a source directory is not open.
pub(super) enum Unopened {
    /// It is none.
    NoDirectory,
    /// There is this to say of it.
    Failed(Problem),
}

impl Unopened {
    /// What to say of one that was seen to be a directory.
    pub(super) fn problem(self, source: &Place<'_>) -> Problem {
        match self {
            Self::NoDirectory => Problem::of(What::Replaced, source.path.clone()),
            Self::Failed(problem) => problem,
        }
    }
}

impl Worker<'_, '_> {
    /// Opens a source directory. One that cannot be read is made in the copy all the same, as GNU cp does, and why it
    /// cannot is told when it is to be listed.
    pub(super) fn open_source(
        &self,
        source: &Place<'_>,
        way: Way,
    ) -> Result<(Result<OwnedFd, Errno>, Facts), Unopened> {
        let failed = |what| {
            let failed = source.failed(what);
            move |errno| Unopened::Failed(failed(errno))
        };
        let examined = match walk::open_directory(source.parent, source.name, way.through_link) {
            Ok(open) => {
                let stat = rustix::fs::fstat(&open).map_err(failed(What::CannotAccess))?;
                Ok((Ok(open), Facts::of(&stat)))
            }
            Err(Errno::NOENT) => Err(failed(What::CannotStat)(Errno::NOENT)),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(Unopened::NoDirectory),
            Err(reason) => {
                let flags = if way.through_link { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
                let stat =
                    process::look(source.parent, source.name, flags).map_err(failed(What::CannotStat))?;
                match Facts::of(&stat) {
                    facts if facts.kind == FileType::Directory => Ok((Err(reason), facts)),
                    _ => Err(Unopened::NoDirectory),
                }
            }
        };
        match (examined, way.seen) {
            (Ok((_, facts)), Some(seen)) if facts.identity != seen => {
                Err(Unopened::Failed(Problem::of(What::Replaced, source.path.clone())))
            }
            (examined, _) => examined,
        }
    }
}
