//! The ring interface's promises: one submission for a chain, completions that need not be waited for, and what is kept
//! from going wrong.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use ucp::ring::{Completed, Config, End, LinkedChain, Reason, Ring, Slot};

use crate::common::{Engine, Sandbox, io_uring_works, needs_extensions, noise, skip};

/// A sandbox and a ring, where there is one.
fn ring() -> Option<(Sandbox, Ring)> {
    if !needs_extensions() {
        return None;
    }
    if !io_uring_works() {
        skip("io_uring is not available, the ring interface was not tested");
        let refused = Ring::new(Config::default()).unwrap_err();
        assert!(refused.to_string().starts_with("io_uring is not available ("), "{refused}");
        return None;
    }
    Some((Sandbox::new(Engine::Uring), Ring::new(Config::default()).unwrap()))
}

fn name(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_bytes()).unwrap()
}

/// The copy of a file of so many bytes as one chain.
fn copying(s: &Sandbox, ring: &Ring, from: &str, to: &str, bytes: u32) -> LinkedChain {
    let buffer = ring.buffer(usize::try_from(bytes).unwrap()).unwrap();
    LinkedChain::new()
        .buffer(buffer)
        .source_like(File::open(s.work()).unwrap())
        .unwrap()
        .open_source(&name(s.path(from)))
        .create_destination(&name(s.path(to)), 0o644)
        .read_exactly(Some(0), bytes)
        .write(Some(0), 0, bytes)
        .close(End::Destination)
        .close(End::Source)
}

fn only(mut completed: Vec<Completed>) -> Completed {
    assert_eq!(completed.len(), 1, "{completed:?}");
    completed.remove(0)
}

#[test]
fn a_file_is_copied_by_one_linked_chain() {
    let Some((s, mut ring)) = ring() else { return };
    s.file("a", noise(100_000, 1));
    let chain = copying(&s, &ring, "a", "b", 100_000).with_token(7);
    ring.push(chain).unwrap();
    let done = only(ring.wait().unwrap());
    assert_eq!(done.outcome, Ok(()));
    assert!(s.read("a") == s.read("b") && !done.chain.is_open(End::Source), "{done:?}");
    if ring.links() && fs::metadata(s.path("a")).is_ok() {
        assert_eq!((ring.ring_operations(), ring.in_flight()), (6, 0));
        let kind = rustix::fs::statfs(s.work()).unwrap().f_type;
        // ext4, XFS, btrfs, tmpfs: elsewhere a ring may not say where a file ends.
        if [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994].contains(&kind) {
            assert_eq!(ring.submissions(), 1);
        }
    }
}

#[test]
fn many_chains_are_in_flight_at_a_time_and_each_is_known_by_its_token() {
    let Some((s, mut ring)) = ring() else { return };
    for number in 0..40_u64 {
        s.file(format!("a{number}"), noise(1000, number));
        let chain = copying(&s, &ring, &format!("a{number}"), &format!("b{number}"), 1000);
        ring.push(chain.with_token(number)).unwrap();
    }
    let mut tokens = Vec::new();
    while ring.in_flight() > 0 {
        for mut done in ring.wait().unwrap() {
            assert_eq!(done.outcome, Ok(()));
            let (token, buffer) = (done.chain.token(), done.chain.take_buffer().unwrap());
            assert!(buffer.bytes() == noise(1000, token) && s.read(format!("b{token}")) == buffer.bytes());
            tokens.push(token);
        }
    }
    tokens.sort_unstable();
    assert!(tokens.into_iter().eq(0..40));
}

#[test]
fn a_chain_that_is_cut_says_where_and_goes_on_with_its_files() {
    let Some((s, mut ring)) = ring() else { return };
    s.file("a", "short").file("there", "before");
    let missing = copying(&s, &ring, "missing", "b", 5);
    ring.push(missing).unwrap();
    let cut = only(ring.wait().unwrap()).outcome.unwrap_err();
    assert_eq!((cut.operation(), cut.errno()), (0, Some(Errno::NOENT.raw_os_error())));
    let occupied = copying(&s, &ring, "a", "there", 5);
    ring.push(occupied).unwrap();
    let done = only(ring.wait().unwrap());
    assert_eq!(done.outcome.map_err(|cut| (cut.operation(), cut.errno())), Err((1, Some(17))));
    assert!(done.chain.is_open(End::Source));
    ring.push(done.chain.then().close(End::Source)).unwrap();
    let done = only(ring.wait().unwrap());
    assert!(done.outcome.is_ok() && !done.chain.is_open(End::Source));
    // A read that comes short cuts the chain before anything is written.
    let longer = copying(&s, &ring, "a", "b", 6);
    ring.push(longer).unwrap();
    let done = only(ring.wait().unwrap());
    assert_eq!(done.outcome.map_err(|cut| (cut.operation(), cut.moved())), Err((2, Some(5))));
    assert_eq!((s.read("b"), s.read("there")), (Vec::new(), b"before".to_vec()));
}

