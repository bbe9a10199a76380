//! Where statistics go: to standard error, or into a file that is opened before the work begins.

use super::message::describe;
use super::stats::Stats;
use super::{Reporter, quote, write_all, write_error};
use crate::cli::knobs::{Knobs, StatsFormat};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
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
}

/// That the statistics cannot be written, which the reporter has told.
#[derive(Debug)]
pub struct Told;

impl Outlet {
    /// Opens the file, if there is to be one. What it held is gone from here on, so that statistics of an earlier run are
    /// never taken for those of one that was cut short.
    ///
    /// # Errors
    /// The file cannot be opened. A run of which nobody would learn what it did is not begun.
    pub fn open(knobs: &Knobs, reporter: &Reporter) -> Result<Self, Told> {
        let Some(path) = &knobs.stats_file else { return Ok(Self { format: knobs.stats, file: None }) };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let name = path.as_bytes().to_vec();
        match rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)) {
            Ok(descriptor) => Ok(Self { format: knobs.stats, file: Some(File { descriptor, name }) }),
            Err(errno) => {
                tell_failure(reporter, "cannot open ", &name, errno);
                Err(Told)
            }
        }
    }

    /// Ends the run's messages, writes its figures and answers whether all went well: the exit status.
    #[must_use]
    pub fn tell(self, stats: &Stats, reporter: &Reporter) -> bool {
        let success = reporter.finish();
        let Some(format) = self.format else { return success };
        let text = stats.text(format, success);
        let Some(File { descriptor, name }) = self.file else {
            write_error(text.as_bytes());
            return success;
        };
        let written = write_all(rustix::fd::AsFd::as_fd(&descriptor), text.as_bytes());
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
