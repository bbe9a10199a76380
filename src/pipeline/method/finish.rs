//! How a file ends: its attributes, a problem that is told, both ends closed.

use super::file::{FileCopy, Stage};
use super::{Context, Next};
use crate::pipeline::chain::{Chain, End, Op, Outcome};
use crate::report::message::{Problem, What};

impl FileCopy {
    /// The operation that gives the destination its attributes, where there is anything to give. It comes when all of
    /// its contents are there, as writing would change times and take set-id bits.
    pub(super) fn keep(&mut self, context: &Context<'_>) -> Option<Op> {
        let names = std::mem::take(&mut self.names);
        let wanted = context.settings.keeping.of_file(&self.source_facts(), self.made, names);
        (!wanted.is_nothing()).then(|| Op::Keep(Box::new(wanted)))
    }

    /// Tells about a problem and closes what is open.
    pub(super) fn fail(&mut self, chain: Chain, problem: Problem, context: &mut Context<'_>) -> Next {
        self.failed = true;
        context.reporter.problem(&problem);
        self.close(chain, context)
    }

    pub(super) fn close(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        if self.is_to_be_hashed() {
            return self.hash_on(chain, context);
        }
        self.stage = Stage::Close;
        chain.lease = None;
        chain.ops.clear();
        let reached = self.stream.position();
        let length = self.length.take().filter(|&length| self.failed && length != reached);
        if chain.destination.is_open() && length.is_some() {
            // What stands behind a failure is no data.
            chain.ops.push(Op::Truncate { length: reached });
        }
        if std::mem::take(&mut self.remove_at_close) {
            chain.ops.push(Op::Unlink { at: self.job.destination.clone() });
        } else if !self.failed && chain.destination.is_open() {
            chain.ops.extend(self.keep(context));
        }
        for end in [End::Destination, End::Source] {
            if chain.descriptor(end).is_open() {
                chain.ops.push(Op::Close { end });
            }
        }
        if chain.ops.is_empty() {
            return self.done(context);
        }
        Next::Run(chain)
    }

    pub(super) fn closed(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        let Outcome::Failed { at, errno } = outcome else { return self.done(context) };
        match chain.ops[at] {
            Op::Close { end: End::Destination } if !self.failed => {
                self.fail(chain, self.destination_problem(What::Closing, errno), context)
            }
            Op::Close { end: End::Destination } => self.close(chain, context),
            Op::Close { end: End::Source } => self.done(context),
            Op::Open { .. } | Op::Look { .. } | Op::Examine { .. } | Op::Read { .. } => self.done(context),
            // The file has failed before, and is only to be closed still.
            Op::Truncate { .. } | Op::Unlink { .. } => self.close(chain, context),
            Op::FindData { .. } | Op::Survey | Op::Clone | Op::Offload { .. } => self.done(context),
            Op::Punch { .. } | Op::Write { .. } | Op::SetDirect { .. } => self.done(context),
            Op::Bypass { .. } | Op::ListAttributes | Op::Keep(_) => self.done(context),
        }
    }

    pub(super) fn done(&mut self, context: &mut Context<'_>) -> Next {
        if !self.failed {
            context.tally.file(self.stream.position());
            self.list_hash(context);
        }
        Next::Done
    }
}
