//! The phases of one file's copy, and what a phase answers. [`super::file`] has the table of which phase follows.

use super::destination::DestinationPhase;
use super::end::EndPhase;
use super::extents::Sharing;
use super::method::Data;
use super::source::SourcePhase;
use super::verify::ReadBackPhase;
use crate::pipeline::chain::End;
use crate::report::message::FileError;
use rustix::io::Errno;

/// What the chain in flight is for.
pub(super) enum Phase {
    /// The source is opened and examined.
    Source(SourcePhase),
    /// The destination is looked at, decided about, and made or opened.
    Destination(DestinationPhase),
    /// The data moves, by one of the methods.
    Data(Data),
    /// What was not hashed as it passed is read, and the copy read back.
    ReadBack(ReadBackPhase),
    /// Attributes are set, and both ends closed.
    End(EndPhase),
}

/// What a phase answers to a completion, having put what is to happen into the chain. No phase can say that the file
/// is done: that is for [`super::end`], which pays what the file is owed, and is reached by [`Next::All`] and
/// [`Next::Failed`] alone.
pub(super) enum Next {
    /// Run the chain; the phase goes on with its completion.
    Run,
    /// Run the chain, for another phase or another step of this one.
    Enter(Phase),
    /// No buffer is free.
    NoBuffer,
    /// No buffer is free to read the copy back.
    ReadBackNoBuffer,
    /// Open for reading what was only examined.
    Reopen,
    /// The source is known: go on to the destination.
    Destination,
    /// Make the destination, where there must be nothing.
    Create,
    /// Make or open the destination as it was decided.
    Open,
    /// The destination could not be made or opened.
    NotOpened(Errno),
    /// The destination could not be cut to nothing.
    NotTruncated(Errno),
    /// Cut the destination to nothing before its data.
    Truncate,
    /// Choose a method: the first time, or as the last one is not supported here.
    Data,
    /// Begin with this method.
    Start(Data),
    /// The rest is streamed, from the offset that the data has reached. A worker that has no buffer in use has to do
    /// with a small one.
    Rest(NoOtherBuffer),
    /// A source that is one hole has been filled: look where it ends by now.
    MapEnd,
    /// Share out these blocks of the file.
    Share(Sharing),
    /// Read these stretches once more, to be hashed.
    ReadAll(Sharing),
    /// All of the data is in the destination.
    All,
    /// It has failed, and this is why.
    Failed(Box<FileError>),
    /// There is no descriptor for this end now: the file begins again when others are done.
    GiveUp(End, Errno),
    /// It is to be looked at: it was listed as a regular file and is none, or has several names, which have their turns.
    OfAnotherKind,
}

/// True if no buffer is in use, so that none will come back.
pub(super) type NoOtherBuffer = bool;

impl From<SourcePhase> for Phase {
    fn from(phase: SourcePhase) -> Self {
        Self::Source(phase)
    }
}

impl From<DestinationPhase> for Phase {
    fn from(phase: DestinationPhase) -> Self {
        Self::Destination(phase)
    }
}

impl From<ReadBackPhase> for Phase {
    fn from(phase: ReadBackPhase) -> Self {
        Self::ReadBack(phase)
    }
}

impl Next {
    /// The file has failed, and this is why.
    pub(super) fn failed(problem: FileError) -> Self {
        Self::Failed(Box::new(problem))
    }

    /// Runs this chain for another phase, or another step of this one.
    pub(super) fn enter(phase: impl Into<Phase>) -> Self {
        Self::Enter(phase.into())
    }
}
