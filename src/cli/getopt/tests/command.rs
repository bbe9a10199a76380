//! The options of GNU cp and cat in the order in which they list them, with a few extensions strewn in.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, value_parser};

use super::EXTENSIONS;

pub(super) fn cp() -> Command {
    let options = [
        flag("archive", Some('a')),
        flag("attributes-only", None),
        short_flag('b'),
        optional("backup"),
        flag("copy-contents", None),
        short_flag('d'),
        flag("debug", None),
        flag("direct", None).help_heading(EXTENSIONS),
        flag("dereference", Some('L')),
        required("engine", None).help_heading(EXTENSIONS),
        flag("force", Some('f')),
        short_flag('H'),
        flag("interactive", Some('i')),
        flag("link", Some('l')),
        flag("no-clobber", Some('n')),
        flag("no-dereference", Some('P')),
        required("no-preserve", None),
        flag("no-target-directory", Some('T')),
        flag("one-file-system", Some('x')),
        short_flag('p'),
        flag("parents", None).alias("path"),
        optional("preserve"),
        flag("recursive", Some('R')).visible_short_alias('r'),
        flag("remove-destination", None),
        required("sparse", None),
        optional("reflink"),
        optional("stats").help_heading(EXTENSIONS),
        flag("strip-trailing-slashes", None),
        required("suffix", Some('S')),
        flag("symbolic-link", Some('s')),
        required("target-directory", Some('t')),
        short_flag('u'),
        optional("update"),
        flag("verbose", Some('v')),
        flag("keep-directory-symlink", None),
        short_flag('Z'),
        optional("context"),
        flag("help", None),
        flag("version", None),
    ];
    command("cp").args(options)
}

pub(super) fn cat() -> Command {
    let options = [
        flag("number-nonblank", Some('b')),
        flag("number", Some('n')),
        flag("squeeze-blank", Some('s')),
        flag("show-nonprinting", Some('v')),
        flag("show-ends", Some('E')),
        flag("show-tabs", Some('T')),
        flag("show-all", Some('A')),
        short_flag('e'),
        short_flag('t'),
        short_flag('u'),
        flag("help", None),
        flag("version", None),
    ];
    command("cat").args(options)
}

/// A command as the module asks for, with operands only.
pub(super) fn command(name: &'static str) -> Command {
    let operands = Arg::new("operands").num_args(0..).value_parser(value_parser!(OsString));
    Command::new(name).disable_help_flag(true).disable_version_flag(true).arg(operands)
}

pub(super) fn flag(long: &'static str, short: Option<char>) -> Arg {
    Arg::new(long).long(long).short(short).action(ArgAction::Count)
}

pub(super) fn short_flag(short: char) -> Arg {
    Arg::new(short.to_string()).short(short).action(ArgAction::Count)
}

pub(super) fn required(long: &'static str, short: Option<char>) -> Arg {
    let option = Arg::new(long).long(long).short(short);
    option.action(ArgAction::Append).value_parser(value_parser!(OsString))
}

pub(super) fn optional(long: &'static str) -> Arg {
    required(long, None).num_args(0..=1).require_equals(true).default_missing_value("(missing)")
}