#[test]
fn completions_need_not_be_waited_for() {
    let Some((s, mut ring)) = ring() else { return };
    s.fifo("fifo", 0o600);
    let mut fifo = OpenOptions::new().read(true).write(true).open(s.path("fifo")).unwrap();
    let source = Arc::new(fifo.try_clone().unwrap().into());
    let chain = LinkedChain::new().buffer(ring.buffer(4096).unwrap()).file(End::Source, source);
    ring.push(chain.read(None, 4096)).unwrap();
    assert!((0..3).all(|_| ring.poll().unwrap().is_empty()) && ring.in_flight() == 1);
    fifo.write_all(b"late").unwrap();
    let mut done = loop {
        let mut done = ring.poll().unwrap();
        if let Some(done) = done.pop() {
            break done;
        }
    };
    assert_eq!(done.outcome.unwrap_err().moved(), Some(4));
    assert_eq!(done.chain.take_buffer().unwrap().bytes(), b"late");
}

#[test]
fn a_buffer_is_written_as_far_as_it_was_filled() {
    let Some((s, mut ring)) = ring() else { return };
    let mut buffer = ring.buffer(4096).unwrap();
    assert_eq!((buffer.capacity(), buffer.bytes()), (4096, &b""[..]));
    assert_eq!(buffer.fill(b"filled"), 6);
    let writing = |chain: LinkedChain, bytes| {
        let open = chain.create_destination(&name(s.path("b")), 0o600);
        open.write(None, 0, bytes).fsync().close(End::Destination)
    };
    let rejected = ring.push(writing(LinkedChain::new().buffer(buffer), 7)).unwrap_err();
    assert_eq!((rejected.reason, s.exists("b")), (Reason::NotFilled, false));
    ring.push(writing(rejected.chain.then(), 6)).unwrap();
    assert_eq!(only(ring.wait().unwrap()).outcome, Ok(()));
    assert_eq!((s.read("b"), s.mode("b")), (b"filled".to_vec(), 0o600));
}

#[test]
fn what_cannot_be_run_is_given_back() {
    let Some((s, mut ring)) = ring() else { return };
    let mut other = Ring::new(Config::default()).unwrap();
    s.file("a", "contents");
    let reason = |ring: &mut Ring, chain: LinkedChain| ring.push(chain).unwrap_err().reason;
    let foreign = copying(&s, &other, "a", "b", 8);
    assert_eq!(reason(&mut ring, foreign), Reason::Foreign);
    let unbuffered = LinkedChain::new().open_source(&name(s.path("a"))).read(None, 1);
    assert_eq!(reason(&mut ring, unbuffered), Reason::NoBuffer);
    assert_eq!(reason(&mut ring, LinkedChain::new().close(End::Source)), Reason::WrongEnd);
    let twice = LinkedChain::new().open_source(&name(s.path("a"))).open_source(&name(s.path("a")));
    assert_eq!(reason(&mut ring, twice), Reason::WrongEnd);
    let chain = copying(&s, &ring, "a", "b", 8).open_source(&name("x")).close(End::Source);
    assert_eq!(reason(&mut ring, chain.fsync()), Reason::TooLong);
    // A direct descriptor is a number of its ring.
    let opened = LinkedChain::new().create_destination(&name(s.path("c")), 0o600);
    ring.push(opened).unwrap();
    let opened = only(ring.wait().unwrap()).chain.then().close(End::Destination);
    let rejected = other.push(opened).unwrap_err();
    if ring.links() {
        assert_eq!(rejected.reason, Reason::Foreign);
    }
    ring.push(rejected.chain).unwrap();
    assert_eq!(only(ring.wait().unwrap()).outcome, Ok(()));
}

#[test]
fn a_full_ring_gives_the_chain_back_until_there_is_room() {
    let Some((s, _)) = ring() else { return };
    let mut config = Config::default();
    config.queue_depth = 1;
    let mut ring = Ring::new(config).unwrap();
    s.file("a", "contents");
    let first = copying(&s, &ring, "a", "b", 8);
    ring.push(first).unwrap();
    let second = copying(&s, &ring, "a", "c", 8);
    let rejected = ring.push(second).unwrap_err();
    assert_eq!(rejected.reason, Reason::Full);
    only(ring.wait().unwrap());
    ring.push(rejected.chain).unwrap();
    assert_eq!(only(ring.wait().unwrap()).outcome, Ok(()));
    assert_eq!(s.read("c"), b"contents");
}

#[test]
fn an_ordinary_descriptor_is_the_caller_s_when_the_chain_is_done() {
    let Some((s, mut ring)) = ring() else { return };
    let directory = Arc::new(File::open(s.work()).unwrap().into());
    let flags = (rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY).bits();
    let flags = i32::try_from(flags).unwrap();
    let chain = LinkedChain::new();
    ring.push(chain.open(End::Destination, (Some(&directory), c"b"), flags, 0o600, Slot::Ordinary)).unwrap();
    let mut done = only(ring.wait().unwrap());
    let mut file = File::from(done.chain.take_file(End::Destination).unwrap());
    file.write_all(b"by hand").unwrap();
    assert_eq!(s.read("b"), b"by hand");
    assert!(done.chain.take_file(End::Destination).is_none());
}

#[test]
fn a_ring_that_is_dropped_takes_back_what_is_in_flight() {
    let Some((s, mut ring)) = ring() else { return };
    s.file("a", noise(50_000, 3));
    for number in 0..8 {
        let chain = copying(&s, &ring, "a", &format!("b{number}"), 50_000);
        ring.push(chain).unwrap();
    }
    drop(ring.poll().unwrap());
    drop(ring);
    assert!((0..8).all(|number| s.read("a") == s.read(format!("b{number}"))));
}
