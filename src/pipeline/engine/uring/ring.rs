//! The ring itself: set-up, registration, and the only place where entries are pushed to the kernel.
//!
//! Unsafe here means promises to the kernel: that a name, a buffer and a descriptor stay what they are until the
//! completion. They hold because whatever an entry points into is owned by a chain that sits in the engine's table from
//! before the push until after the completion, and because the engine drains before it lets go of the table.
#![allow(unsafe_code, reason = "entries of the ring carry raw pointers")]

use super::pauses::Pauses;
use crate::bufpool::{Lease, RegionSpan};
use crate::pipeline::engine::Wait;
use crate::report::message::describe;
use io_uring::types::{DestinationSlot, Fd, Fixed};
use io_uring::{IoUring, Probe, cqueue, opcode, squeue};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::fmt;

/// What the user asked of the ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RingConfig {
    /// Entries of the submission queue; the completion queue has twice as many.
    pub entries: u32,
    /// A kernel thread takes submissions, and sleeps after this number of idle milliseconds.
    pub sqpoll_idle_ms: Option<u32>,
    /// Completions of reads and writes are polled for.
    pub iopoll: bool,
    /// Slots of the registered-file table.
    pub files: u32,
    /// Numbers of the fixed-buffer table.
    pub buffers: u32,
}

/// Why there is no ring, and at which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The step that was refused, in words for `--stats` and messages.
    pub step: &'static str,
    /// What the kernel said.
    pub errno: Errno,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "io_uring is not available ({}): {}", self.step, describe(self.errno))
    }
}

/// A set-up ring.
pub(super) struct Ring {
    ring: IoUring,
    /// Whether links on direct descriptors can be had (see `route::Rules::links`).
    pub links: bool,
    /// Whether numbers for fixed buffers can be had.
    pub fixed_buffers: bool,
    /// io_uring_enter(2) calls so far.
    pub enters: u64,
    /// Entries pushed that the kernel had not taken when it was called last.
    pub unsubmitted: usize,
    pauses: Pauses,
    /// From which call on io_uring_enter(2) fails, and how.
    #[cfg(test)]
    pub fails_after: Option<(u64, Errno)>,
}

/// A file in an entry.
#[derive(Clone, Copy)]
pub(super) enum Target<'fd> {
    /// An ordinary descriptor.
    Plain(BorrowedFd<'fd>),
    /// A slot of the registered-file table.
    Direct(u32),
}

/// Memory in an entry: where, how much, and the fixed buffer it lies in.
#[derive(Clone, Copy)]
pub(super) struct Span {
    /// First byte.
    pub start: *mut u8,
    pub bytes: u32,
    /// Number of the fixed buffer around it.
    pub fixed: Option<u16>,
}

