//! Backups: what is there is renamed before it is replaced, and back again where nothing took its place.

use super::kept_file::{BackupPlan, KeptFile, backup_name, beside, entry_of};
use super::owed::{Owed, Undo};
use crate::cli::cp::Backup;
use crate::cp::job::FileJob;
use crate::cp::job::dir_job::DirJob;
use crate::cp::observer::{Event, Observer};
use crate::cp::walk::Walker;
use crate::pipeline::chain::At;
use crate::plan::backup::Naming;
use crate::plan::facts::FileStat;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::Arc;

/// Names of a backup that are tried before it is given up: others make backups of the same file.
const ATTEMPTS_MAX: u32 = 16;

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
                // Another process or worker has made a backup of that number meanwhile: there is a next one.
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

/// Takes back what the run has done for things that never came, now that no worker runs any more.
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
