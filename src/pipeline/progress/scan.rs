//! What there is to do: counted beside the copy, in a thread that lets every other go first.
//!
//! It goes by path and looks only; nothing is decided by what it finds. It begins when there is something to show, so that
//! a short copy pays nothing for it and the first byte of a long one never waits. On a cold source it brings in what the
//! copy will need.

use super::be_last_in_line;
use crate::cli::cp::{CpOptions, Follow, Make};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use walkdir::{DirEntry, WalkDir};

/// What has been counted.
#[derive(Debug, Default)]
pub struct Count {
    files: AtomicU64,
    bytes: AtomicU64,
    complete: AtomicBool,
    cancelled: AtomicBool,
}

impl Count {
    /// Files and bytes so far, and whether that is all.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64, bool) {
        // The flag first: what was counted before it was set is seen then.
        let complete = self.complete.load(Ordering::Acquire);
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed), complete)
    }

    /// Nobody wants to know any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Counts all sources.
    pub fn run(&self, sources: &Sources) {
        be_last_in_line();
        let mut names = Names { wanted: sources.linked, seen: HashSet::new() };
        for name in &sources.names {
            self.source(name, sources, &mut names);
        }
        if !self.cancelled.load(Ordering::Relaxed) {
            self.complete.store(true, Ordering::Release);
        }
    }

    fn source(&self, source: &OsStr, sources: &Sources, names: &mut Names) {
        let walk = WalkDir::new(source)
            .follow_links(sources.follow == Follow::Always)
            .follow_root_links(sources.follow != Follow::Never)
            .same_file_system(sources.one_file_system)
            .max_depth(if sources.recursive { usize::MAX } else { 0 });
        // What cannot be looked at is the copy's to tell about.
        for entry in walk.into_iter().filter_entry(is_chosen).flatten() {
            if self.cancelled.load(Ordering::Relaxed) {
                return;
            }
            if entry.file_type().is_dir() {
                continue;
            }
            self.files.fetch_add(1, Ordering::Relaxed);
            if sources.with_data && entry.file_type().is_file() {
                let bytes = entry.metadata().map_or(0, |metadata| names.bytes_of(&metadata));
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
            }
        }
    }
}

/// What is to be counted. The thread has its own, as nobody waits for it: it may be held up by a file system.
#[derive(Debug)]
pub struct Sources {
    names: Vec<OsString>,
    follow: Follow,
    one_file_system: bool,
    recursive: bool,
    /// Names of one file become names of one copy.
    linked: bool,
    /// Data is copied.
    with_data: bool,
}

impl Sources {
    /// What these options name.
    #[must_use]
    pub fn of(options: &CpOptions) -> Self {
        Self {
            names: options.sources.clone(),
            follow: options.follow,
            one_file_system: options.one_file_system,
            recursive: options.recursive,
            linked: options.preserve.links,
            with_data: options.make == Make::Copies && !options.attributes_only,
        }
    }
}

/// Whether an entry is copied at all, with what is below it. Options that choose among files belong here; for now the count
/// is of everything, and too high where they leave something out.
fn is_chosen(_entry: &DirEntry) -> bool {
    true
}

/// Files met by one of several names, where the copy makes one file of them.
struct Names {
    wanted: bool,
    seen: HashSet<(u64, u64)>,
}

impl Names {
    /// Bytes that the copy of this name takes: none where another name of the file has been counted.
    fn bytes_of(&mut self, metadata: &std::fs::Metadata) -> u64 {
        let first =
            !self.wanted || metadata.nlink() < 2 || self.seen.insert((metadata.dev(), metadata.ino()));
        if first { metadata.size() } else { 0 }
    }
}