impl Ring {
    /// Sets up a ring, with the newest set of flags the kernel takes: SINGLE_ISSUER|DEFER_TASKRUN (6.1), then
    /// COOP_TASKRUN (5.19), then none.
    ///
    /// # Errors
    /// EPERM and ENOSYS where io_uring is blocked, ENOMEM under tight limits, EINVAL for wishes the kernel or device
    /// does not grant, EOPNOTSUPP where an operation we need is unknown.
    pub(super) fn new(wishes: RingConfig) -> Result<Self, Refusal> {
        let ring = Self::set_up(wishes)?;
        // A failure only costs the look-up of the ring's descriptor in each call.
        match ring.submitter().register_ring_fd() {
            Ok(()) | Err(_) => {}
        }
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe).map_err(|error| refusal("probe", &error))?;
        let needed = [
            opcode::OpenAt::CODE,
            opcode::Read::CODE,
            opcode::Write::CODE,
            opcode::Close::CODE,
            opcode::ReadFixed::CODE,
        ];
        if !needed.iter().all(|&code| probe.is_supported(code)) || !ring.params().is_feature_rw_cur_pos() {
            return Err(Refusal { step: "operations", errno: Errno::OPNOTSUPP });
        }
        let links = ring.params().is_feature_linked_file()
            && ring.params().is_feature_skip_cqe_on_success()
            && ring.submitter().register_files_sparse(wishes.files).is_ok();
        let fixed_buffers = ring.submitter().register_buffers_sparse(wishes.buffers).is_ok();
        Ok(Self {
            ring,
            links,
            fixed_buffers,
            enters: 0,
            unsubmitted: 0,
            pauses: Pauses::default(),
            #[cfg(test)]
            fails_after: None,
        })
    }

    fn set_up(wishes: RingConfig) -> Result<IoUring, Refusal> {
        let mut last = Refusal { step: "set-up", errno: Errno::INVAL };
        for rung in 0..3 {
            let mut builder = IoUring::builder();
            builder.setup_clamp();
            match (rung, wishes.sqpoll_idle_ms) {
                (0, None) => _ = builder.setup_single_issuer().setup_defer_taskrun(),
                (1, None) => _ = builder.setup_coop_taskrun(),
                (_, None) => {}
                // The polling thread runs completions, so there is no task work to defer or to cooperate on.
                (0, Some(idle_ms)) => _ = builder.setup_single_issuer().setup_sqpoll(idle_ms),
                (_, Some(idle_ms)) => _ = builder.setup_sqpoll(idle_ms),
            }
            if wishes.iopoll {
                builder.setup_iopoll();
            }
            match builder.build(wishes.entries) {
                Ok(ring) => return Ok(ring),
                Err(error) => last = refusal("set-up", &error),
            }
            if last.errno != Errno::INVAL {
                break;
            }
        }
        Err(last)
    }

    /// Lets this number of operations on files sleep side by side, each in a thread of the kernel's. Without it there
    /// are four a core at most. Kernels before 5.15 keep to that.
    pub(super) fn sleep_side_by_side(&self, operations: u32) {
        match self.ring.submitter().register_iowq_max_workers(&mut [operations, 0]) {
            Ok(()) | Err(_) => {}
        }
    }

    /// Most completions that can be outstanding.
    #[must_use]
    pub(super) fn completions_max(&self) -> usize {
        usize::try_from(self.ring.params().cq_entries()).unwrap_or(usize::MAX)
    }

    /// Makes a pool region a fixed buffer under `number`.
    ///
    /// # Errors
    /// ENOMEM where RLIMIT_MEMLOCK does not allow it.
    pub(super) fn register_region(&self, number: u16, region: RegionSpan) -> Result<(), Errno> {
        let vector = libc::iovec { iov_base: region.start.cast(), iov_len: region.bytes };
        // SAFETY: the pool keeps its regions until it is dropped, which is after this ring by the engine's field order.
        unsafe { self.ring.submitter().register_buffers_update(u32::from(number), &[vector], None) }
            .map_err(|error| errno_of(&error))
    }

    /// Pushes linked entries, all or none. They must fit the queue; see [`make_room`](Self::make_room).
    ///
    /// # Errors
    /// EBUSY where the queue has no room for all of them.
    pub(super) fn push(&mut self, entries: &[squeue::Entry]) -> Result<(), Errno> {
        // SAFETY: the module's promise: entries point into chains that outlive their completion.
        unsafe { self.ring.submission().push_multiple(entries) }.map_err(|_full| Errno::BUSY)?;
        self.unsubmitted += entries.len();
        Ok(())
    }

    /// Submits until `entries` more fit the queue.
    ///
    /// # Errors
    /// What io_uring_enter(2) answered.
    pub(super) fn make_room(&mut self, entries: usize) -> Result<(), Errno> {
        loop {
            let queue = self.ring.submission();
            let (capacity, length) = (queue.capacity(), queue.len());
            drop(queue);
            if capacity - length >= entries {
                return Ok(());
            }
            self.enter(0)?;
            if self.ring.params().is_setup_sqpoll() {
                let began = self.pauses.begin();
                match self.ring.submitter().squeue_wait() {
                    Ok(_) => {}
                    Err(error) => self.pauses.bear(errno_of(&error), began)?,
                }
            }
        }
    }

    /// Submits what was pushed, and waits as told for completions.
    ///
    /// # Errors
    /// What io_uring_enter(2) answered. EINTR, EBUSY and their like mean that completions are to be taken first, and are
    /// an error only where they do not end.
    pub(super) fn submit(&mut self, wait: Wait) -> Result<(), Errno> {
        match wait {
            Wait::ForOne if self.ring.completion().is_empty() => self.enter(1),
            Wait::ForOne | Wait::No if self.unsubmitted > 0 => self.enter(0),
            Wait::ForOne => Ok(()),
            Wait::No => self.collect(0),
        }
    }

    /// Waits as told for completions, and submits nothing.
    ///
    /// # Errors
    /// What io_uring_enter(2) answered again and again.
    pub(super) fn drain(&mut self, wait: Wait) -> Result<(), Errno> {
        match wait {
            Wait::ForOne if self.ring.completion().is_empty() => self.collect(1),
            Wait::ForOne => Ok(()),
            Wait::No => self.collect(0),
        }
    }

    fn enter(&mut self, want: usize) -> Result<(), Errno> {
        self.enters += 1;
        let began = self.pauses.begin();
        let answer = self
            .trial()
            .and_then(|()| self.ring.submitter().submit_and_wait(want).map_err(|error| errno_of(&error)));
        // What the kernel has taken is told by the queue itself.
        let before = std::mem::replace(&mut self.unsubmitted, self.ring.submission().len());
        let left = before > 0 && !self.is_polled_for_submissions();
        let in_vain = self.unsubmitted == before && (left || want > 0) && self.ring.completion().is_empty();
        match answer {
            Ok(_) if in_vain => self.pauses.bear(Errno::AGAIN, began)?,
            Ok(_) => self.pauses.end(),
            Err(errno) => self.pauses.bear(errno, began)?,
        }
        Ok(())
    }

    /// Lets the kernel post what has completed meanwhile: with DEFER_TASKRUN it does so only inside the call.
    fn collect(&mut self, want: u32) -> Result<(), Errno> {
        const GETEVENTS: u32 = 1;
        self.enters += 1;
        let began = self.pauses.begin();
        let answer = self.trial().and_then(|()| {
            // SAFETY: submits nothing and passes no argument.
            let answer = unsafe { self.ring.submitter().enter::<libc::sigset_t>(0, want, GETEVENTS, None) };
            answer.map_err(|error| errno_of(&error))
        });
        let in_vain = want > 0 && self.ring.completion().is_empty();
        match answer {
            Ok(_) if in_vain => self.pauses.bear(Errno::AGAIN, began)?,
            Ok(_) => self.pauses.end(),
            Err(_) if !self.ring.completion().is_empty() => self.pauses.end(),
            Err(errno) => self.pauses.bear(errno, began)?,
        }
        Ok(())
    }

    /// Fails where a test says that io_uring_enter(2) does from now on.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "only tests have something to do here")]
    fn trial(&self) -> Result<(), Errno> {
        Ok(())
    }

    #[cfg(test)]
    fn trial(&self) -> Result<(), Errno> {
        match self.fails_after {
            Some((calls, errno)) if self.enters > calls => Err(errno),
            Some(_) | None => Ok(()),
        }
    }

    /// Empties a slot of the registered-file table that no operation uses. Answers whether it can be used again.
    pub(super) fn empty_slot(&self, slot: u32) -> bool {
        self.ring.submitter().register_files_update(slot, &[-1]).is_ok()
    }

    /// Whether a kernel thread takes what was pushed, whenever it likes.
    pub(super) fn is_polled_for_submissions(&self) -> bool {
        self.ring.params().is_setup_sqpoll()
    }

    /// The next completion that is there.
    pub(super) fn next_completion(&mut self) -> Option<cqueue::Entry> {
        self.ring.completion().next()
    }
}

