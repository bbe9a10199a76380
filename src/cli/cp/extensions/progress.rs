//! Options for what is seen of a copy while it runs.

use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgMatches};

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {}

/// The definitions.
#[must_use]
pub fn arguments() -> Vec<Arg> {
    Vec::new()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub fn read(_matches: &ArgMatches) -> Result<Progress, BadArgument> {
    Ok(Progress::default())
}
