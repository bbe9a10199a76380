//! One entry of a tree as plain data, and how it is made on disk.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

/// Stands for the directory that the program runs in, at the beginning of link targets and operands.
pub const WORK: &[u8] = b"@W@";

#[derive(Clone, Debug)]
pub enum Kind {
    Regular(Content),
    Directory,
    /// Where it leads to.
    Symlink(Vec<u8>),
    Fifo,
    Socket,
    Character(u32, u32),
    Block(u32, u32),
    /// Another name of this node, which comes earlier.
    HardLink(Vec<u8>),
}

/// What a regular file holds: a word again and again, so that a script can make it too, in some stretches of it.
#[derive(Clone, Debug)]
pub struct Content {
    pub word: usize,
    pub bytes: u64,
    /// Offset and length of what is no hole.
    pub data: Vec<(u64, u64)>,
    /// The same of zeros that are written.
    pub zeros: Vec<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// What times are where they do not matter.
pub const SOME_TIME: Time = Time { seconds: 1_000_000_000, nanoseconds: 0 };

#[derive(Clone, Debug)]
pub struct Node {
    /// Relative to the directory that the program runs in.
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub owner: (u32, u32),
    pub accessed: Time,
    pub modified: Time,
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// The target with [`WORK`] spelled out.
pub fn spelled_out(text: &[u8], work: &Path) -> Vec<u8> {
    match text.strip_prefix(WORK) {
        Some(rest) => [work.as_os_str().as_bytes(), rest].concat(),
        None => text.to_vec(),
    }
}

pub fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

impl Content {
    pub fn line(&self) -> String {
        format!("{}\n", self.word)
    }

    /// That many bytes without a hole.
    pub fn full(word: usize, bytes: u64) -> Self {
        Self::of(word, bytes, vec![(0, bytes)])
    }

    pub fn of(word: usize, bytes: u64, data: Vec<(u64, u64)>) -> Self {
        Self { word, bytes, data, zeros: Vec::new() }
    }

    /// A few bytes.
    pub fn little(word: usize) -> Self {
        Self::full(word, 4)
    }

    fn write(&self, file: &File) -> io::Result<()> {
        for (offset, bytes) in &self.data {
            let wanted = usize::try_from(*bytes).unwrap();
            let mut text = self.line().repeat(wanted / self.line().len() + 1).into_bytes();
            text.truncate(wanted);
            file.write_all_at(&text, *offset)?;
        }
        for (offset, bytes) in &self.zeros {
            file.write_all_at(&vec![0; usize::try_from(*bytes).unwrap()], *offset)?;
        }
        file.set_len(self.bytes)
    }
}

impl Node {
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    /// Whether these are the permission bits that a new one has under the usual umask.
    pub fn has_usual_mode(&self) -> bool {
        match self.kind {
            Kind::Directory => self.mode == 0o755,
            Kind::Symlink(_) | Kind::HardLink(_) => true,
            _ => self.mode == 0o644,
        }
    }

    pub fn is_hard_link(&self) -> bool {
        matches!(self.kind, Kind::HardLink(_))
    }

    /// Whether this is below `other`, or is another name of it.
    pub fn needs(&self, other: &[u8]) -> bool {
        let below = self.path.strip_prefix(other).is_some_and(|rest| rest.starts_with(b"/"));
        let target = match &self.kind {
            Kind::HardLink(target) => target.as_slice(),
            _ => b"",
        };
        below || target == other || target.strip_prefix(other).is_some_and(|rest| rest.starts_with(b"/"))
    }

    pub fn make(&self, work: &Path) -> io::Result<()> {
        let path = self.on_disk(work);
        let node = |kind: FileType, (major, minor): (u32, u32)| {
            let device = rustix::fs::makedev(major, minor);
            rustix::fs::mknodat(CWD, &path, kind, Mode::from(0o600), device).map_err(io::Error::from)
        };
        match &self.kind {
            Kind::Regular(content) => {
                content.write(&OpenOptions::new().write(true).create_new(true).open(&path)?)
            }
            // Where the program runs is there already.
            Kind::Directory if self.path == b"." => Ok(()),
            Kind::Directory => std::fs::create_dir(&path),
            Kind::Symlink(target) => std::os::unix::fs::symlink(as_path(&spelled_out(target, work)), &path),
            Kind::Fifo => node(FileType::Fifo, (0, 0)),
            Kind::Socket => node(FileType::Socket, (0, 0)),
            Kind::Character(major, minor) => node(FileType::CharacterDevice, (*major, *minor)),
            Kind::Block(major, minor) => node(FileType::BlockDevice, (*major, *minor)),
            Kind::HardLink(target) => std::fs::hard_link(work.join(as_path(target)), &path),
        }
    }

    pub fn on_disk(&self, work: &Path) -> PathBuf {
        // A directory that cannot be searched has no `.` either.
        if self.path == b"." { work.to_owned() } else { work.join(as_path(&self.path)) }
    }

    /// Owner, attributes, mode and times, in an order in which none of them spoils another.
    pub fn dress(&self, work: &Path, root: bool) -> io::Result<()> {
        if self.is_hard_link() {
            return Ok(());
        }
        let path = self.on_disk(work);
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        if root {
            let (user, group) = self.owner;
            let owner = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
            rustix::fs::chownat(CWD, &path, owner.0, owner.1, nofollow)?;
        }
        let (late, early): (Vec<_>, Vec<_>) =
            self.xattrs.iter().partition(|(name, _)| name.starts_with("system."));
        for (name, value) in early {
            set_attribute(&path, name, value)?;
        }
        if !matches!(self.kind, Kind::Symlink(_)) {
            rustix::fs::chmodat(CWD, &path, Mode::from(self.mode), AtFlags::empty())?;
        }
        // After the mode, as an ACL is a part of it.
        for (name, value) in late {
            set_attribute(&path, name, value)?;
        }
        let times = Timestamps { last_access: self.accessed.into(), last_modification: self.modified.into() };
        Ok(rustix::fs::utimensat(CWD, &path, &times, nofollow)?)
    }
}

/// Sets an attribute, unless the file system has no more room for those of one file, or none of its kind: the tree is the same
/// for every program all the same.
fn set_attribute(path: &Path, name: &str, value: &[u8]) -> io::Result<()> {
    match rustix::fs::lsetxattr(path, name, value, XattrFlags::empty()) {
        Ok(()) | Err(Errno::NOSPC | Errno::OPNOTSUPP) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

impl From<Time> for Timespec {
    fn from(time: Time) -> Self {
        Self { tv_sec: time.seconds, tv_nsec: time.nanoseconds }
    }
}

/// An ACL as the kernel takes it in an extended attribute: tag, permissions and user or group of each entry.
pub fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}
