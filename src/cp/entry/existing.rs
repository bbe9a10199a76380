//! Files, links and devices under options that ask what is there before anything is done: `-n -u -i -b -f -l -s`,
//! `--remove-destination`, and `-v` for its lines. Without any of them files go straight to their copying.

use super::kept_file::KeptFile;
use crate::cli::cp::{Control, CpOptions, Make, Overwrite};
use crate::cp::effects::MadeEntry;
use crate::cp::job::FileJob;
use crate::cp::observer::Event;
use crate::cp::walk::Walker;
use crate::pipeline::chain::{At, Directory};
use crate::plan::data::{self, Trail};
use crate::plan::facts::FileStat;
use crate::plan::overwrite::Existing;
use crate::plan::replace::{self, ExistingAction, SameFileEvidence};
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Whether files have to be looked at by these options before they are copied.
#[must_use]
pub(crate) fn asks_first(options: &CpOptions) -> bool {
    options.overwrite != Overwrite::All
        || options.ask
        || options.backup.is_some()
        || options.remove_destination
        || options.make != Make::Copies
        || options.verbose
        || options.preserve.links
}

impl Walker<'_, '_> {
    /// Begins with a file that is no directory, known by `facts` to be what it is.
    pub(crate) fn begin_entry(&mut self, mut job: FileJob, facts: &FileStat) {
        let options = self.shared.options;
        if let Some(order) = self.order_of(&job, facts) {
            return self.wait_for_turn(job, facts, order);
        }
        if let Some(problem) = self.shared.outputs.met_source(facts.identity, || job.source_path()) {
            return self.leaf_failed(job, &problem);
        }
        // Of what is no regular file no plain file is made without a look at what is there.
        let ready = match asks_first(options) || facts.kind != FileType::RegularFile {
            true => self.prepare(&mut job, facts),
            false => Ok(Ready::Copy),
        };
        let ready = match ready {
            // A directory at the end of a link is changed by what is copied there first, and then it may be the newer one.
            Err(FileError { what: MessageKind::OverwriteDirectory, .. })
                if options.overwrite == Overwrite::Older && !options.ask && !self.is_idle() =>
            {
                self.end_all();
                job.found = None;
                self.prepare(&mut job, facts)
            }
            ready => ready,
        };
        match ready {
            Ok(ready @ (Ready::Copy | Ready::Stays)) => {
                self.copy_or_link(job, facts, ready == Ready::Stays);
            }
            Ok(Ready::Done) => {
                job.left_out = true;
                self.leaf_done(&job);
            }
            Err(problem) => self.leaf_failed(job, &problem),
        }
    }

    /// Makes what is put at the destination, where nothing is in the way any more, or it is to be written.
    pub(crate) fn copy_leaf(&mut self, mut job: FileJob, facts: &FileStat) {
        let options = self.shared.options;
        let read = options.make == Make::Copies && replace::is_read(options, facts.kind);
        // Where backups are made a directory in the way is met here, as for another name of a copy it is only that.
        let there = job.found.as_ref().and_then(|found| replace::there(options, facts, found));
        if read && there.is_some_and(|there| there.kind == FileType::Directory) && options.backup.is_some() {
            self.shared.observer.tell(Event::Failed(&self.directory_in_the_way(&job)));
            self.say_untouched();
            (job.failed, job.left_out) = (true, true);
            return self.leaf_done(&job);
        }
        if !read {
            self.shared.observer.tell(Event::Changes(&job));
        }
        match self.shared.effects.make_entry(&mut job, facts) {
            Ok(MadeEntry::Contents) => return self.books.backlog.push_back(Box::new(job)),
            // The link stands for the copy.
            Ok(MadeEntry::Link) => self.books.tally.file(0),
            Ok(MadeEntry::Foreseen(Some(bytes))) => self.books.meter.simulated(bytes),
            Ok(MadeEntry::Node | MadeEntry::Foreseen(None)) => {}
            Err(problem) => {
                self.shared.observer.tell(Event::Failed(&problem));
                job.failed = true;
            }
        }
        self.leaf_done(&job);
    }

    /// Does what the options ask for before a file is copied; `job` then knows what it will find.
    fn prepare(&self, job: &mut FileJob, facts: &FileStat) -> Result<Ready, FileError> {
        let options = self.shared.options;
        if facts.kind == FileType::Unknown {
            return Err(FileError::of(MessageKind::UnknownType, job.source_path()));
        }
        match &options.backup {
            Some(backup) if is_kept_itself(options, job) => {
                self.copy_to_backup(job, backup)?;
                job.found = None;
                // What is in its way is treated as if no backups were asked for.
                self.prepare_by(&CpOptions { backup: None, ..options.clone() }, job, facts)
            }
            Some(_) | None => self.prepare_by(options, job, facts),
        }
    }

