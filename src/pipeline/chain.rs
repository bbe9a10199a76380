//! The chain: what is to happen to one file, as plain data.
//!
//! A chain is a short list of operations between at most one source and one destination, with the descriptors and the
//! buffer they use. A copy method makes it, an engine runs it and hands it back in a [`Completion`]: whole, or cut at
//! the operation that failed or came up short. Where each operation runs (linked in the ring, alone in the ring, by a
//! plain call) is the engine's choice and cannot be read off the chain.

use super::turn::Turn;
use crate::bufpool::Lease;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{Refused, Wanted};
use crate::plan::destination::FileSystem;
use crate::plan::facts::{Facts, Identity};
use crate::plan::reading::Reading;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

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
pub enum Directory {
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
pub struct At {
    /// Where the name is looked up.
    pub directory: Directory,
    /// One component inside a tree; what was typed for an operand.
    pub name: Arc<CStr>,
}

/// An open file of a chain.
#[derive(Debug, Default)]
pub enum Descriptor {
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
    /// Whether there is a file behind it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// The ordinary descriptor, where it is one.
    #[must_use]
    pub fn plain(&self) -> Option<BorrowedFd<'_>> {
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
pub enum Into {
    /// An ordinary one: it will be examined, shared, or have its metadata set.
    Plain,
    /// An ordinary one, by a plain call: who opens a FIFO or a device may have to wait for its other end. The ring tries first
    /// with `O_NONBLOCK` (5.6), which is ENXIO for a FIFO that nobody reads, and no waiting for one that nobody writes.
    Waiting,
    /// Whatever suits the engine: it will only be read, written and closed.
    Any,
}

/// One operation. Offsets and lengths are bytes; an offset of `None` means the file's own position.
#[derive(Debug, Clone)]
pub enum Op {
    /// openat(2) of one end.
    Open {
        /// Which file this opens.
        end: End,
        /// Where it is.
        at: At,
        /// As for openat(2); engines add `O_CLOEXEC`.
        flags: OFlags,
        /// Permissions of a file that this creates.
        mode: Mode,
        /// What later operations need of the descriptor.
        into: Into,
    },
    /// fstatat(2) of a name, into [`Seen::facts`].
    Look {
        /// Where the name is.
        at: At,
        /// Whether a symbolic link there is followed.
        follow: bool,
    },
    /// fstat(2) of one end, into [`Seen::facts`].
    Examine {
        /// Which file.
        end: End,
    },
    /// lseek(2) with SEEK_DATA and SEEK_HOLE on the source, into [`Seen::data`]: the next stretch that is no hole.
    FindData {
        /// Where to look from.
        from: u64,
    },
    /// fstatfs(2) of both ends, into [`Seen::systems`].
    Survey,
    /// ioctl(2) FICLONE: the destination shares the source's blocks.
    Clone,
    /// copy_file_range(2) at the same offset of both ends. The chain goes on only where exactly `expect` bytes of `room` came.
    Offload {
        /// Where.
        offset: u64,
        /// How many bytes may come.
        room: u32,
        /// How many must.
        expect: u32,
    },
    /// sendfile(2) of the source's cached pages to the destination. The chain goes on only where exactly `expect` bytes came.
    Pass {
        /// How many bytes may come.
        room: u32,
        /// How many must.
        expect: u32,
    },
    /// fallocate(2) that gives back what the destination has allocated there; a file system that refuses is no failure.
    Punch {
        /// Where.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Reads from the source into the lease. The chain goes on only where exactly `expect` bytes came; an engine may
    /// ask for any number from `expect` to `room`.
    Read {
        /// Where to read, or at the file's position.
        offset: Option<u64>,
        /// How many bytes may be read, at most the lease's capacity.
        room: u32,
        /// How many must come for the chain to go on; `None` for whatever comes, which ends a chain.
        expect: Option<u32>,
    },
    /// Writes `length` bytes of the lease, from `start`, to the destination. Fewer written bytes cut the chain.
    Write {
        /// Where to write, or at the file's position.
        offset: Option<u64>,
        /// First byte of the lease.
        start: u32,
        /// How many bytes.
        length: u32,
    },
    /// unlinkat(2) of the destination's name, which may be gone already.
    Unlink {
        /// Where the name is.
        at: At,
        /// It is to be the destination's that is open: what else has come to bear the name stays.
        own: bool,
    },
    /// ftruncate(2) of the destination.
    Truncate {
        /// The new length.
        length: u64,
    },
    /// Turns `O_DIRECT` of one end on or off; a file system that refuses is no failure.
    SetDirect {
        /// Which file.
        end: End,
        /// On or off.
        on: bool,
    },
    /// Has what is read of the source from now on come from where it is stored, not from the page cache: past it by
    /// `O_DIRECT` where that is known to do so, else by storing what is not stored yet and dropping the pages.
    Bypass {
        /// `O_DIRECT` may be tried.
        direct: bool,
    },
    /// listxattr(2) of the source, into [`Seen::names`].
    ListAttributes,
    /// Gives the destination its attributes. What is refused is no failure of the chain: it goes into
    /// [`Seen::refused`].
    Keep(Box<Wanted>),
    /// Finds where a name leads, through symbolic links where it is to `follow`, and holds that directory open, into
    /// [`Seen::place`].
    Place {
        /// The name.
        at: At,
        /// Whether a symbolic link there is followed.
        follow: bool,
        /// Which file it must be; ESTALE where it is another.
        is: Option<Identity>,
    },
    /// Gives the destination the owner, permissions and extended attributes of the file whose place it takes.
    Inherit {
        /// That file.
        from: Arc<OwnedFd>,
    },
    /// Gives the destination its name: renames what has a temporary one (renameat2(2)), or links what has none
    /// (linkat(2)). A temporary name is gone then, also where this fails.
    Name {
        /// The name that it has, beside the other.
        temporary: Option<At>,
        /// The name that it is to have.
        at: At,
        /// It takes the place of what is there; or else it is an error if anything is.
        over: bool,
    },
    /// Has the kernel begin to write the destination's data to its device, without waiting for it
    /// (sync_file_range(2)). Never fails: what comes of it is told by [`Op::Sync`].
    Writeback,
    /// fsync(2) of the destination.
    Sync,
    /// fsync(2) of the directory that a name leads into, through symbolic links.
    SyncPlace {
        /// The name.
        at: At,
    },
    /// close(2) of one end.
    Close {
        /// Which file.
        end: End,
    },
}

impl Op {
    /// What the user would call it, for the logs of tests.
    #[must_use]
    #[cfg(test)]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { end: End::Source, .. } => "open source",
            Self::Open { end: End::Destination, .. } => "open destination",
            Self::Look { .. } => "look",
            Self::Examine { .. } => "examine",
            Self::FindData { .. } => "find data",
            Self::Survey => "survey",
            Self::Clone => "clone",
            Self::Offload { .. } => "offload",
            Self::Pass { .. } => "pass",
            Self::Punch { .. } => "punch",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Unlink { .. } => "unlink",
            Self::Truncate { .. } => "truncate",
            Self::SetDirect { .. } => "set direct",
            Self::Bypass { .. } => "bypass",
            Self::ListAttributes => "list attributes",
            Self::Keep(_) => "keep",
            Self::Place { .. } => "place",
            Self::Inherit { .. } => "inherit",
            Self::Name { .. } => "name",
            Self::Writeback => "writeback",
            Self::Sync => "sync",
            Self::SyncPlace { .. } => "sync place",
            Self::Close { .. } => "close",
        }
    }

