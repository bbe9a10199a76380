//! The engine on a real ring: what it does when the ring answers otherwise than the system calls would.

use super::{Refusal, Setup, Uring, user_data};
use crate::bufpool::Pool;
use crate::pipeline::chain::{At, Chain, Completion, Descriptor, Directory, End, FdKind, Io, Op, Outcome};
use crate::pipeline::engine::{Engine, Wait};
use crate::plan::reading::Reading;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

const SETUP: Setup =
    Setup { queue_depth: 8, fused: true, fused_where_slow: false, sqpoll_idle_ms: None, iopoll: false };

/// A pool and a ring; `None`, loudly, where there can be none.
fn ring() -> Option<(Pool, Uring)> {
    let pool = Pool::new(1 << 20);
    match Uring::new(SETUP, &pool) {
        Ok(engine) => Some((pool, engine)),
        Err(Refusal { step, errno }) => {
            writeln!(std::io::stderr(), "SKIPPED: there is no ring ({step}): {errno}").unwrap();
            None
        }
    }
}

fn open(directory: &Path, name: &str, end: End, flags: OFlags) -> Op {
    let directory = OwnedFd::from(File::open(directory).unwrap());
    let name = std::ffi::CString::new(name).unwrap();
    let at = At { directory: Directory::Open(Arc::new(directory)), name: name.as_c_str().into() };
    Op::Io(Io::Open { end, at, flags, mode: Mode::RUSR | Mode::WUSR, into: FdKind::Any })
}

/// A chain that copies the file `a`, of ten bytes, to a new name.
fn copying(pool: &Pool, place: &Path, to: &str) -> Chain {
    let ops = vec![
        open(place, "a", End::Source, OFlags::RDONLY),
        open(place, to, End::Destination, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL),
        Op::Io(Io::Read { offset: Some(0), room: 4096, expect: Some(10) }),
        Op::Io(Io::Write { offset: Some(0), start: 0, length: 10 }),
        Op::Io(Io::Close { end: End::Destination }),
        Op::Io(Io::Close { end: End::Source }),
    ];
    Chain { ops, lease: pool.lease(4096), reading: Reading::Anywhere, ..Chain::default() }
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a"), "0123456789").unwrap();
    place
}

fn push(engine: &mut Uring, chain: Chain) {
    assert!(engine.push(chain).is_ok(), "there is room");
}

fn reaped(engine: &mut Uring) -> Vec<Completion> {
    let mut all = Vec::new();
    while engine.in_flight() > 0 {
        engine.reap(Wait::ForOne, &mut all).unwrap();
    }
    all
}

#[test]
fn what_was_not_submitted_is_taken_back() {
    let Some((pool, mut engine)) = ring() else { return };
    let place = place();
    engine.ring.fails_after = Some((0, Errno::NOMEM));
    for number in 0..8 {
        push(&mut engine, copying(&pool, place.path(), &number.to_string()));
    }
    let all = reaped(&mut engine);
    assert!(all.len() == 8 && all.iter().all(|file| file.outcome == Outcome::Done));
    for number in 0..8 {
        assert_eq!(std::fs::read(place.path().join(number.to_string())).unwrap(), b"0123456789");
    }
    assert_eq!(engine.refusal(), Some(Refusal { step: "submission", errno: Errno::NOMEM }));
    assert!(!engine.capabilities().fused);
    // And whatever comes later runs by plain calls.
    push(&mut engine, copying(&pool, place.path(), "later"));
    assert_eq!(reaped(&mut engine)[0].outcome, Outcome::Done);
}

#[test]
fn what_is_in_a_ring_that_gives_nothing_back_is_an_error_and_not_waited_for() {
    let Some((pool, mut engine)) = ring() else { return };
    let (from, _to) = rustix::pipe::pipe().unwrap();
    let read = Op::Io(Io::Read { offset: None, room: 4096, expect: None });
    let chain = Chain {
        source: Descriptor::Plain(from),
        reading: Reading::Anywhere,
        ops: vec![read],
        lease: pool.lease(4096),
        ..Chain::default()
    };
    push(&mut engine, chain);
    engine.reap(Wait::No, &mut Vec::new()).unwrap();
    engine.ring.fails_after = Some((0, Errno::NOMEM));
    let place = place();
    push(&mut engine, copying(&pool, place.path(), "b"));
    let mut all = Vec::new();
    engine.reap(Wait::ForOne, &mut all).unwrap();
    assert_eq!(all.len(), 1, "what had not been submitted is done");
    assert_eq!(std::fs::read(place.path().join("b")).unwrap(), b"0123456789");
    for _ in 0..2 {
        assert_eq!(engine.reap(Wait::ForOne, &mut all), Err(Errno::NOMEM));
    }
}

