//! Owns what is done right before a run, so that every tool finds the same: caches emptied or filled, memory touched.

use std::fs::{self, File};
use std::hint;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::corpus::random::scaled;

/// Reads every file below, so that names, inodes and contents are in memory.
pub fn fill(source: &Path) -> Result<()> {
    let mut block = vec![0; 1 << 17];
    for entry in WalkDir::new(source) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let mut file = File::open(entry.path())?;
            while file.read(&mut block)? > 0 {}
        }
    }
    Ok(())
}

/// Writes everything back and has the kernel forget what it knows of any file.
pub fn empty() -> Result<()> {
    rustix::fs::sync();
    fs::write("/proc/sys/vm/drop_caches", "3").context("emptying the page cache")
}

/// Takes memory and gives it back. A virtual machine may have given free memory to its host, and having it again costs
/// several times the copy itself; without this, whoever runs after a large file was removed pays for it.
pub fn touch_memory(mebibytes: u32, scale: f64) -> Result<()> {
    let bytes = scaled(mebibytes, scale.min(1.0)).max(16) << 20;
    hint::black_box(vec![1_u8; usize::try_from(bytes)?]);
    Ok(())
}
