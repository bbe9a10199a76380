//! What a worker has in flight: files and blocks of large files, from their first chain to their last.

use super::{BUFFERED_EXTENTS_MAX, BYTES_FOR_HELP, InFlight, Worker};
use crate::cp::copy::Step;
use crate::cp::copy::extent::{BlockStep, Extent};
use crate::cp::copy::extents::{FinishedExtents, LargeFile};
use crate::cp::copy::file::FileCopy;
use crate::cp::job::FileJob;
use crate::cp::job::Share;
use crate::cp::observer::Event;
use crate::cp::task::Task;
use crate::pipeline::chain::{Chain, Completion};
use std::sync::Arc;

impl Worker<'_, '_> {
    pub(super) fn claim_extents(&mut self) {
        while let Some(file) = self.large.last() {
            let direct = self.shared.settings.method.direct || file.sleeps();
            let most = if direct { usize::MAX } else { BUFFERED_EXTENTS_MAX };
            if self.extents_in_flight >= most || !self.has_room(self.engine.capabilities().in_flight_max) {
                return;
            }
            let file = Arc::clone(file);
            let alone = self.engine.in_flight() == 0;
            match file.claim(alone, &self.context()) {
                Some((extent, chain)) => {
                    self.extents_in_flight += 1;
                    let slot = self.slot();
                    self.submit(slot, InFlight::Extent(Box::new(extent)), chain);
                }
                None if file.has_more() && !alone => return,
                None => {
                    self.large.pop();
                    if file.has_more()
                        && let Some(finished) = file.give_up()
                    {
                        self.finish_extents(finished);
                    }
                }
            }
        }
    }

    /// Works on a large file, and lets other workers help.
    fn share(&mut self, file: Arc<LargeFile>) {
        self.shared.observer.shares_out(&self.books.meter, &file);
        self.want_ring_for(&file);
        if file.unclaimed() >= BYTES_FOR_HELP && file.can_be_shared() {
            self.shared.queue.offer(self.number, Task::Large(Arc::clone(&file)));
            self.call_for_help();
        }
        self.large.push(file);
    }

    pub(super) fn want_ring_for(&mut self, file: &LargeFile) {
        // A hot file needs no ring: its blocks never sleep. Past the page cache they always do.
        if (self.shared.settings.method.direct || file.sleeps()) && file.unclaimed() > 0 {
            self.want_ring();
        }
    }

    pub(super) fn slot(&mut self) -> usize {
        self.flights_free.pop().unwrap_or_else(|| {
            self.flights.push(None);
            self.flights.len() - 1
        })
    }

    pub(super) fn submit(&mut self, slot: usize, flight: InFlight, mut chain: Chain) {
        self.flights[slot] = Some(flight);
        chain.token = u64::try_from(slot).unwrap_or(u64::MAX);
        while let Err(back) = self.engine.push(chain) {
            chain = *back;
            if let Err(errno) = self.reap() {
                self.broken(errno);
            }
        }
    }

    pub(super) fn complete(&mut self, completion: Completion) {
        let slot = usize::try_from(completion.chain.token).unwrap_or(usize::MAX);
        match self.flights.get_mut(slot).and_then(Option::take) {
            Some(InFlight::File(mut file)) => {
                let before = file.arrived();
                let next = file.advance(completion, &mut self.context());
                if file.is_read_by_calls() {
                    // There is a ring, as operations sleep, and these do not sleep side by side in it.
                    self.shared.note_sleep();
                }
                let arrived = file.arrived().saturating_sub(before);
                file.bytes_reported += arrived;
                self.books.meter.arrived(arrived);
                self.books.meter.name(|| file.source_path());
                // Before the next chain, which may wait. What is done is shown when its bytes count no more as moving.
                if !matches!(next, Step::Done) {
                    self.books.meter.show(&self.books.tally);
                }
                self.next(slot, file, next);
            }
            Some(InFlight::Extent(extent)) => self.complete_extent(slot, extent, completion),
            Some(InFlight::Directory(path)) => self.directory_settled(slot, &path, completion.outcome),
            None => {}
        }
    }

