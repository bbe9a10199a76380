//! A directory of its own for one test body, the things made in it, and the tools started in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::environment::Engine;
use super::run::{Run, others_can_enter};
use super::skipping::skip;
use super::tree::{self, Tree};

/// User and group `nobody`: some ordinary user that owns nothing else here.
pub const NOBODY: u32 = 65534;

/// Where sandboxes are made: the directory for temporary files, unless root's tests would start ordinary users there who
/// cannot enter it.
fn ground() -> PathBuf {
    let named = std::env::temp_dir();
    if !super::is_root() {
        return named;
    }
    let usual = ["/tmp", "/var/tmp"].map(PathBuf::from);
    let open = [named.clone()].into_iter().chain(usual).find(|dir| dir.is_dir() && others_can_enter(dir));
    open.unwrap_or(named)
}

pub struct Sandbox {
    /// Holds `work`, where tools run, and whatever a test must keep out of the trees it compares.
    root: TempDir,
    engine: Engine,
}

impl Sandbox {
    pub fn new(engine: Engine) -> Self {
        let root = tempfile::Builder::new().prefix("ucp-test-").tempdir_in(ground()).unwrap();
        let sandbox = Self { root, engine };
        fs::set_permissions(sandbox.root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.make_work();
        sandbox
    }

    fn make_work(&self) {
        fs::create_dir(self.work()).unwrap();
        fs::set_permissions(self.work(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The directory tools run in and all names are relative to.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A place beside `work`, outside the trees that are compared.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work().join(name)
    }

    // --- making things; modes are set afterwards, so the umask of the test process does not matter ---

    /// Makes a directory and those above it, with mode 0755.
    pub fn dir(&self, name: impl AsRef<Path>) -> &Self {
        let mut path = self.work();
        for part in name.as_ref().components() {
            path.push(part);
            if fs::create_dir(&path).is_ok() {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        assert!(path.is_dir(), "{} could not be made", path.display());
        self
    }

    /// Makes a file with mode 0644 and the directories above it.
    pub fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let name = name.as_ref();
        self.dir(name.parent().unwrap_or(Path::new("")));
        fs::write(self.path(name), content).unwrap();
        self.chmod(name, 0o644)
    }

    /// Makes a file of `len` bytes that is a hole but for `parts`.
    pub fn sparse(&self, name: &str, len: u64, parts: &[(u64, &[u8])]) -> &Self {
        self.file(name, "");
        let file = fs::OpenOptions::new().write(true).open(self.path(name)).unwrap();
        file.set_len(len).unwrap();
        for (offset, bytes) in parts {
            file.write_all_at(bytes, *offset).unwrap();
        }
        self
    }

    /// Opens a FIFO for writing, once somebody reads it.
    pub fn feed(&self, fifo: impl AsRef<Path>) -> File {
        File::options().write(true).open(self.path(fifo)).unwrap()
    }

    pub fn symlink(&self, name: impl AsRef<Path>, target: impl AsRef<Path>) -> &Self {
        let name = name.as_ref();
        self.dir(name.parent().unwrap_or(Path::new("")));
        symlink(target, self.path(name)).unwrap();
        self
    }

    /// Makes `name` a second name of `existing`.
    pub fn hard_link(&self, name: &str, existing: &str) -> &Self {
        fs::hard_link(self.path(existing), self.path(name)).unwrap();
        self
    }

    /// Has `build` fill the empty directory so that the inode numbers of each group of names rise, which is the order of the
    /// walk. File systems promise none: what came out otherwise is put aside, so that its numbers stay taken.
    pub fn in_walk_order(&self, groups: &[&[&str]], build: impl Fn(&Self)) -> &Self {
        let inode = |name: &&str| self.path(name).symlink_metadata().unwrap().ino();
        for _ in 0..1000 {
            build(self);
            if groups.iter().all(|names| names.is_sorted_by_key(inode)) {
                return self;
            }
            // A tree of an earlier call may stand aside already.
            let aside =
                (0..).map(|number| self.beside(&format!("aside-{number}"))).find(|path| !path.exists());
            fs::rename(self.work(), aside.unwrap()).unwrap();
            self.make_work();
        }
        panic!("inode numbers come in no order: {groups:?}");
    }

    pub fn fifo(&self, name: &str, mode: u32) -> &Self {
        self.node(name, FileType::Fifo, mode, 0)
    }

    /// Writes `data` into a fifo while `body` runs. A body that leaves it unread does not leave the writer stuck.
    pub fn while_feeding(&self, fifo: &str, data: &[u8], body: impl FnOnce()) {
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| fs::write(self.path(fifo), data));
            let result = catch_unwind(AssertUnwindSafe(body));
            let flags = OFlags::RDONLY | OFlags::NONBLOCK;
            let mut rest = File::from(rustix::fs::open(self.path(fifo), flags, Mode::empty()).unwrap());
            let mut unread = 0;
            while !writer.is_finished() {
                unread += rest.read(&mut [0; 4096]).unwrap_or(0);
                std::thread::yield_now();
            }
            result.unwrap_or_else(|panic| resume_unwind(panic));
            writer.join().unwrap().unwrap();
            assert_eq!(unread, 0, "the fifo was not read to its end");
        });
    }

    /// What arrives in a fifo while `body` runs. A body that never writes does not leave the reader stuck.
    pub fn received_through(&self, fifo: &str, body: impl FnOnce()) -> Vec<u8> {
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read(self.path(fifo)).unwrap());
            let result = catch_unwind(AssertUnwindSafe(body));
            while !reader.is_finished() {
                // Fails as long as nobody reads; a writer that comes and goes ends the reading.
                drop(rustix::fs::open(self.path(fifo), OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()));
                std::thread::yield_now();
            }
            result.unwrap_or_else(|panic| resume_unwind(panic));
            reader.join().unwrap()
        })
    }

    pub fn node(&self, name: &str, kind: FileType, mode: u32, device: u64) -> &Self {
        rustix::fs::mknodat(CWD, self.path(name), kind, Mode::from(mode), device).unwrap();
        self.chmod(name, mode)
    }

    pub fn socket(&self, name: &str) -> &Self {
        drop(UnixListener::bind(self.path(name)).unwrap());
        self.chmod(name, 0o755)
    }

    pub fn chmod(&self, name: impl AsRef<Path>, mode: u32) -> &Self {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Gives everything made so far to [`NOBODY`], for tools that run as an ordinary user. Without root nothing needs
    /// to be given away: the test is that user already.
    pub fn give_to_nobody(&self) -> &Self {
        if super::is_root() {
            for entry in WalkDir::new(self.work()) {
                std::os::unix::fs::lchown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        self
    }

    /// Mounts a tmpfs with these options (`size=1m`) on a new directory. `None`, loudly, where that is not allowed.
    pub fn tmpfs(&self, name: &str, options: &str) -> Option<Mounted> {
        self.mount("tmpfs", name, options)
    }

    /// Mounts a file system of this type, that needs no device, on a new directory.
    pub fn mount(&self, kind: &str, name: &str, options: &str) -> Option<Mounted> {
        self.dir(name);
        let path = self.path(name);
        let options = std::ffi::CString::new(options).unwrap();
        match mount(kind, &path, kind, MountFlags::empty(), options.as_c_str()) {
            Ok(()) => Some(Mounted { path }),
            Err(error) => {
                skip(&format!("cannot mount a {kind}: {error}"));
                None
            }
        }
    }

    /// Mounts a file on another, whose name then can neither be removed nor given to something else. `None`, loudly, where
    /// that is not allowed.
    pub fn bind(&self, file: &str, onto: &str) -> Option<Mounted> {
        let path = self.path(onto);
        match mount_bind(self.path(file), &path) {
            Ok(()) => Some(Mounted { path }),
            Err(error) => {
                skip(&format!("cannot bind a file: {error}"));
                None
            }
        }
    }

    // --- looking ---

    pub fn exists(&self, name: impl AsRef<Path>) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Permission and special bits.
    pub fn mode(&self, name: impl AsRef<Path>) -> u32 {
        self.path(name).symlink_metadata().unwrap().mode() & 0o7777
    }

    pub fn link_target(&self, name: impl AsRef<Path>) -> PathBuf {
        fs::read_link(self.path(name)).unwrap()
    }

    pub fn tree(&self, name: impl AsRef<Path>) -> Tree {
        tree::read(&self.path(name))
    }

    /// The names under `name`, one a line, as an expectation can be written down.
    pub fn names(&self, name: impl AsRef<Path>) -> Vec<String> {
        self.tree(name).keys().map(|path| path.display().to_string()).collect()
    }

    /// Both trees have the same names, types, modes, contents, link targets and device numbers.
    #[track_caller]
    pub fn assert_same(&self, left: impl AsRef<Path>, right: impl AsRef<Path>) {
        tree::assert_same(&self.tree(left), &self.tree(right));
    }

    // --- running ---

    pub fn cp<I, S>(&self, args: I) -> Run<'_>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Run::new(self, "ucp", args)
    }

    pub fn cat<I, S>(&self, args: I) -> Run<'_>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Run::new(self, "ucat", args)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("engine: {:?}\n{}", self.engine, tree::listing(&self.work()));
        }
        // Directories that a test closed to their owner would keep an ordinary user's sandbox from being removed.
        for entry in
            WalkDir::new(self.work()).into_iter().flatten().filter(|entry| entry.file_type().is_dir())
        {
            let _ignored = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755));
        }
    }
}

/// A mounted file system, unmounted when dropped.
pub struct Mounted {
    path: PathBuf,
}

impl Mounted {
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ignored = unmount(&self.path, UnmountFlags::DETACH);
    }
}
