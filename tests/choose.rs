//! Files that are left out: `--exclude` and `--include`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::common::{Engine, Sandbox, each_engine, needs_extensions, needs_root, skip};

fn tree(s: &Sandbox) {
    s.file("s/a.c", "a").file("s/a.o", "o").file("s/.hidden", "h").file("s/notes", "n");
    s.file("s/build/out.o", "o").file("s/build/keep.c", "k").file("s/src/b.c", "b").file("s/src/b.o", "o");
    s.file("s/src/build/deep.c", "d").file("s/src/deep/er/c.c", "c").file("s/build.c", "c");
    s.dir("s/empty").symlink("s/link.o", "a.o").symlink("s/src/to-build", "build");
}

/// What `arguments` leave of the tree, as names below it.
fn left(s: &Sandbox, number: usize, arguments: &[&str]) -> Vec<String> {
    let copy = format!("t{number}");
    s.cp(["-r"]).and(arguments).and(["s", &copy]).succeeds().prints("");
    s.names(&copy).into_iter().filter(|name| !name.is_empty()).collect()
}

#[test]
fn patterns_leave_out_what_the_table_says() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let all: BTreeSet<String> = s.names("s").into_iter().filter(|name| !name.is_empty()).collect();
        let out_of_build = ["build", "build/keep.c", "build/out.o"];
        let out_of_both = [&out_of_build[..], &["src/build", "src/build/deep.c"]].concat();
        let objects = ["a.o", "build/out.o", "src/b.o", "link.o"];
        let cases: Vec<(&[&str], Vec<&str>)> = vec![
            (&["--exclude=nothing-is-called-so"], vec![]),
            (&["--exclude=nothing/is/called/so"], vec![]),
            (&["--include=*.c"], vec![]),
            (&["--exclude=*.o"], objects.to_vec()),
            (&["--exclude", "*.o", "--include", "b.*"], vec!["a.o", "build/out.o", "link.o"]),
            (&["--include=b.*", "--exclude=*.o"], objects.to_vec()),
            (&["--exclude=build"], out_of_both.clone()),
            (&["--exclude=build/"], out_of_both.clone()),
            (&["--exclude=/build"], out_of_build.to_vec()),
            (&["--exclude=./build/"], out_of_build.to_vec()),
            (&["--exclude=src/build"], vec!["src/build", "src/build/deep.c"]),
            (&["--exclude=**/build"], out_of_both.clone()),
            (&["--exclude=a.c/"], vec![]),
            (&["--exclude=build/**"], vec!["build/keep.c", "build/out.o"]),
            // What is below a directory that is left out cannot be had back.
            (&["--exclude=build", "--include=keep.c"], out_of_both.clone()),
            (&["--exclude=/build/*", "--include=keep.c"], vec!["build/out.o"]),
            (&["--exclude=.*"], vec![".hidden"]),
            (&["--exclude=?.[a-c]"], vec!["a.c", "src/b.c", "src/deep/er/c.c"]),
            (&["--exclude=*.{o,c}", "--include=/build.c"], {
                let sources = ["a.c", "build/keep.c", "src/b.c", "src/build/deep.c", "src/deep/er/c.c"];
                [&objects[..], &sources].concat()
            }),
            (&["--exclude=src/**/c.c"], vec!["src/deep/er/c.c"]),
        ];
        for (number, (arguments, out)) in cases.into_iter().enumerate() {
            let mut expected = all.clone();
            for name in out {
                assert!(expected.remove(name), "{name} is not in the tree");
            }
            let expected: Vec<String> = expected.into_iter().collect();
            let mut found = left(s, number, arguments);
            found.sort();
            assert_eq!(found, expected, "{arguments:?}");
        }
        // Nothing but the sources in C, with the directories that lead to them.
        let only = left(s, 100, &["--exclude=*", "--include=*/", "--include=*.c"]);
        assert!(only.iter().all(|name| name.ends_with(".c") || s.path(format!("s/{name}")).is_dir()));
        assert!(only.contains(&"src/deep/er/c.c".to_owned()) && only.contains(&"empty".to_owned()));
    });
}

/// What git's rules leave of a tree, as the crate `ignore` walks it, with `lines` above the tree's own rules.
fn oracle(s: &Sandbox, root: &str, lines: Option<&str>, gitignore: bool) -> BTreeSet<PathBuf> {
    let rules = s.path(format!("{root}/.rules-of-the-oracle"));
    if let Some(lines) = lines {
        std::fs::write(&rules, lines).unwrap();
    }
    let mut walk = WalkBuilder::new(s.path(root));
    walk.standard_filters(false).git_ignore(gitignore).require_git(false);
    if lines.is_some() {
        walk.add_custom_ignore_filename(".rules-of-the-oracle");
    }
    let root = s.path(root);
    let names = walk.build().map(|entry| entry.unwrap().path().strip_prefix(&root).unwrap().to_owned());
    let names = names.filter(|name| name != Path::new(".rules-of-the-oracle")).collect();
    if lines.is_some() {
        std::fs::remove_file(rules).unwrap();
    }
    names
}

