//! What all workers of a run share: what is to be done and how, the books, and what is known so far.

use super::copy::CopyPolicy as MethodSettings;
use super::copy::fs_pairs::FsPairs;
use super::effects::{self, Effects};
use super::entry::created::{Base, EntryName, OperandDirectories, ReadOperands};
use super::entry::existing::asks_first;
use super::entry::links::Links;
use super::entry::owed::Owed;
use super::host::Host;
use super::job::dir_fsync::DirFsyncQueue;
use super::observer::Observer;
use super::outputs::Outputs;
use super::progress::Progress;
use super::task::Task;
use super::walk::made_directories::{FilledDirectories, MadeDirectories};
use super::walk::parents::Parents;
use super::walk::recursion::Above;
use super::walk::several_names::SeveralNames;
use super::walk::targets::Targets;
use crate::cli::cp::{CpOptions, Destination};
use crate::cli::knobs::{Knobs, Placement};
use crate::pipeline::queue::Queue;
use crate::plan::attributes::PreservePolicy;
use crate::plan::data;
use crate::plan::descriptors::{self, Budget};
use crate::plan::destination;
use crate::plan::facts::Owner;
use crate::plan::linking;
use crate::plan::memory::{self, Room};
use crate::plan::workers;
use crate::process::{self, Limit};
use crate::report::Reporter;
use crate::report::counters::Counters;
use crate::report::lines::Lines;
use crate::report::message::Output;
use crate::report::stats::Tally;
use rustix::fs::Timespec;
use std::num::{NonZero, NonZeroUsize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Files that one worker makes durable together, and directories: about as many as a ring has in flight.
const SETTLE_MAX: usize = 64;

/// From this number of descriptors on, a few may be held for safety alone.
const DESCRIPTORS_TO_SPARE: u64 = 32;

/// How a run is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// What copy methods need to know.
    pub method: MethodSettings,
    /// Directories too, and special files as what they are.
    pub recursive: bool,
}

/// What a run remembers of what it could meet again.
#[derive(Default)]
pub(crate) struct Met {
    /// The directory that operands are copied into, from which their copies are told apart.
    pub base: Option<Base>,
    /// Files of several names that wait for their turn.
    pub several_names: SeveralNames,
    /// The directories above copies.
    pub above: Above,
    /// Directories that were made.
    pub made_directories: MadeDirectories,
    /// Directories that were there and are filled.
    pub filled_directories: FilledDirectories,
    /// Files that were operands, where that matters.
    pub read_operands: ReadOperands,
    /// Operands lie in one another, or are one; found out where it matters.
    pub overlap: OnceLock<bool>,
    /// One of several operands is the directory that all are copied into, or lies above it.
    pub operand_holds_target: OnceLock<bool>,
    /// An operand leads through a symbolic link that an earlier one copies with its access time.
    pub operand_leads_through: OnceLock<bool>,
}

/// What all workers of a run share.
pub(crate) struct Run<'env> {
    /// The work to do.
    pub queue: Queue<Task>,
    /// How it is to be done.
    pub settings: Settings,
    /// What is known of the file systems.
    pub pairs: FsPairs,
    /// Directories among the operands, where there are several and one could be met again.
    pub directories: Option<OperandDirectories>,
    /// What could be met again.
    pub met: Met,
    /// What is done to destinations.
    pub effects: Box<dyn Effects + 'env>,
    /// What `--parents` has made.
    pub parents: Parents,
    /// Sources that are hard links of one another.
    pub links: Links,
    /// Directories that wait to be made durable; `None` where that is not asked for.
    pub durable: Option<Arc<DirFsyncQueue>>,
    /// Changes to names that are undone where the copies that they were made for fail.
    pub owed: Arc<Owed>,
    /// The directories that operands are copied into, where more is done for them than that.
    pub targets: Option<Targets>,
    /// What is to be done.
    pub options: &'env CpOptions,
    /// Files have to be looked at before they are copied.
    pub asks_first: bool,
    /// A file is copied before the next is begun: lines of `-v` come in the middle of it.
    pub ends_in_order: bool,
    /// By which means.
    pub knobs: &'env Knobs,
    /// Where it is told what has happened.
    pub observer: Observer<'env>,
    /// What is written beside the copies.
    pub outputs: &'env Outputs,
    /// Names that are not copied, as the run has made them for itself.
    pub own_names: Vec<EntryName>,
    /// Where it is told.
    pub reporter: &'env Reporter,
    /// Descriptors that this process may have.
    descriptors: u64,
    /// Memory that there is for it.
    room: Room,
    one_worker: bool,
    /// When the run began, less the most by which the clock of a file system lags.
    pub began: Timespec,
    cores: OnceLock<usize>,
    /// Operations were seen to sleep, so that more workers than cores are worth having.
    sleep: AtomicBool,
    polling_refused: Once,
    totals: Mutex<(Tally, Counters, usize)>,
}

