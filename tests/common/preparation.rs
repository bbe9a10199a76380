//! What the child that becomes a tool does to itself between fork and exec.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit};
use rustix::thread::UnshareFlags;
use seccompiler::BpfProgram;

use super::environment::{bind_in_own_namespace, unmount_proc};

/// A run that takes longer is stuck: the alarm clock survives exec and kills it, so that no test waits for ever.
const STUCK_AFTER_SECONDS: u32 = 120;

/// What the child does to itself between fork and exec, in this order.
pub enum Preparation {
    Umask(u32),
    Close(RawFd),
    Ignore(i32),
    Limit(Resource, u64),
    /// A session of its own, which standard error's terminal belongs to.
    TakeTerminal,
    Become(u32),
    EnterUserNamespace,
    UnmountProc,
    /// Has the first directory in the place of the second.
    Bind(CString, &'static CStr),
    Filter(BpfProgram),
}

#[allow(unsafe_code)]
pub fn prepare_in_child(command: &mut Command, preparations: Vec<Preparation>) {
    let prepare = move || {
        // SAFETY: alarm only sets a timer of the process.
        unsafe { libc::alarm(STUCK_AFTER_SECONDS) };
        // Whoever runs the tests may ignore them, as shells have it for what they start in the background.
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1] {
            // SAFETY: the default action installs no handler.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        preparations.iter().try_for_each(Preparation::apply)
    };
    // SAFETY: the closure runs in the forked child and makes system calls only; it neither allocates nor takes a lock
    // unless it fails, and then the child is about to end.
    unsafe { command.pre_exec(prepare) };
}

impl Preparation {
    #[allow(unsafe_code)]
    fn apply(&self) -> io::Result<()> {
        match self {
            Self::Umask(mask) => {
                rustix::process::umask(Mode::from(*mask));
            }
            // SAFETY: the child execs next, nothing in it uses its standard streams any more.
            Self::Close(descriptor) => unsafe { rustix::io::close(*descriptor) },
            Self::Ignore(signal) => {
                // SAFETY: ignoring a signal installs no handler.
                unsafe { libc::signal(*signal, libc::SIG_IGN) };
            }
            Self::TakeTerminal => {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stderr())?;
            }
            Self::Limit(resource, value) => {
                rustix::process::setrlimit(
                    *resource,
                    Rlimit { current: Some(*value), maximum: Some(*value) },
                )?;
            }
            Self::Become(user) => {
                rustix::thread::set_thread_groups(&[])?;
                rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(*user))?;
                rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(*user))?;
            }
            Self::UnmountProc => unmount_proc()?,
            Self::Bind(from, to) => bind_in_own_namespace(from, to)?,
            Self::EnterUserNamespace => {
                // SAFETY: the child has one thread and shares no memory that a user namespace concerns.
                unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) }?;
                let maps = [
                    (c"/proc/self/uid_map", &b"0 0 1"[..]),
                    (c"/proc/self/setgroups", b"deny"),
                    (c"/proc/self/gid_map", b"0 0 1"),
                ];
                for (file, text) in maps {
                    let file = rustix::fs::open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
                    rustix::io::write(file, text)?;
                }
            }
            Self::Filter(filter) => {
                seccompiler::apply_filter(filter).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
            }
        }
        Ok(())
    }
}
