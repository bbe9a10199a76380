//! The stream: reads and writes one after another until the source says that it has ended.
//!
//! It serves what cannot be trusted to say its length (/proc, pipes, devices), and finishes what a chain or the extents
//! left: a file that shrank or grew, a write that came up short. It always goes through the page cache.

use super::method::CopyMethod;
use super::phase::Next;
use super::state::CopyState;
use super::{Context, verify, zeros};
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Call, Chain, Completion, End, Io, Op, Outcome};
use crate::plan::destination;
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::report::message::MessageKind;
use rustix::fs::FileType;
use rustix::io::Errno;

/// Which ends of a file have no offsets, though they are regular files: they answer ESPIPE (some of /proc and tracefs, and
/// what a FUSE server has said so of), and go on where they are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InOrder {
    pub(super) source: bool,
    pub(super) destination: bool,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StreamState {
    /// Bytes that have reached the destination.
    written: u64,
    /// First byte of the lease that has not.
    start: u32,
    /// How many bytes of the lease have not.
    pending: u32,
    /// The source failed; what it had given is still to be written, and the destination closed.
    read_failed: Option<Errno>,
    /// The source is a hole up to this byte, which is not read and filled in the copy.
    hole_end: u64,
}

impl StreamState {
    /// Starts after what another method has brought over.
    pub(super) fn starting_at(written: u64) -> Self {
        Self { written, ..Self::default() }
    }

    /// Begins with zeros for a source that is one hole, of `size` bytes.
    pub(super) fn of_hole(size: u64) -> Self {
        Self { hole_end: size, ..Self::default() }
    }

    /// True if the source is one hole, and all of it is filled in the copy.
    fn has_filled_hole(&self) -> bool {
        self.hole_end > 0 && self.hole_left() == 0
    }

    /// Bytes of zeros that are still to be written.
    fn hole_left(&self) -> u64 {
        self.hole_end.saturating_sub(self.written)
    }

    /// Bytes that have reached the destination.
    pub(super) fn position(&self) -> u64 {
        self.written
    }

    /// The lease holds `read` bytes that are not written yet.
    pub(super) fn pending(&mut self, read: u32) {
        self.start = 0;
        self.pending = read;
    }

    /// What the lease holds up to this byte is in the destination.
    pub(super) fn written_to(&mut self, end: u32) {
        let moved = end.saturating_sub(self.start);
        self.written += u64::from(moved);
        self.start += moved;
        self.pending = self.pending.saturating_sub(moved);
    }

    /// What was not written is zeros, and the destination has them there.
    fn skip_pending(&mut self) {
        self.written_to(self.start + self.pending);
    }
}

/// Reads and writes to the end of the source.
#[derive(Default)]
pub(super) struct Stream {
    /// What is done about the length of a copy whose source has ended.
    trim: Option<Trim>,
}

/// The copy gets the length that its source turned out to have.
#[derive(Debug, Clone, Copy)]
enum Trim {
    /// It is longer.
    Cuts,
    /// It ends with a hole.
    Extends,
}

impl CopyMethod for Stream {
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
        self.begin(copy, chain, false, context)
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let Completion { chain, outcome, .. } = completion;
        let outcome = *outcome;
        match (self.trim, outcome) {
            (None, _) => self.moved(copy, chain, outcome, context),
            (Some(trim), Outcome::Failed { errno, .. }) => {
                let what = match trim {
                    Trim::Cuts => MessageKind::Cutting,
                    Trim::Extends => MessageKind::Truncating,
                };
                Next::failed(copy.destination_problem(what, errno))
            }
            (Some(_), Outcome::Done | Outcome::Count { .. }) => Next::All,
        }
    }
}

