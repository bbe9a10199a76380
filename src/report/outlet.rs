//! Where statistics go: to standard error, or into a file that is opened before the work begins.

use super::message::describe;
use super::stats::Stats;
use super::{Reporter, quote, write_all, write_error};
use crate::cli::knobs::{Knobs, StatsFormat};
use crate::plan::facts::{Facts, Identity};
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::os::unix::ffi::OsStrExt;

/// What `--stats` and `--stats-file` ask for; nothing at all without them.
pub struct Outlet {
    format: Option<StatsFormat>,
    file: Option<File>,
}

/// An open file with the name that it was given.
struct File {
    descriptor: OwnedFd,
    name: Vec<u8>,
    /// What it held is gone.
    is_empty: bool,
}

/// That the statistics cannot be written, which the reporter has told.
#[derive(Debug)]
pub struct Told;

impl Outlet {
    /// Opens the file, if there is to be one. What it held is gone from here on, so that statistics of an earlier run are
    /// never taken for those of one that was cut short; unless `late`, where it might be found to be something that the
    /// run reads.
    ///
    /// # Errors
    /// The file cannot be opened. A run of which nobody would learn what it did is not begun.
    pub fn open(knobs: &Knobs, late: bool, reporter: &Reporter) -> Result<Self, Told> {
        let Some(path) = &knobs.stats_file else { return Ok(Self { format: knobs.stats, file: None }) };
        let cut = if late { OFlags::empty() } else { OFlags::TRUNC };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | cut;
        let name = path.as_bytes().to_vec();
        match rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)) {
            Ok(descriptor) => {
                let file = File { descriptor, name, is_empty: !late };
                Ok(Self { format: knobs.stats, file: Some(file) })
            }
            Err(errno) => {
                tell_failure(reporter, "cannot open ", &name, errno);
                Err(Told)
            }
        }
    }

    /// Which file it is, where it is a regular one.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let facts = Facts::of(&rustix::fs::fstat(&self.file.as_ref()?.descriptor).ok()?);
        (facts.kind == FileType::RegularFile).then_some(facts.identity)
    }

    /// Ends the run's messages, writes its figures, where it `may`, and answers whether all went well: the exit status.
    #[must_use]
    pub fn tell(self, stats: &Stats, may: bool, reporter: &Reporter) -> bool {
        let success = reporter.finish();
        let Some(format) = self.format else { return success };
        let text = stats.text(format, success);
        let Some(File { descriptor, name, is_empty }) = self.file else {
            write_error(text.as_bytes());
            return success;
        };
        if !may {
            return success;
        }
        let cut = match is_empty {
            true => Ok(()),
            // A pipe or a device has no length.
            false => match rustix::fs::ftruncate(&descriptor, 0) {
                Ok(()) | Err(Errno::INVAL) => Ok(()),
                Err(errno) => Err(errno),
            },
        };
        let written = cut.and_then(|()| write_all(rustix::fd::AsFd::as_fd(&descriptor), text.as_bytes()));
        // Servers report some write errors only here.
        let closed = crate::process::close(descriptor);
        match written.and(closed) {
            Ok(()) => success,
            Err(errno) => {
                tell_failure(reporter, "error writing ", &name, errno);
                false
            }
        }
    }
}

fn tell_failure(reporter: &Reporter, what: &str, name: &[u8], errno: Errno) {
    let name = quote::always(name, reporter.charset());
    let reason = format!(" for statistics: {}", describe(errno));
    reporter.failure(&[what.as_bytes(), &name, reason.as_bytes()].concat());
}
