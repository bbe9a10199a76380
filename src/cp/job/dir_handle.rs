//! A directory's descriptor that can be closed and opened again: so a walk can go deeper than there are descriptors.
//!
//! A directory is known by device and inode. When it is opened again, by `..` of a child or by its name in its parent,
//! it must be that very directory; one that was moved or replaced meanwhile is an error, not another directory.

use crate::plan::facts::{FileId, FileStat};
use crate::plan::listing;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One side of a directory that is being copied.
pub(crate) struct DirHandle {
    identity: FileId,
    /// Its name in the directory above is a symbolic link that is followed.
    through_link: bool,
    /// It is only imagined: its descriptor stands for no directory, and is never let go.
    imagined: bool,
    /// It may be listed; otherwise its descriptor only stands for its place.
    is_listable: bool,
    state: Mutex<HandleState>,
}

enum HandleState {
    Open(Arc<OwnedFd>),
    /// Let go, with the listing at this place.
    Closed {
        position: u64,
    },
    /// It never was open, for this reason.
    Shut(Errno),
}

impl DirHandle {
    /// An open directory.
    #[must_use]
    pub(crate) fn open(descriptor: OwnedFd, identity: FileId, through_link: bool) -> Self {
        let state = Mutex::new(HandleState::Open(Arc::new(descriptor)));
        Self { identity, through_link, imagined: false, is_listable: true, state }
    }

    /// A directory that cannot be read, for this reason.
    #[must_use]
    pub(crate) fn unreadable(identity: FileId, through_link: bool, reason: Errno) -> Self {
        let state = Mutex::new(HandleState::Shut(reason));
        Self { identity, through_link, imagined: false, is_listable: false, state }
    }

    /// A directory that a dry run would make; `nowhere` can be used for nothing.
    #[must_use]
    pub(crate) fn simulated(nowhere: Arc<OwnedFd>, identity: FileId) -> Self {
        let state = Mutex::new(HandleState::Open(nowhere));
        Self { identity, through_link: false, imagined: true, is_listable: false, state }
    }

    /// Whether it is only imagined.
    #[must_use]
    pub(crate) fn is_simulated(&self) -> bool {
        self.imagined
    }

    /// The same directory, whose descriptor may be one that only stands for its place.
    #[must_use]
    pub(crate) fn listable(self, is_listable: bool) -> Self {
        Self { is_listable, ..self }
    }

    /// Whether its descriptor does more than stand for its place.
    #[must_use]
    pub(crate) fn is_listable(&self) -> bool {
        self.is_listable
    }

    /// Whether its name in the directory above is a symbolic link that is followed.
    #[must_use]
    pub(crate) fn is_through_link(&self) -> bool {
        self.through_link
    }

    #[must_use]
    pub(crate) fn identity(&self) -> FileId {
        self.identity
    }

    fn lock(&self) -> MutexGuard<'_, HandleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor, where it is held.
    ///
    /// # Errors
    /// Why it could not be opened, for a directory that cannot be read.
    pub(crate) fn get(&self) -> Result<Option<Arc<OwnedFd>>, Errno> {
        match &*self.lock() {
            HandleState::Open(descriptor) => Ok(Some(Arc::clone(descriptor))),
            HandleState::Closed { .. } => Ok(None),
            HandleState::Shut(reason) => Err(*reason),
        }
    }

    /// Lets the descriptor go; those who have a share of it keep it.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        if let HandleState::Open(descriptor) = &*state
            && !self.imagined
        {
            let position = rustix::fs::seek(descriptor.as_fd(), SeekFrom::Current(0)).unwrap_or(0);
            *state = HandleState::Closed { position };
        }
    }

    /// Lets the descriptor go for good: nothing more is wanted of the directory.
    pub(crate) fn done_with(&self) {
        *self.lock() = HandleState::Closed { position: 0 };
    }

    fn verify(&self, descriptor: &OwnedFd) -> Result<(), Errno> {
        let is_it = FileStat::of(&rustix::fs::fstat(descriptor)?).identity == self.identity;
        if is_it { Ok(()) } else { Err(Errno::STALE) }
    }

    /// A descriptor for looking up names in it, to be closed by the caller, by `name` from `near`. It is enough that
    /// the directory may be searched.
    ///
    /// # Errors
    /// What openat(2) answered; ESTALE where another directory is there now.
    pub(crate) fn open_path(&self, near: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
        let descriptor = listing::open_path(near, name, self.through_link)?;
        self.verify(&descriptor)?;
        Ok(descriptor)
    }

    /// Opens it again, by `name` from `near`: its own name in its parent, which is followed where it was reached that
    /// way, or `..` in a child.
    ///
    /// # Errors
    /// What openat(2) answered; ESTALE where another directory is there now.
    pub(crate) fn reopen(&self, near: impl AsFd, name: &CStr) -> Result<Arc<OwnedFd>, Errno> {
        self.reopen_as(near, name, self.through_link)
    }

    /// The same for an operand's own directory, by the name that was typed: what that leads to must be that very
    /// directory, whether by a link or not.
    ///
    /// # Errors
    /// As for [`Self::reopen`].
    pub(crate) fn reopen_operand(&self, near: impl AsFd, name: &CStr) -> Result<Arc<OwnedFd>, Errno> {
        self.reopen_as(near, name, true)
    }

    fn reopen_as(&self, near: impl AsFd, name: &CStr, follow: bool) -> Result<Arc<OwnedFd>, Errno> {
        let mut state = self.lock();
        let position = match &*state {
            HandleState::Open(descriptor) => return Ok(Arc::clone(descriptor)),
            HandleState::Closed { position } => *position,
            HandleState::Shut(reason) => return Err(*reason),
        };
        let descriptor = match self.is_listable {
            true => listing::open_directory(near, name, follow)?,
            false => listing::open_path(near, name, follow)?,
        };
        self.verify(&descriptor)?;
        if position > 0 {
            rustix::fs::seek(&descriptor, SeekFrom::Start(position))?;
        }
        let descriptor = Arc::new(descriptor);
        *state = HandleState::Open(Arc::clone(&descriptor));
        Ok(descriptor)
    }
}
