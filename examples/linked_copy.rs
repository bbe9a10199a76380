//! Copies a small file by one linked chain: OPENAT, OPENAT, READ, WRITE, CLOSE, CLOSE in one submission.
//!
//! ```shell
//! cargo run --example linked_copy SOURCE DESTINATION
//! ```

use std::error::Error;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use ucp::ring::{Config, End, LinkedChain, Ring};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let answer = match (arguments.next(), arguments.next()) {
        (Some(source), Some(destination)) => copy(source, destination),
        _ => Err("two operands are needed: SOURCE and DESTINATION".into()),
    };
    let (line, code) = match answer {
        Ok(line) => (line, ExitCode::SUCCESS),
        Err(error) => (format!("linked_copy: {error}"), ExitCode::FAILURE),
    };
    // Nobody is left to be told where standard error cannot be written.
    writeln!(std::io::stderr(), "{line}").map_or(ExitCode::FAILURE, |()| code)
}

/// Copies, and answers how.
fn copy(source: OsString, destination: OsString) -> Result<String, Box<dyn Error>> {
    let file = File::open(&source)?;
    let bytes = u32::try_from(file.metadata()?.len())?;
    // "io_uring is not available (set-up): Operation not permitted", in most containers.
    let mut ring = Ring::new(Config::default())?;
    let buffer = ring.buffer(usize::try_from(bytes)?).ok_or("the file does not fit one buffer of 2 MiB")?;
    let chain = LinkedChain::new()
        .buffer(buffer)
        .source_like(&file)?
        .open_source(&CString::new(source.into_vec())?)
        .create_destination(&CString::new(destination.into_vec())?, 0o666)
        .read_exactly(Some(0), bytes)
        .write(Some(0), 0, bytes)
        .close(End::Destination)
        .close(End::Source);
    ring.push(chain)?;
    for completed in ring.wait()? {
        completed.outcome?;
    }
    let (operations, submissions) = (ring.ring_operations(), ring.submissions());
    Ok(format!("{bytes} bytes, {operations} operations in the ring, {submissions} submissions"))
}
