//! A file system in memory that tells the truth in ways of its own: what FUSE, SMB and NFS make of metadata. As
//! `delaying` it runs in a process of its own, which is the test program started once more.
#![allow(clippy::unwrap_used, reason = "it is for tests")]

mod serving;

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use super::fuse;
pub use super::fuse::Served;
use fuser::{Errno, FileAttr, FileType, INodeNo, Request};

/// What is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// Each name of a file has an inode of its own.
    Inodes,
    /// Listings call everything a regular file.
    ListedAsFiles,
    /// Listings call everything a directory.
    ListedAsDirectories,
    /// Names are found in capitals and small letters alike.
    Caseless,
    /// All that is made belongs to root.
    OwnedByRoot,
    /// Times of writing are kept in seconds, all others exactly.
    SecondsOfWriting,
    /// Nothing more is said of a file that has been linked.
    SilentWhenLinked,
    /// No directory can be listed: opening one fails with EIO.
    Unlisted,
    /// Closing fails with EIO.
    Unclosed,
}

const ALL: [Oddity; 9] = [
    Oddity::Inodes,
    Oddity::ListedAsFiles,
    Oddity::ListedAsDirectories,
    Oddity::Caseless,
    Oddity::OwnedByRoot,
    Oddity::SecondsOfWriting,
    Oddity::SilentWhenLinked,
    Oddity::Unlisted,
    Oddity::Unclosed,
];

const PLACE: &str = "UCP_ODD_AT";
const ODDITY: &str = "UCP_ODD";
/// Starts `server`, a program that calls [`serve_if_asked`], and returns when it has mounted an empty file system on `at`.
pub fn start(mut server: Command, at: &Path, oddity: Oddity) -> io::Result<Served> {
    server.env(PLACE, at).env(ODDITY, format!("{oddity:?}"));
    fuse::started(server)
}

/// Serves until standard input ends, where the environment says so; `false` at once where it does not.
pub fn serve_if_asked() -> bool {
    let (Some(at), Ok(named)) = (env::var_os(PLACE), env::var(ODDITY)) else { return false };
    let oddity = ALL.into_iter().find(|oddity| format!("{oddity:?}") == named).unwrap();
    let root = File::new(Content::Directory(BTreeMap::new()), FileType::Directory, 0o777, (0, 0));
    let system = System { oddity, inodes: Mutex::new(vec![Arc::new(Mutex::new(root))]) };
    fuse::serve(system, Path::new(&at), &fuse::config("odd"));
    true
}

enum Content {
    Bytes(Vec<u8>),
    Directory(BTreeMap<OsString, INodeNo>),
}

struct File {
    content: Content,
    attributes: FileAttr,
}

/// The file system: a file for each inode, less one, which several inodes may share.
struct System {
    oddity: Oddity,
    inodes: Mutex<Vec<Arc<Mutex<File>>>>,
}

impl File {
    fn new(content: Content, kind: FileType, mode: u32, (uid, gid): (u32, u32)) -> Self {
        let attributes = FileAttr { uid, gid, ..fuse::attributes(INodeNo(0), kind, mode) };
        Self { content, attributes }
    }

    fn entries(&mut self) -> Result<&mut BTreeMap<OsString, INodeNo>, Errno> {
        match &mut self.content {
            Content::Directory(entries) => Ok(entries),
            Content::Bytes(_) => Err(Errno::ENOTDIR),
        }
    }

    fn bytes(&mut self) -> Result<&mut Vec<u8>, Errno> {
        match &mut self.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Directory(_) => Err(Errno::EISDIR),
        }
    }

    fn seen_as(&self, number: INodeNo) -> FileAttr {
        let size = if let Content::Bytes(bytes) = &self.content { bytes.len() } else { 0 };
        let size = u64::try_from(size).unwrap();
        FileAttr { ino: number, size, blocks: size.div_ceil(512), ..self.attributes }
    }
}

impl System {
    fn file(&self, number: INodeNo) -> Arc<Mutex<File>> {
        Arc::clone(&self.inodes.lock().unwrap()[usize::try_from(number.0).unwrap() - 1])
    }

    fn with<T>(&self, number: INodeNo, work: impl FnOnce(&mut File) -> T) -> T {
        work(&mut self.file(number).lock().unwrap())
    }

    fn number(&self, file: Arc<Mutex<File>>) -> INodeNo {
        let mut inodes: MutexGuard<'_, Vec<_>> = self.inodes.lock().unwrap();
        inodes.push(file);
        INodeNo(u64::try_from(inodes.len()).unwrap())
    }

    /// The name as it is written in the directory.
    fn spelled(&self, entries: &BTreeMap<OsString, INodeNo>, name: &OsStr) -> Option<OsString> {
        let caseless = self.oddity == Oddity::Caseless;
        let same = |own: &&OsString| *own == name || (caseless && own.eq_ignore_ascii_case(name));
        entries.keys().find(same).cloned()
    }

    fn find(&self, parent: INodeNo, name: &OsStr) -> Result<INodeNo, Errno> {
        self.with(parent, |file| {
            let entries = file.entries()?;
            self.spelled(entries, name).map(|own| entries[&own]).ok_or(Errno::ENOENT)
        })
    }

    fn enter(&self, parent: INodeNo, name: &OsStr, number: INodeNo) -> Result<(), Errno> {
        if self.find(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.with(parent, |file| file.entries().map(|entries| entries.insert(name.to_owned(), number)))?;
        Ok(())
    }

    fn make(
        &self,
        request: &Request,
        (parent, name): (INodeNo, &OsStr),
        content: Content,
        (kind, mode): (FileType, u32),
    ) -> Result<FileAttr, Errno> {
        let root = self.oddity == Oddity::OwnedByRoot;
        let owner = if root { (0, 0) } else { (request.uid(), request.gid()) };
        let number = self.number(Arc::new(Mutex::new(File::new(content, kind, mode, owner))));
        self.enter(parent, name, number)?;
        Ok(self.with(number, |file| file.seen_as(number)))
    }

    fn remove(&self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        let number = self.with(parent, |file| {
            let entries = file.entries()?;
            let own = self.spelled(entries, name).ok_or(Errno::ENOENT)?;
            entries.remove(&own).ok_or(Errno::ENOENT)
        })?;
        self.with(number, |file| file.attributes.nlink -= 1);
        Ok(())
    }
}
