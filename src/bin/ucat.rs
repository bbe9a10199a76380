//! `ucat`: GNU cat on the pipeline. The program is in the library.
//!
//! `main` is the C library's, not Rust's, so that SIGPIPE and closed descriptors are found as they were at exec.
#![no_main]

use std::ffi::c_int;

/// The program's heap.
#[global_allocator]
static HEAP: ucp::internals::Heap = ucp::internals::Heap;

/// The program's entry. The result is its exit status.
// SAFETY: the C start code calls `main` exactly once, and no other symbol of that name is linked in.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the entry point's name is part of the C ABI")]
pub extern "C" fn main() -> c_int {
    c_int::from(!ucp::ucat())
}
