//! Where each operation of a chain runs: pure decisions over the chain and the engine's rules.
//!
//! The next stretch of a chain is either one [`Segment`] for the ring, whose operations are linked one after another
//! and come back as a single completion, or operations that this thread runs by plain calls. All entries of a segment but the
//! last carry CQE_SKIP_SUCCESS, so it comes back as one completion: of its last operation, or of the one that cut it.
//!
//! A small file whose destination is believed absent takes two chains. `[ ]` is the ring, `( )` a plain call of the worker's
//! thread, `═` a link, `─` an order that the thread keeps. Split, the default:
//!
//! ```text
//! 1   [OPENAT source, O_NOFOLLOW] ── (fstat)                  is it the file that was listed or looked at?
//! 2   [READ_FIXED, more than size] ── (openat O_CREAT|O_EXCL) ── (write) ── (close) ── (close)
//! ```
//!
//! Fused, by `--placement=fused` or for a slow destination:
//!
//! ```text
//! 1   [OPENAT source, O_PATH|O_NOFOLLOW] ── (fstat)           descriptor N, held until the end
//! 2   [OPENAT /proc/self/fd/N ═ OPENAT O_CREAT|O_EXCL ═ READ_FIXED ═ WRITE_FIXED ═ CLOSE ═ CLOSE]
//! ```
//!
//! READ_FIXED and WRITE_FIXED are READ and WRITE where the lease's region is not registered. Without links (a kernel before
//! 5.19, a registered-file table that is refused) each segment is one operation and `fused` is not offered. In a polled ring
//! only direct reads and writes go into the ring.

use crate::pipeline::chain::{Chain, Descriptor, End, FdKind, Io, Op};
use crate::plan::reading::Reading;
use std::ops::Range;

/// Which operations an engine puts into the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    /// Destination opens and writes go into the ring too: the fused placement. It is also that of chains whose destination
    /// is slow.
    pub fused: bool,
    /// Linked operations on direct descriptors can be had: IORING_FEAT_LINKED_FILE, completions that can be skipped
    /// (both 5.17) and a registered-file table.
    pub links: bool,
    /// A polled ring takes nothing but reads and writes past the page cache.
    pub polled: bool,
    /// The ring was refused something that all need: it takes only what none but it can reach.
    pub refused: bool,
}

/// A stretch of a chain that enters the ring in one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Indexes into the chain's operations.
    pub ops: Range<usize>,
    /// Whether the opens among them give direct descriptors.
    pub direct: bool,
}

/// How an end can be reached while a segment is being put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FdState {
    Closed,
    /// By an ordinary descriptor that the chain does not own alone.
    Lent,
    /// By an ordinary descriptor of its own.
    Own,
    Direct,
}

/// Whether the operation at index `at` is for the calling thread.
#[must_use]
pub(super) fn runs_inline(chain: &Chain, at: usize, rules: Rules) -> bool {
    let reach = |end| reach_of(chain.descriptor(end));
    !in_ring(chain, at, rules, reach(End::Source), reach(End::Destination))
}

/// The segment that begins at index `at`, which [`runs_inline`] has said is for the ring.
///
/// Operations are linked only after descriptors that are known beforehand, and after a read only where the chain
/// says exactly how many bytes must come: a link is cut by a short read, but never by one that reads too much. So a read
/// whose end is not for the ring to say is the last one too.
#[must_use]
pub(super) fn segment(chain: &Chain, at: usize, rules: Rules) -> Segment {
    let mut source = reach_of(&chain.source);
    let mut destination = reach_of(&chain.destination);
    let mut end = at;
    let mut direct = false;
    while end < chain.ops.len() && in_ring(chain, end, rules, source, destination) {
        let Op::Io(io) = &chain.ops[end] else { break };
        if matches!(io, Io::Open { into: FdKind::Plain, .. }) && end > at {
            break;
        }
        end += 1;
        match io {
            Io::Open { end: opened, into: FdKind::Any, .. } if rules.links => {
                direct = true;
                match opened {
                    End::Source => source = FdState::Direct,
                    End::Destination => destination = FdState::Direct,
                }
            }
            Io::Open { .. } | Io::Read { expect: None, .. } => break,
            Io::Read { .. } if !chain.reading.is_anywhere() => break,
            _ if !rules.links => break,
            Io::Close { end: End::Source } => source = FdState::Closed,
            Io::Close { end: End::Destination } => destination = FdState::Closed,
            Io::Read { .. } | Io::Write { .. } | Io::Fsync => {}
        }
    }
    Segment { ops: at..end, direct }
}

fn reach_of(descriptor: &Descriptor) -> FdState {
    match descriptor {
        Descriptor::Closed => FdState::Closed,
        Descriptor::Shared(_) | Descriptor::Standard(_) => FdState::Lent,
        Descriptor::Plain(_) => FdState::Own,
        Descriptor::Direct(_) => FdState::Direct,
    }
}

