//! Files that are copied while nothing else is in work, as GNU cp copies all: what was begun before is done first, and nothing
//! else is begun meanwhile.
//!
//! One kind is written to what has another name too: through a link at the destination's name, or by one of several names. It
//! may be a source of this run, or another copy. The other kind is opened by waiting, for the process at a FIFO's other end,
//! which may in turn wait for a file that was begun before to be read on.

use super::Worker;
use crate::cp::entry::special;
use crate::cp::job::FileJob;
use crate::plan::overwrite::{self, Existing};
use crate::process;
use rustix::fs::{AtFlags, FileType};

impl Worker<'_, '_> {
    /// Looks at the destination of a file that is about to be begun with, where nothing is known of it yet. What cannot be
    /// looked at is left to the file's own way, which tells of it.
    pub(super) fn look_ahead(job: &mut FileJob) {
        if job.found.is_none() {
            job.found = special::look(&job.destination, Some(FileType::Symlink)).ok();
            if matches!(job.found, Some(Existing::DanglingLink(_))) {
                // A link is followed only for a source that can be looked at, as by GNU cp.
                job.found = match job.seen.is_some() || can_be_looked_at(job) {
                    true => special::look(&job.destination, Some(FileType::RegularFile)).ok(),
                    false => None,
                };
            }
        }
    }

    /// True if this file has to wait until nothing else is in work here.
    pub(super) fn must_wait(&mut self, job: &FileJob) -> bool {
        self.alone = overwrite::goes_alone(job.seen.as_ref(), job.found.as_ref());
        self.alone && self.is_busy()
    }

    /// True if nothing may be begun with: a file that goes alone is in work, or waits for what is.
    pub(super) fn goes_alone(&self) -> bool {
        self.alone && self.is_busy()
    }

    fn is_busy(&self) -> bool {
        let in_work =
            self.engine.in_flight() + self.starved.len() + self.large.len() + self.extents_in_flight;
        in_work + self.awaiting_fsync() > 0
    }
}

fn can_be_looked_at(job: &FileJob) -> bool {
    let flags = if job.follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    process::look(&job.source.directory, &*job.source.name, flags).is_ok()
}
