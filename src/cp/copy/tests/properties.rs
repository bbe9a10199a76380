//! What holds for every copy, in whatever order its chains come back and whatever goes wrong on the way.

use super::contents;
use super::driver::{Copied, TestCopy};
use crate::bufpool::PAGE_BYTES;
use crate::cli::cp::{PreserveMode, Reflink, Sparse};
use crate::cp::copy::CopyPolicy;
use crate::cp::entry::created::CreatedFiles;
use crate::pipeline::engine::scripted::{Change, Fault, Script};
use crate::plan::attributes::PreservePolicy;
use crate::plan::destination::FileSystem;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
use proptest::prelude::*;
use rustix::io::Errno;
use std::sync::Arc;

/// What is under a destination's name, and whether that is believed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Nothing, as believed.
    Absent,
    /// Nothing, but that is not known.
    NotLookedAt,
    /// A file of that size, not known.
    There(usize),
    /// A file of that size, where nothing is believed to be.
    Unexpected(usize),
}

#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) size: usize,
    /// What its size is said to be.
    pub(super) claimed: Option<usize>,
    pub(super) before: Before,
    /// Its pages of zeros are holes.
    pub(super) has_holes: bool,
}

/// How a run is done: engine, buffers, script.
#[derive(Debug, Clone)]
pub(super) struct TestWay {
    pub(super) direct: bool,
    pub(super) sparse: Sparse,
    /// The kernel may copy: what it says of itself, and whether it does.
    offload: Option<bool>,
    pub(super) fused: bool,
    pub(super) passes: bool,
    in_flight_max: usize,
    buffer_bytes: usize,
    pool_bytes: usize,
    /// What is made is noted, as where operands could overwrite each other's copies.
    made: bool,
    /// All attributes are kept.
    attributes: bool,
    fsync: bool,
    pub(super) atomic: bool,
    /// Copies are hashed, or verified as well.
    hash: bool,
    verify: bool,
    faults: Vec<Fault>,
    turns: Vec<usize>,
}

const NFS: FileSystem = FileSystem { magic: 0x6969, block_bytes: 1 << 20 };

const BUFFERS: [usize; 4] = [PAGE_BYTES, 5000, 2 * PAGE_BYTES, 4 * PAGE_BYTES];

fn sizes() -> impl Strategy<Value = usize> {
    let near = (prop::sample::select(&BUFFERS[..]), 0_usize..=2).prop_map(|(buffer, more)| buffer + more - 1);
    prop_oneof![Just(0), Just(1), 2_usize..200, near, 0_usize..6 * BUFFERS[3]]
}

fn befores() -> impl Strategy<Value = Before> {
    prop_oneof![
        3 => Just(Before::Absent),
        1 => Just(Before::NotLookedAt),
        2 => sizes().prop_map(Before::There),
        2 => sizes().prop_map(Before::Unexpected),
    ]
}

pub(super) fn files() -> impl Strategy<Value = Vec<File>> {
    let claimed = prop_oneof![4 => Just(None), 1 => sizes().prop_map(Some)];
    let file = (sizes(), claimed, befores(), any::<bool>()).prop_map(|(size, claimed, before, has_holes)| {
        File { size, claimed, before, has_holes: has_holes && claimed.is_none() }
    });
    prop::collection::vec(file, 1..6)
}

/// Fewer bytes than asked, at least one; and interruptions, which no engine reports.
pub(super) fn harmless() -> impl Strategy<Value = Fault> + Clone {
    prop_oneof![
        6 => Just(Fault::None),
        1 => (1_u32..6000).prop_map(Fault::Short),
        1 => Just(Fault::Short(4096)),
        1 => Just(Fault::Errno(Errno::INTR)),
    ]
}

fn any_fault() -> impl Strategy<Value = Fault> + Clone {
    let errnos = [
        Errno::IO,
        Errno::NOSPC,
        Errno::ACCESS,
        Errno::EXIST,
        Errno::NOENT,
        Errno::MFILE,
        Errno::NFILE,
        Errno::INVAL,
        Errno::LOOP,
        Errno::NOMEM,
    ];
    prop_oneof![
        8 => harmless(),
        1 => Just(Fault::Short(0)),
        2 => prop::sample::select(errnos.to_vec()).prop_map(Fault::Errno),
    ]
}

