//! The engine without a ring: each chain runs to its end by plain calls in the thread that pushes it.
//!
//! It serves where io_uring is blocked or absent, where nothing sleeps, and jobs too small to pay for a ring. A chain that
//! has a [`CreateLock`] stops before the operation that makes its file. Those that stand there when something is reaped take their
//! turn together.

use super::{Capabilities, Engine, Wait, made, plain};
use crate::pipeline::chain::{Chain, Completion, End, Io, Op, Outcome, Results};
use crate::pipeline::create_lock::{CREATE_BATCH, CreateLock};
use crate::report::counters::Counters;
use rustix::io::Errno;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs chains by plain calls.
#[derive(Default)]
pub(crate) struct SyncEngine {
    /// Chains that stand before the operation that makes their file.
    at_turn: Vec<AwaitingCreate>,
    /// Chains that have run and wait to be reaped.
    done: Vec<Completion>,
    counters: Counters,
}

/// A chain that does not run on yet.
struct AwaitingCreate {
    chain: Chain,
    seen: Results,
    /// Index of its next operation.
    at: usize,
    outcome: Option<Outcome>,
    /// How long it took to make its file.
    making: Duration,
}

impl AwaitingCreate {
    /// Runs its operations while `here` says so, given their index.
    fn run_while(&mut self, here: impl Fn(&Chain, usize) -> bool) {
        (self.at, self.outcome) = plain::run(&mut self.chain, &mut self.seen, self.at, here);
    }

    fn turn(&self) -> Option<&Arc<CreateLock>> {
        self.chain.turn.as_ref()
    }
}

impl SyncEngine {
    /// Has the chains that stand before their turn make their files, and then run to their end.
    fn take_turns(&mut self) {
        let mut standing = std::mem::take(&mut self.at_turn);
        let mut left = &mut standing[..];
        while let Some(turn) = left.first().and_then(|first| first.turn().cloned()) {
            let same = |chain: &AwaitingCreate| chain.turn().is_some_and(|other| Arc::ptr_eq(other, &turn));
            let count = left.iter().take_while(|chain| same(chain)).count();
            let (mine, others) = left.split_at_mut(count);
            make_files(mine, &turn);
            left = others;
        }
        let mut before = Instant::now();
        for mut chain in standing.drain(..) {
            if chain.outcome.is_none() {
                let rest = chain.at;
                chain.run_while(|_, _| true);
                let now = Instant::now();
                if chain.outcome == Some(Outcome::Done) && closes_copy(&chain.chain.ops[rest..]) {
                    chain.seen.making = Some(chain.making + (now - before));
                }
                before = now;
            }
            self.end(chain.chain, chain.seen, chain.at, chain.outcome.unwrap_or(Outcome::Done));
        }
        self.at_turn = standing;
    }

    fn end(&mut self, chain: Chain, seen: Results, at: usize, outcome: Outcome) {
        let stopped = u64::from(outcome != Outcome::Done);
        self.counters.operations += u64::try_from(at).unwrap_or(u64::MAX) + stopped;
        self.counters.made_by_calls += made(&chain.ops[..at]);
        self.counters.chains_cut += u64::from(outcome.is_cut(&chain));
        self.done.push(Completion { chain, outcome, seen });
    }
}

/// Makes the files of these chains, all of which have this turn.
fn make_files(chains: &mut [AwaitingCreate], turn: &CreateLock) {
    let _mine = turn.take();
    let mut before = Instant::now();
    for chain in chains {
        let at = chain.at;
        chain.run_while(|_, index| index == at);
        let now = Instant::now();
        chain.making = now - before;
        before = now;
    }
}

fn closes_copy(ops: &[Op]) -> bool {
    ops.iter().any(|op| matches!(op, Op::Io(Io::Close { end: End::Destination })))
}

