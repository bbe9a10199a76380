//! What a backup does to the names that it meets: another name of the source, and a symbolic link that is moved aside.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use crate::common::{Sandbox, each_engine, needs_extensions};

/// `h` with a backup `h~` of two more names, in `sub` under the same, and links to it.
fn names(s: &Sandbox) {
    s.file("h", "old").file("h~", "kept").hard_link("other", "h~").dir("sub").hard_link("sub/h~", "h~");
    s.symlink("to-backup", "h~").symlink("to-other", "other");
}

#[test]
fn a_backup_takes_another_name_of_the_source_but_never_its_own() {
    // Source, and whether the backup is made.
    let cases = [
        ("other", true),
        ("to-other", true),
        ("h~", false),
        ("./h~", false),
        ("sub/../h~", false),
        ("sub/h~", false),
    ];
    each_engine(|s| {
        for (source, is_made) in cases {
            names(s);
            let outcome = s.cp(["--backup=simple", source, "h"]).run();
            if is_made {
                outcome.ends(0).complains("");
                assert_eq!((s.read("h"), s.read("h~")), (b"kept".to_vec(), b"old".to_vec()), "{source}");
            } else {
                let complaint = format!("ucp: backing up 'h' might destroy source;  '{source}' not copied");
                outcome.ends(1).complains(&complaint);
                assert_eq!((s.read("h"), s.read("h~")), (b"old".to_vec(), b"kept".to_vec()), "{source}");
            }
            assert_eq!(s.read("other"), b"kept");
            for entry in fs::read_dir(s.work()).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
            }
        }
    });
}

#[test]
fn a_backup_that_takes_the_way_to_the_source_is_made_and_taken_back() {
    each_engine(|s| {
        // The source has another name, so that its contents are not lost.
        names(s);
        s.cp(["-v", "--backup=simple", "to-backup", "h"])
            .run()
            .ends(1)
            .prints("'to-backup' -> 'h' (backup: 'h~')\n'h~' -> 'h' (unbackup)\n")
            .complains("ucp: skipping file 'to-backup', as it was replaced while being copied");
        assert_eq!(
            (s.read("h"), s.exists("h~"), s.read("other")),
            (b"old".to_vec(), false, b"kept".to_vec())
        );
        // Neither of these has any.
        s.fifo("f~", 0o644).file("f", "old").symlink("to-fifo", "f~");
        s.cp(["-rL", "--backup=simple", "to-fifo", "f"]).succeeds();
        assert_eq!(s.read("f~"), b"old");
        s.dir("d~").file("d", "old").symlink("to-directory", "d~");
        s.cp(["-rLT", "--backup=simple", "to-directory", "d"])
            .fails("ucp: cannot backup 'd': Is a directory");
    });
}

#[test]
fn a_backup_does_not_take_the_last_name_of_the_source() {
    // GNU cp takes it, and the contents are gone.
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("f", "old").file("f~", "contents").symlink("l", "f~");
        for options in [&["-b"][..], &["-bl"], &["-bs"], &["-ab", "-L"]] {
            s.cp(options.iter().chain(&["l", "f"]))
                .fails("ucp: backing up 'f' might destroy source;  'l' not copied");
            assert_eq!((s.read("f"), s.read("f~")), (b"old".to_vec(), b"contents".to_vec()));
        }
    });
}

#[test]
fn a_file_in_the_way_of_the_contents_of_a_directory_is_removed_and_not_kept() {
    each_engine(|s| {
        s.dir("src/s").file("src/f", "1");
        for source in ["src/.", "src/s/..", "src/./", "src/././"] {
            s.file("file", "old");
            let outcome = s.cp(["-rv", "--backup=numbered", source, "file"]).run().ends(0);
            assert!(
                outcome.stdout().starts_with(format!("removed 'file'\n'{source}' -> 'file'\n").as_bytes())
            );
            s.assert_same("src", "file");
            assert!(!s.exists("file.~1~"));
            fs::remove_dir_all(s.path("file")).unwrap();
        }
        s.file("file", "old");
        // Links are followed, or no data is given: it stays.
        for options in ["-rLb", "-rlb"] {
            s.cp([options, "src/.", "file"]).fails("ucp: cannot create directory 'file': File exists");
        }
        s.cp(["-rb", "--attributes-only", "src/.", "file"])
            .fails("ucp: cannot create directory 'file': File exists");
        s.cp(["-rLb", "--remove-destination", "src/.", "file"]).succeeds();
        // A directory that has a name of its own, and what lies in one, get a backup as ever.
        s.file("named", "old").file("t/s", "old");
        s.cp(["-rbT", "src", "named"]).succeeds();
        s.cp(["-rb", "src/.", "t"]).succeeds();
        assert_eq!((s.read("named~"), s.read("t/s~")), (b"old".to_vec(), b"old".to_vec()));
    });
}

