//! `ucat`: which inputs come out, in what order, and what is said about the others.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::common::{each_engine, is_root, needs_root, noise};

#[test]
fn files_come_out_in_the_order_of_the_operands() {
    each_engine(|s| {
        s.file("a", "1\n").file("b", "22").file("c", "\n333\n").file("empty", "");
        s.cat(["a"]).succeeds().prints("1\n");
        s.cat(["b", "a", "c"]).succeeds().prints("221\n\n333\n");
        s.cat(["a", "a", "empty", "a"]).succeeds().prints("1\n1\n1\n");
        s.cat(["empty"]).succeeds().prints("");
        s.cat(["-u", "--", "a"]).succeeds().prints("1\n");
    });
}

#[test]
fn standard_input_is_read_without_operands_and_for_a_dash() {
    each_engine(|s| {
        s.file("a", "A").file("b", "B");
        s.cat([""; 0]).input("in").succeeds().prints("in");
        s.cat(["-"]).input("in").succeeds().prints("in");
        s.cat(["a", "-", "b"]).input("in").succeeds().prints("AinB");
        s.cat(["-", "a", "-"]).input("in").succeeds().prints("inA");
        s.cat(["-", "-"]).input("").succeeds().prints("");
        s.cat(["./-"]).input("in").fails("ucat: ./-: No such file or directory");
    });
}

#[test]
fn standard_input_may_be_a_file_at_any_offset() {
    use std::io::{Seek, SeekFrom};
    each_engine(|s| {
        let data = noise(200_000, 1);
        s.file("a", &data);
        let mut file = std::fs::File::open(s.path("a")).unwrap();
        file.seek(SeekFrom::Start(1234)).unwrap();
        s.cat([""; 0]).stdin(file.try_clone().unwrap()).succeeds().prints(&data[1234..]);
        // It was read to its end: whoever shares it goes on from there.
        assert_eq!(file.stream_position().unwrap(), 200_000);
        s.cat(["-", "a"]).stdin(file).succeeds().prints(&data);
    });
}

#[test]
fn a_missing_file_is_reported_and_the_rest_is_printed() {
    each_engine(|s| {
        s.file("a", "A\n").file("b", "B\n");
        s.cat(["a", "no", "b"]).fails("ucat: no: No such file or directory").prints("A\nB\n");
        s.cat(["no", "nor"])
            .fails("ucat: no: No such file or directory\nucat: nor: No such file or directory");
        s.cat([""]).fails("ucat: '': No such file or directory");
    });
}

#[test]
fn a_directory_is_reported_and_the_rest_is_printed() {
    each_engine(|s| {
        s.file("a", "A\n").dir("d").symlink("l", "d");
        s.cat(["a", "d", "a"]).fails("ucat: d: Is a directory").prints("A\nA\n");
        s.cat(["l/", "d/."]).fails("ucat: l/: Is a directory\nucat: d/.: Is a directory");
    });
}

#[test]
fn other_things_that_are_no_files_are_reported() {
    each_engine(|s| {
        s.file("a", "A").symlink("loop", "loop").symlink("gone", "nowhere").socket("s");
        for (name, reason) in [
            ("a/", "Not a directory"),
            ("a/b", "Not a directory"),
            ("loop", "Too many levels of symbolic links"),
            ("gone", "No such file or directory"),
            ("s", "No such device or address"),
        ] {
            s.cat(["a", name, "a"]).fails(&format!("ucat: {name}: {reason}")).prints("AA");
        }
        let long = "n".repeat(256);
        s.cat([&long]).fails(&format!("ucat: {long}: File name too long"));
    });
}

#[test]
fn a_file_that_may_not_be_read_is_reported_and_the_rest_is_printed() {
    each_engine(|s| {
        s.file("a", "A").file("b", "B").chmod("b", 0).file("d/c", "C").chmod("d", 0).give_to_nobody();
        s.cat(["a", "b", "a", "d/c"])
            .by_nobody()
            .fails("ucat: b: Permission denied\nucat: d/c: Permission denied")
            .prints("AA");
        if is_root() {
            s.cat(["b", "d/c"]).succeeds().prints("BC");
        }
    });
}

