//! What comes after the extents of a file: it is streamed on to its end, mapped on, closed after a problem, or given up.

use super::Context;
use super::extents::{Ending, set_direct};
use super::holes::Holes;
use super::method::Data;
use super::phase::{Next, Phase};
use super::sendfile;
use super::state::CopyState;
use super::statfs;
use super::stream::{Stream, StreamState};
use crate::pipeline::chain::{Call, Chain, End, Op};
use crate::plan::data;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;

/// What comes after the blocks of a copy. `holes` maps on where the file is copied by its map.
pub(super) fn next(
    copy: &mut CopyState,
    chain: &mut Chain,
    ending: Ending,
    holes: Option<&mut Holes>,
    context: &Context<'_>,
) -> Next {
    let Ending { at: end, cut, offloaded, refused_offload, problem, stopped, .. } = ending;
    copy.data.debug_trace.offloaded |= offloaded;
    if refused_offload
        && let Some(pair) = copy.pair()
        && context.pairs.offload(pair).is_wanted()
    {
        context.pairs.all.refuse_offload(pair);
    }
    if let Some((FileError { what, errno: Some(Errno::SPIPE), .. }, _)) = &problem
        && copy.due.hashing.is_none()
    {
        // So one end has no offsets, and nothing was moved by them.
        copy.has_no_offsets(if *what == MessageKind::Writing { End::Destination } else { End::Source });
        copy.data.stream = StreamState::default();
        return Next::Rest(false);
    }
    if let Some((problem, failed_at)) = problem {
        return failed(copy, failed_at.min(end), chain, problem, holes.is_some(), context);
    }
    if let Some(reached) = stopped {
        // The worker that gets this chain gives the file up.
        copy.data.length = Some(u64::MAX);
        copy.data.stream = StreamState::starting_at(reached.min(end));
        return Next::Enter(Phase::Data(Data::Stream(Stream::default())));
    }
    if let Some(holes) = holes.filter(|_| !cut) {
        return holes.map_on(copy, chain);
    }
    if offloaded && !cut && statfs::is_layered(copy, context) {
        return sendfile::of_growth(chain, end);
    }
    rest(copy, chain, end, cut, context)
}

/// Streams on after the blocks, which end at byte `end`.
fn rest(copy: &mut CopyState, chain: &mut Chain, end: u64, cut: bool, context: &Context<'_>) -> Next {
    copy.data.stream = StreamState::starting_at(end);
    if context.settings.direct {
        // What is left is less than a unit, and the read at the end of file need not be aligned then.
        chain.ops.extend(set_direct(false));
    }
    if cut {
        copy.data.length = copy.data.length.map(|_| end);
        chain.ops.push(Op::Call(Call::Truncate { length: end }));
    }
    if chain.ops.is_empty() {
        return Next::Rest(false);
    }
    Next::Enter(Phase::Data(Data::Stream(Stream::default())))
}

/// A copy whose blocks came in any order has failed, and none is missing before `reached`: what has come further is cut
/// off, so that a beginning of the source is left. Where there was no room, that gives its room to what comes first:
/// the copy goes on from there in order until it fails again, so that as much is left as fits, as with GNU cp.
fn failed(
    copy: &mut CopyState,
    reached: u64,
    chain: &mut Chain,
    problem: FileError,
    is_mapped: bool,
    context: &Context<'_>,
) -> Next {
    copy.data.stream = StreamState::starting_at(reached);
    let wants_room = problem.what == MessageKind::Writing && problem.errno.is_some_and(data::is_want_of_room);
    if !wants_room || is_mapped || copy.due.hashing.is_some() {
        copy.data.length = Some(u64::MAX);
        return Next::failed(problem);
    }
    copy.data.length = None;
    chain.ops.clear();
    if context.settings.direct {
        chain.ops.extend(set_direct(false));
    }
    chain.ops.push(Op::Call(Call::Truncate { length: reached }));
    Next::Enter(Phase::Data(Data::Stream(Stream::default())))
}
