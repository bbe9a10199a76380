//! GNU's manual of cp, sentence by sentence: forcing, asking, skipping, updating, backups, links instead of copies.

use std::fs::{FileTimes, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::common::{Sandbox, each_engine};

/// Sets the time of modification of a file, in seconds.
fn modified(s: &Sandbox, name: &str, seconds: u64) {
    let file = OpenOptions::new().write(true).open(s.path(name)).unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn content(s: &Sandbox, name: &str) -> String {
    String::from_utf8(s.read(name)).unwrap()
}

#[test]
fn force_removes_what_cannot_be_opened() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before").chmod("b", 0o400).give_to_nobody();
        s.cp(["a", "b"]).by_nobody().fails("ucp: cannot create regular file 'b': Permission denied");
        s.cp(["-fv", "a", "b"]).by_nobody().succeeds().prints("'a' -> 'b'\nremoved 'b'\n");
        assert_eq!((content(s, "b"), s.mode("b")), ("new".into(), 0o644));
    });
}

#[test]
fn force_leaves_what_can_be_opened_in_place() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before").hard_link("c", "b");
        s.cp(["-f", "a", "b"]).succeeds();
        assert_eq!(content(s, "c"), "new");
    });
}

#[test]
fn remove_destination_removes_first() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before").hard_link("c", "b").symlink("l", "c");
        s.cp(["--remove-destination", "-v", "a", "b"]).succeeds().prints("removed 'b'\n'a' -> 'b'\n");
        s.cp(["--remove-destination", "a", "l"]).succeeds();
        assert_eq!(
            (content(s, "b"), content(s, "c"), content(s, "l")),
            ("new".into(), "before".into(), "new".into())
        );
    });
}

#[test]
fn interactive_asks_and_takes_no_for_an_answer() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before");
        for answer in ["n\n", "", "no\n", "maybe\n"] {
            s.cp(["-i", "a", "b"]).input(answer).fails("ucp: overwrite 'b'? ");
        }
        assert_eq!(content(s, "b"), "before");
        s.cp(["-i", "a", "new"]).succeeds();
        s.cp(["--interactive", "a", "b"]).input("y\n").run().ends(0).complains("ucp: overwrite 'b'? ");
        assert_eq!(content(s, "b"), "new");
    });
}

#[test]
fn the_last_of_asking_and_skipping_counts() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before");
        s.cp(["-i", "-n", "a", "b"]).input("y\n").succeeds();
        assert_eq!(content(s, "b"), "before");
        s.cp(["-n", "-i", "a", "b"]).input("y\n").run().ends(0).complains("ucp: overwrite 'b'? ");
        assert_eq!(content(s, "b"), "new");
    });
}

#[test]
fn no_clobber_skips_silently_and_none_fail_does_not() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before");
        for option in ["-n", "--no-clobber", "--update=none"] {
            s.cp([option, "-v", "a", "b"]).succeeds().prints("");
        }
        s.cp(["--update=none-fail", "a", "b"]).fails("ucp: not replacing 'b'");
        assert_eq!(content(s, "b"), "before");
        s.cp(["--update=all", "a", "b"]).succeeds();
        assert_eq!(content(s, "b"), "new");
    });
}

#[test]
fn update_replaces_older_files_only() {
    each_engine(|s| {
        s.file("a", "new");
        modified(s, "a", 1_000_000);
        for option in ["-u", "--update", "--update=older"] {
            for (time, expected) in [(999_999, "new"), (1_000_000, "before"), (1_000_001, "before")] {
                s.file("b", "before");
                modified(s, "b", time);
                s.cp([option, "a", "b"]).succeeds();
                assert_eq!(content(s, "b"), expected, "{option}, destination of {time}");
            }
        }
        s.cp(["-u", "a", "new"]).succeeds();
        assert!(s.exists("new"));
    });
}

