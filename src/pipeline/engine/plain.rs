//! One operation of a chain by a plain system call, in the calling thread.
//!
//! This is all of the `sync` engine's work, and what the `uring` engine does with the operations that it does not put
//! into the ring.

use crate::bufpool::PAGE_BYTES;
use crate::patience::{Patience, retry};
use crate::pipeline::attributes::{self, Copied, Source};
use crate::pipeline::chain::{At, Call, Chain, Descriptor, End, Io, Op, Outcome, Results};
use crate::pipeline::place;
use crate::plan::destination::FileSystem;
use crate::plan::facts::FileStat;
use crate::plan::path;
use crate::plan::reading::Reading;
use crate::process;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Advice, AtFlags, FallocateFlags, FileType, Mode, OFlags, SeekFrom, StatxFlags};
use rustix::io::Errno;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// What one operation did.
enum CallAnswer {
    /// The chain goes on.
    On,
    /// This number of bytes moved, which is not what the chain needed.
    Count(u32),
}

/// Runs the chain's operations from index `from` on while `here` says they are for this thread. Answers where it
/// stopped and, where the chain ended there, how.
///
/// `seen` receives what looking operations saw. Interrupted calls are started again.
pub(crate) fn run(
    chain: &mut Chain,
    seen: &mut Results,
    from: usize,
    here: impl Fn(&Chain, usize) -> bool,
) -> (usize, Option<Outcome>) {
    let mut at = from;
    let mut making = None;
    while at < chain.ops.len() {
        if !here(chain, at) {
            return (at, None);
        }
        if chain.ops[at].makes_file() {
            making = Some(Instant::now());
        }
        match step(chain, at, seen) {
            Ok(CallAnswer::On) => {
                if let Op::Io(Io::Close { end: End::Destination }) = chain.ops[at] {
                    seen.making = making.map(|begun| begun.elapsed());
                }
                at += 1;
            }
            Ok(CallAnswer::Count(moved)) => return (at, Some(Outcome::Count { at, moved })),
            Err(errno) => return (at, Some(Outcome::Failed { at, errno })),
        }
    }
    (at, Some(Outcome::Done))
}

fn step(chain: &mut Chain, at: usize, seen: &mut Results) -> Result<CallAnswer, Errno> {
    match chain.ops[at] {
        Op::Io(Io::Open { end, at: ref place, flags, mode, .. }) => {
            *chain.descriptor_mut(end) = Descriptor::Plain(open_at(place, flags, mode)?);
        }
        Op::Call(Call::Stat { ref at, follow }) => {
            let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
            seen.facts = Some(FileStat::of(&process::look(&at.directory, &*at.name, flags)?));
        }
        Op::Call(Call::Fstat { end }) => {
            let facts = FileStat::of(&rustix::fs::fstat(open(chain, end)?)?);
            if end == End::Source {
                chain.reading = reading(&facts);
            }
            seen.facts = Some(facts);
        }
        Op::Call(Call::SeekData { from }) => seen.data = find_data(open(chain, End::Source)?, from)?,
        Op::Call(Call::Statfs) => {
            seen.systems =
                Some([kind_of(open(chain, End::Source)?)?, kind_of(open(chain, End::Destination)?)?]);
        }
        Op::Call(Call::Ficlone) => {
            rustix::fs::ioctl_ficlone(open(chain, End::Destination)?, open(chain, End::Source)?)?
        }
        Op::Call(Call::CopyFileRange { offset, room, expect }) => {
            return offload(chain, offset, room, expect);
        }
        Op::Call(Call::Sendfile { room, expect }) => return pass(chain, room, expect),
        Op::Call(Call::PunchHole { offset, length }) => punch(open(chain, End::Destination)?, offset, length),
        Op::Io(Io::Read { offset, room, expect }) => return read(chain, offset, room, expect),
        Op::Io(Io::Write { offset, start, length }) => return write(chain, offset, start, length),
        Op::Call(Call::Unlink { ref at, own }) => unlink(at, chain.destination.plain().filter(|_| own))?,
        Op::Call(Call::Truncate { length }) => {
            retry(|| rustix::fs::ftruncate(open(chain, End::Destination)?, length))?;
        }
        Op::Call(Call::SetDirect { end, on }) => set_direct(open(chain, end)?, on),
        Op::Call(Call::BypassCache { direct }) => bypass(open(chain, End::Source)?, direct)?,
        Op::Call(Call::Listxattr) => seen.names = attributes::names(&Source::Open(open(chain, End::Source)?)),
        Op::Call(Call::SetAttributes(ref wanted)) => {
            let source = open(chain, End::Source).map_or_else(Source::Gone, Source::Open);
            let copy = Copied::Open(open(chain, End::Destination)?);
            seen.refused = attributes::keep(&source, copy, wanted);
        }
        Op::Call(Call::PinParent { ref at, follow, is }) => {
            let found = if follow { place::behind_links(at)? } else { place::pin_parent(at)? };
            place::check(&found, is)?;
            seen.place = Some(found);
        }
        Op::Call(Call::CopyOwnerFrom { ref from }) => {
            attributes::inherit(from.as_fd(), open(chain, End::Destination)?)?
        }
        Op::Call(Call::LinkIntoPlace { temporary: Some(ref temporary), ref at, over }) => {
            place::take(temporary, at, over)?
        }
        Op::Call(Call::LinkIntoPlace { temporary: None, ref at, over }) => {
            place::name(open(chain, End::Destination)?, at, over)?
        }
        // What cannot be begun now is done by the fsync that follows.
        Op::Call(Call::Writeback) => match process::start_writeback(open(chain, End::Destination)?) {
            Ok(()) | Err(_) => {}
        },
        Op::Io(Io::Fsync) => retry(|| rustix::fs::fsync(open(chain, End::Destination)?))?,
        Op::Call(Call::FsyncParent { ref at }) => {
            let At { directory, name } = place::behind_links(at)?;
            rustix::fs::fsync(place::open_directory(&directory, path::parent(name.to_bytes()))?)?;
        }
        Op::Io(Io::Close { end }) => close(std::mem::take(chain.descriptor_mut(end)))?,
    }
    Ok(CallAnswer::On)
}

