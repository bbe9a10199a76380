//! Picks the engine: what was asked for, what the kernel allows, what the job is worth.

use super::Engine;
use super::sync::SyncEngine;
use super::uring::{Refusal, Setup, Uring};
use crate::bufpool::Pool;
use crate::cli::knobs::{EngineKind, Knobs, Placement};
use crate::report::Reporter;
use crate::report::counters::Counters;
use crate::report::message::describe;
use rustix::fs::Access;
use std::sync::OnceLock;

/// What the ring's refusal was, the first time in this process, at its set-up or later: asking again for each worker would be
/// refused again.
static REFUSED: OnceLock<Refusal> = OnceLock::new();

/// An engine for one worker, whose leases come from `pool`: the ring where it is wanted and allowed, else plain calls.
///
/// # Errors
/// The ring was asked for by name, or with a wish that only a ring can grant, and there is none.
pub(crate) fn choose(knobs: &Knobs, pool: &Pool) -> Result<Box<dyn Engine>, Refusal> {
    match knobs.engine {
        EngineKind::Sync => return Ok(Box::new(SyncEngine::default())),
        EngineKind::Auto | EngineKind::Uring => {}
    }
    if let Some(&refusal) = REFUSED.get() {
        return if knobs.insist_on_ring() { Err(refusal) } else { Ok(Box::new(SyncEngine::default())) };
    }
    let setup = Setup {
        queue_depth: knobs.queue_depth.get(),
        fused: knobs.placement == Placement::Fused && proc_is_there(),
        fused_where_slow: knobs.placement == Placement::Auto && proc_is_there(),
        sqpoll_idle_ms: knobs.sqpoll_idle_ms,
        iopoll: knobs.iopoll,
    };
    match Uring::new(setup, pool) {
        Ok(engine) => Ok(Box::new(engine)),
        Err(refusal) if knobs.insist_on_ring() => Err(refusal),
        Err(refusal) => {
            REFUSED.get_or_init(|| refusal);
            Ok(Box::new(SyncEngine::default()))
        }
    }
}

/// Notes that a ring was refused something when it was set up and at work, so that no further one is asked for; and tells it,
/// once, where plain calls are not what was asked for.
pub(crate) fn give_up(knobs: &Knobs, refusal: Refusal, reporter: &Reporter) {
    let mut is_first = false;
    REFUSED.get_or_init(|| {
        is_first = true;
        refusal
    });
    if is_first && knobs.insist_on_ring() {
        reporter.failed_with(&format!("{refusal}; going on without it"), refusal.errno);
    }
}

/// A linked chain opens again what was examined, and knows no other way than this to reach it.
fn proc_is_there() -> bool {
    rustix::fs::access("/proc/self/fd", Access::EXISTS).is_ok()
}

/// The refusal that made this process go on without a ring, if there was one.
fn refused() -> Option<Refusal> {
    REFUSED.get().copied()
}

/// Where the engine of that name has run the operations of chains.
#[must_use]
pub(crate) fn placement(engine: &str, knobs: &Knobs, counters: &Counters) -> &'static str {
    match knobs.placement {
        _ if engine == "sync" => "inline",
        Placement::Fused => "fused",
        Placement::Auto if counters.made_in_ring > 0 => "fused",
        Placement::Auto | Placement::Split => "split",
    }
}

/// Which engine did the work, and why.
#[must_use]
pub(crate) fn which(knobs: &Knobs, counters: &Counters) -> (&'static str, String) {
    if let Some(Refusal { step, errno }) = refused().filter(|_| counters.ring_operations > 0) {
        return ("uring", format!("until it was refused: io_uring {step}: {}", describe(errno)));
    }
    if refused().is_none()
        && counters.submissions > 0
        && knobs.placement == Placement::Auto
        && counters.made_in_ring > 0
    {
        return ("uring", "making files had to wait".into());
    }
    if refused().is_none() && counters.submissions > 0 {
        return ("uring", "operations had to wait, or a ring was asked for".into());
    }
    let reason = match (refused(), knobs.engine) {
        (Some(Refusal { step, errno }), _) => format!("io_uring {step}: {}", describe(errno)),
        (None, EngineKind::Sync) => "asked for".into(),
        (None, EngineKind::Auto | EngineKind::Uring) => {
            "operations did not wait, so a ring would not pay".into()
        }
    };
    ("sync", reason)
}
