//! What a run does to its destination, apart from the contents of files: [`on_disk`] does it, and [`dry_run`] says what would
//! come of it. A run has one of them from its beginning, and the walk never asks which.
//!
//! Everything that changes a name, or depends on whether names are changed, is a method of [`Effects`]. Sources are looked at,
//! listed and asked about by the walk itself, as always.
//!
//! A dry run asks the kernel for permission at most, and answers as if the change had been made. A directory that is not made
//! is a descriptor in which no name can be looked up (an eventfd), so a mistake would fail and touch nothing. What a later
//! operand could meet is remembered by its path.

pub(crate) mod dry_run;
pub(crate) mod foreseen;
pub(crate) mod on_disk;

use super::entry::directory::OpenedCopy;
use super::entry::kept_file::{BackupPlan, KeptFile};
use super::entry::links::{First, Links};
use super::entry::owed::Owed;
use super::job::FileJob;
use super::job::dir_job::DirJob;
use super::job::dir_place::DirPlace;
use super::walk::parents::{Parent, ParentStep, Parents};
use crate::cli::cp::{Backup, CpOptions};
use crate::pipeline::chain::{At, Directory};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::PreservePolicy;
use crate::plan::backup::Naming;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::grain::Hint;
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use crate::report::lines::Lines;
use crate::report::message::FileError;
use crate::report::stats::Tally;
use dry_run::DryRun;
use on_disk::OnDisk;
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::sync::Arc;

/// What has come of an entry that is no directory.
pub(crate) enum MadeEntry {
    /// Nothing yet: a worker copies its data.
    Contents,
    /// It is made.
    Node,
    /// A link is made, which counts as the copy.
    Link,
    /// It would be made, and counts as a file of this number of bytes, if it counts.
    Foreseen(Option<u64>),
}

/// A directory that was made a moment ago; which one, where it cannot be found out by opening it.
pub(crate) struct MadeDir(Option<FileId>);

/// What a run does to its destination.
pub(crate) trait Effects: Send + Sync {
    /// Looks at the destination of a copy, called `shown`, for a source of this kind.
    ///
    /// # Errors
    /// What stat(2) answered, except that nothing is there.
    fn look(&self, at: &At, shown: &dyn Fn() -> Vec<u8>, source: Option<FileType>)
    -> Result<Existing, Errno>;

    /// Asks the kernel whether names may be made and removed in the directory that a place lies in.
    ///
    /// # Errors
    /// Why not, as far as the kernel tells without a try.
    fn may_change(&self, at: &At) -> Result<(), Errno>;

    /// Asks the user whether what is at a destination, called `shown`, may be replaced.
    fn confirm(&self, at: &At, shown: &[u8], there: &FileStat) -> bool;

    /// Holds the directory of a destination open, so that what was typed leads nowhere else later on.
    fn pin(&self, at: &At) -> At;

    /// True if two paths of copies are known to be one by these paths alone.
    fn is_one_path(&self, one: &[u8], other: &[u8]) -> bool;

    /// True if a copy of `source` that is `there` already only seems older, as times are kept coarsely there.
    fn only_seems_older(
        &self,
        job: &FileJob,
        times: (&FileStat, &FileStat),
        found: &Existing,
        hint: Hint,
    ) -> bool;

    /// Removes what was `found` at a destination, unless it stays until the copy takes its place.
    ///
    /// # Errors
    /// What unlink(2) answered.
    fn make_way(&self, at: &At, found: Option<&Existing>) -> Result<(), Errno>;

    /// Removes what is in the way of the copy of a directory.
    ///
    /// # Errors
    /// What unlink(2) answered.
    fn remove(&self, at: &At) -> Result<(), Errno>;

    /// The backup of what lies in a directory that is not made; `None` where the directory is there.
    ///
    /// # Errors
    /// The name of the backup is none.
    fn back_up_foreseen(&self, at: &At, shown: &[u8], backup: &Backup) -> Result<Option<KeptFile>, Errno>;

