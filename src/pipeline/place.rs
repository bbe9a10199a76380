//! Putting something new in the place of what is there: made under a name of its own first, then renamed, so that what is
//! there stays until the new thing is.

use super::chain::At;
use crate::plan::path;
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicU64, Ordering};

/// Temporary names that are tried before it is given up.
const ATTEMPTS_MAX: u64 = 64;

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
