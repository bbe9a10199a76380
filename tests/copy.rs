//! `ucp SRC DST`, `ucp SRC... DIR`, `-t`, `-T`: what ends up where, and that it is the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::FileType;

use crate::common::{each_engine, needs_root, noise};

#[test]
fn a_file_is_copied_to_a_new_name() {
    each_engine(|s| {
        s.file("a", "hello\n");
        s.cp(["a", "b"]).succeeds().prints("");
        s.assert_same("a", "b");
        assert_eq!(s.read("b"), b"hello\n");
    });
}

#[test]
fn an_empty_file_is_copied() {
    each_engine(|s| {
        s.file("a", "");
        s.cp(["a", "b"]).succeeds();
        s.assert_same("a", "b");
    });
}

#[test]
fn a_file_is_copied_into_a_directory() {
    each_engine(|s| {
        s.file("x/a", "hello").dir("d");
        s.cp(["x/a", "d"]).succeeds();
        s.cp(["x/a", "d/"]).succeeds();
        s.assert_same("x", "d");
    });
}

#[test]
fn several_files_are_copied_into_a_directory() {
    each_engine(|s| {
        s.file("x/a", "1").file("x/b", "22").file("x/c", "333").dir("d");
        s.cp(["x/a", "x/b", "x/c", "d"]).succeeds();
        s.assert_same("x", "d");
    });
}

#[test]
fn the_target_directory_may_come_first() {
    each_engine(|s| {
        for (dir, options) in [
            ("1", &["-t", "1"][..]),
            ("2", &["-t2"]),
            ("3", &["--target-directory", "3"]),
            ("4", &["--target-directory=4"]),
            ("5", &["--targ=5"]),
        ] {
            s.file("x/a", "1").file("x/b", "22").dir(dir);
            s.cp(options).and(["x/a", "x/b"]).succeeds();
            s.assert_same("x", dir);
        }
    });
}

#[test]
fn options_may_stand_among_and_behind_the_operands() {
    each_engine(|s| {
        s.file("x/a", "1").file("x/b", "22").dir("d");
        s.cp(["x/a", "x/b", "-t", "d", "-v"]).succeeds().prints("'x/a' -> 'd/a'\n'x/b' -> 'd/b'\n");
        s.cp(["x", "-r", "e"]).succeeds();
        s.assert_same("x", "e");
    });
}

#[test]
fn nothing_behind_two_dashes_is_an_option() {
    each_engine(|s| {
        s.file("-r", "dash").dir("d");
        s.cp(["--", "-r", "d"]).succeeds();
        s.cp(["-vt", "d", "--", "-r"]).succeeds().prints("'-r' -> 'd/-r'\n");
        assert_eq!(s.read("d/-r"), b"dash");
    });
}

#[test]
fn under_posixly_correct_options_end_at_the_first_operand() {
    each_engine(|s| {
        s.file("a", "1").file("-v", "2").dir("d");
        s.cp(["a", "-v", "d"]).env("POSIXLY_CORRECT", "1").succeeds().prints("");
        assert_eq!(s.names("d"), ["", "-v", "a"]);
    });
}

#[test]
fn no_target_directory_takes_the_destination_as_it_is() {
    each_engine(|s| {
        s.file("a", "1").dir("d").file("t/x", "2").dir("u");
        s.cp(["-T", "a", "d"]).fails("ucp: cannot overwrite directory 'd' with non-directory 'a'");
        s.cp(["-T", "a", "b"]).succeeds();
        s.assert_same("a", "b");
        s.cp(["-rT", "t", "u"]).succeeds();
        s.assert_same("t", "u");
        s.cp(["-r", "--no-target-directory", "t", "w"]).succeeds();
        s.assert_same("t", "w");
    });
}

#[test]
fn links_in_the_path_of_a_source_are_followed() {
    each_engine(|s| {
        s.file("d/a", "1").symlink("l", "d").symlink("k", "d/a");
        s.cp(["l/a", "b"]).succeeds();
        s.assert_same("d/a", "b");
        s.cp(["k", "c"]).succeeds();
        s.assert_same("d/a", "c");
    });
}

#[test]
fn without_r_a_link_is_followed_and_with_r_it_is_copied() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "a").symlink("gone", "nowhere").symlink("loop", "loop");
        s.cp(["l", "b"]).succeeds();
        s.assert_same("a", "b");
        for (link, copy) in [("l", "1"), ("gone", "2"), ("loop", "3")] {
            s.cp(["-r", link, copy]).succeeds();
            assert_eq!(s.link_target(copy), s.link_target(link));
        }
    });
}

