//! What the process was given at exec and owes its parent: descriptors, signals, the character set, the exit status.
//!
//! The two programs define `main` themselves, so Rust's runtime does not touch SIGPIPE or closed descriptors before
//! them: both are as they were at exec, which GNU cp and cat show to the outside.
#![allow(unsafe_code, reason = "process-wide C state and raw descriptors have no safe wrapper")]

mod locale;
mod memory;
mod newer;
mod signals;
mod umask;

pub(crate) use locale::{approximations, locale};
pub use memory::Heap;
pub(crate) use memory::{Limit, limit, memory_left, memory_left_to_one_heap, prepare_for_exhaustion};
pub(crate) use newer::{attribute_at, attributes_at, change_mode, set_attribute_at};
pub(crate) use signals::{SignalSet, ignores, raise_and_die};
pub(crate) use umask::{umask, umask_as_shown};

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::path::Arg;
use std::os::unix::net::UnixDatagram;
use std::sync::OnceLock;

/// Which of the standard descriptors that data goes through were closed when the program started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClosedAtStart {
    /// Descriptor 0.
    pub input: bool,
    /// Descriptor 1.
    pub output: bool,
}

/// How the descriptors that fill the closed ones are known: the device and inode of what they refer to, and the device
/// of the file system that has names for descriptors.
static FILLER: OnceLock<Filler> = OnceLock::new();

struct Filler {
    identity: (u64, u64),
    names: Option<u64>,
}

/// Fills the numbers 0 to 2 where they are closed, so that no file being copied can land on one of them and be
/// written to as if it were standard output. What fills them answers EBADF to the use they are meant for, as a closed
/// descriptor does, and cannot be opened by its name (`/dev/stdin`). [`look`] says that there is no such name.
pub(crate) fn guard_standard_descriptors() -> ClosedAtStart {
    let mut first = None;
    let mut guard = |fd: BorrowedFd<'static>, other_way: OFlags| {
        // Any other answer than EBADF says nothing of the descriptor: a filter may refuse the call.
        if rustix::io::fcntl_getfd(fd) != Err(Errno::BADF) {
            return false;
        }
        // The lowest free number is the closed one, as lower ones have been filled before it.
        let filler = first.map_or_else(filler, |first| rustix::io::fcntl_dupfd_cloexec(first, 0));
        if filler.is_ok() {
            first = Some(fd);
        }
        if let Ok(filler) = filler.or_else(|_| rustix::fs::open("/dev/null", other_way, Mode::empty())) {
            std::mem::forget(filler);
        }
        true
    };
    let input = guard(rustix::stdio::stdin(), OFlags::WRONLY);
    let output = guard(rustix::stdio::stdout(), OFlags::RDONLY);
    // What is said without it goes nowhere.
    guard(rustix::stdio::stderr(), OFlags::RDONLY);
    ClosedAtStart { input, output }
}

/// A descriptor with the lowest free number that can be neither read nor written, of what cannot be opened anew: one that
/// only stands for the place (O_PATH) of a socket. It cannot be had without /proc, where descriptors have no names either.
fn filler() -> Result<OwnedFd, Errno> {
    let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let socket = OwnedFd::from(UnixDatagram::unbound().map_err(failed)?);
    let high = rustix::io::fcntl_dupfd_cloexec(&socket, 3)?;
    drop(socket);
    let path = format!("/proc/self/fd/{}", high.as_raw_fd());
    let filler = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let stat = rustix::fs::fstat(&filler)?;
    let names = rustix::fs::stat("/proc/self/fd").ok().map(|stat| stat.st_dev);
    let known = FILLER.set(Filler { identity: (stat.st_dev, stat.st_ino), names });
    known.map(|()| filler).map_err(|_set_before| Errno::EXIST)
}

/// fstatat(2), to which the name of a descriptor that was closed at exec is the name of nothing.
///
/// # Errors
/// What fstatat(2) answered.
pub(crate) fn look(directory: impl AsFd, name: impl Arg + Copy, flags: AtFlags) -> Result<Stat, Errno> {
    let answer = rustix::fs::statat(&directory, name, flags);
    let Some(filler) = FILLER.get() else { return answer };
    let is_filler = |stat: &Stat| (stat.st_dev, stat.st_ino) == filler.identity;
    let stat = match answer {
        // What fills the number is no directory, and what it stands for is nothing.
        Err(Errno::NOTDIR) if leads_through(&directory, name, is_filler) => return Err(Errno::NOENT),
        answer => answer?,
    };
    let leads_there = || {
        // The name itself, in /proc/self/fd, is a link.
        filler.names == Some(stat.st_dev)
            && rustix::fs::statat(&directory, name, AtFlags::empty()).is_ok_and(|stat| is_filler(&stat))
    };
    if is_filler(&stat) || leads_there() { Err(Errno::NOENT) } else { Ok(stat) }
}

