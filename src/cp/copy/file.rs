//! One file's way through its phases: which follows which answer.

use super::destination;
use super::end::{self, EndPhase, EndStep};
use super::ended_extents;
use super::extents::{FinishedExtents, LargeFile, Sharing};
use super::holes::Holes;
use super::method::{self, Data};
use super::newcomer;
use super::open;
use super::phase::{Next, Phase};
use super::source::{self, SourcePhase};
use super::state::CopyState;
use super::stream::Stream;
use super::verify::{self, ReadBackPhase};
use super::{Context, CopyPolicy, Step};
use crate::cp::job::FileJob;
use crate::hashes::Hashed;
use crate::pipeline::chain::{Chain, Completion, End};
use crate::plan::data;
use crate::plan::destination::Offload;
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::reading::Reading;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::sync::Arc;

/// A file on its way.
pub(crate) struct FileCopy {
    pub(super) phase: Phase,
    pub(super) state: CopyState,
    /// Bytes of it that workers' meters have shown, where the user or a caller watches.
    pub(crate) bytes_reported: u64,
    /// Under which number it is known to be unfinished; 0 where it is not.
    pub(crate) unfinished_id: u64,
}

/// What becomes of a file and its chain.
enum Then {
    Run,
    NoBuffer,
    OfAnotherKind,
    NoDescriptor,
    Fsync,
    Share(Sharing),
    Done,
}

impl Then {
    fn with(self, chain: Chain) -> Step {
        match self {
            Self::Run => Step::Run(chain),
            Self::NoBuffer => Step::NoBuffer(chain),
            Self::OfAnotherKind => Step::OfAnotherKind,
            Self::NoDescriptor => Step::NoDescriptor,
            Self::Fsync => Step::Fsync(chain),
            Self::Share(sharing) => Step::Share(chain, sharing),
            Self::Done => Step::Done,
        }
    }
}

impl FileCopy {
    /// A file to be copied. A slow destination is one that takes long to make files.
    #[must_use]
    pub(crate) fn new(job: Box<FileJob>, slow_destination: bool) -> Self {
        Self {
            phase: Phase::Source(SourcePhase::Open),
            state: CopyState::new(job, slow_destination),
            bytes_reported: 0,
            unfinished_id: 0,
        }
    }

    /// The first chain.
    #[must_use]
    pub(crate) fn start(&mut self, context: &Context<'_>) -> Chain {
        source::open(&mut self.state, context)
    }

    /// What comes after a completion of this file's chain.
    pub(crate) fn advance(&mut self, mut completion: Completion, context: &mut Context<'_>) -> Step {
        let copy = &mut self.state;
        end::take_back(&mut copy.due, &mut completion.chain, completion.outcome);
        if !completion.seen.refused.is_empty() {
            end::tell_refused(copy, &completion.seen.refused, context);
        }
        if let Some(took) = completion.seen.making {
            context.pairs.all.note_making(copy.job.destination_device, took, copy.source_facts().size);
        }
        let next = match &mut self.phase {
            Phase::Source(phase) => source::advance(*phase, copy, &mut completion, context),
            Phase::Destination(phase) => destination::advance(phase, copy, &mut completion, context),
            Phase::Data(data) => data.as_method().advance(copy, &mut completion, context),
            Phase::ReadBack(phase) => verify::advance(*phase, copy, &mut completion, context),
            Phase::End(phase) => {
                let step = end::advance(*phase, copy, &mut completion, context);
                let then = self.end(&mut completion.chain, step, context);
                return then.with(completion.chain);
            }
        };
        let then = self.follow(&mut completion.chain, next, context);
        then.with(completion.chain)
    }

