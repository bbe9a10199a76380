//! The destination of a file: looked at, decided about, and made or opened.

use super::newcomer::{self, Newcomer};
use super::open::open_held;
use super::phase::Next;
use super::source::open_problem;
use super::state::CopyState;
use super::temp_file::{self, StagedPhase};
use super::{Context, CopyPolicy};
use crate::cli::cp::Reflink;
use crate::pipeline::chain::{Call, Chain, Completion, Descriptor, End, Op, Outcome};
use crate::plan::attributes::CopyOrigin;
use crate::plan::destination::{self, FileSystem};
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{self, Existing, OpenPlan};
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

/// Steps of the destination.
pub(super) enum DestinationPhase {
    /// Its name is looked at.
    Stat,
    /// What the link there leads to is looked at.
    StatLinkTarget(Box<FileStat>),
    /// It is made or opened.
    Open,
    /// The file system is asked whether an inode other than the one seen is that file all the same.
    /// What was seen is given with what is open.
    Renumbered(Box<[FileStat; 2]>),
    /// What could not be opened is removed.
    Unlink,
    /// It is cut to nothing.
    Truncate,
    /// Both file systems are asked what they are.
    Statfs,
    /// It is written apart from its name.
    Staged(StagedPhase),
    /// An entry appeared under a name that was free.
    Newcomer(Newcomer),
}

/// What comes after a completion.
pub(super) fn advance(
    phase: &mut DestinationPhase,
    copy: &mut CopyState,
    completion: &mut Completion,
    context: &mut Context<'_>,
) -> Next {
    let Completion { chain, outcome, seen } = completion;
    let outcome = *outcome;
    match phase {
        DestinationPhase::Stat => examined(copy, chain, outcome, seen.facts, None, context),
        DestinationPhase::StatLinkTarget(link) => {
            examined(copy, chain, outcome, seen.facts, Some(**link), context)
        }
        DestinationPhase::Open => opened(copy, chain, outcome, seen.facts, copy.destination.plan, context),
        DestinationPhase::Renumbered(files) => renumbered(copy, chain, seen.systems, files, context),
        DestinationPhase::Unlink => unlinked(copy, chain, outcome, context),
        DestinationPhase::Truncate => match outcome {
            Outcome::Failed { errno, .. } => Next::NotTruncated(errno),
            Outcome::Done | Outcome::Count { .. } => {
                copy.destination.truncated = true;
                Next::Data
            }
        },
        DestinationPhase::Statfs => {
            if let Some(pair) = copy.pair() {
                context.pairs.all.survey(pair, seen.systems);
            }
            Next::Data
        }
        DestinationPhase::Staged(step) => temp_file::advance(*step, copy, chain, outcome, seen, context),
        DestinationPhase::Newcomer(step) => newcomer::advance(*step, copy, chain, seen.facts),
    }
}

/// The source is known: looks at the destination's name, unless that was done before.
pub(super) fn begin(copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
    match copy.destination.found {
        None => stat(copy, chain, None),
        Some(found) => decide(copy, chain, &found, context),
    }
}

/// Acts on what is under the destination's name.
fn decide(copy: &mut CopyState, chain: &mut Chain, found: &Existing, context: &mut Context<'_>) -> Next {
    let CopyPolicy { posixly_correct, force, atomic, .. } = context.settings;
    let plan = overwrite::contents(copy.source_facts(), found, posixly_correct);
    let refused = matches!(plan, OpenPlan::SameFile | OpenPlan::IsDirectory);
    if let Some(problem) = copy.job.just_created(found, posixly_correct).filter(|_| !refused) {
        return Next::failed(problem);
    }
    if let OpenPlan::Overwrite(there) = plan
        && let Some(problem) = context.outputs.met_copy(there.identity, || copy.job.source_path())
    {
        return Next::failed(problem);
    }
    let problem = match (plan, copy.source.refused) {
        // What is to be forced out of the way stays where there is nothing to take its place.
        (OpenPlan::Closed(Errno::LOOP), Some(errno)) if force => open_problem(copy, errno),
        (
            OpenPlan::Create | OpenPlan::CreateThroughLink | OpenPlan::Overwrite(_) | OpenPlan::Dangling,
            Some(errno),
        ) => open_problem(copy, errno),
        // The one chain for a small file makes its destination itself; only notes of what was made need it open.
        (OpenPlan::Create, None) if !copy.job.is_noted() && !atomic => return Next::Data,
        (OpenPlan::Create | OpenPlan::CreateThroughLink | OpenPlan::Overwrite(_), None) => {
            if copy.only_examined() {
                return Next::Reopen;
            }
            if temp_file::is_wanted(&plan, context) && !matches!(plan, OpenPlan::Overwrite(_)) {
                return temp_file::begin_new(copy, chain);
            }
            copy.destination.plan = plan;
            return Next::Open;
        }
        (OpenPlan::SameFile, _) => {
            FileError::between(MessageKind::SameFile, copy.job.source_path(), copy.job.destination_path())
        }
        (OpenPlan::IsDirectory, _) => FileError::between(
            MessageKind::OverwriteDirectory,
            copy.job.destination_path(),
            copy.job.source_path(),
        ),
        (OpenPlan::Dangling, None) => {
            copy.data.started = true;
            FileError::of(MessageKind::DanglingLink, copy.job.destination_path())
        }
        (OpenPlan::Closed(Errno::LOOP), _) if force => return unlink(copy, chain, context),
        (OpenPlan::Closed(errno), _) => copy.destination_problem(MessageKind::CannotStat, errno),
    };
    Next::failed(problem)
}

