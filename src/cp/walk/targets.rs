//! The directories that the copies of operands go into, as the command line names them: looked through for what interrupted
//! copies have left (`--atomic`), and made durable when all is done (`--fsync`). Those of a tree below are [`crate::cp::job::dir_job`]'s.

use crate::cli::cp::CpOptions;
use crate::cp::job::Operand;
use crate::cp::job::dir_fsync;
use crate::cp::walk::operand_list::Operands;
use crate::pipeline::chain::Directory;
use crate::pipeline::place;
use crate::plan::durability::is_left_over;
use crate::plan::listing::{Listing, MANY};
use crate::plan::path;
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The directories above the operands' copies.
pub(crate) struct Targets {
    /// Where all the paths are looked up.
    directory: Directory,
    /// How that is called, where it is no working directory.
    shown: Option<Arc<[u8]>>,
    /// All directories that lead to a copy from the target directory are meant.
    parents: bool,
    /// What interrupted copies have left in them is told.
    tells_left_over: bool,
    paths: Mutex<BTreeSet<Vec<u8>>>,
}

impl Targets {
    /// Those of these operands, and of those that are noted later.
    #[must_use]
    pub(crate) fn of(operands: &Operands, options: &CpOptions, reporter: &Reporter) -> Option<Self> {
        let (directory, shown) = operands.target()?;
        let targets = Self {
            directory,
            shown,
            parents: options.parents,
            tells_left_over: options.extensions.durability.atomic,
            paths: Mutex::default(),
        };
        operands.left.iter().for_each(|operand| targets.note(operand, reporter));
        Some(targets)
    }

    /// Notes the directories of one more operand.
    pub(crate) fn note(&self, operand: &Operand, reporter: &Reporter) {
        let name = operand.destination.name.to_bytes();
        let own = path::parent(name);
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if paths.contains(own) {
            return;
        }
        let mut met = |path: Vec<u8>| {
            if !paths.contains(&path) {
                self.tell_left_over(&path, reporter);
                paths.insert(path);
            }
        };
        if self.parents {
            met(b".".to_vec());
            let above = &name[..path::parent_bytes(name)];
            path::components(above).for_each(|component| met(name[..component.end].to_vec()));
        } else {
            met(own.to_vec());
        }
    }

    fn shown(&self, path: &[u8]) -> Vec<u8> {
        match &self.shown {
            Some(target) if path == b"." => target.to_vec(),
            Some(target) => path::join(target, path),
            None => path.to_vec(),
        }
    }

    /// Tells of what interrupted copies have left in one of them, where that is asked for.
    fn tell_left_over(&self, path: &[u8], reporter: &Reporter) {
        // What keeps it from being opened keeps the copy from it too, or does not matter to it.
        if self.tells_left_over
            && let Ok(open) = place::open_directory(&self.directory, path)
        {
            // GNU cp shows no `.` that was not typed.
            let shown = if path == b"." && self.shown.is_none() { Vec::new() } else { self.shown(path) };
            tell_left_over(&open, &shown, reporter);
        }
    }

    /// Makes them durable, the lowest first, and answers how many were. Of one that is not there, making it has been
    /// told.
    pub(crate) fn sync(&self, reporter: &Reporter) -> u64 {
        let mut syncs = 0;
        for path in self.paths.lock().unwrap_or_else(PoisonError::into_inner).iter().rev() {
            match place::open_directory(&self.directory, path) {
                Ok(open) => {
                    let synced =
                        dir_fsync::report_fsync(rustix::fs::fsync(open), &self.shown(path), reporter);
                    syncs += u64::from(synced);
                }
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => {
                    reporter.problem(&FileError::failed(MessageKind::OpeningToSync, self.shown(path), errno));
                }
            }
        }
        syncs
    }
}

/// Tells of what interrupted copies have left in an open directory. One that cannot be listed keeps it to itself.
pub(crate) fn tell_left_over(directory: &OwnedFd, shown: &[u8], reporter: &Reporter) {
    let mut listing = Listing::default();
    while let Ok((entries, ended)) = listing.fetch(directory, MANY) {
        for entry in entries.iter().filter(|entry| is_left_over(entry.name.to_bytes(), place::token())) {
            let path = path::join(shown, entry.name.to_bytes());
            reporter.problem(&FileError::of(MessageKind::LeftOver, path));
        }
        if ended {
            break;
        }
    }
}
