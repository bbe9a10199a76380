//! How finely the file systems of destinations keep times, found out where `-u` depends on it.

use crate::cli::cp::Overwrite;
use crate::cp::job::FileJob;
use crate::cp::walk::Walker;
use crate::pipeline::attributes::Copied;
use crate::plan::destination;
use crate::plan::facts::FileStat;
use crate::plan::grain::{Grain, Hint, hint, probe};
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What has been found out, by device.
#[derive(Default)]
pub(crate) struct Grains(Mutex<HashMap<u64, Grain>>);

impl Grains {
    fn known(&self, device: u64) -> Option<Grain> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&device).copied()
    }

    fn note(&self, device: u64, grain: Grain) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(device, grain);
    }

    /// True if `source` would be as old as what is `there`, were its time kept there.
    pub(crate) fn make_equal(
        &self,
        job: &FileJob,
        (source, there): (&FileStat, &FileStat),
        found: &Existing,
        hint: Hint,
    ) -> bool {
        let grain = match self.known(there.identity.device) {
            Some(known) => known,
            None => match found_out(job, there, found, hint) {
                Ok(Some(grain)) => {
                    self.note(there.identity.device, grain);
                    grain
                }
                // One that may not be asked is believed: a copy too much does no harm.
                Ok(None) | Err(_) => return false,
            },
        };
        !grain.is_older(there.modified, source.modified)
    }
}

impl Walker<'_, '_> {
    /// The facts of a source as they are to be compared with those of what was `found`: where the time of its copy could
    /// only be kept more coarsely it counts as written when the copy was. Like GNU cp, only where times are kept.
    pub(crate) fn comparable(&self, job: &FileJob, source: &FileStat, found: &Existing) -> FileStat {
        let options = self.shared.options;
        if options.overwrite != Overwrite::Older || !options.preserve.timestamps {
            return *source;
        }
        match replace::there(options, source, found) {
            Some(there) if self.only_seems_older(job, source, there, found) => {
                FileStat { modified: there.modified, ..*source }
            }
            Some(_) | None => *source,
        }
    }

    fn only_seems_older(&self, job: &FileJob, source: &FileStat, there: &FileStat, found: &Existing) -> bool {
        if !Grain::FINEST.is_older(there.modified, source.modified) {
            return false;
        }
        let hint = hint(source, there);
        hint != Hint::Older && self.shared.effects.only_seems_older(job, (source, there), found, hint)
    }
}

/// Finds out how finely the time of what is there is kept: it is given another one for a moment, as GNU cp does. `None`
/// where its other times say that it is kept well.
fn found_out(job: &FileJob, there: &FileStat, found: &Existing, hint: Hint) -> Result<Option<Grain>, Errno> {
    let held = hold(job, there, found)?;
    let is_fat = || rustix::fs::fstatfs(&held).is_ok_and(|it| destination::keeps_days_and_seconds(it.f_type));
    if hint == Hint::CoarseForFat && !is_fat() {
        return Ok(None);
    }
    let copy = Copied::Held(held.as_fd(), None);
    let asked = probe(there.modified);
    copy.set_times(&written(asked))?;
    let kept = FileStat::of(&rustix::fs::fstat(&held)?).modified;
    if kept != there.modified {
        copy.set_times(&written(there.modified))?;
    }
    Ok(Some(Grain::shown_by(asked, kept)))
}

/// Holds what is there, or what it leads to, as it was looked at.
fn hold(job: &FileJob, there: &FileStat, found: &Existing) -> Result<OwnedFd, Errno> {
    let own = found.own().is_some_and(|own| own.identity == there.identity);
    let follow = if own { OFlags::NOFOLLOW } else { OFlags::empty() };
    let flags = OFlags::PATH | OFlags::CLOEXEC | follow;
    let held = rustix::fs::openat(&job.destination.directory, &*job.destination.name, flags, Mode::empty())?;
    let now = FileStat::of(&rustix::fs::fstat(&held)?);
    let same = now.identity == there.identity && now.modified == there.modified;
    if same { Ok(held) } else { Err(Errno::STALE) }
}

fn written(time: Timespec) -> Timestamps {
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification: time }
}
