//! What GNU cp 9.10 makes of these command lines: effects were told by running it on a few files, refusals by reading
//! its messages.

mod meaning;
mod refusals;

use super::{CpOptions, Parsed};
use crate::cli::{Environment, Request, UsageError};
use crate::report::language::Language;
use crate::report::quote::Charset;
use std::ffi::OsString;

/// Parses the words of `line`, with the operands `a b` where it has none.
fn parse_in(line: &str, surroundings: &Environment) -> Parsed {
    super::parse(
        line.split_whitespace().map(OsString::from),
        surroundings,
        &Language::english(Charset::Ascii),
    )
}

/// What the options in `line` mean for `a b`.
fn options_in(line: &str, surroundings: &Environment) -> CpOptions {
    match parse_in(&format!("{line} a b"), surroundings).request {
        Ok(Request::Run(options)) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn options(line: &str) -> CpOptions {
    options_in(line, &Environment::default())
}

fn refused_in(line: &str, surroundings: &Environment) -> UsageError {
    match parse_in(line, surroundings).request {
        Err(refused) => refused,
        other => panic!("{line}: {other:?}"),
    }
}