#[test]
fn patterns_mean_what_another_implementation_of_git_s_rules_takes_them_for() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    let parts = ["a", "b", "ab", "a.c", "x"];
    for (index, one) in parts.iter().enumerate() {
        for two in &parts[index..] {
            s.file(format!("s/{one}-/{two}/{one}"), "1").file(format!("s/{two}/{one}_/x"), "2");
        }
    }
    let globs = [
        "a", "*", "*/", "a*", "?", "*.c", "/a", "/*", "a/", "/x/", "**/a", "a/**", "**/x", "a/*", "*/a",
        "[ab]", "[!a]", "{a,x}", "*-", "a/a_", "/a-/**/a", "**", "x/**/x", "ab/*/x", "*/*/x", "*_/", "a?c",
    ];
    // Every pair of them, of which the second re-includes, and back.
    for (number, first) in globs.iter().enumerate() {
        for (other, second) in
            [(globs[(number * 7 + 3) % globs.len()], true), (globs[(number + 5) % 27], false)]
                .map(|(second, include)| (second, include.then_some(second)))
        {
            let copy = format!("t{number}-{}", second.is_some());
            let (option, line) = match second {
                Some(second) => (format!("--include={second}"), format!("{first}\n!{second}\n")),
                None => (format!("--exclude={other}"), format!("{first}\n{other}\n")),
            };
            let excluded = format!("--exclude={first}");
            s.cp(["-rT", &excluded, &option, "s/.", &copy]).succeeds();
            let found: BTreeSet<PathBuf> = s.tree(&copy).into_keys().collect();
            assert_eq!(found, oracle(&s, "s", Some(&line), false), "{excluded} {option}");
        }
    }
}

#[test]
fn an_operand_is_left_out_by_its_own_name() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.dir("t").dir("u").dir("v").dir("w");
        s.cp(["-r", "--exclude=*.o", "s/a.o", "s/a.c", "s/link.o", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "a.c"]);
        // Also a directory, with or without slashes; not by a pattern for what is below, and never `.` itself.
        s.cp(["-r", "--exclude=build/", "s/build", "s/src/build/", "s/a.c", "u"]).succeeds();
        assert_eq!(s.names("u"), ["", "a.c"]);
        s.cp(["-r", "--exclude=/build", "--exclude=s/build", "s/build", "v"]).succeeds();
        assert_eq!(s.names("v"), ["", "build", "build/keep.c", "build/out.o"]);
        s.cp(["-r", "--exclude=.*", "s/build/.", "w"]).succeeds();
        assert_eq!(s.names("w"), ["", "keep.c", "out.o"]);
        // One that is not there is told all the same, and a directory that is left out needs no -r.
        s.cp(["--exclude=gone", "gone", "w"]).fails("ucp: cannot stat 'gone': No such file or directory");
        s.cp(["--exclude=build", "s/build", "w"]).succeeds();
    });
}

#[test]
fn names_of_any_bytes_are_matched() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let strange = Path::new("s").join(OsStr::from_bytes(b"\xff\xfe.o"));
        s.file(&strange, "1").file("s/new\nline.o", "2").file("s/-dash.o", "3").file("s/ .o", "4");
        s.file("s/\u{e9}.o", "5").file("s/*.o", "6").file("s/kept\n", "7").file("s/..o", "8");
        s.cp(["-r", "--exclude=*.o", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "kept\n"]);
        s.cp(["-r", "--exclude=\\*.o", "--exclude=\u{e9}.*", "--exclude=new?line*", "s", "u"]).succeeds();
        let left = s.tree("u");
        assert_eq!(left.len(), 6);
        assert!(left.contains_key(Path::new(OsStr::from_bytes(b"\xff\xfe.o"))));
    });
}

#[test]
fn what_is_left_out_is_not_entered_or_even_opened() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "1")
            .file("s/closed/f", "2")
            .chmod("s/closed", 0)
            .file("s/secret", "3")
            .chmod("s/secret", 0);
        s.symlink("s/loop", "loop").symlink("s/up", "..");
        s.give_to_nobody();
        let left_out = ["--exclude=closed", "--exclude=secret", "--exclude=loop", "--exclude=up"];
        s.cp(["-rL"]).and(left_out).and(["s", "t"]).by_nobody().succeeds().complains("");
        assert_eq!(s.names("t"), ["", "a"]);
        // Into itself, as long as the copy is left out.
        s.cp(["-rL", "--exclude=copy", "."])
            .and(left_out)
            .and(["--exclude=t", "copy"])
            .by_nobody()
            .succeeds();
        assert_eq!(s.names("copy"), ["", "s", "s/a"]);
    });
}

