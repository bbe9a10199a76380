//! What stands in for every change in a dry run: the lines of `-v`, and the errors that can be foreseen without trying.
//!
//! Sources are looked at, listed and asked about as always; nothing is opened to be read or written but directories.

mod entry;

use super::foreseen::Foreseen;
use super::{Effects, MadeDir, MadeEntry, with_closed_links};
use crate::cli::cp::{Backup, CpOptions, Follow, Make};
use crate::cp::entry::created::directory_of;
use crate::cp::entry::directory::OpenedCopy;
use crate::cp::entry::kept_file::{BackupPlan, KeptFile};
use crate::cp::entry::links::{First, Links};
use crate::cp::job::FileJob;
use crate::cp::job::dir_handle::DirHandle;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::dir_place::DirPlace;
use crate::cp::walk::parents::{Parent, ParentStep, Parents};
use crate::pipeline::chain::{At, Directory};
use crate::plan::attribute_names::Names;
use crate::plan::backup::Naming;
use crate::plan::facts::FileStat;
use crate::plan::filter;
use crate::plan::grain::Hint;
use crate::plan::listing;
use crate::plan::overwrite::Existing;
use crate::plan::path;
use crate::plan::replace;
use crate::report::lines::Lines;
use crate::report::message::{FileError, MessageKind};
use crate::report::stats::Tally;
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::sync::Arc;

/// The effects of a run that changes nothing.
pub(crate) struct DryRun<'env> {
    pub(crate) options: &'env CpOptions,
    pub(crate) lines: Lines<'env>,
    /// What would be there by now.
    pub(crate) foreseen: Foreseen,
}

impl<'env> DryRun<'env> {
    /// For a run with these options.
    #[must_use]
    pub(crate) fn new(options: &'env CpOptions, lines: Lines<'env>) -> Self {
        Self { options, lines, foreseen: Foreseen::new(options) }
    }

    /// The copy of a directory that is there: by an earlier operand, or on the disk.
    fn dir_there(
        &self,
        copy: &DirPlace<'_>,
        source: &FileStat,
        through_link: bool,
    ) -> Result<DirHandle, FileError> {
        let failed = |what| copy.failed(what);
        let foreseen = &self.foreseen;
        let nowhere = || foreseen.placeholder_fd().map_err(failed(MessageKind::CannotCreateDirectory));
        if let Some(there) = foreseen.at(&copy.path) {
            return Ok(DirHandle::simulated(nowhere()?, there.identity));
        }
        if foreseen.is_nowhere(copy.parent) {
            return Ok(DirHandle::simulated(nowhere()?, foreseen.copy_of(source).identity));
        }
        let (open, listable) = listing::open_to_fill(copy.parent, copy.name, through_link)
            .map_err(failed(MessageKind::CannotAccess))?;
        let stat = rustix::fs::fstat(&open).map_err(failed(MessageKind::CannotStat))?;
        Ok(DirHandle::open(open, FileStat::of(&stat).identity, through_link).listable(listable))
    }
}

