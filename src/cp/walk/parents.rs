//! The directories above a source's name, which `--parents` makes under the target directory.
//!
//! They are made one component at a time, by descriptors, when their operand is begun; its copy then goes into the last
//! of them. What they are to be in the end they become when that operand is done. Where the last of them is there
//! already, nothing is done about any.

use super::Walker;
use crate::cli::cp::PreserveMode;
use crate::cp::effects::dry_run::DryRun;
use crate::cp::effects::on_disk::OnDisk;
use crate::cp::entry::directory::lend_to_owner;
use crate::cp::job::Operand;
use crate::pipeline::attributes::{self, Copied, Source};
use crate::pipeline::chain::{At, Directory, End};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{AttributeError, AttributePlan, PreservePolicy};
use crate::plan::facts::{FileId, FileStat};
use crate::plan::{listing, path};
use crate::process;
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A directory that was made on the way to a copy.
pub(crate) struct Parent {
    /// Where the target directory is, and the path from there.
    place: At,
    /// Its path, for messages.
    shown: Vec<u8>,
    identity: FileId,
    /// The directory that it stands for.
    source: At,
    /// What it is given in the end.
    wanted: AttributePlan,
}

/// The directories above the copy of one operand, in the order in which they were reached.
#[derive(Default)]
pub(crate) struct Parents {
    above: Mutex<Vec<Parent>>,
    /// Copies count as new, whatever is at their names.
    new: AtomicBool,
}

impl Parents {
    /// Whether the copy that comes next counts as new. GNU cp decides that by the last directory above a copy that it
    /// reached, and leaves it so for operands without any.
    pub(crate) fn count_as_new(&self) -> bool {
        self.new.load(Ordering::Relaxed)
    }

    fn note_new(&self, new: bool) {
        self.new.store(new, Ordering::Relaxed);
    }

    /// Gives them what they are to have in the end, the lowest first: their operand is done.
    pub(crate) fn finish(&self, keeping: &PreservePolicy, reporter: &Reporter) {
        let parents = std::mem::take(&mut *self.above.lock().unwrap_or_else(PoisonError::into_inner));
        for mut parent in parents.into_iter().rev() {
            let source = Source::Named(parent.source.clone());
            // One that stands for several, as `..` may, can have got an ACL since.
            if keeping.mode == PreserveMode::Keep {
                parent.wanted.names = Names { plain: Vec::new(), ..attributes::names(&source) };
            }
            let Parent { source: from, shown, wanted, .. } = &parent;
            let refused = match parent.open() {
                Ok((open, listable)) => {
                    attributes::keep(&source, Copied::directory(open.as_fd(), listable), wanted)
                }
                Err(errno) => vec![AttributeError::Permissions(wanted.permissions, errno)],
            };
            attributes::tell(&refused, keeping, reporter, |end| match end {
                End::Source => from.name.to_bytes().to_vec(),
                End::Destination => shown.clone(),
            });
        }
    }

    /// The last directory on the way, as it is on the disk.
    pub(crate) fn last(&self, step: &ParentStep<'_>) -> Result<Option<Arc<OwnedFd>>, FileError> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let Ok(open) =
            rustix::fs::openat(&step.operand.destination.directory, step.own, flags, Mode::empty())
        else {
            return Ok(None);
        };
        let stat = rustix::fs::fstat(&open)
            .map_err(|errno| FileError::failed(MessageKind::CannotStat, step.shown(), errno))?;
        match FileStat::of(&stat).kind {
            FileType::Directory => {
                self.note_new(false);
                Ok(Some(Arc::new(open)))
            }
            _ => Err(FileError::of(MessageKind::NotADirectory, step.shown())),
        }
    }

    fn note(&self, above: Vec<Parent>) {
        *self.above.lock().unwrap_or_else(PoisonError::into_inner) = above;
    }
}

