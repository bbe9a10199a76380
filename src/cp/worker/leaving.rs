//! How a worker leaves a ring that was refused something or broke, and goes on by plain calls.

use super::{InFlight, Worker};
use crate::pipeline::chain::Outcome;
use crate::pipeline::engine::select;
use crate::pipeline::engine::sync::SyncEngine;
use crate::pipeline::engine::uring::Refusal;
use rustix::io::Errno;

impl Worker<'_, '_> {
    /// Goes over from a ring that was refused something to plain calls, as soon as nothing needs it any more.
    pub(super) fn leave_ring(&mut self, refusal: Refusal) {
        select::give_up(self.shared.knobs, refusal, self.shared.reporter);
        if self.engine.in_flight() == 0 && self.starved.is_empty() && self.awaiting_fsync.is_empty() {
            self.go_without_ring();
        }
    }

    /// The ring gives back nothing any more: what it had in flight is lost, and each file of it reported. An
    /// operation whose outcome is unknown is not tried again, as the kernel may be at work on it still.
    pub(super) fn broken(&mut self, errno: Errno) {
        let refusal = self.engine.refusal().unwrap_or(Refusal { step: "completion", errno });
        select::give_up(self.shared.knobs, refusal, self.shared.reporter);
        let lost = self.engine.lost();
        self.go_without_ring();
        for token in lost {
            let slot = usize::try_from(token).unwrap_or(usize::MAX);
            match self.flights.get_mut(slot).and_then(Option::take) {
                Some(InFlight::File(mut file)) => {
                    let next = file.lost(errno, &mut self.context());
                    self.next(slot, file, next);
                }
                Some(InFlight::Extent(extent)) => {
                    extent.file().lose(errno, extent.reached());
                    self.end_extent(slot, *extent);
                }
                Some(InFlight::Directory(path)) => {
                    self.directory_settled(slot, &path, Outcome::Failed { at: 0, errno });
                }
                None => {}
            }
        }
    }

    /// What is left of the ring goes: where it could not be drained, it leaves behind the memory that the kernel knows.
    fn go_without_ring(&mut self) {
        self.shared.add_counters(self.engine.counters());
        self.engine = Box::new(SyncEngine::default());
    }
}
