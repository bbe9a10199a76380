//! The end of a file: it pays all that the file is still owed, and closes both ends. Each way to the end leads through
//! [`close`]: attributes, name, durability, what is to be removed, hash and report stand there and nowhere else.

use super::Context;
use super::phase::Phase;
use super::state::{CopyState, Due};
use super::verify;
use crate::pipeline::attributes;
use crate::pipeline::chain::{Call, Chain, Completion, End, Io, Op, Outcome};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::AttributeError;
use crate::plan::durability::has_no_sync;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;

/// Steps of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndPhase {
    /// Attributes are set and writing back is begun; then the file waits to be made durable together with others.
    Writeback,
    /// It is made durable, where that is asked for, given its name, and both ends are closed.
    Close,
    /// A source that is a slot of the engine's is closed, to begin again when descriptors are free.
    GiveUp,
}

/// What the end answers. It alone can say that a file is done.
pub(super) enum EndStep {
    /// Run the chain, for this step.
    Run(EndPhase),
    /// All of the file is there, and the chain makes it durable.
    Fsync,
    /// It has failed, and this is why.
    Failed(FileError),
    /// An entry appeared under the file's name.
    Newcomer,
    /// Close what is still open.
    Close,
    /// It begins again when others are done.
    NoDescriptor,
    /// It is done, well or not.
    Done,
}

impl From<EndPhase> for Phase {
    fn from(phase: EndPhase) -> Self {
        Self::End(phase)
    }
}

/// The operation that gives the destination its attributes, where there is anything to give. It comes when all of
/// its contents are there, as writing would change times and take set-id bits.
pub(super) fn set_attributes(copy: &mut CopyState, context: &Context<'_>) -> Option<Op> {
    if !context.settings.keeping.is_anything() {
        return None;
    }
    let names = copy.due.names.take().map_or_else(Names::default, |names| *names);
    let plan = context.settings.keeping.of_file(copy.source_facts(), copy.destination.origin, names);
    (!plan.is_nothing()).then(|| Op::Call(Call::SetAttributes(Box::new(plan))))
}

/// Takes back what was handed to operations that a cut chain did not reach: it is still owed.
pub(super) fn take_back(due: &mut Due, chain: &mut Chain, outcome: Outcome) {
    let (Outcome::Count { at, .. } | Outcome::Failed { at, .. }) = outcome else { return };
    for op in chain.ops.iter_mut().skip(at) {
        if let Op::Call(Call::SetAttributes(plan)) = op {
            let names = std::mem::take(&mut plan.names);
            due.names = (!names.is_none()).then(|| Box::new(names));
        }
    }
}

