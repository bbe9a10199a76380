//! Large regular files: blocks at their own offsets, by as many workers as are free.
//!
//! The file is shared; each worker claims the next block when it has room for one. Who finishes the last block gets the
//! file back and streams whatever is still to come: a last piece that `O_DIRECT` cannot write, a file that grew.

use super::file::{FileCopy, Stage};
use super::stream::Stream;
use super::{Context, Next};
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Chain, Completion, Descriptor, End, Op, Outcome};
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What offsets and lengths of direct transfers are multiples of: a page.
const DIRECT_UNIT: u32 = 4096;
const _: () = assert!(DIRECT_UNIT as usize == PAGE_BYTES);

/// A large file in the middle of being copied.
pub struct LargeFile {
    block: u32,
    /// Both ends go past the page cache.
    direct: bool,
    progress: Mutex<Progress>,
}

struct Progress {
    /// Both ends, until the last extent is over: whoever finishes the file then holds the only share, and so learns
    /// what closing it says.
    ends: Option<(Arc<OwnedFd>, Arc<OwnedFd>)>,
    /// What nobody has claimed yet, in order: all of the file, or its data between holes.
    left: VecDeque<Range<u64>>,
    /// Where the blocks end: the size that was seen, the end of file that was met, or what `O_DIRECT` can reach.
    end: u64,
    /// The source ended before its size: blocks behind `end` may have been written when it was longer.
    cut: bool,
    running: u32,
    problem: Option<Problem>,
    file: Option<FileCopy>,
    names: [Vec<u8>; 2],
}

/// One block of a large file on its way.
pub struct Extent {
    file: Arc<LargeFile>,
    offset: u64,
    length: u32,
    /// Bytes of it that have reached the destination.
    done: u32,
    /// First byte of the lease, and how many, that have been read and not written.
    pending: (u32, u32),
    refused_polling: bool,
}

/// What becomes of an extent after a completion.
pub enum Progressed {
    /// It goes on by this chain.
    Run(Chain),
    /// It is done; the buffer is free again.
    Over,
}

impl FileCopy {
    /// Both ends are open: makes them ready for extents. `O_DIRECT` is turned on before anything is shared out, as from
    /// then on any extent may have to turn it off.
    pub(super) fn large(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        chain.ops.clear();
        chain.ops.extend((!self.truncated).then_some(Op::Truncate { length: 0 }));
        if context.settings.direct {
            chain.ops.extend(set_direct(true));
        }
        if chain.ops.is_empty() {
            return self.share_out_all(chain, context);
        }
        self.stage = Stage::Preparing;
        Next::Run(chain)
    }

    pub(super) fn prepared(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        if let Outcome::Failed { errno, .. } = outcome {
            return self.fail(chain, self.destination_problem(What::Truncating, errno), context);
        }
        self.truncated = true;
        self.share_out_all(chain, context)
    }

    fn share_out_all(&mut self, chain: Chain, context: &mut Context<'_>) -> Next {
        let size = self.source_facts().size;
        let unreachable = if context.settings.direct { size % u64::from(DIRECT_UNIT) } else { 0 };
        let all = std::iter::once(0..size - unreachable).collect();
        self.share_out(chain, all, context)
    }

    /// Shares out these stretches of the file, which are not empty.
    pub(super) fn share_out(
        &mut self,
        chain: Chain,
        stretches: Vec<Range<u64>>,
        context: &mut Context<'_>,
    ) -> Next {
        let block = u32::try_from(context.buffer_bytes()).unwrap_or(u32::MAX);
        // Holes and data meet where they like; O_DIRECT wants whole units.
        let direct = context.settings.direct && self.holes.is_none();
        let block = if direct { block - block % DIRECT_UNIT } else { block };
        let file = std::mem::replace(self, Self::new(self.job.clone()));
        match LargeFile::new(file, chain, block, direct, stretches) {
            Ok(large) => Next::Large(Arc::new(large)),
            Err(returned) => {
                let (file, chain) = *returned;
                *self = file;
                self.start_stream(chain, false, context)
            }
        }
    }
}

/// Turns `O_DIRECT` of both ends on or off.
fn set_direct(on: bool) -> [Op; 2] {
    [End::Source, End::Destination].map(|end| Op::SetDirect { end, on })
}

impl LargeFile {
    /// Bytes from which on a file is worth going past the page cache.
    pub const DIRECT_BYTES_MIN: u64 = 4096;

