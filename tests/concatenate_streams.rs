//! `ucat` and its standard streams: closed, full, going away, shared, or one of its own inputs.

use std::fs::File;
use std::io::{Read, Write};

use crate::common::{each_engine, noise};

const NOTHING: [&str; 0] = [];

#[test]
fn closed_standard_input_is_reported_only_where_it_is_read() {
    each_engine(|s| {
        s.file("a", "A");
        let both = "ucat: -: Bad file descriptor\nucat: closing standard input: Bad file descriptor";
        s.cat(NOTHING).close(0).fails(both);
        s.cat(["a", "-", "a"]).close(0).fails(both).prints("AA");
        s.cat(["a"]).close(0).succeeds().prints("A");
    });
}

#[test]
fn closed_standard_output_is_reported_before_any_input() {
    each_engine(|s| {
        s.file("a", "A").file("empty", "");
        for operands in [&["a"][..], &["no"], &["empty"], &[]] {
            s.cat(operands).close(1).fails("ucat: standard output: Bad file descriptor");
        }
        s.cat(["a", "no"]).close(0).close(1).fails("ucat: standard output: Bad file descriptor");
    });
}

#[test]
fn closed_standard_error_changes_nothing_else() {
    each_engine(|s| {
        s.file("a", "A").file("b", noise(300_000, 1));
        s.cat(["a", "no", "a"]).close(2).run().ends(1).prints("AA").complains("");
        s.cat(["b"]).close(2).close(0).succeeds().prints(s.read("b"));
    });
}

#[test]
fn a_full_device_is_a_write_error() {
    each_engine(|s| {
        s.file("a", "A").file("big", noise(5_000_000, 1)).file("empty", "");
        let message = "ucat: write error: No space left on device";
        s.cat(["a"]).stdout_full().fails(message);
        s.cat(["big"]).stdout_full().fails(message);
        s.cat(["a", "no"]).stdout_full().fails(message);
        s.cat(NOTHING).input("in").stdout_full().fails(message);
        s.cat(["empty"]).stdout_full().succeeds();
    });
}

#[test]
fn descriptors_open_the_wrong_way_are_reported() {
    each_engine(|s| {
        s.file("a", "A").file("b", "B");
        let read_only = File::open(s.path("b")).unwrap();
        s.cat(["a"]).stdout(read_only).fails("ucat: write error: Bad file descriptor");
        let write_only = File::options().append(true).open(s.path("b")).unwrap();
        s.cat(["a", "-", "a"]).stdin(write_only).fails("ucat: -: Bad file descriptor").prints("AA");
    });
}

#[test]
fn a_reader_that_goes_away_ends_it_by_sigpipe() {
    each_engine(|s| {
        s.file("big", noise(8 << 20, 1));
        for operands in [&["/dev/zero"][..], &["big", "/dev/zero"]] {
            let mut running = s.cat(operands).start();
            let mut some = [0; 5];
            running.take_stdout().read_exact(&mut some).unwrap();
            running.finish().dies_by(libc::SIGPIPE).complains("");
        }
    });
}

#[test]
fn with_sigpipe_ignored_it_is_a_write_error() {
    each_engine(|s| {
        let mut running = s.cat(["/dev/zero", "no"]).ignore(libc::SIGPIPE).start();
        drop(running.take_stdout());
        running.finish().ends(1).complains("ucat: write error: Broken pipe");
    });
}

#[test]
fn an_input_that_is_the_output_is_refused_where_it_would_loop() {
    each_engine(|s| {
        let append = |name: &str| File::options().append(true).open(s.path(name)).unwrap();
        s.file("a", "A").file("b", "B").hard_link("other", "a");
        s.cat(["a"]).stdout(append("a")).fails("ucat: a: input file is output file");
        s.cat(["other"]).stdout(append("a")).fails("ucat: other: input file is output file");
        s.cat(["a", "no", "a"])
            .stdout(append("a"))
            .fails("ucat: a: input file is output file\nucat: no: No such file or directory\nucat: a: input file is output file");
        s.cat(NOTHING)
            .stdin(File::open(s.path("a")).unwrap())
            .stdout(append("a"))
            .fails("ucat: -: input file is output file");
        assert_eq!(s.read("a"), b"A");
        s.cat(["a", "b", "a"])
            .stdout(append("a"))
            .fails("ucat: a: input file is output file\nucat: a: input file is output file");
        assert_eq!(s.read("a"), b"AB");
        let truncated = File::create(s.path("a")).unwrap();
        s.cat(["b", "a"]).stdout(truncated).fails("ucat: a: input file is output file");
        assert_eq!(s.read("a"), b"B");
    });
}

