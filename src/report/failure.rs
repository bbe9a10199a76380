//! An error as a value, for callers of the library: which operation on which file, and what the kernel answered.

use super::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// What could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// To look at a file: stat(2).
    Stat,
    /// To open a source, or list a directory.
    Open,
    /// To read a source.
    Read,
    /// To make or open a destination file.
    Create,
    /// To write a destination, or to give it its length.
    Write,
    /// To share a source's blocks, as was asked for.
    Clone,
    /// To close a file; file systems may report here that a write was lost.
    Close,
    /// To make a directory.
    CreateDirectory,
    /// To make a symbolic or hard link.
    CreateLink,
    /// To make a FIFO, socket or device.
    CreateSpecial,
    /// To read a symbolic link.
    ReadLink,
    /// To remove a file that is in the way.
    Remove,
    /// To rename a destination to its backup's name, or back.
    Backup,
    /// To give a copy its permissions or its ACL.
    SetPermissions,
    /// To give a copy its times.
    SetTimes,
    /// To give a copy its owner.
    SetOwner,
    /// To copy extended attributes.
    CopyAttributes,
    /// To make a copy durable: fsync(2).
    Sync,
    /// To verify a copy: it differs from what was read, or its source changed meanwhile.
    Verify,
    /// To replace what is at the destination: options or its type forbid it.
    Replace,
    /// To copy this source: a directory without [`recursive`](crate::Copy::recursive), a directory into itself, a file onto
    /// itself, a source given twice.
    CopySource,
    /// To finish a file that was being overwritten when the run was cancelled.
    Finish,
    /// To use the rules of a .gitignore file.
    ReadRules,
    /// To run at all: options contradict one another, there is no io_uring, no thread.
    Run,
}

/// Something that went wrong, or a warning. [`Display`](fmt::Display) gives GNU cp's words, in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    operation: Operation,
    path: Option<PathBuf>,
    other: Option<PathBuf>,
    errno: Option<i32>,
    message: String,
}

impl Failure {
    /// A failure that is about no file.
    pub(crate) fn new(operation: Operation, errno: Option<Errno>, message: &[u8]) -> Self {
        let message = String::from_utf8_lossy(message).into_owned();
        Self { operation, path: None, other: None, errno: errno.map(Errno::raw_os_error), message }
    }

    /// A problem with a file, of which `message` tells.
    pub(super) fn of_file(problem: FileError, message: &[u8]) -> Self {
        let path = |bytes| PathBuf::from(OsString::from_vec(bytes));
        Self {
            path: Some(path(problem.path)),
            other: problem.other.map(path),
            ..Self::new(operation(problem.what), problem.errno, message)
        }
    }

    /// What could not be done.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The file that it was to be done with; none where the run as a whole has failed.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The second file, where two are concerned: a source beside a destination, or the name of an extended attribute.
    #[must_use]
    pub fn other_path(&self) -> Option<&Path> {
        self.other.as_deref()
    }

    /// The kernel's error number. None where the refusal was this library's own.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        self.errno
    }

    /// The same as the standard library has it.
    #[must_use]
    pub fn io_error(&self) -> Option<std::io::Error> {
        self.errno.map(std::io::Error::from_raw_os_error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Which operation a message is about.
fn operation(what: MessageKind) -> Operation {
    use MessageKind as Kind;
    match what {
        Kind::CannotStat | Kind::CannotExamine | Kind::GettingAttributes => Operation::Stat,
        Kind::CannotOpen | Kind::CannotAccess => Operation::Open,
        Kind::Reading | Kind::CannotSeek => Operation::Read,
        Kind::CannotCreateRegular | Kind::DanglingLink => Operation::Create,
        Kind::Writing | Kind::Copying | Kind::Truncating | Kind::Cutting => Operation::Write,
        Kind::CannotClone => Operation::Clone,
        Kind::Closing => Operation::Close,
        Kind::CannotCreateDirectory | Kind::CannotMakeDirectory => Operation::CreateDirectory,
        Kind::CannotCreateLink
        | Kind::CannotCreateHardLink
        | Kind::CannotCreateLinkTo
        | Kind::RelativeLink
        | Kind::HardLinkDirectory => Operation::CreateLink,
        Kind::CannotCreateFifo | Kind::CannotCreateSpecial => Operation::CreateSpecial,
        Kind::CannotReadLink => Operation::ReadLink,
        Kind::CannotRemove => Operation::Remove,
        Kind::CannotBackUp | Kind::CannotUndoBackUp | Kind::BackupDestroys => Operation::Backup,
        Kind::SettingPermissions
        | Kind::LendingPermissions
        | Kind::PreservingPermissions
        | Kind::RestoringPermissions
        | Kind::ClearingPermissions => Operation::SetPermissions,
        Kind::PreservingTimes => Operation::SetTimes,
        Kind::PreservingOwnership | Kind::PreservingLinkOwnership => Operation::SetOwner,
        Kind::ListingAttributes
        | Kind::GettingAttribute
        | Kind::SettingAttribute
        | Kind::SettingAttributes => Operation::CopyAttributes,
        Kind::Syncing | Kind::OpeningToSync => Operation::Sync,
        Kind::Differs { .. } | Kind::CannotHash => Operation::Verify,
        Kind::NotADirectory
        | Kind::OverwriteDirectory
        | Kind::OverwriteNonDirectory
        | Kind::JustCreated
        | Kind::JustCreatedLink
        | Kind::NotReplacing
        | Kind::Target
        | Kind::TargetDirectory => Operation::Replace,
        Kind::OmittingDirectory
        | Kind::Replaced
        | Kind::SameFile
        | Kind::OutputMeets(..)
        | Kind::IntoItself
        | Kind::CyclicLink
        | Kind::TwiceFile
        | Kind::TwiceDirectory
        | Kind::UnknownType => Operation::CopySource,
        Kind::Incomplete | Kind::LeftOver => Operation::Finish,
        Kind::NotUsingRules => Operation::ReadRules,
    }
}
