//! Clones, and copying left to the kernel: taken where they are offered, and not insisted on.

use super::driver::TestCopy;
use super::{contents, large, small};
use crate::bufpool::PAGE_BYTES;
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::engine::scripted::Fault;
use crate::plan::data::OFFLOAD_AT_ONCE_BYTES_MAX;
use crate::plan::destination::FileSystem;
use crate::plan::overwrite::Existing;
use crate::report::message::MessageKind;
use rustix::io::Errno;

fn system(magic: u64) -> FileSystem {
    FileSystem { magic, block_bytes: 1 << 20 }
}

fn reflink(mut copying: TestCopy, reflink: Reflink) -> TestCopy {
    copying.settings.reflink = reflink;
    copying
}

/// A copy on a server that clones nothing and copies by itself.
fn on_a_server(contents: Vec<u8>) -> TestCopy {
    let mut copying = reflink(TestCopy::of(contents), Reflink::Auto);
    copying.world.systems = Some([system(0x6969); 2]);
    copying.world.offloads = true;
    copying
}

#[test]
fn what_can_be_shared_is_not_read() {
    for asked in [Reflink::Auto, Reflink::Always] {
        let mut copying = reflink(TestCopy::of(large()), asked);
        copying.world.shares = true;
        let copied = copying.run();
        assert_eq!(copied.log[2..], ["open destination", "clone", "close", "close"]);
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
    }
}

#[test]
fn nothing_is_shared_where_that_was_forbidden() {
    for (asked, sparse) in [(Reflink::Never, Sparse::Auto), (Reflink::Auto, Sparse::Never)] {
        let mut copying = reflink(TestCopy::of(small()), asked);
        copying.settings.sparse = sparse;
        copying.world.shares = true;
        assert!(!copying.run().log.contains(&"clone"));
    }
}

#[test]
fn a_clone_that_must_be_and_cannot_leaves_nothing_new() {
    for contents in [Vec::new(), small(), large()] {
        let copied = reflink(TestCopy::of(contents), Reflink::Always).run();
        assert_eq!(copied.told(), [(MessageKind::CannotClone, Some(Errno::OPNOTSUPP))]);
        assert_eq!(copied.log[2..], ["open destination", "clone", "unlink", "close", "close"]);
    }
}

#[test]
fn a_clone_that_must_be_and_cannot_leaves_an_old_file_empty() {
    let mut copying = reflink(TestCopy::of(small()).over(large()), Reflink::Always);
    copying.job().found = None;
    let copied = copying.run();
    assert_eq!(copied.told(), [(MessageKind::CannotClone, Some(Errno::OPNOTSUPP))]);
    assert_eq!(copied.destination(), Some(&[][..]));
    assert!(!copied.log.contains(&"unlink"));
}

#[test]
fn a_refusal_is_remembered_unless_it_is_one_file_s_own() {
    for (errno, clones) in [(Errno::OPNOTSUPP, 1), (Errno::XDEV, 1), (Errno::TXTBSY, 3), (Errno::INVAL, 3)] {
        let mut copying = reflink(TestCopy::new(), Reflink::Auto).faults("clone", 0..9, Fault::Errno(errno));
        copying.in_flight_max = 1;
        for number in 0..3 {
            let (source, destination) = (format!("source {number}"), format!("destination {number}"));
            copying = copying.file(&source, contents(number, 9), &destination, Some(Existing::Nothing));
        }
        let copied = copying.run();
        assert_eq!((copied.told(), copied.tally.files), (vec![], 3));
        assert_eq!(copied.log.iter().filter(|name| **name == "clone").count(), clones, "{errno:?}");
    }
}

#[test]
fn a_server_copies_by_itself() {
    let copied = on_a_server(large()).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
    assert_eq!(copied.log[3..], ["clone", "survey", "offload", "read", "close", "close"]);
}

#[test]
fn a_server_copies_what_is_between_holes() {
    let mut copying = on_a_server(contents(1, 20 * PAGE_BYTES));
    copying.world.file_mut(b"source").has_holes = true;
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&contents(1, 20 * PAGE_BYTES)[..])));
    assert!(copied.log.contains(&"offload") && !copied.log.contains(&"write"));
}

#[test]
fn what_the_kernel_does_not_copy_is_read() {
    for errno in [Errno::XDEV, Errno::NOSYS, Errno::INVAL, Errno::OPNOTSUPP, Errno::PERM, Errno::TXTBSY] {
        let copied = on_a_server(large()).faults("offload", 0..9, Fault::Errno(errno)).run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
        assert!(copied.log.contains(&"write"));
    }
}

#[test]
fn an_offload_that_copies_nothing_or_little_is_not_believed_to_be_the_end() {
    for most in [0, 1, 5000] {
        let copied = on_a_server(large()).faults("offload", 0..3, Fault::Short(most)).run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])), "{most}");
    }
}

/// A copy within an overlay, whose upper layer clones nothing.
fn on_layers(contents: Vec<u8>) -> TestCopy {
    let mut copying = on_a_server(contents);
    copying.world.systems = Some([system(0x794c_7630); 2]);
    copying
}

#[test]
fn layers_copy_small_and_large_files_and_no_source_is_read() {
    let copied = on_layers(small()).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&small()[..])));
    assert_eq!(copied.log[3..], ["clone", "survey", "offload", "close", "close"]);
    let bytes = usize::try_from(OFFLOAD_AT_ONCE_BYTES_MAX).expect("a size") + 5;
    let copied = on_layers(contents(1, bytes)).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&contents(1, bytes)[..])));
    assert!(!copied.log.contains(&"read") && copied.log.contains(&"offload"), "{:?}", copied.log);
}

#[test]
fn layers_that_copy_nothing_or_little_have_the_rest_read() {
    for contents in [small(), large()] {
        for most in [0, 1, 50] {
            let copied = on_layers(contents.clone()).faults("offload", 0..3, Fault::Short(most)).run();
            assert_eq!((copied.told(), copied.destination()), (vec![], Some(&contents[..])), "{most}");
        }
        for errno in [Errno::XDEV, Errno::INVAL, Errno::NOSYS] {
            let copied = on_layers(contents.clone()).faults("offload", 0..9, Fault::Errno(errno)).run();
            assert_eq!((copied.told(), copied.destination()), (vec![], Some(&contents[..])));
        }
    }
}

#[test]
fn a_full_server_is_told_of() {
    let copied = on_a_server(large()).fault("offload", 0, Fault::Errno(Errno::NOSPC)).run();
    assert_eq!(copied.told(), [(MessageKind::Copying, Some(Errno::NOSPC))]);
}

#[test]
fn local_file_systems_are_not_asked_to_copy() {
    for magics in [[0xef53, 0xef53], [0x6969, 0xef53], [0x9fa0, 0xef53]] {
        let mut copying = on_a_server(large());
        copying.world.systems = Some(magics.map(system));
        assert!(!copying.run().log.contains(&"offload"));
    }
    let mut copying = on_a_server(large());
    copying.world.file_mut(b"source").claimed = Some(0);
    assert!(!copying.run().log.contains(&"offload"), "a size that is not trusted");
}
