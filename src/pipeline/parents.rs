//! The directories above a source's name, which `--parents` makes under the target directory.
//!
//! They are made one component at a time, by descriptors, when their operand is begun; its copy then goes into the last
//! of them. What they are to be in the end they become when the whole run is done.

use super::attributes::{self, Copied, Source};
use super::chain::{At, Directory, End};
use super::job::Operand;
use super::run::Shared;
use super::worker::Worker;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{Refused, Wanted};
use crate::plan::facts::{Facts, Identity};
use crate::plan::path;
use crate::report::message::{Problem, What};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};

/// A directory that was made on the way to a copy.
struct Parent {
    /// Where the target directory is, and the path from there.
    place: At,
    /// Its path, for messages.
    shown: Vec<u8>,
    identity: Identity,
    /// The directory that it stands for.
    source: At,
    /// What it is given in the end.
    wanted: Wanted,
}

/// The directories above the copies of one run, in the order in which they were come to.
#[derive(Default)]
pub struct Parents(Mutex<Vec<Parent>>);

impl Parents {
    /// Gives them what they are to have in the end, the lowest first: everything in them is done.
    pub fn finish(&self, shared: &Shared<'_>) {
        let parents = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for parent in parents.iter().rev() {
            let Parent { source, shown, wanted, .. } = parent;
            let refused = match parent.open() {
                Ok(open) => {
                    let source = Source::Named(source.clone());
                    attributes::keep(&source, Copied::Open(open.as_fd()), wanted)
                }
                Err(errno) => vec![Refused::Permissions(wanted.permissions, errno)],
            };
            let keeping = &shared.settings.method.keeping;
            attributes::tell(&refused, keeping, shared.reporter, |end| match end {
                End::Source => source.name.to_bytes().to_vec(),
                End::Destination => shown.clone(),
            });
        }
    }

    fn note(&self, parent: Parent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(parent);
    }
}

impl Parent {
    /// The very directory, open again.
    fn open(&self) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = rustix::fs::openat(&self.place.directory, &*self.place.name, flags, Mode::empty())?;
        let is_it = Facts::of(&rustix::fs::fstat(&open)?).identity == self.identity;
        if is_it { Ok(open) } else { Err(Errno::STALE) }
    }
}

impl Worker<'_, '_> {
    /// Makes the directories above an operand's copy, and answers the operand with its copy's place in the last of them.
    pub(super) fn with_parents(&self, operand: &Operand) -> Result<Operand, Problem> {
        let name = operand.destination.name.to_bytes();
        let last = path::last_component(name);
        let end = path::parent_bytes(name);
        let typed = operand.source.name.to_bytes();
        let lead = typed.iter().take_while(|&&byte| byte == b'/').count();
        let mut directory = operand.destination.directory.clone();
        for component in path::components(&name[..end]) {
            let prefix = &name[..component.end];
            let from = &typed[..lead + component.end];
            let step = Step { own: &name[component], prefix, from, operand };
            directory = Directory::Open(Arc::new(self.parent(&directory, &step)?));
        }
        let failed = |_nul| Problem::failed(What::CannotStat, operand.destination_path(), Errno::INVAL);
        let name = Arc::from(CString::new(last).map_err(failed)?);
        let shown = Some(Arc::from(operand.destination_path()));
        let (source, target) = (operand.source.clone(), operand.target.clone());
        let (number, made) = (operand.number, operand.made.clone());
        Ok(Operand { source, destination: At { directory, name }, target, shown, number, made })
    }

    /// One directory on the way: there already, or made like the one it stands for.
    fn parent(&self, above: &Directory, step: &Step<'_>) -> Result<OwnedFd, Problem> {
        let shown = step.shown();
        let failed = |what| {
            let shown = shown.clone();
            move |errno| Problem::failed(what, shown, errno)
        };
        let place =
            |path: &[u8]| CString::new(path).map_err(|_nul| failed(What::CannotMakeDirectory)(Errno::INVAL));
        let (own, from, prefix) = (place(step.own)?, place(step.from)?, place(step.prefix)?);
        let keeping = self.shared.settings.method.keeping;
        // A link to a directory will do where it is there already.
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut stands_for = None;
        let mut made = false;
        match rustix::fs::statat(above, &*own, AtFlags::empty()) {
            Ok(stat) if Facts::of(&stat).kind != FileType::Directory => {
                return Err(Problem::of(What::NotADirectory, shown));
            }
            Ok(_) => {
                flags = flags.difference(OFlags::RDONLY) | OFlags::PATH;
                if keeping.is_anything() {
                    stands_for = Some(self.parent_source(&from, step.from)?);
                }
            }
            Err(_) => {
                let source = self.parent_source(&from, step.from)?;
                rustix::fs::mkdirat(above, &*own, keeping.directory_mode_to_make(&source))
                    .map_err(failed(What::CannotMakeDirectory))?;
                flags |= OFlags::NOFOLLOW;
                (stands_for, made) = (Some(source), true);
                if self.shared.options.verbose {
                    self.shared.reporter.made_parent(step.from, &shown);
                }
            }
        }
        let open =
            rustix::fs::openat(above, &*own, flags, Mode::empty()).map_err(failed(What::CannotAccess))?;
        let stat = rustix::fs::fstat(&open).map_err(failed(What::CannotStat))?;
        if let Some(source) = stands_for {
            let (facts, at) = (Facts::of(&stat), At { directory: Directory::Working, name: Arc::from(from) });
            let names = match keeping.wants_names() {
                true => attributes::names(&Source::Named(at.clone())),
                false => Names::default(),
            };
            let wanted = keeping.of_directory(&source, made.then_some(facts.mode), names);
            let place = At { directory: step.operand.destination.directory.clone(), name: Arc::from(prefix) };
            if !wanted.is_nothing() {
                let identity = facts.identity;
                self.shared.parents.note(Parent { place, shown, identity, source: at, wanted });
            }
        }
        Ok(open)
    }

    fn parent_source(&self, name: &CString, shown: &[u8]) -> Result<Facts, Problem> {
        let failed = |errno| Problem::failed(What::GettingAttributes, shown.to_vec(), errno);
        let stat = rustix::fs::statat(CWD.as_fd(), &**name, AtFlags::empty()).map_err(failed)?;
        let facts = Facts::of(&stat);
        if facts.kind == FileType::Directory { Ok(facts) } else { Err(failed(Errno::NOTDIR)) }
    }
}

/// One component on the way to an operand's copy.
struct Step<'a> {
    own: &'a [u8],
    /// The path up to it, from the target directory.
    prefix: &'a [u8],
    /// The directory that it stands for, as it was typed.
    from: &'a [u8],
    operand: &'a Operand,
}

impl Step<'_> {
    fn shown(&self) -> Vec<u8> {
        self.operand
            .target
            .as_ref()
            .map_or_else(|| self.prefix.to_vec(), |target| path::join(target, self.prefix))
    }
}