    /// Shares the file whose both ends `chain` holds open.
    ///
    /// # Errors
    /// Gives both back where an end is no descriptor that can be shared.
    pub(super) fn new(
        file: FileCopy,
        chain: Chain,
        block: u32,
        direct: bool,
        stretches: Vec<Range<u64>>,
    ) -> Result<Self, Box<(FileCopy, Chain)>> {
        let Chain { source, destination, .. } = chain;
        let (source, destination) = match (source, destination) {
            (Descriptor::Plain(source), Descriptor::Plain(destination)) => (source, destination),
            (source, destination) => {
                return Err(Box::new((file, Chain { source, destination, ..Chain::default() })));
            }
        };
        let end = stretches.last().map_or(0, |stretch| stretch.end);
        let names = [file.job.source_path(), file.job.destination_path()];
        let ends = Some((Arc::new(source), Arc::new(destination)));
        let progress = Progress {
            ends,
            left: stretches.into(),
            end,
            cut: false,
            running: 0,
            problem: None,
            file: Some(file),
            names,
        };
        Ok(Self { block, direct, progress: Mutex::new(progress) })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are blocks that nobody has claimed.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.lock().left.is_empty()
    }

    /// Gives the file up, as there is no memory for its next block; `None` while others are at work on it, who then
    /// finish it.
    #[must_use]
    pub fn give_up(self: &Arc<Self>) -> Option<FinishedExtents> {
        let mut progress = self.lock();
        progress.fail(What::Reading, Errno::NOMEM);
        progress.running += 1;
        drop(progress);
        let nothing = Extent {
            file: Arc::clone(self),
            offset: 0,
            length: 0,
            done: 0,
            pending: (0, 0),
            refused_polling: false,
        };
        nothing.finish()
    }

    /// Bytes that nobody has claimed.
    #[must_use]
    pub fn unclaimed(&self) -> u64 {
        self.lock().left.iter().map(|stretch| stretch.end - stretch.start).sum()
    }

    /// Claims the next block; `None` where none is left, or `context` has no buffer for it. `alone` says that no buffer
    /// is in use, so that none will come back and a small one has to do.
    #[must_use]
    pub fn claim(self: &Arc<Self>, alone: bool, context: &Context<'_>) -> Option<(Extent, Chain)> {
        let mut progress = self.lock();
        let stretch = progress.left.front()?.clone();
        let length = u32::try_from(stretch.end - stretch.start).unwrap_or(u32::MAX).min(self.block);
        let lease = context.pool.lease(usize::try_from(length).unwrap_or(usize::MAX));
        let lease = lease.or_else(|| context.pool.lease(PAGE_BYTES).filter(|_| alone))?;
        let length = length.min(u32::try_from(lease.capacity()).unwrap_or(u32::MAX));
        let (source, destination) = progress.ends.clone()?;
        let offset = stretch.start;
        progress.left.pop_front();
        if offset + u64::from(length) < stretch.end {
            progress.left.push_front(offset + u64::from(length)..stretch.end);
        }
        progress.running += 1;
        drop(progress);
        let extent = Extent {
            file: Arc::clone(self),
            offset,
            length,
            done: 0,
            pending: (0, 0),
            refused_polling: false,
        };
        let mut chain = Chain {
            source: Descriptor::Shared(source),
            destination: Descriptor::Shared(destination),
            lease: Some(lease),
            sleeps: self.direct,
            ..Chain::default()
        };
        extent.add_transfers(&mut chain);
        Some((extent, chain))
    }
}

impl Extent {
    /// Whether the device was found not to be polled for completions, as was asked.
    #[must_use]
    pub fn refused_polling(&self) -> bool {
        self.refused_polling
    }

    /// What is left to do: write what was read, then read and write the rest.
    fn add_transfers(&self, chain: &mut Chain) {
        let (start, pending) = self.pending;
        let offset = self.offset + u64::from(self.done);
        if pending > 0 {
            chain.ops.push(Op::Write { offset: Some(offset), start, length: pending });
        }
        let offset = Some(offset + u64::from(pending));
        let length = self.length - self.done - pending;
        if length > 0 {
            chain.ops.push(Op::Read { offset, room: length, expect: Some(length) });
            chain.ops.push(Op::Write { offset, start: 0, length });
        }
    }

