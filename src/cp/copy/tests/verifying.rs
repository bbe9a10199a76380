//! Verification and hashes: what is not what was written is reported, and nothing else is.

use super::driver::{Copied, TestCopy};
use super::{contents, direct, fused, large, small, with_attributes};
use crate::bufpool::PAGE_BYTES;
use crate::cli::cp::Reflink;
use crate::pipeline::engine::scripted::{Change, Fault};
use crate::plan::destination::FileSystem;
use crate::plan::overwrite::Existing;
use crate::report::message::MessageKind;
use rustix::fs::FileType;
use rustix::io::Errno;

fn verified(mut copying: TestCopy) -> TestCopy {
    (copying.settings.hash, copying.settings.verify) = (true, true);
    copying
}

fn hashed(mut copying: TestCopy) -> TestCopy {
    copying.settings.hash = true;
    copying
}

/// Copies once to learn when the reading back begins, and then once more, with something else in the destination by
/// then.
fn changed_behind_its_back(copying: impl Fn() -> TestCopy, contents: &[u8]) -> Copied {
    let log = verified(copying()).run().log;
    let after = log.iter().position(|name| *name == "bypass").expect("it is read back");
    let mut copying = verified(copying());
    copying.script.changes.push(Change { after, name: b"destination".to_vec(), contents: contents.to_vec() });
    copying.run()
}

fn line(contents: &[u8]) -> String {
    format!("{}  destination\n", blake3::hash(contents).to_hex())
}

fn shared(contents: Vec<u8>) -> TestCopy {
    let mut copying = TestCopy::of(contents);
    copying.settings.reflink = Reflink::Auto;
    copying.world.shares = true;
    copying
}

fn on_a_server(contents: Vec<u8>) -> TestCopy {
    let mut copying = TestCopy::of(contents);
    copying.settings.reflink = Reflink::Auto;
    copying.world.systems = Some([FileSystem { magic: 0x6969, block_bytes: 1 << 20 }; 2]);
    copying.world.offloads = true;
    copying
}

fn with_holes(contents: Vec<u8>) -> TestCopy {
    let mut copying = TestCopy::of(contents);
    copying.world.file_mut(b"source").has_holes = true;
    copying
}

#[test]
fn a_small_file_is_read_back_before_it_is_closed() {
    let copied = verified(TestCopy::of(small())).run();
    let back = ["write", "bypass", "examine", "read", "close", "close"];
    assert_eq!(copied.log[4..], back);
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&small()[..])));
    assert_eq!((copied.tally.files_verified, copied.tally.bytes_read_back), (1, 100));
    assert_eq!(copied.listed, line(&small()));
}

#[test]
fn a_hash_costs_no_operation() {
    for copying in [|| TestCopy::of(small()), || fused(TestCopy::of(small())), || TestCopy::of(large())] {
        let (plain, copied) = (copying().run(), hashed(copying()).run());
        assert_eq!(plain.log, copied.log);
        assert_eq!((plain.listed.as_str(), copied.tally.files_verified), ("", 0));
        assert_eq!(copied.listed, line(copied.destination().expect("a copy")));
    }
}

#[test]
fn every_way_of_copying_is_verified_and_listed() {
    let holes = contents(1, 40 * PAGE_BYTES + 5);
    for (copying, bytes) in [
        (TestCopy::of(Vec::new()), Vec::new()),
        (TestCopy::of(large()), large()),
        (direct(TestCopy::of(large())), large()),
        (fused(TestCopy::of(small())), small()),
        (with_attributes(TestCopy::of(small())), small()),
        (shared(small()), small()),
        (shared(large()), large()),
        (on_a_server(large()), large()),
        (with_holes(holes.clone()), holes),
    ] {
        let copied = verified(copying).run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&bytes[..])));
        assert_eq!((copied.tally.files_verified, copied.tally.bytes_read_back), (1, bytes.len() as u64));
        assert_eq!(copied.listed, line(&bytes));
        if let Some(kept) = copied.log.iter().position(|name| *name == "keep") {
            assert!(!copied.log[kept..].contains(&"read"), "reading changes the access time");
        }
    }
}

#[test]
fn what_was_changed_is_told_of_and_stays() {
    let flipped = |mut bytes: Vec<u8>, at: usize| {
        bytes[at] ^= 1;
        bytes
    };
    let copyings: [fn(Vec<u8>) -> TestCopy; 6] = [
        TestCopy::of,
        |bytes| direct(TestCopy::of(bytes)),
        |bytes| with_attributes(TestCopy::of(bytes)),
        shared,
        on_a_server,
        with_holes,
    ];
    for copying in copyings {
        for bytes in [small(), large(), contents(1, 40 * PAGE_BYTES)] {
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                let other = flipped(bytes.clone(), at);
                let copied = changed_behind_its_back(|| copying(bytes.clone()), &other);
                assert_eq!(copied.told(), [(MessageKind::Differs { offset: 0 }, None)]);
                assert_eq!(copied.destination(), Some(&other[..]));
                assert_eq!((copied.tally.files, copied.tally.files_verified), (0, 0));
                assert_eq!((copied.listed.as_str(), copied.log.contains(&"keep")), ("", false));
            }
        }
    }
}

