//! A file system in memory that lets each operation take its time: what a slow server looks like to a copier.
//!
//! It speaks FUSE. Every request sleeps in a thread of its own before it is answered, so that as many requests wait side
//! by side as there are threads. It runs in a process of its own: one that serves itself cannot be killed while it waits
//! for its own answer. Tests and `benches/placement.rs` start their own program once more for that.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is for tests; what it prints is for who started it"
)]

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::fuse;
pub use super::fuse::Served;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

/// How many requests wait side by side.
const THREADS: usize = 160;

/// How long the kernel may believe what it was told.
const VALID: Duration = Duration::from_secs(60);

enum Content {
    File(Vec<u8>),
    Directory(BTreeMap<OsString, INodeNo>),
}

struct Node {
    content: Content,
    attributes: FileAttr,
}

/// The file system: nodes by their numbers, less one.
struct Delaying {
    delay: Duration,
    nodes: Mutex<Vec<Node>>,
}

/// Where the process that serves is told where to mount, and how many microseconds an operation takes.
const PLACE: &str = "UCP_DELAYING_AT";
const DELAY: &str = "UCP_DELAYING_US";

/// Starts `server`, a program that calls [`serve_if_asked`], and returns when it has mounted an empty file system on `at`.
///
/// # Errors
/// Why there is none.
pub fn start(mut server: Command, at: &Path, delay: Duration) -> io::Result<Served> {
    server.env(PLACE, at).env(DELAY, delay.as_micros().to_string());
    fuse::started(server)
}

/// Serves until standard input ends, where the environment says so; `false` at once where it does not.
pub fn serve_if_asked() -> bool {
    let (Some(at), Ok(delay)) = (env::var_os(PLACE), env::var(DELAY)) else { return false };
    let delay = Duration::from_micros(delay.parse().unwrap());
    let file_system = Delaying { delay, nodes: Mutex::new(vec![Node::new(INodeNo(1), None, 0o755)]) };
    let mut config = fuse::config("delaying");
    config.n_threads = Some(THREADS);
    fuse::serve(file_system, Path::new(&at), &config);
    true
}

impl Node {
    fn new(number: INodeNo, file: Option<Vec<u8>>, mode: u32) -> Self {
        let kind = if file.is_some() { FileType::RegularFile } else { FileType::Directory };
        let attributes = fuse::attributes(number, kind, mode);
        let content = file.map_or_else(|| Content::Directory(BTreeMap::new()), Content::File);
        Self { content, attributes }
    }

    fn entries(&mut self) -> Result<&mut BTreeMap<OsString, INodeNo>, Errno> {
        match &mut self.content {
            Content::Directory(entries) => Ok(entries),
            Content::File(_) => Err(Errno::ENOTDIR),
        }
    }

    fn bytes(&mut self) -> Result<&mut Vec<u8>, Errno> {
        match &mut self.content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(Errno::EISDIR),
        }
    }

    fn resized(&mut self) {
        if let Content::File(bytes) = &self.content {
            self.attributes.size = u64::try_from(bytes.len()).unwrap();
            self.attributes.blocks = self.attributes.size.div_ceil(512);
        }
    }
}

impl Delaying {
    /// Waits as long as an operation takes here, then gives access to the nodes.
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        std::thread::sleep(self.delay);
        self.nodes.lock().unwrap()
    }

    /// Makes a node under a name that must be free.
    fn make(
        &self,
        parent: INodeNo,
        name: &OsStr,
        file: Option<Vec<u8>>,
        mode: u32,
    ) -> Result<FileAttr, Errno> {
        let mut nodes = self.nodes();
        let number = INodeNo(u64::try_from(nodes.len()).unwrap() + 1);
        let entries = node(&mut nodes, parent).entries()?;
        if entries.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        entries.insert(name.to_owned(), number);
        let made = Node::new(number, file, mode);
        let attributes = made.attributes;
        nodes.push(made);
        Ok(attributes)
    }

    fn remove(&self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        node(&mut self.nodes(), parent).entries()?.remove(name).map(|_| ()).ok_or(Errno::ENOENT)
    }
}

fn node(nodes: &mut [Node], number: INodeNo) -> &mut Node {
    &mut nodes[usize::try_from(number.0).unwrap() - 1]
}

impl Filesystem for Delaying {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // The kernel's own limit, 12, would have closes and reads wait for each other.
        let most = u16::try_from(THREADS).unwrap();
        config
            .set_max_background(most)
            .and(config.set_congestion_threshold(most))
            .map_err(|_| io::Error::other("limits"))?;
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut nodes = self.nodes();
        let found = node(&mut nodes, parent).entries().map(|entries| entries.get(name).copied());
        match found {
            Ok(Some(number)) => reply.entry(&VALID, &node(&mut nodes, number).attributes, Generation(0)),
            Ok(None) => reply.error(Errno::ENOENT),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&VALID, &node(&mut self.nodes(), number).attributes);
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
        let mut nodes = self.nodes();
        let node = node(&mut nodes, number);
        if let (Some(size), Ok(bytes)) = (size, node.bytes()) {
            bytes.resize(usize::try_from(size).unwrap(), 0);
        }
        node.resized();
        let attributes = &mut node.attributes;
        attributes.perm = mode.map_or(attributes.perm, |mode| u16::try_from(mode & 0o7777).unwrap());
        attributes.uid = user.unwrap_or(attributes.uid);
        attributes.gid = group.unwrap_or(attributes.gid);
        attributes.atime = accessed.map_or(attributes.atime, time);
        attributes.mtime = modified.map_or(attributes.mtime, time);
        reply.attr(&VALID, attributes);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        match self.make(parent, name, None, mode & !umask) {
            Ok(attributes) => reply.entry(&VALID, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
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
        match self.make(parent, name, Some(Vec::new()), mode & !umask) {
            Ok(attributes) => {
                reply.created(&VALID, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        fuse::ended(self.remove(parent, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        fuse::ended(self.remove(parent, name), reply);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        drop(self.nodes());
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
        match node(&mut self.nodes(), number).bytes() {
            Ok(bytes) => {
                let from = usize::try_from(offset).unwrap().min(bytes.len());
                let to = (from + usize::try_from(size).unwrap()).min(bytes.len());
                reply.data(&bytes[from..to]);
            }
            Err(error) => reply.error(error),
        }
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
        let node = node(&mut nodes, number);
        match node.bytes() {
            Ok(bytes) => {
                let from = usize::try_from(offset).unwrap();
                bytes.resize(bytes.len().max(from + data.len()), 0);
                bytes[from..from + data.len()].copy_from_slice(data);
                reply.written(u32::try_from(data.len()).unwrap());
            }
            Err(error) => reply.error(error),
        }
        node.resized();
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        drop(self.nodes());
        reply.ok();
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        drop(self.nodes());
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut nodes = self.nodes();
        let entries = match node(&mut nodes, number).entries() {
            Ok(entries) => entries.clone(),
            Err(error) => return reply.error(error),
        };
        for (place, (name, number)) in (1..).zip(entries).skip(usize::try_from(offset).unwrap()) {
            let kind = node(&mut nodes, number).attributes.kind;
            if reply.add(number, place, kind, &name) {
                break;
            }
        }
        reply.ok();
    }
}
