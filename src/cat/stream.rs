//! One file at a time, when its turn has come: opened, checked against the output, and passed through by the ladder's ways,
//! the last of which, reading and writing in turns, is here.

use super::zero_copy::Astray;
use super::{Cat, Fatal};
use crate::cli::cat::TransferMethod;
use crate::pipeline::chain::{Chain, Descriptor, Io, Op, Outcome, Results};
use crate::pipeline::engine::plain;
use crate::plan::facts::FileStat;
use crate::plan::looping::would_loop;
use crate::report::language::Words;
use crate::report::quote;
use rustix::fd::AsFd;
use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Bytes of one read of what is not a regular file: a pipe or terminal has no more to give at once.
const LIVE_BYTES: usize = 128 << 10;

impl Cat<'_> {
    /// Prints a file, or standard input for `-`, after everything before it is written.
    pub(super) fn stream_file(&mut self, name: &OsString) -> Result<(), Fatal> {
        self.flush()?;
        let source = if name == "-" {
            self.used_input = true;
            Descriptor::Standard(rustix::stdio::stdin())
        } else {
            match rustix::fs::open(name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
                Ok(open) => Descriptor::Plain(open),
                Err(errno) => return self.file_failed(name, errno),
            }
        };
        let Some(input) = source.plain() else { return Ok(()) };
        let facts = match rustix::fs::fstat(input.as_fd()) {
            Ok(stat) => FileStat::of(&stat),
            Err(errno) => return self.file_failed(name, errno),
        };
        if self.writer.is(&facts) {
            let offset = rustix::fs::seek(input.as_fd(), SeekFrom::Current(0)).ok();
            if would_loop(&facts, offset, &self.writer.now()) {
                let name = quote::needed(name.as_bytes(), self.reporter.charset());
                let words = Words::gnu("%s: input file is output file");
                self.reporter.error(&self.reporter.language().message(words, &[&name]));
                return Ok(());
            }
        }
        match self.climb(input, facts, matches!(source, Descriptor::Plain(_))) {
            Ok(()) => {}
            Err(Astray::Input(errno)) => return self.file_failed(name, errno),
            Err(Astray::Output(errno)) => {
                self.writer.wrote(Err(errno));
                return Err(Fatal);
            }
        }
        // A small file needs no more memory than it has bytes; one that grows is read in more blocks.
        let size = usize::try_from(facts.size).unwrap_or(usize::MAX).saturating_add(1);
        let most = if facts.size_is_trusted() { size } else { LIVE_BYTES };
        let bytes = most.min(self.buffer_bytes);
        let chain = Chain {
            source,
            lease: self.pool.lease(bytes).or_else(|| self.pool.lease(1)),
            ..Chain::default()
        };
        if self.writer.formats() {
            self.format_through(name, chain, &facts)
        } else {
            self.pass_through(name, chain)
        }
    }

    /// Reads from the chain's source to its end and formats each block. What is formatted is written before a read that
    /// would wait.
    fn format_through(&mut self, name: &OsString, mut chain: Chain, facts: &FileStat) -> Result<(), Fatal> {
        let (Some(mut lease), Some(source)) = (chain.lease.take(), chain.source.plain()) else {
            return self.file_failed(name, Errno::NOMEM);
        };
        if let Err(errno) = self.format_together(source, *facts)? {
            return self.file_failed(name, errno);
        }
        let live = facts.kind != FileType::RegularFile;
        loop {
            // What cannot say how much it has to give is not relied on to have anything.
            if live && self.writer.is_pending() && !matches!(rustix::io::ioctl_fionread(source), Ok(1..)) {
                self.flush()?;
            }
            self.plain_operations += 1;
            match lease.read(source, None, lease.capacity()) {
                Ok(0) => break,
                Ok(_) => self.writer.format(lease.bytes()).map_err(|_kept| Fatal)?,
                Err(errno) => return self.file_failed(name, errno),
            }
        }
        self.flush()?;
        self.note(TransferMethod::Plain);
        self.tally.files += 1;
        Ok(())
    }

    /// Reads from the chain's source to its end and writes each block before the next is asked for. What the lease holds
    /// already is written first.
    pub(super) fn pass_through(&mut self, name: &OsString, mut chain: Chain) -> Result<(), Fatal> {
        let Some(lease) = &chain.lease else { return self.file_failed(name, Errno::NOMEM) };
        let room = u32::try_from(lease.capacity()).unwrap_or(u32::MAX);
        let (mut start, mut pending) = (0, u32::try_from(lease.bytes().len()).unwrap_or(u32::MAX));
        chain.destination = Descriptor::Standard(self.writer.descriptor());
        loop {
            chain.ops.clear();
            if pending > 0 {
                chain.ops.push(Op::Io(Io::Write { offset: None, start, length: pending }));
            }
            chain.ops.push(Op::Io(Io::Read { offset: None, room, expect: None }));
            let (at, outcome) = plain::run(&mut chain, &mut Results::default(), 0, |_, _| true);
            self.plain_operations += u64::try_from(at + 1).unwrap_or(u64::MAX);
            if at > 0 {
                self.writer.wrote(Ok(u64::from(pending)));
                self.note(TransferMethod::Plain);
            }
            match (&chain.ops[at.min(chain.ops.len() - 1)], outcome) {
                (Op::Io(Io::Read { .. }), Some(Outcome::Count { moved: 0, .. })) => break,
                (Op::Io(Io::Read { .. }), Some(Outcome::Count { moved, .. })) => {
                    (start, pending) = (0, moved)
                }
                (Op::Io(Io::Read { .. }), Some(Outcome::Failed { errno, .. })) => {
                    return self.file_failed(name, errno);
                }
                (Op::Io(Io::Write { .. }), Some(Outcome::Count { moved, .. })) if moved > 0 => {
                    self.writer.wrote(Ok(u64::from(moved)));
                    start += moved;
                    pending -= moved;
                }
                (_, Some(Outcome::Failed { errno, .. })) => {
                    self.writer.wrote(Err(errno));
                    return Err(Fatal);
                }
                (_, Some(Outcome::Count { .. } | Outcome::Done) | None) => {
                    self.writer.wrote(Err(Errno::NOSPC));
                    return Err(Fatal);
                }
            }
        }
        self.tally.files += 1;
        self.tally.bytes += self.writer.take_written();
        Ok(())
    }
}
