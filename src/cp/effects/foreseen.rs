//! What a dry run would have made by now, in place of the copies themselves.
//!
//! Directories that are not made have a descriptor all the same, so that the walk goes its usual way: an eventfd, in
//! which no name can be looked up, made or removed. What is in such a directory is known here, where it can be met again.

use crate::cli::cp::{Backup, CpOptions};
use crate::cp::entry::kept_file::KeptFile;
use crate::cp::entry::special;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::backup::Naming;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::overwrite::Existing;
use crate::plan::{path, target};
use rustix::event::EventfdFlags;
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Timespec};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The most bytes of a name in a directory, on the file systems there are.
const NAME_BYTES_MAX: usize = 255;

/// The imagined copies of a dry run.
pub(crate) struct Foreseen {
    nowhere: OnceLock<Arc<OwnedFd>>,
    /// An operand may meet what an earlier one would have made.
    remembers: bool,
    /// Copies would have the times of their sources, rather than that of the run.
    keeps_times: bool,
    made: AtomicU64,
    state: Mutex<SimulatedEntries>,
}

#[derive(Default)]
struct SimulatedEntries {
    /// What would be under each path.
    there: HashMap<Vec<u8>, FileStat>,
    /// How many names files would have more or less than they have.
    names: HashMap<FileId, i64>,
    /// How many names files have that would be overwritten: links to them may be asked for later.
    links: HashMap<FileId, u64>,
}

impl Foreseen {
    /// For a run with these options.
    #[must_use]
    pub(crate) fn new(options: &CpOptions) -> Self {
        let names = options.sources.iter().map(|source| source.as_bytes());
        let listed = options.extensions.choosing.names_from.is_some();
        Self {
            nowhere: OnceLock::new(),
            remembers: listed || target::may_meet(names, options.parents),
            keeps_times: options.preserve.timestamps,
            made: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SimulatedEntries> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor of every directory that is not made.
    ///
    /// # Errors
    /// What eventfd(2) answered.
    pub(crate) fn placeholder_fd(&self) -> Result<Arc<OwnedFd>, Errno> {
        if let Some(nowhere) = self.nowhere.get() {
            return Ok(Arc::clone(nowhere));
        }
        let fresh = Arc::new(rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?);
        Ok(Arc::clone(self.nowhere.get_or_init(|| fresh)))
    }

    /// Whether a directory is one that is not made.
    #[must_use]
    pub(crate) fn is_nowhere(&self, directory: &Directory) -> bool {
        match (directory, self.nowhere.get()) {
            (Directory::Open(open), Some(nowhere)) => Arc::ptr_eq(open, nowhere),
            (Directory::Open(_) | Directory::Working, _) => false,
        }
    }

    /// A file that is not made, like `source` in everything but which file it is, and when it changed.
    #[must_use]
    pub(crate) fn copy_of(&self, source: &FileStat) -> FileStat {
        // No file system has this device.
        let inode = self.made.fetch_add(1, Ordering::Relaxed);
        let now = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let modified = if self.keeps_times { source.modified } else { now };
        FileStat { identity: FileId { device: u64::MAX, inode }, links: 1, modified, ..*source }
    }

    /// Notes what would be under a path from now on.
    pub(crate) fn remember(&self, path: &[u8], facts: FileStat) {
        if self.remembers {
            let mut state = self.lock();
            let more = state.names.get(&facts.identity).copied().unwrap_or(0);
            let links = facts.links.saturating_add_signed(-more);
            state.links.insert(facts.identity, links);
            state.there.insert(path.to_vec(), FileStat { links, ..facts });
        }
    }

    /// Notes that a file would have another name, the one under `path`.
    pub(crate) fn link(&self, path: &[u8], file: &FileStat) {
        if self.remembers {
            let mut state = self.lock();
            *state.names.entry(file.identity).or_default() += 1;
            let links = state.links.get(&file.identity).copied().unwrap_or(1);
            state.there.insert(path.to_vec(), FileStat { links, ..*file });
        }
    }

    /// Notes that the name that was found would go.
    pub(crate) fn unlink(&self, found: &Existing) {
        let Some(own) = found.own() else { return };
        if own.links > 1 {
            *self.lock().names.entry(own.identity).or_default() -= 1;
        }
    }

    /// A file with as many names as it would have by now.
    fn by_now(&self, facts: FileStat) -> FileStat {
        let more = self.lock().names.get(&facts.identity).copied().unwrap_or(0);
        FileStat { links: facts.links.saturating_add_signed(more), ..facts }
    }

    /// What would be under a path, where this run would have made it.
    #[must_use]
    pub(crate) fn at(&self, path: &[u8]) -> Option<FileStat> {
        if !self.remembers {
            return None;
        }
        let there = self.lock().there.get(path).copied();
        there.map(|facts| self.by_now(facts))
    }

    /// What would be found at a place, called `shown`.
    ///
    /// # Errors
    /// What stat(2) answered.
    pub(crate) fn look(&self, at: &At, shown: &[u8], source: Option<FileType>) -> Result<Existing, Errno> {
        match self.at(shown) {
            Some(facts) if facts.kind == FileType::Symlink => Ok(Existing::DanglingLink(facts)),
            Some(facts) => Ok(Existing::File(facts)),
            None if self.is_nowhere(&at.directory) => match at.name.to_bytes() {
                b"." => {
                    let directory = FileStat { kind: FileType::Directory, ..FileStat::UNKNOWN };
                    Ok(Existing::File(self.copy_of(&directory)))
                }
                _ => Ok(Existing::Nothing),
            },
            None => special::look(at, source).map(|found| match found {
                Existing::File(file) => Existing::File(self.by_now(file)),
                Existing::LinkTo { .. } | Existing::DanglingLink(_) | Existing::ClosedLink { .. } => found,
                Existing::Nothing => found,
            }),
        }
    }

    /// Whether names could be made and removed in the directory that a place lies in.
    ///
    /// # Errors
    /// Why not, as far as it can be told without trying.
    pub(crate) fn may_change(&self, at: &At) -> Result<(), Errno> {
        if self.is_nowhere(&at.directory) {
            return Ok(());
        }
        place::may_change(at)
    }

    /// Whether something other than a directory could be made at a place.
    ///
    /// # Errors
    /// Why not, as far as it can be told without trying.
    pub(crate) fn may_make(&self, at: &At) -> Result<(), Errno> {
        if at.name.to_bytes().ends_with(b"/") { Err(Errno::NOENT) } else { self.may_change(at) }
    }

    /// Shows `naming` the backups that this run would have made beside `path`.
    pub(crate) fn see_backups(&self, naming: &mut Naming<'_>, path: &[u8]) {
        if self.remembers {
            let directory = &path[..path::parent_bytes(path)];
            let beside = |other: &&Vec<u8>| other[..path::parent_bytes(other)] == *directory;
            self.lock().there.keys().filter(beside).for_each(|other| naming.see(path::last_component(other)));
        }
    }

    /// The backup of a file that is only imagined. `shown` is its path.
    ///
    /// # Errors
    /// Its name is none.
    pub(crate) fn back_up(&self, shown: &[u8], backup: &Backup) -> Result<KeptFile, Errno> {
        let mut naming = Naming::of(path::last_component(shown), backup);
        self.see_backups(&mut naming, shown);
        let name = naming.name(NAME_BYTES_MAX).name;
        let kept = KeptFile::simulated(shown, &name).ok_or(Errno::INVAL)?;
        self.remember(kept.shown(), self.copy_of(&FileStat::UNKNOWN));
        Ok(kept)
    }
}
