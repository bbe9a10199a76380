//! Subtrees of BLAKE3's tree: aligned runs of chunks, a power of two of them, and how they are joined.

use super::Hash;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use blake3::{CHUNK_LEN, Hasher};

/// A subtree that is not the root; or the last chunk of a file, which may be shorter.
#[derive(Clone, Copy)]
pub(super) struct Subtree {
    /// The offset of its first byte.
    pub start: u64,
    /// It has 2 to the power of this many chunks.
    pub level: u8,
    bytes: u64,
    value: ChainingValue,
}

impl Subtree {
    /// Hashes a power of two of whole chunks, or a part of one, which stand at `start` of their file.
    pub(super) fn of(start: u64, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.set_input_offset(start).update(bytes);
        let level = bytes.len().div_ceil(CHUNK_LEN).ilog2();
        Self {
            start,
            level: u8::try_from(level).unwrap_or(u8::MAX),
            bytes: super::bytes_of(bytes),
            value: hasher.finalize_non_root(),
        }
    }

    /// The offset after its last byte.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes
    }

    fn span(&self) -> u64 {
        super::CHUNK_BYTES << self.level
    }

    /// Where the other half of its parent begins.
    pub(super) fn sibling_start(&self) -> u64 {
        self.start ^ self.span()
    }

    /// Where its parent begins.
    pub(super) fn parent_start(&self) -> u64 {
        self.start & !self.span()
    }

    /// The parent of both, which are siblings.
    pub(super) fn joined(&self, sibling: &Self) -> Self {
        let (left, right) = if self.start < sibling.start { (self, sibling) } else { (sibling, self) };
        Self {
            start: left.start,
            level: self.level + 1,
            bytes: left.bytes + right.bytes,
            value: merge_subtrees_non_root(&left.value, &right.value, Mode::Hash),
        }
    }
}

/// Whole chunks that stand at `start` of their file, as the largest subtrees they make up. What begins at byte 0 is
/// halved, so that none of them is all of the tree.
pub(super) fn subtrees(mut start: u64, mut chunks: &[u8]) -> Vec<Subtree> {
    let mut found = Vec::new();
    while !chunks.is_empty() {
        let count = chunks.len() / CHUNK_LEN;
        let most = 1_usize << count.ilog2();
        let most = match start / super::CHUNK_BYTES {
            0 => (most / 2).max(1),
            first => most.min(1 << first.trailing_zeros().min(usize::BITS - 1)),
        };
        let (subtree, rest) = chunks.split_at(most * CHUNK_LEN);
        found.push(Subtree::of(start, subtree));
        start += super::bytes_of(subtree);
        chunks = rest;
    }
    found
}

/// What is left to join when all subtrees that make up greater ones have been joined, as far as one value says it.
///
/// BLAKE3's left subtrees are as large as can be, so neighbours are joined from the left where they are siblings, and
/// what is left of that from the right. The last two are not joined yet: they may be the root's.
fn spine(subtrees: &[Subtree]) -> Vec<Subtree> {
    let mut stack: Vec<Subtree> = Vec::new();
    for &subtree in subtrees {
        while let [.., left, right] = &stack[..]
            && left.level == right.level
        {
            let joined = left.joined(right);
            stack.truncate(stack.len() - 2);
            stack.push(joined);
        }
        stack.push(subtree);
    }
    while let [_, .., left, right] = &stack[..] {
        let joined = left.joined(right);
        stack.truncate(stack.len() - 2);
        stack.push(joined);
    }
    stack
}

/// The value of a block below the root, of its subtrees in order.
pub(super) fn value(subtrees: &[Subtree]) -> Option<ChainingValue> {
    match &spine(subtrees)[..] {
        [only] => Some(only.value),
        [left, right] => Some(left.joined(right).value),
        _ => None,
    }
}

/// The hash of a file of more than one chunk, of its subtrees in order.
pub(super) fn root(subtrees: &[Subtree]) -> Option<Hash> {
    match &spine(subtrees)[..] {
        [left, right] => Some(merge_subtrees_root(&left.value, &right.value, Mode::Hash)),
        _ => None,
    }
}
