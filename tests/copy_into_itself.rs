//! A directory that is copied into itself: what is copied until the walk meets what the run has made, and nothing behind it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::common::{Sandbox, each_engine};

/// `s` with files and directories on both sides of `t`, whatever order the file system gives them.
fn tree(s: &Sandbox, files: u32) {
    for number in 0..files {
        s.file(format!("s/a-file-whose-name-is-long-enough-{number}"), "contents");
        if number == files / 2 {
            s.file("s/d1/f", "1").dir("s/t").file("s/d2/f", "2");
        }
    }
    s.chmod("s", 0o750).chmod("s/t", 0o711);
}

/// Names in a directory in the order in which they are walked.
fn in_order(s: &Sandbox, directory: &str) -> Vec<String> {
    let mut entries: Vec<(u64, String)> = fs::read_dir(s.path(directory))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.metadata().unwrap().ino(), entry.file_name().into_string().unwrap())
        })
        .collect();
    entries.sort_by_key(|entry| entry.0);
    entries.into_iter().map(|entry| entry.1).collect()
}

fn inode(s: &Sandbox, name: &str) -> u64 {
    MetadataExt::ino(&s.path(name).symlink_metadata().unwrap())
}

#[test]
fn what_is_listed_behind_the_copy_is_not_copied() {
    for files in [8, 2000] {
        each_engine(|s| {
            tree(s, files);
            s.times("s/t", 1, 1_000_000_000);
            s.cp(["-a", "s", "s/t/z"]).fails("ucp: cannot copy a directory, 's', into itself, 's/t/z'");
            let order = in_order(s, "s");
            let end = order.iter().position(|name| name == "t").unwrap();
            let mut expected: Vec<&str> = order[..=end].iter().map(String::as_str).collect();
            let copied = in_order(s, "s/t/z");
            let mut copied: Vec<&str> = copied.iter().map(String::as_str).collect();
            expected.sort_unstable();
            copied.sort_unstable();
            assert_eq!(copied, expected);
            assert_eq!(s.names("s/t/z/t"), [""]);
            // What was begun has its attributes.
            assert_eq!((s.mode("s/t/z"), s.mode("s/t/z/t")), (0o750, 0o711));
            for name in copied.iter().filter(|name| **name != "t") {
                s.assert_same(format!("s/{name}"), format!("s/t/z/{name}"));
            }
        });
    }
}

#[test]
fn what_is_behind_a_link_above_the_copy_is_not_copied_either_in_whatever_order_it_is_listed() {
    for files in [8, 700] {
        each_engine(|s| {
            s.in_walk_order(&[&["s", "d"]], |s| {
                s.dir("s").dir("d");
                for number in 0..files {
                    s.file(format!("s/a-file-whose-name-is-long-enough-{number}"), "contents");
                    if number == files / 2 {
                        s.symlink("s/up", "..");
                    }
                }
            });
            let order = in_order(s, "s");
            s.cp(["-rL", "s", "d"]).fails(
                "ucp: cannot copy cyclic symbolic link 's/up/s'\n\
                 ucp: cannot copy a directory, 's', into itself, 'd/s'",
            );
            let end = order.iter().position(|name| name == "up").unwrap();
            let mut expected = order[..=end].to_vec();
            let mut copied = in_order(s, "d/s");
            expected.sort_unstable();
            copied.sort_unstable();
            assert_eq!(copied, expected);
        });
    }
}

#[test]
fn links_behind_the_copy_are_not_looked_through() {
    each_engine(|s| {
        s.in_walk_order(&[&["s", "d"], &["s/f", "s/up", "s/z"]], |s| {
            s.file("s/f", "1").symlink("s/up", "..").symlink("s/z", "f").dir("d");
        });
        s.times("s/z", 5, 1_000_000_000);
        s.cp(["-rL", "s", "d"]).run().ends(1);
        assert_eq!(
            (s.names("d/s"), s.accessed("s/z").0),
            (["", "f", "up", "up/d"].map(str::to_owned).to_vec(), 5)
        );
    });
}

#[test]
fn any_directory_that_the_run_has_made_ends_the_walk() {
    each_engine(|s| {
        // Made by an operand before, and by the walk itself.
        s.file("a/k", "1").file("d/one", "2").file("e/f", "3");
        s.cp(["-r", "a", "d", "e", "d"]).fails("ucp: cannot copy a directory, 'd', into itself, 'd/d'");
        assert!(s.exists("d/d") && !s.exists("d/d/a") && !s.exists("d/d/d"));
        // The next operand is copied all the same.
        s.assert_same("e", "d/e");
        s.dir("w/x/n").dir("w/t/x");
        s.cp(["-r", "w/.", "w/t"]).fails("ucp: cannot copy a directory, 'w/.', into itself, 'w/t/.'");
        assert!(!s.exists("w/t/t/x/n") && !s.exists("w/t/t/t"));
        // By another way it is no copy into itself.
        s.dir("new").dir("u/b").file("u/b/k", "1");
        s.cp(["-r", "u", "new/u/.", "new"])
            .fails("ucp: will not create hard link 'new/.' to directory 'new/u'");
        s.assert_same("u", "new/u");
    });
}

