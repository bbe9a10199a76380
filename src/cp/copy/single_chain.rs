//! One chain for the whole of a small file, and the way of a fused copy to it: what was only examined is opened again.

use super::file::FileCopy;
use super::stage::Stage;
use super::stream::Stream;
use super::{Context, Step};
use crate::pipeline::chain::{At, Call, Chain, Descriptor, Directory, End, FdKind, Io, Op, Outcome};
use crate::plan::data;
use crate::report::message::MessageKind;
use rustix::fd::AsRawFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::Arc;

/// Most bytes that a source which was left to the kernel is asked for behind the end that it had.
const GROWTH_BYTES: u32 = 1 << 20;

/// Opens the file behind a descriptor that was examined: /proc/self/fd leads to the file itself, whatever has become of its
/// name.
pub(super) fn reopen(examined: &Descriptor, end: End, flags: OFlags, into: FdKind) -> Option<Op> {
    let path = CString::new(format!("/proc/self/fd/{}", examined.plain()?.as_raw_fd())).ok()?;
    let at = At { directory: Directory::Working, name: Arc::from(path) };
    Some(Op::Io(Io::Open { end, at, flags, mode: Mode::empty(), into }))
}

impl FileCopy {
    /// One chain for the rest of a file that fits a buffer. The read asks for a byte more than the file has, where it
    /// stands alone, so that a file that has grown meanwhile is noticed.
    pub(super) fn whole(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        let size = self.source_facts().size;
        let bytes = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let Some(lease) = context.pool.lease(bytes) else { return Step::NoBuffer(chain) };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let length = u32::try_from(size).unwrap_or(u32::MAX);
        chain.lease = Some(lease);
        chain.ops.clear();
        let read = Op::Io(Io::Read { offset: Some(0), room, expect: Some(length) });
        if self.only_examined() {
            self.examined = std::mem::take(&mut chain.source);
            let again = self.open_again(FdKind::Any);
            // A direct descriptor is closed without the file system being asked for late write errors. What is slow to make
            // files is most likely a server's, so nobody asks then.
            let late_errors = context.settings.late_errors || chain.slow_destination;
            let into = if late_errors { FdKind::Plain } else { FdKind::Any };
            chain.ops.extend(again.into_iter().chain([self.create(into, context), read]));
        } else if chain.destination.is_open() {
            chain.ops.extend((!self.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
            chain.ops.push(read);
        } else if self.makes_first() {
            chain.ops.extend([self.create(FdKind::Plain, context), read]);
        } else {
            chain.ops.extend([read, self.create(FdKind::Plain, context)]);
        }
        chain.ops.push(Op::Io(Io::Write { offset: Some(0), start: 0, length }));
        self.run_whole(chain, context)
    }

    /// True if the copy is made before its source is read: making it may fail, and a source without a copy keeps its access
    /// time. In a directory of this run's own it hardly fails, and is best done with what writes to it.
    fn makes_first(&self) -> bool {
        !self.job.branch().is_some_and(|branch| branch.created)
    }

    /// One chain for the rest of a file whose pages the kernel passes on. It is asked for a byte more than the file has, as
    /// a read is.
    pub(super) fn pass(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        let length = u32::try_from(self.source_facts().size).unwrap_or(u32::MAX);
        chain.ops.clear();
        if chain.destination.is_open() {
            chain.ops.extend((!self.truncated).then_some(Op::Call(Call::Truncate { length: 0 })));
        } else {
            chain.ops.push(self.create(FdKind::Plain, context));
        }
        let room = length.saturating_add(1);
        chain.ops.push(match self.is_layered(context) {
            true => Op::Call(Call::CopyFileRange { offset: 0, room, expect: length }),
            false => Op::Call(Call::Sendfile { room, expect: length }),
        });
        self.run_whole(chain, context)
    }

    /// A chain that asks for what a source may have grown by behind `end`. A read would change its access time.
    pub(super) fn offload_growth(mut self, mut chain: Chain, end: u64) -> (Self, Step) {
        self.stage = Stage::Whole;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::CopyFileRange { offset: end, room: GROWTH_BYTES, expect: 0 }));
        (self, Step::Run(chain))
    }

    /// Runs a chain that brings all of the data, with the end of the file where that is part of it.
    fn run_whole(&mut self, mut chain: Chain, context: &Context<'_>) -> Step {
        if !self.ends_apart(context) {
            chain.ops.extend(self.keep(context));
            chain.ops.extend([
                Op::Io(Io::Close { end: End::Destination }),
                Op::Io(Io::Close { end: End::Source }),
            ]);
        }
        self.debug_trace.transferred = true;
        self.debug_trace.moved = true;
        self.stage = Stage::Whole;
        Step::Run(chain)
    }

    fn open_again(&self, into: FdKind) -> Option<Op> {
        reopen(&self.examined, End::Source, OFlags::RDONLY, into)
    }

