//! The operations of a chain: those that a ring can run, and plain system calls.

use super::{At, End, FdKind};
use crate::plan::attributes::AttributePlan;
use crate::plan::facts::FileId;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::sync::Arc;

/// One operation. Offsets and lengths are bytes; an offset of `None` means the file's own position.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// One that a ring can run, or a thread.
    Io(Io),
    /// One that a thread runs.
    Call(Call),
}

/// What a ring can run. What it leaves to a thread, and why, is `engine::uring::route`'s.
#[derive(Debug, Clone)]
pub(crate) enum Io {
    /// openat(2) of one end.
    Open {
        /// Which file this opens.
        end: End,
        at: At,
        /// As for openat(2); engines add `O_CLOEXEC`.
        flags: OFlags,
        /// Permissions of a file that this creates.
        mode: Mode,
        /// What later operations need of the descriptor.
        into: FdKind,
    },
    /// read(2) or pread(2) from the source into the lease. The chain goes on only where exactly `expect` bytes came; an
    /// engine may ask for any number from `expect` to `room`.
    Read {
        /// Where to read, or at the file's position.
        offset: Option<u64>,
        /// How many bytes may be read, at most the lease's capacity.
        room: u32,
        /// How many must come for the chain to go on; `None` for whatever comes, which ends a chain.
        expect: Option<u32>,
    },
    /// write(2) or pwrite(2) of `length` bytes of the lease, from `start`, to the destination. Fewer written bytes cut the
    /// chain.
    Write {
        /// Where to write, or at the file's position.
        offset: Option<u64>,
        /// First byte of the lease.
        start: u32,
        length: u32,
    },
    /// fsync(2) of the destination.
    Fsync,
    /// close(2) of one end.
    Close { end: End },
}

/// What a thread runs by plain calls, named as in section 2 of the manual where it is one of them.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// fstatat(2) of a name, into [`Results::facts`](super::Results::facts).
    Stat {
        at: At,
        /// Whether a symbolic link there is followed.
        follow: bool,
    },
    /// fstat(2) of one end, into [`Results::facts`](super::Results::facts).
    Fstat { end: End },
    /// lseek(2) with SEEK_DATA and SEEK_HOLE on the source, into [`Results::data`](super::Results::data): the next stretch that is
    /// no hole.
    SeekData {
        /// Where to look from.
        from: u64,
    },
    /// fstatfs(2) of both ends, into [`Results::systems`](super::Results::systems).
    Statfs,
    /// ioctl(2) FICLONE: the destination shares the source's blocks.
    Ficlone,
    /// copy_file_range(2) at the same offset of both ends. The chain goes on only where exactly `expect` bytes came.
    CopyFileRange {
        offset: u64,
        /// How many bytes may come.
        room: u32,
        /// How many must.
        expect: u32,
    },
    /// sendfile(2) from the source's beginning to the destination's position: the pages of the page cache are copied
    /// without a detour through this process. The chain goes on only where exactly `expect` bytes came.
    Sendfile {
        /// How many bytes may come.
        room: u32,
        /// How many must.
        expect: u32,
    },
    /// fallocate(2) that gives back what the destination has allocated there; a file system that refuses is no failure.
    PunchHole { offset: u64, length: u64 },
    /// unlinkat(2) of the destination's name, which may be gone already.
    Unlink {
        at: At,
        /// True if it must be the name of the open destination: another file that has taken the name stays.
        own: bool,
    },
    /// ftruncate(2) of the destination.
    Truncate { length: u64 },
    /// fcntl(2) that turns `O_DIRECT` of one end on or off; a file system that refuses is no failure.
    SetDirect { end: End, on: bool },
    /// Has what is read of the source from now on come from where it is stored, not from the page cache: past it by
    /// `O_DIRECT` where that is known to do so, else by storing what is not stored yet and dropping the pages.
    BypassCache {
        /// `O_DIRECT` may be tried.
        direct: bool,
    },
    /// flistxattr(2) of the source, into [`Results::names`](super::Results::names).
    Listxattr,
    /// Gives the destination its attributes. What is refused is no failure of the chain: it goes into
    /// [`Results::refused`](super::Results::refused).
    SetAttributes(Box<AttributePlan>),
    /// Finds where a name leads, through symbolic links where it is to `follow`, and holds that directory open, into
    /// [`Results::place`](super::Results::place).
    PinParent {
        at: At,
        /// Whether a symbolic link there is followed.
        follow: bool,
        /// Which file it must be; ESTALE where it is another.
        is: Option<FileId>,
    },
    /// Gives the destination the owner, permissions and extended attributes of the file whose place it takes.
    CopyOwnerFrom {
        /// That file.
        from: Arc<OwnedFd>,
    },
    /// Gives the destination its name: renames what has a temporary one (renameat2(2)), or links what has none
    /// (linkat(2)). A temporary name is gone then, also where this fails.
    LinkIntoPlace {
        /// The name that it has, beside the other.
        temporary: Option<At>,
        /// The name that it is to have.
        at: At,
        /// It takes the place of what is there; or else it is an error if anything is.
        over: bool,
    },
    /// sync_file_range(2): has the kernel begin to write the destination's data to its device, without waiting for it.
    /// Never fails: what comes of it is told by [`Io::Fsync`].
    Writeback,
    /// fsync(2) of the directory that a name leads into, through symbolic links.
    FsyncParent { at: At },
}

impl Op {
    /// What the user would call it, for the logs of tests.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Io(io) => io.name(),
            Self::Call(call) => call.name(),
        }
    }

    /// Whether this makes the destination.
    #[must_use]
    pub(crate) fn makes_file(&self) -> bool {
        matches!(self, Self::Io(Io::Open { end: End::Destination, flags, .. }) if flags.contains(OFlags::CREATE))
    }
}

#[cfg(test)]
impl Io {
    fn name(&self) -> &'static str {
        match self {
            Self::Open { end: End::Source, .. } => "open source",
            Self::Open { end: End::Destination, .. } => "open destination",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Fsync => "sync",
            Self::Close { .. } => "close",
        }
    }
}

#[cfg(test)]
impl Call {
    fn name(&self) -> &'static str {
        match self {
            Self::Stat { .. } => "look",
            Self::Fstat { .. } => "examine",
            Self::SeekData { .. } => "find data",
            Self::Statfs => "survey",
            Self::Ficlone => "clone",
            Self::CopyFileRange { .. } => "offload",
            Self::Sendfile { .. } => "pass",
            Self::PunchHole { .. } => "punch",
            Self::Unlink { .. } => "unlink",
            Self::Truncate { .. } => "truncate",
            Self::SetDirect { .. } => "set direct",
            Self::BypassCache { .. } => "bypass",
            Self::Listxattr => "list attributes",
            Self::SetAttributes(_) => "keep",
            Self::PinParent { .. } => "place",
            Self::CopyOwnerFrom { .. } => "inherit",
            Self::LinkIntoPlace { .. } => "name",
            Self::Writeback => "writeback",
            Self::FsyncParent { .. } => "sync place",
        }
    }
}
