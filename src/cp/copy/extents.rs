//! Large regular files: blocks at their own offsets, by as many workers as are free.
//!
//! Here is what workers share; [`super::extent`] is one block, which a worker claims when it has room. The worker that finishes
//! the last block streams the rest: a piece that `O_DIRECT` cannot write, a file that grew. [`super::verify`] reads so, too.

use super::Context;
use super::extent::Extent;
use super::file::FileCopy;
use crate::bufpool::PAGE_BYTES;
use crate::hashes::Hashed;
use crate::pipeline::chain::{Call, Chain, Descriptor, End, Op};
use crate::plan::reading::Reading;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a block that the kernel copies: enough to be worth a round trip to a server, few enough for workers to share.
const OFFLOAD_BYTES: u32 = 64 << 20;

/// How the bytes of a block move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockMode {
    /// They are read and written.
    Through,
    /// They are read, and written but for zeros, with holes of at least this number of bytes.
    Zeros(u32),
    /// The kernel copies them.
    Offload,
    /// They are read of one end, to be hashed.
    Hash(End),
}

/// What of a file is to be shared out, and how.
pub(crate) struct Sharing {
    /// Bytes of one block.
    pub(super) block: u32,
    /// True if the blocks go past the page cache.
    pub(super) direct: bool,
    pub(super) mode: BlockMode,
    /// What is shared out, in order; no stretch is empty.
    pub(super) stretches: Vec<Range<u64>>,
}

/// A large file in the middle of being copied.
pub(crate) struct LargeFile {
    block: u32,
    /// Both ends go past the page cache.
    direct: bool,
    /// Whether a ring may read it.
    reading: Reading,
    /// What is read is hashed.
    pub(super) hashes: bool,
    progress: Mutex<LargeFileState>,
}

pub(super) struct LargeFileState {
    way: BlockMode,
    /// Both ends until the last extent is over: the worker that finishes the file then holds the only share, and
    /// learns what closing says.
    pub(super) ends: Option<(Arc<OwnedFd>, Arc<OwnedFd>)>,
    /// What no worker has claimed yet, in order: all of the file, or its data between holes.
    left: VecDeque<Range<u64>>,
    /// Where the blocks end: the size that was seen, the end of file that was met, or what `O_DIRECT` can reach.
    end: u64,
    /// True if the source ended before its size: blocks after `end` may have been written when it was longer.
    cut: bool,
    running: u32,
    problem: Option<FileError>,
    /// It was given up before its end, as the run is to end.
    stopped: bool,
    /// The first byte that a problem or the run's end has kept from arriving.
    failed_at: u64,
    /// The kernel has copied.
    offloaded: bool,
    file: Option<FileCopy>,
    names: [Vec<u8>; 2],
}

/// Turns `O_DIRECT` of both ends on or off.
pub(super) fn set_direct(on: bool) -> [Op; 2] {
    [End::Source, End::Destination].map(|end| Op::Call(Call::SetDirect { end, on }))
}

impl LargeFile {
    /// Bytes from which on a file is worth going past the page cache.
    pub(crate) const DIRECT_BYTES_MIN: u64 = 4096;

