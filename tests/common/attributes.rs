//! Attributes of files: set, read as a value, compared tree by tree.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use walkdir::WalkDir;

use super::{Sandbox, skip};

/// What a file has beside its contents. The access time is left out: looking at a tree changes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attributes {
    pub mode: u32,
    pub owner: (u32, u32),
    /// Seconds and nanoseconds.
    pub modified: (i64, i64),
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// Whether the sandbox's file system has extended attributes and ACLs; says that the test is skipped where not.
pub fn with_xattrs(s: &Sandbox) -> bool {
    s.file("probe", "");
    let set = rustix::fs::setxattr(s.path("probe"), "user.probe", b"1", XattrFlags::empty());
    std::fs::remove_file(s.path("probe")).unwrap();
    if set.is_err() {
        skip("no extended attributes in the temporary directory");
    }
    set.is_ok()
}

/// An ACL of these permissions with one more user, as the kernel has it: the mask is the group's place in `mode`.
fn acl(mode: u32, user: u32, permissions: u16) -> Vec<u8> {
    let bits = |shift: u32| u16::try_from(mode >> shift & 7).unwrap();
    let nobody = u32::MAX;
    let entries = [
        (1, bits(6), nobody),
        (2, permissions, user),
        (4, 4, nobody),
        (16, bits(3), nobody),
        (32, bits(0), nobody),
    ];
    let mut value = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        value.extend(u16::to_le_bytes(tag));
        value.extend(permissions.to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    value
}

impl Sandbox {
    pub fn xattr(&self, name: impl AsRef<Path>, key: &str, value: &[u8]) -> &Self {
        rustix::fs::lsetxattr(self.path(name), key, value, XattrFlags::empty()).unwrap();
        self
    }

    /// Gives a file an ACL: `mode`, with the group's part as the mask over `user` and a group that may only read.
    pub fn acl(&self, name: impl AsRef<Path>, mode: u32, user: u32) -> &Self {
        self.xattr(name, "system.posix_acl_access", &acl(mode, user, 6))
    }

    /// Gives a directory an ACL for what is made in it.
    pub fn default_acl(&self, name: impl AsRef<Path>, mode: u32, user: u32) -> &Self {
        self.xattr(name, "system.posix_acl_default", &acl(mode, user, 6))
    }

    pub fn chown(&self, name: impl AsRef<Path>, user: u32, group: u32) -> &Self {
        std::os::unix::fs::lchown(self.path(name), Some(user), Some(group)).unwrap();
        self
    }

    /// Sets both times, in seconds; nanoseconds are 123456789 and 987654321.
    pub fn times(&self, name: impl AsRef<Path>, accessed: i64, modified: i64) -> &Self {
        let times = Timestamps {
            last_access: Timespec { tv_sec: accessed, tv_nsec: 123_456_789 },
            last_modification: Timespec { tv_sec: modified, tv_nsec: 987_654_321 },
        };
        rustix::fs::utimensat(CWD, self.path(name), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        self
    }

    pub fn accessed(&self, name: impl AsRef<Path>) -> (i64, i64) {
        let metadata = self.path(name).symlink_metadata().unwrap();
        (metadata.atime(), metadata.atime_nsec())
    }

    pub fn owner(&self, name: impl AsRef<Path>) -> (u32, u32) {
        self.attributes(name).owner
    }

    pub fn attributes(&self, name: impl AsRef<Path>) -> Attributes {
        read(&self.path(name))
    }

    /// Both trees are the same, attributes and all but access times.
    #[track_caller]
    pub fn assert_same_attributes(&self, left: impl AsRef<Path>, right: impl AsRef<Path>) {
        let [left, right] = [left.as_ref(), right.as_ref()].map(|root| tree(&self.path(root)));
        let mut differences = String::new();
        for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
            if left.get(name) != right.get(name) {
                writeln!(differences, "{}: {:?}\n    {:?}", name.display(), left.get(name), right.get(name))
                    .unwrap();
            }
        }
        assert!(differences.is_empty(), "attributes differ:\n{differences}");
    }
}

fn tree(root: &Path) -> BTreeMap<PathBuf, Attributes> {
    let entries = WalkDir::new(root).into_iter().map(|entry| {
        let path = entry.unwrap().into_path();
        (path.strip_prefix(root).unwrap().to_owned(), read(&path))
    });
    entries.collect()
}

fn read(path: &Path) -> Attributes {
    let metadata = path.symlink_metadata().unwrap();
    let mut buffer = vec![0; 65536];
    let mut xattrs = BTreeMap::new();
    // The kernel keeps no extended attributes of sockets in some file systems, and says so.
    let listed = rustix::fs::llistxattr(path, &mut buffer[..]).unwrap_or(0);
    let names = buffer[..listed].to_vec();
    for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let length = rustix::fs::lgetxattr(path, name, &mut buffer[..]).unwrap();
        xattrs.insert(String::from_utf8(name.to_vec()).unwrap(), buffer[..length].to_vec());
    }
    let kind = metadata.file_type();
    let mode = if kind.is_symlink() { 0 } else { metadata.mode() & 0o7777 };
    let modified = (metadata.mtime(), metadata.mtime_nsec());
    debug_assert!(!kind.is_block_device(), "tests make none");
    Attributes { mode, owner: (metadata.uid(), metadata.gid()), modified, xattrs }
}
