//! One chain in which the kernel passes the pages of a file on: sendfile(2), or copy_file_range(2) where both ends are files
//! of layers (overlay) on one file system.

use super::method::{CopyMethod, Data};
use super::open::create;
use super::phase::{Next, Phase};
use super::single_chain::{arrived, cut, cut_beside_data, run};
use super::state::CopyState;
use super::stream::StreamState;
use super::{Context, statfs};
use crate::pipeline::chain::{Call, Chain, Completion, FdKind, Op};
use crate::plan::data;
use crate::plan::reading::Reading;
use rustix::io::Errno;

/// Most bytes that a source which was left to the kernel is asked for after the end that it had.
const GROWTH_BYTES: u32 = 1 << 20;

/// Has the kernel pass on the pages of a file.
pub(super) struct Sendfile;

/// True if the kernel is to pass a file of this size on: not where its bytes are to be seen, nor where the file systems copy
/// it without its pages, unless that is best for any size, nor where sendfile(2), which goes by the page cache and the size
/// it has noted, may see another end than read(2).
pub(super) fn is_wanted(copy: &CopyState, size: u64, context: &Context<'_>) -> bool {
    let Some(pair) = copy.pair() else { return false };
    if statfs::is_layered(copy, context) {
        return !context.settings.hash && size <= data::OFFLOAD_AT_ONCE_BYTES_MAX;
    }
    if context.pairs.source(pair).is_some_and(|system| Reading::of(system.magic).needs_calls()) {
        return false;
    }
    context.capabilities.passes
        && !context.settings.hash
        && (data::PASS_BYTES_MIN..=context.settings.pass_bytes_max).contains(&size)
        && !(statfs::may_offload(context) && context.pairs.offload(pair).is_wanted())
}

/// Asks for what a source may have grown by after `end`. A read would change its access time.
pub(super) fn of_growth(chain: &mut Chain, end: u64) -> Next {
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::CopyFileRange { offset: end, room: GROWTH_BYTES, expect: 0 }));
    Next::Enter(Phase::Data(Data::Sendfile(Sendfile)))
}

impl CopyMethod for Sendfile {
    /// The kernel is asked for a byte more than the file has, as a read is.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
        let length = u32::try_from(copy.source_facts().size).unwrap_or(u32::MAX);
        chain.ops.clear();
        if chain.destination.is_open() {
            chain.ops.extend((!copy.destination.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
        } else {
            chain.ops.push(create(copy, FdKind::Plain, context));
        }
        let room = length.saturating_add(1);
        chain.ops.push(match statfs::is_layered(copy, context) {
            true => Op::Call(Call::CopyFileRange { offset: 0, room, expect: length }),
            false => Op::Call(Call::Sendfile { room, expect: length }),
        });
        run(copy, chain, context)
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let is_offload = |op: &Op| matches!(op, Op::Call(Call::CopyFileRange { .. }));
        let cut = cut(copy, completion);
        let chain = &mut completion.chain;
        let Some((at, result)) = cut else {
            copy.data.debug_trace.offloaded |= chain.ops.iter().any(is_offload);
            return arrived(copy, chain);
        };
        copy.data.debug_trace.offloaded |= chain.ops[..at].iter().any(is_offload);
        match chain.ops[at] {
            // What came is as good as read and written. The stream meets what the kernel met, and can tell.
            Op::Call(Call::Sendfile { .. }) => {
                copy.data.stream = StreamState::starting_at(result.map_or(0, u64::from));
                Next::Rest(false)
            }
            Op::Call(Call::CopyFileRange { offset, .. }) => {
                offload_cut(copy, result, context);
                copy.data.stream = StreamState::starting_at(offset + result.map_or(0, u64::from));
                Next::Rest(false)
            }
            _ => cut_beside_data(copy, chain, at, result, context),
        }
    }
}

/// Notes file systems that refuse copy_file_range(2).
fn offload_cut(copy: &CopyState, moved: Result<u32, Errno>, context: &Context<'_>) {
    if let (Err(errno), Some(pair)) = (moved, copy.pair())
        && data::is_refusal(errno)
        && !data::is_of_one_file(errno)
    {
        context.pairs.all.refuse_offload(pair);
    }
}
