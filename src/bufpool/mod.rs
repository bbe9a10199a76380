//! The memory that file data passes through: page-aligned leases out of a few regions, bounded from the start.
//!
//! A [`Pool`] belongs to one worker. It takes memory in regions of up to 2 MiB (one huge page) as leases are asked
//! for, never more than its limit, and keeps it until it is dropped. A [`Lease`] is move-only and returns its pages
//! when it is dropped, so a chain of operations that owns one cannot leak it or share it. Regions can be registered
//! with a ring as fixed buffers: a lease knows the number under which the kernel knows its region.
//!
//! Bytes of a lease are uninitialised until an engine has read into them; [`Lease::bytes`] only ever shows the part
//! that was filled.
#![allow(unsafe_code, reason = "leases are windows into memory that the kernel fills")]

mod lease;
mod pages;
mod reach;

pub(crate) use reach::room_at;

pub(crate) use lease::Lease;
pub(crate) use pages::PAGE_BYTES;

use aligned_vec::{AVec, RuntimeAlign};
use pages::{PAGES_MAX, PageMap};
use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::rc::Rc;

/// Bytes of the largest region, and so of the largest lease: one huge page of x86-64 and of most arm64 kernels.
pub(crate) const REGION_BYTES_MAX: usize = PAGES_MAX * PAGE_BYTES;

/// Bytes of the smallest region a tight limit can lead to.
const REGION_BYTES_MIN: usize = 64 << 10;

/// A region as a ring registers it: where it starts and how long it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegionSpan {
    /// First byte of the region.
    pub start: *mut u8,
    /// Length in bytes.
    pub bytes: usize,
}

struct Region {
    memory: AVec<MaybeUninit<u8>, RuntimeAlign>,
    pages: PageMap,
    /// The number under which a ring knows this region as a fixed buffer.
    fixed: Option<u16>,
}

struct Shared {
    regions: RefCell<Vec<Region>>,
    region_bytes: Cell<usize>,
    regions_max: Cell<usize>,
    huge: Cell<bool>,
}

/// One worker's bounded pool of I/O memory. Cloning it gives another handle to the same pool.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Rc<Shared>,
}

