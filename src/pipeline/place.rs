//! Places under a name: reached through links and held by descriptors, taken by what is new and complete.
//!
//! What is to be there is made under a name of its own beside it first, or under none, and then given the name, so that
//! what is there stays until the new thing is.

use super::chain::{At, Directory};
use crate::plan::facts::{FileId, FileStat};
use crate::plan::{durability, path};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, PROC_SUPER_MAGIC, RenameFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Temporary names that are tried before it is given up.
const ATTEMPTS_MAX: u32 = 64;

/// Symbolic links that are followed on the way to a file: as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// A directory that was named by the user, open for reading. Symbolic links on the way are followed.
///
/// # Errors
/// What openat(2) answered.
pub(crate) fn open_directory(near: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(near, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Where a name leads to: its directory, held open, and the name there of what is no symbolic link, or is not there.
///
/// # Errors
/// What looking answered; EISDIR for a name that can only be a directory's.
pub(crate) fn behind_links(at: &At) -> Result<At, Errno> {
    let mut at = pin_parent(at)?;
    for _ in 0..LINKS_MAX {
        match next_link(&at)? {
            Some(next) => at = next,
            None => return Ok(at),
        }
    }
    Err(Errno::LOOP)
}

/// The same for a file that another process may know by a descriptor rather than by its name: `None` where the way to
/// it leads through /proc.
///
/// # Errors
/// As for [`behind_links`].
pub(crate) fn behind_links_but_proc(at: &At) -> Result<Option<At>, Errno> {
    let mut at = pin_parent(at)?;
    for _ in 0..LINKS_MAX {
        if rustix::fs::fstatfs(&at.directory)?.f_type == PROC_SUPER_MAGIC {
            return Ok(None);
        }
        match next_link(&at)? {
            Some(next) => at = next,
            None => return Ok(Some(at)),
        }
    }
    Err(Errno::LOOP)
}

/// Where a symbolic link leads to; `None` for what is none.
fn next_link(at: &At) -> Result<Option<At>, Errno> {
    match rustix::fs::readlinkat(&at.directory, &*at.name, Vec::new()) {
        Ok(target) => pin_parent(&At { name: Arc::from(target), ..at.clone() }).map(Some),
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The same place with its directory held open, so that nothing that happens to the path leads elsewhere.
///
/// # Errors
/// What openat(2) answered; EISDIR for a name that can only be a directory's.
pub(crate) fn pin_parent(at: &At) -> Result<At, Errno> {
    let name = at.name.to_bytes();
    if name.is_empty() {
        return Err(Errno::NOENT);
    }
    if name.ends_with(b"/") {
        return Err(Errno::ISDIR);
    }
    if matches!(at.directory, Directory::Open(_)) && !name.contains(&b'/') {
        return Ok(at.clone());
    }
    pin_ancestor(at)
}

/// The same for a name that may be a directory's, which keeps the slashes after it.
///
/// # Errors
/// What openat(2) answered.
pub(crate) fn pin_ancestor(at: &At) -> Result<At, Errno> {
    let name = at.name.to_bytes();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(&at.directory, path::parent(name), flags, Mode::empty())?;
    let name = CString::new(&name[path::parent_bytes(name)..]).map_err(|_nul| Errno::INVAL)?;
    Ok(At { directory: Directory::Open(Arc::new(directory)), name: Arc::from(name) })
}

/// Whether names may be made and removed in the directory that a place lies in.
///
/// # Errors
/// Why not, as far as it can be told without trying.
pub(crate) fn may_change(at: &At) -> Result<(), Errno> {
    let parent = CString::new(path::parent(at.name.to_bytes())).map_err(|_nul| Errno::INVAL)?;
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(at.directory.as_fd(), &*parent, wanted, AtFlags::EACCESS)
}

/// Makes sure that a name is that of the file that it is to be.
///
/// # Errors
/// ESTALE where it is another's, or what fstatat(2) answered.
pub(crate) fn check(at: &At, is: Option<FileId>) -> Result<(), Errno> {
    let Some(is) = is else { return Ok(()) };
    let stat = rustix::fs::statat(&at.directory, &*at.name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileStat::of(&stat).identity == is { Ok(()) } else { Err(Errno::STALE) }
}

/// Takes a file's name from it, where the name is its still; answers whether it is gone. Its directory is held first, so
/// that the name that is compared is the one that is taken, and a link is never followed.
///
/// # Errors
/// What looking or unlinkat(2) answered.
pub(crate) fn remove(at: &At, file: FileId) -> Result<bool, Errno> {
    let at = pin_parent(at)?;
    match check(&at, Some(file)) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(true),
        Err(Errno::STALE) => return Ok(false),
        Err(errno) => return Err(errno),
    }
    match rustix::fs::unlinkat(&at.directory, &*at.name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(errno) => Err(errno),
    }
}

/// What marks the temporary names of this run.
#[must_use]
pub(crate) fn token() -> u32 {
    static TOKEN: OnceLock<u32> = OnceLock::new();
    let random = || u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or(0);
    *TOKEN.get_or_init(random)
}

/// A temporary name beside `at` that this run has not used, as far as it remembers.
///
/// # Errors
/// EINVAL for a name that cannot be.
pub(crate) fn beside(at: &At) -> Result<At, Errno> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = at.name.to_bytes();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let last = durability::temporary_name(path::last_component(name), token(), number);
    let beside = path::join(path::parent(name), &last);
    let beside = if name.contains(&b'/') { beside } else { last };
    let name = CString::new(beside).map_err(|_nul| Errno::INVAL)?;
    Ok(At { name: Arc::from(name), ..at.clone() })
}

/// Has `make` make something under a temporary name beside `at`; answers which.
///
/// # Errors
/// What `make` answered.
pub(crate) fn make_beside(at: &At, make: impl Fn(&At) -> Result<(), Errno>) -> Result<At, Errno> {
    for _ in 0..ATTEMPTS_MAX {
        let temporary = beside(at)?;
        match make(&temporary) {
            Ok(()) => return Ok(temporary),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EXIST)
}

/// Has `make` make something under a temporary name beside `at`, and gives it the name of what is there.
///
/// # Errors
/// What `make` or renaming answered.
pub(crate) fn replace(at: &At, make: impl Fn(&CStr) -> Result<(), Errno>) -> Result<(), Errno> {
    let temporary = make_beside(at, |temporary| make(&temporary.name))?;
    take(&temporary, at, true)
}

/// Gives what has a temporary name, beside it, its own: `over` what is there, or else only where there is nothing. Where
/// that fails it is gone.
///
/// # Errors
/// What renaming answered.
pub(crate) fn take(temporary: &At, at: &At, over: bool) -> Result<(), Errno> {
    let renamed = match over {
        true => rustix::fs::renameat(&temporary.directory, &*temporary.name, &at.directory, &*at.name),
        false => rename_new(temporary, at),
    };
    // Between two names of one file renaming does nothing, and both are left.
    match rustix::fs::unlinkat(&temporary.directory, &*temporary.name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => renamed,
        Err(errno) => renamed.and(Err(errno)),
    }
}

/// Renames where nothing is there, and never over what has come meanwhile. Where renameat2(2) is not to be had (before Linux
/// 3.15, NFS, 9p, FUSE whose server does not know it, eCryptfs) the file gets the other name beside its own, which takes no
/// place either, and then loses its own.
///
/// # Errors
/// EEXIST where something is there, or what renaming answered.
pub(crate) fn rename_new(from: &At, to: &At) -> Result<(), Errno> {
    let flags = RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(&from.directory, &*from.name, &to.directory, &*to.name, flags) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        answer => return answer,
    }
    let linked = rustix::fs::linkat(&from.directory, &*from.name, &to.directory, &*to.name, AtFlags::empty());
    match linked {
        Ok(()) => return leave_one_name(from, to),
        Err(Errno::EXIST) => return Err(Errno::EXIST),
        // No hard link either (a directory, FAT by FUSE, another user's file): looking before is the best way left.
        Err(_refused) => {}
    }
    match rustix::fs::statat(&to.directory, &*to.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => rustix::fs::renameat(&from.directory, &*from.name, &to.directory, &*to.name),
        Err(errno) => Err(errno),
    }
}

/// Takes the old one of two names from a file, or where that may not be, the new one.
fn leave_one_name(old: &At, new: &At) -> Result<(), Errno> {
    let errno = match rustix::fs::unlinkat(&old.directory, &*old.name, AtFlags::empty()) {
        // Another process has removed it.
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(errno) => errno,
    };
    // Where this is refused too, the first refusal is told and both names stay.
    match rustix::fs::unlinkat(&new.directory, &*new.name, AtFlags::empty()) {
        Ok(()) | Err(_) => Err(errno),
    }
}

/// Gives a file that has no name (O_TMPFILE) this one: `over` what is there, or else only where there is nothing.
///
/// # Errors
/// What linkat(2) or renameat(2) answered.
pub(crate) fn name(file: BorrowedFd<'_>, at: &At, over: bool) -> Result<(), Errno> {
    if !over {
        return link(file, &at.directory, &at.name);
    }
    replace(at, |temporary| link(file, &at.directory, temporary))
}

/// Gives an open file, or one that is only held (O_PATH), another name: linkat(2) of the very file. Only the privileged may do it by the descriptor itself, before Linux 6.10.
///
/// # Errors
/// What linkat(2) answered.
pub(crate) fn link(file: BorrowedFd<'_>, directory: &Directory, name: &CStr) -> Result<(), Errno> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    match rustix::fs::linkat(CWD, path, directory, name, AtFlags::SYMLINK_FOLLOW) {
        // /proc is not mounted.
        Err(Errno::NOENT) => rustix::fs::linkat(file, c"", directory, name, AtFlags::EMPTY_PATH),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_name_is_taken_from_no_other_file() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("f");
        let name = CString::new(path.as_os_str().as_bytes())?;
        let at = At { directory: Directory::Working, name: Arc::from(name) };
        fs::write(&path, "ours")?;
        let ours = FileStat::of(&rustix::fs::lstat(&path)?).identity;
        fs::rename(&path, directory.path().join("moved"))?;
        fs::write(&path, "another's")?;
        assert_eq!(remove(&at, ours), Ok(false));
        fs::remove_file(&path)?;
        std::os::unix::fs::symlink("moved", &path)?;
        assert_eq!(remove(&at, ours), Ok(false));
        fs::rename(directory.path().join("moved"), &path)?;
        assert_eq!((remove(&at, ours), path.exists()), (Ok(true), false));
        assert_eq!(remove(&at, ours), Ok(true));
        Ok(())
    }

    #[test]
    fn what_cannot_lose_its_old_name_loses_the_new_one() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let at = |name: &str| -> std::io::Result<At> {
            let path = directory.path().join(name);
            let name = Arc::from(CString::new(path.as_os_str().as_bytes())?);
            Ok(At { directory: Directory::Working, name })
        };
        // A directory cannot be unlinked.
        fs::create_dir(directory.path().join("old"))?;
        fs::write(directory.path().join("new"), "")?;
        assert_eq!(leave_one_name(&at("old")?, &at("new")?), Err(Errno::ISDIR));
        assert!(!directory.path().join("new").exists());
        // A file that another process has taken the old name from has only the new one.
        fs::write(directory.path().join("new"), "")?;
        assert_eq!(leave_one_name(&at("gone")?, &at("new")?), Ok(()));
        assert!(directory.path().join("new").exists());
        Ok(())
    }
}