    /// Looks at the destination, where that was not done. A link that cannot be looked through is an error where it is not
    /// to go.
    fn find(&self, options: &CpOptions, job: &FileJob, facts: &FileStat) -> Result<Existing, FileError> {
        let failed = |errno| FileError::failed(MessageKind::CannotStat, job.destination_path(), errno);
        let kind = replace::looks_as(options, facts.kind, job.is_operand());
        let found = match job.found {
            Some(found) => found,
            None => {
                let shown = || job.destination_path();
                self.shared.effects.look(&job.destination, &shown, Some(kind)).map_err(failed)?
            }
        };
        match found {
            Existing::ClosedLink { errno, .. }
                if replace::looks_through(options, facts) && !replace::is_forced_out(options, errno) =>
            {
                Err(failed(errno))
            }
            found => Ok(found),
        }
    }

    /// Does what these options ask for.
    fn prepare_by(
        &self,
        options: &CpOptions,
        job: &mut FileJob,
        facts: &FileStat,
    ) -> Result<Ready, FileError> {
        let found = self.find(options, job, facts)?;
        job.found = Some(found);
        let compared = self.comparable(job, facts, &found);
        let fate = replace::fate(options, &compared, &found, || {
            let follows = replace::follows(options, job.is_operand());
            let (from, to) = (job.source_path(), job.destination_path());
            let places = [(&job.source, &*from), (&job.destination, &*to)];
            let leads = replace::looks_behind(options, facts, &found);
            SameFileEvidence { follows, ..self.relation(places, job.follow, facts, leads) }
        });
        match fate {
            ExistingAction::Replace | ExistingAction::Done => {}
            ExistingAction::Skip => {
                self.shared.observer.tell(Event::Stays(job));
                if options.overwrite == Overwrite::Older {
                    return Ok(Ready::Stays);
                }
                self.shared.observer.tell(Event::Skipped(job));
                return Ok(Ready::Done);
            }
            ExistingAction::Refuse => {
                return Err(FileError::of(MessageKind::NotReplacing, job.destination_path()));
            }
            ExistingAction::SameFile => {
                return Err(FileError::between(
                    MessageKind::SameFile,
                    job.source_path(),
                    job.destination_path(),
                ));
            }
        }
        let there = replace::there(options, facts, &found);
        let met = there.and_then(|there| self.shared.outputs.met_copy(there.identity, || job.source_path()));
        if let Some(problem) = met {
            return Err(problem);
        }
        let asked_about = || there.copied().or_else(|| stood_for(self.shared.options, job));
        let is_declined = || {
            asked_about().is_some_and(|there| {
                !self.shared.effects.confirm(&job.destination, &job.destination_path(), &there)
            })
        };
        if options.ask && is_declined() {
            self.shared.observer.tell(Event::Declined);
            self.shared.observer.tell(Event::Skipped(job));
            self.shared.observer.tell(Event::Stays(job));
            return Ok(Ready::Done);
        }
        let Some(there) = there else {
            if let Some(problem) = self.met_just_created(job, facts) {
                return Err(problem);
            }
            self.announce(job, None);
            return Ok(Ready::Copy);
        };
        if fate == ExistingAction::Done {
            return Ok(Ready::Done);
        }
        self.make_way(options, job, facts, there)
    }

    /// What to say where the copy would be written through a link that an earlier operand has just made.
    fn met_just_created(&self, job: &FileJob, facts: &FileStat) -> Option<FileError> {
        let options = self.shared.options;
        let met = job.found.filter(|found| !matches!(found, Existing::File(_)))?;
        let through = job.is_operand() && replace::looks_through(options, facts);
        if through { job.just_created(&met, options.posixly_correct) } else { None }
    }

    /// Renames or removes what is there, as the options say, and prints the lines of `-v`.
    fn make_way(
        &self,
        options: &CpOptions,
        job: &mut FileJob,
        facts: &FileStat,
        there: &FileStat,
    ) -> Result<Ready, FileError> {
        let directory = there.kind == FileType::Directory;
        let numbered = options.backup.as_ref().is_some_and(|backup| backup.control == Control::Numbered);
        if directory && options.backup.is_none() {
            return Err(FileError::between(
                MessageKind::OverwriteDirectory,
                job.destination_path(),
                job.source_path(),
            ));
        }
        if let Some(problem) = self.met_just_created(job, facts) {
            return Err(problem);
        }
        if !numbered && job.is_just_created(there) {
            return Err(FileError::between(
                MessageKind::JustCreated,
                job.destination_path(),
                job.source_path(),
            ));
        }
        let mut kept = None;
        if directory {
            // It is never renamed.
        } else if let Some(backup) = &options.backup {
            let shown = [&job.destination_path()[..], &job.source_path()];
            let stays = self.shared.atomic();
            let place = (&job.destination, job.branch());
            kept = Some(self.back_up(place, shown, backup, (&job.source, facts), stays)?);
            job.is_freed();
            (job.over, job.unmoved) = (stays, still_has_its_name(job, there));
        } else if replace::is_removed_first(options, facts, there, job.is_operand()) {
            self.remove(job)?;
            job.over = self.shared.atomic();
            job.is_freed();
        }
        self.announce(job, kept.as_ref().map(KeptFile::shown));
        job.announced = true;
        job.kept = kept;
        Ok(Ready::Copy)
    }

