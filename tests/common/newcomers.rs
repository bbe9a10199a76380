//! A file system where what bears a name shows only when somebody tries to make something under it: what a name looks like
//! that another process takes between a copier's look and its making of the copy. It speaks FUSE.
//!
//! Names that begin with `file-`, `link-` and `dir-` are taken, in every directory. Looking one up says that there is nothing,
//! until something was to be made there: that fails with EEXIST, and from then on the name can be seen. All others are free.
//!
//! Names that differ only in case are one, as on vfat, NTFS and SMB.
#![allow(clippy::unwrap_used, reason = "it is for tests")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::fuse;
use fuser::{
    BackgroundSession, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, OpenFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyEmpty, ReplyEntry,
    ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

/// The kernel is to ask each time.
const VALID: Duration = Duration::ZERO;

/// What the newcomers that are files contain.
pub const THEIRS: &str = "theirs";

struct Node {
    attributes: FileAttr,
    bytes: Vec<u8>,
    entries: BTreeMap<OsString, INodeNo>,
}

struct Newcomers {
    /// Where the newcomers that are links lead.
    target: PathBuf,
    /// Nodes by their numbers, less one.
    nodes: Mutex<Vec<Node>>,
}

/// Mounts it, empty, on `at`; its links lead to `target`. It goes when the session is dropped.
///
/// # Errors
/// Why there is none.
pub fn mount(at: &Path, target: &Path) -> std::io::Result<BackgroundSession> {
    let file_system =
        Newcomers { target: target.to_owned(), nodes: Mutex::new(vec![node(1, FileType::Directory, 0o755)]) };
    fuser::spawn_mount(file_system, at, &fuse::config("newcomers"))
}

fn node(number: u64, kind: FileType, mode: u32) -> Node {
    let attributes = fuse::attributes(INodeNo(number), kind, mode);
    Node { attributes, bytes: Vec::new(), entries: BTreeMap::new() }
}

impl Newcomers {
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap()
    }

    /// Makes a node, unless the name is taken; one that is taken can be seen from now on.
    fn make(&self, parent: INodeNo, name: &OsStr, kind: FileType, mode: u32) -> Result<FileAttr, Errno> {
        let mut nodes = self.nodes();
        if at(&mut nodes, parent).entries.contains_key(&fold(name)) {
            return Err(Errno::EEXIST);
        }
        let bytes = name.as_bytes();
        let taken = [
            (&b"file-"[..], FileType::RegularFile),
            (b"link-", FileType::Symlink),
            (b"dir-", FileType::Directory),
        ];
        let newcomer = taken.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind);
        let number = u64::try_from(nodes.len()).unwrap() + 1;
        let mut made = node(number, newcomer.unwrap_or(kind), mode);
        match newcomer {
            Some(FileType::RegularFile) => made.bytes = THEIRS.into(),
            Some(FileType::Symlink) => made.bytes = self.target.as_os_str().as_bytes().to_vec(),
            _ => {}
        }
        made.attributes.size = made.bytes.len() as u64;
        let attributes = made.attributes;
        nodes.push(made);
        at(&mut nodes, parent).entries.insert(fold(name), INodeNo(number));
        if newcomer.is_some() { Err(Errno::EEXIST) } else { Ok(attributes) }
    }

    fn entry(&self, made: Result<FileAttr, Errno>, reply: ReplyEntry) {
        match made {
            Ok(attributes) => reply.entry(&VALID, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }
}

/// How a name is remembered.
fn fold(name: &OsStr) -> OsString {
    name.to_ascii_lowercase()
}

fn at(nodes: &mut [Node], number: INodeNo) -> &mut Node {
    &mut nodes[usize::try_from(number.0).unwrap() - 1]
}

impl Filesystem for Newcomers {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut nodes = self.nodes();
        let found = at(&mut nodes, parent).entries.get(&fold(name)).copied();
        let found = found.map(|number| at(&mut nodes, number).attributes);
        drop(nodes);
        self.entry(found.ok_or(Errno::ENOENT), reply);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&VALID, &at(&mut self.nodes(), number).attributes);
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        user: Option<u32>,
        group: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut nodes = self.nodes();
        let node = at(&mut nodes, number);
        let attributes = &mut node.attributes;
        attributes.perm = mode.map_or(attributes.perm, |mode| u16::try_from(mode & 0o7777).unwrap());
        attributes.uid = user.unwrap_or(attributes.uid);
        attributes.gid = group.unwrap_or(attributes.gid);
        if let Some(size) = size {
            node.bytes.resize(usize::try_from(size).unwrap(), 0);
            attributes.size = size;
        }
        reply.attr(&VALID, attributes);
    }

    fn readlink(&self, _: &Request, number: INodeNo, reply: ReplyData) {
        reply.data(&at(&mut self.nodes(), number).bytes);
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        self.entry(self.make(parent, name, FileType::NamedPipe, mode), reply);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        self.entry(self.make(parent, name, FileType::Directory, mode & !umask), reply);
    }

    fn symlink(&self, _: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let made = self.make(parent, name, FileType::Symlink, 0o777);
        if let Ok(made) = &made {
            at(&mut self.nodes(), made.ino).bytes = target.as_os_str().as_bytes().to_vec();
        }
        self.entry(made, reply);
    }

    fn link(&self, _: &Request, number: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let made = self.make(parent, name, FileType::RegularFile, 0o644).map(|_| {
            let mut nodes = self.nodes();
            at(&mut nodes, parent).entries.insert(fold(name), number);
            let linked = at(&mut nodes, number);
            linked.attributes.nlink += 1;
            linked.attributes
        });
        self.entry(made, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to: INodeNo,
        new: &OsStr,
        flags: fuser::RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut nodes = self.nodes();
        // A name that is taken and was never tried shows here, too.
        let hidden = [&b"file-"[..], b"link-", b"dir-"].iter().any(|start| new.as_bytes().starts_with(start))
            && !at(&mut nodes, to).entries.contains_key(&fold(new));
        if !flags.is_empty() {
            // As NFS and many others: a renaming that spares what is there is not to be had.
            return reply.error(Errno::EINVAL);
        }
        let Some(number) = at(&mut nodes, parent).entries.remove(&fold(name)) else {
            return reply.error(Errno::ENOENT);
        };
        assert!(!hidden, "{new:?} was renamed over, unseen");
        at(&mut nodes, to).entries.insert(fold(new), number);
        reply.ok();
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match self.make(parent, name, FileType::RegularFile, mode & !umask) {
            Ok(made) => reply.created(&VALID, &made, Generation(0), FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = at(&mut self.nodes(), parent).entries.remove(&fold(name));
        fuse::ended(removed.map(|_| ()).ok_or(Errno::ENOENT), reply);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut nodes = self.nodes();
        let bytes = &at(&mut nodes, number).bytes;
        let from = usize::try_from(offset).unwrap().min(bytes.len());
        let to = (from + usize::try_from(size).unwrap()).min(bytes.len());
        reply.data(&bytes[from..to]);
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut nodes = self.nodes();
        let node = at(&mut nodes, number);
        let from = usize::try_from(offset).unwrap();
        node.bytes.resize(node.bytes.len().max(from + data.len()), 0);
        node.bytes[from..from + data.len()].copy_from_slice(data);
        node.attributes.size = node.bytes.len() as u64;
        reply.written(u32::try_from(data.len()).unwrap());
    }
}
