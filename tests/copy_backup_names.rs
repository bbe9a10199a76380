//! What a backup does to the names that it meets: another name of the source, and a symbolic link that is moved aside.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use crate::common::{Sandbox, each_engine, is_reference};

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
        // GNU cp renames over what the link leads to, and then finds it gone.
        ("to-backup", false),
    ];
    each_engine(|s| {
        for (source, is_made) in cases {
            if source == "to-backup" && is_reference() {
                continue;
            }
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
