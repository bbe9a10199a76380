//! The files and descriptors behind the scripted engine. File contents live in memory only.
//!
//! An open that must give an ordinary descriptor gives a real one, of an empty memory file with a name of its own: so it
//! can be shared and dropped as any other, and whether it was ever closed can be looked up in /proc. What is read and
//! written through it is the file in memory that its number stands for.

use super::file::File;
use crate::bufpool::PAGE_BYTES;
use crate::pipeline::chain::{Descriptor, FdKind};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{AttributeError, AttributePlan, Times};
use crate::plan::destination::FileSystem;
use crate::plan::facts::{FileId, FileStat};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use rustix::fs::{FileType, MemfdFlags, Mode, OFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes the names of memory files unique among all tests of the process.
static DESCRIPTORS: AtomicU64 = AtomicU64::new(0);

/// What a descriptor is to the caller: the number of an ordinary one, or a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Number {
    Plain(RawFd),
    Direct(u32),
}

#[derive(Debug, Clone)]
struct OpenFile {
    name: Vec<u8>,
    flags: OFlags,
    /// Where reads and writes without an offset go on.
    position: u64,
    /// `O_DIRECT` is on.
    direct: bool,
    /// It made the file or changed it, so that closing it has something to say.
    changed: bool,
}

impl OpenFile {
    fn is_written(&self) -> bool {
        self.flags.intersects(OFlags::WRONLY | OFlags::RDWR)
    }
}

/// All files, by name, and all descriptors of them.
#[derive(Debug, Default)]
pub(crate) struct World {
    files: HashMap<Vec<u8>, File>,
    open: HashMap<Number, OpenFile>,
    /// Names of the memory files behind all ordinary descriptors there ever were.
    labels: Vec<String>,
    slots: u32,
    inodes: u64,
    /// What is taken from the permissions of what is made.
    pub umask: u32,
    /// What a survey says.
    pub systems: Option<[FileSystem; 2]>,
    /// Files can share blocks.
    pub shares: bool,
    /// The kernel copies.
    pub offloads: bool,
    /// Bytes that were written, of all files.
    pub bytes_written: usize,
    /// Destinations whose descriptor went without a close that was looked at.
    abandoned: Vec<Vec<u8>>,
}

impl World {
    /// Puts a regular file there.
    pub(crate) fn put(&mut self, name: &[u8], contents: Vec<u8>) {
        self.inodes += 1;
        let file = File::new(contents, self.inodes);
        self.files.insert(name.to_vec(), file);
    }

    /// The file of that name, which must be there.
    pub(crate) fn file_mut(&mut self, name: &[u8]) -> &mut File {
        self.files.get_mut(name).expect("a file of that name")
    }

    /// The file of that name, where there is one.
    pub(crate) fn file(&self, name: &[u8]) -> Option<&File> {
        self.files.get(name)
    }

    /// What is in the file of that name, where there is one.
    pub(crate) fn contents(&self, name: &[u8]) -> Option<&[u8]> {
        self.files.get(name).map(|file| &file.contents[..])
    }

    /// What stat(2) says.
    pub(crate) fn facts(&self, name: &[u8]) -> Option<FileStat> {
        let file = self.files.get(name)?;
        let size = file.claimed.unwrap_or(file.contents.len() as u64);
        let identity = FileId { device: 1, inode: file.inode };
        let (mode, owner, Times { accessed, modified }) = (file.mode, file.owner, file.times);
        let pages = file.contents.chunks(PAGE_BYTES).filter(|page| page.iter().any(|byte| *byte != 0));
        let blocks = if file.has_holes { pages.count() as u64 * 8 } else { size.div_ceil(512) };
        let facts = FileStat { identity, kind: file.kind, mode, owner, size, blocks, ..FileStat::UNKNOWN };
        Some(FileStat { accessed, modified, ..facts })
    }

