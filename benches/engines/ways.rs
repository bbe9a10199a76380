//! Owns the ways that are compared: siblings behind one small trait, each named by its mechanism.
//!
//! All use the same number of equal buffers in turn, so that what differs between them is how the kernel is asked, not
//! how much memory the bytes land in.

use std::ops::Range;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, ensure};
use rustix::fd::OwnedFd;

use crate::calls::Calls;
use crate::files::{FILE_BYTES, FILE_LENGTH, FileSet};
use crate::ring::{Buffer, Completion, Operation, Ring, SLOTS, Setup, buffer};

/// Longest wait for a polling thread to fall asleep.
const SETTLE_MS_MAX: u64 = 100;

/// Takes the bytes of each file as they arrive, in any order: the file's index, then its bytes.
pub type Sink<'a> = &'a mut dyn FnMut(usize, &[u8]);

/// What one pass over a set of files took.
#[derive(Default)]
pub struct Pass {
    /// Data bytes only: results of reads, never of opens, whose result is a descriptor.
    pub bytes: usize,
    pub calls: Calls,
}

pub trait Way {
    fn name(&self) -> &'static str;

    /// Time it took to set the ring up, where there is one.
    fn set_up(&self) -> Option<Duration>;

    /// Reads the first `count` files of the set whole. On an error nothing is left running.
    fn read(&mut self, count: usize, sink: Sink<'_>) -> Result<Pass>;

    /// Waits until the last pass left nothing running that would disturb the next one.
    fn settle(&mut self) {}
}

/// The ways that can run here, and a sentence for each that cannot.
pub struct Built {
    pub ways: Vec<Box<dyn Way>>,
    pub left_out: Vec<String>,
}

type Builder = fn(&'static str, &Rc<FileSet>) -> Result<Box<dyn Way>>;

/// Every way there is, in the order of the table.
const WAYS: [(&str, Builder); 5] = [
    ("readv, plain calls", |name, files| Ok(Box::new(Readv::new(name, files)))),
    ("ring, one file at a time", |name, files| Ok(Box::new(Batched::new(name, files, 1)?))),
    ("ring, batches of 64 READs", |name, files| Ok(Box::new(Batched::new(name, files, SLOTS)?))),
    ("ring, OPENAT→READ linked", |name, files| Ok(Box::new(Linked::new(name, files, Setup::Registered)?))),
    ("the same with SQPOLL", |name, files| Ok(Box::new(Linked::new(name, files, Setup::RegisteredPolled)?))),
];

/// Builds the ways whose name contains `filter`; a ring the kernel refuses is left out, not an error.
pub fn build(files: &Rc<FileSet>, filter: &str) -> Result<Built> {
    let mut built = Built { ways: Vec::new(), left_out: Vec::new() };
    for (name, builder) in WAYS.into_iter().filter(|(name, _)| name.contains(filter)) {
        match builder(name, files) {
            Ok(way) => built.ways.push(way),
            Err(why) => built.left_out.push(format!("{name}: {why:#}")),
        }
    }
    ensure!(built.ways.len() + built.left_out.len() > 0, "no way has '{filter}' in its name");
    Ok(built)
}

/// openat, readv, close: what a program does that never heard of rings.
struct Readv {
    name: &'static str,
    files: Rc<FileSet>,
    buffers: Vec<Buffer>,
}

impl Readv {
    fn new(name: &'static str, files: &Rc<FileSet>) -> Readv {
        Readv { name, files: Rc::clone(files), buffers: (0..SLOTS).map(|_| buffer()).collect() }
    }
}

impl Way for Readv {
    fn name(&self) -> &'static str {
        self.name
    }

    fn set_up(&self) -> Option<Duration> {
        None
    }

    fn read(&mut self, count: usize, sink: Sink<'_>) -> Result<Pass> {
        let mut pass = Pass::default();
        for index in 0..count {
            let file = pass.calls.open(&self.files, index)?;
            let buffer = &mut self.buffers[usize::from(slot_of(index)?)];
            pass.bytes += pass.calls.readv(&file, buffer)?;
            sink(index, buffer);
            pass.calls.close(file);
        }
        Ok(pass)
    }
}

/// Opens and closes by plain calls; the READs of one batch enter the ring in one submission. A batch of one is the ring
/// used as if it were a system call.
struct Batched {
    name: &'static str,
    ring: Ring,
    files: Rc<FileSet>,
    batch: usize,
    /// The files of a batch until all are open: a failed open must not leave READs in the queue.
    opened: Vec<OwnedFd>,
}

impl Batched {
    fn new(name: &'static str, files: &Rc<FileSet>, batch: u16) -> Result<Batched> {
        let ring = Ring::new(Setup::Plain, Rc::clone(files))?;
        Ok(Batched { name, ring, files: Rc::clone(files), batch: usize::from(batch), opened: Vec::new() })
    }

