//! A file of the scripted engine: its contents, and its attributes as the kernel has them.

use crate::plan::attribute_names::Names;
use crate::plan::attributes::{AttributeError, AttributePlan, Permissions, Times};
use crate::plan::facts::{FileStat, Owner};
use rustix::fs::{FileType, Mode, Timespec};

/// A file in memory.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// What is in it.
    pub contents: Vec<u8>,
    /// What its size is said to be, where that is not true.
    pub claimed: Option<u64>,
    /// Pages of zeros take no room.
    pub has_holes: bool,
    /// Its type. What is no regular file has no offsets: writes go after each other.
    pub kind: FileType,
    pub mode: Mode,
    /// Those that it was made with, where it was opened to make it.
    pub made_with: Option<Mode>,
    /// Whom it belongs to.
    pub owner: Owner,
    /// When it was last read and written.
    pub times: Times,
    /// The names of its extended attributes.
    pub names: Names,
    /// What it was given by the last operation on it.
    pub kept: Option<AttributePlan>,
    /// Nothing has changed in it since it was made durable.
    pub durable: bool,
    pub inode: u64,
}

/// When everything is written that these tests write.
pub(crate) const NOW: Timespec = Timespec { tv_sec: 1_000_000, tv_nsec: 0 };

impl File {
    /// A regular file that holds this.
    pub(super) fn new(contents: Vec<u8>, inode: u64) -> Self {
        Self {
            contents,
            claimed: None,
            has_holes: false,
            kind: FileType::RegularFile,
            mode: Mode::from(0o644),
            made_with: None,
            owner: FileStat::UNKNOWN.owner,
            times: Times { accessed: NOW, modified: NOW },
            names: Names::default(),
            kept: None,
            durable: false,
            inode,
        }
    }

    /// Its contents change, and with them what says something of them: as the kernel does it.
    pub(super) fn is_written(&mut self) {
        (self.kept, self.durable, self.times.modified) = (None, false, NOW);
        self.mode = self.mode.difference(Mode::SUID | Mode::SGID);
        let names = self.names.plain.split_inclusive(|&byte| byte == 0);
        self.names.plain = names.filter(|name| !name.starts_with(b"security.")).flatten().copied().collect();
    }

    /// Has these names too.
    fn add(own: &mut Vec<u8>, names: &[u8]) {
        for name in names.split_inclusive(|&byte| byte == 0) {
            if !own.split_inclusive(|&byte| byte == 0).any(|other| other == name) {
                own.extend_from_slice(name);
            }
        }
    }

    /// Is given what is wanted. Answers what was refused.
    pub(super) fn take(&mut self, wanted: &AttributePlan) -> Vec<AttributeError> {
        let mut refused: Vec<AttributeError> =
            wanted.names.refused.into_iter().map(AttributeError::Listing).collect();
        self.times = wanted.times.unwrap_or(self.times);
        self.owner = wanted.owner.unwrap_or(self.owner);
        Self::add(&mut self.names.plain, &wanted.names.plain);
        self.mode = match wanted.permissions {
            Permissions::AsTheyAre => self.mode,
            Permissions::Plain(mode) => mode,
            Permissions::Bits(mode) => mode | (self.mode & (Mode::SUID | Mode::SGID | Mode::SVTX)),
            Permissions::Kept(mode) | Permissions::Whole(mode) => {
                Self::add(&mut self.names.acls, &wanted.names.acls);
                let acls = wanted.names.refused;
                refused.extend(acls.map(|errno| AttributeError::Permissions(wanted.permissions, errno)));
                mode
            }
        };
        (self.kept, self.durable) = (Some(wanted.clone()), false);
        refused
    }
}
