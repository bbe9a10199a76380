//! Files that are kept under a backup's name: renamed before they are replaced, and back again where nothing took their
//! place.

use super::chain::At;
use super::job::FileJob;
use super::worker::Worker;
use crate::cli::cp::Backup;
use crate::plan::backup::{Name, Naming};
use crate::plan::facts::{Facts, Identity};
use crate::plan::path;
use crate::plan::walk::Listing;
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// A name in the directory that it lies in, which is open for listing.
struct Entry {
    directory: OwnedFd,
    name: CString,
}

/// The file that was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its name now, in the directory where it was.
    name: Arc<CStr>,
    /// The path of that, for messages.
    shown: Arc<[u8]>,
}

impl Worker<'_, '_> {
    /// Renames what is at `destination` to its backup's name. `shown` is what both are called, the destination first.
    /// A backup that would take the place of the source is refused.
    pub(super) fn back_up(
        &self,
        destination: &At,
        shown: [&[u8]; 2],
        backup: &Backup,
        source: Identity,
    ) -> Result<Kept, Problem> {
        let failed = |errno| Problem::failed(What::CannotBackUp, shown[0].to_vec(), errno);
        let entry = entry_of(destination).map_err(failed)?;
        let kept = backup_name(&entry, backup).map_err(failed)?;
        let name = CString::new(kept.name.clone()).map_err(|_nul| failed(Errno::INVAL))?;
        let there = rustix::fs::statat(&entry.directory, &*name, AtFlags::empty());
        if there.is_ok_and(|stat| Facts::of(&stat).identity == source) {
            return Err(Problem::between(What::BackupDestroys, shown[0].to_vec(), shown[1].to_vec()));
        }
        let flags = if kept.exclusive { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
        rustix::fs::renameat_with(&entry.directory, &*entry.name, &entry.directory, &*name, flags)
            .map_err(failed)?;
        Ok(Kept { name: Arc::from(name), shown: Arc::from(beside(shown[0], &kept.name)) })
    }

    /// `-b -f` of a file onto itself: its copy is the backup.
    pub(super) fn copy_to_backup(&self, job: &mut FileJob, backup: &Backup) -> Result<(), Problem> {
        let failed = |errno| Problem::failed(What::CannotBackUp, job.destination_path(), errno);
        let kept =
            entry_of(&job.destination).and_then(|entry| backup_name(&entry, backup)).map_err(failed)?;
        let place = beside(job.destination.name.to_bytes(), &kept.name);
        let place = CString::new(place).map_err(|_nul| failed(Errno::INVAL))?;
        job.call_destination(&beside(&job.destination_path(), &kept.name));
        job.destination.name = Arc::from(place);
        Ok(())
    }

    /// Gives the file that was kept for a copy that failed its name again.
    pub(super) fn restore(&self, job: &FileJob) {
        let Some(kept) = &job.kept else { return };
        match kept.put_back(&job.destination) {
            Err(errno) => {
                let problem = Problem::failed(What::CannotUndoBackUp, job.destination_path(), errno);
                self.shared.reporter.problem(&problem);
            }
            Ok(()) if self.shared.options.verbose => {
                self.shared.reporter.restored(&kept.shown, &job.destination_path());
            }
            Ok(()) => {}
        }
    }
}

impl Kept {
    /// Gives the file the name again under which it was at this place, whatever is there now.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn put_back(&self, place: &At) -> Result<(), Errno> {
        let entry = entry_of(place)?;
        rustix::fs::renameat(&entry.directory, &*self.name, &entry.directory, &*entry.name)
    }

    /// The path of the backup, for messages.
    #[must_use]
    pub fn shown(&self) -> &[u8] {
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
    Ok(Entry { directory, name })
}

/// The name for the backup of a file.
fn backup_name(entry: &Entry, backup: &Backup) -> Result<Name, Errno> {
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
    }
    let bytes_max = rustix::fs::fstatfs(&entry.directory)?.f_namelen;
    Ok(naming.name(usize::try_from(bytes_max).unwrap_or(255)))
}
