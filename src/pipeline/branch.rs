//! A directory while it is being copied: both descriptors, and what is left to do before it can be finished.
//!
//! Branches form the path from a directory to its operand. Each holds its parent, whose descriptors stay open while
//! anything below is to be reached through them, as long as there are descriptors enough; in a tree deeper than that the
//! ones far above are let go and had again on the way back. When the last entry of a branch is done its own permissions
//! are set, and its parent is told.

use super::attributes::{self, Copied, Source};
use super::chain::{At, Directory, End};
use super::held::Held;
use super::operand::typed;
use crate::plan::attributes::{Keeping, Refused, Wanted};
use crate::plan::facts::{Identity, Owner};
use crate::plan::path;
use crate::report::Reporter;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What all directories below one operand share.
pub struct Origin {
    /// The operand as it was typed.
    pub source_path: Vec<u8>,
    /// The name it gets.
    pub destination_path: Vec<u8>,
    /// The operand is a symbolic link that a slash behind it makes follow.
    pub through_link: bool,
    /// What this run has made under names that several operands share; `None` where no two do.
    pub made: Option<Arc<Made>>,
}

/// The files made so far, for operands that could overwrite each other's.
#[derive(Default)]
pub struct Made {
    files: Mutex<HashSet<Identity>>,
    sources: Mutex<HashSet<(Identity, Vec<u8>)>>,
}

impl Made {
    /// Notes a file that was just made.
    pub fn note(&self, file: Identity) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file);
    }

    /// Notes a source and the name of its copy; whether both were noted before.
    #[must_use]
    pub fn seen_before(&self, source: Identity, name: &CStr) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        !sources.insert((source, name.to_bytes().to_vec()))
    }

    /// Whether this run made the file.
    #[must_use]
    pub fn contains(&self, file: Identity) -> bool {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).contains(&file)
    }
}

/// One directory being copied.
pub struct Branch {
    /// The directory it lies in; `None` for an operand's own.
    pub parent: Option<Arc<Branch>>,
    /// How many directories are above it.
    pub depth: usize,
    /// What its operand's directories share.
    pub origin: Arc<Origin>,
    /// Its name on both sides, below an operand's own.
    pub name: Arc<CStr>,
    /// Where its entries are read from.
    pub source: Held,
    /// Where their copies go.
    pub destination: Held,
    /// The copy was made by this run and holds only what this run put there.
    pub fresh: bool,
    /// Whom new files in the copy belong to, where that is certain.
    pub belongs_to: Option<Owner>,
    /// Attributes to set when all entries are done, and what of them is to be kept.
    pub at_end: Option<Box<(Wanted, Keeping)>>,
    /// Entries and listings that are not done.
    pub pending: AtomicUsize,
}

/// Levels that there are descriptors for under any limit.
const LEVELS_ALWAYS: usize = 2;

/// Which of a branch's two directories.
type Side = fn(&Branch) -> &Held;

const SIDES: [Side; 2] = [|branch| &branch.source, |branch| &branch.destination];

impl Branch {
    /// The path of an entry in the source, for messages.
    #[must_use]
    pub fn source_path(&self, name: &CStr) -> Vec<u8> {
        self.path(Some(name), |origin| &origin.source_path)
    }

    /// The path of an entry's copy, for messages.
    #[must_use]
    pub fn destination_path(&self, name: &CStr) -> Vec<u8> {
        self.path(Some(name), |origin| &origin.destination_path)
    }

    /// The path of the directory itself in the source, for messages.
    #[must_use]
    pub fn own_source_path(&self) -> Vec<u8> {
        self.path(None, |origin| &origin.source_path)
    }

    fn path(&self, name: Option<&CStr>, start: impl Fn(&Origin) -> &Vec<u8>) -> Vec<u8> {
        let below = self.line().take_while(|branch| branch.parent.is_some()).map(|branch| &*branch.name);
        let names: Vec<&CStr> = name.into_iter().chain(below).collect();
        path::below(start(&self.origin), names.iter().rev().map(|name| name.to_bytes()))
    }

