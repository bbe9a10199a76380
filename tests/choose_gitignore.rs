//! Files that are left out because a .gitignore file in the tree names them: `--gitignore`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ignore::WalkBuilder;
use rustix::process::Resource;

use crate::common::{Sandbox, each_engine, needs_extensions, skip};

/// A tree with rules at several levels; nothing in it is left out by what is not a rule of its own.
fn tree(s: &Sandbox) {
    s.file(
        "s/.gitignore",
        "*.o\n/target/\n# a comment\n!keep.o\nlogs/*.log\ntrailing   \n\\#odd\n\\!odd\nlib/\n",
    );
    s.file("s/a.o", "1").file("s/keep.o", "2").file("s/target/x", "3").file("s/src/target/x", "4");
    s.file("s/logs/a.log", "5").file("s/src/logs/a.log", "6").file("s/trailing", "7").file("s/#odd", "8");
    s.file("s/!odd", "9").file("s/# a comment", "10").file("s/lib", "11").file("s/src/lib/f", "12");
    s.file("s/src/.gitignore", "!special.o\r\nkeep.o\r\n/only\r\n**/deep\r\n");
    s.file("s/src/special.o", "1")
        .file("s/src/keep.o", "2")
        .file("s/src/only", "3")
        .file("s/src/in/only", "4");
    s.file("s/src/in/x/deep", "5").file("s/src/in/special.o", "6").file("s/only", "7").file("s/deep", "8");
    s.file("s/src/in/.gitignore", "*\n!.gitignore\n!special.o\n");
    s.file("s/.git/config", "[core]").file("s/.git/a.o", "1");
}

/// What the crate `ignore` leaves when it walks the tree itself.
fn oracle(s: &Sandbox, root: &str) -> BTreeSet<PathBuf> {
    let mut walk = WalkBuilder::new(s.path(root));
    walk.standard_filters(false).git_ignore(true).require_git(false);
    let root = s.path(root);
    walk.build().map(|entry| entry.unwrap().path().strip_prefix(&root).unwrap().to_owned()).collect()
}

fn copied(s: &Sandbox, name: &str) -> BTreeSet<PathBuf> {
    s.tree(name).into_keys().collect()
}

#[test]
fn what_the_files_of_a_tree_name_is_left_out_as_another_walker_does() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.cp(["-r", "--gitignore", "s", "t"]).succeeds().complains("");
        assert_eq!(copied(s, "t"), oracle(s, "s"));
        for (kept, out) in [("keep.o", "a.o"), ("src/special.o", "src/keep.o"), ("src/in/only", "src/only")] {
            // `*` in src/in leaves out what the rules above would keep.
            assert!(s.exists(format!("t/{kept}")) != (kept == "src/in/only"), "{kept}");
            assert!(!s.exists(format!("t/{out}")), "{out}");
        }
        assert!(s.exists("t/lib") && !s.exists("t/src/lib") && s.exists("t/src/target/x"));
        // The repository itself is copied, with whatever names there are in it... that no rule leaves out.
        assert!(s.exists("t/.git/config") && !s.exists("t/target") && s.exists("t/src/in/special.o"));
    });
}

#[test]
fn git_itself_takes_the_same_files() {
    if !needs_extensions() {
        return;
    }
    if Command::new("git").arg("--version").output().is_err() {
        return skip("git is not installed");
    }
    each_engine(|s| {
        tree(s);
        std::fs::remove_dir_all(s.path("s/.git")).unwrap();
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.current_dir(s.path("s"))
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_SYSTEM", "/dev/null");
            git.args(["-c", "safe.directory=*", "-c", "core.excludesFile="]).args(arguments).output().unwrap()
        };
        assert!(git(&["init", "-q"]).status.success());
        let listed = git(&["ls-files", "-z", "--others", "--exclude-standard"]).stdout;
        let names = listed.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        let expected: BTreeSet<PathBuf> = names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect();
        assert!(expected.len() > 10, "git lists too little");
        s.cp(["-r", "--gitignore", "--exclude=.git", "s", "t"]).succeeds();
        let files = copied(s, "t").into_iter().filter(|name| s.path("t").join(name).is_file());
        assert_eq!(files.collect::<BTreeSet<_>>(), expected);
    });
}