/// Whether a name that is there is that of a descriptor that was closed at exec.
pub(crate) fn is_closed_at_exec(directory: impl AsFd, name: impl Arg + Copy) -> bool {
    FILLER.get().is_some()
        && rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
        && matches!(look(directory, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT))
}

/// Whether what a path leads through, up to one of its slashes, `is_it`.
fn leads_through(directory: impl AsFd, path: impl Arg, is_it: impl Fn(&Stat) -> bool) -> bool {
    let Ok(path) = path.into_c_str() else { return false };
    let path = path.to_bytes();
    let slashes = (1..path.len()).filter(|&at| path[at] == b'/');
    let mut above = slashes.map(|at| rustix::fs::statat(&directory, &path[..at], AtFlags::empty()));
    above.any(|answer| answer.is_ok_and(|stat| is_it(&stat)))
}

/// Why a name could not be opened, as the system would have said: ENOENT for that of a descriptor that was closed at exec.
#[must_use]
pub(crate) fn reason(name: &[u8], errno: Errno) -> Errno {
    match (FILLER.get(), errno) {
        (Some(_), Errno::NXIO | Errno::NOTDIR) => match look(rustix::fs::CWD, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Errno::NOENT,
            Ok(_) | Err(_) => errno,
        },
        _ => errno,
    }
}

/// close(2) with its result, which dropping an `OwnedFd` loses: NFS, FUSE and quotas report late write errors here.
///
/// # Errors
/// What close(2) answered, except EINTR, after which the descriptor is closed on Linux.
pub(crate) fn close(fd: OwnedFd) -> Result<(), Errno> {
    // SAFETY: the descriptor was owned and is given up here, so nothing else can use its number.
    match unsafe { rustix::io::try_close(fd.into_raw_fd()) } {
        Err(Errno::INTR) | Ok(()) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Has the kernel begin to write a file's data to its device, without waiting for it. A file that has none there says so.
///
/// # Errors
/// What sync_file_range(2) answered.
pub(crate) fn start_writeback(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes numbers only, and the descriptor is open as long as it is borrowed.
    let answer = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    if answer == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}

/// Gives this thread credentials of its own, the same as before. Every open takes a reference on the credentials of its
/// thread and every close gives it back; threads that share theirs, as they do from their start, fight for that counter
/// at each. To clear a flag that exec(2) has cleared already is a change of credentials that no process is refused,
/// and that changes nothing.
pub(crate) fn unshare_credentials() {
    match rustix::thread::set_keep_capabilities(false) {
        // Shared credentials are as good, but slower.
        Ok(()) | Err(_) => {}
    }
}

/// Lets go of a descriptor that the kernel has closed already, by an operation of a ring.
pub(crate) fn forget_closed(fd: OwnedFd) {
    std::mem::forget(fd);
}

/// Takes over a descriptor number that an io_uring completion named as newly opened.
#[must_use]
pub(crate) fn adopt_descriptor(opened: i32) -> Option<OwnedFd> {
    if opened < 0 {
        return None;
    }
    // SAFETY: the kernel has just installed this descriptor for an operation of ours, so no other object owns it.
    Some(unsafe { OwnedFd::from_raw_fd(opened) })
}

/// How often this thread has given up the processor of its own accord, to wait for something: a device, a server, a
/// lock (`ru_nvcsw` of getrusage(2)). 0 where that cannot be told.
#[must_use]
pub(crate) fn waits_of_this_thread() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes one `rusage`, and there is room for one.
    if unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) } != 0 {
        return 0;
    }
    // SAFETY: numbers only, for which zeros are a value, and the call that fills them succeeded.
    let usage = unsafe { usage.assume_init() };
    u64::try_from(usage.ru_nvcsw).unwrap_or(0)
}

/// Whether SELinux is switched on: its file system is mounted where user space agreed to look for it.
#[must_use]
pub(crate) fn selinux_is_enabled() -> bool {
    // SELINUX_MAGIC of statfs(2).
    const MAGIC: u32 = 0xf97c_ff8c;
    let answer = rustix::fs::statfs("/sys/fs/selinux");
    answer.is_ok_and(|answer| answer.f_type == rustix::fs::FsWord::from(MAGIC))
}
