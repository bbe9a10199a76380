//! A whole run of `ucat`: files one after the other to standard output.
//!
//! Regular files of moderate size are read ahead: an ordered window of OPENAT→READ chains runs before the writer, which
//! takes what is ready from its front and writes many small files by one call. Everything else (standard input, pipes,
//! devices, large files, files that cannot be trusted to say how long they are) is opened and streamed when its turn
//! has come and everything before it is written: nobody can tell that others were read ahead.

mod output;
mod stream;
mod window;

use super::engine::choose;
use super::engine::sync::Sync;
use super::engine::uring::Refusal;
use super::engine::{Counters, Engine};
use crate::bufpool::Pool;
use crate::cli::cat::CatOptions;
use crate::plan::descriptors;
use crate::report::Reporter;
use crate::report::message::describe;
use crate::report::quote;
use crate::report::stats::{Stats, Tally};
use output::Writer;
use rustix::io::Errno;
use rustix::process::Resource;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::Instant;

/// Bytes of I/O memory for the whole run.
const POOL_BYTES: usize = 8 << 20;

/// Files from which on a ring is worth setting up.
const FILES_FOR_RING: usize = 32;

/// Standard output cannot be written to (any more): nothing further is printed, or told of.
struct Fatal;

/// A run in progress.
struct Cat<'a> {
    reporter: &'a Reporter,
    pool: Pool,
    engine: Box<dyn Engine>,
    writer: Writer<'a>,
    tally: Tally,
    buffer_bytes: usize,
    /// Most files that are read ahead, each of which may take a descriptor.
    ahead_max: usize,
    used_input: bool,
    /// Operations that ran outside the engine: a file in its turn is passed through by plain calls.
    plain_operations: u64,
}

/// Prints as `options` say and tells `reporter`. `input_was_closed` says that there was no standard input at exec.
///
/// # Errors
/// A ring was asked for, or a wish that only a ring grants, and there can be none; nothing was printed.
pub fn print(options: &CatOptions, reporter: &Reporter, input_was_closed: bool) -> Result<Stats, Refusal> {
    let started = Instant::now();
    let knobs = &options.knobs;
    let pool = Pool::new(POOL_BYTES);
    let engine = if knobs.insist_on_ring() || options.files.len() >= FILES_FOR_RING {
        choose::choose(knobs, &pool)?
    } else {
        Box::new(Sync::default())
    };
    let mut counters = Counters::default();
    let mut tally = Tally::default();
    match Writer::new() {
        Err(errno) => reporter.failure(format!("standard output: {}", describe(errno)).as_bytes()),
        Ok(writer) => {
            let buffer_bytes = knobs.block_bytes(false).min(pool.lease_bytes_max());
            let limit = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
            let ahead_max = descriptors::share(limit, 1).files.min(engine.capabilities().in_flight_max);
            let used_input = false;
            let mut cat = Cat {
                reporter,
                pool,
                engine,
                writer,
                tally,
                buffer_bytes,
                ahead_max,
                used_input,
                plain_operations: 0,
            };
            let ended = cat.files(&options.files);
            if let Err(Fatal) = ended.and_then(|()| cat.flush()) {
                cat.write_failed();
            }
            if cat.used_input && input_was_closed {
                reporter.failure(b"closing standard input: Bad file descriptor");
            }
            tally = cat.tally;
            counters = cat.engine.counters();
            counters.operations += cat.plain_operations;
        }
    }
    let (engine, reason) = choose::which(knobs, &counters);
    Ok(Stats { tally, counters, elapsed: started.elapsed(), engine, reason, workers: 1 })
}

impl Cat<'_> {
    fn files(&mut self, files: &[OsString]) -> Result<(), Fatal> {
        window::Window::new(files).run(self)
    }

    /// Writes what is gathered.
    fn flush(&mut self) -> Result<(), Fatal> {
        let written = self.writer.flush();
        self.tally.bytes += self.writer.take_written();
        written.map_err(|_kept| Fatal)
    }

    fn write_failed(&mut self) {
        if let Some(errno) = self.writer.error() {
            self.reporter.failure(format!("write error: {}", describe(errno)).as_bytes());
        }
    }

    /// Tells about a file that could not be read, after everything before it has been written.
    fn file_failed(&mut self, name: &OsString, errno: Errno) -> Result<(), Fatal> {
        self.flush()?;
        let name = quote::needed(name.as_bytes(), self.reporter.charset());
        self.reporter.failure(&[&name, &b": "[..], describe(errno).as_bytes()].concat());
        Ok(())
    }
}
