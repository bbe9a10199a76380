//! One chain for the whole of a small file, and the way of a fused copy to it: what was only examined is opened again.

use super::file::{FileCopy, Stage};
use super::stream::Stream;
use super::{Context, Next};
use crate::pipeline::chain::{At, Chain, Directory, End, Into, Op, Outcome};
use crate::plan::overwrite::Found;
use crate::report::message::What;
use rustix::fd::AsRawFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::Arc;

impl FileCopy {
    /// One chain for the rest of a file that fits a buffer. The read asks for a byte more than the file has, where it
    /// stands alone, so that a file that has grown meanwhile is noticed.
    pub(super) fn whole(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        let size = self.source_facts().size;
        let bytes = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let Some(lease) = context.pool.lease(bytes) else { return Next::Starved(chain) };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let length = u32::try_from(size).unwrap_or(u32::MAX);
        chain.lease = Some(lease);
        chain.ops.clear();
        let read = Op::Read { offset: Some(0), room, expect: Some(length) };
        if self.only_examined(context) {
            self.examined = std::mem::take(&mut chain.source);
            let again = self.open_again(Into::Any);
            // A direct descriptor is closed without the file system being asked for late write errors.
            let into = if context.settings.late_errors { Into::Plain } else { Into::Any };
            chain.ops.extend(again.into_iter().chain([self.create(into, context), read]));
        } else if chain.destination.is_open() {
            chain.ops.extend((!self.truncated).then_some(Op::Truncate { length: 0 }));
            chain.ops.push(read);
        } else {
            chain.ops.extend([read, self.create(Into::Plain, context)]);
        }
        chain.ops.push(Op::Write { offset: Some(0), start: 0, length });
        if !context.settings.verify {
            chain.ops.extend(self.keep(context));
            chain.ops.extend([Op::Close { end: End::Destination }, Op::Close { end: End::Source }]);
        }
        self.trail.transferred = true;
        self.trail.moved = true;
        self.stage = Stage::Whole;
        Next::Run(chain)
    }

    /// Opens the file behind the descriptor that was examined: /proc/self/fd leads to the file itself, whatever has
    /// become of its name.
    fn open_again(&self, into: Into) -> Option<Op> {
        let path = CString::new(format!("/proc/self/fd/{}", self.examined.plain()?.as_raw_fd())).ok()?;
        Some(Op::Open {
            end: End::Source,
            at: At { directory: Directory::Working, name: Arc::from(path) },
            flags: OFlags::RDONLY,
            mode: Mode::empty(),
            into,
        })
    }

    /// A chain that opens for reading what was only examined: not every file goes in the one linked chain.
    pub(super) fn read_again(&mut self, mut chain: Chain) -> Next {
        self.examined = std::mem::take(&mut chain.source);
        self.stage = Stage::Again;
        chain.ops.clear();
        chain.ops.extend(self.open_again(Into::Plain));
        Next::Run(chain)
    }

    pub(super) fn opened_again(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        match outcome {
            Outcome::Failed { errno, .. } => self.not_opened_again(chain, errno, context),
            Outcome::Done | Outcome::Count { .. } => {
                let found = self.found.unwrap_or(Found::Nothing);
                self.decide(chain, &found, context)
            }
        }
    }

    fn not_opened_again(&mut self, mut chain: Chain, errno: Errno, context: &mut Context<'_>) -> Next {
        chain.source = std::mem::take(&mut self.examined);
        if matches!(errno, Errno::MFILE | Errno::NFILE) {
            return self.give_up(chain);
        }
        self.fail(chain, self.open_problem(errno), context)
    }

    /// All of the file has arrived. Without hashes there is nothing left to do.
    fn whole_arrived(&mut self, chain: Chain, context: &mut Context<'_>) -> Next {
        let size = self.source_facts().size;
        self.hash_read(0, &chain, u32::try_from(size).unwrap_or(u32::MAX));
        self.stream = Stream::starting_at(size);
        self.close(chain, context)
    }

    pub(super) fn whole_done(
        &mut self,
        mut chain: Chain,
        outcome: Outcome,
        context: &mut Context<'_>,
    ) -> Next {
        let (at, result) = match outcome {
            Outcome::Done => return self.whole_arrived(chain, context),
            Outcome::Count { at, moved } => (at, Ok(moved)),
            Outcome::Failed { at, errno } => (at, Err(errno)),
        };
        self.truncated |= chain.ops[..at].iter().any(|op| matches!(op, Op::Truncate { .. }));
        match (&chain.ops[at], result) {
            (Op::Read { .. }, Ok(moved)) => {
                self.hash_read(0, &chain, moved);
                self.stream.pending(moved);
                self.start_stream(chain, false, context)
            }
            (Op::Write { length, .. }, Ok(moved)) => {
                self.hash_read(0, &chain, *length);
                self.stream.pending(*length);
                self.stream.written_to(moved);
                self.stream_on(chain, false, context)
            }
            (Op::Open { end: End::Source, .. }, Err(errno)) => self.not_opened_again(chain, errno, context),
            (Op::Open { .. }, Err(errno)) => {
                chain.lease = None;
                (self.trail.transferred, self.trail.moved) = (false, false);
                self.not_opened(chain, errno, context)
            }
            (Op::Close { end: End::Source }, Err(_)) => {
                // Nothing can be lost in a file that was only read.
                self.whole_arrived(chain, context)
            }
            (Op::Close { .. }, Err(errno)) => {
                self.fail(chain, self.destination_problem(What::Closing, errno), context)
            }
            (Op::Read { .. }, Err(errno)) => self.read_failed(chain, errno, context),
            (Op::Truncate { .. }, Err(errno)) => {
                self.fail(chain, self.destination_problem(What::Truncating, errno), context)
            }
            (Op::Write { .. }, Err(errno)) => {
                self.fail(chain, self.destination_problem(What::Writing, errno), context)
            }
            (
                Op::Look { .. }
                | Op::Examine { .. }
                | Op::FindData { .. }
                | Op::Survey
                | Op::Clone
                | Op::Offload { .. }
                | Op::Punch { .. }
                | Op::Unlink { .. }
                | Op::SetDirect { .. }
                | Op::Bypass { .. }
                | Op::ListAttributes
                | Op::Keep(_)
                | Op::Open { .. }
                | Op::Close { .. },
                _,
            )
            | (Op::Truncate { .. }, Ok(_)) => {
                self.fail(chain, self.source_problem(What::Reading, Errno::IO), context)
            }
        }
    }
}