    /// The next page-aligned stretch of a source that is not all zeros: its map of data.
    pub(super) fn find_data(&self, source: &Descriptor, from: u64) -> Option<Range<u64>> {
        let name = &self.open[&number(source)].name;
        let contents = &self.files[name].contents;
        let page = |number: usize| contents.chunks(PAGE_BYTES).nth(number);
        let is_data = |number: usize| page(number).is_some_and(|page| page.iter().any(|byte| *byte != 0));
        let pages = contents.len().div_ceil(PAGE_BYTES);
        let first = (usize::try_from(from).unwrap() / PAGE_BYTES..pages).find(|page| is_data(*page))?;
        let last = (first..pages).find(|page| !is_data(*page)).unwrap_or(pages);
        let end = (last * PAGE_BYTES).min(contents.len());
        Some(u64::try_from(first * PAGE_BYTES).unwrap().max(from)..u64::try_from(end).unwrap())
    }

    /// What is wrong with the descriptors when nothing should be open any more: one line for each.
    pub(crate) fn descriptors_left(&self) -> Vec<String> {
        let mut left: Vec<String> =
            self.abandoned.iter().map(|name| format!("{}: never closed", name.escape_ascii())).collect();
        for (number, open) in &self.open {
            // An ordinary descriptor that was only read may be dropped: closing it has nothing to say.
            if open.changed || matches!(number, Number::Direct(_)) {
                left.push(format!("{number:?} of {}: never closed", open.name.escape_ascii()));
            }
        }
        let links = std::fs::read_dir("/proc/self/fd").expect("/proc/self/fd");
        let targets = links.filter_map(|link| std::fs::read_link(link.ok()?.path()).ok());
        let open: Vec<String> = targets.map(|target| target.to_string_lossy().into_owned()).collect();
        let is_open =
            |label: &&String| open.iter().any(|target| *target == format!("/memfd:{label} (deleted)"));
        left.extend(self.labels.iter().filter(is_open).map(|label| format!("{label}: leaked")));
        left
    }

    pub(super) fn open(
        &mut self,
        name: &[u8],
        flags: OFlags,
        into: FdKind,
        mode: Mode,
    ) -> Result<Descriptor, Errno> {
        let name = match opened_again(name) {
            Some(number) => self.open.get(&Number::Plain(number)).ok_or(Errno::NOENT)?.name.clone(),
            None => name.to_vec(),
        };
        let name = if flags.contains(OFlags::TMPFILE) { self.unnamed() } else { name };
        let made = !self.files.contains_key(&name) || flags.contains(OFlags::TMPFILE);
        match (self.files.contains_key(&name), flags.contains(OFlags::CREATE)) {
            (true, true) if flags.contains(OFlags::EXCL) => return Err(Errno::EXIST),
            (false, false) => return Err(Errno::NOENT),
            (false, true) => {
                self.put(&name, Vec::new());
            }
            (true, _) => {}
        }
        if made {
            let mode = mode.difference(Mode::from(self.umask));
            let file = self.file_mut(&name);
            (file.mode, file.made_with) = (mode, Some(mode));
        }
        let (number, descriptor) = match into {
            FdKind::Plain | FdKind::Waiting => {
                let label = format!("scripted-{}", DESCRIPTORS.fetch_add(1, Ordering::Relaxed));
                let fd = rustix::fs::memfd_create(&*label, MemfdFlags::CLOEXEC).expect("a memory file");
                self.labels.push(label);
                (Number::Plain(fd.as_raw_fd()), Descriptor::Plain(fd))
            }
            FdKind::Any => {
                self.slots += 1;
                (Number::Direct(self.slots), Descriptor::Direct(self.slots))
            }
        };
        let open = OpenFile { name, flags, position: 0, direct: false, changed: made };
        // Where the number is known, its last descriptor was dropped.
        if let Some(dropped) = self.open.insert(number, open)
            && dropped.changed
        {
            self.abandoned.push(dropped.name);
        }
        Ok(descriptor)
    }

    /// Closes what the chain alone holds; whether that was the file's last share.
    pub(super) fn close(&mut self, descriptor: Descriptor) -> bool {
        let number = match descriptor {
            Descriptor::Shared(fd) => match Arc::try_unwrap(fd) {
                Ok(fd) => Number::Plain(fd.as_raw_fd()),
                Err(_shared_still) => return false,
            },
            Descriptor::Closed => panic!("closed, and not open"),
            open => number(&open),
        };
        self.open.remove(&number).expect("closed twice");
        true
    }

