//! What the environment asks for, and the run over all cases in a few threads.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::case::{Case, Outcome, Program};
use crate::compare::{Difference, compare, facts, unlike};
use crate::documented::{in_english, is_documented};
use crate::generate::generate;
use crate::making::{self, Making, USUAL};
use crate::options::Allowed;
use crate::say;
use crate::script::script;
use crate::skipping::skip;
use crate::summary::{Found, Summary};

const CASES: u64 = 3000;

pub struct Session {
    pub reference: Program,
    pub cases: u64,
    candidate: PathBuf,
    seed: u64,
    only: Option<u64>,
    allowed: Allowed,
    root: bool,
    place: PathBuf,
    /// Holds everything; anybody can search it.
    base: TempDir,
}

/// The kind of file system that is there, by its number in statfs(2).
fn file_system(path: &Path) -> String {
    match rustix::fs::statfs(path).unwrap().f_type {
        0xef53 => "ext4".to_owned(),
        0x5846_5342 => "XFS".to_owned(),
        0x9123_683e => "btrfs".to_owned(),
        0x794c_7630 => "overlay".to_owned(),
        0x0102_1994 => "tmpfs".to_owned(),
        0x6573_5546 => "FUSE".to_owned(),
        other => format!("{other:#x}"),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn directory(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Another one at each run, and the same for all tests of a run.
fn new_seed() -> u64 {
    static DRAWN: OnceLock<u64> = OnceLock::new();
    *DRAWN.get_or_init(|| RandomState::new().hash_one(std::process::id()) % 1_000_000_000)
}

impl Session {
    /// `None`, said loudly, where there is no reference.
    pub fn from_environment() -> Option<Self> {
        let Some(reference) = directory("UCP_REFERENCE_DIR") else {
            skip("UCP_REFERENCE_DIR does not name the directory of GNU's cp");
            return None;
        };
        let root = rustix::process::geteuid().is_root();
        if !root {
            skip("needs root for owners, devices and all privileged cases; the others run");
        }
        let place = directory("UCP_DIFFERENTIAL_IN").unwrap_or_else(std::env::temp_dir);
        let base = tempfile::Builder::new().prefix("ucp-differential-").tempdir_in(&place).unwrap();
        std::fs::set_permissions(base.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let built = match directory("UCP_CANDIDATE_DIR") {
            Some(directory) => {
                [directory.join("ucp"), directory.join("cp")].into_iter().find(|path| path.exists())
            }
            None => Some(assert_cmd::cargo::cargo_bin!("ucp").to_owned()),
        };
        // Where an ordinary user reaches it, and safe from being built anew meanwhile.
        let candidate = base.path().join("ucp");
        std::fs::copy(built.unwrap(), &candidate).unwrap();
        std::fs::set_permissions(&candidate, std::fs::Permissions::from_mode(0o755)).unwrap();
        let session = Self {
            reference: Program { label: "GNU", path: reference.join("cp"), engine: None },
            cases: number("UCP_CASES").unwrap_or(CASES),
            candidate,
            seed: number("UCP_SEED").unwrap_or_else(new_seed),
            only: number("UCP_CASE"),
            allowed: Allowed::from_environment(),
            root,
            place,
            base,
        };
        // Before the first case, so that it is known also where the run does not come to its end.
        say(&format!("differential: {}, {} cases", session.described(), session.cases));
        Some(session)
    }

    /// `ucp` under each engine there is.
    pub fn candidates(&self) -> Vec<Program> {
        let program = |label| Program { label, path: self.candidate.clone(), engine: Some(label) };
        let mut programs = vec![program("sync")];
        if io_uring::IoUring::new(2).is_ok() {
            programs.push(program("uring"));
        } else {
            skip("io_uring is not available, the uring engine was not compared");
        }
        programs
    }

    /// Which cases these are, and where they run: enough to run them again.
    pub fn described(&self) -> String {
        let user = rustix::process::geteuid();
        let who = if self.root { "root".to_owned() } else { format!("user {user:?}") };
        let kind = file_system(self.base());
        format!("seed {}, {who}, in {} ({kind})", self.seed, self.place.display())
    }

    pub fn base(&self) -> &Path {
        self.base.path()
    }

    /// Runs the cases, as many at a time as there are processors.
    pub fn compare_all(&self, candidates: &[Program], cases: u64) -> Summary {
        let next = AtomicU64::new(self.only.unwrap_or(0));
        let end = self.only.map_or(cases, |only| only + 1);
        let summary = Mutex::new(Summary::default());
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (next, summary) = (&next, &summary);
                // Copies without end are deep, and looked at from the bottom up.
                let spacious = std::thread::Builder::new().stack_size(256 << 20);
                let run = move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= end {
                            break;
                        }
                        let case = generate(self.seed, index, &self.allowed, self.root);
                        self.compare_one(&case, candidates, thread, summary);
                    }
                };
                spacious.spawn_scoped(scope, run).unwrap();
            }
        });
        let mut summary = summary.into_inner().unwrap();
        summary.differences.sort_by_key(|found| found.case.index);
        summary.ambiguous.sort_unstable();
        summary.documented.sort_unstable();
        summary
    }

    fn compare_one(&self, case: &Case, candidates: &[Program], thread: usize, summary: &Mutex<Summary>) {
        let reference = self.run(case, &self.reference, thread, USUAL);
        if self.only.is_some() {
            eprintln!("{}\n{}: {reference:#?}", script(case), self.reference.label);
        }
        summary.lock().unwrap().cases += 1;
        if reference.status == "stuck" || reference.tree.is_none() {
            summary.lock().unwrap().without_end += 1;
            return;
        }
        let (mut ambiguous, mut documented) = (false, false);
        for candidate in candidates {
            let outcome = self.run(case, candidate, thread, USUAL);
            if self.only.is_some() {
                eprintln!("{}: {outcome:#?}", candidate.label);
            }
            match self.judged(case, (&reference, candidate), &outcome, thread) {
                Judgement::Same => {}
                Judgement::Ambiguous => ambiguous = true,
                Judgement::Documented => documented = true,
                Judgement::Different(difference) => {
                    let (case, candidate) = (case.clone(), candidate.clone());
                    summary.lock().unwrap().differences.push(Found { case, candidate, difference });
                }
            }
        }
        if ambiguous {
            summary.lock().unwrap().ambiguous.push(case.index);
        }
        if documented {
            summary.lock().unwrap().documented.push(case.index);
        }
    }

    /// What differs between the reference and `candidate`, if that is no matter of the order of listings.
    pub fn difference(&self, case: &Case, candidate: &Program) -> Option<Difference> {
        let reference = self.run(case, &self.reference, 0, USUAL);
        if reference.status == "stuck" || reference.tree.is_none() {
            return None;
        }
        let outcome = self.run(case, candidate, 0, USUAL);
        match self.judged(case, (&reference, candidate), &outcome, 0) {
            Judgement::Different(difference) => Some(difference),
            _ => None,
        }
    }

    fn judged(
        &self,
        case: &Case,
        (reference, candidate): (&Outcome, &Program),
        outcome: &Outcome,
        thread: usize,
    ) -> Judgement {
        let Some(difference) = compare(case, reference, outcome) else { return Judgement::Same };
        if self.found_in_another_order(case, reference, outcome, thread) {
            return Judgement::Ambiguous;
        }
        let english = in_english(case);
        let [reference, outcome] =
            [&self.reference, candidate].map(|program| self.run(&english, program, thread, USUAL));
        if is_documented(&reference, &outcome) {
            return Judgement::Documented;
        }
        Judgement::Different(difference)
    }

    /// Whether the reference itself does each thing that `outcome` shows where directories list their entries in another
    /// order. Things may be of several orders, as two directories need not be listed in the same one.
    fn found_in_another_order(
        &self,
        case: &Case,
        reference: &Outcome,
        outcome: &Outcome,
        thread: usize,
    ) -> bool {
        const ENOUGH_TO_SEE: usize = 5;
        let (usual, wanted) = (facts(case, reference), facts(case, outcome));
        let mut open = unlike(&usual, &wanted);
        let mut depends = false;
        for (number, making) in making::OTHERS.into_iter().enumerate() {
            if number == ENOUGH_TO_SEE && !depends {
                break;
            }
            let other = facts(case, &self.run(case, &self.reference, thread, making));
            depends |= other != usual;
            open.retain(|item| other.get(item) != wanted.get(item));
            if open.is_empty() {
                return true;
            }
        }
        false
    }

    fn run(&self, case: &Case, program: &Program, thread: usize, making: Making) -> Outcome {
        // Of one name for all of them: `--parents` copies it, and some programs say how long a path is.
        case.run(program, &self.base().join(format!("c{thread}")), making)
    }
}

enum Judgement {
    Same,
    /// The reference does so too where directories list their entries in another order.
    Ambiguous,
    /// docs/differences.md has it.
    Documented,
    Different(Difference),
}
