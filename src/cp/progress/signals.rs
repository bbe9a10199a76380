//! The signals that `--progress` is about, as something that a thread can wait for.
//!
//! No thread of the process takes them as it works: one that sleeps in a read of a server that does not answer would be
//! given a signal and never act on it. A thread of its own waits for them and does nothing else, so nothing keeps it from
//! noting the first one and from ending the process by a second. A signal that was ignored, or blocked, when the program started
//! stays so, as `nohup` and shells' background jobs rely on.

use crate::process::{self, SignalSet};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What ends a run.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Bytes of the stack of a thread that only waits.
const STACK_BYTES: usize = 64 << 10;

/// What has been caught.
pub(crate) struct Signals {
    shared: Arc<Shared>,
    /// Those that no thread is to be given that works.
    caught: SignalSet,
}

#[derive(Default)]
struct Shared {
    state: Mutex<SignalState>,
    changed: Condvar,
}

#[derive(Default)]
struct SignalState {
    /// The signal that is to end the run.
    ending: Option<i32>,
    /// A line was asked for.
    asked: bool,
    /// True if the waiting thread is to wake and look.
    rung: bool,
    /// Signals that end a run have their default action again.
    let_go: bool,
}

impl Signals {
    /// Catches them from now on, for this thread and those that it starts.
    ///
    /// # Errors
    /// Why they cannot be kept from a thread, or why there is none to wait for them; they have their default action.
    pub(crate) fn catch() -> io::Result<Self> {
        let before = SignalSet::blocked()?;
        let free = |signal: &i32| !process::ignores(*signal) && !before.has(*signal);
        let caught = SignalSet::of(ENDING.into_iter().chain([SIGUSR1]).filter(free));
        caught.block()?;
        let shared = Arc::new(Shared::default());
        let waiting = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("signals".into()).stack_size(STACK_BYTES);
        // No thread waits for its end: it goes when the process does.
        match thread.spawn(move || waiting.receive(&caught)) {
            Ok(_) => Ok(Self { shared, caught }),
            Err(error) => {
                caught.unblock();
                Err(error)
            }
        }
    }

    /// Waits until a signal comes, another thread [`ring`](Self::ring)s, or the time is up.
    pub(crate) fn wait(&self, time: Option<Duration>) {
        let state = self.shared.lock();
        let quiet = |state: &mut SignalState| !state.rung;
        let mut state = match time {
            None => self.shared.changed.wait_while(state, quiet).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.shared.changed.wait_timeout_while(state, time, quiet);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.rung = false;
    }

    /// Wakes the waiting thread.
    pub(crate) fn ring(&self) {
        self.shared.change(|_state| ());
    }

    /// Whether a line has been asked for since the last time.
    #[must_use]
    pub(crate) fn asked(&self) -> bool {
        std::mem::take(&mut self.shared.lock().asked)
    }

    /// The signal that is to end the run.
    #[must_use]
    pub(crate) fn ending(&self) -> Option<i32> {
        self.shared.lock().ending
    }

    /// Gives the signals that end a run their default action again, in this thread: there is nothing left to put in order.
    /// A line that is asked for now is not worth dying of.
    pub(crate) fn let_go(&self) {
        self.shared.change(|state| state.let_go = true);
        SignalSet::of(ENDING.into_iter().filter(|&signal| self.caught.has(signal))).unblock();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut SignalState)) {
        let mut state = self.lock();
        change(&mut state);
        state.rung = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Receives signals as long as the process lives.
    fn receive(&self, caught: &SignalSet) {
        while let Some(signal) = caught.wait() {
            let mut second = false;
            self.change(|state| match signal {
                SIGUSR1 => state.asked = true,
                _ => second = state.let_go || state.ending.replace(signal).is_some(),
            });
            if second {
                process::raise_and_die(signal);
            }
        }
    }
}

/// What the user knows a signal as.
#[must_use]
pub(crate) fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "interrupted",
        SIGTERM => "terminated",
        SIGHUP => "hung up",
        _ => "ended by a signal",
    }
}
