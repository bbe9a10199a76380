//! The first copy of a file of several names: found again, and linked to others.

use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace};
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::{destination, linking, path};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::Arc;

/// The first copy of a file. Many are remembered at a time, so it is small.
#[derive(Clone)]
pub(crate) struct First {
    place: FirstPlace,
    /// The file that it is.
    pub made: FileId,
}

/// A first copy, or what it leads to, by a descriptor that only stands for its place.
struct HeldFirst {
    descriptor: OwnedFd,
    is_copy: bool,
}

/// How the directory of a copy is.
const ABOVE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How a copy is held.
const HELD: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Where a first copy is.
#[derive(Clone)]
enum FirstPlace {
    /// An operand's, with its path as it is shown.
    Operand(Arc<(At, Arc<[u8]>)>),
    /// In the copy of a directory.
    Entry(Arc<DirJob>, Arc<CStr>),
}

impl First {
    /// The copy of a job, which is the file `made`.
    pub(super) fn of(job: &FileJob, made: FileId) -> Self {
        let place = match &job.names {
            JobPlace::Operand { destination, .. } => {
                FirstPlace::Operand(Arc::new((job.destination.clone(), Arc::clone(destination))))
            }
            JobPlace::Entry(branch) => {
                FirstPlace::Entry(Arc::clone(branch), Arc::clone(&job.destination.name))
            }
        };
        Self { place, made }
    }

    /// Its path for messages.
    pub(crate) fn path(&self) -> Vec<u8> {
        match &self.place {
            FirstPlace::Operand(operand) => operand.1.to_vec(),
            FirstPlace::Entry(branch, name) => branch.destination_path(name),
        }
    }

    /// Does something with the directory and the name of the copy.
    fn with_place<T>(&self, act: impl Fn(BorrowedFd<'_>, &CStr) -> Result<T, Errno>) -> Result<T, Errno> {
        match &self.place {
            FirstPlace::Operand(operand) => act(operand.0.directory.as_fd(), &operand.0.name),
            FirstPlace::Entry(branch, own) => branch.with_destination(|from| act(from, own)),
        }
    }

    /// What the copy leads to, where it is the symbolic link still that was made.
    fn leads_to(&self) -> Result<FileId, Errno> {
        self.with_place(|from, own| {
            let look = |flags| rustix::fs::statat(from, own, flags).map(|stat| FileStat::of(&stat).identity);
            if look(AtFlags::SYMLINK_NOFOLLOW)? == self.made {
                look(AtFlags::empty())
            } else {
                Err(Errno::STALE)
            }
        })
    }

    /// Holds the copy of `source`, or what that leads to where links are to `follow`. Its inode may have been invented
    /// and forgotten since it was made: then it must at least be such a file.
    fn hold(&self, source: &FileStat, follow: bool) -> Result<HeldFirst, Errno> {
        self.with_place(|from, own| {
            let descriptor = rustix::fs::openat(from, own, HELD, Mode::empty())?;
            let now = FileStat::of(&rustix::fs::fstat(&descriptor)?);
            if now.identity != self.made && !linking::may_be_copy(source, &now) {
                return Err(Errno::STALE);
            }
            if !follow || now.kind != FileType::Symlink {
                return Ok(HeldFirst { descriptor, is_copy: true });
            }
            let through = HELD.difference(OFlags::NOFOLLOW);
            let descriptor = rustix::fs::openat(from, own, through, Mode::empty())?;
            Ok(HeldFirst { descriptor, is_copy: false })
        })
    }

    /// Makes `name` in `directory` another name of the copy, by its descriptor. Answers which file the copy is then: one
    /// of a lower layer shows another inode when it has been linked.
    pub(super) fn link_held(
        &self,
        source: &FileStat,
        directory: &Directory,
        name: &CStr,
        follow: bool,
    ) -> Result<FileId, Errno> {
        let held = self.hold(source, follow)?;
        place::link(held.descriptor.as_fd(), directory, name)?;
        if !held.is_copy {
            return Ok(self.made);
        }
        match rustix::fs::fstat(&held.descriptor) {
            Ok(stat) => Ok(FileStat::of(&stat).identity),
            // Nothing is to be left of what is told as a failure.
            Err(errno) => Err(unlinked(directory.as_fd(), name, errno)),
        }
    }

    /// Makes `name` in `directory` another name of the copy, or of what that leads to where links are to `follow`.
    pub(super) fn link_to(&self, directory: impl AsFd, name: &CStr, follow: bool) -> Result<(), Errno> {
        let directory = directory.as_fd();
        let flags = if follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
        self.with_place(|from, own| rustix::fs::linkat(from, own, directory, name, flags))?;
        let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_it = |linked| linked == self.made || (follow && self.leads_to() == Ok(linked));
        match stat.map(|stat| FileStat::of(&stat)) {
            Ok(linked) if is_it(linked.identity) => Ok(()),
            // It has no other name, so it is not what was linked: it has taken that one's place since.
            Ok(linked) if linked.links <= 1 => Err(Errno::STALE),
            // Another file had the copy's name by then.
            Ok(_) => Err(unlinked(directory, name, Errno::STALE)),
            Err(errno) => Err(unlinked(directory, name, errno)),
        }
    }

    /// Whether its file system numbers files, so that it is known by its inode under every name.
    pub(super) fn is_numbered(&self) -> Result<bool, Errno> {
        // Of the directory: some file systems would look behind a link for that.
        let above = self.with_place(|from, own| {
            rustix::fs::openat(from, path::parent(own.to_bytes()), ABOVE, Mode::empty())
        })?;
        Ok(rustix::fs::fstatfs(&above).is_ok_and(|it| destination::numbers_files(it.f_type)))
    }
}

/// Takes a name back that was just given, for this reason. Where that fails the failure is told all the same.
fn unlinked(directory: BorrowedFd<'_>, name: &CStr, reason: Errno) -> Errno {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(_) => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn identity(path: &std::path::Path) -> FileId {
        FileStat::of(&rustix::fs::lstat(path).expect("stat")).identity
    }

