//! The copy methods over a scripted engine: single stories here, what holds for all copies in [`properties`].

mod driver;
mod durability;
mod owed;
mod properties;
mod sharing;
mod sparse;
mod verifying;

use crate::bufpool::PAGE_BYTES;
use crate::cp::entry::created::CreatedFiles;
use crate::pipeline::engine::scripted::{Change, Fault};
use crate::plan::attributes::Permissions;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::Existing;
use crate::report::message::MessageKind;
use driver::TestCopy;
use rustix::fs::{FileType, Mode};
use rustix::io::Errno;
use std::sync::Arc;

/// `size` bytes that differ from file to file and from block to block: the beginning of one endless sequence. Every
/// other file has pages of zeros in it, single ones and several in a row.
fn contents(file: usize, size: usize) -> Vec<u8> {
    let zeros = |at: usize| file % 2 == 1 && [0, 3, 4, 5, 8].contains(&((at / 4096 + file) % 9));
    let byte = |at: usize| if zeros(at) { 0 } else { (at / 4096 * 31 + at * 7 + file * 101 + 1) % 251 };
    (0..size).map(|at| u8::try_from(byte(at)).expect("less than 251")).collect()
}

/// A file that fits a buffer.
fn small() -> Vec<u8> {
    contents(0, 100)
}

/// A file of ten buffers and a bit.
fn large() -> Vec<u8> {
    contents(0, 20 * PAGE_BYTES + 10)
}

fn fused(mut copying: TestCopy) -> TestCopy {
    copying.fused = true;
    copying
}

fn direct(mut copying: TestCopy) -> TestCopy {
    copying.settings.direct = true;
    copying
}

#[test]
fn a_small_file_is_two_chains_of_eight_operations() {
    let copied = TestCopy::of(small()).run();
    let whole = ["open destination", "read", "write", "close", "close"];
    assert_eq!(copied.log, [&["open source", "examine"][..], &whole].concat());
    assert_eq!((copied.destination(), copied.tally.bytes), (Some(&small()[..]), 100));
}

#[test]
fn a_fused_copy_opens_what_it_examined_and_creates_before_it_reads() {
    let copied = fused(TestCopy::of(small())).run();
    let linked = ["open source", "open destination", "read", "write", "close", "close"];
    assert_eq!(copied.log, [&["open source", "examine"][..], &linked].concat());
    assert_eq!(copied.destination(), Some(&small()[..]));
}

#[test]
fn what_has_come_to_the_name_since_it_was_seen_free_stays() {
    let ways = |force: bool| {
        let ways = [TestCopy::of(small()), TestCopy::of(large()), fused(TestCopy::of(small()))];
        ways.into_iter().chain([direct(TestCopy::of(large()))]).map(move |copying| (copying, force))
    };
    for (copying, force) in ways(false).chain(ways(true)) {
        let mut copying = copying.newcomer(b"another's".to_vec());
        copying.settings.force = force;
        let copied = copying.run();
        assert_eq!(copied.told(), [(MessageKind::CannotCreateRegular, Some(Errno::EXIST))]);
        assert_eq!(copied.destination(), Some(&b"another's"[..]));
        assert_eq!((copied.tally.files, copied.log.contains(&"truncate")), (0, false));
    }
}

#[test]
fn what_comes_to_the_name_of_a_file_that_was_forced_out_of_the_way_stays() {
    let mut copying = TestCopy::of(small()).over(b"old".to_vec());
    copying.settings.force = true;
    // It may not be written; once it is removed there is another.
    copying = copying.fault("open destination", 0, Fault::Errno(Errno::ACCESS));
    let copied = copying.fault("open destination", 1, Fault::Errno(Errno::EXIST)).run();
    assert_eq!(copied.told(), [(MessageKind::CannotCreateRegular, Some(Errno::EXIST))]);
    assert_eq!(copied.log.iter().filter(|name| **name == "open destination").count(), 2);
}

#[test]
fn a_large_file_over_a_longer_one_leaves_nothing_of_it() {
    let copied = TestCopy::of(large()).over(vec![b'.'; 2 * large().len()]).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
}