#[test]
fn what_is_its_own_copy_is_told_of_by_the_operand() {
    each_engine(|s| {
        s.dir("s/h");
        s.cp(["-rn", "-t", "s/.", "s/h", "s"])
            .fails("ucp: cannot copy a directory, 's', into itself, 's/./s'");
        s.dir("p/a");
        s.cp(["-rn", "--parents", "-t.", "p/a", "p/a/.."])
            .fails("ucp: cannot copy a directory, 'p/a/..', into itself, './p/a/..'");
    });
}

#[test]
fn a_source_come_to_through_a_link_that_makes_way_is_the_copy_then() {
    each_engine(|s| {
        s.file("x/f", "1").symlink("l", "x");
        s.cp(["-rb", "l/", "."]).succeeds();
        assert_eq!((s.names("l"), s.link_target("l~")), (vec![String::new()], "x".into()));
        // Where it is another link the source is listed as it was.
        s.symlink("m", "x").symlink("d/m", "nowhere");
        s.cp(["-rb", "m/", "d"]).succeeds();
        assert_eq!(s.read("d/m/f"), b"1");
    });
}

#[test]
fn a_directory_above_the_copy_is_met_as_it_was_made() {
    for (option, mode) in [("--preserve=mode", 0o755), ("-p", 0o700), ("--preserve=timestamps", 0o755)] {
        each_engine(|s| {
            s.dir("s/p/d").chmod("s", 0o755);
            s.cp(["-R", option, "--parents", "s/p", "s/p/d"])
                .fails("ucp: cannot copy a directory, 's/p', into itself, 's/p/d/s/p'");
            assert_eq!((s.mode("s/p/d/s/p/d/s"), s.mode("s/p/d/s")), (mode, 0o755), "{option}");
        });
    }
}

#[test]
fn what_was_made_beside_the_way_of_a_link_ends_the_walk_too() {
    each_engine(|s| {
        s.in_walk_order(&[&["s", "d"]], |s| {
            s.file("s/g/c/f", "1").symlink("s/g/z", "../..").dir("d/g");
        });
        s.cp(["-RL", "s/g", "d"]).fails(
            "ucp: cannot copy cyclic symbolic link 's/g/z/s/g'\n\
             ucp: cannot copy a directory, 's/g', into itself, 'd/g'",
        );
        assert!(s.exists("d/g/z/d/g") && !s.exists("d/g/z/d/g/c"));
    });
}

#[test]
fn copies_are_whole_where_the_walk_comes_by_them() {
    each_engine(|s| {
        s.in_walk_order(&[&["k/m", "k/a"], &["k", "d"]], |s| {
            s.file("k/m", "1").symlink("k/a/k", "../../.").dir("d/k");
        });
        s.cp(["-rL", "-t", "d", "k"]).fails(
            "ucp: cannot copy cyclic symbolic link 'k/a/k/k'\n\
             ucp: cannot copy a directory, 'k', into itself, 'd/k'",
        );
        // What is listed behind the directory that the walk went by is not copied.
        assert_eq!(s.exists("d/k/a/k/d/k/m"), inode(s, "d/k/m") < inode(s, "d/k/a"));
        // An operand that the operand before was copied into.
        s.file("f", "2").dir("e");
        s.cp(["-r", "f", "e", "e"]).fails("ucp: cannot copy a directory, 'e', into itself, 'e/e'");
        assert_eq!(s.exists("e/e/f"), inode(s, "e/f") < inode(s, "e/e"));
    });
}

