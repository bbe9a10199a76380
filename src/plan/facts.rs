//! What is known of a file: the part of stat(2) that decisions are made on.

use rustix::fs::{FileType, Mode, Stat, Timespec};

/// Device and inode: what makes a file the same file, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

/// The facts about one file at the moment it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub identity: FileId,
    /// Its type.
    pub kind: FileType,
    /// Permission bits, set-id bits and sticky bit.
    pub mode: Mode,
    /// Length in bytes, as the file system says.
    pub size: u64,
    /// Allocated space in units of 512 bytes; 0 where the file system has no storage of its own (/proc, /sys).
    pub blocks: u64,
    /// Device number of a device node.
    pub rdev: u64,
    /// The user and group that own it.
    pub owner: Owner,
    /// When it was last read: seconds and nanoseconds since the epoch.
    pub accessed: Timespec,
    /// When its contents last changed.
    pub modified: Timespec,
    /// When anything about it last changed, its attributes and names among them: also when it was made.
    pub changed: Timespec,
    /// How many names it has.
    pub links: u64,
}

/// The user and the group that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// `st_uid`.
    pub user: u32,
    /// `st_gid`.
    pub group: u32,
}

/// A count of links, which takes 32 bits on some machines (aarch64, riscv64) and 64 on others.
fn count(links: impl Into<u64>) -> u64 {
    links.into()
}

impl FileStat {
    /// The facts in what stat(2), lstat(2) or fstat(2) answered.
    #[must_use]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            identity: FileId { device: stat.st_dev, inode: stat.st_ino },
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: Mode::from_raw_mode(stat.st_mode),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
            rdev: stat.st_rdev,
            owner: Owner { user: stat.st_uid, group: stat.st_gid },
            accessed: time(stat.st_atime, stat.st_atime_nsec),
            modified: time(stat.st_mtime, stat.st_mtime_nsec),
            changed: time(stat.st_ctime, stat.st_ctime_nsec),
            links: count(stat.st_nlink),
        }
    }

    /// Facts of a file of which nothing is known: empty, of no type, with no permissions.
    pub(crate) const UNKNOWN: Self = Self {
        identity: FileId { device: 0, inode: 0 },
        kind: FileType::Unknown,
        mode: Mode::empty(),
        size: 0,
        blocks: 0,
        rdev: 0,
        owner: Owner { user: 0, group: 0 },
        accessed: Timespec { tv_sec: 0, tv_nsec: 0 },
        modified: Timespec { tv_sec: 0, tv_nsec: 0 },
        changed: Timespec { tv_sec: 0, tv_nsec: 0 },
        links: 1,
    };

    /// Whether `size` can be believed: files without storage (/proc, /sys) say 0 or a page and hold something else.
    #[must_use]
    pub(crate) fn size_is_trusted(&self) -> bool {
        self.size > 0 && self.blocks > 0
    }

    /// Whether the file takes less room than it has bytes, in whole units of 512: it has holes, or blocks that are smaller
    /// for another reason. A part of a unit is no hole, as GNU cp counts. What has no blocks at all may be no file of a
    /// disk; its map of data tells.
    #[must_use]
    pub(crate) fn looks_sparse(&self) -> bool {
        self.blocks < self.size / 512
    }
}

fn time(seconds: i64, nanoseconds: u64) -> Timespec {
    Timespec { tv_sec: seconds, tv_nsec: i64::try_from(nanoseconds).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_unit_is_no_hole() {
        let looks_sparse = |size, blocks| FileStat { size, blocks, ..FileStat::UNKNOWN }.looks_sparse();
        assert!(!looks_sparse(0, 0) && !looks_sparse(511, 0) && looks_sparse(512, 0));
        assert!(!looks_sparse(4097, 8) && !looks_sparse(4607, 8) && looks_sparse(4608, 8));
        assert!(looks_sparse(u64::MAX, 8) && !looks_sparse(4096, u64::MAX));
    }
}