    /// Which phase follows which answer.
    fn follow(&mut self, chain: &mut Chain, mut next: Next, context: &mut Context<'_>) -> Then {
        loop {
            let copy = &mut self.state;
            next = match next {
                Next::Run => return Then::Run,
                Next::Enter(phase) => {
                    self.phase = phase;
                    return Then::Run;
                }
                Next::NoBuffer => return Then::NoBuffer,
                Next::ReadBackNoBuffer => {
                    self.phase = Phase::ReadBack(ReadBackPhase::ReadBack);
                    return Then::NoBuffer;
                }
                Next::OfAnotherKind => return Then::OfAnotherKind,
                Next::Share(sharing) => return Then::Share(sharing),
                Next::ReadAll(sharing) => {
                    self.phase = Phase::ReadBack(ReadBackPhase::Extents);
                    return Then::Share(sharing);
                }
                Next::Reopen => source::reopen(copy, chain, context),
                Next::Destination => destination::begin(copy, chain, context),
                Next::Create => {
                    copy.destination.plan = OpenPlan::Create;
                    open::open(copy, chain, context)
                }
                Next::Open => open::open(copy, chain, context),
                Next::NotOpened(errno) => destination::not_opened(copy, chain, errno, None, context),
                Next::Truncate => destination::truncate(chain),
                Next::NotTruncated(errno) => destination::not_truncated(copy, chain, errno, context),
                Next::Data => method::choose(copy, chain, context),
                Next::Start(mut data) => {
                    let next = data.as_method().start(copy, chain, context);
                    self.phase = Phase::Data(data);
                    next
                }
                Next::Rest(alone) => {
                    let mut stream = Stream::default();
                    let next = stream.begin(copy, chain, alone, context);
                    self.phase = Phase::Data(Data::Stream(stream));
                    next
                }
                Next::MapEnd => {
                    let mut holes = Holes::filled();
                    let next = holes.map_end(chain);
                    self.phase = Phase::Data(Data::Holes(Box::new(holes)));
                    next
                }
                Next::All if verify::is_due(copy) => verify::next(copy, chain, context),
                Next::All => {
                    let step = end::close(copy, chain, context);
                    return self.end(chain, step, context);
                }
                Next::Failed(problem) => return self.fail(chain, &problem, context),
                Next::GiveUp(end, errno) => {
                    let step = end::give_up(copy, chain, end, errno);
                    return self.end(chain, step, context);
                }
            };
        }
    }

    /// What follows which answer of the end.
    fn end(&mut self, chain: &mut Chain, step: EndStep, context: &mut Context<'_>) -> Then {
        match step {
            EndStep::Run(phase) => {
                self.phase = Phase::End(phase);
                Then::Run
            }
            EndStep::Fsync => {
                self.phase = Phase::End(EndPhase::Close);
                Then::Fsync
            }
            EndStep::Failed(problem) => self.fail(chain, &problem, context),
            EndStep::Close => {
                let step = end::close(&mut self.state, chain, context);
                self.end(chain, step, context)
            }
            EndStep::Newcomer => {
                let next = newcomer::look_at(&self.state, chain);
                self.follow(chain, next, context)
            }
            EndStep::NoDescriptor => Then::NoDescriptor,
            EndStep::Done => Then::Done,
        }
    }

    /// Tells about a problem and closes what is open.
    fn fail(&mut self, chain: &mut Chain, problem: &FileError, context: &mut Context<'_>) -> Then {
        self.state.due.failed = true;
        context.reporter.problem(problem);
        let step = end::close(&mut self.state, chain, context);
        self.end(chain, step, context)
    }

    /// Pays what the file is owed, and closes what is open.
    pub(super) fn close(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        let step = end::close(&mut self.state, &mut chain, context);
        let then = self.end(&mut chain, step, context);
        then.with(chain)
    }

    /// Goes on with this answer.
    pub(super) fn go_on(&mut self, mut chain: Chain, next: Next, context: &mut Context<'_>) -> Step {
        let then = self.follow(&mut chain, next, context);
        then.with(chain)
    }

    /// Goes on where [`Step::NoBuffer`] stopped. `alone` says that no buffer is in use, so that none will come back and
    /// a small one has to do.
    pub(crate) fn resume(&mut self, mut chain: Chain, alone: bool, context: &mut Context<'_>) -> Step {
        let copy = &mut self.state;
        let next = match &mut self.phase {
            Phase::Data(Data::Stream(stream)) => stream.go_on(copy, &mut chain, alone, context),
            Phase::ReadBack(_) => verify::read_back(copy, &mut chain, alone, context),
            _ if alone && copy.only_examined() => Next::Reopen,
            _ if alone => Next::Rest(alone),
            _ => Next::Data,
        };
        self.go_on(chain, next, context)
    }

