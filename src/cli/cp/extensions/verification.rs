//! Options for proof that a copy is what its source is.

use crate::cli::EXTENSIONS;
use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::ffi::OsString;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verification {
    /// `--verify`: each copy is read back and compared.
    pub verify: bool,
    /// `--manifest`: where the hashes of copies are written; `-` is standard output.
    pub manifest: Option<OsString>,
}

#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("verify")
            .long("verify")
            .action(ArgAction::SetTrue)
            .help_heading(EXTENSIONS)
            .help("read each copy back from its device and compare it with what was read"),
        Arg::new("manifest")
            .long("manifest")
            .value_name("FILE")
            .action(ArgAction::Set)
            .value_parser(value_parser!(OsString))
            .help_heading(EXTENSIONS)
            .help("write the copies' BLAKE3 hashes to FILE, as b3sum does ('-': standard output)"),
    ]
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub(crate) fn read(matches: &ArgMatches) -> Result<Verification, BadArgument> {
    let manifest = matches.get_one::<OsString>("manifest").cloned();
    Ok(Verification { verify: matches.get_flag("verify"), manifest })
}