/// Whether one worker does all in the order of the walk, whatever it costs: for lines of `-v`, or as an answer belongs to the
/// next question.
pub(crate) fn goes_in_order(options: &CpOptions) -> bool {
    options.verbose || options.ask || options.extensions.choosing.dry_run
}

/// Whether a file is copied before the next is begun, as lines of `-v` come in the middle of it, or its times depend on it,
/// whose names do not `wait` for their turn.
fn ends_in_order(options: &CpOptions, wait: bool) -> bool {
    let depends = options.preserve.links || linking::reads_in_turn(options);
    options.debug
        || (options.verbose && options.force)
        || ((options.verbose || options.ask || !wait) && depends)
}

impl<'env> Run<'env> {
    pub(crate) fn new(
        options: &'env CpOptions,
        outputs: &'env Outputs,
        reporter: &'env Reporter,
        host: &Host<'env>,
    ) -> Self {
        let descriptors = process::limit(Limit::Descriptors).unwrap_or(u64::MAX);
        let own =
            Owner { user: rustix::process::geteuid().as_raw(), group: rustix::process::getegid().as_raw() };
        let verification = &options.extensions.verification;
        // Lines come in the order of the walk, and one question at a time.
        let one_worker = options.verbose || options.ask;
        let watched = host.caller.is_some() || options.extensions.watched().is_some();
        let alone = one_worker || options.knobs.jobs == Some(NonZeroUsize::MIN);
        let keeping = PreservePolicy::new(options, host.umask, own);
        let owed = Arc::default();
        let lines = Lines::new(reporter, options.detail());
        Self {
            queue: Queue::new(),
            settings: Settings {
                method: MethodSettings {
                    direct: options.direct,
                    buffer_bytes: options.knobs.block_bytes(options.direct),
                    extent_bytes: options.knobs.extent_bytes(options.direct),
                    pass_bytes_max: data::pass_bytes_max(options.knobs.buffer_bytes, alone && !watched),
                    posixly_correct: options.posixly_correct,
                    late_errors: options.knobs.placement == Placement::Fused
                        && late_errors(&options.destination),
                    force: options.force,
                    verbose: options.verbose,
                    reflink: options.reflink,
                    sparse: options.sparse,
                    debug: options.debug,
                    keeping,
                    attributes_only: options.attributes_only,
                    fsync: options.extensions.durability.fsync,
                    atomic: options.extensions.durability.atomic,
                    hash: verification.verify || verification.manifest.is_some(),
                    verify: verification.verify,
                    watched,
                    names_in_turn: !goes_in_order(options) && linking::reads_in_turn(options),
                },
                recursive: options.recursive,
            },
            pairs: FsPairs::default(),
            directories: (options.recursive && options.sources.len() != 1).then(OperandDirectories::default),
            met: Met::default(),
            effects: effects::of_run(options, lines, keeping, &owed),
            parents: Parents::default(),
            links: Links::new(options),
            durable: options
                .extensions
                .durability
                .fsync
                .then(|| Arc::new(DirFsyncQueue::new(most_unsynced(descriptors)))),
            owed,
            options,
            asks_first: asks_first(options),
            ends_in_order: ends_in_order(options, descriptors::let_names_wait(descriptors)),
            knobs: &options.knobs,
            observer: Observer::new(lines, watched.then(Progress::default)),
            targets: None,
            outputs,
            own_names: outputs.own_names().collect(),
            reporter,
            descriptors,
            room: memory::room(host.memory_left),
            one_worker,
            began: began(),
            cores: OnceLock::new(),
            sleep: AtomicBool::new(false),
            polling_refused: Once::new(),
            totals: Mutex::new((Tally::default(), Counters::default(), 0)),
        }
    }

    /// Whether descriptors can be held for safety's sake, rather than each being needed to copy at all.
    #[must_use]
    pub(crate) fn has_descriptors_to_spare(&self) -> bool {
        self.descriptors >= DESCRIPTORS_TO_SPARE
    }

    fn budget(&self) -> Budget {
        descriptors::share(self.descriptors, u64::try_from(self.jobs_max()).unwrap_or(u64::MAX))
    }

    /// Most files one worker has in flight.
    #[must_use]
    pub(crate) fn files_in_flight_max(&self) -> usize {
        self.budget().files
    }

