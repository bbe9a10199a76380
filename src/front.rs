//! What both programs' front ends share: a command line that cannot be followed, `--help`, statistics.

use crate::cli::{Refused, short_program_name};
use crate::pipeline::engine::uring::Refusal;
use crate::report::message::describe;
use crate::report::{Reporter, write_all, write_error};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// `argv[0]` and the arguments behind it.
pub fn arguments() -> (OsString, std::env::ArgsOs) {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    (program, arguments)
}

/// Tells why the command line cannot be followed, in GNU's form.
pub fn refuse(program: &OsStr, refused: &Refused) {
    let name = if refused.from_getopt { program.as_bytes().to_vec() } else { short_program_name(program) };
    let mut text = [&name, &b": "[..], &refused.message, b"\n"].concat();
    if refused.hint {
        text.extend([b"Try '", program.as_bytes(), b" --help' for more information.\n"].concat());
    }
    write_error(&text);
}

/// Prints `--help` or `--version`; a failure to do so is told and counts.
#[must_use]
pub fn print(reporter: &Reporter, text: &str) -> bool {
    match write_all(rustix::stdio::stdout(), text.as_bytes()) {
        Ok(()) => true,
        Err(errno) => {
            write_failed(reporter, errno);
            false
        }
    }
}

/// `write error: ...`
pub fn write_failed(reporter: &Reporter, errno: Errno) {
    reporter.failure(format!("write error: {}", describe(errno)).as_bytes());
}

/// Why a ring that was asked for cannot be had.
#[must_use]
pub fn refusal(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("io_uring is not available ({}): {}", refusal.step, describe(refusal.errno))
}

/// Success or failure as an exit status.
#[must_use]
pub fn status(success: bool) -> ExitCode {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
