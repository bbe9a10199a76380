//! The lines of `-v` and `--debug`. Only here is it known which of them the user wants: callers say what has happened, and
//! paths are put together only for a line that is shown.

use super::Reporter;
use super::stats::Stats;

/// Which lines the user wants.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Detail {
    /// What is being done.
    pub verbose: bool,
    /// How it was done.
    pub debug: bool,
}

/// A reporter, and which lines it is to show.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'env> {
    pub reporter: &'env Reporter,
    detail: Detail,
}

impl<'env> Lines<'env> {
    /// The lines that this reporter shows.
    #[must_use]
    pub(crate) fn new(reporter: &'env Reporter, detail: Detail) -> Self {
        Self { reporter, detail }
    }

    /// A copy is being made, by the paths of both ends; what was there is kept under the path of a backup.
    pub(crate) fn copied(&self, paths: impl FnOnce() -> [Vec<u8>; 2], kept: Option<&[u8]>) {
        if self.detail.verbose {
            let [from, to] = paths();
            self.reporter.copied(&from, &to, kept);
        }
    }

    /// A directory was made for `--parents`.
    pub(crate) fn made_parent(&self, from: &[u8], to: &[u8]) {
        if self.detail.verbose {
            self.reporter.made_parent(from, to);
        }
    }

    /// What was in the way is gone.
    pub(crate) fn removed(&self, path: impl FnOnce() -> Vec<u8>) {
        if self.detail.verbose {
            self.reporter.removed(&path());
        }
    }

    /// A backup has its name again.
    pub(crate) fn restored(&self, kept: &[u8], path: &[u8]) {
        if self.detail.verbose {
            self.reporter.restored(kept, path);
        }
    }

    /// A file was left as it is.
    pub(crate) fn skipped(&self, path: impl FnOnce() -> Vec<u8>) {
        if self.detail.debug {
            self.reporter.skipped(&path());
        }
    }

    /// How the data of a file was copied, in words; `None` where it did not get that far.
    pub(crate) fn how(&self, words: impl FnOnce() -> Option<[&'static str; 3]>) {
        if self.detail.debug
            && let Some(words) = words()
        {
            self.reporter.how(words);
        }
    }

    /// By which means the data of files was copied, where any was.
    pub(crate) fn means(&self, stats: &Stats) {
        if self.detail.debug && stats.tally.files > 0 && stats.counters.operations > 0 {
            self.reporter.means(stats.engine, stats.placement.unwrap_or("inline"), &stats.reason);
        }
    }
}
