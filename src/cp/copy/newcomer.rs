//! An entry that appeared under a name that was free: it stays, and the copy fails in GNU cp's words.

use super::destination::DestinationPhase;
use super::phase::Next;
use super::state::CopyState;
use crate::pipeline::chain::{At, Call, Chain, Op};
use crate::plan::facts::FileStat;
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

/// What is looked at of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newcomer {
    /// What it is.
    Itself,
    /// What it leads to, as it is a link.
    LinkTarget,
}

/// An entry appeared under the name since it was seen free, or since this run freed it: another process has made it,
/// or the name is another spelling of an entry (vfat, NTFS, casefold). No option was asked about it, so it stays
/// whatever it is and the copy fails, as with GNU cp. It is looked at for the words alone.
pub(super) fn look_at(copy: &CopyState, chain: &mut Chain) -> Next {
    chain.lease = None;
    stat(copy, chain, Newcomer::Itself)
}

fn stat(copy: &CopyState, chain: &mut Chain, newcomer: Newcomer) -> Next {
    let follow = newcomer == Newcomer::LinkTarget;
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Stat { at: copy.job.destination.clone(), follow }));
    Next::enter(DestinationPhase::Newcomer(newcomer))
}

/// What comes after a completion.
pub(super) fn advance(
    newcomer: Newcomer,
    copy: &CopyState,
    chain: &mut Chain,
    facts: Option<FileStat>,
) -> Next {
    if newcomer == Newcomer::LinkTarget {
        return Next::failed(FileError::of(MessageKind::DanglingLink, copy.job.destination_path()));
    }
    let problem = match facts {
        // GNU cp reads the link, which sets its access time. Whatever it leads to, it is not written through.
        Some(FileStat { kind: FileType::Symlink, .. }) => return stat(copy, chain, Newcomer::LinkTarget),
        // It may have gone again; the file was not made all the same.
        Some(_) | None => {
            let At { directory, name } = &copy.job.destination;
            // Or it is no name of anything, and nothing can be made where it is.
            let errno = match process::is_closed_at_exec(directory, &**name) {
                true => Errno::NOENT,
                false => Errno::EXIST,
            };
            copy.destination_problem(MessageKind::CannotCreateRegular, errno)
        }
    };
    Next::failed(problem)
}
