//! Options for proof that a copy is what its source is.

use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgMatches};

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {}

/// The definitions.
#[must_use]
pub fn arguments() -> Vec<Arg> {
    Vec::new()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub fn read(_matches: &ArgMatches) -> Result<Verification, BadArgument> {
    Ok(Verification::default())
}