/// OPENAT of a name into an ordinary descriptor, or into the slot `direct`.
#[must_use]
pub(super) fn open_entry(
    directory: BorrowedFd<'_>,
    name: &CStr,
    flags: OFlags,
    mode: Mode,
    direct: Option<u32>,
) -> squeue::Entry {
    let slot = direct.and_then(|slot| DestinationSlot::try_from_slot_target(slot).ok());
    // A direct descriptor is in no table that exec(2) could inherit, and the kernel refuses the flag for it.
    let flags = if slot.is_some() { flags.difference(OFlags::CLOEXEC) } else { flags | OFlags::CLOEXEC };
    opcode::OpenAt::new(Fd(directory.as_raw_fd()), name.as_ptr())
        .flags(i32::from_ne_bytes(flags.bits().to_ne_bytes()))
        .mode(mode.bits())
        .file_index(slot)
        .build()
}

/// READ_FIXED where the memory is registered, READ elsewhere. An offset of `u64::MAX` means the file's position.
#[must_use]
pub(super) fn read_entry(file: Target<'_>, into: Span, offset: u64) -> squeue::Entry {
    match (file, into.fixed) {
        (Target::Plain(fd), Some(fixed)) => {
            opcode::ReadFixed::new(Fd(fd.as_raw_fd()), into.start, into.bytes, fixed).offset(offset).build()
        }
        (Target::Direct(slot), Some(fixed)) => {
            opcode::ReadFixed::new(Fixed(slot), into.start, into.bytes, fixed).offset(offset).build()
        }
        (Target::Plain(fd), None) => {
            opcode::Read::new(Fd(fd.as_raw_fd()), into.start, into.bytes).offset(offset).build()
        }
        (Target::Direct(slot), None) => {
            opcode::Read::new(Fixed(slot), into.start, into.bytes).offset(offset).build()
        }
    }
}

