//! By which method the data of a file moves: pure decisions on options, facts and file systems; and, for `--debug`, the
//! words for what was done.

use crate::cli::cp::{Reflink, Sparse};
use rustix::io::Errno;

/// Whether a failed offer to share blocks, or to copy in the kernel, before any byte was moved, means that it is to be
/// done by reading and writing. Anything else would meet those too.
#[must_use]
pub(crate) fn is_refusal(errno: Errno) -> bool {
    !matches!(errno, Errno::NOSPC | Errno::DQUOT | Errno::IO | Errno::NOMEM)
}

/// Whether a failed question for the map of a file's data means that there is none to be had: it is read from end to end.
/// Anything else would have a file be believed that its file system cannot tell about.
#[must_use]
pub(crate) fn has_no_map(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::SPIPE)
}

/// Whether a refusal holds for this file only, and others may do better.
#[must_use]
pub(crate) fn is_of_one_file(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::TXTBSY | Errno::PERM | Errno::ACCESS)
}

/// What the method depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Situation {
    /// `--sparse`.
    pub sparse: Sparse,
    /// Sharing blocks is possible, and has not been tried.
    pub may_clone: bool,
    /// Both ends are regular files, and nothing has been read of this one.
    pub regular: bool,
    /// The source takes less room than it has bytes, and its map of data was not refused.
    pub looks_sparse: bool,
    /// The source says truthfully how long it is.
    pub size_is_trusted: bool,
    /// All of it fits a buffer.
    pub fits: bool,
    /// It is to go past the page cache.
    pub direct: bool,
    /// It is of a size that the kernel passes on faster than a buffer does, and the engine can have it do so.
    pub passes: bool,
}

/// From this number of bytes on the kernel passes a cached file on faster than it goes through a buffer: one copy
/// from page to page instead of two, for some work on each page.
pub(crate) const PASS_BYTES_MIN: u64 = 16 << 10;

/// The largest file that the kernel passes on, in bytes: up to 8 MiB several workers together are not faster with one file,
/// and they have others. A worker alone has no other to share a larger one with. None at all where the user has said
/// how large blocks are.
#[must_use]
pub(crate) fn pass_bytes_max(buffer_bytes: Option<usize>, alone: bool) -> u64 {
    match (buffer_bytes, alone) {
        (Some(_), _) => 0,
        (None, true) => u64::from(u32::MAX - 1),
        (None, false) => 8 << 20,
    }
}

/// The largest file that is left to copy_file_range(2) in one call, in bytes. A larger one is shown as it grows.
pub(crate) const OFFLOAD_AT_ONCE_BYTES_MAX: u64 = 8 << 20;

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Share blocks.
    Clone,
    /// Copy what is data, by the source's map.
    Holes,
    /// One chain, in which the kernel passes pages on.
    Pass,
    /// One chain through a buffer.
    Whole,
    /// Blocks at their own offsets.
    Extents,
    /// Reads and writes to the end.
    Stream,
}

/// The first method that fits.
#[must_use]
pub(crate) fn method(situation: &Situation) -> Method {
    let Situation { sparse, may_clone, regular, looks_sparse, size_is_trusted, fits, direct, passes } =
        *situation;
    if may_clone {
        Method::Clone
    } else if regular && looks_sparse {
        Method::Holes
    } else if !regular || !size_is_trusted {
        Method::Stream
    } else if passes && !direct && sparse != Sparse::Always {
        Method::Pass
    } else if fits && !direct {
        // Zeros are looked for between the read and the write.
        if sparse == Sparse::Always { Method::Stream } else { Method::Whole }
    } else {
        Method::Extents
    }
}

/// What became of the data of a file, for `--debug`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    /// The copy shares the source's blocks.
    pub cloned: bool,
    /// It cannot.
    pub clone_refused: bool,
    /// The source's map of data was used.
    pub mapped: bool,
    /// Bytes were read and written, or asked for.
    pub transferred: bool,
    /// And there were some.
    pub moved: bool,
    /// Holes were made of zeros.
    pub zeros: bool,
    /// The kernel copied.
    pub offloaded: bool,
    /// The kernel could not have copied.
    pub offload_refused: bool,
}

