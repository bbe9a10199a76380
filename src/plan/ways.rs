//! How `ucat` passes one file on to standard output: the ladder of ways, and which of them fit what the two ends are.
//!
//! A way that the kernel refuses hands over to the next one that fits; the last, reading and writing, always does. So
//! this decides what is worth trying, never whether a file can be printed.

use super::facts::{FileId, FileStat};
use crate::cli::cat::TransferMethod;
use rustix::fs::FileType;

/// How files get the same contents without their bytes passing through this machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// They do not.
    None,
    /// Files of one file system can have the same blocks.
    Blocks,
    /// The server that both are on copies by itself.
    Server,
}

impl Sharing {
    /// What a file system offers, by the magic number that statfs(2) gives.
    #[must_use]
    pub(crate) const fn of(magic: u64) -> Self {
        match magic {
            // btrfs, XFS, bcachefs, OCFS2
            0x9123_683e | 0x5846_5342 | 0xca45_1a4e | 0x7461_636f => Self::Blocks,
            // NFS, SMB 1, SMB 2 and later, Ceph
            0x6969 | 0xff53_4d42 | 0xfe53_4d42 | 0x00c3_6400 => Self::Server,
            _ => Self::None,
        }
    }
}

/// Standard output, as far as the choice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct To {
    pub identity: FileId,
    pub kind: FileType,
    /// Everything written goes to its end.
    pub append: bool,
    /// Where the next byte goes otherwise, in a regular file.
    pub offset: u64,
    /// How long it is.
    pub size: u64,
    /// Most bytes that a file of this process may have.
    pub size_max: u64,
    /// What its file system offers.
    pub sharing: Sharing,
}

/// What the user wants, and what there is to do it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransferOptions {
    /// The way to try, whether it is worth it or not.
    pub way: Option<TransferMethod>,
    /// Input does not go through the page cache.
    pub direct: bool,
    /// Threads that there may be; 0 until a caller asks.
    pub workers: usize,
}

/// From this number of bytes on a file is worth more than reading and writing it.
pub(crate) const LARGE_BYTES: u64 = 128 << 10;

/// From this number of bytes on it is worth threads.
const EXTENTS_BYTES: u64 = 4 << 20;

/// Blocks can only be shared whole; no local file system here has larger ones by default.
const SHARED_BLOCK_BYTES: u64 = 4096;

/// The ways to try for a file that is open and stands at `offset`, best first.
pub(crate) fn ladder(
    from: &FileStat,
    offset: u64,
    to: &To,
    wishes: &TransferOptions,
) -> impl Iterator<Item = TransferMethod> + use<> {
    let (from, to, wishes) = (*from, *to, *wishes);
    TransferMethod::LADDER.into_iter().filter(move |&way| {
        let left = from.size.saturating_sub(offset);
        match wishes.way {
            _ if way == TransferMethod::Plain => true,
            Some(wanted) => way == wanted && is_possible(way, &from, left, &to),
            None => is_possible(way, &from, left, &to) && is_worth_it(way, &from, offset, &to, &wishes),
        }
    })
}

/// Whether the way would do what reading and writing does, as far as the two ends go.
fn is_possible(way: TransferMethod, from: &FileStat, left: u64, to: &To) -> bool {
    let from_file = from.kind == FileType::RegularFile;
    let to_file = to.kind == FileType::RegularFile && !to.append && to.identity != from.identity;
    match way {
        TransferMethod::Splice => match (from.kind, to.kind) {
            (FileType::Fifo, FileType::Fifo | FileType::Socket | FileType::CharacterDevice) => true,
            (FileType::Fifo, _) => to_file,
            (_, kind) => from_file && kind == FileType::Fifo,
        },
        TransferMethod::Sendfile => from_file && to.kind == FileType::Socket,
        TransferMethod::CopyRange => from_file && to_file,
        // Nothing may stand after what is written: where it fails, the file is cut to what came without a gap.
        TransferMethod::Extents => {
            from_file
                && to_file
                && from.size_is_trusted()
                && to.offset >= to.size
                && to.offset.checked_add(left).is_some_and(|end| end <= to.size_max)
        }
        TransferMethod::Overlap => from_file && from.size_is_trusted(),
        // Read ahead is what has no turn of its own yet.
        TransferMethod::Ahead => false,
        TransferMethod::Plain => true,
    }
}

fn is_worth_it(way: TransferMethod, from: &FileStat, offset: u64, to: &To, wishes: &TransferOptions) -> bool {
    let left = from.size.saturating_sub(offset);
    let large = left > LARGE_BYTES;
    match way {
        // How much a pipe or a device will give is not known; a device that takes bytes may do anything with pages.
        TransferMethod::Splice => {
            (large && !wishes.direct) || (from.kind == FileType::Fifo && to.kind == FileType::Fifo)
        }
        TransferMethod::Sendfile => large && !wishes.direct,
        TransferMethod::CopyRange => match to.sharing {
            Sharing::None => false,
            Sharing::Server => large && from.identity.device == to.identity.device,
            Sharing::Blocks => {
                large
                    && from.identity.device == to.identity.device
                    && offset.is_multiple_of(SHARED_BLOCK_BYTES)
                    && to.offset.is_multiple_of(SHARED_BLOCK_BYTES)
            }
        },
        TransferMethod::Extents => wishes.workers > 1 && left >= EXTENTS_BYTES && !wishes.direct,
        TransferMethod::Overlap => wishes.direct && large,
        TransferMethod::Ahead => false,
        TransferMethod::Plain => true,
    }
}

/// From this number of bytes on formatting is worth threads.
const FORMAT_TOGETHER_BYTES: u64 = 1 << 20;

/// Whether a file that stands at `offset` is formatted by several threads.
#[must_use]
pub(crate) fn is_formatted_together(facts: &FileStat, offset: u64, wishes: &TransferOptions) -> bool {
    let left = facts.size.saturating_sub(offset);
    let worth_it = match wishes.way {
        None => left >= FORMAT_TOGETHER_BYTES && wishes.workers != 1,
        Some(TransferMethod::Extents) => true,
        Some(
            TransferMethod::Splice
            | TransferMethod::Sendfile
            | TransferMethod::CopyRange
            | TransferMethod::Overlap
            | TransferMethod::Ahead
            | TransferMethod::Plain,
        ) => false,
    };
    worth_it && facts.kind == FileType::RegularFile && facts.size_is_trusted()
}

/// Bytes of the largest file that is read ahead as a whole.
const AHEAD_BYTES_MAX: u64 = 256 << 10;

/// Whether a file is read ahead of its turn: a regular one of moderate size that says how long it is. Anything else must
/// not be opened before its turn: a FIFO's writer, a device or a terminal would notice.
#[must_use]
pub(crate) fn is_read_ahead(facts: &FileStat, wishes: &TransferOptions) -> bool {
    let moderate = facts.size <= AHEAD_BYTES_MAX && facts.size_is_trusted();
    let wanted = match wishes.way {
        None | Some(TransferMethod::Ahead) => true,
        Some(
            TransferMethod::Splice
            | TransferMethod::Sendfile
            | TransferMethod::CopyRange
            | TransferMethod::Extents
            | TransferMethod::Overlap
            | TransferMethod::Plain,
        ) => false,
    };
    wanted && moderate && !wishes.direct && facts.kind == FileType::RegularFile
}

#[cfg(test)]
mod tests;
