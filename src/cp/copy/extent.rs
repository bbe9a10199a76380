//! One block of a large file: read and written, read and searched for zeros, left to the kernel, or only read.

use super::extents::{BlockMode, FinishedExtents, LargeFile, set_direct};
use super::zeros;
use crate::hashes::Hashed;
use crate::pipeline::chain::{Call, Chain, Completion, Io, Op, Outcome};
use crate::plan::data;
use crate::report::message::MessageKind;
use rustix::io::Errno;
use std::ops::Range;
use std::sync::Arc;

/// One block of a large file on its way.
pub(crate) struct Extent {
    file: Arc<LargeFile>,
    /// What of the file is not in the destination yet. What its lease holds belongs at the beginning.
    left: Range<u64>,
    /// Bytes of the lease that have been read and not written.
    pending: Range<u32>,
    way: BlockMode,
    refused_polling: bool,
    /// Bytes of it that are shown as arrived.
    shown: u64,
}

/// What becomes of an extent after a completion.
pub(crate) enum BlockStep {
    /// It goes on by this chain.
    Run(Chain),
    /// It is done; the buffer is free again.
    Done,
}

impl Extent {
    /// A block of `file` that is to go this way.
    pub(super) fn new(file: Arc<LargeFile>, block: Range<u64>, way: BlockMode) -> Self {
        Self { file, left: block, pending: 0..0, way, refused_polling: false, shown: 0 }
    }

    /// Whether the device was found not to be polled for completions, as was asked.
    #[must_use]
    pub(crate) fn refused_polling(&self) -> bool {
        self.refused_polling
    }

    /// Puts into the chain what comes next: what was read is written, then the rest is read.
    pub(super) fn go_on(&mut self, chain: &mut Chain) {
        chain.ops.clear();
        let pending = u64::from(self.pending.end - self.pending.start);
        match self.way {
            BlockMode::Offload => {
                let length = u32::try_from(self.left.end - self.left.start).unwrap_or(u32::MAX);
                if length > 0 {
                    chain.ops.push(Op::Call(Call::CopyFileRange {
                        offset: self.left.start,
                        room: length,
                        expect: length,
                    }));
                }
                return;
            }
            BlockMode::Zeros(hole_bytes) if pending > 0 => {
                let bytes = chain.lease.as_ref().map_or(&[][..], |lease| lease.bytes());
                chain.ops = zeros::writes(bytes, self.pending.clone(), self.left.start, hole_bytes, None);
                if !chain.ops.is_empty() {
                    return;
                }
                // Zeros to the end: the destination has them.
                self.written(self.left.start + pending);
            }
            BlockMode::Through if pending > 0 => {
                let (offset, start) = (Some(self.left.start), self.pending.start);
                chain.ops.push(Op::Io(Io::Write { offset, start, length: self.pending.end - start }));
            }
            BlockMode::Zeros(_) | BlockMode::Through | BlockMode::Hash(_) => {}
        }
        let room = chain.lease.as_ref().map_or(0, |lease| lease.capacity());
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let from = self.left.start + u64::from(self.pending.end - self.pending.start);
        let length = u32::try_from(self.left.end - from).unwrap_or(u32::MAX).min(room);
        if length > 0 {
            let offset = Some(from);
            // Nothing is written of what comes too much, and past the page cache only whole pages are read.
            let asked = if matches!(self.way, BlockMode::Hash(_)) { room } else { length };
            chain.ops.push(Op::Io(Io::Read { offset, room: asked, expect: Some(length) }));
            if self.way == BlockMode::Through {
                chain.ops.push(Op::Io(Io::Write { offset, start: 0, length }));
            }
        }
    }

    /// All of the block before this offset of the file is in the destination.
    pub(crate) fn reached(&self) -> u64 {
        self.left.start
    }

    /// Adds to its bytes that are shown as arrived. The file learns that at the end, when it is locked anyway.
    pub(crate) fn note_shown(&mut self, bytes: u64) {
        self.shown += bytes;
    }

    /// The file it is a block of.
    pub(crate) fn file(&self) -> &Arc<LargeFile> {
        &self.file
    }

    /// All up to this offset of the file is in the destination.
    fn written(&mut self, offset: u64) {
        let moved = u32::try_from(offset.saturating_sub(self.left.start)).unwrap_or(u32::MAX);
        self.pending.start = self.pending.start.saturating_add(moved).min(self.pending.end);
        self.left.start = offset;
    }

