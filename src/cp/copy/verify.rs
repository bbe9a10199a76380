//! Hashes of what is copied, and verification: what was written is read back from where it is stored and compared, by
//! its hashes, with what was read.
//!
//! It comes between a file's last byte and its attributes, as reading changes the access time; a copy that differs is a
//! copy that failed. What did not pass through us (blocks that are shared, holes, what the kernel copied) is read of the
//! source first. Large files are read as they are copied, by extents; to be read, the destination takes the source's
//! place in a chain.

use super::Context;
use super::extents::{BlockMode, Sharing};
use super::phase::Next;
use super::state::CopyState;
use super::unread::{self, Unread};
use crate::bufpool::PAGE_BYTES;
use crate::hashes::{Hashed, Hashes};
use crate::pipeline::chain::{Call, Chain, Completion, End, Io, Op, Outcome, Results};
use crate::plan::stretches;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::ops::Range;

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

/// Steps of reading once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadBackPhase {
    /// Holes of one end are looked for, which need not be read.
    MapUnread(End),
    /// The copy is read back.
    ReadBack,
    /// Stretches of one end are read, as extents.
    Extents,
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

/// Hashes the first `moved` bytes of the chain's lease, which were read at `offset` of the source and are on their way.
pub(super) fn hash_read(copy: &mut CopyState, offset: u64, chain: &Chain, moved: u32) {
    if let (Some(hashing), Some(lease)) = (&mut copy.due.hashing, &chain.lease) {
        let moved = usize::try_from(moved).unwrap_or(usize::MAX).min(lease.bytes().len());
        hashing.source.add(Hashed::of(offset, &lease.bytes()[..moved]));
    }
}

/// True if a file that has all its data is not done yet. Of what is no regular file there is no hash.
pub(super) fn is_due(copy: &mut CopyState) -> bool {
    if !copy.destination.is_regular {
        copy.due.hashing = None;
    }
    let is_open = |hashing: &Hashing| hashing.step != HashPhase::Over;
    !copy.due.failed && copy.due.hashing.as_deref().is_some_and(is_open)
}

/// What comes after a completion.
pub(super) fn advance(
    phase: ReadBackPhase,
    copy: &mut CopyState,
    completion: &mut Completion,
    context: &mut Context<'_>,
) -> Next {
    let Completion { chain, outcome, seen } = completion;
    let outcome = *outcome;
    match phase {
        ReadBackPhase::MapUnread(end) => unread::mapped(copy, chain, end, outcome, seen, context),
        ReadBackPhase::ReadBack => was_read_back(copy, chain, outcome, seen, context),
        // Its chains are those of its extents.
        ReadBackPhase::Extents => next(copy, chain, context),
    }
}

/// All data is in the destination, or has been read once more: what comes next.
pub(super) fn next(copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
    chain.lease = None;
    let length = length_to_hash(copy);
    let Some(hashing) = &mut copy.due.hashing else { return Next::All };
    if hashing.step == HashPhase::Copy {
        return compare(copy, length, context);
    }
    let gaps = hashing.missing(length);
    if !gaps.is_empty() && hashing.step == HashPhase::Copying {
        if unread::is_wanted(copy, &gaps, context) {
            return unread::map(chain, End::Source, 0);
        }
        if let Some(hashing) = &mut copy.due.hashing {
            hashing.step = HashPhase::Source;
        }
        return read_all(End::Source, gaps, context);
    }
    if !gaps.is_empty() {
        let (source, destination) = (copy.job.source_path(), copy.job.destination_path());
        return Next::failed(FileError::between(MessageKind::CannotHash, destination, source));
    }
    if context.settings.verify {
        hashing.step = HashPhase::Copy;
        return read_back(copy, chain, false, context);
    }
    hashing.step = HashPhase::Over;
    Next::All
}

/// How many bytes there are to be hashed.
pub(super) fn length_to_hash(copy: &CopyState) -> u64 {
    copy.data.stream.position()
}

