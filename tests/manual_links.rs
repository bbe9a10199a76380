//! GNU's manual of cp, sentence by sentence: which links are followed, and which part of a name is used.

use std::path::Path;

use crate::common::{Sandbox, each_engine};

/// `s` with a link to a file, one to a directory and one to nowhere; `l` leads to `s`, `k` to a file in it.
fn linked(s: &Sandbox) {
    s.file("s/a", "1").file("s/d/b", "2").symlink("s/to-file", "a").symlink("s/to-dir", "d");
    s.symlink("l", "s").symlink("k", "s/a");
}

fn is_link(s: &Sandbox, name: &str) -> bool {
    s.path(name).symlink_metadata().unwrap().is_symlink()
}

#[test]
fn never_following_copies_links_as_links() {
    each_engine(|s| {
        linked(s);
        for (option, to) in [("-P", "1"), ("--no-dereference", "2"), ("-d", "3"), ("-a", "4")] {
            s.cp([option, "k", to]).succeeds();
            assert_eq!(s.link_target(to), Path::new("s/a"), "{option}");
            let tree = format!("tree{to}");
            s.cp([option, "-r", "s", &tree]).succeeds();
            assert!(
                is_link(s, &format!("{tree}/to-dir")) && is_link(s, &format!("{tree}/to-file")),
                "{option}"
            );
        }
    });
}

#[test]
fn always_following_copies_what_links_lead_to() {
    each_engine(|s| {
        linked(s);
        for (option, to) in [("-L", "1"), ("--dereference", "2")] {
            s.cp([option, "-r", "s", to]).succeeds();
            assert_eq!(s.read(format!("{to}/to-dir/b")), b"2");
            assert!(!is_link(s, &format!("{to}/to-file")), "{option}");
        }
        s.symlink("s/dangling", "nowhere");
        s.cp(["-rL", "s", "3"]).fails("ucp: cannot stat 's/dangling': No such file or directory");
        assert!(s.exists("3/a"));
    });
}

#[test]
fn links_of_the_command_line_alone_are_followed() {
    each_engine(|s| {
        linked(s);
        s.cp(["-rH", "l", "t"]).succeeds();
        assert!(!is_link(s, "t") && is_link(s, "t/to-dir") && is_link(s, "t/to-file"));
        s.cp(["-rH", "k", "f"]).succeeds();
        assert!(!is_link(s, "f"));
    });
}

#[test]
fn the_last_of_them_counts() {
    each_engine(|s| {
        linked(s);
        s.cp(["-L", "-P", "k", "1"]).succeeds();
        s.cp(["-P", "-L", "k", "2"]).succeeds();
        s.cp(["-a", "-L", "k", "3"]).succeeds();
        assert_eq!([is_link(s, "1"), is_link(s, "2"), is_link(s, "3")], [true, false, false]);
    });
}

#[test]
fn a_link_that_leads_back_up_is_told_when_links_are_followed() {
    each_engine(|s| {
        s.file("s/a", "1").symlink("s/up", ".");
        s.cp(["-rL", "s", "t"]).fails("ucp: cannot copy cyclic symbolic link 's/up'");
        assert_eq!(s.names("t"), ["", "a"]);
    });
}

#[test]
fn a_copied_link_replaces_a_file() {
    each_engine(|s| {
        s.symlink("l", "nowhere").file("b", "before");
        s.cp(["-P", "l", "b"]).succeeds();
        assert_eq!(s.link_target("b"), Path::new("nowhere"));
    });
}

#[test]
fn parents_uses_the_whole_name() {
    each_engine(|s| {
        s.file("x/y/a", "1").chmod("x", 0o750).dir("d");
        s.cp(["--parents", "x/y/a", "d"]).succeeds();
        assert_eq!(s.names("d"), ["", "x", "x/y", "x/y/a"]);
        assert_eq!(s.mode("d/x"), 0o750);
        s.dir("e");
        s.cp(["--parents", "-v", "x/y/a", "e"])
            .succeeds()
            .prints("x -> e/x\nx/y -> e/x/y\n'x/y/a' -> 'e/x/y/a'\n");
        s.cp(["--parents", "x/y/a", "nowhere"])
            .fails("ucp: with --parents, the destination must be a directory\nTry 'ucp --help' for more information.");
    });
}

#[test]
fn parents_keeps_their_attributes_where_asked_for() {
    each_engine(|s| {
        s.file("x/y/a", "1").chmod("x/y", 0o1711).dir("d");
        s.cp(["--parents", "-p", "x/y/a", "d"]).umask(0o077).succeeds();
        assert_eq!(s.mode("d/x/y"), 0o1711);
        s.dir("e");
        s.cp(["--parents", "-r", "x/y", "e"]).succeeds();
        assert_eq!(s.names("e"), ["", "x", "x/y", "x/y/a"]);
    });
}

#[test]
fn trailing_slashes_are_stripped_from_sources() {
    each_engine(|s| {
        s.file("s/a", "1").symlink("l", "s").dir("d");
        s.cp(["--strip-trailing-slashes", "-r", "l/", "d"]).succeeds();
        assert_eq!(s.link_target("d/l"), Path::new("s"));
        s.cp(["-r", "l/", "e"]).succeeds();
        assert!(!is_link(s, "e"));
    });
}

#[test]
fn directory_links_of_the_destination_are_kept_where_asked_for() {
    each_engine(|s| {
        s.file("s/d/a", "1").dir("t/s").dir("elsewhere").symlink("t/s/d", "../../elsewhere");
        s.cp(["-r", "s", "t"]).fails("ucp: cannot overwrite non-directory 't/s/d' with directory 's/d'");
        s.cp(["-r", "--keep-directory-symlink", "--copy-contents", "s", "t"]).succeeds();
        assert_eq!((s.read("elsewhere/a"), is_link(s, "t/s/d")), (b"1".to_vec(), true));
    });
}

#[test]
fn one_file_system_leaves_mount_points_empty() {
    each_engine(|s| {
        s.file("s/a", "1");
        let Some(_mounted) = s.tmpfs("s/m", "size=1m") else { return };
        s.file("s/m/inside", "2");
        s.cp(["-rx", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "a", "m"]);
        s.cp(["-r", "s", "u"]).succeeds();
        assert_eq!(s.names("u"), ["", "a", "m", "m/inside"]);
    });
}
