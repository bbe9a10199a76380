//! A file system of one file whose reads are never answered: what a server that has gone looks like.
//!
//! It speaks FUSE, in a process of its own: one that serves itself cannot be killed while it waits for its own answer.
//! Tests start their own program once more for that. When it is killed the kernel ends all that waits for it.
#![allow(clippy::unwrap_used, reason = "it is for tests")]

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::fuse;
use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyEntry, ReplyOpen, Request,
};

use super::sandbox::Mounted;

/// The file that is there, and its length.
pub const NEVER: &str = "never";
pub const NEVER_BYTES: u64 = 100_000;

/// Where the process that serves is told where to mount, and  PLACE: &str = "UCP_SILENT_AT";
/// Where the process that serves is told where to mount.
const PLACE: &str = "UCP_SILENT_AT";

struct Silent {
    /// A file that is made when a request has come that is not answered.
    asked: PathBuf,
}

const ROOT: INodeNo = INodeNo(1);

/// A mounted file system: goes when it is dropped, with all that waits for it.
pub struct Served {
    server: fuse::Served,
    asked: PathBuf,
    /// After the server, which answers nothing that unmounting could wait for.
    _mounted: Mounted,
}

impl Served {
    /// Whether a request has come that is not answered.
    pub fn keeps_waiting(&self) -> bool {
        self.asked.exists()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.kill();
    }
}

/// Starts `server`, a program that calls [`serve_if_asked`], and returns when it has mounted the file system on `at`.
///
/// # Errors
/// Why there is none.
pub fn start(mut server: Command, at: &Path) -> io::Result<Served> {
    server.env(PLACE, at);
    let server = fuse::started(server)?;
    Ok(Served { server, asked: asked(at), _mounted: Mounted::at(at.to_owned()) })
}

fn asked(at: &Path) -> PathBuf {
    at.with_extension("asked")
}

/// Serves until standard input ends, where the environment says so; `false` at once where it does not.
pub fn serve_if_asked() -> bool {
    let Some(at) = env::var_os(PLACE) else { return false };
    fuse::serve(Silent { asked: asked(Path::new(&at)) }, Path::new(&at), &fuse::config("silent"));
    true
}

fn attributes(number: INodeNo) -> FileAttr {
    let (kind, size) = match number {
        ROOT => (FileType::Directory, 0),
        _ => (FileType::RegularFile, NEVER_BYTES),
    };
    FileAttr { size, blocks: size.div_ceil(512), ..fuse::attributes(number, kind, 0o755) }
}

impl Filesystem for Silent {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match name == NEVER {
            true => reply.entry(&Duration::ZERO, &attributes(INodeNo(2)), Generation(0)),
            false => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&Duration::ZERO, &attributes(number));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: u64,
        _: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        // A reply that is dropped would be an error.
        std::mem::forget(reply);
        File::create(&self.asked).unwrap();
    }
}
