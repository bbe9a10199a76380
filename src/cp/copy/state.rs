//! What every phase of one file's copy knows: plain data, grouped by what it says something about.

use super::fs_pairs::Pair;
use super::stream::{InOrder, StreamState};
use super::temp_file::Staged;
use super::verify::Hashing;
use super::{Context, CopyPolicy};
use crate::cli::cp::Sparse;
use crate::cp::job::FileJob;
use crate::pipeline::chain::{Chain, Descriptor, End};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::CopyOrigin;
use crate::plan::data::Trail;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::reading::Reading;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;

/// What the phases of a file hand on to each other.
pub(super) struct CopyState {
    pub job: Box<FileJob>,
    pub source: Source,
    pub destination: Destination,
    pub data: DataState,
    pub due: Due,
    /// True if one of both ends can only be opened by waiting for it.
    pub blocking_open: bool,
    /// The end for which there was no descriptor, and why.
    pub without_descriptor: Option<(End, Errno)>,
    /// True if files of the destination take long to make.
    pub slow_destination: bool,
}

/// What is known of the source.
#[derive(Default)]
pub(super) struct Source {
    /// What the open source was seen to be.
    pub facts: Option<FileStat>,
    /// Whether a ring may read it, as far as the engine has found out.
    pub reading: Reading,
    /// Why it could not be opened.
    pub refused: Option<Errno>,
    /// True if it was opened by a descriptor that cannot be read (O_PATH).
    pub by_path: bool,
    /// The descriptor by which it was examined, where a later chain opens it again.
    pub examined: Descriptor,
}

/// What is known of the destination.
pub(super) struct Destination {
    /// What is under its name; `None` where it has not been looked at yet.
    pub found: Option<Existing>,
    /// How it is made or opened, as was decided last.
    pub plan: OpenPlan,
    /// Whether it was there before.
    pub origin: CopyOrigin,
    /// True if it is a regular file, which can have holes.
    pub is_regular: bool,
    /// True if it is this run's own, or has been cut to nothing.
    pub truncated: bool,
    /// The descriptor by which it was examined, where it is opened by waiting.
    pub held: Descriptor,
}

/// How far the data has come.
#[derive(Default)]
pub(super) struct DataState {
    /// True if both ends are regular files, which can be reached at offsets.
    pub seekable: bool,
    /// Which of them has no offsets all the same.
    pub in_order: InOrder,
    /// What has arrived, and what the lease still holds.
    pub stream: StreamState,
    /// The length of the destination in bytes, where that may differ from how far its data has come: it gets holes.
    pub length: Option<u64>,
    /// True if the file system has no map of the source's data.
    pub no_seek_data: bool,
    /// True if sharing blocks has been tried.
    pub clone_tried: bool,
    /// True if a method was chosen for the data, or the destination was to be opened for it.
    pub started: bool,
    /// What became of the data, for `--debug`.
    pub debug_trace: Trail,
}

/// What the file is still owed: only `end` pays it, and each way to the end of a file passes there.
#[derive(Default)]
pub(super) struct Due {
    /// Its attributes: the names of the source's extended ones, where it has any. The operation that sets attributes has them
    /// while it is in flight, and a chain that is cut before that gives them back.
    pub names: Option<Box<Names>>,
    /// Its hash, where one is asked for.
    pub hashing: Option<Box<Hashing>>,
    /// Its place, where it is written apart from its name.
    pub staged: Option<Box<Staged>>,
    /// True if the destination was made for nothing and is to be removed.
    pub remove_at_close: bool,
    /// True if it has all its data, but an attribute was refused or its source could not be closed: its backup is put back.
    pub falls_short: bool,
    /// True if its error was reported; only closing is left.
    pub failed: bool,
}

impl CopyState {
    pub(super) fn new(job: Box<FileJob>, slow_destination: bool) -> Self {
        Self {
            source: Source::default(),
            destination: Destination {
                found: job.found,
                plan: OpenPlan::Create,
                origin: CopyOrigin::Created(job.belongs_to),
                is_regular: true,
                truncated: true,
                held: Descriptor::Closed,
            },
            data: DataState { seekable: true, ..DataState::default() },
            due: Due::default(),
            job,
            blocking_open: false,
            without_descriptor: None,
            slow_destination,
        }
    }

    /// True if the whole of a small file goes in one linked chain, which opens its source again.
    pub(super) fn fused(&self, context: &Context<'_>) -> bool {
        // Attributes and names are set, and copies read back, by ordinary descriptors, which linked operations could not
        // share; files that are made durable wait for others.
        let CopyPolicy { attributes_only, direct, keeping, .. } = context.settings;
        let attributes = keeping.is_anything() || attributes_only || context.settings.ends_apart();
        let capabilities = context.capabilities;
        let fused = capabilities.fused || (capabilities.fused_where_slow && self.slow_destination);
        fused && !direct && !attributes && self.job.found == Some(Existing::Nothing)
    }

    /// True if the source is held by a descriptor that cannot be read.
    pub(super) fn only_examined(&self) -> bool {
        self.source.by_path && !self.source.examined.is_open()
    }

    /// The devices of both ends, where they are known.
    pub(super) fn pair(&self) -> Option<Pair> {
        let source = self.source_facts().identity.device;
        self.job.destination_device.map(|destination| Pair { source, destination })
    }

    /// The facts of the open source; before it is open, those of an empty file.
    pub(super) fn source_facts(&self) -> &FileStat {
        self.source.facts.as_ref().unwrap_or(&FileStat::UNKNOWN)
    }

    /// True if zeros of this file are left out. The destination is open by now, and must be able to have holes.
    pub(super) fn makes_holes(&mut self, context: &Context<'_>) -> bool {
        let makes = context.settings.sparse == Sparse::Always && self.destination.is_regular;
        self.data.debug_trace.zeros |= makes;
        makes
    }

    /// From now on this end is read or written where it is. Nothing has been, by an offset; holes it can have none.
    pub(super) fn has_no_offsets(&mut self, end: End) {
        match end {
            End::Source => self.data.in_order.source = true,
            End::Destination => {
                self.data.in_order.destination = true;
                self.destination.is_regular = false;
            }
        }
    }

    /// True if the file at the destination is this run's own.
    pub(super) fn has_made(&self, chain: &Chain) -> bool {
        chain.destination.is_open() && self.destination.found == Some(Existing::Nothing)
    }

    /// True if the file at the destination is not any more what it was.
    pub(super) fn has_changed(&self, chain: &Chain) -> bool {
        let Destination { is_regular, truncated, .. } = self.destination;
        let is_changed = is_regular && truncated && self.due.staged.is_none();
        chain.destination.is_open() && is_changed && !self.has_made(chain)
    }

    pub(super) fn source_problem(&self, what: MessageKind, errno: Errno) -> FileError {
        FileError::failed(what, self.job.source_path(), errno)
    }

    pub(super) fn destination_problem(&self, what: MessageKind, errno: Errno) -> FileError {
        FileError::failed(what, self.job.destination_path(), errno)
    }
}