#[test]
fn an_input_that_is_the_output_is_allowed_where_it_ends() {
    each_engine(|s| {
        let over = |name: &str| File::options().write(true).open(s.path(name)).unwrap();
        s.file("a", "").file("b", "B").file("x", "x\n").file("y", "yy\n");
        let append = File::options().append(true).open(s.path("a")).unwrap();
        s.cat(["a", "b"]).stdout(append).succeeds();
        assert_eq!(s.read("a"), b"B");
        s.cat(["x", "y"]).stdout(over("x")).succeeds();
        assert_eq!(s.read("x"), b"x\nyy\n");
        s.cat(NOTHING).stdin(File::open(s.path("x")).unwrap()).stdout(over("x")).succeeds();
        assert_eq!(s.read("x"), b"x\nyy\n");
        let mut behind = over("x");
        behind.write_all(b"X").unwrap();
        s.cat(["x"]).stdout(behind).fails("ucat: x: input file is output file");
        s.cat(["/dev/null"]).stdout(over("/dev/null")).succeeds();
    });
}

#[test]
fn whoever_shares_standard_output_goes_on_right_behind_it() {
    each_engine(|s| {
        for size in [0, 3, 70_000, (3 << 20) + 1] {
            let data = noise(size, 1);
            s.file("a", &data).file("b", "B");
            let expected = [b"before", &data[..], b"B", b"after"].concat();
            let mut out = File::create(s.path("out")).unwrap();
            out.write_all(b"before").unwrap();
            s.cat(["a", "b"]).stdout(out.try_clone().unwrap()).succeeds();
            out.write_all(b"after").unwrap();
            assert!(s.read("out") == expected, "{size} bytes: the shared file is not in order");
        }
    });
}

#[test]
fn output_opened_for_appending_is_appended_to() {
    each_engine(|s| {
        let data = noise(300_000, 1);
        s.file("a", &data).file("out", "before");
        for _ in 0..2 {
            s.cat(["a"]).stdout(File::options().append(true).open(s.path("out")).unwrap()).succeeds();
        }
        assert!(s.read("out") == [b"before", &data[..], &data].concat(), "appending went wrong");
    });
}

#[test]
fn output_in_the_middle_of_a_file_overwrites_only_its_own_length() {
    each_engine(|s| {
        s.file("a", "AAA").file("out", "0123456789");
        let mut out = File::options().write(true).open(s.path("out")).unwrap();
        out.write_all(b"--").unwrap();
        s.cat(["a"]).stdout(out).succeeds();
        assert_eq!(s.read("out"), b"--AAA56789");
    });
}

#[test]
fn empty_non_blocking_input_is_an_error() {
    use rustix::pipe::{PipeFlags, pipe_with};
    each_engine(|s| {
        s.file("a", "A");
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        s.cat(["a", "-", "a"]).stdin(reader).fails("ucat: -: Resource temporarily unavailable").prints("AA");
        drop(writer);
    });
}

#[test]
fn what_arrives_on_a_pipe_is_passed_on_before_more_comes() {
    use rustix::pipe::{PipeFlags, pipe_with};
    each_engine(|s| {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut writer = File::from(writer);
        let mut running = s.cat(["-"]).stdin(reader).start();
        let mut out = running.take_stdout();
        for line in [&b"first\n"[..], b"half a l", b"ine\n"] {
            writer.write_all(line).unwrap();
            let mut passed = vec![0; line.len()];
            out.read_exact(&mut passed).unwrap();
            assert_eq!(passed, line);
        }
        drop(writer);
        drop(out);
        running.finish().ends(0);
    });
}
