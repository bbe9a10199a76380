//! Memory and other things that are limited: the heap and what it does where there is none, and how much may be taken.

use crate::bufpool;
use crate::patience::retry;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;

/// The last words where there is no memory, put together while there was.
static LAST_WORDS: OnceLock<Vec<u8>> = OnceLock::new();

/// Keeps the last words for when there is no memory left; those that came first stay.
pub(crate) fn prepare_for_exhaustion(words: impl FnOnce() -> Vec<u8>) {
    LAST_WORDS.get_or_init(words);
}

/// Tells that there is no memory left, without asking for any.
fn tell_exhausted() {
    let mut words = LAST_WORDS.get().map_or(&b"memory exhausted\n"[..], Vec::as_slice);
    while let Ok(written @ 1..) = retry(|| rustix::io::write(rustix::stdio::stderr(), words)) {
        words = words.get(written..).unwrap_or_default();
    }
}

/// The heap, which ends the process as GNU's programs end where there is no memory: with a line and status 1. Rust would
/// abort, and a core file does not say that a limit was met. I/O memory, which begins at a page's boundary as nothing
/// else does, may be refused: `bufpool` makes do with less.
///
/// It is for the programs, which name it as theirs: a caller of the library has a heap of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heap;

impl Heap {
    fn checked(memory: *mut u8, layout: Layout) -> *mut u8 {
        if memory.is_null() && layout.align() < bufpool::PAGE_BYTES {
            tell_exhausted();
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

/// A limit of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
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
pub(crate) fn limit(limit: Limit) -> Option<u64> {
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

/// Has all threads share one heap where memory is limited, and answers as [`memory_left`]: glibc reserves 64 MiB for each
/// further heap, and where it is refused them asks the kernel for a page of its own for every small piece of memory. The
/// whole process is changed by it, so it is for the programs.
#[must_use]
pub(crate) fn memory_left_to_one_heap() -> Option<u64> {
    let left = memory_left()?;
    // SAFETY: it sets a number of the allocator's under the allocator's own lock. A refusal, which is the answer of a C
    // library without such heaps, leaves everything as it was.
    #[cfg(target_env = "gnu")]
    let _set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    Some(left)
}

/// Bytes that this process may still take, where its address space (RLIMIT_AS) or its data (RLIMIT_DATA) is limited.
#[must_use]
pub(crate) fn memory_left() -> Option<u64> {
    let [space, data] = [Limit::AddressSpace, Limit::Data].map(limit);
    if space.is_none() && data.is_none() {
        return None;
    }
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
