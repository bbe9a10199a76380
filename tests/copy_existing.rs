//! What is there already, under the options that ask about it, keep it, replace it or link to it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::common::{Sandbox, each_engine};

/// `f` with a second name `h`, links to them, a file `x` of one name and a link to that, another file, a dangling link.
fn names(s: &Sandbox) {
    s.file("f", "1").hard_link("h", "f").symlink("l", "f").symlink("lh", "h").symlink("m", "f");
    s.file("x", "5").symlink("lx", "x").file("o", "2").symlink("gone", "nowhere");
}

/// Options, source, destination; the lines on standard output and standard error; the status follows from the latter.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SAME: &[Case] = &[
    ("-f", "f", "h", "", "'f' and 'h' are the same file"),
    ("-f", "f", "l", "", "'f' and 'l' are the same file"),
    ("-b", "f", "f", "", "'f' and 'f' are the same file"),
    ("-b", "f", "h", "'f' -> 'h' (backup: 'h~')\n", ""),
    ("-b", "l", "h", "", "'l' and 'h' are the same file"),
    ("-b", "lx", "x", "", "'lx' and 'x' are the same file"),
    ("-b", "f", "l", "'f' -> 'l' (backup: 'l~')\n", ""),
    ("-bf", "f", "f", "'f' -> 'f~'\n", ""),
    ("-bf", "l", "l", "'l' -> 'l~'\n", ""),
    ("-b", "gone", "f", "", "cannot stat 'gone': No such file or directory"),
    ("-bP", "lx", "x", "'lx' -> 'x' (backup: 'x~')\n", ""),
    ("-l", "f", "f", "", ""),
    ("-l", "f", "h", "", ""),
    ("-l", "f", "l", "'f' -> 'l'\n", "cannot create hard link 'l' to 'f': File exists"),
    ("-lf", "f", "l", "'f' -> 'l'\n", ""),
    ("-lP", "l", "m", "removed 'm'\n'l' -> 'm'\n", ""),
    ("-s", "f", "o", "'f' -> 'o'\n", "cannot create symbolic link 'o' to 'f': File exists"),
    ("-sf", "f", "o", "'f' -> 'o'\n", ""),
    ("-s", "f", "h", "", "'f' and 'h' are the same file"),
    ("--remove-destination", "f", "h", "removed 'h'\n'f' -> 'h'\n", ""),
    ("--remove-destination", "f", "l", "removed 'l'\n'f' -> 'l'\n", ""),
    ("--remove-destination", "l", "f", "", "'l' and 'f' are the same file"),
    ("--remove-destination", "lx", "x", "", "'lx' and 'x' are the same file"),
    ("--remove-destination", "f", "gone", "removed 'gone'\n'f' -> 'gone'\n", ""),
    ("-P", "lx", "x", "", "'lx' and 'x' are the same file"),
    ("-P", "l", "m", "removed 'm'\n'l' -> 'm'\n", ""),
    ("-d", "l", "o", "removed 'o'\n'l' -> 'o'\n", ""),
    ("-n", "f", "o", "", ""),
    ("-n", "f", "gone", "'f' -> 'gone'\n", "not writing through dangling symlink 'gone'"),
    ("-u", "f", "gone", "'f' -> 'gone'\n", "not writing through dangling symlink 'gone'"),
    ("-nb", "f", "new", "", "--backup is mutually exclusive with -n or --update=none-fail"),
];

#[test]
fn one_file_under_two_names_is_treated_as_gnu_does() {
    each_engine(|s| {
        for (options, source, destination, said, complaint) in SAME {
            for entry in std::fs::read_dir(s.work()).unwrap() {
                std::fs::remove_file(entry.unwrap().path()).unwrap();
            }
            names(s);
            let outcome = s.cp(["-v", options, source, destination]).run();
            let status = i32::from(!complaint.is_empty());
            let outcome = outcome.ends(status).prints(said).mentions(complaint);
            outcome.expect(!complaint.is_empty() || outcome.stderr().is_empty(), "nothing on standard error");
            let kept = ["1", "5"].map(|content| {
                let found = s
                    .tree("")
                    .keys()
                    .filter(|name| s.path(name).is_file())
                    .any(|name| s.read(name) == content.as_bytes());
                (content, found)
            });
            outcome.expect(kept.iter().all(|(_, found)| *found), "the contents of f and x are still there");
        }
    });
}

#[test]
fn a_backup_is_taken_back_where_nothing_came_in_its_place() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "a");
        s.cp(["-bv", "l", "l"])
            .run()
            .ends(1)
            .prints("'l' -> 'l' (backup: 'l~')\n'l~' -> 'l' (unbackup)\n")
            .complains("ucp: cannot open 'l' for reading: No such file or directory");
        assert_eq!(
            (s.names(""), s.link_target("l")),
            (vec![String::new(), "a".into(), "l".into()], "a".into())
        );
    });
}

