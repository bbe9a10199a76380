//! What the process was given at exec and owes its parent: descriptors, signals, the character set, the exit status.
//!
//! The two programs define `main` themselves, so Rust's runtime does not touch SIGPIPE or closed descriptors before
//! them: both are as they were at exec, which GNU cp and cat show to the outside.
#![allow(unsafe_code, reason = "process-wide C state and raw descriptors have no safe wrapper")]

use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

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

/// Fills the numbers 0 to 2 where they are closed, so that no file being copied can land on one of them and be
/// written to as if it were standard output. What fills them answers EBADF to the use they are meant for, as a closed
/// descriptor does.
pub fn guard_standard_descriptors() -> ClosedAtStart {
    let guard = |fd: BorrowedFd<'_>, other_way: OFlags| {
        if rustix::io::fcntl_getfd(fd).is_ok() {
            return false;
        }
        // The lowest free number is the closed one, as lower ones have been filled before it.
        if let Ok(filler) = rustix::fs::open("/dev/null", other_way, Mode::empty()) {
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
        Limit::FileSize => libc::RLIMIT_FSIZE,
    };
    let mut answer = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the kernel writes one rlimit, which is there, or nothing.
    let asked = unsafe { libc::getrlimit(resource, &raw mut answer) };
    (asked == 0 && answer.rlim_cur != libc::RLIM_INFINITY).then_some(answer.rlim_cur)
}

/// Has all threads share one heap where the address space is limited. glibc reserves 64 MiB for each further heap, and
/// where it is refused them asks the kernel for a page of its own for every small piece of memory.
pub fn share_heap_where_space_is_limited() {
    if limit(Limit::AddressSpace).is_none() {
        return;
    }
    // SAFETY: it sets a number of the allocator's under the allocator's own lock. A refusal, which is the answer of a C
    // library without such heaps, leaves everything as it was.
    #[cfg(target_env = "gnu")]
    let _set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
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

/// Ends the process by a signal's default action, so that who waits for it sees why.
pub fn die_by(signal: i32) -> ! {
    match signal_hook::low_level::emulate_default_handler(signal) {
        // The signal cannot be had, or does not kill.
        Ok(()) | Err(_) => std::process::abort(),
    }
}
