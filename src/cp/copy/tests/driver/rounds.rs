//! The loop of the driver: files begin, chains go to the scripted engine, completions come back.

use crate::bufpool::Pool;
use crate::cp::copy::extent::{BlockStep, Extent};
use crate::cp::copy::extents::LargeFile;
use crate::cp::copy::file::FileCopy;
use crate::cp::copy::fs_pairs::{FsPairs, FsPairsCache, FsPairsView};
use crate::cp::copy::{Context, CopyPolicy, Step};
use crate::cp::entry::owed::Owed;
use crate::cp::job::FileJob;
use crate::cp::manifest::lines::Manifest;
use crate::cp::outputs::Outputs;
use crate::pipeline::chain::{Chain, Completion};
use crate::pipeline::engine::scripted::Scripted;
use crate::pipeline::engine::{Engine, Wait};
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use crate::report::stats::Tally;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::sync::Arc;

/// Completions after which a run is said to hang: far more than any of these tests needs.
const COMPLETIONS_MAX: usize = 20_000;

pub(super) enum Flight {
    File(Box<FileCopy>),
    Extent(Extent),
}

/// As `Worker`, whose comments say why.
pub(super) struct Driver<'a> {
    pub(super) pairs: FsPairs,
    pub(super) last_known: FsPairsCache,
    pub(super) settings: CopyPolicy,
    pub(super) engine: Scripted,
    pub(super) pool: Pool,
    pub(super) beside: (Arc<Owed>, Outputs),
    pub(super) manifest: &'a Manifest,
    pub(super) reporter: &'a Reporter,
    pub(super) tally: Tally,
    pub(super) window: usize,
    pub(super) slow: bool,
    pub(super) backlog: VecDeque<Box<FileJob>>,
    pub(super) flights: Vec<Option<Flight>>,
    pub(super) waiting: VecDeque<(usize, Chain)>,
    pub(super) large: Vec<Arc<LargeFile>>,
    pub(super) starved: usize,
    pub(super) done: usize,
}

impl Driver<'_> {
    pub(super) fn run(&mut self) {
        let mut completions = Vec::new();
        for _ in 0..COMPLETIONS_MAX {
            self.fill();
            if self.engine.in_flight() == 0 {
                assert!(self.waiting.is_empty() && self.backlog.is_empty() && self.large.is_empty(), "stuck");
                return;
            }
            self.engine.reap(Wait::ForOne, &mut completions).expect("a script does not break");
            for completion in completions.drain(..) {
                self.complete(completion);
            }
        }
        panic!("the copy hangs");
    }

    fn context(&mut self) -> Context<'_> {
        Context {
            pairs: FsPairsView { all: &self.pairs, last: &self.last_known },
            settings: self.settings,
            capabilities: self.engine.capabilities(),
            pool: &self.pool,
            owed: &self.beside.0,
            outputs: &self.beside.1,
            manifest: Some(self.manifest),
            reporter: self.reporter,
            tally: &mut self.tally,
        }
    }

    fn has_room(&self) -> bool {
        self.engine.in_flight() < self.window && self.waiting.is_empty()
    }

    fn fill(&mut self) {
        while let Some((slot, chain)) = self.waiting.pop_front() {
            let alone = self.engine.in_flight() == 0;
            let Some(Flight::File(mut file)) = self.flights[slot].take() else { panic!("only files wait") };
            match file.resume(chain, alone, &mut self.context()) {
                Step::NoBuffer(chain) => {
                    assert!(!alone, "nothing will come back that it could wait for");
                    self.flights[slot] = Some(Flight::File(file));
                    self.waiting.push_front((slot, chain));
                    break;
                }
                next => self.next(slot, file, next),
            }
        }
        while self.has_room()
            && let Some(job) = self.backlog.pop_front()
        {
            let mut file = Box::new(FileCopy::new(job, self.slow));
            let chain = file.start(&self.context());
            let slot = self.slot();
            self.fly(slot, Flight::File(file), chain);
        }
        while self.has_room()
            && let Some(file) = self.large.last().cloned()
        {
            match file.claim(self.engine.in_flight() == 0, &self.context()) {
                Some((extent, chain)) => {
                    let slot = self.slot();
                    self.fly(slot, Flight::Extent(extent), chain);
                }
                None if file.has_more() => {
                    assert!(self.engine.in_flight() > 0, "a whole pool has no buffer for a block");
                    return;
                }
                None => _ = self.large.pop(),
            }
        }
    }

    fn slot(&mut self) -> usize {
        self.flights.iter().position(Option::is_none).unwrap_or_else(|| {
            self.flights.push(None);
            self.flights.len() - 1
        })
    }

    fn fly(&mut self, slot: usize, flight: Flight, mut chain: Chain) {
        self.flights[slot] = Some(flight);
        chain.token = slot as u64;
        let mut completions = Vec::new();
        while let Err(back) = self.engine.push(chain) {
            chain = *back;
            self.engine.reap(Wait::ForOne, &mut completions).expect("a script does not break");
            for completion in completions.drain(..) {
                self.complete(completion);
            }
        }
    }

    fn complete(&mut self, completion: Completion) {
        let slot = usize::try_from(completion.chain.token).expect("a slot");
        match self.flights[slot].take().expect("a chain comes back once") {
            Flight::File(mut file) => {
                let next = file.advance(completion, &mut self.context());
                self.next(slot, file, next);
            }
            Flight::Extent(mut extent) => match extent.advance(completion) {
                BlockStep::Run(chain) => self.fly(slot, Flight::Extent(extent), chain),
                BlockStep::Done => {
                    if let Some(finished) = extent.finish() {
                        let (file, next) = finished.into_chain(&mut self.context());
                        self.next(slot, Box::new(file), next);
                    }
                }
            },
        }
    }

    fn next(&mut self, slot: usize, file: Box<FileCopy>, next: Step) {
        match next {
            Step::Run(chain) => self.fly(slot, Flight::File(file), chain),
            Step::NoBuffer(chain) => {
                self.starved += 1;
                self.flights[slot] = Some(Flight::File(file));
                self.waiting.push_back((slot, chain));
            }
            Step::NoDescriptor => {
                self.window = self.engine.in_flight().max(1);
                let job = file.into_job();
                if self.engine.in_flight() > 0 {
                    self.backlog.push_front(job);
                } else {
                    let problem = FileError::failed(MessageKind::CannotOpen, job.source_path(), Errno::MFILE);
                    self.reporter.problem(&problem);
                    self.done += 1;
                }
            }
            Step::Fsync(chain) => self.fly(slot, Flight::File(file), chain),
            Step::Share(chain, sharing) => match file.share(chain, sharing) {
                Ok(large) => self.large.push(large),
                Err(returned) => {
                    let (mut file, chain) = *returned;
                    let next = file.go_on_unshared(chain, &mut self.context());
                    self.next(slot, Box::new(file), next);
                }
            },
            // Workers look at it again; here there is no name to look at.
            Step::OfAnotherKind => {
                self.reporter.problem(&FileError::of(MessageKind::Replaced, file.into_job().source_path()));
                self.done += 1;
            }
            Step::Done => {
                let job = file.into_job();
                if !job.failed {
                    job.note_made();
                }
                self.done += 1;
            }
        }
    }
}
