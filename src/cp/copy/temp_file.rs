//! Files that are written apart from their names (`--atomic`): made without a name (O_TMPFILE), or under a temporary one
//! where the file system knows no such files; ended, made durable where that is asked for, and only then given the name.

use super::destination::{DestinationPhase, not_made};
use super::open::{mode_to_make, written_by};
use super::phase::Next;
use super::state::CopyState;
use super::{Context, CopyPolicy};
use crate::cp::entry::owed::{Debt, Undo};
use crate::pipeline::chain::{At, Call, Chain, Descriptor, End, FdKind, Io, Op, Outcome, Results};
use crate::pipeline::place;
use crate::plan::attributes::CopyOrigin;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::{durability, path};
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::sync::Arc;

/// Temporary names that are tried before it is given up.
const ATTEMPTS_MAX: u32 = 64;

/// A file on its way to its name.
#[derive(Debug)]
pub(super) struct Staged {
    /// The place that it is for.
    to: At,
    /// Its name until then, where it has one.
    temporary: Option<At>,
    /// That this goes if the file does not get its own.
    debt: Option<Debt>,
    /// It takes the place of what is there.
    over: bool,
    /// The file whose place it takes, to be asked for owner and permissions.
    replaced: Option<Arc<OwnedFd>>,
    attempts: u32,
}

/// Steps of such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StagedPhase {
    /// The directory of its name is found and held.
    PinParent,
    /// It is made.
    Create,
}

impl Staged {
    /// Nothing has its temporary name any more, or not by its doing.
    pub(super) fn settle(&self) {
        if let Some(debt) = &self.debt {
            debt.pay();
        }
    }

    /// What could not be removed is tried again when the run ends, and told then.
    pub(super) fn leave_to_the_end(&mut self) {
        self.debt = None;
    }

    /// What is to be removed of a file that failed, once.
    pub(super) fn left_over(&mut self) -> Option<Op> {
        let temporary = self.temporary.take()?;
        Some(Op::Call(Call::Unlink { at: temporary, own: true }))
    }

    /// What gives a complete file what it has of the one that it replaces.
    pub(super) fn inherit(&self) -> Option<Op> {
        let from = Arc::clone(self.replaced.as_ref()?);
        Some(Op::Call(Call::CopyOwnerFrom { from }))
    }

    /// What gives a complete file its name, beside what closes it. Closing says of some file systems whether all was written,
    /// so it comes first where the name does not need the descriptor.
    pub(super) fn name_and_close(&self, close: Op) -> Vec<Op> {
        let Self { to, temporary, over, .. } = self;
        let name =
            Op::Call(Call::LinkIntoPlace { temporary: temporary.clone(), at: to.clone(), over: *over });
        if temporary.is_some() { vec![close, name] } else { vec![name, close] }
    }
}

/// True if a file for which this was decided is written apart from its name.
pub(super) fn is_wanted(plan: &OpenPlan, context: &Context<'_>) -> bool {
    let CopyPolicy { atomic, attributes_only, .. } = context.settings;
    atomic && durability::is_staged(plan, attributes_only)
}

/// Begins with a destination that is believed absent, or whose name is free to be taken.
pub(super) fn begin_new(copy: &mut CopyState, chain: &mut Chain) -> Next {
    if matches!(copy.destination.found, Some(Existing::DanglingLink(_))) {
        // Nothing is known of the directory that the link leads to.
        copy.destination.origin = CopyOrigin::Created(None);
    }
    let over = copy.job.over;
    pin_parent(copy, chain, over, None)
}

/// Goes on with a file that was there, and may be written to: the open descriptor says so.
pub(super) fn begin_over(copy: &mut CopyState, chain: &mut Chain, is: FileId) -> Next {
    match std::mem::take(&mut chain.destination) {
        Descriptor::Plain(replaced) => pin_parent(copy, chain, true, Some((is, Arc::new(replaced)))),
        Descriptor::Closed | Descriptor::Shared(_) | Descriptor::Standard(_) | Descriptor::Direct(_) => {
            Next::failed(copy.destination_problem(MessageKind::CannotCreateRegular, Errno::BADF))
        }
    }
}

fn pin_parent(
    copy: &mut CopyState,
    chain: &mut Chain,
    over: bool,
    replaced: Option<(FileId, Arc<OwnedFd>)>,
) -> Next {
    let (is, replaced) = replaced.unzip();
    copy.data.started = true;
    let to = copy.job.destination.clone();
    // A link that is in the way itself is not followed.
    let follow = matches!(copy.destination.found, Some(Existing::LinkTo { .. } | Existing::DanglingLink(_)));
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::PinParent { at: to.clone(), follow, is }));
    let staged = Staged { to, temporary: None, debt: None, over, replaced, attempts: 0 };
    copy.due.staged = Some(Box::new(staged));
    Next::enter(DestinationPhase::Staged(StagedPhase::PinParent))
}

