//! A worker: one thread with its own engine and its own part of the pool, fed from the queue.
//!
//! It keeps its engine full: files it has begun come back as completions and go on; when there is room it begins others
//! from its backlog, claims blocks of large files, or takes another task. What becomes of those in flight is in
//! [`in_flight`].
//!
//! Worker 0 is the main thread. Others are started one at a time while at least 4 tasks wait and no worker is idle, or when a
//! large file has 8 MiB that no worker has claimed. A worker takes its newest task, and another worker's oldest where it has
//! none; when all wait, the work is done. One worker does everything with `-v` (lines in order) and below 512 descriptors.
//!
//! A worker begins with plain calls and goes over to a ring when its operations are seen to sleep ([`sleep_detector`]). How long
//! files of a destination take to make is noted for each device (`plan::placement::Latency`); where they are slow, the worker
//! wants a ring, more workers are allowed, and chains carry `slow_destination`, by which all that a ring takes goes into it.

mod alone;
mod fsync_batch;
mod in_flight;
mod interrupt;
mod leaving;
pub(crate) mod sleep_detector;

use self::sleep_detector::SleepDetector;
use super::copy::extent::Extent;
use super::copy::extents::LargeFile;
use super::copy::file::FileCopy;
use super::copy::fs_pairs::{FsPairsCache, FsPairsView};
use super::copy::{Context, Step};
use super::job::FileJob;
use super::shared::Run;
use super::task::Task;
use super::walk::several_names;
use super::walk::{Books, Copier, Walker};
use crate::bufpool::Pool;
use crate::cli::knobs::{EngineKind, Placement};
use crate::pipeline::chain::{Chain, Completion};
use crate::pipeline::engine::sync::SyncEngine;
use crate::pipeline::engine::{Engine, Wait, select};
use crate::process;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::Scope;

/// Bytes of a large file that are worth another worker.
const BYTES_FOR_HELP: u64 = 8 << 20;

/// Blocks of large files one worker has in flight where they pass through the page cache: more would only push each
/// other out of the processor's cache.
const BUFFERED_EXTENTS_MAX: usize = 2;

/// Large files one worker has open before it begins with other files.
const LARGE_OPEN_MAX: usize = 4;

/// Files that a worker with a ring from the start begins before any is done: all of them are on their way before it shows
/// that making them means waiting.
const UNMEASURED_MAX: usize = 8;

/// What a chain in flight belongs to.
enum InFlight {
    File(Box<FileCopy>),
    Extent(Box<Extent>),
    /// A directory that is made durable, with its path.
    Directory(Vec<u8>),
}

pub(crate) struct Worker<'scope, 'env> {
    pub(crate) number: usize,
    pub(crate) shared: &'env Run<'env>,
    scope: &'scope Scope<'scope, 'env>,
    pool: Pool,
    engine: Box<dyn Engine>,
    /// The engine is what it will be: asked for, or grown into.
    engine_is_final: bool,
    /// It is to be a ring, as soon as nothing is in flight.
    ring_due: bool,
    books: Books,
    flights: Vec<Option<InFlight>>,
    flights_free: Vec<usize>,
    /// Flights that wait for a buffer.
    starved: VecDeque<(usize, Chain)>,
    /// Files that wait to be made durable together.
    awaiting_fsync: Vec<(usize, Chain)>,
    large: Vec<Arc<LargeFile>>,
    extents_in_flight: usize,
    /// The file that was begun last, or is to be next, has nothing beside it.
    alone: bool,
    /// True if the run is to end before it is done: nothing is begun, and what comes back is given up.
    is_ending: bool,
    completions: Vec<Completion>,
    last_known: FsPairsCache,
    warmup: SleepDetector,
    /// Most files in flight now: less than `window_max` for a while where descriptors ran out.
    window: usize,
    /// Most files in flight, by what descriptors there are for them.
    window_max: usize,
}

impl<'scope, 'env> Worker<'scope, 'env> {
    /// Worker `number`, with plain calls for an engine until there is enough to do for a ring.
    #[must_use]
    pub(crate) fn new(number: usize, shared: &'env Run<'env>, scope: &'scope Scope<'scope, 'env>) -> Self {
        Self {
            number,
            shared,
            scope,
            pool: Pool::new(shared.pool_bytes_max()),
            engine: Box::new(SyncEngine::default()),
            engine_is_final: shared.knobs.engine == EngineKind::Sync,
            ring_due: false,
            books: Books::new(shared),
            flights: Vec::new(),
            flights_free: Vec::new(),
            starved: VecDeque::new(),
            awaiting_fsync: Vec::new(),
            large: Vec::new(),
            extents_in_flight: 0,
            alone: false,
            is_ending: false,
            completions: Vec::new(),
            last_known: FsPairsCache::default(),
            // A placement that was asked for is one in a ring.
            warmup: SleepDetector::new(shared.knobs.placement == Placement::Fused),
            // Plain calls finish each file before the next is begun, unless files are made in turns.
            window: 1,
            window_max: 1,
        }
    }