    pub(super) fn examine(&self, descriptor: &Descriptor) -> FileStat {
        self.facts(&self.open[&number(descriptor)].name).expect("files are never removed")
    }

    /// The names of an open file, which from now on cannot be had where listing them fails.
    pub(super) fn list(&mut self, descriptor: &Descriptor, failure: Result<(), Errno>) -> Names {
        let name = self.opened(descriptor).name.clone();
        let file = self.file_mut(&name);
        if let Err(errno) = failure {
            file.names = Names { refused: Some(errno), ..Names::default() };
        }
        file.names.clone()
    }

    /// Gives a file what is wanted, until it is written to. Answers what was refused.
    pub(super) fn keep(&mut self, descriptor: &Descriptor, wanted: &AttributePlan) -> Vec<AttributeError> {
        let name = self.opened(descriptor).name.clone();
        self.file_mut(&name).take(wanted)
    }

    /// Gives a file what the one has whose place it takes.
    pub(super) fn inherit(&mut self, from: BorrowedFd<'_>, to: &Descriptor) {
        let old = self.files[&self.open[&Number::Plain(from.as_raw_fd())].name].clone();
        let name = self.opened(to).name.clone();
        let file = self.file_mut(&name);
        (file.mode, file.owner, file.names) = (old.mode, old.owner, old.names);
    }

    /// Takes a file its name; its open descriptors keep it.
    pub(super) fn unlink(&mut self, name: &[u8]) {
        let Some(file) = self.files.remove(name) else { return };
        let nowhere = [b"/gone ", &file.inode.to_be_bytes()[..]].concat();
        for open in self.open.values_mut().filter(|open| open.name == name) {
            open.name.clone_from(&nowhere);
        }
        self.files.insert(nowhere, file);
    }

    /// Makes a file without a name: none that a caller would ask for.
    fn unnamed(&mut self) -> Vec<u8> {
        let name = format!("/{}", self.inodes).into_bytes();
        self.put(&name, Vec::new());
        name
    }

    /// Gives what has a temporary name, or an open file that has none, this one.
    pub(super) fn name(
        &mut self,
        file: &Descriptor,
        temporary: Option<&[u8]>,
        name: &[u8],
        over: bool,
    ) -> Result<(), Errno> {
        if !over && self.files.contains_key(name) {
            return Err(Errno::EXIST);
        }
        self.unlink(name);
        let old = match temporary {
            Some(temporary) => temporary.to_vec(),
            None => std::mem::replace(&mut self.opened(file).name, name.to_vec()),
        };
        let file = self.files.remove(&old).expect("what is open is there");
        self.files.insert(name.to_vec(), file);
        Ok(())
    }

    pub(super) fn sync(&mut self, descriptor: &Descriptor) {
        let name = self.opened(descriptor).name.clone();
        self.file_mut(&name).durable = true;
    }

    pub(super) fn set_direct(&mut self, descriptor: &Descriptor, on: bool) {
        self.opened(descriptor).direct = on;
    }

    pub(super) fn truncate(&mut self, descriptor: &Descriptor, length: u64) {
        self.opened(descriptor).changed = true;
        let name = self.opened(descriptor).name.clone();
        let file = self.file_mut(&name);
        file.is_written();
        file.contents.resize(usize::try_from(length).unwrap(), 0);
    }

    /// At most `room` bytes from `offset`, or from the descriptor's position.
    pub(super) fn read(
        &mut self,
        descriptor: &Descriptor,
        offset: Option<u64>,
        room: u32,
    ) -> Result<Vec<u8>, Errno> {
        let open = self.opened(descriptor);
        if open.flags.intersects(OFlags::WRONLY | OFlags::PATH) {
            return Err(Errno::BADF);
        }
        let from = offset.unwrap_or(open.position);
        check_alignment(open, &[from, u64::from(room)])?;
        let name = open.name.clone();
        let rest = self.files[&name].contents.get(usize::try_from(from).unwrap()..).unwrap_or_default();
        let bytes = rest[..rest.len().min(usize::try_from(room).unwrap())].to_vec();
        if offset.is_none() {
            self.opened(descriptor).position += bytes.len() as u64;
        }
        Ok(bytes)
    }

