//! What the odd file system answers to each request.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::fuse;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::{Content, Oddity, System};

/// How long the kernel may believe what it was told: other names of a file change with it.
const VALID: Duration = Duration::ZERO;

fn entry(answer: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match answer {
        Ok(attributes) => reply.entry(&VALID, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for System {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.find(parent, name);
        entry(found.map(|number| self.with(number, |file| file.seen_as(number))), reply);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let seen = self.with(number, |file| file.seen_as(number));
        let linked = seen.kind == FileType::RegularFile && seen.nlink > 1;
        if self.oddity == Oddity::SilentWhenLinked && linked {
            return reply.error(Errno::EIO);
        }
        reply.attr(&VALID, &seen);
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
        let cut = |time: SystemTime| match self.oddity {
            Oddity::SecondsOfWriting => {
                UNIX_EPOCH + Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap().as_secs())
            }
            _ => time,
        };
        let seen = self.with(number, |file| {
            if let (Some(size), Ok(bytes)) = (size, file.bytes()) {
                bytes.resize(usize::try_from(size).unwrap(), 0);
            }
            let attributes = &mut file.attributes;
            attributes.perm = mode.map_or(attributes.perm, |mode| u16::try_from(mode & 0o7777).unwrap());
            attributes.uid = user.unwrap_or(attributes.uid);
            attributes.gid = group.unwrap_or(attributes.gid);
            attributes.atime = accessed.map_or(attributes.atime, time);
            attributes.mtime = modified.map_or(attributes.mtime, |modified| cut(time(modified)));
            file.seen_as(number)
        });
        reply.attr(&VALID, &seen);
    }

    fn readlink(&self, _: &Request, number: INodeNo, reply: ReplyData) {
        match self.with(number, |file| file.bytes().cloned()) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let fifo = mode & 0o170_000 == 0o010_000;
        let kind = if fifo { FileType::NamedPipe } else { FileType::RegularFile };
        let made = (kind, mode & !umask);
        entry(self.make(request, (parent, name), Content::Bytes(Vec::new()), made), reply);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let made = (FileType::Directory, mode & !umask);
        entry(self.make(request, (parent, name), Content::Directory(BTreeMap::new()), made), reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let target = Content::Bytes(target.as_os_str().as_bytes().to_vec());
        entry(self.make(request, (parent, name), target, (FileType::Symlink, 0o777)), reply);
    }

    fn link(&self, _: &Request, number: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let own = match self.oddity {
            Oddity::Inodes => self.number(self.file(number)),
            _ => number,
        };
        let linked = self.enter(parent, name, own).map(|()| {
            self.with(own, |file| {
                file.attributes.nlink += 1;
                file.seen_as(own)
            })
        });
        entry(linked, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to: INodeNo,
        to_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let renamed = self.find(parent, name).and_then(|number| {
            match self.remove(to, to_name) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(error) => return Err(error),
            }
            self.with(number, |file| file.attributes.nlink += 1);
            self.enter(to, to_name, number).and_then(|()| self.remove(parent, name))
        });
        fuse::ended(renamed, reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let made = (FileType::RegularFile, mode & !umask);
        match self.make(request, (parent, name), Content::Bytes(Vec::new()), made) {
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
        match self.with(number, |file| file.bytes().cloned()) {
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
        let written = self.with(number, |file| {
            let bytes = file.bytes()?;
            let from = usize::try_from(offset).unwrap();
            bytes.resize(bytes.len().max(from + data.len()), 0);
            bytes[from..from + data.len()].copy_from_slice(data);
            Ok(u32::try_from(data.len()).unwrap())
        });
        match written {
            Ok(count) => reply.written(count),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        match self.oddity {
            Oddity::Unclosed => reply.error(Errno::EIO),
            _ => reply.ok(),
        }
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.oddity {
            Oddity::Unlisted => reply.error(Errno::EIO),
            _ => reply.opened(FileHandle(0), FopenFlags::empty()),
        }
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let entries = match self.with(number, |file| file.entries().cloned()) {
            Ok(entries) => entries,
            Err(error) => return reply.error(error),
        };
        for (place, (name, number)) in (1..).zip(entries).skip(usize::try_from(offset).unwrap()) {
            let kind = match self.oddity {
                Oddity::ListedAsFiles => FileType::RegularFile,
                Oddity::ListedAsDirectories => FileType::Directory,
                _ => self.with(number, |file| file.attributes.kind),
            };
            if reply.add(number, place, kind, &name) {
                break;
            }
        }
        reply.ok();
    }
}
