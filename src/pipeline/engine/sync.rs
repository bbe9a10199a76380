//! The engine without a ring: each chain runs to its end by plain calls in the thread that pushes it.
//!
//! It serves where io_uring is blocked or absent, and jobs too small to pay for a ring.

use super::{Capabilities, Counters, Engine, Wait, made, plain};
use crate::pipeline::chain::{Chain, Completion, Outcome, Seen};
use rustix::io::Errno;

/// Runs chains by plain calls.
#[derive(Default)]
pub struct Sync {
    /// Chains that have run and wait to be reaped.
    done: Vec<Completion>,
    counters: Counters,
}

impl Engine for Sync {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            in_flight_max: 1,
            fused: false,
            fused_where_slow: false,
            nonblocking: true,
            passes: true,
        }
    }

    fn push(&mut self, mut chain: Chain) -> Result<(), Box<Chain>> {
        let mut seen = Seen::default();
        let (reached, outcome) = plain::run(&mut chain, &mut seen, 0, |_, _| true);
        let outcome = outcome.unwrap_or(Outcome::Done);
        let stopped = u64::from(outcome != Outcome::Done);
        self.counters.operations += u64::try_from(reached).unwrap_or(u64::MAX) + stopped;
        self.counters.made_by_calls += made(&chain.ops[..reached]);
        self.counters.chains_cut += u64::from(outcome.is_cut(&chain));
        self.done.push(Completion { chain, outcome, seen });
        Ok(())
    }

    fn reap(&mut self, _: Wait, into: &mut Vec<Completion>) -> Result<(), Errno> {
        if into.is_empty() {
            std::mem::swap(into, &mut self.done);
        } else {
            into.append(&mut self.done);
        }
        Ok(())
    }

    fn in_flight(&self) -> usize {
        self.done.len()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
