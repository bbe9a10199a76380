//! The result of a run: a summary, and what has failed.

use crate::report::failure::Failure;
use crate::report::stats::Stats;
use crate::report::values::Record;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What a run has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Files whose contents were copied, and links that stand for them.
    pub files: u64,
    /// Directories that were gone through.
    pub directories: u64,
    /// Bytes of contents that reached their destination.
    pub bytes: u64,
    /// Files and directories that were made durable.
    pub syncs: u64,
    /// Copies that were read back and are what was read.
    pub files_verified: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Threads that have copied.
    pub workers: usize,
    /// The engine that has done the work: `uring` or `sync`; empty where nothing was begun.
    pub engine: &'static str,
    /// What a user would have been told beside failures: a source that was named twice, a file left by an interrupted copy.
    pub warnings: Vec<Failure>,
}

/// All that a run has failed by, in the order in which it happened. Only a run that was cancelled may have failed by nothing
/// else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    failures: Vec<Failure>,
    omitted: u64,
    cancelled: bool,
    summary: Box<Summary>,
}

impl Failures {
    /// The failures as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Failure] {
        &self.failures
    }

    /// The failures one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Failure> {
        self.failures.iter()
    }

    /// How many more failures and warnings there were: of one run 65,536 are kept.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// True if the run was cancelled before it was done.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// What was done all the same.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

impl<'a> IntoIterator for &'a Failures {
    type Item = &'a Failure;
    type IntoIter = std::slice::Iter<'a, Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Failures {
    type Item = Failure;
    type IntoIter = std::vec::IntoIter<Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.failures.into_iter()
    }
}

impl fmt::Display for Failures {
    /// The first failure, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = self.failures.len().saturating_sub(1);
        match self.failures.first() {
            None => f.write_str("cancelled"),
            Some(first) if more == 0 => write!(f, "{first}"),
            Some(first) => write!(f, "{first} (and {more} more)"),
        }
    }
}

impl Error for Failures {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failures.first().map(|first| first as _)
    }
}

/// The answer to the caller of a run with these figures, of which `record` was told.
pub(super) fn answer(stats: Option<&Stats>, cancelled: bool, record: Record) -> Result<Summary, Failures> {
    let Record { failures, warnings, omitted } = record;
    let summary = stats.map_or_else(Summary::default, |stats| Summary {
        files: stats.tally.files,
        directories: stats.tally.directories,
        bytes: stats.tally.bytes,
        syncs: stats.tally.syncs,
        files_verified: stats.tally.files_verified,
        elapsed: stats.elapsed,
        workers: stats.workers,
        engine: stats.engine,
        warnings: Vec::new(),
    });
    let summary = Summary { warnings, ..summary };
    if failures.is_empty() && !cancelled {
        Ok(summary)
    } else {
        Err(Failures { failures, omitted, cancelled, summary: Box::new(summary) })
    }
}
