//! `-u`: what stays at the destination, and what becomes of it where its sources are one file.

use std::os::unix::fs::MetadataExt;

use crate::common::{Sandbox, each_engine, needs_extensions};

fn inode(s: &Sandbox, name: &str) -> u64 {
    s.path(name).symlink_metadata().unwrap().ino()
}

/// Two names of one file, and what is newer under both in `d`.
fn two_names(s: &Sandbox) {
    s.file("a", "1").hard_link("b", "a").file("d/a", "newer").file("d/b", "new too");
    s.times("a", 1000, 1000).times("d/a", 2000, 2000).times("d/b", 2000, 2000);
}

#[test]
fn what_stays_becomes_one_file_whether_links_are_kept_or_not() {
    for options in ["-u", "-uf", "-up", "-uP", "-uH", "-ub", "-ul", "-us", "-ual", "-ud"] {
        each_engine(|s| {
            two_names(s);
            s.cp([options, "-v", "a", "b", "d"]).succeeds().prints("removed 'd/b'\n");
            assert_eq!(inode(s, "d/a"), inode(s, "d/b"), "{options}");
            assert_eq!(
                (s.read("d/a"), s.names("d")),
                (b"newer".to_vec(), vec!["".to_owned(), "a".into(), "b".into()])
            );
        });
    }
}

#[test]
fn so_it_does_in_a_tree() {
    each_engine(|s| {
        s.file("s/a", "1").hard_link("s/b", "s/a").file("s/c", "2").times("s/a", 1000, 1000);
        s.cp(["-r", "s", "d"]).succeeds();
        s.cp(["-ru", "s/.", "d"]).succeeds();
        assert_eq!(inode(s, "d/a"), inode(s, "d/b"));
        assert_ne!(inode(s, "d/a"), inode(s, "d/c"));
        s.assert_same("s", "d");
    });
}

#[test]
fn what_is_copied_or_declined_is_not_linked_unless_links_are_kept() {
    each_engine(|s| {
        two_names(s);
        s.times("d/a", 500, 500);
        for sources in [["a", "b"], ["b", "a"]] {
            s.times("d/a", 500, 500);
            s.cp(["-uv"]).and(sources).and(["d"]).succeeds().prints("'a' -> 'd/a'\n");
            assert_eq!((s.read("d/a"), s.read("d/b")), (b"1".to_vec(), b"new too".to_vec()));
        }
        for options in ["-n", "--update=none"] {
            s.cp([options, "a", "b", "d"]).succeeds();
        }
        s.cp(["--update=none-fail", "a", "b", "d"]).run().ends(1);
        assert_ne!(inode(s, "d/a"), inode(s, "d/b"));
    });
}

#[test]
fn a_source_given_twice_with_backups_has_its_copy_made_a_link_to_itself() {
    each_engine(|s| {
        two_names(s);
        for options in ["-ub", "-uS~", "-ubP", "-ubl", "-u --backup=numbered"] {
            let run = s.cp(["-v"]).and(options.split(' ')).and(["a", "a", "d"]);
            run.succeeds().prints("removed 'd/a'\n");
            assert_eq!((s.read("d/a"), s.names("d").len()), (b"newer".to_vec(), 3));
        }
    });
}

#[test]
fn an_operand_met_again_in_a_later_one_is_linked_too() {
    each_engine(|s| {
        s.file("s/f", "1").file("s/g", "2").file("d/f", "x").file("d/s/f", "y").file("d/s/g", "z");
        for name in ["s/f", "s/g"] {
            s.times(name, 1000, 1000);
        }
        s.cp(["-ru", "s/f", "s", "d"]).succeeds();
        assert_eq!((s.read("d/s/f"), s.read("d/s/g")), (b"x".to_vec(), b"z".to_vec()));
        assert_eq!(inode(s, "d/f"), inode(s, "d/s/f"));
    });
}

#[test]
fn an_empty_name_stays_where_the_working_directory_is_newer() {
    each_engine(|s| {
        s.file("f", "1").times("f", 1000, 1000);
        s.cp(["-ub", "f", ""]).succeeds();
        s.times("f", 4_000_000_000, 4_000_000_000);
        s.cp(["-ub", "f", ""]).fails("ucp: cannot create regular file '': No such file or directory");
    });
}

#[test]
fn what_stays_is_told_of_when_it_has_become_a_link() {
    each_engine(|s| {
        two_names(s);
        s.cp(["-u", "--debug", "a", "b", "d"])
            .succeeds()
            .prints("skipped 'd/a'\nremoved 'd/b'\nskipped 'd/b'\n");
        s.dir("e").file("e/a", "newer").dir("e/b");
        s.cp(["-u", "--debug", "a", "b", "e"])
            .run()
            .ends(1)
            .prints("skipped 'e/a'\n")
            .complains("ucp: cannot create hard link 'e/b' to 'e/a': Is a directory");
    });
}

#[test]
fn a_directory_that_was_filled_meanwhile_is_newer_than_what_a_link_to_it_would_get() {
    each_engine(|s| {
        s.in_walk_order(&[&["p/a", "p/m"]], |s| {
            s.file("p/a", "1").file("p/m", "2").dir("x").symlink("x/m", "../x");
        });
        s.times("p/m", 2000, 2000).times("x", 1000, 1000);
        s.cp(["-ruT", "p", "x"]).succeeds();
        assert_eq!((s.read("x/a"), s.link_target("x/m")), (b"1".to_vec(), "../x".into()));
    });
}

#[test]
fn a_link_with_the_target_of_its_source_counts_as_its_copy_where_it_is_not_removed_first() {
    each_engine(|s| {
        s.symlink("l", "nowhere").symlink("d/l", "nowhere").symlink("other", "elsewhere");
        for name in ["d/l", "other"] {
            s.times(name, 1000, 1000);
        }
        let there = inode(s, "d/l");
        s.cp(["-P", "--attributes-only", "l", "d"])
            .fails("ucp: cannot create symbolic link 'd/l': File exists");
        s.cp(["-uP", "--attributes-only", "l", "other"])
            .fails("ucp: cannot create symbolic link 'other': File exists");
        // Without timestamps it stays the older one.
        s.cp(["-uvP", "--attributes-only", "l", "d"]).succeeds().prints("'l' -> 'd/l'\n");
        s.cp(["-uvP", "--attributes-only", "--preserve=timestamps", "l", "d"])
            .succeeds()
            .prints("'l' -> 'd/l'\n");
        s.cp(["-uvP", "--attributes-only", "--preserve=timestamps", "l", "d"]).succeeds().prints("");
        assert_eq!(s.attributes("d/l").modified, s.attributes("l").modified);
        assert_eq!(inode(s, "d/l"), there);
    });
}

#[test]
fn so_it_does_where_copies_are_made_apart_and_where_none_are_made() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.symlink("l", "nowhere").symlink("d/l", "nowhere").times("d/l", 1000, 1000);
        let there = inode(s, "d/l");
        for option in ["--dry-run", "--atomic"] {
            s.cp(["-uvP", "--attributes-only", option, "l", "d"]).succeeds().prints("'l' -> 'd/l'\n");
            assert_eq!((inode(s, "d/l"), s.names("d")), (there, vec![String::new(), "l".into()]));
        }
    });
}