#[test]
fn a_read_error_still_makes_the_destination() {
    for copying in [TestCopy::of(small()), fused(TestCopy::of(small())), TestCopy::of(large())] {
        let copied = copying.fault("read", 0, Fault::Errno(Errno::IO)).run();
        assert_eq!(copied.told(), [(MessageKind::Reading, Some(Errno::IO))]);
        assert!(copied.destination().is_some(), "GNU cp opens the destination before it reads");
        assert_eq!(copied.tally.files, 0);
    }
}

#[test]
fn a_full_disk_in_the_middle_of_extents_is_told_once() {
    let copied = TestCopy::of(large()).faults("write", 2..99, Fault::Errno(Errno::NOSPC)).run();
    assert_eq!(copied.told(), [(MessageKind::Writing, Some(Errno::NOSPC))]);
    let writes = copied.log.iter().filter(|name| **name == "write").count();
    assert!(
        writes <= 2 + 4 + 1,
        "{writes} writes: no block is claimed after the failure, and one tries again in order"
    );
    let left = copied.destination().map_or(0, <[u8]>::len);
    assert_eq!(copied.destination(), Some(&large()[..left]), "a beginning");
}

#[test]
fn a_disk_that_has_room_again_once_blocks_are_cut_off_is_filled_in_order() {
    for fault in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG] {
        let copied = TestCopy::of(large()).faults("write", 2..5, Fault::Errno(fault)).run();
        let left = copied.destination().map_or(0, <[u8]>::len);
        assert_eq!(copied.destination(), Some(&large()[..left]), "{fault}");
        assert!(
            copied.told().len() <= 1 && (left == large().len()) == copied.told().is_empty(),
            "{fault}: {left}"
        );
    }
    // What is wrong with the destination itself is not tried again.
    let copied = TestCopy::of(large()).faults("write", 2..3, Fault::Errno(Errno::IO)).run();
    assert_eq!(copied.told(), [(MessageKind::Writing, Some(Errno::IO))]);
}

#[test]
fn a_write_that_moves_nothing_twice_is_a_full_disk() {
    let copied = TestCopy::of(small()).faults("write", 0..99, Fault::Short(0)).run();
    assert_eq!(copied.told(), [(MessageKind::Writing, Some(Errno::NOSPC))]);
}

#[test]
fn a_failed_close_of_the_destination_is_told() {
    for copying in [TestCopy::of(small()), fused(TestCopy::of(small())), TestCopy::of(large())] {
        let copied = copying.fault("close", 0, Fault::Errno(Errno::DQUOT)).run();
        assert_eq!(copied.told(), [(MessageKind::Closing, Some(Errno::DQUOT))]);
        assert_eq!(copied.tally.files, 0);
    }
}

#[test]
fn a_failed_close_of_the_source_is_told_and_loses_nothing() {
    for contents in [small(), large()] {
        let copied = TestCopy::of(contents.clone()).fault("close", 1, Fault::Errno(Errno::IO)).run();
        let told = vec![(MessageKind::Closing, Some(Errno::IO))];
        assert_eq!((copied.told(), copied.destination()), (told, Some(&contents[..])));
        assert_eq!((copied.tally.files, &copied.problems[0].path[..]), (1, &b"source"[..]));
    }
}

#[test]
fn interrupted_operations_are_started_again() {
    let copied = TestCopy::of(small()).faults("read", 0..3, Fault::Errno(Errno::INTR)).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&small()[..])));
}

#[test]
fn an_interrupted_direct_write_falls_back_to_the_page_cache() {
    // What is left of the block begins where O_DIRECT cannot: the world answers EINVAL.
    let copied = direct(TestCopy::of(large())).fault("write", 1, Fault::Short(1000)).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
}

#[test]
fn a_file_system_that_takes_no_direct_write_gets_buffered_ones() {
    let copied = direct(TestCopy::of(large())).fault("write", 0, Fault::Errno(Errno::INVAL)).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
}

#[test]
fn a_source_that_always_answers_einval_is_told_of() {
    for size in [0, 100, 20 * PAGE_BYTES] {
        let mut copying = direct(TestCopy::of(contents(0, size)));
        copying = copying.faults("read", 0..99_999, Fault::Errno(Errno::INVAL));
        assert_eq!(copying.run().told(), [(MessageKind::Reading, Some(Errno::INVAL))], "{size} bytes");
    }
}

