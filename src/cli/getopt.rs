//! Owns GNU's rules of what is an option, an option's argument and an operand, as `getopt_long` applies them.
//!
//! clap has rules of its own: it words its errors differently, takes other abbreviations, and wants values that begin
//! with a dash announced. So [`canonical`] rewrites the arguments into the one spelling that both read alike, and clap
//! only turns that into values. Which options there are is read off the [`clap::Command`] and written down nowhere else.
//!
//! What the command must look like:
//!
//! * Options are declared in the order in which GNU lists them in its message about ambiguous abbreviations, as the
//!   message follows the order of declaration. `display_order` may arrange the help text differently.
//! * `disable_help_flag` and `disable_version_flag` are set, and `--help` and `--version` declared like other options:
//!   what clap adds by itself is not there yet when the table is read, and has short names that GNU lacks.
//! * Options may be repeated: flags are `ArgAction::Count`, or `SetTrue` under `args_override_self(true)`; options with
//!   a value are `ArgAction::Append`.
//! * An optional value is `num_args(0..=1)` with `require_equals(true)` and a `default_missing_value`, without which a
//!   bare option has no index.
//! * Values and operands are `OsString`s or paths, the operands one positional with `num_args(0..)`.
//! * Other spellings of an option are aliases of it, visible or not; all count here.
//! * An option of ours that GNU lacks stands under the help heading [`EXTENSIONS`].
//!
//! The order among different options is then told by `ArgMatches::indices_of`: every index of an `Append`, the last one
//! of a `Count` or `SetTrue`. These two have an index also where the option was not typed: ask `value_source` first.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use crate::report::language::{Language, Words};
use crate::report::quote::Charset;
use clap::{Arg, Command};

/// The help heading of options that GNU lacks.
///
/// Their long names must be typed in full. They never take part in abbreviations, so that a script's `--dir` means what
/// it means to GNU, now and after the next extension.
pub const EXTENSIONS: &str = "Extensions beyond GNU";

/// Where options may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Anywhere, until `--`: GNU's default.
    Permute,
    /// Only before the first operand: what POSIX asks for, and GNU does when `POSIXLY_CORRECT` is set.
    OptionsFirst,
}

/// A command line that does not follow the rules, in GNU's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageError {
    mistake: Mistake,
    options_before: Vec<OsString>,
}

impl UsageError {
    /// The message of a program that was called by this name, whole lines of it. It holds what was typed, byte for byte,
    /// hence not always text.
    pub(crate) fn message(&self, program: &[u8], language: &Language) -> Vec<u8> {
        let Mistake { words, arguments, possibilities } = &self.mistake;
        let arguments = [program].into_iter().chain(arguments.iter().map(Vec::as_slice));
        let mut message = language.message(*words, &arguments.collect::<Vec<_>>());
        for name in possibilities {
            message.extend_from_slice(format!(" '--{name}'").as_bytes());
        }
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
        message
    }

    /// The options typed before the mistake, in canonical form.
    ///
    /// GNU acts on options as it reads them: `--help` or a bad value among these comes first, and the mistake is never
    /// reported.
    pub(crate) fn options_before(&self) -> &[OsString] {
        &self.options_before
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message(b"", &Language::english(Charset::Utf8));
        formatter.write_str(String::from_utf8_lossy(&message).trim_start_matches(": ").trim_end())
    }
}

impl Error for UsageError {}

/// Rewrites `arguments`, which exclude the program's name, into the one spelling that clap reads as GNU would.
///
/// The result is the options in the order typed, `--`, and the operands in the order typed. Each option is one argument:
/// `--name` or `--name=value` with the name in full, or `-x` and `-x=value` for one that has no long name (clap drops
/// the `=`). Values and operands may be anything, also empty, not UTF-8, or beginning with a dash.
///
/// # Errors
///
/// Fails at the first argument that GNU would refuse: an unknown or ambiguous name, or a value missing or unwanted.
pub(crate) fn canonical(
    command: &Command,
    arguments: impl Iterator<Item = OsString>,
    order: Order,
) -> Result<Vec<OsString>, UsageError> {
    let table = Table::new(command);
    let mut rest = arguments;
    let mut options = Vec::new();
    let mut operands = Vec::new();
    while let Some(argument) = rest.next() {
        let outcome = match argument.as_bytes() {
            b"--" => break,
            [b'-', b'-', text @ ..] => table.long_option(text, &mut rest, &mut options),
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                table.short_options(cluster, &mut rest, &mut options)
            }
            _ => {
                operands.push(argument);
                match order {
                    Order::Permute => continue,
                    Order::OptionsFirst => break,
                }
            }
        };
        if let Err(mistake) = outcome {
            return Err(UsageError { mistake, options_before: options });
        }
    }
    operands.extend(rest);

    options.push("--".into());
    options.append(&mut operands);
    Ok(options)
}

/// Whether an option has a value.
#[derive(Clone, Copy)]
enum Value {
    None,
    Optional,
    Required,
}

impl Value {
    fn of(argument: &Arg) -> Self {
        if !argument.get_action().takes_values() {
            return Self::None;
        }
        // No range is given where it is clap's default of exactly one.
        match argument.get_num_args().map(|range| (range.min_values(), range.max_values())) {
            Some((_, 0)) => Self::None,
            Some((0, _)) => Self::Optional,
            Some(_) | None => Self::Required,
        }
    }
}

/// One option of the command, whatever its spellings.
struct Definition<'a> {
    argument: &'a Arg,
    value: Value,
    is_extension: bool,
}

