//! A typed `io_uring`: chains of linked operations on one source and one destination, by direct descriptors and fixed
//! buffers, with completions that need not be waited for.
//!
//! A [`LinkedChain`] is plain data: what to open, read, write, make durable and close, in order. A [`Ring`] takes it, submits
//! it as one linked submission as far as the kernel allows, and gives it back, whole or cut at the operation that failed or
//! came short, with everything that it owns. It is what `ucp` copies small files by.
//!
//! ```
//! use std::ffi::CString;
//! use std::os::unix::ffi::OsStrExt;
//! use ucp::ring::{Config, End, LinkedChain, Ring};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = std::env::temp_dir().join(format!("ucp-ring-{}", std::process::id()));
//! # std::fs::create_dir_all(&place)?;
//! # std::fs::write(place.join("a"), "contents")?;
//! # let name = |name: &str| CString::new(place.join(name).as_os_str().as_bytes());
//! # let [a, b] = [name("a")?, name("b")?];
//! let mut ring = match Ring::new(Config::default()) {
//!     Ok(ring) => ring,
//!     Err(unavailable) => return Ok(println!("{unavailable}")), // in most containers, for one
//! };
//! let buffer = ring.buffer(8).ok_or("no memory")?;
//! let chain = LinkedChain::new()
//!     .buffer(buffer)
//!     .source_like(std::fs::File::open(&place)?)?
//!     .open_source(&a)
//!     .create_destination(&b, 0o666)
//!     .read_exactly(Some(0), 8)
//!     .write(Some(0), 0, 8)
//!     .close(End::Destination)
//!     .close(End::Source);
//! ring.push(chain)?;
//! for completed in ring.wait()? {
//!     completed.outcome?;
//! }
//! # assert_eq!(std::fs::read(place.join("b"))?, b"contents");
//! # std::fs::remove_dir_all(place)?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/linked_copy.rs` is the same as a program.
//!
//! # Safety
//!
//! All of it is safe to call. What an `io_uring` asks of its user (that names, memory and descriptors stay what they are until
//! the completion) is kept by ownership, not by the caller's care:
//!
//! - **Whatever the kernel is given belongs to the chain**: names, buffer, descriptors. A chain that is pushed is
//!   moved into the ring and comes back with its completion, so that no caller can touch what is in flight.
//! - **A ring that is dropped waits** for what is in flight. What does not come back, as the ring itself broke, is leaked: its
//!   memory stays mapped, and its descriptors stay open. So does all of a ring that is forgotten.
//! - **A buffer is seen as far as it was filled**, by a completed read or by [`Buffer::fill`]; a chain that would write more
//!   is rejected. Memory that was another file's never gets into a file.
//! - **Direct descriptors are numbers of one ring**: a chain that has files of one, or a buffer, is rejected by every other.
//! - **A completion is known by a number with a generation**, never by a pointer that the kernel hands back.
//! - **A ring stays in its thread**, with its chains and buffers: none of them is `Send`.
//!
//! A chain that was cut may have files open: [`Completed::chain`] can be pushed again with what closes them
//! ([`LinkedChain::then`]). Where it is dropped instead, ordinary descriptors are closed, and a direct one is as long as its
//! ring, which has two for each chain in flight.
//!
//! # What is linked
//!
//! Direct descriptors, and with them a chain as one submission, need Linux 5.17; before that ([`Ring::links`]) operations
//! enter the ring one after the other. Behind a read nothing is linked but where exactly as many bytes must come
//! ([`LinkedChain::read_exactly`]) from a file system where a ring may say where a file ends
//! ([`LinkedChain::source_like`]). A regular file of another file system, FUSE for one, is read by a plain call, which
//! [`Ring::push`] or the taking of completions waits for. What a ring is refused at work (threads, memory) is done by plain calls of the same thread.

mod linked_chain;

pub use crate::pipeline::chain::End;
pub use linked_chain::{Buffer, Completed, Cut, LinkedChain, Slot};

use crate::bufpool::Pool;
use crate::pipeline::engine::uring::{Refusal, Setup, Uring};
use crate::pipeline::engine::{Engine, Wait};
use rustix::io::Errno;
use std::error::Error;
use std::fmt;
use std::io;
use std::rc::Rc;

/// How a ring is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Most chains in flight, from 1 to 4096.
    pub queue_depth: u32,
    /// Bytes of I/O memory, which are taken as they are asked for. They count against `RLIMIT_MEMLOCK`; what that does not
    /// allow is no fixed buffer.
    pub buffer_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { queue_depth: 64, buffer_bytes: 8 << 20 }
    }
}

/// A ring that chains are run by.
pub struct Ring {
    engine: Uring,
    pool: Pool,
    /// What its chains and buffers are known by.
    identity: Rc<()>,
}