impl Stream {
    /// Makes sure of a destination, then streams. `alone` says that no buffer is in use, so that a small one has to do.
    pub(super) fn begin(
        &mut self,
        copy: &mut CopyState,
        chain: &mut Chain,
        alone: bool,
        context: &mut Context<'_>,
    ) -> Next {
        if !chain.destination.is_open() {
            copy.destination.plan = match copy.destination.found {
                Some(Existing::DanglingLink(_)) => OpenPlan::CreateThroughLink,
                Some(Existing::File(file) | Existing::LinkTo { file, .. }) => OpenPlan::Overwrite(file),
                Some(Existing::ClosedLink { errno, .. }) => OpenPlan::Closed(errno),
                Some(Existing::Nothing) | None => OpenPlan::Create,
            };
            return Next::Open;
        }
        if !copy.destination.truncated {
            return Next::Truncate;
        }
        self.go_on(copy, chain, alone, context)
    }

    /// The next chain: what is pending is written, then the next block is read.
    pub(super) fn go_on(
        &mut self,
        copy: &mut CopyState,
        chain: &mut Chain,
        alone: bool,
        context: &mut Context<'_>,
    ) -> Next {
        copy.data.debug_trace.transferred |= !copy.data.debug_trace.mapped;
        let makes_holes = copy.makes_holes(context);
        if chain.lease.is_none() {
            let wanted = if alone { PAGE_BYTES } else { context.buffer_bytes() };
            chain.lease = context.pool.lease(wanted);
        }
        let Some(lease) = &mut chain.lease else {
            if !alone {
                return Next::NoBuffer;
            }
            return Next::failed(copy.source_problem(MessageKind::Reading, Errno::NOMEM));
        };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let hole_left = copy.data.stream.hole_left();
        if copy.data.stream.pending == 0 && hole_left > 0 {
            let limit = usize::try_from(hole_left).unwrap_or(usize::MAX);
            let filled = u32::try_from(lease.fill_with_zeros(limit)).unwrap_or(u32::MAX);
            verify::hash_read(copy, copy.data.stream.position(), chain, filled);
            copy.data.stream.pending(filled);
        }
        let StreamState { written, pending, read_failed, .. } = copy.data.stream;
        chain.ops.clear();
        if pending > 0 {
            write_pending(copy, chain, makes_holes, context);
        }
        // What has arrived is known when the chain comes back. The meter is not to wait for that until a pipe or a device
        // gives more.
        let waits = context.settings.watched && copy.source_facts().kind != FileType::RegularFile;
        if read_failed.is_none() && hole_left == 0 && (chain.ops.is_empty() || !waits) {
            let reaches = copy.data.seekable && !copy.data.in_order.source;
            let offset = reaches.then_some(written + u64::from(pending));
            chain.ops.push(Op::Io(Io::Read { offset, room, expect: None }));
        }
        Next::Run
    }

