//! What workers say of the files they have in work, for the meter of each and for the list of unfinished files. These
//! do not exist where neither the user nor a caller watches the run, and nothing is done.

use super::Observer;
use crate::cli::cp::CpOptions;
use crate::cp::copy::extents::LargeFile;
use crate::cp::copy::file::FileCopy;
use crate::cp::job::FileJob;
use crate::cp::progress::Progress;
use crate::cp::progress::meter::Meter;
use crate::pipeline::chain::Chain;
use crate::plan::replace;

/// What a file that is given up leaves behind.
pub(crate) enum Remains {
    Nothing,
    /// This run has made it, and it is removed.
    Removed,
    /// It was there before, and is neither what it was nor what it was to be.
    Incomplete,
}

impl Observer<'_> {
    /// A meter for one more worker.
    #[must_use]
    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.progress.as_ref().map(|progress| progress.cells.add()))
    }

    /// True if the run is to end before it is done.
    #[must_use]
    pub(crate) fn is_ending(&self) -> bool {
        self.progress.as_ref().is_some_and(Progress::is_stopping)
    }

    /// All that is left of a file is to close it: from here on it is whole, or has been given up.
    pub(crate) fn closes(&self, meter: &Meter, file: &mut FileCopy) {
        if let Some(progress) = &self.progress
            && file.unfinished_id > 0
        {
            progress.unfinished.end(file.unfinished_id);
            meter.forget_name(std::mem::take(&mut file.unfinished_id));
        }
    }

    /// A file goes on with this chain.
    pub(crate) fn goes_on(&self, meter: &Meter, file: &mut FileCopy, chain: &Chain) {
        if let Some(progress) = &self.progress
            && file.unfinished_id == 0
            && let Some(copy) = file.unfinished(chain)
        {
            file.unfinished_id = progress.unfinished.begin(copy);
            meter.tell_name(file.unfinished_id, || file.source_path());
        }
    }

    /// A large file is shared out from now on.
    pub(crate) fn shares_out(&self, meter: &Meter, large: &LargeFile) {
        if let Some(progress) = &self.progress {
            let name = large.source_path();
            large.note(|copy| {
                let number = progress.unfinished.begin(copy);
                meter.tell_name(number, || name);
                number
            });
        }
    }

    /// A worker gives a file up. Where another thread has taken the file over, this does not return.
    pub(crate) fn gives_up(&self, file: &mut FileCopy) {
        if let Some(progress) = &self.progress {
            progress.unfinished.end(std::mem::take(&mut file.unfinished_id));
        }
    }

    /// What is left of a file that was given up.
    pub(crate) fn leaves(&self, file: &FileCopy, remains: &Remains) {
        match (&self.progress, remains) {
            (Some(progress), Remains::Removed) => progress.note_removed(),
            // One that was kept under another name comes back.
            (Some(progress), Remains::Incomplete) if !file.is_kept() => {
                progress.note_left(file.destination_path());
            }
            (Some(_) | None, _) => {}
        }
    }

    /// A file is done, well or not: the tally counts it, or it is counted nowhere.
    pub(crate) fn ends(&self, meter: &mut Meter, file: &FileCopy) {
        let Some(progress) = &self.progress else { return };
        if file.unfinished_id > 0 {
            progress.unfinished.end(file.unfinished_id);
            meter.forget_name(file.unfinished_id);
        }
        meter.file_done(file.bytes_reported);
    }

    /// A file is not copied: the meter counts it as left out, if it was counted before.
    pub(crate) fn leaves_out(&self, meter: &Meter, options: &CpOptions, job: &FileJob) {
        let Some(progress) = &self.progress else { return };
        let bytes = match job.seen {
            Some(seen) if !replace::is_counted(options, seen.kind) => return,
            // Names of one file are one copy.
            Some(seen) if options.preserve.links && seen.links > 1 && !progress.is_first(seen.identity) => {
                return;
            }
            Some(seen) => seen.size,
            None => 0,
        };
        meter.left_out(bytes);
    }
}