#[test]
fn patterns_of_the_command_line_count_before_any_file() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.cp(["-r", "--gitignore", "--include=a.o", "--exclude=/keep.o", "--exclude=.git", "s", "t"])
            .succeeds();
        assert!(s.exists("t/a.o") && !s.exists("t/keep.o") && !s.exists("t/.git"));
        assert!(!s.exists("t/src/keep.o") && s.exists("t/src/special.o"));
    });
}

#[test]
fn only_files_within_the_operand_count_and_a_repository_begins_anew() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/.gitignore", "*.o\n").file("s/d/x.o", "1").file("s/d/e/x.o", "2");
        s.file("s/d/.gitignore", "e/\n").file("s/x.o", "3");
        // From d on, the rules above it are not known; without the option there are none at all.
        s.cp(["-r", "--gitignore", "s/d", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", ".gitignore", "x.o"]);
        s.cp(["-r", "s", "u"]).succeeds();
        s.assert_same("s", "u");
        // Operands are never left out by a file.
        s.dir("v");
        s.cp(["-r", "--gitignore", "s/x.o", "s/d/e", "v"]).succeeds();
        assert_eq!(s.names("v"), ["", "e", "e/x.o", "x.o"]);
        s.file("s/nested/.git", "gitdir: elsewhere").file("s/nested/x.o", "4").file("s/nested/deep/x.o", "5");
        s.cp(["-r", "--gitignore", "s", "w"]).succeeds();
        assert!(s.exists("w/nested/x.o") && s.exists("w/nested/deep/x.o") && !s.exists("w/x.o"));
    });
}

#[test]
fn a_file_that_is_none_is_not_used_and_told() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("outside", "*").symlink("s/.gitignore", "../outside").file("s/a", "1").dir("s/d/.gitignore");
        s.file("s/d/b", "2").file("s/e/c", "3").fifo("s/e/.gitignore", 0o644);
        s.cp(["-r", "--gitignore", "s", "t"]).run().ends(1).complains_lines(&[
            "ucp: not using the rules in 's/.gitignore': Too many levels of symbolic links",
            "ucp: not using the rules in 's/d/.gitignore': Is a directory",
            "ucp: not using the rules in 's/e/.gitignore': Invalid argument",
        ]);
        s.assert_same("s", "t");
        let too_long = vec![b'\n'; (256 << 10) + 1];
        s.file("long/.gitignore", too_long).file("long/a", "1");
        s.cp(["-r", "--gitignore", "long", "u"])
            .fails("ucp: not using the rules in 'long/.gitignore': File too large");
        s.assert_same("long", "u");
        s.file("closed/.gitignore", "a\n")
            .file("closed/a", "1")
            .chmod("closed/.gitignore", 0)
            .give_to_nobody();
        let run = s.cp(["-r", "--gitignore", "closed", "v"]).by_nobody().run().ends(1);
        run.mentions("not using the rules in 'closed/.gitignore': Permission denied");
        assert!(s.exists("v/a"));
    });
}

#[test]
fn a_line_that_is_no_pattern_matches_nothing_and_is_told() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/.gitignore", b"a\n{b\n\xff\nc").file("s/a", "1").file("s/{b", "2").file("s/c", "3");
        let run = s.cp(["-r", "--gitignore", "s", "t"]).run().ends(0);
        run.mentions("ucp: warning: 's/.gitignore', line 2, matches nothing: ")
            .mentions(" (and 1 more line)\n");
        s.file("u/.gitignore", b"\xff\n").file("u/a", "1");
        let run = s.cp(["-r", "--gitignore", "u", "v"]).run().ends(0);
        run.complains("ucp: warning: 'u/.gitignore', line 1, matches nothing: it is not UTF-8\n");
        assert_eq!(s.names("t"), ["", ".gitignore", "{b"]);
    });
}

#[test]
fn names_of_any_bytes_and_links_that_are_followed_are_matched() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let strange = Path::new("s").join(OsStr::from_bytes(b"\xff\n.o"));
        s.file("s/.gitignore", "*.o\nd/\n").file(&strange, "1").file("e/f", "2").symlink("s/d", "../e");
        s.cp(["-r", "--gitignore", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", ".gitignore", "d"]);
        // Followed, it is a directory.
        s.cp(["-rL", "--gitignore", "s", "u"]).succeeds();
        assert_eq!(s.names("u"), ["", ".gitignore"]);
    });
}

