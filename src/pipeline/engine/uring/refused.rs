//! What the ring will not do, or does no more: it is done by plain calls, from the operation on that was refused, and no
//! byte is lost or moved twice.
//!
//! A ring that could be set up can still be refused threads (RLIMIT_NPROC, a full pids cgroup) or memory, and
//! io_uring_enter(2) can fail for good. From then on nothing new goes into it, and its worker goes over to plain calls as
//! soon as nothing is in flight ([`Engine::refusal`](super::Engine::refusal)).

use super::completions::is_of_the_ring;
use super::readings::open_again;
use super::{Refusal, Running, Uring};
use crate::pipeline::chain::{Chain, Descriptor, End, Io, Op, Outcome};
use crate::pipeline::engine::{made, plain};
use rustix::io::Errno;

impl Uring {
    /// Runs operation `at` by a plain call, as the ring has answered `errno`, and moves the chain on. EAGAIN is no refusal:
    /// so end reads and writes of a file with O_NONBLOCK, on a file system that the ring cannot ask without waiting (NFS and
    /// its like). From then on files are opened without it, so that the ring has their reads wait side by side.
    pub(super) fn run_here(&mut self, index: usize, mut running: Running, at: usize, errno: Errno) {
        self.nonblocking &= errno != Errno::AGAIN;
        if self.broken && close_slot(&mut running.chain, at) {
            return self.advance(index, running, at + 1);
        }
        if let Some(slot) = open_again(&mut running.chain, at)
            && (self.broken || self.ring.empty_slot(slot))
        {
            self.files_free.push(slot);
        }
        if needs_slot(&running.chain, at) {
            // Only the ring reaches it.
            if running.patience.bears(errno) && !self.broken {
                return self.advance(index, running, at);
            }
            if is_of_the_ring(errno) {
                self.refuse(refusal_by(errno));
            }
            return self.finish(index, running, Outcome::Failed { at, errno });
        }
        let (next, outcome) = plain::run(&mut running.chain, &mut running.seen, at, |_, op| op == at);
        self.counters.made_by_calls += made(&running.chain.ops[at..next]);
        // Where the call says the same, it is not the ring's doing.
        let same = matches!(outcome, Some(Outcome::Failed { errno: again, .. }) if again == errno);
        if is_of_the_ring(errno) && !same {
            self.refuse(refusal_by(errno));
        }
        match outcome {
            Some(outcome) => self.finish(index, running, outcome),
            None => self.advance(index, running, next),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal.get_or_insert(refusal);
        self.rules.refused = true;
    }

    /// Submits nothing any more, as io_uring_enter(2) has answered `errno`. What the kernel has not taken yet is taken back
    /// and run by plain calls; what it has taken comes back, or is lost.
    pub(super) fn give_up(&mut self, errno: Errno) {
        if self.broken {
            return;
        }
        self.refuse(Refusal { step: "submission", errno });
        self.broken = true;
        if self.ring.is_polled_for_submissions() {
            // Its thread may take more at any time.
            return;
        }
        let taken = self.taken();
        for index in 0..self.table.len() {
            let slot = &mut self.table[index];
            if let Some(mut running) = slot.running.take_if(|running| running.first >= taken) {
                self.in_ring -= running.entries();
                self.give_back_unopened(&mut running);
                let from = running.segment.ops.start;
                self.advance(index, running, from);
            }
        }
    }

    /// Makes sure that the kernel has not taken a part of a segment: what it has left would be no part of the link any more
    /// and run beside it. It ends a link in the middle only where there is no memory.
    pub(super) fn check_links(&mut self) {
        if self.ring.is_polled_for_submissions() {
            return;
        }
        let taken = self.taken();
        let cut = |running: &Running| running.first < taken && taken < running.first + running.entries();
        let cut =
            self.table.iter().filter_map(|slot| slot.running.as_ref()).filter(|running| cut(running)).count();
        if cut > 0 {
            // No completion would report its end.
            self.cut_short += cut;
            self.give_up(Errno::NOMEM);
        }
    }

    /// How many of the entries the kernel has taken.
    fn taken(&self) -> u64 {
        self.pushed - u64::try_from(self.ring.unsubmitted).unwrap_or(u64::MAX).min(self.pushed)
    }
}

impl Running {
    /// How many entries its segment has.
    fn entries(&self) -> u64 {
        u64::try_from(self.segment.ops.len()).unwrap_or(u64::MAX)
    }
}

/// What the ring was refused, by what it answers for an operation then. It cancels operations that it gets no thread for,
/// and threads are refused with EAGAIN.
fn refusal_by(errno: Errno) -> Refusal {
    if errno == Errno::CANCELED {
        Refusal { step: "worker threads", errno: Errno::AGAIN }
    } else {
        Refusal { step: "operations", errno }
    }
}

/// Whether the operation only closes a slot of a ring that is broken: it goes with the ring.
fn close_slot(chain: &mut Chain, at: usize) -> bool {
    let Op::Io(Io::Close { end }) = chain.ops[at] else { return false };
    let is_slot = matches!(chain.descriptor(end), Descriptor::Direct(_));
    if is_slot {
        *chain.descriptor_mut(end) = Descriptor::Closed;
    }
    is_slot
}

/// Whether the operation works on a slot of the ring's.
fn needs_slot(chain: &Chain, at: usize) -> bool {
    let Op::Io(io) = &chain.ops[at] else { return false };
    let end = match *io {
        Io::Close { end } => end,
        Io::Read { .. } => End::Source,
        Io::Write { .. } | Io::Fsync => End::Destination,
        Io::Open { .. } => return false,
    };
    matches!(chain.descriptor(end), Descriptor::Direct(_))
}
