//! The stream: reads and writes one after another until the source says that it has ended.
//!
//! It serves what cannot be trusted to say its length (/proc, pipes, devices), and finishes what a chain or the extents
//! left: a file that shrank or grew, a write that came up short. It always goes through the page cache.

use super::file::{FileCopy, Stage};
use super::{Context, Next};
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Chain, Op, Outcome};
use crate::plan::overwrite::{Found, Verdict};
use crate::report::message::What;
use rustix::io::Errno;

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
}

impl Stream {
    /// Starts behind what another method has brought over.
    pub(super) fn starting_at(written: u64) -> Self {
        Self { written, ..Self::default() }
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

    /// A write of `length` pending bytes moved only `moved` of them.
    pub(super) fn written(&mut self, moved: u32, length: u32) {
        self.written += u64::from(moved);
        self.start += moved;
        self.pending = length.saturating_sub(moved);
    }
}

impl FileCopy {
    /// Makes sure of a destination, then streams.
    pub(super) fn start_stream(&mut self, chain: Chain, alone: bool, context: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            let verdict = match self.found {
                Some(Found::DanglingLink(_)) => Verdict::CreateThroughLink,
                Some(Found::File(file) | Found::LinkTo { file, .. }) => Verdict::Overwrite(file),
                Some(Found::ClosedLink { errno, .. }) => Verdict::Closed(errno),
                Some(Found::Nothing) | None => Verdict::Create,
            };
            return self.open_destination(chain, verdict, context);
        }
        if !self.truncated {
            return self.truncate(chain);
        }
        self.stage = Stage::Stream;
        self.stream_on(chain, alone, context)
    }

    /// The next chain of a stream: what is pending is written, then the next block is read.
    pub(super) fn stream_on(&mut self, mut chain: Chain, alone: bool, context: &mut Context<'_>) -> Next {
        if chain.lease.is_none() {
            let wanted = if alone { PAGE_BYTES } else { context.buffer_bytes() };
            chain.lease = context.pool.lease(wanted);
        }
        let Some(lease) = &chain.lease else {
            if !alone {
                return Next::Starved(chain);
            }
            return self.fail(chain, self.source_problem(What::Reading, Errno::NOMEM), context);
        };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let Stream { written, start, pending, read_failed } = self.stream;
        let at = |offset: u64| self.positioned.then_some(offset);
        chain.ops.clear();
        if pending > 0 {
            chain.ops.push(Op::Write { offset: at(written), start, length: pending });
        }
        if read_failed.is_none() {
            let offset = at(written + u64::from(pending));
            chain.ops.push(Op::Read { offset, room, expect: None });
        }
        self.stage = Stage::Stream;
        Next::Run(chain)
    }

    pub(super) fn streamed(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        let (at, result) = match outcome {
            Outcome::Done => (chain.ops.len(), Ok(0)),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        // Writes before the operation that ended the chain were whole.
        for op in &chain.ops[..at.min(chain.ops.len())] {
            if let Op::Write { length, .. } = *op {
                self.stream.written(length, length);
            }
        }
        match (chain.ops.get(at), result) {
            (Some(Op::Read { .. }), Ok(0)) => self.close(chain, context),
            (Some(Op::Read { .. }), Ok(moved)) => {
                self.stream.pending(moved);
                self.stream_on(chain, false, context)
            }
            (Some(Op::Write { .. }), Ok(0)) => {
                self.fail(chain, self.destination_problem(What::Writing, Errno::NOSPC), context)
            }
            (Some(Op::Write { length, .. }), Ok(moved)) => {
                self.stream.written(moved, *length);
                self.stream_on(chain, false, context)
            }
            (Some(Op::Read { .. }), Err(errno)) => self.read_failed(chain, errno, context),
            (Some(Op::Write { .. }), Err(errno)) => {
                self.fail(chain, self.destination_problem(What::Writing, errno), context)
            }
            (Some(Op::Truncate { .. }), Err(errno)) => {
                self.fail(chain, self.destination_problem(What::Truncating, errno), context)
            }
            (None, _) => match self.stream.read_failed {
                Some(errno) => self.read_failed(chain, errno, context),
                None => self.stream_on(chain, false, context),
            },
            (Some(_), _) => self.fail(chain, self.source_problem(What::Reading, Errno::IO), context),
        }
    }

    /// The source failed. The destination is made all the same, as GNU cp opens it before it reads.
    pub(super) fn read_failed(&mut self, chain: Chain, errno: Errno, context: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() && self.stream.read_failed.is_none() {
            self.stream.read_failed = Some(errno);
            return self.start_stream(chain, false, context);
        }
        self.fail(chain, self.source_problem(What::Reading, errno), context)
    }
}