    fn complete_extent(&mut self, slot: usize, mut extent: Box<Extent>, completion: Completion) {
        let before = extent.reached();
        let progressed = extent.advance(completion);
        let arrived = extent.reached().saturating_sub(before);
        if self.books.meter.is_read() {
            extent.note_shown(arrived);
            self.books.meter.arrived(arrived);
            self.books.meter.name(|| extent.file().source_path());
            self.books.meter.show(&self.books.tally);
        }
        match progressed {
            BlockStep::Run(_) | BlockStep::Done if self.is_ending => {
                extent.file().stop(extent.reached());
                self.end_extent(slot, *extent);
            }
            BlockStep::Run(chain) => {
                if extent.refused_polling() {
                    self.shared.polling_refused();
                }
                self.submit(slot, InFlight::Extent(extent), chain);
            }
            BlockStep::Done => self.end_extent(slot, *extent),
        }
    }

    pub(super) fn end_extent(&mut self, slot: usize, extent: Extent) {
        self.extents_in_flight -= 1;
        self.flights_free.push(slot);
        if let Some(finished) = extent.finish() {
            self.finish_extents(finished);
        }
    }

    /// Finishes a large file whose extents are over.
    pub(super) fn finish_extents(&mut self, finished: FinishedExtents) {
        let (file, next) = finished.into_chain(&mut self.context());
        let slot = self.slot();
        self.next(slot, Box::new(file), next);
    }

    pub(super) fn next(&mut self, slot: usize, mut file: Box<FileCopy>, next: Step) {
        match next {
            Step::Run(chain) => self.submit_next(slot, file, chain),
            Step::NoBuffer(chain) => {
                self.flights[slot] = Some(InFlight::File(file));
                self.starved.push_back((slot, chain));
            }
            Step::NoDescriptor => {
                self.flights_free.push(slot);
                self.window = self.engine.in_flight().max(1);
                if self.engine.in_flight() > 0 {
                    self.books.backlog.push_front(file.into_job());
                } else {
                    self.shared.observer.tell(Event::Failed(&file.failed_without_descriptor()));
                    let mut job = file.into_job();
                    job.failed = true;
                    self.leaf_done(&job);
                }
            }
            Step::OfAnotherKind => {
                self.flights_free.push(slot);
                self.walk(|walker| walker.look_again(*file.into_job()));
            }
            Step::Fsync(chain) => self.settle(slot, file, chain),
            Step::Share(chain, sharing) => match file.share(chain, sharing) {
                Ok(large) => {
                    self.flights_free.push(slot);
                    self.share(large);
                }
                Err(returned) => {
                    let (mut file, chain) = *returned;
                    let next = file.go_on_unshared(chain, &mut self.context());
                    self.next(slot, Box::new(file), next);
                }
            },
            Step::Done => {
                self.flights_free.push(slot);
                // Where descriptors were short, one more is tried again.
                self.window = self.window_max.min(self.window.saturating_add(1));
                self.say_how(&file);
                self.shared.observer.ends(&mut self.books.meter, &file);
                self.leaf_done(file.ended());
            }
        }
    }

    /// Says how the data of a file was copied.
    fn say_how(&mut self, file: &FileCopy) {
        let observer = &self.shared.observer;
        observer.tell(Event::Data(&mut || file.words(&self.context())));
    }

    /// A file is done, well or not. Only where something waits for it the walk has more to do.
    fn leaf_done(&mut self, job: &FileJob) {
        if job.kept.is_some() || job.share != Share::None {
            return self.walk(|walker| walker.leaf_done(job));
        }
        if !job.failed {
            job.note_made();
        }
        self.books.end(self.shared, job);
    }
}
