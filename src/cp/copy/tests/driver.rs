//! Copies files as a worker does, over a scripted engine: one thread, one pool, no queue and no tree around it.
//!
//! [`TestCopy`] says what is to be copied and how; [`TestCopy::run`] answers what came of it, after it has made sure that
//! nothing is left behind: no lease, no chain in flight, no descriptor.

mod rounds;

use crate::bufpool::{Lease, PAGE_BYTES, Pool};
use crate::cli::cp::{CpOptions, Reflink, Sparse};
use crate::cp::copy::CopyPolicy;
use crate::cp::copy::fs_pairs::{FsPairs, FsPairsCache};
use crate::cp::entry::created::CreatedFiles;
use crate::cp::job::{FileJob, JobPlace};
use crate::cp::manifest::lines::Manifest;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::engine::scripted::world::World;
use crate::pipeline::engine::scripted::{Fault, Script, Scripted};
use crate::pipeline::engine::{Capabilities, Engine};
use crate::plan::attributes::PreservePolicy;
use crate::plan::facts::Owner;
use crate::plan::overwrite::Existing;
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use crate::report::stats::Tally;
use rounds::Driver;
use rustix::fd::AsRawFd;
use rustix::fs::Mode;
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::{ffi::CString, rc::Rc, sync::Arc};

/// Bytes of the pool: its smallest size.
const POOL_BYTES: usize = 64 << 10;

/// What is to be copied, and how.
pub(super) struct TestCopy {
    pub settings: CopyPolicy,
    pub fused: bool,
    /// The destination takes long to make files, for which the engine has fused chains.
    pub slow: bool,
    pub nonblocking: bool,
    /// The engine would rather have the kernel pass cached files on.
    pub passes: bool,
    pub in_flight_max: usize,
    /// Bytes of the pool that can be lent: a power of two, at least a buffer.
    pub pool_bytes: usize,
    pub script: Script,
    pub world: World,
    /// For the jobs from now on.
    pub made: Option<Arc<CreatedFiles>>,
    pub jobs: Vec<FileJob>,
}

/// What came of it.
pub(super) struct Copied {
    pub world: World,
    pub problems: Vec<FileError>,
    pub tally: Tally,
    /// The names of all operations, in the order of their starts.
    pub log: Vec<&'static str>,
    /// Names that were to go and could not, and are left to the end of the run.
    pub debts: usize,
    /// How often a file waited for a buffer.
    pub starved: usize,
    /// The lines of the manifest.
    pub listed: String,
}

impl TestCopy {
    /// Nothing yet, by buffers of two pages.
    pub(super) fn new() -> Self {
        Self {
            settings: CopyPolicy {
                direct: false,
                buffer_bytes: 2 * PAGE_BYTES,
                extent_bytes: 2 * PAGE_BYTES,
                pass_bytes_max: u64::MAX,
                posixly_correct: false,
                late_errors: false,
                reflink: Reflink::Never,
                sparse: Sparse::Auto,
                debug: false,
                force: false,
                verbose: false,
                keeping: PreservePolicy::new(
                    &CpOptions::default(),
                    Mode::empty(),
                    Owner { user: 0, group: 0 },
                ),
                attributes_only: false,
                fsync: false,
                atomic: false,
                hash: false,
                verify: false,
                watched: false,
                names_in_turn: false,
            },
            fused: false,
            slow: false,
            nonblocking: true,
            passes: false,
            in_flight_max: 4,
            pool_bytes: POOL_BYTES,
            script: Script::default(),
            world: World::default(),
            made: None,
            jobs: vec![],
        }
    }

    /// One file, `source`, to where nothing is believed to be, `destination`.
    pub(super) fn of(contents: Vec<u8>) -> Self {
        Self::new().file("source", contents, "destination", Some(Existing::Nothing))
    }

    pub(super) fn file(
        mut self,
        source: &str,
        contents: Vec<u8>,
        destination: &str,
        found: Option<Existing>,
    ) -> Self {
        self.world.put(source.as_bytes(), contents);
        let at = |name: &str| At {
            directory: Directory::Working,
            name: Arc::from(CString::new(name).expect("a name without NUL")),
        };
        self.jobs.push(FileJob {
            destination_device: Some(1),
            announced: false,
            over: false,
            unmoved: false,
            rank: None,
            unseen: false,
            kept: None,
            failed: false,
            left_out: false,
            belongs_to: None,
            share: crate::cp::job::Share::None,
            copies: Vec::new(),
            source: at(source),
            destination: at(destination),
            names: JobPlace::Operand {
                source: Arc::from(source.as_bytes()),
                destination: Arc::from(destination.as_bytes()),
            },
            follow: false,
            seen: None,
            found,
            made: self.made.clone(),
        });
        self
    }

