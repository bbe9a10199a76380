//! The window of files that are read ahead, in the order in which they are printed.

use super::{Cat, Fatal};
use crate::cli::cat::TransferMethod;
use crate::pipeline::chain::{At, Chain, Completion, Directory, End, FdKind, Io, Op, Outcome};
use crate::pipeline::engine::sync::SyncEngine;
use crate::pipeline::engine::uring::Refusal;
use crate::pipeline::engine::{Wait, select};
use crate::plan::facts::FileStat;
use crate::plan::reading::Reading;
use crate::plan::ways::{TransferOptions, is_read_ahead};
use crate::process;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// How far a file of the window has got.
enum EntryState {
    /// Its chain is in flight.
    Flying { size: u64 },
    /// Its chain has come back.
    Back { size: u64, completion: Box<Completion> },
    /// It has to wait for its turn, and is opened only then.
    InTurn,
}

/// Files from the one that is printed next to the last one that has been looked at.
pub(super) struct Window<'f> {
    files: &'f [OsString],
    /// The next file to look at.
    next: usize,
    /// States of the files before it; the front one is printed next.
    states: VecDeque<EntryState>,
    /// The number of the front one.
    front: usize,
    /// How the files of each device are read in a ring.
    readings: HashMap<u64, Reading>,
    completions: Vec<Completion>,
}

impl<'f> Window<'f> {
    pub(super) fn new(files: &'f [OsString]) -> Self {
        Self {
            files,
            next: 0,
            states: VecDeque::new(),
            front: 0,
            readings: HashMap::new(),
            completions: Vec::new(),
        }
    }

    pub(super) fn run(mut self, cat: &mut Cat<'_>) -> Result<(), Fatal> {
        while self.front < self.files.len() {
            self.look_ahead(cat);
            match self.states.pop_front() {
                Some(EntryState::Flying { size }) => {
                    self.states.push_front(EntryState::Flying { size });
                    self.reap(cat, Wait::No)?;
                    if matches!(self.states.front(), Some(EntryState::Flying { .. })) {
                        // What is ready is written before anything is waited for.
                        cat.flush()?;
                        self.reap(cat, Wait::ForOne)?;
                    }
                }
                Some(EntryState::Back { size, completion }) => {
                    self.front += 1;
                    self.print(cat, *completion, size)?;
                }
                Some(EntryState::InTurn) => {
                    self.front += 1;
                    cat.stream_file(&self.files[self.front - 1])?;
                }
                // Room is only taken by chains that close files printed already.
                None => self.reap(cat, Wait::ForOne)?,
            }
        }
        while cat.engine.in_flight() > 0 {
            self.reap(cat, Wait::ForOne)?;
        }
        Ok(())
    }

    /// Looks at further files and sends off the chains of those that can be read ahead, up to one that cannot.
    fn look_ahead(&mut self, cat: &mut Cat<'_>) {
        let most = cat.ahead_max;
        while self.states.len() < most
            && cat.engine.in_flight() < most
            && self.next < self.files.len()
            && !matches!(self.states.back(), Some(EntryState::InTurn))
        {
            let state = self.send(cat, self.next);
            let Some(state) = state else { return };
            self.states.push_back(state);
            self.next += 1;
        }
    }

    /// Sends off the chain of one file, or leaves it for its turn. `None` where no buffer is free.
    fn send(&mut self, cat: &mut Cat<'_>, number: usize) -> Option<EntryState> {
        let name = &self.files[number];
        let Some(facts) = ahead(name, &cat.wishes).filter(|facts| !cat.writer.is(facts)) else {
            return Some(EntryState::InTurn);
        };
        let Ok(path) = CString::new(name.as_bytes()) else { return Some(EntryState::InTurn) };
        let size = facts.size;
        let Some(lease) = cat.pool.lease(usize::try_from(size + 1).unwrap_or(usize::MAX)) else {
            // With nothing before it to give a buffer back, it gets one in its turn.
            return self.states.is_empty().then_some(EntryState::InTurn);
        };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let reading = if cat.engine.capabilities().in_flight_max > 1 {
            self.reading(name, &facts)
        } else {
            Reading::Unknown
        };
        let open = Op::Io(Io::Open {
            end: End::Source,
            at: At { directory: Directory::Working, name: Arc::from(path) },
            flags: OFlags::RDONLY,
            mode: Mode::empty(),
            // What plain calls are to read needs a descriptor that they can use.
            into: if reading.needs_calls() { FdKind::Plain } else { FdKind::Any },
        });
        let read = Op::Io(Io::Read { offset: None, room, expect: None });
        let token = u64::try_from(number).unwrap_or(u64::MAX);
        let chain = Chain { token, reading, lease: Some(lease), ops: vec![open, read], ..Chain::default() };
        match cat.engine.push(chain) {
            Ok(()) => Some(EntryState::Flying { size }),
            Err(_full) => None,
        }
    }

    /// Goes on without a ring that gives nothing back any more. What it was to read has not been printed, and is read in its
    /// turn.
    fn leave_ring(&mut self, cat: &mut Cat<'_>, errno: Errno) {
        let refusal = cat.engine.refusal().unwrap_or(Refusal { step: "completion", errno });
        select::give_up(cat.knobs, refusal, cat.reporter);
        for state in &mut self.states {
            if let EntryState::Flying { .. } = state {
                *state = EntryState::InTurn;
            }
        }
        cat.plain_operations += cat.engine.counters().operations;
        cat.engine = Box::new(SyncEngine::default());
    }

