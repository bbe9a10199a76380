//! Hard links among the sources, which `-d` keeps.

use std::os::unix::fs::MetadataExt;

use crate::common::{Sandbox, each_engine, needs_extensions, needs_root, noise};

/// Whether all these names are one file.
#[track_caller]
fn assert_one(s: &Sandbox, names: &[&str]) {
    let inodes: Vec<u64> = names.iter().map(|name| s.path(name).symlink_metadata().unwrap().ino()).collect();
    assert!(inodes.windows(2).all(|pair| pair[0] == pair[1]), "{names:?} are several files: {inodes:?}");
}

#[track_caller]
fn links(s: &Sandbox, name: &str) -> u64 {
    s.path(name).symlink_metadata().unwrap().nlink()
}

#[test]
fn hard_links_stay_hard_links_within_a_tree_and_across_operands() {
    each_engine(|s| {
        s.file("s/a", noise(200_000, 1)).file("s/d/e/alone", "x").dir("t").dir("u");
        s.hard_link("s/b", "s/a").hard_link("s/d/c", "s/a").hard_link("other", "s/a");
        s.symlink("s/l", "x").fifo("s/p", 0o600).hard_link("s/d/p", "s/p").hard_link("s/d/l", "s/l");
        s.cp(["-dr", "s", "other", "t"]).succeeds();
        s.assert_same("s", "t/s");
        assert_one(s, &["t/s/a", "t/s/b", "t/s/d/c", "t/other"]);
        assert_one(s, &["t/s/p", "t/s/d/p"]);
        assert_one(s, &["t/s/l", "t/s/d/l"]);
        assert_eq!((links(s, "t/other"), links(s, "t/s/d/e/alone")), (4, 1));
        s.cp(["-r", "s", "u"]).succeeds();
        assert_eq!(links(s, "u/s/a"), 1);
    });
}

#[test]
fn links_on_the_command_line_count_as_names_where_they_are_followed() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").symlink("l", "a").symlink("m", "b").dir("t").dir("u").dir("v");
        s.file("only", "2").symlink("o", "only");
        s.cp(["-d", "a", "b", "l", "m", "t"]).succeeds();
        assert_eq!((links(s, "t/a"), links(s, "t/l")), (2, 1));
        s.cp(["-dH", "a", "b", "l", "m", "o", "only", "u"]).succeeds();
        assert_one(s, &["u/a", "u/b", "u/l", "u/m"]);
        assert_one(s, &["u/only", "u/o"]);
        s.symlink("tree/1", "../only").symlink("tree/2", "../only");
        s.cp(["-RdL", "tree", "v"]).succeeds();
        assert_one(s, &["v/tree/1", "v/tree/2"]);
    });
}

#[test]
fn a_name_that_is_taken_is_replaced() {
    each_engine(|s| {
        s.file("a", "new").hard_link("b", "a").hard_link("c", "a").file("t/b", "old").symlink("t/c", "x");
        s.file("precious", "p").hard_link("t/a", "precious");
        s.cp(["-dv", "a", "b", "c", "t"]).succeeds().prints(
            "removed 't/a'\n'a' -> 't/a'\n'b' -> 't/b'\nremoved 't/b'\n'c' -> 't/c'\nremoved 't/c'\n",
        );
        assert_one(s, &["t/a", "t/b", "t/c"]);
        assert_eq!((s.read("precious"), s.names("t").len()), (b"p".to_vec(), 4));
        s.cp(["-dvb", "a", "b", "t"])
            .succeeds()
            .prints("'a' -> 't/a' (backup: 't/a~')\n'b' -> 't/b' (backup: 't/b~')\n");
        assert_one(s, &["t/a", "t/b"]);
        assert_one(s, &["t/a~", "t/b~", "t/c"]);
    });
}

#[test]
fn two_names_for_one_destination_leave_it_whole() {
    each_engine(|s| {
        s.file("a/s/f", "1").dir("b/s").hard_link("b/s/f", "a/s/f").hard_link("b/s/g", "a/s/f").dir("t");
        s.cp(["-rd", "a/s", "b/s", "t"]).succeeds();
        assert_one(s, &["t/s/f", "t/s/g"]);
        assert_eq!(
            (s.names("t/s"), s.read("t/s/f")),
            (vec![String::new(), "f".into(), "g".into()], b"1".into())
        );
    });
}

