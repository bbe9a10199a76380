//! Hashes of what is copied, and verification: what was written is read back from where it is stored and compared, by
//! its hashes, with what was read.
//!
//! It comes between a file's last byte and its attributes, as reading changes the access time; a copy that differs is a
//! copy that failed. What did not pass through us (blocks that are shared, holes, what the kernel copied) is read of the
//! source first. Large files are read as they are copied, by extents; to be read, the destination takes the source's
//! place in a chain.

use super::extents::{BlockMode, LargeFile};
use super::file::FileCopy;
use super::stage::Stage;
use super::unread::Unread;
use super::{Context, Step};
use crate::bufpool::PAGE_BYTES;
use crate::hashes::{Hashed, Hashes};
use crate::pipeline::chain::{Call, Chain, End, Io, Op, Outcome, Results};
use crate::plan::stretches;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::ops::Range;
use std::sync::Arc;

/// What is known of a file by its hashes, and how far that has come.
#[derive(Default)]
pub(super) struct Hashing {
    /// Of what was read of the source.
    source: Hashes,
    /// Of what was read back.
    copy: Hashes,
    step: HashPhase,
    /// Holes that are not read, where they were looked for.
    pub(super) unread: Option<Unread>,
    /// Past the page cache was tried and refused: its pages are dropped.
    buffered: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum HashPhase {
    /// The file is being copied.
    #[default]
    Copying,
    /// What did not pass through us is being read.
    Source,
    /// The copy is being read back.
    Copy,
    /// There is nothing more to do.
    Over,
}

impl Hashing {
    /// What is not read.
    fn unread(&self) -> &[Range<u64>] {
        self.unread.as_ref().map_or(&[], Unread::holes)
    }

    /// What of the source has to be read still.
    fn missing(&mut self, length: u64) -> Vec<Range<u64>> {
        let gaps = self.source.gaps(length);
        stretches::without(&gaps, self.unread())
    }

    /// What is read of the copy.
    fn to_compare(&self, length: u64) -> Vec<Range<u64>> {
        stretches::without(std::slice::from_ref(&(0..length)), self.unread())
    }

    /// Adds what was read of one end.
    pub(super) fn add(&mut self, end: End, hashed: Hashed) {
        match end {
            End::Source => self.source.add(hashed),
            End::Destination => self.copy.add(hashed),
        }
    }
}

impl FileCopy {
    /// Hashes the first `moved` bytes of the chain's lease, which were read at `offset` of the source and are on their
    /// way.
    pub(super) fn hash_read(&mut self, offset: u64, chain: &Chain, moved: u32) {
        if let (Some(hashing), Some(lease)) = (&mut self.hashing, &chain.lease) {
            let moved = usize::try_from(moved).unwrap_or(usize::MAX).min(lease.bytes().len());
            hashing.source.add(Hashed::of(offset, &lease.bytes()[..moved]));
        }
    }

    /// Whether a file that has all its data is not done yet. Of what is no regular file there is no hash.
    pub(super) fn is_to_be_hashed(&mut self) -> bool {
        if !self.destination_is_regular {
            self.hashing = None;
        }
        !self.failed && self.hashing.as_ref().is_some_and(|hashing| hashing.step != HashPhase::Over)
    }

    /// All data is in the destination, or has been read once more: what comes next.
    pub(super) fn hash_on(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        chain.lease = None;
        let length = self.stream.position();
        let Some(hashing) = &mut self.hashing else { return self.close(chain, context) };
        if hashing.step == HashPhase::Copy {
            return self.compare(chain, length, context);
        }
        let gaps = hashing.missing(length);
        if !gaps.is_empty() && hashing.step == HashPhase::Copying {
            if self.begins_unread(&gaps, context) {
                return self.map_unread(chain, End::Source, 0);
            }
            if let Some(hashing) = &mut self.hashing {
                hashing.step = HashPhase::Source;
            }
            return self.read_all(chain, End::Source, gaps, context);
        }
        if !gaps.is_empty() {
            let (source, destination) = (self.job.source_path(), self.job.destination_path());
            return self.fail(
                chain,
                FileError::between(MessageKind::CannotHash, destination, source),
                context,
            );
        }
        if context.settings.verify {
            hashing.step = HashPhase::Copy;
            return self.start_read_back(chain, false, context);
        }
        hashing.step = HashPhase::Over;
        self.close(chain, context)
    }

    /// How many bytes there are to be hashed.
    pub(super) fn length_to_hash(&self) -> u64 {
        self.stream.position()
    }