    /// A chain that opens for reading what was only examined: not every file goes in the one linked chain.
    pub(super) fn read_again(&mut self, mut chain: Chain, context: &Context<'_>) -> Step {
        self.examined = std::mem::take(&mut chain.source);
        self.stage = Stage::Again;
        let regular = self.source_facts().kind == FileType::RegularFile;
        chain.ops.clear();
        chain.ops.extend(self.open_again(if regular { FdKind::Plain } else { FdKind::Waiting }));
        // What only stood for the file had no names to list.
        chain.ops.extend(context.settings.keeping.wants_names().then_some(Op::Call(Call::Listxattr)));
        Step::Run(chain)
    }

    pub(super) fn opened_again(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        match outcome {
            Outcome::Failed { errno, .. } => self.not_opened_again(chain, errno, context),
            Outcome::Done | Outcome::Count { .. } => self.destination_in_turn(chain, context),
        }
    }

    fn not_opened_again(&mut self, mut chain: Chain, errno: Errno, context: &mut Context<'_>) -> Step {
        chain.source = std::mem::take(&mut self.examined);
        if matches!(errno, Errno::MFILE | Errno::NFILE) {
            return self.give_up(chain, End::Source, errno);
        }
        self.fail(chain, self.open_problem(errno), context)
    }

    /// All of the file has arrived. Where it ends within its chain there is nothing left to do.
    fn whole_arrived(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        let size = self.source_facts().size;
        self.debug_trace.offloaded |=
            chain.ops.iter().any(|op| matches!(op, Op::Call(Call::CopyFileRange { .. })));
        self.hash_read(0, &chain, u32::try_from(size).unwrap_or(u32::MAX));
        self.stream = Stream::starting_at(size);
        self.close(chain, context)
    }

    pub(super) fn whole_done(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        let (at, result) = match outcome {
            Outcome::Done => return self.whole_arrived(chain, context),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        self.truncated |= chain.ops[..at].iter().any(|op| matches!(op, Op::Call(Call::Truncate { .. })));
        self.whole_cut(chain, at, result, context)
    }

    /// Reads on behind what the kernel has copied from `offset` on.
    fn offload_cut(
        &mut self,
        chain: Chain,
        offset: u64,
        moved: Result<u32, Errno>,
        context: &mut Context<'_>,
    ) -> Step {
        if let (Err(errno), Some(pair)) = (moved, self.pair())
            && data::is_refusal(errno)
            && !data::is_of_one_file(errno)
        {
            context.pairs.all.refuse_offload(pair);
        }
        self.stream = Stream::starting_at(offset + moved.map_or(0, u64::from));
        self.start_stream(chain, false, context)
    }

    /// Goes on where the chain was cut.
    fn whole_cut(
        &mut self,
        mut chain: Chain,
        at: usize,
        result: Result<u32, Errno>,
        context: &mut Context<'_>,
    ) -> Step {
        match (&chain.ops[at], result) {
            (Op::Io(Io::Read { .. }), Ok(moved)) => {
                self.hash_read(0, &chain, moved);
                self.stream.pending(moved);
                self.start_stream(chain, false, context)
            }
            (Op::Io(Io::Write { length, .. }), Ok(moved)) => {
                self.hash_read(0, &chain, *length);
                self.stream.pending(*length);
                self.stream.written_to(moved);
                self.stream_on(chain, false, context)
            }
            // What came is as good as read and written. Who reads on meets what the kernel met, and can tell.
            (Op::Call(Call::Sendfile { .. }), moved) => {
                self.stream = Stream::starting_at(moved.map_or(0, u64::from));
                self.start_stream(chain, false, context)
            }
            (&Op::Call(Call::CopyFileRange { offset, .. }), moved) => {
                self.offload_cut(chain, offset, moved, context)
            }
            (Op::Io(Io::Open { end: End::Source, .. }), Err(errno)) => {
                self.not_opened_again(chain, errno, context)
            }
            (Op::Io(Io::Open { .. }), Err(errno)) => {
                chain.lease = None;
                (self.debug_trace.transferred, self.debug_trace.moved) = (false, false);
                self.not_opened(chain, errno, context)
            }
            (Op::Io(Io::Close { end: End::Source }), Err(errno)) => {
                self.source_not_closed(errno, context);
                self.whole_arrived(chain, context)
            }
            (Op::Io(Io::Close { .. }), Err(errno)) => {
                self.fail(chain, self.destination_problem(MessageKind::Closing, errno), context)
            }
            (Op::Io(Io::Read { .. }), Err(errno)) => self.read_failed(chain, errno, context),
            (Op::Call(Call::Truncate { .. }), Err(errno)) => self.not_cut(chain, errno, context),
            (&Op::Io(Io::Write { length, .. }), Err(Errno::SPIPE)) => {
                self.has_no_offsets(End::Destination);
                self.hash_read(0, &chain, length);
                self.stream.pending(length);
                self.stream_on(chain, false, context)
            }
            (Op::Io(Io::Write { .. }), Err(errno)) => {
                self.fail(chain, self.destination_problem(MessageKind::Writing, errno), context)
            }
            // No other is in the chain of a whole file.
            (Op::Io(Io::Fsync | Io::Open { .. } | Io::Close { .. }) | Op::Call(_), _) => {
                self.fail(chain, self.source_problem(MessageKind::Reading, Errno::IO), context)
            }
        }
    }
}