    /// Shows `naming` the backups beside `path` that no listing has.
    fn see_backups(&self, naming: &mut Naming<'_>, path: &[u8]);

    /// Renames what is at a destination to its backup's name; or, where it stays until the copy takes its place, gives it
    /// that name for another, if that can be.
    ///
    /// # Errors
    /// What rename(2) or link(2) answered.
    fn back_up(&self, plan: BackupPlan<'_>) -> Result<KeptFile, Errno>;

    /// Makes the copy of a directory. True `unseen`: nothing was seen at its name, as that counts as free.
    ///
    /// # Errors
    /// What mkdir(2) answered.
    fn make_dir(&self, copy: &DirPlace<'_>, source: &FileStat, unseen: bool) -> Result<MadeDir, Errno>;

    /// Opens the copy of a directory: the one that was `made`, or that is there.
    ///
    /// # Errors
    /// It cannot be opened, looked at or lent the permissions that filling it takes.
    fn open_dir(
        &self,
        copy: &DirPlace<'_>,
        source: (&FileStat, Names),
        made: Option<MadeDir>,
        through_link: bool,
    ) -> Result<OpenedCopy, FileError>;

    /// Counts the copy of a directory, which will be filled now.
    fn enter_dir(&self, copy: &OpenedCopy, shown: &[u8], tally: &mut Tally);

    /// Tells about a directory that would be copied into itself, where its walk would not meet the copy.
    fn foresee_recursion(&self, directory: &DirJob);

    /// The last directory that `--parents` needs for an operand, where it is there.
    ///
    /// # Errors
    /// There is something else.
    fn last_parent(
        &self,
        parents: &Parents,
        step: &ParentStep<'_>,
    ) -> Result<Option<Arc<OwnedFd>>, FileError>;

    /// One directory that `--parents` needs: there already, or made like the one it stands for.
    ///
    /// # Errors
    /// There is something else, or the directory cannot be made or opened.
    fn parent(
        &self,
        parents: &Parents,
        above: &Directory,
        step: &ParentStep<'_>,
    ) -> Result<(Arc<OwnedFd>, Option<Parent>), FileError>;

    /// Makes the copy of what is no directory, or the link that stands for it, and notes in the job which file that is.
    ///
    /// # Errors
    /// It cannot be made.
    fn make_entry(&self, job: &mut FileJob, facts: &FileStat) -> Result<MadeEntry, FileError>;

    /// Makes a destination another name of the first copy of its source. True if something had to go for that.
    ///
    /// # Errors
    /// It cannot be linked.
    fn link_to_first(
        &self,
        links: &Links,
        job: &FileJob,
        source: &FileStat,
        first: &mut First,
    ) -> Result<bool, FileError>;

    /// Does what had to wait until all copies were made.
    fn finish(&self);
}

/// The effects of a run with these options; the one place that asks for which.
#[must_use]
pub(crate) fn of_run<'env>(
    options: &'env CpOptions,
    lines: Lines<'env>,
    keeping: PreservePolicy,
    owed: &Arc<Owed>,
) -> Box<dyn Effects + 'env> {
    if options.extensions.choosing.dry_run {
        Box::new(DryRun::new(options, lines))
    } else {
        Box::new(OnDisk::new(options, lines, keeping, Arc::clone(owed)))
    }
}

/// What was found at a destination, where a link that leads nowhere by itself counts as one that is closed.
fn with_closed_links(
    options: &CpOptions,
    source: Option<FileType>,
    found: Result<Existing, Errno>,
) -> Result<Existing, Errno> {
    match found {
        Err(Errno::LOOP) if source.is_some_and(|kind| replace::forces_closed(options, kind)) => {
            let link = FileStat { kind: FileType::Symlink, ..FileStat::UNKNOWN };
            Ok(Existing::ClosedLink { link, errno: Errno::LOOP })
        }
        found => found,
    }
}