    fn read_batch(&mut self, indices: Range<usize>, pass: &mut Pass, sink: Sink<'_>) -> Result<()> {
        for index in indices.clone() {
            self.opened.push(pass.calls.open(&self.files, index)?);
        }
        for (index, file) in indices.clone().zip(self.opened.drain(..)) {
            self.ring.push_read(slot_of(index)?, file)?;
        }
        let mut failed = None;
        while self.ring.in_flight() > 0 {
            self.ring.submit_and_wait()?;
            while let Some(completion) = self.ring.reap()? {
                match data_bytes(completion) {
                    Ok(bytes) => pass.bytes += bytes,
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        failed.map_or(Ok(()), Err)?;
        for index in indices {
            let slot = slot_of(index)?;
            let file = self.ring.take_file(slot)?;
            sink(index, self.ring.data(slot)?);
            pass.calls.close(file);
        }
        Ok(())
    }
}

impl Way for Batched {
    fn name(&self) -> &'static str {
        self.name
    }

    fn set_up(&self) -> Option<Duration> {
        Some(self.ring.set_up())
    }

    fn read(&mut self, count: usize, sink: Sink<'_>) -> Result<Pass> {
        let mut pass = Pass::default();
        for first in (0..count).step_by(self.batch) {
            self.read_batch(first..count.min(first + self.batch), &mut pass, sink)?;
        }
        pass.calls.io_uring_enter = self.ring.take_enters();
        Ok(pass)
    }
}

/// Each file is one chain OPENAT→READ→CLOSE on a direct descriptor and a registered buffer; a window of them runs ahead.
struct Linked {
    name: &'static str,
    ring: Ring,
    /// The file each slot is reading.
    reading: Vec<usize>,
}

impl Linked {
    fn new(name: &'static str, files: &Rc<FileSet>, setup: Setup) -> Result<Linked> {
        let ring = Ring::new(setup, Rc::clone(files))?;
        Ok(Linked { name, ring, reading: vec![0; usize::from(SLOTS)] })
    }

    /// Takes every completion that is there. Of a chain that is cut, the first completion says why, and the ones behind
    /// it only that it was: so the first failure is kept.
    fn reap(&mut self, pass: &mut Pass, failed: &mut Option<Error>, sink: Sink<'_>) -> Result<()> {
        while let Some(completion) = self.ring.reap()? {
            let Completion { slot, operation, .. } = completion;
            match (data_bytes(completion), operation) {
                (Ok(bytes), Operation::Read) => {
                    pass.bytes += bytes;
                    sink(self.reading[usize::from(slot)], self.ring.data(slot)?);
                }
                (Ok(_), Operation::Open | Operation::Close) => {}
                (Err(error), _) => *failed = failed.take().or(Some(error)),
            }
        }
        Ok(())
    }
}

impl Way for Linked {
    fn name(&self) -> &'static str {
        self.name
    }

    fn set_up(&self) -> Option<Duration> {
        Some(self.ring.set_up())
    }

    fn read(&mut self, count: usize, sink: Sink<'_>) -> Result<Pass> {
        let mut pass = Pass::default();
        let mut failed = None;
        let mut next = 0;
        loop {
            while next < count && failed.is_none() && self.ring.is_free(slot_of(next)?) {
                let slot = slot_of(next)?;
                self.ring.push_chain(slot, next)?;
                self.reading[usize::from(slot)] = next;
                next += 1;
            }
            if self.ring.in_flight() == 0 {
                break;
            }
            self.ring.submit_and_wait()?;
            self.reap(&mut pass, &mut failed, sink)?;
        }
        pass.calls.io_uring_enter = self.ring.take_enters();
        failed.map_or(Ok(pass), Err)
    }

    fn settle(&mut self) {
        let start = Instant::now();
        while !self.ring.poller_sleeps() && start.elapsed() < Duration::from_millis(SETTLE_MS_MAX) {
            thread::sleep(Duration::from_micros(100));
        }
    }
}

/// The buffer a file is read into: every way takes them in turn.
fn slot_of(index: usize) -> Result<u16> {
    Ok(u16::try_from(index % usize::from(SLOTS))?)
}

/// The data bytes an operation brought: those of a read, which must be the whole file; none for an open or a close.
fn data_bytes(completion: Completion) -> Result<usize> {
    let Completion { slot, operation, result } = completion;
    let result = result.with_context(|| format!("{operation:?} in slot {slot}"))?;
    match operation {
        Operation::Open | Operation::Close => Ok(0),
        Operation::Read => {
            ensure!(result == FILE_LENGTH, "a READ gave {result} bytes in place of {FILE_LENGTH}");
            Ok(FILE_BYTES)
        }
    }
}
