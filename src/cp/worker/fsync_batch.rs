//! Files and directories that only wait to be made durable (`--fsync`): many at a time, so that their fsync(2) calls sleep
//! side by side and the file system commits its journal for all of them together.

use super::{InFlight, Worker};
use crate::cp::copy::file::FileCopy;
use crate::cp::job::dir_fsync::{self, DirAwaitingFsync};
use crate::pipeline::chain::{Chain, Descriptor, Io, Op, Outcome};

impl Worker<'_, '_> {
    /// A file is there but for this chain, which makes it durable.
    pub(super) fn settle(&mut self, slot: usize, file: Box<FileCopy>, chain: Chain) {
        self.flights[slot] = Some(InFlight::File(file));
        self.awaiting_fsync.push((slot, chain));
    }

    pub(super) fn awaiting_fsync(&self) -> usize {
        self.awaiting_fsync.len() + self.shared.durable.as_ref().map_or(0, |durable| durable.len())
    }

    /// True if another file may wait to be made durable.
    pub(super) fn has_room_to_settle(&self) -> bool {
        self.awaiting_fsync.is_empty() || self.awaiting_fsync.len() < self.shared.settle_max()
    }

    /// Makes them durable where there are enough of them.
    pub(super) fn settle_where_due(&mut self) {
        let waiting = if self.shared.durable.is_some() { self.awaiting_fsync() } else { 0 };
        if waiting > 1 && waiting >= self.shared.settle_max() {
            // Nothing may be in flight where a ring takes over.
            if self.engine_is_final || self.engine.in_flight() == 0 {
                self.settle_all();
            }
        }
    }

    /// Makes all of them durable.
    pub(super) fn settle_all(&mut self) {
        if self.awaiting_fsync() > 1 {
            // One call would sleep after the other.
            self.want_ring();
        }
        let directories = self.shared.durable.as_ref().map(|durable| durable.take()).unwrap_or_default();
        for DirAwaitingFsync { descriptor, path } in directories {
            let slot = self.slot();
            let destination = Descriptor::Shared(descriptor);
            let chain = Chain { destination, ops: vec![Op::Io(Io::Fsync)], ..Chain::default() };
            self.submit(slot, InFlight::Directory(path), chain);
        }
        for (slot, chain) in std::mem::take(&mut self.awaiting_fsync) {
            if let Some(file) = self.flights[slot].take() {
                self.submit(slot, file, chain);
            }
        }
    }

    /// A directory is durable, or cannot be.
    pub(super) fn directory_settled(&mut self, slot: usize, path: &[u8], outcome: Outcome) {
        self.flights_free.push(slot);
        let answer = match outcome {
            Outcome::Done | Outcome::Count { .. } => Ok(()),
            Outcome::Failed { errno, .. } => Err(errno),
        };
        self.books.tally.syncs += u64::from(dir_fsync::report_fsync(answer, path, self.shared.reporter));
    }
}
