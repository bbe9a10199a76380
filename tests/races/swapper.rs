//! The attacker: exchanges names in a loop, as fast as the kernel lets it.

use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

/// Two names that change places.
pub type Pair = [PathBuf; 2];

pub struct Swapper<'lock> {
    /// Held for writing by who looks at the scene or makes it anew.
    pause: &'lock RwLock<()>,
    pairs: Vec<Pair>,
    swaps: AtomicU64,
    stop: AtomicBool,
}

impl<'lock> Swapper<'lock> {
    pub fn new(pause: &'lock RwLock<()>, pairs: Vec<Pair>) -> Self {
        Self { pause, pairs, swaps: AtomicU64::new(0), stop: AtomicBool::new(false) }
    }

    /// How many exchanges were made so far.
    pub fn swaps(&self) -> u64 {
        self.swaps.load(Ordering::Relaxed)
    }

    pub fn run(&self) {
        let mut state = 1_u64;
        while !self.stop.load(Ordering::Relaxed) {
            // Whichever way it goes, a failed check that poisoned the lock ends the loop.
            let Ok(_allowed) = self.pause.read() else { return };
            for pair in &self.pairs {
                // xorshift64: in an order that falls into step with nothing.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if state & 1 == 0 {
                    continue;
                }
                // What is not there yet, or is elsewhere because of another pair, is tried again later.
                if exchange(pair).is_ok() {
                    self.swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// By descriptors of the directories: the attacker runs as root here, and must not be led out of the trees itself.
fn exchange([one, other]: &Pair) -> rustix::io::Result<()> {
    let directory = |path: &Path| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = path.parent().ok_or(Errno::INVAL)?;
        rustix::fs::openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
    };
    let name = |path: &Path| path.file_name().ok_or(Errno::INVAL).map(ToOwned::to_owned);
    let (from, to) = (directory(one)?, directory(other)?);
    rustix::fs::renameat_with(from, name(one)?, to, name(other)?, RenameFlags::EXCHANGE)
}

/// Ends the swapper when the body ends, also by a failure.
pub struct StopOnDrop<'swapper, 'lock>(pub &'swapper Swapper<'lock>);

impl Drop for StopOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}
