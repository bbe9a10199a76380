//! What cannot be opened is reached by its descriptor's name in /proc. Where that is not mounted (a chroot, a minimal
//! container) newer calls do the same: fchmodat2(2) of Linux 6.6, and those of 6.13 that take attributes of a name in a
//! directory. Where these are not there either, the answer is that of /proc: ENOENT, which is told.

use crate::pipeline::chain::At;
use crate::plan::facts::{FileId, FileStat};
use crate::process;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;
use std::ffi::CStr;

/// The answer of a call by /proc, or that of `another` where /proc is not there.
pub(super) fn or<T>(
    answer: Result<T, Errno>,
    another: impl FnOnce() -> Result<T, Errno>,
) -> Result<T, Errno> {
    match answer {
        Err(Errno::NOENT) => {
            another().map_err(|errno| if errno == Errno::NOSYS { Errno::NOENT } else { errno })
        }
        answer => answer,
    }
}

/// Sets the permissions of what is held.
pub(super) fn set_mode(held: BorrowedFd<'_>, mode: Mode) -> Result<(), Errno> {
    process::change_mode(held, mode)
}

/// Sets an attribute of what is held: by its name, as no call takes such a descriptor. Nothing is followed, and the name
/// must be that of what is held, before and after.
pub(super) fn set_attribute(
    held: BorrowedFd<'_>,
    at: Option<&At>,
    name: &CStr,
    value: &[u8],
) -> Result<(), Errno> {
    // A directory has a name of its own.
    let Some(at) = at else { return process::set_attribute_at(held, c".", name, value) };
    let is = FileStat::of(&rustix::fs::fstat(held)?).identity;
    check(at, is)?;
    process::set_attribute_at(at.directory.as_fd(), &at.name, name, value)?;
    check(at, is)
}

fn check(at: &At, is: FileId) -> Result<(), Errno> {
    let stat = rustix::fs::statat(&at.directory, &*at.name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileStat::of(&stat).identity == is { Ok(()) } else { Err(Errno::STALE) }
}

/// The names of the attributes of a name.
pub(super) fn list(at: &At, into: &mut [u8]) -> Result<usize, Errno> {
    process::attributes_at(at.directory.as_fd(), &at.name, into)
}

/// An attribute of a name.
pub(super) fn value(at: &At, name: &CStr, into: &mut [u8]) -> Result<usize, Errno> {
    process::attribute_at(at.directory.as_fd(), &at.name, name, into)
}