    /// How a ring reads a file: asked once for each device.
    fn reading(&mut self, name: &OsString, facts: &FileStat) -> Reading {
        *self.readings.entry(facts.identity.device).or_insert_with(|| {
            rustix::fs::statfs(name).map_or(Reading::ByCalls, |answer| Reading::of_kind(answer.f_type))
        })
    }

    fn reap(&mut self, cat: &mut Cat<'_>, wait: Wait) -> Result<(), Fatal> {
        let mut completions = std::mem::take(&mut self.completions);
        if let Err(errno) = cat.engine.reap(wait, &mut completions) {
            self.leave_ring(cat, errno);
        }
        for completion in completions.drain(..) {
            let number = usize::try_from(completion.chain.token).unwrap_or(usize::MAX);
            // A chain that only closes comes back with the number of a file that is printed already.
            if let Some(state) = number.checked_sub(self.front).and_then(|at| self.states.get_mut(at))
                && let EntryState::Flying { size } = *state
            {
                *state = EntryState::Back { size, completion: Box::new(completion) };
            }
        }
        self.completions = completions;
        Ok(())
    }

    /// Prints the file that was just taken from the front.
    fn print(&mut self, cat: &mut Cat<'_>, completion: Completion, size: u64) -> Result<(), Fatal> {
        let name = &self.files[self.front - 1];
        let Completion { mut chain, outcome, .. } = completion;
        match outcome {
            Outcome::Count { moved, .. } if u64::from(moved) == size => {
                cat.tally.files += 1;
                cat.note(TransferMethod::Ahead);
                let gathered = chain.lease.take().map_or(Ok(()), |lease| cat.writer.gather(lease));
                self.close(cat, chain);
                gathered.map_err(|_kept| Fatal)
            }
            Outcome::Count { .. } => {
                // It has grown or shrunk meanwhile: what was read is printed, and the rest streamed.
                self.rest(cat, name, chain)
            }
            Outcome::Failed { errno, .. } => {
                let failed = cat.file_failed(name, errno);
                self.close(cat, chain);
                failed
            }
            Outcome::Done => cat.file_failed(name, Errno::IO),
        }
    }

    /// Streams on from a chain whose descriptor may be the engine's own.
    fn rest(&mut self, cat: &mut Cat<'_>, name: &OsString, mut chain: Chain) -> Result<(), Fatal> {
        cat.flush()?;
        if chain.source.plain().is_some() && !cat.writer.formats() {
            return cat.pass_through(name, chain);
        }
        loop {
            let lease = chain.lease.take();
            let ended = lease.as_ref().is_none_or(|lease| lease.bytes().is_empty());
            lease.map_or(Ok(()), |lease| cat.writer.gather(lease)).map_err(|_kept| Fatal)?;
            cat.flush()?;
            if ended {
                cat.tally.files += 1;
                self.close(cat, chain);
                return Ok(());
            }
            chain.lease = cat.pool.lease(cat.buffer_bytes).or_else(|| cat.pool.lease(1));
            let room = chain.lease.as_ref().map_or(0, |lease| u32::try_from(lease.capacity()).unwrap_or(0));
            chain.ops = vec![Op::Io(Io::Read { offset: None, room, expect: None })];
            chain.token = u64::try_from(self.front).unwrap_or(u64::MAX);
            self.states.push_front(EntryState::Flying { size: 0 });
            if cat.engine.push(chain).is_err() {
                return cat.file_failed(name, Errno::NOBUFS);
            }
            while matches!(self.states.front(), Some(EntryState::Flying { .. })) {
                self.reap(cat, Wait::ForOne)?;
            }
            let Some(EntryState::Back { completion, .. }) = self.states.pop_front() else {
                return cat.file_failed(name, Errno::IO);
            };
            chain = completion.chain;
            if let Outcome::Failed { errno, .. } = completion.outcome {
                chain.lease = None;
                let failed = cat.file_failed(name, errno);
                self.close(cat, chain);
                return failed;
            }
        }
    }

    /// Closes a source whose descriptor may be the engine's own. Nothing can be lost in a file that was only read.
    fn close(&mut self, cat: &mut Cat<'_>, mut chain: Chain) {
        if !chain.source.is_open() {
            return;
        }
        chain.lease = None;
        chain.token = u64::MAX;
        chain.ops.clear();
        chain.ops.push(Op::Io(Io::Close { end: End::Source }));
        let mut chain = Some(chain);
        while let Some(again) = chain.take() {
            match cat.engine.push(again) {
                Ok(()) => {}
                Err(back) => {
                    if self.reap(cat, Wait::ForOne).is_ok() {
                        chain = Some(*back);
                    }
                }
            }
        }
    }
}

/// The facts of a file that is read ahead.
fn ahead(name: &OsString, wishes: &TransferOptions) -> Option<FileStat> {
    if name == "-" {
        return None;
    }
    let facts = FileStat::of(&process::look(CWD, name, AtFlags::empty()).ok()?);
    is_read_ahead(&facts, wishes).then_some(facts)
}
