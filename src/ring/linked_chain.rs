//! A chain of linked operations as a caller puts it together, and as it comes back.

use super::{Reason, io_error};
use crate::bufpool::Lease;
use crate::pipeline::chain::{At, Chain, Completion, Descriptor, Directory, End, FdKind, Io, Op, Outcome};
use crate::pipeline::engine::plain;
use crate::plan::reading::Reading;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::error::Error;
use std::ffi::CStr;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// Most operations of a chain: what a submission queue has room for in any ring.
const OPERATIONS_MAX: usize = 8;

/// I/O memory of a ring: a fixed buffer as far as the kernel allows it. It goes back to the ring when it is dropped.
pub struct Buffer {
    pub(super) lease: Lease,
    pub(super) ring: Rc<()>,
}

impl Buffer {
    /// Bytes that fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.lease.capacity()
    }

    /// The bytes that a read or [`fill`](Self::fill) has put there.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.lease.bytes()
    }

    /// Fills the buffer with as many of these bytes as fit, and answers how many.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        self.lease.fill(bytes)
    }

    /// True if it is a fixed buffer, which the kernel need not look up for each operation.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.lease.fixed().is_some()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (capacity, filled) = (self.capacity(), self.bytes().len());
        f.debug_struct("Buffer").field("capacity", &capacity).field("filled", &filled).finish_non_exhaustive()
    }
}

/// What an open gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A direct descriptor, which only the ring knows, so that further operations can be linked after the open. Its
    /// close does not flush: NFS, SMB and FUSE report late write errors only to an ordinary one. A source of which it
    /// is not known how its file system answers a ring gets an ordinary one.
    Direct,
    /// An ordinary descriptor. The open is the last of its submission.
    Ordinary,
}

/// Operations to run in order, with the files and the buffer that they work on.
#[derive(Default)]
#[must_use = "nothing is done before it is pushed into a ring"]
pub struct LinkedChain {
    chain: Chain,
    /// The ring that the buffer is of, and the one that has opened files.
    rings: [Option<Rc<()>>; 2],
}

impl LinkedChain {
    /// A chain without operations.
    pub fn new() -> Self {
        Self::default()
    }

    /// A mark of the caller's own, by which the chain is known when it comes back.
    pub fn with_token(mut self, token: u64) -> Self {
        self.chain.token = token;
        self
    }

