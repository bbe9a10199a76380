//! Owns the file systems that are copied between: made anew for every run, in images that this program has made.
//!
//! Everything is mounted in a mount namespace of our own and nothing has a name that could stay behind, so a benchmark
//! that is stopped in the middle leaves an empty temporary directory, and no mount, loop device or image.

use std::env;
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use tempfile::TempDir;

use crate::scenarios::{Backing, Kind, Place};

/// Set in the environment of the process that is in a namespace of its own.
const PRIVATE: &str = "UCP_COMPARE_PRIVATE";

/// Size of an image at scale 1.
const IMAGE_GIB: f64 = 5.0;

/// Where images lie that are not in memory.
pub const DISK_DIRECTORY: &str = "/var/tmp";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Source,
    Destination,
}

pub struct Ground {
    /// Holds the mount points, and a tmpfs for images in memory.
    root: TempDir,
    image_gib: u64,
    /// Images on disk, without a name, kept for all scenarios.
    disk_images: Vec<(Role, File)>,
    mounted: Vec<Role>,
}

/// Goes on in a mount namespace of its own; returns where this process already is in one.
pub fn enter_private_namespace() -> Result<()> {
    if env::var_os(PRIVATE).is_some() {
        return Ok(());
    }
    let error = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--"])
        .arg(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(PRIVATE, "1")
        .exec();
    Err(error).context("unshare (util-linux)")
}

impl Ground {
    pub fn new(scale: f64) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("ucp-compare.").tempdir()?;
        for name in ["images", Role::Source.name(), Role::Destination.name()] {
            fs::create_dir(root.path().join(name))?;
        }
        let image_gib = crate::corpus::random::whole((IMAGE_GIB * scale).ceil()).max(1);
        let ground = Self { root, image_gib, disk_images: Vec::new(), mounted: Vec::new() };
        ground.mount_tmpfs(&ground.images(), 4 * image_gib)?;
        Ok(ground)
    }

    /// A directory in memory that outlives a run.
    pub fn images(&self) -> PathBuf {
        self.root.path().join("images")
    }

    /// Makes a file system and mounts it; the one before it in this role goes.
    pub fn fresh(&mut self, role: Role, place: Place) -> Result<PathBuf> {
        self.leave(role)?;
        let point = self.point(role);
        let mkfs: &[&str] = match place.kind {
            Kind::Tmpfs => {
                self.mount_tmpfs(&point, self.image_gib)?;
                self.mounted.push(role);
                return Ok(point);
            }
            Kind::Xfs => &["mkfs.xfs", "-q", "-f", "-K"],
            Kind::Ext4 => &[
                "mkfs.ext4",
                "-q",
                "-F",
                "-i",
                "8192",
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0,nodiscard",
            ],
        };
        let image = match place.backing {
            Backing::Memory => self.memory_image(role)?,
            Backing::Disk => self.disk_image(role)?,
        };
        output_of(Command::new(mkfs[0]).args(&mkfs[1..]).arg(&image))?;
        self.mount_image(&image, &point, place)?;
        self.mounted.push(role);
        Ok(point)
    }

    /// Unmounts what is mounted in this role.
    pub fn leave(&mut self, role: Role) -> Result<()> {
        if !self.mounted.contains(&role) {
            return Ok(());
        }
        // A tool's last process may still be closing its files.
        const ATTEMPTS: u32 = 100;
        for _ in 0..ATTEMPTS {
            match unmount(self.point(role), UnmountFlags::empty()) {
                Ok(()) => {
                    self.mounted.retain(|mounted| *mounted != role);
                    return Ok(());
                }
                Err(rustix::io::Errno::BUSY) => thread::sleep(Duration::from_millis(100)),
                Err(error) => return Err(error).context("umount"),
            }
        }
        bail!("{} stays busy: a tool has not ended", self.point(role).display());
    }

    fn point(&self, role: Role) -> PathBuf {
        self.root.path().join(role.name())
    }

    fn mount_tmpfs(&self, point: &Path, gib: u64) -> Result<()> {
        let size = CString::new(format!("size={gib}g"))?;
        mount("ucp-compare", point, "tmpfs", MountFlags::empty(), Some(size.as_c_str()))
            .context("mounting tmpfs")
    }

    /// Kept between runs: pages that an earlier run has filled need not be had from the machine again.
    fn memory_image(&self, role: Role) -> Result<PathBuf> {
        let path = self.images().join(role.name());
        if !path.exists() {
            File::create_new(&path)?.set_len(self.image_gib << 30)?;
        }
        Ok(path)
    }

    /// A path to the image on disk. It is written once, so that the disk below has all its blocks.
    fn disk_image(&mut self, role: Role) -> Result<PathBuf> {
        let path_of = |file: &File| PathBuf::from(format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd()));
        if let Some((_, file)) = self.disk_images.iter().find(|(known, _)| *known == role) {
            return Ok(path_of(file));
        }
        let file = tempfile::tempfile_in(DISK_DIRECTORY).context(DISK_DIRECTORY)?;
        let path = path_of(&file);
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=4M", "oflag=direct", "conv=notrunc"])
            .arg(format!("of={}", path.display()))
            .arg(format!("count={}", self.image_gib << 8));
        output_of(&mut dd)?;
        self.disk_images.push((role, file));
        Ok(path)
    }

    /// The loop device is told to go as soon as it is mounted, which it does when it is unmounted.
    fn mount_image(&self, image: &Path, point: &Path, place: Place) -> Result<()> {
        let mut losetup = Command::new("losetup");
        if place.backing == Backing::Disk {
            losetup.arg("--direct-io=on");
        }
        let device = output_of(losetup.args(["--find", "--show"]).arg(image))?;
        let kind = place.kind.name().to_lowercase();
        let mounted = mount(device.as_str(), point, kind.as_str(), MountFlags::empty(), None);
        output_of(Command::new("losetup").arg("--detach").arg(&device))?;
        mounted.with_context(|| format!("mounting {}", place.describe()))
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let mounted = self.mounted.iter().map(|role| self.point(*role)).chain([self.images()]);
        for point in mounted {
            if unmount(&point, UnmountFlags::DETACH).is_err() {
                // With the namespace it goes in any case; nobody is left to be told.
                continue;
            }
        }
    }
}

/// What a program of the system prints; an error, with its words, where it fails.
pub fn output_of(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| name.clone())?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
