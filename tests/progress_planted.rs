//! A copy under `--progress` that is interrupted while names are exchanged: only what the run has made or was overwriting
//! is put right, by whatever path it was reached.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use rustix::process::Signal;

use crate::common::{Outcome, Running, Sandbox, each_engine, needs_extensions};

/// Starts a copy of a FIFO, and waits until a part of it is there.
fn start(s: &Sandbox, arguments: &[&str], copy: &str) -> (Running, File) {
    s.fifo("slow", 0o600);
    let running = s.cp(["--copy-contents", "--progress=never"]).and(arguments).start();
    let mut fifo = s.feed("slow");
    fifo.write_all(&[b'x'; 5000]).unwrap();
    while s.path(copy).metadata().map_or(0, |metadata| metadata.len()) < 5000 {
        std::thread::yield_now();
    }
    (running, fifo)
}

fn interrupt((running, fifo): (Running, File)) -> Outcome {
    running.signal(Signal::TERM);
    let outcome = running.finish().dies_by(libc::SIGTERM);
    drop(fifo);
    outcome
}

/// Somebody else's files.
fn victim(s: &Sandbox) {
    s.file("victim/f", "important").file("victim/f~", "important too");
}

#[track_caller]
fn nothing_was_done_to_the_victim(s: &Sandbox) {
    assert_eq!(s.names("victim"), ["", "f", "f~"]);
    assert_eq!((s.read("victim/f"), s.read("victim/f~")), (b"important".into(), b"important too".into()));
    for name in ["victim/f", "victim/f~"] {
        assert_ne!(s.path(name).metadata().unwrap().mtime(), 0, "{name} was marked");
    }
}

#[test]
fn a_file_that_was_being_overwritten_is_marked_itself_and_no_link_in_its_place() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        victim(s);
        // As an operand's copy, and in a tree.
        for (destination, arguments) in
            [("dst/f", &["slow", "dst/f"][..]), ("tree/f", &["-rL", "-T", "source", "tree"])]
        {
            s.file(destination, "old").dir("source");
            if destination == "tree/f" {
                symlink("../slow", s.path("source/f")).unwrap();
            }
            let begun = start(s, arguments, destination);
            let moved = s.path(destination).with_file_name("moved");
            fs::rename(s.path(destination), &moved).unwrap();
            symlink(s.path("victim/f"), s.path(destination)).unwrap();
            interrupt(begun).mentions(&format!("'{destination}' was being overwritten and is incomplete"));
            nothing_was_done_to_the_victim(s);
            assert_eq!(moved.metadata().unwrap().mtime(), 0, "it is not marked");
            fs::remove_file(s.path("slow")).unwrap();
        }
    });
}

#[test]
fn a_copy_is_removed_in_the_directory_that_it_was_made_in() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        victim(s);
        s.dir("att/dst");
        let begun = start(s, &["slow", "att/dst/f"], "att/dst/f");
        fs::rename(s.path("att/dst"), s.path("att/old")).unwrap();
        symlink(s.path("victim"), s.path("att/dst")).unwrap();
        interrupt(begun).mentions("1 unfinished and removed");
        nothing_was_done_to_the_victim(s);
        assert_eq!(s.names("att/old"), [""]);
    });
}

#[test]
fn what_has_come_in_the_place_of_a_copy_stays() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for options in [&[][..], &["--backup=simple"]] {
            s.file("dst/f", "old");
            if options.is_empty() {
                fs::remove_file(s.path("dst/f")).unwrap();
            }
            let begun = start(s, &[options, &["slow", "dst/f"]].concat(), "dst/f");
            fs::rename(s.path("dst/f"), s.path("dst/moved")).unwrap();
            s.file("dst/f", "another's");
            interrupt(begun);
            assert_eq!(s.read("dst/f"), b"another's");
            fs::remove_file(s.path("slow")).unwrap();
            fs::remove_dir_all(s.path("dst")).unwrap();
        }
    });
}

#[test]
fn a_copy_that_still_comes_is_given_up_in_the_directory_that_it_was_made_in() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        victim(s);
        s.dir("att/dst");
        let (running, mut fifo) = start(s, &["slow", "att/dst/f"], "att/dst/f");
        fs::rename(s.path("att/dst"), s.path("att/old")).unwrap();
        symlink(s.path("victim"), s.path("att/dst")).unwrap();
        running.signal(Signal::TERM);
        // The worker itself gives it up, as it is woken.
        while fifo.write_all(b"more").is_ok() {}
        running.finish().dies_by(libc::SIGTERM).mentions("1 unfinished and removed");
        nothing_was_done_to_the_victim(s);
        assert_eq!(s.names("att/old"), [""]);
    });
}

#[test]
fn a_backup_is_put_back_in_the_directory_that_it_was_made_in() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for coming in [false, true] {
            victim(s);
            s.file("att/dst/f", "old");
            let begun = start(s, &["--backup=simple", "slow", "att/dst/f"], "att/dst/f");
            fs::rename(s.path("att/dst"), s.path("att/old")).unwrap();
            symlink(s.path("victim"), s.path("att/dst")).unwrap();
            let (running, mut fifo) = begun;
            running.signal(Signal::TERM);
            while coming && fifo.write_all(b"more").is_ok() {}
            running.finish().dies_by(libc::SIGTERM);
            nothing_was_done_to_the_victim(s);
            assert_eq!(
                (s.names("att/old"), s.read("att/old/f")),
                (vec!["".into(), "f".into()], b"old".into())
            );
            fs::remove_file(s.path("slow")).unwrap();
            fs::remove_dir_all(s.path("att")).unwrap();
        }
    });
}
