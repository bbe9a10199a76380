//! Copy methods: how the contents of one file get from source to destination.
//!
//! [`file::FileCopy`] takes a file through its phases: open and examine the source, make or open the destination,
//! move the data, read it back where that is asked for, and end. Phases and methods put operations into chains and
//! consume completions; they make no system call and know no engine. `plan::data::method` takes the first method that
//! fits:
//!
//! 1. [`clone`], where both ends lie on a file system that can share blocks. The first file between two devices finds that out.
//! 2. [`holes`], for a file that takes less room than it has bytes: its data is mapped, 256 stretches at a time, and copied as
//!    extents. A copy with holes gets its length first, as file systems allocate ahead of a file that grows.
//! 3. [`sendfile`], from 16 KiB to 8 MiB, as long as the engine is plain calls, which is where the source is cached. Within an
//!    overlay it is copy_file_range(2) for files of any size, which leaves the access time.
//! 4. [`single_chain`], for a file that fits a buffer and says truthfully how long it is.
//! 5. [`extents`], for a larger regular file: blocks at their own offsets, by as many workers as are free, read and written,
//!    read and written but for zeros, or left to the kernel where it copies on a server or by sharing blocks.
//! 6. [`stream`], for what cannot be trusted to say its length, and to finish what the others left: a file that shrank or grew,
//!    a write that came up short, a tail that O_DIRECT cannot write.
//!
//! What the kernel refuses or fails at is read and written from there on, and so reported in GNU cp's words.

pub(crate) mod clone;
mod destination;
mod end;
mod ended_extents;
pub(crate) mod extent;
pub(crate) mod extents;
pub(crate) mod file;
pub(crate) mod fs_pairs;
pub(crate) mod holes;
mod interrupt;
mod method;
mod newcomer;
mod open;
mod phase;
mod prepare_extents;
mod sendfile;
pub(crate) mod single_chain;
mod source;
mod state;
pub(crate) mod statfs;
pub(crate) mod stream;
mod temp_file;
#[cfg(test)]
mod tests;
mod unread;
mod verify;
pub(crate) mod zeros;

use super::entry::owed::Owed;
use super::manifest::lines::Manifest;
use super::outputs::Outputs;
use crate::bufpool::Pool;
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::Chain;
use crate::pipeline::engine::Capabilities;
use crate::plan::attributes::PreservePolicy;
use crate::report::Reporter;
use crate::report::stats::Tally;
use extents::Sharing;
use fs_pairs::FsPairsView;
use std::sync::Arc;

/// What methods need to know of how the run is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyPolicy {
    /// Past the page cache.
    pub direct: bool,
    /// Most bytes in one read or write.
    pub buffer_bytes: usize,
    /// The same for a block of a file that several workers may copy.
    pub extent_bytes: usize,
    /// The largest file that is left to the kernel to pass on, in bytes.
    pub pass_bytes_max: u64,
    /// Write through dangling symbolic links.
    pub posixly_correct: bool,
    /// The destination's file system reports write errors as late as at close (NFS, SMB, FUSE and their like).
    pub late_errors: bool,
    /// Remove a destination that cannot be opened, and try again; say so where lines are asked for.
    pub force: bool,
    /// Say what is being done.
    pub verbose: bool,
    /// Whether blocks are shared.
    pub reflink: Reflink,
    /// Where holes go.
    pub sparse: Sparse,
    /// What became of each file's data is told.
    pub debug: bool,
    pub keeping: PreservePolicy,
    /// No data is copied.
    pub attributes_only: bool,
    /// Files are durable before they are done.
    pub fsync: bool,
    /// Files get their names when they are complete.
    pub atomic: bool,
    /// Data is hashed as it passes.
    pub hash: bool,
    /// What was written is read back and compared; it is hashed then, too.
    pub verify: bool,
    /// True if the user or a caller watches how much has arrived.
    pub watched: bool,
    /// Names of one file are read one after the other, in the order of the walk.
    pub names_in_turn: bool,
}

impl CopyPolicy {
    /// True if the end of a file is no part of the chain for all of a small one.
    fn ends_apart(&self) -> bool {
        self.fsync || self.atomic || self.verify
    }
}

/// What a method works with: the worker's own pool, engine and books.
pub(crate) struct Context<'a> {
    /// How the run is to be done.
    pub settings: CopyPolicy,
    /// What chains should look like.
    pub capabilities: Capabilities,
    /// What is known of the file systems.
    pub pairs: FsPairsView<'a>,
    /// Where leases come from.
    pub pool: &'a Pool,
    /// What is taken back where the file that it is done for never comes.
    pub owed: &'a Arc<Owed>,
    /// What is written beside the copies, and is neither source nor copy.
    pub outputs: &'a Outputs,
    /// Where hashes are written.
    pub manifest: Option<&'a Manifest>,
    /// Where problems are told.
    pub reporter: &'a Reporter,
    /// Where files and bytes are counted.
    pub tally: &'a mut Tally,
}

impl Context<'_> {
    /// Bytes of the largest buffer that can be had: files up to this size go in one chain.
    #[must_use]
    pub(crate) fn buffer_bytes(&self) -> usize {
        self.settings.buffer_bytes.min(self.pool.lease_bytes_max())
    }

    /// Bytes of a block of a file that several workers may copy.
    #[must_use]
    pub(crate) fn extent_bytes(&self) -> usize {
        self.settings.extent_bytes.min(self.pool.lease_bytes_max())
    }
}

/// What is to happen next with a file.
pub(crate) enum Step {
    /// Run this chain and come back with its completion.
    Run(Chain),
    /// No buffer is free: come back when one is, by `resume`.
    NoBuffer(Chain),
    /// It was listed as a regular file and is none, or has several names, which have their turns: it is to be looked at.
    /// Nothing was done about it.
    OfAnotherKind,
    /// No descriptor is free: start this file again when others are done.
    NoDescriptor,
    /// All of the file is there, and this chain makes it durable: best together with those of other files.
    Fsync(Chain),
    /// The file is large: these blocks of it can be shared out, by [`file::FileCopy::share`].
    Share(Chain, Sharing),
    /// The file is done, well or not.
    Done,
}