#[test]
fn the_block_of_the_first_difference_is_named() {
    let bytes = contents(0, (5 << 20) / 2);
    for (at, offset) in [(5, 0), ((1 << 20) - 1, 0), (1 << 20, 1 << 20), (bytes.len() - 1, 2 << 20)] {
        let mut other = bytes.clone();
        other[at] ^= 0x80;
        let copied = changed_behind_its_back(|| TestCopy::of(bytes.clone()), &other);
        assert_eq!(copied.told(), [(MessageKind::Differs { offset }, None)]);
    }
    // Longer, and shorter, than it was written.
    for (length, offset) in
        [(bytes.len() + 1, 2 << 20), (bytes.len() - 1, 2 << 20), (1 << 20, 1 << 20), (0, 0)]
    {
        let mut other = bytes.clone();
        other.resize(length, 0);
        let copied = changed_behind_its_back(|| TestCopy::of(bytes.clone()), &other);
        assert_eq!(copied.told(), [(MessageKind::Differs { offset }, None)], "{length} bytes");
    }
}

#[test]
fn others_are_copied_and_listed_all_the_same() {
    let copying = || {
        let first = TestCopy::of(small());
        let mut both = first.file("source 2", contents(3, 9000), "destination 2", Some(Existing::Nothing));
        both.in_flight_max = 1;
        both
    };
    let copied = changed_behind_its_back(copying, b"!");
    assert_eq!(copied.told(), [(MessageKind::Differs { offset: 0 }, None)]);
    assert_eq!(copied.world.contents(b"destination 2"), Some(&contents(3, 9000)[..]));
    assert_eq!((copied.tally.files_verified, copied.listed.lines().count()), (1, 1));
}

#[test]
fn direct_reads_that_are_refused_are_done_without() {
    for size in [100, 20 * PAGE_BYTES + 10] {
        let copying = || verified(TestCopy::of(contents(0, size)));
        let reads = copying().run().log.iter().filter(|name| **name == "read").count();
        let first = if size == 100 { 1 } else { reads - 11 };
        let copied = copying().fault("read", first, Fault::Errno(Errno::INVAL)).run();
        assert_eq!((copied.told(), copied.tally.files_verified), (vec![], 1), "{size} bytes");
        assert!(copied.log.iter().filter(|name| **name == "bypass").count() > 1, "{:?}", copied.log);
    }
}

#[test]
fn short_reads_are_gone_on_with() {
    for size in [100, 5000, 20 * PAGE_BYTES + 10] {
        let copied =
            verified(TestCopy::of(contents(0, size))).faults("read", 0..999, Fault::Short(1001)).run();
        assert_eq!((copied.told(), copied.tally.files_verified), (vec![], 1), "{size} bytes");
        assert_eq!(copied.listed, line(&contents(0, size)));
    }
}

#[test]
fn what_cannot_be_read_back_is_told_of() {
    for (size, read) in [(100, 1), (20 * PAGE_BYTES + 10, 12)] {
        for (operation, nth, what) in [
            ("bypass", 0, MessageKind::Writing),
            ("examine", 1, MessageKind::CannotStat),
            ("read", read, MessageKind::Reading),
        ] {
            let copying = verified(TestCopy::of(contents(0, size)));
            let copied = copying.fault(operation, nth, Fault::Errno(Errno::IO)).run();
            assert_eq!(copied.told(), [(what, Some(Errno::IO))]);
            assert_eq!(copied.problems[0].path, b"destination");
            assert_eq!((copied.tally.files, copied.listed.as_str()), (0, ""));
        }
    }
}

#[test]
fn what_is_not_copied_or_is_no_file_is_neither_verified_nor_listed() {
    let mut copying = verified(TestCopy::of(small()));
    copying.settings.attributes_only = true;
    let mut device = verified(TestCopy::new().over(Vec::new()).file("source", large(), "destination", None));
    device.world.file_mut(b"destination").kind = FileType::CharacterDevice;
    for copying in [copying, device] {
        let copied = copying.run();
        assert!(!copied.log.contains(&"bypass"));
        assert_eq!((copied.told(), copied.tally.files_verified, copied.listed.as_str()), (vec![], 0, ""));
    }
}

#[test]
fn a_source_that_is_gone_before_it_was_hashed_is_told_of() {
    let log = hashed(shared(large())).run().log;
    let after = log.iter().position(|name| *name == "read").expect("it is read for its hash");
    let mut copying = hashed(shared(large()));
    copying.script.changes.push(Change { after, name: b"source".to_vec(), contents: small() });
    let copied = copying.run();
    assert_eq!((copied.told(), copied.listed.as_str()), (vec![(MessageKind::CannotHash, None)], ""));
}
