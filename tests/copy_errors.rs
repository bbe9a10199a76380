//! What cannot be copied: GNU's message for it, status 1, and everything else still copied.

use crate::common::each_engine;

#[test]
fn a_missing_source_is_reported_and_the_others_are_copied() {
    each_engine(|s| {
        s.file("x/a", "1").file("x/b", "2").dir("d");
        s.cp(["no", "b"]).fails("ucp: cannot stat 'no': No such file or directory");
        s.cp(["x/a", "no", "x/b", "d"]).fails("ucp: cannot stat 'no': No such file or directory");
        s.assert_same("x", "d");
        s.cp(["-r", "no", "x", "e"]).fails("ucp: target 'e': No such file or directory");
    });
}

#[test]
fn an_empty_name_is_no_file() {
    each_engine(|s| {
        s.file("a", "1");
        s.cp(["", "b"]).fails("ucp: cannot stat '': No such file or directory");
        s.cp(["a", ""]).fails("ucp: cannot create regular file '': No such file or directory");
        s.cp(["-t", "", "a"]).fails("ucp: target directory '': No such file or directory");
    });
}

#[test]
fn a_directory_without_r_is_omitted_and_the_others_are_copied() {
    each_engine(|s| {
        s.file("s/x", "1").file("a", "2").dir("d").symlink("l", "s");
        s.cp(["s", "e"]).fails("ucp: -r not specified; omitting directory 's'");
        s.cp(["s/", "e"]).fails("ucp: -r not specified; omitting directory 's/'");
        s.cp(["l", "e"]).fails("ucp: -r not specified; omitting directory 'l'");
        s.cp(["s", "a", "d"]).fails("ucp: -r not specified; omitting directory 's'");
        assert_eq!(s.names("d"), ["", "a"]);
        assert!(!s.exists("e"));
    });
}

#[test]
fn several_sources_need_a_directory_to_go_to() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2").file("c", "3").symlink("loop", "loop").symlink("gone", "nowhere");
        s.cp(["a", "b", "c"]).fails("ucp: target 'c': Not a directory");
        s.cp(["a", "b", "no"]).fails("ucp: target 'no': No such file or directory");
        s.cp(["a", "b", "gone"]).fails("ucp: target 'gone': No such file or directory");
        s.cp(["a", "b", "loop"]).fails("ucp: target 'loop': Too many levels of symbolic links");
        s.cp(["a", "b", "c/x"]).fails("ucp: target 'c/x': Not a directory");
        assert_eq!(s.read("c"), b"3");
        assert_eq!(s.names(""), ["", "a", "b", "c", "gone", "loop"]);
    });
}

#[test]
fn the_target_directory_must_be_one() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2").symlink("loop", "loop").symlink("gone", "nowhere");
        s.cp(["-t", "b", "a"]).fails("ucp: target directory 'b': Not a directory");
        s.cp(["-t", "no", "a"]).fails("ucp: target directory 'no': No such file or directory");
        s.cp(["-t", "gone", "a"]).fails("ucp: target directory 'gone': No such file or directory");
        s.cp(["-t", "loop", "a"]).fails("ucp: target directory 'loop': Too many levels of symbolic links");
        assert_eq!(s.read("b"), b"2");
    });
}

#[test]
fn a_destination_in_a_missing_directory_is_an_error() {
    each_engine(|s| {
        s.file("a", "1").dir("d").symlink("l", "a").fifo("p", 0o644).socket("s");
        s.cp(["a", "no/x"]).fails("ucp: cannot create regular file 'no/x': No such file or directory");
        s.cp(["-r", "d", "no/x"]).fails("ucp: cannot create directory 'no/x': No such file or directory");
        s.cp(["-r", "l", "no/x"]).fails("ucp: cannot create symbolic link 'no/x': No such file or directory");
        s.cp(["-r", "p", "no/x"]).fails("ucp: cannot create fifo 'no/x': No such file or directory");
        s.cp(["-r", "s", "no/x"]).fails("ucp: cannot create special file 'no/x': No such file or directory");
        assert!(!s.exists("no"));
    });
}

