//! What a run has found out about its pairs of file systems, source and destination: what is refused once is not tried
//! again for every file. And how long their destinations take.

use crate::plan::data;
use crate::plan::destination::{self, FileSystem, Offload};
use crate::plan::placement::{self, Latency};
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Two devices, by their numbers: the one that is read, and the one that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The source's.
    pub source: u64,
    /// The destination's.
    pub destination: u64,
}

/// The memory of all workers.
#[derive(Debug, Default)]
pub struct Pairs {
    known: Mutex<HashMap<Pair, Known>>,
    /// By device; those whose device is not known beforehand are one.
    destinations: Mutex<HashMap<Option<u64>, Latency>>,
    /// A destination has been slow: only then is there anything in `destinations`.
    any_slow: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    /// Why sharing blocks was refused.
    clone_refusal: Option<Errno>,
    surveyed: bool,
    systems: Option<[FileSystem; 2]>,
    offload_refused: bool,
}

impl Pairs {
    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how long a file took that was made by plain calls.
    pub fn note_making(&self, destination: Option<u64>, took: Duration, bytes: u64) {
        let slept = placement::slept(took, bytes);
        if slept || self.any_slow.load(Ordering::Relaxed) {
            let mut destinations = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
            destinations.entry(destination).or_default().note(slept);
            let any = destinations.values().any(|latency| !latency.is_clean());
            self.any_slow.store(any, Ordering::Relaxed);
        }
    }

    /// Whether all operations of the next file that goes there belong in a ring. Counts it.
    #[must_use]
    pub fn next_is_fused(&self, destination: Option<u64>) -> bool {
        if !self.any_slow.load(Ordering::Relaxed) {
            return false;
        }
        let mut destinations = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        destinations.get_mut(&destination).is_some_and(Latency::next_is_fused)
    }

    /// Whether a clone is worth trying.
    #[must_use]
    pub fn may_clone(&self, pair: Pair) -> bool {
        self.lock().get(&pair).is_none_or(|known| known.clone_refusal.is_none())
    }

    /// Remembers that a clone was refused.
    pub fn refuse_clone(&self, pair: Pair, errno: Errno) {
        if !data::is_of_one_file(errno) {
            self.lock().entry(pair).or_default().clone_refusal = Some(errno);
        }
    }

    /// Whether the file systems have been looked at.
    #[must_use]
    pub fn is_surveyed(&self, pair: Pair) -> bool {
        self.lock().get(&pair).is_some_and(|known| known.surveyed)
    }

    /// Remembers what they are, or that they would not say.
    pub fn survey(&self, pair: Pair, systems: Option<[FileSystem; 2]>) {
        let mut known = self.lock();
        let known = known.entry(pair).or_default();
        known.surveyed = true;
        known.systems = systems;
    }

    /// The destination's file system, as far as it is known.
    #[must_use]
    pub fn destination(&self, pair: Pair) -> Option<FileSystem> {
        self.lock().get(&pair)?.systems.map(|[_, destination]| destination)
    }

    /// Whether copying is worth leaving to the kernel, as far as that is known.
    #[must_use]
    pub fn offload(&self, pair: Pair) -> Offload {
        let known = self.lock();
        match known.get(&pair) {
            Some(Known { offload_refused: true, .. }) => Offload::Impossible,
            Some(Known { systems: Some([source, destination]), clone_refusal, .. }) => {
                destination::offload(*source, *destination, *clone_refusal)
            }
            Some(_) | None => Offload::Pointless,
        }
    }

    /// Remembers that copying in the kernel was refused.
    pub fn refuse_offload(&self, pair: Pair) {
        self.lock().entry(pair).or_default().offload_refused = true;
    }
}
