//! Engines: the ways a chain can run.
//!
//! An [`Engine`] takes chains and hands them back as completions. Its implementations are siblings that know nothing
//! of each other, named by mechanism: [`uring`] (the kernel's ring), [`sync`] (plain calls in the caller's thread) and
//! `scripted` (a test's own script). [`select`] picks one. A new engine is one file here and one match arm there.

pub(crate) mod plain;
#[cfg(test)]
pub(crate) mod scripted;
pub(crate) mod select;
pub(crate) mod sync;
pub(crate) mod uring;

use super::chain::{Chain, Completion, Op};
use crate::report::counters::Counters;
use rustix::io::Errno;

/// What a copy method may rely on when it builds chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// How many chains can usefully be in flight at once.
    pub in_flight_max: usize,
    /// The same for chains that have a [`super::create_lock::CreateLock`].
    pub create_batch_max: usize,
    /// Whole-file chains should be built to run as one linked submission, without an operation that needs an ordinary
    /// descriptor.
    pub fused: bool,
    /// The same for chains of a slow destination.
    pub fused_where_slow: bool,
    /// Regular files may be opened with O_NONBLOCK, which keeps what has come in their place from being waited for.
    pub nonblocking: bool,
    /// [`super::chain::Call::Sendfile`] is the best way for cached files: nothing is gained by having many reads wait side by side.
    pub passes: bool,
}

/// Whether reaping may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until at least one chain in flight has come back.
    ForOne,
    /// Not at all: only what is there.
    No,
}

/// Runs chains. All of an engine's methods are called by the thread that made it.
pub(crate) trait Engine {
    /// What chains should look like for this engine.
    fn capabilities(&self) -> Capabilities;

    /// Takes a chain to run. A full engine hands it back: reap, then push again.
    ///
    /// # Errors
    /// The chain itself, boxed, where there is no room for it now. That is a normal outcome, not a failure.
    fn push(&mut self, chain: Chain) -> Result<(), Box<Chain>>;

    /// Moves every chain that has come back into `into`, submitting what was pushed first.
    ///
    /// # Errors
    /// The ring itself broke; chains still in flight are lost to the caller and their buffers are never reused.
    fn reap(&mut self, wait: Wait, into: &mut Vec<Completion>) -> Result<(), Errno>;

    /// How many chains are in flight.
    fn in_flight(&self) -> usize;

    /// What this engine was refused, if it was: it runs everything by plain calls then, and another engine may as well
    /// take its place once nothing is in flight.
    fn refusal(&self) -> Option<uring::Refusal> {
        None
    }

    /// The tokens of the chains that never come back, once [`reap`](Self::reap) has failed.
    fn lost(&self) -> Vec<u64> {
        Vec::new()
    }

    /// What this engine has done so far.
    fn counters(&self) -> Counters;
}

/// How many of these operations, all of which succeeded, made a file.
fn made(ops: &[Op]) -> u64 {
    u64::try_from(ops.iter().filter(|op| op.makes_file()).count()).unwrap_or(u64::MAX)
}
