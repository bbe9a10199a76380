//! Directories that are being copied into themselves, and what GNU cp makes of that.

use super::Walker;
use super::made_directories::MadeDirectory;
use super::source_directory::DirAccess;
use crate::cli::cp::{Backup, Control, Follow};
use crate::cp::entry::created::{Base, CreatedAs, EntryName};
use crate::cp::entry::directory::OpenedCopy;
use crate::cp::entry::kept_file::KeptFile;
use crate::cp::job::Operand;
use crate::cp::job::dir_job::{DirJob, Origin};
use crate::cp::job::dir_place::DirPlace;
use crate::cp::job::operand_path::typed;
use crate::cp::task::Task;
use crate::pipeline::chain::At;
use crate::pipeline::place;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::listing;
use crate::plan::looping::{self, Meeting, Met};
use crate::plan::overwrite::Existing;
use crate::plan::replace::{self, DirectoryAction};
use crate::plan::{linking, target};
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

impl Walker<'_, '_> {
    /// Has what is in the way of a directory's copy make way, and answers what was kept for that. It comes back where the
    /// directory is refused, which GNU cp finds out then.
    pub(crate) fn admit(
        &self,
        (parent, origin): (Option<&Arc<DirJob>>, &Origin),
        (source, destination): (&DirPlace<'_>, &DirPlace<'_>),
        facts: &FileStat,
        (fate, found): (DirectoryAction, Option<Existing>),
    ) -> Result<Option<KeptFile>, FileError> {
        let kept = match fate {
            DirectoryAction::InTheWay => self.make_way_for_directory((source, facts), destination, found)?,
            _ => None,
        };
        let admitted = self.check_recursion((parent, origin), (source, destination), facts.identity);
        if let (Err(_), Some(kept)) = (&admitted, &kept) {
            self.restore(kept, || destination.path.clone());
        }
        admitted.map(|()| kept)
    }

    /// Refuses a directory that would be copied into itself, or that meets what an earlier operand was or has made.
    fn check_recursion(
        &self,
        (parent, origin): (Option<&Arc<DirJob>>, &Origin),
        (source, destination): (&DirPlace<'_>, &DirPlace<'_>),
        directory: FileId,
    ) -> Result<(), FileError> {
        self.check_duplicate(origin, directory, (source, destination))?;
        if parent.is_some_and(|parent| parent.is_inside(directory)) {
            return Err(FileError::of(MessageKind::CyclicLink, source.path.clone()));
        }
        let maker = parent.and_then(|parent| parent.created_by(directory));
        let made = maker.map(MadeDirectory::of).or_else(|| self.shared.met.made_directories.get(directory));
        if let Some(made) = made {
            let meeting = Meeting {
                as_made: parent
                    .map_or_else(|| made.is_at(&source.at()), |parent| made.is_entry_of(parent, source)),
                holds_copy: maker.is_some(),
                follows: replace::follows(self.shared.options, parent.is_none()),
            };
            check_created_directory(meeting, origin, &made, destination)?;
        }
        self.check_hard_link(parent.is_none(), origin, directory, destination)
    }

    /// Refuses a directory that an earlier operand was, where its copy is to go where the first one is, or is itself.
    fn check_duplicate(
        &self,
        origin: &Origin,
        directory: FileId,
        (source, destination): (&DirPlace<'_>, &DirPlace<'_>),
    ) -> Result<(), FileError> {
        let Some(directories) = &self.shared.directories else { return Ok(()) };
        let Some(copy) = directories.copied_before(directory, origin) else { return Ok(()) };
        // A directory that is its own copy, which only options that replace nothing allow.
        if copy.is(EntryName::of_path(&source.path).as_ref()) {
            let Origin { source_path, destination_path, .. } = origin;
            return Err(FileError::between(
                MessageKind::IntoItself,
                source_path.clone(),
                destination_path.clone(),
            ));
        }
        let is_one_path = self.shared.effects.is_one_path(&copy.path, &destination.path);
        if is_one_path || copy.is(Base::entry(self.shared.met.base.as_ref(), &destination.path).as_ref()) {
            return Err(FileError::of(MessageKind::TwiceDirectory, origin.source_path.clone()));
        }
        Ok(())
    }

    /// Refuses a directory that an earlier operand was: it would have to become a hard link.
    fn check_hard_link(
        &self,
        is_operand: bool,
        origin: &Origin,
        directory: FileId,
        destination: &DirPlace<'_>,
    ) -> Result<(), FileError> {
        let Some(directories) = &self.shared.directories else { return Ok(()) };
        let Some(copy) = directories.copied_before(directory, origin) else { return Ok(()) };
        if replace::follows(self.shared.options, is_operand) {
            return Ok(());
        }
        Err(FileError::between(MessageKind::HardLinkDirectory, destination.path.clone(), copy.path))
    }

