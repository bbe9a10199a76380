//! The engine on the kernel's ring: chains become linked submissions, or are split between ring and plain calls.
//!
//! A chain in flight sits in a table; the `user_data` of its entries is the table index with a generation and the
//! operation's number, never a pointer. A segment's entries all carry CQE_SKIP_SUCCESS except the last, so each segment
//! comes back as exactly one completion: that of its last operation, or of the one that cut it.

mod completions;
mod entries;
mod pauses;
mod readings;
mod refused;
mod ring;
mod route;
#[cfg(test)]
mod tests;
mod user_data;

pub(crate) use ring::Refusal;

use super::{Capabilities, Engine, Wait, made, plain};
use crate::bufpool::Pool;
use crate::patience::Patience;
use crate::pipeline::chain::{Chain, Completion, Outcome, Results};
use crate::report::counters::Counters;
use io_uring::squeue;
use readings::Readings;
use ring::{Ring, RingConfig};
use route::{Rules, Segment};
use rustix::io::Errno;
use user_data::user_data;

/// How a ring is to be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Most chains in flight at once.
    pub queue_depth: u32,
    /// Whole chains in one linked submission, rather than only their source half.
    pub fused: bool,
    /// The same for chains of a slow destination.
    pub fused_where_slow: bool,
    /// A kernel thread takes submissions, and sleeps after this number of idle milliseconds.
    pub sqpoll_idle_ms: Option<u32>,
    /// Completions of reads and writes past the page cache are polled for.
    pub iopoll: bool,
}

/// Operations a fused chain has at most: what one push needs room for in the submission queue.
const SEGMENT_OPS_MAX: u32 = 8;

/// A chain between push and reap.
struct Running {
    chain: Chain,
    seen: Results,
    /// What of it is in the ring.
    segment: Segment,
    /// Slots of the registered-file table that the segment's opens were given, by [`End`](crate::pipeline::chain::End).
    opening: [Option<u32>; 2],
    /// For operations that only the ring can start again.
    patience: Patience,
    /// How many entries had been pushed before the segment's first.
    first: u64,
}

#[derive(Default)]
struct Slot {
    /// Grows with each use, so that a stale completion is known for what it is.
    generation: u32,
    running: Option<Running>,
}

/// Runs chains in a ring. Fields drop in order: the ring, with its hold on descriptors and memory, goes first.
pub(crate) struct Uring {
    ring: Ring,
    rules: Rules,
    fused_where_slow: bool,
    /// Operations that may sleep side by side once chains are fused; none when that has been arranged.
    sleepers: Option<u32>,
    table: Vec<Slot>,
    free: Vec<usize>,
    files_free: Vec<u32>,
    done: Vec<Completion>,
    entries: Vec<squeue::Entry>,
    in_ring: u64,
    counters: Counters,
    /// Cleared when RLIMIT_MEMLOCK has said no: the rest of the pool is used unregistered.
    may_register: bool,
    /// No file system has been met yet that the ring cannot ask without waiting.
    nonblocking: bool,
    /// What is known of the file systems that are read.
    readings: Readings,
    /// What the ring was refused that all need: nothing new goes into it.
    refusal: Option<Refusal>,
    /// Nothing more can be submitted: what was not taken yet has been taken back.
    broken: bool,
    /// Nothing comes back any more of what is in the ring.
    lost: Option<Errno>,
    /// Chains of which the kernel has taken a part, so that they do not come back.
    cut_short: usize,
    /// Entries pushed so far.
    pushed: u64,
    pool: Pool,
}

impl Uring {
    /// Sets up a ring for chains whose leases come from `pool`.
    ///
    /// # Errors
    /// Why there can be no ring here.
    pub(crate) fn new(setup: Setup, pool: &Pool) -> Result<Self, Refusal> {
        let depth = setup.queue_depth.max(1);
        let files = depth.saturating_mul(2);
        let ring = Ring::new(RingConfig {
            entries: depth.saturating_mul(2).max(SEGMENT_OPS_MAX).next_power_of_two(),
            sqpoll_idle_ms: setup.sqpoll_idle_ms,
            iopoll: setup.iopoll,
            files,
            buffers: u32::try_from(pool.regions_max()).unwrap_or(u32::MAX),
        })?;
        pool.want_huge_pages();
        let chains = usize::try_from(depth).unwrap_or(usize::MAX).min(ring.completions_max());
        Ok(Self {
            rules: Rules { fused: setup.fused, links: ring.links, polled: setup.iopoll, refused: false },
            fused_where_slow: setup.fused_where_slow,
            sleepers: Some(depth),
            table: std::iter::repeat_with(Slot::default).take(chains).collect(),
            free: (0..chains).rev().collect(),
            files_free: (0..files).rev().collect(),
            done: Vec::new(),
            entries: Vec::new(),
            in_ring: 0,
            counters: Counters::default(),
            may_register: ring.fixed_buffers,
            nonblocking: true,
            readings: Readings::default(),
            refusal: None,
            broken: false,
            lost: None,
            cut_short: 0,
            pushed: 0,
            pool: pool.clone(),
            ring,
        })
    }

