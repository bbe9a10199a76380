//! The chain: what is to happen to one file, as plain data.
//!
//! A chain is a short list of operations between at most one source and one destination, with the descriptors and the
//! buffer they use. A copy method makes it, an engine runs it and hands it back in a [`Completion`]: whole, or cut at
//! the operation that failed or came up short. Where each operation runs (linked in the ring, alone in the ring, by a
//! plain call) is the engine's choice and cannot be read off the chain.

mod op;

use super::create_lock::CreateLock;
use crate::bufpool::Lease;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::AttributeError;
use crate::plan::destination::FileSystem;
use crate::plan::facts::FileStat;
use crate::plan::reading::Reading;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use op::{Call, Io, Op};

/// Which of a chain's two files an operation concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The file that is read.
    Source,
    /// The file that is written.
    Destination,
}

/// An open directory that names are looked up in, or the working directory.
#[derive(Debug, Clone)]
pub(crate) enum Directory {
    /// The process's working directory.
    Working,
    /// A directory held open; shared by everything that is copied out of it or into it.
    Open(Arc<OwnedFd>),
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Working => rustix::fs::CWD,
            Self::Open(directory) => directory.as_fd(),
        }
    }
}

/// A name in a directory: how files are reached, never by a path that could be swapped underneath.
#[derive(Debug, Clone)]
pub(crate) struct At {
    /// Where the name is looked up.
    pub directory: Directory,
    /// One component inside a tree; what was typed for an operand.
    pub name: Arc<CStr>,
}

/// An open file of a chain.
#[derive(Debug, Default)]
pub(crate) enum Descriptor {
    /// Not open, or closed again.
    #[default]
    Closed,
    /// An ordinary descriptor of this chain's own.
    Plain(OwnedFd),
    /// An ordinary descriptor that several chains use; closing it gives up this chain's share only.
    Shared(Arc<OwnedFd>),
    /// Standard input or output: lent, never closed by a chain.
    Standard(BorrowedFd<'static>),
    /// A slot of the engine's registered-file table. Only the engine that opened it can use or close it.
    Direct(u32),
}

impl Descriptor {
    /// True if a file is open here.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// The ordinary descriptor, where it is one.
    #[must_use]
    pub(crate) fn plain(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Plain(fd) => Some(fd.as_fd()),
            Self::Shared(fd) => Some(fd.as_fd()),
            Self::Standard(fd) => Some(*fd),
            Self::Closed | Self::Direct(_) => None,
        }
    }
}

/// What kind of descriptor an open must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FdKind {
    /// An ordinary one: it will be examined, shared, or have its metadata set.
    Plain,
    /// An ordinary one, by a plain call: the open of a FIFO or a device may wait for its other end. The ring tries
    /// first with `O_NONBLOCK` (5.6), which is ENXIO for a FIFO without a reader, and no waiting for one without a
    /// writer.
    Waiting,
    /// Whatever suits the engine: it will only be read, written and closed.
    Any,
}

/// Operations to run in order, with what they work on. An engine owns it while it is in flight.
#[derive(Default)]
pub(crate) struct Chain {
    /// The caller's own mark, handed back untouched.
    pub token: u64,
    /// The file that is read.
    pub source: Descriptor,
    /// Whether a ring may read it: a ring finds that out where it is not said.
    pub reading: Reading,
    /// The file that is written.
    pub destination: Descriptor,
    /// The memory between them.
    pub lease: Option<Lease>,
    /// What to do, in order.
    pub ops: Vec<Op>,
    /// Reads and writes go past the page cache and so always sleep: they belong in the ring wherever it can take them.
    pub direct_io: bool,
    /// Files of this destination were seen to take long to make, so that its operations belong in the ring too.
    pub slow_destination: bool,
    /// Others make files in the same directory.
    pub turn: Option<Arc<CreateLock>>,
}

impl Chain {
    /// The descriptor of one end.
    #[must_use]
    pub(crate) fn descriptor(&self, end: End) -> &Descriptor {
        match end {
            End::Source => &self.source,
            End::Destination => &self.destination,
        }
    }

    /// The descriptor of one end, to open or close it.
    pub(crate) fn descriptor_mut(&mut self, end: End) -> &mut Descriptor {
        match end {
            End::Source => &mut self.source,
            End::Destination => &mut self.destination,
        }
    }
}

/// How far a chain came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every operation ran as it should.
    Done,
    /// The read, write or offload at this index moved another number of bytes than the chain needed to go on.
    Count {
        /// Index into [`Chain::ops`].
        at: usize,
        /// The bytes that were moved.
        moved: u32,
    },
    /// The operation at this index failed; nothing after it ran.
    Failed {
        /// Index into [`Chain::ops`].
        at: usize,
        /// Why.
        errno: Errno,
    },
}

impl Outcome {
    /// Whether the chain was cut before its end, by a failure or by fewer bytes than an operation needed.
    #[must_use]
    pub(crate) fn is_cut(&self, chain: &Chain) -> bool {
        match *self {
            Self::Done => false,
            Self::Failed { .. } => true,
            Self::Count { at, .. } => {
                !matches!(chain.ops.get(at), Some(Op::Io(Io::Read { expect: None, .. })))
            }
        }
    }
}

/// A chain handed back by an engine, with everything it owned.
pub(crate) struct Completion {
    /// The chain, its descriptors as they are now and its lease filled by the last read.
    pub chain: Chain,
    /// How far it came.
    pub outcome: Outcome,
    /// What its operations saw.
    pub seen: Results,
}

/// What the looking operations of a chain saw: each the last of its kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    /// By [`Call::Stat`] or [`Call::Fstat`].
    pub facts: Option<FileStat>,
    /// By [`Call::SeekData`]; `None` where only a hole is left.
    pub data: Option<Range<u64>>,
    /// By [`Call::Listxattr`].
    pub names: Names,
    /// By [`Call::SetAttributes`].
    pub refused: Vec<AttributeError>,
    /// By [`Call::Statfs`]: the source's file system and the destination's.
    pub systems: Option<[FileSystem; 2]>,
    /// How long it took to make, fill and close the destination, where a thread did all of that by plain calls.
    pub making: Option<Duration>,
    /// By [`Call::PinParent`].
    pub place: Option<At>,
}
