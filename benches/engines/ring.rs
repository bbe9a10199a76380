//! Owns the ring, the buffers the kernel writes into, and every unsafe line of this bench.
//!
//! A slot is a buffer, and in a registered ring also a place in the file table. Operations name slots, never addresses,
//! and each operation posts exactly one completion, also when it fails or is cancelled: counting them says when the
//! kernel is done with the memory. (The engine of `ucp` skips completions of successful links; here exact counting is
//! worth the few nanoseconds.)
#![allow(unsafe_code)]

use std::hint;
use std::io;
use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aligned_vec::{AVec, ConstAlign, avec};
use anyhow::{Context, Result, anyhow, ensure};
use io_uring::types::{DestinationSlot, Fd, Fixed};
use io_uring::{EnterFlags, IoUring, opcode, squeue};
use rustix::fd::{AsRawFd, OwnedFd};

use crate::files::{FILE_BYTES, FILE_LENGTH, FileSet};

/// Slots of a ring: as many files are on their way at once.
pub const SLOTS: u16 = 64;

/// Longest chain pushed for one slot: OPENAT, READ, CLOSE.
const CHAIN_LENGTH: u32 = 3;

/// Idle time after which the kernel's polling thread sleeps: the shortest it takes, so that it does not keep a core
/// busy while another way is measured.
const POLLER_IDLE_MS: u32 = 1;

/// How often the completion queue is looked at before sleeping in `io_uring_enter`, where the kernel polls.
const LOOKS_BEFORE_WAIT: u32 = 10_000;

pub type Buffer = AVec<u8, ConstAlign<4096>>;

/// A buffer for one whole file, page aligned.
pub fn buffer() -> Buffer {
    avec![[4096]| 0; FILE_BYTES]
}

/// What a ring is set up with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Plain descriptors and buffers.
    Plain,
    /// A sparse table of direct descriptors, and buffers registered with the kernel.
    Registered,
    /// As `Registered`, and a kernel thread polls for submissions (SQPOLL).
    RegisteredPolled,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Open,
    Read,
    Close,
}

/// The end of one operation: its slot, and the kernel's result. Only a `Read`'s result is a number of bytes.
pub struct Completion {
    pub slot: u16,
    pub operation: Operation,
    pub result: io::Result<u32>,
}

#[derive(Default)]
enum State {
    #[default]
    Free,
    /// A READ may be writing into the buffer. A plain ring keeps the file open here meanwhile.
    Reading(Option<OwnedFd>),
    /// The buffer is ours again, the CLOSE behind it still runs.
    Closing,
}

struct Slot {
    buffer: Buffer,
    state: State,
}

pub struct Ring {
    // Dropped in this order: the ring before the memory its operations point into.
    io: IoUring,
    slots: Vec<Slot>,
    files: Rc<FileSet>,
    polled: bool,
    /// Pushed since the last submission; where the kernel polls, it takes entries without being asked.
    unsubmitted: u32,
    /// Completions still to come.
    in_flight: u32,
    /// Calls of `io_uring_enter`.
    enters: u64,
    set_up: Duration,
}

impl Ring {
    /// Sets a ring up; an error says which step the kernel refused.
    pub fn new(setup: Setup, files: Rc<FileSet>) -> Result<Ring> {
        let mut slots: Vec<_> =
            (0..SLOTS).map(|_| Slot { buffer: buffer(), state: State::default() }).collect();
        let polled = setup == Setup::RegisteredPolled;
        let start = Instant::now();
        let io = if polled { polled_ring() } else { plain_ring() }.context("io_uring_setup")?;
        if setup != Setup::Plain {
            ensure!(io.params().is_feature_linked_file(), "links to direct descriptors need Linux 5.17");
            register(&io, &mut slots)?;
        }
        let set_up = start.elapsed();
        Ok(Ring { io, slots, files, polled, unsubmitted: 0, in_flight: 0, enters: 0, set_up })
    }

    /// Time from `io_uring_setup` to the last registration.
    pub fn set_up(&self) -> Duration {
        self.set_up
    }