#[test]
fn what_is_in_a_broken_ring_is_waited_for_as_long_as_it_comes_back() {
    let Some((pool, mut engine)) = ring() else { return };
    let place = place();
    push(&mut engine, copying(&pool, place.path(), "b"));
    engine.reap(Wait::No, &mut Vec::new()).unwrap();
    push(&mut engine, copying(&pool, place.path(), "c"));
    engine.give_up(Errno::AGAIN);
    assert!(reaped(&mut engine).iter().all(|file| file.outcome == Outcome::Done));
    for name in ["b", "c"] {
        assert_eq!(std::fs::read(place.path().join(name)).unwrap(), b"0123456789");
    }
}

#[test]
fn a_chain_that_was_taken_in_part_runs_no_further_and_is_an_error() {
    let Some((pool, mut engine)) = ring() else { return };
    let place = place();
    push(&mut engine, Chain { token: 7, ..copying(&pool, place.path(), "b") });
    push(&mut engine, copying(&pool, place.path(), "c"));
    // As if there had been memory for three entries, of twice six.
    engine.ring.unsubmitted = 9;
    engine.check_links();
    let mut all = Vec::new();
    engine.reap(Wait::ForOne, &mut all).unwrap();
    assert!(all.len() == 1 && all[0].outcome == Outcome::Done, "the other has been taken back");
    assert_eq!(std::fs::read(place.path().join("c")).unwrap(), b"0123456789");
    assert_eq!(engine.reap(Wait::ForOne, &mut all), Err(Errno::NOMEM));
    assert_eq!(engine.lost(), [7]);
}

/// Pushes a chain and has the ring answer for its first operation, which the kernel never sees.
fn answered(engine: &mut Uring, chain: Chain, errno: Errno) -> Completion {
    push(engine, chain);
    let index = engine.table.iter().position(|slot| slot.running.is_some()).unwrap();
    let mark = user_data(index, engine.table[index].generation);
    // It is refused before the kernel sees it.
    engine.ring.unsubmitted = 0;
    engine.complete(mark, -errno.raw_os_error());
    let mut all = Vec::new();
    engine.reap(Wait::No, &mut all).unwrap();
    assert_eq!(engine.in_flight(), 0);
    all.pop().unwrap()
}

#[test]
fn an_operation_that_gets_no_thread_is_done_by_a_plain_call_and_all_after_it() {
    for errno in [Errno::CANCELED, Errno::NOMEM, Errno::INVAL] {
        let Some((pool, mut engine)) = ring() else { return };
        let place = place();
        let file = answered(&mut engine, copying(&pool, place.path(), "b"), errno);
        assert_eq!(file.outcome, Outcome::Done);
        assert_eq!(std::fs::read(place.path().join("b")).unwrap(), b"0123456789");
        assert!(engine.refusal().is_some());
    }
}

#[test]
fn what_the_call_answers_too_is_not_held_against_the_ring() {
    let Some((_, mut engine)) = ring() else { return };
    let sync = Chain {
        destination: Descriptor::Plain(File::open("/dev/null").unwrap().into()),
        ops: vec![Op::Io(Io::Fsync)],
        ..Chain::default()
    };
    let file = answered(&mut engine, sync, Errno::INVAL);
    assert_eq!(file.outcome, Outcome::Failed { at: 0, errno: Errno::INVAL });
    assert_eq!(engine.refusal(), None);
}

#[test]
fn a_descriptor_whose_close_was_cancelled_is_closed() {
    let Some((_, mut engine)) = ring() else { return };
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let close = Chain {
        destination: Descriptor::Plain(writer),
        ops: vec![Op::Io(Io::Close { end: End::Destination })],
        ..Chain::default()
    };
    let file = answered(&mut engine, close, Errno::CANCELED);
    assert_eq!(file.outcome, Outcome::Done);
    assert!(!file.chain.destination.is_open());
    assert_eq!(rustix::io::read(&reader, &mut [0; 1][..]), Ok(0), "nobody holds the other end any more");
}

#[test]
fn an_end_that_is_not_for_the_ring_to_say_is_looked_for_by_a_call() {
    let Some((pool, mut engine)) = ring() else { return };
    let place = place();
    for (reading, calls) in [(Reading::Anywhere, 10), (Reading::EndByCall, 12)] {
        let source = File::open(place.path().join("a")).unwrap();
        let chain = Chain {
            source: Descriptor::Plain(source.into()),
            reading,
            ops: vec![Op::Io(Io::Read { offset: Some(0), room: 4096, expect: None })],
            lease: pool.lease(4096),
            ..Chain::default()
        };
        push(&mut engine, chain);
        engine.ring.submit(Wait::ForOne).unwrap();
        // It grows after the ring's answer.
        std::fs::write(place.path().join("a"), "0123456789ab").unwrap();
        let file = reaped(&mut engine).pop().unwrap();
        assert_eq!(file.outcome, Outcome::Count { at: 0, moved: calls });
        let bytes = file.chain.lease.as_ref().map(|lease| lease.bytes().len());
        assert_eq!(bytes, usize::try_from(calls).ok());
        std::fs::write(place.path().join("a"), "0123456789").unwrap();
    }
}