    /// Refuses an operand's directory where a file would have to make way for it that an earlier operand has just made, and
    /// that is the only copy of its source.
    pub(crate) fn check_just_created(
        &self,
        origin: &Origin,
        found: &Existing,
        (source, destination): (&DirPlace<'_>, &DirPlace<'_>),
    ) -> Result<(), FileError> {
        let numbered = |backup: &Backup| backup.control == Control::Numbered;
        let keeps_all = self.shared.options.backup.as_ref().is_some_and(numbered);
        let own = found
            .own()
            .is_some_and(|own| origin.made.as_ref().is_some_and(|made| made.is_copy(own, &destination.path)));
        if own && !keeps_all {
            let (from, to) = (source.path.clone(), destination.path.clone());
            return Err(FileError::between(MessageKind::JustCreated, to, from));
        }
        Ok(())
    }

    /// Remembers an operand's directory whose copy is there, and the link that it is filled through, for later operands.
    pub(crate) fn remember_operand(
        &self,
        directory: FileId,
        origin: &Origin,
        (fate, found): (DirectoryAction, Option<Existing>),
    ) {
        if let Some(directories) = &self.shared.directories {
            directories.note(directory, origin, self.shared.met.base.as_ref());
        }
        if fate == DirectoryAction::FillThroughLink
            && let (Some(made), Some(link)) = (&origin.made, found.as_ref().and_then(Existing::own))
        {
            made.note(link.identity, CreatedAs::Behind(Arc::from(&*origin.destination_path)));
        }
    }

    /// Remembers a directory that was made where one could be met again: under several operands, or in a walk that
    /// reaches its own copy, as it may by a link that is followed. Of directories that lie in one another only the
    /// uppermost counts.
    pub(crate) fn remember_made(&self, branch: &DirJob) {
        let uppermost = branch.created && !branch.parent.as_ref().is_some_and(|parent| parent.created);
        let leads_away = self.shared.options.follow == Follow::Always;
        let directory = branch.destination.identity();
        if uppermost && (branch.origin.is_within_itself || leads_away || self.shared.directories.is_some()) {
            self.shared.met.made_directories.note(directory, MadeDirectory::of(branch));
        }
        if leads_away && !branch.created {
            self.shared.met.filled_directories.note(directory);
        }
    }

    /// Ends what was begun before a directory is listed that copies are put into, as it has them in it then. A ring makes
    /// them while the walk goes on.
    pub(crate) fn end_copies_within(&mut self, branch: &DirJob) {
        if self.may_list_copies(branch) {
            self.end_all();
            self.end_several_names();
        }
    }

    /// Ends an entry's copy before the next is begun, where that may be copied from what this one is written to.
    pub(super) fn end_leaf(&mut self, branch: &DirJob) {
        match branch.origin.is_within_itself {
            true => self.end_all(),
            false => self.end_in_order(),
        }
    }

    /// True if this run may have put copies into a directory of the source. One that the run has made is not listed at all.
    fn may_list_copies(&self, branch: &DirJob) -> bool {
        let source = branch.source.identity();
        let met = &self.shared.met;
        branch.origin.is_within_itself
            || self.shared.options.follow == Follow::Always
                && branch.may_be_endless()
                && (met.filled_directories.has(source)
                    || met.above.of(&branch.origin.destination).contains(&source))
    }
}

impl Walker<'_, '_> {
    /// Whether the copy of an operand's directory is to lie within that directory, or may.
    pub(crate) fn is_within_itself(&self, operand: &Operand, source: &FileStat) -> bool {
        let within = |place: &At| self.shared.met.above.of(place).contains(&source.identity);
        source.kind == FileType::Directory
            && self.shared.settings.recursive
            && (within(&operand.destination) || self.leads_within(&operand.destination, within))
    }

    /// The same for what a destination's name leads to through a link. Where GNU cp does not follow it yet it is not followed: it
    /// may lead there.
    fn leads_within(&self, At { directory, name }: &At, within: impl FnOnce(&At) -> bool) -> bool {
        if name.to_bytes().ends_with(b"/") {
            let Ok(name) = CString::new([name.to_bytes(), b"."].concat()) else { return false };
            return within(&At { directory: directory.clone(), name: Arc::from(name) });
        }
        self.shared.options.keep_directory_symlink
            && process::look(directory, &**name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| FileStat::of(&stat).kind == FileType::Symlink)
    }

    /// True if one of several operands is the directory that all are copied into, or lies above it: the walk comes by the copies
    /// of the others then, in the order in which they were made.
    pub(crate) fn an_operand_holds_target(&self, operand: &Operand) -> bool {
        let Some(target) = &operand.target else { return false };
        let options = self.shared.options;
        let is_above = |source: &[u8]| {
            let stat = typed(source).map(|at| process::look(&at.directory, &*at.name, AtFlags::empty()));
            let above = self.shared.met.above.of(&operand.destination);
            stat.and_then(Result::ok).is_some_and(|stat| above.contains(&FileStat::of(&stat).identity))
        };
        let holds = |source: &[u8]| target::may_hold(source, target) && is_above(source);
        options.recursive
            && options.sources.len() > 1
            && *self.shared.met.operand_holds_target.get_or_init(|| {
                self.an_operand_leads_through_copied()
                    || options.sources.iter().any(|source| holds(source.as_bytes()))
            })
    }

