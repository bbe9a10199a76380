//! The command line of `ucp`: what was typed becomes [`CpOptions`], or a refusal in GNU's words and GNU's order.
//!
//! [`definition`] says which options there are, [`keywords`] reads arguments that are words of
//! a list, [`extensions`] are our own, [`meaning`] works out what the options say together, [`options`] is the result.

mod definition;
pub(crate) mod extensions;
mod keywords;
mod meaning;
pub(crate) mod options;
#[cfg(test)]
mod tests;

pub(crate) use definition::command;
pub use keywords::Attribute;
pub(crate) use options::{
    Backup, Context, Control, CpOptions, Destination, Follow, Keep, Make, Overwrite, PreserveMode, Reflink,
    Sparse,
};

use super::knobs;
use super::{Environment, Request, Stop, Typed, UsageError};
use crate::report::language::{Language, Words};
use crate::report::quote;
use meaning::OptionResolver;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// What a command line means.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Messages without the program's name that come before anything else is said or done.
    pub warnings: Vec<Words>,
    /// What it asks for, or why it cannot be followed, in GNU's words where GNU cp would refuse it too.
    pub request: Result<Request<CpOptions>, UsageError>,
}

/// Reads a command line. `arguments` come without the program's name.
pub(crate) fn parse(
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Environment,
    language: &Language,
) -> Parsed {
    let mut warnings = Vec::new();
    let arguments: Vec<OsString> = arguments.collect();
    // Definitions are only for options, and they cost more than copying a small file.
    if !super::any_option(&arguments) {
        let request = without_options(arguments, surroundings, language).map(Request::Run);
        return Parsed { warnings, request };
    }
    let request = understand(arguments, surroundings, language, &mut warnings);
    Parsed { warnings, request }
}

/// Acts on the options as GNU would.
fn understand(
    arguments: Vec<OsString>,
    surroundings: &Environment,
    language: &Language,
    warnings: &mut Vec<Words>,
) -> Result<Request<CpOptions>, UsageError> {
    let command = command();
    let Typed { options, operands: typed, stop } =
        super::typed(&command, arguments.into_iter(), surroundings, language);
    let mut meaning = OptionResolver::default();
    let read = options.iter().try_for_each(|option| meaning.add(option, surroundings, language));
    warnings.append(&mut meaning.warnings);
    read?;
    match stop {
        None => {}
        Some(Stop::Help(text)) => return Ok(Request::Help(text)),
        Some(Stop::Version(text)) => return Ok(Request::Version(text)),
        Some(Stop::Mistake(refused)) => return Err(refused),
    }
    let target_directory = meaning.target_directory.take();
    let exactly = meaning.no_target_directory;
    let given = options;
    let mut options = meaning.finish(surroundings, language)?;
    if given.iter().any(|option| super::is_ours(option, &command)) {
        let values = super::values(command, given)?;
        options.extensions = extensions::read(&values)?;
        if options.extensions.choosing.dry_run {
            // Of how data moves nothing can be told.
            (options.verbose, options.debug) = (true, false);
        }
        options.knobs = knobs::read(&values, surroundings.engine_variable.clone())?;
    } else {
        options.knobs = knobs::of_environment(surroundings.engine_variable.clone())?;
    }
    if options.knobs.iopoll && !options.direct {
        return Err(UsageError::usage(
            "--iopoll polls for reads and writes past the page cache: it needs --direct",
        ));
    }
    let target = Target { directory: target_directory, exactly, parents: options.parents };
    (options.sources, options.destination) = match options.extensions.choosing.names_from {
        None => operands(typed, target, language)?,
        Some(_) if target.exactly => {
            return Err(UsageError::plain("cannot combine --files0-from and --no-target-directory (-T)"));
        }
        Some(ref file) if options.ask && file == "-" && !options.extensions.choosing.dry_run => {
            let why = "cannot combine --files0-from=- and --interactive (-i): standard input has the names";
            return Err(UsageError::plain(why));
        }
        Some(_) => (Vec::new(), listed_into(typed, target.directory, language)?),
    };
    Ok(Request::Run(options))
}

/// A command line of operands alone.
fn without_options(
    arguments: Vec<OsString>,
    surroundings: &Environment,
    language: &Language,
) -> Result<CpOptions, UsageError> {
    let mut options = OptionResolver::default().finish(surroundings, language)?;
    options.knobs = knobs::of_environment(surroundings.engine_variable.clone())?;
    (options.sources, options.destination) = operands(arguments, Target::default(), language)?;
    Ok(options)
}

/// What the options say about the destination.
#[derive(Default)]
struct Target {
    directory: Option<OsString>,
    exactly: bool,
    parents: bool,
}

/// The destination of sources whose names are in a file: the only operand, where no option gives it.
fn listed_into(
    mut operands: Vec<OsString>,
    directory: Option<OsString>,
    language: &Language,
) -> Result<Destination, UsageError> {
    let directory = directory.or_else(|| operands.pop());
    if let Some(extra) = operands.first() {
        let extra = quote::always(extra.as_bytes(), language.charset());
        let why = &b"\nfile operands cannot be combined with --files0-from"[..];
        return Err(UsageError::usage([b"extra operand ", &extra[..], why].concat()));
    }
    directory.map(Destination::Directory).ok_or_else(|| UsageError::usage("missing destination operand"))
}

/// Which operand is the destination.
fn operands(
    mut operands: Vec<OsString>,
    target: Target,
    language: &Language,
) -> Result<(Vec<OsString>, Destination), UsageError> {
    let say = |english| language.text(Words::gnu(english));
    let about = |english, operand: &OsString| {
        language.message(Words::gnu(english), &[&quote::always(operand.as_bytes(), language.charset())])
    };
    let Target { directory, exactly, parents } = target;
    if operands.is_empty() {
        return Err(UsageError::usage(say("missing file operand")));
    }
    match (directory, exactly) {
        (Some(_), true) => Err(UsageError::plain(say(
            "cannot combine --target-directory (-t) and --no-target-directory (-T)",
        ))),
        (Some(directory), false) => Ok((operands, Destination::Directory(directory))),
        (None, true) if operands.len() > 2 => Err(UsageError::usage(about("extra operand %s", &operands[2]))),
        (None, _) => match operands.pop() {
            Some(last) if operands.is_empty() => {
                Err(UsageError::usage(about("missing destination file operand after %s", &last)))
            }
            Some(_) if exactly && parents => {
                Err(UsageError::usage(say("with --parents, the destination must be a directory")))
            }
            Some(last) if exactly => Ok((operands, Destination::Exactly(last))),
            Some(last) => Ok((operands, Destination::Last(last))),
            None => Err(UsageError::usage(say("missing file operand"))),
        },
    }
}
