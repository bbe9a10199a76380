//! The engine of tests: chains run against files in memory, by a script of faults, changes and turns.
//!
//! A script says, for the operations in the order in which they are started, whether each runs as it should, moves fewer
//! bytes than asked, or fails; how source files change in between; and which of the chains in flight has the next turn.
//! A turn is one operation, so chains interleave in any way, and come back in any order.

pub(crate) mod file;
pub(crate) mod world;

use super::{Capabilities, Engine, Wait};
use crate::pipeline::chain::{Call, Chain, Completion, End, Io, Op, Outcome, Results};
use crate::plan::attributes::{AttributeError, AttributePlan};
use crate::report::counters::Counters;
use rustix::fd::AsFd;
use rustix::io::Errno;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use world::World;

/// What happens to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It runs as it should.
    None,
    /// A read or write moves at most this number of bytes. A read moves one at least: none would mean end of file.
    Short(u32),
    /// It fails. EINTR is never seen outside: the operation is started again, as by all engines, and so has the next
    /// fault of the script.
    Errno(Errno),
}

/// Another process changes a file.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// How many operations have been started by then.
    pub after: usize,
    pub name: Vec<u8>,
    /// What is in it from then on.
    pub contents: Vec<u8>,
}

/// What will happen. Without more script all goes well, first come first served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// What happens to each operation, in the order of their starts.
    pub faults: Vec<Fault>,
    /// What happens to operations by their name (see [`Op::name`]): to the nth of that name, counted from 0, for every
    /// n in the range. Goes before `faults`.
    pub named: Vec<(&'static str, Range<usize>, Fault)>,
    /// Which of the chains in flight has the next turn: an index, modulo their number.
    pub turns: Vec<usize>,
    /// What others do to the files.
    pub changes: Vec<Change>,
    /// How many operations have been started when fused chains can be had, where that is not always so: a worker goes over
    /// to another engine while files are on their way.
    pub fused_during: Option<Range<usize>>,
}

/// A chain in flight.
struct Flying {
    chain: Chain,
    at: usize,
    seen: Results,
}

/// Runs chains as the script says.
pub(crate) struct Scripted {
    world: Rc<RefCell<World>>,
    script: Script,
    capabilities: Capabilities,
    flying: Vec<Flying>,
    turns: usize,
    counters: Counters,
    /// The names of all operations so far, in the order of their starts.
    log: Rc<RefCell<Vec<&'static str>>>,
}

impl Scripted {
    /// An engine over `world`.
    pub(crate) fn new(world: &Rc<RefCell<World>>, script: Script, capabilities: Capabilities) -> Self {
        Self {
            world: Rc::clone(world),
            script,
            capabilities,
            flying: Vec::new(),
            turns: 0,
            counters: Counters::default(),
            log: Rc::default(),
        }
    }

