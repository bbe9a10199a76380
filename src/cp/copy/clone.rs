//! Clones: the destination shares the source's blocks until one of them is written to (FICLONE).
//!
//! Whether two file systems can do that is found out by the first file that is tried between them, and remembered.

use super::file::FileCopy;
use super::stage::Stage;
use super::stream::Stream;
use super::{Context, Step};
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::{Call, Chain, Op, Outcome};
use crate::plan::data;
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

impl FileCopy {
    /// Whether this file should be cloned rather than copied.
    pub(super) fn may_clone(&mut self, context: &Context<'_>) -> bool {
        let settings = &context.settings;
        if self.clone_tried {
            return false;
        }
        if settings.reflink == Reflink::Always {
            return true;
        }
        let source = self.source_facts();
        if settings.reflink == Reflink::Never || settings.sparse == Sparse::Never {
            return false;
        }
        let regular = self.seekable && source.kind == FileType::RegularFile;
        let known = self.pair().map(|pair| context.pairs.may_clone(pair));
        self.debug_trace.clone_refused |= !regular || known == Some(false);
        // Also of an empty file: reading it would change its access time.
        regular && known == Some(true)
    }

    /// Makes sure of a destination that is empty, then has it share the source's blocks.
    pub(super) fn start_clone(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        if !chain.destination.is_open() {
            return self.open_destination(chain, OpenPlan::Create, context);
        }
        if !self.truncated {
            return self.truncate(chain);
        }
        self.clone_tried = true;
        self.stage = Stage::Clone;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Ficlone));
        Step::Run(chain)
    }

    pub(super) fn cloned(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        let errno = match outcome {
            Outcome::Done => {
                self.debug_trace.cloned = true;
                self.stream = Stream::starting_at(self.source_facts().size);
                return self.close(chain, context);
            }
            Outcome::Failed { errno, .. } => errno,
            Outcome::Count { .. } => Errno::OPNOTSUPP,
        };
        self.debug_trace.clone_refused = true;
        let always = context.settings.reflink == Reflink::Always;
        if always || !data::is_refusal(errno) {
            // Nothing is left of what was made for it alone; what was there before has been cut to nothing.
            self.remove_at_close =
                always && matches!(self.found, Some(Existing::Nothing | Existing::DanglingLink(_)));
            let (source, destination) = (self.job.source_path(), self.job.destination_path());
            let problem = FileError::between(MessageKind::CannotClone, destination, source);
            return self.fail(chain, FileError { errno: Some(errno), ..problem }, context);
        }
        if let Some(pair) = self.pair() {
            context.pairs.all.refuse_clone(pair, errno);
        }
        self.transfer(chain, context)
    }
}
