//! Operands: looked at by name as they were typed, then handed to the tree or to a file's way.

use super::branch::{Made, Origin};
use super::chain::{At, Directory};
use super::job::{FileJob, Names, Operand};
use super::links::Share;
use super::special::look;
use super::tree::{Place, Way, keeps_directory_links};
use super::worker::Worker;
use crate::cli::cp::Follow;
use crate::plan::facts::Facts;
use crate::plan::overwrite::Found;
use crate::plan::path;
use crate::report::message::{Problem, What};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::Arc;

impl Worker<'_, '_> {
    /// Begins with an operand.
    pub(super) fn operand(&mut self, operand: &Operand) {
        let begun = match self.shared.options.parents {
            true => self.with_parents(operand).and_then(|operand| self.try_operand(&operand)),
            false => self.try_operand(operand),
        };
        if let Err(problem) = begun {
            self.shared.reporter.problem(&problem);
        }
    }

    fn try_operand(&mut self, operand: &Operand) -> Result<(), Problem> {
        let source_failed = |errno| Problem::failed(What::CannotStat, operand.source_path(), errno);
        let follow = self.shared.options.follow != Follow::Never;
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        let stat = rustix::fs::statat(&operand.source.directory, &*operand.source.name, flags);
        let facts = Facts::of(&stat.map_err(source_failed)?);
        let directory = facts.kind == FileType::Directory;
        if directory && !self.shared.settings.recursive {
            return Err(Problem::of(What::OmittingDirectory, operand.source_path()));
        }
        if let Some(made) = &operand.made
            && made.seen_before(facts.identity, &operand.destination.name)
        {
            let what = if directory { What::TwiceDirectory } else { What::TwiceFile };
            return Err(Problem::of(what, operand.source_path()));
        }
        let destination_failed = |errno| {
            let what = match errno {
                // Of a name with a slash behind it that no directory bears, or in a directory that is not there.
                Errno::NOTDIR if ends_with_slash(operand) => What::CannotCreateRegular,
                _ => What::CannotStat,
            };
            Problem::failed(what, operand.destination_path(), errno)
        };
        let found = look(&operand.destination).map_err(destination_failed)?;
        if directory {
            return self.directory_operand(operand, &facts, &found);
        }
        let names = Names::Operand {
            source: Arc::from(operand.source_path()),
            destination: Arc::from(operand.destination_path()),
        };
        let job = FileJob {
            source: operand.source.clone(),
            destination: operand.destination.clone(),
            names,
            follow,
            seen: Some(facts),
            found: Some(found),
            destination_device: device_of(&operand.destination, &found),
            made: operand.made.clone(),
            announced: false,
            share: Share::None,
            backup: None,
            failed: false,
        };
        self.begin_leaf(job, &facts)
    }

    fn directory_operand(&mut self, operand: &Operand, facts: &Facts, found: &Found) -> Result<(), Problem> {
        let (source_path, destination_path) = (operand.source_path(), operand.destination_path());
        match found {
            Found::Nothing => {}
            Found::File(file) if file.kind == FileType::Directory => {
                if file.identity == facts.identity {
                    return Err(Problem::between(What::SameFile, source_path, destination_path));
                }
            }
            Found::LinkTo { file, .. }
                if file.kind == FileType::Directory && keeps_directory_links(self.shared.options) =>
            {
                if file.identity == facts.identity {
                    return Err(Problem::between(What::SameFile, source_path, destination_path));
                }
            }
            Found::File(_) | Found::LinkTo { .. } | Found::DanglingLink(_) | Found::ClosedLink { .. } => {
                return Err(Problem::between(What::OverwriteNonDirectory, destination_path, source_path));
            }
        }
        let follow = self.shared.options.follow != Follow::Never;
        let origin = Arc::new(Origin {
            source_path: source_path.clone(),
            number: operand.number,
            destination_path: destination_path.clone(),
            through_link: self.shared.options.follow == Follow::Always && is_link(&operand.source),
            destination: operand.destination.clone(),
            made: operand.made.clone(),
        });
        let At { directory, name } = &operand.source;
        let source = Place { parent: directory, name, path: source_path };
        let At { directory, name } = &operand.destination;
        let destination = Place { parent: directory, name, path: destination_path };
        let way = Way { through_link: follow, seen: Some(facts.identity) };
        self.branch(None, &origin, &source, way, &destination)
    }
}

/// Whether a source that is a directory is come to through a symbolic link.
fn is_link(source: &At) -> bool {
    without_slashes(&source.directory, source.name.to_bytes())
        .is_some_and(|facts| facts.kind == FileType::Symlink)
}

/// The facts of a name without the slashes behind it: of the symbolic link itself, where it is one.
pub(super) fn without_slashes(directory: &Directory, name: &[u8]) -> Option<Facts> {
    let kept = name.iter().rposition(|&byte| byte != b'/').map_or(name.len().min(1), |last| last + 1);
    let name = CString::new(&name[..kept]).ok()?;
    let stat = rustix::fs::statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(Facts::of(&stat))
}

/// The device a copy goes to: that of the file it overwrites, or of the directory it is made in.
fn device_of(destination: &At, found: &Found) -> Option<u64> {
    match found {
        Found::File(file) | Found::LinkTo { file, .. } => Some(file.identity.device),
        Found::DanglingLink(_) | Found::ClosedLink { .. } => None,
        Found::Nothing => {
            let parent = typed(path::parent(destination.name.to_bytes()))?;
            let stat = rustix::fs::statat(&destination.directory, &*parent.name, AtFlags::empty()).ok()?;
            Some(Facts::of(&stat).identity.device)
        }
    }
}

fn ends_with_slash(operand: &Operand) -> bool {
    operand.destination.name.to_bytes().ends_with(b"/")
}

impl Operand {
    /// The source as it was typed.
    #[must_use]
    pub fn source_path(&self) -> Vec<u8> {
        self.source.name.to_bytes().to_vec()
    }

    /// The copy's path as messages show it.
    #[must_use]
    pub fn destination_path(&self) -> Vec<u8> {
        match (&self.shown, &self.target) {
            (Some(shown), _) => shown.to_vec(),
            (None, Some(target)) => path::join(target, self.destination.name.to_bytes()),
            (None, None) => self.destination.name.to_bytes().to_vec(),
        }
    }

    /// An operand of a run into the open directory `directory`, called `target`, or of one without.
    #[must_use]
    pub fn new(source: At, destination: At, target: Option<Arc<[u8]>>, made: Option<Arc<Made>>) -> Self {
        Self { source, destination, target, shown: None, number: 0, made }
    }
}

/// The working directory's place for a name as it was typed.
#[must_use]
pub fn typed(name: &[u8]) -> Option<At> {
    let name = std::ffi::CString::new(name).ok()?;
    Some(At { directory: Directory::Working, name: Arc::from(name) })
}