impl Definition<'_> {
    /// The option as clap is to see it.
    fn spelled(&self, value: Option<&OsStr>) -> OsString {
        let name = match (self.argument.get_long(), self.argument.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, short) => short.map(|short| format!("-{short}")).unwrap_or_default(),
        };
        let mut spelled = OsString::from(name);
        if let Some(value) = value {
            spelled.push("=");
            spelled.push(value);
        }
        spelled
    }
}

/// A long name, and the definition it belongs to by index.
struct LongName<'a> {
    name: &'a str,
    definition: usize,
}

/// The options of a command, by every name they go by, in the order of declaration.
struct Table<'a> {
    definitions: Vec<Definition<'a>>,
    long_names: Vec<LongName<'a>>,
    /// Short names with the index of their definition.
    short_names: Vec<(char, usize)>,
}

/// What went wrong, in the C library's words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    words: Words,
    /// What stands in the message after the program's name.
    arguments: Vec<Vec<u8>>,
    /// Long names that stand after the message.
    possibilities: Vec<String>,
}

impl Mistake {
    /// About a long option.
    fn long(english: &'static str, option: &[u8]) -> Self {
        let arguments = vec![b"--".to_vec(), option.to_vec()];
        Self { words: Words::libc(english), arguments, possibilities: Vec::new() }
    }

    /// About a short option.
    fn short(english: &'static str, option: u8) -> Self {
        Self { words: Words::libc(english), arguments: vec![vec![option]], possibilities: Vec::new() }
    }
}

impl<'a> Table<'a> {
    fn new(command: &'a Command) -> Self {
        let mut table = Self { definitions: Vec::new(), long_names: Vec::new(), short_names: Vec::new() };
        for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
            let definition = table.definitions.len();
            let long_names =
                argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
            table.long_names.extend(long_names.map(|name| LongName { name, definition }));
            let aliases = argument.get_all_short_aliases().unwrap_or_default();
            let short_names = argument.get_short().into_iter().chain(aliases);
            table.short_names.extend(short_names.map(|name| (name, definition)));
            table.definitions.push(Definition {
                argument,
                value: Value::of(argument),
                is_extension: argument.get_help_heading() == Some(EXTENSIONS),
            });
        }
        table
    }

    /// Takes `--text`, and the argument after it where that is the value.
    fn long_option(
        &self,
        text: &[u8],
        rest: &mut impl Iterator<Item = OsString>,
        options: &mut Vec<OsString>,
    ) -> Result<(), Mistake> {
        let (typed, attached) = match text.iter().position(|&byte| byte == b'=') {
            Some(equals) => (&text[..equals], Some(OsStr::from_bytes(&text[equals + 1..]))),
            None => (text, None),
        };
        let LongName { name, definition } = self.resolve(typed, text)?;
        let definition = &self.definitions[*definition];
        options.push(match (definition.value, attached) {
            (Value::None, Some(_)) => {
                return Err(Mistake::long("%s: option '%s%s' doesn't allow an argument\n", name.as_bytes()));
            }
            (Value::Required, None) => match rest.next() {
                Some(value) => definition.spelled(Some(&value)),
                None => {
                    return Err(Mistake::long("%s: option '%s%s' requires an argument\n", name.as_bytes()));
                }
            },
            (Value::None | Value::Optional, None) | (Value::Optional | Value::Required, Some(_)) => {
                definition.spelled(attached)
            }
        });
        Ok(())
    }

    /// Finds the long name that `typed` is, or else the option that it abbreviates. `text` is all that followed the
    /// dashes, for the message.
    fn resolve(&self, typed: &[u8], text: &[u8]) -> Result<&LongName<'a>, Mistake> {
        if let Some(exact) = self.long_names.iter().find(|long| long.name.as_bytes() == typed) {
            return Ok(exact);
        }
        let mut candidates = self.long_names.iter().filter(|long| {
            long.name.as_bytes().starts_with(typed) && !self.definitions[long.definition].is_extension
        });
        let Some(first) = candidates.next() else {
            return Err(Mistake::long("%s: unrecognized option '%s%s'\n", text));
        };
        // Another name of the first one's option is no ambiguity, and is not listed where other options make one.
        let others: Vec<_> = candidates.filter(|long| long.definition != first.definition).collect();
        if others.is_empty() {
            return Ok(first);
        }
        let possibilities = [first].into_iter().chain(others).map(|long| long.name.to_owned()).collect();
        Err(Mistake {
            possibilities,
            ..Mistake::long("%s: option '%s%s' is ambiguous; possibilities:", text)
        })
    }

    /// Takes the short options in `-cluster`, and the argument after it where that is the last one's value.
    fn short_options(
        &self,
        cluster: &[u8],
        rest: &mut impl Iterator<Item = OsString>,
        options: &mut Vec<OsString>,
    ) -> Result<(), Mistake> {
        for (index, &byte) in cluster.iter().enumerate() {
            let Some(&(_, definition)) = self.short_names.iter().find(|(name, _)| *name == char::from(byte))
            else {
                return Err(Mistake::short("%s: invalid option -- '%c'\n", byte));
            };
            let definition = &self.definitions[definition];
            let attached = Some(OsStr::from_bytes(&cluster[index + 1..])).filter(|value| !value.is_empty());
            match (definition.value, attached) {
                (Value::None, _) => {
                    options.push(definition.spelled(None));
                    continue;
                }
                (Value::Required, None) => match rest.next() {
                    Some(value) => options.push(definition.spelled(Some(&value))),
                    None => return Err(Mistake::short("%s: option requires an argument -- '%c'\n", byte)),
                },
                (Value::Optional, _) | (Value::Required, Some(_)) => {
                    options.push(definition.spelled(attached))
                }
            }
            // The rest of the cluster, if any, was the value.
            break;
        }
        Ok(())
    }
}
