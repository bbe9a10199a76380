//! `-v`: one line for each thing copied, the names in it, their quoting and their order.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::common::each_engine;

#[test]
fn verbose_says_from_where_to_where() {
    each_engine(|s| {
        s.file("a", "1").dir("d");
        s.cp(["-v", "a", "b"]).succeeds().prints("'a' -> 'b'\n");
        s.cp(["--verbose", "a", "b"]).succeeds().prints("'a' -> 'b'\n");
        s.cp(["-v", "./a", "d/"]).succeeds().prints("'./a' -> 'd/a'\n");
        s.cp(["-v", "a", "d//"]).succeeds().prints("'a' -> 'd/a'\n");
        s.cp(["-vt", "d/", "a"]).succeeds().prints("'a' -> 'd/a'\n");
        s.cp(["-v", "d//a", "./b"]).succeeds().prints("'d//a' -> './b'\n");
    });
}

#[test]
fn operands_are_named_in_their_order() {
    each_engine(|s| {
        s.dir("d");
        let names: Vec<String> = (0..40).map(|i| format!("{}", (i * 17) % 40)).collect();
        for name in &names {
            s.file(name, name);
        }
        let expected: String = names.iter().map(|name| format!("'{name}' -> 'd/{name}'\n")).collect();
        s.cp(["-vt", "d"]).and(&names).succeeds().prints(expected);
    });
}

#[test]
fn a_tree_is_named_from_its_root_down() {
    each_engine(|s| {
        s.file("d/1/2/3/f", "1");
        s.cp(["-rv", "d", "e"]).succeeds().prints(
            "'d' -> 'e'\n'd/1' -> 'e/1'\n'd/1/2' -> 'e/1/2'\n'd/1/2/3' -> 'e/1/2/3'\n'd/1/2/3/f' -> 'e/1/2/3/f'\n",
        );
    });
}

#[test]
fn everything_in_a_tree_is_named_once_and_parents_before_children() {
    each_engine(|s| {
        for dir in 0..12 {
            for file in 0..12 {
                s.file(format!("d/{dir}/sub/{file}"), "1");
            }
            s.symlink(format!("d/{dir}/link"), "nowhere");
        }
        let outcome = s.cp(["-rv", "d", "e"]).succeeds();
        let text = String::from_utf8(outcome.stdout().to_vec()).unwrap();
        let sources: Vec<&str> = text.lines().map(|line| line.split('\'').nth(1).unwrap()).collect();
        let mut expected: Vec<String> =
            s.names("d").iter().map(|name| format!("d/{name}").trim_end_matches('/').to_owned()).collect();
        let mut sorted = sources.clone();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        for (position, source) in sources.iter().enumerate().skip(1) {
            let parent = Path::new(source).parent().unwrap().to_str().unwrap();
            assert!(sources[..position].contains(&parent), "{source} is named before {parent}");
        }
    });
}

#[test]
fn directories_that_exist_already_are_not_named() {
    each_engine(|s| {
        s.file("d/x/f", "1").dir("e");
        s.cp(["-rv", "d", "e"]).succeeds().prints("'d' -> 'e/d'\n'd/x' -> 'e/d/x'\n'd/x/f' -> 'e/d/x/f'\n");
        s.cp(["-rv", "d", "e"]).succeeds().prints("'d/x/f' -> 'e/d/x/f'\n");
    });
}

#[test]
fn slashes_and_dots_in_operands_show_as_typed() {
    each_engine(|s| {
        s.file("d/x", "1").dir("e").dir("g").file("h/s/y", "2").dir("i");
        s.cp(["-rv", "d/", "e/"]).succeeds().prints("'d/' -> 'e/d'\n'd/x' -> 'e/d/x'\n");
        s.cp(["-rv", "d///", "e//"]).succeeds().prints("'d/x' -> 'e/d/x'\n");
        s.cp(["-rv", "./d", "e/."]).succeeds().prints("'./d/x' -> 'e/./d/x'\n");
        s.cp(["-rv", "d/.", "g"]).succeeds().prints("'d/./x' -> 'g/./x'\n");
        s.cp(["-rv", "d/.", "new"]).succeeds().prints("'d/.' -> 'new'\n'd/./x' -> 'new/x'\n");
        s.cp(["-rv", "h/s/..", "i"])
            .succeeds()
            .prints_lines(&["'h/s/../s' -> 'i/./s'", "'h/s/../s/y' -> 'i/./s/y'"]);
        s.assert_same("d", "g");
        s.assert_same("d", "new");
        s.assert_same("h", "i");
    });
}