/// Pays what the file is owed, and closes what is open.
pub(super) fn close(copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> EndStep {
    chain.lease = None;
    chain.ops.clear();
    if copy.due.failed {
        pay_failed(copy, chain);
    } else if std::mem::take(&mut copy.due.remove_at_close) {
        chain.ops.push(remove(copy));
    } else if chain.destination.is_open() {
        let replaced = copy.due.staged.as_ref().and_then(|staged| staged.inherit());
        chain.ops.extend(replaced);
        chain.ops.extend(set_attributes(copy, context));
        if context.settings.fsync {
            chain.ops.push(Op::Call(Call::Writeback));
            // Many wait to be made durable together, and hold as few descriptors as they can.
            chain.ops.extend(chain.source.is_open().then_some(Op::Io(Io::Close { end: End::Source })));
            return EndStep::Run(EndPhase::Writeback);
        }
        chain.ops.extend(name_and_close(copy, context));
    }
    let closes =
        |end| chain.ops.iter().any(|op| matches!(op, Op::Io(Io::Close { end: closed }) if *closed == end));
    let open = [End::Destination, End::Source].map(|end| chain.descriptor(end).is_open() && !closes(end));
    for (end, is_open) in [End::Destination, End::Source].into_iter().zip(open) {
        chain.ops.extend(is_open.then_some(Op::Io(Io::Close { end })));
    }
    if chain.ops.is_empty() {
        return done(copy, context);
    }
    EndStep::Run(EndPhase::Close)
}

/// What a file that failed is owed: nothing is left of what was made for it alone, and nothing that is no data
/// follows what has arrived.
fn pay_failed(copy: &mut CopyState, chain: &mut Chain) {
    let reached = copy.data.stream.position();
    if let Some(staged) = &mut copy.due.staged {
        chain.ops.extend(staged.left_over());
    } else if std::mem::take(&mut copy.due.remove_at_close) {
        chain.ops.push(remove(copy));
    } else if chain.destination.is_open() {
        let beyond = copy.data.length.take().filter(|&length| length != reached);
        chain.ops.extend(beyond.map(|_| Op::Call(Call::Truncate { length: reached })));
    }
}

/// Removes what was made for nothing. GNU cp removes the link that it has written through, rather than what that leads to.
fn remove(copy: &CopyState) -> Op {
    let own = !matches!(copy.destination.found, Some(Existing::DanglingLink(_)));
    Op::Call(Call::Unlink { at: copy.job.destination.clone(), own })
}

/// What gives a complete file its name and closes it.
fn name_and_close(copy: &CopyState, context: &Context<'_>) -> Vec<Op> {
    let close = Op::Io(Io::Close { end: End::Destination });
    let staged = copy.due.staged.as_deref();
    let elsewhere = match copy.destination.found {
        Some(Existing::DanglingLink(_)) => true,
        Some(Existing::LinkTo { .. }) => staged.is_some(),
        Some(Existing::Nothing | Existing::File(_) | Existing::ClosedLink { .. }) | None => false,
    };
    let mut ops = match staged {
        None => vec![close],
        Some(staged) => staged.name_and_close(close),
    };
    // A name made where a link leads is in no directory that is made durable later.
    if context.settings.fsync && elsewhere {
        ops.push(Op::Call(Call::FsyncParent { at: copy.job.destination.clone() }));
    }
    ops
}

/// What comes after a completion.
pub(super) fn advance(
    phase: EndPhase,
    copy: &mut CopyState,
    completion: &mut Completion,
    context: &mut Context<'_>,
) -> EndStep {
    let Completion { chain, outcome, .. } = completion;
    let outcome = *outcome;
    match phase {
        EndPhase::Writeback => written_back(copy, chain, outcome, context),
        EndPhase::Close => closed(copy, chain, outcome, context),
        EndPhase::GiveUp => EndStep::NoDescriptor,
    }
}

/// All of the file is there: what is left makes it durable and closes it.
fn written_back(copy: &mut CopyState, chain: &mut Chain, outcome: Outcome, context: &Context<'_>) -> EndStep {
    if let Outcome::Failed { at, errno } = outcome {
        if !matches!(chain.ops[at], Op::Io(Io::Close { .. })) {
            let problem = copy.destination_problem(MessageKind::PreservingPermissions, errno);
            return EndStep::Failed(problem);
        }
        source_not_closed(copy, errno, context);
    }
    chain.ops.clear();
    chain.ops.push(Op::Io(Io::Fsync));
    chain.ops.extend(name_and_close(copy, context));
    EndStep::Fsync
}

/// Nothing is lost in a file that was only read, and its copy is whole. GNU cp tells of it, and so does the exit status;
/// a backup takes the copy's place again.
pub(super) fn source_not_closed(copy: &mut CopyState, errno: Errno, context: &Context<'_>) {
    if !copy.due.failed {
        context.reporter.problem(&copy.source_problem(MessageKind::Closing, errno));
        copy.due.falls_short = true;
    }
}

/// Tells which attributes were refused. What is not all that was asked for does not take the place of what was kept, as
/// with GNU cp.
pub(super) fn tell_refused(copy: &mut CopyState, refused: &[AttributeError], context: &Context<'_>) {
    let path = |end| copy.job.path(end);
    let failed = attributes::tell(refused, &context.settings.keeping, context.reporter, path);
    copy.due.falls_short |= failed;
}

/// Goes on after an operation that had nothing to do.
fn go_on_behind(chain: &mut Chain, at: usize) -> EndStep {
    chain.ops.drain(..=at);
    EndStep::Run(EndPhase::Close)
}

fn closed(copy: &mut CopyState, chain: &mut Chain, outcome: Outcome, context: &mut Context<'_>) -> EndStep {
    let Outcome::Failed { at, errno } = outcome else {
        let is_sync = |op: &&Op| matches!(op, Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. }));
        context.tally.syncs += u64::try_from(chain.ops.iter().filter(is_sync).count()).unwrap_or(0);
        return done(copy, context);
    };
    let problem = |what| copy.destination_problem(what, errno);
    match chain.ops[at] {
        Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. }) if has_no_sync(errno) => {
            go_on_behind(chain, at)
        }
        Op::Io(Io::Fsync) | Op::Call(Call::FsyncParent { .. }) => {
            EndStep::Failed(problem(MessageKind::Syncing))
        }
        Op::Io(Io::Close { end: End::Destination }) if !copy.due.failed => {
            EndStep::Failed(problem(MessageKind::Closing))
        }
        Op::Io(Io::Close { end: End::Destination }) => EndStep::Close,
        Op::Io(Io::Close { end: End::Source }) => {
            source_not_closed(copy, errno, context);
            done(copy, context)
        }
        Op::Call(Call::LinkIntoPlace { over: false, .. })
            if errno == Errno::EXIST && copy.destination.found == Some(Existing::Nothing) =>
        {
            EndStep::Newcomer
        }
        Op::Call(Call::LinkIntoPlace { .. }) => EndStep::Failed(problem(MessageKind::CannotCreateRegular)),
        Op::Call(Call::CopyOwnerFrom { .. } | Call::SetAttributes(_)) => {
            EndStep::Failed(problem(MessageKind::PreservingPermissions))
        }
        // The file has failed before, and is only to be closed still.
        Op::Call(Call::Unlink { own: true, .. }) if copy.due.staged.is_none() => {
            EndStep::Failed(problem(MessageKind::CannotRemove))
        }
        Op::Call(Call::Truncate { .. }) => EndStep::Close,
        Op::Call(Call::Unlink { .. }) => {
            if let Some(staged) = &mut copy.due.staged {
                staged.leave_to_the_end();
            }
            EndStep::Close
        }
        // No other ends a file.
        Op::Io(Io::Open { .. } | Io::Read { .. } | Io::Write { .. }) | Op::Call(_) => done(copy, context),
    }
}

/// The file has its own name, or nothing of it is left: it is counted, and its hash written.
fn done(copy: &mut CopyState, context: &mut Context<'_>) -> EndStep {
    // What is owed is named one by one, so that a new debt is not forgotten here.
    let Due { names: _, hashing: _, staged, remove_at_close: _, falls_short, failed } = &mut copy.due;
    if let Some(staged) = staged {
        staged.settle();
    }
    *failed |= *falls_short && copy.job.kept.is_some();
    if !*failed {
        context.tally.file(copy.data.stream.position());
        verify::list_hash(copy, context);
    }
    EndStep::Done
}

/// There is no descriptor for this end of the file now. A slot of the engine's is freed by the engine.
pub(super) fn give_up(copy: &mut CopyState, chain: &mut Chain, end: End, errno: Errno) -> EndStep {
    copy.without_descriptor = Some((end, errno));
    debug_assert!(!chain.destination.is_open(), "what was made would be in the way");
    if !chain.source.is_open() || chain.source.plain().is_some() {
        return EndStep::NoDescriptor;
    }
    chain.lease = None;
    chain.ops.clear();
    chain.ops.push(Op::Io(Io::Close { end: End::Source }));
    EndStep::Run(EndPhase::GiveUp)
}
