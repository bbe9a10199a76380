//! What is owed to a copy reaches it, wherever its chains are cut: attributes as well as data, or an error is told.
//!
//! Files are drawn with attributes of all kinds, runs with all options that matter for them, and faults for every operation.
//! Here nothing is expected of how a copy comes about, only of what it is in the end.

use super::contents;
use super::driver::{Copied, TestCopy};
use super::properties::{
    self, Before, File, TestWay, destination, files, harmless, is_newcomer, source, unexpected, ways,
};
use crate::cli::cp::{Keep, PreserveMode, Reflink, Sparse};
use crate::cp::entry::kept_file::KeptFile;
use crate::pipeline::engine::scripted::{Change, Fault};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{PreservePolicy, Times};
use crate::plan::facts::Owner;
use crate::plan::overwrite::Existing;
use crate::report::message::{FileError, MessageKind};
use proptest::prelude::*;
use rustix::fs::{Mode, Timespec};
use rustix::io::Errno;
use std::ops::Range;

const PERMISSIONS: Mode = Mode::from_bits_retain(0o777);
const OLD_MODE: Mode = Mode::from_bits_retain(0o606);
const ACL: &[u8] = b"system.posix_acl_access\0";

/// What a source has beside its contents.
#[derive(Debug, Clone)]
struct Attributes {
    mode: u32,
    owner: Owner,
    plain: &'static [u8],
    acls: &'static [u8],
}

/// What is asked for beside what [`Way`] has.
#[derive(Debug, Clone)]
struct Asked {
    mode: PreserveMode,
    ownership: bool,
    timestamps: bool,
    xattr: Keep,
    umask: u32,
    reflink: Reflink,
    /// The file systems share blocks.
    shares: bool,
    attributes_only: bool,
    force: bool,
    /// What was there has been kept under another name.
    backup: bool,
    slow: bool,
    nonblocking: bool,
    /// It is known whom new files belong to.
    belongs: bool,
    /// When there are fused chains, by operations that have been started, where that is not always so.
    fused_during: Option<Range<usize>>,
}

const OWNERS: [Owner; 2] = [Owner { user: 0, group: 0 }, Owner { user: 7, group: 8 }];

fn attributes() -> impl Strategy<Value = Vec<Attributes>> {
    let mode = prop::sample::select(vec![0o640_u32, 0o4755, 0o400, 0o670, 0o2070]);
    let owner = prop::sample::select(OWNERS.to_vec());
    let plain = prop::sample::select(vec![&b""[..], b"user.note\0", b"security.capability\0user.note\0"]);
    let acls = prop::sample::select(vec![&b""[..], ACL]);
    let one = (mode, owner, plain, acls);
    let one = one.prop_map(|(mode, owner, plain, acls)| Attributes { mode, owner, plain, acls });
    prop::collection::vec(one, 6)
}

fn asked() -> impl Strategy<Value = Asked> {
    let mode = prop::sample::select(vec![PreserveMode::Keep, PreserveMode::UnderUmask, PreserveMode::Ignore]);
    // Without any of them chains can be fused.
    let nothing = prop::bool::weighted(0.25);
    let xattr = prop::sample::select(vec![Keep::No, Keep::Quietly, Keep::Require]);
    let keeping =
        (mode, any::<bool>(), any::<bool>(), xattr, prop::sample::select(vec![0_u32, 0o022, 0o077]), nothing);
    let reflink =
        prop_oneof![1 => Just(Reflink::Never), 3 => Just(Reflink::Auto), 1 => Just(Reflink::Always)];
    let attributes_only = prop::bool::weighted(0.1);
    let sharing = (reflink, any::<bool>(), attributes_only, any::<bool>(), any::<bool>());
    let during = prop::option::weighted(0.3, (0_usize..30, 0_usize..60).prop_map(|(from, to)| from..to));
    let others = (prop::bool::weighted(0.3), any::<bool>(), any::<bool>(), during);
    (keeping, sharing, others).prop_map(|(keeping, sharing, (slow, nonblocking, belongs, fused_during))| {
        let (mode, ownership, timestamps, xattr, umask, nothing) = keeping;
        let (mode, ownership, timestamps, xattr) = match nothing {
            true => (PreserveMode::UnderUmask, false, false, Keep::No),
            false => (mode, ownership, timestamps, xattr),
        };
        let (reflink, shares, attributes_only, force, backup) = sharing;
        Asked {
            mode,
            ownership,
            timestamps,
            xattr,
            umask,
            reflink,
            shares,
            attributes_only,
            force,
            backup,
            slow,
            nonblocking,
            belongs,
            fused_during,
        }
    })
}