#[test]
fn odd_names_are_quoted_for_the_shell() {
    let quoted: [(&[u8], &str); 20] = [
        (b"plain", "'e/plain'"),
        (b"a b", "'e/a b'"),
        (b"it's", "\"e/it's\""),
        (b"n\nl", "'e/n'$'\\n''l'"),
        (b"\xff", "'e/'$'\\377'"),
        (b"\xc3", "'e/'$'\\303'"),
        (b"\xff\xfe-\x80", "'e/'$'\\377\\376''-'$'\\200'"),
        ("é".as_bytes(), "'e/é'"),
        ("a\u{301}".as_bytes(), "'e/a\u{301}'"),
        (b"tab\t", "'e/tab'$'\\t'"),
        (b"a\x01", "'e/a'$'\\001'"),
        (b"\x7f", "'e/'$'\\177'"),
        (b"'\"", "'e/'\\''\"'"),
        (b"it's\n", "'e/it'\\''s'$'\\n'"),
        (b"a\"b", "'e/a\"b'"),
        (b"back\\slash", "'e/back\\slash'"),
        (b"$x", "'e/$x'"),
        (b"!~#*?[", "'e/!~#*?['"),
        (b"-v", "'e/-v'"),
        (b"\xe2\x80\xa8", "'e/'$'\\342\\200\\250'"),
    ];
    each_engine(|s| {
        s.dir("e");
        for (name, shown) in quoted {
            let source = Path::new("d").join(OsStr::from_bytes(name));
            s.file(&source, "1");
            let line = format!("{} -> {shown}\n", shown.replacen("e/", "d/", 1));
            s.cp(["-vt", "e"]).and([&source]).succeeds().prints(line);
        }
        s.assert_same("d", "e");
    });
}

#[test]
fn what_is_tried_is_named_even_when_it_fails() {
    each_engine(|s| {
        s.file("a", "1").dir("d").symlink("gone", "nowhere");
        s.cp(["-v", "a", "no/x"])
            .fails("ucp: cannot create regular file 'no/x': No such file or directory")
            .prints("'a' -> 'no/x'\n");
        s.cp(["-v", "a", "a"]).fails("ucp: 'a' and 'a' are the same file").prints("");
        s.cp(["-vT", "a", "d"])
            .fails("ucp: cannot overwrite directory 'd' with non-directory 'a'")
            .prints("");
        s.cp(["-v", "d", "e"]).fails("ucp: -r not specified; omitting directory 'd'").prints("");
        s.cp(["-v", "a", "gone"])
            .fails("ucp: not writing through dangling symlink 'gone'")
            .prints("'a' -> 'gone'\n");
    });
}

#[test]
fn a_destination_that_had_to_go_is_named_as_removed() {
    each_engine(|s| {
        s.fifo("p", 0o644).symlink("l", "nowhere").file("d/p", "1").file("d/l", "2");
        s.cp(["-rv", "p", "l", "d"])
            .succeeds()
            .prints("removed 'd/p'\n'p' -> 'd/p'\nremoved 'd/l'\n'l' -> 'd/l'\n");
    });
}

#[test]
fn verbose_lines_that_cannot_be_written_are_an_error_after_everything_was_copied() {
    each_engine(|s| {
        s.file("d/a", "1").file("d/b", "2").file("d/c/e", "3");
        s.cp(["-rv", "d", "1"]).stdout_full().fails("ucp: write error: No space left on device");
        s.assert_same("d", "1");
        s.cp(["-rv", "d", "2"]).close(1).fails("ucp: write error: Bad file descriptor");
        s.assert_same("d", "2");
        s.cp(["-r", "d", "3"]).close(1).succeeds();
        s.assert_same("d", "3");
    });
}
