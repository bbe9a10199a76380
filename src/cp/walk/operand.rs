//! Operands: looked at by name as they were typed, then handed to the tree or to a file's way.

use super::source_directory::DirAccess;
use super::{TASKS_FOR_HELP, Walker, overlap};
use crate::cli::cp::{CpOptions, Destination, Follow, Make, Overwrite, Reflink};
use crate::cp::entry::created::CreatedFiles;
use crate::cp::job::dir_job::Origin;
use crate::cp::job::dir_place::DirPlace;
use crate::cp::job::operand_path::{typed, without_slashes};
use crate::cp::job::{FileJob, JobPlace, Operand, Share};
use crate::cp::observer::Event;
use crate::cp::task::Task;
use crate::cp::walk::operand_list::Operands;
use crate::pipeline::chain::{At, Directory};
use crate::plan::facts::FileStat;
use crate::plan::listing::Rank;
use crate::plan::overwrite::Existing;
use crate::plan::replace::{self, ExistingAction, SameFileEvidence};
use crate::plan::{linking, path};
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{AtFlags, CWD, FileType, Timespec};
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What was seen of an operand before anything is done about it.
struct Examined {
    source: Result<FileStat, Errno>,
    found: Result<Existing, Errno>,
}

impl Examined {
    /// Whether the operand could meet what others do, or they what it does: its source cannot be had (yet), or has
    /// changed since the run `began`, or there is something that it would change.
    fn may_meet_others(&self, began: Timespec) -> bool {
        let changed =
            |facts: &FileStat| (facts.changed.tv_sec, facts.changed.tv_nsec) >= (began.tv_sec, began.tv_nsec);
        self.source.as_ref().map_or(true, changed) || self.found != Ok(Existing::Nothing)
    }
}

impl Walker<'_, '_> {
    /// Begins with the next operand and leaves the others for later: at once, to any free worker, or, where the two
    /// could meet, when all else is done. GNU copies one operand after the other; the user is to see no difference.
    pub(crate) fn operands(&mut self, operands: Operands) {
        let Operands { mut left, mut more, alone } = operands;
        if left.is_empty() {
            left.extend(more.as_mut().and_then(|listed| listed.next(self.shared.reporter)));
            if let (Some(targets), Some(operand)) = (&self.shared.targets, left.front()) {
                targets.note(operand, self.shared.reporter);
            }
        }
        let Some(operand) = left.front() else { return };
        if !alone && self.an_operand_leads_through_copied() {
            return self.shared.queue.defer(Task::Operands(Operands { left, more, alone: true }));
        }
        // With the directories above its copy, an operand is looked at when those are there: GNU cp takes them first.
        let examined = (!self.shared.options.parents).then(|| self.examine(operand, false));
        let source = examined.as_ref().and_then(|examined| examined.source.as_ref().ok()).copied();
        let within = || source.is_some_and(|facts| self.is_within_itself(operand, &facts));
        let meets = examined.as_ref().is_none_or(|examined| {
            operand.made.is_some()
                || self.is_read_again(examined)
                || examined.may_meet_others(self.shared.began)
                || within()
        });
        if meets && !alone {
            return self.shared.queue.defer(Task::Operands(Operands { left, more, alone: true }));
        }
        let Some(operand) = left.pop_front() else { return };
        // Whether a directory was an operand before is known when its copy is there.
        let first = self.shared.directories.is_some()
            && source.is_some_and(|facts| facts.kind == FileType::Directory);
        let mut afterwards = None;
        let many = left.len() >= TASKS_FOR_HELP;
        let is_last = left.is_empty() && more.is_none();
        if meets && !is_last {
            self.shared.queue.defer(Task::Operands(Operands { left, more, alone: true }));
        } else if first && !is_last {
            afterwards = Some(Task::Operands(Operands { left, more, alone: false }));
        } else if !is_last {
            self.queue_tasks(vec![Task::Operands(Operands { left, more, alone: false })]);
            if many {
                self.call_for_help();
            }
        }
        let begun = match examined {
            Some(_) if self.is_left_out(&operand, || source) => Ok(()),
            Some(examined) => self.begin_operand(&operand, examined),
            None => self.begin_with_parents(&operand),
        };
        if let Err(problem) = begun {
            self.shared.observer.tell(Event::Failed(&problem));
        }
        if let Some(left) = afterwards {
            self.shared.queue.offer(self.number, left);
            if many {
                self.call_for_help();
            }
        }
    }

    /// True if an operand must not be looked at before the earlier ones are copied.
    pub(crate) fn an_operand_leads_through_copied(&self) -> bool {
        let options = self.shared.options;
        *self.shared.met.operand_leads_through.get_or_init(|| overlap::leads_through_copied(options))
    }

