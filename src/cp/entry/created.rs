//! What operands were given and what became of them, remembered where several could meet: a source that comes twice, a
//! file that this run has just made, a directory that comes again as a part of a later operand.

use crate::cp::job::dir_job::Origin;
use crate::cp::job::operand_path::{typed, without_slashes};
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::listing::{Listing, MANY};
use crate::plan::overwrite::Existing;
use crate::plan::path;
use rustix::fs::{AtFlags, FileType, OFlags};
use rustix::io::Errno;
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, PoisonError};

/// A name in a directory, however they are spelled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EntryName {
    directory: FileId,
    name: Vec<u8>,
}

impl EntryName {
    /// The entry that a place is; `None` where its directory cannot be looked at.
    #[must_use]
    pub(crate) fn of(at: &At) -> Option<Self> {
        Some(Self { directory: directory_of(at)?, name: path::last_component(at.name.to_bytes()).to_vec() })
    }

    /// Whether it is this name in this directory.
    #[must_use]
    pub(crate) fn is(&self, directory: FileId, name: &CStr) -> bool {
        self.directory == directory && self.name == name.to_bytes()
    }

    /// The same, but for a directory that is reached through a symbolic link: GNU cp takes that for another one.
    fn as_typed(at: &At) -> Option<Self> {
        let name = at.name.to_bytes();
        let directory = without_slashes(&at.directory, path::parent(name))?.identity;
        Some(Self { directory, name: path::last_component(name).to_vec() })
    }

    /// The entry that a path is, as it was typed. An empty one stands for the working directory.
    #[must_use]
    pub(crate) fn of_path(path: &[u8]) -> Option<Self> {
        typed(if path.is_empty() { b"." } else { path }).and_then(|at| Self::as_typed(&at))
    }
}

/// The directory that operands are copied into.
pub(crate) struct Base {
    directory: Directory,
    /// How many bytes of a path name it.
    bytes: usize,
}

impl Base {
    /// The open directory that was `typed` so.
    #[must_use]
    pub(crate) fn new(directory: Directory, typed: &[u8]) -> Self {
        Self { directory, bytes: path::join(typed, b"").len() }
    }

    /// The entry that the path of a copy is, as it was typed: a link to this directory is as good as the directory.
    #[must_use]
    pub(crate) fn entry(base: Option<&Self>, path: &[u8]) -> Option<EntryName> {
        let Some((base, name)) = base.and_then(|base| Some((base, path.get(base.bytes..)?))) else {
            return EntryName::of_path(path);
        };
        let At { name, .. } = typed(name)?;
        EntryName::as_typed(&At { directory: base.directory.clone(), name })
    }
}

/// Whether two names of one file are one entry, spelled in two ways on a file system without case: it has no other name, or
/// their directory does not list both.
#[must_use]
pub(crate) fn has_one_name(one: &At, other: &At, file: &FileStat) -> bool {
    if file.kind == FileType::Directory || file.links <= 1 {
        return file.kind != FileType::Directory;
    }
    let names = [one, other].map(|at| path::last_component(at.name.to_bytes()));
    let spelled = !names.iter().all(|name| name.is_ascii()) || names[0].eq_ignore_ascii_case(names[1]);
    let directory = directory_of(one);
    if !spelled || names[0] == names[1] || directory.is_none() || directory != directory_of(other) {
        return false;
    }
    // What cannot be listed may be two names, as on most file systems.
    lists_both(one, names).is_ok_and(|both| !both)
}

/// Whether the directory of `at` lists both names as they are spelled.
fn lists_both(at: &At, names: [&[u8]; 2]) -> Result<bool, Errno> {
    let parent = path::parent(at.name.to_bytes());
    let open = place::open_directory(&at.directory, parent)?;
    // GNU cp does not list it. Where it is another user's its access time changes all the same.
    match rustix::fs::fcntl_setfl(&open, OFlags::NOATIME) {
        Ok(()) | Err(_) => {}
    }
    let mut listing = Listing::default();
    let mut listed = [false; 2];
    loop {
        let (entries, ended) = listing.fetch(&open, MANY)?;
        for (name, listed) in names.iter().zip(&mut listed) {
            *listed |= entries.iter().any(|entry| entry.name.to_bytes() == *name);
        }
        if ended || listed == [true; 2] {
            return Ok(listed == [true; 2]);
        }
    }
}

/// Which directory a place lies in.
#[must_use]
pub(crate) fn directory_of(at: &At) -> Option<FileId> {
    let parent = CString::new(path::parent(at.name.to_bytes())).ok()?;
    let stat = rustix::fs::statat(&at.directory, &*parent, AtFlags::empty()).ok()?;
    Some(FileStat::of(&stat).identity)
}

/// Which copy a file was made as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CreatedAs {
    /// That of an operand of this path.
    Operand(Arc<[u8]>),
    /// What a link of this path leads to, which an operand was written through; and the link itself.
    Behind(Arc<[u8]>),
    /// That of an entry of a directory.
    Entry,
}

