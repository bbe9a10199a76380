//! The two programs, and what they share: a command line that cannot be followed, `--help`, a failed write.

mod cat;
mod cp;

pub use cat::ucat;
pub use cp::ucp;

use crate::cli::UsageError;
use crate::report::language::{Language, Words};
use crate::report::{HINT, Reporter, short_program_name, write_all, write_error};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// `argv[0]` and the arguments after it.
fn arguments() -> (OsString, std::env::ArgsOs) {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    (program, arguments)
}

/// Tells why the command line cannot be followed, in GNU's form.
fn refuse(program: &OsStr, refused: &UsageError, language: &Language) {
    let mut text = match refused.from_getopt {
        true => refused.message.clone(),
        false => [&short_program_name(program), &b": "[..], &refused.message, b"\n"].concat(),
    };
    if refused.hint {
        text.extend(language.message(HINT, &[program.as_bytes()]));
    }
    write_error(&text);
}

/// Prints `--help` or `--version`; a failure to do so is told and counts.
fn print(reporter: &Reporter, text: &str) -> bool {
    match write_all(rustix::stdio::stdout(), text.as_bytes()) {
        Ok(()) => true,
        Err(errno) => {
            write_failed(reporter, errno);
            false
        }
    }
}

/// `write error: ...`
fn write_failed(reporter: &Reporter, errno: Errno) {
    reporter.failed_to(Words::gnulib("write error"), errno);
}