impl Engine for SyncEngine {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            in_flight_max: 1,
            create_batch_max: CREATE_BATCH,
            fused: false,
            fused_where_slow: false,
            nonblocking: true,
            passes: true,
        }
    }

    fn push(&mut self, mut chain: Chain) -> Result<(), Box<Chain>> {
        let mut seen = Results::default();
        let before_turn = |chain: &Chain, at: usize| chain.turn.is_none() || !chain.ops[at].makes_file();
        let (at, outcome) = plain::run(&mut chain, &mut seen, 0, before_turn);
        match outcome {
            Some(outcome) => self.end(chain, seen, at, outcome),
            None => self.at_turn.push(AwaitingCreate { chain, seen, at, outcome, making: Duration::ZERO }),
        }
        Ok(())
    }

    fn reap(&mut self, _: Wait, into: &mut Vec<Completion>) -> Result<(), Errno> {
        if self.done.is_empty() {
            self.take_turns();
        }
        if into.is_empty() {
            std::mem::swap(into, &mut self.done);
        } else {
            into.append(&mut self.done);
        }
        Ok(())
    }

    fn in_flight(&self) -> usize {
        self.done.len() + self.at_turn.len()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::chain::{At, Descriptor, Directory, FdKind};
    use rustix::fs::{Mode, OFlags};
    use std::ffi::CString;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    /// A chain that makes an empty file in a turn.
    fn making(directory: &Path, name: &str, turn: &Arc<CreateLock>) -> Chain {
        let open = OwnedFd::from(std::fs::File::open(directory).expect("the directory"));
        let at = At {
            directory: Directory::Open(Arc::new(open)),
            name: CString::new(name).expect("a name").as_c_str().into(),
        };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let make =
            Op::Io(Io::Open { end: End::Destination, at, flags, mode: Mode::RUSR, into: FdKind::Plain });
        let ops = vec![make, Op::Io(Io::Close { end: End::Destination })];
        Chain { ops, turn: Some(Arc::clone(turn)), ..Chain::default() }
    }

    fn push(engine: &mut SyncEngine, chain: Chain) {
        assert!(engine.push(chain).is_ok(), "there is always room");
    }

    #[test]
    fn files_of_one_turn_are_made_together_when_something_is_reaped() {
        let place = tempfile::tempdir().expect("a place");
        let (turn, other) = (Arc::default(), Arc::default());
        let mut engine = SyncEngine::default();
        for (name, turn) in [("a", &turn), ("b", &turn), ("c", &other)] {
            push(&mut engine, making(place.path(), name, turn));
        }
        assert_eq!(engine.in_flight(), 3);
        assert_eq!(place.path().read_dir().expect("the place").count(), 0, "nobody's turn has come");
        let mut reaped = Vec::new();
        engine.reap(Wait::ForOne, &mut reaped).expect("plain calls");
        assert_eq!(place.path().read_dir().expect("the place").count(), 3);
        assert_eq!((reaped.len(), engine.in_flight()), (3, 0));
        assert!(reaped.iter().all(|file| file.outcome == Outcome::Done && file.seen.making.is_some()));
        assert!(reaped.iter().all(|file| matches!(file.chain.destination, Descriptor::Closed)));
        assert_eq!((engine.counters().operations, engine.counters().made_by_calls), (6, 3));
    }

    #[test]
    fn what_is_done_is_not_kept_waiting_for_a_turn() {
        let place = tempfile::tempdir().expect("a place");
        let turn = Arc::default();
        let mut engine = SyncEngine::default();
        push(&mut engine, making(place.path(), "a", &turn));
        push(&mut engine, Chain { turn: None, ..making(place.path(), "b", &turn) });
        let _somebody_else = turn.take();
        let mut reaped = Vec::new();
        engine.reap(Wait::ForOne, &mut reaped).expect("plain calls");
        assert_eq!((reaped.len(), engine.in_flight()), (1, 1));
        assert!(place.path().join("b").exists() && !place.path().join("a").exists());
    }

    #[test]
    fn a_file_that_cannot_be_made_ends_its_own_chain_only() {
        let place = tempfile::tempdir().expect("a place");
        std::fs::write(place.path().join("b"), "there").expect("a file");
        let turn = Arc::default();
        let mut engine = SyncEngine::default();
        for name in ["a", "b", "c"] {
            push(&mut engine, making(place.path(), name, &turn));
        }
        let mut reaped = Vec::new();
        engine.reap(Wait::ForOne, &mut reaped).expect("plain calls");
        let outcomes: Vec<Outcome> = reaped.iter().map(|file| file.outcome).collect();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Failed { at: 0, errno: Errno::EXIST }, Outcome::Done]);
        assert_eq!((engine.counters().chains_cut, engine.counters().made_by_calls), (1, 2));
    }
}
