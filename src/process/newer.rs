//! Calls that the C libraries have no functions for yet.

use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::fs::Mode;
use rustix::io::Errno;
use std::ffi::CStr;

/// The numbers of calls that the C libraries have no functions for; they are the same wherever this is built for but x32.
mod numbers {
    pub(super) const FCHMODAT2: libc::c_long = 452;
    pub(super) const SETXATTRAT: libc::c_long = 463;
    pub(super) const GETXATTRAT: libc::c_long = 464;
    pub(super) const LISTXATTRAT: libc::c_long = 465;
}

/// `struct xattr_args` of setxattrat(2) and getxattrat(2).
#[repr(C)]
struct AttributeValue {
    address: u64,
    bytes: u32,
    flags: u32,
}

/// fchmodat2(2) of what a descriptor refers to, which may only stand for its place (Linux 6.6).
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub(crate) fn change_mode(held: BorrowedFd<'_>, mode: Mode) -> Result<(), Errno> {
    let (fd, mode) = (held.as_raw_fd(), libc::c_ulong::from(mode.bits()));
    // SAFETY: takes numbers and a constant string, and the descriptor is open as long as it is borrowed.
    let answer = unsafe {
        libc::syscall(numbers::FCHMODAT2, fd, c"".as_ptr(), mode, libc::c_long::from(libc::AT_EMPTY_PATH))
    };
    answered(answer).map(|_none| ())
}

/// setxattrat(2) of a name in a directory, which is not followed (Linux 6.13).
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub(crate) fn set_attribute_at(
    directory: BorrowedFd<'_>,
    path: &CStr,
    name: &CStr,
    value: &[u8],
) -> Result<(), Errno> {
    let bytes = u32::try_from(value.len()).map_err(|_large| Errno::TOOBIG)?;
    let value = AttributeValue { address: address_of(value.as_ptr())?, bytes, flags: 0 };
    // SAFETY: the kernel reads two terminated strings and `value`, of the size that is told, and the bytes that it tells of;
    // all of them are borrowed until it has answered.
    let answer = unsafe {
        libc::syscall(
            numbers::SETXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            name.as_ptr(),
            &raw const value,
            size_of::<AttributeValue>(),
        )
    };
    answered(answer).map(|_none| ())
}

/// getxattrat(2) of a name in a directory, which is not followed (Linux 6.13): how long the value is.
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub(crate) fn attribute_at(
    directory: BorrowedFd<'_>,
    path: &CStr,
    name: &CStr,
    into: &mut [u8],
) -> Result<usize, Errno> {
    let bytes = u32::try_from(into.len()).unwrap_or(u32::MAX);
    let value = AttributeValue { address: address_of(into.as_mut_ptr())?, bytes, flags: 0 };
    // SAFETY: the kernel reads two terminated strings and `value`, of the size that is told, and writes no more bytes than it
    // says that there is room for; all of them are borrowed until it has answered.
    let answer = unsafe {
        libc::syscall(
            numbers::GETXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            name.as_ptr(),
            &raw const value,
            size_of::<AttributeValue>(),
        )
    };
    answered(answer)
}

/// listxattrat(2) of a name in a directory, which is not followed (Linux 6.13): how long the list is.
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub(crate) fn attributes_at(directory: BorrowedFd<'_>, path: &CStr, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads a terminated string and writes no more bytes than there is room for; both are borrowed until
    // it has answered.
    let answer = unsafe {
        libc::syscall(
            numbers::LISTXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            into.as_mut_ptr(),
            into.len(),
        )
    };
    answered(answer)
}

fn address_of<T>(bytes: *const T) -> Result<u64, Errno> {
    u64::try_from(bytes.expose_provenance()).map_err(|_wide| Errno::FAULT)
}

fn answered(answer: libc::c_long) -> Result<usize, Errno> {
    let failed = || Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO);
    usize::try_from(answer).map_err(|_negative| failed())
}
