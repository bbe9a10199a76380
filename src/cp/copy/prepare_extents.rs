//! A large file on its way to its extents: made ready, and shared out.

use super::extents::{BlockMode, LargeFile, set_direct};
use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Call, Chain, Op, Outcome};
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

impl LargeFile {
    /// Whether several workers may read it side by side.
    #[must_use]
    pub(crate) fn can_be_shared(&self) -> bool {
        let source = self.lock().ends.as_ref().map(|(source, _)| Arc::clone(source));
        let kind = source.and_then(|source| plain::kind_of(source.as_fd()).ok());
        // What cannot be asked is no FUSE.
        kind.is_none_or(|system| !reading::must_be_read_in_order(system.magic))
    }
}

impl FileCopy {
    /// Both ends are open: makes them ready for extents. `O_DIRECT` is turned on before anything is shared out, as from
    /// then on any extent may have to turn it off.
    pub(super) fn large(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        chain.ops.clear();
        chain.ops.extend((!self.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
        if self.makes_holes(context) {
            chain.ops.push(Op::Call(Call::Truncate { length: self.source_facts().size }));
        }
        if context.settings.direct {
            chain.ops.extend(set_direct(true));
        }
        if chain.ops.is_empty() {
            return self.share_out_all(chain, context);
        }
        self.stage = Stage::Preparing;
        Step::Run(chain)
    }

    pub(super) fn prepared(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        if let Outcome::Failed { at, errno } = outcome {
            if matches!(chain.ops.get(at), Some(Op::Call(Call::Truncate { length: 0 }))) && !self.truncated {
                return self.not_cut(chain, errno, context);
            }
            return self.fail(chain, self.destination_problem(MessageKind::Truncating, errno), context);
        }
        self.truncated = true;
        self.length = self.makes_holes(context).then(|| self.source_facts().size);
        self.share_out_all(chain, context)
    }

    fn share_out_all(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
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
    ) -> Step {
        let block = u32::try_from(context.extent_bytes()).unwrap_or(u32::MAX);
        // Holes and data meet where they like; O_DIRECT wants whole units.
        let direct = context.settings.direct && self.holes.is_none();
        let block = if direct { block - block % DIRECT_UNIT } else { block };
        self.debug_trace.transferred = true;
        self.debug_trace.moved = true;
        let way = self.way(context);
        let file = std::mem::replace(self, Self::new(self.job.clone(), false));
        match LargeFile::new(file, chain, block, direct, way, stretches) {
            Ok(large) => Step::Large(Arc::new(large)),
            Err(returned) => {
                let (file, chain) = *returned;
                *self = file;
                self.start_stream(chain, false, context)
            }
        }
    }

    fn way(&mut self, context: &Context<'_>) -> BlockMode {
        let pair = self.pair();
        if self.makes_holes(context) {
            let unit = destination::hole_bytes(pair.and_then(|pair| context.pairs.destination(pair)));
            return BlockMode::Zeros(if context.settings.direct { unit.max(DIRECT_UNIT) } else { unit });
        }
        let offload = |pair| context.pairs.offload(pair).is_wanted();
        if self.may_offload(context) && pair.is_some_and(offload) {
            BlockMode::Offload
        } else {
            BlockMode::Through
        }
    }
}
