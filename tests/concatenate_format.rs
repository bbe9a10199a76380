//! `ucat`'s formatting options: what the manual says of each, written down.

use std::fs::File;
use std::io::{Read, Write};

use crate::common::{each_engine, noise};

#[test]
fn n_numbers_all_output_lines() {
    each_engine(|s| {
        s.file("a", "x\n\ny").file("b", "z\n");
        for option in ["-n", "--number", "-un"] {
            s.cat([option, "a"]).succeeds().prints("     1\tx\n     2\t\n     3\ty");
        }
        // Numbers go on over files, and so does a line without its newline.
        s.cat(["-n", "a", "b", "a"])
            .succeeds()
            .prints("     1\tx\n     2\t\n     3\tyz\n     4\tx\n     5\t\n     6\ty");
        s.cat(["-n", "a", "-", "b"])
            .input("in\n")
            .succeeds()
            .prints("     1\tx\n     2\t\n     3\tyin\n     4\tz\n");
    });
}

#[test]
fn numbers_of_more_than_six_places_push_the_line_to_the_right() {
    each_engine(|s| {
        s.file("a", "\n".repeat(1_000_001));
        let outcome = s.cat(["-n", "a"]).succeeds();
        let tail = b"999999\t\n1000000\t\n1000001\t\n";
        assert!(outcome.stdout().ends_with(tail), "the last lines are others");
        assert_eq!(outcome.stdout().len(), 999_999 * 8 + 2 * 9);
    });
}

#[test]
fn b_numbers_nonempty_output_lines_and_overrides_n() {
    each_engine(|s| {
        s.file("a", "\nx\n\n\r\n y\n");
        let expected = "\n     1\tx\n\n     2\t\r\n     3\t y\n";
        for options in [&["-b"][..], &["-n", "-b"], &["-b", "-n"], &["-bn"], &["--number-n"], &["-bu"]] {
            s.cat(options).and(["a"]).succeeds().prints(expected);
        }
        s.cat(["-bE", "a"]).succeeds().prints("$\n     1\tx$\n$\n     2\t^M$\n     3\t y$\n");
    });
}

#[test]
fn s_prints_one_of_several_empty_lines() {
    each_engine(|s| {
        s.file("a", "\n\n\nx\n\n\n \n\n\n").file("b", "\n\ny\n");
        for option in ["-s", "--squeeze-blank", "--sq"] {
            s.cat([option, "a"]).succeeds().prints("\nx\n\n \n\n");
        }
        // Also where the empty lines are of several files.
        s.cat(["-s", "a", "b", "b"]).succeeds().prints("\nx\n\n \n\ny\n\ny\n");
        s.cat(["-ns", "a", "b"])
            .succeeds()
            .prints("     1\t\n     2\tx\n     3\t\n     4\t \n     5\t\n     6\ty\n");
        s.cat(["-bs", "a", "b"]).succeeds().prints("\n     1\tx\n\n     2\t \n\n     3\ty\n");
    });
}

#[test]
fn upper_e_shows_ends_and_the_returns_before_them() {
    each_engine(|s| {
        s.file("a", "x\r\n\n\r\r\ny\rz\r").file("b", "\nw\n").file("c", "c");
        s.cat(["-E", "a"]).succeeds().prints("x^M$\n$\n\r^M$\ny\rz\r");
        // The two bytes may come from two files, with something in between that cannot be printed.
        s.cat(["--show-ends", "a", "b"]).succeeds().prints("x^M$\n$\n\r^M$\ny\rz^M$\nw$\n");
        s.cat(["-E", "a", "no", "b"])
            .fails("ucat: no: No such file or directory")
            .prints("x^M$\n$\n\r^M$\ny\rz^M$\nw$\n");
        s.cat(["-E", "a", "c"]).succeeds().prints("x^M$\n$\n\r^M$\ny\rz\rc");
        s.cat(["-vE", "a"]).succeeds().prints("x^M$\n$\n^M^M$\ny^Mz^M");
    });
}

#[test]
fn a_return_at_the_end_of_a_block_of_input_is_seen_with_its_newline() {
    each_engine(|s| {
        for end in [63, 64, 4096, 65_536, 131_072, 262_144, 1 << 20, 3 << 20] {
            let mut input = noise(end - 1, 1);
            input.iter_mut().for_each(|byte| *byte |= 0x40);
            let mut expected = input.clone();
            input.extend(b"\r\nx\r\n");
            expected.extend(b"^M$\nx^M$\n");
            s.file("a", &input);
            s.cat(["-E", "a"]).succeeds().prints(&expected);
            s.cat(["-E"]).input(input).succeeds().prints(&expected);
        }
    });
}

