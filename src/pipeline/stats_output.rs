//! Where statistics go: to standard error, or into a file that is opened before the work begins.

use crate::cli::knobs::Knobs;
use crate::plan::facts::{FileId, FileStat};
use crate::report::message::describe;
use crate::report::stats::Stats;
use crate::report::stats::StatsFormat;
use crate::report::{Reporter, quote, write_all, write_error};
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What `--stats` and `--stats-file` ask for; nothing at all without them.
pub(crate) struct Outlet {
    format: Option<StatsFormat>,
    file: Option<StatsFile>,
}

/// An open file with the name that it was given.
struct StatsFile {
    descriptor: OwnedFd,
    name: Vec<u8>,
    made: bool,
    /// What it held is gone.
    is_empty: bool,
}

/// That the statistics cannot be written, which the reporter has told.
#[derive(Debug)]
pub(crate) struct Told;

impl Outlet {
    /// Opens the file, if there is to be one, by `open`, which answers whether it is new. Nothing that it holds is
    /// touched: it may be another than was looked at.
    ///
    /// # Errors
    /// The file cannot be opened. A run whose statistics the user would not get is not begun.
    pub(crate) fn open(
        knobs: &Knobs,
        open: impl FnOnce(&OsStr) -> Result<(OwnedFd, bool), Errno>,
        reporter: &Reporter,
    ) -> Result<Self, Told> {
        let Some(path) = &knobs.stats_file else { return Ok(Self { format: knobs.stats, file: None }) };
        let name = path.as_bytes().to_vec();
        match open(path) {
            Ok((descriptor, made)) => {
                let file = StatsFile { descriptor, name, made, is_empty: made };
                Ok(Self { format: knobs.stats, file: Some(file) })
            }
            Err(errno) => {
                cannot_open(&name, errno, reporter);
                Err(Told)
            }
        }
    }

    /// Takes from the file what it holds, so that statistics of an earlier run are never taken for those of one that was cut
    /// short.
    ///
    /// # Errors
    /// That is refused.
    pub(crate) fn cut(&mut self, reporter: &Reporter) -> Result<(), Told> {
        let Some(file) = self.file.as_mut().filter(|file| !file.is_empty) else { return Ok(()) };
        file.is_empty = true;
        cut(&file.descriptor).map_err(|errno| {
            cannot_open(&file.name, errno, reporter);
            Told
        })
    }

    /// Which file it is, where it is a regular one.
    #[must_use]
    pub(crate) fn identity(&self) -> Option<FileId> {
        let facts = FileStat::of(&rustix::fs::fstat(&self.file.as_ref()?.descriptor).ok()?);
        (facts.kind == FileType::RegularFile).then_some(facts.identity)
    }

    /// Whether there was no such file before.
    #[must_use]
    pub(crate) fn is_made(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.made)
    }

    /// Ends the run's messages, writes its figures, where it `may`, and answers whether all went well: the exit status.
    #[must_use]
    pub(crate) fn tell(self, stats: &Stats, may: bool, reporter: &Reporter) -> bool {
        let success = reporter.finish();
        let Some(format) = self.format else { return success };
        let text = stats.text(format, success);
        let Some(StatsFile { descriptor, name, made: _, is_empty }) = self.file else {
            write_error(text.as_bytes());
            return success;
        };
        if !may {
            return success;
        }
        let cut = if is_empty { Ok(()) } else { cut(&descriptor) };
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

/// Takes from a file what it holds. A pipe or a device has no length.
fn cut(file: &OwnedFd) -> Result<(), Errno> {
    match rustix::fs::ftruncate(file, 0) {
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Tells that the file of this name cannot be opened for statistics.
pub(crate) fn cannot_open(name: &[u8], errno: Errno, reporter: &Reporter) {
    tell_failure(reporter, "cannot open ", name, errno);
}

fn tell_failure(reporter: &Reporter, what: &str, name: &[u8], errno: Errno) {
    let name = quote::always(name, reporter.charset());
    let reason = format!(" for statistics: {}", describe(errno));
    reporter.error(&[what.as_bytes(), &name, reason.as_bytes()].concat());
}
