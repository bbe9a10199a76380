//! Files that a run writes beside its copies (`--manifest`, `--stats-file`). None of them may be a source, a copy, or the
//! list of sources: it would be replaced or emptied.
//!
//! What can be known beforehand is refused before anything is touched, by device and inode, or by directory and name where
//! nothing is there yet. What only a walk can tell, as it leads through links, mounts and other names of a file, is
//! told when it is met: the file is not copied, and the output is not written over it.

use super::entry::created::EntryName;
use super::job::Operand;
use super::job::operand_path::typed;
use super::walk::argv::operands;
use crate::cli::cat::CatOptions;
use crate::cli::cp::{CpOptions, Destination, Follow};
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::pipeline::stats_output::{self, Outlet};
use crate::plan::facts::{FileId, FileStat};
use crate::report::Reporter;
use crate::report::message::{FileError, Meeting, MessageKind, Output};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Refused, and told why.
#[derive(Debug)]
pub(crate) struct Refused;

/// The outputs of a run.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Vec<OutputPlace>);

/// Where one of them goes.
#[derive(Debug)]
struct OutputPlace {
    output: Output,
    /// Its path as it was given.
    path: Vec<u8>,
    /// Which file it is, where there is one.
    identity: Option<FileId>,
    /// The name that it has or gets, behind links, and where that is.
    entry: Option<EntryName>,
    at: Option<At>,
    /// The directories that it lies in, from its own to the root.
    directories: Vec<FileId>,
    /// There was a file before.
    is_earlier: bool,
    /// It was met among the sources.
    met: AtomicBool,
}

impl Outputs {
    /// Those of a run with these options, by looking only.
    ///
    /// # Errors
    /// One of them is something that the run reads or makes.
    pub(crate) fn examine(options: &CpOptions, reporter: &Reporter) -> Result<Self, Refused> {
        let manifest = options.extensions.verification.manifest.as_deref();
        let manifest = manifest.filter(|_| !options.extensions.choosing.dry_run);
        let outputs = [(Output::Manifest, manifest), (Output::Stats, options.knobs.stats_file.as_deref())];
        let outputs = outputs.into_iter().filter_map(|(output, path)| Some((output, path?)));
        let places = outputs.filter_map(|(output, path)| OutputPlace::of(output, path, reporter).transpose());
        let outputs = Self(places.collect::<Result<_, _>>()?);
        outputs.check(options, reporter)?;
        Ok(outputs)
    }

    fn check(&self, options: &CpOptions, reporter: &Reporter) -> Result<(), Refused> {
        match self.0.iter().find_map(|place| place.meets(options)).or_else(|| self.one_for_both()) {
            None => Ok(()),
            Some(problem) => {
                reporter.problem(&problem);
                Err(Refused)
            }
        }
    }

    /// Looks at the one that a run of `ucat` has.
    ///
    /// # Errors
    /// It is one of its inputs, or its output.
    pub(crate) fn examine_cat(options: &CatOptions, reporter: &Reporter) -> Result<Self, Refused> {
        let path = options.knobs.stats_file.as_deref();
        let place = path.map_or(Ok(None), |path| OutputPlace::of(Output::Stats, path, reporter))?;
        let outputs = Self(place.into_iter().collect());
        outputs.check_cat(options, reporter)?;
        Ok(outputs)
    }

    fn check_cat(&self, options: &CatOptions, reporter: &Reporter) -> Result<(), Refused> {
        let [place] = &self.0[..] else { return Ok(()) };
        let is_input = |file: &&[u8]| match *file {
            b"-" => place.is(identity_of(stdin())),
            file => typed(file).is_some_and(|at| place.is_at(&at, true)),
        };
        let standard: &[&[u8]] = if options.files.is_empty() { &[b"-"] } else { &[] };
        let inputs = options.files.iter().map(|file| file.as_bytes()).chain(standard.iter().copied());
        let problem = match { inputs }.find(is_input) {
            Some(input) => place.problem(Meeting::Operand, input.to_vec()),
            None if place.is(identity_of(stdout())) => FileError::of(
                MessageKind::OutputMeets(Output::Stats, Meeting::StandardOutput),
                place.path.clone(),
            ),
            None => return Ok(()),
        };
        reporter.problem(&problem);
        Err(Refused)
    }

    fn one_for_both(&self) -> Option<FileError> {
        let [manifest, stats] = &self.0[..] else { return None };
        let is_one =
            manifest.is(stats.identity) || (manifest.entry.is_some() && manifest.entry == stats.entry);
        is_one.then(|| manifest.problem(Meeting::Stats, stats.path.clone()))
    }

