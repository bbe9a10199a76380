//! What workers pass to each other within tasks: operands, and the files to copy.

pub(crate) mod dir_fsync;
pub(crate) mod dir_handle;
pub(crate) mod dir_job;
pub(crate) mod dir_place;
pub(crate) mod operand_path;

use self::dir_job::DirJob;
use super::entry::created::{CreatedAs, CreatedFiles};
use super::entry::kept_file::KeptFile;
use crate::cli::cp::CpOptions;
use crate::pipeline::chain::{At, End};
use crate::pipeline::create_lock::CreateLock;
use crate::plan::facts::{FileId, FileStat, Owner};
use crate::plan::listing::{Entry, Rank};
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use std::sync::Arc;

/// How a file and its copy are called in messages.
#[derive(Clone)]
pub(crate) enum JobPlace {
    /// An operand: what was typed, and what became of it.
    Operand {
        /// The source.
        source: Arc<[u8]>,
        /// The destination.
        destination: Arc<[u8]>,
    },
    /// An entry of a directory, under the same name on both sides.
    Entry(Arc<DirJob>),
}

/// An operand: what is typed for the source, and where its copy goes.
pub(crate) struct Operand {
    /// The source, as it was typed.
    pub source: At,
    /// The copy's name, in the target directory where there is one.
    pub destination: At,
    /// The target directory as it was typed.
    pub target: Option<Arc<[u8]>>,
    /// The copy's path as messages show it, where it is not the name in the target directory.
    pub shown: Option<Arc<[u8]>>,
    /// How many operands stand before it.
    pub number: usize,
    /// What this run has made, where operands could overwrite each other's copies.
    pub made: Option<Arc<CreatedFiles>>,
}

/// What a copy is to other names of its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Share {
    /// Nothing: there are none, or they do not matter.
    #[default]
    None,
    /// It will be the first, and is not made yet.
    UnderWay,
    /// It is the first, and is this file.
    Made(FileId),
}

/// A file to copy: its places, its names, and what is known beforehand. Each has one end,
/// `Walker::leaf_done`.
#[derive(Clone)]
pub(crate) struct FileJob {
    pub source: At,
    /// Where the copy goes.
    pub destination: At,
    /// What both are called.
    pub names: JobPlace,
    /// A symbolic link in the source's place is followed.
    pub follow: bool,
    /// What the source was seen to be, which it must be still when it is open.
    pub seen: Option<FileStat>,
    /// What is believed to be under the destination's name; `None` where it has not been looked at.
    pub found: Option<Existing>,
    /// The device that the copy goes to, where it is known beforehand.
    pub destination_device: Option<u64>,
    /// What this run has made, where operands could overwrite each other's copies.
    pub made: Option<Arc<CreatedFiles>>,
    /// Whom files made in the destination's directory belong to, where that is certain.
    pub belongs_to: Option<Owner>,
    /// The line of `-v` has been printed.
    pub announced: bool,
    /// It takes the place of what is there, which has made way or would have (`--atomic`).
    pub over: bool,
    /// What was to make way has this name still, as its backup's was another of its names. A link takes the place.
    pub unmoved: bool,
    /// Where it stands in the walk; `None` where its turn has come, if it had to wait for one.
    pub rank: Option<Rank>,
    /// The destination counts as free and was not looked at (`--parents`).
    pub unseen: bool,
    /// The file that had to make way, which comes back if nothing takes its place.
    pub kept: Option<KeptFile>,
    /// The copy failed.
    pub failed: bool,
    /// The options let what is at the destination stay.
    pub left_out: bool,
    /// What the copy is to other names of its source.
    pub share: Share,
    /// Which files are noted as made once the copy is whole, and as what.
    pub copies: Vec<(FileId, CreatedAs)>,
}

impl FileJob {
    /// The job for a leaf of a directory that is being copied.
    ///
    /// # Errors
    /// A directory of the branch cannot be opened again; the error names the entry's path in it.
    pub(crate) fn of_entry(branch: &Arc<DirJob>, entry: &Entry) -> Result<Self, FileError> {
        let no_source =
            |errno| FileError::failed(MessageKind::CannotStat, branch.source_path(&entry.name), errno);
        let no_destination = |errno| {
            FileError::failed(MessageKind::CannotCreateRegular, branch.destination_path(&entry.name), errno)
        };
        Ok(Self {
            source: At { directory: branch.source().map_err(no_source)?, name: Arc::clone(&entry.name) },
            destination: At {
                directory: branch.destination().map_err(no_destination)?,
                name: Arc::clone(&entry.name),
            },
            names: JobPlace::Entry(Arc::clone(branch)),
            follow: entry.through_link,
            seen: None,
            found: branch.created.then_some(Existing::Nothing),
            destination_device: Some(branch.destination.identity().device),
            made: branch.origin.made.clone(),
            belongs_to: branch.belongs_to,
            announced: false,
            over: false,
            unmoved: false,
            rank: Some(entry.rank),
            unseen: false,
            kept: None,
            failed: false,
            left_out: false,
            share: Share::None,
            copies: Vec::new(),
        })
    }

    /// Gives an operand's copy another path for messages.
    pub(crate) fn call_destination(&mut self, path: &[u8]) {
        if let JobPlace::Operand { destination, .. } = &mut self.names {
            *destination = Arc::from(path);
        }
    }

    /// The directory in work that it is an entry of.
    #[must_use]
    pub(crate) fn branch(&self) -> Option<&Arc<DirJob>> {
        match &self.names {
            JobPlace::Operand { .. } => None,
            JobPlace::Entry(branch) => Some(branch),
        }
    }

    /// The turn in which its copy is made, where others make files in the same directory.
    #[must_use]
    pub(crate) fn turn(&self) -> Option<&Arc<CreateLock>> {
        self.branch().and_then(|branch| branch.turn.get())
    }

