//! The source of a file: opened, examined, and compared with what was looked at; or why it cannot be.

use super::Context;
use super::phase::Next;
use super::state::CopyState;
use crate::pipeline::chain::{
    At, Call, Chain, Completion, Descriptor, Directory, End, FdKind, Io, Op, Outcome,
};
use crate::plan::facts::FileStat;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::AsRawFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::Arc;

/// Operations in the longest chain of a small file without attributes; all chains of a file use one list.
const OPS_OF_SMALL_FILE: usize = 6;

/// Steps of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourcePhase {
    /// It is opened and examined.
    Open,
    /// It could not be opened, and is looked at to say why.
    Stat,
    /// What was only examined is opened for reading.
    Reopen,
}

/// The first chain: opens and examines the source. A fused engine opens again what this descriptor stands for.
pub(super) fn open(copy: &mut CopyState, context: &Context<'_>) -> Chain {
    let hashes = context.settings.hash && !context.settings.attributes_only;
    copy.due.hashing = hashes.then(Box::default);
    let regular = copy.job.seen.is_none_or(|seen| seen.kind == FileType::RegularFile);
    let patient =
        if regular && context.capabilities.nonblocking { OFlags::NONBLOCK } else { OFlags::empty() };
    // What is opened by waiting is examined first: a FIFO may have come in its place.
    copy.source.by_path = copy.fused(context) || copy.blocking_open;
    let by_path = copy.source.by_path;
    let access = if by_path { OFlags::PATH } else { OFlags::RDONLY | patient };
    let follow = if copy.job.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    let open = Op::Io(Io::Open {
        end: End::Source,
        at: copy.job.source.clone(),
        flags: access | follow,
        mode: Mode::empty(),
        into: if regular || by_path { FdKind::Plain } else { FdKind::Waiting },
    });
    let mut ops = Vec::with_capacity(OPS_OF_SMALL_FILE);
    ops.extend([open, Op::Call(Call::Fstat { end: End::Source })]);
    // Whether there is an ACL decides about the permissions that the copy is made with.
    ops.extend((!by_path && context.settings.keeping.wants_names()).then_some(Op::Call(Call::Listxattr)));
    let slow_destination = copy.slow_destination && context.capabilities.fused_where_slow;
    Chain { ops, slow_destination, turn: copy.job.turn().cloned(), ..Chain::default() }
}

/// What comes after a completion.
pub(super) fn advance(
    phase: SourcePhase,
    copy: &mut CopyState,
    completion: &mut Completion,
    context: &mut Context<'_>,
) -> Next {
    let Completion { chain, outcome, seen } = completion;
    let outcome = *outcome;
    if phase == SourcePhase::Open || (phase == SourcePhase::Reopen && copy.blocking_open) {
        copy.due.names = (!seen.names.is_none()).then(|| Box::new(std::mem::take(&mut seen.names)));
    }
    match phase {
        SourcePhase::Open => opened(copy, chain, outcome, seen.facts, context),
        SourcePhase::Stat => not_opened(copy, outcome, seen.facts),
        SourcePhase::Reopen => match outcome {
            Outcome::Failed { errno, .. } => not_reopened(copy, chain, errno),
            Outcome::Done | Outcome::Count { .. } => Next::Destination,
        },
    }
}