#[test]
fn blocks_behind_the_new_end_of_a_source_are_cut_off() {
    for copying in [TestCopy::of(large()), direct(TestCopy::of(large()))] {
        let mut copying = copying;
        // The fourth block comes first; then the source has only a page left.
        copying.script.turns = [vec![0; 8], vec![3; 3]].concat();
        let after = if copying.settings.direct { 7 } else { 5 };
        let contents = contents(0, PAGE_BYTES);
        copying.script.turns.drain(..if copying.settings.direct { 0 } else { 3 });
        copying.script.changes.push(Change { after, name: b"source".to_vec(), contents: contents.clone() });
        let copied = copying.run();
        assert_eq!(copied.log[after - 2..after], ["read", "write"]);
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&contents[..])));
    }
}

#[test]
fn a_source_that_says_it_is_empty_is_read_to_its_end() {
    for copying in [TestCopy::of(large()), fused(TestCopy::of(large()))] {
        let mut copying = copying;
        copying.world.file_mut(b"source").claimed = Some(0);
        let copied = copying.run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
    }
}

#[test]
fn a_destination_without_offsets_is_written_in_order_and_never_cut() {
    let mut copying = TestCopy::new().over(Vec::new()).file("source", large(), "destination", None);
    copying.world.file_mut(b"destination").kind = FileType::CharacterDevice;
    copying = copying.fault("write", 1, Fault::Short(1000));
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
    assert!(!copied.log.contains(&"truncate"));
}

#[test]
fn a_source_that_is_another_file_by_now_is_refused() {
    let mut copying = TestCopy::of(small());
    copying.job().seen = Some(FileStat::UNKNOWN);
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![(MessageKind::Replaced, None)], None));
}

#[test]
fn a_file_made_for_one_source_is_not_overwritten_with_the_next() {
    for fused in [false, true] {
        let mut copying = TestCopy::new();
        copying.made = Some(Arc::new(CreatedFiles::nothing(true)));
        copying.fused = fused;
        // One after the other, as operands are.
        copying.in_flight_max = 1;
        copying = copying.file("source", small(), "destination", Some(Existing::Nothing));
        let copied = copying.file("another", contents(1, 5), "destination", None).run();
        assert_eq!(copied.told(), [(MessageKind::JustCreated, None)]);
        assert_eq!(copied.destination(), Some(&small()[..]));
    }
}

#[test]
fn without_descriptors_a_file_begins_again_when_others_are_done() {
    for (operation, nth) in [("open source", 0), ("open source", 1), ("open destination", 0)] {
        for fused in [false, true] {
            let mut copying = TestCopy::new();
            copying.fused = fused;
            // The first file always waits for another.
            copying.script.turns = vec![1; 99];
            for number in 0..3 {
                let (source, destination) = (format!("source {number}"), format!("destination {number}"));
                copying = copying.file(&source, contents(number, 9), &destination, Some(Existing::Nothing));
            }
            let copied = copying.fault(operation, nth, Fault::Errno(Errno::MFILE)).run();
            assert_eq!((copied.told(), copied.tally.files), (vec![], 3), "{operation} {nth}");
        }
    }
}

#[test]
fn files_wait_for_a_buffer_when_there_is_only_one() {
    let mut copying = TestCopy::new();
    copying.pool_bytes = copying.settings.buffer_bytes;
    for number in 0..8 {
        let (source, destination) = (format!("source {number}"), format!("destination {number}"));
        let contents = contents(number, number * 5000);
        copying = copying.file(&source, contents, &destination, Some(Existing::Nothing));
    }
    let copied = copying.run();
    assert_eq!((copied.told(), copied.tally.files), (vec![], 8));
    assert!(copied.starved > 0, "no file had to wait");
}

/// All attributes kept, of a source with mode 0644.
fn with_attributes(mut copying: TestCopy) -> TestCopy {
    copying.settings.keeping = properties::all_attributes();
    copying
}

#[test]
fn a_file_that_is_to_change_hands_is_made_for_its_owner_alone() {
    for size in [0, 100, 20 * PAGE_BYTES + 10] {
        let copied = with_attributes(TestCopy::of(contents(0, size))).run();
        assert_eq!(copied.told(), []);
        let copy = copied.world.file(b"destination").expect("a copy");
        assert_eq!(copy.made_with, Some(Mode::RUSR | Mode::WUSR), "{size} bytes");
        let kept = copy.kept.as_ref().expect("attributes that no write came after");
        assert_eq!(kept.permissions, Permissions::Kept(Mode::from(0o644)));
    }
}

