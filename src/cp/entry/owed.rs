//! What a run owes to names that it has emptied or taken for something that is not there yet: a file that was kept under
//! a backup's name gets its own again, and a temporary name goes, unless what it was done for has come.
//!
//! A debt is held here from the change on, and not by the job that it was made for. Each end of a job says what has
//! become of its debt; what a job leaves that never ends, as the ring broke with it in flight or the run was
//! abandoned, is taken back when the run ends. So no way out can forget it.

use crate::cp::job::dir_job::DirJob;
use crate::pipeline::chain::At;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::CStr;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The debts that are not settled.
#[derive(Default)]
pub(crate) struct Owed(Mutex<OpenDebts>);

#[derive(Default)]
struct OpenDebts {
    open: HashMap<u64, Undo>,
    last: u64,
}

/// How a change is taken back.
pub(crate) enum Undo {
    /// By giving a file its name again, whatever is there now.
    PutBack(Moved),
    /// By removing what has a temporary name.
    Remove {
        at: At,
        /// Its path for messages.
        shown: Vec<u8>,
    },
}

/// A file that was given another name in its directory.
pub(crate) struct Moved {
    /// The directory.
    pub directory: Spot,
    /// The name that it had.
    pub from: Arc<CStr>,
    /// The name that it has.
    pub to: Arc<CStr>,
    /// It still has both.
    pub both: bool,
    /// The paths of both for messages.
    pub shown: [Arc<[u8]>; 2],
}

/// A directory that is found again whenever the run ends.
pub(crate) enum Spot {
    /// Held open.
    Held(Arc<OwnedFd>),
    /// That of a copy, which may have been let go.
    Copy(Arc<DirJob>),
}

/// One debt. The first caller settles it, and no caller after that.
#[derive(Clone)]
pub(crate) struct Debt {
    owed: Arc<Owed>,
    number: u64,
}

impl Owed {
    fn lock(&self) -> MutexGuard<'_, OpenDebts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is to be taken back unless what it was done for comes.
    #[must_use]
    pub(crate) fn note(self: &Arc<Self>, undo: Undo) -> Debt {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state.open.insert(number, undo);
        Debt { owed: Arc::clone(self), number }
    }

    /// Takes back all that is left, and has `tell` tell of each.
    pub(crate) fn take_back_all(&self, tell: impl Fn(&Undo, Result<(), Errno>)) {
        let left = std::mem::take(&mut self.lock().open);
        for undo in left.values() {
            tell(undo, undo.take_back());
        }
    }
}

impl Debt {
    /// What it was done for is there.
    pub(crate) fn pay(&self) {
        self.owed.lock().open.remove(&self.number);
    }

    /// Takes the change back; `None` where the debt was settled before.
    ///
    /// # Errors
    /// What the kernel answered.
    #[must_use]
    pub(crate) fn take_back(&self) -> Option<Result<(), Errno>> {
        let undo = self.owed.lock().open.remove(&self.number)?;
        Some(undo.take_back())
    }
}

impl Undo {
    fn take_back(&self) -> Result<(), Errno> {
        match self {
            Self::Remove { at: At { directory, name }, shown: _ } => removed(directory, name),
            Self::PutBack(Moved { directory, from, to, both, shown: _ }) => directory.with(|directory| {
                rustix::fs::renameat(directory, &**to, directory, &**from)?;
                // Between two names of one file renaming does nothing.
                if *both { removed(directory, to) } else { Ok(()) }
            }),
        }
    }
}

impl Spot {
    fn with<T>(&self, act: impl FnOnce(BorrowedFd<'_>) -> Result<T, Errno>) -> Result<T, Errno> {
        match self {
            Self::Held(directory) => act(directory.as_fd()),
            Self::Copy(branch) => branch.with_destination(act),
        }
    }
}

/// Removes a name, if it is there.
fn removed(directory: impl AsFd, name: &CStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

impl fmt::Debug for Debt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Debt").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::chain::Directory;
    use rustix::fs::{CWD, Mode, OFlags};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    fn fresh(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("ucp-owed-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        path
    }

    fn open(path: &Path) -> Arc<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = rustix::fs::openat(CWD, path.as_os_str().as_bytes(), flags, Mode::empty());
        Arc::new(open.expect("a directory"))
    }

    fn moved(directory: &Path) -> Undo {
        std::fs::write(directory.join("a~"), "old").expect("a file");
        Undo::PutBack(Moved {
            directory: Spot::Held(open(directory)),
            from: Arc::from(c"a"),
            to: Arc::from(c"a~"),
            both: false,
            shown: [Arc::from(&b"a"[..]), Arc::from(&b"a~"[..])],
        })
    }

    #[test]
    fn what_nobody_settled_is_taken_back_at_the_end() {
        let directory = fresh("end");
        let owed = Arc::new(Owed::default());
        // The job that it was made for is lost.
        drop(owed.note(moved(&directory)));
        std::fs::write(directory.join(".b.ucp-00000000"), "half").expect("a file");
        let at = At { directory: Directory::Open(open(&directory)), name: Arc::from(c".b.ucp-00000000") };
        drop(owed.note(Undo::Remove { at, shown: b".b.ucp-00000000".to_vec() }));
        owed.take_back_all(|_undo, answer| assert_eq!(answer, Ok(())));
        let names: Vec<_> = std::fs::read_dir(&directory)
            .expect("a listing")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        std::fs::remove_dir_all(&directory).expect("a directory of the test's own");
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn a_debt_is_settled_once() {
        let directory = fresh("once");
        let owed = Arc::new(Owed::default());
        let (paid, back) = (owed.note(moved(&directory)), owed.note(moved(&directory)));
        paid.pay();
        assert_eq!(paid.take_back(), None);
        assert_eq!(back.clone().take_back(), Some(Ok(())));
        assert_eq!(back.take_back(), None);
        owed.take_back_all(|_undo, _answer| panic!("nothing is left"));
        std::fs::remove_dir_all(&directory).expect("a directory of the test's own");
    }
}
