//! Owns the proof of a run: whether what a tool left behind is what it was to make. A tool that fails fast would win.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use walkdir::{DirEntry, WalkDir};

/// The first difference between two trees in words, `None` where there is none.
pub fn trees(source: &Path, copy: &Path, attributes: bool) -> Result<Option<String>> {
    let listing = |root: &Path| WalkDir::new(root).sort_by_file_name().into_iter();
    let (mut left, mut right) = (listing(source), listing(copy));
    loop {
        let (a, b) = match (left.next().transpose()?, right.next().transpose()?) {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) => (a, b),
            (Some(one), None) | (None, Some(one)) => {
                return Ok(Some(format!("only one side has {}", one.path().display())));
            }
        };
        if let Some(difference) = entries(&a, source, &b, copy, attributes)? {
            return Ok(Some(format!("{}: {difference}", b.path().display())));
        }
    }
}

fn entries(
    a: &DirEntry,
    source: &Path,
    b: &DirEntry,
    copy: &Path,
    attributes: bool,
) -> Result<Option<&'static str>> {
    if a.path().strip_prefix(source)? != b.path().strip_prefix(copy)? {
        return Ok(Some("another name was to come"));
    }
    if a.file_type() != b.file_type() {
        return Ok(Some("another type"));
    }
    if a.file_type().is_file() && !files(a.path(), b.path())? {
        return Ok(Some("other contents"));
    }
    if attributes {
        let facts = |entry: &DirEntry| -> Result<_> {
            let m = entry.metadata()?;
            Ok((m.mode(), m.uid(), m.gid(), m.mtime(), m.mtime_nsec()))
        };
        if facts(a)? != facts(b)? {
            return Ok(Some("other attributes"));
        }
    }
    Ok(None)
}

/// Whether two files hold the same bytes.
pub fn files(a: &Path, b: &Path) -> Result<bool> {
    Ok(same(File::open(a)?, File::open(b)?)?)
}

/// Whether a file holds what the files of `source` hold, one after the other by name; `source` may be a single file.
pub fn joined(source: &Path, output: &Path) -> Result<bool> {
    let mut names = Vec::new();
    for entry in WalkDir::new(source) {
        let entry = entry?;
        if entry.file_type().is_file() {
            names.push(entry.into_path());
        }
    }
    // As `sort -z` and the shell have them under LC_ALL=C: by the bytes of the whole path, slashes included.
    names.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    names.reverse();
    Ok(same(Joined { left: names, now: None }, File::open(output)?)?)
}

/// Several files read as one; the last name is the next one.
struct Joined {
    left: Vec<PathBuf>,
    now: Option<File>,
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.now {
                let came = file.read(buffer)?;
                if came > 0 {
                    return Ok(came);
                }
            }
            match self.left.pop() {
                Some(path) => self.now = Some(File::open(path)?),
                None => return Ok(0),
            }
        }
    }
}

fn same(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    const BLOCK_BYTES: usize = 1 << 17;
    let (mut left, mut right) = (vec![0; BLOCK_BYTES], vec![0; BLOCK_BYTES]);
    loop {
        let (a_bytes, b_bytes) = (fill(&mut a, &mut left)?, fill(&mut b, &mut right)?);
        if left[..a_bytes] != right[..b_bytes] {
            return Ok(false);
        }
        if a_bytes < BLOCK_BYTES {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the end has come.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..])? {
            0 => break,
            came => filled += came,
        }
    }
    Ok(filled)
}
