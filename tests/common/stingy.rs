//! A file system in memory that takes a few bytes of each write and answers how many: one of the few that ever do. It has
//! extended attributes, and one directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::fuse;
use fuser::{
    BackgroundSession, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, OpenFlags, ReplyAttr, ReplyCreate, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

/// Bytes that it takes of a write.
const BYTES_TAKEN: usize = 1000;

/// The kernel asks each time.
const VALID: Duration = Duration::ZERO;

/// The directory comes first.
struct Node {
    name: OsString,
    bytes: Vec<u8>,
    attributes: FileAttr,
    xattrs: BTreeMap<OsString, Vec<u8>>,
}

struct Stingy(Mutex<Vec<Node>>);

/// Mounts it on an empty directory until what this answers is dropped.
pub fn mount(at: &Path) -> std::io::Result<BackgroundSession> {
    let directory = Node::new(OsStr::new(""), 1, FileType::Directory, 0o755);
    fuser::spawn_mount(Stingy(Mutex::new(vec![directory])), at, &fuse::config("stingy"))
}

impl Node {
    fn new(name: &OsStr, number: u64, kind: FileType, mode: u32) -> Self {
        let attributes = fuse::attributes(INodeNo(number), kind, mode);
        Self { name: name.to_owned(), bytes: Vec::new(), attributes, xattrs: BTreeMap::new() }
    }

    fn resize(&mut self, bytes: usize) {
        self.bytes.resize(bytes, 0);
        self.attributes.size = u64::try_from(bytes).unwrap();
        self.attributes.blocks = self.attributes.size.div_ceil(512);
    }
}

impl Stingy {
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.0.lock().unwrap()
    }

    fn with<T>(&self, number: INodeNo, work: impl FnOnce(&mut Node) -> T) -> T {
        work(&mut self.nodes()[usize::try_from(number.0).unwrap() - 1])
    }
}

/// Answers bytes, or how many they are where nobody has room for them yet.
fn give(bytes: &[u8], size: u32, reply: ReplyXattr) {
    let length = u32::try_from(bytes.len()).unwrap();
    match size {
        0 => reply.size(length),
        size if size < length => reply.error(Errno::ERANGE),
        _ => reply.data(bytes),
    }
}

impl Filesystem for Stingy {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.nodes().iter().find(|node| node.name == name) {
            Some(node) => reply.entry(&VALID, &node.attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        self.with(number, |node| reply.attr(&VALID, &node.attributes));
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        user: Option<u32>,
        group: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let time = |time: TimeOrNow| match time {
            TimeOrNow::SpecificTime(time) => time,
            TimeOrNow::Now => SystemTime::now(),
        };
        self.with(number, |node| {
            if let Some(size) = size {
                node.resize(usize::try_from(size).unwrap());
            }
            let attributes = &mut node.attributes;
            attributes.perm = mode.map_or(attributes.perm, |mode| u16::try_from(mode & 0o7777).unwrap());
            attributes.uid = user.unwrap_or(attributes.uid);
            attributes.gid = group.unwrap_or(attributes.gid);
            attributes.atime = accessed.map_or(attributes.atime, time);
            attributes.mtime = modified.map_or(attributes.mtime, time);
            reply.attr(&VALID, attributes);
        });
    }

    fn create(
        &self,
        _: &Request,
        _: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let mut nodes = self.nodes();
        let number = u64::try_from(nodes.len()).unwrap() + 1;
        let node = Node::new(name, number, FileType::RegularFile, mode & !umask);
        // Past the page cache a write is what this answers, and no error where it is not all.
        reply.created(&VALID, &node.attributes, Generation(0), FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
        nodes.push(node);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
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
        reply: fuser::ReplyData,
    ) {
        self.with(number, |node| {
            let from = usize::try_from(offset).unwrap().min(node.bytes.len());
            let to = (from + usize::try_from(size).unwrap()).min(node.bytes.len());
            reply.data(&node.bytes[from..to]);
        });
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
        let data = &data[..data.len().min(BYTES_TAKEN)];
        let from = usize::try_from(offset).unwrap();
        self.with(number, |node| {
            node.resize(node.bytes.len().max(from + data.len()));
            node.bytes[from..from + data.len()].copy_from_slice(data);
            node.attributes.mtime = SystemTime::now();
        });
        reply.written(u32::try_from(data.len()).unwrap());
    }

    fn setxattr(
        &self,
        _: &Request,
        number: INodeNo,
        name: &OsStr,
        value: &[u8],
        _: i32,
        _: u32,
        reply: ReplyEmpty,
    ) {
        self.with(number, |node| node.xattrs.insert(name.to_owned(), value.to_vec()));
        reply.ok();
    }

    fn getxattr(&self, _: &Request, number: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        match self.with(number, |node| node.xattrs.get(name).cloned()) {
            Some(value) => give(&value, size, reply),
            None => reply.error(Errno::NO_XATTR),
        }
    }

    fn listxattr(&self, _: &Request, number: INodeNo, size: u32, reply: ReplyXattr) {
        let all = |node: &mut Node| {
            let names = node.xattrs.keys();
            names.flat_map(|name| [name.as_encoded_bytes(), b"\0"].concat()).collect::<Vec<_>>()
        };
        give(&self.with(number, all), size, reply);
    }
}