#[test]
fn a_file_of_the_right_owner_is_made_with_its_final_permissions_unless_there_is_an_acl() {
    for (acls, mode) in [(&b""[..], 0o644), (b"system.posix_acl_access\0", 0o600)] {
        let mut copying = with_attributes(TestCopy::of(small()));
        copying.job().belongs_to = Some(FileStat::UNKNOWN.owner);
        copying.world.file_mut(b"source").names.acls = acls.to_vec();
        let copied = copying.run();
        let copy = copied.world.file(b"destination").expect("a copy");
        assert_eq!(copy.made_with, Some(Mode::from(mode)));
        assert_eq!(copy.kept.as_ref().expect("attributes").names.acls, acls);
    }
}

#[test]
fn what_attributes_are_refused_is_told_and_the_file_is_closed() {
    for size in [100, 20 * PAGE_BYTES + 10] {
        let refusing = Fault::Errno(Errno::PERM);
        let copied = with_attributes(TestCopy::of(contents(0, size))).fault("keep", 0, refusing).run();
        assert_eq!(copied.told(), [(MessageKind::PreservingTimes, Some(Errno::PERM))]);
        assert_eq!(copied.destination(), Some(&contents(0, size)[..]));
    }
}

#[test]
fn attributes_alone_leave_the_data_that_is_there() {
    for (found, expected) in [(None, &b"old data"[..]), (Some(Existing::Nothing), b"")] {
        let copying =
            if found.is_none() { TestCopy::new().over(b"old data".to_vec()) } else { TestCopy::new() };
        let mut copying = with_attributes(copying.file("source", small(), "destination", found));
        copying.settings.attributes_only = true;
        let copied = copying.run();
        assert_eq!(copied.told(), []);
        assert_eq!(copied.destination(), Some(expected));
        assert!(copied.world.file(b"destination").expect("a copy").kept.is_some());
        assert!(!copied.log.iter().any(|name| ["read", "write", "truncate"].contains(name)));
    }
}

#[test]
fn a_file_that_begins_again_removes_what_was_in_the_way_once() {
    let mut copying = TestCopy::new().over(b"old".to_vec()).file("source", small(), "destination", None);
    let there = copying.world.facts(b"destination").expect("a file");
    copying.job().found = Some(Existing::File(there));
    copying = copying.file("other", small(), "beside", Some(Existing::Nothing));
    copying.settings.force = true;
    // Another file is on its way, so that this one can wait for a descriptor.
    copying.script.turns = [vec![0; 3], vec![1; 20]].concat();
    let closed = copying.fault("open destination", 0, Fault::Errno(Errno::ACCESS));
    let copied = closed.fault("open destination", 1, Fault::Errno(Errno::MFILE)).run();
    assert_eq!((copied.told(), copied.tally.files), (vec![], 2));
    assert_eq!(copied.destination(), Some(&small()[..]));
    assert_eq!(copied.log.iter().filter(|name| **name == "unlink").count(), 1);
}

#[test]
fn what_is_owed_survives_a_cut_by_every_operation_of_a_whole_file() {
    let acls = b"system.posix_acl_access\0";
    let ways = [
        ("read", Fault::Short(10), 100),
        ("write", Fault::Short(10), 100),
        ("pass", Fault::Short(10), 20_000),
        ("pass", Fault::Errno(Errno::INVAL), 20_000),
        ("open destination", Fault::Errno(Errno::MFILE), 20_000),
    ];
    for (operation, fault, size) in ways {
        let mut copying = with_attributes(TestCopy::of(contents(0, size)));
        copying.passes = true;
        copying.job().belongs_to = Some(FileStat::UNKNOWN.owner);
        copying = copying.file("other", small(), "beside", Some(Existing::Nothing));
        copying.world.file_mut(b"source").names.acls = acls.to_vec();
        let copied = copying.fault(operation, 0, fault).run();
        let copy = copied.world.file(b"destination").expect("a copy");
        assert_eq!(copied.told(), [], "{operation}");
        assert_eq!(copy.kept.as_ref().expect("attributes").names.acls, acls, "{operation}");
        assert_eq!(copy.made_with, Some(Mode::RUSR | Mode::WUSR), "{operation}: open to the group meanwhile");
    }
}