#[test]
fn names_are_quoted_only_where_a_shell_would_need_it() {
    each_engine(|s| {
        for (name, shown) in [
            (&b"plain"[..], "plain"),
            (b"a b", "'a b'"),
            (b"it's", "\"it's\""),
            (b"x\ny", "'x'$'\\n''y'"),
            (b"\xff", "''$'\\377'"),
            ("é".as_bytes(), "é"),
            (b"a*", "'a*'"),
            (b"~", "'~'"),
            (b"a~", "a~"),
            (b"#a", "'#a'"),
            (b"a#", "a#"),
            (b"a=b", "'a=b'"),
            (b"{", "'{'"),
            (b"{a}", "{a}"),
            (b"a:", "'a:'"),
            (b"a:b", "'a:b'"),
            (b"$x", "'$x'"),
            (b"a,b%c+d@e", "a,b%c+d@e"),
            (b"]", "]"),
            (b"[", "'['"),
            (b"^", "'^'"),
            (b"!", "'!'"),
            (b"back\\slash", "'back\\slash'"),
        ] {
            let message = format!("ucat: {shown}: No such file or directory");
            s.cat([OsStr::from_bytes(name)]).fails(&message);
        }
    });
}

#[test]
fn large_files_arrive_whole() {
    each_engine(|s| {
        let mut expected = Vec::new();
        for (number, size) in (0_u64..).zip(crate::copy_sizes::SIZES) {
            s.file(format!("{size}"), noise(size, number));
            expected.extend(noise(size, number));
        }
        s.cat(crate::copy_sizes::SIZES.map(|size| size.to_string())).succeeds().prints(&expected);
        let out = std::fs::File::create(s.path("out")).unwrap();
        s.cat(crate::copy_sizes::SIZES.map(|size| size.to_string())).stdout(out).succeeds();
        assert!(s.read("out") == expected, "a file as standard output received something else");
    });
}

#[test]
fn three_thousand_small_files_come_out_in_order() {
    each_engine(|s| {
        let names: Vec<String> = (0..3000).map(|number| format!("{number:04}")).collect();
        let mut expected = Vec::new();
        for (number, name) in (0_u64..).zip(&names) {
            let data = noise(usize::try_from(number * 7919 % 3001).unwrap(), number);
            std::fs::write(s.path(name), &data).unwrap();
            expected.extend(data);
        }
        s.cat(&names).succeeds().prints(&expected);
        // A gap among them is reported and nothing else moves.
        std::fs::remove_file(s.path("1500")).unwrap();
        let gone = noise(1500 * 7919 % 3001, 1500);
        let before = expected.windows(gone.len()).position(|window| window == gone).unwrap();
        expected.drain(before..before + gone.len());
        s.cat(&names).fails("ucat: 1500: No such file or directory").prints(&expected);
    });
}

#[test]
fn a_fifo_is_read_to_its_end() {
    each_engine(|s| {
        let data = noise(400_000, 3);
        s.fifo("p", 0o644).file("a", "A");
        let expected = [&b"A"[..], &data, b"A"].concat();
        s.while_feeding("p", &data, || drop(s.cat(["a", "p", "a"]).succeeds().prints(&expected)));
    });
}

#[test]
fn proc_files_that_claim_to_be_empty_are_printed() {
    each_engine(|s| {
        let version = std::fs::read("/proc/version").unwrap();
        s.cat(["/proc/version", "/proc/version"]).succeeds().prints([&version[..], &version].concat());
        s.cat(["/proc/self/mem", "/proc/version"])
            .fails("ucat: /proc/self/mem: Input/output error")
            .prints(&version);
    });
}

#[test]
fn devices_are_read() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.node("null", rustix::fs::FileType::CharacterDevice, 0o644, rustix::fs::makedev(1, 3))
            .file("a", "A");
        s.cat(["a", "null", "/dev/null", "a"]).succeeds().prints("AA");
    });
}