    /// This branch, its parent, and so on up to the operand's own.
    pub fn line(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |branch| branch.parent.as_deref())
    }

    /// Whether a directory of the source is one that the copy has made on the way here: the source is being copied into
    /// itself.
    #[must_use]
    pub fn is_copying_into(&self, directory: Identity) -> bool {
        self.line().any(|branch| branch.fresh && branch.destination.identity() == directory)
    }

    /// The source directory, open.
    ///
    /// # Errors
    /// What opening it again answered, where it had been let go.
    pub fn source(&self) -> Result<Directory, Errno> {
        self.reach(SIDES[0]).map(Directory::Open)
    }

    /// The directory of the copy, open.
    ///
    /// # Errors
    /// What opening it again answered, where it had been let go.
    pub fn destination(&self) -> Result<Directory, Errno> {
        self.reach(SIDES[1]).map(Directory::Open)
    }

    /// A descriptor of one side, had again from the nearest directory above that is held. An operand's own always is.
    fn reach(&self, side: Side) -> Result<Arc<OwnedFd>, Errno> {
        let mut closed = Vec::new();
        for branch in self.line() {
            let Some(mut near) = side(branch).get()? else {
                closed.push(branch);
                continue;
            };
            for (below, branch) in closed.iter().rev().enumerate() {
                near = side(branch).reopen(&near, &branch.name)?;
                if below + 1 < closed.len() {
                    side(branch).let_go();
                }
            }
            return Ok(near);
        }
        Err(Errno::STALE)
    }

    /// Lets go the descriptors of the directory `levels` above, unless it is an operand's own.
    pub fn let_go_above(&self, levels: impl FnOnce() -> usize) {
        if self.depth <= LEVELS_ALWAYS {
            return;
        }
        let levels = levels();
        if let Some(above) = self.line().nth(levels).filter(|above| above.parent.is_some()) {
            SIDES.iter().for_each(|side| side(above).let_go());
        }
    }

    /// Announces that `count` more entries are to be done.
    pub fn expect(&self, count: usize) {
        self.pending.fetch_add(count, Ordering::Relaxed);
    }

    /// One entry is done. With the last one the directory's permissions are set and its parent is told, and so on up.
    pub fn finish_one(self: &Arc<Self>, reporter: &Reporter) {
        let mut branch = self;
        while branch.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            branch.close(reporter);
            match &branch.parent {
                Some(parent) => branch = parent,
                None => break,
            }
        }
    }

    /// The source that may not be opened, by its name: what is in its inode can be read all the same.
    fn unreadable_source(&self) -> Source<'static> {
        let at = match &self.parent {
            Some(parent) => {
                parent.source().ok().map(|directory| At { directory, name: Arc::clone(&self.name) })
            }
            None => typed(&self.origin.source_path),
        };
        at.map_or(Source::Nothing, Source::Named)
    }

    /// Gives the copy its attributes, now that nothing in it changes any more.
    fn keep(&self, wanted: &Wanted) -> Vec<Refused> {
        let open = if wanted.needs_source() { self.reach(SIDES[0]).ok() } else { None };
        let source = match &open {
            Some(open) => Source::Open(open.as_fd()),
            None if wanted.needs_source() => self.unreadable_source(),
            None => Source::Nothing,
        };
        match self.reach(SIDES[1]) {
            Ok(copy) => attributes::keep(&source, Copied::Open(copy.as_fd()), wanted),
            Err(errno) => vec![Refused::Permissions(wanted.permissions, errno)],
        }
    }

    fn close(&self, reporter: &Reporter) {
        if let Some((wanted, keeping)) = self.at_end.as_deref() {
            let refused = self.keep(wanted);
            attributes::tell(&refused, keeping, reporter, |end| match end {
                End::Source => self.own_source_path(),
                End::Destination => self.path(None, |origin| &origin.destination_path),
            });
        }
        let Some(parent) = &self.parent else { return };
        for side in SIDES {
            // From here a parent that was let go is one step away; later it would be the whole way down again. Where
            // this fails, that way is tried when the parent is needed, and its failure reported.
            if let (Ok(None), Ok(Some(near))) = (side(parent).get(), side(self).get()) {
                match side(parent).reopen(&near, c"..") {
                    Ok(_) | Err(_) => {}
                }
            }
            side(self).done_with();
        }
    }
}
