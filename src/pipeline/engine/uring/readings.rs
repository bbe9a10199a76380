//! What is known of the file systems that are read: asked once for each device, and then remembered.

use crate::pipeline::chain::{Chain, Descriptor, End, Io, Op};
use crate::pipeline::engine::plain;
use crate::plan::reading::Reading;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::collections::HashMap;

/// By device. The last answer is beside the others, as one file system is read for long.
#[derive(Default)]
pub(super) struct Readings {
    known: HashMap<u64, Reading>,
    last: Option<(u64, Reading)>,
}

impl Readings {
    /// Finds out how the chain's source may be read, where that matters from operation `at` on, is not known yet, and can be
    /// asked. Answers whether it has found out.
    pub(super) fn settle(&mut self, chain: &mut Chain, at: usize) -> bool {
        let open = match chain.reading {
            Reading::Unknown | Reading::On(_) => chain.source.plain().is_some(),
            Reading::Anywhere | Reading::EndByCall | Reading::ByCalls => false,
        };
        if !open || !chain.ops[at..].iter().any(|op| matches!(op, Op::Io(Io::Read { .. }))) {
            return false;
        }
        if let (Reading::Unknown, Some(file)) = (chain.reading, chain.source.plain()) {
            chain.reading = plain::reading_of(file);
        }
        self.settle_examined(chain);
        true
    }

    /// The same of a source that has been examined, whatever comes next.
    pub(super) fn settle_examined(&mut self, chain: &mut Chain) {
        if let (Reading::On(device), Some(file)) = (chain.reading, chain.source.plain()) {
            chain.reading = self.of(device, file);
        }
    }

    fn of(&mut self, device: u64, file: BorrowedFd<'_>) -> Reading {
        if let Some((_, reading)) = self.last.filter(|&(last, _)| last == device) {
            return reading;
        }
        let ask = || plain::kind_of(file).map_or(Reading::ByCalls, |system| Reading::of(system.magic));
        let reading = *self.known.entry(device).or_insert_with(ask);
        self.last = Some((device, reading));
        reading
    }
}

/// Reads on by a plain call where a ring's answer of `moved` bytes, which fill the lease so far, claims that the file ends
/// there. Answers how many bytes there are with what has come. A failure is the next read's, where there is any.
pub(super) fn settle_end(chain: &mut Chain, at: usize, moved: u32) -> Result<u32, Errno> {
    let Op::Io(Io::Read { offset, room, .. }) = chain.ops[at] else { return Ok(moved) };
    let (Some(lease), Descriptor::Plain(_) | Descriptor::Shared(_) | Descriptor::Standard(_)) =
        (chain.lease.as_mut(), &chain.source)
    else {
        return Ok(moved);
    };
    let Some(source) = chain.source.plain().filter(|_| moved < room) else { return Ok(moved) };
    let behind = offset.map(|offset| offset + u64::from(moved));
    match lease.read_on(source, behind, usize::try_from(room).unwrap_or(usize::MAX)) {
        Ok(more) => Ok(moved.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))),
        Err(_) if moved > 0 => Ok(moved),
        Err(errno) => Err(errno),
    }
}

/// Opens anew, by a plain call, the source that this chain has opened into a slot of the ring's, before operation `at`,
/// and has not read yet. Answers the slot, where that could be done.
pub(super) fn open_again(chain: &mut Chain, at: usize) -> Option<u32> {
    let Descriptor::Direct(slot) = chain.source else { return None };
    let opened = chain.ops[..at].iter().find_map(|op| match op {
        Op::Io(Io::Open { end: End::Source, at, flags, mode, .. }) => Some((at, *flags, *mode)),
        _ => None,
    });
    let (place, flags, mode) = opened?;
    let fd = plain::open_at(place, flags, mode).ok()?;
    chain.source = Descriptor::Plain(fd);
    Some(slot)
}
