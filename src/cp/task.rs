//! Tasks: what workers take from the queue.

use super::copy::extents::LargeFile;
use super::job::FileJob;
use super::job::dir_job::DirJob;
use super::walk::operand_list::Operands;
use super::walk::several_names::Batches;
use crate::plan::listing::Entry;
use std::collections::VecDeque;
use std::sync::Arc;

/// One piece of work, small enough to be shared out and large enough to be worth it.
pub(crate) enum Task {
    /// A directory of a tree: open it, make its copy, list it.
    Directory {
        /// The directory it is an entry of.
        parent: Arc<DirJob>,
        /// Which entry.
        entry: Entry,
    },
    /// The rest of a listing.
    Listing(Arc<DirJob>),
    /// Files and other leaves of one directory.
    Entries {
        /// The directory they are entries of.
        branch: Arc<DirJob>,
        /// Which entries.
        entries: Vec<Entry>,
    },
    /// Files that another worker had not begun with.
    Files(VecDeque<Box<FileJob>>),
    /// Files of several names that wait for their turn.
    SeveralNames,
    /// Some of them, whose turn has come.
    Names(Batches),
    /// The operands from here on.
    Operands(Operands),
    /// A large file that more than one worker can work on.
    Large(Arc<LargeFile>),
}