/// The words of `--debug`: for the copy left to the kernel, for the shared blocks, and for the holes.
#[must_use]
pub(crate) fn words(trail: &Trail, reflink: Reflink, sparse: Sparse) -> [&'static str; 3] {
    let automatic = reflink != Reflink::Never && sparse == Sparse::Auto;
    let offload = match (trail.transferred, automatic) {
        (false, _) => "unknown",
        (true, false) => "avoided",
        (true, true) if trail.offloaded => "yes",
        (true, true) if trail.offload_refused => "unsupported",
        // There was nothing to copy.
        (true, true) if !trail.moved => "unknown",
        (true, true) => "no",
    };
    let copied = trail.transferred || trail.mapped;
    let shared = match () {
        () if reflink == Reflink::Never || sparse == Sparse::Never => "no",
        () if trail.cloned => "yes",
        // What did not come as far as its data was not to be cloned.
        () if trail.clone_refused && (copied || reflink == Reflink::Always) => "unsupported",
        () if copied => "no",
        () => "unknown",
    };
    let holes = match (trail.mapped, trail.zeros && trail.transferred, trail.transferred) {
        (true, false, _) => "SEEK_HOLE",
        (true, true, _) => "SEEK_HOLE + zeros",
        (false, true, _) => "zeros",
        (false, false, true) => "no",
        (false, false, false) => "unknown",
    };
    [offload, shared, holes]
}

/// Whether a write failed for want of room: on the device, within a quota or a limit.
#[must_use]
pub(crate) fn is_want_of_room(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT | Errno::FBIG)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Situation = Situation {
        sparse: Sparse::Auto,
        may_clone: false,
        regular: true,
        looks_sparse: false,
        size_is_trusted: true,
        fits: true,
        direct: false,
        passes: false,
    };

    #[test]
    fn the_first_method_that_fits_is_taken() {
        assert_eq!(method(&PLAIN), Method::Whole);
        assert_eq!(method(&Situation { may_clone: true, ..PLAIN }), Method::Clone);
        assert_eq!(method(&Situation { direct: true, ..PLAIN }), Method::Extents);
        assert_eq!(method(&Situation { fits: false, ..PLAIN }), Method::Extents);
        let passes = Situation { passes: true, ..PLAIN };
        assert_eq!(method(&passes), Method::Pass);
        assert_eq!(method(&Situation { fits: false, ..passes }), Method::Pass);
        assert_eq!(method(&Situation { direct: true, ..passes }), Method::Extents);
        assert_eq!(method(&Situation { sparse: Sparse::Always, ..passes }), Method::Stream);
        assert_eq!(method(&Situation { regular: false, ..PLAIN }), Method::Stream);
        assert_eq!(method(&Situation { size_is_trusted: false, ..PLAIN }), Method::Stream);
        let sparse = Situation { looks_sparse: true, ..PLAIN };
        assert_eq!(method(&sparse), Method::Holes);
        assert_eq!(method(&Situation { regular: false, ..sparse }), Method::Stream);
    }

    #[test]
    fn what_looks_sparse_is_mapped_with_any_wish_and_sparse_always_looks_at_what_it_read() {
        let always = Situation { sparse: Sparse::Always, ..PLAIN };
        assert_eq!(method(&always), Method::Stream);
        assert_eq!(method(&Situation { looks_sparse: true, ..always }), Method::Holes);
        assert_eq!(method(&Situation { fits: false, ..always }), Method::Extents);
        let never = Situation { sparse: Sparse::Never, looks_sparse: true, ..PLAIN };
        assert_eq!(method(&never), Method::Holes);
        assert_eq!(method(&Situation { looks_sparse: false, ..never }), Method::Whole);
    }

    #[test]
    fn the_words_are_those_of_what_was_done() {
        let said = |trail: Trail, reflink, sparse| words(&trail, reflink, sparse).join(", ");
        let read = Trail { transferred: true, moved: true, clone_refused: true, ..Trail::default() };
        let empty = Trail { moved: false, ..read };
        assert_eq!(said(empty, Reflink::Auto, Sparse::Auto), "unknown, unsupported, no");
        let cloned = Trail { cloned: true, ..Trail::default() };
        let hole = Trail { mapped: true, clone_refused: true, zeros: true, ..Trail::default() };
        assert_eq!(said(read, Reflink::Auto, Sparse::Auto), "no, unsupported, no");
        assert_eq!(said(read, Reflink::Never, Sparse::Auto), "avoided, no, no");
        assert_eq!(said(read, Reflink::Auto, Sparse::Never), "avoided, no, no");
        assert_eq!(said(cloned, Reflink::Auto, Sparse::Auto), "unknown, yes, unknown");
        assert_eq!(said(hole, Reflink::Auto, Sparse::Always), "unknown, unsupported, SEEK_HOLE");
        let data = Trail { transferred: true, ..hole };
        assert_eq!(said(data, Reflink::Auto, Sparse::Always), "avoided, unsupported, SEEK_HOLE + zeros");
        assert_eq!(said(Trail::default(), Reflink::Auto, Sparse::Auto), "unknown, unknown, unknown");
        let refused = Trail { clone_refused: true, ..Trail::default() };
        assert_eq!(said(refused, Reflink::Auto, Sparse::Auto), "unknown, unknown, unknown");
        assert_eq!(said(refused, Reflink::Always, Sparse::Auto), "unknown, unsupported, unknown");
    }
}
