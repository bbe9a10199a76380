//! A whole run of `ucat`: files one after the other to standard output.
//!
//! Regular files of moderate size are read ahead: an ordered window of OPENAT→READ chains runs before the writer, which
//! takes what is ready from its front and writes many small files by one call. Everything else (standard input, pipes,
//! devices, large files, files that cannot be trusted to say how long they are) is opened and passed on when its turn
//! has come and everything before it is written: no reader can tell that others were read ahead. How it is passed on
//! is decided by the ladder of `plan::ways`, and done by `zero_copy`; options that change bytes are `format`'s work.

mod extents;
mod output;
mod page_cache;
mod parallel_format;
mod read_ahead;
mod stream;
mod window;
mod zero_copy;

use crate::bufpool::Pool;
use crate::cli::cat::CatOptions;
use crate::cli::cat::TransferMethod;
use crate::cli::knobs::{EngineKind, Knobs};
use crate::pipeline::engine::Engine;
use crate::pipeline::engine::select;
use crate::pipeline::engine::sync::SyncEngine;
use crate::pipeline::engine::uring::Refusal;
use crate::plan::ways::TransferOptions;
use crate::plan::{descriptors, memory};
use crate::process::{self, Limit};
use crate::report::Reporter;
use crate::report::counters::Counters;
use crate::report::language::Words;
use crate::report::quote;
use crate::report::stats::{Stats, Tally};
use output::Writer;
use rustix::io::Errno;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::time::Instant;

/// Files from which on it is worth asking whether a ring is.
const FILES_FOR_RING: usize = 32;

/// Standard output cannot be written to (any more): nothing further is printed or reported.
struct Fatal;

/// A run in progress.
struct Cat<'a> {
    reporter: &'a Reporter,
    knobs: &'a Knobs,
    pool: Pool,
    engine: Box<dyn Engine>,
    writer: Writer<'a>,
    tally: Tally,
    buffer_bytes: usize,
    /// The same for what is read past the page cache.
    block_bytes_direct: usize,
    /// Most files that are read ahead, each of which may take a descriptor.
    ahead_max: usize,
    used_input: bool,
    wishes: TransferOptions,
    /// Threads that there is memory for.
    workers_max: usize,
    /// Ways that bytes have gone, each once.
    ways: Vec<TransferMethod>,
    /// Operations that ran outside the engine: a file in its turn is passed through by plain calls.
    plain_operations: u64,
}

/// Prints as `options` say and tells `reporter`. `input_was_closed` says that there was no standard input at exec.
///
/// # Errors
/// A ring was asked for, or a wish that only a ring grants, and there can be none; nothing was printed.
pub(crate) fn print(
    options: &CatOptions,
    reporter: &Reporter,
    input_was_closed: bool,
) -> Result<Stats, Refusal> {
    let started = Instant::now();
    let knobs = &options.knobs;
    let room = memory::room(process::memory_left_to_one_heap());
    let pool = Pool::new(room.pool_bytes);
    let many = options.files.len() >= FILES_FOR_RING && knobs.engine == EngineKind::Auto;
    let engine = if knobs.insist_on_ring() || (many && page_cache::any(&options.files)) {
        select::choose(knobs, &pool)?
    } else {
        Box::new(SyncEngine::default())
    };
    let mut counters = Counters::default();
    let mut tally = Tally::default();
    let mut ways = Vec::new();
    match Writer::new(options.format) {
        Err(errno) => reporter.failed_to(Words::gnu("standard output"), errno),
        Ok(writer) => {
            let alone = options.files.len() == 1 && !knobs.insist_on_ring();
            let mut cat = Cat {
                reporter,
                knobs,
                buffer_bytes: knobs.block_bytes(false).min(pool.lease_bytes_max()),
                block_bytes_direct: knobs.block_bytes(true).min(pool.lease_bytes_max()),
                pool,
                ahead_max: if alone { 1 } else { ahead_max(engine.as_ref()) },
                engine,
                writer,
                tally,
                used_input: false,
                wishes: TransferOptions {
                    way: options.way,
                    direct: options.direct,
                    workers: workers(knobs).min(room.workers),
                },
                workers_max: room.workers,
                ways: Vec::new(),
                plain_operations: 0,
            };
            // One file has nothing to be read ahead of.
            let ended = match &options.files[..] {
                [file] if alone => cat.stream_file(file),
                files => window::Window::new(files).run(&mut cat),
            };
            if let Err(Fatal) = ended.and_then(|()| cat.finish()) {
                cat.write_failed();
            }
            if let Some(refusal) = cat.engine.refusal() {
                select::give_up(knobs, refusal, reporter);
            }
            if cat.used_input && input_was_closed {
                reporter.failed_to(Words::gnu("closing standard input"), Errno::BADF);
            }
            tally = cat.tally;
            ways = cat.ways;
            counters = cat.engine.counters();
            counters.operations += cat.plain_operations;
        }
    }
    let (engine, reason) = select::which(knobs, &counters);
    let ways = ways.iter().map(|way| way.name()).collect::<Vec<_>>().join(" ");
    Ok(Stats {
        tally,
        counters,
        elapsed: started.elapsed(),
        engine,
        reason,
        workers: 1,
        placement: None,
        ways: Some(ways),
    })
}

/// Most files that are read ahead, each of which may take a descriptor.
fn ahead_max(engine: &dyn Engine) -> usize {
    let limit = process::limit(Limit::Descriptors).unwrap_or(u64::MAX);
    descriptors::share(limit, 1).files.min(engine.capabilities().in_flight_max)
}

/// Threads that the user allows; 0 where that is for the machine to say, which is asked when it matters.
fn workers(knobs: &Knobs) -> usize {
    knobs.jobs.map_or(0, NonZeroUsize::get)
}

impl Cat<'_> {
    /// Writes what is gathered.
    fn flush(&mut self) -> Result<(), Fatal> {
        let written = self.writer.flush();
        self.tally.bytes += self.writer.take_written();
        written.map_err(|_kept| Fatal)
    }

    /// Writes everything, at the end of the last file.
    fn finish(&mut self) -> Result<(), Fatal> {
        let written = self.writer.finish();
        self.tally.bytes += self.writer.take_written();
        written.map_err(|_kept| Fatal)
    }

    /// Notes that bytes went this way.
    fn note(&mut self, way: TransferMethod) {
        if !self.ways.contains(&way) {
            self.ways.push(way);
        }
    }

    fn write_failed(&mut self) {
        if let Some(errno) = self.writer.error() {
            self.reporter.failed_to(Words::gnu("write error"), errno);
        }
    }

    /// Tells about a file that could not be read, after everything before it has been written.
    fn file_failed(&mut self, name: &OsString, errno: Errno) -> Result<(), Fatal> {
        self.flush()?;
        let errno = process::reason(name.as_bytes(), errno);
        let name = quote::needed(name.as_bytes(), self.reporter.charset());
        self.reporter.file_failed(&name, errno);
        Ok(())
    }
}