    /// Shares out what its last answer asked for.
    ///
    /// # Errors
    /// Gives the file back, to go on by [`Self::go_on_unshared`], where an end is no descriptor that can be shared.
    pub(crate) fn share(self, chain: Chain, sharing: Sharing) -> Result<Arc<LargeFile>, Box<(Self, Chain)>> {
        LargeFile::new(self, chain, sharing).map(Arc::new)
    }

    /// Goes on without its blocks being shared out.
    pub(crate) fn go_on_unshared(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        let next = match self.phase {
            // Only what goes in one linked chain has no ordinary descriptors, and nothing of that is missing.
            Phase::ReadBack(_) => Next::failed(self.state.source_problem(MessageKind::Reading, Errno::BADF)),
            Phase::Source(_) | Phase::Destination(_) | Phase::Data(_) | Phase::End(_) => Next::Rest(false),
        };
        self.go_on(chain, next, context)
    }

    /// The job, with what became of it.
    pub(crate) fn ended(&mut self) -> &FileJob {
        let CopyState { job, source, due, .. } = &mut self.state;
        job.failed = due.failed;
        if due.failed {
            // The observer needs its size, to count it as left out.
            job.seen = job.seen.or(source.facts);
        }
        if due.failed || due.falls_short {
            job.falls_short();
        }
        job
    }

    /// The job, to start it again.
    #[must_use]
    pub(crate) fn into_job(mut self) -> Box<FileJob> {
        self.ended();
        if self.state.destination.found == Some(Existing::Nothing) {
            // What was there may have been removed for this file.
            self.state.job.found = Some(Existing::Nothing);
        }
        self.state.job
    }

    /// The words of `--debug` for what became of the data; `None` where copying it was not begun.
    #[must_use]
    pub(crate) fn words(&self, context: &Context<'_>) -> Option<[&'static str; 3]> {
        let CopyPolicy { reflink, sparse, attributes_only, .. } = context.settings;
        let mut trail = self.state.data.debug_trace;
        let impossible = |pair| context.pairs.offload(pair) == Offload::Impossible;
        trail.offload_refused |= !self.state.data.seekable || self.state.pair().is_some_and(impossible);
        (self.state.data.started && !attributes_only).then(|| data::words(&trail, reflink, sparse))
    }

    /// What to say where there will be no descriptor for this file, which has failed then.
    #[must_use]
    pub(crate) fn failed_without_descriptor(&mut self) -> FileError {
        self.state.due.failed = true;
        match self.state.without_descriptor {
            Some((End::Destination, errno)) => {
                self.state.destination_problem(MessageKind::CannotCreateRegular, errno)
            }
            Some((End::Source, errno)) => self.state.source_problem(MessageKind::CannotOpen, errno),
            None => self.state.source_problem(MessageKind::CannotOpen, Errno::MFILE),
        }
    }

    /// True if what is read of it is hashed.
    pub(super) fn hashes(&self) -> bool {
        self.state.due.hashing.is_some()
    }

    /// Adds what was read of one end to its hashes.
    pub(super) fn add_hashed(&mut self, end: End, hashed: Hashed) {
        if let Some(hashing) = &mut self.state.due.hashing {
            hashing.add(end, hashed);
        }
    }

    /// Whether a ring may read the source.
    pub(super) fn reading(&self) -> Reading {
        self.state.source.reading
    }
}

impl FinishedExtents {
    /// The file and what finishes it.
    #[must_use]
    pub(crate) fn into_chain(self, context: &mut Context<'_>) -> (FileCopy, Step) {
        let Self { mut file, mut chain, end } = self;
        let copy = &mut file.state;
        let next = if end.read_only {
            match (end.problem, end.stopped) {
                (Some((problem, _)), _) => Next::failed(problem),
                (None, Some(_)) => {
                    let step = file.give_up_unfinished(chain, context);
                    return (file, step);
                }
                (None, None) => verify::next(copy, &mut chain, context),
            }
        } else {
            let holes = match &mut file.phase {
                Phase::Data(Data::Holes(holes)) => Some(holes.as_mut()),
                _ => None,
            };
            ended_extents::next(copy, &mut chain, end, holes, context)
        };
        let step = file.go_on(chain, next, context);
        (file, step)
    }
}