#[test]
fn a_file_is_not_copied_to_a_missing_name_with_a_slash() {
    each_engine(|s| {
        s.file("a", "1").file("d/x", "2").symlink("gone", "nowhere");
        s.cp(["a", "no/"]).fails("ucp: cannot create regular file 'no/': Not a directory");
        s.cp(["-T", "a", "no/"]).fails("ucp: cannot create regular file 'no/': Not a directory");
        s.cp(["a", "gone/"]).fails("ucp: cannot create regular file 'gone/': Not a directory");
        s.cp(["-r", "d", "e/"]).succeeds();
        s.assert_same("d", "e");
    });
}

#[test]
fn a_file_with_a_slash_is_not_a_source() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "a");
        for arguments in [["-T", "a/", "b"], ["-r", "a/", "b"]] {
            s.cp(arguments).fails("ucp: cannot stat 'a/': Not a directory");
        }
        s.cp(["-r", "l/", "b"]).fails("ucp: cannot stat 'l/': Not a directory");
        assert!(!s.exists("b"));
    });
}

#[test]
fn a_file_in_the_middle_of_a_path_is_not_a_directory() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2");
        s.cp(["a/x", "c"]).fails("ucp: cannot stat 'a/x': Not a directory");
        s.cp(["a", "b/c"]).fails("ucp: cannot stat 'b/c': Not a directory");
        s.cp(["a", "a/b"]).fails("ucp: cannot stat 'a/b': Not a directory");
    });
}

#[test]
fn links_in_a_loop_are_reported() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "l");
        s.cp(["l", "b"]).fails("ucp: cannot stat 'l': Too many levels of symbolic links");
        s.cp(["l/x", "b"]).fails("ucp: cannot stat 'l/x': Too many levels of symbolic links");
        s.cp(["a", "l"]).fails("ucp: cannot stat 'l': Too many levels of symbolic links");
        s.cp(["a", "l/"]).fails("ucp: cannot stat 'l/': Too many levels of symbolic links");
        s.cp(["a", "l/x"]).fails("ucp: cannot stat 'l/x': Too many levels of symbolic links");
    });
}

#[test]
fn a_name_that_is_too_long_is_reported() {
    each_engine(|s| {
        let long = "n".repeat(256);
        let message = format!("ucp: cannot stat '{long}': File name too long");
        s.file("a", "1");
        s.cp(["a", &long]).fails(&message);
        s.cp([&long, "b"]).fails(&message);
    });
}

#[test]
fn a_dangling_link_is_no_source_without_r() {
    each_engine(|s| {
        s.symlink("l", "nowhere");
        s.cp(["l", "b"]).fails("ucp: cannot stat 'l': No such file or directory");
        assert_eq!(s.names(""), ["", "l"]);
    });
}

#[test]
fn a_socket_cannot_be_read() {
    each_engine(|s| {
        s.socket("s");
        s.cp(["s", "b"]).fails("ucp: cannot open 's' for reading: No such device or address");
        assert_eq!(s.names(""), ["", "s"]);
    });
}

#[test]
fn a_source_that_fails_to_be_read_is_reported_and_the_others_are_copied() {
    each_engine(|s| {
        s.file("a", "1").dir("d");
        s.cp(["/proc/self/mem", "a", "d"]).fails("ucp: error reading '/proc/self/mem': Input/output error");
        s.assert_same("a", "d/a");
        assert_eq!(s.read("d/mem"), b"");
    });
}

#[test]
fn a_full_device_as_the_destination_is_reported() {
    each_engine(|s| {
        s.file("a", "1").file("empty", "").give_to_nobody();
        // As an ordinary user: root's mistake would cost the machine its device.
        s.cp(["a", "/dev/full"]).by_nobody().fails("ucp: error writing '/dev/full': No space left on device");
        s.cp(["empty", "/dev/full"]).by_nobody().succeeds();
    });
}

#[test]
fn odd_names_are_quoted_in_messages() {
    each_engine(|s| {
        for (name, shown) in [
            ("a b", "'a b'"),
            ("it's", "\"it's\""),
            ("a\nb", "'a'$'\\n''b'"),
            ("tab\t", "'tab'$'\\t'"),
            ("back\\slash", "'back\\slash'"),
            ("\"", "'\"'"),
            ("'\"", "''\\''\"'"),
            ("é", "'é'"),
            ("\u{1}", "''$'\\001'"),
            ("$x!", "'$x!'"),
        ] {
            s.cp([name, "b"]).fails(&format!("ucp: cannot stat {shown}: No such file or directory"));
        }
    });
}
