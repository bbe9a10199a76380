//! The order in which a file is written, made durable and named.

use super::driver::{Copied, TestCopy};
use super::properties::all_attributes;
use super::{large, small};
use crate::pipeline::engine::scripted::Fault;
use crate::plan::overwrite::Existing;
use crate::report::message::MessageKind;
use rustix::io::Errno;

fn durable(mut copying: TestCopy) -> TestCopy {
    copying.settings.fsync = true;
    copying
}

fn atomic(mut copying: TestCopy) -> TestCopy {
    copying.settings.atomic = true;
    copying
}

/// Those of these operations that were run, in their order.
fn order<'a>(copied: &'a Copied, operations: &[&str]) -> Vec<&'a str> {
    copied.log.iter().copied().filter(|name| operations.contains(name)).collect()
}

/// All that a copy of `source` over another file may be.
fn over(contents: Vec<u8>) -> TestCopy {
    TestCopy::new().over(b"old".to_vec()).file("source", contents, "destination", None)
}

#[test]
fn a_file_is_durable_when_its_contents_and_attributes_are_there() {
    for contents in [small(), large()] {
        for mut copying in [TestCopy::of(contents.clone()), over(contents.clone())] {
            copying.settings.keeping = all_attributes();
            let copied = durable(copying).run();
            let end = ["keep", "writeback", "close", "sync", "close"];
            assert_eq!(copied.log[copied.log.len() - end.len()..], end);
            assert!(copied.world.file(b"destination").unwrap().durable);
            assert_eq!((copied.destination(), copied.tally.syncs), (Some(&contents[..]), 1));
        }
    }
}

#[test]
fn a_file_that_cannot_be_made_durable_is_told_and_closed() {
    let copied = durable(TestCopy::of(small())).fault("sync", 0, Fault::Errno(Errno::IO)).run();
    assert_eq!(copied.told(), [(MessageKind::Syncing, Some(Errno::IO))]);
    assert_eq!(copied.tally.files, 0);
}

#[test]
fn a_file_system_that_has_no_such_thing_is_no_failure() {
    for errno in [Errno::INVAL, Errno::OPNOTSUPP] {
        let copied = durable(atomic(TestCopy::of(small()))).fault("sync", 0, Fault::Errno(errno)).run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&small()[..])));
    }
}

#[test]
fn a_new_file_is_named_when_it_is_durable() {
    for contents in [small(), large()] {
        let mut copying = durable(atomic(TestCopy::of(contents.clone())));
        copying.settings.keeping = all_attributes();
        let copied = copying.run();
        let wanted = ["place", "open destination", "write", "keep", "writeback", "sync", "name"];
        let mut order = order(&copied, &wanted);
        order.dedup();
        assert_eq!(order, wanted);
        assert_eq!((copied.destination(), copied.told()), (Some(&contents[..]), vec![]));
        assert!(copied.world.file(b"destination").unwrap().durable);
    }
}

#[test]
fn what_replaces_a_file_has_its_permissions_before_its_name() {
    let copied = durable(atomic(over(large()))).run();
    let wanted = ["open destination", "place", "open destination", "write", "inherit", "sync", "name"];
    let mut order = order(&copied, &wanted);
    order.dedup();
    assert_eq!(order, wanted);
    assert_eq!(copied.destination(), Some(&large()[..]));
    // Nothing was cut to nothing on the way.
    assert!(!copied.log.contains(&"truncate"));
}

#[test]
fn whatever_fails_the_old_file_stays() {
    for operation in ["open destination", "place", "read", "write", "inherit", "sync", "name", "close"] {
        for contents in [small(), large()] {
            let copied =
                durable(atomic(over(contents.clone()))).fault(operation, 0, Fault::Errno(Errno::IO)).run();
            assert_eq!(copied.told().len(), 1, "{operation}: {:?}", copied.problems);
            // The first close is that of the source, and the copy is whole.
            let expected = if operation == "close" { &contents[..] } else { b"old" };
            assert_eq!(copied.destination(), Some(expected), "{operation}");
        }
    }
}

#[test]
fn without_unnamed_files_a_temporary_name_is_closed_renamed_or_removed() {
    let open = "open destination";
    let named = || atomic(TestCopy::of(small())).fault(open, 0, Fault::Errno(Errno::OPNOTSUPP));
    let copied = named().run();
    assert_eq!(order(&copied, &["close", "name"]), ["close", "name", "close"]);
    assert_eq!(copied.told(), []);
    let copied = named().fault("write", 0, Fault::Errno(Errno::NOSPC)).run();
    assert_eq!(copied.log[copied.log.len() - 3..], ["unlink", "close", "close"]);
    assert_eq!(
        (copied.told(), copied.destination()),
        (vec![(MessageKind::Writing, Some(Errno::NOSPC))], None)
    );
    assert_eq!(copied.debts, 0);
    // One that cannot be removed now is when the run ends.
    let full = || named().fault("write", 0, Fault::Errno(Errno::NOSPC));
    let copied = full().fault("unlink", 0, Fault::Errno(Errno::IO)).run();
    assert_eq!((copied.told(), copied.debts), (vec![(MessageKind::Writing, Some(Errno::NOSPC))], 1));
    // Late write errors come out when it is closed.
    let copied = named().fault("close", 0, Fault::Errno(Errno::IO)).run();
    assert_eq!((copied.told(), copied.destination()), (vec![(MessageKind::Closing, Some(Errno::IO))], None));
}

#[test]
fn a_temporary_name_that_is_taken_is_not_removed() {
    let copied = atomic(TestCopy::of(small()))
        .fault("open destination", 0, Fault::Errno(Errno::OPNOTSUPP))
        .fault("open destination", 1, Fault::Errno(Errno::EXIST))
        .fault("open destination", 2, Fault::Errno(Errno::ACCESS))
        .run();
    assert_eq!(copied.told(), [(MessageKind::CannotCreateRegular, Some(Errno::ACCESS))]);
    assert!(!copied.log.contains(&"unlink"));
}

#[test]
fn a_name_that_was_taken_meanwhile_is_not_taken_from_another() {
    let copying = atomic(TestCopy::of(small())).newcomer(b"another's".to_vec());
    let copied = copying.run();
    assert_eq!(copied.told(), [(MessageKind::CannotCreateRegular, Some(Errno::EXIST))]);
    assert_eq!(copied.destination(), Some(&b"another's"[..]));
}

#[test]
fn forced_what_cannot_be_written_goes_when_the_new_file_comes() {
    let mut copying = atomic(over(small())).fault("open destination", 0, Fault::Errno(Errno::ACCESS));
    copying.settings.force = true;
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&small()[..])));
    assert_eq!(order(&copied, &["unlink", "inherit", "name"]), ["name"]);
}

#[test]
fn where_only_attributes_are_copied_an_old_file_stays_where_it_is() {
    let mut copying = atomic(over(small()));
    copying.settings.attributes_only = true;
    let copied = copying.run();
    assert_eq!(order(&copied, &["place", "name", "write"]), Vec::<&str>::new());
    assert_eq!(copied.destination(), Some(&b"old"[..]));
    let mut copying = atomic(TestCopy::of(small()));
    copying.settings.attributes_only = true;
    assert_eq!(order(&copying.run(), &["place", "name"]), ["place", "name"]);
    let found = atomic(TestCopy::new().file("source", small(), "destination", Some(Existing::Nothing))).run();
    assert_eq!(found.destination(), Some(&small()[..]));
}