impl Parent {
    /// Gives the directory the mode that GNU cp makes it with, as the way to the copy ends below it: where its source has an
    /// ACL it is closed to others until it gets that. What cannot be given stays closed.
    fn abandon(&self, keeping: &PreservePolicy) {
        if let Some(mode) = self.wanted.abandoned_parent_mode(keeping)
            && let Ok((open, _)) = self.open()
        {
            match rustix::fs::fchmod(&open, mode) {
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// The very directory, open again, and whether for listing. Links on the way are followed, as when it was found.
    fn open(&self) -> Result<(OwnedFd, bool), Errno> {
        let (open, listable) = listing::open_to_fill(&self.place.directory, &self.place.name, true)?;
        let is_it = FileStat::of(&rustix::fs::fstat(&open)?).identity == self.identity;
        if is_it { Ok((open, listable)) } else { Err(Errno::STALE) }
    }
}

impl Walker<'_, '_> {
    /// Makes the directories above an operand's copy, and answers the operand with its copy's place in the last of them.
    pub(crate) fn with_parents(&self, operand: &Operand) -> Result<Operand, FileError> {
        let name = operand.destination.name.to_bytes();
        let last = path::last_component(name);
        let end = path::parent_bytes(name);
        let typed = operand.source.name.to_bytes();
        let lead = typed.iter().take_while(|&&byte| byte == b'/').count();
        self.shared.parents.finish(&self.shared.settings.method.keeping, self.shared.reporter);
        let directory = match self.last_parent(operand, &name[..end])? {
            Some(last) => Directory::Open(last),
            None => {
                let mut directory = operand.destination.directory.clone();
                let mut above = Vec::new();
                for component in path::components(&name[..end]) {
                    let prefix = &name[..component.end];
                    let from = &typed[..lead + component.end];
                    let step = ParentStep { own: &name[component], prefix, from, operand };
                    let parent = self.shared.effects.parent(&self.shared.parents, &directory, &step);
                    let (open, parent) = parent.inspect_err(|_| {
                        above
                            .iter()
                            .for_each(|made: &Parent| made.abandon(&self.shared.settings.method.keeping));
                    })?;
                    directory = Directory::Open(open);
                    above.extend(parent);
                }
                self.shared.parents.note(above);
                directory
            }
        };
        let failed =
            |_nul| FileError::failed(MessageKind::CannotStat, operand.destination_path(), Errno::INVAL);
        let name = Arc::from(CString::new(last).map_err(failed)?);
        let shown = Some(Arc::from(operand.destination_path()));
        let (source, target) = (operand.source.clone(), operand.target.clone());
        let (number, made) = (operand.number, operand.made.clone());
        Ok(Operand { source, destination: At { directory, name }, target, shown, number, made })
    }

    /// The last directory on the way, where it is there.
    fn last_parent(&self, operand: &Operand, path: &[u8]) -> Result<Option<Arc<OwnedFd>>, FileError> {
        let Some(last) = path::components(path).last() else { return Ok(None) };
        let step = ParentStep { own: &path[..last.end], prefix: &path[..last.end], from: &[], operand };
        self.shared.effects.last_parent(&self.shared.parents, &step)
    }
}

impl OnDisk<'_> {
    /// One directory on the way: there already, or made like the one it stands for.
    pub(crate) fn make_parent(
        &self,
        parents: &Parents,
        above: &Directory,
        step: &ParentStep<'_>,
    ) -> Result<(Arc<OwnedFd>, Option<Parent>), FileError> {
        let shown = step.shown();
        let failed = |what| {
            let shown = shown.clone();
            move |errno| FileError::failed(what, shown, errno)
        };
        let place = |path: &[u8]| {
            CString::new(path).map_err(|_nul| failed(MessageKind::CannotMakeDirectory)(Errno::INVAL))
        };
        let (own, from, prefix) = (place(step.own)?, place(step.from)?, place(step.prefix)?);
        let keeping = self.keeping;
        let there = rustix::fs::statat(above, &*own, AtFlags::empty()).map(|stat| FileStat::of(&stat).kind);
        let wants_source = there.is_err() || keeping.is_anything();
        let source = if wants_source { Some(parent_source(&from, step.from)?) } else { None };
        let at = At { directory: Directory::Working, name: Arc::from(from) };
        let names = match source.is_some() && keeping.mode == PreserveMode::Keep {
            true => attributes::names(&Source::Named(at.clone())),
            false => Names::default(),
        };
        let made = match (there, &source) {
            (Ok(FileType::Directory), _) | (Err(_), None) => {
                parents.note_new(false);
                false
            }
            (Ok(_), _) => return Err(FileError::of(MessageKind::NotADirectory, shown)),
            (Err(_), Some(source)) => {
                parents.note_new(true);
                rustix::fs::mkdirat(above, &*own, keeping.parent_mode_to_make(source, &names))
                    .map_err(failed(MessageKind::CannotMakeDirectory))?;
                self.lines.made_parent(step.from, &shown);
                true
            }
        };
        // A link to a directory will do where it is there already.
        let (mut open, listable) =
            listing::open_to_fill(above, &own, !made).map_err(failed(MessageKind::CannotAccess))?;
        let stat = rustix::fs::fstat(&open).map_err(failed(MessageKind::CannotStat))?;
        let facts = FileStat::of(&stat);
        if made {
            open =
                lend_to_owner((open, listable), &facts).map_err(failed(MessageKind::LendingPermissions))?.0;
        }
        let open = Arc::new(open);
        let Some(source) = source else { return Ok((open, None)) };
        let wanted = keeping.of_parent(&source, made.then_some(facts.mode), names);
        if wanted.is_nothing() {
            return Ok((open, None));
        }
        let place = At { directory: step.operand.destination.directory.clone(), name: Arc::from(prefix) };
        Ok((open, Some(Parent { place, shown, identity: facts.identity, source: at, wanted })))
    }
}

impl DryRun<'_> {
    /// One directory on the way in a dry run: the one that is there, or none.
    pub(crate) fn foresee_parent(
        &self,
        parents: &Parents,
        above: &Directory,
        step: &ParentStep<'_>,
    ) -> Result<Arc<OwnedFd>, FileError> {
        let shown = step.shown();
        let failed = |what| {
            let shown = shown.clone();
            move |errno| FileError::failed(what, shown, errno)
        };
        let place = |path: &[u8]| {
            CString::new(path).map_err(|_nul| failed(MessageKind::CannotMakeDirectory)(Errno::INVAL))
        };
        let at = At { directory: above.clone(), name: Arc::from(place(step.own)?) };
        if let Some(there) = self.foreseen.at(&shown) {
            return self.foreseen_parent(parents, step, &there);
        }
        let there = match self.foreseen.is_nowhere(above) {
            true => Err(Errno::NOENT),
            false => process::look(above, &*at.name, AtFlags::empty()).map(|stat| FileStat::of(&stat)),
        };
        match there {
            Ok(facts) if facts.kind == FileType::Directory => {
                parents.note_new(false);
                let open = listing::open_to_fill(above, &at.name, true)
                    .map_err(failed(MessageKind::CannotAccess))?;
                Ok(Arc::new(open.0))
            }
            Ok(_) => Err(FileError::of(MessageKind::NotADirectory, shown)),
            Err(_) => {
                let source = parent_source(&place(step.from)?, step.from)?;
                parents.note_new(true);
                self.foreseen.may_change(&at).map_err(failed(MessageKind::CannotMakeDirectory))?;
                self.lines.made_parent(step.from, &shown);
                self.foreseen.remember(&shown, self.foreseen.copy_of(&source));
                self.foreseen.placeholder_fd().map_err(failed(MessageKind::CannotMakeDirectory))
            }
        }
    }

    /// What an earlier operand would have made of a name on the way.
    pub(crate) fn foreseen_parent(
        &self,
        parents: &Parents,
        step: &ParentStep<'_>,
        there: &FileStat,
    ) -> Result<Arc<OwnedFd>, FileError> {
        let failed = |errno| FileError::failed(MessageKind::CannotMakeDirectory, step.shown(), errno);
        match there.kind {
            FileType::Directory => {
                parents.note_new(false);
                self.foreseen.placeholder_fd().map_err(failed)
            }
            _ => Err(FileError::of(MessageKind::NotADirectory, step.shown())),
        }
    }
}

fn parent_source(name: &CString, shown: &[u8]) -> Result<FileStat, FileError> {
    let failed = |errno| FileError::failed(MessageKind::GettingAttributes, shown.to_vec(), errno);
    let stat = process::look(CWD.as_fd(), &**name, AtFlags::empty()).map_err(failed)?;
    let facts = FileStat::of(&stat);
    if facts.kind == FileType::Directory { Ok(facts) } else { Err(failed(Errno::NOTDIR)) }
}

/// One component on the way to an operand's copy.
pub(crate) struct ParentStep<'a> {
    own: &'a [u8],
    /// The path up to it, from the target directory.
    prefix: &'a [u8],
    /// The directory that it stands for, as it was typed.
    from: &'a [u8],
    operand: &'a Operand,
}

impl ParentStep<'_> {
    pub(crate) fn shown(&self) -> Vec<u8> {
        self.operand
            .target
            .as_ref()
            .map_or_else(|| self.prefix.to_vec(), |target| path::join(target, self.prefix))
    }
}
