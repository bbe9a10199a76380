//! The attacker who plants: a link under each name the moment it is free, and names that are taken made free again, so that
//! what is about to be made, and what was just removed or renamed, is met.

use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::scene::Scene;

pub struct Planter<'lock> {
    /// Held for writing by who looks at the scene or makes it anew.
    pause: &'lock RwLock<()>,
    /// Names, and where the links there lead.
    names: Vec<[PathBuf; 2]>,
    /// Where directories are moved that a link takes the place of.
    away: PathBuf,
    planted: AtomicU64,
    stop: AtomicBool,
}

impl<'lock> Planter<'lock> {
    /// Links to files and directories outside, under names of the scene's destination.
    pub fn new(pause: &'lock RwLock<()>, scene: &Scene) -> Self {
        let name = |(name, target): (&str, &str)| {
            [scene.path("destination").join(name), scene.path("outside").join(target)]
        };
        let names = [
            ("one/0", "canary"),
            ("one/1", "canary-directory/0"),
            ("one/5~", "canary"),
            ("two/2", "canary"),
            ("two/deep/3", "nothing"),
            ("two/deep/4", "canary"),
            ("three/6", "canary"),
            ("two/deep", "canary-directory"),
            ("three", "canary-directory"),
        ];
        let away = scene.path("destination");
        let names = names.map(name).to_vec();
        Self { pause, names, away, planted: AtomicU64::new(0), stop: AtomicBool::new(false) }
    }

    /// How many links were planted so far.
    pub fn planted(&self) -> u64 {
        self.planted.load(Ordering::Relaxed)
    }

    pub fn run(&self) {
        let mut state = 1_u64;
        while !self.stop.load(Ordering::Relaxed) {
            // Whichever way it goes, a failed check that poisoned the lock ends the loop.
            let Ok(_allowed) = self.pause.read() else { return };
            for [name, target] in &self.names {
                // xorshift64: in an order that falls into step with nothing.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // What cannot be had now is tried again.
                if self.plant(name, target, state) == Ok(true) {
                    self.planted.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Plants a link, or one time in four makes the name free for the next time. By descriptors of the directories: the
    /// attacker runs as root here, and must not be led out of the trees itself.
    fn plant(&self, name: &Path, target: &Path, draw: u64) -> rustix::io::Result<bool> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = name.parent().ok_or(Errno::INVAL)?;
        let own = name.file_name().ok_or(Errno::INVAL)?;
        let directory = rustix::fs::openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
        match rustix::fs::symlinkat(target, &directory, own) {
            Err(Errno::EXIST) if draw.is_multiple_of(4) => {}
            answer => return answer.map(|()| true),
        }
        let stat = rustix::fs::statat(&directory, own, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let moved = self.away.join(format!("moved.{draw}"));
            rustix::fs::renameat(&directory, own, CWD, moved)?;
        } else {
            rustix::fs::unlinkat(&directory, own, AtFlags::empty())?;
        }
        Ok(false)
    }
}

/// Ends the planter when the body ends, also by a failure.
pub struct StopOnDrop<'planter, 'lock>(pub &'planter Planter<'lock>);

impl Drop for StopOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}