fn opened(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    facts: Option<FileStat>,
    context: &Context<'_>,
) -> Next {
    let facts = match (outcome, facts) {
        (Outcome::Done, Some(facts)) => facts,
        (Outcome::Failed { errno, .. }, _) if chain.source.is_open() => {
            return Next::failed(copy.source_problem(MessageKind::CannotExamine, errno));
        }
        (Outcome::Failed { errno: errno @ (Errno::MFILE | Errno::NFILE), .. }, _) => {
            return Next::GiveUp(End::Source, errno);
        }
        // Another process has a lease on the file, and gets the time to give it up.
        (Outcome::Failed { errno: Errno::AGAIN, .. }, _) if !copy.blocking_open => {
            copy.blocking_open = true;
            *chain = open(copy, context);
            return Next::enter(SourcePhase::Open);
        }
        // Listed as a regular file, and a symbolic link.
        (Outcome::Failed { errno: Errno::LOOP, .. }, _) if copy.job.seen.is_none() => {
            return Next::OfAnotherKind;
        }
        (Outcome::Failed { errno: errno @ (Errno::NOENT | Errno::LOOP), .. }, _) => {
            return Next::failed(open_problem(copy, errno));
        }
        (Outcome::Failed { errno, .. }, _) => return stat(copy, chain, errno),
        (Outcome::Done | Outcome::Count { .. }, _) => {
            return Next::failed(copy.source_problem(MessageKind::CannotStat, Errno::IO));
        }
    };
    let waits = context.settings.names_in_turn && facts.links > 1;
    if copy.job.seen.is_none() && (waits || facts.kind != FileType::RegularFile) {
        return Next::OfAnotherKind;
    }
    if !copy.job.matches(&facts) {
        return Next::failed(FileError::of(MessageKind::Replaced, copy.job.source_path()));
    }
    if let Some(problem) = context.outputs.met_source(facts.identity, || copy.job.source_path()) {
        return Next::failed(problem);
    }
    copy.source.facts = Some(facts);
    copy.source.reading = chain.reading;
    copy.data.seekable = facts.kind == FileType::RegularFile;
    if copy.blocking_open && !copy.fused(context) {
        return Next::Reopen;
    }
    Next::Destination
}

/// A name that may not even be looked at is another matter than a file that may not be read; and what is there already may
/// be a reason of its own, which comes first.
fn stat(copy: &mut CopyState, chain: &mut Chain, errno: Errno) -> Next {
    copy.source.refused = Some(errno);
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Stat { at: copy.job.source.clone(), follow: copy.job.follow }));
    Next::enter(SourcePhase::Stat)
}

fn not_opened(copy: &mut CopyState, outcome: Outcome, facts: Option<FileStat>) -> Next {
    let refused = copy.source.refused.unwrap_or(Errno::ACCESS);
    let problem = match (outcome, facts) {
        (Outcome::Failed { errno, .. }, _) if refused == Errno::ACCESS => {
            copy.source_problem(MessageKind::CannotStat, errno)
        }
        (Outcome::Done, Some(facts)) if copy.job.matches(&facts) => {
            copy.source.facts = Some(facts);
            return Next::Destination;
        }
        // A socket cannot be opened at all.
        (Outcome::Done, Some(_)) if copy.job.seen.is_none() => return Next::OfAnotherKind,
        (Outcome::Done | Outcome::Count { .. } | Outcome::Failed { .. }, _) => open_problem(copy, refused),
    };
    Next::failed(problem)
}

pub(super) fn open_problem(copy: &CopyState, errno: Errno) -> FileError {
    match (errno, &copy.job.seen) {
        (Errno::NOENT, None) => copy.source_problem(MessageKind::CannotStat, errno),
        _ => copy.source_problem(MessageKind::CannotOpen, errno),
    }
}

/// Opens the file behind a descriptor that was examined: /proc/self/fd leads to the file itself, whatever has become of its
/// name.
pub(super) fn open_examined(examined: &Descriptor, end: End, flags: OFlags, into: FdKind) -> Option<Op> {
    let path = CString::new(format!("/proc/self/fd/{}", examined.plain()?.as_raw_fd())).ok()?;
    let at = At { directory: Directory::Working, name: Arc::from(path) };
    Some(Op::Io(Io::Open { end, at, flags, mode: Mode::empty(), into }))
}

/// Opens for reading what was only examined: not every file goes in the one linked chain.
pub(super) fn reopen(copy: &mut CopyState, chain: &mut Chain, context: &Context<'_>) -> Next {
    copy.source.examined = std::mem::take(&mut chain.source);
    let regular = copy.source_facts().kind == FileType::RegularFile;
    let into = if regular { FdKind::Plain } else { FdKind::Waiting };
    chain.ops.clear();
    chain.ops.extend(open_examined(&copy.source.examined, End::Source, OFlags::RDONLY, into));
    // What only stood for the file had no names to list.
    chain.ops.extend(context.settings.keeping.wants_names().then_some(Op::Call(Call::Listxattr)));
    Next::enter(SourcePhase::Reopen)
}

pub(super) fn not_reopened(copy: &mut CopyState, chain: &mut Chain, errno: Errno) -> Next {
    chain.source = std::mem::take(&mut copy.source.examined);
    if matches!(errno, Errno::MFILE | Errno::NFILE) {
        return Next::GiveUp(End::Source, errno);
    }
    let problem = open_problem(copy, errno);
    Next::failed(problem)
}
