//! What the file systems that tests serve have in common: a node's attributes, how they are mounted, and the process that
//! serves one. A file system whose own process waits for it cannot be killed, so most are served by the test's program,
//! started once more.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "it is for tests and a bench, which do not use all of it; what it prints is for who started it"
)]

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use fuser::{Config, Errno, FileAttr, FileType, Filesystem, INodeNo, MountOption, ReplyEmpty, SessionACL};

/// How the process that serves says that it does, behind whatever else its program prints.
const SERVES: &str = "file system: serving";
const CANNOT: &str = "file system: cannot serve: ";

/// A mounted file system: goes when it is dropped.
pub struct Served(Child);

/// Starts a program that calls [`serve`], and returns when it has mounted its file system.
///
/// # Errors
/// Why there is none.
pub fn started(mut server: Command) -> io::Result<Served> {
    let mut served =
        Served(server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let said = BufReader::new(served.0.stdout.take().unwrap());
    for line in said.lines() {
        let line = line?;
        if line.ends_with(SERVES) {
            return Ok(served);
        }
        if let Some((_, reason)) = line.split_once(CANNOT) {
            return Err(io::Error::other(reason.to_owned()));
        }
    }
    Err(io::Error::other("its process ended"))
}

impl Served {
    /// Kills the process, with which the file system goes whatever waits for it.
    pub fn kill(&mut self) {
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ended = self.0.wait();
    }
}

/// Serves a file system until standard input ends.
pub fn serve(file_system: impl Filesystem, at: &Path, config: &Config) {
    match fuser::spawn_mount(file_system, at, config) {
        Ok(session) => {
            println!("{SERVES}");
            let _end = io::stdin().read_to_end(&mut Vec::new());
            drop(session);
        }
        Err(error) => println!("{CANNOT}{error}"),
    }
}

/// How a file system of this name is mounted: for all users where that is allowed, the kernel looking after permissions.
pub fn config(name: &str) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName(name.into()), MountOption::DefaultPermissions];
    config.acl = if rustix::process::geteuid().is_root() { SessionACL::All } else { SessionACL::Owner };
    config
}

/// An empty node of this process's user.
pub fn attributes(number: INodeNo, kind: FileType, mode: u32) -> FileAttr {
    let now = SystemTime::now();
    FileAttr {
        ino: number,
        size: 0,
        blocks: 0,
        atime: now,
        mtime: now,
        ctime: now,
        crtime: now,
        kind,
        perm: u16::try_from(mode & 0o7777).unwrap(),
        nlink: 1,
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Answers how something ended.
pub fn ended(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}
