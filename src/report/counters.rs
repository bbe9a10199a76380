//! What engines count, which statistics show.

use std::ops::AddAssign;

/// What engines count, for `--stats`. Every field is a number of events, never of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Operations of chains that were started.
    pub operations: u64,
    /// Those of them that ran in a ring; a thread ran the others by plain calls.
    pub ring_operations: u64,
    /// Files that were made in a ring.
    pub made_in_ring: u64,
    /// Files that were made by plain calls.
    pub made_by_calls: u64,
    /// io_uring_enter(2) calls.
    pub submissions: u64,
    /// Completion queue entries seen.
    pub completions: u64,
    /// Chains that were cut before their last operation.
    pub chains_cut: u64,
    /// Most operations that were in the ring at one time; the greatest of all workers.
    pub in_flight_peak: u64,
    /// Pool regions that are fixed buffers of a ring.
    pub regions_registered: u64,
    /// Pool regions that are not.
    pub regions_unregistered: u64,
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.ring_operations += other.ring_operations;
        self.made_in_ring += other.made_in_ring;
        self.made_by_calls += other.made_by_calls;
        self.submissions += other.submissions;
        self.completions += other.completions;
        self.chains_cut += other.chains_cut;
        self.in_flight_peak = self.in_flight_peak.max(other.in_flight_peak);
        self.regions_registered += other.regions_registered;
        self.regions_unregistered += other.regions_unregistered;
    }
}