fn stat(copy: &CopyState, chain: &mut Chain, link: Option<FileStat>) -> Next {
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Stat { at: copy.job.destination.clone(), follow: link.is_some() }));
    let phase = link.map_or(DestinationPhase::Stat, |link| DestinationPhase::StatLinkTarget(Box::new(link)));
    Next::enter(phase)
}

fn examined(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    facts: Option<FileStat>,
    link: Option<FileStat>,
    context: &mut Context<'_>,
) -> Next {
    let found = match (outcome, facts, link) {
        (Outcome::Done, Some(facts), None) if facts.kind == FileType::Symlink => {
            return stat(copy, chain, Some(facts));
        }
        (Outcome::Done, Some(file), None) => Existing::File(file),
        (Outcome::Done, Some(file), Some(link)) => Existing::LinkTo { link, file },
        (Outcome::Failed { errno: Errno::NOENT, .. }, _, None) => Existing::Nothing,
        (Outcome::Failed { errno: Errno::NOENT, .. }, _, Some(link)) => Existing::DanglingLink(link),
        (Outcome::Failed { errno, .. }, _, Some(link)) => Existing::ClosedLink { link, errno },
        (Outcome::Failed { errno, .. }, ..) => {
            return Next::failed(copy.destination_problem(MessageKind::CannotStat, errno));
        }
        (Outcome::Done | Outcome::Count { .. }, ..) => {
            return Next::failed(copy.destination_problem(MessageKind::CannotStat, Errno::IO));
        }
    };
    copy.destination.found = Some(found);
    decide(copy, chain, &found, context)
}

fn opened(
    copy: &mut CopyState,
    chain: &mut Chain,
    outcome: Outcome,
    facts: Option<FileStat>,
    plan: OpenPlan,
    context: &mut Context<'_>,
) -> Next {
    match (outcome, plan, facts) {
        (Outcome::Done, OpenPlan::Overwrite(seen), Some(opened)) if seen.identity != opened.identity => {
            statfs_of_renumbered(chain, seen, opened)
        }
        (Outcome::Done, OpenPlan::Overwrite(there), _)
            if copy.blocking_open
                && there.kind == FileType::RegularFile
                && !copy.destination.held.is_open() =>
        {
            open_held(copy, chain, context)
        }
        (Outcome::Done, OpenPlan::Overwrite(there), _) if temp_file::is_wanted(&plan, context) => {
            temp_file::begin_over(copy, chain, there.identity)
        }
        (Outcome::Done, _, opened) => {
            is_open(copy, opened, plan, context);
            Next::Data
        }
        (Outcome::Failed { errno, .. }, ..) if chain.destination.is_open() => {
            Next::failed(copy.destination_problem(MessageKind::CannotExamine, errno))
        }
        (Outcome::Failed { errno, .. }, ..) => not_opened(copy, chain, errno, Some(plan), context),
        (Outcome::Count { .. }, ..) => not_opened(copy, chain, Errno::IO, Some(plan), context),
    }
}

/// Notes what is open as the destination; `None` where it was made by this chain and not looked at.
fn is_open(copy: &mut CopyState, opened: Option<FileStat>, plan: OpenPlan, context: &Context<'_>) {
    // Where a link leads to shows only now.
    let device = opened.map(|opened| opened.identity.device);
    copy.job.destination_device = copy.job.destination_device.or(device);
    let opened = opened.unwrap_or(FileStat { kind: FileType::RegularFile, ..*copy.source_facts() });
    if matches!(plan, OpenPlan::Overwrite(_)) {
        copy.destination.origin = CopyOrigin::Existed;
    }
    // A device or a pipe has no length to cut, wherever the bytes come from.
    let regular = opened.kind == FileType::RegularFile;
    copy.data.seekable &= regular;
    copy.destination.is_regular = regular;
    // Cutting what is empty changes its time, as writing would where there is something to write.
    let is_written = context.settings.reflink != Reflink::Always && copy.source_facts().size > 0;
    let written = opened.size == 0 && is_written;
    copy.destination.truncated = matches!(plan, OpenPlan::Create) || !regular || written;
    copy.job.note(opened.identity, copy.destination.found.as_ref());
    is_changed(copy, context);
}