impl Pool {
    /// A pool that will hold at most `limit_bytes`, and at least one region of 64 KiB. No memory is taken yet.
    #[must_use]
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let shared = Shared {
            regions: RefCell::new(Vec::new()),
            region_bytes: Cell::new(REGION_BYTES_MAX),
            regions_max: Cell::new(1),
            huge: Cell::new(false),
        };
        let pool = Self { shared: Rc::new(shared) };
        pool.set_limit(limit_bytes);
        pool
    }

    /// Changes the limit for what is taken from now on: how many share the process's memory may be known only when there
    /// is work to share.
    pub(crate) fn set_limit(&self, limit_bytes: usize) {
        let fitting = (limit_bytes + 1).next_power_of_two() / 2;
        let region_bytes = fitting.clamp(REGION_BYTES_MIN, REGION_BYTES_MAX);
        self.shared.region_bytes.set(region_bytes);
        self.shared.regions_max.set((limit_bytes / region_bytes).max(1));
    }

    /// Bytes of the largest lease this pool can ever give.
    #[must_use]
    pub(crate) fn lease_bytes_max(&self) -> usize {
        self.shared.region_bytes.get()
    }

    /// Most regions that the pool may hold.
    #[must_use]
    pub(crate) fn regions_max(&self) -> usize {
        self.shared.regions_max.get()
    }

    /// From now on regions have their full size and ask for huge pages: worth it once a ring pins them or large blocks
    /// pass through, wasteful for a job of a few small files.
    pub(crate) fn want_huge_pages(&self) {
        self.shared.huge.set(true);
        // What the job has begun with would only be in the way. Leases know their region by its place, so it is all or
        // nothing.
        if self.is_whole() {
            self.shared.regions.borrow_mut().clear();
        }
    }

    /// Lends at least `bytes` bytes, rounded up to a power of two of whole pages. `None` when the pool is exhausted
    /// for now (leases in use will come back), when the kernel gives no memory, or when `bytes` is larger than
    /// [`lease_bytes_max`](Self::lease_bytes_max).
    #[must_use]
    pub(crate) fn lease(&self, bytes: usize) -> Option<Lease> {
        let pages = bytes.div_ceil(PAGE_BYTES).max(1).next_power_of_two();
        if pages * PAGE_BYTES > self.shared.region_bytes.get() {
            return None;
        }
        let mut regions = self.shared.regions.borrow_mut();
        for (number, region) in regions.iter_mut().enumerate() {
            if let Some(first) = region.pages.take(pages) {
                return Some(self.lend(number, region, first, pages));
            }
        }
        if regions.len() >= self.shared.regions_max.get() {
            return None;
        }
        let huge = self.shared.huge.get();
        let small = (pages * PAGE_BYTES).clamp(REGION_BYTES_MIN, self.shared.region_bytes.get());
        if !huge && regions.len() == 1 && regions[0].is_whole() {
            // The one region of a small job grows with what it is asked for.
            regions.clear();
        }
        let bytes = if huge || !regions.is_empty() { self.shared.region_bytes.get() } else { small };
        let mut region = Region::allocate_less(bytes, pages * PAGE_BYTES, huge)?;
        let first = region.pages.take(pages)?;
        let lease = self.lend(regions.len(), &mut region, first, pages);
        regions.push(region);
        Some(lease)
    }

    /// Whether every page is back: no lease is out.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        self.shared.regions.borrow().iter().all(Region::is_whole)
    }

    /// The regions that a ring does not know yet, with the number each should be registered under.
    #[must_use]
    pub(crate) fn unregistered(&self) -> Vec<(u16, RegionSpan)> {
        let mut regions = self.shared.regions.borrow_mut();
        let spans = regions.iter_mut().enumerate().filter(|(_, region)| region.fixed.is_none());
        spans.filter_map(|(number, region)| Some((u16::try_from(number).ok()?, region.span()))).collect()
    }

    /// Notes that the region of that number is now a fixed buffer under the same number.
    pub(crate) fn set_registered(&self, number: u16) {
        if let Some(region) = self.shared.regions.borrow_mut().get_mut(usize::from(number)) {
            region.fixed = Some(number);
        }
    }

    /// Forgets every registration: the ring that held them is gone.
    pub(crate) fn clear_registered(&self) {
        for region in self.shared.regions.borrow_mut().iter_mut() {
            region.fixed = None;
        }
    }

    /// How many regions are allocated, and how many of them are fixed buffers of a ring.
    #[must_use]
    pub(crate) fn region_counts(&self) -> (usize, usize) {
        let regions = self.shared.regions.borrow();
        (regions.len(), regions.iter().filter(|region| region.fixed.is_some()).count())
    }

    /// Never frees this pool's memory: for a ring that could not be drained, so that what the kernel may still write
    /// to stays mapped.
    pub(crate) fn leak(&self) {
        std::mem::forget(self.clone());
    }

    fn lend(&self, number: usize, region: &mut Region, first: usize, pages: usize) -> Lease {
        // SAFETY: `first + pages` lies inside the region, whose memory is as long as its page map says.
        let start = unsafe { region.memory.as_mut_ptr().cast::<u8>().add(first * PAGE_BYTES) };
        Lease {
            pool: Rc::clone(&self.shared),
            region: number,
            fixed: region.fixed,
            first,
            pages,
            start,
            filled: 0,
        }
    }
}

impl Region {
    /// A region of `bytes`, or of as much less as there is room for, down to `least`: the address space may be limited, and
    /// a region at a huge page's boundary takes twice its size.
    fn allocate_less(mut bytes: usize, least: usize, huge: bool) -> Option<Self> {
        loop {
            match Self::allocate(bytes, huge) {
                None if bytes > least => bytes = (bytes / 2).max(least),
                answer => return answer,
            }
        }
    }