/// The files made so far and the names they were made from, for operands that could overwrite each other's copies.
pub(crate) struct CreatedFiles {
    /// Operands get one name, so that what is made for one could be overwritten by another.
    by_name: bool,
    files: Mutex<HashMap<FileId, Vec<CreatedAs>>>,
    sources: Mutex<HashSet<(FileId, Option<EntryName>)>>,
}

impl CreatedFiles {
    /// Nothing, for operands that get one name, or only may be one source.
    #[must_use]
    pub(crate) fn nothing(by_name: bool) -> Self {
        Self { by_name, files: Mutex::default(), sources: Mutex::default() }
    }

    /// Whether it is remembered which files are made.
    #[must_use]
    pub(crate) fn notes_files(&self) -> bool {
        self.by_name
    }

    /// Notes a file that was just made.
    pub(crate) fn note(&self, file: FileId, made_as: CreatedAs) {
        if !self.by_name {
            return;
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.entry(file).or_default();
        if !known.contains(&made_as) {
            known.push(made_as);
        }
    }

    /// Whether the source of a file was given by this name before.
    #[must_use]
    pub(crate) fn has_source(&self, source: FileId, at: &At) -> bool {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.contains(&(source, EntryName::as_typed(at)))
    }

    /// Notes the source of a file and its name, and answers whether it was given by that name before.
    #[must_use]
    pub(crate) fn note_source(&self, source: FileId, at: &At) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        !sources.insert((source, EntryName::as_typed(at)))
    }

    /// Whether this run made the link, or wrote through it under this path.
    fn leads_on(&self, link: FileId, path: Option<&[u8]>) -> bool {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&link).is_some_and(|known| {
            known.iter().any(|made_as| match made_as {
                CreatedAs::Behind(own) => Some(&**own) == path,
                CreatedAs::Operand(_) | CreatedAs::Entry => true,
            })
        })
    }

    /// Whether the file, which bears the `path` of an operand's copy itself, is such a copy made just now. Another name of
    /// one is not, nor another spelling of it, nor what is an entry of a directory, as with GNU cp.
    #[must_use]
    pub(crate) fn is_copy(&self, file: &FileStat, path: &[u8]) -> bool {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = files.get(&file.identity) else { return false };
        known.iter().any(|made_as| match made_as {
            CreatedAs::Operand(own) | CreatedAs::Behind(own) => **own == *path,
            CreatedAs::Entry => false,
        })
    }

    /// Whether `found` is a link that this run made or wrote through, and that would be written through; `path` is that of an
    /// operand's copy. One that leads nowhere is just that, as with GNU cp, where it is no operand's copy and would not be
    /// written through.
    #[must_use]
    pub(crate) fn is_link(&self, found: &Existing, path: Option<&[u8]>, posixly_correct: bool) -> bool {
        match found {
            Existing::Nothing | Existing::File(_) => false,
            Existing::DanglingLink(link) if !posixly_correct => {
                path.is_some_and(|path| self.is_copy(link, path))
            }
            Existing::LinkTo { link, .. }
            | Existing::DanglingLink(link)
            | Existing::ClosedLink { link, .. } => self.leads_on(link.identity, path),
        }
    }
}

/// The copy that an operand's directory has been given.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryCopy {
    /// Its path as messages show it.
    pub path: Vec<u8>,
    number: usize,
    entry: Option<EntryName>,
}

impl DirectoryCopy {
    /// Whether a copy of the directory that is this entry would be the same once more.
    #[must_use]
    pub(crate) fn is(&self, entry: Option<&EntryName>) -> bool {
        entry.is_some() && self.entry.as_ref() == entry
    }
}

/// The directories among the operands, and their copies: one that is met again as a part of a later operand would have
/// to become a hard link.
#[derive(Default)]
pub(crate) struct OperandDirectories {
    copies: Mutex<HashMap<FileId, DirectoryCopy>>,
}

impl OperandDirectories {
    /// Notes an operand's directory whose copy is there now. The first to name it counts.
    pub(crate) fn note(&self, directory: FileId, origin: &Origin, base: Option<&Base>) {
        let copy = || DirectoryCopy {
            path: origin.destination_path.clone(),
            number: origin.number,
            entry: Base::entry(base, &origin.destination_path),
        };
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.entry(directory).or_insert_with(copy);
    }

    /// The copy of this directory that an earlier operand than that of `origin` has been given.
    #[must_use]
    pub(crate) fn copied_before(&self, directory: FileId, origin: &Origin) -> Option<DirectoryCopy> {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.get(&directory).filter(|copy| copy.number < origin.number).cloned()
    }
}

/// The files among the operands.
#[derive(Default)]
pub(crate) struct ReadOperands(Mutex<HashSet<FileId>>);

impl ReadOperands {
    /// Whether a file was noted before; it is now.
    #[must_use]
    pub(crate) fn is_there(&self, file: FileId) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(file)
    }
}