#[test]
fn each_kind_of_backup_has_its_name() {
    each_engine(|s| {
        s.file("a", "new");
        for (option, expected) in [
            ("-b", "b~"),
            ("--backup", "b~"),
            ("--backup=simple", "b~"),
            ("--backup=never", "b~"),
            ("--backup=existing", "b~"),
            ("--backup=nil", "b~"),
            ("--backup=numbered", "b.~1~"),
            ("--backup=t", "b.~1~"),
            ("--suffix=.old", "b.old"),
        ] {
            s.file("d/b", "before");
            s.cp([option, "-v", "a", "d/b"])
                .succeeds()
                .prints(format!("'a' -> 'd/b' (backup: 'd/{expected}')\n"));
            assert_eq!(content(s, &format!("d/{expected}")), "before", "{option}");
            std::fs::remove_dir_all(s.path("d")).unwrap();
        }
        for option in ["--backup=none", "--backup=off"] {
            s.file("d/b", "before");
            s.cp([option, "a", "d/b"]).succeeds();
            assert_eq!(s.names("d"), ["", "b"], "{option}");
        }
    });
}

#[test]
fn existing_numbered_backups_make_more_of_them() {
    each_engine(|s| {
        s.file("a", "new").file("d/b", "before").file("d/b.~4~", "old");
        s.cp(["-b", "a", "d/b"]).succeeds();
        assert_eq!(s.names("d"), ["", "b", "b.~4~", "b.~5~"]);
        s.cp(["--backup=simple", "a", "d/b"]).succeeds();
        assert_eq!(s.names("d"), ["", "b", "b.~4~", "b.~5~", "b~"]);
    });
}

#[test]
fn the_environment_chooses_kind_and_suffix() {
    each_engine(|s| {
        s.file("a", "new").file("d/b", "before");
        s.cp(["-b", "a", "d/b"]).env("VERSION_CONTROL", "numbered").succeeds();
        s.cp(["-b", "a", "d/b"]).env("SIMPLE_BACKUP_SUFFIX", ".s").env("VERSION_CONTROL", "never").succeeds();
        s.cp(["a", "d/b"]).env("VERSION_CONTROL", "numbered").succeeds();
        s.cp(["--backup=simple", "a", "d/b"]).env("VERSION_CONTROL", "numbered").succeeds();
        assert_eq!(s.names("d"), ["", "b", "b.s", "b.~1~", "b~"]);
    });
}

#[test]
fn force_and_backup_of_a_file_onto_itself_make_a_backup() {
    each_engine(|s| {
        s.file("a", "1");
        s.cp(["a", "a"]).fails("ucp: 'a' and 'a' are the same file");
        s.cp(["--backup", "a", "a"]).fails("ucp: 'a' and 'a' are the same file");
        s.cp(["--force", "--backup", "a", "a"]).succeeds();
        assert_eq!(s.names(""), ["", "a", "a~"]);
    });
}

#[test]
fn link_makes_hard_links() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/d/b", "2");
        s.cp(["-rl", "s", "t"]).succeeds();
        s.cp(["--link", "s/a", "c"]).succeeds();
        let inode = |name: &str| s.path(name).metadata().unwrap().ino();
        assert_eq!((inode("t/a"), inode("t/d/b"), inode("c")), (inode("s/a"), inode("s/d/b"), inode("s/a")));
        s.file("e", "2");
        s.cp(["-l", "s/a", "e"]).fails("ucp: cannot create hard link 'e' to 's/a': File exists");
        s.cp(["-lf", "s/a", "e"]).succeeds();
        assert_eq!(inode("e"), inode("s/a"));
    });
}

#[test]
fn symbolic_links_need_names_that_hold_where_they_stand() {
    each_engine(|s| {
        s.file("a", "1").dir("d");
        s.cp(["-s", "a", "l"]).succeeds();
        assert_eq!(s.link_target("l"), Path::new("a"));
        s.cp(["-s", "a", "d"]).fails("ucp: d/a: can make relative symbolic links only in current directory");
        let whole = s.path("a");
        s.cp([Path::new("--symbolic-link"), &whole, Path::new("d/m")]).succeeds();
        assert_eq!(s.link_target("d/m"), whole);
    });
}