#[test]
fn a_link_that_makes_way_or_is_in_the_way_of_a_link_is_not_followed() {
    // Options, and under which name the link is then.
    let cases: [(&[&str], &str); 6] = [
        (&["-b"], "t/f~"),
        (&["-rb"], "t/f~"),
        (&["-a", "--backup=numbered", "-u"], "t/f.~1~"),
        (&["-bf"], "t/f~"),
        (&["-l"], "t/f"),
        (&["-s"], "t/f"),
    ];
    let long_ago = Timespec { tv_sec: 1_000_000_000, tv_nsec: 0 };
    let times = Timestamps {
        last_access: long_ago,
        last_modification: Timespec { tv_sec: 1_100_000_000, tv_nsec: 0 },
    };
    each_engine(|s| {
        s.file("f", "new").file("real", "old");
        for ((options, name), target) in
            cases.iter().flat_map(|case| ["../real", "../nothing", "."].map(|to| (case, to)))
        {
            s.symlink("t/f", target);
            rustix::fs::utimensat(CWD, s.path("t/f"), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
            let source = s.path("f");
            s.cp(*options).and([source.to_str().unwrap(), "t"]).run();
            let accessed = s.path(name).symlink_metadata().unwrap().atime();
            assert_eq!(accessed, long_ago.tv_sec, "{options:?} {target}");
            fs::remove_dir_all(s.path("t")).unwrap();
        }
    });
}

#[test]
fn a_source_with_the_name_of_a_simple_backup_is_refused_whatever_number_the_backup_gets() {
    each_engine(|s| {
        s.file("a", "1").file("a~", "2").file("a.~1~", "3").file("b~", "4").dir("d").hard_link("d/a~", "a~");
        for source in ["a~", "./a~", "d/a~"] {
            s.cp(["-b", source, "a"])
                .fails(&format!("ucp: backing up 'a' might destroy source;  '{source}' not copied"));
            assert_eq!(s.read("a"), b"1");
        }
        s.cp(["-b", "b~", "a"]).succeeds();
        assert_eq!((s.read("a"), s.read("a.~2~")), (b"4".to_vec(), b"1".to_vec()));
        s.cp(["--backup=numbered", "a~", "a"]).succeeds();
        assert_eq!((s.read("a"), s.read("a.~3~")), (b"2".to_vec(), b"4".to_vec()));
    });
}

#[test]
fn what_the_backup_of_a_file_onto_itself_meets_is_treated_as_without_backups() {
    // Options, what is said, and whether the backup is there then.
    let cases = [
        ("-bfv", "", "ucp: 'a' and 'a~' are the same file"),
        ("-sbfv", "", "ucp: 'a' and 'a~' are the same file"),
        ("-bfv --remove-destination", "removed 'a~'\n'a' -> 'a~'\n", ""),
    ];
    each_engine(|s| {
        for (options, printed, complaint) in cases {
            s.file("a", "1").hard_link("a~", "a");
            s.cp(options.split(' '))
                .and(["a", "a"])
                .run()
                .ends(i32::from(!complaint.is_empty()))
                .prints(printed)
                .complains(complaint);
            let made = fs::metadata(s.path("a~")).unwrap().ino() != fs::metadata(s.path("a")).unwrap().ino();
            assert_eq!(made, complaint.is_empty(), "{options}");
            fs::remove_file(s.path("a~")).unwrap();
        }
        s.file("a", "1").dir("a~");
        for options in ["-bfv", "-sbfv", "-lbfv"] {
            s.cp([options, "a", "a"])
                .run()
                .ends(1)
                .prints("")
                .complains("ucp: cannot overwrite directory 'a~' with non-directory 'a'");
        }
    });
}

#[test]
fn a_forced_link_takes_a_name_that_its_backup_has_left() {
    each_engine(|s| {
        for option in ["-sbf", "-lbf", "-dbf"] {
            s.file("a", "1").hard_link("a~", "a").symlink("l", "b").file("b", "2");
            s.cp([option, "l", "a"]).succeeds();
            assert_eq!((s.read("a"), s.read("a~")), (b"2".to_vec(), b"1".to_vec()), "{option}");
            ["a", "a~", "l"].iter().for_each(|name| fs::remove_file(s.path(name)).unwrap());
        }
        s.file("a", "1").hard_link("a~", "a").file("b", "2");
        s.cp(["-bf", "b", "a"]).fails("ucp: cannot create regular file 'a': File exists");
        assert_eq!((s.read("a"), s.read("a~")), (b"1".to_vec(), b"1".to_vec()));
    });
}

#[test]
fn where_a_backup_leaves_the_name_a_question_forces_a_hard_link_and_other_names_of_a_copy_take_it_unforced() {
    each_engine(|s| {
        let names = |s: &Sandbox| {
            s.file("src/1", "new")
                .hard_link("src/2", "src/1")
                .file("dst/2", "old")
                .hard_link("dst/2~", "dst/2");
        };
        names(s);
        s.cp(["-lb", "src/2", "dst"]).fails("ucp: cannot create hard link 'dst/2' to 'src/2': File exists");
        s.cp(["-lbi", "src/2", "dst"]).input("y\n").run().ends(0).complains("ucp: overwrite 'dst/2'? ");
        assert_eq!((s.read("dst/2"), s.read("dst/2~")), (b"new".to_vec(), b"old".to_vec()));
        fs::remove_dir_all(s.path("src")).unwrap();
        fs::remove_dir_all(s.path("dst")).unwrap();
        names(s);
        s.cp(["-vb", "--preserve=links", "src/1", "src/2", "dst"])
            .run()
            .ends(0)
            .complains("")
            .prints("'src/1' -> 'dst/1'\n'src/2' -> 'dst/2' (backup: 'dst/2~')\nremoved 'dst/2'\n");
        assert_eq!((s.read("dst/2"), s.read("dst/2~")), (b"new".to_vec(), b"old".to_vec()));
    });
}