    /// Whether this makes the destination.
    #[must_use]
    pub fn makes_file(&self) -> bool {
        matches!(self, Self::Open { end: End::Destination, flags, .. } if flags.contains(OFlags::CREATE))
    }
}

/// Operations to run in order, with what they work on. An engine owns it while it is in flight.
#[derive(Default)]
pub struct Chain {
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
    pub sleeps: bool,
    /// Files of this destination were seen to take long to make, so that its operations belong in the ring too.
    pub slow_destination: bool,
    /// Others make files in the same directory.
    pub turn: Option<Arc<Turn>>,
}

impl Chain {
    /// The descriptor of one end.
    #[must_use]
    pub fn descriptor(&self, end: End) -> &Descriptor {
        match end {
            End::Source => &self.source,
            End::Destination => &self.destination,
        }
    }

    /// The descriptor of one end, to open or close it.
    pub fn descriptor_mut(&mut self, end: End) -> &mut Descriptor {
        match end {
            End::Source => &mut self.source,
            End::Destination => &mut self.destination,
        }
    }
}

/// How far a chain came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every operation ran as it should.
    Done,
    /// The read, write or offload at this index moved another number of bytes than the chain needed to go on.
    Count {
        /// Index into [`Chain::ops`].
        at: usize,
        /// The bytes that were moved.
        moved: u32,
    },
    /// The operation at this index failed; nothing behind it ran.
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
    pub fn is_cut(&self, chain: &Chain) -> bool {
        match *self {
            Self::Done => false,
            Self::Failed { .. } => true,
            Self::Count { at, .. } => !matches!(chain.ops.get(at), Some(Op::Read { expect: None, .. })),
        }
    }
}

/// A chain handed back by an engine, with everything it owned.
pub struct Completion {
    /// The chain, its descriptors as they are now and its lease filled by the last read.
    pub chain: Chain,
    /// How far it came.
    pub outcome: Outcome,
    /// What its operations saw.
    pub seen: Seen,
}

/// What the looking operations of a chain saw: each the last of its kind.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// By [`Op::Look`] or [`Op::Examine`].
    pub facts: Option<Facts>,
    /// By [`Op::FindData`]; `None` where only a hole is left.
    pub data: Option<Range<u64>>,
    /// By [`Op::ListAttributes`].
    pub names: Names,
    /// By [`Op::Keep`].
    pub refused: Vec<Refused>,
    /// By [`Op::Survey`]: the source's file system and the destination's.
    pub systems: Option<[FileSystem; 2]>,
    /// How long it took to make, fill and close the destination, where a thread did all of that by plain calls.
    pub making: Option<Duration>,
    /// By [`Op::Place`].
    pub place: Option<At>,
}
