//! The two command lines: from what was typed to plain options. Touches no file system.
//!
//! [`getopt`] brings the arguments into one spelling, as GNU reads them; clap turns that into values; [`cp`] and [`cat`]
//! turn the values into [`cp::CpOptions`] and [`cat::CatOptions`]. What was typed and what it means are two things.

pub(crate) mod cat;
pub(crate) mod cp;
pub(crate) mod getopt;
mod help;
pub(crate) mod knobs;
pub(crate) mod patterns;
pub(crate) mod size;

pub use getopt::EXTENSIONS;

use crate::report::language::Language;
use crate::report::quote;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use getopt::Order;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Request<T> {
    /// The program's work, with these options.
    Run(T),
    /// `--help`: the text to print.
    Help(String),
    /// `--version`: the text to print.
    Version(String),
}

/// A command line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageError {
    /// The message, without the program's name and the last newline, unless it is getopt's.
    pub message: Vec<u8>,
    /// GNU's getopt says the program's name as it was typed, everything else says its last component. Its message has
    /// that in it.
    pub from_getopt: bool,
    /// Whether `Try '... --help' for more information.` follows.
    pub hint: bool,
}

impl UsageError {
    fn usage(message: impl std::convert::Into<Vec<u8>>) -> Self {
        Self { message: message.into(), from_getopt: false, hint: true }
    }

    fn plain(message: impl std::convert::Into<Vec<u8>>) -> Self {
        Self { message: message.into(), from_getopt: false, hint: false }
    }
}

impl From<knobs::BadArgument> for UsageError {
    fn from(bad: knobs::BadArgument) -> Self {
        let knobs::BadArgument { argument, option, takes } = bad;
        let argument = shown(argument.as_bytes());
        Self::usage(format!("invalid argument '{argument}' for '{option}': it takes {takes}"))
    }
}

/// What was typed, as a message of our own may show it: nothing in it drives a terminal.
fn shown(typed: &[u8]) -> String {
    String::from_utf8_lossy(&quote::shown(typed, quote::Charset::Utf8)).into_owned()
}

/// What the environment and `argv[0]` say, gathered at the edge so that parsing is a function of its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// `argv[0]`, as the program was called.
    pub program: OsString,
    /// POSIXLY_CORRECT is set.
    pub posixly_correct: bool,
    /// The value of UCP_ENGINE.
    pub engine_variable: Option<String>,
    /// The value of VERSION_CONTROL.
    pub version_control: Option<OsString>,
    /// The value of SIMPLE_BACKUP_SUFFIX.
    pub backup_suffix: Option<OsString>,
    /// Whether the kernel has SELinux switched on. Only asked where an option is about security contexts.
    pub selinux: fn() -> bool,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            program: OsString::new(),
            posixly_correct: false,
            engine_variable: None,
            version_control: None,
            backup_suffix: None,
            selinux: || false,
        }
    }
}

impl Environment {
    /// What this process was given.
    #[must_use]
    pub(crate) fn of_process(program: OsString) -> Self {
        Self {
            program,
            posixly_correct: std::env::var_os("POSIXLY_CORRECT").is_some(),
            engine_variable: std::env::var_os("UCP_ENGINE").map(|value| value.to_string_lossy().into_owned()),
            version_control: std::env::var_os("VERSION_CONTROL"),
            backup_suffix: std::env::var_os("SIMPLE_BACKUP_SUFFIX"),
            selinux: crate::process::selinux_is_enabled,
        }
    }
}

/// A command line as far as GNU would read it.
struct Typed {
    /// The options before the place where reading stops, in getopt's one spelling and the order typed.
    options: Vec<OsString>,
    /// The operands in the order typed; none where reading stopped.
    operands: Vec<OsString>,
    /// What stopped the reading, if not the end. The options before it have been acted on by then.
    stop: Option<Stop>,
}

/// What ends the reading of a command line early.
enum Stop {
    Help(String),
    Version(String),
    Mistake(UsageError),
}