#[test]
fn where_the_first_cannot_be_copied_the_next_is() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").hard_link("c", "a").symlink("t/a", "nowhere");
        s.cp(["-d", "a", "b", "c", "t"]).fails("ucp: not writing through dangling symlink 't/a'");
        assert_one(s, &["t/b", "t/c"]);
        s.dir("u/a");
        s.cp(["-d", "a", "b", "c", "u"])
            .fails("ucp: cannot overwrite directory 'u/a' with non-directory 'a'");
        assert_one(s, &["u/b", "u/c"]);
    });
}

#[test]
fn files_that_stay_are_linked_with_u_and_not_with_n() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").file("t/a", "newer").file("t/b", "new too");
        s.cp(["-dn", "a", "b", "t"]).succeeds();
        assert_eq!(s.read("t/b"), b"new too");
        s.cp(["-duv", "a", "b", "t"]).succeeds().prints("removed 't/b'\n");
        assert_one(s, &["t/a", "t/b"]);
        assert_eq!(s.read("t/b"), b"newer");
    });
}

#[test]
fn what_is_declined_is_not_linked() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").file("t/a", "old").file("t/b", "old");
        s.cp(["-di", "a", "b", "t"])
            .input("n\ny\n")
            .run()
            .ends(1)
            .complains("ucp: overwrite 't/a'? ucp: overwrite 't/b'? ");
        assert_eq!((s.read("t/a"), s.read("t/b"), links(s, "t/b")), (b"old".into(), b"1".to_vec(), 1));
    });
}

#[test]
fn symbolic_links_that_are_made_are_linked_too() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").dir("t");
        s.cp(["-ds"]).and([s.path("a"), s.path("b"), "t".into()]).succeeds();
        assert_eq!((s.link_target("t/a"), s.link_target("t/b")), (s.path("a"), s.path("a")));
        assert_one(s, &["t/a", "t/b"]);
    });
}

#[test]
fn many_names_in_many_directories_need_few_descriptors() {
    each_engine(|s| {
        s.file("s/big", noise(6_000_000, 1));
        for number in 0..300 {
            s.dir(format!("s/d{number}/x/y"));
            s.hard_link(&format!("s/d{number}/x/y/name"), "s/big");
            s.file(format!("s/d{number}/x/small"), "s")
                .hard_link(&format!("s/d{number}/a"), &format!("s/d{number}/x/small"));
        }
        s.cp(["-rd", "s", "t"]).limit(rustix::process::Resource::Nofile, 64).succeeds();
        assert_eq!((links(s, "t/big"), links(s, "t/d7/a")), (301, 2));
        s.assert_same("s", "t");
        s.cp(["-rd", "s", "u"]).succeeds();
        assert_eq!(links(s, "u/big"), 301);
        s.dir("v")
            .cp(["-rd", "-t", "v"])
            .and(
                std::fs::read_dir(s.path("s"))
                    .unwrap()
                    .map(|entry| std::path::Path::new("s").join(entry.unwrap().file_name())),
            )
            .limit(rustix::process::Resource::Nofile, 64)
            .succeeds();
        assert_eq!((links(s, "v/big"), links(s, "v/d7/a")), (301, 2));
    });
}

#[test]
fn a_directory_that_was_closed_meanwhile_is_reached_again() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/1/f", "1").dir("s/2").hard_link("s/2/f", "s/1/f").chmod("s/1", 0o111).chmod("s/2", 0o311);
        s.cp(["-rd", "s", "t"]).succeeds();
        assert_one(s, &["t/1/f", "t/2/f"]);
        assert_eq!(s.mode("t/1"), 0o111);
    });
}

#[test]
fn an_operand_met_again_as_part_of_a_later_one_is_refused() {
    each_engine(|s| {
        s.file("s/d/f", "1").symlink("k", "s/d").symlink("l", "s").dir("t").dir("u").dir("v");
        s.cp(["-rH", "k", "s", "t"]).fails("ucp: will not create hard link 't/s/d' to directory 't/k'");
        s.cp(["-r", "l/", "s", "u"]).fails("ucp: will not create hard link 'u/s' to directory 'u/l'");
        s.cp(["-rH", "l", "s", "s/d", "v"]).succeeds();
        s.assert_same("v/l", "v/s");
    });
}

#[test]
fn where_links_are_followed_a_name_is_linked_to_what_the_first_copy_leads_to() {
    each_engine(|s| {
        s.file("a", "1").hard_link("b", "a").dir("t");
        let [a, b] = ["a", "b"].map(|name| s.path(name));
        s.cp(["-sL", "--preserve=links"]).and([a, b, "t".into()]).succeeds();
        assert_eq!(s.link_target("t/a"), s.path("a"));
        assert_one(s, &["a", "t/b"]);
        s.symlink("h", "a").symlink("d/a", "nowhere").symlink("d/h", "a");
        s.cp(["-ub", "a", "h", "d"])
            .fails("ucp: cannot create hard link 'd/h' to 'd/a': No such file or directory");
    });
}