    /// Most files that wait in one worker to be made durable together: they hold one descriptor each, of two.
    #[must_use]
    pub(crate) fn settle_max(&self) -> usize {
        (self.files_in_flight_max() / 2).clamp(1, SETTLE_MAX)
    }

    /// Whether only the directory in work may be held open.
    #[must_use]
    pub(crate) fn has_few_descriptors(&self) -> bool {
        descriptors::are_few(self.descriptors)
    }

    /// Whether names may wait for their turn, and hold their directories. Where they may not, the one worker that there is then
    /// goes in the order of the walk.
    #[must_use]
    pub(crate) fn lets_names_wait(&self) -> bool {
        descriptors::let_names_wait(self.descriptors)
    }

    /// Most directories on the way down that one worker holds open.
    #[must_use]
    pub(crate) fn levels_open_max(&self) -> usize {
        self.budget().levels
    }

    /// Most workers now. One where lines must come in order, else what was asked for or seen to be of use, as far as there
    /// are descriptors.
    #[must_use]
    pub(crate) fn jobs_max(&self) -> usize {
        self.jobs_where(self.sleep.load(Ordering::Relaxed))
    }

    fn jobs_where(&self, sleep: bool) -> usize {
        let asked = if self.one_worker { Some(1) } else { self.knobs.jobs.map(NonZero::get) };
        let cores = match asked {
            Some(jobs) => jobs,
            None => *self.cores.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get)),
        };
        let wanted = workers::most(asked, cores, sleep).min(self.room.workers);
        descriptors::share(self.descriptors, u64::try_from(wanted).unwrap_or(u64::MAX)).workers
    }

    /// Bytes of I/O memory of one worker.
    #[must_use]
    pub(crate) fn pool_bytes(&self) -> usize {
        self.room.pool_bytes / self.jobs_max()
    }

    /// Bytes of I/O memory of all workers together.
    #[must_use]
    pub(crate) fn pool_bytes_max(&self) -> usize {
        self.room.pool_bytes
    }

    /// Notes that operations sleep.
    pub(crate) fn note_sleep(&self) {
        self.sleep.store(true, Ordering::Relaxed);
    }

    /// Whether workers begin with a ring, rather than when there is enough to do for one.
    #[must_use]
    pub(crate) fn ring_at_once(&self) -> bool {
        self.knobs.insist_on_ring()
    }

    /// Whether a signal has said that the run is to end before it is done.
    #[must_use]
    pub(crate) fn is_interrupted(&self) -> bool {
        self.observer.is_ending()
    }

    /// Tells, once, that `--iopoll` cannot be had of a device.
    pub(crate) fn polling_refused(&self) {
        self.polling_refused.call_once(|| {
            self.reporter
                .message(b"warning: the device cannot be polled for completions; going on without --iopoll");
        });
    }

    /// Whether what is new gets its name only when it is complete.
    #[must_use]
    pub(crate) fn atomic(&self) -> bool {
        self.settings.method.atomic
    }

    /// Puts the manifest in its place, where there is one.
    pub(crate) fn finish_manifest(&self) {
        self.observer.finish(self.outputs.may_write(Output::Manifest));
    }

    /// Adds what an engine has counted.
    pub(crate) fn add_counters(&self, counters: Counters) {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).1 += counters;
    }

    /// Adds a worker's books when it ends.
    pub(crate) fn add(&self, tally: &Tally, counters: Counters) {
        self.add_counters(counters);
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.0.add(tally);
        totals.2 += 1;
    }

    /// What all workers have done, what their engines have counted, and how many workers there were.
    #[must_use]
    pub(crate) fn totals(&self) -> (Tally, Counters, usize) {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most directories that wait to be made durable: a few of the descriptors.
fn most_unsynced(descriptors: u64) -> usize {
    usize::try_from(descriptors / 64).unwrap_or(usize::MAX).clamp(1, SETTLE_MAX)
}

/// Whether the destination lies on a file system that is known to report write errors as late as at close. Told by the
/// destination or, where it is not there yet, by the directory it goes into.
fn late_errors(destination: &Destination) -> bool {
    let (Destination::Directory(path) | Destination::Last(path) | Destination::Exactly(path)) = destination;
    let path = Path::new(path);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let answer = rustix::fs::statfs(path).or_else(|_absent| rustix::fs::statfs(parent));
    answer.is_ok_and(|answer| destination::reports_at_close(answer.f_type))
}

/// Now, less what file systems' clocks are behind at most: they tick 100 times a second or more often.
fn began() -> Timespec {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let began = now.saturating_sub(Duration::from_millis(20));
    Timespec {
        tv_sec: i64::try_from(began.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: began.subsec_nanos().into(),
    }
}
