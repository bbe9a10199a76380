//! The one end that every leaf comes to, well or not: what was kept for it comes back or stays, other names of its source
//! and those who watch learn of it, and its directory has one entry less to wait for.

use super::{Books, Walker};
use crate::cp::entry::links::Share;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace};
use crate::cp::observer::Event;
use crate::cp::shared::Run;
use crate::plan::replace;
use crate::report::message::FileError;

impl Books {
    /// Has those who watch count a file no more that is not copied, if they did.
    fn count_left_out(&self, run: &Run<'_>, job: &FileJob) {
        let (Some(progress), options) = (&run.progress, run.options) else { return };
        let bytes = match job.seen {
            Some(seen) if !replace::is_counted(options, seen.kind) => return,
            // Names of one file are one copy.
            Some(seen) if options.preserve.links && seen.links > 1 && !progress.is_first(seen.identity) => {
                return;
            }
            Some(seen) => seen.size,
            None => 0,
        };
        self.meter.left_out(bytes);
    }

    /// The end of an entry, well or not, that nothing else waits for: no backup is to be put back, and no other name of its
    /// source is to be linked to it.
    pub(crate) fn end(&self, run: &Run<'_>, job: &FileJob) {
        if job.left_out || job.failed {
            self.count_left_out(run, job);
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
