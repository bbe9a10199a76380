//! GNU's manual of cp, sentence by sentence: what --preserve, --no-preserve, -p and -a keep of a source.

use std::fs::{File, FileTimes, OpenOptions};
use std::os::unix::fs::{MetadataExt, chown};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::XattrFlags;

use crate::common::{Sandbox, each_engine, is_root, needs_root, skip};

/// Gives the file times in the past, to the nanosecond.
fn past(s: &Sandbox, name: &str) {
    let time = |seconds| UNIX_EPOCH + Duration::new(seconds, 123_456_789);
    let times = FileTimes::new().set_accessed(time(1_100_000_000)).set_modified(time(1_000_000_000));
    File::open(s.path(name)).unwrap().set_times(times).unwrap();
}

fn times(s: &Sandbox, name: &str) -> [(i64, i64); 2] {
    let facts = s.path(name).symlink_metadata().unwrap();
    [(facts.atime(), facts.atime_nsec()), (facts.mtime(), facts.mtime_nsec())]
}

const PAST: [(i64, i64); 2] = [(1_100_000_000, 123_456_789), (1_000_000_000, 123_456_789)];

fn owner(s: &Sandbox, name: &str) -> (u32, u32) {
    let facts = s.path(name).symlink_metadata().unwrap();
    (facts.uid(), facts.gid())
}

/// Whether the file system of the sandbox has user attributes; says that the test is skipped where it has not.
fn give_attribute(s: &Sandbox, name: &str) -> bool {
    let given = rustix::fs::setxattr(s.path(name), "user.kept", b"value", XattrFlags::empty());
    if given.is_err() {
        skip("the file system has no user attributes");
    }
    given.is_ok()
}

fn attribute(s: &Sandbox, name: &str) -> bool {
    rustix::fs::getxattr(s.path(name), "user.kept", &mut [0; 16][..]).is_ok()
}

/// A source with a mode, an owner and times of its own.
fn source(s: &Sandbox) {
    s.file("a", "data").chmod("a", 0o2751);
    if is_root() {
        chown(s.path("a"), Some(7), Some(8)).unwrap();
        s.chmod("a", 0o6751);
    }
    past(s, "a");
}

#[test]
fn p_keeps_mode_owner_and_times() {
    each_engine(|s| {
        for option in ["-p", "--preserve", "--preserve=mode,ownership,timestamps", "-a", "--preserve=all"] {
            source(s);
            s.file("b", "before").chmod("b", 0o600);
            for copy in ["b", "c"] {
                s.cp([option, "a", copy]).umask(0o077).succeeds();
                assert_eq!((s.mode(copy), owner(s, copy)), (s.mode("a"), owner(s, "a")), "{option} {copy}");
                assert_eq!(times(s, copy), PAST, "{option} {copy}");
                past(s, "a");
            }
            std::fs::remove_file(s.path("c")).unwrap();
        }
    });
}

#[test]
fn each_attribute_is_kept_alone() {
    each_engine(|s| {
        source(s);
        let mode = s.mode("a");
        s.cp(["--preserve=mode", "a", "mode"]).umask(0o077).succeeds();
        past(s, "a");
        s.cp(["--preserve=timestamps", "a", "times"]).umask(0o077).succeeds();
        past(s, "a");
        s.cp(["--preserve=ownership", "a", "owner"]).umask(0o077).succeeds();
        assert_eq!(s.mode("mode") & 0o777, mode & 0o777);
        assert_eq!((s.mode("times"), times(s, "times")), (0o700, PAST));
        assert_eq!(owner(s, "owner"), owner(s, "a"));
        assert_ne!(times(s, "owner")[1], PAST[1]);
    });
}

#[test]
fn no_preserve_takes_back() {
    each_engine(|s| {
        source(s);
        s.cp(["-p", "--no-preserve=mode", "a", "b"]).umask(0o022).succeeds();
        assert_eq!((s.mode("b"), times(s, "b")), (0o644, PAST));
        past(s, "a");
        s.cp(["-p", "--no-preserve=timestamps", "a", "c"]).succeeds();
        assert_eq!(s.mode("c"), s.mode("a"));
        assert_ne!(times(s, "c")[1], PAST[1]);
        s.dir("d").chmod("d", 0o700);
        s.cp(["-r", "--no-preserve=mode", "d", "e"]).umask(0o022).succeeds();
        assert_eq!(s.mode("e"), 0o755);
    });
}