    /// Whether an operand's file was one before, where the times that its copy keeps depend on the earlier one having been
    /// read.
    fn is_read_again(&self, examined: &Examined) -> bool {
        let Ok(facts) = &examined.source else { return false };
        let options = self.shared.options;
        let in_turn = options.sources.len() != 1 && linking::reads_in_turn(options);
        // In a tree, what links lead to can be any of its files.
        if in_turn && options.recursive && options.follow != Follow::Never {
            return true;
        }
        in_turn && facts.kind != FileType::Directory && self.shared.met.read_operands.is_there(facts.identity)
    }

    /// Looks at an operand and at what is at its copy's name; not at that where the copy counts as `new` whatever it is.
    fn examine(&self, operand: &Operand, new: bool) -> Examined {
        let follow = self.shared.options.follow != Follow::Never;
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        let stat = process::look(&operand.source.directory, &*operand.source.name, flags);
        let source = stat.map(|stat| FileStat::of(&stat));
        let twice = source.as_ref().is_ok_and(|facts| {
            let made = operand.made.as_ref().filter(|_| self.shared.options.backup.is_none());
            made.is_some_and(|made| made.has_source(facts.identity, &operand.source))
        });
        // Following a link at the destination changes its access time, so that is done only where the copy needs it.
        let omitted = |facts: &FileStat| facts.kind == FileType::Directory && !self.shared.settings.recursive;
        let found = match &source {
            Ok(facts) if !twice && !new && !omitted(facts) => {
                let kind = replace::looks_as(self.shared.options, facts.kind, true);
                self.shared.effects.look(&operand.destination, &|| operand.destination_path(), Some(kind))
            }
            Ok(_) | Err(_) => Ok(Existing::Nothing),
        };
        Examined { source, found }
    }

    /// Makes the directories above an operand's copy, and begins with it then.
    fn begin_with_parents(&mut self, operand: &Operand) -> Result<(), FileError> {
        if self.is_left_out(operand, || self.examine(operand, true).source.ok()) {
            return Ok(());
        }
        let operand = self.with_parents(operand)?;
        let examined = self.examine(&operand, self.shared.parents.count_as_new());
        self.begin_operand(&operand, examined)
    }

    fn begin_operand(&mut self, operand: &Operand, examined: Examined) -> Result<(), FileError> {
        let source_failed = |errno| FileError::failed(MessageKind::CannotStat, operand.source_path(), errno);
        let facts = examined.source.map_err(source_failed)?;
        if operand.destination.name.is_empty()
            && (is_working_directory(self.shared.options, &facts)
                || stays_for_it(self.shared.options, &facts))
        {
            let (source, shown) = (operand.source.clone(), Some(Arc::from(operand.destination_path())));
            let destination = At { directory: Directory::Working, name: Arc::from(c".") };
            let here =
                Operand { shown, number: operand.number, ..Operand::new(source, destination, None, None) };
            let examined = self.examine(&here, false);
            return self.begin_operand(&here, examined);
        }
        let directory = facts.kind == FileType::Directory;
        if directory && !self.shared.settings.recursive {
            return Err(FileError::of(MessageKind::OmittingDirectory, operand.source_path()));
        }
        if let Some(problem) = self.duplicate_source(operand, &facts) {
            return Err(problem);
        }
        let destination_failed =
            |errno| FileError::failed(MessageKind::CannotStat, operand.destination_path(), errno);
        let found = examined.found.map_err(destination_failed)?;
        if directory {
            return self.directory_operand(operand, &facts, found);
        }
        let names = JobPlace::Operand {
            source: Arc::from(operand.source_path()),
            destination: Arc::from(operand.destination_path()),
        };
        let job = FileJob {
            source: operand.source.clone(),
            destination: self.held_in_place(operand, &facts),
            names,
            follow: self.shared.options.follow != Follow::Never,
            seen: Some(facts),
            found: Some(found),
            destination_device: device_of(&operand.destination, &found, self.shared.options.posixly_correct),
            made: operand.made.clone(),
            belongs_to: None,
            announced: false,
            over: false,
            unmoved: false,
            rank: Some(rank_of(operand.number)),
            unseen: self.shared.parents.count_as_new(),
            kept: None,
            failed: false,
            left_out: false,
            share: Share::None,
            copies: Vec::new(),
        };
        self.begin_entry(job, &facts);
        Ok(())
    }

    /// The place of an operand's copy, with its directory held open where more is done by the copy's name than to make it:
    /// what was typed may lead elsewhere by then. Where that cannot be held, making the copy reports why.
    fn held_in_place(&self, operand: &Operand, facts: &FileStat) -> At {
        let options = self.shared.options;
        let At { directory, name } = &operand.destination;
        let once = options.make == Make::Copies
            && facts.kind == FileType::RegularFile
            && options.reflink != Reflink::Always
            && options.backup.is_none()
            && self.shared.observer.progress().is_none();
        // A file that is copied onto itself is known by what was typed.
        let typed = matches!(directory, Directory::Working) && *name == operand.source.name;
        let few = !self.shared.has_descriptors_to_spare();
        if once || typed || few || !name.to_bytes().contains(&b'/') {
            return operand.destination.clone();
        }
        self.shared.effects.pin(&operand.destination)
    }

