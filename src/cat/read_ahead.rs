//! A large regular file with several reads in flight ahead of the write: reads past the page cache wait for the device,
//! and one at a time would leave it idle between them.

use super::Cat;
use super::zero_copy::{Input, can_be_set};
use crate::patience::retry;
use crate::pipeline::chain::{Call, Chain, Completion, Descriptor, End, Io, Op, Outcome, Results};
use crate::pipeline::engine::{Wait, plain, select};
use crate::plan::reading::Reading;
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Reads in flight: with blocks of 1 MiB, what a fast device needs and the pool can lend.
const AHEAD: u64 = 6;

/// The blocks of one file on their way.
struct Blocks {
    source: Arc<OwnedFd>,
    reading: Reading,
    /// Where the first block starts.
    offset: u64,
    block_bytes: usize,
    /// How many there are.
    count: u64,
    /// The next one to be read.
    next: u64,
    /// Those that have come back, each with its number.
    back: Vec<Completion>,
}

/// Reads ahead and writes in order, until everything is written or something fails. Answers how many bytes were written, and
/// whether the input stands after them.
pub(super) fn copy(cat: &mut Cat<'_>, input: &Input<'_>) -> (u64, Result<(), Errno>) {
    if !can_be_set(input.file, input.offset) {
        return (0, Ok(()));
    }
    let Ok(own) = rustix::io::fcntl_dupfd_cloexec(input.file, 3) else { return (0, Ok(())) };
    let source = Arc::new(own);
    cat.want_ring();
    let block_bytes = cat.block_bytes_direct;
    let blocks = input.facts.size.saturating_sub(input.offset).div_ceil(as_u64(block_bytes));
    // What standard input was opened with is shared with the process that opened it: it stays as it is.
    let direct = cat.wishes.direct && input.is_own;
    set_direct(&source, direct, true);
    let mut all = Blocks {
        source: Arc::clone(&source),
        reading: plain::reading_of(input.file),
        offset: input.offset,
        block_bytes,
        count: blocks,
        next: 0,
        back: Vec::new(),
    };
    let moved = all.run(cat, direct);
    while cat.engine.in_flight() > 0 && cat.engine.reap(Wait::ForOne, &mut all.back).is_ok() {}
    set_direct(&source, direct, false);
    if moved == 0 {
        return (0, Ok(()));
    }
    let behind = SeekFrom::Start(input.offset + moved);
    (moved, rustix::fs::seek(input.file, behind).map(|_set| ()))
}

impl Blocks {
    fn run(&mut self, cat: &mut Cat<'_>, sleeps: bool) -> u64 {
        let mut moved = 0;
        for number in 0..self.count {
            let Some(completion) = self.wait_for(cat, number, sleeps) else { return moved };
            let Outcome::Count { .. } = completion.outcome else { return moved };
            let Some(lease) = completion.chain.lease else { return moved };
            let (written, whole) = write(cat, lease.bytes());
            moved += written;
            if !whole || lease.bytes().len() < self.block_bytes {
                return moved;
            }
        }
        moved
    }

    /// Keeps reads in flight until the block of that number has come back.
    fn wait_for(&mut self, cat: &mut Cat<'_>, number: u64, sleeps: bool) -> Option<Completion> {
        loop {
            while self.next < self.count.min(number + AHEAD) && self.send(cat, sleeps) {}
            let found = self.back.iter().position(|completion| completion.chain.token == number);
            if let Some(found) = found {
                return Some(self.back.swap_remove(found));
            }
            if cat.engine.in_flight() == 0 || cat.engine.reap(Wait::ForOne, &mut self.back).is_err() {
                return None;
            }
        }
    }

    /// Sends off the next block, if there is room for it.
    fn send(&mut self, cat: &mut Cat<'_>, sleeps: bool) -> bool {
        let Some(lease) = cat.pool.lease(self.block_bytes) else { return false };
        let room = u32::try_from(self.block_bytes).unwrap_or(u32::MAX);
        let offset = Some(self.offset + self.next * as_u64(self.block_bytes));
        let chain = Chain {
            token: self.next,
            source: Descriptor::Shared(Arc::clone(&self.source)),
            reading: self.reading,
            lease: Some(lease),
            ops: vec![Op::Io(Io::Read { offset, room, expect: None })],
            direct_io: sleeps,
            ..Chain::default()
        };
        let sent = cat.engine.push(chain).is_ok();
        self.next += u64::from(sent);
        sent
    }
}

/// Writes to standard output. Answers how much was written, and whether that is all.
fn write(cat: &mut Cat<'_>, mut bytes: &[u8]) -> (u64, bool) {
    let output = cat.writer.descriptor();
    let mut written = 0;
    while !bytes.is_empty() {
        cat.plain_operations += 1;
        match retry(|| rustix::io::write(output, bytes)) {
            Ok(moved) if moved > 0 => {
                written += as_u64(moved);
                cat.writer.wrote(Ok(as_u64(moved)));
                bytes = &bytes[moved..];
            }
            // The fallback that goes on hits it again.
            Ok(_) | Err(_) => return (written, false),
        }
    }
    (written, true)
}

fn set_direct(source: &Arc<OwnedFd>, direct: bool, on: bool) {
    if direct {
        let ops = vec![Op::Call(Call::SetDirect { end: End::Source, on })];
        let mut chain = Chain { source: Descriptor::Shared(Arc::clone(source)), ops, ..Chain::default() };
        let _ended = plain::run(&mut chain, &mut Results::default(), 0, |_, _| true);
    }
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Cat<'_> {
    /// Goes over to a ring where one is to be had and there is none yet.
    fn want_ring(&mut self) {
        if self.engine.capabilities().in_flight_max > 1 {
            return;
        }
        if let Ok(engine) = select::choose(self.knobs, &self.pool) {
            self.plain_operations += self.engine.counters().operations;
            self.engine = engine;
        }
    }
}
