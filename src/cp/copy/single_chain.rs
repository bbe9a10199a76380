//! One chain for all that is left of a small file: opened, read, written and closed in one go, where that is possible.

use super::method::CopyMethod;
use super::open::create;
use super::phase::Next;
use super::source::{not_reopened, open_examined};
use super::state::CopyState;
use super::stream::StreamState;
use super::{Context, end, stream, verify};
use crate::pipeline::chain::{Call, Chain, Completion, End, FdKind, Io, Op, Outcome};
use crate::report::message::MessageKind;
use rustix::fs::OFlags;
use rustix::io::Errno;

/// Copies a file that fits a buffer by one chain.
pub(super) struct SingleChain;

impl CopyMethod for SingleChain {
    /// The read asks for a byte more than the file has, where it stands alone, so that a file that has grown meanwhile is
    /// noticed.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
        let size = copy.source_facts().size;
        let bytes = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let Some(lease) = context.pool.lease(bytes) else { return Next::NoBuffer };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let length = u32::try_from(size).unwrap_or(u32::MAX);
        chain.lease = Some(lease);
        chain.ops.clear();
        let read = Op::Io(Io::Read { offset: Some(0), room, expect: Some(length) });
        if copy.only_examined() {
            copy.source.examined = std::mem::take(&mut chain.source);
            let again = open_examined(&copy.source.examined, End::Source, OFlags::RDONLY, FdKind::Any);
            // A direct descriptor is closed without the file system being asked for late write errors. What is slow to make
            // files is most likely a server's, so it is not asked then.
            let late_errors = context.settings.late_errors || chain.slow_destination;
            let into = if late_errors { FdKind::Plain } else { FdKind::Any };
            chain.ops.extend(again.into_iter().chain([create(copy, into, context), read]));
        } else if chain.destination.is_open() {
            chain.ops.extend((!copy.destination.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
            chain.ops.push(read);
        } else if makes_first(copy) {
            chain.ops.extend([create(copy, FdKind::Plain, context), read]);
        } else {
            chain.ops.extend([read, create(copy, FdKind::Plain, context)]);
        }
        chain.ops.push(Op::Io(Io::Write { offset: Some(0), start: 0, length }));
        run(copy, chain, context)
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let cut = cut(copy, completion);
        let chain = &mut completion.chain;
        match cut {
            None => arrived(copy, chain),
            Some((at, result)) => cut_at(copy, chain, at, result, context),
        }
    }
}

/// True if the copy is made before its source is read: making it may fail, and a source without a copy keeps its access
/// time. In a directory of this run's own it hardly fails, and is best done with what writes to it.
fn makes_first(copy: &CopyState) -> bool {
    !copy.job.branch().is_some_and(|branch| branch.created)
}

/// Runs a chain that brings all of the data, with the end of the file where that is part of it.
pub(super) fn run(copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
    if !context.settings.ends_apart() {
        chain.ops.extend(end::set_attributes(copy, context));
        chain
            .ops
            .extend([Op::Io(Io::Close { end: End::Destination }), Op::Io(Io::Close { end: End::Source })]);
    }
    copy.data.debug_trace.transferred = true;
    copy.data.debug_trace.moved = true;
    Next::Run
}

/// Where a chain was cut before its end: at which operation, and what that gave.
pub(super) type Cut = (usize, Result<u32, Errno>);

/// Where the chain was cut; `None` if it ran to its end.
pub(super) fn cut(copy: &mut CopyState, completion: &Completion) -> Option<Cut> {
    let (at, result) = match completion.outcome {
        Outcome::Done => return None,
        Outcome::Count { at, moved } => (at, Ok(moved)),
        Outcome::Failed { at, errno } => (at, Err(errno)),
    };
    let before = &completion.chain.ops[..at];
    copy.destination.truncated |= before.iter().any(|op| matches!(op, Op::Call(Call::Truncate { .. })));
    Some((at, result))
}

/// All of the file has arrived. Where it ends within its chain there is nothing left to do.
pub(super) fn arrived(copy: &mut CopyState, chain: &mut Chain) -> Next {
    let size = copy.source_facts().size;
    verify::hash_read(copy, 0, chain, u32::try_from(size).unwrap_or(u32::MAX));
    copy.data.stream = StreamState::starting_at(size);
    Next::All
}

/// Goes on where the chain was cut.
fn cut_at(
    copy: &mut CopyState,
    chain: &mut Chain,
    at: usize,
    result: Result<u32, Errno>,
    context: &Context<'_>,
) -> Next {
    match (&chain.ops[at], result) {
        (Op::Io(Io::Read { .. }), Ok(moved)) => {
            verify::hash_read(copy, 0, chain, moved);
            copy.data.stream.pending(moved);
            Next::Rest(false)
        }
        (&Op::Io(Io::Write { length, .. }), Ok(moved)) => {
            verify::hash_read(copy, 0, chain, length);
            copy.data.stream.pending(length);
            copy.data.stream.written_to(moved);
            Next::Rest(false)
        }
        (Op::Io(Io::Read { .. }), Err(errno)) => stream::read_failed(copy, chain, errno),
        (&Op::Io(Io::Write { length, .. }), Err(Errno::SPIPE)) => {
            copy.has_no_offsets(End::Destination);
            verify::hash_read(copy, 0, chain, length);
            copy.data.stream.pending(length);
            Next::Rest(false)
        }
        (Op::Io(Io::Write { .. }), Err(errno)) => {
            Next::failed(copy.destination_problem(MessageKind::Writing, errno))
        }
        _ => cut_beside_data(copy, chain, at, result, context),
    }
}

/// Goes on where a chain for all of a file was cut at an operation that moves no data.
pub(super) fn cut_beside_data(
    copy: &mut CopyState,
    chain: &mut Chain,
    at: usize,
    result: Result<u32, Errno>,
    context: &Context<'_>,
) -> Next {
    match (&chain.ops[at], result) {
        (Op::Io(Io::Open { end: End::Source, .. }), Err(errno)) => not_reopened(copy, chain, errno),
        (Op::Io(Io::Open { .. }), Err(errno)) => {
            chain.lease = None;
            (copy.data.debug_trace.transferred, copy.data.debug_trace.moved) = (false, false);
            Next::NotOpened(errno)
        }
        (Op::Io(Io::Close { end: End::Source }), Err(errno)) => {
            end::source_not_closed(copy, errno, context);
            arrived(copy, chain)
        }
        (Op::Io(Io::Close { .. }), Err(errno)) => {
            Next::failed(copy.destination_problem(MessageKind::Closing, errno))
        }
        (Op::Call(Call::Truncate { .. }), Err(errno)) => Next::NotTruncated(errno),
        // No other is in the chain of a whole file.
        (Op::Io(_) | Op::Call(_), _) => Next::failed(copy.source_problem(MessageKind::Reading, Errno::IO)),
    }
}
