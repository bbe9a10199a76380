//! The ladder, climbed for one file that is open: each way that fits is tried until one moves bytes, and reading and
//! writing finds the end.
//!
//! A way that is refused (by an old kernel, a filter of system calls, a file system) has moved nothing, and one that fails
//! on its way has moved what it says: the next read starts after it, meets the same error, and tells about it in
//! cat's words. So no way here has an error of its own, but one: where bytes were moved by offsets, and the position
//! after them cannot be set, no way can go on without moving them once more.
//!
//! The ways are **splice** into a pipe and from pipe to pipe, **sendfile** into a socket, **copy-range** where the file system
//! shares blocks or has a server, **extents** by several threads, **overlap** of reads in flight with the write (`--direct`),
//! and **plain**. No way splices after the last byte: that call would look at the pipe's reader first, and SIGPIPE
//! would end what cat ends with status 0. For the same reason a pipe is polled before it is spliced from. `extents`
//! needs an output with nothing after the place that is written: where a block fails, the output is cut to what came
//! without a gap.

use super::{Cat, extents, read_ahead};
use crate::cli::cat::TransferMethod;
use crate::patience::retry;
use crate::plan::facts::FileStat;
use crate::plan::ways::{self, LARGE_BYTES, Sharing, To};
use crate::process::{self, Limit};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, OFlags, SeekFrom};
use rustix::io::Errno;
use rustix::pipe::SpliceFlags;

/// Bytes of the pipe that a way makes for itself room in: what an unprivileged process may have unless the administrator
/// says otherwise. A larger one would not stay in the processor's cache.
const PIPE_BYTES: usize = 1 << 20;

/// Most bytes of one call; signals are looked at between calls.
const CALL_BYTES: usize = 1 << 30;

/// A file in its turn, open.
pub(super) struct Input<'f> {
    pub(super) file: BorrowedFd<'f>,
    pub(super) facts: FileStat,
    /// Where it is read from next; 0 where it has no place.
    pub(super) offset: u64,
    /// True if this run opened it, rather than got it from its caller.
    pub(super) is_own: bool,
}

/// Bytes were moved, and the position of this end could not be set after them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Astray {
    Input(Errno),
    Output(Errno),
}

/// Whether a position can be set at all: where it cannot, nothing is to be moved by offsets. It stays where it is.
pub(super) fn can_be_set(file: BorrowedFd<'_>, position: u64) -> bool {
    rustix::fs::seek(file, SeekFrom::Start(position)).is_ok()
}

