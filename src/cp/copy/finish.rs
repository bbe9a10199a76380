//! How a file ends: its attributes, a problem that is told, both ends closed.

use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::pipeline::attributes;
use crate::pipeline::chain::{Call, Chain, End, Io, Op, Outcome};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::AttributeError;
use crate::plan::durability::has_no_sync;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;

impl FileCopy {
    /// The operation that gives the destination its attributes, where there is anything to give. It comes when all of
    /// its contents are there, as writing would change times and take set-id bits.
    pub(super) fn keep(&mut self, context: &Context<'_>) -> Option<Op> {
        if !context.settings.keeping.is_anything() {
            return None;
        }
        let names = self.names.take().map_or_else(Names::default, |names| *names);
        let wanted = context.settings.keeping.of_file(&self.source_facts(), self.made, names);
        (!wanted.is_nothing()).then(|| Op::Call(Call::SetAttributes(Box::new(wanted))))
    }

    /// Takes back what operations were handed over that a cut chain has not come to: it is owed still.
    pub(super) fn take_back(&mut self, chain: &mut Chain, outcome: Outcome) {
        let (Outcome::Count { at, .. } | Outcome::Failed { at, .. }) = outcome else { return };
        for op in chain.ops.iter_mut().skip(at) {
            if let Op::Call(Call::SetAttributes(wanted)) = op {
                let names = std::mem::take(&mut wanted.names);
                self.names = (!names.is_none()).then(|| Box::new(names));
            }
        }
    }

    /// Tells about a problem and closes what is open.
    pub(super) fn fail(&mut self, chain: Chain, problem: FileError, context: &mut Context<'_>) -> Step {
        self.failed = true;
        context.reporter.problem(&problem);
        self.close(chain, context)
    }

    pub(super) fn close(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        if self.is_to_be_hashed() {
            return self.hash_on(chain, context);
        }
        self.stage = Stage::Close;
        chain.lease = None;
        chain.ops.clear();
        let reached = self.stream.position();
        if self.failed && self.staged.is_some() {
            chain.ops.extend(self.left_over());
        } else if std::mem::take(&mut self.remove_at_close) {
            // GNU cp removes the link that it has written through, rather than what that leads to.
            let own = !matches!(self.found, Some(Existing::DanglingLink(_)));
            chain.ops.push(Op::Call(Call::Unlink { at: self.job.destination.clone(), own }));
        } else if self.failed && chain.destination.is_open() {
            // What stands behind a failure is no data.
            let beyond = self.length.take().filter(|&length| length != reached);
            chain.ops.extend(beyond.map(|_| Op::Call(Call::Truncate { length: reached })));
        } else if chain.destination.is_open() {
            chain.ops.extend(self.inherit());
            chain.ops.extend(self.keep(context));
            if context.settings.fsync {
                self.stage = Stage::Settle;
                chain.ops.push(Op::Call(Call::Writeback));
                // Many wait to be made durable together, and hold as few descriptors as they can.
                chain.ops.extend(chain.source.is_open().then_some(Op::Io(Io::Close { end: End::Source })));
                return Step::Run(chain);
            }
            chain.ops.extend(self.name_and_close(context));
        }
        let closes = |end| {
            chain.ops.iter().any(|op| matches!(op, Op::Io(Io::Close { end: closed }) if *closed == end))
        };
        let open = [End::Destination, End::Source]
            .into_iter()
            .filter(|&end| chain.descriptor(end).is_open() && !closes(end))
            .map(|end| Op::Io(Io::Close { end }))
            .collect::<Vec<_>>();
        chain.ops.extend(open);
        if chain.ops.is_empty() {
            return self.done(context);
        }
        Step::Run(chain)
    }

    /// Whether the end of a file is no part of the chain for all of a small one.
    pub(super) fn ends_apart(&self, context: &Context<'_>) -> bool {
        context.settings.fsync || context.settings.atomic || context.settings.verify
    }

