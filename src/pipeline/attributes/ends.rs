//! The two files that attributes go between: one they are read of, one they are set of, each by a descriptor or by a name in
//! a directory that is held.

use super::{filled, without_proc};
use crate::pipeline::chain::{At, Directory};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::fs::{AtFlags, Gid, Mode, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;
use std::ffi::CString;

/// A file that attributes are read of.
#[derive(Debug, Clone)]
pub(crate) enum Source<'a> {
    /// By its open descriptor.
    Open(BorrowedFd<'a>),
    /// By its name, which is not followed, for what cannot be opened. Its directory stays open as long.
    Named(At),
    /// It cannot be read any more, for this reason.
    Gone(Errno),
}

/// A file that attributes are set of.
#[derive(Clone, Copy)]
pub(crate) enum Copied<'a> {
    /// By its open descriptor.
    Open(BorrowedFd<'a>),
    /// By a descriptor that only holds it (O_PATH), and its name where it is no directory.
    Held(BorrowedFd<'a>, Option<&'a At>),
}

impl Source<'_> {
    pub(super) fn list(&self, into: &mut [u8]) -> Result<usize, Errno> {
        match self {
            Self::Open(fd) => rustix::fs::flistxattr(fd, into),
            Self::Named(at) => {
                let answer = rustix::fs::llistxattr(path_of(at), &mut *into);
                without_proc::or(answer, || without_proc::list(at, into))
            }
            Self::Gone(errno) => Err(*errno),
        }
    }

    pub(super) fn value(&self, name: &CString) -> Result<Vec<u8>, Errno> {
        filled(|into| match self {
            Self::Open(fd) => rustix::fs::fgetxattr(fd, name, into),
            Self::Named(at) => {
                let answer = rustix::fs::lgetxattr(path_of(at), name, &mut *into);
                without_proc::or(answer, || without_proc::value(at, name, into))
            }
            // What is owed and cannot be given is told, and no attribute that went meanwhile.
            Self::Gone(errno) => Err(*errno),
        })
    }
}

/// A path that leads to a name in its held directory, for calls that take no directory.
fn path_of(at: &At) -> Vec<u8> {
    let name = at.name.to_bytes();
    match &at.directory {
        Directory::Open(directory) if !name.starts_with(b"/") => {
            [format!("/proc/self/fd/{}/", directory.as_raw_fd()).as_bytes(), name].concat()
        }
        Directory::Open(_) | Directory::Working => name.to_vec(),
    }
}

impl<'a> Copied<'a> {
    /// A directory, whose descriptor only holds it where it may not be listed.
    #[must_use]
    pub(crate) fn directory(fd: BorrowedFd<'a>, listable: bool) -> Self {
        if listable { Self::Open(fd) } else { Self::Held(fd, None) }
    }

    pub(super) fn descriptor(self) -> BorrowedFd<'a> {
        match self {
            Self::Open(fd) | Self::Held(fd, _) => fd,
        }
    }

    /// A path that leads to the file itself, for calls that take no descriptor of this kind.
    pub(super) fn path(self) -> String {
        format!("/proc/self/fd/{}", self.descriptor().as_raw_fd())
    }

    /// Sets its times.
    ///
    /// # Errors
    /// What futimens(2) answered, or utimensat(2) of a descriptor that only holds it, before Linux 5.8 EINVAL.
    pub(crate) fn set_times(self, times: &Timestamps) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => rustix::fs::futimens(fd, times),
            Self::Held(fd, _) => rustix::fs::utimensat(fd, c"", times, AtFlags::EMPTY_PATH),
        }
    }

    pub(super) fn set_owner(self, user: Option<u32>, group: u32) -> Result<(), Errno> {
        let (user, group) = (user.map(Uid::from_raw), Some(Gid::from_raw(group)));
        match self {
            Self::Open(fd) => rustix::fs::fchown(fd, user, group),
            Self::Held(fd, _) => rustix::fs::chownat(fd, c"", user, group, AtFlags::EMPTY_PATH),
        }
    }

    /// Sets its permissions.
    ///
    /// # Errors
    /// What fchmod(2) answered, or chmod(2) on `/proc/self/fd`.
    pub(crate) fn set_mode(self, mode: Mode) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => rustix::fs::fchmod(fd, mode),
            Self::Held(fd, _) => {
                without_proc::or(rustix::fs::chmod(self.path(), mode), || without_proc::set_mode(fd, mode))
            }
        }
    }

    pub(super) fn set_attribute(self, name: &std::ffi::CStr, value: &[u8]) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => rustix::fs::fsetxattr(fd, name, value, XattrFlags::empty()),
            Self::Held(fd, at) => {
                let answer = rustix::fs::setxattr(self.path(), name, value, XattrFlags::empty());
                without_proc::or(answer, || without_proc::set_attribute(fd, at, name, value))
            }
        }
    }
}
