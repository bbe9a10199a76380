//! How fast the byte machine of `ucat` is, alone: gigabytes of input a second, for text and for input made to hurt.
//!
//! `cargo bench --bench format`; the best of several rounds, as everything else on a machine only ever adds.
#![allow(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use std::time::{Duration, Instant};
use ucp::internals::{Format, Machine, Numbering, ROOM_BYTES};

const INPUT_BYTES: usize = 8 << 20;
const PIECE_BYTES: usize = 128 << 10;
const ROUNDS: usize = 15;

/// Repeats `unit` to the size of an input.
fn repeated(unit: &[u8]) -> Vec<u8> {
    unit.iter().copied().cycle().take(INPUT_BYTES).collect()
}

/// Words, tabs, a letter of two bytes, and lines of some eighty bytes.
fn text() -> Vec<u8> {
    let words: [&[u8]; 8] = [
        b"io ",
        b"uring ",
        b"copy ",
        b"queue depth ",
        b"\t",
        "\u{e9} ".as_bytes(),
        b"completion\n",
        &[b'x'; 60],
    ];
    let mut state = 1_u64;
    let mut text = Vec::with_capacity(INPUT_BYTES + 64);
    while text.len() < INPUT_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend_from_slice(words[usize::try_from(state >> 61).unwrap_or(0)]);
    }
    text.truncate(INPUT_BYTES);
    text
}

fn main() {
    let number = Format { numbering: Numbering::All, ..Format::default() };
    let non_blank = Format { numbering: Numbering::NonBlank, ..Format::default() };
    let squeeze = Format { squeeze_blank: true, ..Format::default() };
    let ends = Format { show_ends: true, ..Format::default() };
    let nonprinting = Format { show_nonprinting: true, ..Format::default() };
    let all = Format { show_ends: true, show_tabs: true, ..nonprinting };
    let formats = [
        ("-n", number),
        ("-b", non_blank),
        ("-s", squeeze),
        ("-E", ends),
        ("-v", nonprinting),
        ("-A", all),
        ("-nA", Format { numbering: Numbering::All, ..all }),
    ];
    let inputs = [
        ("text", text()),
        ("newlines", repeated(b"\n")),
        ("short lines", repeated(b"a\n")),
        ("one line", repeated(b"x")),
        ("control bytes", repeated(b"\x01")),
        ("from 128 on", repeated(b"\xc3\xa9\xff")),
        ("every second", repeated(b"a\x01")),
        ("crlf", repeated(b"0123456789\r\n")),
    ];
    print!("{:<14}", "GB/s");
    formats.iter().for_each(|(name, _)| print!("{name:>8}"));
    println!("{:>8}", "skip -n");
    for (name, input) in &inputs {
        print!("{name:<14}");
        for (_, format) in &formats {
            print!("{:>8.2}", speed(&best(|| run(*format, input))));
        }
        println!("{:>8.2}", speed(&best(|| Machine::new(number).skip(input))));
    }
}

fn speed(elapsed: &Duration) -> f64 {
    f64::from(u32::try_from(INPUT_BYTES).unwrap_or(u32::MAX)) / elapsed.as_secs_f64() / 1e9
}

fn best(mut round: impl FnMut()) -> Duration {
    let times = std::iter::repeat_with(|| {
        let started = Instant::now();
        round();
        started.elapsed()
    });
    times.take(ROUNDS).min().unwrap_or_default()
}

/// All of the input in pieces as they are read, into an output as it is written.
fn run(format: Format, input: &[u8]) {
    let mut machine = Machine::new(format);
    let mut output = vec![0; PIECE_BYTES + ROOM_BYTES];
    for mut piece in input.chunks(PIECE_BYTES) {
        while !piece.is_empty() {
            let moved = machine.feed(piece, &mut output);
            std::hint::black_box(&output);
            piece = &piece[moved.taken..];
        }
    }
}
