//! A directory tree as a value: read, compared, listed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Everything under a path, itself included as the empty path, by name relative to it.
pub type Tree = BTreeMap<PathBuf, Entry>;

#[derive(PartialEq, Eq)]
pub struct Entry {
    kind: &'static str,
    /// Permission and special bits; those of a symbolic link mean nothing and read as 0.
    mode: u32,
    device: u64,
    /// Data of a regular file, target of a symbolic link.
    content: Vec<u8>,
}

pub fn read(root: &Path) -> Tree {
    WalkDir::new(root)
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.path().strip_prefix(root).unwrap().to_owned(), read_entry(entry.path()))
        })
        .collect()
}

fn read_entry(path: &Path) -> Entry {
    let metadata = path.symlink_metadata().unwrap();
    let kind = metadata.file_type();
    let (kind, content) = if kind.is_file() {
        ("file", std::fs::read(path).unwrap())
    } else if kind.is_symlink() {
        ("symlink", std::fs::read_link(path).unwrap().into_os_string().into_vec())
    } else if kind.is_dir() {
        ("directory", Vec::new())
    } else if kind.is_fifo() {
        ("fifo", Vec::new())
    } else if kind.is_socket() {
        ("socket", Vec::new())
    } else if kind.is_char_device() {
        ("character device", Vec::new())
    } else {
        ("block device", Vec::new())
    };
    let mode = if kind == "symlink" { 0 } else { metadata.mode() & 0o7777 };
    Entry { kind, mode, device: metadata.rdev(), content }
}

impl Entry {
    fn describe(&self) -> String {
        let Self { kind, mode, device, content } = self;
        let detail = match *kind {
            "file" => format!("{} bytes", content.len()),
            "symlink" => format!("-> {}", content.escape_ascii()),
            _ => format!("device {device:#x}"),
        };
        format!("{kind} {mode:04o} {detail}")
    }
}

/// Where the trees differ, all of it, or nothing.
#[track_caller]
pub fn assert_same(left: &Tree, right: &Tree) {
    let mut differences = String::new();
    for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
        let text = match (left.get(name), right.get(name)) {
            (Some(one), Some(other)) if one == other => continue,
            (Some(one), Some(other)) => format!(
                "{} | {} | first difference at byte {:?}",
                one.describe(),
                other.describe(),
                first_difference(&one.content, &other.content)
            ),
            (one, other) => {
                let describe = |entry: Option<&Entry>| entry.map_or("missing".to_owned(), Entry::describe);
                format!("{} | {}", describe(one), describe(other))
            }
        };
        writeln!(differences, "{}: {text}", name.display()).unwrap();
    }
    assert!(differences.is_empty(), "the trees differ:\n{differences}");
}

fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let common = left.iter().zip(right).position(|(one, other)| one != other);
    common.or((left.len() != right.len()).then_some(left.len().min(right.len())))
}

/// A readable listing of at most a hundred entries, for failures.
pub fn listing(root: &Path) -> String {
    let mut text = format!("in {}:\n", root.display());
    for entry in WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter().take(100) {
        let Ok(entry) = entry else { continue };
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        let target = std::fs::read_link(entry.path()).map(|to| format!(" -> {}", to.display()));
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path()).display().to_string();
        let shown: String = name.chars().take(300).collect();
        let target = target.unwrap_or_default();
        writeln!(text, "  {:06o} {:>9} {shown}{target}", metadata.mode(), metadata.size()).unwrap();
    }
    text
}

/// `len` bytes without a pattern, the same for the same `seed`; a prefix of what a greater `len` gives.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // xorshift64: good enough that no two blocks of a file are alike.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
