//! Sources whose names are read from a file or standard input: `--files0-from`.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Sandbox, each_engine, needs_extensions};

fn tree(s: &Sandbox) {
    s.file("s/a", "1")
        .file("s/d/b", "2")
        .file("s/d/e/c", "3")
        .file("-", "dash")
        .file("--", "dashes")
        .dir("t");
}

#[test]
fn names_come_from_a_file_and_from_standard_input() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("list", "s/a\0s/d/b\0-\0--\0").dir("u").dir("v").dir("w");
        s.cp(["--files0-from=list", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "-", "--", "a", "b"]);
        // Without a NUL byte behind the last; with -t; the last list counts.
        s.cp(["--files0-from=list", "--files0-from", "-", "-t", "u"]).input("s/a\0s/d/e/c").succeeds();
        assert_eq!(s.names("u"), ["", "a", "c"]);
        s.cp(["-v", "--parents", "--files0-from=-", "v"]).input("s/d/b\0s/d/e/c\0").succeeds().prints_lines(
            &[
                "s -> v/s",
                "s/d -> v/s/d",
                "'s/d/b' -> 'v/s/d/b'",
                "s/d/e -> v/s/d/e",
                "'s/d/e/c' -> 'v/s/d/e/c'",
            ],
        );
        s.cp(["-r", "--strip-trailing-slashes", "--files0-from=-", "w"]).input("s/d//\0").succeeds();
        s.assert_same("s/d", "w/d");
    });
}

#[test]
fn nothing_is_to_be_done_for_an_empty_list() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("empty", "");
        s.cp(["--files0-from=empty", "t"]).succeeds().prints("");
        s.cp(["--files0-from=-", "-t", "t"]).succeeds();
        assert_eq!(s.names("t"), [""]);
        s.cp(["--files0-from=empty", "missing"])
            .fails("ucp: target directory 'missing': No such file or directory");
    });
}

#[test]
fn what_is_wrong_with_the_command_line_or_the_list_is_told_as_wc_tells_it() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("list", "s/a\0").file("a list", "\0s/a\0\0missing\0s/d/b\0");
        let hint = "Try 'ucp --help' for more information.";
        for arguments in [&["s/a", "t"][..], &["-t", "t", "s/a"], &["s/a", "s/d/b", "t"]] {
            s.cp(["--files0-from=list"]).and(arguments).run().ends(1).complains_lines(&[
                "ucp: extra operand 's/a'",
                "file operands cannot be combined with --files0-from",
                hint,
            ]);
        }
        s.cp(["--files0-from=list"])
            .run()
            .ends(1)
            .complains_lines(&["ucp: missing destination operand", hint]);
        s.cp(["--files0-from=list", "-T", "t"])
            .fails("ucp: cannot combine --files0-from and --no-target-directory (-T)");
        s.cp(["-i", "--files0-from=-", "t"]).run().ends(1).mentions("standard input has the names");
        s.cp(["--files0-from=none", "t"])
            .fails("ucp: cannot open 'none' for reading: No such file or directory");
        s.cp(["--files0-from=s", "t"]).fails("ucp: s: read error: Is a directory");
        s.cp(["--files0-from=list", "--parents", "s/a"])
            .fails("ucp: target directory 's/a': Not a directory");
        assert_eq!(s.names("t"), [""]);
        s.cp(["--files0-from=a list", "t"]).run().ends(1).complains_lines(&[
            "ucp: 'a list':1: invalid zero-length file name",
            "ucp: 'a list':3: invalid zero-length file name",
            "ucp: cannot stat 'missing': No such file or directory",
        ]);
        assert_eq!(s.names("t"), ["", "a", "b"]);
        let endless = [&b"s/d/e/c\0"[..], &vec![b'x'; 3 << 20], b"\0s/d/b"].concat();
        s.cp(["--files0-from=-", "t"]).input(endless).fails("ucp: -:2: file name is too long");
        assert_eq!(s.names("t"), ["", "a", "b", "c"]);
    });
}

