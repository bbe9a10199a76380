//! The process that a run is in, and what of it the run goes by.
//!
//! A program is alone in its process and may change what it likes. A caller of the library is not: neither its umask, its
//! heap nor its signals are touched, and it is the caller who watches the run and ends it early.

use super::progress::caller::Caller;
use crate::process;
use rustix::fs::Mode;

/// What a run knows of its process.
pub(crate) struct Host<'env> {
    /// What is taken from the permissions of new files.
    pub umask: Mode,
    /// Bytes that may still be taken; `None` where they are not limited.
    pub memory_left: Option<u64>,
    /// The caller of the library, where it watches the run.
    pub caller: Option<&'env dyn Caller>,
}

impl<'env> Host<'env> {
    /// The process of a program that has one thread so far.
    #[must_use]
    pub(crate) fn program() -> Self {
        Self { umask: process::umask(), memory_left: process::memory_left_to_one_heap(), caller: None }
    }

    /// A process with threads that are not ours. Without /proc the umask can only be asked for by setting it.
    #[must_use]
    pub(crate) fn of_caller(caller: Option<&'env dyn Caller>) -> Self {
        Self {
            umask: process::umask_as_shown().unwrap_or_else(process::umask),
            memory_left: process::memory_left(),
            caller,
        }
    }
}