    /// Opens the file for statistics, `path`, and answers whether it is new: one that is believed to be so is made where it
    /// belongs, and what has come there since stays, be it a link.
    ///
    /// # Errors
    /// What the kernel answered.
    pub(crate) fn open_stats(&self, path: &OsStr) -> Result<(OwnedFd, bool), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        match self.0.iter().find(|place| place.output == Output::Stats && !place.is_earlier) {
            Some(OutputPlace { at: Some(At { directory, name }), .. }) => {
                Ok((rustix::fs::openat(directory, &**name, flags | OFlags::EXCL, mode)?, true))
            }
            Some(_) | None => Ok((rustix::fs::open(path, flags, mode)?, false)),
        }
    }

    /// Notes the file that was opened for the statistics of a run with these options. One that was not looked at is
    /// examined now.
    ///
    /// # Errors
    /// It is something that the run reads or makes.
    pub(crate) fn opened(
        &mut self,
        outlet: &Outlet,
        options: &CpOptions,
        reporter: &Reporter,
    ) -> Result<(), Refused> {
        if self.is_another(outlet) { self.check(options, reporter) } else { Ok(()) }
    }

    /// The same for a run of `ucat`.
    ///
    /// # Errors
    /// It is one of its inputs, or its output.
    pub(crate) fn opened_cat(
        &mut self,
        outlet: &Outlet,
        options: &CatOptions,
        reporter: &Reporter,
    ) -> Result<(), Refused> {
        if self.is_another(outlet) { self.check_cat(options, reporter) } else { Ok(()) }
    }

    /// Whether another file is open than was looked at, or believed to be new.
    fn is_another(&mut self, outlet: &Outlet) -> bool {
        let Some(place) = self.0.iter_mut().find(|place| place.output == Output::Stats) else { return false };
        let seen = std::mem::replace(&mut place.identity, outlet.identity());
        let is_another = !outlet.is_made() && place.identity != seen;
        place.is_earlier |= is_another;
        is_another
    }

    /// Whether it is believed that one is made anew.
    #[must_use]
    pub(crate) fn is_new(&self, output: Output) -> bool {
        self.0.iter().any(|place| place.output == output && !place.is_earlier)
    }

    /// Names that are no sources: what this run has made for itself.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = EntryName> {
        let own = self.0.iter().filter(|place| place.output == Output::Stats && !place.is_earlier);
        own.filter_map(|place| place.entry.clone())
    }

    /// What to say of a source that one of them would be written over.
    #[must_use]
    pub(crate) fn met_source(&self, source: FileId, path: impl FnOnce() -> Vec<u8>) -> Option<FileError> {
        let place = self.0.iter().find(|place| place.is(Some(source)))?;
        place.met.store(true, Ordering::Relaxed);
        Some(place.problem(Meeting::Source, path()))
    }

    /// What to say of a source whose copy would be written over one of them.
    #[must_use]
    pub(crate) fn met_copy(&self, there: FileId, source: impl FnOnce() -> Vec<u8>) -> Option<FileError> {
        let place = self.0.iter().find(|place| place.is(Some(there)))?;
        Some(place.problem(Meeting::Copy, source()))
    }

    /// Whether one of them may be written: it is no source.
    #[must_use]
    pub(crate) fn may_write(&self, output: Output) -> bool {
        let met = |place: &OutputPlace| place.output == output && place.met.load(Ordering::Relaxed);
        !self.0.iter().any(met)
    }
}

impl OutputPlace {
    /// `None` for what is no file of its own: a pipe or a device is written to as what it is.
    fn of(output: Output, path: &OsStr, reporter: &Reporter) -> Result<Option<Self>, Refused> {
        let shown = path.as_bytes().to_vec();
        if output == Output::Manifest && path == "-" {
            let (entry, at, directories) = (None, None, Vec::new());
            let (is_earlier, met) = (true, AtomicBool::new(false));
            return Ok(identity_of(stdout()).map(|identity| {
                let identity = Some(identity);
                Self { output, path: shown, identity, entry, at, directories, is_earlier, met }
            }));
        }
        let there = match rustix::fs::stat(path) {
            Ok(stat) => Some(FileStat::of(&stat)),
            Err(Errno::NOENT) => None,
            // It may be anything, also what is read or made.
            Err(errno) => {
                match output {
                    Output::Stats => stats_output::cannot_open(&shown, errno, reporter),
                    Output::Manifest => {
                        reporter.problem(&FileError::failed(MessageKind::CannotCreateRegular, shown, errno));
                    }
                }
                return Err(Refused);
            }
        };
        if there.is_some_and(|facts| facts.kind != FileType::RegularFile) {
            return Ok(None);
        }
        // What cannot be reached will be told when it is opened.
        let at = typed(&shown).and_then(|at| place::behind_links(&at).ok());
        Ok(Some(Self {
            output,
            path: shown,
            identity: there.map(|facts| facts.identity),
            entry: at.as_ref().and_then(EntryName::of),
            directories: at.as_ref().map_or_else(Vec::new, |at| above(&at.directory)),
            at,
            is_earlier: there.is_some(),
            met: AtomicBool::new(false),
        }))
    }