impl Cat<'_> {
    /// Moves what can be moved without being read and written in turns.
    ///
    /// # Errors
    /// Where it is not known from where to go on.
    pub(super) fn climb(
        &mut self,
        file: BorrowedFd<'_>,
        facts: FileStat,
        is_own: bool,
    ) -> Result<(), Astray> {
        let stored = facts.kind == FileType::RegularFile;
        let small = stored && facts.size <= LARGE_BYTES;
        if self.writer.formats() || (small && self.wishes.way.is_none()) {
            return Ok(());
        }
        let offset = match stored {
            true => rustix::fs::seek(file, SeekFrom::Current(0)),
            false => Ok(0),
        };
        // A regular file without a position is read in turns.
        let Ok(offset) = offset else { return Ok(()) };
        let input = Input { file, facts, offset, is_own };
        let to = self.to(&facts);
        for way in ways::ladder(&input.facts, offset, &to, &self.wishes) {
            let left = facts.size.saturating_sub(offset);
            let moved = match way {
                TransferMethod::Splice if stored => {
                    enlarge(self.writer.descriptor());
                    let flags = SpliceFlags::empty();
                    self.by_calls(left, |out, most| rustix::pipe::splice(file, None, out, None, most, flags))
                }
                TransferMethod::Splice => self.splice_pipe(file),
                TransferMethod::Sendfile => {
                    self.by_calls(left, |out, most| rustix::fs::sendfile(out, file, None, most))
                }
                TransferMethod::CopyRange => {
                    self.by_calls(left, |out, most| rustix::fs::copy_file_range(file, None, out, None, most))
                }
                TransferMethod::Extents => {
                    let (moved, set) =
                        extents::copy(&input, self.writer.descriptor(), to.offset, self.wishes.workers);
                    self.writer.wrote(Ok(moved));
                    set?;
                    moved
                }
                TransferMethod::Overlap => {
                    let (moved, set) = read_ahead::copy(self, &input);
                    set.map_err(Astray::Input)?;
                    moved
                }
                TransferMethod::Ahead | TransferMethod::Plain => 0,
            };
            if moved > 0 {
                self.note(way);
                return Ok(());
            }
        }
        Ok(())
    }

    /// What standard output is now, as far as it takes part in the choice.
    fn to(&mut self, from: &FileStat) -> To {
        let facts = *self.writer.facts();
        let mut to = To {
            identity: facts.identity,
            kind: facts.kind,
            append: false,
            offset: 0,
            size: facts.size,
            size_max: u64::MAX,
            sharing: Sharing::None,
        };
        if facts.kind != FileType::RegularFile {
            return to;
        }
        let now = self.writer.now();
        (to.append, to.offset) = (now.append, now.offset.unwrap_or(u64::MAX));
        let output = self.writer.descriptor();
        to.size = rustix::fs::fstat(output).map_or(u64::MAX, |stat| FileStat::of(&stat).size);
        to.size_max = process::limit(Limit::FileSize).unwrap_or(u64::MAX);
        if facts.identity.device == from.identity.device
            && let Ok(system) = rustix::fs::fstatfs(output)
        {
            to.sharing = u64::try_from(system.f_type).map_or(Sharing::None, Sharing::of);
        }
        self.workers();
        to
    }

    /// Splices from a pipe until its end.
    fn splice_pipe(&mut self, source: BorrowedFd<'_>) -> u64 {
        // One that does not wait has read(2) say so.
        if rustix::fs::fcntl_getfl(source).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK)) {
            return 0;
        }
        let mut enlarged = false;
        self.by_calls(u64::MAX, |output, most| {
            // At the end of the input, splice looks at the output first: where its reader has gone it sends SIGPIPE, and
            // cat, which has nothing to write any more, gets none.
            if !has_bytes(source) {
                return Ok(0);
            }
            let moved = rustix::pipe::splice(source, None, output, None, most, SpliceFlags::empty());
            // A pipe that had its fill has more to come: both ends get room.
            if !enlarged && moved.is_ok_and(|moved| moved >= 64 << 10) {
                enlarge(source);
                enlarge(output);
                enlarged = true;
            }
            moved
        })
    }

    /// Calls until all of `left` is moved, or there is no way on. Answers how many bytes were moved. Whether the file has
    /// grown meanwhile is for read(2) to find out: the call after the last byte could be a SIGPIPE that cat lacks.
    fn by_calls(
        &mut self,
        left: u64,
        mut call: impl FnMut(BorrowedFd<'static>, usize) -> Result<usize, Errno>,
    ) -> u64 {
        let output = self.writer.descriptor();
        let mut all = 0;
        while all < left {
            self.plain_operations += 1;
            let most = usize::try_from(left - all).unwrap_or(usize::MAX).min(CALL_BYTES);
            match retry(|| call(output, most)) {
                Ok(moved) if moved > 0 => {
                    let moved = u64::try_from(moved).unwrap_or(u64::MAX);
                    all += moved;
                    self.writer.wrote(Ok(moved));
                }
                Ok(_) | Err(_) => break,
            }
        }
        all
    }
}

/// Waits for bytes in a pipe. None will come where its last writer has gone.
fn has_bytes(pipe: BorrowedFd<'_>) -> bool {
    let mut pipes = [PollFd::from_borrowed_fd(pipe, PollFlags::IN)];
    loop {
        match rustix::event::poll(&mut pipes, None) {
            Ok(_) => return pipes[0].revents().contains(PollFlags::IN),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Gives a pipe the room that every user is allowed, unless it has as much. One that cannot have it stays as it is.
fn enlarge(pipe: BorrowedFd<'_>) {
    let Ok(bytes) = rustix::pipe::fcntl_getpipe_size(pipe) else { return };
    if bytes >= PIPE_BYTES || rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES).is_ok() {
        return;
    }
    let allowed = std::fs::read_to_string("/proc/sys/fs/pipe-max-size");
    let allowed = allowed.ok().and_then(|text| text.trim().parse().ok());
    if let Some(allowed) = allowed.filter(|&allowed: &usize| allowed > bytes) {
        match rustix::pipe::fcntl_setpipe_size(pipe, allowed) {
            Ok(_) | Err(_) => {}
        }
    }
}