    /// What the linking of names by descriptor promises, whatever inodes are worth.
    #[test]
    fn a_file_that_has_taken_the_name_of_the_copy_is_not_linked() {
        let sandbox = tempfile::tempdir().expect("temporary directory");
        let path = |name: &str| sandbox.path().join(name);
        let open = rustix::fs::open(sandbox.path(), ABOVE, Mode::empty()).expect("open");
        let directory = Directory::Open(Arc::new(open));
        fs::write(path("copy"), "contents").expect("copy");
        fs::write(path("secret"), "secret of another length").expect("secret");
        let source = FileStat::of(&rustix::fs::lstat(path("copy")).expect("stat"));
        let at = At { directory: directory.clone(), name: Arc::from(c"copy") };
        let place = FirstPlace::Operand(Arc::new((at, Arc::from(&b"copy"[..]))));
        let first = First { place, made: source.identity };
        let link = |first: &First, name: &CStr| first.link_held(&source, &directory, name, false);

        assert_eq!(link(&first, c"other"), Ok(source.identity));
        assert_eq!(identity(&path("other")), source.identity);
        // An inode that was forgotten, as FUSE does: the file is what the copy must be.
        let forgotten = FileId { inode: source.identity.inode + 1, ..source.identity };
        let renumbered = First { made: forgotten, ..first.clone() };
        assert_eq!(link(&renumbered, c"another"), Ok(source.identity));

        fs::rename(path("secret"), path("copy")).expect("exchange");
        assert_eq!(link(&first, c"stolen"), Err(Errno::STALE));
        fs::remove_file(path("copy")).expect("remove");
        std::os::unix::fs::symlink("other", path("copy")).expect("link");
        assert_eq!(link(&first, c"stolen"), Err(Errno::STALE));
        assert!(fs::symlink_metadata(path("stolen")).is_err());
    }
}