#[test]
fn rules_hold_to_the_end_of_a_deep_tree() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let deep = "d/".repeat(300);
        s.file("s/.gitignore", "*.o\n/d/d/x\n")
            .file(format!("s/{deep}x.o"), "1")
            .file(format!("s/{deep}x"), "2");
        s.file("s/d/d/.gitignore", "!x.o\ny").file("s/d/d/x", "3").file(format!("s/{deep}y"), "4");
        s.cp(["-r", "--gitignore", "s", "t"]).limit(rustix::process::Resource::Nofile, 40).succeeds();
        assert_eq!(copied(s, "t"), oracle(s, "s"));
        assert!(s.exists(format!("t/{deep}x.o")) && !s.exists("t/d/d/x") && !s.exists(format!("t/{deep}y")));
    });
}

/// What says nothing of a tree, or too much, is told in one line of bounded length, and costs bounded memory.
#[test]
fn a_file_beyond_the_bounds_is_an_error_in_one_line_and_its_directory_is_copied_whole() {
    if !needs_extensions() {
        return;
    }
    let braces = |depth: usize| ["{".repeat(depth), "a".into(), ",b}".repeat(depth)].concat();
    let cases = [
        ("deep", braces(60_000), "line 1: it is longer than 4096 bytes"),
        ("braces", braces(500), "line 1: there are more than 32 braces in it"),
        ("line", "a".repeat(5000), "line 1: it is longer than 4096 bytes"),
        ("names", "a\n".repeat(16_001), "there are more than 8192 patterns in it"),
        ("globs", "?*\n".repeat(16_001), "there are more than 2048 globs in it"),
        ("bytes", "*a*b*\n".repeat((1 << 20) / 6), "File too large"),
    ];
    each_engine(|s| {
        for (name, text, why) in &cases {
            s.file(format!("{name}/.gitignore"), text).file(format!("{name}/a"), "1");
            let run = s.cp(["-r", "--gitignore", "--jobs=4", name, "t"]).limit(Resource::Data, 256 << 20);
            run.fails(&format!("ucp: not using the rules in '{name}/.gitignore': {why}"));
            s.assert_same(name, "t");
            // What is above still counts.
            s.file(format!("in-{name}/.gitignore"), "x\n").file(format!("in-{name}/d/.gitignore"), text);
            s.file(format!("in-{name}/d/a"), "1").file(format!("in-{name}/d/x"), "1");
            s.cp(["-r", "--gitignore", &format!("in-{name}"), "u"]).run().ends(1);
            assert_eq!(s.names("u/d"), ["", ".gitignore", "a"], "{name}");
            for copy in ["t", "u"] {
                std::fs::remove_dir_all(s.path(copy)).unwrap();
            }
        }
    });
}

#[test]
fn a_file_within_the_bounds_is_used_whole() {
    if !needs_extensions() {
        return;
    }
    let names: String = (0..8000).map(|number| format!("name{number}\n")).collect();
    let globs: String = (0..2000).map(|number| format!("a{number}*b?\n")).collect();
    each_engine(|s| {
        s.file("s/.gitignore", &names).file("s/name7999", "1").file("s/name8000", "2");
        s.file("s/d/.gitignore", &globs).file("s/d/a1999xbx", "1").file("s/d/zxbx", "2");
        s.cp(["-r", "--gitignore", "s", "t"]).succeeds().complains("");
        assert_eq!(s.names("t"), ["", ".gitignore", "d", "d/.gitignore", "d/zxbx", "name8000"]);
    });
}

#[test]
fn what_stands_in_a_file_never_reaches_the_terminal_as_it_is() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let hostile =
            "{\x1b]0;owned\x07\x1b[31mFAKE\n[\x1b-\x01]\n{\u{9b}2J\n".to_owned() + &"{\n".repeat(2000);
        let last = "[\x1b-\x01]\n";
        for (name, text) in [("s", &*hostile), ("t", last)] {
            s.file(format!("{name}/\x1b[2J/.gitignore"), text).file(format!("{name}/\x1b[2J/a"), "1");
            for progress in ["--progress=never", "--progress=always"] {
                let run = s.cp(["-r", "--gitignore", progress, name, "copy"]).env("LC_ALL", "C.UTF-8").run();
                let run = run.ends(0);
                let said = run.stderr();
                let warning: Vec<&str> = said.lines().filter(|line| line.contains("warning")).collect();
                assert!(warning.len() == 1 && warning[0].len() < 300, "{said}");
                assert!(!warning[0].chars().any(char::is_control), "{said:?}");
                std::fs::remove_dir_all(s.path("copy")).unwrap();
            }
        }
    });
}