    /// That mark.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.chain.token
    }

    /// The memory that is read into and written from.
    pub fn buffer(mut self, buffer: Buffer) -> Self {
        self.rings[0] = Some(buffer.ring);
        self.chain.lease = Some(buffer.lease);
        self
    }

    /// A file that is open already. Closing it gives up this chain's share.
    pub fn file(mut self, end: End, file: Arc<OwnedFd>) -> Self {
        if end == End::Source {
            self.chain.reading = Reading::default();
        }
        *self.chain.descriptor_mut(end) = Descriptor::Shared(file);
        self
    }

    /// The source lies on the same file system as this file. Where that is one (ext4, XFS, btrfs, tmpfs and their like) whose
    /// files end for a ring where they end for read(2), operations are linked after reads. It is not so with FUSE.
    ///
    /// # Errors
    /// What fstatfs(2) answered.
    pub fn source_like(mut self, file: impl AsFd) -> io::Result<Self> {
        self.chain.reading = Reading::of(plain::kind_of(file.as_fd()).map_err(io_error)?.magic);
        Ok(self)
    }

    /// Opens the source to be read, directly, by its path.
    pub fn open_source(self, path: &CStr) -> Self {
        self.open(End::Source, (None, path), libc::O_RDONLY, 0, Slot::Direct)
    }

    /// Makes the destination to be written, directly, by its path and with these permissions less the umask. EEXIST where
    /// there is something of that name.
    pub fn create_destination(self, path: &CStr, mode: u32) -> Self {
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        self.open(End::Destination, (None, path), flags, mode, Slot::Direct)
    }

    /// openat(2) of one end: of a name in a directory, or in the working directory. O_CLOEXEC is added.
    pub fn open(
        self,
        end: End,
        (directory, name): (Option<&Arc<OwnedFd>>, &CStr),
        flags: i32,
        mode: u32,
        slot: Slot,
    ) -> Self {
        let directory =
            directory.map_or(Directory::Working, |directory| Directory::Open(Arc::clone(directory)));
        let at = At { directory, name: Arc::from(name) };
        let flags = OFlags::from_bits_retain(u32::from_ne_bytes(flags.to_ne_bytes()));
        let into = match slot {
            Slot::Direct => FdKind::Any,
            Slot::Ordinary => FdKind::Plain,
        };
        self.with(Io::Open { end, at, flags, mode: Mode::from_raw_mode(mode), into })
    }

    /// Reads into the buffer from an offset, or from the file's position. The chain goes on where exactly this number
    /// of bytes came.
    pub fn read_exactly(self, offset: Option<u64>, bytes: u32) -> Self {
        self.with(Io::Read { offset, room: bytes, expect: Some(bytes) })
    }

    /// Reads at most this number of bytes. That ends the chain, as it is [`Cut`] with what came.
    pub fn read(self, offset: Option<u64>, bytes: u32) -> Self {
        self.with(Io::Read { offset, room: bytes, expect: None })
    }

    /// Writes `length` bytes of the buffer, from `start`, at an offset or at the file's position. Fewer cut the chain.
    pub fn write(self, offset: Option<u64>, start: u32, length: u32) -> Self {
        self.with(Io::Write { offset, start, length })
    }

    /// fsync(2) of the destination.
    pub fn fsync(self) -> Self {
        self.with(Io::Fsync)
    }

    /// Closes one end.
    pub fn close(self, end: End) -> Self {
        self.with(Io::Close { end })
    }

    fn with(mut self, io: Io) -> Self {
        self.chain.ops.push(Op::Io(io));
        self
    }

    /// A chain without operations that goes on with this one's files and buffer.
    pub fn then(mut self) -> Self {
        self.chain.ops.clear();
        self
    }

    /// True if a file is open at this end.
    #[must_use]
    pub fn is_open(&self, end: End) -> bool {
        self.chain.descriptor(end).is_open()
    }

    /// The buffer, which is the caller's again.
    #[must_use]
    pub fn take_buffer(&mut self) -> Option<Buffer> {
        let ring = self.rings[0].take()?;
        Some(Buffer { lease: self.chain.lease.take()?, ring })
    }

    /// The file of one end, where it has an ordinary descriptor of the chain's own.
    #[must_use]
    pub fn take_file(&mut self, end: End) -> Option<OwnedFd> {
        match std::mem::take(self.chain.descriptor_mut(end)) {
            Descriptor::Plain(file) => Some(file),
            other => {
                *self.chain.descriptor_mut(end) = other;
                None
            }
        }
    }

    /// Why the ring of this identity cannot run the chain.
    pub(super) fn check(&self, ring: &Rc<()>) -> Result<(), Reason> {
        let is_foreign =
            |other: &Option<Rc<()>>| other.as_ref().is_some_and(|other| !Rc::ptr_eq(other, ring));
        let direct = |end| matches!(self.chain.descriptor(end), Descriptor::Direct(_));
        let has_slots = direct(End::Source) || direct(End::Destination);
        if is_foreign(&self.rings[0]) || (has_slots && is_foreign(&self.rings[1])) {
            return Err(Reason::Foreign);
        }
        if self.chain.ops.len() > OPERATIONS_MAX {
            return Err(Reason::TooLong);
        }
        let capacity = self.chain.lease.as_ref().map_or(0, Lease::capacity);
        let mut state = State {
            capacity: u64::try_from(capacity).unwrap_or(u64::MAX),
            filled: u64::try_from(self.chain.lease.as_ref().map_or(0, |lease| lease.bytes().len()))
                .unwrap_or(u64::MAX),
            open: [self.is_open(End::Source), self.is_open(End::Destination)],
        };
        self.chain.ops.iter().try_for_each(|op| match op {
            Op::Io(io) => state.check(io),
            // A caller cannot put one together.
            Op::Call(_) => Ok(()),
        })
    }

    /// The chain as the engine of the ring of this identity runs it.
    pub(super) fn submit(mut self, ring: &Rc<()>) -> Chain {
        debug_assert!(self.check(ring).is_ok(), "a chain is checked before it is submitted");
        if !self.chain.reading.is_anywhere() {
            for op in &mut self.chain.ops {
                if let Op::Io(Io::Open { end: End::Source, into, .. }) = op {
                    *into = FdKind::Plain;
                }
            }
        }
        self.chain
    }

    /// The chain that the ring of this identity gives back.
    pub(super) fn back(chain: Chain, ring: &Rc<()>) -> Self {
        Self { chain, rings: [Some(Rc::clone(ring)), Some(Rc::clone(ring))] }
    }
}