/// WRITE_FIXED where the memory is registered, WRITE elsewhere. An offset of `u64::MAX` means the file's position.
#[must_use]
pub(super) fn write_entry(file: Target<'_>, from: Span, offset: u64) -> squeue::Entry {
    match (file, from.fixed) {
        (Target::Plain(fd), Some(fixed)) => {
            opcode::WriteFixed::new(Fd(fd.as_raw_fd()), from.start, from.bytes, fixed).offset(offset).build()
        }
        (Target::Direct(slot), Some(fixed)) => {
            opcode::WriteFixed::new(Fixed(slot), from.start, from.bytes, fixed).offset(offset).build()
        }
        (Target::Plain(fd), None) => {
            opcode::Write::new(Fd(fd.as_raw_fd()), from.start, from.bytes).offset(offset).build()
        }
        (Target::Direct(slot), None) => {
            opcode::Write::new(Fixed(slot), from.start, from.bytes).offset(offset).build()
        }
    }
}

/// FSYNC, of data and metadata.
#[must_use]
pub(super) fn sync_entry(file: Target<'_>) -> squeue::Entry {
    match file {
        Target::Plain(fd) => opcode::Fsync::new(Fd(fd.as_raw_fd())).build(),
        Target::Direct(slot) => opcode::Fsync::new(Fixed(slot)).build(),
    }
}

/// CLOSE of an ordinary descriptor, or of a slot of the registered-file table.
#[must_use]
pub(super) fn close_entry(file: Target<'_>) -> squeue::Entry {
    match file {
        Target::Plain(fd) => opcode::Close::new(Fd(fd.as_raw_fd())).build(),
        Target::Direct(slot) => opcode::Close::new(Fixed(slot)).build(),
    }
}

fn refusal(step: &'static str, error: &std::io::Error) -> Refusal {
    Refusal { step, errno: errno_of(error) }
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Notes that the kernel has filled the first `bytes` bytes of a lease, as the completion of a read into it says.
pub(super) fn filled_by_kernel(lease: &mut Lease, bytes: u32) {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(lease.capacity());
    // SAFETY: called with the result of a completed read into this lease, whose entry was bounded by its capacity.
    unsafe { lease.set_filled(bytes) };
}
