//! The one end of every leaf, well or not: what was kept for it comes back or stays, other names of its source
//! and the observer learn of it, and its directory has one entry less to wait for.

use super::{Books, Walker};
use crate::cp::job::Share;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace};
use crate::cp::observer::Event;
use crate::cp::shared::Run;
use crate::report::message::FileError;

impl Books {
    /// The end of an entry, well or not, that nothing else waits for: no backup is to be put back, and no other name of its
    /// source is to be linked to it.
    pub(crate) fn end(&self, run: &Run<'_>, job: &FileJob) {
        if job.left_out || job.failed {
            run.observer.leaves_out(&self.meter, run.options, job);
        }
        self.meter.show(&self.tally);
        if let JobPlace::Entry(branch) = &job.names {
            DirJob::entry_done(branch, run.reporter);
        }
    }
}

impl Walker<'_, '_> {
    /// A leaf cannot be copied, and nothing more is tried.
    pub(crate) fn leaf_failed(&mut self, mut job: FileJob, problem: &FileError) {
        self.shared.observer.tell(Event::Failed(problem));
        job.failed = true;
        self.leaf_done(&job);
    }

    /// A leaf is done, well or not.
    pub(crate) fn leaf_done(&mut self, job: &FileJob) {
        match &job.kept {
            Some(kept) if job.failed => self.restore(kept, || job.destination_path()),
            Some(kept) => kept.stays(),
            None => {}
        }
        if !job.failed {
            job.note_made();
        }
        if job.share != Share::None {
            self.first_done(job);
        }
        self.books.end(self.shared, job);
    }
}
