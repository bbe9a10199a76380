//! Operations as the ring's entries, and what they have changed when they come back.

use super::ring::{self, Span, Target};
use super::{Running, Uring};
use crate::bufpool::room_at;
use crate::pipeline::chain::{Descriptor, End, FdKind, Io, Op};

use crate::process;
use io_uring::squeue;
use rustix::io::Errno;

impl Uring {
    /// The ring's entry for one operation; opens that may be direct take a slot of the file table.
    pub(super) fn entry(&mut self, running: &mut Running, at: usize) -> Result<squeue::Entry, Errno> {
        let Running { chain, segment, opening, .. } = running;
        match chain.ops[at] {
            Op::Io(Io::Open { end, at: ref place, flags, mode, into }) => {
                let direct = if segment.direct && into == FdKind::Any { self.files_free.pop() } else { None };
                opening[slot_of(end)] = direct;
                let directory = rustix::fd::AsFd::as_fd(&place.directory);
                Ok(ring::open_entry(directory, &place.name, flags, mode, direct))
            }
            Op::Io(Io::Read { offset, room, expect }) => {
                // Behind a link the read asks for what the chain expects, as only the last may come up short.
                let bytes = if at + 1 == segment.ops.end { room } else { expect.unwrap_or(room) };
                let file = target(&chain.source, opening[slot_of(End::Source)])?;
                let lease = chain.lease.as_mut().ok_or(Errno::FAULT)?;
                let bytes = bytes.min(u32::try_from(lease.capacity()).unwrap_or(u32::MAX));
                let bytes = room_at(offset, bytes);
                let into = Span { start: lease.as_mut_ptr(), bytes, fixed: lease.fixed() };
                Ok(ring::read_entry(file, into, offset.unwrap_or(u64::MAX)))
            }
            Op::Io(Io::Write { offset, start, length }) => {
                let file = target(&chain.destination, opening[slot_of(End::Destination)])?;
                let lease = chain.lease.as_mut().ok_or(Errno::FAULT)?;
                let (from, bytes) = (usize::try_from(start), usize::try_from(length));
                let (from, bytes) = (from.unwrap_or(usize::MAX), bytes.unwrap_or(usize::MAX));
                if from.saturating_add(bytes) > lease.capacity() {
                    return Err(Errno::FAULT);
                }
                let span = Span {
                    start: lease.as_mut_ptr().wrapping_add(from),
                    bytes: length,
                    fixed: lease.fixed(),
                };
                Ok(ring::write_entry(file, span, offset.unwrap_or(u64::MAX)))
            }
            Op::Io(Io::Close { end }) => {
                Ok(ring::close_entry(target(chain.descriptor(end), opening[slot_of(end)])?))
            }
            Op::Io(Io::Fsync) => {
                Ok(ring::sync_entry(target(&chain.destination, opening[slot_of(End::Destination)])?))
            }
            // A segment has none.
            Op::Call(_) => Err(Errno::OPNOTSUPP),
        }
    }

    /// Books what an operation of the ring that succeeded has changed. `result` is `None` for one whose completion was
    /// skipped: it moved exactly what its chain asked for.
    pub(super) fn apply(&mut self, running: &mut Running, at: usize, result: Option<u32>) {
        let Running { chain, opening, .. } = running;
        match chain.ops[at] {
            Op::Io(Io::Open { end, .. }) => {
                let direct = opening[slot_of(end)].take().map(Descriptor::Direct);
                let plain = || process::adopt_descriptor(result.and_then(|fd| i32::try_from(fd).ok())?);
                let opened = direct.or_else(|| plain().map(Descriptor::Plain));
                *chain.descriptor_mut(end) = opened.unwrap_or_default();
            }
            Op::Io(Io::Read { expect, .. }) => {
                if let (Some(lease), Some(moved)) = (chain.lease.as_mut(), result.or(expect)) {
                    ring::filled_by_kernel(lease, moved);
                }
            }
            Op::Io(Io::Close { end }) => match std::mem::take(chain.descriptor_mut(end)) {
                Descriptor::Direct(slot) => self.files_free.push(slot),
                Descriptor::Plain(closed) => process::forget_closed(closed),
                Descriptor::Closed | Descriptor::Shared(_) | Descriptor::Standard(_) => {}
            },
            Op::Io(Io::Write { .. } | Io::Fsync) | Op::Call(_) => {}
        }
    }
}

fn slot_of(end: End) -> usize {
    match end {
        End::Source => 0,
        End::Destination => 1,
    }
}

/// The file behind a descriptor, or the slot that an open of the same segment will fill.
fn target(descriptor: &Descriptor, opening: Option<u32>) -> Result<Target<'_>, Errno> {
    if let Some(slot) = opening {
        return Ok(Target::Direct(slot));
    }
    match descriptor {
        Descriptor::Direct(slot) => Ok(Target::Direct(*slot)),
        other => other.plain().map(Target::Plain).ok_or(Errno::BADF),
    }
}
