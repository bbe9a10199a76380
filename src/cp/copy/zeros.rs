//! `--sparse=always`: blocks of zeros in what was read become holes of the copy, by not being written.

use crate::pipeline::chain::{Call, Io, Op};
use crate::plan::zeros;
use std::ops::Range;

/// The writes of all that is more than zeros in these bytes of a lease, which belong at `offset` of the destination,
/// with holes of at least `hole_bytes`. Where the file system allocates ahead of the file, which ends at `ahead_of`,
/// what it has allocated of a hole is given back before data is written after the hole.
pub(super) fn writes(
    bytes: &[u8],
    pending: Range<u32>,
    offset: u64,
    hole_bytes: u32,
    mut ahead_of: Option<u64>,
) -> Vec<Op> {
    let index = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let bytes = bytes.get(index(pending.start)..index(pending.end)).unwrap_or_default();
    let mut ops = Vec::new();
    for stretch in zeros::data(bytes, offset, hole_bytes) {
        let [from, end] = [stretch.start, stretch.end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        let at = offset + u64::from(from);
        if let Some(reached) = &mut ahead_of {
            if *reached < at {
                ops.push(Op::Call(Call::PunchHole { offset: *reached, length: at - *reached }));
            }
            *reached = offset + u64::from(end);
        }
        ops.push(Op::Io(Io::Write { offset: Some(at), start: pending.start + from, length: end - from }));
    }
    ops
}
