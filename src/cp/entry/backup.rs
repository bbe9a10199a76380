//! Files that are kept under a backup's name: renamed before they are replaced, and back again where nothing took their
//! place.

use super::owed::{Debt, Moved, Owed, Spot, Undo};
use crate::cli::cp::Backup;
use crate::cp::job::FileJob;
use crate::cp::job::dir_job::DirJob;
use crate::cp::observer::{Event, Observer};
use crate::cp::walk::Walker;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::backup::{Name, Naming};
use crate::plan::facts::FileStat;
use crate::plan::listing::Listing;
use crate::plan::path;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// Bytes of the longest name, from linux/limits.h.
const NAME_BYTES_MAX: usize = 255;

/// Names of a backup that are tried before it is given up: others make backups of the same file.
const ATTEMPTS_MAX: u32 = 16;

/// A name in the directory that it lies in, which is open for listing.
struct Entry {
    directory: Arc<OwnedFd>,
    name: CString,
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
    fn destroys(&self, name: &CStr, simple: Option<&CStr>, (source, facts): (&At, &FileStat)) -> bool {
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
    debt: Option<Debt>,
    /// Its path now, for messages.
    shown: Arc<[u8]>,
}

/// A backup that is to be made.
pub(crate) struct BackupPlan<'a> {
    pub destination: &'a At,
    entry: Entry,
    /// The directory in work that the file lies in, unless it is an operand's.
    branch: Option<&'a Arc<DirJob>>,
    name: CString,
    /// The name is to be free.
    exclusive: bool,
    /// The file stays under its own name until something takes its place.
    stays: bool,
    /// The paths of the file and of its backup for messages.
    shown: [Arc<[u8]>; 2],
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

impl Walker<'_, '_> {
    /// Renames what is at `destination` to its backup's name; or, where it is to stay until something takes its place,
    /// gives it that name for another, if that can be. `shown` is what both are called, the destination first; `branch`,
    /// the directory in work that it lies in, unless it is an operand's. A backup that would take the place of the source
    /// is refused.
    pub(crate) fn back_up(
        &self,
        (destination, branch): (&At, Option<&Arc<DirJob>>),
        shown: [&[u8]; 2],
        backup: &Backup,
        source: (&At, &FileStat),
        stays: bool,
    ) -> Result<KeptFile, FileError> {
        let mut attempts = 1;
        loop {
            match self.try_back_up((destination, branch), shown, backup, source, stays) {
                // Somebody has made a backup of that number meanwhile: there is a next one.
                Err(FileError { errno: Some(Errno::EXIST), .. }) if attempts < ATTEMPTS_MAX => attempts += 1,
                answer => return answer,
            }
        }
    }

    fn try_back_up(
        &self,
        (destination, branch): (&At, Option<&Arc<DirJob>>),
        shown: [&[u8]; 2],
        backup: &Backup,
        source: (&At, &FileStat),
        stays: bool,
    ) -> Result<KeptFile, FileError> {
        let failed = |errno| FileError::failed(MessageKind::CannotBackUp, shown[0].to_vec(), errno);
        let effects = &self.shared.effects;
        if let Some(kept) = effects.back_up_foreseen(destination, shown[0], backup).map_err(failed)? {
            return Ok(kept);
        }
        let entry = entry_of(destination).map_err(failed)?;
        let beside_it = |naming: &mut Naming<'_>| effects.see_backups(naming, shown[0]);
        let kept = backup_name(&entry, backup, beside_it).map_err(failed)?;
        let name = CString::new(kept.name.clone()).map_err(|_nul| failed(Errno::INVAL))?;
        let simple = Naming::of(entry.name.to_bytes(), backup).simple().map(CString::new).transpose();
        let simple = simple.map_err(|_nul| failed(Errno::INVAL))?;
        if entry.destroys(&name, simple.as_deref(), source) {
            return Err(FileError::between(
                MessageKind::BackupDestroys,
                shown[0].to_vec(),
                shown[1].to_vec(),
            ));
        }
        let paths = [Arc::from(shown[0]), Arc::from(beside(shown[0], &kept.name))];
        let exclusive = kept.exclusive;
        let plan = BackupPlan { destination, entry, branch, name, exclusive, stays, shown: paths };
        effects.back_up(plan).map_err(failed)
    }

    /// `-b -f` of a file onto itself: its copy is the backup.
    pub(crate) fn copy_to_backup(&self, job: &mut FileJob, backup: &Backup) -> Result<(), FileError> {
        let failed = |errno| FileError::failed(MessageKind::CannotBackUp, job.destination_path(), errno);
        let kept = entry_of(&job.destination)
            .and_then(|entry| backup_name(&entry, backup, |_| {}))
            .map_err(failed)?;
        let place = beside(job.destination.name.to_bytes(), &kept.name);
        let place = CString::new(place).map_err(|_nul| failed(Errno::INVAL))?;
        job.call_destination(&beside(&job.destination_path(), &kept.name));
        job.destination.name = Arc::from(place);
        Ok(())
    }

    /// Gives the file that was kept for a copy that failed its name again.
    pub(crate) fn restore(&self, kept: &KeptFile, path: impl FnOnce() -> Vec<u8>) {
        let answer = match &kept.debt {
            None => Some(Ok(())),
            Some(debt) => debt.take_back(),
        };
        if let Some(answer) = answer {
            tell_restored(&self.shared.observer, answer, &kept.shown, &path());
        }
    }
}

/// Takes back what the run has done for things that never came, now that nobody is at work any more.
pub(crate) fn take_back_all(owed: &Owed, observer: &Observer<'_>) {
    owed.take_back_all(|undo, answer| match undo {
        Undo::PutBack(moved) => tell_restored(observer, answer, &moved.shown[1], &moved.shown[0]),
        // What it was for has failed, and that was told; not that something is left of it.
        Undo::Remove { at: _, shown } => {
            if let Err(errno) = answer {
                let problem = FileError::failed(MessageKind::CannotRemove, shown.clone(), errno);
                observer.tell(Event::Failed(&problem));
            }
        }
    });
}

fn tell_restored(observer: &Observer<'_>, answer: Result<(), Errno>, kept: &[u8], path: &[u8]) {
    match answer {
        Err(errno) => {
            let problem = FileError::failed(MessageKind::CannotUndoBackUp, path.to_vec(), errno);
            observer.tell(Event::Failed(&problem));
        }
        Ok(()) => observer.tell(Event::Restored(kept, path)),
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
fn beside(path: &[u8], name: &[u8]) -> Vec<u8> {
    [&path[..path.len() - path::last_component(path).len()], name].concat()
}

fn entry_of(at: &At) -> Result<Entry, Errno> {
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
fn backup_name(entry: &Entry, backup: &Backup, more: impl FnOnce(&mut Naming)) -> Result<Name, Errno> {
    let mut naming = Naming::of(entry.name.to_bytes(), backup);
    if naming.needs_listing() {
        let mut listing = Listing::default();
        loop {
            let (entries, ended) = match listing.fetch(&entry.directory) {
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
