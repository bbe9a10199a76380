//! A piece of a pool's memory: lent until it is dropped, filled by reads.

use super::reach::{self, room_at};
use super::{PAGE_BYTES, Shared};
use crate::patience::retry;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::rc::Rc;

/// A page-aligned piece of a pool's memory, its holder's alone until dropped.
pub(crate) struct Lease {
    pub(super) pool: Rc<Shared>,
    pub(super) region: usize,
    pub(super) fixed: Option<u16>,
    pub(super) first: usize,
    pub(super) pages: usize,
    pub(super) start: *mut u8,
    pub(super) filled: usize,
}

impl Lease {
    /// Length in bytes of the whole lease.
    #[must_use]
    pub(crate) fn capacity(&self) -> usize {
        self.pages * PAGE_BYTES
    }

    /// The number of the fixed buffer this lease lies in, where its region is registered.
    #[must_use]
    pub(crate) fn fixed(&self) -> Option<u16> {
        self.fixed
    }

    /// First byte, aligned to a page: for an operation handed to the kernel, which must end before the lease does.
    #[must_use]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start
    }

    /// The bytes from the start that have been filled.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `filled` bytes from `start` were written, as `set_filled` demands, and lie inside the lease.
        unsafe { std::slice::from_raw_parts(self.start, self.filled) }
    }

    /// The whole lease as room to read into.
    #[must_use]
    pub(crate) fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the pages belong to this lease alone, and uninitialised bytes are typed as such.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast(), self.capacity()) }
    }

    /// Says that the first `bytes` bytes now hold data.
    ///
    /// # Safety
    /// They must have been written, by this process or by the kernel, and `bytes` must not exceed the capacity.
    pub(crate) unsafe fn set_filled(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.capacity(), "{bytes} of {}", self.capacity());
        self.filled = bytes;
    }

    /// Fills the lease with zeros, at most `limit` bytes of them, and returns how many.
    pub(crate) fn fill_with_zeros(&mut self, limit: usize) -> usize {
        let bytes = limit.min(self.capacity());
        self.room()[..bytes].fill(MaybeUninit::new(0));
        self.filled = bytes;
        bytes
    }

    /// Fills the lease with `bytes`, as many as fit, and returns how many.
    pub(crate) fn fill(&mut self, bytes: &[u8]) -> usize {
        for (room, byte) in self.room().iter_mut().zip(bytes) {
            room.write(*byte);
        }
        self.filled = bytes.len().min(self.capacity());
        self.filled
    }

    /// Fills the lease from the start by read(2), or by pread(2) at `offset`, with at most `limit` bytes. Returns how
    /// many came; an interrupted call is started again.
    ///
    /// # Errors
    /// What the call answered; the lease is then empty.
    pub(crate) fn read(
        &mut self,
        source: BorrowedFd<'_>,
        offset: Option<u64>,
        limit: usize,
    ) -> Result<usize, Errno> {
        self.filled = 0;
        self.read_on(source, offset, limit)
    }

    /// The same after what is there already, up to `limit` bytes in all. Returns how many have come.
    ///
    /// # Errors
    /// What the call answered; the lease is then as it was.
    pub(crate) fn read_on(
        &mut self,
        source: BorrowedFd<'_>,
        offset: Option<u64>,
        limit: usize,
    ) -> Result<usize, Errno> {
        let from = self.filled;
        let mut bytes = room_at(offset, limit.min(self.capacity()).saturating_sub(from));
        loop {
            let answer = retry(|| {
                let room = self.room().get_mut(from..from + bytes).unwrap_or_default();
                let answer = match offset {
                    Some(offset) => rustix::io::pread(source, room, offset),
                    None => rustix::io::read(source, room),
                };
                answer.map(|(filled, _)| filled.len())
            });
            match answer {
                Err(Errno::INVAL) if offset.is_none() => {
                    bytes = reach::room_at_position(source, bytes).ok_or(Errno::INVAL)?;
                }
                Err(errno) => return Err(errno),
                Ok(read) => {
                    self.filled = from + read;
                    return Ok(read);
                }
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(region) = self.pool.regions.borrow_mut().get_mut(self.region) {
            region.pages.give(self.first, self.pages);
        }
    }
}
