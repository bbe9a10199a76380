//! A file that is kept under a backup's name: how it gets that, and its own again.

use super::owed::{Debt, Moved, Owed, Spot, Undo};
use crate::cli::cp::Backup;
use crate::cp::job::dir_job::DirJob;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::backup::{Name, Naming};
use crate::plan::facts::FileStat;
use crate::plan::listing::{Listing, MANY};
use crate::plan::path;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// Bytes of the longest name, from linux/limits.h.
const NAME_BYTES_MAX: usize = 255;

/// A name in the directory that it lies in, which is open for listing.
pub(super) struct Entry {
    directory: Arc<OwnedFd>,
    pub(super) name: CString,
}

impl Entry {
    fn named(&self, name: &CStr) -> At {
        At { directory: Directory::Open(Arc::clone(&self.directory)), name: Arc::from(name) }
    }

    /// Renames it in its directory, where it is to be `exclusive` only to a name that is free.
    fn rename(&self, name: &CStr, exclusive: bool) -> Result<(), Errno> {
        if exclusive {
            return place::rename_new(&self.named(&self.name), &self.named(name));
        }
        rustix::fs::renameat(&self.directory, &*self.name, &self.directory, name)
    }
}

impl Entry {
    /// Whether renaming it to `name` would destroy a source. GNU cp thinks so of a source that has the name of a `simple`
    /// backup, wherever that is, and is the file of that name here, also where the backup gets a number. Beyond that a
    /// source is spared whose contents would have no name any more: GNU cp makes the backup, and they are gone.
    pub(super) fn destroys(
        &self,
        name: &CStr,
        simple: Option<&CStr>,
        (source, facts): (&At, &FileStat),
    ) -> bool {
        let look = |name: &CStr, flags| {
            let stat = rustix::fs::statat(&self.directory, name, flags).ok()?;
            Some(FileStat::of(&stat)).filter(|there| there.identity == facts.identity)
        };
        if let Some(simple) = simple
            && path::last_component(source.name.to_bytes()) == simple.to_bytes()
            && look(simple, AtFlags::empty()).is_some()
        {
            return true;
        }
        let has_contents = matches!(facts.kind, FileType::RegularFile | FileType::Symlink);
        has_contents && look(name, AtFlags::SYMLINK_NOFOLLOW).is_some_and(|own| own.links <= 1)
    }
}

/// The file that was kept.
#[derive(Debug, Clone)]
pub(crate) struct KeptFile {
    /// That it comes back if nothing takes its place; `None` where it was not renamed.
    pub(super) debt: Option<Debt>,
    /// Its path now, for messages.
    pub(super) shown: Arc<[u8]>,
}

/// A backup that is to be made.
pub(crate) struct BackupPlan<'a> {
    pub destination: &'a At,
    pub(super) entry: Entry,
    /// The directory in work that the file lies in, unless it is an operand's.
    pub(super) branch: Option<&'a Arc<DirJob>>,
    pub(super) name: CString,
    /// The name is to be free.
    pub(super) exclusive: bool,
    /// The file stays under its own name until something takes its place.
    pub(super) stays: bool,
    /// The paths of the file and of its backup for messages.
    pub(super) shown: [Arc<[u8]>; 2],
}

impl BackupPlan<'_> {
    /// Renames the file, or gives it the other name beside its own, and notes how that is taken back.
    ///
    /// # Errors
    /// What rename(2) or link(2) answered.
    pub(crate) fn carry_out(self, owed: &Arc<Owed>) -> Result<KeptFile, Errno> {
        let Self { destination: _, entry, branch, name, exclusive, stays, shown } = self;
        let both = stays && link(&entry, &name, exclusive)?;
        if !both {
            entry.rename(&name, exclusive)?;
        }
        let path = Arc::clone(&shown[1]);
        let debt = owed.note(Undo::PutBack(Moved {
            directory: branch.map_or(Spot::Held(entry.directory), |branch| Spot::Copy(Arc::clone(branch))),
            from: Arc::from(entry.name),
            to: Arc::from(name),
            both,
            shown,
        }));
        Ok(KeptFile { debt: Some(debt), shown: path })
    }

    /// The backup that this would be.
    #[must_use]
    pub(crate) fn simulated(self) -> KeptFile {
        let [_, shown] = self.shown;
        KeptFile { debt: None, shown }
    }
}

