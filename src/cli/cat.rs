//! The command line of `ucat`.

use super::knobs::{self, Knobs};
use super::{EXTENSIONS, Environment, Request, UsageError, flag, help_and_version, short_flag, shown};
use crate::format::{Format, Numbering};
use crate::report::language::Language;
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;

/// A way for the bytes of one file to reach standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransferMethod {
    /// splice(2): pages move into or out of a pipe, and are not copied.
    Splice,
    /// sendfile(2) into a socket.
    Sendfile,
    /// copy_file_range(2), where the file system shares blocks or has its server do the work.
    CopyRange,
    /// Several threads, each at offsets of its own.
    Extents,
    /// Several reads in flight ahead of the write.
    Overlap,
    /// Read together with others ahead of its turn, as a whole.
    Ahead,
    /// Read and written in turns.
    Plain,
}

impl TransferMethod {
    /// All there are, in the order in which a file in its turn tries them.
    pub(crate) const LADDER: [Self; 7] = [
        Self::Splice,
        Self::Sendfile,
        Self::CopyRange,
        Self::Extents,
        Self::Overlap,
        Self::Ahead,
        Self::Plain,
    ];

    /// What `--way` and `--stats` call it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Splice => "splice",
            Self::Sendfile => "sendfile",
            Self::CopyRange => "copy-range",
            Self::Extents => "extents",
            Self::Overlap => "overlap",
            Self::Ahead => "ahead",
            Self::Plain => "plain",
        }
    }
}

/// What `ucat` is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CatOptions {
    /// Files to print; `-` is standard input, and so is no file at all.
    pub files: Vec<OsString>,
    /// What happens to the bytes on their way.
    pub format: Format,
    /// The way that files in their turn go, where the user says.
    pub way: Option<TransferMethod>,
    /// Large regular inputs are read past the page cache.
    pub direct: bool,
    /// How the work is done.
    pub knobs: Knobs,
}

const USAGE: &str = "\
Usage: {program} [OPTION]... [FILE]...
Concatenate FILE(s) to standard output.

With no FILE, or when FILE is -, read standard input.";

const NOTES: &str = "\
Options of GNU may be abbreviated, extensions may not. Messages are in the
locale's language. Exit status: 0 if all was printed, 1 if anything was not.
The manual, ucat(1), says more.";

/// The definition of the command line.
#[must_use]
pub(crate) fn command() -> Command {
    super::command("ucat", USAGE).args(options()).after_help(NOTES)
}

/// Every option, in the order in which GNU's messages list them; `help` begins with `(*)` where there is only the
/// definition yet.
fn options() -> Vec<Arg> {
    let [help, version] = help_and_version();
    let mut options = vec![
        flag("number-nonblank", Some('b'), "number nonempty output lines, overrides -n"),
        flag("number", Some('n'), "number all output lines"),
        flag("squeeze-blank", Some('s'), "suppress repeated empty output lines"),
        flag("show-nonprinting", Some('v'), "use ^ and M- notation, except for LFD and TAB"),
        flag("show-ends", Some('E'), "display $ or ^M$ at end of each line"),
        flag("show-tabs", Some('T'), "display TAB characters as ^I"),
        flag("show-all", Some('A'), "equivalent to -vET"),
        short_flag('e', "equivalent to -vE"),
        short_flag('t', "equivalent to -vT"),
        short_flag('u', "(ignored)"),
        help,
        version,
    ];
    options.push(flag("direct", None, "read large files past the page cache").help_heading(EXTENSIONS));
    let way = Arg::new("way").long("way").value_name("WHICH").help_heading(EXTENSIONS);
    options.push(way.help(
        "try one way for each file: auto, splice, sendfile, copy-range, extents, overlap, ahead, plain",
    ));
    options.extend(knobs::arguments());
    options
}

/// Reads a command line. `arguments` come without the program's name.
///
/// # Errors
/// A command line that GNU cat would refuse, in its words, or an option that is not built yet.
pub(crate) fn parse(
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Environment,
    language: &Language,
) -> Result<Request<CatOptions>, UsageError> {
    let arguments: Vec<OsString> = arguments.collect();
    // A command line without options has nothing that the definitions are needed for, and they cost more than the rest.
    if !super::any_option(&arguments) {
        let knobs = knobs::of_environment(surroundings.engine_variable.clone())?;
        return Ok(Request::Run(CatOptions { files: or_input(arguments), knobs, ..CatOptions::default() }));
    }
    let (matches, files) = match super::matches(command(), arguments.into_iter(), surroundings, language)? {
        Request::Run(read) => read,
        Request::Help(text) => return Ok(Request::Help(text)),
        Request::Version(text) => return Ok(Request::Version(text)),
    };
    let knobs = knobs::read(&matches, surroundings.engine_variable.clone())?;
    Ok(Request::Run(CatOptions {
        format: format(&matches),
        way: way(&matches)?,
        direct: matches.get_flag("direct"),
        files: or_input(files),
        knobs,
    }))
}

/// Standard input where there is no operand.
fn or_input(mut files: Vec<OsString>) -> Vec<OsString> {
    if files.is_empty() {
        files.push("-".into());
    }
    files
}

/// What the formatting options say together; their order does not matter.
fn format(matches: &ArgMatches) -> Format {
    let any = |names: &[&str]| names.iter().any(|name| matches.get_flag(name));
    Format {
        numbering: match (any(&["number-nonblank"]), any(&["number"])) {
            (true, _) => Numbering::NonBlank,
            (false, true) => Numbering::All,
            (false, false) => Numbering::None,
        },
        squeeze_blank: any(&["squeeze-blank"]),
        show_nonprinting: any(&["show-nonprinting", "show-all", "e", "t"]),
        show_ends: any(&["show-ends", "show-all", "e"]),
        show_tabs: any(&["show-tabs", "show-all", "t"]),
    }
}

fn way(matches: &ArgMatches) -> Result<Option<TransferMethod>, UsageError> {
    let Some(wanted) = matches.get_one::<String>("way") else { return Ok(None) };
    let found = TransferMethod::LADDER.into_iter().find(|way| way.name() == wanted);
    if found.is_none() && wanted != "auto" {
        let names = TransferMethod::LADDER.map(TransferMethod::name).join(", ");
        let wanted = shown(wanted.as_bytes());
        let message = format!("invalid argument '{wanted}' for '--way': it takes auto, {names}");
        return Err(UsageError::usage(message));
    }
    Ok(found)
}
