//! The effects of a run that copies: names are made, changed and removed.

use super::{Effects, MadeDir, MadeEntry, with_closed_links};
use crate::cli::cp::{Backup, CpOptions, Make};
use crate::cp::entry::directory::{OpenedCopy, opened};
use crate::cp::entry::grains::Grains;
use crate::cp::entry::kept_file::{BackupPlan, KeptFile};
use crate::cp::entry::late::Late;
use crate::cp::entry::links::{First, Links};
use crate::cp::entry::owed::Owed;
use crate::cp::entry::special;
use crate::cp::job::FileJob;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::dir_place::DirPlace;
use crate::cp::walk::parents::{Parent, ParentStep, Parents};
use crate::cp::walk::targets;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::PreservePolicy;
use crate::plan::backup::Naming;
use crate::plan::facts::FileStat;
use crate::plan::grain::Hint;
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use crate::report::lines::Lines;
use crate::report::message::FileError;
use crate::report::stats::Tally;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Access, AtFlags, FileType};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::sync::Arc;

/// The effects of a run that copies, with what they have to remember for one another.
pub(crate) struct OnDisk<'env> {
    pub(crate) options: &'env CpOptions,
    pub(crate) lines: Lines<'env>,
    pub(crate) keeping: PreservePolicy,
    /// What is taken back where nothing comes.
    pub(crate) owed: Arc<Owed>,
    /// Symbolic links that wait for their times.
    pub(crate) late: Late,
    /// How finely destinations keep times.
    pub(crate) grains: Grains,
}

impl<'env> OnDisk<'env> {
    /// For a run with these options.
    #[must_use]
    pub(crate) fn new(
        options: &'env CpOptions,
        lines: Lines<'env>,
        keeping: PreservePolicy,
        owed: Arc<Owed>,
    ) -> Self {
        Self { options, lines, keeping, owed, late: Late::default(), grains: Grains::default() }
    }

    /// True if what is new gets its name only when it is complete.
    pub(crate) fn is_atomic(&self) -> bool {
        self.options.extensions.durability.atomic
    }

    /// Notes which file a copy has become, where that matters.
    fn note(job: &mut FileJob) {
        let At { directory, name } = &job.destination;
        // What cannot be looked at any more is another's by now, and nothing to be noted.
        if job.is_noted()
            && let Ok(stat) = rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW)
        {
            job.note(FileStat::of(&stat).identity, None);
        }
    }
}

impl Effects for OnDisk<'_> {
    fn look(
        &self,
        at: &At,
        _shown: &dyn Fn() -> Vec<u8>,
        source: Option<FileType>,
    ) -> Result<Existing, Errno> {
        with_closed_links(self.options, source, special::look(at, source))
    }

    fn may_change(&self, at: &At) -> Result<(), Errno> {
        place::may_change(at)
    }

    fn confirm(&self, at: &At, shown: &[u8], there: &FileStat) -> bool {
        let At { directory, name } = at;
        // A link that is to go itself can always be replaced.
        let writable = there.kind == FileType::Symlink
            || rustix::fs::accessat(directory, &**name, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
        // An empty name stands for the working directory, but nothing of that name may be written to but by root.
        let writable = if shown.is_empty() { geteuid().is_root() } else { writable };
        let forced = self.options.force || self.options.remove_destination;
        self.lines.reporter.may_replace(shown, there.mode, writable, forced)
    }

    fn pin(&self, at: &At) -> At {
        place::pin_ancestor(at).unwrap_or_else(|_errno| at.clone())
    }

    fn is_one_path(&self, _one: &[u8], _other: &[u8]) -> bool {
        false
    }

    fn only_seems_older(
        &self,
        job: &FileJob,
        times: (&FileStat, &FileStat),
        found: &Existing,
        hint: Hint,
    ) -> bool {
        self.grains.make_equal(job, times, found, hint)
    }

    fn make_way(&self, at: &At, _found: Option<&Existing>) -> Result<(), Errno> {
        // With --atomic it goes when the new file takes its place.
        if self.is_atomic() { Ok(()) } else { self.remove(at) }
    }

    fn remove(&self, at: &At) -> Result<(), Errno> {
        rustix::fs::unlinkat(&at.directory, &*at.name, AtFlags::empty())
    }

    fn back_up_foreseen(&self, _at: &At, _shown: &[u8], _backup: &Backup) -> Result<Option<KeptFile>, Errno> {
        Ok(None)
    }

    fn see_backups(&self, _naming: &mut Naming<'_>, _path: &[u8]) {}

    fn back_up(&self, plan: BackupPlan<'_>) -> Result<KeptFile, Errno> {
        plan.carry_out(&self.owed)
    }

    fn make_dir(&self, copy: &DirPlace<'_>, source: &FileStat, _unseen: bool) -> Result<MadeDir, Errno> {
        let mode = self.keeping.directory_mode_to_make(source);
        rustix::fs::mkdirat(copy.parent, copy.name, mode).map(|()| MadeDir(None))
    }

    fn open_dir(
        &self,
        copy: &DirPlace<'_>,
        source: (&FileStat, Names),
        made: Option<MadeDir>,
        through_link: bool,
    ) -> Result<OpenedCopy, FileError> {
        opened(&self.keeping, copy, source, made.is_some(), through_link)
    }

    fn enter_dir(&self, copy: &OpenedCopy, shown: &[u8], tally: &mut Tally) {
        if self.is_atomic()
            && !copy.created
            && let Ok(Some(open)) = copy.held.get()
            // By a descriptor of its own: the place in a listing belongs to that.
            && let Ok(open) = place::open_directory(open.as_fd(), b".")
        {
            targets::tell_left_over(&open, shown, self.lines.reporter);
        }
        tally.directories += 1;
    }

    fn foresee_recursion(&self, _directory: &DirJob) {}

    fn last_parent(
        &self,
        parents: &Parents,
        step: &ParentStep<'_>,
    ) -> Result<Option<Arc<OwnedFd>>, FileError> {
        parents.last(step)
    }

    fn parent(
        &self,
        parents: &Parents,
        above: &Directory,
        step: &ParentStep<'_>,
    ) -> Result<(Arc<OwnedFd>, Option<Parent>), FileError> {
        self.make_parent(parents, above, step)
    }

    fn make_entry(&self, job: &mut FileJob, facts: &FileStat) -> Result<MadeEntry, FileError> {
        let made = match self.options.make {
            Make::Copies if replace::is_read(self.options, facts.kind) => return Ok(MadeEntry::Contents),
            Make::Copies => self.make_special(job, facts).map(|()| MadeEntry::Node),
            Make::HardLinks => self.hard_link(job, facts).map(|()| MadeEntry::Link),
            Make::SymbolicLinks => {
                let linked = self.symbolic_link(job);
                linked.inspect(|()| self.mark_link(job, facts)).map(|()| MadeEntry::Link)
            }
        }?;
        Self::note(job);
        Ok(made)
    }

    fn link_to_first(
        &self,
        links: &Links,
        job: &FileJob,
        source: &FileStat,
        first: &mut First,
    ) -> Result<bool, FileError> {
        links.link(self.options, job, source, first)
    }

    fn finish(&self) {
        self.late.finish(&self.keeping, self.lines.reporter);
    }
}