#[test]
fn names_of_any_bytes_and_more_than_a_block_of_them_are_copied() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let strange = Path::new("s").join(OsStr::from_bytes(b"\xff\n \\'"));
        s.file(&strange, "strange").dir("t").dir("u");
        let mut list = [strange.as_os_str().as_bytes(), b"\0"].concat();
        for number in 0..2500 {
            let name = format!("s/a-name-of-some-length-that-fills-a-block-before-long-{number}");
            s.file(&name, number.to_string());
            list.extend([name.as_bytes(), b"\0"].concat());
        }
        assert!(list.len() > 2 * (64 << 10));
        s.cp(["--files0-from=-", "t"]).input(list.clone()).succeeds();
        s.assert_same("s", "t");
        s.cp(["-a", "--parents", "--files0-from=-", "u"]).input(list).succeeds();
        s.assert_same("s", "u/s");
    });
}

#[test]
fn what_was_just_made_is_not_overwritten_and_what_comes_twice_is_told() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a/f", "1").file("b/f", "2").dir("a/d").file("b/d/g", "3").file("a/d/g", "4").dir("t");
        s.cp(["-r", "--files0-from=-", "t"])
            .input("a/f\0b/f\0a/f\0a/d\0b/d\0")
            .run()
            .ends(1)
            .complains_lines(&[
                "ucp: will not overwrite just-created 't/f' with 'b/f'",
                "ucp: warning: source file 'a/f' specified more than once",
            ]);
        assert_eq!((s.read("t/f"), s.read("t/d/g")), (b"1".to_vec(), b"3".to_vec()));
    });
}

#[test]
fn it_goes_with_the_other_options() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("s/x.o", "o").hard_link("s/d/link", "s/a").dir("u").dir("v");
        let list = "s/a\0s/x.o\0s/d/link\0s/d\0";
        let told =
            s.cp(["-a", "--exclude=*.o", "--exclude=b", "--dry-run", "--files0-from=-", "u"]).input(list);
        let told = told.succeeds();
        assert_eq!(s.names("u"), [""]);
        let done =
            s.cp(["-av", "--exclude=*.o", "--exclude=b", "--files0-from=-", "u"]).input(list).succeeds();
        assert_eq!(String::from_utf8_lossy(told.stdout()), String::from_utf8_lossy(done.stdout()));
        assert_eq!(s.names("u"), ["", "a", "d", "d/e", "d/e/c", "d/link", "link"]);
        let inode = |name: &str| std::os::unix::fs::MetadataExt::ino(&s.path(name).metadata().unwrap());
        assert_eq!((inode("u/a"), inode("u/a")), (inode("u/link"), inode("u/d/link")));
        // A second name for something on the way, in a dry run and for real.
        let twice = "s/a\0-\0s/a\0";
        let told = s.cp(["--dry-run", "--backup=numbered", "--files0-from=-", "v"]).input(twice).run();
        let done = s.cp(["-v", "--backup=numbered", "--files0-from=-", "v"]).input(twice).run();
        assert_eq!(String::from_utf8_lossy(told.stdout()), String::from_utf8_lossy(done.stdout()));
        assert_eq!((told.stderr(), told.status()), (done.stderr(), done.status()));
    });
}

#[test]
fn files_are_copied_before_the_list_has_ended() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let (reading, mut writing) = std::io::pipe().unwrap();
        let run = s.cp(["--files0-from=-", "t"]).stdin(Stdio::from(reading)).start();
        writing.write_all(b"s/a\0s/d").unwrap();
        let began = Instant::now();
        while !s.exists("t/a") || s.read("t/a").is_empty() {
            // Long enough for any machine; without an end a failure would be a test that hangs.
            assert!(began.elapsed() < Duration::from_secs(60), "nothing is copied before the list ends");
            std::thread::yield_now();
        }
        writing.write_all(b"/b").unwrap();
        drop(writing);
        run.finish().ends(0).complains("");
        assert_eq!(s.names("t"), ["", "a", "b"]);
    });
}
