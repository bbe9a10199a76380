//! The machine against an implementation that looks at one byte after the other and is obviously right.

use super::*;
use proptest::prelude::*;

/// A byte at a time, as the manual tells it.
fn naive(format: &Format, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut number = 0;
    let mut empty_before = false;
    let mut lines: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let last = lines.pop().filter(|line| !line.is_empty());
    let lines = lines.into_iter().map(|line| (line, true)).chain(last.map(|line| (line, false)));
    for (line, ends) in lines {
        if line.is_empty() && empty_before && format.squeeze_blank {
            continue;
        }
        empty_before = line.is_empty();
        let is_numbered = match format.numbering {
            Numbering::None => false,
            Numbering::All => true,
            Numbering::NonBlank => !line.is_empty(),
        };
        if is_numbered {
            number += 1;
            output.extend(format!("{number:>6}\t").bytes());
        }
        let (line, returns) = match line.strip_suffix(b"\r") {
            Some(line) if ends && format.show_ends => (line, true),
            _ => (line, false),
        };
        line.iter().for_each(|&byte| naive_byte(format, byte, &mut output));
        output.extend(if returns { &b"^M"[..] } else { b"" });
        output.extend(if ends && format.show_ends { &b"$"[..] } else { b"" });
        output.extend(if ends { &b"\n"[..] } else { b"" });
    }
    output
}

fn naive_byte(format: &Format, byte: u8, output: &mut Vec<u8>) {
    if byte == b'\t' {
        output.extend(if format.show_tabs { &b"^I"[..] } else { b"\t" });
    } else if !format.show_nonprinting {
        output.push(byte);
    } else {
        if byte >= 128 {
            output.extend(b"M-");
        }
        match byte % 128 {
            127 => output.extend(b"^?"),
            low if low < 32 => output.extend([b'^', low + b'@']),
            low => output.push(low),
        }
    }
}

/// The machine's output for input that comes in these pieces, with outputs of `room` bytes.
fn machine(format: &Format, pieces: &[&[u8]], room: usize) -> Vec<u8> {
    let mut machine = Machine::new(*format);
    let mut all = Vec::new();
    let mut output = vec![b'#'; room];
    for piece in pieces {
        let mut piece = *piece;
        while !piece.is_empty() {
            let Moved { taken, put } = machine.feed(piece, &mut output);
            assert!(taken > 0, "an output of ROOM_BYTES takes something");
            all.extend_from_slice(&output[..put]);
            piece = &piece[taken..];
        }
    }
    all.extend_from_slice(machine.finish());
    assert_eq!(machine.finish(), b"", "what was held back is given once");
    all
}

fn formats() -> impl Iterator<Item = Format> {
    let numberings = [Numbering::None, Numbering::All, Numbering::NonBlank];
    (0..48_usize).map(move |bits| Format {
        numbering: numberings[bits / 16],
        squeeze_blank: bits & 1 != 0,
        show_nonprinting: bits & 2 != 0,
        show_ends: bits & 4 != 0,
        show_tabs: bits & 8 != 0,
    })
}

/// Bytes as text has them, and bytes as it does not.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => b' '..b'~',
        3 => Just(b'\n'),
        1 => Just(b'\r'),
        1 => Just(b'\t'),
        1 => any::<u8>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_option_makes_of_random_bytes_what_the_naive_one_makes(
        input in prop_oneof![
            prop::collection::vec(byte(), 0..700),
            prop::collection::vec(any::<u8>(), 0..700),
            prop::collection::vec(prop::sample::select(&b"\n\r\r\t\x01\xffa"[..]), 0..700),
        ],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        room in ROOM_BYTES..3 * ROOM_BYTES,
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        at.extend([0, input.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
        for format in formats() {
            let (ours, expected) = (machine(&format, &pieces, room), naive(&format, &input));
            prop_assert!(skipping(&format, &pieces) == expected, "skipping with {format:?}");
            prop_assert!(ours == expected, "{:?}\n ours {}\n want {}", format, ours.escape_ascii(), expected.escape_ascii());
        }
    }
}

/// The machine's output where a second one skips every piece and a third goes on from there.
fn skipping(format: &Format, pieces: &[&[u8]]) -> Vec<u8> {
    let (mut ahead, mut all) = (Machine::new(*format), Vec::new());
    for piece in pieces {
        let mut machine = Machine::new(*format);
        machine.resume(ahead.place());
        let mut output = vec![b'#'; ROOM_BYTES + piece.len() * 32];
        let Moved { taken, put } = machine.feed(piece, &mut output);
        assert_eq!(taken, piece.len());
        all.extend_from_slice(&output[..put]);
        ahead.skip(piece);
    }
    all.extend_from_slice(ahead.finish());
    all
}

#[test]
fn monotonous_input_never_leaves_its_room() {
    for byte in 0..=255_u8 {
        let input = vec![byte; 5000];
        for format in formats() {
            let ours = machine(&format, &[&input], ROOM_BYTES);
            assert!(ours == naive(&format, &input), "{format:?} of byte {byte}");
            assert!(
                skipping(&format, &[&input, &input[..7]])
                    == naive(&format, &[&input[..], &input[..7]].concat())
            );
        }
    }
}

#[test]
fn every_place_of_a_carriage_return_at_the_end_of_a_block() {
    for length in 0..200 {
        let mut input = vec![b'x'; length];
        input.extend(b"\r\n\ry\r\r\n\r");
        for format in formats() {
            assert!(
                machine(&format, &[&input], ROOM_BYTES) == naive(&format, &input),
                "{format:?} at {length}"
            );
            let (one, other) = input.split_at(length + 1);
            assert!(machine(&format, &[one, other], ROOM_BYTES) == naive(&format, &input), "{format:?}");
        }
    }
}

#[test]
fn a_line_number_is_printed_with_the_first_byte_of_its_line_and_a_return_is_held_back() {
    let format = Format { numbering: Numbering::All, show_ends: true, ..Format::default() };
    let mut machine = Machine::new(format);
    let mut output = vec![0; ROOM_BYTES];
    for (input, expected) in [
        (&b"a\n"[..], &b"     1\ta$\n"[..]),
        (b"\r", b"     2\t"),
        (b"\r", b"\r"),
        (b"\n", b"^M$\n"),
        (b"b", b"     3\tb"),
    ] {
        let Moved { taken, put } = machine.feed(input, &mut output);
        assert_eq!((taken, &output[..put]), (input.len(), expected));
    }
}
