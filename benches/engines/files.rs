//! Owns the files that are read: made in a temporary directory, each with its own bytes, and known by checksum.
//!
//! Every file differs from every other, so a way that leaves a buffer untouched, or hands back the bytes of another
//! file, is found out by the check and cannot win by doing less.

use std::ffi::{CStr, CString};
use std::fs;
use std::hint;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use tempfile::TempDir;

/// Size of each file in bytes.
pub const FILE_BYTES: usize = 24 * 1024;

/// [`FILE_BYTES`] in the type a submission wants.
pub const FILE_LENGTH: u32 = 24 * 1024;

/// A directory of files, opened once; names are relative to it.
pub struct FileSet {
    directory: OwnedFd,
    files: Vec<(CString, u64)>,
    /// Removes the files when the set goes.
    _temporary: TempDir,
}

impl FileSet {
    /// Makes `count` files and has them written back, so that no writing goes on behind the measurement.
    pub fn create(count: usize) -> Result<FileSet> {
        let temporary = tempfile::tempdir().context("making a temporary directory")?;
        let mut files = Vec::with_capacity(count);
        let mut bytes = vec![0; FILE_BYTES];
        for index in 0..count {
            let path = temporary.path().join(format!("{index:07}"));
            fill(&mut bytes, index)?;
            fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
            files.push((name_of(&path)?, checksum(&bytes)));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory =
            rustix::fs::open(temporary.path(), flags, Mode::empty()).context("opening the directory")?;
        rustix::fs::syncfs(&directory).context("writing the files back")?;
        Ok(FileSet { directory, files, _temporary: temporary })
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// The name of file `index`, or an error where there is no such file.
    pub fn name(&self, index: usize) -> Result<&CStr> {
        let (name, _) = self.files.get(index).with_context(|| format!("no file {index}"))?;
        Ok(name)
    }

    /// An error unless `bytes` is exactly what file `index` holds.
    pub fn check(&self, index: usize, bytes: &[u8]) -> Result<()> {
        let (_, expected) = self.files.get(index).with_context(|| format!("no file {index}"))?;
        ensure!(bytes.len() == FILE_BYTES, "file {index}: {} bytes in place of {FILE_BYTES}", bytes.len());
        ensure!(checksum(bytes) == *expected, "file {index}: other bytes than were written");
        Ok(())
    }
}

fn name_of(path: &Path) -> Result<CString> {
    let name = path.file_name().context("a file without a name")?;
    Ok(CString::new(name.as_bytes())?)
}

/// Fills `bytes` with a sequence that belongs to file `index` alone (xorshift64).
fn fill(bytes: &mut [u8], index: usize) -> Result<()> {
    let mut state = (u64::try_from(index)? + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for word in bytes.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes()[..word.len()]);
    }
    Ok(())
}

/// FNV-1a over every byte: unlike a sum it also notices bytes in the wrong place.
fn checksum(bytes: &[u8]) -> u64 {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    hint::black_box(bytes).iter().fold(0xcbf2_9ce4_8422_2325, hash)
}
