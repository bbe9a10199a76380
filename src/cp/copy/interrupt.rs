//! What can be said of a file that is not whole yet, and how it is given up.

use super::end::EndPhase;
use super::extents::{FinishedExtents, LargeFile};
use super::file::FileCopy;
use super::method::Data;
use super::phase::{Next, Phase};
use super::{Context, Step};
use crate::cp::progress::unfinished::UnfinishedCopy;
use crate::pipeline::chain::{At, Chain};
use crate::plan::facts::FileStat;
use crate::plan::overwrite::Existing;
use crate::plan::reading::Reading;
use crate::report::message::{FileError, MessageKind};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::sync::Arc;

impl FileCopy {
    /// The source's path for messages.
    #[must_use]
    pub(crate) fn source_path(&self) -> Vec<u8> {
        self.state.job.source_path()
    }

    /// The destination's path for messages.
    #[must_use]
    pub(crate) fn destination_path(&self) -> Vec<u8> {
        self.state.job.destination_path()
    }

    /// Whether the engine has found that its ring is not to read the source.
    #[must_use]
    pub(crate) fn is_read_by_calls(&self) -> bool {
        self.reading() == Reading::ByCalls
    }

    /// Bytes that have reached the destination, as far as this file has moved them itself.
    #[must_use]
    pub(crate) fn arrived(&self) -> u64 {
        self.state.data.stream.position()
    }

    /// Whether all that is left is to close both ends.
    #[must_use]
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::End(EndPhase::Close | EndPhase::GiveUp))
    }

    /// Whether what was there before comes back if the copy fails.
    #[must_use]
    pub(crate) fn is_kept(&self) -> bool {
        self.state.job.kept.is_some()
    }

    /// Its chain is lost, with whatever it had open: how far the copy got is unknown.
    pub(crate) fn lost(&mut self, errno: Errno, context: &mut Context<'_>) -> Step {
        if self.state.due.failed {
            return self.close(Chain::default(), context);
        }
        let other = Some(self.state.job.destination_path());
        let problem = FileError { other, ..self.state.source_problem(MessageKind::Copying, errno) };
        self.go_on(Chain::default(), Next::failed(problem), context)
    }

    /// Whether the file at the destination is this run's own.
    #[must_use]
    pub(crate) fn has_made(&self, chain: &Chain) -> bool {
        self.state.has_made(chain)
    }

    /// Whether the file at the destination is not any more what it was.
    #[must_use]
    pub(crate) fn has_changed(&self, chain: &Chain) -> bool {
        self.state.has_changed(chain)
    }

    /// What others should know of a copy that takes more than one chain; `None` where it takes no more, there is nothing
    /// of it yet, or nothing under its name (`--atomic`).
    #[must_use]
    pub(crate) fn unfinished(&self, chain: &Chain) -> Option<UnfinishedCopy> {
        let several = matches!(self.phase, Phase::Data(Data::Stream(_)))
            && self.state.due.staged.is_none()
            && (self.has_made(chain) || self.has_changed(chain));
        several.then(|| self.as_unfinished(self.has_made(chain), chain.destination.plain()))
    }

    fn as_unfinished(&self, made_here: bool, copy: Option<BorrowedFd<'_>>) -> UnfinishedCopy {
        let At { directory, name } = &self.state.job.destination;
        let facts = match copy {
            Some(copy) => rustix::fs::fstat(copy),
            // A slot of the ring's: it was made under this name a moment ago.
            None => rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW),
        };
        UnfinishedCopy {
            place: self.state.job.destination.clone(),
            path: self.state.job.destination_path(),
            made_here,
            identity: facts.ok().map(|stat| FileStat::of(&stat).identity),
            // Where there is no descriptor for it, it is told all the same.
            file: copy.filter(|_| !made_here).and_then(|copy| rustix::io::fcntl_dupfd_cloexec(copy, 0).ok()),
            kept: self.state.job.kept.clone(),
            waits: self.state.source_facts().kind != FileType::RegularFile,
        }
    }

    /// To how many bytes the copy has to be cut, so that it is a beginning of the source; from now on it counts as cut.
    #[must_use]
    pub(crate) fn take_cut(&mut self) -> Option<u64> {
        let reached = self.state.data.stream.position();
        self.state.data.length.take().filter(|&length| length != reached).map(|_| reached)
    }

    /// Closes a file that is not whole, and removes what this run has made of it.
    #[must_use]
    pub(crate) fn give_up_unfinished(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        self.state.due.failed = true;
        self.state.due.remove_at_close = self.has_made(&chain);
        self.close(chain, context)
    }
}

impl LargeFile {
    /// The source's path for messages.
    #[must_use]
    pub(crate) fn source_path(&self) -> Vec<u8> {
        self.lock().source_path().to_vec()
    }

    /// Tells others of the copy, by `begin`, which answers the number that it is known under.
    pub(crate) fn note(&self, begin: impl FnOnce(UnfinishedCopy) -> u64) {
        let mut progress = self.lock();
        let copy = progress.copy();
        if let Some(file) =
            progress.file_mut().filter(|file| file.unfinished_id == 0 && file.state.due.staged.is_none())
        {
            let copy = copy.as_ref().map(|copy| copy.as_fd());
            file.unfinished_id =
                begin(file.as_unfinished(file.state.destination.found == Some(Existing::Nothing), copy));
        }
    }

    /// No worker claims a block any more: the run is to end, and a block has arrived up to byte `reached`.
    pub(crate) fn stop(&self, reached: u64) {
        self.lock().stop(reached);
    }

    /// Gives the file up, as the run is to end; `None` while other workers copy blocks of it: they finish it.
    #[must_use]
    pub(crate) fn give_up_stopped(self: &Arc<Self>) -> Option<FinishedExtents> {
        self.finish_with(|progress, at| progress.stop(at))
    }
}
