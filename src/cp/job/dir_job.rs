//! A directory while it is being copied: both descriptors, and what is left to do before it can be finished.
//!
//! Branches form the path from a directory to its operand. Each holds its parent, whose descriptors stay open while
//! anything below is to be reached through them, as long as there are descriptors enough; in a tree deeper than that the
//! ones far above are closed and opened again on the way back. When the last entry of a branch is done its own
//! permissions are set, and its parent is told.

use super::dir_fsync::DirFsyncQueue;
use super::dir_handle::DirHandle;
use crate::cp::entry::created::CreatedFiles;
use crate::cp::job::operand_path::typed;
use crate::pipeline::attributes::{self, Copied, Source};
use crate::pipeline::chain::{At, Directory, End};
use crate::pipeline::create_lock::CreateLock;
use crate::plan::attributes::{AttributeError, AttributePlan, PreservePolicy};
use crate::plan::facts::{FileId, Owner};
use crate::plan::filter::Rules;
use crate::plan::listing::Rank;
use crate::plan::{listing, path};
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// What all directories below one operand share.
pub(crate) struct Origin {
    /// The operand as it was typed.
    pub source_path: Vec<u8>,
    /// The name it gets.
    pub destination_path: Vec<u8>,
    /// The place of its copy.
    pub destination: At,
    /// How many operands stand before it.
    pub number: usize,
    /// The operand is a symbolic link, and all links are followed.
    pub through_link: bool,
    /// What this run has made under names that several operands share; `None` where no two do.
    pub made: Option<Arc<CreatedFiles>>,
    /// Where directories wait that are to be made durable; `None` where that is not asked for.
    pub durable: Option<Arc<DirFsyncQueue>>,
    /// The copy lies within the source, so that the walk may meet it: it goes in the order of the listings.
    pub is_within_itself: bool,
    /// The walk has met the copy, and ends there.
    pub has_met_itself: AtomicBool,
    /// The copy is copied into itself, until its path is too long.
    pub is_endless: AtomicBool,
}

/// One directory being copied.
pub(crate) struct DirJob {
    /// The directory it lies in; `None` for an operand's own.
    pub parent: Option<Arc<DirJob>>,
    /// How many directories are above it.
    pub depth: usize,
    /// What its operand's directories share.
    pub origin: Arc<Origin>,
    /// Its name on both sides, below an operand's own.
    pub name: Arc<CStr>,
    /// Where it stands among the entries of its parent.
    pub rank: Rank,
    /// Where its entries are read from.
    pub source: DirHandle,
    /// Where their copies go.
    pub destination: DirHandle,
    /// The copy was made by this run and holds only what this run put there.
    pub created: bool,
    /// Whom new files in the copy belong to, where that is certain.
    pub belongs_to: Option<Owner>,
    /// The symbolic link that it was reached through, where that has attributes for the copy.
    pub link: Option<At>,
    /// Attributes to set when all entries are done, and what of them is to be kept.
    pub deferred_attributes: Option<Box<(AttributePlan, PreservePolicy)>>,
    /// What .gitignore files here and above leave out, where they count.
    pub rules: Option<Arc<Rules>>,
    /// Taken where several workers may copy entries at one time.
    pub turn: OnceLock<Arc<CreateLock>>,
    /// Entries and listings that are not done.
    pub pending: AtomicUsize,
    /// True if the listing is complete.
    pub listed: AtomicBool,
    /// Entries that were listed.
    pub entries: AtomicU32,
}

/// Levels that there are descriptors for but where there are few.
const LEVELS_ALWAYS: usize = 2;

/// Which of a branch's two directories.
#[derive(Clone, Copy)]
enum Side {
    Source,
    Destination,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Source, Self::Destination];

    fn of(self, branch: &DirJob) -> &DirHandle {
        match self {
            Self::Source => &branch.source,
            Self::Destination => &branch.destination,
        }
    }
}

impl DirJob {
    /// The path of an entry in the source, for messages.
    #[must_use]
    pub(crate) fn source_path(&self, name: &CStr) -> Vec<u8> {
        self.path(Some(name), |origin| &origin.source_path)
    }

    /// The path of an entry's copy, for messages.
    #[must_use]
    pub(crate) fn destination_path(&self, name: &CStr) -> Vec<u8> {
        self.path(Some(name), |origin| &origin.destination_path)
    }

    /// The path of the directory itself in the source, for messages.
    #[must_use]
    pub(crate) fn own_source_path(&self) -> Vec<u8> {
        self.path(None, |origin| &origin.source_path)
    }

    /// The path of the directory's copy, for messages.
    #[must_use]
    pub(crate) fn own_destination_path(&self) -> Vec<u8> {
        self.path(None, |origin| &origin.destination_path)
    }

