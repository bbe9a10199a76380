//! A copy under `--progress` that is interrupted: what was complete stays, what was not goes, and a second run goes on.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;

use crate::common::{Outcome, Running, Sandbox, Terminal, each_engine, is_reference, needs_extensions, skip};

/// Waits until so many bytes of a copy are there.
fn until_there(s: &Sandbox, copy: &str, bytes: u64) {
    while s.path(copy).metadata().map_or(0, |metadata| metadata.len()) < bytes {
        std::thread::yield_now();
    }
}

/// Starts a copy of three files and a FIFO, and waits until the FIFO is all that is left.
fn start(s: &Sandbox, options: &[&str]) -> (Running, File) {
    s.file("a", "1").file("b", "22").file("c", "333").fifo("slow", 0o600).dir("dst");
    let running = s.cp(["--copy-contents", "a", "b", "c", "slow", "dst"]).and(options).start();
    let mut fifo = s.feed("slow");
    fifo.write_all(&[b'x'; 5000]).unwrap();
    until_there(s, "dst/slow", 5000);
    for (name, bytes) in [("a", 1), ("b", 2), ("c", 3)] {
        until_there(s, &format!("dst/{name}"), bytes);
    }
    (running, fifo)
}

#[track_caller]
fn is_cleanly_interrupted(s: &Sandbox, outcome: Outcome, signal: i32, words: &str) {
    let said =
        format!("ucp: {words}: 3 files copied, 1 unfinished and removed; go on with -u or --update=none\n");
    outcome.dies_by(signal).complains(&said);
    assert_eq!(s.names("dst"), ["", "a", "b", "c"]);
    assert_eq!(
        (s.read("dst/a"), s.read("dst/b"), s.read("dst/c")),
        (b"1".into(), b"22".into(), b"333".into())
    );
}

#[test]
fn what_is_complete_stays_and_a_second_run_goes_on() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let signals = [(Signal::INT, "interrupted"), (Signal::TERM, "terminated"), (Signal::HUP, "hung up")];
        for (signal, words) in signals {
            let (running, fifo) = start(s, &["--progress=never"]);
            running.signal(signal);
            is_cleanly_interrupted(s, running.finish(), signal.as_raw(), words);
            drop(fifo);
            std::fs::remove_file(s.path("slow")).unwrap();
            s.file("slow", "all of it");
            s.cp(["--update=none", "a", "b", "c", "slow", "dst"]).succeeds();
            assert_eq!(s.read("dst/slow"), b"all of it");
            std::fs::remove_file(s.path("slow")).unwrap();
            std::fs::remove_dir_all(s.path("dst")).unwrap();
        }
    });
}

#[test]
fn a_file_that_goes_on_coming_is_given_up_too() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let (running, mut fifo) = start(s, &["--progress=never"]);
        running.signal(Signal::INT);
        // Until nobody reads any more.
        while fifo.write_all(b"more").is_ok() {}
        is_cleanly_interrupted(s, running.finish(), libc::SIGINT, "interrupted");
    });
}

#[test]
fn the_terminal_is_clean_after_the_interrupt_key() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("slow", 0o600).file("a", "1").dir("dst");
        let terminal = Terminal::new(80);
        let run = s.cp(["--copy-contents", "--progress=always", "a", "slow", "dst"]).env("TERM", "xterm");
        let running = run.on_terminal(&terminal).start();
        terminal.watch();
        let mut fifo = s.feed("slow");
        fifo.write_all(&[b'x'; 5000]).unwrap();
        terminal.until("display", |screen| screen.contains("5.00 kB"));
        until_there(s, "dst/a", 1);
        terminal.types(b"\x03");
        let lines = terminal.at_the_end();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let said = "ucp: interrupted: 1 file copied, 1 unfinished and removed; go on with -u or --u";
        assert!(lines[0].contains(said), "{lines:?}");
        assert!(terminal.shows_cursor());
        running.finish().dies_by(libc::SIGINT);
        assert_eq!(s.names("dst"), ["", "a"]);
        drop(fifo);
    });
}

