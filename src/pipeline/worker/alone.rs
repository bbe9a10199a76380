//! Files that are copied while the worker has nothing else in work. What is written through a link at the destination, or to
//! a name of several, may be the source of another file: that is read before or after, in the order of the walk as in GNU
//! cp, and never meanwhile.
//!
//! What there is at the destination is seen when a file is in work already. It is given back then, and so is what has been begun after it
//! and not come to its own destination; they are begun with again when all others have ended.

use super::Worker;
use crate::pipeline::job::FileJob;
use crate::plan::overwrite::may_be_a_source;
use std::collections::VecDeque;

/// Files that wait until nothing else is in work.
#[derive(Default)]
pub(super) struct PutOff {
    files: VecDeque<Box<FileJob>>,
    /// How many files were begun with.
    begun: u64,
    /// The one that was begun with last is to be alone.
    alone: bool,
}

impl PutOff {
    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All of them, in the order in which they were begun with.
    pub(super) fn take(&mut self) -> VecDeque<Box<FileJob>> {
        self.files.make_contiguous().sort_by_key(|job| job.order);
        std::mem::take(&mut self.files)
    }

    /// Has one wait.
    pub(super) fn add(&mut self, job: Box<FileJob>) {
        self.files.push_back(job);
    }

    /// Notes a file that is begun with.
    pub(super) fn begin(&mut self, job: &mut FileJob) {
        self.begun += 1;
        job.order = self.begun;
        job.alone |= is_alone(job);
        self.alone = job.alone;
    }
}

/// Whether a file is to be copied alone, as far as is known.
fn is_alone(job: &FileJob) -> bool {
    let may_be = |(source, found)| may_be_a_source(source, found);
    job.alone || job.seen.as_ref().zip(job.found.as_ref()).is_some_and(may_be)
}

impl Worker<'_, '_> {
    /// Whether at most one file is in work.
    pub(super) fn has_one_in_work(&self) -> bool {
        self.flights.len() - self.flights_free.len() <= 1 && self.large.is_empty()
    }

    fn has_none_in_work(&self) -> bool {
        self.flights.len() == self.flights_free.len() && self.large.is_empty()
    }

    /// Whether the next file may be begun with beside those in work.
    pub(super) fn may_begin_next(&self) -> bool {
        let waits = self.put_off.alone || self.backlog.front().is_some_and(|job| is_alone(job));
        self.put_off.is_empty() && (!waits || self.has_none_in_work())
    }

    /// Takes up what was put off, once nothing else is in work.
    pub(super) fn take_up(&mut self) {
        if !self.put_off.is_empty() && self.has_none_in_work() {
            self.put_off.take().into_iter().rev().for_each(|job| self.backlog.push_front(job));
        }
    }
}
