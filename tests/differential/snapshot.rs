//! All that can be seen of a tree, in a form in which two can be compared.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::ffi::{CStr, OsStr};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, SeekFrom, Stat, StatxFlags};

use crate::case::WORK_IN_CASE;
use crate::node::{Node, WORK};

/// Longer paths, or of more parts, are what only a copy that has no end makes.
const PATH_MAX: usize = 3000;
const PARTS_MAX: usize = 300;

/// Everything about one entry, by the name of what it is. Values are texts, as they are compared and shown only.
pub type Entry = BTreeMap<String, String>;

/// Paths relative to the directory of the case, escaped.
pub type Snapshot = BTreeMap<String, Entry>;

/// The inodes of a tree before the program ran, held open so that no new file gets one of them.
pub struct Before {
    known: BTreeMap<(u64, u64), String>,
    _held: Vec<OwnedFd>,
    started: i64,
}

impl Before {
    pub fn of(nodes: &[Node], work: &Path) -> Self {
        let mut known = BTreeMap::new();
        let mut held = Vec::new();
        for node in nodes {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            // An ordinary user does not get everywhere; what is not held can only make a difference, never hide one.
            let Ok(descriptor) = rustix::fs::open(node.on_disk(work), flags, Mode::empty()) else { continue };
            let stat = rustix::fs::fstat(&descriptor).unwrap();
            let name = node.path.escape_ascii().to_string();
            known.entry((stat.st_dev, stat.st_ino)).or_insert(name);
            held.push(descriptor);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self { known, _held: held, started: i64::try_from(now).unwrap() - 1 }
    }

    fn time(&self, seconds: i64, nanoseconds: u64) -> String {
        // No generated time is near the present, so that one is as good as another.
        let ended = self.started + 1000;
        if (self.started..ended).contains(&seconds) {
            "now".to_owned()
        } else {
            format!("{seconds}.{nanoseconds:09}")
        }
    }
}

pub struct Looker<'before> {
    before: &'before Before,
    work: PathBuf,
    first_names: BTreeMap<(u64, u64), String>,
    entries: Snapshot,
}

impl<'before> Looker<'before> {
    /// Looks at everything under `root`; `None` where a copy without end has made too much of it.
    pub fn look(before: &'before Before, root: &Path, work: &Path) -> Option<Snapshot> {
        let mut looker =
            Self { before, work: work.to_owned(), first_names: BTreeMap::new(), entries: Snapshot::new() };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, root, flags, Mode::empty()).unwrap();
        looker.directory(root.as_fd(), "").then_some(looker.entries)
    }

    fn directory(&mut self, directory: BorrowedFd<'_>, prefix: &str) -> bool {
        let mut names: Vec<Vec<u8>> = Dir::read_from(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_bytes().to_vec())
            .filter(|name| name != b"." && name != b"..")
            .collect();
        names.sort_unstable();
        names.iter().all(|name| self.entry(directory, name, prefix))
    }

    fn entry(&mut self, directory: BorrowedFd<'_>, name: &[u8], prefix: &str) -> bool {
        let path = format!("{prefix}{}", name.escape_ascii());
        let path = if path == WORK_IN_CASE { ".".to_owned() } else { path };
        if path.len() > PATH_MAX || path.split('/').count() > PARTS_MAX {
            return false;
        }
        let os_name = OsStr::from_bytes(name);
        // FUSE remembers for a second what it was told before a name was linked or removed, unless it is asked for the truth.
        let afresh = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_FORCE_SYNC;
        rustix::fs::statx(directory, os_name, afresh, StatxFlags::BASIC_STATS).unwrap();
        let stat = rustix::fs::statat(directory, os_name, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        let reached = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(os_name);
        let kind = FileType::from_raw_mode(stat.st_mode);
        let mut entry = self.facts(&stat, kind, &path);
        entry.extend(xattrs(&reached));
        match kind {
            FileType::RegularFile => {
                entry.insert("blocks".into(), blocks(&stat));
                entry.extend(content(&reached, stat.st_size));
            }
            FileType::Symlink => {
                let target = std::fs::read_link(&reached).unwrap();
                let target = without_work(target.as_os_str().as_bytes(), &self.work);
                entry.insert("target".into(), target.escape_ascii().to_string());
            }
            _ => {}
        }
        self.entries.insert(path.clone(), entry);
        if kind != FileType::Directory {
            return true;
        }
        if !rustix::process::geteuid().is_root() {
            // Its mode has been noted.
            drop(std::fs::set_permissions(&reached, std::fs::Permissions::from_mode(0o700)));
        }
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(directory, os_name, flags, Mode::empty());
        opened.is_ok_and(|inner| self.directory(inner.as_fd(), &format!("{path}/")))
    }

    fn facts(&mut self, stat: &Stat, kind: FileType, path: &str) -> Entry {
        let mut entry = Entry::new();
        let mut put = |name: &str, value: String| drop(entry.insert(name.into(), value));
        put("type", format!("{kind:?}"));
        put("mode", format!("{:04o}", stat.st_mode & 0o7777));
        put("owner", format!("{}:{}", stat.st_uid, stat.st_gid));
        let modified = self.before.time(stat.st_mtime, stat.st_mtime_nsec);
        let known = self.before.known.get(&(stat.st_dev, stat.st_ino));
        let accessed = self.before.time(stat.st_atime, stat.st_atime_nsec);
        put("mtime", modified);
        put("atime", accessed);
        put("was", known.map_or("new", String::as_str).to_owned());
        if kind != FileType::Directory {
            let first = self.first_names.entry((stat.st_dev, stat.st_ino)).or_insert_with(|| path.to_owned());
            put("links", format!("{} with {first}", stat.st_nlink));
        }
        if matches!(kind, FileType::CharacterDevice | FileType::BlockDevice) {
            put("device", format!("{:#x}", stat.st_rdev));
        }
        entry
    }
}

