//! What a run has found out about its pairs of file systems, source and destination: what is refused once is not tried
//! again for every file. And how long their destinations take.

use crate::plan::data;
use crate::plan::destination::{self, FileSystem, Offload};
use crate::plan::placement::{self, Latency};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Two devices, by their numbers: the one that is read, and the one that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    /// The source's.
    pub source: u64,
    /// The destination's.
    pub destination: u64,
}

/// The memory of all workers.
#[derive(Debug, Default)]
pub(crate) struct FsPairs {
    known: Mutex<HashMap<Pair, PairFacts>>,
    /// How many times something new has been found out.
    edition: AtomicU64,
    /// By device; those whose device is not known beforehand are one.
    destinations: Mutex<HashMap<Option<u64>, Latency>>,
    /// A destination has been slow: only then is there anything in `destinations`.
    any_slow: AtomicBool,
}

#[derive(Debug, Default, Clone, Copy)]
struct PairFacts {
    /// Why sharing blocks was refused.
    clone_refusal: Option<Errno>,
    surveyed: bool,
    systems: Option<[FileSystem; 2]>,
    offload_refused: bool,
}

/// The memory as one worker sees it. What every file asks is answered from a copy of the last answer: one lock for all
/// workers, taken several times for each file, would go back and forth between their processors.
#[derive(Clone, Copy)]
pub(crate) struct FsPairsView<'a> {
    /// The memory itself.
    pub all: &'a FsPairs,
    /// The worker's copy.
    pub last: &'a FsPairsCache,
}

/// A worker's copy of what is known of the pair it asked for last.
#[derive(Default)]
pub(crate) struct FsPairsCache(Cell<Option<Answer>>);

#[derive(Clone, Copy)]
struct Answer {
    edition: u64,
    pair: Pair,
    known: Option<PairFacts>,
}

impl FsPairs {
    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, PairFacts>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was found out about a pair.
    fn record(&self, pair: Pair, lesson: impl FnOnce(&mut PairFacts)) {
        lesson(self.lock().entry(pair).or_default());
        self.edition.fetch_add(1, Ordering::Release);
    }

    /// Notes how long a file took that was made by plain calls.
    pub(crate) fn note_making(&self, destination: Option<u64>, took: Duration, bytes: u64) {
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
    pub(crate) fn next_is_fused(&self, destination: Option<u64>) -> bool {
        if !self.any_slow.load(Ordering::Relaxed) {
            return false;
        }
        let mut destinations = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        destinations.get_mut(&destination).is_some_and(Latency::next_is_fused)
    }

    /// Remembers that a clone was refused.
    pub(crate) fn refuse_clone(&self, pair: Pair, errno: Errno) {
        if !data::is_of_one_file(errno) {
            self.record(pair, |known| known.clone_refusal = Some(errno));
        }
    }

    /// Remembers what the file systems are, or that they would not say.
    pub(crate) fn survey(&self, pair: Pair, systems: Option<[FileSystem; 2]>) {
        self.record(pair, |known| {
            known.surveyed = true;
            known.systems = systems;
        });
    }

    /// Remembers that copying in the kernel was refused.
    pub(crate) fn refuse_offload(&self, pair: Pair) {
        self.record(pair, |known| known.offload_refused = true);
    }
}

impl FsPairsView<'_> {
    fn known(&self, pair: Pair) -> Option<PairFacts> {
        // Read before the memory is: what is learned meanwhile makes the copy an old one.
        let edition = self.all.edition.load(Ordering::Acquire);
        if let Some(answer) = self.last.0.get()
            && answer.pair == pair
            && answer.edition == edition
        {
            return answer.known;
        }
        let known = self.all.lock().get(&pair).copied();
        self.last.0.set(Some(Answer { edition, pair, known }));
        known
    }

    /// Whether a clone is worth trying.
    #[must_use]
    pub(crate) fn may_clone(&self, pair: Pair) -> bool {
        self.known(pair).is_none_or(|known| known.clone_refusal.is_none())
    }

    /// Whether the file systems have been looked at.
    #[must_use]
    pub(crate) fn is_surveyed(&self, pair: Pair) -> bool {
        self.known(pair).is_some_and(|known| known.surveyed)
    }

    /// The source's file system, as far as it is known.
    #[must_use]
    pub(crate) fn source(&self, pair: Pair) -> Option<FileSystem> {
        self.known(pair)?.systems.map(|[source, _]| source)
    }

    /// The destination's file system, as far as it is known.
    #[must_use]
    pub(crate) fn destination(&self, pair: Pair) -> Option<FileSystem> {
        self.known(pair)?.systems.map(|[_, destination]| destination)
    }

    /// Whether copying is worth leaving to the kernel, as far as that is known.
    #[must_use]
    pub(crate) fn offload(&self, pair: Pair) -> Offload {
        match self.known(pair) {
            Some(PairFacts { offload_refused: true, .. }) => Offload::Impossible,
            Some(PairFacts { systems: Some([source, destination]), clone_refusal, .. }) => {
                destination::offload(source, destination, clone_refusal)
            }
            Some(_) | None => Offload::Pointless,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FsPairs, FsPairsCache, FsPairsView, Pair};
    use rustix::io::Errno;

    #[test]
    fn what_one_worker_learns_the_others_know() {
        let pairs = FsPairs::default();
        let copies = [FsPairsCache::default(), FsPairsCache::default()];
        let [one, other] = copies.each_ref().map(|last| FsPairsView { all: &pairs, last });
        let [pair, another] = [2, 3].map(|destination| Pair { source: 1, destination });
        assert!(one.may_clone(pair) && other.may_clone(pair), "nothing is known yet");
        pairs.refuse_clone(pair, Errno::OPNOTSUPP);
        assert!(!one.may_clone(pair) && !other.may_clone(pair), "a refusal holds for everybody");
        assert!(one.may_clone(another), "and for this pair alone");
        assert!(!one.may_clone(pair) && !one.is_surveyed(pair));
        pairs.survey(pair, None);
        assert!(one.is_surveyed(pair) && !one.may_clone(pair));
    }
}