    fn allocate(bytes: usize, huge: bool) -> Option<Self> {
        let mut memory: AVec<MaybeUninit<u8>, RuntimeAlign> =
            AVec::new(if huge { bytes } else { PAGE_BYTES });
        memory.try_reserve_exact(bytes).ok()?;
        // SAFETY: the capacity was reserved just now, and `MaybeUninit` bytes need no initial value.
        unsafe { memory.set_len(bytes) };
        if huge && bytes == REGION_BYTES_MAX {
            // SAFETY: the range is exactly this allocation; the advice changes no contents.
            let advised = unsafe {
                rustix::mm::madvise(memory.as_mut_ptr().cast(), bytes, rustix::mm::Advice::LinuxHugepage)
            };
            // Kernels without huge pages say EINVAL; small pages then serve as well.
            match advised {
                Ok(()) | Err(_) => {}
            }
        }
        Some(Self { memory, pages: PageMap::new(bytes / PAGE_BYTES), fixed: None })
    }

    fn is_whole(&self) -> bool {
        self.pages.free() * PAGE_BYTES == self.memory.len()
    }

    fn span(&mut self) -> RegionSpan {
        RegionSpan { start: self.memory.as_mut_ptr().cast(), bytes: self.memory.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn leases_are_aligned_bounded_and_come_back() {
        let pool = Pool::new(4 << 20);
        pool.want_huge_pages();
        let mut held: Vec<Lease> = std::iter::from_fn(|| pool.lease(1 << 20)).collect();
        assert_eq!(held.len(), 4, "four leases of 1 MiB fill a pool of 4 MiB");
        assert!(pool.lease(1).is_none());
        assert!(held.iter_mut().all(|lease| lease.as_mut_ptr().addr() % (1 << 20) == 0));
        held.pop();
        assert!(pool.lease(5000).is_some_and(|lease| lease.capacity() == 8192));
        drop(held);
        assert!(pool.is_whole());
    }

    #[test]
    fn a_small_job_takes_little_memory_until_it_grows() {
        let pool = Pool::new(4 << 20);
        let bytes = |pool: &Pool| pool.unregistered().iter().map(|(_, span)| span.bytes).sum::<usize>();
        drop(pool.lease(100));
        assert_eq!(bytes(&pool), REGION_BYTES_MIN);
        drop(pool.lease(128 << 10));
        assert_eq!(bytes(&pool), 128 << 10);
        pool.want_huge_pages();
        let held = pool.lease(100);
        assert_eq!(bytes(&pool), REGION_BYTES_MAX);
        drop(held);
    }

    #[test]
    fn a_tight_limit_makes_small_regions() {
        let pool = Pool::new(512 << 10);
        assert_eq!((pool.lease_bytes_max(), pool.regions_max()), (512 << 10, 1));
        assert!(pool.lease((512 << 10) + 1).is_none());
        assert_eq!(Pool::new(0).lease_bytes_max(), REGION_BYTES_MIN);
    }

    #[test]
    fn only_what_was_filled_can_be_seen() {
        let pool = Pool::new(1 << 20);
        let mut lease = pool.lease(100).expect("an empty pool has a lease");
        assert!(lease.bytes().is_empty());
        let zero = std::fs::File::open("/dev/zero").expect("/dev/zero");
        let filled = lease.read(zero.as_fd(), None, 3);
        assert_eq!((filled, lease.bytes()), (Ok(3), &[0_u8; 3][..]));
    }

    #[test]
    fn a_registered_region_lends_fixed_leases() {
        let pool = Pool::new(2 << 20);
        drop(pool.lease(1));
        assert_eq!(pool.unregistered().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0]);
        pool.set_registered(0);
        assert_eq!(pool.lease(1).and_then(|lease| lease.fixed()), Some(0));
        assert_eq!((pool.region_counts(), pool.unregistered().len()), ((1, 1), 0));
    }
}
