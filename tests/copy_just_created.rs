//! What the copy of one operand is to a later operand of its name: it is not overwritten, and nothing is written through it;
//! and other names of its source become names of it.

use std::path::Path;

use rustix::fs::FileType;

use crate::common::{Sandbox, each_engine, needs_extensions, needs_root};

/// Two operands of one name and an existing file of that name.
fn two_of_one_name(s: &Sandbox) {
    s.file("p/x", "px").file("q/x", "qx").dir("d").file("c", "c");
}

#[test]
fn a_copy_that_failed_may_be_overwritten() {
    each_engine(|s| {
        two_of_one_name(s);
        s.file("q/mem", "new").symlink("d/mem", "../c");
        let complaint = "ucp: error reading '/proc/self/mem': Input/output error";
        for options in [&["-f"][..], &["-v"], &["--remove-destination"]] {
            s.cp(options).and(["/proc/self/mem", "q/mem", "d"]).run().ends(1).complains(complaint);
            assert_eq!(s.read("d/mem"), b"new", "{options:?}");
        }
        let calls = [libc::SYS_utimensat];
        s.cp(["-p", "p/x", "q/x", "d"]).refused(&calls, libc::EPERM).run().ends(1).complains(
            "ucp: preserving times for 'd/x': Operation not permitted\n\
             ucp: preserving times for 'd/x': Operation not permitted\n",
        );
        assert_eq!(s.read("d/x"), b"qx");
    });
}

#[test]
fn a_clone_that_failed_may_be_tried_over_again() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("t", "size=9m") else { return };
        s.file("t/p/x", "px").file("t/q/x", "qx").file("t/d/x", "old");
        s.cp(["--reflink=always", "t/p/x", "t/q/x", "t/d"]).run().ends(1).complains(
            "ucp: failed to clone 't/d/x' from 't/p/x': Operation not supported\n\
             ucp: failed to clone 't/d/x' from 't/q/x': Operation not supported\n",
        );
        assert_eq!(s.read("t/d/x"), b"");
    });
}

#[test]
fn a_copy_without_its_attributes_has_no_other_names() {
    each_engine(|s| {
        s.file("p/x", "px").hard_link("p/y", "p/x").dir("d");
        let times = |name: &str| format!("ucp: preserving times for 'd/{name}': Operation not permitted\n");
        s.cp(["-a", "p/x", "p/y", "d"])
            .refused(&[libc::SYS_utimensat], libc::EPERM)
            .fails(&(times("x") + &times("y")));
        let links = |name: &str| std::os::unix::fs::MetadataExt::nlink(&s.path(name).metadata().unwrap());
        assert_eq!([links("d/x"), links("d/y")], [1, 1]);
        assert_eq!([s.read("d/x"), s.read("d/y")], [b"px", b"px"]);
    });
}

#[test]
fn another_name_of_what_was_just_made_may_be_overwritten() {
    each_engine(|s| {
        two_of_one_name(s);
        s.file("p/y", "py").file("d/y", "old").symlink("d/x", "y");
        for option in ["-f", "-v"] {
            s.cp([option, "p/x", "p/y", "q/x", "d"])
                .fails("ucp: will not copy 'q/x' through just-created symlink 'd/x'");
            assert_eq!(s.read("d/y"), b"py");
        }
        s.dir("e").file("e/x", "old").hard_link("e/y", "e/x");
        s.cp(["p/x", "p/y", "q/x", "e"]).fails("ucp: will not overwrite just-created 'e/x' with 'q/x'");
        assert_eq!(s.read("e/x"), b"py");
        s.dir("g").hard_link("p/z", "p/x").file("q/z", "qz");
        s.cp(["-d", "p/x", "p/z", "q/z", "g"]).succeeds();
        assert_eq!([s.read("g/x"), s.read("g/z")], [b"px", b"qz"]);
    });
}

#[test]
fn another_name_of_a_source_that_was_written_through_a_link_is_one_of_that_link() {
    each_engine(|s| {
        two_of_one_name(s);
        s.hard_link("p/y", "p/x").symlink("d/x", "../c");
        s.cp(["-d", "p/x", "p/y", "d"]).succeeds();
        assert_eq!((s.read("c"), s.link_target("d/y")), (b"px".to_vec(), "../c".into()));
    });
}

#[test]
fn a_symbolic_link_without_its_owner_counts_as_not_made() {
    each_engine(|s| {
        s.file("q/x", "qx").symlink("p/x", "nowhere").dir("d");
        if !needs_root() {
            return;
        }
        s.chown("p/x", 1, 1);
        s.cp(["-a", "p/x", "q/x", "d"])
            .refused(&[libc::SYS_fchownat, libc::SYS_fchown], libc::EIO)
            .run()
            .ends(1)
            .complains(
                "ucp: failed to preserve ownership for d/x: Input/output error\n\
                 ucp: not writing through dangling symlink 'd/x'\n",
            );
    });
}

/// Two sources of one name, the first of which is a link to `target`, and a directory for both.
fn a_link_and_a_file(s: &Sandbox, target: &str) {
    s.symlink("a/f", target).file("b/f", "5").dir("d").file("out", "o");
}

