//! Files in work beyond one chain: where their copies are, so that they can be put right even where their worker cannot be
//! had, because it waits for a pipe or a device that does not answer.

use crate::cp::entry::kept_file::KeptFile;
use crate::pipeline::chain::At;
use crate::pipeline::place;
use crate::plan::facts::FileId;
use rustix::fd::OwnedFd;
use rustix::fs::{Timespec, Timestamps};
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A copy that is not whole yet.
#[derive(Debug)]
pub(crate) struct UnfinishedCopy {
    pub place: At,
    /// How it is called in messages.
    pub path: Vec<u8>,
    /// This run has made it.
    pub made_here: bool,
    /// Which file it is: another one may get its name.
    pub identity: Option<FileId>,
    /// The file itself, where it was there before and is to be marked, whatever becomes of its name.
    pub file: Option<OwnedFd>,
    /// What had to make way for it.
    pub kept: Option<KeptFile>,
    /// Its source gives data when it likes: a pipe, a device.
    pub waits: bool,
}

/// The copies that are not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Unfinished(Mutex<UnfinishedFiles>);

#[derive(Debug, Default)]
struct UnfinishedFiles {
    copies: HashMap<u64, UnfinishedCopy>,
    last: u64,
    /// They have been taken out of the workers' hands.
    sealed: bool,
}

impl Unfinished {
    fn lock(&self) -> MutexGuard<'_, UnfinishedFiles> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.sealed {
            return state;
        }
        drop(state);
        // Its files are in other hands, and the process is about to die: this worker may not do anything any more.
        loop {
            std::thread::park();
        }
    }

    /// Notes a copy, and answers the number under which it is known: never 0.
    pub(crate) fn begin(&self, copy: UnfinishedCopy) -> u64 {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state.copies.insert(number, copy);
        number
    }

    /// The copy is whole but for its closing, or has been given up by its worker. Where it has been taken out of the
    /// worker's hands, this does not come back.
    pub(crate) fn end(&self, number: u64) {
        self.lock().copies.remove(&number);
    }

    /// Whether one of them waits for others than this machine's disks.
    #[must_use]
    pub(crate) fn any_waits(&self) -> bool {
        self.lock().copies.values().any(|copy| copy.waits)
    }

    /// Takes all of them out of the workers' hands, for good.
    #[must_use]
    pub(crate) fn seal(&self) -> Vec<UnfinishedCopy> {
        let mut state = self.lock();
        state.sealed = true;
        std::mem::take(&mut state.copies).into_values().collect()
    }
}

/// The time that a file gets which is not whole and cannot be removed: older than any source, so that `-u` copies it.
#[must_use]
pub(crate) fn long_ago() -> Timestamps {
    let start = Timespec { tv_sec: 0, tv_nsec: 0 };
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        last_modification: start,
    }
}

impl UnfinishedCopy {
    /// Removes the copy if this run has made it, or puts what was kept in its place; answers whether either was done. Where
    /// another file bears the name by now, that stays. What was there before is marked by its time.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(crate) fn put_right(&self) -> Result<bool, Errno> {
        if let Some(kept) = &self.kept {
            return match place::pin_parent(&self.place).and_then(|place| place::check(&place, self.identity))
            {
                Ok(()) | Err(Errno::NOENT) => kept.put_back().map(|()| true),
                Err(Errno::STALE) => {
                    // Nor is it put back when the run ends.
                    kept.stays();
                    Ok(false)
                }
                Err(errno) => Err(errno),
            };
        }
        if self.made_here {
            return self.identity.map_or(Ok(false), |file| place::remove(&self.place, file));
        }
        if let Some(file) = &self.file {
            rustix::fs::futimens(file, &long_ago())?;
        }
        Ok(false)
    }
}