    /// Works until all is done.
    pub(crate) fn run(mut self) {
        if self.number > 0 {
            self.pool.set_limit(self.shared.pool_bytes());
        }
        if self.shared.ring_at_once() {
            self.want_ring();
            // It grows with each file that is done.
            if !self.shared.settings.method.direct {
                self.window = self.window.min(UNMEASURED_MAX);
            }
        }
        loop {
            self.fill();
            if self.is_idle() {
                match self.shared.queue.pop(self.number) {
                    Some(task) => self.task(task),
                    None => break,
                }
            } else if self.has_room_for_file()
                && self.books.backlog.is_empty()
                && let Some(task) = self.shared.queue.try_pop(self.number)
            {
                self.task(task);
            } else if self.engine.in_flight() == 0 && self.awaiting_fsync() > 0 {
                self.settle_all();
            } else if let Err(errno) = self.reap() {
                self.broken(errno);
            }
        }
        self.shared.add(&self.books.tally, self.engine.counters());
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.engine.in_flight() == 0
            && self.starved.is_empty()
            && self.books.backlog.is_empty()
            && self.large.is_empty()
            && self.awaiting_fsync() == 0
    }

    /// Whether another chain can fly, where the engine has use for `most`.
    fn has_room(&self, most: usize) -> bool {
        let in_flight = self.engine.in_flight();
        in_flight < self.window.min(most) && self.starved.is_empty() && (in_flight == 0 || !self.ring_due)
    }

    /// Whether another file can be begun: open large files, which have no chain of their own, count too.
    fn has_room_for_file(&self) -> bool {
        let capabilities = self.engine.capabilities();
        let in_turn = self.books.backlog.front().is_some_and(|job| job.turn().is_some());
        let most = if in_turn { capabilities.create_batch_max } else { capabilities.in_flight_max };
        self.has_room(most)
            && self.large.len() < LARGE_OPEN_MAX
            && self.has_room_to_settle()
            && self.has_descriptors_for_file()
            && !self.goes_alone()
    }

    /// Whether a file can be begun beside what this worker holds open without a chain that counts as in flight: large files,
    /// some of whose blocks may be all that is left of them.
    fn has_descriptors_for_file(&self) -> bool {
        let holds_none = self.large.is_empty() && self.extents_in_flight == 0;
        holds_none || self.shared.files_in_flight_max() > 1
    }

    pub(crate) fn reap(&mut self) -> Result<(), Errno> {
        let mut completions = std::mem::take(&mut self.completions);
        self.engine.reap(Wait::ForOne, &mut completions)?;
        self.look_for_end();
        for completion in completions.drain(..) {
            self.complete(completion);
        }
        self.completions = completions;
        if let Some(refusal) = self.engine.refusal() {
            self.leave_ring(refusal);
        }
        Ok(())
    }

    /// Begins as much as there is room for: first what waited for a buffer, then files, then blocks of large files.
    pub(crate) fn fill(&mut self) {
        if self.look_for_end() {
            return self.abort_all();
        }
        if self.ring_due && self.engine.in_flight() == 0 {
            self.want_ring();
        }
        while let Some((slot, chain)) = self.starved.pop_front() {
            let alone = self.engine.in_flight() == 0;
            let Some(InFlight::File(mut file)) = self.flights[slot].take() else { continue };
            let next = file.resume(chain, alone, &mut self.context());
            if let Step::NoBuffer(chain) = next {
                self.flights[slot] = Some(InFlight::File(file));
                self.starved.push_front((slot, chain));
                break;
            }
            self.next(slot, file, next);
        }
        while self.has_room_for_file()
            && let Some(mut job) = self.books.backlog.pop_front()
        {
            Self::look_ahead(&mut job);
            if several_names::is_needed_unseen(&self.shared.met.several_names, &job) {
                self.walk(|walker| walker.look_again(*job));
                continue;
            }
            if self.must_wait(&job) {
                self.books.backlog.push_front(job);
                break;
            }
            self.begin(job);
            self.share_backlog();
        }
        self.claim_extents();
        self.settle_where_due();
    }

