//! Owns the plain system calls, and the count of all calls that reading takes.
//!
//! Each call is counted where it is made, before its result is known: a call that fails or is interrupted costs as much
//! as one that does not. `strace -fc` must agree with the sums.

use std::fmt;
use std::io::IoSliceMut;
use std::ops::AddAssign;

use anyhow::{Context, Result, ensure};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::files::{FILE_BYTES, FileSet};

/// How often each system call was made.
#[derive(Clone, Copy, Default)]
pub struct Calls {
    pub openat: u64,
    pub readv: u64,
    pub close: u64,
    pub io_uring_enter: u64,
}

impl Calls {
    pub fn sum(&self) -> u64 {
        self.openat + self.readv + self.close + self.io_uring_enter
    }

    /// Opens file `index` of the set for reading.
    pub fn open(&mut self, files: &FileSet, index: usize) -> Result<OwnedFd> {
        let name = files.name(index)?;
        self.openat += 1;
        rustix::fs::openat(files.directory(), name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .with_context(|| format!("opening file {index}"))
    }

    /// Reads a whole file into `buffer`; fewer bytes than the file has are an error.
    pub fn readv(&mut self, file: &OwnedFd, buffer: &mut [u8]) -> Result<usize> {
        let bytes = loop {
            self.readv += 1;
            match rustix::io::readv(file, &mut [IoSliceMut::new(buffer)]) {
                Err(Errno::INTR) => {}
                result => break result.context("readv")?,
            }
        };
        ensure!(bytes == FILE_BYTES, "readv gave {bytes} bytes in place of {FILE_BYTES}");
        Ok(bytes)
    }

    /// Closes a file that was only read, whose close has nothing to report.
    pub fn close(&mut self, file: OwnedFd) {
        self.close += 1;
        drop(file);
    }
}

impl AddAssign for Calls {
    fn add_assign(&mut self, other: Calls) {
        self.openat += other.openat;
        self.readv += other.readv;
        self.close += other.close;
        self.io_uring_enter += other.io_uring_enter;
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calls { openat, readv, close, io_uring_enter } = self;
        write!(formatter, "openat {openat}, readv {readv}, close {close}, io_uring_enter {io_uring_enter}")
    }
}
