//! The engine of tests: chains run against files in memory, by a script of faults and an order of completions.
//!
//! A script says, for the operations in the order in which they are started, whether each runs as it should, moves fewer
//! bytes than asked, or fails. Another list of numbers says which of the chains in flight comes back next.

use super::{Capabilities, Counters, Engine, Wait};
use crate::pipeline::chain::{Chain, Completion, Descriptor, End, Op, Outcome};
use crate::plan::facts::{Facts, Identity};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What happens to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It runs as it should.
    None,
    /// A read or write moves at most so many bytes.
    Short(u32),
    /// It fails.
    Errno(i32),
}

/// The files that chains work on, by name.
#[derive(Debug, Default)]
pub struct World {
    /// Contents of every file.
    pub files: HashMap<Vec<u8>, Vec<u8>>,
    /// What the size of a file is said to be, where that is not true.
    pub claimed: HashMap<Vec<u8>, u64>,
    open: HashMap<u32, (Vec<u8>, u64)>,
    next: u32,
}

impl World {
    /// How many descriptors are open.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }
}

/// Runs chains as the script says.
pub struct Scripted {
    world: Rc<RefCell<World>>,
    faults: Vec<Fault>,
    order: Vec<usize>,
    flying: Vec<Completion>,
    fused: bool,
    in_flight_max: usize,
    /// Descriptors that chains in flight or their owners hold.
    pub held: BTreeSet<u32>,
    counters: Counters,
}

impl Scripted {
    /// An engine over `world`; both scripts go on without faults, first come first served, when they end.
    pub fn new(
        world: &Rc<RefCell<World>>,
        mut faults: Vec<Fault>,
        mut order: Vec<usize>,
        fused: bool,
    ) -> Self {
        faults.reverse();
        order.reverse();
        Self {
            world: Rc::clone(world),
            faults,
            order,
            flying: Vec::new(),
            fused,
            in_flight_max: 4,
            held: BTreeSet::new(),
            counters: Counters::default(),
        }
    }

    fn run(&mut self, chain: &mut Chain, facts: &mut Option<Facts>) -> Outcome {
        for at in 0..chain.ops.len() {
            let fault = self.faults.pop().unwrap_or(Fault::None);
            self.counters.operations += 1;
            match self.step(chain, at, fault, facts) {
                Ok(None) => {}
                Ok(Some(moved)) => return Outcome::Count { at, moved },
                Err(errno) => return Outcome::Failed { at, errno },
            }
        }
        Outcome::Done
    }

    fn step(
        &mut self,
        chain: &mut Chain,
        at: usize,
        fault: Fault,
        facts: &mut Option<Facts>,
    ) -> Result<Option<u32>, Errno> {
        let op = chain.ops[at].clone();
        if let Fault::Errno(errno) = fault {
            // A close that fails has closed all the same.
            if let Op::Close { end } = op {
                self.close(chain, end);
            }
            return Err(Errno::from_raw_os_error(errno));
        }
        let most = if let Fault::Short(bytes) = fault { bytes } else { u32::MAX };
        match op {
            Op::Open { end, at, flags, .. } => {
                self.open(chain, end, at.name.to_bytes(), flags).map(|()| None)
            }
            Op::Look { at, .. } => {
                *facts = Some(self.facts(at.name.to_bytes()).ok_or(Errno::NOENT)?);
                Ok(None)
            }
            Op::Examine { end } => {
                *facts = self.facts(&self.file(chain, end).0);
                Ok(None)
            }
            Op::Read { offset, room, expect } => {
                let moved = self.read(chain, offset, room.min(most));
                Ok((expect != Some(moved)).then_some(moved))
            }
            Op::Write { offset, start, length } => {
                let moved = self.write(chain, offset, start, length.min(most));
                Ok((length != moved).then_some(moved))
            }
            Op::Truncate { length } => {
                let (name, _) = self.file(chain, End::Destination);
                let length = usize::try_from(length).unwrap();
                self.world.borrow_mut().files.get_mut(&name).unwrap().resize(length, 0);
                Ok(None)
            }
            Op::SetDirect { .. } => Ok(None),
            Op::Close { end } => {
                self.close(chain, end);
                Ok(None)
            }
        }
    }

