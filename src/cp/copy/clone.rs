//! Clones: the destination shares the source's blocks until one of them is written to (FICLONE).
//!
//! Whether two file systems can do that is found out by the first file that is tried between them, and remembered.

use super::Context;
use super::method::CopyMethod;
use super::phase::Next;
use super::state::CopyState;
use super::stream::StreamState;
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::{Call, Chain, Completion, Op, Outcome};
use crate::plan::data;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

/// Shares the source's blocks.
pub(super) struct Ficlone;

/// True if this file should be cloned rather than copied.
pub(super) fn is_wanted(copy: &mut CopyState, context: &Context<'_>) -> bool {
    let settings = &context.settings;
    if copy.data.clone_tried {
        return false;
    }
    if settings.reflink == Reflink::Always {
        return true;
    }
    let source = copy.source_facts();
    if settings.reflink == Reflink::Never || settings.sparse == Sparse::Never {
        return false;
    }
    let regular = copy.data.seekable && source.kind == FileType::RegularFile;
    let known = copy.pair().map(|pair| context.pairs.may_clone(pair));
    copy.data.debug_trace.clone_refused |= !regular || known == Some(false);
    // Also of an empty file: reading it would change its access time.
    regular && known == Some(true)
}

impl CopyMethod for Ficlone {
    /// Makes sure of a destination that is empty, then has it share the source's blocks.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, _: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            return Next::Create;
        }
        if !copy.destination.truncated {
            return Next::Truncate;
        }
        copy.data.clone_tried = true;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Ficlone));
        Next::Run
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let errno = match completion.outcome {
            Outcome::Done => {
                copy.data.debug_trace.cloned = true;
                copy.data.stream = StreamState::starting_at(copy.source_facts().size);
                return Next::All;
            }
            Outcome::Failed { errno, .. } => errno,
            Outcome::Count { .. } => Errno::OPNOTSUPP,
        };
        copy.data.debug_trace.clone_refused = true;
        let always = context.settings.reflink == Reflink::Always;
        if always || !data::is_refusal(errno) {
            // Nothing is left of what was made for it alone; what was there before has been cut to nothing.
            let found = copy.destination.found;
            copy.due.remove_at_close =
                always && matches!(found, Some(Existing::Nothing | Existing::DanglingLink(_)));
            let (source, destination) = (copy.job.source_path(), copy.job.destination_path());
            let problem = FileError::between(MessageKind::CannotClone, destination, source);
            return Next::failed(FileError { errno: Some(errno), ..problem });
        }
        if let Some(pair) = copy.pair() {
            context.pairs.all.refuse_clone(pair, errno);
        }
        Next::Data
    }
}
