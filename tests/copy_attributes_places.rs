//! Attributes of what is no plain copy: symbolic links made for copies, directories above copies, directories that may not
//! be listed or are made under an ACL or a umask that takes their owner's permissions, sockets.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::fs::FileType;

use crate::common::{Sandbox, each_engine, needs_extensions, needs_root, with_xattrs};

fn modified(s: &Sandbox, name: &str) -> i64 {
    fs::symlink_metadata(s.path(name)).unwrap().mtime()
}

#[test]
fn a_link_made_for_a_copy_gets_times_and_no_owner() {
    each_engine(|s| {
        s.file("f", "1").chmod("f", 0o640).times("f", 5, 7).symlink("to-f", "f");
        if needs_root() {
            s.chown("f", 1, 2);
        }
        let own = s.owner("to-f");
        for (option, kept) in [("-p", true), ("-a", true), ("--preserve=ownership", false), ("-d", false)] {
            let link = format!("link{option}");
            s.cp([option, "-s", "f", &link]).succeeds();
            assert_eq!((modified(s, &link) == 7, s.owner(&link)), (kept, own), "{option}");
        }
        s.file("there", "2").cp(["-afs", "f", "there"]).succeeds();
        assert_eq!(modified(s, "there"), 7);
        // What is followed is what the times are taken of.
        s.cp(["-sp", "to-f", "followed"]).succeeds();
        assert_eq!(modified(s, "followed"), 7);
        s.cp(["-pl", "f", "hard"]).succeeds();
        assert_eq!((s.mode("hard"), s.accessed("hard")), (0o640, s.accessed("f")));
    });
}

#[test]
fn a_link_made_for_a_copy_gets_extended_attributes_where_links_have_them() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("f", "1").xattr("f", "user.one", b"1");
        let refused = "ucp: setting attribute 'user.one' for 'user.one': Operation not permitted";
        s.cp(["-s", "--preserve=xattr", "f", "required"]).fails(refused);
        s.cp(["-s", "--preserve=all", "f", "told"]).run().ends(0).complains(refused);
        s.cp(["-s", "-a", "f", "quiet"]).succeeds();
        if needs_root() {
            s.file("g", "1").xattr("g", "trusted.one", b"1").cp(["-as", "g", "link"]).succeeds();
            assert!(s.attributes("link").xattrs.contains_key("trusted.one"));
        }
    });
}

#[test]
fn directories_above_a_copy_get_attributes_unless_the_last_of_them_is_there() {
    each_engine(|s| {
        s.file("s/t/u/f", "1").file("s/t/u/g", "2").dir("whole/s/t/u").dir("part/s").dir("none");
        for name in ["s", "s/t", "s/t/u"] {
            s.chmod(name, 0o711).times(name, 5, 7);
        }
        s.times("whole/s", 1, 2).times("whole/s/t", 1, 2);
        s.cp(["--parents", "-p", "s/t/u/f", "whole"]).succeeds();
        assert_eq!((modified(s, "whole/s"), modified(s, "whole/s/t")), (2, 2));
        assert_eq!(s.mode("whole/s"), 0o755);
        for target in ["part", "none"] {
            s.cp(["--parents", "-p", "s/t/u/f", target]).succeeds();
            for name in ["s", "s/t", "s/t/u"] {
                let name = format!("{target}/{name}");
                assert_eq!((s.mode(&name), modified(s, &name)), (0o711, 7), "{name}");
            }
        }
        // They are given theirs when their own operand is done, and the next one changes them.
        s.dir("two").cp(["--parents", "-p", "s/t/u/f", "s/t/u/g", "two"]).succeeds();
        assert_eq!(modified(s, "two/s/t"), 7);
        assert!(modified(s, "two/s/t/u") > 7);
    });
}

#[test]
fn directories_above_a_copy_that_are_there_need_no_source_to_be_read() {
    each_engine(|s| {
        s.dir("s/t").dir("d/s/t").chmod("d/s", 0o070).give_to_nobody();
        s.cp(["--parents", "-p", "s/missing", "d"])
            .by_nobody()
            .fails("ucp: cannot stat 's/missing': No such file or directory");
        assert_eq!(s.mode("d/s"), 0o070);
        s.chmod("s", 0o070).chmod("d/s", 0o755);
        s.cp(["--parents", "-a", "s/t/c", "d"])
            .by_nobody()
            .fails("ucp: cannot stat 's/t/c': Permission denied");
    });
}

#[test]
fn directories_above_a_copy_stay_as_they_are_made_where_no_mode_is_kept() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/t/f", "1").chmod("s", 0o1700).xattr("s", "user.one", b"1").dir("d").dir("acl");
        s.default_acl("acl", 0o704, 77);
        s.cp(["--parents", "--no-preserve=mode", "s/t/f", "d"]).succeeds();
        assert_eq!((s.mode("d/s"), s.mode("d/s/t")), (0o755, 0o755));
        s.cp(["--parents", "--no-preserve=mode", "s/t/f", "acl"]).succeeds();
        assert_eq!((s.mode("acl/s"), s.mode("acl/s/t")), (0o704, 0o704));
        s.dir("all").cp(["--parents", "-a", "s/t/f", "all"]).succeeds();
        assert!(!s.attributes("all/s").xattrs.contains_key("user.one"));
        assert_eq!(s.mode("all/s"), 0o1700);
    });
}