impl KeptFile {
    /// One that a dry run would keep.
    #[must_use]
    pub(crate) fn simulated(path: &[u8], name: &[u8]) -> Option<Self> {
        let shown = beside(path, name);
        CString::new(name).ok()?;
        Some(Self { debt: None, shown: Arc::from(shown) })
    }

    /// Gives the file its name again, whatever is there now, unless its end was settled before.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(crate) fn put_back(&self) -> Result<(), Errno> {
        self.debt.as_ref().and_then(Debt::take_back).unwrap_or(Ok(()))
    }

    /// Something has taken its place, so it stays where it is.
    pub(crate) fn stays(&self) {
        if let Some(debt) = &self.debt {
            debt.pay();
        }
    }

    /// The path of the backup, for messages.
    #[must_use]
    pub(crate) fn shown(&self) -> &[u8] {
        &self.shown
    }
}

/// The path of `name` in the directory of the last component of `path`.
pub(super) fn beside(path: &[u8], name: &[u8]) -> Vec<u8> {
    [&path[..path.len() - path::last_component(path).len()], name].concat()
}

pub(super) fn entry_of(at: &At) -> Result<Entry, Errno> {
    let name = at.name.to_bytes();
    let parent = CString::new(path::parent(name)).map_err(|_nul| Errno::INVAL)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match rustix::fs::openat(&at.directory, &*parent, flags, Mode::empty()) {
        // One that may not be listed may be written to all the same.
        Err(Errno::ACCESS) => {
            let flags = flags.difference(OFlags::RDONLY) | OFlags::PATH;
            rustix::fs::openat(&at.directory, &*parent, flags, Mode::empty())?
        }
        answer => answer?,
    };
    let name = CString::new(path::last_component(name)).map_err(|_nul| Errno::INVAL)?;
    Ok(Entry { directory: Arc::new(directory), name })
}

/// Gives a file its backup's name beside its own; whether that could be. A file system may have no hard links, and the
/// kernel keeps ordinary users from making some.
fn link(entry: &Entry, backup: &CStr, exclusive: bool) -> Result<bool, Errno> {
    let link = |name: &CStr| {
        let Entry { directory, name: own } = entry;
        rustix::fs::linkat(directory, &**own, directory, name, AtFlags::empty())
    };
    match link(backup) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) if exclusive => Err(Errno::EXIST),
        Err(Errno::EXIST) => Ok(place::replace(&entry.named(backup), link).is_ok()),
        Err(_) => Ok(false),
    }
}

/// The name for the backup of a file.
pub(super) fn backup_name(
    entry: &Entry,
    backup: &Backup,
    more: impl FnOnce(&mut Naming),
) -> Result<Name, Errno> {
    let mut naming = Naming::of(entry.name.to_bytes(), backup);
    if naming.needs_listing() {
        let mut listing = Listing::default();
        loop {
            let (entries, ended) = match listing.fetch(&entry.directory, MANY) {
                // Nothing is known of older backups. The name is not taken where there is one.
                Err(Errno::BADF) => break,
                answer => answer?,
            };
            entries.iter().for_each(|entry| naming.see(entry.name.to_bytes()));
            if ended {
                break;
            }
        }
        more(&mut naming);
    }
    // Where the file system does not say, a name has what it has nearly everywhere; too long a one is refused.
    let bytes_max = rustix::fs::fstatfs(&entry.directory)
        .map_or(NAME_BYTES_MAX, |answer| usize::try_from(answer.f_namelen).unwrap_or(NAME_BYTES_MAX));
    Ok(naming.name(bytes_max))
}