    /// The lease holds `moved` bytes from the offset that the extent has reached.
    fn read(&mut self, moved: u32, chain: &Chain) {
        let left = u32::try_from(self.left.end - self.left.start).unwrap_or(u32::MAX);
        let moved = moved.min(left);
        if let Some(lease) = chain.lease.as_ref().filter(|_| self.file.hashes) {
            let bytes = usize::try_from(moved).unwrap_or(usize::MAX).min(lease.bytes().len());
            // All of the work is done before the others are kept waiting.
            let hashed = Hashed::of(self.left.start, &lease.bytes()[..bytes]);
            self.file.lock().hashed(hashed);
        }
        match self.way {
            BlockMode::Hash(_) => self.left.start += u64::from(moved),
            BlockMode::Through | BlockMode::Zeros(_) | BlockMode::Offload => self.pending = 0..moved,
        }
    }

    /// Books the operations that ran as they should: those before `end`.
    fn went_well(&mut self, chain: &Chain, end: usize) {
        for op in &chain.ops[..end] {
            match *op {
                Op::Io(Io::Read { expect, .. }) => self.read(expect.unwrap_or(0), chain),
                Op::Io(Io::Write { offset, length, .. }) => {
                    self.written(offset.unwrap_or(self.left.start) + u64::from(length));
                }
                Op::Call(Call::CopyFileRange { offset, expect, .. }) => self.copied(offset, expect),
                // Only these move data of an extent.
                Op::Io(Io::Open { .. } | Io::Fsync | Io::Close { .. }) | Op::Call(_) => {}
            }
        }
    }

    fn copied(&mut self, offset: u64, length: u32) {
        self.left.start = offset + u64::from(length);
        self.file.lock().offloaded();
    }

    /// What comes after a completion of this extent's chain.
    pub(crate) fn advance(&mut self, completion: Completion) -> BlockStep {
        let Completion { mut chain, outcome, .. } = completion;
        let (at, result) = match outcome {
            Outcome::Done => (chain.ops.len(), Ok(0)),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        self.went_well(&chain, at.min(chain.ops.len()));
        match (chain.ops.get(at), result) {
            (None, _) => {}
            (Some(Op::Io(Io::Read { .. })), Ok(0)) => {
                self.file.lock().end_at(self.left.start);
                return BlockStep::Done;
            }
            (Some(Op::Io(Io::Read { .. })), Ok(moved)) => self.read(moved, &chain),
            (Some(&Op::Io(Io::Write { offset, .. })), Ok(moved)) if moved > 0 => {
                self.written(offset.unwrap_or(self.left.start) + u64::from(moved));
            }
            (Some(Op::Io(Io::Read { .. } | Io::Write { .. })), Err(Errno::INVAL)) if chain.direct_io => {
                // Something on the way refuses O_DIRECT after all: the rest goes through the page cache.
                chain.direct_io = false;
                self.go_on(&mut chain);
                match self.way {
                    BlockMode::Hash(_) => chain.ops.insert(0, Op::Call(Call::BypassCache { direct: false })),
                    BlockMode::Through | BlockMode::Zeros(_) | BlockMode::Offload => {
                        chain.ops.splice(0..0, set_direct(false));
                    }
                }
                return BlockStep::Run(chain);
            }
            (Some(Op::Io(Io::Read { .. } | Io::Write { .. })), Err(Errno::OPNOTSUPP)) if chain.direct_io => {
                // Only a polled ring says so: plain calls go past the page cache as well.
                self.refused_polling = true;
                chain.direct_io = false;
            }
            (Some(&Op::Call(Call::CopyFileRange { offset, .. })), Ok(moved)) if moved > 0 => {
                self.copied(offset, moved)
            }
            // No byte where there should be some: the end of the file, or a file system that lies. Reading tells.
            (Some(Op::Call(Call::CopyFileRange { .. })), Ok(_)) => self.way = BlockMode::Through,
            (Some(Op::Call(Call::CopyFileRange { .. })), Err(errno)) if data::is_refusal(errno) => {
                self.file.lock().refuse_offload();
                self.way = BlockMode::Through;
            }
            (op, result) => {
                let errno = result.err().unwrap_or(Errno::NOSPC);
                let what = match op {
                    Some(Op::Io(Io::Read { .. })) => MessageKind::Reading,
                    Some(Op::Call(Call::CopyFileRange { .. })) => MessageKind::Copying,
                    _ => MessageKind::Writing,
                };
                self.file.lock().fail(what, errno, self.left.start);
                return BlockStep::Done;
            }
        }
        self.go_on(&mut chain);
        if chain.ops.is_empty() { BlockStep::Done } else { BlockStep::Run(chain) }
    }

    /// Gives the extent up as over. The worker that gives up the last one gets the file back, to finish it.
    #[must_use]
    pub(crate) fn finish(self) -> Option<FinishedExtents> {
        let mut progress = self.file.lock();
        progress.note_shown(self.shown);
        progress.finish_one()
    }
}