    /// The names of all operations, in the order of their starts: a view that follows.
    pub(crate) fn log(&self) -> Rc<RefCell<Vec<&'static str>>> {
        Rc::clone(&self.log)
    }

    /// What the script has in store for `op`, which starts now, and starts again where it was interrupted.
    fn start(&mut self, op: &Op) -> Fault {
        loop {
            let mut log = self.log.borrow_mut();
            let started = log.len();
            let nth = log.iter().filter(|name| **name == op.name()).count();
            log.push(op.name());
            self.counters.operations += 1;
            for change in self.script.changes.iter().filter(|change| change.after == started) {
                self.world.borrow_mut().file_mut(&change.name).contents.clone_from(&change.contents);
            }
            let named =
                self.script.named.iter().find(|(name, range, _)| *name == op.name() && range.contains(&nth));
            let in_order = self.script.faults.get(started).copied().unwrap_or(Fault::None);
            match named.map_or(in_order, |(_, _, fault)| *fault) {
                // A close that was interrupted has closed.
                Fault::Errno(Errno::INTR) if matches!(op, Op::Io(Io::Close { .. })) => return Fault::None,
                Fault::Errno(Errno::INTR) => {}
                fault => return fault,
            }
        }
    }

    /// Runs one operation: the bytes it moved where those are not what the chain needs to go on.
    fn step(&mut self, flying: &mut Flying) -> Result<Option<u32>, Errno> {
        let Flying { chain, at, seen } = flying;
        let op = chain.ops[*at].clone();
        let fault = self.start(&op);
        let mut world = self.world.borrow_mut();
        let failure = if let Fault::Errno(errno) = fault { Err(errno) } else { Ok(()) };
        let most = if let Fault::Short(bytes) = fault { bytes } else { u32::MAX };
        check(chain, &op, failure)?;
        match op {
            // A file system that refuses is no failure.
            Op::Call(Call::SetDirect { end, on }) if !on || failure.is_ok() => {
                world.set_direct(chain.descriptor(end), on);
            }
            Op::Call(Call::SetDirect { .. }) => {}
            Op::Call(Call::BypassCache { direct }) => world.set_direct(&chain.source, direct),
            // A close that fails has closed all the same, and only the last share of a file can fail.
            Op::Io(Io::Close { end }) => {
                if world.close(std::mem::take(chain.descriptor_mut(end))) {
                    failure?;
                }
            }
            Op::Io(Io::Open { end, at, flags, into, mode }) => {
                assert!(!chain.descriptor(end).is_open(), "{end:?} opened over an open descriptor");
                *chain.descriptor_mut(end) = world.open(at.name.to_bytes(), flags, into, mode)?;
            }
            Op::Call(Call::Stat { at, .. }) => {
                seen.facts = Some(world.facts(at.name.to_bytes()).ok_or(Errno::NOENT)?);
            }
            Op::Call(Call::Fstat { end }) => seen.facts = Some(world.examine(chain.descriptor(end))),
            Op::Call(Call::SeekData { from }) => seen.data = world.find_data(&chain.source, from),
            Op::Call(Call::Statfs) => seen.systems = world.systems,
            Op::Call(Call::Ficlone) => world.share(&chain.source, &chain.destination)?,
            Op::Call(Call::CopyFileRange { offset, room, expect }) => {
                let moved = world.offload(&chain.source, &chain.destination, offset, room.min(most))?;
                return Ok((expect != moved).then_some(moved));
            }
            Op::Call(Call::Sendfile { room, expect }) => {
                let moved = world.pass(&chain.source, &chain.destination, room.min(most))?;
                return Ok((expect != moved).then_some(moved));
            }
            Op::Call(Call::PunchHole { .. }) => {}
            Op::Io(Io::Read { offset, room, expect }) => {
                // A linked read asks for what the chain needs and no more.
                let linked = (self.capabilities.fused || chain.slow_destination) && *at + 1 < chain.ops.len();
                let room = expect.filter(|_| linked).unwrap_or(room);
                let moved = read(&mut world, chain, offset, room, most)?;
                return Ok((expect != Some(moved)).then_some(moved));
            }
            Op::Io(Io::Write { offset, start, length }) => {
                let moved = write(&mut world, chain, offset, start..start + length, most)?;
                return Ok((length != moved).then_some(moved));
            }
            Op::Call(Call::Unlink { at, own: _ }) => world.unlink(at.name.to_bytes()),
            Op::Call(Call::Listxattr) => seen.names = world.list(&chain.source, failure),
            Op::Call(Call::SetAttributes(wanted)) => seen.refused = keep(&mut world, chain, &wanted, failure),
            op @ Op::Call(
                Call::PinParent { .. } | Call::CopyOwnerFrom { .. } | Call::LinkIntoPlace { .. },
            ) => stage(&mut world, chain, seen, op)?,
            Op::Call(Call::Writeback | Call::FsyncParent { .. }) => {}
            Op::Io(Io::Fsync) => world.sync(&chain.destination),
            Op::Call(Call::Truncate { length }) => {
                assert!(chain.descriptor(End::Destination).is_open(), "truncates what is not open");
                world.truncate(&chain.destination, length);
            }
        }
        Ok(None)
    }
}

/// Runs an operation of a file that is written apart from its name.
fn stage(world: &mut World, chain: &Chain, seen: &mut Results, op: Op) -> Result<(), Errno> {
    if let Op::Call(Call::PinParent { at, .. }) = op {
        seen.place = Some(at);
    } else if let Op::Call(Call::CopyOwnerFrom { from }) = op {
        world.inherit(from.as_fd(), &chain.destination);
    } else if let Op::Call(Call::LinkIntoPlace { temporary, at, over }) = op {
        let temporary = temporary.as_ref().map(|at| at.name.to_bytes());
        world.name(&chain.destination, temporary, at.name.to_bytes(), over)?;
    }
    Ok(())
}

/// The ends of which an operation needs an ordinary descriptor.
fn needs_plain(op: &Op) -> &'static [End] {
    let call = match op {
        Op::Io(Io::Fsync) => return &[End::Destination],
        Op::Io(Io::Open { .. } | Io::Close { .. } | Io::Read { .. } | Io::Write { .. }) => return &[],
        Op::Call(call) => call,
    };
    match call {
        Call::Fstat { end: End::Source }
        | Call::Listxattr
        | Call::SeekData { .. }
        | Call::BypassCache { .. }
        | Call::SetDirect { end: End::Source, .. } => &[End::Source],
        Call::Fstat { end: End::Destination }
        | Call::SetAttributes(_)
        | Call::CopyOwnerFrom { .. }
        | Call::PunchHole { .. }
        | Call::Truncate { .. }
        | Call::Writeback
        | Call::SetDirect { end: End::Destination, .. } => &[End::Destination],
        Call::Statfs | Call::Ficlone | Call::CopyFileRange { .. } | Call::Sendfile { .. } => {
            &[End::Source, End::Destination]
        }
        Call::Stat { .. }
        | Call::Unlink { .. }
        | Call::PinParent { .. }
        | Call::LinkIntoPlace { .. }
        | Call::FsyncParent { .. } => &[],
    }
}

