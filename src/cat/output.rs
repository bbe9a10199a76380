//! Standard output: what it is, and what is gathered for it, formatted where the options say so.

use crate::bufpool::Lease;
use crate::format::{Format, Machine, Moved, ROOM_BYTES};
use crate::patience::retry;
use crate::plan::facts::FileStat;
use crate::plan::looping::Output;
use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, OFlags, SeekFrom};
use rustix::io::Errno;
use std::io::IoSlice;
use std::marker::PhantomData;

/// Buffers that go into one writev(2): its own limit.
const GATHERED_MAX: usize = 1024;

/// Bytes of files read ahead that are collected before they are written: more would not stay in the processor's cache.
const GATHERED_BYTES: usize = 256 << 10;

/// Formatted bytes that are collected before they are written. With the input's block they stay in the processor's cache.
const FORMATTED_BYTES: usize = 128 << 10;

/// Formatted output that waits to be written.
struct Formatted {
    machine: Machine,
    bytes: Vec<u8>,
    filled: usize,
}

/// Gathers buffers and writes them in order.
pub(super) struct Writer<'a> {
    output: BorrowedFd<'static>,
    facts: FileStat,
    gathered: Vec<Lease>,
    gathered_bytes: usize,
    formatted: Option<Formatted>,
    written: u64,
    error: Option<Errno>,
    run: PhantomData<&'a ()>,
}

impl Writer<'_> {
    /// Standard output, if it is open; what is gathered goes through `format`.
    ///
    /// # Errors
    /// EBADF where it was closed at exec, or is not open for writing at all.
    pub(super) fn new(format: Format) -> Result<Self, Errno> {
        let output = rustix::stdio::stdout();
        let facts = FileStat::of(&rustix::fs::fstat(output)?);
        let formatted = (!format.is_plain()).then(|| Formatted {
            machine: Machine::new(format),
            bytes: vec![0; FORMATTED_BYTES + ROOM_BYTES],
            filled: 0,
        });
        let (gathered, gathered_bytes) = (Vec::new(), 0);
        let (written, error, run) = (0, None, PhantomData);
        Ok(Self { output, facts, gathered, gathered_bytes, formatted, written, error, run })
    }

    /// Whether bytes are changed on their way.
    pub(super) fn formats(&self) -> bool {
        self.formatted.is_some()
    }

    /// What changes them, where anything does; it has been given all that was gathered.
    pub(super) fn machine(&mut self) -> Option<&mut Machine> {
        self.formatted.as_mut().map(|formatted| &mut formatted.machine)
    }

    /// Whether a file is the one that is written to, which then has to be looked at when its turn comes.
    pub(super) fn is(&self, file: &FileStat) -> bool {
        self.facts.kind == FileType::RegularFile && self.facts.identity == file.identity
    }

    /// What was found when the run began.
    pub(super) fn facts(&self) -> &FileStat {
        &self.facts
    }

    /// The output as it is now.
    pub(super) fn now(&self) -> Output {
        let flags = rustix::fs::fcntl_getfl(self.output).unwrap_or(OFlags::empty());
        Output {
            identity: self.facts.identity,
            append: flags.contains(OFlags::APPEND),
            offset: rustix::fs::seek(self.output, SeekFrom::Current(0)).ok(),
        }
    }

    /// The descriptor, for what is written without being gathered.
    pub(super) fn descriptor(&self) -> BorrowedFd<'static> {
        self.output
    }

    /// Takes a filled buffer to be written after those before it, and writes when there is enough.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush).
    pub(super) fn gather(&mut self, lease: Lease) -> Result<(), Errno> {
        if self.formats() {
            return self.format(lease.bytes());
        }
        if !lease.bytes().is_empty() {
            self.gathered_bytes += lease.bytes().len();
            self.gathered.push(lease);
        }
        let enough = self.gathered.len() == GATHERED_MAX || self.gathered_bytes >= GATHERED_BYTES;
        if enough { self.flush() } else { Ok(()) }
    }

    /// Formats these bytes after those before them, and writes whenever there is a block of output.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush).
    pub(super) fn format(&mut self, mut input: &[u8]) -> Result<(), Errno> {
        while let Some(formatted) = &mut self.formatted
            && !input.is_empty()
        {
            let room = &mut formatted.bytes[formatted.filled..];
            let Moved { taken, put } = formatted.machine.feed(input, room);
            formatted.filled += put;
            input = &input[taken..];
            if formatted.filled > FORMATTED_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Whether anything waits to be written.
    pub(super) fn is_pending(&self) -> bool {
        !self.gathered.is_empty() || self.formatted.as_ref().is_some_and(|formatted| formatted.filled > 0)
    }

    /// Writes what is gathered, by as few calls as there can be.
    ///
    /// # Errors
    /// What writev(2) answered; it is kept for [`error`](Self::error).
    pub(super) fn flush(&mut self) -> Result<(), Errno> {
        if !self.is_pending() {
            return Ok(());
        }
        let outcome = match &mut self.formatted {
            Some(formatted) => {
                let filled = std::mem::take(&mut formatted.filled);
                write_all(self.output, &mut [IoSlice::new(&formatted.bytes[..filled])], &mut self.written)
            }
            None => {
                let mut slices: Vec<IoSlice<'_>> =
                    self.gathered.iter().map(|lease| IoSlice::new(lease.bytes())).collect();
                write_all(self.output, &mut slices, &mut self.written)
            }
        };
        self.gathered.clear();
        self.gathered_bytes = 0;
        self.error = outcome.err();
        outcome
    }

    /// Writes everything, and what formatting held back for what might have followed.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush).
    pub(super) fn finish(&mut self) -> Result<(), Errno> {
        if let Some(formatted) = &mut self.formatted {
            let held = formatted.machine.finish();
            let end = formatted.filled + held.len();
            formatted.bytes[formatted.filled..end].copy_from_slice(held);
            formatted.filled = end;
        }
        self.flush()
    }

    /// Books what was written without being gathered, or why it could not be.
    pub(super) fn wrote(&mut self, outcome: Result<u64, Errno>) {
        match outcome {
            Ok(bytes) => self.written += bytes,
            Err(errno) => self.error = Some(errno),
        }
    }

    /// Bytes written since the last call.
    pub(super) fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.written)
    }

    /// Why writing ended, if it did.
    pub(super) fn error(&self) -> Option<Errno> {
        self.error
    }
}

fn write_all(output: BorrowedFd<'_>, mut left: &mut [IoSlice<'_>], written: &mut u64) -> Result<(), Errno> {
    while !left.is_empty() {
        match retry(|| rustix::io::writev(output, left)) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(bytes) => {
                *written += u64::try_from(bytes).unwrap_or(u64::MAX);
                IoSlice::advance_slices(&mut left, bytes);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