    /// Whether a directory is walked in the order of its listing, one part after the other: the copy may be met in it, or
    /// what a link leads to by another name.
    pub(crate) fn walks_in_order(&self, branch: &DirJob) -> bool {
        branch.origin.is_within_itself || linking::reads_all_in_turn(self.shared.options)
    }

    /// Queues what a directory has, part by part, so that nothing of it is begun before all that comes first is done.
    pub(crate) fn queue_in_order(&self, tasks: Vec<Task>) {
        self.shared.queue.defer_first(tasks.into_iter());
    }

    /// Whether the walk that a task belongs to has ended, as it met its own copy. What is left of it counts as done.
    pub(crate) fn is_behind_the_end(&self, branch: &Arc<DirJob>, entries: usize) -> bool {
        let ended = branch.origin.has_met_itself.load(Ordering::Relaxed);
        if ended {
            (0..entries).for_each(|_| branch.entry_done(self.shared.reporter));
        }
        ended
    }
}

/// Refuses a source that is being copied into itself: a directory that the run has `made`.
fn check_created_directory(
    meeting: Meeting,
    origin: &Origin,
    made: &MadeDirectory,
    destination: &DirPlace<'_>,
) -> Result<(), FileError> {
    let Origin { source_path, destination_path, .. } = origin;
    match looping::meets(meeting) {
        Met::IntoItself => {
            Err(FileError::between(MessageKind::IntoItself, source_path.clone(), destination_path.clone()))
        }
        Met::Again => Err(FileError::between(
            MessageKind::HardLinkDirectory,
            destination.path.clone(),
            made.path.clone(),
        )),
        Met::Another => Ok(()),
        Met::Endless => {
            origin.is_endless.store(true, Ordering::Relaxed);
            Ok(())
        }
    }
}

/// The directories above the place that was asked about last: operands mostly go into one directory.
#[derive(Default)]
pub(crate) struct Above(Mutex<Arc<[FileId]>>);

impl Above {
    /// The directory that a place lies in, and all above it, as far as they can be looked at.
    pub(crate) fn of(&self, at: &At) -> Arc<[FileId]> {
        let Ok(At { directory, .. }) = place::pin_ancestor(at) else { return Arc::default() };
        let look = |path: &[u8]| {
            rustix::fs::statat(&directory, path, AtFlags::empty())
                .ok()
                .map(|stat| FileStat::of(&stat).identity)
        };
        let Some(own) = look(b".") else { return Arc::default() };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.first() != Some(&own) {
            let mut above = vec![own];
            let mut path = b"..".to_vec();
            while let Some(next) = look(&path).filter(|next| above.last() != Some(next)) {
                above.push(next);
                path.extend_from_slice(b"/..");
            }
            *last = Arc::from(above);
        }
        Arc::clone(&last)
    }
}

/// The descriptor to list a directory by now that its copy is there, `above` in the directory of the copy, which an operand's
/// has none of; and which directory it lists. For a new copy it is opened again where what is listed may be another
/// by now.
pub(crate) fn listing(
    (made, fate): (&OpenedCopy, DirectoryAction),
    above: Option<FileId>,
    (source, way): (&DirPlace<'_>, DirAccess),
    (opened, seen): (Result<OwnedFd, Errno>, &FileStat),
) -> Result<(Result<OwnedFd, Errno>, FileId), Errno> {
    if !made.created || made.held.is_simulated() {
        return Ok((opened, seen.identity));
    }
    if above.is_none() && fate == DirectoryAction::InTheWay {
        return Ok(listing_by_name(source, way, seen));
    }
    match opened {
        Ok(open) => Ok((Ok(listing_with((made, above), open, seen)?), seen.identity)),
        Err(errno) => Ok((Err(errno), seen.identity)),
    }
}

/// By its name, where something has made way for the copy of an operand: that may be a link on the way to the source, whose
/// name leads to the copy now.
fn listing_by_name(
    source: &DirPlace<'_>,
    way: DirAccess,
    seen: &FileStat,
) -> (Result<OwnedFd, Errno>, FileId) {
    let opened = listing::open_directory(source.parent, source.name, way.through_link)
        .and_then(|open| rustix::fs::fstat(&open).map(|stat| (open, FileStat::of(&stat).identity)));
    match opened {
        Ok((open, listed)) => (Ok(open), listed),
        Err(errno) => (Err(errno), seen.identity),
    }
}

/// By its descriptor. btrfs lists a directory as it was when it was opened, so that a copy made in the directory itself
/// would not be met, and the copy would go through.
fn listing_with(
    (made, above): (&OpenedCopy, Option<FileId>),
    open: OwnedFd,
    source: &FileStat,
) -> Result<OwnedFd, Errno> {
    let above = match (above, made.held.get()) {
        (Some(above), _) => Some(above),
        // A copy that may not be searched, as it belongs to another user, gets no entries; the error is reported for
        // each of them.
        (None, Ok(Some(copy))) => {
            let above = rustix::fs::statat(&copy, c"..", AtFlags::empty());
            above.ok().map(|above| FileStat::of(&above).identity)
        }
        (None, Ok(None) | Err(_)) => None,
    };
    if above == Some(source.identity) { listing::open_directory(&open, c".", false) } else { Ok(open) }
}
