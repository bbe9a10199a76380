//! Options for which files are copied, beyond what the operands name.

use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgMatches};

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choosing {}

/// The definitions.
#[must_use]
pub fn arguments() -> Vec<Arg> {
    Vec::new()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub fn read(_matches: &ArgMatches) -> Result<Choosing, BadArgument> {
    Ok(Choosing::default())
}