    /// Runs a chain on from operation `from`, until it waits for the ring or is done.
    fn advance(&mut self, index: usize, mut running: Running, from: usize) {
        let rules = self.rules;
        let here = |chain: &Chain, at| route::runs_inline(chain, at, rules);
        let mut at = from;
        loop {
            let before = at;
            let (next, outcome) = plain::run(&mut running.chain, &mut running.seen, at, here);
            at = next;
            self.counters.operations += u64::try_from(at - before).unwrap_or(u64::MAX);
            self.counters.made_by_calls += made(&running.chain.ops[before..at]);
            match outcome {
                Some(outcome) => return self.finish(index, running, outcome),
                None if self.readings.settle(&mut running.chain, at) => {}
                None => return self.start_segment(index, running, at),
            }
        }
    }

    fn finish(&mut self, index: usize, mut running: Running, outcome: Outcome) {
        // The caller goes on with this file and must know how it can be read.
        self.readings.settle_examined(&mut running.chain);
        self.counters.chains_cut += u64::from(outcome.is_cut(&running.chain));
        self.free.push(index);
        self.done.push(Completion { chain: running.chain, outcome, seen: running.seen });
    }

    fn start_segment(&mut self, index: usize, mut running: Running, at: usize) {
        if self.broken {
            return self.run_here(index, running, at, Errno::IO);
        }
        let mut rules = self.rules;
        rules.links &= self.files_free.len() >= 2;
        running.segment = route::segment(&running.chain, at, rules);
        if self.may_register && running.chain.lease.as_ref().is_some_and(|lease| lease.fixed().is_none()) {
            self.register_regions();
        }
        let mut entries = std::mem::take(&mut self.entries);
        let pushed = self.push_segment(index, &mut running, &mut entries);
        self.entries = entries;
        match pushed {
            Ok(()) => self.table[index].running = Some(running),
            Err(errno) => {
                self.give_back_unopened(&mut running);
                self.run_here(index, running, at, errno);
            }
        }
    }

    /// Pushes the entries of a running chain's segment; on an error none of them is in the ring.
    fn push_segment(
        &mut self,
        index: usize,
        running: &mut Running,
        entries: &mut Vec<squeue::Entry>,
    ) -> Result<(), Errno> {
        let slot = &mut self.table[index];
        slot.generation = slot.generation.wrapping_add(1);
        let mark = user_data(index, slot.generation);
        entries.clear();
        for at in running.segment.ops.clone() {
            let last = at + 1 == running.segment.ops.end;
            let linked = squeue::Flags::IO_LINK | squeue::Flags::SKIP_SUCCESS;
            let flags = if last { squeue::Flags::empty() } else { linked };
            let entry = self.entry(running, at)?.flags(flags);
            entries.push(entry.user_data(mark | u64::try_from(at).unwrap_or(u64::MAX)));
        }
        if let Err(errno) = self.ring.make_room(entries.len()) {
            self.give_up(errno);
            return Err(errno);
        }
        self.ring.push(entries)?;
        running.first = self.pushed;
        self.pushed += u64::try_from(entries.len()).unwrap_or(u64::MAX);
        self.in_ring += u64::try_from(entries.len()).unwrap_or(u64::MAX);
        self.counters.in_flight_peak = self.counters.in_flight_peak.max(self.in_ring);
        Ok(())
    }

    /// Makes fixed buffers of what the pool has, where a ring can have any.
    pub(crate) fn register_buffers(&mut self) {
        if self.may_register {
            self.register_regions();
        }
    }