/// Opens a name.
pub(crate) fn open_at(at: &At, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    retry(|| rustix::fs::openat(&at.directory, &*at.name, flags | OFlags::CLOEXEC, mode))
}

/// Removes a name: that of `own` where it is given, or else whatever bears it.
fn unlink(at: &At, own: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    if let Some(own) = own {
        let _is_gone = place::remove(at, FileStat::of(&rustix::fs::fstat(own)?).identity)?;
        return Ok(());
    }
    match rustix::fs::unlinkat(&at.directory, &*at.name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn read(chain: &mut Chain, offset: Option<u64>, room: u32, expect: Option<u32>) -> Result<CallAnswer, Errno> {
    let mut lease = chain.lease.take().ok_or(Errno::FAULT)?;
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let read = open(chain, End::Source).and_then(|source| lease.read(source, offset, room));
    chain.lease = Some(lease);
    let moved = u32::try_from(read?).unwrap_or(u32::MAX);
    Ok(if expect == Some(moved) { CallAnswer::On } else { CallAnswer::Count(moved) })
}

fn write(chain: &Chain, offset: Option<u64>, start: u32, length: u32) -> Result<CallAnswer, Errno> {
    let destination = open(chain, End::Destination)?;
    let bytes = chain.lease.as_ref().map_or(&[][..], |lease| lease.bytes());
    let (from, count) = (usize::try_from(start), usize::try_from(length));
    let (from, count) = (from.unwrap_or(usize::MAX), count.unwrap_or(usize::MAX));
    let bytes = bytes.get(from..from.saturating_add(count)).ok_or(Errno::FAULT)?;
    let moved = retry(|| match offset {
        Some(offset) => rustix::io::pwrite(destination, bytes, offset),
        None => rustix::io::write(destination, bytes),
    })?;
    Ok(if moved == bytes.len() {
        CallAnswer::On
    } else {
        CallAnswer::Count(u32::try_from(moved).unwrap_or(u32::MAX))
    })
}

/// What facts say of how a file may be read: pipes and devices have no end that a ring could be wrong about.
fn reading(facts: &FileStat) -> Reading {
    if facts.kind == FileType::RegularFile { Reading::On(facts.identity.device) } else { Reading::Anywhere }
}

/// How an open file that nothing is known of may be read.
#[must_use]
pub(crate) fn reading_of(file: BorrowedFd<'_>) -> Reading {
    match rustix::fs::fstat(file).map(|stat| reading(&FileStat::of(&stat))) {
        Ok(Reading::On(_)) => kind_of(file).map_or(Reading::ByCalls, |system| Reading::of(system.magic)),
        Ok(answer) => answer,
        // Plain calls are never wrong.
        Err(_unknown) => Reading::ByCalls,
    }
}

/// What kind of file system a file lies on.
pub(crate) fn kind_of(file: BorrowedFd<'_>) -> Result<FileSystem, Errno> {
    let answer = rustix::fs::fstatfs(file)?;
    // Signed words, whose sign some magic numbers reach on 32 bits.
    let magic = u64::try_from(answer.f_type).unwrap_or(0) & 0xffff_ffff;
    Ok(FileSystem { magic, block_bytes: u64::try_from(answer.f_bsize).unwrap_or(0) })
}

fn offload(chain: &Chain, offset: u64, room: u32, expect: u32) -> Result<CallAnswer, Errno> {
    let (source, destination) = (open(chain, End::Source)?, open(chain, End::Destination)?);
    let wanted = usize::try_from(room).unwrap_or(usize::MAX);
    let moved = retry(|| {
        let (mut from, mut to) = (offset, offset);
        rustix::fs::copy_file_range(source, Some(&mut from), destination, Some(&mut to), wanted)
    })?;
    let moved = u32::try_from(moved).unwrap_or(u32::MAX);
    Ok(if moved == expect { CallAnswer::On } else { CallAnswer::Count(moved) })
}

/// What is refused, or fails after the first bytes, is reported as a short count: the fallback then hits the same
/// error, and knows which of both ends it was.
fn pass(chain: &Chain, room: u32, expect: u32) -> Result<CallAnswer, Errno> {
    let (source, destination) = (open(chain, End::Source)?, open(chain, End::Destination)?);
    let (mut offset, room) = (0, u64::from(room));
    let mut patience = Patience::default();
    while offset < room {
        let left = usize::try_from(room - offset).unwrap_or(usize::MAX);
        match rustix::fs::sendfile(destination, source, Some(&mut offset), left) {
            // It ends short at the end of file, and a caller that expected that saves the call that says so.
            Ok(_) if offset == u64::from(expect) => break,
            Ok(0) => break,
            Ok(_) => {}
            Err(errno) if patience.bears(errno) => {}
            Err(_refused) => break,
        }
    }
    let moved = u32::try_from(offset).unwrap_or(u32::MAX);
    Ok(if moved == expect { CallAnswer::On } else { CallAnswer::Count(moved) })
}

fn punch(file: BorrowedFd<'_>, offset: u64, length: u64) {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match rustix::fs::fallocate(file, flags, offset, length) {
        Ok(()) | Err(_) => {}
    }
}

/// The next stretch of data; ENXIO says that there is none.
fn find_data(source: BorrowedFd<'_>, from: u64) -> Result<Option<Range<u64>>, Errno> {
    let start = match rustix::fs::seek(source, SeekFrom::Data(from)) {
        Ok(start) => start,
        Err(Errno::NXIO) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    match rustix::fs::seek(source, SeekFrom::Hole(start)) {
        Ok(end) => Ok(Some(start..end)),
        // It was cut meanwhile: a caller that reads on finds its end.
        Err(Errno::NXIO) => Ok(Some(start..u64::MAX)),
        Err(errno) => Err(errno),
    }
}

/// `O_DIRECT` is a wish: where the file system has no such thing, or wants another alignment than that of a page, the
/// copy goes through the page cache.
fn set_direct(file: BorrowedFd<'_>, on: bool) {
    let Ok(flags) = rustix::fs::fcntl_getfl(file) else { return };
    let wanted = if on { flags | OFlags::DIRECT } else { flags.difference(OFlags::DIRECT) };
    if wanted == flags || (on && page_alignment_serves(file) == Some(false)) {
        return;
    }
    match rustix::fs::fcntl_setfl(file, wanted) {
        Ok(()) | Err(_) => {}
    }
}

/// What STATX_DIOALIGN (6.1) says of the file; `None` where the kernel or file system says nothing.
fn page_alignment_serves(file: BorrowedFd<'_>) -> Option<bool> {
    let answer = rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN).ok()?;
    let serves = |align: u32| align > 0 && usize::try_from(align).is_ok_and(|align| align <= PAGE_BYTES);
    (answer.stx_mask & StatxFlags::DIOALIGN.bits() != 0)
        .then(|| serves(answer.stx_dio_mem_align) && serves(answer.stx_dio_offset_align))
}

/// A file system that takes `O_DIRECT` may still read through the page cache (btrfs what is compressed, ext4 what is
/// journalled or encrypted), and only STATX_DIOALIGN says of a file that it does not. A direct read stores dirty pages
/// first by itself.
fn bypass(file: BorrowedFd<'_>, direct: bool) -> Result<(), Errno> {
    if direct && page_alignment_serves(file) == Some(true) {
        let flags = rustix::fs::fcntl_getfl(file)?;
        if rustix::fs::fcntl_setfl(file, flags | OFlags::DIRECT).is_ok() {
            return Ok(());
        }
    }
    set_direct(file, false);
    retry(|| rustix::fs::fdatasync(file))?;
    rustix::fs::fadvise(file, 0, None, Advice::DontNeed)
}

/// Closes what this chain alone holds, and says what the file system said of it: late write errors of NFS, FUSE and
/// quotas come out here. EINTR means closed all the same, on Linux.
fn close(descriptor: Descriptor) -> Result<(), Errno> {
    let owned = match descriptor {
        Descriptor::Plain(fd) => fd,
        Descriptor::Shared(fd) => match Arc::try_unwrap(fd) {
            Ok(fd) => fd,
            Err(_shared_still) => return Ok(()),
        },
        Descriptor::Closed | Descriptor::Standard(_) => return Ok(()),
        Descriptor::Direct(_) => return Err(Errno::BADF),
    };
    process::close(owned)
}

fn open(chain: &Chain, end: End) -> Result<BorrowedFd<'_>, Errno> {
    chain.descriptor(end).plain().ok_or(Errno::BADF)
}
