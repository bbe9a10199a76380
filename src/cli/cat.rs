//! The command line of `ucat`.

use super::knobs::{self, Knobs};
use super::{Refused, Request, Surroundings, flag, help_and_version, short_flag};
use clap::{Arg, Command};
use std::ffi::OsString;

/// What `ucat` is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatOptions {
    /// Files to print; `-` is standard input, and so is no file at all.
    pub files: Vec<OsString>,
    /// How the work is done.
    pub knobs: Knobs,
}

const USAGE: &str = "\
Usage: {program} [OPTION]... [FILE]...
Concatenate FILE(s) to standard output.

With no FILE, or when FILE is -, read standard input.
Options marked with (*) are GNU's and not built yet: using one is an error.";

/// The definition of the command line.
#[must_use]
pub fn command() -> Command {
    super::command("ucat", USAGE).args(options())
}

/// Every option, in the order in which GNU's messages list them; `help` begins with `(*)` where there is only the
/// definition yet.
fn options() -> Vec<Arg> {
    let [help, version] = help_and_version();
    let mut options = vec![
        flag("number-nonblank", Some('b'), "(*) number nonempty output lines, overrides -n"),
        flag("number", Some('n'), "(*) number all output lines"),
        flag("squeeze-blank", Some('s'), "(*) suppress repeated empty output lines"),
        flag("show-nonprinting", Some('v'), "(*) use ^ and M- notation, except for LFD and TAB"),
        flag("show-ends", Some('E'), "(*) display $ or ^M$ at end of each line"),
        flag("show-tabs", Some('T'), "(*) display TAB characters as ^I"),
        flag("show-all", Some('A'), "(*) equivalent to -vET"),
        short_flag('e', "(*) equivalent to -vE"),
        short_flag('t', "(*) equivalent to -vT"),
        short_flag('u', "(ignored)"),
        help,
        version,
    ];
    options.extend(knobs::arguments());
    options
}

/// Reads a command line. `arguments` come without the program's name.
///
/// # Errors
/// A command line that GNU cat would refuse, in its words, or an option that is not built yet.
pub fn parse(
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Surroundings,
) -> Result<Request<CatOptions>, Refused> {
    let mut matches = match super::matches(command(), arguments, surroundings)? {
        Request::Run(matches) => matches,
        Request::Help(text) => return Ok(Request::Help(text)),
        Request::Version(text) => return Ok(Request::Version(text)),
    };
    super::refuse_unbuilt(&matches, &options())?;
    let knobs = knobs::read(&matches, surroundings.engine_variable.clone())?;
    if knobs.iopoll {
        let why = "--iopoll polls for reads past the page cache, and ucat makes none yet";
        return Err(Refused::usage(why));
    }
    let mut files = super::operands(&mut matches);
    if files.is_empty() {
        files.push("-".into());
    }
    Ok(Request::Run(CatOptions { files, knobs }))
}