    /// What is under the name `destination` already, which has not been looked at.
    pub(super) fn over(mut self, contents: Vec<u8>) -> Self {
        self.jobs.iter_mut().for_each(|job| job.found = None);
        self.newcomer(contents)
    }

    /// An entry appears under the name `destination` after it was looked at.
    pub(super) fn newcomer(mut self, contents: Vec<u8>) -> Self {
        self.world.put(b"destination", contents);
        self
    }

    /// The only job, to say more of it.
    pub(super) fn job(&mut self) -> &mut FileJob {
        &mut self.jobs[0]
    }

    /// The nth operation of that name, counted from 0, meets a fault.
    pub(super) fn fault(self, operation: &'static str, nth: usize, fault: Fault) -> Self {
        self.faults(operation, nth..nth + 1, fault)
    }

    pub(super) fn faults(
        mut self,
        operation: &'static str,
        range: std::ops::Range<usize>,
        fault: Fault,
    ) -> Self {
        self.script.named.push((operation, range, fault));
        self
    }

    pub(super) fn run(self) -> Copied {
        let capabilities = Capabilities {
            in_flight_max: self.in_flight_max,
            create_batch_max: self.in_flight_max,
            fused: self.fused,
            fused_where_slow: self.slow,
            nonblocking: self.nonblocking,
            passes: self.passes,
        };
        let world = Rc::new(RefCell::new(self.world));
        let engine = Scripted::new(&world, self.script, capabilities);
        let (log, pool, reporter) = (engine.log(), Pool::new(POOL_BYTES), Reporter::collecting());
        let withheld = withhold(&pool, self.pool_bytes);
        let (listed, manifest) = listing();
        let jobs = self.jobs.len();
        let mut driver = Driver {
            pairs: FsPairs::default(),
            last_known: FsPairsCache::default(),
            settings: self.settings,
            engine,
            pool: pool.clone(),
            beside: Default::default(),
            manifest: &manifest,
            reporter: &reporter,
            tally: Tally::default(),
            window: self.in_flight_max,
            slow: self.slow,
            backlog: self.jobs.into_iter().map(Box::new).collect(),
            flights: Vec::new(),
            waiting: VecDeque::new(),
            large: Vec::new(),
            starved: 0,
            done: 0,
        };
        driver.run();
        assert_eq!(driver.done, jobs, "every file is done exactly once");
        assert_eq!(driver.engine.in_flight(), 0, "nothing is in flight");
        assert!(driver.flights.iter().all(Option::is_none), "a chain never came back");
        let debts = Cell::new(0);
        driver.beside.0.take_back_all(|_undo, _answer| debts.set(debts.get() + 1));
        let debts = debts.get();
        let (tally, starved) = (driver.tally, driver.starved);
        drop(driver);
        drop(withheld);
        assert!(pool.is_whole(), "a lease is out");
        let world = Rc::into_inner(world).expect("the engine is gone").into_inner();
        assert_eq!(world.descriptors_left(), Vec::<String>::new());
        let log = Rc::into_inner(log).expect("the engine is gone").into_inner();
        drop(manifest.finish(true).expect("a manifest"));
        let listed = std::io::read_to_string(listed).expect("lines");
        assert!(debts == 0 || log.contains(&"unlink"), "a debt is left");
        Copied { world, problems: reporter.problems(), tally, log, starved, listed, debts }
    }
}

impl Copied {
    /// What the destination of the only file holds.
    pub(super) fn destination(&self) -> Option<&[u8]> {
        self.world.contents(b"destination")
    }

    /// What was said, in short.
    pub(super) fn told(&self) -> Vec<(MessageKind, Option<Errno>)> {
        self.problems.iter().map(|problem| (problem.what, problem.errno)).collect()
    }
}

/// Takes leases until only `left` bytes of the pool can be lent.
fn withhold(pool: &Pool, left: usize) -> Vec<Lease> {
    let halves = std::iter::successors(Some(POOL_BYTES / 2), |bytes| Some(bytes / 2));
    halves.take_while(|&bytes| bytes >= left).map(|bytes| pool.lease(bytes).expect("an empty pool")).collect()
}

/// A manifest in memory, and a view of it from its beginning.
fn listing() -> (std::fs::File, Manifest) {
    let file = rustix::fs::memfd_create("manifest", rustix::fs::MemfdFlags::CLOEXEC).expect("a memory file");
    let again = std::fs::File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("the same file");
    (again, Manifest::in_file(file, None))
}
