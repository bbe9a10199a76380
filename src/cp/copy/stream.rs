//! The stream: reads and writes one after another until the source says that it has ended.
//!
//! It serves what cannot be trusted to say its length (/proc, pipes, devices), and finishes what a chain or the extents
//! left: a file that shrank or grew, a write that came up short. It always goes through the page cache.

use super::extents::set_direct;
use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step, zeros};
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Call, Chain, End, Io, Op, Outcome};
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::{data, destination};
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

/// Which ends of a file have no offsets, though they are regular files: they answer ESPIPE (some of /proc and tracefs, and
/// what a FUSE server has said so of), and go on where they are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InOrder {
    source: bool,
    destination: bool,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stream {
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

impl Stream {
    /// Starts behind what another method has brought over.
    pub(super) fn starting_at(written: u64) -> Self {
        Self { written, ..Self::default() }
    }

    /// Begins with zeros for a source that is one hole, of `size` bytes.
    pub(super) fn of_hole(size: u64) -> Self {
        Self { hole_end: size, ..Self::default() }
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

impl FileCopy {
    /// Makes sure of a destination, then streams.
    pub(super) fn start_stream(&mut self, chain: Chain, alone: bool, context: &mut Context<'_>) -> Step {
        if !chain.destination.is_open() {
            let verdict = match self.found {
                Some(Existing::DanglingLink(_)) => OpenPlan::CreateThroughLink,
                Some(Existing::File(file) | Existing::LinkTo { file, .. }) => OpenPlan::Overwrite(file),
                Some(Existing::ClosedLink { errno, .. }) => OpenPlan::Closed(errno),
                Some(Existing::Nothing) | None => OpenPlan::Create,
            };
            return self.open_destination(chain, verdict, context);
        }
        if !self.truncated {
            return self.truncate(chain);
        }
        self.stream_on(chain, alone, context)
    }

    /// The next chain of a stream: what is pending is written, then the next block is read.
    pub(super) fn stream_on(&mut self, mut chain: Chain, alone: bool, context: &mut Context<'_>) -> Step {
        self.stage = Stage::Stream;
        self.debug_trace.transferred |= !self.debug_trace.mapped;
        let makes_holes = self.makes_holes(context);
        if chain.lease.is_none() {
            let wanted = if alone { PAGE_BYTES } else { context.buffer_bytes() };
            chain.lease = context.pool.lease(wanted);
        }
        let Some(lease) = &mut chain.lease else {
            if !alone {
                return Step::NoBuffer(chain);
            }
            return self.fail(chain, self.source_problem(MessageKind::Reading, Errno::NOMEM), context);
        };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let hole_left = self.stream.hole_left();
        if self.stream.pending == 0 && hole_left > 0 {
            let limit = usize::try_from(hole_left).unwrap_or(usize::MAX);
            let filled = u32::try_from(lease.fill_with_zeros(limit)).unwrap_or(u32::MAX);
            self.hash_read(self.stream.position(), &chain, filled);
            self.stream.pending(filled);
        }
        let Some(lease) = &chain.lease else { return Step::NoBuffer(chain) };
        let Stream { written, start, pending, read_failed, .. } = self.stream;
        chain.ops.clear();
        if pending > 0 && makes_holes {
            let length = *self.length.get_or_insert(written);
            let system = self.pair().and_then(|pair| context.pairs.destination(pair));
            let unit = destination::hole_bytes(system);
            let ahead_of = system.is_some_and(destination::allocates_ahead).then_some(length);
            chain.ops = zeros::writes(lease.bytes(), start..start + pending, written, unit, ahead_of);
        } else if pending > 0 {
            let offset = (self.seekable && !self.in_order.destination).then_some(written);
            chain.ops.push(Op::Io(Io::Write { offset, start, length: pending }));
        }
        // What has arrived is known when the chain comes back. Who looks is not to wait for that until a pipe or a device
        // gives more.
        let waits = context.settings.watched && self.source_facts().kind != FileType::RegularFile;
        if read_failed.is_none() && hole_left == 0 && (chain.ops.is_empty() || !waits) {
            let offset = (self.seekable && !self.in_order.source).then_some(written + u64::from(pending));
            chain.ops.push(Op::Io(Io::Read { offset, room, expect: None }));
        }
        Step::Run(chain)
    }

    pub(super) fn streamed(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        let (at, result) = match outcome {
            Outcome::Done => (chain.ops.len(), Ok(0)),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        // Writes before the operation that ended the chain were whole.
        for op in &chain.ops[..at.min(chain.ops.len())] {
            if let Op::Io(Io::Write { start, length, .. }) = *op {
                self.written_to(start + length);
            }
        }
        if matches!(chain.ops.get(at), Some(Op::Io(Io::Read { .. })) | None) {
            self.stream.skip_pending();
        }
        match (chain.ops.get(at), result) {
            (Some(Op::Io(Io::Read { .. })), Ok(0)) => self.end_stream(chain, context),
            (Some(Op::Io(Io::Read { .. })), Ok(moved)) => {
                self.hash_read(self.stream.position(), &chain, moved);
                self.stream.pending(moved);
                self.debug_trace.transferred = true;
                self.debug_trace.moved = true;
                self.stream_on(chain, false, context)
            }
            (Some(Op::Io(Io::Write { .. })), Ok(0)) => {
                self.fail(chain, self.destination_problem(MessageKind::Writing, Errno::NOSPC), context)
            }
            (Some(Op::Io(Io::Write { start, .. })), Ok(moved)) => {
                self.written_to(start + moved);
                self.stream_on(chain, false, context)
            }
            (Some(Op::Io(Io::Read { .. })), Err(errno)) => self.read_failed(chain, errno, context),
            (Some(Op::Io(Io::Write { offset: Some(_), .. })), Err(Errno::SPIPE)) => {
                self.has_no_offsets(End::Destination);
                self.stream_on(chain, false, context)
            }
            (Some(Op::Io(Io::Write { .. })), Err(errno)) => {
                self.fail(chain, self.destination_problem(MessageKind::Writing, errno), context)
            }
            // The source ended before its size, and others had come further.
            (Some(Op::Call(Call::Truncate { .. })), Err(errno)) => {
                self.fail(chain, self.destination_problem(MessageKind::Cutting, errno), context)
            }
            (None, _) => match self.stream.read_failed {
                Some(errno) => self.read_failed(chain, errno, context),
                // All of a hole is filled.
                None if self.stream.hole_end > 0 && self.stream.hole_left() == 0 => self.end_mapped(chain),
                None => self.stream_on(chain, false, context),
            },
            (Some(_), _) => self.fail(chain, self.source_problem(MessageKind::Reading, Errno::IO), context),
        }
    }

    /// What the lease holds up to this byte is in the destination, which is at least so long now.
    fn written_to(&mut self, end: u32) {
        self.stream.written_to(end);
        let written = self.stream.position();
        self.length = self.length.map(|length| length.max(written));
    }

    /// A copy whose blocks came in any order has failed, and none is missing before `reached`: what has come further is cut
    /// off, so that a beginning of the source is left. Where there was no room, that gives its room to what comes first:
    /// the copy goes on from there in order until it fails again, so that as much is left as fits, as with GNU cp.
    pub(super) fn fail_at(
        &mut self,
        reached: u64,
        mut chain: Chain,
        problem: FileError,
        context: &mut Context<'_>,
    ) -> Step {
        self.stream = Stream::starting_at(reached);
        let wants_room =
            problem.what == MessageKind::Writing && problem.errno.is_some_and(data::is_want_of_room);
        if !wants_room || self.holes.is_some() || self.hashing.is_some() {
            self.length = Some(u64::MAX);
            return self.fail(chain, problem, context);
        }
        self.stage = Stage::Stream;
        self.length = None;
        chain.ops.clear();
        if context.settings.direct {
            chain.ops.extend(set_direct(false));
        }
        chain.ops.push(Op::Call(Call::Truncate { length: reached }));
        Step::Run(chain)
    }

    /// The source has ended. A copy with holes is brought to its length: the last ones gave it none, or it was made as
    /// long as the source used to be.
    fn end_stream(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        let written = self.stream.position();
        let Some(length) = self.length.replace(written).filter(|&length| length != written) else {
            return self.close(chain, context);
        };
        self.stage = Stage::Trim { cuts: written < length };
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Truncate { length: written }));
        let system = self.pair().and_then(|pair| context.pairs.destination(pair));
        if length < written && system.is_some_and(destination::allocates_ahead) {
            chain.ops.push(Op::Call(Call::PunchHole { offset: length, length: written - length }));
        }
        Step::Run(chain)
    }

    pub(super) fn trimmed(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        cuts: bool,
        context: &mut Context<'_>,
    ) -> Step {
        if let Outcome::Failed { errno, .. } = outcome {
            let what = if cuts { MessageKind::Cutting } else { MessageKind::Truncating };
            return self.fail(chain, self.destination_problem(what, errno), context);
        }
        self.close(chain, context)
    }

    /// From now on this end is read or written where it is. Nothing has been, by an offset; holes it can have none.
    pub(super) fn has_no_offsets(&mut self, end: End) {
        match end {
            End::Source => self.in_order.source = true,
            End::Destination => {
                self.in_order.destination = true;
                self.destination_is_regular = false;
            }
        }
    }

    /// The source failed. The destination is made all the same, as GNU cp opens it before it reads.
    pub(super) fn read_failed(&mut self, chain: Chain, errno: Errno, context: &mut Context<'_>) -> Step {
        if errno == Errno::SPIPE && self.seekable && !self.in_order.source {
            self.has_no_offsets(End::Source);
            return self.start_stream(chain, false, context);
        }
        if !chain.destination.is_open() && self.stream.read_failed.is_none() {
            self.stream.read_failed = Some(errno);
            return self.start_stream(chain, false, context);
        }
        self.fail(chain, self.source_problem(MessageKind::Reading, errno), context)
    }
}