    /// Writes the first `most` of `bytes` at `offset`, or at the descriptor's position.
    pub(super) fn write(
        &mut self,
        descriptor: &Descriptor,
        offset: Option<u64>,
        bytes: &[u8],
        most: usize,
    ) -> Result<u32, Errno> {
        let open = self.opened(descriptor);
        if !open.is_written() {
            return Err(Errno::BADF);
        }
        let to = offset.unwrap_or(open.position);
        check_alignment(open, &[to, bytes.len() as u64])?;
        open.changed = true;
        let bytes = &bytes[..bytes.len().min(most)];
        if offset.is_none() {
            open.position += bytes.len() as u64;
        }
        let (name, to) = (open.name.clone(), usize::try_from(to).unwrap());
        self.bytes_written += bytes.len();
        let file = self.file_mut(&name);
        assert!(offset.is_none() || file.kind == FileType::RegularFile, "no offsets in what is not regular");
        file.is_written();
        file.contents.resize(file.contents.len().max(to + bytes.len()), 0);
        file.contents[to..to + bytes.len()].copy_from_slice(bytes);
        Ok(u32::try_from(bytes.len()).unwrap())
    }

    /// Makes the destination what the source is.
    pub(super) fn share(&mut self, source: &Descriptor, destination: &Descriptor) -> Result<(), Errno> {
        if !self.shares {
            return Err(Errno::OPNOTSUPP);
        }
        let [source, destination] = [source, destination].map(|end| self.opened(end).name.clone());
        let contents = self.files[&source].contents.clone();
        let file = self.file_mut(&destination);
        file.is_written();
        file.contents = contents;
        Ok(())
    }

    /// Copies at most `most` bytes from the source's beginning to the destination's position.
    pub(super) fn pass(
        &mut self,
        source: &Descriptor,
        destination: &Descriptor,
        most: u32,
    ) -> Result<u32, Errno> {
        let bytes = self.read(source, Some(0), most)?;
        if bytes.is_empty() { Ok(0) } else { self.write(destination, None, &bytes, bytes.len()) }
    }

    /// Copies at most `most` bytes at the same offset of both files.
    pub(super) fn offload(
        &mut self,
        source: &Descriptor,
        destination: &Descriptor,
        offset: u64,
        most: u32,
    ) -> Result<u32, Errno> {
        if !self.offloads {
            return Err(Errno::XDEV);
        }
        let bytes = self.read(source, Some(offset), most)?;
        if bytes.is_empty() { Ok(0) } else { self.write(destination, Some(offset), &bytes, bytes.len()) }
    }

    fn opened(&mut self, descriptor: &Descriptor) -> &mut OpenFile {
        self.open.get_mut(&number(descriptor)).expect("an open file of this world")
    }
}

/// `O_DIRECT` takes whole blocks only; an end of file may still cut a read.
fn check_alignment(open: &OpenFile, numbers: &[u64]) -> Result<(), Errno> {
    let whole = numbers.iter().all(|number| number.is_multiple_of(PAGE_BYTES as u64));
    if open.direct && !whole { Err(Errno::INVAL) } else { Ok(()) }
}

fn number(descriptor: &Descriptor) -> Number {
    match descriptor {
        Descriptor::Plain(fd) => Number::Plain(fd.as_raw_fd()),
        Descriptor::Shared(fd) => Number::Plain(fd.as_raw_fd()),
        Descriptor::Direct(slot) => Number::Direct(*slot),
        Descriptor::Closed | Descriptor::Standard(_) => {
            panic!("{descriptor:?} is no open file of this world")
        }
    }
}

/// The descriptor's number in a path that opens again what was examined.
fn opened_again(name: &[u8]) -> Option<RawFd> {
    std::str::from_utf8(name.strip_prefix(b"/proc/self/fd/")?).ok()?.parse().ok()
}
