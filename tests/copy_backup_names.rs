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
