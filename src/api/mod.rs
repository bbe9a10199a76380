//! The library's own entry: a copy as a value that is put together, run, and answered by values.
//!
//! [`Copy`](struct@Copy) resolves to the same options as a command line of `ucp`, and [`copy`] runs them for both. What differs is the
//! process: nothing of a caller's is touched but the files (see [`Copy`](struct@Copy)), and nothing is printed.

mod outcome;
mod resolution;
mod watcher;

pub use crate::cli::cp::Attribute;
pub use crate::cli::cp::options::{Control, Follow, Make, Overwrite, Reflink, Sparse};
pub use crate::cli::knobs::EngineKind;
pub use crate::report::failure::{Failure, Operation};
pub use crate::report::progress::Total;
pub use outcome::{Failures, Summary};
pub use watcher::{Cancel, Progress};

use crate::cli::cp::{CpOptions, Destination};
use crate::cp::host::Host;
use crate::cp::outputs::Outputs;
use crate::cp::progress::caller::Caller;
use crate::cp::run;
use crate::report::Reporter;
use crate::report::stats::Stats;
use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;
use watcher::Watcher;

/// Copies as resolved options say, for `ucp` and for callers of the library. The figures are for statistics; `None` where a
/// ring was asked for and refused, which is told.
pub(crate) fn copy(
    options: &CpOptions,
    outputs: &Outputs,
    reporter: &Reporter,
    host: &Host<'_>,
) -> Option<Stats> {
    run::copy(options, outputs, reporter, host)
        .map_err(|refusal| reporter.failed_with(&refusal.to_string(), refusal.errno))
        .ok()
}

/// A copy to be made: sources, a destination, and the options of `ucp` as methods.
///
/// Without an option it does what `ucp SOURCE... DESTINATION` does: files are copied, directories are refused, symbolic links
/// are followed. Relative paths begin at the process's working directory. Neither the environment (`POSIXLY_CORRECT`,
/// `UCP_ENGINE`, `VERSION_CONTROL`) nor the locale is asked: messages are in English.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = std::env::temp_dir().join(format!("ucp-doc-{}", std::process::id()));
/// # let (from, to) = (place.join("from"), place.join("to"));
/// # std::fs::create_dir_all(&from)?;
/// # std::fs::write(from.join("file"), "contents")?;
/// use std::time::Duration;
///
/// let cancel = ucp::Cancel::new(); // a clone of it ends the copy from another thread
/// let copied = ucp::Copy::new([&from], &to)
///     .archive()
///     .overwrite(ucp::Overwrite::Older)
///     .on_progress(Duration::from_millis(100), |progress| {
///         let _so_far = (progress.files, progress.bytes, progress.total);
///     })
///     .cancelled_by(&cancel)
///     .run();
/// match copied {
///     Ok(summary) => assert_eq!((summary.files, summary.directories, summary.bytes), (1, 1, 8)),
///     Err(failures) => {
///         for failure in &failures {
///             // "cannot open '/etc/shadow' for reading: Permission denied"
///             println!("{failure}: {:?} of {:?}: {:?}", failure.operation(), failure.path(), failure.errno());
///         }
///     }
/// }
/// # std::fs::remove_dir_all(place)?;
/// # Ok(())
/// # }
/// ```
///
/// # What a run does to the process
///
/// Nothing is printed, nothing is read from standard input, no signal handler is installed, no signal is blocked, the process
/// is not ended, and neither its working directory, its umask, its locale, its limits nor its heap is changed. Several runs
/// may go on at the same time. What remains to be known:
///
/// - [`run`](Self::run) works in the calling thread and in threads that it starts and waits for: at most
///   [`jobs`](Self::jobs), one more with [`on_progress`](Self::on_progress) or [`cancelled_by`](Self::cancelled_by), and one
///   that counts sources, with the lowest priority, when a copy with progress has taken a second.
/// - The umask is read from `/proc`. Where that is not mounted, or before Linux 4.7, it is set to 0 and back, in which moment
///   other threads would make files without it.
/// - A kernel that has refused io_uring is not asked again by this process.
/// - The descriptor limit (`RLIMIT_NOFILE`) is shared out as if all of it were the run's. A process with many open files
///   should ask for fewer [`jobs`](Self::jobs).
/// - Writing to a FIFO without a reader raises SIGPIPE, which Rust's programs ignore; writing past `RLIMIT_FSIZE`
///   raises SIGXFSZ, which ends a process that does not ignore it.
/// - Descriptors 0 to 2 should be open, as in every Rust program: a file of the run could get the number of one that is
///   not.
#[must_use = "nothing is copied before `run`"]
pub struct Copy<'a> {
    options: CpOptions,
    follow: Option<Follow>,
    archive: bool,
    backup: Option<Control>,
    suffix: Option<OsString>,
    patterns: Vec<(OsString, bool)>,
    watcher: Watcher<'a>,
}

