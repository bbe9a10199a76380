//! BLAKE3 hashes of files whose bytes come block by block, in any order, from several threads.
//!
//! BLAKE3 is a tree over chunks of 1 KiB. What is read of a file is hashed as subtrees where it stands in the file
//! ([`Hashed::of`], all of the work, without a lock), and subtrees are joined as their neighbours arrive
//! ([`Hashes::add`]). What comes out is the hash of the whole file, as `b3sum` has it, and hashes of its aligned blocks,
//! by which two hashings are compared without keeping any data. Blocks are 1 MiB, and grow with the file, so that there
//! are never more than a few thousand: memory is bounded for files of any size.
//!
//! Pure data; what it hashes and why is the business of [`crate::cp::copy`].

mod subtree;
#[cfg(test)]
mod tests;

pub(crate) use blake3::Hash;

use blake3::CHUNK_LEN;
use std::collections::BTreeMap;
use std::ops::Range;
use subtree::{Subtree, subtrees};

const CHUNK_BYTES: u64 = CHUNK_LEN as u64;

/// Blocks of 2 to the power of this many chunks are told apart at first: 1 MiB.
const BLOCK_LEVEL: u8 = 10;

/// Subtrees that are remembered; where there are more, blocks become twice as large.
const SUBTREES_MAX: usize = 4096;

/// Chunks that are not whole and are remembered: short reads leave them, until the rest comes.
const TAILS_MAX: usize = 64;

/// What a stretch of a file hashes to.
pub(crate) struct Hashed {
    offset: u64,
    /// What belongs to a chunk that begins before the stretch.
    head: Vec<u8>,
    /// Whole chunks.
    subtrees: Vec<Subtree>,
    /// The beginning of a chunk that goes on after the stretch, or is the last of the file.
    tail: Vec<u8>,
}

impl Hashed {
    /// Hashes `bytes`, which stand at `offset` of their file.
    #[must_use]
    pub(crate) fn of(offset: u64, bytes: &[u8]) -> Self {
        let misaligned = usize::try_from(offset % CHUNK_BYTES).unwrap_or(0);
        let to_chunk = if misaligned == 0 { 0 } else { (CHUNK_LEN - misaligned).min(bytes.len()) };
        let (head, rest) = bytes.split_at(to_chunk);
        let start = offset + bytes_of(head);
        // The only chunk of a file is hashed in another way than the first of several: it waits for the end.
        let whole =
            if start == 0 && rest.len() <= CHUNK_LEN { 0 } else { rest.len() - rest.len() % CHUNK_LEN };
        let (chunks, tail) = rest.split_at(whole);
        Self { offset, head: head.to_vec(), subtrees: subtrees(start, chunks), tail: tail.to_vec() }
    }
}

/// What is known of a file's bytes by now.
pub(crate) struct Hashes {
    /// By their first byte. Two siblings are always joined, but for those that would begin at byte 0: the root of the
    /// tree is hashed in another way, and where it is becomes known at the end of the file.
    subtrees: BTreeMap<u64, Subtree>,
    /// Bytes of chunks that are not whole, with where they begin, by where they end.
    tails: BTreeMap<u64, (u64, Vec<u8>)>,
    block_level: u8,
    subtrees_max: usize,
    /// There was no room for something: its neighbours were too far away.
    overflowed: bool,
}

impl Default for Hashes {
    fn default() -> Self {
        Self::with(BLOCK_LEVEL, SUBTREES_MAX)
    }
}

impl Hashes {
    /// Bytes of a block, in a file of ordinary size.
    pub(crate) const BLOCK_BYTES: u64 = CHUNK_BYTES << BLOCK_LEVEL;

    fn with(block_level: u8, subtrees_max: usize) -> Self {
        Self {
            subtrees: BTreeMap::new(),
            tails: BTreeMap::new(),
            block_level,
            subtrees_max,
            overflowed: false,
        }
    }

    /// Adds a stretch. Each byte of a file is to be added once. What begins in the middle of a chunk must come after
    /// what ends there, or stays a gap.
    pub(crate) fn add(&mut self, hashed: Hashed) {
        let Hashed { offset, head, subtrees, tail } = hashed;
        let mut end = offset;
        if !head.is_empty() {
            end += bytes_of(&head);
            if let Some((start, mut bytes)) = self.tails.remove(&offset) {
                bytes.extend(head);
                self.add_tail(start, bytes);
            }
        }
        for subtree in subtrees {
            end = subtree.end();
            self.insert(subtree);
        }
        if !tail.is_empty() {
            self.add_tail(end, tail);
        }
    }

    fn add_tail(&mut self, start: u64, bytes: Vec<u8>) {
        if start > 0 && bytes.len() == CHUNK_LEN {
            self.insert(Subtree::of(start, &bytes));
        } else if self.tails.len() >= TAILS_MAX {
            self.overflowed = true;
        } else {
            self.tails.insert(start + bytes_of(&bytes), (start, bytes));
        }
    }

    fn insert(&mut self, mut subtree: Subtree) {
        while subtree.level < self.block_level
            && subtree.parent_start() > 0
            && let Some(joined) = self.joined_with_sibling(&subtree)
        {
            subtree = joined;
        }
        if self.subtrees.len() >= self.subtrees_max && !self.make_room() {
            self.overflowed = true;
        } else {
            self.subtrees.insert(subtree.start, subtree);
        }
    }

