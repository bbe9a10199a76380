//! Times of symbolic links that could not be set when they were made, as there was nothing yet where they lead: some network
//! file systems (sshfs) set those of what a link leads to. They are set once more when all is there.

use crate::cp::job::dir_job::DirJob;
use crate::cp::job::{FileJob, JobPlace};
use crate::pipeline::attributes::{self, Copied, Source};
use crate::pipeline::chain::At;
use crate::plan::attributes::{AttributeError, AttributePlan, PreservePolicy, Times};
use crate::plan::facts::FileStat;
use crate::report::Reporter;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Most links that are remembered: what leads nowhere stays without its times, and there may be any number of those.
const LINKS_MAX: usize = 1 << 16;

/// A link, and the times that it is to have.
struct Link {
    place: LateLink,
    times: Times,
    shown: Vec<u8>,
}

enum LateLink {
    Operand(At),
    /// A directory that may have to be had open again.
    Entry(Arc<DirJob>, Arc<CStr>),
}

/// The links of a run that wait for their times.
#[derive(Default)]
pub(crate) struct Late(Mutex<Vec<Link>>);

impl Late {
    /// Remembers the copy of a link whose times were refused for want of what it leads to; whether it does.
    pub(crate) fn note(&self, job: &FileJob, times: Times) -> bool {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= LINKS_MAX {
            return false;
        }
        let place = match &job.names {
            JobPlace::Operand { .. } => LateLink::Operand(job.destination.clone()),
            JobPlace::Entry(branch) => LateLink::Entry(Arc::clone(branch), Arc::clone(&job.destination.name)),
        };
        links.push(Link { place, times, shown: job.destination_path() });
        true
    }

    /// Gives them their times, now that everything is copied, and tells where that is refused again.
    pub(crate) fn finish(&self, keeping: &PreservePolicy, reporter: &Reporter) {
        let links = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for Link { place, times, shown } in links {
            let set = |directory: BorrowedFd<'_>, name: &CStr| Ok(set_times(directory, name, times));
            let refused = match place {
                LateLink::Operand(At { directory, name }) => set(directory.as_fd(), &name),
                LateLink::Entry(branch, name) => branch.with_destination(|directory| set(directory, &name)),
            };
            let refused = refused.unwrap_or_else(|errno| vec![AttributeError::Times(errno)]);
            attributes::tell(&refused, keeping, reporter, |_end| shown.clone());
        }
    }
}

/// Sets the times of what is a symbolic link still. Answers what was refused.
fn set_times(directory: BorrowedFd<'_>, name: &CStr, times: Times) -> Vec<AttributeError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = match rustix::fs::openat(directory, name, flags, Mode::empty()) {
        Ok(held) => held,
        Err(Errno::NOENT) => return vec![AttributeError::Swapped],
        Err(errno) => return vec![AttributeError::Times(errno)],
    };
    let kind = rustix::fs::fstat(&held).map(|stat| FileStat::of(&stat).kind);
    if kind != Ok(FileType::Symlink) {
        return vec![AttributeError::Swapped];
    }
    attributes::keep(
        &Source::Gone(Errno::NOENT),
        Copied::Held(held.as_fd(), None),
        &AttributePlan::times_of_link(times),
    )
}