impl<'a> Copy<'a> {
    /// A copy of `sources` to `destination`: into it if it is a directory, else it is the new name of the only source.
    pub fn new<S>(sources: impl IntoIterator<Item = S>, destination: impl AsRef<Path>) -> Self
    where
        S: AsRef<Path>,
    {
        let path = |path: &Path| path.as_os_str().to_owned();
        let sources = sources.into_iter().map(|source| path(source.as_ref())).collect();
        let destination = Destination::Last(path(destination.as_ref()));
        Self {
            options: CpOptions { sources, destination, ..CpOptions::default() },
            follow: None,
            archive: false,
            backup: None,
            suffix: None,
            patterns: Vec::new(),
            watcher: Watcher::default(),
        }
    }

    /// The destination must be a directory to copy into (`-t`).
    pub fn into_directory(mut self) -> Self {
        self.options.destination = Destination::Directory(self.take_destination());
        self
    }

    /// The destination is the new name of the only source, also if it is a directory (`-T`).
    pub fn onto_name(mut self) -> Self {
        self.options.destination = Destination::Exactly(self.take_destination());
        self
    }

    fn take_destination(&mut self) -> OsString {
        match std::mem::take(&mut self.options.destination) {
            Destination::Directory(path) | Destination::Last(path) | Destination::Exactly(path) => path,
        }
    }

    /// Directories too, and special files as what they are (`-r`).
    pub fn recursive(mut self, recursive: bool) -> Self {
        self.options.recursive = recursive;
        self
    }

    /// Everything, with all attributes as far as they can be kept (`-a`): recursive, no symbolic link followed.
    pub fn archive(mut self) -> Self {
        self.archive = true;
        self.follow(Follow::Never).recursive(true).preserve(Attribute::All)
    }

    /// Which symbolic links among the sources are followed (`-P`, `-H`, `-L`). Else all are, and none of a recursive copy
    /// that makes no hard links.
    pub fn follow(mut self, follow: Follow) -> Self {
        self.follow = Some(follow);
        self
    }

    /// What is put at the destination for a file: a copy, a hard link (`-l`), a symbolic link (`-s`).
    pub fn make(mut self, make: Make) -> Self {
        self.options.make = make;
        self
    }

    /// An attribute that the copy shares with its source (`--preserve`). [`Attribute::Xattr`] asked for by name is required:
    /// what cannot be kept is a failure.
    pub fn preserve(mut self, attribute: Attribute) -> Self {
        self.keep(attribute, true);
        self
    }

    /// An attribute that the copy does not share (`--no-preserve`).
    pub fn no_preserve(mut self, attribute: Attribute) -> Self {
        self.keep(attribute, false);
        self
    }

    /// Which existing files are replaced (`--update`, `-n`).
    pub fn overwrite(mut self, overwrite: Overwrite) -> Self {
        self.options.overwrite = overwrite;
        self
    }

    /// A destination that cannot be opened is removed, and the copy tried again (`-f`).
    pub fn force(mut self, force: bool) -> Self {
        self.options.force = force;
        self
    }

    /// Each destination is removed before it is made (`--remove-destination`).
    pub fn remove_destination(mut self, remove: bool) -> Self {
        self.options.remove_destination = remove;
        self
    }

    /// A replaced file is kept under a name of this kind (`--backup`).
    pub fn backup(mut self, control: Control) -> Self {
        self.backup = Some(control);
        self
    }

    /// Replaced files are kept, and this is put after their names where they get no number, instead of `~`
    /// (`--suffix`).
    pub fn suffix(mut self, suffix: impl AsRef<OsStr>) -> Self {
        self.suffix = Some(suffix.as_ref().to_owned());
        self
    }

