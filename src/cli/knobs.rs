//! The options both programs share beyond GNU's: how the work is done, never what comes out.

use crate::report::stats::StatsFormat;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};

use super::EXTENSIONS;
use super::size;

/// Which engine runs the operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EngineKind {
    /// The ring where the kernel allows it and the job is worth it, else plain calls.
    #[default]
    Auto,
    /// The ring, or an error.
    Uring,
    /// Plain calls.
    Sync,
}

/// Where the operations of one file run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Placement {
    /// What the files at hand are best served by.
    #[default]
    Auto,
    /// All of a file's operations in one linked submission.
    Fused,
    /// The source's half in the ring, the destination's by plain calls.
    Split,
}

/// How the work is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Knobs {
    /// Which engine runs the operations.
    pub engine: EngineKind,
    /// Where the operations of one file run.
    pub placement: Placement,
    /// Most chains in flight in one ring.
    pub queue_depth: NonZeroU32,
    /// Bytes that one read or write moves at most, where the user says; files up to this size are copied by one chain.
    pub buffer_bytes: Option<usize>,
    /// Most worker threads; `None` for one a core.
    pub jobs: Option<NonZeroUsize>,
    /// A kernel thread takes submissions, and sleeps after this number of idle milliseconds.
    pub sqpoll_idle_ms: Option<u32>,
    /// Completions of reads and writes past the page cache are polled for.
    pub iopoll: bool,
    /// Statistics at the end.
    pub stats: Option<StatsFormat>,
    /// The file that they go to instead of standard error.
    pub stats_file: Option<OsString>,
}

const QUEUE_DEPTH: u32 = 64;
const QUEUE_DEPTH_MAX: u32 = 4096;

/// Through the page cache. A block should stay in the processor's second-level cache between its read and its write, and
/// file systems with large folios ask for memory in pieces as long as the write: measured on XFS, writes of 1 MiB took
/// several times as long as these where free memory was fragmented or had been given back to a host.
const BUFFER_BYTES: usize = 128 << 10;

/// The same for blocks of a large file, which workers read side by side and write one after the other: fewer and longer
/// ones have them wait for each other less, and they still fit beside each other in the second-level cache.
const EXTENT_BYTES: usize = 256 << 10;

/// Past the page cache, where every block is a request to the device.
const BUFFER_BYTES_DIRECT: usize = 1 << 20;

const BUFFER_BYTES_MIN: usize = 4096;
const BUFFER_BYTES_MAX: usize = 2 << 20;
/// More workers than this would leave each of them less of the pool than the smallest region.
const JOBS_MAX: usize = 128;
const SQPOLL_IDLE_MS: u32 = 1000;

impl Default for Knobs {
    fn default() -> Self {
        Self {
            engine: EngineKind::Auto,
            placement: Placement::Auto,
            queue_depth: NonZeroU32::new(QUEUE_DEPTH).unwrap_or(NonZeroU32::MIN),
            buffer_bytes: None,
            jobs: None,
            sqpoll_idle_ms: None,
            iopoll: false,
            stats: None,
            stats_file: None,
        }
    }
}

impl Knobs {
    /// Bytes that one read or write moves at most, past the page cache or through it.
    #[must_use]
    pub(crate) fn block_bytes(&self, direct: bool) -> usize {
        self.buffer_bytes.unwrap_or(if direct { BUFFER_BYTES_DIRECT } else { BUFFER_BYTES })
    }

    /// The same for a block of a file that several workers may copy.
    #[must_use]
    pub(crate) fn extent_bytes(&self, direct: bool) -> usize {
        self.buffer_bytes.unwrap_or(if direct { BUFFER_BYTES_DIRECT } else { EXTENT_BYTES })
    }

    /// Has at most this number of workers at work, as far as that many can be.
    pub(crate) fn limit_jobs(&mut self, jobs: NonZeroUsize) {
        self.jobs = NonZeroUsize::new(jobs.get().min(JOBS_MAX));
    }

    /// Whether going on without a ring would not be what was asked for.
    #[must_use]
    pub(crate) fn insist_on_ring(&self) -> bool {
        self.engine == EngineKind::Uring || self.sqpoll_idle_ms.is_some() || self.iopoll
    }
}

/// The definitions for the command lines of both programs.
#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    let choice = |name: &'static str, value: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Set).help_heading(EXTENSIONS)
    };
    vec![
        choice("engine", "WHICH").help("run operations by auto, uring or sync ($UCP_ENGINE)"),
        choice("placement", "HOW").help("place a file's operations: auto, fused or split"),
        choice("queue-depth", "N").help("keep at most N chains in flight in a ring (64)"),
        choice("buffer-size", "SIZE").help("move at most SIZE bytes at a time (4K to 2M)"),
        choice("jobs", "N").help("use at most N worker threads (one a core)"),
        choice("sqpoll", "MS")
            .num_args(0..=1)
            .require_equals(true)
            .help("let a kernel thread take submissions, idle for MS milliseconds"),
        choice("stats", "FORMAT")
            .num_args(0..=1)
            .require_equals(true)
            .help("print statistics on standard error at the end: text (the default) or json"),
        choice("stats-file", "FILE")
            .value_parser(value_parser!(OsString))
            .help("write them to FILE: json, or with --stats=text text"),
    ]
}