#[test]
fn a_link_to_a_directory_with_a_slash_is_the_directory() {
    each_engine(|s| {
        s.file("d/x", "1").symlink("l", "d").dir("m");
        s.cp(["-r", "l/", "new"]).succeeds();
        s.assert_same("d", "new");
        s.cp(["-rv", "l/", "m"]).succeeds().prints("'l/' -> 'm/l'\n'l/x' -> 'm/l/x'\n");
        s.assert_same("d", "m/l");
        s.cp(["-r", "l", "copied-link"]).succeeds();
        assert_eq!(s.link_target("copied-link"), Path::new("d"));
    });
}

#[test]
fn a_link_to_a_directory_serves_as_the_target_directory() {
    each_engine(|s| {
        s.file("a", "1").dir("d").symlink("l", "d");
        s.cp(["a", "l"]).succeeds();
        s.assert_same("a", "d/a");
        s.cp(["-T", "a", "l"]).fails("ucp: cannot overwrite directory 'l' with non-directory 'a'");
    });
}

#[test]
fn a_target_of_a_link_longer_than_usual_arrives_whole() {
    each_engine(|s| {
        let target = "t/".repeat(2000);
        s.symlink("d/l", &target);
        s.cp(["-r", "d", "e"]).succeeds();
        assert_eq!(s.link_target("e/l"), Path::new(&target));
    });
}

#[test]
fn fifos_and_sockets_are_made_anew_under_r() {
    each_engine(|s| {
        s.dir("d").fifo("d/p", 0o600).fifo("d/q", 0o755).socket("d/s").file("d/f", "1");
        s.cp(["-r", "d", "e"]).succeeds();
        s.assert_same("d", "e");
        s.cp(["-r", "d/p", "d/s", "e"]).succeeds();
        s.assert_same("d", "e");
    });
}

#[test]
fn devices_are_made_anew_under_r() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        let device = |major, minor| rustix::fs::makedev(major, minor);
        s.dir("d").node("d/null", FileType::CharacterDevice, 0o640, device(1, 3));
        s.node("d/loop", FileType::BlockDevice, 0o600, device(7, 99));
        s.cp(["-r", "d", "e"]).succeeds();
        s.assert_same("d", "e");
        assert_eq!(s.path("e/loop").symlink_metadata().unwrap().rdev(), device(7, 99));
    });
}

#[test]
fn without_r_a_device_and_a_fifo_are_read() {
    each_engine(|s| {
        s.fifo("p", 0o644).give_to_nobody();
        // Real devices are for an ordinary user alone: root's mistake would cost the machine its /dev/null.
        s.cp(["/dev/null", "n"]).by_nobody().succeeds();
        assert_eq!(s.read("n"), b"");
        let data = noise(300_000, 1);
        s.while_feeding("p", &data, || drop(s.cp(["p", "b"]).succeeds()));
        assert!(s.read("b") == data, "what came through the fifo is not what went in");
    });
}

#[test]
fn a_fifo_as_the_destination_receives_the_data() {
    each_engine(|s| {
        let data = noise(300_000, 1);
        s.file("a", &data).fifo("p", 0o644);
        let received = s.received_through("p", || drop(s.cp(["a", "p"]).succeeds()));
        assert!(received == data, "the reader of the fifo got something else");
        assert_eq!(s.names(""), ["", "a", "p"]);
    });
}

#[test]
fn the_null_device_as_the_destination_takes_everything() {
    each_engine(|s| {
        s.file("a", noise(100_000, 1)).give_to_nobody();
        s.cp(["-v", "a", "/dev/null"]).by_nobody().succeeds().prints("'a' -> '/dev/null'\n");
        s.cp(["-rv", "a", "/dev/null"]).by_nobody().succeeds().prints("'a' -> '/dev/null'\n");
        assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device());
    });
}

#[test]
fn proc_files_that_claim_to_be_empty_are_read_to_their_end() {
    each_engine(|s| {
        let version = std::fs::read("/proc/version").unwrap();
        s.cp(["/proc/version", "v"]).succeeds();
        s.cp(["-r", "/proc/version", "w"]).succeeds();
        assert_eq!((s.read("v"), s.read("w")), (version.clone(), version));
        assert_eq!(s.mode("v"), 0o444);
        // Longer than any one read of such a file.
        s.cp(["/proc/kallsyms", "k"]).succeeds();
        assert_eq!(s.read("k").len(), std::fs::read("/proc/kallsyms").unwrap().len());
    });
}

#[test]
fn names_of_255_bytes_and_names_that_are_not_utf8_are_copied() {
    each_engine(|s| {
        let long = "n".repeat(255);
        let odd = OsStr::from_bytes(b"\xff\xfe\n\t'\"");
        s.file(Path::new("d").join(&long), "1").file(Path::new("d").join(odd), "2");
        s.symlink(Path::new("d/link"), odd);
        s.cp(["-r", "d", "e"]).succeeds();
        s.assert_same("d", "e");
        s.dir("t");
        s.cp(["-t", "t"]).and([Path::new("d").join(&long), Path::new("d").join(odd)]).succeeds();
        assert_eq!(s.read(Path::new("t").join(odd)), b"2");
    });
}