/// Reads `arguments` by getopt's rules, up to `--help`, `--version` or a mistake.
fn typed(
    command: &Command,
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Environment,
    language: &Language,
) -> Typed {
    let order = if surroundings.posixly_correct { Order::OptionsFirst } else { Order::Permute };
    let (mut canonical, mistake) = match getopt::canonical(command, arguments, order) {
        Ok(canonical) => (canonical, None),
        Err(error) => (error.options_before().to_vec(), Some(error)),
    };
    let mut stop = mistake.map(|mistake| {
        let message = mistake.message(surroundings.program.as_bytes(), language);
        Stop::Mistake(UsageError { message, from_getopt: true, hint: true })
    });
    let stops = |argument: &OsString| ["--help", "--version", "--"].iter().any(|name| argument == name);
    let end = canonical.iter().position(stops).unwrap_or(canonical.len());
    if canonical.get(end).is_some_and(|argument| argument == "--help") {
        stop = Some(Stop::Help(help::text(command, &surroundings.program.to_string_lossy())));
        canonical.truncate(end);
    } else if canonical.get(end).is_some_and(|argument| argument == "--version") {
        let text = format!("{} (ucp) {}\n", command.get_name(), env!("CARGO_PKG_VERSION"));
        stop = Some(Stop::Version(text));
        canonical.truncate(end);
    }
    let operands = canonical.split_off(canonical.len().min(end + 1));
    canonical.truncate(end);
    Typed { options: canonical, operands, stop }
}

/// Whether an option in getopt's one spelling is one that GNU lacks.
fn is_ours(option: &OsStr, command: &Command) -> bool {
    let name = option.as_bytes().split(|&byte| byte == b'=').next().unwrap_or_default();
    let ours = |argument: &&Arg| argument.get_help_heading() == Some(EXTENSIONS);
    let names = command.get_arguments().filter(ours).filter_map(Arg::get_long);
    name.strip_prefix(b"--").is_some_and(|name| names.map(str::as_bytes).any(|ours| ours == name))
}

/// The values of options for callers that do not mind their order. Working them out takes clap longer than copying a
/// small file takes.
fn values(command: Command, options: Vec<OsString>) -> Result<ArgMatches, UsageError> {
    // getopt has read the same definitions, so there is nothing left for clap to refuse.
    command.try_get_matches_from(options).map_err(|error| UsageError::usage(error.render().to_string()))
}

/// Reads a command line none of whose options is acted on before the end: their values, and the operands.
fn matches(
    command: Command,
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Environment,
    language: &Language,
) -> Result<Request<(ArgMatches, Vec<OsString>)>, UsageError> {
    let Typed { options, operands, stop } = typed(&command, arguments, surroundings, language);
    match stop {
        None => Ok(Request::Run((values(command, options)?, operands))),
        Some(Stop::Help(text)) => Ok(Request::Help(text)),
        Some(Stop::Version(text)) => Ok(Request::Version(text)),
        Some(Stop::Mistake(refused)) => Err(refused),
    }
}

/// A command with operands, whose options are read by getopt's rules; `usage` may say `{program}`.
fn command(name: &'static str, usage: impl Into<String>) -> Command {
    let operands = Arg::new("operands").num_args(0..).value_parser(value_parser!(OsString)).hide(true);
    Command::new(name)
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .before_help(usage.into())
        .arg(operands)
}

fn flag(long: &'static str, short: Option<char>, help: &'static str) -> Arg {
    Arg::new(long).long(long).short(short).action(ArgAction::SetTrue).help(help)
}

fn short_flag(short: char, help: &'static str) -> Arg {
    Arg::new(short.to_string()).short(short).action(ArgAction::SetTrue).help(help)
}

fn valued(long: &'static str, short: Option<char>, value: &'static str, help: &'static str) -> Arg {
    let option = Arg::new(long).long(long).short(short).value_name(value).help(help);
    option.action(ArgAction::Append).value_parser(value_parser!(OsString))
}

fn optional(long: &'static str, value: &'static str, help: &'static str) -> Arg {
    valued(long, None, value, help).num_args(0..=1).require_equals(true).default_missing_value("")
}

fn help_and_version() -> [Arg; 2] {
    [
        flag("help", None, "display this help and exit"),
        flag("version", None, "output version information and exit"),
    ]
}

/// Whether there is anything but operands.
fn any_option(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| matches!(argument.as_bytes(), [b'-', _, ..]))
}
