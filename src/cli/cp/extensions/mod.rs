//! Options of `ucp` beyond GNU's that are about the copy itself; how the work is done is [`crate::cli::knobs`]'s.
//!
//! One file for each concern: its definitions, what it means, and how it is read.

pub(crate) mod durability;
pub(crate) mod filter;
pub(crate) mod progress;
pub(crate) mod verification;

use crate::cli::UsageError;
use clap::{Arg, ArgMatches};
use durability::Durability;
use filter::Choosing;
use progress::{Progress, When};
use verification::Verification;

/// What was asked for beyond what GNU cp does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// Which files are copied.
    pub choosing: Choosing,
    /// When a copy may be relied on.
    pub durability: Durability,
    /// What is seen while it runs.
    pub progress: Progress,
    /// Proof of what was copied.
    pub verification: Verification,
}

impl Extensions {
    /// When progress is shown, where a user watches the run at all: a run that was asked to list what it has done
    /// does so too when a signal ends it.
    #[must_use]
    pub(crate) fn watched(&self) -> Option<When> {
        let lists = self.verification.manifest.is_some() && !self.choosing.dry_run;
        self.progress.when.or(lists.then_some(When::Never))
    }
}

/// The definitions, in the order of the help text.
#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    [filter::arguments(), durability::arguments(), verification::arguments(), progress::arguments()].concat()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub(crate) fn read(matches: &ArgMatches) -> Result<Extensions, UsageError> {
    Ok(Extensions {
        choosing: filter::read(matches)?,
        durability: durability::read(matches)?,
        progress: progress::read(matches)?,
        verification: verification::read(matches)?,
    })
}