    /// Calls of `io_uring_enter` since this was last asked.
    pub fn take_enters(&mut self) -> u64 {
        mem::take(&mut self.enters)
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub fn is_free(&self, slot: u16) -> bool {
        matches!(self.slots[usize::from(slot)].state, State::Free)
    }

    /// Queues a READ of the whole of `file` into the slot's buffer; the slot keeps the file until it is taken back.
    pub fn push_read(&mut self, slot: u16, file: OwnedFd) -> Result<()> {
        let descriptor = Fd(file.as_raw_fd());
        let address = self.claim(slot, Some(file))?;
        let read = opcode::Read::new(descriptor, address, FILE_LENGTH);
        self.push(&[read.build().user_data(tag(slot, Operation::Read))])
    }

    /// Queues OPENAT→READ→CLOSE of file `index` as one chain on the slot's direct descriptor and registered buffer.
    pub fn push_chain(&mut self, slot: u16, index: usize) -> Result<()> {
        let address = self.claim(slot, None)?;
        let place = u32::from(slot);
        let destination = DestinationSlot::try_from_slot_target(place)
            .map_err(|slot| anyhow!("slot {slot} is beyond the file table"))?;
        let name = self.files.name(index)?.as_ptr();
        let directory = Fd(self.files.directory().as_raw_fd());
        // No O_CLOEXEC: the kernel refuses it for a direct descriptor, which exec never inherits.
        let open = opcode::OpenAt::new(directory, name).flags(libc::O_RDONLY).file_index(Some(destination));
        let read = opcode::ReadFixed::new(Fixed(place), address, FILE_LENGTH, slot);
        let close = opcode::Close::new(Fixed(place));
        self.push(&[
            open.build().flags(squeue::Flags::IO_LINK).user_data(tag(slot, Operation::Open)),
            read.build().flags(squeue::Flags::IO_LINK).user_data(tag(slot, Operation::Read)),
            close.build().user_data(tag(slot, Operation::Close)),
        ])
    }

    /// Submits what is queued and sleeps until completions are there: all of them, or where the kernel polls, any.
    pub fn submit_and_wait(&mut self) -> Result<()> {
        if !self.polled {
            return self.enter(self.in_flight, EnterFlags::GETEVENTS);
        }
        if self.io.submission().need_wakeup() {
            return self.enter(1, EnterFlags::SQ_WAKEUP | EnterFlags::GETEVENTS);
        }
        for _ in 0..LOOKS_BEFORE_WAIT {
            if !self.io.completion().is_empty() {
                return Ok(());
            }
            hint::spin_loop();
        }
        self.enter(1, EnterFlags::GETEVENTS)
    }

    /// The next completion, if one is there.
    pub fn reap(&mut self) -> Result<Option<Completion>> {
        let Some(entry) = self.io.completion().next() else { return Ok(None) };
        let (slot, operation) = untag(entry.user_data())?;
        self.in_flight = self.in_flight.checked_sub(1).context("a completion nobody waits for")?;
        let state = &mut self.slots[usize::from(slot)].state;
        match operation {
            Operation::Open => {}
            // The file of a plain READ waits in its slot for `take_file`.
            Operation::Read if matches!(state, State::Reading(Some(_))) => {}
            Operation::Read => *state = State::Closing,
            Operation::Close => *state = State::Free,
        }
        let result = u32::try_from(entry.result())
            .map_err(|_| io::Error::from_raw_os_error(entry.result().wrapping_neg()));
        Ok(Some(Completion { slot, operation, result }))
    }

    /// The file of a plain READ, handed back after its completion; frees the slot.
    pub fn take_file(&mut self, slot: u16) -> Result<OwnedFd> {
        ensure!(self.in_flight == 0, "slot {slot} may still be read into");
        match mem::take(&mut self.slots[usize::from(slot)].state) {
            State::Reading(Some(file)) => Ok(file),
            State::Free | State::Closing | State::Reading(None) => Err(anyhow!("slot {slot} holds no file")),
        }
    }

    /// What the last READ put into a slot's buffer.
    pub fn data(&self, slot: u16) -> Result<&[u8]> {
        let Slot { buffer, state } = &self.slots[usize::from(slot)];
        ensure!(!matches!(state, State::Reading(_)), "slot {slot} may still be read into");
        Ok(buffer)
    }

    /// Whether the kernel's polling thread sleeps, or there is none.
    pub fn poller_sleeps(&mut self) -> bool {
        !self.polled || self.io.submission().need_wakeup()
    }

    /// Marks a free slot as being read into, and gives the address of its buffer.
    fn claim(&mut self, slot: u16, file: Option<OwnedFd>) -> Result<*mut u8> {
        let Slot { buffer, state } = self.slots.get_mut(usize::from(slot)).context("no such slot")?;
        ensure!(matches!(state, State::Free), "slot {slot} is in use");
        *state = State::Reading(file);
        Ok(buffer.as_mut_ptr())
    }

    fn push(&mut self, chain: &[squeue::Entry]) -> Result<()> {
        let length = u32::try_from(chain.len())?;
        // SAFETY: the buffer and name the entries point to belong to `slots` and `files`, which live until nothing is
        // in flight (see `drop`), and `claim` lets no second operation or reader at the buffer meanwhile.
        unsafe { self.io.submission().push_multiple(chain) }.context("the submission queue is full")?;
        if !self.polled {
            self.unsubmitted += length;
        }
        self.in_flight += length;
        Ok(())
    }

    fn enter(&mut self, wanted: u32, flags: EnterFlags) -> Result<()> {
        loop {
            self.enters += 1;
            let submitter = self.io.submitter();
            // SAFETY: no argument is passed, so there is no pointer for the kernel to follow; the entries were vouched
            // for when they were pushed.
            let result =
                unsafe { submitter.enter::<libc::sigset_t>(self.unsubmitted, wanted, flags.bits(), None) };
            match result {
                Ok(submitted) => {
                    self.unsubmitted = self.unsubmitted.saturating_sub(u32::try_from(submitted)?);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("io_uring_enter"),
            }
        }
    }
}

impl Drop for Ring {
    /// Operations of a ring that goes while they run may still write: their memory is given up rather than reused.
    fn drop(&mut self) {
        if self.in_flight > 0 {
            mem::forget(mem::take(&mut self.slots));
            mem::forget(Rc::clone(&self.files));
        }
    }
}

/// A ring that does the work within the caller's `io_uring_enter` where the kernel can (Linux 6.1).
fn plain_ring() -> io::Result<IoUring> {
    let entries = u32::from(SLOTS) * CHAIN_LENGTH;
    IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .build(entries)
        .or_else(|_| IoUring::builder().build(entries))
}

fn polled_ring() -> io::Result<IoUring> {
    IoUring::builder().setup_sqpoll(POLLER_IDLE_MS).build(u32::from(SLOTS) * CHAIN_LENGTH)
}

/// Registers an empty file table and every slot's buffer.
fn register(io: &IoUring, slots: &mut [Slot]) -> Result<()> {
    io.submitter().register_files_sparse(u32::from(SLOTS)).context("registering a file table")?;
    let buffers: Vec<_> = slots
        .iter_mut()
        .map(|slot| libc::iovec { iov_base: slot.buffer.as_mut_ptr().cast(), iov_len: FILE_BYTES })
        .collect();
    let submitter = io.submitter();
    // SAFETY: each vector is the whole of a buffer that the ring owns and neither grows nor moves; a buffer outlives
    // the operations on it (see `Ring::drop`).
    unsafe { submitter.register_buffers(&buffers) }.context("registering buffers")
}

/// A slot and an operation as the number that comes back with the completion.
fn tag(slot: u16, operation: Operation) -> u64 {
    let operation = match operation {
        Operation::Open => 0,
        Operation::Read => 1,
        Operation::Close => 2,
    };
    (u64::from(slot) << 2) | operation
}

fn untag(user_data: u64) -> Result<(u16, Operation)> {
    let slot = u16::try_from(user_data >> 2)?;
    ensure!(slot < SLOTS, "a completion for slot {slot}, which does not exist");
    match user_data & 3 {
        0 => Ok((slot, Operation::Open)),
        1 => Ok((slot, Operation::Read)),
        2 => Ok((slot, Operation::Close)),
        other => Err(anyhow!("a completion of unknown operation {other}")),
    }
}
