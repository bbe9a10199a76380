//! A large file on its way to its extents: made ready, and shared out.

use super::Context;
use super::extents::{BlockMode, LargeFile, Sharing, set_direct};
use super::method::CopyMethod;
use super::phase::Next;
use super::state::CopyState;
use super::statfs;
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Call, Chain, Completion, Op, Outcome};
use crate::pipeline::engine::plain;
use crate::plan::destination;
use crate::plan::reading;
use crate::report::message::MessageKind;
use rustix::fd::AsFd;
use std::ops::Range;
use std::sync::Arc;

/// What offsets and lengths of direct transfers are multiples of: a page.
const DIRECT_UNIT: u32 = 4096;
const _: () = assert!(DIRECT_UNIT as usize == PAGE_BYTES);

/// Copies blocks of a file at their own offsets.
pub(super) struct Extents;

impl LargeFile {
    /// True if several workers may read it side by side.
    #[must_use]
    pub(crate) fn can_be_shared(&self) -> bool {
        let source = self.lock().ends.as_ref().map(|(source, _)| Arc::clone(source));
        let kind = source.and_then(|source| plain::kind_of(source.as_fd()).ok());
        // What cannot be asked is no FUSE.
        kind.is_none_or(|system| !reading::must_be_read_in_order(system.magic))
    }
}

impl CopyMethod for Extents {
    /// Makes both ends ready. `O_DIRECT` is turned on before anything is shared out, as from then on any extent may have to
    /// turn it off.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            return Next::Create;
        }
        chain.ops.clear();
        chain.ops.extend((!copy.destination.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
        if copy.makes_holes(context) {
            chain.ops.push(Op::Call(Call::Truncate { length: copy.source_facts().size }));
        }
        if context.settings.direct {
            chain.ops.extend(set_direct(true));
        }
        if chain.ops.is_empty() {
            return share_out_all(copy, context);
        }
        Next::Run
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let Completion { chain, outcome, .. } = completion;
        let outcome = *outcome;
        if let Outcome::Failed { at, errno } = outcome {
            let cuts = matches!(chain.ops.get(at), Some(Op::Call(Call::Truncate { length: 0 })));
            if cuts && !copy.destination.truncated {
                return Next::NotTruncated(errno);
            }
            return Next::failed(copy.destination_problem(MessageKind::Truncating, errno));
        }
        copy.destination.truncated = true;
        copy.data.length = copy.makes_holes(context).then(|| copy.source_facts().size);
        share_out_all(copy, context)
    }
}

fn share_out_all(copy: &mut CopyState, context: &Context<'_>) -> Next {
    let size = copy.source_facts().size;
    let direct = context.settings.direct;
    let unreachable = if direct { size % u64::from(DIRECT_UNIT) } else { 0 };
    let all = std::iter::once(0..size - unreachable).collect();
    Next::Share(Sharing::of_data(copy, all, direct, context))
}

impl Sharing {
    /// These stretches of the file, which are not empty; `direct` says that they go past the page cache.
    pub(super) fn of_data(
        copy: &mut CopyState,
        stretches: Vec<Range<u64>>,
        direct: bool,
        context: &Context<'_>,
    ) -> Self {
        let block = u32::try_from(context.extent_bytes()).unwrap_or(u32::MAX);
        let block = if direct { block - block % DIRECT_UNIT } else { block };
        copy.data.debug_trace.transferred = true;
        copy.data.debug_trace.moved = true;
        Self { block, direct, mode: block_mode(copy, context), stretches }
    }
}

fn block_mode(copy: &mut CopyState, context: &Context<'_>) -> BlockMode {
    let pair = copy.pair();
    if copy.makes_holes(context) {
        let unit = destination::hole_bytes(pair.and_then(|pair| context.pairs.destination(pair)));
        return BlockMode::Zeros(if context.settings.direct { unit.max(DIRECT_UNIT) } else { unit });
    }
    let offload = |pair| context.pairs.offload(pair).is_wanted();
    if statfs::may_offload(context) && pair.is_some_and(offload) {
        BlockMode::Offload
    } else {
        BlockMode::Through
    }
}
