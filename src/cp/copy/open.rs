//! How a destination is made or opened: the chains for it, and the permissions it is made with.

use super::Context;
use super::destination::DestinationPhase;
use super::phase::Next;
use super::source::open_examined;
use super::state::CopyState;
use crate::pipeline::chain::{Call, Chain, End, FdKind, Io, Op};
use crate::plan::attribute_names;
use crate::plan::attributes::CopyOrigin;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{Existing, OpenPlan};
use rustix::fs::{FileType, Mode, OFlags};

/// Makes or opens the destination, and no more.
pub(super) fn open(copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
    let plan = copy.destination.plan;
    copy.data.started = true;
    chain.ops.clear();
    let open = match plan {
        OpenPlan::CreateThroughLink => {
            // Nothing is known of the directory that the link leads to.
            copy.destination.origin = CopyOrigin::Created(None);
            open_with(copy, written_by(context) | OFlags::CREATE, FdKind::Plain, context)
        }
        OpenPlan::Overwrite(there) => {
            let linked = matches!(copy.destination.found, Some(Existing::LinkTo { .. }));
            let follow = if linked { OFlags::empty() } else { OFlags::NOFOLLOW };
            // A FIFO that has come in a file's place is not waited for.
            let regular = there.kind == FileType::RegularFile;
            let access = if regular { written_by(context) } else { OFlags::WRONLY };
            let nonblocking = regular && context.capabilities.nonblocking;
            let patient = if nonblocking { OFlags::NONBLOCK } else { OFlags::empty() };
            if regular && copy.blocking_open {
                return hold(copy, chain, follow, context);
            }
            let into = if regular { FdKind::Plain } else { FdKind::Waiting };
            open_with(copy, access | follow | patient, into, context)
        }
        OpenPlan::Create
        | OpenPlan::SameFile
        | OpenPlan::IsDirectory
        | OpenPlan::Dangling
        | OpenPlan::Closed(_) => create(copy, FdKind::Plain, context),
    };
    chain.ops.push(open);
    // A file made by this chain needs no look, except to remember it.
    if plan != OpenPlan::Create || copy.job.is_noted() {
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
    }
    Next::enter(DestinationPhase::Open)
}

/// Holds a destination that has a lease, before it is opened by waiting: a FIFO may have taken its name meanwhile,
/// which could be waited for without end.
fn hold(copy: &CopyState, chain: &mut Chain, follow: OFlags, context: &Context<'_>) -> Next {
    chain.ops.push(open_with(copy, OFlags::PATH | follow, FdKind::Plain, context));
    chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
    Next::enter(DestinationPhase::Open)
}

/// Opens what is held, and is the file that was seen.
pub(super) fn open_held(copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
    copy.destination.held = std::mem::take(&mut chain.destination);
    let held = &copy.destination.held;
    chain.ops.clear();
    chain.ops.extend(open_examined(held, End::Destination, written_by(context), FdKind::Plain));
    chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
    Next::enter(DestinationPhase::Open)
}

/// Makes the destination where there must be nothing.
pub(super) fn create(copy: &CopyState, into: FdKind, context: &Context<'_>) -> Op {
    open_with(copy, written_by(context) | OFlags::CREATE | OFlags::EXCL, into, context)
}

fn open_with(copy: &CopyState, flags: OFlags, into: FdKind, context: &Context<'_>) -> Op {
    let mode = mode_to_make(copy, context);
    Op::Io(Io::Open { end: End::Destination, at: copy.job.destination.clone(), flags, mode, into })
}

/// The permissions to make the destination with. The umask takes its share in the kernel.
pub(super) fn mode_to_make(copy: &CopyState, context: &Context<'_>) -> Mode {
    let belongs_to = match copy.destination.origin {
        CopyOrigin::Created(belongs_to) => belongs_to,
        CopyOrigin::Existed => None,
    };
    // Whatever is read, a regular file is made.
    let facts = FileStat { kind: FileType::RegularFile, ..*copy.source_facts() };
    let names = copy.due.names.as_deref().unwrap_or(&attribute_names::NONE);
    context.settings.keeping.mode_to_make(&facts, names, belongs_to)
}

/// How a regular file is opened that is to be written: it is read again where it is to be verified.
pub(super) fn written_by(context: &Context<'_>) -> OFlags {
    if context.settings.verify { OFlags::RDWR } else { OFlags::WRONLY }
}