    /// Leaves half of the files that are not begun with to a worker that has nothing to do. Files that were kept under
    /// another name stay here, where they get their names back if the run ends early.
    fn share_backlog(&mut self) {
        let files = self.books.backlog.len();
        if files > 1 && self.shared.queue.has_idle() && self.shared.options.backup.is_none() {
            let half = self.books.backlog.split_off(files.div_ceil(2));
            self.shared.queue.push(self.number, [Task::Files(half)]);
        }
    }

    fn begin(&mut self, job: Box<FileJob>) {
        let slow = self.shared.pairs.next_is_fused(job.destination_device);
        if slow {
            self.shared.note_sleep();
        }
        if !self.engine_is_final && (self.warmup.begin() || slow) {
            self.want_ring();
        }
        if self.window_max == 1 && job.turn().is_some() {
            self.open_window();
        }
        self.books.meter.name(|| job.source_path());
        let mut file = Box::new(FileCopy::new(job, slow));
        let chain = file.start(&self.context());
        let slot = self.slot();
        self.submit(slot, InFlight::File(file), chain);
    }

    /// Goes over from plain calls to the ring, where that is allowed. Nothing may be in flight, so where something is it
    /// waits for that.
    fn want_ring(&mut self) {
        // It takes a descriptor itself.
        self.engine_is_final |= self.shared.has_few_descriptors() && !self.shared.ring_at_once();
        self.ring_due = !self.engine_is_final && self.engine.in_flight() > 0;
        if self.engine_is_final || self.ring_due {
            return;
        }
        self.engine_is_final = true;
        self.pool.set_limit(self.shared.pool_bytes());
        self.open_window();
        // A refusal that matters was reported when the run began.
        if let Ok(engine) = select::choose(self.shared.knobs, &self.pool) {
            self.shared.add_counters(self.engine.counters());
            self.engine = engine;
        }
    }

    /// Has as many files in flight as there are descriptors for.
    fn open_window(&mut self) {
        self.window_max = self.shared.files_in_flight_max();
        self.window = self.window_max;
    }

    /// Acts on a task.
    fn task(&mut self, task: Task) {
        if let Some(file) = self.walk(|walker| walker.task(task)).filter(|file| file.has_more()) {
            self.want_ring_for(&file);
            self.large.push(file);
        }
    }

    /// Has the walk go on, with the books that this worker keeps for it.
    pub(super) fn walk<T>(&mut self, step: impl FnOnce(&mut Walker<'_, '_>) -> T) -> T {
        let mut books = std::mem::take(&mut self.books);
        let (number, shared) = (self.number, self.shared);
        let answer = step(&mut Walker { number, shared, books: &mut books, copying: self });
        self.books = books;
        answer
    }

    /// Ends all that this worker has begun.
    pub(crate) fn end_all(&mut self) {
        while !self.is_idle() {
            self.fill();
            if self.engine.in_flight() == 0 {
                self.settle_all();
            } else if let Err(errno) = self.reap() {
                self.broken(errno);
            }
        }
    }

    pub(crate) fn call_for_help(&self) {
        let Some(number) = self.shared.queue.enlist(self.shared.jobs_max()) else { return };
        let (shared, scope) = (self.shared, self.scope);
        self.pool.set_limit(shared.pool_bytes());
        let thread = std::thread::Builder::new().name(format!("worker {number}"));
        let work = move || {
            process::unshare_credentials();
            Worker::new(number, shared, scope).run();
        };
        // Where no thread can be had the work goes on with fewer.
        if thread.spawn_scoped(scope, work).is_err() {
            self.shared.queue.dismiss();
        }
    }

    pub(crate) fn context(&mut self) -> Context<'_> {
        Context {
            settings: self.shared.settings.method,
            capabilities: self.engine.capabilities(),
            pairs: FsPairsView { all: &self.shared.pairs, last: &self.last_known },
            pool: &self.pool,
            owed: &self.shared.owed,
            outputs: self.shared.outputs,
            manifest: self.shared.observer.manifest(),
            reporter: self.shared.reporter,
            tally: &mut self.books.tally,
        }
    }
}

impl Copier for Worker<'_, '_> {
    fn is_idle(&self, books: &Books) -> bool {
        self.is_idle() && books.backlog.is_empty()
    }

    fn finish_all(&mut self, books: &mut Books) {
        std::mem::swap(&mut self.books, books);
        self.end_all();
        std::mem::swap(&mut self.books, books);
    }

    fn call_for_help(&self) {
        self.call_for_help();
    }
}