#[test]
fn a_copy_that_was_made_through_a_link_is_another_directory() {
    each_engine(|s| {
        s.dir("w/elsewhere").symlink("w/x", "elsewhere");
        // GNU cp does not look behind the name of the directory that is filled, slashes or not.
        for name in ["w/x/", "w/x//"] {
            let shown = name.trim_end_matches('/');
            s.cp(["-aT", "w", name]).fails(&format!(
                "ucp: will not create hard link '{shown}/elsewhere/elsewhere' to directory '{shown}/elsewhere'"
            ));
            assert_eq!(s.link_target("w/elsewhere/x"), s.link_target("w/x"));
            fs::remove_dir_all(s.path("w/elsewhere")).unwrap();
            s.dir("w/elsewhere");
        }
        s.cp(["-aT", "w", "w/x/."]).fails("ucp: cannot copy a directory, 'w', into itself, 'w/x/.'");
        fs::remove_dir_all(s.path("w/elsewhere")).unwrap();
        s.dir("w/elsewhere");
        s.cp(["-aT", "--keep-directory-symlink", "--copy-contents", "w", "w/x"])
            .fails("ucp: will not create hard link 'w/x/elsewhere/elsewhere' to directory 'w/x/elsewhere'");
    });
}

#[test]
fn a_copy_that_was_made_through_a_link_is_copied_into_itself_until_names_are_too_long_where_links_are_followed()
 {
    each_engine(|s| {
        for name in ["w/x/", "w/x/new"] {
            s.in_walk_order(&[&["w/elsewhere", "w/x"]], |s| {
                s.dir("w/elsewhere").symlink("w/x", "elsewhere");
            });
            let outcome = s.cp(["-rLT", "w", name]).run().ends(1);
            // Which comes first depends on the inode numbers of the copies.
            let itself = format!(": cannot copy a directory, 'w', into itself, '{name}'");
            let lines: Vec<String> = outcome.stderr().lines().map(str::to_owned).collect();
            assert!(lines.iter().any(|line| line.ends_with("': File name too long")), "{name}: {lines:?}");
            assert!(
                lines.iter().any(|line| line.ends_with(&itself)) && lines.len() == 2,
                "{name}: {lines:?}"
            );
            fs::remove_dir_all(s.path("w")).unwrap();
        }
        // Names of one byte. Whether the last directory has anything but the next one depends on the order of listings.
        s.file("s/a/f", "1").dir("s/t").symlink("x", "s/t");
        let outcome = s.cp(["-rLT", "s", "x/"]).run().ends(1);
        for line in outcome.stderr().lines() {
            let (path, _) =
                line.split_once("cannot stat '").unwrap().1.split_once("': File name too long").unwrap();
            assert!(
                ["s", "s/a", "s/a/f"].contains(&&*path.replace("/t", "")) && path.len() >= 4096,
                "{path}"
            );
        }
    });
}

#[test]
fn names_are_copied_before_a_later_copy_is_written_to_one_of_them() {
    each_engine(|s| {
        s.in_walk_order(&[&["s/k", "s/m", "s/d"]], |s| {
            s.file("s/k", "1").hard_link("s/e", "s/k").file("s/m", "22").dir("s/d");
        });
        s.dir("s/d/s").hard_link("s/d/s/m", "s/k");
        s.cp(["-rp", "s", "s/d"]).fails("ucp: cannot copy a directory, 's', into itself, 's/d/s'");
        assert_eq!(["k", "e", "m"].map(|name| s.read(format!("s/d/s/{name}"))), [&b"1"[..], b"1", b"22"]);
        assert_eq!(s.read("s/k"), b"22");
    });
}

#[test]
fn names_that_wait_for_their_turn_are_there_where_the_walk_comes_by_them() {
    each_engine(|s| {
        s.in_walk_order(&[&["s/t", "s/b"], &["s/t/b/k", "s/t/b/b"], &["s/b/f", "s/b/g"]], |s| {
            s.file("s/t/b/k", "1").dir("s/b").hard_link("s/b/f", "s/t/b/k");
            s.symlink("s/b/g", "..").dir("s/t/b/b");
        });
        s.cp(["-rLlu", "s/b", "s/t/b"]).fails("ucp: cannot copy a directory, 's/b', into itself, 's/t/b/b'");
        assert_eq!(s.exists("s/t/b/b/g/t/b/b/f"), inode(s, "s/t/b/b/f") < inode(s, "s/t/b/b/g"));
    });
}

#[test]
fn names_are_copied_in_their_order_where_another_operand_leads_by_them() {
    each_engine(|s| {
        s.in_walk_order(&[&["g/f", "g/z"]], |s| {
            s.file("g/f", "1").dir("g/z").hard_link("g/z/h", "g/f").dir("m").dir("d/g").dir("d/m");
        });
        s.cp(["-rp", "g", "m/..", "d"]).run().ends(1);
        // The walk ends where it meets what the run has made.
        let comes_first = |name: &str, end: &str| inode(s, name) < inode(s, end);
        let is_met = comes_first("d/g/f", "d/g/z") && comes_first("d/g", "d/d");
        assert_eq!(s.exists("d/d/g/f"), is_met);
        assert!(s.exists("d/g/f") && s.exists("d/g/z/h"));
    });
}