/// The definition of what is asked of a ring whose files are all read and written past the page cache, as those of `ucp`
/// can be.
#[must_use]
pub(crate) fn polling() -> Arg {
    let polling = Arg::new("iopoll").long("iopoll").action(ArgAction::SetTrue).help_heading(EXTENSIONS);
    polling.help("poll for completions of direct reads and writes")
}

/// An option's argument that is not what the option takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadArgument {
    /// What was typed, as far as it is text.
    pub argument: String,
    /// The option, or the environment variable.
    pub option: &'static str,
    /// What it takes instead.
    pub takes: &'static str,
}

/// Reads the shared options. `engine_variable` is the value of the environment's UCP_ENGINE.
///
/// # Errors
/// The first argument that is not what its option takes.
pub(crate) fn read(matches: &ArgMatches, engine_variable: Option<String>) -> Result<Knobs, BadArgument> {
    let mut knobs = of_environment(engine_variable)?;
    if let Some(value) = value_of(matches, "engine") {
        knobs.engine = engine("--engine", value)?;
    }
    if let Some(value) = value_of(matches, "placement") {
        knobs.placement = match value.as_str() {
            "auto" => Placement::Auto,
            "fused" => Placement::Fused,
            "split" => Placement::Split,
            _ => return Err(bad(value, "--placement", "auto, fused or split")),
        };
    }
    if let Some(value) = value_of(matches, "queue-depth") {
        let depth = value.parse().ok().filter(|depth: &NonZeroU32| depth.get() <= QUEUE_DEPTH_MAX);
        knobs.queue_depth = depth.ok_or_else(|| bad(value, "--queue-depth", "a number from 1 to 4096"))?;
    }
    if let Some(value) = value_of(matches, "buffer-size") {
        let bytes = size::parse(&value).and_then(|bytes| usize::try_from(bytes).ok());
        let bytes = bytes.filter(|bytes| (BUFFER_BYTES_MIN..=BUFFER_BYTES_MAX).contains(bytes));
        knobs.buffer_bytes = Some(bytes.ok_or_else(|| bad(value, "--buffer-size", "a size from 4K to 2M"))?);
    }
    if let Some(value) = value_of(matches, "jobs") {
        let jobs = value.parse().ok().filter(|jobs: &NonZeroUsize| jobs.get() <= JOBS_MAX);
        knobs.jobs = Some(jobs.ok_or_else(|| bad(value, "--jobs", "a number from 1 to 128"))?);
    }
    if matches.value_source("sqpoll").is_some() {
        knobs.sqpoll_idle_ms = Some(match value_of(matches, "sqpoll") {
            None => SQPOLL_IDLE_MS,
            Some(value) => value.parse().map_err(|_| bad(value, "--sqpoll", "a number of milliseconds"))?,
        });
    }
    knobs.iopoll = matches.try_get_one("iopoll").ok().flatten().copied().unwrap_or(false);
    knobs.stats_file = matches.get_one("stats-file").cloned();
    knobs.stats = stats(matches, knobs.stats_file.is_some())?;
    Ok(knobs)
}

/// In which form statistics are asked for, if they are. A file is for programs, unless the user says otherwise.
fn stats(matches: &ArgMatches, to_a_file: bool) -> Result<Option<StatsFormat>, BadArgument> {
    match value_of(matches, "stats") {
        None if to_a_file => Ok(Some(StatsFormat::Json)),
        None if matches.value_source("stats").is_some() => Ok(Some(StatsFormat::Text)),
        None => Ok(None),
        Some(value) if value == "text" => Ok(Some(StatsFormat::Text)),
        Some(value) if value == "json" => Ok(Some(StatsFormat::Json)),
        Some(value) => Err(bad(value, "--stats", "text or json")),
    }
}

/// What there is without options: the value of the environment's UCP_ENGINE, and the defaults.
///
/// # Errors
/// A value that names no engine.
pub(crate) fn of_environment(engine_variable: Option<String>) -> Result<Knobs, BadArgument> {
    let mut knobs = Knobs::default();
    if let Some(value) = engine_variable.filter(|value| !value.is_empty()) {
        knobs.engine = engine("UCP_ENGINE", value)?;
    }
    Ok(knobs)
}

fn engine(option: &'static str, value: String) -> Result<EngineKind, BadArgument> {
    match value.as_str() {
        "auto" => Ok(EngineKind::Auto),
        "uring" => Ok(EngineKind::Uring),
        "sync" => Ok(EngineKind::Sync),
        _ => Err(bad(value, option, "auto, uring or sync")),
    }
}

fn value_of(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

fn bad(argument: String, option: &'static str, takes: &'static str) -> BadArgument {
    BadArgument { argument, option, takes }
}
