//! What `--debug` adds to a run: the line on each file stands right behind the file's own, so that each file is copied to
//! its end before the next is begun; and one line on the run.

use super::copy::file::FileCopy;
use super::job::FileJob;
use super::walk::Walker;
use super::worker::Worker;
use crate::cli::cp::CpOptions;
use crate::plan::data::{self, Trail};
use crate::report::Reporter;
use crate::report::stats::Stats;

impl Worker<'_, '_> {
    /// Says how the data of a file was copied.
    pub(crate) fn say_how(&mut self, file: &FileCopy) {
        if self.shared.options.debug
            && let Some(words) = file.words(&self.context())
        {
            self.shared.reporter.how(words);
        }
    }
}

impl Walker<'_, '_> {
    /// Says that nothing became of the data of a file whose destination could not be opened.
    pub(crate) fn say_untouched(&self) {
        let CpOptions { debug, attributes_only, reflink, sparse, .. } = *self.shared.options;
        if debug && !attributes_only {
            self.shared.reporter.how(data::words(&Trail::default(), reflink, sparse));
        }
    }

    /// Says that a file was left as it is.
    pub(crate) fn say_skipped(&self, job: &FileJob) {
        if self.shared.options.debug {
            self.shared.reporter.skipped(&job.destination_path());
        }
    }
}

/// Says by which means the data of files was copied, and why, where any was.
pub(crate) fn say_means(stats: &Stats, reporter: &Reporter) {
    if stats.tally.files > 0 && stats.counters.operations > 0 {
        reporter.means(stats.engine, stats.placement.unwrap_or("inline"), &stats.reason);
    }
}