    /// Shares the file whose both ends `chain` holds open.
    ///
    /// # Errors
    /// Gives both back where an end is no descriptor that can be shared.
    pub(super) fn new(
        file: FileCopy,
        chain: Chain,
        sharing: Sharing,
    ) -> Result<Self, Box<(FileCopy, Chain)>> {
        let Sharing { block, direct, mode: way, stretches } = sharing;
        let Chain { source, destination, reading, .. } = chain;
        let shared = |descriptor| match descriptor {
            Descriptor::Plain(fd) => Ok(Arc::new(fd)),
            // It has been shared out before.
            Descriptor::Shared(fd) => Ok(fd),
            other => Err(other),
        };
        let ends = match (shared(source), shared(destination)) {
            (Ok(source), Ok(destination)) => Some((source, destination)),
            (source, destination) => {
                let [source, destination] = [source, destination].map(|end| match end {
                    Ok(fd) => Descriptor::Shared(fd),
                    Err(descriptor) => descriptor,
                });
                return Err(Box::new((file, Chain { source, destination, reading, ..Chain::default() })));
            }
        };
        let end = stretches.last().map_or(0, |stretch| stretch.end);
        let names = [file.source_path(), file.destination_path()];
        let hashes = file.hashes();
        let progress = LargeFileState {
            way,
            ends,
            left: stretches.into(),
            end,
            cut: false,
            running: 0,
            problem: None,
            stopped: false,
            failed_at: u64::MAX,
            offloaded: false,
            file: Some(file),
            names,
        };
        // A copy is read back past the page cache.
        let direct = direct || way == BlockMode::Hash(End::Destination);
        Ok(Self { block, direct, reading, hashes, progress: Mutex::new(progress) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, LargeFileState> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its blocks go past the page cache, and so always sleep.
    #[must_use]
    pub(crate) fn sleeps(&self) -> bool {
        self.direct
    }

    /// True if there are blocks that no worker has claimed.
    #[must_use]
    pub(crate) fn has_more(&self) -> bool {
        !self.lock().left.is_empty()
    }

    /// Gives the file up, as there is no memory for its next block; `None` while other workers copy blocks of it:
    /// they finish it.
    #[must_use]
    pub(crate) fn give_up(self: &Arc<Self>) -> Option<FinishedExtents> {
        self.finish_with(|progress, at| progress.fail(MessageKind::Reading, Errno::NOMEM, at))
    }

    /// A block of it is lost on its way, and how far it got is as good as unknown.
    pub(crate) fn lose(&self, errno: Errno, at: u64) {
        self.lock().fail(MessageKind::Copying, errno, at);
    }

    /// Gives up what no worker has claimed, from some byte on, by `end`.
    pub(super) fn finish_with(
        self: &Arc<Self>,
        end: impl FnOnce(&mut LargeFileState, u64),
    ) -> Option<FinishedExtents> {
        let mut progress = self.lock();
        let at = progress.left.front().map_or(progress.end, |stretch| stretch.start);
        end(&mut progress, at);
        progress.running += 1;
        drop(progress);
        let nothing = Extent::new(Arc::clone(self), 0..0, BlockMode::Through);
        nothing.finish()
    }

    /// Bytes that no worker has claimed.
    #[must_use]
    pub(crate) fn unclaimed(&self) -> u64 {
        self.lock().left.iter().map(|stretch| stretch.end - stretch.start).sum()
    }

    /// Claims the next block; `None` where none is left, or `context` has no buffer for it. `alone` says that no buffer
    /// is in use, so that none will come back and a small one has to do.
    #[must_use]
    pub(crate) fn claim(self: &Arc<Self>, alone: bool, context: &Context<'_>) -> Option<(Extent, Chain)> {
        let mut progress = self.lock();
        let stretch = progress.left.front()?.clone();
        let rest = u32::try_from(stretch.end - stretch.start).unwrap_or(u32::MAX);
        let length = rest.min(self.block);
        let lease = context.pool.lease(usize::try_from(length).unwrap_or(usize::MAX));
        let lease = lease.or_else(|| context.pool.lease(PAGE_BYTES).filter(|_| alone))?;
        let length = length.min(u32::try_from(lease.capacity()).unwrap_or(u32::MAX));
        // The lease is for what the kernel refuses.
        let length = if progress.way == BlockMode::Offload { rest.min(OFFLOAD_BYTES) } else { length };
        let (source, destination) = progress.ends.clone()?;
        let offset = stretch.start;
        let end = offset + u64::from(length);
        progress.left.pop_front();
        if end < stretch.end {
            progress.left.push_front(end..stretch.end);
        }
        progress.running += 1;
        let way = progress.way;
        drop(progress);
        let mut extent = Extent::new(Arc::clone(self), offset..end, way);
        let (source, destination) = match way {
            BlockMode::Through | BlockMode::Zeros(_) | BlockMode::Offload => {
                (source, Descriptor::Shared(destination))
            }
            BlockMode::Hash(End::Source) => (source, Descriptor::Closed),
            BlockMode::Hash(End::Destination) => (destination, Descriptor::Closed),
        };
        let mut chain = Chain {
            source: Descriptor::Shared(source),
            reading: self.reading,
            destination,
            lease: Some(lease),
            direct_io: self.direct,
            ..Chain::default()
        };
        extent.go_on(&mut chain);
        Some((extent, chain))
    }
}

impl LargeFileState {
    /// The kernel will not copy: the rest is read and written.
    pub(super) fn refuse_offload(&mut self) {
        self.way = BlockMode::Through;
    }

    /// Adds what was read to the file's hashes.
    pub(super) fn hashed(&mut self, hashed: Hashed) {
        let end = if self.way == BlockMode::Hash(End::Destination) { End::Destination } else { End::Source };
        if let Some(file) = &mut self.file {
            file.add_hashed(end, hashed);
        }
    }

    /// The kernel has copied.
    pub(super) fn offloaded(&mut self) {
        self.offloaded = true;
    }

    /// The source ended at `offset`, before what its size had promised.
    pub(super) fn end_at(&mut self, offset: u64) {
        self.end = self.end.min(offset);
        self.cut = true;
        self.left.retain_mut(|stretch| {
            stretch.end = stretch.end.min(offset);
            stretch.start < stretch.end
        });
    }

    /// The source's path for messages.
    pub(super) fn source_path(&self) -> &[u8] {
        &self.names[0]
    }

    /// Its copy, as long as it is not finished.
    pub(super) fn copy(&self) -> Option<Arc<OwnedFd>> {
        self.ends.as_ref().map(|(_, copy)| Arc::clone(copy))
    }

    /// The file, as long as it is not finished.
    pub(super) fn file_mut(&mut self) -> Option<&mut FileCopy> {
        self.file.as_mut()
    }

    /// Adds to the bytes of it that are shown as arrived.
    pub(super) fn note_shown(&mut self, bytes: u64) {
        if let Some(file) = &mut self.file {
            file.bytes_reported += bytes;
        }
    }

    /// No worker claims a block any more, as the run is to end; a block has arrived up to byte `at`.
    pub(super) fn stop(&mut self, at: u64) {
        let unclaimed = self.left.front().map_or(u64::MAX, |stretch| stretch.start);
        self.left.clear();
        self.failed_at = self.failed_at.min(at).min(unclaimed);
        self.stopped = true;
    }

    /// No worker claims a block any more, and the first problem is reported.
    pub(super) fn fail(&mut self, what: MessageKind, errno: Errno, at: u64) {
        self.left.clear();
        self.failed_at = self.failed_at.min(at);
        let [source, destination] = &self.names;
        let of_copy = what == MessageKind::Writing || self.way == BlockMode::Hash(End::Destination);
        let path = if of_copy { destination } else { source };
        let other = (what == MessageKind::Copying).then(|| destination.clone());
        self.problem
            .get_or_insert_with(|| FileError { other, ..FileError::failed(what, path.clone(), errno) });
    }

    /// Gives an extent up as over. The worker that gives up the last one gets the file back, to finish it by this
    /// chain.
    pub(super) fn finish_one(&mut self) -> Option<FinishedExtents> {
        self.running -= 1;
        if self.running > 0 || !self.left.is_empty() {
            return None;
        }
        let (file, (source, destination)) = (self.file.take()?, self.ends.take()?);
        let chain = Chain {
            source: Descriptor::Shared(source),
            reading: file.reading(),
            destination: Descriptor::Shared(destination),
            ..Chain::default()
        };
        let read_only = matches!(self.way, BlockMode::Hash(_));
        let problem = self.problem.take().map(|problem| (problem, self.failed_at));
        Some(FinishedExtents {
            file,
            chain,
            end: Ending {
                at: self.end,
                cut: self.cut,
                offloaded: self.offloaded,
                refused_offload: self.way == BlockMode::Through,
                read_only,
                problem,
                stopped: self.stopped.then_some(self.failed_at),
            },
        })
    }
}

/// A large file whose extents are all over, with the chain that finishes it.
pub(crate) struct FinishedExtents {
    pub(super) file: FileCopy,
    pub(super) chain: Chain,
    pub(super) end: Ending,
}

/// How the extents of a file ended.
pub(super) struct Ending {
    /// Where the blocks end, in bytes from the beginning of the file.
    pub(super) at: u64,
    /// True if the source ended before its size.
    pub(super) cut: bool,
    /// True if the kernel has copied some of it.
    pub(super) offloaded: bool,
    /// True if the kernel refused to copy, or was not to.
    pub(super) refused_offload: bool,
    /// True if nothing was written: it was read once more.
    pub(super) read_only: bool,
    /// What failed, and at which byte.
    pub(super) problem: Option<(FileError, u64)>,
    /// From which byte on it was given up, as the run is to end.
    pub(super) stopped: Option<u64>,
}
