//! How a worker ends before its files are done. That is a state of its loop: from the moment when it sees that the run is to
//! end, it begins nothing, and gives up whatever comes back.
//!
//! Files are given up between two chains. A copy that this run has made goes, so that a second run does not take it for a
//! whole one; one that was there before cannot be had back, and is marked by its time.

use super::{InFlight, Worker};
use crate::cp::copy::Step;
use crate::cp::copy::extents::LargeFile;
use crate::cp::copy::file::FileCopy;
use crate::cp::observer::watched::Remains;
use crate::cp::progress::unfinished::long_ago;
use crate::pipeline::chain::Chain;
use std::sync::Arc;

impl Worker<'_, '_> {
    /// Sees whether the run is to end before it is done. Asked where the worker begins something and where something comes
    /// back, so that all that comes back together is treated alike.
    pub(super) fn look_for_end(&mut self) -> bool {
        self.is_ending |= self.shared.observer.is_ending();
        self.is_ending
    }

    /// Sends off a file's next chain; where the run is to end, only one that closes.
    pub(super) fn submit_next(&mut self, slot: usize, mut file: Box<FileCopy>, chain: Chain) {
        let observer = &self.shared.observer;
        if file.is_closing() {
            observer.closes(&self.books.meter, &mut file);
        } else if self.is_ending {
            let next = self.give_up(&mut file, chain);
            return self.next(slot, file, next);
        } else {
            observer.goes_on(&self.books.meter, &mut file, &chain);
        }
        self.submit(slot, InFlight::File(file), chain);
    }

    /// Gives a file up before it is whole.
    fn give_up(&mut self, file: &mut FileCopy, chain: Chain) -> Step {
        let observer = &self.shared.observer;
        observer.gives_up(file);
        let remains = if file.has_made(&chain) {
            Remains::Removed
        } else if file.has_changed(&chain) {
            mark_incomplete(file, &chain);
            Remains::Incomplete
        } else {
            Remains::Nothing
        };
        observer.leaves(file, &remains);
        file.give_up_unfinished(chain, &mut self.context())
    }

    /// Lets go of everything that is not in flight: the run is to end.
    pub(super) fn abort_all(&mut self) {
        for job in std::mem::take(&mut self.books.backlog) {
            if let Some(kept) = &job.kept {
                self.walk(|walker| walker.restore(kept, || job.destination_path()));
            }
        }
        for (slot, chain) in std::mem::take(&mut self.starved) {
            if let Some(InFlight::File(file)) = self.flights[slot].take() {
                self.submit_next(slot, file, chain);
            }
        }
        for large in std::mem::take(&mut self.large) {
            self.let_go_large(&large);
        }
    }

    fn let_go_large(&mut self, large: &Arc<LargeFile>) {
        // Where blocks are in flight, the last of them finishes the file.
        if let Some(finished) = large.give_up_stopped() {
            self.finish_extents(finished);
        }
    }
}

/// Marks a file that was there before, and is not whole, by its time.
fn mark_incomplete(file: &mut FileCopy, chain: &Chain) {
    if let Some(copy) = chain.destination.plain() {
        // What sets the time comes last: a cut changes it.
        let cut = file.take_cut().map_or(Ok(()), |length| rustix::fs::ftruncate(copy, length));
        match cut.and_then(|()| rustix::fs::futimens(copy, &long_ago())) {
            // It is told by its name in any case.
            Ok(()) | Err(_) => {}
        }
    }
}
