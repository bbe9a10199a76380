//! The directories that a run has made, and those that it fills: a walk that comes into one lists its own copies.

use crate::cp::job::dir_job::DirJob;
use crate::cp::job::dir_place::DirPlace;
use crate::cp::job::operand_path::without_slashes;
use crate::pipeline::chain::{At, Directory};
use crate::plan::facts::FileId;
use crate::plan::path;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// A directory that the run has made.
#[derive(Clone)]
pub(crate) struct MadeDirectory {
    name: Arc<[u8]>,
    /// Where it was made, without looking behind a link for that; `None` where it is not the uppermost of what was made.
    made_in: Option<FileId>,
    /// Its path as messages show it.
    pub(crate) path: Vec<u8>,
}

impl MadeDirectory {
    pub(crate) fn of(branch: &DirJob) -> Self {
        let At { directory, name } = &branch.origin.destination;
        let (name, made_in) = match &branch.parent {
            Some(above) if above.created => (branch.name.to_bytes(), None),
            Some(above) => (branch.name.to_bytes(), named(above)),
            None => {
                let made_in = without_slashes(directory, path::parent(name.to_bytes()));
                (path::last_component(name.to_bytes()), made_in.map(|facts| facts.identity))
            }
        };
        Self { name: Arc::from(name), made_in, path: branch.own_destination_path() }
    }

    /// Whether it is met, as an entry of a directory of the source, under the name and in the directory that it was made
    /// in. GNU cp does not look behind symbolic links for that: one to a directory is not the directory.
    pub(crate) fn is_entry_of(&self, parent: &DirJob, source: &DirPlace<'_>) -> bool {
        let met_in = match &parent.parent {
            Some(above) if parent.source.is_through_link() => above.source().ok().and_then(|directory| {
                without_slashes(&directory, parent.name.to_bytes()).map(|facts| facts.identity)
            }),
            Some(_) => Some(parent.source.identity()),
            None => {
                without_slashes(&Directory::Working, &parent.origin.source_path).map(|facts| facts.identity)
            }
        };
        *self.name == *source.name.to_bytes() && met_in.is_some() && met_in == self.made_in
    }

    /// The same for an operand.
    pub(crate) fn is_at(&self, source: &At) -> bool {
        let name = source.name.to_bytes();
        let met_in = without_slashes(&source.directory, path::parent(name)).map(|facts| facts.identity);
        *self.name == *path::last_component(name) && met_in.is_some() && met_in == self.made_in
    }
}

/// What bears the name of a directory that is filled: the link, where it is filled through one.
fn named(filled: &DirJob) -> Option<FileId> {
    let facts = match &filled.parent {
        Some(_) if !filled.destination.is_through_link() => return Some(filled.destination.identity()),
        Some(above) => without_slashes(&above.destination().ok()?, filled.name.to_bytes()),
        None => {
            let At { directory, name } = &filled.origin.destination;
            without_slashes(directory, name.to_bytes())
        }
    };
    facts.map(|facts| facts.identity)
}

/// The directories that the run has made and could meet.
#[derive(Default)]
pub(crate) struct MadeDirectories(Mutex<HashMap<FileId, MadeDirectory>>);

impl MadeDirectories {
    pub(crate) fn note(&self, directory: FileId, made: MadeDirectory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(directory, made);
    }

    pub(crate) fn get(&self, directory: FileId) -> Option<MadeDirectory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&directory).cloned()
    }
}

/// Directories that were there already and get copies, where a link that is followed may lead to them.
#[derive(Default)]
pub(crate) struct FilledDirectories(Mutex<HashSet<FileId>>);

impl FilledDirectories {
    pub(crate) fn note(&self, directory: FileId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(directory);
    }

    pub(crate) fn has(&self, directory: FileId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&directory)
    }
}
