//! What becomes of entries, told once: walk and workers say what has happened, and the observer passes it on to the
//! reporter, which knows what the user wants to see, and to the manifest. [`watched`] passes on what workers say of
//! the files they have in work, to the progress of the run.

pub(crate) mod watched;

use super::job::FileJob;
use super::manifest::Listing;
use super::manifest::lines::Manifest;
use super::progress::Progress;
use crate::plan::overwrite::Existing;
use crate::report::lines::Lines;
use crate::report::message::FileError;
use rustix::fs::FileType;

/// What has happened.
pub(crate) enum Event<'a> {
    /// The copy of a file is being made, and what was there is kept under this path.
    Copying(&'a FileJob, Option<&'a [u8]>),
    /// The copy of a directory was made, by the paths of both.
    MadeDir(&'a [u8], &'a [u8]),
    /// What had the name of a copy is gone.
    Removed(&'a FileJob),
    /// What had the name of a directory's copy, by this path, is gone.
    RemovedForDir(&'a [u8]),
    /// What was kept under the first path has the second one again.
    Restored(&'a [u8], &'a [u8]),
    /// What is at the destination will not be what it was.
    Changes(&'a FileJob),
    /// What was found at the destination stays what it was.
    Stays(&'a FileJob),
    /// A file is not copied, as the options let what is there stay.
    Skipped(&'a FileJob),
    /// The user has said no.
    Declined,
    /// How the data of a file has moved, or has not, in words.
    Data(&'a mut dyn FnMut() -> Option<[&'static str; 3]>),
    /// Something cannot be done.
    Failed(&'a FileError),
}

/// Where events go.
pub(crate) struct Observer<'env> {
    /// What the user is shown.
    pub lines: Lines<'env>,
    /// Where hashes are written, if anywhere.
    manifest: Option<Listing>,
    /// What is seen of the run; `None` if neither the user nor a caller watches it.
    progress: Option<Progress>,
}

impl<'env> Observer<'env> {
    /// An observer that has no manifest.
    #[must_use]
    pub(crate) fn new(lines: Lines<'env>, progress: Option<Progress>) -> Self {
        Self { lines, manifest: None, progress }
    }

    /// What is seen of the run; `None` if neither the user nor a caller watches it.
    #[must_use]
    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// Has a manifest learn of events too.
    pub(crate) fn add_manifest(&mut self, manifest: Option<Listing>) {
        self.manifest = manifest;
    }

    /// The lines of the manifest, where there is one.
    #[must_use]
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref().map(|manifest| &manifest.lines)
    }

    /// Puts the manifest in its place, where there is one and it `may_write` there.
    pub(crate) fn finish(&self, may_write: bool) {
        if let Some(manifest) = &self.manifest {
            manifest.finish(may_write, self.lines.reporter);
        }
    }

    /// Passes on what has happened.
    pub(crate) fn tell(&self, event: Event<'_>) {
        let lines = &self.lines;
        match event {
            Event::Copying(job, kept) => {
                lines.copied(|| [job.source_path(), job.destination_path()], kept);
            }
            Event::MadeDir(source, copy) => lines.copied(|| [source.to_vec(), copy.to_vec()], None),
            Event::Removed(job) => lines.removed(|| job.destination_path()),
            Event::RemovedForDir(path) => lines.removed(|| path.to_vec()),
            Event::Restored(kept, path) => lines.restored(kept, path),
            Event::Changes(job) => {
                if let Some(manifest) = self.manifest() {
                    manifest.changed(|| job.destination_path());
                }
            }
            Event::Stays(job) => self.stays(job),
            Event::Skipped(job) => lines.skipped(|| job.destination_path()),
            Event::Declined => lines.reporter.set_failed(),
            Event::Data(words) => lines.how(words),
            Event::Failed(problem) => lines.reporter.problem(problem),
        }
    }

    /// What an earlier manifest says of a regular file at the destination still holds.
    fn stays(&self, job: &FileJob) {
        if let Some(manifest) = self.manifest()
            && let Some(Existing::File(file) | Existing::LinkTo { file, .. }) = job.found
            && file.kind == FileType::RegularFile
        {
            manifest.left_alone(|| job.destination_path());
        }
    }
}