impl Effects for DryRun<'_> {
    fn look(
        &self,
        at: &At,
        shown: &dyn Fn() -> Vec<u8>,
        source: Option<FileType>,
    ) -> Result<Existing, Errno> {
        with_closed_links(self.options, source, self.foreseen.look(at, &shown(), source))
    }

    fn may_change(&self, at: &At) -> Result<(), Errno> {
        self.foreseen.may_change(at)
    }

    /// The user is not asked: the lines say what would be done if all answers were yes.
    fn confirm(&self, _at: &At, _shown: &[u8], _there: &FileStat) -> bool {
        true
    }

    fn pin(&self, at: &At) -> At {
        at.clone()
    }

    /// What is not made lies nowhere, and is known by its path.
    fn is_one_path(&self, one: &[u8], other: &[u8]) -> bool {
        one == other
    }

    /// The time of what is there may not be changed to find out: what shows has to do.
    fn only_seems_older(
        &self,
        _job: &FileJob,
        _times: (&FileStat, &FileStat),
        _found: &Existing,
        hint: Hint,
    ) -> bool {
        hint == Hint::Coarse
    }

    fn make_way(&self, at: &At, found: Option<&Existing>) -> Result<(), Errno> {
        if let Some(found) = found {
            self.foreseen.unlink(found);
        }
        self.foreseen.may_change(at)
    }

    fn remove(&self, at: &At) -> Result<(), Errno> {
        self.foreseen.may_change(at)
    }

    fn back_up_foreseen(&self, at: &At, shown: &[u8], backup: &Backup) -> Result<Option<KeptFile>, Errno> {
        if self.foreseen.is_nowhere(&at.directory) {
            self.foreseen.back_up(shown, backup).map(Some)
        } else {
            Ok(None)
        }
    }

    fn see_backups(&self, naming: &mut Naming<'_>, path: &[u8]) {
        self.foreseen.see_backups(naming, path);
    }

    fn back_up(&self, plan: BackupPlan<'_>) -> Result<KeptFile, Errno> {
        self.foreseen.may_change(plan.destination)?;
        let kept = plan.simulated();
        self.foreseen.remember(kept.shown(), self.foreseen.copy_of(&FileStat::UNKNOWN));
        Ok(kept)
    }

    fn make_dir(&self, copy: &DirPlace<'_>, source: &FileStat, unseen: bool) -> Result<MadeDir, Errno> {
        let foreseen = &self.foreseen;
        // What was looked at is in the way only where it counted as nothing.
        if unseen && foreseen.look(&copy.at(), &copy.path, Some(FileType::Symlink)) != Ok(Existing::Nothing) {
            return Err(Errno::EXIST);
        }
        foreseen.may_change(&copy.at())?;
        let made = foreseen.copy_of(source);
        foreseen.remember(&copy.path, made);
        Ok(MadeDir(Some(made.identity)))
    }

    fn open_dir(
        &self,
        copy: &DirPlace<'_>,
        (source, _names): (&FileStat, Names),
        made: Option<MadeDir>,
        through_link: bool,
    ) -> Result<OpenedCopy, FileError> {
        let created = made.is_some();
        let held = match made.and_then(|MadeDir(identity)| identity) {
            Some(identity) => {
                let nowhere = self.foreseen.placeholder_fd();
                DirHandle::simulated(
                    nowhere.map_err(copy.failed(MessageKind::CannotCreateDirectory))?,
                    identity,
                )
            }
            None => self.dir_there(copy, source, through_link)?,
        };
        Ok(OpenedCopy { held, created, belongs_to: None, deferred_attributes: None })
    }

    fn enter_dir(&self, _copy: &OpenedCopy, _shown: &[u8], _tally: &mut Tally) {}

    fn foresee_recursion(&self, directory: &DirJob) {
        let choosing = &self.options.extensions.choosing;
        let made = directory.ancestors().last().is_some_and(|root| root.created);
        let by_link = self.options.follow == Follow::Always && directory.source.is_through_link();
        if !made || by_link {
            return;
        }
        let origin = &directory.origin;
        if directory_of(&origin.destination) != Some(directory.source.identity()) {
            return;
        }
        let mut path = directory.path_below_operand();
        let name = path.len();
        path.extend_from_slice(path::last_component(origin.destination.name.to_bytes()));
        let (patterns, rules) = (choosing.patterns.as_ref(), directory.rules.as_deref());
        if !filter::is_left_out((&path, name), true, patterns, rules, &mut Vec::new()) {
            let paths = (origin.source_path.clone(), origin.destination_path.clone());
            self.lines.reporter.problem(&FileError::between(MessageKind::IntoItself, paths.0, paths.1));
        }
    }

    fn last_parent(
        &self,
        parents: &Parents,
        step: &ParentStep<'_>,
    ) -> Result<Option<Arc<OwnedFd>>, FileError> {
        match self.foreseen.at(&step.shown()) {
            Some(there) => self.foreseen_parent(parents, step, &there).map(Some),
            None => parents.last(step),
        }
    }

    fn parent(
        &self,
        parents: &Parents,
        above: &Directory,
        step: &ParentStep<'_>,
    ) -> Result<(Arc<OwnedFd>, Option<Parent>), FileError> {
        self.foresee_parent(parents, above, step).map(|open| (open, None))
    }

    fn make_entry(&self, job: &mut FileJob, facts: &FileStat) -> Result<MadeEntry, FileError> {
        let made = self.foresee_entry(job, facts)?;
        let found = job.found;
        job.note(made.identity, found.as_ref());
        self.foreseen.remember(&job.destination_path(), made);
        let data = self.options.make == Make::Copies && !self.options.attributes_only;
        let counted = replace::is_counted(self.options, facts.kind);
        Ok(MadeEntry::Foreseen(counted.then_some(if data { facts.size } else { 0 })))
    }

    fn link_to_first(
        &self,
        _links: &Links,
        job: &FileJob,
        _source: &FileStat,
        first: &mut First,
    ) -> Result<bool, FileError> {
        let foreseen = &self.foreseen;
        // A link takes the place of another file, by rename(2), never of a directory.
        let directory = matches!(job.found, Some(Existing::File(there)) if there.kind == FileType::Directory);
        let possible = if directory { Err(Errno::ISDIR) } else { foreseen.may_change(&job.destination) };
        possible.map_err(|errno| FileError {
            errno: Some(errno),
            ..FileError::between(MessageKind::CannotCreateHardLink, job.destination_path(), first.path())
        })?;
        let replaced = job.found.filter(|found| *found != Existing::Nothing);
        if let Some(found) = &replaced {
            foreseen.unlink(found);
        }
        let file = foreseen.copy_of(&job.seen.unwrap_or(FileStat::UNKNOWN));
        foreseen.link(&job.destination_path(), &FileStat { identity: first.made, ..file });
        Ok(replaced.is_some())
    }

    fn finish(&self) {}
}
