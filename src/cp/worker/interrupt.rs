//! What a worker notes of its files for those who watch, and how it ends before they are done.
//!
//! Files are given up between two chains. A copy that this run has made goes, so that a second run does not take it for a
//! whole one; one that was there before cannot be had back, and is marked by its time.

use super::{InFlight, Worker};
use crate::cp::copy::Step;
use crate::cp::copy::extents::LargeFile;
use crate::cp::copy::file::FileCopy;
use crate::cp::progress::unfinished::long_ago;
use crate::pipeline::chain::Chain;
use std::sync::Arc;

impl Worker<'_, '_> {
    /// Sends off a file's next chain; where the run is to end, only one that closes.
    pub(super) fn submit_next(&mut self, slot: usize, mut file: Box<FileCopy>, chain: Chain) {
        let Some(progress) = &self.shared.progress else {
            return self.submit(slot, InFlight::File(file), chain);
        };
        if file.is_closing() {
            // From here on it is whole, or has been given up.
            if file.unfinished_id > 0 {
                progress.unfinished.end(file.unfinished_id);
                self.books.meter.forget_name(std::mem::take(&mut file.unfinished_id));
            }
            return self.submit(slot, InFlight::File(file), chain);
        }
        if progress.is_stopping() {
            let next = self.give_up(&mut file, chain);
            return self.next(slot, file, next);
        }
        if file.unfinished_id == 0
            && let Some(copy) = file.unfinished(&chain)
        {
            file.unfinished_id = progress.unfinished.begin(copy);
            self.books.meter.tell_name(file.unfinished_id, || file.source_path());
        }
        self.submit(slot, InFlight::File(file), chain);
    }

    /// Gives a file up before it is whole.
    fn give_up(&mut self, file: &mut FileCopy, chain: Chain) -> Step {
        if let Some(progress) = &self.shared.progress {
            // Where somebody else has taken the file over, this does not come back.
            progress.unfinished.end(std::mem::take(&mut file.unfinished_id));
            if file.has_made(&chain) {
                progress.note_removed();
            } else if file.has_changed(&chain) {
                if let Some(copy) = chain.destination.plain() {
                    // What sets the time comes last: a cut changes it.
                    let cut = file.take_cut().map_or(Ok(()), |length| rustix::fs::ftruncate(copy, length));
                    match cut.and_then(|()| rustix::fs::futimens(copy, &long_ago())) {
                        // It is told by its name in any case.
                        Ok(()) | Err(_) => {}
                    }
                }
                // One that was kept under another name comes back.
                if !file.is_kept() {
                    progress.note_left(file.destination_path());
                }
            }
        }
        file.give_up_unfinished(chain, &mut self.context())
    }

    /// Notes a large file that is shared out from now on.
    pub(super) fn note_large(&self, large: &LargeFile) {
        if let Some(progress) = &self.shared.progress {
            let name = large.source_path();
            large.note(|copy| {
                let number = progress.unfinished.begin(copy);
                self.books.meter.tell_name(number, || name);
                number
            });
        }
    }

    /// A file is done: the books have it, or nobody has.
    pub(super) fn stop_watching(&mut self, file: &FileCopy) {
        let Some(progress) = &self.shared.progress else { return };
        if file.unfinished_id > 0 {
            progress.unfinished.end(file.unfinished_id);
            self.books.meter.forget_name(file.unfinished_id);
        }
        self.books.meter.file_done(file.bytes_reported);
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