    /// What comes after a completion of this extent's chain.
    pub fn advance(&mut self, completion: Completion) -> Progressed {
        let Completion { mut chain, outcome, .. } = completion;
        let (at, result) = match outcome {
            Outcome::Done => return Progressed::Over,
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        match (&chain.ops[at], result) {
            (&Op::Read { offset, .. }, Ok(moved)) => {
                self.done = self.within(offset);
                self.pending = (0, moved);
                if moved == 0 {
                    self.file.lock().end_at(self.offset + u64::from(self.done));
                    return Progressed::Over;
                }
            }
            (&Op::Write { offset, start, length }, Ok(moved)) if moved > 0 => {
                self.done = self.within(offset) + moved;
                self.pending = (start + moved, length.saturating_sub(moved));
            }
            (&(Op::Read { offset, .. } | Op::Write { offset, .. }), Err(Errno::INVAL)) if chain.sleeps => {
                // Something on the way refuses O_DIRECT after all: the rest goes through the page cache.
                self.done = self.within(offset);
                self.pending = (0, 0);
                chain.sleeps = false;
                chain.ops.clear();
                chain.ops.extend(set_direct(false));
                self.add_transfers(&mut chain);
                return Progressed::Run(chain);
            }
            (&(Op::Read { offset, .. } | Op::Write { offset, .. }), Err(Errno::OPNOTSUPP))
                if chain.sleeps =>
            {
                // Only a polled ring says so: plain calls go past the page cache as well.
                self.done = self.within(offset);
                self.pending = (0, 0);
                self.refused_polling = true;
                chain.sleeps = false;
            }
            (op, result) => {
                let errno = result.err().unwrap_or(Errno::NOSPC);
                let what = if matches!(op, Op::Read { .. }) { What::Reading } else { What::Writing };
                self.file.lock().fail(what, errno);
                return Progressed::Over;
            }
        }
        chain.ops.clear();
        self.add_transfers(&mut chain);
        if chain.ops.is_empty() { Progressed::Over } else { Progressed::Run(chain) }
    }

    /// How far into the extent an offset lies.
    fn within(&self, offset: Option<u64>) -> u32 {
        let offset = offset.unwrap_or(self.offset);
        u32::try_from(offset.saturating_sub(self.offset)).unwrap_or(self.length)
    }

    /// Gives the extent up as over. Who gives up the last one gets the file back, to finish it by this chain.
    #[must_use]
    pub fn finish(self) -> Option<FinishedExtents> {
        let mut progress = self.file.lock();
        progress.running -= 1;
        if progress.running > 0 || !progress.left.is_empty() {
            return None;
        }
        let (file, (source, destination)) = (progress.file.take()?, progress.ends.take()?);
        let chain = Chain {
            source: Descriptor::Shared(source),
            destination: Descriptor::Shared(destination),
            ..Chain::default()
        };
        Some(FinishedExtents {
            chain,
            file,
            end: progress.end,
            cut: progress.cut,
            problem: progress.problem.take(),
        })
    }
}

impl Progress {
    /// The source ended at `offset`, before what its size had promised.
    fn end_at(&mut self, offset: u64) {
        self.end = self.end.min(offset);
        self.cut = true;
        self.left.retain_mut(|stretch| {
            stretch.end = stretch.end.min(offset);
            stretch.start < stretch.end
        });
    }

    /// Nobody claims anything any more, and the first reason is told.
    fn fail(&mut self, what: What, errno: Errno) {
        self.left.clear();
        let [source, destination] = &self.names;
        let path = if what == What::Reading { source } else { destination };
        self.problem.get_or_insert_with(|| Problem::failed(what, path.clone(), errno));
    }
}

/// A large file whose extents are all over.
pub struct FinishedExtents {
    chain: Chain,
    file: FileCopy,
    end: u64,
    cut: bool,
    problem: Option<Problem>,
}

impl FinishedExtents {
    /// The file and the chain that finishes it: cut to where the source ended, then streamed on to the end, or closed
    /// after a problem.
    #[must_use]
    pub fn into_chain(self, context: &mut Context<'_>) -> (FileCopy, Next) {
        let Self { mut chain, mut file, end, cut, problem } = self;
        if let Some(problem) = problem {
            let next = file.fail(chain, problem, context);
            return (file, next);
        }
        if file.holes.is_some() && !cut {
            let next = file.map_on(chain);
            return (file, next);
        }
        file.stream = Stream::starting_at(end);
        file.stage = Stage::Stream;
        if context.settings.direct {
            // What is left is less than a unit, and the read at the end of file need not be aligned then.
            chain.ops.extend(set_direct(false));
        }
        if cut {
            chain.ops.push(Op::Truncate { length: end });
        }
        let next =
            if chain.ops.is_empty() { file.stream_on(chain, false, context) } else { Next::Run(chain) };
        (file, next)
    }
}