/// As a chain can be cut: by fewer bytes, by none, and by all that calls answer.
fn any_cut() -> impl Strategy<Value = Fault> + Clone {
    let errnos = [
        Errno::IO,
        Errno::NOSPC,
        Errno::ACCESS,
        Errno::PERM,
        Errno::EXIST,
        Errno::NOENT,
        Errno::MFILE,
        Errno::NFILE,
        Errno::INVAL,
        Errno::NOSYS,
        Errno::OPNOTSUPP,
        Errno::XDEV,
        Errno::AGAIN,
        Errno::LOOP,
        Errno::NOMEM,
        Errno::TXTBSY,
    ];
    prop_oneof![
        6 => Just(Fault::None),
        1 => (0_u32..6000).prop_map(Fault::Short),
        1 => Just(Fault::Errno(Errno::INTR)),
        2 => prop::sample::select(errnos.to_vec()).prop_map(Fault::Errno),
    ]
}

fn times(number: usize) -> Times {
    let at = |seconds: usize| Timespec { tv_sec: i64::try_from(seconds).unwrap(), tv_nsec: 7 };
    Times { accessed: at(1000 + number), modified: at(2000 + number) }
}

fn keeping(asked: &Asked, of: PreservePolicy) -> PreservePolicy {
    let &Asked { mode, ownership, timestamps, xattr, umask, .. } = asked;
    PreservePolicy { mode, ownership, timestamps, xattr, umask: Mode::from(umask), ..of }
}

/// As `properties` has it, with all of this.
fn copying(way: &TestWay, files: &[File], attributes: &[Attributes], asked: &Asked) -> TestCopy {
    let mut copying = properties::copying(way, files);
    let settings = &mut copying.settings;
    settings.keeping = keeping(asked, settings.keeping);
    settings.reflink = asked.reflink;
    if asked.reflink == Reflink::Always {
        // Anything else is refused as a command line.
        settings.sparse = Sparse::Auto;
    }
    settings.attributes_only = asked.attributes_only;
    settings.force = asked.force;
    copying.world.shares = asked.shares;
    copying.world.umask = asked.umask;
    copying.slow = asked.slow && !way.passes;
    copying.nonblocking = asked.nonblocking;
    copying.script.fused_during.clone_from(&asked.fused_during);
    for (number, job) in copying.jobs.iter_mut().enumerate() {
        job.belongs_to = asked.belongs.then_some(OWNERS[0]);
        if asked.backup && job.found == Some(Existing::Nothing) {
            job.kept = KeptFile::simulated(destination(number).as_bytes(), b"kept");
        }
    }
    for (number, own) in attributes.iter().enumerate().take(files.len()) {
        let slow = copying.slow;
        let file = copying.world.file_mut(source(number).as_bytes());
        (file.mode, file.owner, file.times) = (Mode::from(own.mode), own.owner, times(number));
        // A linked chain reads no more than the size it saw.
        file.claimed = file.claimed.filter(|&size| !slow || size >= file.contents.len() as u64);
        file.names = Names { plain: own.plain.to_vec(), acls: own.acls.to_vec(), refused: None };
        if !matches!(files[number].before, Before::Absent | Before::NotLookedAt) {
            let old = copying.world.file_mut(destination(number).as_bytes());
            (old.mode, old.owner) = (OLD_MODE, OWNERS[1]);
        }
    }
    copying
}

/// True if a problem of a file was reported.
fn is_told(copied: &Copied, number: usize) -> bool {
    let names = [source(number), destination(number)];
    copied.problems.iter().any(|problem| names.iter().any(|name| name.as_bytes() == problem.path))
}

fn has_all(names: &[u8], owed: &[u8]) -> bool {
    let each = |names: &[u8]| names.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let names = each(names);
    each(owed).iter().all(|name| name.is_empty() || names.contains(name))
}

/// Whatever is asked to be kept is there.
fn check_attributes(
    copied: &Copied,
    number: usize,
    way: &TestWay,
    asked: &Asked,
) -> Result<(), TestCaseError> {
    let from = copied.world.file(source(number).as_bytes()).expect("a source");
    let copy = copied.world.file(destination(number).as_bytes());
    let Some(copy) = copy else { return Err(TestCaseError::fail(format!("file {number}: no copy"))) };
    prop_assert!(!asked.timestamps || copy.times == times(number), "file {number}: {:?}", copy.times);
    prop_assert!(!asked.ownership || copy.owner == from.owner, "file {number}: {:?}", copy.owner);
    if let Some(errno) = from.names.refused {
        let quiet = asked.mode != PreserveMode::Keep && asked.xattr != Keep::Require;
        prop_assert!(quiet, "file {number}: {errno} was not told");
    }
    if asked.xattr != Keep::No {
        prop_assert!(has_all(&copy.names.plain, &from.names.plain), "file {number}: {:?}", copy.names);
    }
    if asked.mode == PreserveMode::Keep {
        prop_assert!(has_all(&copy.names.acls, &from.names.acls), "file {number}: {:?}", copy.names);
        prop_assert_eq!(copy.mode, from.mode, "file {}", number);
        return Ok(());
    }
    let umask = Mode::from(asked.umask);
    let expected = match (asked.mode, copy.made_with) {
        // What it takes the place of may have been there, or not.
        (_, Some(_)) if way.atomic => return Ok(()),
        (_, None) => OLD_MODE,
        (PreserveMode::Ignore, Some(_)) => Mode::from(0o666).difference(umask),
        (PreserveMode::UnderUmask | PreserveMode::Keep, Some(_)) => {
            (from.mode & PERMISSIONS).difference(umask)
        }
    };
    prop_assert_eq!(copy.mode & PERMISSIONS, expected, "file {}", number);
    Ok(())
}