    fn moved(
        &mut self,
        copy: &mut CopyState,
        chain: &mut Chain,
        outcome: Outcome,
        context: &mut Context<'_>,
    ) -> Next {
        let (at, result) = match outcome {
            Outcome::Done => (chain.ops.len(), Ok(0)),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        // Writes before the operation that ended the chain were whole.
        for op in &chain.ops[..at.min(chain.ops.len())] {
            if let Op::Io(Io::Write { start, length, .. }) = *op {
                written_to(copy, start + length);
            }
        }
        if matches!(chain.ops.get(at), Some(Op::Io(Io::Read { .. })) | None) {
            copy.data.stream.skip_pending();
        }
        match (chain.ops.get(at), result) {
            (Some(Op::Io(Io::Read { .. })), Ok(0)) => self.end(copy, chain, context),
            (Some(Op::Io(Io::Read { .. })), Ok(moved)) => {
                verify::hash_read(copy, copy.data.stream.position(), chain, moved);
                copy.data.stream.pending(moved);
                copy.data.debug_trace.transferred = true;
                copy.data.debug_trace.moved = true;
                self.go_on(copy, chain, false, context)
            }
            (Some(Op::Io(Io::Write { .. })), Ok(0)) => {
                Next::failed(copy.destination_problem(MessageKind::Writing, Errno::NOSPC))
            }
            (Some(Op::Io(Io::Write { start, .. })), Ok(moved)) => {
                written_to(copy, start + moved);
                self.go_on(copy, chain, false, context)
            }
            (Some(Op::Io(Io::Read { .. })), Err(errno)) => read_failed(copy, chain, errno),
            (Some(Op::Io(Io::Write { offset: Some(_), .. })), Err(Errno::SPIPE)) => {
                copy.has_no_offsets(End::Destination);
                self.go_on(copy, chain, false, context)
            }
            (Some(Op::Io(Io::Write { .. })), Err(errno)) => {
                Next::failed(copy.destination_problem(MessageKind::Writing, errno))
            }
            // The source ended before its size, and others had come further.
            (Some(Op::Call(Call::Truncate { .. })), Err(errno)) => {
                Next::failed(copy.destination_problem(MessageKind::Cutting, errno))
            }
            (None, _) => match copy.data.stream.read_failed {
                Some(errno) => read_failed(copy, chain, errno),
                None if copy.data.stream.has_filled_hole() => Next::MapEnd,
                None => self.go_on(copy, chain, false, context),
            },
            (Some(_), _) => Next::failed(copy.source_problem(MessageKind::Reading, Errno::IO)),
        }
    }

    /// The source has ended. A copy with holes is brought to its length: the last ones gave it none, or it was made as
    /// long as the source used to be.
    fn end(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
        let written = copy.data.stream.position();
        let Some(length) = copy.data.length.replace(written).filter(|&length| length != written) else {
            return Next::All;
        };
        self.trim = Some(if written < length { Trim::Cuts } else { Trim::Extends });
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Truncate { length: written }));
        let system = copy.pair().and_then(|pair| context.pairs.destination(pair));
        if length < written && system.is_some_and(destination::allocates_ahead) {
            chain.ops.push(Op::Call(Call::PunchHole { offset: length, length: written - length }));
        }
        Next::Run
    }
}

/// Puts the writes of what is pending into the chain.
fn write_pending(copy: &mut CopyState, chain: &mut Chain, makes_holes: bool, context: &Context<'_>) {
    let StreamState { written, start, pending, .. } = copy.data.stream;
    if makes_holes {
        let length = *copy.data.length.get_or_insert(written);
        let system = copy.pair().and_then(|pair| context.pairs.destination(pair));
        let unit = destination::hole_bytes(system);
        let ahead_of = system.is_some_and(destination::allocates_ahead).then_some(length);
        let bytes = chain.lease.as_ref().map_or(&[][..], |lease| lease.bytes());
        chain.ops = zeros::writes(bytes, start..start + pending, written, unit, ahead_of);
    } else {
        let offset = (copy.data.seekable && !copy.data.in_order.destination).then_some(written);
        chain.ops.push(Op::Io(Io::Write { offset, start, length: pending }));
    }
}

/// What the lease holds up to this byte is in the destination, which is at least so long now.
fn written_to(copy: &mut CopyState, end: u32) {
    copy.data.stream.written_to(end);
    let written = copy.data.stream.position();
    copy.data.length = copy.data.length.map(|length| length.max(written));
}

/// The source failed. The destination is made all the same, as GNU cp opens it before it reads.
pub(super) fn read_failed(copy: &mut CopyState, chain: &mut Chain, errno: Errno) -> Next {
    if errno == Errno::SPIPE && copy.data.seekable && !copy.data.in_order.source {
        copy.has_no_offsets(End::Source);
        return Next::Rest(false);
    }
    if !chain.destination.is_open() && copy.data.stream.read_failed.is_none() {
        copy.data.stream.read_failed = Some(errno);
        return Next::Rest(false);
    }
    Next::failed(copy.source_problem(MessageKind::Reading, errno))
}