    /// Joins blocks to blocks twice as large, where there are any that can be joined. Of a file that is read more or
    /// less in order half of the subtrees are left.
    fn make_room(&mut self) -> bool {
        let before = self.subtrees.len();
        self.block_level += 1;
        for subtree in std::mem::take(&mut self.subtrees).into_values() {
            self.insert(subtree);
        }
        let made = self.subtrees.len() < before;
        self.block_level -= u8::from(!made);
        made
    }

    fn joined_with_sibling(&mut self, subtree: &Subtree) -> Option<Subtree> {
        let sibling =
            self.subtrees.get(&subtree.sibling_start()).filter(|other| other.level == subtree.level)?;
        let joined = subtree.joined(sibling);
        self.subtrees.remove(&subtree.sibling_start());
        Some(joined)
    }

    /// What of the first `length` bytes has not been hashed. What was hashed after them, or together with what stands
    /// after them, is forgotten: the file has become shorter. All of it is missing where there was no room for all:
    /// what comes in order will find room.
    pub(crate) fn gaps(&mut self, length: u64) -> Vec<Range<u64>> {
        if std::mem::take(&mut self.overflowed) {
            self.subtrees.clear();
            self.tails.clear();
        }
        self.subtrees.retain(|_, subtree| subtree.end() <= length);
        // A subtree that is all of the tree is none: nothing can make it the root.
        if self.subtrees.get(&0).is_some_and(|first| first.end() == length) {
            self.subtrees.remove(&0);
        }
        let is_whole = |bytes: &[u8]| bytes.len() == CHUNK_LEN;
        self.tails.retain(|&end, (_, bytes)| end == length || (end < length && is_whole(bytes)));
        let mut gaps = Vec::new();
        let mut reached = 0;
        for (start, end) in self.stretches() {
            if reached < start {
                gaps.push(reached..start);
            }
            reached = end;
        }
        if reached < length {
            gaps.push(reached..length);
        }
        gaps
    }

    /// Where what was hashed begins and ends, in order.
    fn stretches(&self) -> Vec<(u64, u64)> {
        let subtrees = self.subtrees.values().map(|subtree| (subtree.start, subtree.end()));
        let tails = self.tails.iter().map(|(&end, &(start, _))| (start, end));
        let mut all: Vec<(u64, u64)> = subtrees.chain(tails).collect();
        all.sort_unstable();
        all
    }

    /// The hash of a file of `length` bytes, where nothing of it is missing.
    #[must_use]
    pub(crate) fn hash(&self, length: u64) -> Option<Hash> {
        if length <= CHUNK_BYTES {
            let only = self.tails.get(&length).map(|(_, bytes)| &bytes[..]);
            return if length == 0 { Some(blake3::hash(b"")) } else { only.map(blake3::hash) };
        }
        subtree::root(&self.in_order(0..length)?)
    }

    /// Where the block of a byte begins, in a file of ordinary size.
    #[must_use]
    pub(crate) fn block_of(offset: u64) -> u64 {
        offset - offset % Self::BLOCK_BYTES
    }

    /// The offset of the first block of a stretch that is another one in `other`, or is missing there. Both are of `length`
    /// bytes. The stretch begins and ends with a block, or with the file.
    #[must_use]
    pub(crate) fn first_difference(&self, other: &Self, stretch: Range<u64>, length: u64) -> Option<u64> {
        let block = CHUNK_BYTES << self.level().max(other.level());
        let mut start = stretch.start;
        while start < stretch.end {
            // The largest subtree that can begin here and is not more than what is left: only at the end of the file are
            // they cut.
            let most = if start == 0 { block } else { block.min(1 << start.trailing_zeros()) };
            let left = stretch.end - start;
            let whole = left >= most || stretch.end == length;
            let bytes = if whole { most } else { 1 << left.ilog2() };
            let range = start..stretch.end.min(start.saturating_add(bytes));
            let values = [self, other].map(|hashes| subtree::value(&hashes.in_order(range.clone())?));
            if values[0].is_none() || values[0] != values[1] {
                return Some(start);
            }
            start = range.end;
        }
        None
    }

    /// What all subtrees fit in: some were as large from the beginning.
    fn level(&self) -> u8 {
        self.subtrees.values().map(|subtree| subtree.level).max().unwrap_or(0).max(self.block_level)
    }

    /// The subtrees of a block, in order and without a gap.
    fn in_order(&self, range: Range<u64>) -> Option<Vec<Subtree>> {
        let mut found: Vec<Subtree> =
            self.subtrees.range(range.clone()).map(|(_, subtree)| *subtree).collect();
        let tails = self.tails.range(range.start + 1..=range.end);
        found.extend(tails.map(|(_, (start, bytes))| Subtree::of(*start, bytes)));
        found.sort_unstable_by_key(|subtree| subtree.start);
        let ends = found
            .iter()
            .try_fold(range.start, |reached, subtree| (subtree.start == reached).then_some(subtree.end()));
        (ends == Some(range.end)).then_some(found)
    }
}

fn bytes_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
