//! What counts as just made: later operands do not overwrite it, and other names of its source become names of it.

use crate::common::{Sandbox, calls, each_engine};

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
        if !crate::common::needs_root() {
            return;
        }
        s.chown("p/x", 1, 1);
        s.cp(["-a", "p/x", "q/x", "d"])
            .refused(&[libc::SYS_fchownat, calls::LCHOWN, libc::SYS_fchown], libc::EIO)
            .run()
            .ends(1)
            .complains(
                "ucp: failed to preserve ownership for d/x: Input/output error\n\
                 ucp: not writing through dangling symlink 'd/x'\n",
            );
    });
}

#[test]
fn what_was_made_in_a_tree_or_is_spelled_otherwise_may_be_overwritten() {
    each_engine(|s| {
        s.file("x/h", "1")
            .file("y/h", "2")
            .dir("z")
            .dir("d")
            .dir("x/g")
            .symlink("x/k", "nowhere")
            .file("y/k", "3");
        s.cp(["-r", "x/.", "z/.", "y/h", "d"]).succeeds();
        assert_eq!(s.read("d/h"), b"2");
        s.cp(["-r", "x/.", "z/.", "y/k", "d"]).fails("ucp: not writing through dangling symlink 'd/k'");
        s.cp(["-rb", "x/.", "z/.", "y/h", "d"]).succeeds();
        assert_eq!((s.read("d/h"), s.read("d/h~")), (b"2".to_vec(), b"1".to_vec()));
        s.file("b", "4").dir("e");
        s.cp(["-b", "--parents", "./b", "b", "b", "e"])
            .fails("ucp: will not overwrite just-created 'e/b' with 'b'");
        assert!(s.exists("e/b~"));
    });
}
