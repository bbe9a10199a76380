//! Options for when a copy may be relied on: on the device, and under its name.

use crate::cli::EXTENSIONS;
use crate::cli::flag;
use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgMatches};

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Durability {
    /// `--fsync`: what was copied is on the device before the run ends.
    pub fsync: bool,
    /// `--atomic`: a file gets its name only when it is complete.
    pub atomic: bool,
}

#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    [
        flag("atomic", None, "give each file its name only when it is complete"),
        flag("fsync", None, "have files and their names on the device before it ends"),
    ]
    .map(|argument| argument.help_heading(EXTENSIONS))
    .into()
}

/// Reads them.
///
/// # Errors
/// None so far: neither option has an argument.
pub(crate) fn read(matches: &ArgMatches) -> Result<Durability, BadArgument> {
    Ok(Durability { fsync: matches.get_flag("fsync"), atomic: matches.get_flag("atomic") })
}