    fn facts(&self, name: &[u8]) -> Option<Facts> {
        let world = self.world.borrow();
        let contents = world.files.get(name)?;
        let size = world.claimed.get(name).copied().unwrap_or(contents.len() as u64);
        let inode = name.iter().fold(7, |sum, &byte| sum * 31 + u64::from(byte));
        let identity = Identity { device: 1, inode };
        let (kind, mode) = (FileType::RegularFile, Mode::from(0o644));
        Some(Facts { identity, kind, mode, size, blocks: size.div_ceil(512), rdev: 0 })
    }

    fn open(&mut self, chain: &mut Chain, end: End, name: &[u8], flags: OFlags) -> Result<(), Errno> {
        let mut world = self.world.borrow_mut();
        // A fused chain opens again what was examined, by its descriptor's number.
        let name = match chain_source_again(name) {
            Some(number) => world.open[&number].0.clone(),
            None => name.to_vec(),
        };
        match (world.files.contains_key(&name), flags.contains(OFlags::CREATE)) {
            (true, true) if flags.contains(OFlags::EXCL) => return Err(Errno::EXIST),
            (false, false) => return Err(Errno::NOENT),
            (false, true) => _ = world.files.insert(name.clone(), Vec::new()),
            (true, _) => {}
        }
        world.next += 1;
        let number = world.next;
        world.open.insert(number, (name, 0));
        self.held.insert(number);
        *chain.descriptor_mut(end) = Descriptor::Direct(number);
        Ok(())
    }

    fn close(&mut self, chain: &mut Chain, end: End) {
        if let Descriptor::Direct(number) = std::mem::take(chain.descriptor_mut(end)) {
            self.held.remove(&number);
            self.world.borrow_mut().open.remove(&number).expect("closed twice");
        }
    }

    fn file(&self, chain: &Chain, end: End) -> (Vec<u8>, u64) {
        let Descriptor::Direct(number) = chain.descriptor(end) else { panic!("{end:?} is not open") };
        self.world.borrow().open[number].clone()
    }

    fn read(&mut self, chain: &mut Chain, offset: Option<u64>, room: u32) -> u32 {
        let (name, position) = self.file(chain, End::Source);
        let from = usize::try_from(offset.unwrap_or(position)).unwrap();
        let world = self.world.borrow();
        let bytes = world.files[&name].get(from..).unwrap_or_default();
        let count = bytes.len().min(room as usize);
        chain.lease.as_mut().expect("a lease to read into").fill_for_test(&bytes[..count]);
        u32::try_from(count).unwrap()
    }

    fn write(&mut self, chain: &Chain, offset: Option<u64>, start: u32, length: u32) -> u32 {
        let (name, position) = self.file(chain, End::Destination);
        let to = usize::try_from(offset.unwrap_or(position)).unwrap();
        let bytes = &chain.lease.as_ref().unwrap().bytes()[start as usize..(start + length) as usize];
        let mut world = self.world.borrow_mut();
        let contents = world.files.get_mut(&name).unwrap();
        contents.resize(contents.len().max(to + bytes.len()), 0);
        contents[to..to + bytes.len()].copy_from_slice(bytes);
        length
    }
}

/// The descriptor's number in a path that opens again what was examined.
fn chain_source_again(name: &[u8]) -> Option<u32> {
    std::str::from_utf8(name.strip_prefix(b"/proc/self/fd/")?).ok()?.parse().ok()
}

impl Engine for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities { in_flight_max: self.in_flight_max, fused: self.fused }
    }

    fn push(&mut self, mut chain: Chain) -> Result<(), Box<Chain>> {
        if self.flying.len() == self.in_flight_max {
            return Err(Box::new(chain));
        }
        let mut facts = None;
        let outcome = self.run(&mut chain, &mut facts);
        self.flying.push(Completion { chain, outcome, facts });
        Ok(())
    }

    fn reap(&mut self, _: Wait, into: &mut Vec<Completion>) -> Result<(), Errno> {
        if !self.flying.is_empty() {
            let next = self.order.pop().unwrap_or(0) % self.flying.len();
            into.push(self.flying.remove(next));
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
