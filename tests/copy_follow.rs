//! Which symbolic links of the source are followed: `-P`, `-H`, `-L`, and without any of them.

use std::path::Path;

use crate::common::{Sandbox, each_engine};

/// A directory `s` with links of every kind in it, and links to it and to its parts beside it.
fn links(s: &Sandbox) {
    s.file("s/file", "1").file("s/dir/inside", "2").symlink("s/to-file", "file").symlink("s/to-dir", "dir");
    s.symlink("link", "s").symlink("file-link", "s/file").symlink("dangling", "nowhere");
}

#[test]
fn a_link_is_copied_as_a_link_with_p() {
    each_engine(|s| {
        links(s);
        for name in ["link", "file-link", "dangling"] {
            s.cp(["-P", name, "new"]).succeeds();
            assert_eq!(s.link_target("new"), s.link_target(name));
            std::fs::remove_file(s.path("new")).unwrap();
        }
        s.dir("d").cp(["-P", "link/", "d"]).fails("ucp: -r not specified; omitting directory 'link/'");
        s.cp(["-P", "link", "file-link", "d"]).succeeds();
        assert_eq!(s.link_target("d/link"), Path::new("s"));
    });
}

#[test]
fn only_links_that_are_named_are_followed_with_h() {
    each_engine(|s| {
        links(s);
        s.cp(["-rH", "link", "new"]).succeeds();
        s.assert_same("s", "new");
        assert_eq!(s.link_target("new/to-dir"), Path::new("dir"));
        s.cp(["-RH", "dangling", "x"]).fails("ucp: cannot stat 'dangling': No such file or directory");
    });
}

#[test]
fn every_link_is_followed_with_l() {
    each_engine(|s| {
        links(s);
        s.cp(["-rLv", "link", "new"]).succeeds().prints_lines(&[
            "'link' -> 'new'",
            "'link/dir' -> 'new/dir'",
            "'link/dir/inside' -> 'new/dir/inside'",
            "'link/file' -> 'new/file'",
            "'link/to-dir' -> 'new/to-dir'",
            "'link/to-dir/inside' -> 'new/to-dir/inside'",
            "'link/to-file' -> 'new/to-file'",
        ]);
        s.assert_same("s/dir", "new/to-dir");
        s.assert_same("s/file", "new/to-file");
    });
}

#[test]
fn links_that_lead_nowhere_or_up_are_told_and_the_rest_is_copied() {
    each_engine(|s| {
        s.file("s/dir/inside", "1")
            .symlink("s/gone", "nowhere")
            .symlink("s/self", "self")
            .symlink("s/dot", ".");
        s.symlink("s/dir/up", "..").symlink("s/last", "dir");
        s.cp(["-rL", "s", "t"]).run().ends(1).complains_lines(&[
            "ucp: cannot stat 's/gone': No such file or directory",
            "ucp: cannot stat 's/self': Too many levels of symbolic links",
            "ucp: cannot copy cyclic symbolic link 's/dot'",
            "ucp: cannot copy cyclic symbolic link 's/dir/up'",
            "ucp: cannot copy cyclic symbolic link 's/last/up'",
        ]);
        assert_eq!(s.names("t"), ["", "dir", "dir/inside", "last", "last/inside"]);
    });
}

#[test]
fn directories_far_behind_links_are_reached_with_few_descriptors() {
    each_engine(|s| {
        let mut path = "s".to_owned();
        for level in 0..30 {
            s.file(format!("{path}/before"), "b").file(format!("away/{level}/inside"), "i");
            s.symlink(format!("{path}/link"), s.path(format!("away/{level}")));
            path = format!("{path}/link");
            s.file(format!("{path}/z"), "after");
        }
        s.cp(["-rL", "s", "t"]).limit(rustix::process::Resource::Nofile, 30).succeeds();
        let deepest = format!("t{}", "/link".repeat(30));
        assert!(s.path(&deepest).symlink_metadata().unwrap().is_dir());
        assert_eq!(s.read(format!("{deepest}/z")), b"after");
        assert_eq!(s.names("t").len(), 1 + 30 * 4);
    });
}

#[test]
fn a_link_to_a_directory_is_copied_into_the_directory_until_names_are_too_long() {
    each_engine(|s| {
        s.dir("s").symlink("l", "s");
        let outcome =
            s.cp(["-rL", "l", "s/new"]).run().ends(1).mentions("cannot create directory 's/new/new/");
        assert!(outcome.stderr().ends_with("new/new': File name too long\n"));
        assert_eq!(outcome.stderr().lines().count(), 1);
    });
}

#[test]
fn a_directory_is_copied_into_itself_by_no_other_way() {
    for (arguments, message) in [
        (["-rH", "link", "s/n"], "will not create hard link 's/n/n' to directory 's/n'"),
        (["-r", "s", "link/n"], "will not create hard link 'link/n/n' to directory 'link/n'"),
        (["-rL", "s", "s/n"], "cannot copy a directory, 's', into itself, 's/n'"),
        (["-rH", "link", "link/n"], "cannot copy a directory, 'link', into itself, 'link/n'"),
        (["-rL", "link", "link/n"], "cannot copy a directory, 'link', into itself, 'link/n'"),
    ] {
        each_engine(|s| {
            s.dir("s").symlink("link", "s");
            s.cp(arguments).fails(&format!("ucp: {message}"));
            assert!(!s.exists("s/n/n"));
        });
    }
}

#[test]
fn a_destination_that_leads_to_itself_is_replaced_only_by_force_or_by_a_link() {
    each_engine(|s| {
        s.file("a", "1").symlink("self", "self").symlink("l", "a");
        for option in ["-v", "-n", "-u", "-P", "-r"] {
            s.cp([option, "a", "self"]).fails("ucp: cannot stat 'self': Too many levels of symbolic links");
        }
        s.cp(["-fv", "a", "self"]).succeeds().prints("'a' -> 'self'\nremoved 'self'\n");
        std::fs::remove_file(s.path("self")).unwrap();
        s.symlink("self", "self").cp(["-P", "l", "self"]).succeeds();
        assert_eq!(s.link_target("self"), Path::new("a"));
    });
}

#[test]
fn what_is_in_the_way_of_a_link_in_a_circle_is_kept_for_a_while() {
    each_engine(|s| {
        s.symlink("s/h/k", "..").symlink("d/s/h/k", "nowhere");
        s.cp(["-bvrL", "s", "d"])
            .run()
            .ends(1)
            .prints("'d/s/h/k~' -> 'd/s/h/k' (unbackup)\n")
            .complains("ucp: cannot copy cyclic symbolic link 's/h/k'");
        assert_eq!(s.names("d/s/h"), ["", "k"]);
    });
}
