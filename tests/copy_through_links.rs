//! Links that the run itself has made, where a later source would be written through them.

use std::path::Path;

use rustix::fs::FileType;

use crate::common::{Sandbox, each_engine, needs_extensions, needs_root};

/// Links to directories are filled through.
const FILLS: [&str; 3] = ["-r", "--copy-contents", "--keep-directory-symlink"];

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
    for target in ["../e", "nowhere"] {
        each_engine(|s| {
            s.symlink("a/x", target).file("b/x/z", "3").dir("d").dir("e");
            s.cp(FILLS)
                .and(["a/x", "b/x", "d"])
                .fails("ucp: will not copy 'b/x' through just-created symlink 'd/x'");
            assert_eq!((s.names("e"), s.link_target("d/x")), (vec![String::new()], target.into()));
            // One that was there before is.
            s.dir("before").symlink("before/x", "../e");
            s.cp(FILLS).and(["b/x", "before"]).succeeds();
            assert_eq!(s.read("e/z"), b"3");
        });
    }
}

#[test]
fn a_link_that_leads_nowhere_counts_as_nothing_where_it_would_be_filled_through() {
    each_engine(|s| {
        s.dir("x").file("f", "1").symlink("none/x", "nowhere").symlink("loop/x", "x");
        s.symlink("file/x", "../f/y");
        s.cp(FILLS).and(["x", "none"]).fails("ucp: cannot create directory 'none/x': File exists");
        s.cp(FILLS).and(["x", "loop"]).fails("ucp: cannot stat 'loop/x': Too many levels of symbolic links");
        s.cp(FILLS).and(["x", "file"]).fails("ucp: cannot stat 'file/x': Not a directory");
    });
}

#[test]
fn a_dry_run_tells_of_a_link_that_leads_nowhere_and_would_be_filled_through() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.dir("x").symlink("none/x", "nowhere");
        let dry = s.cp(FILLS).and(["--dry-run", "x", "none"]);
        dry.fails("ucp: cannot create directory 'none/x': File exists");
    });
}

#[test]
fn a_link_that_a_directory_was_filled_through_counts_as_just_made() {
    each_engine(|s| {
        s.file("a/x/f", "1")
            .file("b/x/f", "2")
            .symlink("c/x", "nowhere")
            .dir("d")
            .dir("e")
            .symlink("d/x", "../e");
        for option in ["-r", "-a"] {
            let options = [option, "--copy-contents", "--keep-directory-symlink"];
            s.cp(options)
                .and(["a/x", "b/x", "d"])
                .fails("ucp: will not copy 'b/x' through just-created symlink 'd/x'");
            s.cp(options)
                .and(["a/x", "c/x", "d"])
                .fails("ucp: will not overwrite just-created 'd/x' with 'c/x'");
            assert_eq!((s.read("e/f"), s.link_target("d/x")), (b"1".to_vec(), "../e".into()));
        }
    });
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
        s.cp(FILLS)
            .and(["p/t", "q/t", "d"])
            .fails("ucp: will not copy 'q/t/x' through just-created symlink 'd/t/x'");
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

/// GNU cp, which goes by paths, comes there no more, and says so of all that is left to do.
#[test]
fn a_directory_stays_in_reach_when_a_link_on_its_way_makes_way_for_a_copy() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.symlink("s/g", "../s").file("s/m/f", "1").dir("d");
        s.cp(["--parents", "-a", "s/g", "s/g/.", "d"]).succeeds();
        s.assert_same("s", "d/s");
        s.symlink("w/k", ".").symlink("w/dl", "k").chmod("w", 0o750);
        s.cp(["-ab", "w/k/", "w/dl"]).succeeds();
        assert_eq!((s.mode("w/k"), s.link_target("w/k~")), (0o750, ".".into()));
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