    /// All of the file is there: what is left makes it durable and closes it.
    pub(super) fn settled(&mut self, mut chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        if let Outcome::Failed { at, errno } = outcome {
            if !matches!(chain.ops[at], Op::Io(Io::Close { .. })) {
                let problem = self.destination_problem(MessageKind::PreservingPermissions, errno);
                return self.fail(chain, problem, context);
            }
            self.source_not_closed(errno, context);
        }
        self.stage = Stage::Close;
        chain.ops.clear();
        chain.ops.push(Op::Io(Io::Fsync));
        chain.ops.extend(self.name_and_close(context));
        Step::Fsync(chain)
    }

    /// Nothing is lost in a file that was only read, and its copy is whole. GNU cp tells of it, and so does the exit status;
    /// a backup takes the copy's place again.
    pub(super) fn source_not_closed(&mut self, errno: Errno, context: &Context<'_>) {
        if !self.failed {
            context.reporter.problem(&self.source_problem(MessageKind::Closing, errno));
            self.falls_short = true;
        }
    }

    /// Tells which attributes were refused. What is not all that was asked for does not take the place of what was kept, as
    /// with GNU cp.
    pub(super) fn tell_refused(&mut self, refused: &[AttributeError], context: &Context<'_>) {
        let path = |end| self.job.path(end);
        let failed = attributes::tell(refused, &context.settings.keeping, context.reporter, path);
        self.falls_short |= failed;
    }

    /// Goes on behind an operation that had nothing to do.
    fn go_on_behind(mut chain: Chain, at: usize) -> Step {
        chain.ops.drain(..=at);
        Step::Run(chain)
    }

    pub(super) fn closed(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        let Outcome::Failed { at, errno } = outcome else {
            let syncs = chain
                .ops
                .iter()
                .filter(|op| matches!(op, Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. })))
                .count();
            context.tally.syncs += u64::try_from(syncs).unwrap_or(0);
            return self.done(context);
        };
        match chain.ops[at] {
            Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. }) if has_no_sync(errno) => {
                Self::go_on_behind(chain, at)
            }
            Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. }) => {
                self.fail(chain, self.destination_problem(MessageKind::Syncing, errno), context)
            }
            Op::Io(Io::Close { end: End::Destination }) if !self.failed => {
                self.fail(chain, self.destination_problem(MessageKind::Closing, errno), context)
            }
            Op::Io(Io::Close { end: End::Destination }) => self.close(chain, context),
            Op::Io(Io::Close { end: End::Source }) => {
                self.source_not_closed(errno, context);
                self.done(context)
            }
            Op::Call(Call::LinkIntoPlace { over: false, .. })
                if errno == Errno::EXIST && self.found == Some(Existing::Nothing) =>
            {
                self.look_at_newcomer(chain)
            }
            Op::Call(Call::LinkIntoPlace { .. }) => {
                self.fail(chain, self.destination_problem(MessageKind::CannotCreateRegular, errno), context)
            }
            Op::Call(Call::CopyOwnerFrom { .. } | Call::SetAttributes(_)) => {
                self.fail(chain, self.destination_problem(MessageKind::PreservingPermissions, errno), context)
            }
            // The file has failed before, and is only to be closed still.
            Op::Call(Call::Unlink { own: true, .. }) if self.staged.is_none() => {
                self.fail(chain, self.destination_problem(MessageKind::CannotRemove, errno), context)
            }
            Op::Call(Call::Truncate { .. }) => self.close(chain, context),
            Op::Call(Call::Unlink { .. }) => {
                self.leave_to_the_end();
                self.close(chain, context)
            }
            // No other ends a file.
            Op::Io(Io::Open { .. } | Io::Read { .. } | Io::Write { .. }) | Op::Call(_) => self.done(context),
        }
    }

    pub(super) fn done(&mut self, context: &mut Context<'_>) -> Step {
        self.settle_staged();
        self.failed |= self.falls_short && self.job.kept.is_some();
        if !self.failed {
            context.tally.file(self.stream.position());
            self.list_hash(context);
        }
        Step::Done
    }
}
