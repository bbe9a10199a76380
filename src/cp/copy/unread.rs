//! Holes that are not read to be verified: where both a copy and its source have one there is nothing but zeros, of which
//! there may be more than any machine can read. They are looked for in the maps of both, when the copy has all its data.

use super::Context;
use super::phase::Next;
use super::state::CopyState;
use super::verify::{self, ReadBackPhase, length_to_hash};
use crate::hashes::Hashes;
use crate::pipeline::chain::{Call, Chain, End, Op, Outcome, Results};
use crate::plan::stretches::{whole_blocks, without};
use std::ops::Range;

/// Most stretches of data that are mapped of each end; what follows the last of them is read.
const MAPPED_MAX: usize = 4096;

/// What of a file is a hole at both ends, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Unread {
    holes: Vec<Range<u64>>,
    /// The data of the end that is being mapped.
    data: Vec<Range<u64>>,
}

impl Unread {
    /// What is not read, in order.
    pub(super) fn holes(&self) -> &[Range<u64>] {
        &self.holes
    }

    /// One end is mapped.
    fn without_data(&mut self) {
        self.holes = without(&self.holes, &std::mem::take(&mut self.data));
    }
}

/// True if there may be holes in what has not been hashed that are worth looking for, which is then begun with. A
/// manifest wants the hash of all of a file, for which zeros count as well.
pub(super) fn is_wanted(copy: &mut CopyState, gaps: &[Range<u64>], context: &Context<'_>) -> bool {
    let sparse = copy.source_facts().looks_sparse();
    let large = length_to_hash(copy) > u64::try_from(context.buffer_bytes()).unwrap_or(u64::MAX);
    match &mut copy.due.hashing {
        Some(hashing) if hashing.unread.is_none() && sparse && large && context.manifest.is_none() => {
            hashing.unread = Some(Unread { holes: gaps.to_vec(), data: Vec::new() });
            true
        }
        Some(_) | None => false,
    }
}

/// Asks for the next stretch of data of one end.
pub(super) fn map(chain: &mut Chain, end: End, from: u64) -> Next {
    if end == End::Destination {
        std::mem::swap(&mut chain.source, &mut chain.destination);
    }
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::SeekData { from }));
    Next::enter(ReadBackPhase::MapUnread(end))
}

pub(super) fn mapped(
    copy: &mut CopyState,
    chain: &mut Chain,
    end: End,
    outcome: Outcome,
    seen: &Results,
    context: &mut Context<'_>,
) -> Next {
    if end == End::Destination {
        std::mem::swap(&mut chain.source, &mut chain.destination);
    }
    let length = length_to_hash(copy);
    let Some(unread) = copy.due.hashing.as_mut().and_then(|hashing| hashing.unread.as_mut()) else {
        return verify::next(copy, chain, context);
    };
    match (outcome, &seen.data) {
        // There is no map: all of it is read.
        (Outcome::Failed { .. }, _) => {
            unread.holes.clear();
            return verify::next(copy, chain, context);
        }
        (_, Some(data)) if data.start < length && data.start < data.end => {
            unread.data.push(data.start..data.end.min(length));
            if unread.data.len() < MAPPED_MAX && data.end < length {
                return map(chain, end, data.end);
            }
            if data.end < length {
                unread.data.push(data.end..length);
            }
        }
        (_, Some(_) | None) => {}
    }
    unread.without_data();
    match end {
        End::Source => map(chain, End::Destination, 0),
        End::Destination => {
            unread.holes = whole_blocks(&unread.holes, Hashes::BLOCK_BYTES, length);
            verify::next(copy, chain, context)
        }
    }
}