#[test]
fn a_file_that_was_being_overwritten_is_told_and_copied_again_by_update() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("dst/slow", "old");
        let (running, fifo) = start(s, &["--progress=never"]);
        running.signal(Signal::INT);
        running.finish().dies_by(libc::SIGINT).complains(
            "ucp: 'dst/slow' was being overwritten and is incomplete\n\
             ucp: interrupted: 3 files copied; go on with -u\n",
        );
        assert_eq!(s.path("dst/slow").metadata().unwrap().mtime(), 0);
        drop(fifo);
        std::fs::remove_file(s.path("slow")).unwrap();
        s.file("slow", "all of it");
        s.cp(["-u", "a", "b", "c", "slow", "dst"]).succeeds();
        assert_eq!(s.read("dst/slow"), b"all of it");
    });
}

#[test]
fn a_file_that_was_kept_comes_back() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for coming in [false, true] {
            s.file("dst/slow", "old");
            let (running, mut fifo) = start(s, &["--progress=never", "--backup=simple"]);
            running.signal(Signal::INT);
            while coming && fifo.write_all(b"more").is_ok() {}
            is_cleanly_interrupted_but(s, running.finish());
            std::fs::remove_file(s.path("slow")).unwrap();
            std::fs::remove_dir_all(s.path("dst")).unwrap();
        }
    });
}

#[track_caller]
fn is_cleanly_interrupted_but(s: &Sandbox, outcome: Outcome) {
    outcome.dies_by(libc::SIGINT);
    assert_eq!(s.names("dst"), ["", "a", "b", "c", "slow"]);
    assert_eq!(s.read("dst/slow"), b"old");
}

/// Copies a file that takes long enough to be interrupted in the middle; `None` where there is no room for it.
fn interrupted_large(s: &Sandbox, options: &[&str]) -> Option<Outcome> {
    const BYTES: u64 = 4 << 30;
    let system = rustix::fs::statvfs(s.work().as_path()).unwrap();
    if system.f_bavail * system.f_frsize < BYTES + (BYTES >> 2) {
        skip("there is no room for 4 GiB that are never written whole");
        return None;
    }
    s.file("a", "1").sparse("large", BYTES, &[(0, b"data")]);
    let run = s.cp(["--sparse=never", "--reflink=never", "--progress=never", "a", "large", "dst"]);
    let running = run.and(options).start();
    until_there(s, "dst/large", 1 << 20);
    running.signal(Signal::INT);
    Some(running.finish().dies_by(libc::SIGINT))
}

#[test]
fn a_large_file_shared_by_workers_is_given_up() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.dir("dst");
        let Some(outcome) = interrupted_large(s, &[]) else { return };
        outcome.complains(
            "ucp: interrupted: 1 file copied, 1 unfinished and removed; go on with -u or --update=none\n",
        );
        assert_eq!(s.names("dst"), ["", "a"]);
    });
}

#[test]
fn a_large_file_that_was_being_overwritten_is_older_than_its_source() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("dst/large", "old");
        let Some(outcome) = interrupted_large(s, &[]) else { return };
        outcome.complains(
            "ucp: 'dst/large' was being overwritten and is incomplete\n\
             ucp: interrupted: 1 file copied; go on with -u\n",
        );
        assert_eq!(s.path("dst/large").metadata().unwrap().mtime(), 0);
    });
}

#[test]
fn statistics_of_an_interrupted_copy_say_that_not_all_was_copied() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.dir("dst");
        let Some(outcome) = interrupted_large(s, &["--stats=json"]) else { return };
        assert!(outcome.stderr().contains("\"success\":false,\"files\":1,"), "{}", outcome.stderr());
    });
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("slow", 0o600);
        let run = s.cp(["--copy-contents", "--progress=never", "slow", "copy"]).ignore(libc::SIGHUP);
        let running = run.start();
        let mut fifo = s.feed("slow");
        running.signal(Signal::HUP);
        fifo.write_all(b"all of it").unwrap();
        drop(fifo);
        running.finish().ends(0).complains("");
        assert_eq!(s.read("copy"), b"all of it");
    });
}

#[test]
fn without_the_option_nothing_is_put_in_order() {
    each_engine(|s| {
        let (running, fifo) = start(s, &[]);
        running.signal(Signal::INT);
        running.finish().dies_by(libc::SIGINT).complains("");
        assert_eq!(s.read("dst/slow").len(), 5000, "as GNU cp leaves it; reference: {}", is_reference());
        drop(fifo);
    });
}
