//! Standard output: what is gathered for it, and what it is.

use crate::bufpool::Lease;
use crate::plan::facts::Facts;
use crate::plan::looping::Output;
use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, OFlags, SeekFrom};
use rustix::io::Errno;
use std::io::IoSlice;
use std::marker::PhantomData;

/// Buffers that go into one writev(2): its own limit.
const GATHERED_MAX: usize = 1024;

/// Gathers buffers and writes them in order.
pub struct Writer<'a> {
    output: BorrowedFd<'static>,
    facts: Facts,
    gathered: Vec<Lease>,
    written: u64,
    error: Option<Errno>,
    run: PhantomData<&'a ()>,
}

impl Writer<'_> {
    /// Standard output, if it is open.
    ///
    /// # Errors
    /// EBADF where it was closed at exec, or is not open for writing at all.
    pub fn new() -> Result<Self, Errno> {
        let output = rustix::stdio::stdout();
        let facts = Facts::of(&rustix::fs::fstat(output)?);
        Ok(Self { output, facts, gathered: Vec::new(), written: 0, error: None, run: PhantomData })
    }

    /// Whether a file is the one that is written to, which then has to be looked at when its turn comes.
    pub fn is(&self, file: &Facts) -> bool {
        self.facts.kind == FileType::RegularFile && self.facts.identity == file.identity
    }

    /// The output as it is now.
    pub fn now(&self) -> Output {
        let flags = rustix::fs::fcntl_getfl(self.output).unwrap_or(OFlags::empty());
        Output {
            identity: self.facts.identity,
            append: flags.contains(OFlags::APPEND),
            offset: rustix::fs::seek(self.output, SeekFrom::Current(0)).ok(),
        }
    }

    /// The descriptor, for chains that write by themselves.
    pub fn descriptor(&self) -> BorrowedFd<'static> {
        self.output
    }

    /// Takes a filled buffer to be written after those before it. Answers whether it is time to flush.
    pub fn gather(&mut self, lease: Lease) -> bool {
        if !lease.bytes().is_empty() {
            self.gathered.push(lease);
        }
        self.gathered.len() == GATHERED_MAX
    }

    /// Writes what is gathered, by as few calls as there can be.
    ///
    /// # Errors
    /// What writev(2) answered; it is kept for [`error`](Self::error).
    pub fn flush(&mut self) -> Result<(), Errno> {
        let mut slices: Vec<IoSlice<'_>> =
            self.gathered.iter().map(|lease| IoSlice::new(lease.bytes())).collect();
        let mut left = &mut slices[..];
        let mut outcome = Ok(());
        while !left.is_empty() {
            match rustix::io::writev(self.output, left) {
                Ok(0) => outcome = Err(Errno::NOSPC),
                Ok(written) => {
                    self.written += u64::try_from(written).unwrap_or(u64::MAX);
                    IoSlice::advance_slices(&mut left, written);
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(errno) => outcome = Err(errno),
            }
            break;
        }
        self.gathered.clear();
        self.error = outcome.err();
        outcome
    }

    /// Books what a chain has written by itself, or why it could not.
    pub fn wrote(&mut self, outcome: Result<u32, Errno>) {
        match outcome {
            Ok(bytes) => self.written += u64::from(bytes),
            Err(errno) => self.error = Some(errno),
        }
    }

    /// Bytes written since the last call.
    pub fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.written)
    }

    /// Why writing ended, if it did.
    pub fn error(&self) -> Option<Errno> {
        self.error
    }
}
