//! A file system whose files need not be as long as it says: each is described by its name.
//!
//! It speaks FUSE, and its files go past the page cache (`FOPEN_DIRECT_IO`): read(2) then has the server say where a file
//! ends, and a ring goes by the size that the kernel has noted. It runs in a process of its own, as [`super::delaying`] does.
#![allow(clippy::unwrap_used, reason = "it is for tests")]

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyEntry, ReplyOpen, Request,
};

use super::fuse::{self, Served};
use super::noise;

/// What a file says of itself, and what is true.
#[derive(Clone, Copy, Debug)]
pub struct Stated {
    /// What stat(2) says.
    pub says: u64,
    /// What it has.
    pub has: u64,
    /// How many bytes one answer has at most.
    pub by: u64,
}

/// The files, in its only directory.
const FILES: [Stated; 15] = [
    file(7, 7, 1 << 20),
    file(4096, 4096, 1 << 20),
    file(10_000, 10_000, 1 << 20),
    file(10_000, 10_000, 1000),
    file(300_000, 300_000, 1 << 20),
    file(300_001, 300_001, 5000),
    file(3_000_001, 3_000_001, 1 << 20),
    // Shorter than they say: what has shrunk on the server a moment ago.
    file(100_000, 5, 1 << 20),
    file(100_000, 0, 1 << 20),
    file(1_000_000, 300_000, 100_000),
    file(100 << 20, 11_000, 1 << 20),
    // Longer.
    file(0, 3000, 1 << 20),
    file(0, 200_000, 1 << 20),
    file(3, 500_000, 1 << 20),
    file(40_000, 600_000, 7000),
];

const fn file(says: u64, has: u64, by: u64) -> Stated {
    Stated { says, has, by }
}

impl Stated {
    pub fn all() -> impl Iterator<Item = Self> {
        FILES.into_iter()
    }

    pub fn name(&self) -> String {
        let Self { says, has, by } = self;
        format!("says-{says}-has-{has}-by-{by}")
    }

    pub fn contents(&self) -> Vec<u8> {
        noise(usize::try_from(self.has).unwrap(), self.has ^ self.by)
    }

    fn attributes(&self, number: INodeNo) -> FileAttr {
        attributes(number, FileType::RegularFile, self.says)
    }
}

struct Misstating(Vec<Vec<u8>>);

/// Set where its files go through the page cache after all, and so end where they say at the latest.
pub const CACHED: &str = "UCP_MISSTATING_CACHED";

const PLACE: &str = "UCP_MISSTATING_AT";
const ROOT: INodeNo = INodeNo(1);

/// The kernel asks anew each time.
const VALID: Duration = Duration::ZERO;

/// Starts `server`, a program that calls [`serve_if_asked`], and returns when it has mounted the file system on `at`.
///
/// # Errors
/// Why there is none.
pub fn start(mut server: Command, at: &Path) -> io::Result<Served> {
    server.env(PLACE, at);
    fuse::started(server)
}

/// Serves until standard input ends, where the environment says so; `false` at once where it does not.
pub fn serve_if_asked() -> bool {
    let Some(at) = env::var_os(PLACE) else { return false };
    let mut config = fuse::config("misstating");
    config.mount_options.push(MountOption::RO);
    config.n_threads = Some(4);
    let contents = Stated::all().map(|file| file.contents()).collect();
    fuse::serve(Misstating(contents), Path::new(&at), &config);
    true
}

fn attributes(number: INodeNo, kind: FileType, size: u64) -> FileAttr {
    FileAttr { size, blocks: size.div_ceil(512), ..fuse::attributes(number, kind, 0o755) }
}

/// The number of the file at this place.
fn number(place: usize) -> INodeNo {
    INodeNo(u64::try_from(place).unwrap() + 2)
}

fn place(number: INodeNo) -> Option<usize> {
    number.0.checked_sub(2).map(|place| usize::try_from(place).unwrap())
}

impl Filesystem for Misstating {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match Stated::all().position(|file| name == file.name().as_str()) {
            Some(at) => reply.entry(&VALID, &FILES[at].attributes(number(at)), Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let root = attributes(ROOT, FileType::Directory, 0);
        reply.attr(&VALID, &place(node).map_or(root, |at| FILES[at].attributes(node)));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let cached = env::var_os(CACHED).is_some();
        let flags = if cached { FopenFlags::empty() } else { FopenFlags::FOPEN_DIRECT_IO };
        reply.opened(FileHandle(0), flags);
    }

    fn read(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let at = place(node).unwrap();
        let bytes = &self.0[at];
        let from = usize::try_from(offset).unwrap().min(bytes.len());
        let most = u64::from(size).min(FILES[at].by);
        reply.data(&bytes[from..(from + usize::try_from(most).unwrap()).min(bytes.len())]);
    }

    fn readdir(&self, _: &Request, _: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        for (at, file) in Stated::all().enumerate().skip(usize::try_from(offset).unwrap()) {
            let next = u64::try_from(at).unwrap() + 1;
            if reply.add(number(at), next, FileType::RegularFile, file.name()) {
                break;
            }
        }
        reply.ok();
    }
}
