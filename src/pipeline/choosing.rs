//! What is left out of a copy: entries of a listing, operands, and the .gitignore files that say so.

use super::branch::Branch;
use super::job::Operand;
use super::tree::Place;
use super::worker::Worker;
use crate::plan::choosing::{self, Rules};
use crate::plan::facts::Facts;
use crate::plan::path;
use crate::plan::walk::Entry;
use crate::report::message::{Problem, What};
use crate::report::quote;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::sync::Arc;

/// Most bytes of a .gitignore file that are read: each directory in work may hold one in memory.
pub const RULES_BYTES_MAX: u64 = 1 << 20;

impl Worker<'_, '_> {
    /// Takes the entries out of a listing that are not to be copied.
    pub(super) fn choose(&self, branch: &Branch, entries: &mut Vec<Entry>) {
        let own = &self.shared.own_names;
        if !own.is_empty() {
            let directory = branch.source.identity();
            entries.retain(|entry| !own.iter().any(|own| own.is(directory, &entry.name)));
        }
        let patterns = self.shared.options.extensions.choosing.patterns.as_ref();
        let rules = branch.rules.as_deref();
        if patterns.is_none() && rules.is_none() {
            return;
        }
        let wants_path = rules.is_some() || patterns.is_some_and(|patterns| patterns.want_paths());
        let mut path = if wants_path { branch.path_below_operand() } else { Vec::new() };
        let name = path.len();
        let mut found = Vec::new();
        entries.retain_mut(|entry| {
            self.find_kind(branch, entry);
            path.truncate(name);
            path.extend_from_slice(entry.name.to_bytes());
            let is_directory = entry.kind == FileType::Directory;
            !choosing::is_left_out((&path, name), is_directory, patterns, rules, &mut found)
        });
    }

    /// Whether an operand is left out, seen to be what `facts` say.
    pub(super) fn is_left_out(&self, operand: &Operand, facts: Option<&Facts>) -> bool {
        let patterns = self.shared.options.extensions.choosing.patterns.as_ref();
        let (Some(patterns), Some(facts)) = (patterns, facts) else { return false };
        let name = path::last_component(operand.source.name.to_bytes());
        choosing::is_operand_left_out(name, facts.kind == FileType::Directory, patterns)
    }

    /// What .gitignore files leave out of a directory, `open` where it may be read. A repository begins anew: nothing
    /// above it counts in it, as with git.
    pub(super) fn rules(
        &self,
        parent: Option<&Arc<Branch>>,
        source: &Place<'_>,
        open: Option<&OwnedFd>,
    ) -> Option<Arc<Rules>> {
        if !self.shared.options.extensions.choosing.gitignore {
            return None;
        }
        let inherited = parent.and_then(|parent| parent.rules.clone());
        let Some(open) = open else { return inherited };
        let is_repository = rustix::fs::statat(open, c".git", AtFlags::SYMLINK_NOFOLLOW).is_ok();
        let above = inherited.filter(|_| !is_repository);
        match read_rules(open) {
            Ok(None) => above,
            Ok(Some(text)) => {
                let own = source.name.to_bytes().len() + 1;
                let below = |parent: &Arc<Branch>| parent.path_below_operand().len() + own;
                let start = parent.map_or(0, below);
                let (rules, bad) = Rules::read(&text, start, above);
                for line in bad {
                    let file = path::join(&source.path, b".gitignore");
                    let file = quote::always(&file, self.shared.reporter.charset());
                    let why = format!(", line {}, matches nothing: {}", line.number, line.why);
                    self.shared.reporter.say(&[b"warning: ", &file[..], why.as_bytes()].concat());
                }
                Some(Arc::new(rules))
            }
            Err(errno) => {
                let file = path::join(&source.path, b".gitignore");
                self.shared.reporter.problem(&Problem::failed(What::NotUsingRules, file, errno));
                above
            }
        }
    }
}

/// The .gitignore file of an open directory, if there is one. Not through a symbolic link, which could lead out of the
/// tree; git does not follow one either.
fn read_rules(directory: &OwnedFd) -> Result<Option<Vec<u8>>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(directory, c".gitignore", flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        answer => answer?,
    };
    let facts = Facts::of(&rustix::fs::fstat(&file)?);
    match facts.kind {
        FileType::RegularFile if facts.size <= RULES_BYTES_MAX => {}
        FileType::RegularFile => return Err(Errno::FBIG),
        FileType::Directory => return Err(Errno::ISDIR),
        _ => return Err(Errno::INVAL),
    }
    let mut text = Vec::new();
    let mut reading = std::io::Read::take(std::fs::File::from(file), RULES_BYTES_MAX);
    let read = std::io::Read::read_to_end(&mut reading, &mut text);
    read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    Ok(Some(text))
}