/// No copy is open to others before it is done: it is made with no more than it will have, and for its owner alone where it
/// is to change hands, or an ACL says what the group may do.
fn check_opening(
    copied: &Copied,
    number: usize,
    own: &Attributes,
    asked: &Asked,
) -> Result<(), TestCaseError> {
    let copy = copied.world.file(destination(number).as_bytes());
    let Some(made_with) = copy.and_then(|copy| copy.made_with) else { return Ok(()) };
    let unlisted =
        copied.world.file(source(number).as_bytes()).is_some_and(|file| file.names.refused.is_some());
    let rightful = !asked.ownership || (asked.belongs && own.owner == OWNERS[0]);
    let by_acl = asked.mode == PreserveMode::Keep && !own.acls.is_empty() && !unlisted;
    let narrow = !rightful || by_acl;
    let most = Mode::from(own.mode) & if narrow { Mode::RWXU } else { PERMISSIONS };
    // The worker that gives it extended attributes has to write to it.
    let most = most | Mode::RUSR | Mode::WUSR;
    prop_assert!(most.contains(made_with), "file {}: made with {:?} of {:?}", number, made_with, most);
    Ok(())
}

fn check(
    copied: &Copied,
    files: &[File],
    attributes: &[Attributes],
    (way, asked): (&TestWay, &Asked),
) -> Result<(), TestCaseError> {
    for (number, file) in files.iter().enumerate() {
        check_opening(copied, number, &attributes[number], asked)?;
        if is_told(copied, number) {
            continue;
        }
        check_attributes(copied, number, way, asked)?;
        let copy = copied.world.file(destination(number).as_bytes()).expect("a copy");
        if !asked.attributes_only {
            let expected = contents(number, file.size);
            prop_assert!(copy.contents == expected, "file {number}: {} bytes", copy.contents.len());
        } else if copy.made_with.is_none() {
            prop_assert!(copy.contents.iter().all(|byte| *byte == b'.'), "file {}: written to", number);
        }
    }
    // A value that cannot be had is one whose source was closed too early.
    let gone = |problem: &&FileError| problem.what == MessageKind::GettingAttribute;
    prop_assert_eq!(copied.problems.iter().find(gone), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wherever_a_chain_is_cut_what_is_owed_is_given_or_told(
        files in files(),
        attributes in attributes(),
        asked in asked(),
        way in ways(any_cut()),
    ) {
        let copied = copying(&way, &files, &attributes, &asked).run();
        check(&copied, &files, &attributes, (&way, &asked))?;
    }

    #[test]
    fn where_nothing_fails_all_is_given_and_nothing_is_told(
        files in files(),
        attributes in attributes(),
        asked in asked(),
        way in ways(harmless()),
    ) {
        let files: Vec<File> = files.into_iter().map(|file| File { claimed: None, ..file }).collect();
        let asked = Asked { shares: asked.shares || asked.reflink == Reflink::Always, ..asked };
        let copied = copying(&way, &files, &attributes, &asked).run();
        let newcomers = unexpected(&files);
        let told = copied.problems.iter().find(|problem| !is_newcomer(problem, &newcomers));
        prop_assert_eq!(told, None);
        check(&copied, &files, &attributes, (&way, &asked))?;
    }

    #[test]
    fn a_source_that_changes_meanwhile_loses_no_attribute(
        files in files(),
        attributes in attributes(),
        asked in asked(),
        way in ways(Just(Fault::None)),
        changes in prop::collection::vec((0_usize..60, 0_usize..6, 0_usize..30_000), 1..6),
    ) {
        let files: Vec<File> = files.into_iter().map(|file| File { has_holes: false, ..file }).collect();
        let mut copying = copying(&way, &files, &attributes, &asked);
        for (after, file, size) in changes {
            let number = file % files.len();
            let (name, contents) = (source(number).into_bytes(), contents(number, size));
            copying.script.changes.push(Change { after, name, contents });
        }
        let copied = copying.run();
        for number in (0..files.len()).filter(|&number| !is_told(&copied, number)) {
            check_attributes(&copied, number, &way, &asked)?;
            check_opening(&copied, number, &attributes[number], &asked)?;
        }
    }
}
