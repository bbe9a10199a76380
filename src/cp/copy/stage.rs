//! The stages of a file on its way: what the chain in flight is for.

use crate::pipeline::chain::End;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::OpenPlan;

/// What the chain in flight is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Opening and examining the source.
    Source,
    /// Finding out why the source cannot be opened.
    WhyNot,
    /// Opening for reading what was only examined.
    Again,
    /// Removing a destination that could not be opened.
    Unlink,
    /// Cutting the destination to nothing.
    Truncate,
    /// Looking at the destination's name.
    Look,
    /// Looking at what the link there leads to.
    LookBehind,
    /// Looking at what has come to a name that was free, to say what it is.
    Newcomer,
    /// Following what has come, as it is a link.
    NewcomerLink,
    /// Making or opening the destination, to go on by another chain.
    Destination(OpenPlan),
    /// Finding out whether a destination whose inode is another one than was seen is that file all the same.
    Which(FileStat),
    /// Asking for the next stretch of data of a file with holes.
    Map,
    /// Making the destination share the source's blocks.
    Clone,
    /// Finding out which file systems these are.
    Survey,
    /// Giving the copy its length, before its data between holes.
    Extend { length: u64 },
    /// Finding out where a file with holes ends by now.
    MapEnd,
    /// Giving the copy its length, behind its data.
    Trim {
        /// It is longer.
        cuts: bool,
    },
    /// Making both ends ready for extents.
    Preparing,
    /// One chain for all that is left.
    Whole,
    /// Reading and writing to the end of the source.
    Stream,
    /// Looking for holes of one end that need not be read to be verified.
    MapUnread { end: End },
    /// Reading back what was written.
    ReadBack,
    /// Finding the directory of a file that is written apart from its name.
    Place,
    /// Making such a file.
    Staged,
    /// Ending a file that is to be made durable afterwards.
    Settle,
    /// Making it durable, where that is asked for, and closing both ends.
    Close,
    /// Closing a source that is a slot, to begin again when descriptors are free.
    GiveUp,
}