/// Many faults from the beginning, or a few that let the copy come far.
fn scripts(fault: impl Strategy<Value = Fault> + Clone) -> impl Strategy<Value = Vec<Fault>> {
    let few = prop::collection::vec((0_usize..150, fault.clone()), 0..4).prop_map(|few| {
        let mut faults = vec![Fault::None; 150];
        for (at, fault) in few {
            faults[at] = fault;
        }
        faults
    });
    prop_oneof![prop::collection::vec(fault, 0..80), few]
}

pub(super) fn ways(fault: impl Strategy<Value = Fault> + Clone) -> impl Strategy<Value = TestWay> {
    let sparse = prop::sample::select(vec![Sparse::Auto, Sparse::Always, Sparse::Never]);
    let engine = (any::<bool>(), any::<bool>(), 1_usize..6, sparse, any::<Option<bool>>());
    let memory = (prop::sample::select(&BUFFERS[..]), 0_u32..3);
    let script = (scripts(fault), prop::collection::vec(0_usize..6, 0..150));
    let notes = (any::<bool>(), any::<bool>(), any::<bool>());
    let durability = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let all = (engine, memory, notes, durability, script);
    all.prop_map(
        |(engine, memory, (made, attributes, passes), (fsync, atomic, hash, verify), (faults, turns))| {
            let ((direct, fused, in_flight_max, sparse, offload), (buffer_bytes, times)) = (engine, memory);
            let pool_bytes = buffer_bytes.next_power_of_two() << times;
            TestWay {
                direct,
                sparse,
                offload,
                fused,
                passes: passes && !fused,
                in_flight_max,
                buffer_bytes,
                pool_bytes,
                made,
                attributes,
                fsync,
                atomic,
                hash,
                verify,
                faults,
                turns,
            }
        },
    )
}

pub(super) fn source(number: usize) -> String {
    format!("source {number}")
}

pub(super) fn destination(number: usize) -> String {
    format!("destination {number}")
}

/// Mode, ownership and times are kept.
pub(super) fn all_attributes() -> PreservePolicy {
    let keeping = TestCopy::new().settings.keeping;
    PreservePolicy { mode: PreserveMode::Keep, ownership: true, timestamps: true, ..keeping }
}

pub(super) fn copying(way: &TestWay, files: &[File]) -> TestCopy {
    let mut copying = TestCopy::new();
    copying.settings = CopyPolicy {
        direct: way.direct,
        buffer_bytes: way.buffer_bytes,
        extent_bytes: way.buffer_bytes,
        pass_bytes_max: u64::MAX,
        posixly_correct: false,
        late_errors: false,
        reflink: Reflink::Auto,
        sparse: way.sparse,
        debug: false,
        force: false,
        verbose: false,
        keeping: if way.attributes { all_attributes() } else { copying.settings.keeping },
        attributes_only: false,
        fsync: way.fsync,
        atomic: way.atomic,
        hash: way.hash || way.verify,
        verify: way.verify,
        watched: false,
        names_in_turn: false,
    };
    if let Some(offloads) = way.offload {
        copying.world.systems = Some([NFS; 2]);
        copying.world.offloads = offloads;
    }
    copying.fused = way.fused;
    copying.passes = way.passes;
    copying.in_flight_max = way.in_flight_max;
    copying.pool_bytes = way.pool_bytes;
    copying.script = Script { faults: way.faults.clone(), turns: way.turns.clone(), ..Script::default() };
    copying.made = way.made.then(|| Arc::new(CreatedFiles::nothing(true)));
    for (number, file) in files.iter().enumerate() {
        let (there, found) = match file.before {
            Before::Absent => (None, Some(Existing::Nothing)),
            Before::NotLookedAt => (None, None),
            Before::There(size) => (Some(size), None),
            Before::Unexpected(size) => (Some(size), Some(Existing::Nothing)),
        };
        if let Some(size) = there {
            copying.world.put(destination(number).as_bytes(), vec![b'.'; size]);
        }
        copying = copying.file(&source(number), contents(number, file.size), &destination(number), found);
        // A linked chain reads the size it saw and no more, and a read that comes up short at exactly that size looks
        // like the end: a file that says less than it has can only be told by a whole read that asks for more.
        let asks_for_more = !way.fused && !way.faults.iter().any(|fault| matches!(fault, Fault::Short(_)));
        let claimed = file.claimed.filter(|&size| asks_for_more || size >= file.size);
        copying.world.file_mut(source(number).as_bytes()).has_holes = file.has_holes;
        copying.world.file_mut(source(number).as_bytes()).claimed = claimed.map(|size| size as u64);
    }
    copying
}

