//! Where a directory is, before it is open or made.

use crate::pipeline::chain::{At, Directory};
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::Arc;

/// A directory's place on one side, and how it is called there.
pub(crate) struct DirPlace<'a> {
    pub parent: &'a Directory,
    pub name: &'a CStr,
    pub path: Vec<u8>,
}

impl DirPlace<'_> {
    /// The place itself.
    pub(crate) fn at(&self) -> At {
        At { directory: self.parent.clone(), name: Arc::from(self.name) }
    }

    /// What to say of it with the system's reason.
    pub(crate) fn failed(&self, what: MessageKind) -> impl Fn(Errno) -> FileError {
        move |errno| FileError::failed(what, self.path.clone(), errno)
    }
}
