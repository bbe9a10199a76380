//! What there is to do: counted beside the copy, in a thread that lets every other go first.
//!
//! It goes by path and looks only; nothing is decided by what it finds. It begins when there is something to show, so that
//! a short copy pays nothing for it and the first byte of a long one never waits. On a cold source it brings in what the
//! copy will need.

use super::be_last_in_line;
use super::meter::Sum;
use crate::cli::cp::{CpOptions, Follow, Make};
use crate::cp::walk::filter::rules_in;
use crate::plan::filter::{self, Rules};
use crate::plan::{listing, path, replace};
use crate::process::{self, Limit};
use crate::report::progress::Total;
use rustix::fs::{CWD, FileType};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use walkdir::{DirEntry, WalkDir};

/// With fewer descriptors than this nothing is counted.
const DESCRIPTORS_MIN: u64 = 64;

/// What has been counted.
#[derive(Debug, Default)]
pub(crate) struct Count {
    files: AtomicU64,
    bytes: AtomicU64,
    complete: AtomicBool,
    cancelled: AtomicBool,
}

impl Count {
    /// What there is to do in all, where `sum` is done of it. A count that is behind the copy says nothing yet.
    #[must_use]
    pub(crate) fn total(&self, sum: Sum) -> Option<Total> {
        let (files, bytes, complete) = self.so_far();
        let files = files.saturating_sub(sum.left_out_files);
        let bytes = bytes.saturating_sub(sum.left_out_bytes);
        let worth = complete || files > sum.files;
        worth.then_some(Total { files: files.max(sum.files), bytes: bytes.max(sum.bytes), complete })
    }

    /// Files and bytes so far, and whether that is all.
    #[must_use]
    fn so_far(&self) -> (u64, u64, bool) {
        // The flag first: what was counted before it was set is seen then.
        let complete = self.complete.load(Ordering::Acquire);
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed), complete)
    }

    /// The count is not needed any more.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Counts all sources. The thread has its own options, as no thread waits for it: a file system may hold it up.
    pub(crate) fn run(&self, options: &CpOptions) {
        be_last_in_line();
        // The walk has several directories open, which the copy needs where there are few descriptors.
        if process::limit(Limit::Descriptors).is_some_and(|most| most < DESCRIPTORS_MIN) {
            return;
        }
        let linked = options.preserve.links && options.make != Make::HardLinks;
        let mut names = SeenNames { wanted: linked, seen: HashSet::new() };
        for name in &options.sources {
            self.source(name, options, &mut names);
        }
        if !self.cancelled.load(Ordering::Relaxed) {
            self.complete.store(true, Ordering::Release);
        }
    }

    fn source(&self, source: &OsStr, options: &CpOptions, names: &mut SeenNames) {
        let walk = WalkDir::new(source)
            .follow_links(options.follow == Follow::Always)
            .follow_root_links(options.follow != Follow::Never)
            .same_file_system(options.one_file_system)
            .max_depth(if options.recursive { usize::MAX } else { 0 });
        let mut chooser = Chooser { options, source: Path::new(source), rules: Vec::new() };
        // What cannot be looked at is the copy's to tell about.
        for entry in walk.into_iter().filter_entry(|entry| chooser.chooses(entry)).flatten() {
            if self.cancelled.load(Ordering::Relaxed) {
                return;
            }
            self.entry(&entry, options, names);
        }
    }

    fn entry(&self, entry: &DirEntry, options: &CpOptions, names: &mut SeenNames) {
        if entry.file_type().is_dir() {
            return;
        }
        let is_link = entry.file_type().is_symlink();
        let metadata = match is_link && entry.depth() == 0 && options.follow != Follow::Never {
            true => std::fs::metadata(entry.path()).ok(),
            false if is_link => None,
            false => entry.metadata().ok(),
        };
        let kind = metadata.as_ref().map_or_else(
            || if is_link { FileType::Symlink } else { FileType::Unknown },
            |metadata| FileType::from_raw_mode(metadata.mode()),
        );
        let counted = kind != FileType::Directory && replace::is_counted(options, kind);
        if !counted || metadata.as_ref().is_some_and(|metadata| !names.are_new(metadata)) {
            return;
        }
        self.files.fetch_add(1, Ordering::Relaxed);
        let with_data = options.make == Make::Copies && !options.attributes_only;
        if with_data && kind == FileType::RegularFile {
            self.bytes.fetch_add(metadata.map_or(0, |metadata| metadata.size()), Ordering::Relaxed);
        }
    }
}

/// Which entries are copied at all, with what is below them.
struct Chooser<'a> {
    options: &'a CpOptions,
    source: &'a Path,
    /// Of the directories on the way down.
    rules: Vec<Option<Arc<Rules>>>,
}

impl Chooser<'_> {
    fn chooses(&mut self, entry: &DirEntry) -> bool {
        let choosing = &self.options.extensions.choosing;
        let patterns = choosing.patterns.as_ref();
        if patterns.is_none() && !choosing.gitignore {
            return true;
        }
        let (depth, is_directory) = (entry.depth(), entry.file_type().is_dir());
        let below = entry.path().strip_prefix(self.source).unwrap_or(Path::new("")).as_os_str().as_bytes();
        let above = depth.checked_sub(1).and_then(|above| self.rules.get(above).cloned().flatten());
        let left_out = if depth == 0 {
            let name = path::last_component(self.source.as_os_str().as_bytes());
            patterns.is_some_and(|all| filter::is_operand_left_out(name, is_directory, all))
        } else {
            let name = (below, path::parent_bytes(below));
            filter::is_left_out(name, is_directory, patterns, above.as_deref(), &mut Vec::new())
        };
        if !left_out && is_directory && choosing.gitignore {
            let start = if below.is_empty() { 0 } else { below.len() + 1 };
            self.rules.truncate(depth);
            self.rules.push(rules(entry, start, above));
        }
        !left_out
    }
}

/// What .gitignore files leave out of a directory, read as the copy reads them. Nothing is told: that is for the copy.
fn rules(entry: &DirEntry, start: usize, above: Option<Arc<Rules>>) -> Option<Arc<Rules>> {
    // The walk has decided whether a link is followed; one that was put there since is not.
    match listing::open_directory(CWD, entry.path(), entry.path_is_symlink()) {
        Ok(open) => rules_in(open, start, above).0,
        Err(_) => above,
    }
}

/// Files met by one of several names, where the copy makes one file of them.
struct SeenNames {
    wanted: bool,
    seen: HashSet<(u64, u64)>,
}

impl SeenNames {
    /// Whether this is the first name of its file, or all names are files of their own.
    fn are_new(&mut self, metadata: &Metadata) -> bool {
        !self.wanted || metadata.nlink() < 2 || self.seen.insert((metadata.dev(), metadata.ino()))
    }
}