/// Another inode is open than was looked at. Where opening gives a file another one (overlay) it may be the file all the
/// same, so the file system is asked for.
fn statfs_of_renumbered(chain: &mut Chain, seen: FileStat, opened: FileStat) -> Next {
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Statfs));
    Next::enter(DestinationPhase::Renumbered(Box::new([seen, opened])))
}

fn renumbered(
    copy: &mut CopyState,
    chain: &mut Chain,
    systems: Option<[FileSystem; 2]>,
    [seen, now]: &[FileStat; 2],
    context: &mut Context<'_>,
) -> Next {
    let renumbers = systems.is_some_and(|[_, there]| destination::renumbers_opened(there.magic));
    if renumbers && overwrite::is_renumbered(seen, now) {
        return opened(copy, chain, Outcome::Done, Some(*now), OpenPlan::Overwrite(*now), context);
    }
    Next::failed(FileError::of(MessageKind::Replaced, copy.job.destination_path()))
}

/// The destination could not be opened; no `plan` where it was made by a chain that moves its data as well.
pub(super) fn not_opened(
    copy: &mut CopyState,
    chain: &mut Chain,
    errno: Errno,
    plan: Option<OpenPlan>,
    context: &mut Context<'_>,
) -> Next {
    if errno == Errno::EXIST && copy.destination.found == Some(Existing::Nothing) {
        return newcomer::look_at(copy, chain);
    }
    if matches!(errno, Errno::MFILE | Errno::NFILE) && !chain.destination.is_open() {
        return Next::GiveUp(End::Destination, errno);
    }
    if let (Errno::AGAIN, Some(plan), false) = (errno, plan, copy.blocking_open) {
        copy.blocking_open = true;
        copy.destination.plan = plan;
        return Next::Open;
    }
    if context.settings.force && matches!(plan, Some(OpenPlan::Overwrite(_))) {
        return unlink(copy, chain, context);
    }
    Next::failed(not_made(copy, errno))
}

/// What to say of a destination that could not be made. The kernel refuses a name with a trailing slash by EISDIR,
/// GNU cp by ENOTDIR.
pub(super) fn not_made(copy: &CopyState, errno: Errno) -> FileError {
    let slash = copy.job.destination.name.to_bytes().ends_with(b"/");
    let errno = if slash && errno == Errno::ISDIR { Errno::NOTDIR } else { errno };
    copy.destination_problem(MessageKind::CannotCreateRegular, errno)
}

/// Cuts the destination to nothing.
pub(super) fn truncate(chain: &mut Chain) -> Next {
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Truncate { length: 0 }));
    Next::enter(DestinationPhase::Truncate)
}

/// The destination could not be cut to nothing. GNU cp does that as it opens the file, so for it this is one that cannot be
/// opened.
pub(super) fn not_truncated(
    copy: &mut CopyState,
    chain: &mut Chain,
    errno: Errno,
    context: &mut Context<'_>,
) -> Next {
    if !context.settings.force {
        return Next::failed(copy.destination_problem(MessageKind::CannotCreateRegular, errno));
    }
    // Nothing was written to it that closing could tell of.
    chain.destination = Descriptor::Closed;
    chain.lease = None;
    copy.destination.origin = CopyOrigin::Created(copy.job.belongs_to);
    copy.destination.truncated = true;
    unlink(copy, chain, context)
}

/// Removes a destination that could not be opened, as `-f` asks for.
fn unlink(copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
    if context.settings.atomic {
        // It goes when the new file takes its place.
        copy.job.over = true;
        return unlinked(copy, chain, Outcome::Done, context);
    }
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Unlink { at: copy.job.destination.clone(), own: false }));
    Next::enter(DestinationPhase::Unlink)
}

fn unlinked(copy: &mut CopyState, chain: &mut Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
    if let Outcome::Failed { errno, .. } = outcome {
        return Next::failed(copy.destination_problem(MessageKind::CannotRemove, errno));
    }
    if context.settings.verbose {
        context.reporter.removed(&copy.job.destination_path());
    }
    if !context.settings.atomic {
        is_changed(copy, context);
    }
    copy.destination.found = Some(Existing::Nothing);
    // Also for one that has to begin again for want of descriptors.
    copy.job.found = copy.destination.found;
    decide(copy, chain, &Existing::Nothing, context)
}

/// What is at the destination will not be what it was.
fn is_changed(copy: &CopyState, context: &Context<'_>) {
    if let Some(manifest) = context.manifest {
        manifest.changed(|| copy.job.destination_path());
    }
}
