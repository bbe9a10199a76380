//! What is said of attributes that could not be kept.

use crate::pipeline::chain::End;
use crate::plan::attributes::{AttributeError, Permissions, PreservePolicy};
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};

/// Tells what could not be kept of a file that is called as `paths` says. Answers whether the copy counts as failed.
pub(crate) fn tell(
    refused: &[AttributeError],
    keeping: &PreservePolicy,
    reporter: &Reporter,
    paths: impl Fn(End) -> Vec<u8>,
) -> bool {
    let mut failed = false;
    for refused in refused {
        let told = keeping.told(refused);
        failed |= told.failed;
        match (told.said, told.failed) {
            (true, true) => reporter.problem(&problem(refused, &paths)),
            (true, false) => reporter.warning(&problem(refused, &paths)),
            (false, true) => reporter.silent_problem(&problem(refused, &paths)),
            (false, false) => {}
        }
    }
    failed
}

fn problem(refused: &AttributeError, paths: impl Fn(End) -> Vec<u8>) -> FileError {
    let (what, errno) = match refused {
        AttributeError::Swapped => return FileError::of(MessageKind::Replaced, paths(End::Destination)),
        AttributeError::Attribute(name, errno) => {
            let failed =
                FileError::between(MessageKind::SettingAttribute, paths(End::Destination), name.clone());
            return FileError { errno: Some(*errno), ..failed };
        }
        AttributeError::Value(name, errno) => {
            let failed = FileError::between(MessageKind::GettingAttribute, paths(End::Source), name.clone());
            return FileError { errno: Some(*errno), ..failed };
        }
        AttributeError::Listing(errno) => {
            return FileError::failed(MessageKind::ListingAttributes, paths(End::Source), *errno);
        }
        AttributeError::Attributes(errno) => (MessageKind::SettingAttributes, errno),
        AttributeError::Times(errno) => (MessageKind::PreservingTimes, errno),
        AttributeError::Clearing(errno) => (MessageKind::ClearingPermissions, errno),
        AttributeError::Owner(errno) => (MessageKind::PreservingOwnership, errno),
        AttributeError::LinkOwner(errno) => (MessageKind::PreservingLinkOwnership, errno),
        AttributeError::Permissions(Permissions::Kept(_) | Permissions::Whole(_), errno) => {
            (MessageKind::PreservingPermissions, errno)
        }
        AttributeError::Permissions(Permissions::Plain(_), errno) => (MessageKind::SettingPermissions, errno),
        AttributeError::Permissions(Permissions::Bits(_) | Permissions::AsTheyAre, errno) => {
            (MessageKind::RestoringPermissions, errno)
        }
    };
    FileError::failed(what, paths(End::Destination), *errno)
}