#[test]
fn backups_are_named_as_asked_for() {
    each_engine(|s| {
        let names = |expected: &[&str]| {
            let mut all = vec!["", "a", "b"];
            all.extend(expected);
            all.sort_unstable();
            assert_eq!(s.names(""), all);
            for name in expected {
                std::fs::remove_file(s.path(name)).unwrap();
            }
        };
        s.file("a", "new").file("b", "old");
        s.cp(["-b", "a", "b"]).succeeds();
        names(&["b~"]);
        s.cp(["--backup=numbered", "a", "b"]).succeeds();
        s.cp(["-b", "a", "b"]).succeeds();
        names(&["b.~1~", "b.~2~"]);
        s.cp(["-S", ".old", "a", "b"]).succeeds();
        s.cp(["-b", "a", "b"]).env("SIMPLE_BACKUP_SUFFIX", ".x").succeeds();
        names(&["b.old", "b.x"]);
        s.cp(["-b", "a", "b"]).env("VERSION_CONTROL", "t").succeeds();
        s.cp(["--backup=off", "a", "b"]).succeeds();
        names(&["b.~1~"]);
    });
}

#[test]
fn a_question_is_asked_before_a_file_is_replaced() {
    each_engine(|s| {
        s.file("a", "new").file("b", "old").chmod("b", 0o444).give_to_nobody();
        let ask =
            |options: &'static [&'static str], answer: &str| s.cp(options).input(answer).by_nobody().run();
        ask(&["-i", "a", "b"], "n\n")
            .ends(1)
            .complains("ucp: unwritable 'b' (mode 0444, r--r--r--); try anyway? ");
        ask(&["-if", "a", "b"], "\n")
            .ends(1)
            .complains("ucp: replace 'b', overriding mode 0444 (r--r--r--)? ");
        assert_eq!(s.read("b"), b"old");
        ask(&["-if", "a", "b"], "yes\n").ends(0);
        assert_eq!(s.read("b"), b"new");
        ask(&["-in", "a", "b"], "").ends(0).complains("");
        ask(&["-i", "--update=none", "a", "b"], "").ends(0).complains("");
        ask(&["--update=none-fail", "a", "b"], "").ends(1).complains("ucp: not replacing 'b'");
    });
}

#[test]
fn only_older_files_are_replaced_with_u() {
    each_engine(|s| {
        s.file("s/a", "new").file("s/b", "old").file("t/s/a", "old").file("t/s/b", "new");
        for (name, seconds) in [("s/a", 2000), ("t/s/a", 1000), ("s/b", 1000), ("t/s/b", 1000)] {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(s.path(name)).unwrap().set_modified(time).unwrap();
        }
        s.cp(["-ru", "s", "t"]).succeeds();
        assert_eq!((s.read("t/s/a"), s.read("t/s/b")), (b"new".to_vec(), b"new".to_vec()));
    });
}

#[test]
fn whole_trees_of_links_are_made() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/d/b", "2").symlink("s/l", "a").dir("s/empty");
        s.cp(["-rlP", "s", "hard"]).succeeds();
        s.assert_same("s", "hard");
        for name in ["a", "d/b", "l"] {
            let inode = |tree: &str| s.path(tree).join(name).symlink_metadata().unwrap().ino();
            assert_eq!(inode("s"), inode("hard"), "{name}");
        }
        s.cp(["-rs".into(), s.path("s"), "soft".into()]).succeeds();
        assert_eq!(s.link_target("soft/d/b"), s.path("s/d/b"));
        assert!(s.path("soft/empty").symlink_metadata().unwrap().is_dir());
        s.cp(["-rs", "s", "no"])
            .run()
            .ends(1)
            .mentions("can make relative symbolic links only in current directory");
        s.cp(["-s", "s/a", "."]).succeeds();
        assert_eq!(s.link_target("a"), Path::new("s/a"));
    });
}

#[test]
fn a_link_that_leads_nowhere_with_a_slash_behind_it_is_not_replaced_by_one() {
    each_engine(|s| {
        s.file("f", "1").symlink("x", "nowhere");
        let ways = [
            ("-l", "hard", "File exists"),
            ("-li", "hard", "Not a directory"),
            ("-lbf", "hard", "Not a directory"),
            ("-sb", "symbolic", "File exists"),
            ("-sif", "symbolic", "Not a directory"),
        ];
        for (options, kind, why) in ways {
            let refused = format!("ucp: cannot create {kind} link 'x/' to 'f': {why}");
            s.cp([options, "f", "x/"]).fails(&refused);
            assert_eq!((s.link_target("x"), s.names(".").len()), ("nowhere".into(), 3), "{options}");
        }
    });
}