    fn path(&self, name: Option<&CStr>, start: impl Fn(&Origin) -> &Vec<u8>) -> Vec<u8> {
        let below = self.ancestors().take_while(|branch| branch.parent.is_some()).map(|branch| &*branch.name);
        let names: Vec<&CStr> = name.into_iter().chain(below).collect();
        path::below(start(&self.origin), names.iter().rev().map(|name| name.to_bytes()))
    }

    /// The path of the directory below its operand, with a slash at its end; empty for the operand's own.
    #[must_use]
    pub(crate) fn path_below_operand(&self) -> Vec<u8> {
        let below = self.ancestors().take_while(|branch| branch.parent.is_some()).map(|branch| &*branch.name);
        let names: Vec<&CStr> = below.collect();
        names.iter().rev().flat_map(|name| [name.to_bytes(), b"/"]).flatten().copied().collect()
    }

    /// This branch, its parent, and so on up to the operand's own.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |branch| branch.parent.as_deref())
    }

    /// Which branch on the way here has made this directory of the source, where one has: the source is being copied
    /// into itself.
    #[must_use]
    pub(crate) fn created_by(&self, directory: FileId) -> Option<&Self> {
        self.ancestors().find(|branch| branch.created && branch.destination.identity() == directory)
    }

    /// Which device the operand lies on.
    #[must_use]
    pub(crate) fn operand_device(&self) -> u64 {
        self.ancestors().last().unwrap_or(self).source.identity().device
    }

    /// Whether the way here, in the source, may go on for ever where links are followed: one was, or the copy is known to be
    /// copied into itself.
    #[must_use]
    pub(crate) fn may_be_endless(&self) -> bool {
        self.origin.through_link
            || self.origin.is_endless.load(Ordering::Relaxed)
            || self.ancestors().any(|branch| branch.source.is_through_link())
    }

    /// Whether a directory of the source is one that it lies in.
    #[must_use]
    pub(crate) fn is_inside(&self, directory: FileId) -> bool {
        self.ancestors().any(|branch| branch.source.identity() == directory)
    }

    /// The source directory, open.
    ///
    /// # Errors
    /// What opening it again answered, where it had been let go.
    pub(crate) fn source(&self) -> Result<Directory, Errno> {
        self.reach(Side::Source).map(Directory::Open)
    }

    /// The directory of the copy, open.
    ///
    /// # Errors
    /// What opening it again answered, where it had been let go.
    pub(crate) fn destination(&self) -> Result<Directory, Errno> {
        self.reach(Side::Destination).map(Directory::Open)
    }

    /// Does something with the directory of the copy, even when the branch is finished and its descriptors are gone.
    ///
    /// # Errors
    /// What reaching the directory answered, or `work`.
    pub(crate) fn with_destination<T>(
        &self,
        work: impl FnOnce(BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let mut closed = Vec::new();
        let mut near: Option<Arc<OwnedFd>> = None;
        for branch in self.ancestors() {
            near = branch.destination.get()?;
            if near.is_some() {
                break;
            }
            closed.push(branch);
        }
        if near.is_none()
            && let Some(root) = closed.pop()
        {
            let At { directory, name } = &self.origin.destination;
            near = Some(Arc::new(root.destination.open_path(directory, name)?));
        }
        let mut near = near.ok_or(Errno::STALE)?;
        for branch in closed.iter().rev() {
            near = Arc::new(branch.destination.open_path(&near, &branch.name)?);
        }
        work(near.as_fd())
    }

    /// Lets go the descriptors, which are opened again when they are needed; that of a source which a worker may be
    /// listing stays, as its place in the listing moves. An operand's own always are held.
    pub(crate) fn release(&self) {
        if self.parent.is_none() {
            return;
        }
        self.destination.release();
        if self.listed.load(Ordering::Acquire) {
            self.source.release();
        }
    }

    /// A descriptor of one side, opened again from the nearest held directory above, or by the operand's name.
    fn reach(&self, side: Side) -> Result<Arc<OwnedFd>, Errno> {
        let mut closed = Vec::new();
        for branch in self.ancestors() {
            let (held, had_again) = match (side.of(branch).get()?, &branch.parent) {
                (None, None) => (Some(branch.reopen_operand(side)?), true),
                (held, _) => (held, false),
            };
            let Some(mut near) = held else {
                closed.push(branch);
                continue;
            };
            if had_again && !closed.is_empty() {
                side.of(branch).release();
            }
            for (below, branch) in closed.iter().rev().enumerate() {
                near = side.of(branch).reopen(&near, &branch.name)?;
                if below + 1 < closed.len() {
                    side.of(branch).release();
                }
            }
            return Ok(near);
        }
        Err(Errno::STALE)
    }

    /// Has an operand's own directory open again, by the name that was typed.
    fn reopen_operand(&self, side: Side) -> Result<Arc<OwnedFd>, Errno> {
        match side {
            Side::Source => {
                let At { directory, name } = typed(&self.origin.source_path).ok_or(Errno::STALE)?;
                self.source.reopen_operand(directory, &name)
            }
            Side::Destination => {
                let At { directory, name } = &self.origin.destination;
                self.destination.reopen_operand(directory, name)
            }
        }
    }

    /// Lets go the descriptors of the directory `levels` above; that of an operand only where there are `few` at all.
    pub(crate) fn let_go_above(&self, few: bool, levels: impl FnOnce() -> usize) {
        if self.depth <= LEVELS_ALWAYS && !few {
            return;
        }
        let levels = levels();
        let goes = |above: &&Self| above.parent.is_some() || few;
        if let Some(above) = self.ancestors().nth(levels).filter(goes) {
            Side::BOTH.iter().for_each(|side| side.of(above).release());
        }
    }

    /// Announces that `count` more entries are to be done.
    pub(crate) fn add_pending(&self, count: usize) {
        self.pending.fetch_add(count, Ordering::Relaxed);
    }

    /// One entry is done. With the last one the directory's permissions are set and its parent is told, and so on up.
    pub(crate) fn entry_done(self: &Arc<Self>, reporter: &Reporter) {
        let mut branch = self;
        while branch.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            branch.close(reporter);
            match &branch.parent {
                Some(parent) => branch = parent,
                None => break,
            }
        }
    }

    /// The source that may not be opened, held by its place: what is in its inode can be read all the same.
    fn unreadable_source(&self) -> Result<Source<'static>, Errno> {
        let held = match &self.parent {
            Some(parent) => self.source.open_path(parent.source()?, &self.name)?,
            None => {
                let At { directory, name } = typed(&self.origin.source_path).ok_or(Errno::NOENT)?;
                self.source.open_path(directory, &name)?
            }
        };
        Ok(Source::Named(At { directory: Directory::Open(Arc::new(held)), name: Arc::from(c"") }))
    }

    /// Gives the copy its attributes, now that nothing in it changes any more. What cannot be read of the source any more
    /// is refused, as it is owed.
    fn keep(&self, wanted: &AttributePlan) -> Vec<AttributeError> {
        let from_directory = wanted.needs_source() && self.link.is_none();
        let open = if from_directory { self.reach(Side::Source) } else { Err(Errno::BADF) };
        let source = match (&self.link, &open) {
            (Some(link), _) => Source::Named(link.clone()),
            (None, Ok(open)) => Source::Open(open.as_fd()),
            (None, Err(Errno::ACCESS)) => self.unreadable_source().unwrap_or_else(Source::Gone),
            (None, Err(errno)) => Source::Gone(*errno),
        };
        match self.reach(Side::Destination) {
            Ok(copy) => {
                let copy = Copied::directory(copy.as_fd(), self.destination.is_listable());
                attributes::keep(&source, copy, wanted)
            }
            Err(errno) => vec![AttributeError::Permissions(wanted.permissions, errno)],
        }
    }

    /// The directory of the copy, open for more than to stand for its place.
    fn readable_copy(&self) -> Result<Arc<OwnedFd>, Errno> {
        let copy = self.reach(Side::Destination)?;
        if self.destination.is_listable() {
            return Ok(copy);
        }
        listing::open_directory(&copy, c".", false).map(Arc::new)
    }

    fn close(&self, reporter: &Reporter) {
        if let Some((wanted, keeping)) = self.deferred_attributes.as_deref() {
            let refused = self.keep(wanted);
            attributes::tell(&refused, keeping, reporter, |end| match end {
                End::Source => self.own_source_path(),
                End::Destination => self.own_destination_path(),
            });
        }
        if let Some(durable) = &self.origin.durable {
            let path = self.own_destination_path();
            match self.readable_copy() {
                Ok(copy) => durable.note(copy, path, reporter),
                Err(errno) => reporter.problem(&FileError::failed(MessageKind::OpeningToSync, path, errno)),
            }
        }
        let Some(parent) = &self.parent else {
            Side::BOTH.iter().for_each(|side| side.of(self).done_with());
            return;
        };
        for side in Side::BOTH {
            // From here a parent that was let go is one step away; later it would be the whole way down again. Where
            // this fails, that way is tried when the parent is needed, and its failure reported.
            if let (Ok(None), Ok(Some(near))) = (side.of(parent).get(), side.of(self).get()) {
                match side.of(parent).reopen(&near, c"..") {
                    Ok(_) | Err(_) => {}
                }
            }
            side.of(self).done_with();
        }
    }
}