#[test]
fn v_shows_every_byte_but_newline_and_tab() {
    each_engine(|s| {
        let bytes: Vec<u8> = (0..=255).collect();
        s.file("a", &bytes);
        let mut expected = String::new();
        for byte in 0..=255_u8 {
            let low = byte & 127;
            if byte >= 128 {
                expected.push_str("M-");
            }
            match (byte, low) {
                (b'\t' | b'\n', _) => expected.push(char::from(byte)),
                (_, 127) => expected.push_str("^?"),
                (_, 0..32) => expected.extend(['^', char::from(low + 64)]),
                _ => expected.push(char::from(low)),
            }
        }
        s.cat(["-v", "a"]).succeeds().prints(&expected);
        s.cat(["--show-nonprinting", "a"]).succeeds().prints(&expected);
        let tabs = expected.replace('\t', "^I");
        s.cat(["-t", "a"]).succeeds().prints(&tabs);
        s.cat(["-vT", "a"]).succeeds().prints(&tabs);
        // M-^I and M-^J are other bytes than tab and newline.
        let all = tabs.replace('\n', "$\n");
        for options in ["-A", "-vET", "-et", "--show-all"] {
            s.cat([options, "a"]).succeeds().prints(&all);
        }
        s.cat(["-e", "a"]).succeeds().prints(expected.replace('\n', "$\n"));
    });
}

#[test]
fn upper_t_shows_tabs_and_nothing_else() {
    each_engine(|s| {
        s.file("a", "\ta\t\x01\n\t");
        s.cat(["-T", "a"]).succeeds().prints("^Ia^I\x01\n^I");
        s.cat(["--show-tabs", "-n", "a"]).succeeds().prints("     1\t^Ia^I\x01\n     2\t^I");
    });
}

#[test]
fn what_claims_to_be_empty_or_cannot_be_read_is_formatted_as_far_as_it_goes() {
    each_engine(|s| {
        s.file("a", "A\n").dir("d");
        let version = std::fs::read_to_string("/proc/version").unwrap();
        s.cat(["-n", "/proc/version", "a"]).succeeds().prints(format!("     1\t{version}     2\tA\n"));
        s.cat(["-n", "a", "d", "no", "a"])
            .fails("ucat: d: Is a directory\nucat: no: No such file or directory")
            .prints("     1\tA\n     2\tA\n");
        s.cat(["-A", "a"]).stdout_full().fails("ucat: write error: No space left on device");
        s.cat(["-n", "/dev/null"]).stdout_full().succeeds();
    });
}

#[test]
fn large_input_is_formatted_like_small() {
    each_engine(|s| {
        // Lines of 61 bytes, so that no block begins like the one before.
        let line = "a line with a tab\tand \x01 that goes on for some sixty bytes...\n";
        let count = (5 << 20) / line.len();
        s.file("a", line.repeat(count));
        let shown = line.replace('\t', "^I").replace('\x01', "^A").replace('\n', "$\n");
        let expected: String = (1..=count).map(|number| format!("{number:>6}\t{shown}")).collect();
        for options in ["-nA", "-bA", "-nsA"] {
            s.cat([options, "a"]).succeeds().prints(&expected);
            s.cat([options]).input(line.repeat(count)).succeeds().prints(&expected);
        }
        let out = File::create(s.path("out")).unwrap();
        s.cat(["-nA", "a"]).stdout(out).succeeds();
        assert!(s.read("out") == expected.as_bytes(), "a file received something else");
    });
}

#[test]
fn formatted_output_appears_before_more_input_is_waited_for() {
    use rustix::pipe::{PipeFlags, pipe_with};
    each_engine(|s| {
        s.file("first", "1\n");
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut writer = File::from(writer);
        let mut running = s.cat(["-nE", "first", "-"]).stdin(reader).start();
        let mut out = running.take_stdout();
        for (written, expected) in [
            (&b""[..], &b"     1\t1$\n"[..]),
            (b"half", b"     2\thalf"),
            (b" a line\n", b" a line$\n"),
            // Only the carriage return waits for what comes next.
            (b"\r", b"     3\t"),
            (b"\r", b"\r"),
            (b"\n", b"^M$\n"),
        ] {
            writer.write_all(written).unwrap();
            let mut passed = vec![0; expected.len()];
            out.read_exact(&mut passed).unwrap();
            assert_eq!(passed.escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
        drop(writer);
        drop(out);
        running.finish().ends(0);
    });
}

#[test]
fn a_reader_of_formatted_output_that_goes_away_ends_it_by_sigpipe() {
    each_engine(|s| {
        s.file("big", noise(8 << 20, 1));
        for operand in ["/dev/zero", "big"] {
            let mut running = s.cat(["-A", operand, "/dev/zero"]).start();
            let mut some = [0; 5];
            running.take_stdout().read_exact(&mut some).unwrap();
            running.finish().dies_by(libc::SIGPIPE).complains("");
        }
        let mut running = s.cat(["-n", "big", "no"]).ignore(libc::SIGPIPE).start();
        drop(running.take_stdout());
        running.finish().ends(1).complains("ucat: write error: Broken pipe");
    });
}
