//! What is left out of a copy: entries of a listing, operands, and the .gitignore files that say so.

use super::Walker;
use crate::cp::job::Operand;
use crate::cp::job::dir_job::DirJob;
use crate::cp::job::dir_place::DirPlace;
use crate::plan::facts::FileStat;
use crate::plan::filter::{self, BadLines, Beyond, RULES_BYTES_MAX, Rules};
use crate::plan::listing::Entry;
use crate::plan::path;
use crate::report::message::{FileError, MessageKind};
use crate::report::quote;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::sync::Arc;

/// What is wrong with a .gitignore file.
pub(crate) enum Trouble {
    /// It cannot be read.
    Unread(Errno),
    /// There is more in it than is read.
    Beyond(Beyond),
    /// Some of its lines say nothing.
    Bad(BadLines),
}

impl Walker<'_, '_> {
    /// Takes the entries out of a listing that are not to be copied.
    pub(crate) fn choose(&self, branch: &DirJob, entries: &mut Vec<Entry>) {
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
            !filter::is_left_out((&path, name), is_directory, patterns, rules, &mut found)
        });
    }

    /// Whether an operand is left out, seen to be what `facts` say.
    pub(crate) fn is_left_out(&self, operand: &Operand, facts: impl FnOnce() -> Option<FileStat>) -> bool {
        let patterns = self.shared.options.extensions.choosing.patterns.as_ref();
        let Some((patterns, facts)) = patterns.and_then(|patterns| Some((patterns, facts()?))) else {
            return false;
        };
        let name = path::last_component(operand.source.name.to_bytes());
        filter::is_operand_left_out(name, facts.kind == FileType::Directory, patterns)
    }

    /// What .gitignore files leave out of a directory, `open` where it may be read. A repository begins anew: nothing
    /// above it counts in it, as with git.
    pub(crate) fn rules(
        &self,
        parent: Option<&Arc<DirJob>>,
        source: &DirPlace<'_>,
        open: Option<&OwnedFd>,
    ) -> Option<Arc<Rules>> {
        if !self.shared.options.extensions.choosing.gitignore {
            return None;
        }
        let inherited = parent.and_then(|parent| parent.rules.clone());
        let Some(open) = open else { return inherited };
        let own = source.name.to_bytes().len() + 1;
        let start = parent.map_or(0, |parent| parent.path_below_operand().len() + own);
        let (rules, trouble) = rules_in(open, start, inherited);
        if let Some(trouble) = trouble {
            self.tell_of_rules(path::join(&source.path, b".gitignore"), &trouble);
        }
        rules
    }

    /// Tells in one line what there is to say of a file: what stands in it is another's, as often as it may stand there.
    fn tell_of_rules(&self, file: Vec<u8>, trouble: &Trouble) {
        let reporter = self.shared.reporter;
        match trouble {
            Trouble::Unread(errno) => {
                reporter.problem(&FileError::failed(MessageKind::NotUsingRules, file, *errno))
            }
            Trouble::Beyond(Beyond(why)) => {
                let why = quote::shown(why.as_bytes(), reporter.charset());
                reporter.problem_because(&FileError::of(MessageKind::NotUsingRules, file), &why);
            }
            Trouble::Bad(BadLines { number, why, others }) => {
                let file = quote::always(&file, reporter.charset());
                let number = format!(", line {number}, matches nothing: ");
                let why = quote::shown(why.as_bytes(), reporter.charset());
                let others = match others {
                    0 => String::new(),
                    1 => " (and 1 more line)".to_owned(),
                    others => format!(" (and {others} more lines)"),
                };
                let text = [b"warning: ", &file[..], number.as_bytes(), &why, others.as_bytes()].concat();
                reporter.message(&text);
            }
        }
    }
}

/// What the .gitignore file of an open directory leaves out, whose path below the operand takes `start` bytes, and what
/// those above it do, which are `inherited`. A repository begins anew: nothing above it counts in it, as with git. Where
/// the file's own rules cannot be used, those above it still count.
pub(crate) fn rules_in(
    open: impl AsFd,
    start: usize,
    inherited: Option<Arc<Rules>>,
) -> (Option<Arc<Rules>>, Option<Trouble>) {
    let is_repository = rustix::fs::statat(&open, c".git", AtFlags::SYMLINK_NOFOLLOW).is_ok();
    let above = inherited.filter(|_| !is_repository);
    match read_rules(open) {
        Ok(None) => (above, None),
        Ok(Some(text)) => match Rules::read(&text, start, above.clone()) {
            Ok((rules, bad)) => (Some(Arc::new(rules)), bad.map(Trouble::Bad)),
            Err(beyond) => (above, Some(Trouble::Beyond(beyond))),
        },
        Err(errno) => (above, Some(Trouble::Unread(errno))),
    }
}

/// The .gitignore file of an open directory, if there is one. Not through a symbolic link, which could lead out of the
/// tree; git does not follow one either.
fn read_rules(directory: impl AsFd) -> Result<Option<Vec<u8>>, Errno> {
    // The open of a FIFO of that name waits for no writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(directory, c".gitignore", flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        answer => answer?,
    };
    match FileStat::of(&rustix::fs::fstat(&file)?).kind {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR),
        _ => return Err(Errno::INVAL),
    }
    // Its size says nothing of what comes: it may grow meanwhile, or be made up as it is read.
    let mut text = Vec::new();
    let mut reading = std::io::Read::take(std::fs::File::from(file), RULES_BYTES_MAX + 1);
    let read = std::io::Read::read_to_end(&mut reading, &mut text);
    read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    if reading.limit() == 0 { Err(Errno::FBIG) } else { Ok(Some(text)) }
}