/// Reads back what fits a buffer, and makes ready to read back by extents what does not.
pub(super) fn read_back(copy: &CopyState, chain: &mut Chain, alone: bool, context: &Context<'_>) -> Next {
    let length = length_to_hash(copy);
    let bytes = usize::try_from(length).ok().filter(|&bytes| bytes <= context.buffer_bytes());
    chain.lease = bytes.and_then(|bytes| context.pool.lease(bytes));
    if bytes.is_some() && chain.lease.is_none() && !alone {
        return Next::ReadBackNoBuffer;
    }
    std::mem::swap(&mut chain.source, &mut chain.destination);
    chain.ops.clear();
    let direct = copy.due.hashing.as_ref().is_some_and(|hashing| !hashing.buffered);
    chain.ops.extend([Op::Call(Call::BypassCache { direct }), Op::Call(Call::Fstat { end: End::Source })]);
    if let Some(lease) = &chain.lease {
        // Past the page cache only whole units are read, which the end of the file cuts.
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let expect = u32::try_from(length).ok();
        chain.ops.push(Op::Io(Io::Read { offset: Some(0), room, expect }));
    }
    Next::enter(ReadBackPhase::ReadBack)
}

fn was_read_back(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    seen: &Results,
    context: &mut Context<'_>,
) -> Next {
    std::mem::swap(&mut chain.source, &mut chain.destination);
    let length = length_to_hash(copy);
    if let Some(facts) = seen.facts.filter(|facts| facts.size != length) {
        return differs(copy, Hashes::block_of(facts.size.min(length)));
    }
    let lease = chain.lease.take();
    match (outcome, lease, &mut copy.due.hashing) {
        (Outcome::Done, Some(lease), Some(hashing)) => {
            hashing.copy.add(Hashed::of(0, lease.bytes()));
            compare(copy, length, context)
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
                return read_back(copy, chain, false, context);
            }
            Next::failed(copy.destination_problem(what, errno))
        }
        // It is large, or not all of it came at once.
        (Outcome::Done | Outcome::Count { .. }, ..) => {
            let all = copy.due.hashing.as_ref().map(|hashing| hashing.to_compare(length));
            read_all(End::Destination, all.unwrap_or_default(), context)
        }
    }
}

/// Reads these stretches of one end, as extents.
fn read_all(end: End, stretches: Vec<Range<u64>>, context: &Context<'_>) -> Next {
    let block = context.extent_bytes() - context.extent_bytes() % PAGE_BYTES;
    let block = u32::try_from(block.max(PAGE_BYTES)).unwrap_or(u32::MAX);
    Next::ReadAll(Sharing { block, direct: false, mode: BlockMode::Hash(end), stretches })
}

fn compare(copy: &mut CopyState, length: u64, context: &mut Context<'_>) -> Next {
    let Some(hashing) = &mut copy.due.hashing else { return Next::All };
    let compared = hashing.to_compare(length);
    context.tally.read_back(compared.iter().map(|stretch| stretch.end - stretch.start).sum());
    hashing.step = HashPhase::Over;
    let difference = |stretch| hashing.source.first_difference(&hashing.copy, stretch, length);
    if let Some(offset) = compared.into_iter().find_map(difference) {
        return differs(copy, offset);
    }
    context.tally.verified();
    Next::All
}

fn differs(copy: &CopyState, offset: u64) -> Next {
    Next::failed(FileError::of(MessageKind::Differs { offset }, copy.job.destination_path()))
}

/// Writes the file's line of the manifest.
pub(super) fn list_hash(copy: &CopyState, context: &Context<'_>) {
    let (Some(hashing), Some(manifest)) = (&copy.due.hashing, context.manifest) else { return };
    let path = copy.job.destination_path();
    match hashing.source.hash(length_to_hash(copy)) {
        Some(hash) => manifest.add(&hash, &path, context.reporter),
        None => {
            let problem = FileError::between(MessageKind::CannotHash, path, copy.job.source_path());
            context.reporter.problem(&problem);
        }
    }
}
