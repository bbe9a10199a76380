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
        let (wanted, found) = (left.next().transpose()?, right.next().transpose()?);
        let below = |entry: &Option<DirEntry>, root| match entry {
            Some(entry) => Ok(Some(entry.path().strip_prefix(root)?.to_owned())),
            None => anyhow::Ok(None),
        };
        let (wanted_name, found_name) = (below(&wanted, source)?, below(&found, copy)?);
        if wanted_name != found_name {
            let name =
                |name: Option<PathBuf>| name.map_or("nothing".into(), |name| name.display().to_string());
            return Ok(Some(format!("{} where {} was to be", name(found_name), name(wanted_name))));
        }
        let (Some(wanted), Some(found), Some(name)) = (wanted, found, wanted_name) else { return Ok(None) };
        if let Some(difference) = entries(&wanted, &found, attributes)? {
            return Ok(Some(format!("{}: {difference}", name.display())));
        }
    }
}

/// What is different about two entries of one name.
fn entries(wanted: &DirEntry, found: &DirEntry, attributes: bool) -> Result<Option<&'static str>> {
    if wanted.file_type() != found.file_type() {
        return Ok(Some("another type"));
    }
    if wanted.file_type().is_file() && !files(wanted.path(), found.path())? {
        return Ok(Some("other contents"));
    }
    if attributes {
        let facts = |entry: &DirEntry| -> Result<_> {
            let m = entry.metadata()?;
            Ok((m.mode(), m.uid(), m.gid(), m.mtime(), m.mtime_nsec()))
        };
        if facts(wanted)? != facts(found)? {
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
