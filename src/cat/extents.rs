//! A large file into a regular one by several threads: each reads and writes blocks at their own offsets.
//!
//! A process that shares standard output sees its offset move once, when all is there. Where a block fails, or the
//! input turns out shorter, what lies after the first gap is cut off again and the offset is set before it: reading
//! and writing in turns goes on from there, and hits the same error.

use super::zero_copy::{Astray, Input, can_be_set};
use crate::bufpool::{Lease, Pool};
use crate::patience::retry;
use rustix::fd::BorrowedFd;
use rustix::fs::SeekFrom;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// More threads than this wait for each other at the output's lock.
pub(super) const WORKERS_MAX: usize = 4;

/// Bytes that a thread claims at a time.
const EXTENT_BYTES: u64 = 1 << 20;

/// Bytes of one read and one write: they stay in the processor's cache between the two.
const BLOCK_BYTES: usize = 128 << 10;

/// What the threads of one file share.
struct ExtentWork<'f> {
    input: &'f Input<'f>,
    output: BorrowedFd<'f>,
    output_offset: u64,
    total: u64,
    /// The next extent that no thread has claimed.
    next: AtomicU64,
    /// Something failed: no further extent is begun.
    stopped: AtomicBool,
    /// Bytes from the start without a gap.
    whole: AtomicU64,
}

/// Copies from the input's offset to where it ends now, to `output_offset`, with at most `workers` threads. Answers
/// how many bytes are there, and whether both offsets stand after them.
pub(super) fn copy(
    input: &Input<'_>,
    output: BorrowedFd<'_>,
    output_offset: u64,
    workers: usize,
) -> (u64, Result<(), Astray>) {
    if !(can_be_set(output, output_offset) && can_be_set(input.file, input.offset)) {
        return (0, Ok(()));
    }
    let total = input.facts.size.saturating_sub(input.offset);
    let work = ExtentWork {
        input,
        output,
        output_offset,
        total,
        next: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        whole: AtomicU64::new(total),
    };
    let extents = usize::try_from(total.div_ceil(EXTENT_BYTES)).unwrap_or(usize::MAX);
    std::thread::scope(|scope| {
        for _ in 1..workers.min(extents) {
            // Without another thread, this one does it all.
            let builder = std::thread::Builder::new().stack_size(64 << 10);
            if builder.spawn_scoped(scope, || work.help()).is_err() {
                break;
            }
        }
        work.help();
    });
    // What no thread claimed is not there either: without memory or threads that is all of it.
    let claimed = work.next.load(Ordering::Acquire).saturating_mul(EXTENT_BYTES);
    let whole = work.whole.load(Ordering::Acquire).min(claimed);
    if whole < total {
        // What cannot be cut stays: nothing stood there before.
        match rustix::fs::ftruncate(output, output_offset + whole) {
            Ok(()) | Err(_) => {}
        }
    }
    if whole == 0 {
        return (0, Ok(()));
    }
    let set = |file, offset| rustix::fs::seek(file, SeekFrom::Start(offset)).map(|_set| ());
    let set = set(output, output_offset + whole)
        .map_err(Astray::Output)
        .and_then(|()| set(input.file, input.offset + whole).map_err(Astray::Input));
    (whole, set)
}

impl ExtentWork<'_> {
    /// Copies extents until none is left.
    fn help(&self) {
        let pool = Pool::new(BLOCK_BYTES);
        let Some(mut lease) = pool.lease(BLOCK_BYTES) else { return };
        while !self.stopped.load(Ordering::Acquire) {
            let start = self.next.fetch_add(1, Ordering::Relaxed).saturating_mul(EXTENT_BYTES);
            if start >= self.total {
                return;
            }
            let end = (start + EXTENT_BYTES).min(self.total);
            let reached = self.extent(&mut lease, start, end);
            if reached < end {
                self.stopped.store(true, Ordering::Release);
                self.whole.fetch_min(reached, Ordering::AcqRel);
            }
        }
    }

    /// Copies one extent, and answers how far it came.
    fn extent(&self, lease: &mut Lease, start: u64, end: u64) -> u64 {
        let mut at = start;
        while at < end {
            let room = usize::try_from(end - at).unwrap_or(usize::MAX);
            match lease.read(self.input.file, Some(self.input.offset + at), room) {
                Ok(moved) if moved > 0 => {}
                Ok(_) | Err(_) => return at,
            }
            let mut left = lease.bytes();
            while !left.is_empty() {
                match retry(|| rustix::io::pwrite(self.output, left, self.output_offset + at)) {
                    Ok(0) => return at,
                    Ok(moved) => {
                        at += u64::try_from(moved).unwrap_or(0);
                        left = &left[moved..];
                    }
                    Err(_) => return at,
                }
            }
        }
        at
    }
}