    /// No data is copied (`--attributes-only`).
    pub fn attributes_only(mut self, attributes_only: bool) -> Self {
        self.options.attributes_only = attributes_only;
        self
    }

    /// The sources' whole paths under the destination, which must be a directory (`--parents`).
    pub fn parents(mut self, parents: bool) -> Self {
        self.options.parents = parents;
        self
    }

    /// Other file systems are not entered (`-x`).
    pub fn one_file_system(mut self, one: bool) -> Self {
        self.options.one_file_system = one;
        self
    }

    /// Directories that the destination reaches by symbolic links are copied into (`--keep-directory-symlink`).
    pub fn keep_directory_symlink(mut self, keep: bool) -> Self {
        self.options.keep_directory_symlink = keep;
        self
    }

    /// Where holes go (`--sparse`).
    pub fn sparse(mut self, sparse: Sparse) -> Self {
        self.options.sparse = sparse;
        self
    }

    /// Whether blocks are shared with the source (`--reflink`).
    pub fn reflink(mut self, reflink: Reflink) -> Self {
        self.options.reflink = reflink;
        self
    }

    /// What this glob matches is left out (`--exclude`); of several globs the last that matches counts.
    pub fn exclude(mut self, glob: impl AsRef<OsStr>) -> Self {
        self.patterns.push((glob.as_ref().to_owned(), false));
        self
    }

    /// What this glob matches is copied after all (`--include`).
    pub fn include(mut self, glob: impl AsRef<OsStr>) -> Self {
        self.patterns.push((glob.as_ref().to_owned(), true));
        self
    }

    /// What .gitignore files in the sources name is left out (`--gitignore`).
    pub fn gitignore(mut self, gitignore: bool) -> Self {
        self.options.extensions.choosing.gitignore = gitignore;
        self
    }

    /// Past the page cache (`--direct`).
    pub fn direct(mut self, direct: bool) -> Self {
        self.options.direct = direct;
        self
    }

    /// Files and their names are on the device before [`run`](Self::run) returns (`--fsync`).
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.options.extensions.durability.fsync = fsync;
        self
    }

    /// A file gets its name only when it is complete (`--atomic`).
    pub fn atomic(mut self, atomic: bool) -> Self {
        self.options.extensions.durability.atomic = atomic;
        self
    }

    /// Each copy is read back from its device and compared with what was read (`--verify`).
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.extensions.verification.verify = verify;
        self
    }

    /// Which engine runs the operations (`--engine`). [`EngineKind::Uring`] is an error where there is no io_uring.
    pub fn engine(mut self, engine: EngineKind) -> Self {
        self.options.knobs.engine = engine;
        self
    }

    /// Most worker threads, at most 128 (`--jobs`). Else one a processor, as far as there is work for them.
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.options.knobs.limit_jobs(jobs);
        self
    }

    /// Calls `callback` about every `interval` while the copy goes on, and once when it has ended. It is called in a thread
    /// of the run's, one call at a time; a panic of it is the caller's of [`run`](Self::run).
    pub fn on_progress(mut self, interval: Duration, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.watcher.call(interval, Box::new(callback));
        self
    }

    /// The copy ends early when `cancel` says so: no further file is begun, a half-made copy is removed, and
    /// [`Failures::is_cancelled`] is true. A file that was there before and is half overwritten is one of the failures
    /// ([`Operation::Finish`]). An operation that waits for another process or for a server is waited for.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.watcher.obey(cancel);
        self
    }

    /// Copies, and waits until all is done.
    ///
    /// # Errors
    /// All that has failed; everything else was copied. Options that contradict one another are a failure
    /// ([`Operation::Run`]) before anything is touched.
    pub fn run(mut self) -> Result<Summary, Failures> {
        let reporter = Reporter::collecting();
        let watcher = std::mem::take(&mut self.watcher);
        let stats = match self.resolve() {
            Err(message) => {
                reporter.error(message.as_bytes());
                None
            }
            Ok(_) if watcher.ends_at_once() => None,
            Ok(options) => {
                let caller = watcher.is_needed().then_some(&watcher as &dyn Caller);
                copy(&options, &Outputs::default(), &reporter, &Host::of_caller(caller))
            }
        };
        outcome::answer(stats.as_ref(), watcher.has_ended_run(), reporter.into_record())
    }
}