    /// Has the kernel post what has completed meanwhile: with DEFER_TASKRUN it does so only inside io_uring_enter(2).
    ///
    /// # Errors
    /// The ring itself broke.
    pub(crate) fn collect(&mut self) -> Result<(), Errno> {
        self.turn_over(Wait::No)
    }

    /// Makes fixed buffers of the pool's regions, as many as RLIMIT_MEMLOCK allows.
    fn register_regions(&mut self) {
        for (number, region) in self.pool.unregistered() {
            match self.ring.register_region(number, region) {
                Ok(()) => self.pool.set_registered(number),
                Err(_limit) => self.may_register = false,
            }
        }
    }

    /// Slots whose open failed or never ran are free again.
    fn give_back_unopened(&mut self, running: &mut Running) {
        for slot in running.opening.iter_mut().filter_map(Option::take) {
            self.files_free.push(slot);
        }
    }

    fn take_completions(&mut self) {
        while let Some(entry) = self.ring.next_completion() {
            self.complete(entry.user_data(), entry.result());
        }
    }

    /// Submits what was pushed and waits as told, as far as the ring still does.
    fn turn_over(&mut self, wait: Wait) -> Result<(), Errno> {
        if let Some(errno) = self.lost {
            return Err(errno);
        }
        if self.broken {
            let nothing_comes = self.in_flight() - self.done.len() == self.cut_short;
            let drained = if nothing_comes { Err(Errno::NOMEM) } else { self.ring.drain(wait) };
            self.lost = drained.err();
            return drained;
        }
        match self.ring.submit(wait) {
            Ok(()) if self.ring.unsubmitted > 0 => self.check_links(),
            Ok(()) => {}
            Err(errno) => self.give_up(errno),
        }
        Ok(())
    }
}

impl Engine for Uring {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            in_flight_max: self.table.len(),
            create_batch_max: self.table.len(),
            fused: self.rules.fused && self.rules.links && !self.rules.refused,
            fused_where_slow: self.fused_where_slow && self.rules.links && !self.rules.refused,
            nonblocking: self.nonblocking,
            passes: false,
        }
    }

    fn push(&mut self, chain: Chain) -> Result<(), Box<Chain>> {
        let Some(index) = self.free.pop() else { return Err(Box::new(chain)) };
        if (chain.slow_destination || self.rules.fused)
            && let Some(sleepers) = self.sleepers.take()
        {
            self.ring.sleep_side_by_side(sleepers);
        }
        let running = Running {
            chain,
            seen: Results::default(),
            segment: Segment { ops: 0..0, direct: false },
            opening: [None; 2],
            patience: Patience::default(),
            first: 0,
        };
        self.advance(index, running, 0);
        Ok(())
    }

    fn reap(&mut self, wait: Wait, into: &mut Vec<Completion>) -> Result<(), Errno> {
        loop {
            let wait = if self.done.is_empty() { wait } else { Wait::No };
            if self.in_flight() > self.done.len() && (wait == Wait::ForOne || self.ring.unsubmitted > 0) {
                let answer = self.turn_over(wait);
                // What came before it broke is there.
                self.take_completions();
                if self.done.is_empty() {
                    answer?;
                }
            }
            self.take_completions();
            if !self.done.is_empty() || wait == Wait::No || self.in_flight() == 0 {
                into.append(&mut self.done);
                return Ok(());
            }
        }
    }

    fn in_flight(&self) -> usize {
        self.table.len() - self.free.len() + self.done.len()
    }

    fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    fn lost(&self) -> Vec<u64> {
        let running = self.table.iter().filter_map(|slot| slot.running.as_ref());
        running.map(|running| running.chain.token).collect()
    }

    fn counters(&self) -> Counters {
        let (regions, registered) = self.pool.region_counts();
        Counters {
            submissions: self.ring.enters,
            regions_registered: u64::try_from(registered).unwrap_or(u64::MAX),
            regions_unregistered: u64::try_from(regions - registered).unwrap_or(u64::MAX),
            ..self.counters
        }
    }
}

impl Drop for Uring {
    /// Takes every chain back from the kernel before its memory can go; what cannot be taken back is leaked.
    fn drop(&mut self) {
        let mut left = Vec::new();
        while self.in_flight() > 0 {
            if self.reap(Wait::ForOne, &mut left).is_err() {
                self.pool.leak();
                std::mem::take(&mut self.table).into_iter().for_each(std::mem::forget);
                break;
            }
            left.clear();
        }
        self.pool.clear_registered();
    }
}
