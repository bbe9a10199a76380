//! The signals that `--progress` is about, as something that a thread can wait for.
//!
//! Handlers set flags and write a byte into a pipe; all else is done by the thread that watches. A signal that was ignored
//! when the program started stays ignored, as `nohup` and shells' background jobs rely on.

use crate::process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::{flag, low_level};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What ends a run.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// What has been caught.
pub struct Signals {
    woken: OwnedFd,
    /// A byte in here wakes the thread that watches.
    bell: OwnedFd,
    asked: Arc<AtomicBool>,
    ending: Arc<AtomicUsize>,
    /// From now on a signal that ends a run has its default action.
    let_go: Arc<AtomicBool>,
}

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// Why a pipe or a handler cannot be had.
    pub fn catch() -> io::Result<Self> {
        let flags = rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK;
        let (woken, bell) = rustix::pipe::pipe_with(flags)?;
        let signals =
            Self { woken, bell, asked: Arc::default(), ending: Arc::default(), let_go: Arc::default() };
        for signal in ENDING {
            if process::ignores(signal) {
                continue;
            }
            // In this order: the first one finds the flag down and lifts it, a second one kills.
            flag::register_conditional_default(signal, Arc::clone(&signals.let_go))?;
            flag::register(signal, Arc::clone(&signals.let_go))?;
            let number = usize::try_from(signal).unwrap_or(0);
            flag::register_usize(signal, Arc::clone(&signals.ending), number)?;
            low_level::pipe::register_raw(signal, signals.bell.try_clone()?)?;
        }
        if !process::ignores(SIGUSR1) {
            flag::register(SIGUSR1, Arc::clone(&signals.asked))?;
            low_level::pipe::register_raw(SIGUSR1, signals.bell.try_clone()?)?;
        }
        Ok(signals)
    }

    /// Waits until a signal comes, somebody [`ring`](Self::ring)s, or the time is up.
    pub fn wait(&self, time: Option<Duration>) {
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        let mut descriptors = [PollFd::new(&self.woken, PollFlags::IN)];
        match poll(&mut descriptors, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // Never of a pipe of our own; it would come at once each time.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
        let mut bytes = [0; 64];
        while matches!(rustix::io::read(&self.woken, &mut bytes), Ok(count) if count > 0) {}
    }

    /// Wakes who waits.
    pub fn ring(&self) {
        match rustix::io::write(&self.bell, &[0]) {
            // Where the pipe is full there is enough to wake up for.
            Ok(_) | Err(_) => {}
        }
    }

    /// Whether a line has been asked for since the last time.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// The signal that is to end the run.
    #[must_use]
    pub fn ending(&self) -> Option<i32> {
        match self.ending.load(Ordering::Relaxed) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }

    /// Gives the signals that end a run their default action again: there is nothing left to put in order.
    pub fn let_go(&self) {
        self.let_go.store(true, Ordering::Relaxed);
    }
}

/// What the user knows a signal as.
#[must_use]
pub fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "interrupted",
        SIGTERM => "terminated",
        SIGHUP => "hung up",
        _ => "ended by a signal",
    }
}
