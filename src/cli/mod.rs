//! The two command lines: from what was typed to plain options. Touches no file system.
//!
//! [`getopt`] brings the arguments into one spelling, as GNU reads them; clap turns that into values; [`cp`] and [`cat`]
//! turn the values into [`cp::CpOptions`] and [`cat::CatOptions`]. What was typed and what it means are two things.

pub mod cat;
pub mod cp;
pub mod getopt;
pub mod knobs;
pub mod size;

pub use getopt::EXTENSIONS;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use getopt::Order;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What a command line asks for.
#[derive(Debug)]
pub enum Request<T> {
    /// The program's work, with these options.
    Run(T),
    /// `--help`: the text to print.
    Help(String),
    /// `--version`: the text to print.
    Version(String),
}

/// A command line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The message, without the program's name.
    pub message: Vec<u8>,
    /// GNU's getopt says the program's name as it was typed, everything else says its last component.
    pub from_getopt: bool,
    /// Whether `Try '... --help' for more information.` follows.
    pub hint: bool,
}

impl Refused {
    fn usage(message: impl std::convert::Into<Vec<u8>>) -> Self {
        Self { message: message.into(), from_getopt: false, hint: true }
    }

    fn plain(message: impl std::convert::Into<Vec<u8>>) -> Self {
        Self { message: message.into(), from_getopt: false, hint: false }
    }
}

impl From<knobs::BadArgument> for Refused {
    fn from(bad: knobs::BadArgument) -> Self {
        let knobs::BadArgument { argument, option, takes } = bad;
        Self::usage(format!("invalid argument '{argument}' for '{option}': it takes {takes}"))
    }
}

/// What the environment and `argv[0]` say, gathered at the edge so that parsing is a function of its arguments.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `argv[0]`, as the program was called.
    pub program: OsString,
    /// POSIXLY_CORRECT is set.
    pub posixly_correct: bool,
    /// The value of UCP_ENGINE.
    pub engine_variable: Option<String>,
}

impl Surroundings {
    /// What this process was given.
    #[must_use]
    pub fn of_process(program: OsString) -> Self {
        Self {
            program,
            posixly_correct: std::env::var_os("POSIXLY_CORRECT").is_some(),
            engine_variable: std::env::var_os("UCP_ENGINE").map(|value| value.to_string_lossy().into_owned()),
        }
    }
}

/// Runs `arguments` through getopt's rules and clap, and answers `--help` and `--version`.
fn matches(
    command: Command,
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Surroundings,
) -> Result<Request<ArgMatches>, Refused> {
    let order = if surroundings.posixly_correct { Order::OptionsFirst } else { Order::Permute };
    let (canonical, mistake) = match getopt::canonical(&command, arguments, order) {
        Ok(canonical) => (canonical, None),
        Err(error) => (error.options_before().to_vec(), Some(error)),
    };
    // GNU acts on options as it reads them: the first of --help, --version and a mistake is what happens.
    let version = format!("{} (ucp) {}\n", command.get_name(), env!("CARGO_PKG_VERSION"));
    match canonical
        .iter()
        .take_while(|argument| *argument != "--")
        .find_map(|argument| argument.to_str().filter(|a| matches!(*a, "--help" | "--version")))
    {
        Some("--help") => return Ok(Request::Help(help(command, &surroundings.program))),
        Some(_) => return Ok(Request::Version(version)),
        None => {}
    }
    if let Some(mistake) = mistake {
        return Err(Refused { message: mistake.message().to_vec(), from_getopt: true, hint: true });
    }
    let parsed = command.try_get_matches_from(canonical);
    // getopt has read the same definitions, so there is nothing left for clap to refuse.
    parsed.map(Request::Run).map_err(|error| Refused::usage(error.render().to_string()))
}

fn help(command: Command, program: &OsStr) -> String {
    let program = program.to_string_lossy().into_owned();
    let usage = command.get_before_help().map(|usage| usage.to_string().replace("{program}", &program));
    let mut command = command.before_help(usage.unwrap_or_default());
    command.render_help().to_string()
}

/// A command with operands, whose options are read by getopt's rules; `usage` may say `{program}`.
fn command(name: &'static str, usage: &'static str) -> Command {
    let operands = Arg::new("operands").num_args(0..).value_parser(value_parser!(OsString)).hide(true);
    Command::new(name)
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .before_help(usage)
        .help_template("{before-help}\n\n{all-args}{after-help}")
        .term_width(100)
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

fn operands(matches: &mut ArgMatches) -> Vec<OsString> {
    matches.remove_many("operands").map(Iterator::collect).unwrap_or_default()
}

/// Refuses the first option that was given, is GNU's, and is not built yet: its help begins with `(*)`.
fn refuse_unbuilt(matches: &ArgMatches, options: &[Arg]) -> Result<(), Refused> {
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let unbuilt = |option: &&Arg| option.get_help().is_some_and(|help| help.to_string().starts_with("(*)"));
    match options.iter().filter(unbuilt).find(|option| given(option.get_id().as_str())) {
        None => Ok(()),
        Some(argument) => {
            let name = match (argument.get_long(), argument.get_short()) {
                (Some(long), _) => format!("--{long}"),
                (None, short) => short.map(|short| format!("-{short}")).unwrap_or_default(),
            };
            Err(Refused::plain(format!("option '{name}' is not supported yet")))
        }
    }
}

/// The last component of the name the program was called by, as messages begin.
#[must_use]
pub fn short_program_name(program: &OsStr) -> Vec<u8> {
    let bytes = program.as_bytes();
    bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes).to_vec()
}