impl fmt::Debug for LinkedChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedChain").field("operations", &self.chain.ops).finish_non_exhaustive()
    }
}

/// What a chain has at one of its operations, if all before it went well.
struct State {
    /// Bytes of the buffer.
    capacity: u64,
    /// Those of them that were filled.
    filled: u64,
    /// The source, and the destination.
    open: [bool; 2],
}

impl State {
    fn check(&mut self, io: &Io) -> Result<(), Reason> {
        let [source, destination] = self.open;
        match *io {
            Io::Open { end, .. } => self.turn(end, true)?,
            Io::Close { end } => self.turn(end, false)?,
            Io::Read { .. } if !source => return Err(Reason::WrongEnd),
            Io::Write { .. } | Io::Fsync if !destination => return Err(Reason::WrongEnd),
            Io::Read { room, .. } if u64::from(room) > self.capacity => return Err(Reason::NoBuffer),
            Io::Read { expect, .. } => self.filled = u64::from(expect.unwrap_or(0)),
            Io::Write { start, length, .. } if u64::from(start) + u64::from(length) > self.filled => {
                return Err(Reason::NotFilled);
            }
            Io::Write { .. } | Io::Fsync => {}
        }
        Ok(())
    }

    /// Opens or closes one end, which was not so before.
    fn turn(&mut self, end: End, open: bool) -> Result<(), Reason> {
        let state = match end {
            End::Source => &mut self.open[0],
            End::Destination => &mut self.open[1],
        };
        let before = std::mem::replace(state, open);
        if before == open { Err(Reason::WrongEnd) } else { Ok(()) }
    }
}

/// A chain that is done.
#[derive(Debug)]
pub struct Completed {
    /// The chain, with its files as they are now and its buffer filled by its last read.
    pub chain: LinkedChain,
    /// Whether all of it ran.
    pub outcome: Result<(), Cut>,
}

impl Completed {
    pub(super) fn of(done: Completion, ring: &Rc<()>) -> Self {
        let outcome = match done.outcome {
            Outcome::Done => Ok(()),
            Outcome::Count { at, moved } => Err(Cut { operation: at, moved: Some(moved), errno: None }),
            Outcome::Failed { at, errno } => {
                Err(Cut { operation: at, moved: None, errno: Some(errno.raw_os_error()) })
            }
        };
        Self { chain: LinkedChain::back(done.chain, ring), outcome }
    }
}

/// Where a chain ended before its end: nothing after that operation has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    operation: usize,
    moved: Option<u32>,
    errno: Option<i32>,
}

impl Cut {
    /// The operation's number, from 0.
    #[must_use]
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// How many bytes a read or write has moved, where that is not what the chain needed to go on.
    #[must_use]
    pub fn moved(&self) -> Option<u32> {
        self.moved
    }

    /// The kernel's error number, where the operation failed.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        self.errno
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno.map(io::Error::from_raw_os_error) {
            Some(error) => write!(f, "operation {}: {error}", self.operation),
            None => write!(f, "operation {}: {} bytes", self.operation, self.moved.unwrap_or(0)),
        }
    }
}

impl Error for Cut {}