/// Replaces the directory of the case by its sign, wherever it stands.
pub fn without_work(text: &[u8], work: &Path) -> Vec<u8> {
    let work = work.as_os_str().as_bytes();
    let mut rest = text;
    let mut result = Vec::with_capacity(text.len());
    while let Some(first) = rest.first() {
        if let Some(behind) = rest.strip_prefix(work) {
            result.extend(WORK);
            rest = behind;
        } else {
            result.push(*first);
            rest = &rest[1..];
        }
    }
    result
}

fn xattrs(path: &Path) -> Vec<(String, String)> {
    let mut names = vec![0; 4096];
    let Ok(filled) = rustix::fs::llistxattr(path, names.as_mut_slice()) else { return Vec::new() };
    let mut found = Vec::new();
    for name in names[..filled].split_inclusive(|byte| *byte == 0) {
        let name = CStr::from_bytes_with_nul(name).unwrap();
        let mut value = vec![0; 8192];
        let value = match rustix::fs::lgetxattr(path, name, value.as_mut_slice()) {
            Ok(filled) => value[..filled].escape_ascii().to_string(),
            Err(error) => format!("error {error}"),
        };
        found.push((format!("xattr {}", name.to_string_lossy()), value));
    }
    found
}

/// What is in a file, and in which stretches of it.
fn content(path: &Path, bytes: i64) -> Vec<(String, String)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NOATIME | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .or_else(|_| rustix::fs::open(path, flags.difference(OFlags::NOATIME), Mode::empty()));
    let Ok(file) = file else { return vec![("content".to_owned(), format!("{bytes} bytes, not readable"))] };
    let map = data_map(&file);
    let mut text = Vec::new();
    std::fs::File::from(file).read_to_end(&mut text).unwrap();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let shown: String = text.escape_ascii().map(char::from).take(24).collect();
    let content = format!("{bytes} bytes {shown} #{:08x}", hasher.finish() & 0xffff_ffff);
    vec![("content".to_owned(), content), ("data".to_owned(), map)]
}

/// Beginning and end of each stretch of data.
fn data_map(file: &OwnedFd) -> String {
    let (mut map, mut at) = (String::new(), 0);
    while let Ok(data) = rustix::fs::seek(file, SeekFrom::Data(at)) {
        let Ok(hole) = rustix::fs::seek(file, SeekFrom::Hole(data)) else { break };
        write!(map, "{data}-{hole} ").unwrap();
        at = hole;
    }
    rustix::fs::seek(file, SeekFrom::Start(0)).unwrap();
    map
}

/// Room on disk, in steps: how much a file system sets aside for a little data is its own affair.
fn blocks(stat: &Stat) -> String {
    const STEP: i64 = 128 << 10;
    let room = stat.st_blocks * 512;
    let full = room + STEP > stat.st_size;
    if full { "full".to_owned() } else { format!("about {} KiB", (room + STEP / 2) / STEP * (STEP / 1024)) }
}

/// Where two trees differ: path, what of it, and both values.
pub fn differences(left: &Snapshot, right: &Snapshot) -> Vec<[String; 4]> {
    let mut found = Vec::new();
    let nothing = Entry::new();
    for path in left.keys().chain(right.keys().filter(|path| !left.contains_key(*path))) {
        let (one, other) = (left.get(path), right.get(path));
        if one.is_none() || other.is_none() {
            let describe = |entry: Option<&Entry>| entry.map_or("missing".to_owned(), described);
            found.push([path.clone(), "existence".to_owned(), describe(one), describe(other)]);
            continue;
        }
        let (one, other) = (one.unwrap_or(&nothing), other.unwrap_or(&nothing));
        for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
            if one.get(name) != other.get(name) {
                let value = |entry: &Entry| entry.get(name).cloned().unwrap_or_else(|| "none".to_owned());
                found.push([path.clone(), name.clone(), value(one), value(other)]);
            }
        }
    }
    found
}

fn described(entry: &Entry) -> String {
    let mut text = String::new();
    for name in ["type", "mode", "owner", "target", "content", "was"] {
        if let Some(value) = entry.get(name) {
            write!(text, "{value} ").unwrap();
        }
    }
    text.trim_end().to_owned()
}