#[test]
fn a_name_that_waited_for_a_copy_that_failed_takes_the_place_of_what_is_there() {
    if !needs_root() || !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/one", "new").hard_link("s/two", "s/one").hard_link("s/three", "s/one");
        for name in ["one", "two", "three"] {
            s.file(format!("t/{name}"), "old");
        }
        // The name that is listed first, and copied: no other file can be given that of its copy.
        let first = std::fs::read_dir(s.path("s")).unwrap().next().unwrap().unwrap().file_name();
        let first = format!("t/{}", first.to_string_lossy());
        let Some(_mounted) = s.file("o", "old").bind("o", &first) else { return };
        s.cp(["-rdT", "--preserve=links", "--atomic", "--remove-destination", "s", "t"])
            .fails(&format!("ucp: cannot create regular file '{first}': Device or resource busy"));
        for name in ["one", "two", "three"].map(|name| format!("t/{name}")) {
            let expected = if name == first { b"old" } else { b"new" };
            assert_eq!(s.read(&name), expected, "{name}");
        }
    });
}

#[test]
fn a_directory_in_the_way_of_another_name_is_in_the_way_of_a_link() {
    each_engine(|s| {
        s.file("f", "1").hard_link("g", "f").dir("d/g");
        s.cp(["-a", "-b", "f", "g", "d"])
            .fails("ucp: cannot create hard link 'd/g' to 'd/f': Is a directory");
        s.dir("e/f").dir("e/g");
        s.cp(["-a", "-b", "f", "g", "e"]).run().ends(1).complains_lines(&[
            "ucp: cannot create regular file 'e/f': Is a directory",
            "ucp: cannot create regular file 'e/g': Is a directory",
        ]);
    });
}

#[test]
fn with_backups_a_link_is_tried_where_a_directory_is_in_the_way() {
    each_engine(|s| {
        s.file("p/x", "1").dir("r").hard_link("r/y", "p/x").dir("d/y").dir("e/p").dir("e/y");
        s.cp(["-abv", "p/x", "r/y", "d"])
            .run()
            .ends(1)
            .prints("'p/x' -> 'd/x'\n'r/y' -> 'd/y'\n")
            .complains("ucp: cannot create hard link 'd/y' to 'd/x': Is a directory");
        s.cp(["-ab", "p/x", "d"]).succeeds();
        // The first of a source's names is copied, and what is copied is refused in its own words.
        s.cp(["-ab", "r/y", "p/x", "e"]).fails("ucp: cannot create regular file 'e/y': Is a directory");
        assert_eq!((s.read("e/x"), links(s, "e/x")), (b"1".to_vec(), 1));
    });
}

#[test]
fn names_of_a_later_operand_are_linked_to_the_first_of_an_earlier_one_that_it_replaces() {
    each_engine(|s| {
        s.in_walk_order(&[&["s/m/a", "s/m/p"], &["q/m/z", "q/m/p"]], |s| {
            s.file("s/m/a/m", "1").hard_link("s/m/p", "s/m/a/m").dir("d");
            s.dir("q/m").hard_link("q/m/z", "s/m/p").file("q/m/p", "2");
        });
        s.cp(["-a", "s/m", "q/m", "d"]).succeeds();
        assert_eq!([s.read("d/m/p"), s.read("d/m/z")], [b"2", b"1"]);
        let inode = |name: &str| MetadataExt::ino(&s.path(name).metadata().unwrap());
        assert_eq!(inode("d/m/z"), inode("d/m/a/m"));
    });
}

/// GNU cp makes it a link to what is there by then, with the contents of another file.
#[test]
fn a_name_whose_first_copy_has_become_another_file_is_refused() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/h", "1").hard_link("s/other", "s/h").file("k/h", "2").dir("o").hard_link("o/z", "s/h");
        s.dir("d");
        s.cp(["-a", "s/h", "s/other", "k/.", "o/z", "d"])
            .fails("ucp: cannot create hard link 'd/z' to 'd/h': Stale file handle");
        assert_eq!((s.read("d/h"), s.read("d/other"), s.exists("d/z")), (b"2".into(), b"1".into(), false));
    });
}