/// How many problems of a file were told but for those that leave it whole.
fn told(copied: &Copied, number: usize) -> usize {
    let names = [source(number), destination(number)];
    let is_of = |problem: &FileError| names.iter().any(|name| name.as_bytes() == problem.path);
    let whole = |problem: &FileError| match problem.what {
        MessageKind::PreservingTimes => true,
        MessageKind::Closing => problem.path == source(number).as_bytes(),
        _ => false,
    };
    copied.problems.iter().filter(|problem| is_of(problem) && !whole(problem)).count()
}

/// The files that stay, as other entries appeared under the names of their copies.
pub(super) fn unexpected(files: &[File]) -> Vec<usize> {
    let numbers = files.iter().enumerate();
    let unexpected = |file: &File| matches!(file.before, Before::Unexpected(_));
    numbers.filter(|(_, file)| unexpected(file)).map(|(number, _)| number).collect()
}

/// Whether a problem is that there is something under the name of one of these copies.
pub(super) fn is_newcomer(problem: &FileError, unexpected: &[usize]) -> bool {
    problem.what == MessageKind::CannotCreateRegular
        && problem.errno == Some(Errno::EXIST)
        && unexpected.iter().any(|&number| problem.path == destination(number).as_bytes())
}

/// Every file is right or was reported, once; and the books say the same. [`Copying::run`] has checked the rest:
/// every file is done once, and nothing is left behind.
fn check_unchanged_sources(copied: &Copied, files: &[File], way: &TestWay) -> Result<(), TestCaseError> {
    let mut right = 0;
    let unlisted = |number: usize| {
        copied.world.file(source(number).as_bytes()).is_some_and(|file| file.names.refused.is_some())
    };
    for (number, file) in files.iter().enumerate() {
        // Its copy is whole, and something is said of it all the same: see `owed`.
        if unlisted(number) {
            continue;
        }
        let told = told(copied, number);
        prop_assert!(told <= 1, "file {}: {:?}", number, copied.problems);
        if let Before::Unexpected(size) = file.before {
            let after = copied.world.contents(destination(number).as_bytes());
            prop_assert_eq!(
                (after, told),
                (Some(&vec![b'.'; size][..]), 1),
                "file {}: what came is gone",
                number
            );
        }
        if told == 0 {
            let expected = contents(number, file.size);
            let copy = copied.world.contents(destination(number).as_bytes());
            let same = copy == Some(&expected[..]);
            let refused =
                copied.problems.iter().any(|problem| problem.path == destination(number).as_bytes());
            if way.attributes && !refused {
                let after = copied.world.file(destination(number).as_bytes());
                prop_assert!(
                    after.is_some_and(|after| after.kept.is_some()),
                    "file {}: written later",
                    number
                );
            }
            prop_assert!(same, "file {}: {:?} of {} bytes", number, copy.map(<[u8]>::len), file.size);
            let refused_sync = way.faults.contains(&Fault::Errno(Errno::INVAL));
            let after = copied.world.file(destination(number).as_bytes());
            prop_assert!(
                !way.fsync || refused_sync || after.is_some_and(|after| after.durable),
                "file {}: not durable",
                number
            );
            let line = format!("{}  {}", blake3::hash(&expected).to_hex(), destination(number));
            prop_assert_eq!(copied.listed.lines().any(|listed| listed == line), way.hash || way.verify);
            right += 1;
        } else if way.atomic && !copied.told().iter().any(|(what, _)| *what == MessageKind::Closing) {
            let before = match file.before {
                Before::Absent | Before::NotLookedAt => None,
                Before::There(size) | Before::Unexpected(size) => Some(vec![b'.'; size]),
            };
            let after = copied.world.contents(destination(number).as_bytes());
            prop_assert_eq!(after, before.as_deref(), "file {}: neither old nor new", number);
        }
        let after = copied.world.contents(source(number).as_bytes());
        prop_assert_eq!(after.map(<[u8]>::len), Some(file.size), "the source was written");
    }
    if (0..files.len()).any(unlisted) {
        return Ok(());
    }
    prop_assert_eq!(copied.tally.files, right);
    prop_assert_eq!(copied.tally.files_verified >= right, way.verify || right == 0);
    let listed = u64::try_from(copied.listed.lines().count()).unwrap();
    prop_assert_eq!(listed, if way.hash || way.verify { right } else { 0 });
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_each_file_is_right_or_told_of(files in files(), way in ways(any_fault())) {
        let copied = copying(&way, &files).run();
        check_unchanged_sources(&copied, &files, &way)?;
    }

    #[test]
    fn where_nothing_fails_every_file_is_right(files in files(), way in ways(harmless())) {
        let copied = copying(&way, &files).run();
        let unexpected = unexpected(&files);
        prop_assert_eq!(copied.problems.len(), unexpected.len(), "{:?}", copied.problems);
        prop_assert!(copied.problems.iter().all(|problem| is_newcomer(problem, &unexpected)), "{:?}", copied.problems);
        check_unchanged_sources(&copied, &files, &way)?;
    }

    #[test]
    fn a_source_that_changes_is_copied_as_a_state_it_had(
        files in files(),
        way in ways(harmless()),
        changes in prop::collection::vec((0_usize..60, 0_usize..6, sizes()), 1..6),
    ) {
        // A map of data that is as old as a hole was is wrong about what came there since.
        let files: Vec<File> = files.into_iter().map(|file| File { has_holes: false, ..file }).collect();
        let mut copying = copying(&way, &files);
        let mut lengths: Vec<Vec<usize>> = files.iter().map(|file| vec![file.size]).collect();
        for (after, file, size) in changes {
            let number = file % files.len();
            lengths[number].push(size);
            let (name, contents) = (source(number).into_bytes(), contents(number, size));
            copying.script.changes.push(Change { after, name, contents });
        }
        let copied = copying.run();
        // What did not pass through us is read once more for its hash, and may be gone by then.
        let hashed = way.hash || way.verify;
        // If it changes before that, what is read back is not what was copied.
        let expected = |what: &MessageKind| matches!(what, MessageKind::CannotHash | MessageKind::Differs { .. });
        let newcomers = unexpected(&files);
        let is_expected =
            |problem: &FileError| is_newcomer(problem, &newcomers) || (hashed && expected(&problem.what));
        prop_assert_eq!(copied.problems.iter().find(|problem| !is_expected(problem)), None);
        for (number, lengths) in lengths.iter().enumerate().filter(|(number, _)| !newcomers.contains(number)) {
            // With --atomic a file that could not be hashed leaves what was there.
            if way.atomic && !copied.problems.is_empty() {
                continue;
            }
            let longest = lengths.iter().max().copied().unwrap_or(0);
            let shortest = lengths.iter().min().copied().unwrap_or(0);
            let all = contents(number, longest);
            let copy = copied.world.contents(destination(number).as_bytes()).unwrap_or_default();
            prop_assert!(all.starts_with(copy), "file {}: {} bytes are no prefix", number, copy.len());
            prop_assert!(copy.len() >= shortest, "file {}: {} bytes of {:?}", number, copy.len(), lengths);
        }
    }
}
