//! What is said of attributes that could not be kept.

use crate::pipeline::chain::End;
use crate::plan::attributes::{Keeping, Permissions, Refused};
use crate::report::Reporter;
use crate::report::message::{Problem, What};

/// Tells what could not be kept of a file that is called as `paths` says. Answers whether the copy counts as failed.
pub(crate) fn tell(
    refused: &[Refused],
    keeping: &Keeping,
    reporter: &Reporter,
    paths: impl Fn(End) -> Vec<u8>,
) -> bool {
    let mut failed = false;
    for refused in refused {
        let told = keeping.told(refused);
        failed |= told.failed;
        match (told.said, told.failed) {
            (true, true) => reporter.problem(&problem(refused, &paths)),
            (true, false) => reporter.remark(&problem(refused, &paths)),
            (false, true) => reporter.declined(),
            (false, false) => {}
        }
    }
    failed
}

fn problem(refused: &Refused, paths: impl Fn(End) -> Vec<u8>) -> Problem {
    let (what, errno) = match refused {
        Refused::Swapped => return Problem::of(What::Replaced, paths(End::Destination)),
        // GNU cp names the attribute twice, and not the file.
        Refused::Attribute(name, errno) => {
            let failed = Problem::between(What::SettingAttribute, name.clone(), name.clone());
            return Problem { errno: Some(*errno), ..failed };
        }
        Refused::Value(name, errno) => {
            let failed = Problem::between(What::GettingAttribute, name.clone(), name.clone());
            return Problem { errno: Some(*errno), ..failed };
        }
        Refused::Listing(errno) => {
            return Problem::failed(What::ListingAttributes, paths(End::Source), *errno);
        }
        Refused::Attributes(errno) => (What::SettingAttributes, errno),
        Refused::Times(errno) => (What::PreservingTimes, errno),
        Refused::Clearing(errno) => (What::ClearingPermissions, errno),
        Refused::Owner(errno) => (What::PreservingOwnership, errno),
        Refused::LinkOwner(errno) => (What::PreservingLinkOwnership, errno),
        Refused::Permissions(Permissions::Kept(_) | Permissions::Whole(_), errno) => {
            (What::PreservingPermissions, errno)
        }
        Refused::Permissions(Permissions::Plain(_), errno) => (What::SettingPermissions, errno),
        Refused::Permissions(Permissions::Bits(_) | Permissions::AsTheyAre, errno) => {
            (What::RestoringPermissions, errno)
        }
    };
    Problem::failed(what, paths(End::Destination), *errno)
}
