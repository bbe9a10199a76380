//! The command line of `ucp`.

use super::knobs;
use super::{EXTENSIONS, Refused, Request, Surroundings};
use super::{flag, help_and_version, optional, short_flag, valued};
use crate::report::quote::{self, Charset};
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

mod options;

pub use options::*;

const USAGE: &str = "\
Usage: {program} [OPTION]... [-T] SOURCE DEST
  or:  {program} [OPTION]... SOURCE... DIRECTORY
  or:  {program} [OPTION]... -t DIRECTORY SOURCE...
Copy SOURCE to DEST, or multiple SOURCE(s) to DIRECTORY.

Options marked with (*) are GNU's and not built yet: using one is an error.";

/// The definition of the command line.
#[must_use]
pub fn command() -> Command {
    super::command("ucp", USAGE).args(options())
}

/// Every option, in the order in which GNU's messages list them; `help` begins with `(*)` where there is only the
/// definition yet.
fn options() -> Vec<Arg> {
    let [help, version] = help_and_version();
    let direct = flag("direct", None, "go past the page cache where the file systems allow it");
    let mut options = vec![
        flag("archive", Some('a'), "(*) same as -dR --preserve=all"),
        flag("attributes-only", None, "(*) copy only the attributes, not the data"),
        short_flag('b', "(*) like --backup without an argument"),
        optional("backup", "CONTROL", "(*) back up each existing destination file"),
        flag("copy-contents", None, "(*) copy the contents of special files when recursive"),
        short_flag('d', "(*) same as --no-dereference --preserve=links"),
        flag("debug", None, "(*) explain how a file is copied; implies -v"),
        flag("dereference", Some('L'), "(*) always follow symbolic links in SOURCE"),
        flag("force", Some('f'), "(*) remove a destination that cannot be opened and try again"),
        short_flag('H', "(*) follow symbolic links named on the command line"),
        flag("interactive", Some('i'), "(*) ask before overwriting"),
        flag("link", Some('l'), "(*) hard link files instead of copying"),
        flag("no-clobber", Some('n'), "(*) silently skip existing files"),
        flag("no-dereference", Some('P'), "(*) never follow symbolic links in SOURCE"),
        valued("no-preserve", None, "ATTR_LIST", "(*) do not keep these attributes"),
        flag("no-target-directory", Some('T'), "treat DEST as a normal file"),
        flag("one-file-system", Some('x'), "(*) stay on this file system"),
        short_flag('p', "(*) same as --preserve=mode,ownership,timestamps"),
        flag("parents", None, "(*) use the full source file name under DIRECTORY").alias("path"),
        optional("preserve", "ATTR_LIST", "(*) keep these attributes"),
        flag("recursive", Some('R'), "copy directories recursively").visible_short_alias('r'),
        flag("remove-destination", None, "(*) remove each existing destination file first"),
        valued("sparse", None, "WHEN", "(*) control creation of sparse files"),
        optional("reflink", "WHEN", "(*) control clones"),
        flag("strip-trailing-slashes", None, "(*) remove trailing slashes from each SOURCE"),
        valued("suffix", Some('S'), "SUFFIX", "(*) override the usual backup suffix"),
        flag("symbolic-link", Some('s'), "(*) make symbolic links instead of copying"),
        valued("target-directory", Some('t'), "DIRECTORY", "copy all SOURCE arguments into DIRECTORY"),
        short_flag('u', "(*) equivalent to --update=older"),
        optional("update", "UPDATE", "(*) control which existing files are updated"),
        flag("verbose", Some('v'), "explain what is being done"),
        flag("keep-directory-symlink", None, "(*) follow existing symbolic links to directories"),
        short_flag('Z', "(*) set the default security context"),
        optional("context", "CTX", "(*) set the security context"),
        help,
        version,
        direct.help_heading(EXTENSIONS),
    ];
    options.extend(knobs::arguments());
    options
}

/// Reads a command line. `arguments` come without the program's name.
///
/// # Errors
/// A command line that GNU cp would refuse, in its words, or an option that is not built yet.
pub fn parse(
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Surroundings,
    charset: impl FnOnce() -> Charset,
) -> Result<Request<CpOptions>, Refused> {
    let mut matches = match super::matches(command(), arguments, surroundings)? {
        Request::Run(matches) => matches,
        Request::Help(text) => return Ok(Request::Help(text)),
        Request::Version(text) => return Ok(Request::Version(text)),
    };
    super::refuse_unbuilt(&matches, &options())?;
    let knobs = knobs::read(&matches, surroundings.engine_variable.clone())?;
    if knobs.iopoll && !matches.get_flag("direct") {
        return Err(Refused::usage(
            "--iopoll polls for reads and writes past the page cache: it needs --direct",
        ));
    }
    let (sources, destination) = operands(&mut matches, charset)?;
    Ok(Request::Run(CpOptions {
        sources,
        destination,
        recursive: matches.get_flag("recursive"),
        follow: if matches.get_flag("recursive") { Follow::Never } else { Follow::Always },
        verbose: matches.get_flag("verbose"),
        direct: matches.get_flag("direct"),
        posixly_correct: surroundings.posixly_correct,
        knobs,
        ..CpOptions::default()
    }))
}

/// Which operand is the destination.
fn operands(
    matches: &mut ArgMatches,
    charset: impl FnOnce() -> Charset,
) -> Result<(Vec<OsString>, Destination), Refused> {
    let mut directories = matches.remove_many("target-directory").into_iter().flatten();
    let directory: Option<OsString> = directories.next();
    if directories.next().is_some() {
        return Err(Refused::plain("multiple target directories specified"));
    }
    let exactly = matches.get_flag("no-target-directory");
    let mut operands = super::operands(matches);
    if operands.is_empty() {
        return Err(Refused::usage("missing file operand"));
    }
    let quoted = |text: &str, operand: &OsString, charset: Charset| {
        [text.as_bytes(), &quote::always(operand.as_bytes(), charset)].concat()
    };
    match (directory, exactly) {
        (Some(_), true) => {
            Err(Refused::plain("cannot combine --target-directory (-t) and --no-target-directory (-T)"))
        }
        (Some(directory), false) => Ok((operands, Destination::Directory(directory))),
        (None, true) if operands.len() > 2 => {
            Err(Refused::usage(quoted("extra operand ", &operands[2], charset())))
        }
        (None, _) => match operands.pop() {
            Some(last) if operands.is_empty() => {
                Err(Refused::usage(quoted("missing destination file operand after ", &last, charset())))
            }
            Some(last) if exactly => Ok((operands, Destination::Exactly(last))),
            Some(last) => Ok((operands, Destination::Last(last))),
            None => Err(Refused::usage("missing file operand")),
        },
    }
}