/// What comes after a completion.
pub(super) fn advance(
    step: StagedPhase,
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    seen: &mut Results,
    context: &mut Context<'_>,
) -> Next {
    match step {
        StagedPhase::PinParent => pinned(copy, chain, outcome, seen, context),
        StagedPhase::Create => created(copy, chain, outcome, seen.facts, context),
    }
}

fn pinned(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    seen: &mut Results,
    context: &Context<'_>,
) -> Next {
    let errno = match (outcome, seen.place.take(), &mut copy.due.staged) {
        (Outcome::Done, Some(place), Some(staged)) => {
            staged.to = place;
            let at = At { name: Arc::from(c"."), ..staged.to.clone() };
            return create(copy, chain, at, written_by(context) | OFlags::TMPFILE, context);
        }
        (Outcome::Failed { errno, .. }, ..) => errno,
        (Outcome::Done | Outcome::Count { .. }, ..) => Errno::IO,
    };
    failed(copy, chain, errno)
}

/// Makes it under a temporary name.
fn create_named(copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
    let path = copy.job.destination_path();
    let Some(staged) = &mut copy.due.staged else { return failed(copy, chain, Errno::IO) };
    staged.attempts += 1;
    match place::beside(&staged.to) {
        Ok(temporary) => {
            staged.temporary = Some(temporary.clone());
            let last = path::last_component(temporary.name.to_bytes());
            let shown = path::join(path::parent(&path), last);
            staged.debt = Some(context.owed.note(Undo::Remove { at: temporary.clone(), shown }));
            let flags = written_by(context) | OFlags::CREATE | OFlags::EXCL;
            create(copy, chain, temporary, flags, context)
        }
        Err(errno) => failed(copy, chain, errno),
    }
}

fn create(copy: &CopyState, chain: &mut Chain, at: At, flags: OFlags, context: &Context<'_>) -> Next {
    let replaces = copy.due.staged.as_ref().is_some_and(|staged| staged.replaced.is_some());
    // Until it has the permissions of what it replaces no other user is to open it.
    let mode = if replaces { Mode::RUSR | Mode::WUSR } else { mode_to_make(copy, context) };
    chain.ops.clear();
    chain.ops.push(Op::Io(Io::Open { end: End::Destination, at, flags, mode, into: FdKind::Plain }));
    if copy.job.is_noted() {
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
    }
    Next::enter(DestinationPhase::Staged(StagedPhase::Create))
}

fn created(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    facts: Option<FileStat>,
    context: &Context<'_>,
) -> Next {
    let errno = match outcome {
        Outcome::Done => {
            if copy.due.staged.as_ref().is_some_and(|staged| staged.replaced.is_some()) {
                copy.destination.origin = CopyOrigin::Existed;
            }
            copy.data.seekable &= copy.source_facts().kind == FileType::RegularFile;
            copy.destination.truncated = true;
            if let Some(facts) = facts {
                copy.job.note(facts.identity, copy.destination.found.as_ref());
            }
            return Next::Data;
        }
        Outcome::Failed { errno, .. } => errno,
        Outcome::Count { .. } => Errno::IO,
    };
    let Some(staged) = &mut copy.due.staged else { return failed(copy, chain, errno) };
    if chain.destination.is_open() {
        return failed(copy, chain, errno);
    }
    // What has that name is not this file's.
    staged.settle();
    let named = staged.temporary.is_some();
    match errno {
        // No such files here: an older kernel says that it would open the directory itself.
        Errno::OPNOTSUPP | Errno::NOSYS | Errno::ISDIR | Errno::INVAL | Errno::NOENT if !named => {
            create_named(copy, chain, context)
        }
        Errno::EXIST if named && staged.attempts < ATTEMPTS_MAX => create_named(copy, chain, context),
        errno => {
            staged.temporary = None;
            failed(copy, chain, errno)
        }
    }
}

fn failed(copy: &mut CopyState, chain: &mut Chain, errno: Errno) -> Next {
    if matches!(errno, Errno::MFILE | Errno::NFILE) && !chain.destination.is_open() {
        copy.due.staged = None;
        return Next::GiveUp(End::Destination, errno);
    }
    if errno == Errno::STALE {
        return Next::failed(FileError::of(MessageKind::Replaced, copy.job.destination_path()));
    }
    let problem = not_made(copy, errno);
    Next::failed(problem)
}
