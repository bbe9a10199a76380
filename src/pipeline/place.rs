//! Putting something new in the place of what is there: made under a name of its own first, then renamed, so that what is
//! there stays until the new thing is.

use super::chain::{At, Directory};
use crate::plan::path;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Temporary names that are tried before it is given up.
const ATTEMPTS_MAX: u64 = 64;

/// Symbolic links that are followed on the way to a file: as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// A directory that was named by the user, open for reading. Symbolic links on the way are followed.
///
/// # Errors
/// What openat(2) answered.
pub fn open_directory(near: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(near, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Where a name leads to: its directory, held open, and the name there of what is no symbolic link, or is not there.
///
/// # Errors
/// What looking answered; EISDIR for a name that can only be a directory's.
pub fn behind_links(at: &At) -> Result<At, Errno> {
    let mut at = held(at)?;
    for _ in 0..LINKS_MAX {
        match rustix::fs::readlinkat(&at.directory, &*at.name, Vec::new()) {
            Ok(target) => at = held(&At { name: Arc::from(target), ..at })?,
            Err(Errno::INVAL | Errno::NOENT) => return Ok(at),
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::LOOP)
}

/// The same place with its directory held open, so that nothing that happens to the path leads elsewhere.
///
/// # Errors
/// What openat(2) answered; EISDIR for a name that can only be a directory's.
pub fn held(at: &At) -> Result<At, Errno> {
    let name = at.name.to_bytes();
    if name.is_empty() {
        return Err(Errno::NOENT);
    }
    if name.ends_with(b"/") {
        return Err(Errno::ISDIR);
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(&at.directory, path::parent(name), flags, Mode::empty())?;
    let name = CString::new(path::last_component(name)).map_err(|_nul| Errno::INVAL)?;
    Ok(At { directory: Directory::Open(Arc::new(directory)), name: Arc::from(name) })
}

/// Has `make` make something under a temporary name beside `at`, and gives it the name of what is there.
///
/// # Errors
/// What `make` or renaming answered.
pub fn replace(at: &At, make: impl Fn(&CStr) -> Result<(), Errno>) -> Result<(), Errno> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let At { directory, name } = at;
    let process = rustix::process::getpid().as_raw_nonzero();
    for _ in 0..ATTEMPTS_MAX {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let last = format!(".ucp-{process}-{number}");
        let beside = path::join(path::parent(name.to_bytes()), last.as_bytes());
        let temporary = CString::new(beside).map_err(|_nul| Errno::INVAL)?;
        match make(&temporary) {
            Ok(()) => {}
            Err(Errno::EXIST) => continue,
            Err(errno) => return Err(errno),
        }
        let renamed = rustix::fs::renameat(directory, &*temporary, directory, &**name);
        // Between two names of one file renaming does nothing, and both are left.
        return match rustix::fs::unlinkat(directory, &*temporary, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => renamed,
            Err(errno) => renamed.and(Err(errno)),
        };
    }
    Err(Errno::EXIST)
}