    /// What to say of a directory that a file's data cannot be written to. The source is opened first, and may not let.
    fn directory_in_the_way(&self, job: &FileJob) -> FileError {
        let follow = if job.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | follow;
        let At { directory, name } = &job.source;
        if let Err(errno) = rustix::fs::openat(directory, &**name, flags, Mode::empty()) {
            return FileError::failed(MessageKind::CannotOpen, job.source_path(), errno);
        }
        if !self.shared.options.force {
            return FileError::failed(MessageKind::CannotCreateRegular, job.destination_path(), Errno::ISDIR);
        }
        // The kernel says first that a name that ends in a slash is to be a directory, and a link is none.
        if let Some(own) = job.destination.name.to_bytes().strip_suffix(b"/") {
            let stat = rustix::fs::statat(&job.destination.directory, own, AtFlags::SYMLINK_NOFOLLOW);
            let is_link = stat.is_ok_and(|stat| FileStat::of(&stat).kind == FileType::Symlink);
            let refused = if is_link { Errno::NOTDIR } else { Errno::ISDIR };
            return FileError::failed(MessageKind::CannotRemove, job.destination_path(), refused);
        }
        // Then it asks whether the name may be taken at all.
        let refused = self.shared.effects.may_change(&job.destination).err().unwrap_or(Errno::ISDIR);
        FileError::failed(MessageKind::CannotRemove, job.destination_path(), refused)
    }

    pub(crate) fn remove(&self, job: &FileJob) -> Result<(), FileError> {
        if !self.shared.atomic() {
            self.shared.observer.tell(Event::Changes(job));
        }
        match self.shared.effects.make_way(&job.destination, job.found.as_ref()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => {
                return Err(FileError::failed(MessageKind::CannotRemove, job.destination_path(), errno));
            }
        }
        self.shared.observer.tell(Event::Removed(job));
        Ok(())
    }

    /// Says that nothing became of the data of a file whose destination could not be opened.
    fn say_untouched(&self) {
        let CpOptions { attributes_only, reflink, sparse, .. } = *self.shared.options;
        let mut words = || (!attributes_only).then(|| data::words(&Trail::default(), reflink, sparse));
        self.shared.observer.tell(Event::Data(&mut words));
    }

    /// Says that the copy is being made, unless that was said, and under which path what was there is kept.
    fn announce(&self, job: &FileJob, kept: Option<&[u8]>) {
        if !job.announced {
            self.shared.observer.tell(Event::Copying(job, kept));
        }
    }
}

/// The working directory, for which an empty name stands until a backup of it is to be kept.
fn stood_for(options: &CpOptions, job: &FileJob) -> Option<FileStat> {
    let stands = options.backup.is_some() && job.destination.name.is_empty();
    rustix::fs::statat(CWD, c".", AtFlags::empty()).ok().filter(|_| stands).map(|stat| FileStat::of(&stat))
}

/// What is left to do with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    /// To make its copy.
    Copy,
    /// Nothing but to make what stays at the destination another name of the first copy, where the source is one.
    Stays,
    Done,
}

/// Whether the file at the destination has its name after it was renamed to its backup's: rename(2) does nothing where that
/// is another name of it.
fn still_has_its_name(job: &FileJob, there: &FileStat) -> bool {
    let At { directory, name } = &job.destination;
    let look = || rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW);
    there.links > 1 && look().is_ok_and(|stat| FileStat::of(&stat).identity == there.identity)
}

/// Whether a file is copied onto itself, by the very name, and is to be kept all the same.
fn is_kept_itself(options: &CpOptions, job: &FileJob) -> bool {
    let leads_to = || {
        let At { directory, name } = &job.destination;
        process::look(directory, &**name, AtFlags::empty()).ok().map(|stat| FileStat::of(&stat).kind)
    };
    options.force
        && matches!(job.destination.directory, Directory::Working)
        && job.source.name == job.destination.name
        && leads_to() == Some(FileType::RegularFile)
}