#[test]
fn hard_links_stay_links_of_one_another() {
    each_engine(|s| {
        s.file("s/a", "1").hard_link("s/b", "s/a").dir("s/d").hard_link("s/d/c", "s/a");
        for (option, to) in [("--preserve=links", "t"), ("-d", "u"), ("-a", "v")] {
            s.cp(["-r", option, "s", to]).succeeds();
            let links = ["a", "b", "d/c"].map(|name| s.path(to).join(name).metadata().unwrap());
            assert!(links.iter().all(|link| link.ino() == links[0].ino() && link.nlink() == 3), "{option}");
        }
        s.cp(["-r", "s", "w"]).succeeds();
        assert_eq!(s.path("w/a").metadata().unwrap().nlink(), 1);
        s.dir("x");
        s.cp(["-d", "s/a", "s/b", "x"]).succeeds();
        assert_eq!(s.path("x/a").metadata().unwrap().nlink(), 2);
    });
}

#[test]
fn extended_attributes_are_kept_where_asked_for() {
    each_engine(|s| {
        s.file("a", "1");
        if !give_attribute(s, "a") {
            return;
        }
        for (options, expected) in [
            (&["-p"][..], false),
            (&["--preserve=xattr"], true),
            (&["--preserve=all"], true),
            (&["-a"], true),
            (&["-a", "--no-preserve=xattr"], false),
            (&["--attributes-only", "--preserve=xattr"], true),
        ] {
            s.cp(options.iter().copied().chain(["a", "b"])).succeeds();
            assert_eq!(attribute(s, "b"), expected, "{options:?}");
            std::fs::remove_file(s.path("b")).unwrap();
        }
    });
}

#[test]
fn archive_keeps_all_of_a_tree() {
    each_engine(|s| {
        s.file("s/d/a", "1").symlink("s/l", "d/a").fifo("s/p", 0o600).chmod("s/d", 0o2711);
        past(s, "s/d/a");
        past(s, "s/d");
        past(s, "s");
        s.cp(["-a", "s", "t"]).umask(0o077).succeeds();
        s.assert_same("s", "t");
        for name in ["", "d", "d/a"] {
            let [copied, kept] = ["t", "s"].map(|tree| times(s, &format!("{tree}/{name}"))[1]);
            assert_eq!((copied, kept), (PAST[1], PAST[1]), "{name}");
        }
        assert_eq!(times(s, "t/l")[1], times(s, "s/l")[1]);
        assert_eq!(times(s, "t/p")[1], times(s, "s/p")[1]);
    });
}

#[test]
fn attributes_only_copies_no_data_and_cuts_none() {
    each_engine(|s| {
        source(s);
        s.file("b", "before").chmod("b", 0o600);
        s.cp(["--attributes-only", "a", "c"]).succeeds();
        assert_eq!((s.read("c"), s.mode("c") & 0o777), (Vec::new(), 0o751));
        s.cp(["--attributes-only", "-p", "a", "b"]).succeeds();
        assert_eq!((s.read("b"), s.mode("b"), times(s, "b")[1]), (b"before".to_vec(), s.mode("a"), PAST[1]));
    });
}

#[test]
fn an_owner_that_cannot_be_given_costs_the_special_bits() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "1").dir("d").give_to_nobody();
        chown(s.path("s/a"), Some(7), Some(8)).unwrap();
        s.chmod("s/a", 0o6755);
        s.cp(["-p", "s/a", "d"]).by_nobody().succeeds();
        assert_eq!(s.mode("d/a"), 0o755);
    });
}

#[test]
fn a_file_that_is_newer_is_updated_by_its_kept_time() {
    each_engine(|s| {
        source(s);
        s.cp(["-p", "a", "b"]).succeeds();
        OpenOptions::new().write(true).open(s.path("b")).unwrap().set_len(1).unwrap();
        past(s, "b");
        s.cp(["-pu", "a", "b"]).succeeds();
        assert_eq!(s.read("b").len(), 1, "of the same time, so not older");
    });
}

#[test]
fn unknown_attributes_are_refused_with_the_list() {
    each_engine(|s| {
        s.file("a", "1");
        for option in ["--preserve=bad", "--no-preserve=bad", "--preserve=mode,bad"] {
            s.cp([option, "a", "b"])
                .run()
                .ends(1)
                .mentions("invalid argument ‘bad’ for ‘--")
                .mentions("‘timestamps’");
        }
        assert!(!s.exists("b"));
    });
}
