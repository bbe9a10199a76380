//! Options for when a copy may be relied on: on the device, and under its name.

use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgMatches};

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durability {}

/// The definitions.
#[must_use]
pub fn arguments() -> Vec<Arg> {
    Vec::new()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub fn read(_matches: &ArgMatches) -> Result<Durability, BadArgument> {
    Ok(Durability::default())
}