    fn problem(&self, meeting: Meeting, other: Vec<u8>) -> FileError {
        FileError::between(MessageKind::OutputMeets(self.output, meeting), self.path.clone(), other)
    }

    fn is(&self, file: Option<FileId>) -> bool {
        file.is_some() && file == self.identity
    }

    /// Whether it is what is at a place, or would be there.
    fn is_at(&self, at: &At, follow: bool) -> bool {
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        match rustix::fs::statat(&at.directory, &*at.name, flags) {
            Ok(stat) => self.is(Some(FileStat::of(&stat).identity)),
            Err(_) => self.entry.is_some() && self.entry == EntryName::of(at),
        }
    }

    /// What keeps a run with these options from writing it.
    fn meets(&self, options: &CpOptions) -> Option<FileError> {
        let follow = options.follow != Follow::Never;
        for source in &options.sources {
            let Some(at) = typed(source.as_bytes()) else { continue };
            if self.is_at(&at, follow) {
                return Some(self.problem(Meeting::Operand, source.as_bytes().to_vec()));
            }
            if options.recursive && self.is_earlier && self.lies_in(&at) {
                return Some(self.problem(Meeting::Below, source.as_bytes().to_vec()));
            }
        }
        let (Destination::Directory(last) | Destination::Last(last) | Destination::Exactly(last)) =
            &options.destination;
        if typed(last.as_bytes()).is_some_and(|at| self.is_at(&at, true)) {
            return Some(self.problem(Meeting::Operand, last.as_bytes().to_vec()));
        }
        if let Some(list) = &options.extensions.choosing.names_from {
            let file = match list.as_bytes() {
                b"-" => identity_of(stdin()),
                _ => rustix::fs::stat(&**list).ok().map(|stat| FileStat::of(&stat).identity),
            };
            return self.is(file).then(|| self.problem(Meeting::List, list.as_bytes().to_vec()));
        }
        // What is wrong with the operands is told when they are begun with.
        let operands = operands(options).ok()?;
        let is_copy = |operand: &&Operand| {
            self.is_at(&operand.destination, true) || self.is_at(&operand.destination, false)
        };
        let source = operands.left.iter().find(is_copy)?.source_path();
        Some(self.problem(Meeting::Copy, source))
    }

    /// Whether it lies in a source that is a directory.
    fn lies_in(&self, source: &At) -> bool {
        let stat = rustix::fs::statat(&source.directory, &*source.name, AtFlags::empty());
        stat.is_ok_and(|stat| self.directories.contains(&FileStat::of(&stat).identity))
    }
}

/// The regular file that a descriptor is open on.
fn identity_of(open: impl AsFd) -> Option<FileId> {
    let facts = FileStat::of(&rustix::fs::fstat(open).ok()?);
    (facts.kind == FileType::RegularFile).then_some(facts.identity)
}

/// A directory, the one that it lies in, and so on up to the root, by descriptors.
fn above(directory: &Directory) -> Vec<FileId> {
    let up = |from: &dyn Fn(OFlags) -> Result<OwnedFd, Errno>| {
        from(OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC).map(Arc::new)
    };
    let mut found = Vec::new();
    let mut next = up(&|flags| rustix::fs::openat(directory, c".", flags, Mode::empty()));
    // Where the way up cannot be gone, what is met below is told when it is met.
    while let Ok(open) = next {
        let Ok(stat) = rustix::fs::fstat(&open) else { break };
        let identity = FileStat::of(&stat).identity;
        if found.last() == Some(&identity) {
            break;
        }
        found.push(identity);
        next = up(&|flags| rustix::fs::openat(&open, c"..", flags, Mode::empty()));
    }
    found
}