/// Whether an operation runs, which is to fail.
fn check(chain: &Chain, op: &Op, failure: Result<(), Errno>) -> Result<(), Errno> {
    // These go on whatever comes of them, or do more than fail.
    let goes_on = matches!(
        op,
        Op::Io(Io::Close { .. })
            | Op::Call(Call::SetDirect { .. } | Call::SetAttributes(_) | Call::Listxattr | Call::Writeback)
    );
    if !goes_on {
        failure?;
    }
    let slot = |&end: &End| chain.descriptor(end).plain().is_none();
    if needs_plain(op).iter().any(slot) { Err(Errno::BADF) } else { Ok(()) }
}

/// Gives the destination what is wanted. Values come from the source, which has to be open for that. What is refused is no
/// failure of the chain: by a script it is the times, after which nothing else is set.
fn keep(
    world: &mut World,
    chain: &Chain,
    wanted: &AttributePlan,
    failure: Result<(), Errno>,
) -> Vec<AttributeError> {
    if let Err(errno) = failure {
        return vec![AttributeError::Times(errno)];
    }
    let names = &wanted.names;
    if chain.source.plain().is_none() && !(names.plain.is_empty() && names.acls.is_empty()) {
        return vec![AttributeError::Value(names.plain.clone(), Errno::BADF)];
    }
    world.keep(&chain.destination, wanted)
}

/// Reads at most `most` bytes into the lease, but one.
fn read(
    world: &mut World,
    chain: &mut Chain,
    offset: Option<u64>,
    room: u32,
    most: u32,
) -> Result<u32, Errno> {
    let lease = chain.lease.as_mut().expect("a lease to read into");
    assert!(usize::try_from(room).unwrap() <= lease.capacity(), "a read past the lease");
    let mut bytes = world.read(&chain.source, offset, room)?;
    bytes.truncate(usize::try_from(most.max(1)).unwrap());
    lease.fill(&bytes);
    Ok(u32::try_from(bytes.len()).unwrap())
}

/// Writes at most `most` of these bytes of the lease.
fn write(
    world: &mut World,
    chain: &Chain,
    offset: Option<u64>,
    bytes: Range<u32>,
    most: u32,
) -> Result<u32, Errno> {
    let lease = chain.lease.as_ref().expect("a lease to write from");
    let (from, end) = (usize::try_from(bytes.start).unwrap(), usize::try_from(bytes.end).unwrap());
    let bytes = lease.bytes().get(from..end).expect("only what was read is written");
    world.write(&chain.destination, offset, bytes, usize::try_from(most).unwrap())
}

impl Engine for Scripted {
    fn capabilities(&self) -> Capabilities {
        let started = self.log.borrow().len();
        let now = self.script.fused_during.as_ref().is_none_or(|during| during.contains(&started));
        Capabilities {
            fused: self.capabilities.fused && now,
            fused_where_slow: self.capabilities.fused_where_slow && now,
            ..self.capabilities
        }
    }

    fn push(&mut self, chain: Chain) -> Result<(), Box<Chain>> {
        if self.flying.len() == self.capabilities.in_flight_max {
            return Err(Box::new(chain));
        }
        self.flying.push(Flying { chain, at: 0, seen: Results::default() });
        Ok(())
    }

    fn reap(&mut self, wait: Wait, into: &mut Vec<Completion>) -> Result<(), Errno> {
        while !self.flying.is_empty() {
            let turn = self.script.turns.get(self.turns).copied().unwrap_or(0) % self.flying.len();
            self.turns += 1;
            let mut flying = self.flying.remove(turn);
            let at = flying.at;
            let outcome = if at == flying.chain.ops.len() {
                Outcome::Done
            } else {
                match self.step(&mut flying) {
                    Ok(None) => {
                        flying.at += 1;
                        self.flying.insert(turn, flying);
                        if wait == Wait::No {
                            break;
                        }
                        continue;
                    }
                    Ok(Some(moved)) => Outcome::Count { at, moved },
                    Err(errno) => Outcome::Failed { at, errno },
                }
            };
            self.counters.chains_cut += u64::from(outcome.is_cut(&flying.chain));
            into.push(Completion { chain: flying.chain, outcome, seen: flying.seen });
            break;
        }
        Ok(())
    }

    fn in_flight(&self) -> usize {
        self.flying.len()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