    /// What to say of a file that was given before. With backups, its copy would be kept for its own.
    fn duplicate_source(&self, operand: &Operand, facts: &FileStat) -> Option<FileError> {
        let made = operand.made.as_ref()?;
        if facts.kind == FileType::Directory || self.shared.options.backup.is_some() {
            return None;
        }
        let known = made.note_source(facts.identity, &operand.source);
        known.then(|| FileError::of(MessageKind::TwiceFile, operand.source_path()))
    }

    fn directory_operand(
        &mut self,
        operand: &Operand,
        facts: &FileStat,
        found: Existing,
    ) -> Result<(), FileError> {
        let (source_path, destination_path) = (operand.source_path(), operand.destination_path());
        let follow = self.shared.options.follow != Follow::Never;
        let origin = Arc::new(Origin {
            source_path: source_path.clone(),
            number: operand.number,
            destination_path: destination_path.clone(),
            through_link: self.shared.options.follow == Follow::Always && is_link(&operand.source),
            destination: operand.destination.clone(),
            made: operand.made.clone(),
            durable: self.shared.durable.clone(),
            is_within_itself: self.is_within_itself(operand, facts) || self.an_operand_holds_target(operand),
            has_met_itself: AtomicBool::new(false),
            is_endless: AtomicBool::new(false),
        });
        let At { directory, name } = &operand.source;
        let source = DirPlace { parent: directory, name, path: source_path };
        let At { directory, name } = &self.held_in_place(operand, facts);
        let destination = DirPlace { parent: directory, name, path: destination_path };
        let way = DirAccess { through_link: follow, seen: Some(facts.identity), rank: Rank::default() };
        let opened = self.open_source(&source, way).map_err(|unopened| unopened.problem(&source))?;
        self.branch(None, &origin, (&source, opened), way, (&destination, Some(found)))
    }
}

/// Where an operand stands among all.
pub(crate) fn rank_of(number: usize) -> Rank {
    Rank { inode: 0, number: u32::try_from(number).unwrap_or(u32::MAX) }
}

/// Whether an empty name for a destination stands for the working directory. So it does for GNU cp, unless it is opened
/// to write a file, or is to be kept as a backup.
fn is_working_directory(options: &CpOptions, source: &FileStat) -> bool {
    let opened = options.make == Make::Copies
        && !matches!(options.destination, Destination::Exactly(_))
        && !options.remove_destination
        && replace::is_read(options, source.kind);
    source.kind == FileType::Directory || (!opened && options.backup.is_none())
}

/// Whether the working directory would stay (`-u`) that an empty name stands for until a backup of it is to be kept.
fn stays_for_it(options: &CpOptions, source: &FileStat) -> bool {
    let here = || {
        rustix::fs::statat(CWD, c".", AtFlags::empty()).ok().map(|stat| Existing::File(FileStat::of(&stat)))
    };
    let stays = |here: Existing| {
        replace::fate(options, source, &here, SameFileEvidence::default) == ExistingAction::Skip
    };
    options.overwrite == Overwrite::Older && options.backup.is_some() && here().is_some_and(stays)
}

/// True if a source that is a directory is reached through a symbolic link.
fn is_link(source: &At) -> bool {
    without_slashes(&source.directory, source.name.to_bytes())
        .is_some_and(|facts| facts.kind == FileType::Symlink)
}

/// The device a copy goes to: that of the file it overwrites, or of the directory it is made in.
fn device_of(destination: &At, found: &Existing, posixly_correct: bool) -> Option<u64> {
    match found {
        Existing::File(file) | Existing::LinkTo { file, .. } => Some(file.identity.device),
        // It may be written through, to an unknown device.
        Existing::DanglingLink(_) if posixly_correct => None,
        Existing::DanglingLink(link) | Existing::ClosedLink { link, .. } => Some(link.identity.device),
        Existing::Nothing => {
            let parent = typed(path::parent(destination.name.to_bytes()))?;
            let stat = rustix::fs::statat(&destination.directory, &*parent.name, AtFlags::empty()).ok()?;
            Some(FileStat::of(&stat).identity.device)
        }
    }
}

impl Operand {
    /// The source as it was typed.
    #[must_use]
    pub(crate) fn source_path(&self) -> Vec<u8> {
        self.source.name.to_bytes().to_vec()
    }

    /// The copy's path as messages show it.
    #[must_use]
    pub(crate) fn destination_path(&self) -> Vec<u8> {
        match (&self.shown, &self.target) {
            (Some(shown), _) => shown.to_vec(),
            (None, Some(target)) => path::join(target, self.destination.name.to_bytes()),
            (None, None) => self.destination.name.to_bytes().to_vec(),
        }
    }

    /// An operand of a run into the open directory `directory`, called `target`, or of one without.
    #[must_use]
    pub(crate) fn new(
        source: At,
        destination: At,
        target: Option<Arc<[u8]>>,
        made: Option<Arc<CreatedFiles>>,
    ) -> Self {
        Self { source, destination, target, shown: None, number: 0, made }
    }
}