fn in_ring(chain: &Chain, at: usize, rules: Rules, source: FdState, destination: FdState) -> bool {
    let reach = |end: End| match end {
        End::Source => source,
        End::Destination => destination,
    };
    let direct = |end: End| reach(end) == FdState::Direct;
    let fused = rules.fused || chain.slow_destination;
    let Op::Io(io) = &chain.ops[at] else { return false };
    match *io {
        Io::Read { .. } if direct(End::Source) => true,
        Io::Write { .. } if direct(End::Destination) => true,
        Io::Close { end } if direct(end) => true,
        _ if rules.refused => false,
        Io::Read { .. } if chain.reading == Reading::ByCalls => false,
        // Of an ordinary descriptor it may sleep: the file system writes back what it holds.
        Io::Close { end } => fused && !rules.polled && reach(end) == FdState::Own,
        Io::Read { .. } | Io::Write { .. } if rules.polled => chain.direct_io,
        Io::Open { .. } if rules.polled => false,
        Io::Open { into: FdKind::Waiting, .. } => false,
        Io::Open { end: End::Source, .. } | Io::Read { .. } => true,
        Io::Fsync => !rules.polled,
        Io::Open { end: End::Destination, .. } => fused,
        Io::Write { .. } => fused || chain.direct_io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::chain::{At, Directory};
    use rustix::fs::{Mode, OFlags};
    use std::sync::Arc;

    fn open(end: End, into: FdKind) -> Op {
        let at = At { directory: Directory::Working, name: Arc::from(c"f") };
        Op::Io(Io::Open { end, at, flags: OFlags::RDONLY, mode: Mode::empty(), into })
    }

    fn whole_file(into: FdKind) -> Chain {
        let ops = vec![
            open(End::Source, into),
            open(End::Destination, into),
            Op::Io(Io::Read { offset: Some(0), room: 4096, expect: Some(10) }),
            Op::Io(Io::Write { offset: Some(0), start: 0, length: 10 }),
            Op::Io(Io::Close { end: End::Destination }),
            Op::Io(Io::Close { end: End::Source }),
        ];
        Chain { ops, reading: Reading::Anywhere, ..Chain::default() }
    }

    const FUSED: Rules = Rules { fused: true, links: true, polled: false, refused: false };
    const SPLIT: Rules = Rules { fused: false, links: true, polled: false, refused: false };

    #[test]
    fn fused_placement_links_all_six_operations() {
        let chain = whole_file(FdKind::Any);
        assert_eq!(segment(&chain, 0, FUSED), Segment { ops: 0..6, direct: true });
    }

    #[test]
    fn split_placement_sends_only_the_source_half() {
        let mut chain = whole_file(FdKind::Plain);
        assert_eq!(segment(&chain, 0, SPLIT), Segment { ops: 0..1, direct: false });
        assert!(runs_inline(&chain, 1, SPLIT));
        assert_eq!(segment(&chain, 2, SPLIT), Segment { ops: 2..3, direct: false });
        assert!((3..6).all(|at| runs_inline(&chain, at, SPLIT)));
        chain.direct_io = true;
        assert_eq!(segment(&chain, 2, SPLIT), Segment { ops: 2..4, direct: false });
    }

    #[test]
    fn what_may_wait_for_another_process_to_open_its_other_end_is_no_matter_for_the_ring() {
        for end in [End::Source, End::Destination] {
            let chain =
                Chain { ops: vec![open(end, FdKind::Waiting)], slow_destination: true, ..Chain::default() };
            assert!([FUSED, SPLIT].iter().all(|&rules| runs_inline(&chain, 0, rules)));
        }
    }

    #[test]
    fn a_slow_destination_is_reached_through_the_ring() {
        let mut chain = whole_file(FdKind::Any);
        chain.slow_destination = true;
        assert_eq!(segment(&chain, 0, SPLIT), segment(&chain, 0, FUSED));
        let mut chain = whole_file(FdKind::Plain);
        chain.slow_destination = true;
        assert!((0..4).all(|at| !runs_inline(&chain, at, SPLIT)));
    }

    #[test]
    fn without_links_every_operation_stands_alone() {
        let chain = whole_file(FdKind::Any);
        let rules = Rules { links: false, ..FUSED };
        assert_eq!(segment(&chain, 0, rules), Segment { ops: 0..1, direct: false });
        assert_eq!(segment(&chain, 2, rules), Segment { ops: 2..3, direct: false });
    }

    #[test]
    fn a_destination_that_must_be_closed_as_an_ordinary_file_is_closed_in_the_ring() {
        let mut chain = whole_file(FdKind::Any);
        chain.ops[1] = open(End::Destination, FdKind::Plain);
        assert_eq!(segment(&chain, 0, FUSED), Segment { ops: 0..1, direct: true });
        assert_eq!(segment(&chain, 1, FUSED), Segment { ops: 1..2, direct: false });
        chain.source = Descriptor::Direct(0);
        chain.destination = Descriptor::Plain(std::fs::File::open("/dev/null").unwrap().into());
        assert_eq!(segment(&chain, 2, FUSED), Segment { ops: 2..6, direct: false });
        assert!(runs_inline(&chain, 4, SPLIT));
    }

    #[test]
    fn nothing_is_linked_behind_a_read_of_unknown_length() {
        let read = Op::Io(Io::Read { offset: None, room: 4096, expect: None });
        let chain = Chain {
            ops: vec![open(End::Source, FdKind::Any), read, Op::Io(Io::Close { end: End::Source })],
            ..Chain::default()
        };
        assert_eq!(segment(&chain, 0, FUSED), Segment { ops: 0..2, direct: true });
    }

    #[test]
    fn a_polled_ring_takes_only_transfers_that_sleep() {
        let rules = Rules { fused: true, links: true, polled: true, refused: false };
        let mut chain = whole_file(FdKind::Any);
        assert!((0..6).all(|at| runs_inline(&chain, at, rules)));
        chain.direct_io = true;
        assert_eq!(segment(&chain, 2, rules), Segment { ops: 2..4, direct: false });
    }
}
