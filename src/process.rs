//! What the process was given at exec and owes its parent: descriptors, signals, the character set, the exit status.
//!
//! The two programs define `main` themselves, so Rust's runtime does not touch SIGPIPE or closed descriptors before
//! them: both are as they were at exec, which GNU cp and cat show to the outside.
#![allow(unsafe_code, reason = "process-wide C state and raw descriptors have no safe wrapper")]

use crate::{bufpool, report};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::path::Arg;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CStr;
use std::os::unix::net::UnixDatagram;
use std::sync::OnceLock;

/// The heap, which ends the process as GNU's programs end where there is no memory: with a line and status 1. Rust would
/// abort, and a core file tells nobody that a limit was met. I/O memory, which begins at a page's boundary as nothing else
/// does, may be refused: `bufpool` makes do with less.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

impl Heap {
    fn checked(memory: *mut u8, layout: Layout) -> *mut u8 {
        if memory.is_null() && layout.align() < bufpool::PAGE_BYTES {
            report::memory_exhausted();
            // SAFETY: it takes a number and does not return. What is registered to be done at exit would want memory.
            unsafe { libc::_exit(1) }
        }
        memory
    }
}

// SAFETY: everything is the system's allocator's, and a refusal is the answer that it gave, or none.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the callee's.
        Self::checked(unsafe { System.alloc(layout) }, layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.alloc_zeroed(layout) }, layout)
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.realloc(memory, layout, bytes) }, layout)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) };
    }
}