#[test]
fn what_stands_at_the_destination_stays() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("t/a.o", "old").file("t/build/own", "old");
        s.cp(["-rT", "--exclude=*.o", "--exclude=/build", "s", "t"]).succeeds();
        assert_eq!((s.read("t/a.o"), s.read("t/build/own")), (b"old".to_vec(), b"old".to_vec()));
        assert!(!s.exists("t/build/keep.c") && s.exists("t/src/build/deep.c"));
    });
}

#[test]
fn hard_links_of_what_is_left_out_are_copies_and_links_of_the_rest() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/one.o", "1").hard_link("s/two", "s/one.o").hard_link("s/three", "s/one.o").dir("s/d");
        s.hard_link("s/d/four", "s/one.o").hard_link("s/d/five.o", "s/one.o");
        s.cp(["-a", "--exclude=*.o", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "d", "d/four", "three", "two"]);
        let inode = |name: &str| std::os::unix::fs::MetadataExt::ino(&s.path(name).metadata().unwrap());
        assert_eq!((inode("t/two"), inode("t/two")), (inode("t/three"), inode("t/d/four")));
    });
}

#[test]
fn parents_are_made_for_what_is_copied_only() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.dir("t");
        s.cp(["-r", "--parents", "--exclude=*.o", "--exclude=/deep", "s/build/out.o", "s/src", "t"])
            .succeeds();
        let src = ["s/src", "s/src/b.c", "s/src/build", "s/src/build/deep.c", "s/src/to-build"];
        assert_eq!(s.names("t"), [&["", "s"], &src[..]].concat());
    });
}

#[test]
fn mount_points_are_left_out_with_and_without_x() {
    if !needs_extensions() || !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "1").dir("s/mounted").dir("s/other");
        let (Some(_one), Some(_two)) = (s.tmpfs("s/mounted", ""), s.tmpfs("s/other", "")) else {
            return skip("no tmpfs can be mounted");
        };
        s.file("s/mounted/f", "2").file("s/other/f", "3");
        s.cp(["-r", "--exclude=mounted", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "a", "other", "other/f"]);
        s.cp(["-rx", "--exclude=mounted", "s", "u"]).succeeds();
        assert_eq!(s.names("u"), ["", "a", "other"]);
    });
}

#[test]
fn a_tree_deeper_than_the_longest_path_is_matched_to_its_end() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let name = "d".repeat(200);
        let mut at = rustix::fs::open(s.work(), rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
        for level in 0..30 {
            let here = if level == 0 { "s" } else { name.as_str() };
            rustix::fs::mkdirat(&at, here, 0o755.into()).unwrap();
            at = rustix::fs::openat(&at, here, rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
        }
        for leaf in ["x.o", "x.c"] {
            let flags = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY;
            rustix::fs::openat(&at, leaf, flags, 0o644.into()).unwrap();
        }
        s.cp(["-rv", "--exclude=/d*/**/x.o", "s", "t"])
            .limit(rustix::process::Resource::Nofile, 40)
            .succeeds();
        let copied = walkdir::WalkDir::new(s.path("t")).into_iter().flatten().count();
        assert!(copied >= 15, "{copied}");
        let listed = s.cp(["-rv", "--dry-run", "t", "u"]).succeeds();
        assert!(listed.stdout().ends_with(b"/x.c'\n"), "x.c is the last of the copy, and the only leaf");
    });
}

#[test]
fn a_pattern_that_is_none_is_refused_before_anything_is_touched() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let hint = "\nTry 'ucp --help' for more information.";
        for (option, glob, why) in [
            ("--exclude", "[a", "unclosed character class; missing ']'"),
            ("--include", "{a", "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"),
            ("--exclude", "", "it can match no name"),
            ("--exclude", "/", "it can match no name"),
        ] {
            let typed = format!("{option}={glob}");
            let words = format!("ucp: invalid pattern '{glob}' for '{option}': {why}{hint}");
            s.cp(["-r", "--exclude=ok", &typed, "s", "t"]).fails(&words);
            assert!(!s.exists("t"));
        }
        let bytes = OsStr::from_bytes(b"--exclude=\xff");
        s.cp([OsStr::new("-r"), bytes, OsStr::new("s"), OsStr::new("t")]).run().ends(1).mentions("not UTF-8");
        s.cp(["-r", "s", "t", "--exclude"]).run().ends(1).mentions("requires an argument");
        assert!(!s.exists("t"));
    });
}
