//! A directory while it is being copied: both descriptors, and what is left to do before it can be finished.
//!
//! Branches form the path from a directory to its operand. Each holds its parent, so an ancestor's descriptors stay
//! open while anything below is to be reached through them, and no longer. When the last entry of a branch is done its
//! own permissions are set, and its parent is told.

use super::chain::Directory;
use crate::plan::facts::Identity;
use crate::plan::path;
use crate::report::Reporter;
use crate::report::message::{Problem, What};
use rustix::fs::Mode;
use std::collections::HashSet;
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What all directories below one operand share.
pub struct Origin {
    /// The operand as it was typed.
    pub source_path: Vec<u8>,
    /// The name it gets.
    pub destination_path: Vec<u8>,
    /// The directory that the operand's copy went into, once it is made: met again below the source, it means that the
    /// source is being copied into itself.
    pub destination: OnceLock<Identity>,
    /// What this run has made under names that several operands share; `None` where no two do.
    pub made: Option<Arc<Made>>,
}

/// The files made so far, for operands that could overwrite each other's.
#[derive(Default)]
pub struct Made {
    files: Mutex<HashSet<Identity>>,
    sources: Mutex<HashSet<(Identity, Vec<u8>)>>,
}

impl Made {
    /// Notes a file that was just made.
    pub fn note(&self, file: Identity) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file);
    }

    /// Notes a source and the name of its copy; whether both were noted before.
    #[must_use]
    pub fn seen_before(&self, source: Identity, name: &CStr) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        !sources.insert((source, name.to_bytes().to_vec()))
    }

    /// Whether this run made the file.
    #[must_use]
    pub fn contains(&self, file: Identity) -> bool {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).contains(&file)
    }
}

/// One directory being copied.
pub struct Branch {
    /// The directory it lies in; `None` for an operand's own.
    pub parent: Option<Arc<Branch>>,
    /// What its operand's directories share.
    pub origin: Arc<Origin>,
    /// Its name in the source, for the paths of messages.
    pub name: Arc<CStr>,
    /// Where its entries are read from.
    pub source: Directory,
    /// Where their copies go.
    pub destination: Directory,
    /// The copy was made by this run and holds only what this run put there.
    pub fresh: bool,
    /// Permissions to set when all entries are done, where they are not what they should be yet.
    pub mode_at_end: Option<Mode>,
    /// Entries and listings that are not done.
    pub pending: AtomicUsize,
}

impl Branch {
    /// The path of an entry in the source, for messages.
    #[must_use]
    pub fn source_path(&self, name: &CStr) -> Vec<u8> {
        self.path(name, |origin| &origin.source_path)
    }

    /// The path of an entry's copy, for messages.
    #[must_use]
    pub fn destination_path(&self, name: &CStr) -> Vec<u8> {
        self.path(name, |origin| &origin.destination_path)
    }

    fn path(&self, name: &CStr, start: impl Fn(&Origin) -> &Vec<u8>) -> Vec<u8> {
        let mut names = vec![name.to_bytes()];
        let mut branch = self;
        while let Some(parent) = &branch.parent {
            names.push(branch.name.to_bytes());
            branch = parent;
        }
        let operand = start(&branch.origin).clone();
        names.iter().rev().fold(operand, |path, name| path::join(&path, name))
    }

    /// Announces that `count` more entries are to be done.
    pub fn expect(&self, count: usize) {
        self.pending.fetch_add(count, Ordering::Relaxed);
    }

    /// One entry is done. With the last one the directory's permissions are set and its parent is told, and so on up.
    pub fn finish_one(self: &Arc<Self>, reporter: &Reporter) {
        let mut branch = self;
        while branch.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            branch.close(reporter);
            match &branch.parent {
                Some(parent) => branch = parent,
                None => break,
            }
        }
    }

    fn close(&self, reporter: &Reporter) {
        if let (Some(mode), Directory::Open(destination)) = (self.mode_at_end, &self.destination)
            && let Err(errno) = rustix::fs::fchmod(destination, mode)
        {
            let path = match &self.parent {
                Some(parent) => parent.destination_path(&self.name),
                None => self.origin.destination_path.clone(),
            };
            reporter.problem(&Problem::failed(What::SettingPermissions, path, errno));
        }
    }
}