/// Which of the three standard descriptors were closed when the program started.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClosedAtStart {
    /// Descriptor 0.
    pub input: bool,
    /// Descriptor 1.
    pub output: bool,
    /// Descriptor 2.
    pub error: bool,
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
pub fn guard_standard_descriptors() -> ClosedAtStart {
    let mut first = None;
    let mut guard = |fd: BorrowedFd<'static>, other_way: OFlags| {
        if rustix::io::fcntl_getfd(fd).is_ok() {
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
    ClosedAtStart {
        input: guard(rustix::stdio::stdin(), OFlags::WRONLY),
        output: guard(rustix::stdio::stdout(), OFlags::RDONLY),
        error: guard(rustix::stdio::stderr(), OFlags::RDONLY),
    }
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
pub fn look(directory: impl AsFd, name: impl Arg + Copy, flags: AtFlags) -> Result<Stat, Errno> {
    let stat = rustix::fs::statat(&directory, name, flags)?;
    let Some(filler) = FILLER.get() else { return Ok(stat) };
    let is_filler = |stat: &Stat| (stat.st_dev, stat.st_ino) == filler.identity;
    let leads_there = || {
        // The name itself, in /proc/self/fd, is a link.
        filler.names == Some(stat.st_dev)
            && rustix::fs::statat(&directory, name, AtFlags::empty()).is_ok_and(|stat| is_filler(&stat))
    };
    if is_filler(&stat) || leads_there() { Err(Errno::NOENT) } else { Ok(stat) }
}

/// Why a name could not be opened, as the system would have said: ENOENT for that of a descriptor that was closed at exec.
#[must_use]
pub fn reason(name: &[u8], errno: Errno) -> Errno {
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
pub fn close(fd: OwnedFd) -> Result<(), Errno> {
    // SAFETY: the descriptor was owned and is given up here, so nothing else can use its number.
    match unsafe { rustix::io::try_close(fd.into_raw_fd()) } {
        Err(Errno::INTR) | Ok(()) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// The numbers of calls that the C libraries have no functions for; they are the same wherever this is built for but x32.
mod newer {
    pub const FCHMODAT2: libc::c_long = 452;
    pub const SETXATTRAT: libc::c_long = 463;
    pub const GETXATTRAT: libc::c_long = 464;
    pub const LISTXATTRAT: libc::c_long = 465;
}

/// `struct xattr_args` of setxattrat(2) and getxattrat(2).
#[repr(C)]
struct AttributeValue {
    address: u64,
    bytes: u32,
    flags: u32,
}

/// fchmodat2(2) of what a descriptor refers to, which may only stand for its place (Linux 6.6).
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub fn change_mode(held: BorrowedFd<'_>, mode: Mode) -> Result<(), Errno> {
    let (fd, mode) = (held.as_raw_fd(), libc::c_ulong::from(mode.bits()));
    // SAFETY: takes numbers and a constant string, and the descriptor is open as long as it is borrowed.
    let answer = unsafe {
        libc::syscall(newer::FCHMODAT2, fd, c"".as_ptr(), mode, libc::c_long::from(libc::AT_EMPTY_PATH))
    };
    answered(answer).map(|_none| ())
}

/// setxattrat(2) of a name in a directory, which is not followed (Linux 6.13).
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub fn set_attribute_at(
    directory: BorrowedFd<'_>,
    path: &CStr,
    name: &CStr,
    value: &[u8],
) -> Result<(), Errno> {
    let bytes = u32::try_from(value.len()).map_err(|_large| Errno::TOOBIG)?;
    let value = AttributeValue { address: address_of(value.as_ptr())?, bytes, flags: 0 };
    // SAFETY: the kernel reads two terminated strings and `value`, of the size that is told, and the bytes that it tells of;
    // all of them are borrowed until it has answered.
    let answer = unsafe {
        libc::syscall(
            newer::SETXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            name.as_ptr(),
            &raw const value,
            size_of::<AttributeValue>(),
        )
    };
    answered(answer).map(|_none| ())
}

/// getxattrat(2) of a name in a directory, which is not followed (Linux 6.13): how long the value is.
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub fn attribute_at(
    directory: BorrowedFd<'_>,
    path: &CStr,
    name: &CStr,
    into: &mut [u8],
) -> Result<usize, Errno> {
    let bytes = u32::try_from(into.len()).unwrap_or(u32::MAX);
    let value = AttributeValue { address: address_of(into.as_mut_ptr())?, bytes, flags: 0 };
    // SAFETY: the kernel reads two terminated strings and `value`, of the size that is told, and writes no more bytes than it
    // says that there is room for; all of them are borrowed until it has answered.
    let answer = unsafe {
        libc::syscall(
            newer::GETXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            name.as_ptr(),
            &raw const value,
            size_of::<AttributeValue>(),
        )
    };
    answered(answer)
}

/// listxattrat(2) of a name in a directory, which is not followed (Linux 6.13): how long the list is.
///
/// # Errors
/// What the call answered; ENOSYS before that.
pub fn attributes_at(directory: BorrowedFd<'_>, path: &CStr, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads a terminated string and writes no more bytes than there is room for; both are borrowed until
    // it has answered.
    let answer = unsafe {
        libc::syscall(
            newer::LISTXATTRAT,
            directory.as_raw_fd(),
            path.as_ptr(),
            libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW),
            into.as_mut_ptr(),
            into.len(),
        )
    };
    answered(answer)
}

fn address_of<T>(bytes: *const T) -> Result<u64, Errno> {
    u64::try_from(bytes.expose_provenance()).map_err(|_wide| Errno::FAULT)
}

fn answered(answer: libc::c_long) -> Result<usize, Errno> {
    let failed = || Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO);
    usize::try_from(answer).map_err(|_negative| failed())
}

/// Has the kernel begin to write a file's data to its device, without waiting for it. A file that has none there says so.
///
/// # Errors
/// What sync_file_range(2) answered.
pub fn start_writeback(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes numbers only, and the descriptor is open as long as it is borrowed.
    let answer = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    if answer == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}

/// Gives this thread credentials of its own, the same as before. Every open takes a reference on the credentials of its
/// thread and every close gives it back; threads that share theirs, as they do from their start, fight for that counter
/// at each. To clear a flag that exec(2) has cleared already is a change of credentials that nobody is refused, and that
/// changes nothing.
pub fn own_credentials() {
    match rustix::thread::set_keep_capabilities(false) {
        // Shared credentials are as good, but slower.
        Ok(()) | Err(_) => {}
    }
}

/// Lets go of a descriptor that the kernel has closed already, by an operation of a ring.
pub fn forget_closed(fd: OwnedFd) {
    std::mem::forget(fd);
}

/// Takes over a descriptor number that an io_uring completion named as newly opened.
#[must_use]
pub fn adopt_descriptor(opened: i32) -> Option<OwnedFd> {
    if opened < 0 {
        return None;
    }
    // SAFETY: the kernel has just installed this descriptor for an operation of ours, so nobody else owns it.
    Some(unsafe { OwnedFd::from_raw_fd(opened) })
}

/// How often this thread has given up the processor of its own accord, to wait for something: a device, a server, a
/// lock (`ru_nvcsw` of getrusage(2)). 0 where that cannot be told.
#[must_use]
pub fn waits_of_this_thread() -> u64 {
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
pub fn selinux_is_enabled() -> bool {
    // SELINUX_MAGIC of statfs(2).
    const MAGIC: u32 = 0xf97c_ff8c;
    let answer = rustix::fs::statfs("/sys/fs/selinux");
    answer.is_ok_and(|answer| answer.f_type == rustix::fs::FsWord::from(MAGIC))
}

/// A limit of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Descriptors.
    Descriptors,
    /// Bytes of address space.
    AddressSpace,
    /// Bytes of data.
    Data,
    /// Bytes of a file that is written.
    FileSize,
}

/// What the limit is now; `None` where there is none, or a filter of system calls keeps it from being asked for, which rustix
/// would end the process for.
#[must_use]
pub fn limit(limit: Limit) -> Option<u64> {
    let resource = match limit {
        Limit::Descriptors => libc::RLIMIT_NOFILE,
        Limit::AddressSpace => libc::RLIMIT_AS,
        Limit::Data => libc::RLIMIT_DATA,
        Limit::FileSize => libc::RLIMIT_FSIZE,
    };
    let mut answer = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the kernel writes one rlimit, which is there, or nothing.
    let asked = unsafe { libc::getrlimit(resource, &raw mut answer) };
    (asked == 0 && answer.rlim_cur != libc::RLIM_INFINITY).then_some(answer.rlim_cur)
}

/// Bytes that this process may still take, where its address space (RLIMIT_AS) or its data (RLIMIT_DATA) is limited. All
/// threads share one heap then: glibc reserves 64 MiB for each further one, and where it is refused them asks the kernel for
/// a page of its own for every small piece of memory.
#[must_use]
pub fn memory_left() -> Option<u64> {
    let [space, data] = [Limit::AddressSpace, Limit::Data].map(limit);
    if space.is_none() && data.is_none() {
        return None;
    }
    // SAFETY: it sets a number of the allocator's under the allocator's own lock. A refusal, which is the answer of a C
    // library without such heaps, leaves everything as it was.
    #[cfg(target_env = "gnu")]
    let _set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    // proc_pid_statm(5): pages of the address space first, and of the data and the stack sixth.
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let page_bytes = u64::try_from(rustix::param::page_size()).unwrap_or(u64::MAX);
    let left = |limit: Option<u64>, column| {
        let pages = pages.split_ascii_whitespace().nth(column).and_then(|pages| pages.parse::<u64>().ok());
        // Without /proc, half of it is believed to be in use.
        limit.map(|limit| limit.saturating_sub(pages.map_or(limit / 2, |pages| pages * page_bytes)))
    };
    [left(space, 0), left(data, 5)].into_iter().flatten().min()
}

/// Whether the locale the user asked for (`LC_ALL`, `LC_CTYPE`, `LANG`) exists here and writes UTF-8.
#[must_use]
pub fn charset_is_utf8() -> bool {
    // SAFETY: a constant string; called once in the process's life, and nothing else here reads LC_CTYPE, so no other
    // thread can be using what this replaces.
    let locale = unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
    if locale.is_null() {
        return false;
    }
    // SAFETY: the result is a string of the C library's own, valid until the next setlocale.
    let name = unsafe { libc::nl_langinfo(libc::CODESET) };
    if name.is_null() {
        return false;
    }
    // SAFETY: not null, and a terminated string as said above.
    unsafe { std::ffi::CStr::from_ptr(name) }.to_bytes().eq_ignore_ascii_case(b"UTF-8")
}

/// Whether a signal was ignored at exec, or is now.
#[must_use]
pub fn ignores(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed by a null action, and the kernel writes one `sigaction`, for which there is room.
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: numbers only, for which zeros are a value, and the call that fills them succeeded.
    unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// A set of signals.
#[derive(Clone, Copy)]
pub struct SignalSet(libc::sigset_t);

impl SignalSet {
    /// The set of these.
    #[must_use]
    pub fn of(signals: impl IntoIterator<Item = i32>) -> Self {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: it writes one set, for which there is room.
        let _never_fails = unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        // SAFETY: numbers only, for which zeros are a value, and the call has made it an empty set.
        let mut set = unsafe { set.assume_init() };
        for signal in signals {
            // SAFETY: a set that was made. A number that is none is refused and left out.
            let _known = unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        Self(set)
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, signal: i32) -> bool {
        // SAFETY: a set that was made, which is only looked at.
        unsafe { libc::sigismember(&raw const self.0, signal) == 1 }
    }

    /// Those that are kept from this thread.
    ///
    /// # Errors
    /// What pthread_sigmask(3) answered.
    pub fn blocked() -> Result<Self, std::io::Error> {
        let mut blocked = Self::of([]);
        let nothing = Self::of([]);
        mask(libc::SIG_BLOCK, &nothing, &raw mut blocked.0)?;
        Ok(blocked)
    }

    /// Keeps them from this thread, and from those that it starts.
    ///
    /// # Errors
    /// What pthread_sigmask(3) answered.
    pub fn block(&self) -> Result<(), std::io::Error> {
        mask(libc::SIG_BLOCK, self, std::ptr::null_mut())
    }

    /// Lets this thread be given them.
    pub fn unblock(&self) {
        match mask(libc::SIG_UNBLOCK, self, std::ptr::null_mut()) {
            // Only what cannot be done to a mask is refused, and this can.
            Ok(()) | Err(_) => {}
        }
    }

    /// Waits for one of them, which no thread may be given otherwise; `None` where that cannot be waited for.
    #[must_use]
    pub fn wait(&self) -> Option<i32> {
        let mut signal = 0;
        // SAFETY: a set that was made, and room for one number.
        let error = unsafe { libc::sigwait(&raw const self.0, &raw mut signal) };
        (error == 0).then_some(signal)
    }
}

fn mask(how: i32, signals: &SignalSet, before: *mut libc::sigset_t) -> Result<(), std::io::Error> {
    // SAFETY: the set was made, the mask is this thread's own, and `before` is nothing or a set of the caller's.
    let error = unsafe { libc::pthread_sigmask(how, &raw const signals.0, before) };
    if error == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(error)) }
}

/// Ends the process by a signal's default action, so that who waits for it sees why.
pub fn die_by(signal: i32) -> ! {
    match signal_hook::low_level::emulate_default_handler(signal) {
        // The signal cannot be had, or does not kill.
        Ok(()) | Err(_) => std::process::abort(),
    }
}
