//! What the attacker owns, and what lies outside of it: secrets that must not arrive, canaries that must not change.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::swapper::Pair;

const SECRET: &str = "SECRET";
const CANARY: &str = "canary";
const FILES: usize = 12;
const DIRECTORIES: [&str; 4] = ["one", "two", "two/deep", "three"];
/// User and group `nobody`, who owns the trees.
const ATTACKER: u32 = 65534;

pub struct Scene {
    base: TempDir,
    /// All that can be seen of what lies outside.
    outside: Vec<String>,
}

/// Gives a file away. The races of an ordinary user need no other owners.
fn give(path: &Path, user: u32, group: u32) {
    if rustix::process::geteuid().is_root() {
        lchown(path, Some(user), Some(group)).unwrap();
    }
}

impl Scene {
    pub fn new() -> Self {
        let base = tempfile::Builder::new().prefix("ucp-races-").tempdir().unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let mut scene = Self { base, outside: Vec::new() };
        for directory in ["outside/secret-directory/deep", "outside/canary-directory/deep"] {
            fs::create_dir_all(scene.path(directory)).unwrap();
        }
        for file in ["secret", "secret-directory/0", "secret-directory/deep/1", "secret-directory/secret"] {
            fs::write(scene.path("outside").join(file), SECRET).unwrap();
        }
        for file in ["canary", "canary-directory/0", "canary-directory/deep/1"] {
            fs::write(scene.path("outside").join(file), CANARY).unwrap();
        }
        scene.dress_outside();
        scene.outside = scene.look_outside();
        scene.make_anew();
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// A name in the trees and one among what is to stand in its place.
    pub fn pair(&self, name: &str, hostile: &str) -> Pair {
        [self.path(name), self.path("hostile").join(hostile)]
    }

    fn dress_outside(&self) {
        let past = Timespec { tv_sec: 1_000_000_000, tv_nsec: 1 };
        let times = Timestamps { last_access: past, last_modification: past };
        for entry in WalkDir::new(self.path("outside")).contents_first(true) {
            let entry = entry.unwrap();
            let mode = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
            give(entry.path(), 1, 2);
            fs::set_permissions(entry.path(), Permissions::from_mode(mode)).unwrap();
            rustix::fs::utimensat(CWD, entry.path(), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        }
    }

    fn look_outside(&self) -> Vec<String> {
        let look = |path: &Path| {
            let facts = path.symlink_metadata().unwrap();
            let content = if facts.is_file() { fs::read(path).unwrap() } else { Vec::new() };
            // A hard link made to it would show in the number of links.
            format!(
                "{}: {:o} {}:{} {}.{} {} links, {} bytes \"{}\"",
                path.display(),
                facts.mode(),
                facts.uid(),
                facts.gid(),
                facts.mtime(),
                facts.mtime_nsec(),
                facts.nlink(),
                content.len(),
                content[..content.len().min(40)].escape_ascii()
            )
        };
        let walk = WalkDir::new(self.path("outside")).sort_by_file_name();
        walk.into_iter().map(|entry| look(entry.unwrap().path())).collect()
    }

    /// The trees and what is to be swapped in, as they are at first.
    pub fn make_anew(&self) {
        for name in ["source", "destination", "hostile"] {
            let path = self.path(name);
            if path.exists() {
                fs::remove_dir_all(&path).unwrap();
            }
            fs::create_dir(&path).unwrap();
        }
        for directory in DIRECTORIES {
            fs::create_dir(self.path("source").join(directory)).unwrap();
            for number in 0..FILES {
                let path = self.path("source").join(directory).join(number.to_string());
                fs::write(path, content(number)).unwrap();
            }
        }
        let hostile = self.path("hostile");
        for suffix in ["", "-2", "-3"] {
            for target in ["secret", "secret-directory", "canary", "canary-directory", "nothing"] {
                let target_path = self.path("outside").join(target);
                symlink(target_path, hostile.join(format!("to-{target}{suffix}"))).unwrap();
            }
            let fifo = hostile.join(format!("fifo{suffix}"));
            rustix::fs::mknodat(CWD, fifo, FileType::Fifo, Mode::from(0o666), 0).unwrap();
            let directory = hostile.join(format!("other-directory{suffix}"));
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("5"), content(5)).unwrap();
        }
        fs::write(hostile.join("other-file"), content(FILES)).unwrap();
        for name in ["source", "destination", "hostile"] {
            for entry in WalkDir::new(self.path(name)) {
                give(entry.unwrap().path(), ATTACKER, ATTACKER);
            }
        }
    }

    /// Fails where anything got in or out. Nobody may be swapping meanwhile.
    pub fn check(&self) {
        let now = self.look_outside();
        let lacking = |of: &[String], from: &[String]| {
            of.iter().filter(|line| !from.contains(line)).cloned().collect::<Vec<_>>().join("\n")
        };
        let (before, after) = (lacking(&self.outside, &now), lacking(&now, &self.outside));
        assert!(self.outside == now, "what lies outside was\n{before}\nand is\n{after}");
        for name in ["destination", "hostile"] {
            for entry in WalkDir::new(self.path(name)) {
                let entry = entry.unwrap();
                assert_ne!(entry.file_name(), "secret", "{} was copied", entry.path().display());
                if !entry.file_type().is_file() {
                    continue;
                }
                let found = fs::read(entry.path()).unwrap();
                let known = (0..=FILES).any(|number| found == content(number).as_bytes());
                assert!(known, "{}: \"{}\"", entry.path().display(), found.escape_ascii());
            }
        }
    }
}

/// What file `number` holds: lengths differ, so that parts of two files make none of them.
fn content(number: usize) -> String {
    format!("file {number}\n").repeat(number * 700 + 1)
}
