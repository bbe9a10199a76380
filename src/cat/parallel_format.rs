//! A large regular file formatted by several threads.
//!
//! Each reads blocks of its own. What it must know of everything before its block (the line number above all) is passed
//! on from block to block by skipping, which is a fraction of formatting; then blocks are formatted side by side, and
//! written in their order, each by the thread that has it.

use super::extents::WORKERS_MAX;
use super::zero_copy::{Input, can_be_set};
use super::{Cat, Fatal};
use crate::bufpool::{Lease, Pool};
use crate::cli::cat::TransferMethod;
use crate::format::{Format, Machine, Moved, Place, ROOM_BYTES};
use crate::plan::facts::FileStat;
use crate::plan::ways;
use crate::report::write_all;
use rustix::fd::BorrowedFd;
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of input that a thread takes at a time: enough not to wait for its turn too often, and with the output still
/// in the processor's cache.
const BLOCK_BYTES: usize = 512 << 10;

/// Bytes of output that a thread collects before it waits for its turn to write.
const OUTPUT_BYTES: usize = 1 << 20;

/// What the threads of one file share.
struct FormatWork<'f> {
    input: &'f Input<'f>,
    output: BorrowedFd<'f>,
    format: Format,
    /// Where the last whole block ends: after it, reading in turns finds the end of the file.
    blocks: u64,
    /// The next block that no thread has claimed.
    next: AtomicU64,
    turns: Mutex<Turns>,
    changed: Condvar,
}

/// Whose turn it is.
struct Turns {
    /// The next block to be skipped, with what stands before it.
    skipped: u64,
    place: Place,
    /// The next block to be written.
    written: u64,
    written_bytes: u64,
    /// No block from `skipped` on is worked on: the input failed, or ended sooner than expected.
    ended: bool,
    failed: Option<Errno>,
}

impl Cat<'_> {
    /// Formats what a regular file has now, where it is enough for several threads. Its position is then after that;
    /// or the answer is why it cannot be, and reading on would give the same bytes again.
    pub(super) fn format_together(
        &mut self,
        file: BorrowedFd<'_>,
        facts: FileStat,
    ) -> Result<Result<(), Errno>, Fatal> {
        let Some(machine) = self.writer.machine() else { return Ok(Ok(())) };
        let (format, place) = (machine.format(), machine.place());
        if !ways::is_formatted_together(&facts, 0, &self.wishes) {
            return Ok(Ok(()));
        }
        let offset = rustix::fs::seek(file, SeekFrom::Current(0)).unwrap_or(facts.size);
        let workers = self.workers();
        if !ways::is_formatted_together(&facts, offset, &self.wishes) || !can_be_set(file, offset) {
            return Ok(Ok(()));
        }
        self.flush()?;
        let input = Input { file, facts, offset, is_own: false };
        let turns = Turns { skipped: 0, place, written: 0, written_bytes: 0, ended: false, failed: None };
        let work = FormatWork {
            input: &input,
            output: self.writer.descriptor(),
            format,
            blocks: facts.size.saturating_sub(offset) / as_u64(BLOCK_BYTES),
            next: AtomicU64::new(0),
            turns: Mutex::new(turns),
            changed: Condvar::new(),
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                // Without another thread, this one does it all.
                if std::thread::Builder::new().spawn_scoped(scope, || work.help()).is_err() {
                    break;
                }
            }
            work.help();
        });
        let turns = work.turns.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.writer.wrote(Ok(turns.written_bytes));
        if let Some(errno) = turns.failed {
            self.writer.wrote(Err(errno));
            return Err(Fatal);
        }
        if let Some(machine) = self.writer.machine() {
            machine.resume(turns.place);
        }
        self.note(TransferMethod::Extents);
        let behind = offset + turns.written * as_u64(BLOCK_BYTES);
        Ok(rustix::fs::seek(file, SeekFrom::Start(behind)).map(|_set| ()))
    }

    /// Threads that there may be; the machine is asked once.
    pub(super) fn workers(&mut self) -> usize {
        if self.wishes.workers == 0 {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            self.wishes.workers = cores.min(WORKERS_MAX).min(self.workers_max);
        }
        self.wishes.workers
    }
}

impl FormatWork<'_> {
    /// Works on blocks until none is left.
    fn help(&self) {
        let pool = Pool::new(BLOCK_BYTES);
        let Some(mut lease) = pool.lease(BLOCK_BYTES) else { return };
        let mut machine = Machine::new(self.format);
        let mut output = vec![0; OUTPUT_BYTES];
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.blocks {
                return;
            }
            let offset = self.input.offset + number * as_u64(BLOCK_BYTES);
            let whole = lease.read(self.input.file, Some(offset), BLOCK_BYTES) == Ok(BLOCK_BYTES);
            let Some(place) = self.take_turn(number, |turns| turns.skipped, whole) else { return };
            machine.resume(place.clone());
            machine.skip(lease.bytes());
            self.pass_on(|turns| {
                turns.skipped += 1;
                turns.place = machine.place();
            });
            machine.resume(place);
            if !self.print(&mut machine, &lease, number, &mut output) {
                return;
            }
        }
    }

    /// Formats a block and writes it when its turn has come. Answers whether there is any use in going on.
    fn print(&self, machine: &mut Machine, lease: &Lease, number: u64, output: &mut [u8]) -> bool {
        let (mut input, mut filled) = (lease.bytes(), 0);
        loop {
            let Moved { taken, put } = machine.feed(input, &mut output[filled..]);
            filled += put;
            input = &input[taken..];
            let done = input.is_empty();
            if !done && output.len() - filled >= ROOM_BYTES {
                continue;
            }
            if self.take_turn(number, |turns| turns.written, true).is_none() {
                return false;
            }
            let wrote = write_all(self.output, &output[..filled]);
            self.pass_on(|turns| {
                turns.written_bytes += as_u64(filled);
                turns.failed = wrote.err();
                turns.written += u64::from(done);
            });
            filled = 0;
            if done || wrote.is_err() {
                return wrote.is_ok();
            }
        }
    }

    /// Waits until it is this block's turn, and answers with what stands before it. `None` where it will never be; a block
    /// that is not `whole` makes an end when its turn comes.
    fn take_turn(&self, number: u64, turn: impl Fn(&Turns) -> u64, whole: bool) -> Option<Place> {
        let mut turns = self.lock();
        while turns.failed.is_none() && turn(&turns) != number && !(turns.ended && turns.skipped <= number) {
            turns = self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        if turn(&turns) == number && !whole {
            turns.ended = true;
            self.changed.notify_all();
            return None;
        }
        (turns.failed.is_none() && turn(&turns) == number).then(|| turns.place.clone())
    }

    fn pass_on(&self, change: impl FnOnce(&mut Turns)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
