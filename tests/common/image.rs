//! Real file systems for tests: an image in the sandbox, made by mkfs and mounted over a loop device.

use std::path::Path;
use std::process::{Command, Output};

use rustix::fs::{FallocateFlags, fallocate};

use super::environment::needs_root;
use super::sandbox::{Mounted, Sandbox};
use super::skipping::skip;

/// The kinds there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
    /// With inodes that hold times in seconds.
    Ext2,
}

impl Kind {
    /// Those that files are copied on every day.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Ext2 => "ext2",
        }
    }

    /// Whether its files can share blocks.
    pub fn shares(self) -> bool {
        matches!(self, Self::Xfs | Self::Btrfs)
    }

    /// The smallest images that mkfs makes, or a little more; they are holes for the most part.
    fn megabytes(self) -> u64 {
        match self {
            Self::Ext4 => 100,
            Self::Xfs => 320,
            Self::Btrfs => 160,
            Self::Ext2 => 10,
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Ext4 => &["-q", "-F"],
            Self::Xfs => &["-q", "-m", "reflink=1"],
            Self::Btrfs => &["-q"],
            Self::Ext2 => &["-q", "-F", "-I", "128"],
        }
    }
}

impl Sandbox {
    /// Makes a file system and mounts it on a new directory with the name of its kind. `None`, loudly, where mkfs, the
    /// loop device or the mount is not to be had.
    pub fn image(&self, kind: Kind) -> Option<Mounted> {
        if !needs_root() {
            return None;
        }
        let image = self.beside(&format!("{}.img", kind.name()));
        std::fs::File::create(&image).unwrap().set_len(kind.megabytes() << 20).unwrap();
        let mut mkfs = Command::new(format!("mkfs.{}", kind.name()));
        run(mkfs.args(kind.options()).arg(&image))?;
        self.dir(kind.name());
        let path = self.path(kind.name());
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&path))?;
        Some(Mounted::at(path))
    }

    /// Takes all room of the file system below `name` but for so many bytes, more or less.
    pub fn fill_but(&self, name: &str, bytes: u64) {
        let file = std::fs::File::create(self.path(name).join("filling")).unwrap();
        let mut len = 0;
        let mut step = 64 << 20;
        while step >= 64 << 10 {
            match fallocate(&file, FallocateFlags::empty(), len, step) {
                Ok(()) => len += step,
                Err(_full) => step /= 2,
            }
        }
        file.set_len(len - bytes).unwrap();
        self.sync(name);
    }

    /// Bytes that are free below `name`, when all is where it is stored.
    pub fn free_bytes(&self, name: impl AsRef<Path>) -> u64 {
        self.sync(&name);
        let answer = rustix::fs::statvfs(self.path(name)).unwrap();
        answer.f_bfree * answer.f_frsize
    }

    /// Has everything below `name` where it is stored.
    pub fn sync(&self, name: impl AsRef<Path>) {
        rustix::fs::syncfs(std::fs::File::open(self.path(name)).unwrap()).unwrap();
    }
}

/// Runs a tool of the system to its end; `None`, loudly, where it is missing or fails.
fn run(command: &mut Command) -> Option<()> {
    let reason = match command.output() {
        Ok(Output { status, .. }) if status.success() => return Some(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    skip(&format!("{}: {reason}", command.get_program().display()));
    None
}