#[test]
fn a_directory_that_may_not_be_listed_gets_attributes() {
    each_engine(|s| {
        s.file("s/f", "1").dir("closed").chmod("closed", 0o311).times("s", 5, 7).give_to_nobody();
        s.cp(["-aT", "s", "closed"]).by_nobody().succeeds();
        assert_eq!((s.mode("closed"), modified(s, "closed")), (0o755, 7));
        s.assert_same("s", "closed");
    });
}

#[test]
fn what_an_acl_takes_from_the_owner_of_a_directory_is_lent_while_it_is_filled() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/t/f", "1").dir("d").default_acl("d", 0o604, 77).give_to_nobody();
        for (option, umask, end) in [
            ("-r", 0o022, 0o604),
            ("-r", 0o777, 0o604),
            ("-a", 0o022, 0o755),
            ("-a", 0o777, 0o755),
            ("--preserve=ownership", 0o022, 0o655),
            ("--preserve=ownership", 0o777, 0o600),
            ("--no-preserve=mode", 0o022, 0o755),
        ] {
            let copy = format!("d/{option}-{umask:o}");
            s.cp(["-r", option, "s", &copy]).umask(umask).by_nobody().succeeds();
            assert_eq!(modes_on_the_way(s, [copy.clone(), format!("{copy}/t")]), [end, end], "{copy}");
            assert_eq!(s.read(format!("{copy}/t/f")), b"1");
        }
        s.cp(["--parents", "-r", "s/t/f", "d"]).by_nobody().succeeds();
        assert_eq!(modes_on_the_way(s, ["d/s".to_owned(), "d/s/t".to_owned()]), [0o604, 0o604]);
    });
}

/// The modes of directories that lie in each other. Each is opened to its owner, who could not look into it.
fn modes_on_the_way<const N: usize>(s: &Sandbox, directories: [String; N]) -> [u32; N] {
    directories.map(|directory| {
        let mode = s.mode(&directory);
        s.chmod(&directory, 0o755);
        mode
    })
}

#[test]
fn a_umask_does_not_keep_attributes_from_a_read_only_file() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("f", "1").xattr("f", "user.one", b"1").chmod("f", 0o444).give_to_nobody();
        for (option, umask, end) in
            [("xattr", 0o222, 0o444), ("xattr,ownership", 0o777, 0), ("xattr,mode", 0o777, 0o444)]
        {
            let copy = format!("{option}-{umask:o}");
            s.cp([&format!("--preserve={option}"), "f", &copy]).umask(umask).by_nobody().succeeds();
            assert_eq!(s.mode(&copy), end, "{copy}");
            // Its owner may not have been let to read it.
            assert!(s.chmod(&copy, 0o600).attributes(&copy).xattrs.contains_key("user.one"));
        }
    });
}

#[test]
fn special_files_without_a_mode_to_keep_are_as_any_other() {
    each_engine(|s| {
        s.socket("socket").fifo("fifo", 0o600);
        let mut names = vec![("socket", 0o755), ("fifo", 0o644)];
        if needs_root() {
            s.node("block", FileType::BlockDevice, 0o600, 0).chown("socket", 1, 1);
            names.push(("block", 0o644));
        }
        for (name, mode) in names {
            s.cp(["-r", "--no-preserve=mode", name, "copy"]).succeeds();
            assert_eq!(s.mode("copy"), mode, "{name}");
            fs::remove_file(s.path("copy")).unwrap();
        }
    });
}

#[test]
fn a_source_given_twice_leaves_the_times_of_its_copy() {
    each_engine(|s| {
        s.symlink("link", "nowhere").times("link", 5, 7).dir("d");
        let twice = "ucp: warning: source file 'link' specified more than once";
        s.cp(["-dp", "link", "link", "d"]).run().ends(0).complains(twice);
        assert_eq!(s.accessed("d/link").0, 5);
    });
}

#[test]
fn a_directory_of_another_owner_is_told_of_even_where_its_mode_is_right() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.dir("s").dir("d/s").give_to_nobody().chown("d/s", 1, 2);
        s.cp(["-r", "--preserve=mode", "s", "d"])
            .by_nobody()
            .fails("ucp: preserving permissions for ‘d/s’: Operation not permitted");
    });
}

#[test]
fn what_is_read_from_a_special_file_becomes_a_file_without_special_bits() {
    each_engine(|s| {
        s.fifo("fifo", 0o600).chmod("fifo", 0o6755);
        s.while_feeding("fifo", b"data", || {
            s.cp(["fifo", "copy"]).succeeds();
        });
        assert_eq!((s.mode("copy"), s.read("copy")), (0o755, b"data".to_vec()));
    });
}

/// GNU cp, which goes by the path, cannot enter the directory any more, and says that its permissions could not be kept.
#[test]
fn a_copy_that_its_own_permissions_close_is_given_all_of_them() {
    if !needs_extensions() || !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.dir("c").acl("c", 0o654, 1234).give_to_nobody();
        s.cp(["-aT", "c", "."]).by_nobody().succeeds();
        let access = |name: &str| s.attributes(name).xattrs.get("system.posix_acl_access").cloned();
        assert!(access("c").is_some());
        assert_eq!((access("."), s.mode(".") & 0o777), (access("c"), 0o654));
    });
}