    /// Whether the copy is an operand's own, rather than one of a file in a directory: only those may not overwrite each
    /// other's, while directories of one name are merged.
    #[must_use]
    pub(crate) fn is_operand(&self) -> bool {
        matches!(self.names, JobPlace::Operand { .. })
    }

    /// Whether an earlier operand has just made what is there.
    #[must_use]
    pub(crate) fn just_created(&self, found: &Existing, posixly_correct: bool) -> Option<FileError> {
        let made = self.made.as_ref()?;
        match found {
            Existing::File(file) => self.is_just_created(file).then(|| {
                FileError::between(MessageKind::JustCreated, self.destination_path(), self.source_path())
            }),
            Existing::LinkTo { .. } | Existing::DanglingLink(_) | Existing::ClosedLink { .. } => {
                let path = self.is_operand().then(|| self.destination_path());
                made.is_link(found, path.as_deref(), posixly_correct).then(|| {
                    FileError::between(
                        MessageKind::JustCreatedLink,
                        self.source_path(),
                        self.destination_path(),
                    )
                })
            }
            Existing::Nothing => None,
        }
    }

    /// Whether the file that bears the name of the copy is one that an earlier operand has just been copied to.
    #[must_use]
    pub(crate) fn is_just_created(&self, there: &FileStat) -> bool {
        self.is_operand()
            && there.kind != FileType::Directory
            && self.made.as_ref().is_some_and(|made| made.is_copy(there, &self.destination_path()))
    }

    /// The source's path for messages.
    #[must_use]
    pub(crate) fn source_path(&self) -> Vec<u8> {
        match &self.names {
            JobPlace::Operand { source, .. } => source.to_vec(),
            JobPlace::Entry(branch) => branch.source_path(&self.source.name),
        }
    }

    /// The destination's path for messages.
    #[must_use]
    pub(crate) fn destination_path(&self) -> Vec<u8> {
        match &self.names {
            JobPlace::Operand { destination, .. } => destination.to_vec(),
            JobPlace::Entry(branch) => branch.destination_path(&self.destination.name),
        }
    }

    /// The path of one end for messages.
    #[must_use]
    pub(crate) fn path(&self, end: End) -> Vec<u8> {
        match end {
            End::Source => self.source_path(),
            End::Destination => self.destination_path(),
        }
    }

    /// True if a link may take the place of what has its name after all. Where the name ends in a slash nothing can,
    /// and trying tells why, as with GNU cp.
    #[must_use]
    pub(crate) fn may_link_over(&self, options: &CpOptions) -> bool {
        let cannot = self.destination.name.to_bytes().ends_with(b"/");
        self.over
            || self.unmoved
            || self.unseen
            || cannot
            || replace::may_link_over(options, self.found.as_ref())
    }

    /// True if the copy's inode must be recorded.
    #[must_use]
    pub(crate) fn is_noted(&self) -> bool {
        self.made.as_ref().is_some_and(|made| made.notes_files()) || self.share != Share::None
    }

    /// What had the copy's name has gone: the copy goes to its device, wherever a link there led to.
    pub(crate) fn is_freed(&mut self) {
        let own = self.found.as_ref().and_then(Existing::own).map(|own| own.identity.device);
        self.destination_device = own.or(self.destination_device);
        self.found = Some(Existing::Nothing);
    }

    /// Notes which file the copy has become, and the link that was `found` where it is written through. What bears the copy's
    /// name is the link then, and becomes what other names of the source are links to.
    pub(crate) fn note(&mut self, copy: FileId, found: Option<&Existing>) {
        let link = found.and_then(written_through).map(|link| link.identity);
        if self.share != Share::None {
            self.share = Share::Made(link.unwrap_or(copy));
        }
        if self.made.as_ref().is_some_and(|made| made.notes_files()) {
            self.copies = vec![(copy, self.made_as(link.is_some()))];
            // No later operand is to be written through it. An entry may be.
            self.copies.extend(link.filter(|_| self.is_operand()).map(|link| (link, self.made_as(true))));
        }
    }

    /// The copy lacks something that was asked for: it may be overwritten, and no other name of its source becomes one of
    /// it, as with GNU cp.
    pub(crate) fn falls_short(&mut self) {
        self.copies.clear();
        if self.share != Share::None {
            self.share = Share::UnderWay;
        }
    }

    /// Notes the copy as made, now that it is whole.
    pub(crate) fn note_made(&self) {
        if let Some(made) = &self.made {
            for (copy, made_as) in &self.copies {
                made.note(*copy, made_as.clone());
            }
        }
    }

    fn made_as(&self, behind: bool) -> CreatedAs {
        match &self.names {
            JobPlace::Entry(_) => CreatedAs::Entry,
            JobPlace::Operand { destination, .. } if behind => CreatedAs::Behind(Arc::clone(destination)),
            JobPlace::Operand { destination, .. } => CreatedAs::Operand(Arc::clone(destination)),
        }
    }

    /// Whether a file of this kind can be the source. Entries of a tree were listed as regular files; an operand must
    /// be what it was when it was looked at.
    #[must_use]
    pub(crate) fn matches(&self, opened: &FileStat) -> bool {
        match &self.seen {
            Some(seen) => seen.identity == opened.identity && seen.kind == opened.kind,
            None => opened.kind == FileType::RegularFile,
        }
    }
}

/// The link that data is written through where it was found at the destination's name.
fn written_through(found: &Existing) -> Option<&FileStat> {
    match found {
        Existing::LinkTo { link, .. } | Existing::DanglingLink(link) => Some(link),
        Existing::Nothing | Existing::File(_) | Existing::ClosedLink { .. } => None,
    }
}