impl Ring {
    /// Sets up a ring.
    ///
    /// # Errors
    /// EPERM or ENOSYS where `io_uring` is forbidden or absent, ENOMEM under tight limits, EOPNOTSUPP before Linux 5.6.
    pub fn new(config: Config) -> Result<Self, Unavailable> {
        let pool = Pool::new(config.buffer_bytes);
        let setup = Setup {
            queue_depth: config.queue_depth.clamp(1, 4096),
            fused: true,
            fused_where_slow: true,
            sqpoll_idle_ms: None,
            iopoll: false,
        };
        let mut engine = Uring::new(setup, &pool).map_err(Unavailable)?;
        // The first region is there, and registered, before the first buffer is lent.
        drop(pool.lease(1));
        engine.register_buffers();
        Ok(Self { engine, pool, identity: Rc::new(()) })
    }

    /// Lends at least this number of bytes of I/O memory. `None` while too many are lent, and for more than 2 MiB.
    #[must_use]
    pub fn buffer(&self, bytes: usize) -> Option<Buffer> {
        let lease = self.pool.lease(bytes)?;
        Some(Buffer { lease, ring: Rc::clone(&self.identity) })
    }

    /// Takes a chain to run. It is submitted, together with others, by [`poll`](Self::poll) or [`wait`](Self::wait).
    ///
    /// # Errors
    /// The chain itself: the ring is full, which is a normal outcome, or the chain cannot be run ([`Reason`]).
    pub fn push(&mut self, chain: LinkedChain) -> Result<(), Box<Rejected>> {
        if let Err(reason) = chain.check(&self.identity) {
            return Err(Box::new(Rejected { chain, reason }));
        }
        let operations = chain.submit(&self.identity);
        self.engine.push(operations).map_err(|back| {
            let chain = LinkedChain::back(*back, &self.identity);
            Box::new(Rejected { chain, reason: Reason::Full })
        })
    }

    /// Submits what was pushed, and gives back the chains that are done, without waiting for any.
    ///
    /// # Errors
    /// The ring itself broke: [`lost`](Self::lost) has the tokens of chains that never come back.
    pub fn poll(&mut self) -> io::Result<Vec<Completed>> {
        self.reap(Wait::No)
    }

    /// The same, but waits until there is one, if any is in flight.
    ///
    /// # Errors
    /// As for [`poll`](Self::poll).
    pub fn wait(&mut self) -> io::Result<Vec<Completed>> {
        self.reap(Wait::ForOne)
    }

    fn reap(&mut self, wait: Wait) -> io::Result<Vec<Completed>> {
        let mut completions = Vec::new();
        self.engine.reap(wait, &mut completions)?;
        if completions.is_empty() && self.in_flight() > 0 {
            // Rings that run completions in the caller's calls post none between them.
            self.engine.collect()?;
            self.engine.reap(Wait::No, &mut completions)?;
        }
        Ok(completions.into_iter().map(|done| Completed::of(done, &self.identity)).collect())
    }

    /// How many chains are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.engine.in_flight()
    }

    /// The tokens of chains that never come back, once the ring broke.
    #[must_use]
    pub fn lost(&self) -> Vec<u64> {
        self.engine.lost()
    }

    /// True if whole chains can be one linked submission.
    #[must_use]
    pub fn links(&self) -> bool {
        self.engine.capabilities().fused
    }

    /// How often the kernel was called to submit or to wait: `io_uring_enter(2)`.
    #[must_use]
    pub fn submissions(&self) -> u64 {
        self.engine.counters().submissions
    }

    /// How many operations have run in the ring; all others ran by plain calls.
    #[must_use]
    pub fn ring_operations(&self) -> u64 {
        self.engine.counters().ring_operations
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

/// Why there is no ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable(Refusal);

impl Unavailable {
    /// The kernel's error number.
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.0.errno.raw_os_error()
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unavailable {}

/// A chain that was not taken, and why.
#[derive(Debug)]
pub struct Rejected {
    /// The chain as it was.
    pub chain: LinkedChain,
    /// Why.
    pub reason: Reason,
}

/// Why a chain was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// As many chains are in flight as there may be: take completions, and push again.
    Full,
    /// Its buffer or its files are another ring's.
    Foreign,
    /// It has more than 8 operations.
    TooLong,
    /// It reads or writes without a buffer, or reads more than the buffer holds.
    NoBuffer,
    /// It would write bytes that nothing has filled.
    NotFilled,
    /// It opens an end that is open, or uses one that is not.
    WrongEnd,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Full => "as many chains are in flight as there may be",
            Reason::Foreign => "the chain's buffer or files are another ring's",
            Reason::TooLong => "the chain has more than 8 operations",
            Reason::NoBuffer => "the chain has no buffer of this size",
            Reason::NotFilled => "the chain would write bytes that nothing has filled",
            Reason::WrongEnd => "the chain opens an end that is open, or uses one that is not",
        })
    }
}

impl Error for Rejected {}

impl From<Cut> for io::Error {
    fn from(cut: Cut) -> Self {
        match cut.errno() {
            Some(errno) => Self::from_raw_os_error(errno),
            None => Self::new(io::ErrorKind::UnexpectedEof, cut),
        }
    }
}

/// The error of a refused file system look-up.
fn io_error(errno: Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.raw_os_error())
}