#[test]
fn nothing_is_said_of_a_file_that_would_be_written_through_a_link_just_made() {
    for target in ["../out", "nowhere"] {
        each_engine(|s| {
            a_link_and_a_file(s, target);
            s.cp(["-dv", "a/f", "b/f", "d"])
                .run()
                .ends(1)
                .prints("'a/f' -> 'd/f'\n")
                .complains("ucp: will not copy 'b/f' through just-created symlink 'd/f'");
            assert_eq!(s.read("out"), b"o");
        });
    }
}

#[test]
fn a_source_that_cannot_be_opened_or_would_be_waited_for_is_not_opened_for_a_link_just_made() {
    each_engine(|s| {
        a_link_and_a_file(s, "nowhere");
        s.dir("c").fifo("c/f", 0o644);
        s.cp(["-d", "--copy-contents", "a/f", "c/f", "d"])
            .fails("ucp: will not copy 'c/f' through just-created symlink 'd/f'");
    });
}

#[test]
fn no_directory_is_filled_through_a_link_just_made() {
    let options = ["-r", "--copy-contents", "--keep-directory-symlink"];
    for target in ["../e", "nowhere"] {
        each_engine(|s| {
            s.symlink("a/x", target).file("b/x/z", "3").dir("d").dir("e");
            s.cp(options)
                .and(["a/x", "b/x", "d"])
                .fails("ucp: will not copy 'b/x' through just-created symlink 'd/x'");
            assert_eq!((s.names("e"), s.link_target("d/x")), (vec![String::new()], target.into()));
            // One that was there before is.
            s.dir("before").symlink("before/x", "../e");
            s.cp(options).and(["b/x", "before"]).succeeds();
            assert_eq!(s.read("e/z"), b"3");
        });
    }
}

#[test]
fn a_link_just_made_in_a_tree_is_not_written_through_either() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        // GNU cp writes to where the link leads.
        s.symlink("a/t/x", "../../out").file("b/t/x", "5").dir("d").file("out", "o").dir("e");
        s.cp(["-r", "a/t", "b/t", "d"])
            .fails("ucp: will not copy 'b/t/x' through just-created symlink 'd/t/x'");
        s.symlink("p/t/x", "../../e").file("q/t/x/z", "5");
        s.cp(["-r", "--copy-contents", "--keep-directory-symlink", "p/t", "q/t", "d"])
            .fails("ucp: will not copy 'q/t/x' through just-created symlink 'd/t/x'");
        // Nor is the link of a name that was linked to the copy of another.
        s.symlink("l/x", "../out").hard_link("l/y", "l/x").file("r/y", "6").dir("f");
        s.cp(["-a", "l/x", "l/y", "r/y", "f"])
            .fails("ucp: will not copy 'r/y' through just-created symlink 'f/y'");
        assert_eq!((s.read("out"), s.names("e")), (b"o".to_vec(), vec![String::new()]));
    });
}

#[test]
fn a_link_just_made_that_leads_nowhere_is_no_more_than_that_where_it_is_no_operands_copy() {
    each_engine(|s| {
        s.symlink("a/t/x", "nowhere").file("b/t/x", "5").dir("d");
        s.cp(["-r", "a/t", "b/t", "d"]).fails("ucp: not writing through dangling symlink 'd/t/x'");
        s.symlink("l/x", "nowhere").hard_link("l/y", "l/x").file("r/y", "6");
        s.cp(["-a", "l/x", "l/y", "r/y", "d"]).fails("ucp: not writing through dangling symlink 'd/y'");
    });
}

#[test]
fn another_name_of_a_copy_is_overwritten() {
    each_engine(|s| {
        // A name that was linked to the copy of another.
        s.file("p/x", "11").dir("q").hard_link("q/y", "p/x").file("r/y", "333").dir("d").dir("e");
        s.cp(["-a", "p/x", "q/y", "r/y", "d"]).succeeds();
        assert_eq!((s.read("d/x"), s.read("d/y")), (b"11".to_vec(), b"333".to_vec()));
        s.cp(["-a", "p", "q/y", "r/y", "e"]).succeeds();
        assert_eq!((s.read("e/p/x"), s.read("e/y")), (b"11".to_vec(), b"333".to_vec()));
        // One that was there before.
        s.file("f/x", "o").hard_link("f/y", "f/x").file("s/x", "no");
        s.cp(["p/x", "r/y", "s/x", "f"]).fails("ucp: will not overwrite just-created 'f/x' with 's/x'");
        assert_eq!((s.read("f/x"), s.read("f/y")), (b"333".to_vec(), b"333".to_vec()));
    });
}

#[test]
fn a_second_name_of_a_source_becomes_a_name_of_the_link_that_the_first_was_written_through() {
    for target in ["../device", "../out"] {
        if target == "../device" && !needs_root() {
            continue;
        }
        each_engine(|s| {
            s.file("a", "1").hard_link("b", "a").symlink("d/a", target).file("out", "o").file("e/out", "o");
            if target == "../device" {
                for name in ["device", "e/device"] {
                    s.node(name, FileType::CharacterDevice, 0o666, rustix::fs::makedev(1, 3));
                }
            }
            s.cp(["-d", "a", "b", "d"]).succeeds();
            assert_eq!(s.link_target("d/b"), Path::new(target));
            s.file("s/a", "1").hard_link("s/b", "s/a").symlink("e/s/a", target).symlink("e/s/b", target);
            s.cp(["-a", "s", "e"]).succeeds();
            assert_eq!(["e/s/a", "e/s/b"].map(|name| s.link_target(name)), [Path::new(target); 2]);
        });
    }
}