    /// Reads back what fits a buffer, and makes ready to read back by extents what does not.
    pub(super) fn start_read_back(
        &mut self,
        mut chain: Chain,
        alone: bool,
        context: &mut Context<'_>,
    ) -> Step {
        self.stage = Stage::ReadBack;
        let length = self.stream.position();
        let bytes = usize::try_from(length).ok().filter(|&bytes| bytes <= context.buffer_bytes());
        chain.lease = bytes.and_then(|bytes| context.pool.lease(bytes));
        if bytes.is_some() && chain.lease.is_none() && !alone {
            return Step::NoBuffer(chain);
        }
        std::mem::swap(&mut chain.source, &mut chain.destination);
        chain.ops.clear();
        let direct = self.hashing.as_ref().is_some_and(|hashing| !hashing.buffered);
        chain
            .ops
            .extend([Op::Call(Call::BypassCache { direct }), Op::Call(Call::Fstat { end: End::Source })]);
        if let Some(lease) = &chain.lease {
            // Past the page cache only whole units are read, which the end of the file cuts.
            let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
            let expect = u32::try_from(length).ok();
            chain.ops.push(Op::Io(Io::Read { offset: Some(0), room, expect }));
        }
        Step::Run(chain)
    }

    pub(super) fn read_back(
        &mut self,
        mut chain: Chain,
        outcome: Outcome,
        seen: &Results,
        context: &mut Context<'_>,
    ) -> Step {
        std::mem::swap(&mut chain.source, &mut chain.destination);
        let length = self.stream.position();
        if let Some(facts) = seen.facts.filter(|facts| facts.size != length) {
            return self.differs(chain, Hashes::block_of(facts.size.min(length)), context);
        }
        let lease = chain.lease.take();
        match (outcome, lease, &mut self.hashing) {
            (Outcome::Done, Some(lease), Some(hashing)) => {
                hashing.copy.add(Hashed::of(0, lease.bytes()));
                self.compare(chain, length, context)
            }
            (Outcome::Failed { at, errno }, _, hashing) => {
                let what = match chain.ops[at] {
                    Op::Io(Io::Read { .. }) => MessageKind::Reading,
                    Op::Call(Call::Fstat { .. }) => MessageKind::CannotStat,
                    _ => MessageKind::Writing,
                };
                let refused = errno == Errno::INVAL && what == MessageKind::Reading;
                if let Some(hashing) = hashing.as_mut().filter(|hashing| refused && !hashing.buffered) {
                    hashing.buffered = true;
                    return self.start_read_back(chain, false, context);
                }
                self.fail(chain, self.destination_problem(what, errno), context)
            }
            // It is large, or not all of it came at once.
            (Outcome::Done | Outcome::Count { .. }, ..) => {
                let all = self.hashing.as_ref().map(|hashing| hashing.to_compare(length));
                self.read_all(chain, End::Destination, all.unwrap_or_default(), context)
            }
        }
    }

    /// Reads these stretches of one end, as extents.
    fn read_all(
        &mut self,
        chain: Chain,
        end: End,
        stretches: Vec<Range<u64>>,
        context: &mut Context<'_>,
    ) -> Step {
        let block = context.extent_bytes() - context.extent_bytes() % PAGE_BYTES;
        let block = u32::try_from(block.max(PAGE_BYTES)).unwrap_or(u32::MAX);
        let file = std::mem::replace(self, Self::new(self.job.clone(), false));
        match LargeFile::new(file, chain, block, false, BlockMode::Hash(end), stretches) {
            Ok(large) => Step::Large(Arc::new(large)),
            Err(returned) => {
                // Only what goes in one linked chain has no ordinary descriptors, and nothing of that is missing.
                let (file, chain) = *returned;
                *self = file;
                self.fail(chain, self.source_problem(MessageKind::Reading, Errno::BADF), context)
            }
        }
    }

    fn compare(&mut self, chain: Chain, length: u64, context: &mut Context<'_>) -> Step {
        let Some(hashing) = &mut self.hashing else { return self.close(chain, context) };
        let compared = hashing.to_compare(length);
        context.tally.read_back(compared.iter().map(|stretch| stretch.end - stretch.start).sum());
        hashing.step = HashPhase::Over;
        let differs = |stretch| hashing.source.first_difference(&hashing.copy, stretch, length);
        if let Some(offset) = compared.into_iter().find_map(differs) {
            return self.differs(chain, offset, context);
        }
        context.tally.verified();
        self.close(chain, context)
    }

    fn differs(&mut self, chain: Chain, offset: u64, context: &mut Context<'_>) -> Step {
        let problem = FileError::of(MessageKind::Differs { offset }, self.job.destination_path());
        self.fail(chain, problem, context)
    }

    /// Writes the file's line of the manifest.
    pub(super) fn list_hash(&self, context: &Context<'_>) {
        let (Some(hashing), Some(manifest)) = (&self.hashing, context.manifest) else { return };
        let path = self.job.destination_path();
        match hashing.source.hash(self.stream.position()) {
            Some(hash) => manifest.add(&hash, &path, context.reporter),
            None => {
                let problem = FileError::between(MessageKind::CannotHash, path, self.job.source_path());
                context.reporter.problem(&problem);
            }
        }
    }
}
