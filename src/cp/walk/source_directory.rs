//! A source directory: opened, and compared with what was looked at; or why it is not open.

use super::Walker;
use crate::cp::job::dir_place::DirPlace;
use crate::pipeline::attributes::{self, Source};
use crate::pipeline::chain::At;
use crate::plan::attribute_names::Names;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::listing::{self, Rank};
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

/// How a source directory is reached.
#[derive(Clone, Copy)]
pub(crate) struct DirAccess {
    /// Its name is a symbolic link that is followed.
    pub through_link: bool,
    /// Which directory it must be, where it was looked at before.
    pub seen: Option<FileId>,
    /// Where it stands among the entries of the directory above.
    pub rank: Rank,
}

/// Why a source directory is not open.
pub(crate) enum Unopened {
    /// It is none.
    NoDirectory,
    /// There is this to say of it.
    Failed(FileError),
}

impl Unopened {
    /// What to say of one that was seen to be a directory.
    pub(crate) fn problem(self, source: &DirPlace<'_>) -> FileError {
        match self {
            Self::NoDirectory => FileError::of(MessageKind::Replaced, source.path.clone()),
            Self::Failed(problem) => problem,
        }
    }
}

impl Walker<'_, '_> {
    /// Opens a source directory. One that cannot be read is made in the copy all the same, as GNU cp does, and why it
    /// cannot is told when it is to be listed.
    pub(crate) fn open_source(
        &self,
        source: &DirPlace<'_>,
        way: DirAccess,
    ) -> Result<(Result<OwnedFd, Errno>, FileStat), Unopened> {
        let failed = |what| {
            let failed = source.failed(what);
            move |errno| Unopened::Failed(failed(errno))
        };
        let examined = match listing::open_directory(source.parent, source.name, way.through_link) {
            Ok(open) => {
                let stat = rustix::fs::fstat(&open).map_err(failed(MessageKind::CannotAccess))?;
                Ok((Ok(open), FileStat::of(&stat)))
            }
            Err(Errno::NOENT) => Err(failed(MessageKind::CannotStat)(Errno::NOENT)),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(Unopened::NoDirectory),
            Err(reason) => {
                let flags = if way.through_link { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
                let stat = process::look(source.parent, source.name, flags)
                    .map_err(failed(MessageKind::CannotStat))?;
                match FileStat::of(&stat) {
                    facts if facts.kind == FileType::Directory => Ok((Err(reason), facts)),
                    _ => Err(Unopened::NoDirectory),
                }
            }
        };
        match (examined, way.seen) {
            (Ok((_, facts)), Some(seen)) if facts.identity != seen => {
                Err(Unopened::Failed(FileError::of(MessageKind::Replaced, source.path.clone())))
            }
            (examined, _) => examined,
        }
    }
}

/// The names of the extended attributes of a source directory, open where it may be read, and the symbolic link that has
/// them: GNU cp takes them of the name, so they are the link's, unless it ends in a slash.
pub(crate) fn names_of(
    source: &DirPlace<'_>,
    way: DirAccess,
    open: &Result<OwnedFd, Errno>,
) -> (Names, Option<At>) {
    let look = || rustix::fs::statat(source.parent, source.name, AtFlags::SYMLINK_NOFOLLOW);
    if way.through_link && look().is_ok_and(|stat| FileStat::of(&stat).kind == FileType::Symlink) {
        let link = source.at();
        return (attributes::names(&Source::Named(link.clone())), Some(link));
    }
    let names = match open {
        Ok(open) => attributes::names(&Source::Open(open.as_fd())),
        Err(_) => attributes::names(&Source::Named(source.at())),
    };
    (names, None)
}
