//! What the machine and the caller offer: engines, root, the reference to test against.

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::OnceLock;

use rustix::mount::{MountPropagationFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use super::Sandbox;
use super::skipping::skip;

/// The engine a test body runs under, chosen by the environment so that command lines stay as GNU's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Uring,
    Sync,
    /// GNU's own program, which has no engines.
    Reference,
}

impl Engine {
    /// The value of `UCP_ENGINE`, `None` where the program has no such thing.
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Self::Uring => Some("uring"),
            Self::Sync => Some("sync"),
            Self::Reference => None,
        }
    }
}

/// Runs `body` in a fresh sandbox once for each engine there is. Where `io_uring` is missing that run is skipped with a
/// `SKIPPED:` line; where it works nothing skips it.
pub fn each_engine(body: impl Fn(&Sandbox)) {
    if is_reference() {
        return body(&Sandbox::new(Engine::Reference));
    }
    body(&Sandbox::new(Engine::Sync));
    if io_uring_works() {
        body(&Sandbox::new(Engine::Uring));
    } else {
        skip("io_uring is not available, the uring engine was not tested");
    }
}

/// The directory of GNU's cp and cat, when the tests are to prove themselves against them.
pub fn reference() -> Option<PathBuf> {
    std::env::var_os("UCP_REFERENCE").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

pub fn is_reference() -> bool {
    reference().is_some()
}

/// Whether the programs under test have our extensions; says that the test is skipped where they do not.
pub fn needs_extensions() -> bool {
    if is_reference() {
        skip("the reference has no extensions");
    }
    !is_reference()
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the test runs as root; says that the test is skipped where it does not.
pub fn needs_root() -> bool {
    if !is_root() {
        skip("needs root");
    }
    is_root()
}

/// Whether the kernel lets this process make a ring at all.
pub fn io_uring_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| io_uring::IoUring::new(2).is_ok())
}

/// Puts a directory in the place of another, for this process, in a mount namespace of its own.
#[allow(unsafe_code)]
pub fn bind_in_own_namespace(from: &CStr, to: &CStr) -> std::io::Result<()> {
    // SAFETY: it is called in a child that has one thread and shares no memory that a mount namespace concerns.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }?;
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    Ok(rustix::mount::mount_bind(from, to)?)
}

/// Takes /proc away from this process, in a mount namespace of its own.
#[allow(unsafe_code)]
pub fn unmount_proc() -> std::io::Result<()> {
    // SAFETY: it is called in a child that has one thread and shares no memory that a mount namespace concerns.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }?;
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    Ok(rustix::mount::unmount("/proc", UnmountFlags::DETACH)?)
}
