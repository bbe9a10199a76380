//! The byte machine: input in pieces in, formatted bytes out.
//!
//! Input is gone through in blocks of 64 bytes. A bitmap says where the special bytes of a block are; what lies between
//! them is copied without being looked at. What a special byte becomes stands in a table, except for newlines where
//! lines matter (they are numbered or squeezed) and carriage returns that may turn out to end a line.

use super::number::{self, LineNumber};
use super::scan::{self, BLOCK_BYTES, Wanted, Window};
use super::{Format, Numbering};

/// Most bytes that one byte of input becomes by itself: `M-^X`.
const TEXT_BYTES: usize = 4;

/// Room in the output that [`Machine::feed`] wants before it begins a block: each byte of it may begin a line, and end
/// one with a carriage return held back before it; what is copied too far is written over later.
pub const ROOM_BYTES: usize =
    BLOCK_BYTES * (number::PUT_BYTES + TEXT_BYTES + 4) + 2 * BLOCK_BYTES + number::PUT_BYTES;

/// From this number of special bytes in a block on, all of its bytes go through the table, without a branch for any
/// of them.
const DENSE: u32 = 24;

/// What a byte becomes.
#[derive(Clone, Copy, Default)]
struct Text {
    bytes: [u8; TEXT_BYTES],
    length: u8,
}

/// How far [`Machine::feed`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Bytes of the input that were taken.
    pub taken: usize,
    /// Bytes of the output that were filled.
    pub put: usize,
}

/// Formats a stream of bytes. What it remembers goes on over pieces of input and over files.
pub struct Machine {
    format: Format,
    wanted: Wanted,
    /// Newlines are more than what the table makes of them.
    lines_matter: bool,
    texts: [Text; 256],
    now: Place,
}

/// Where in its stream a machine is: what it remembers of everything before.
#[derive(Debug, Clone)]
pub struct Place {
    number: LineNumber,
    /// Nothing of the current line has come yet.
    at_line_start: bool,
    /// The line before was empty.
    after_empty: bool,
    /// A carriage return has come that may be followed by a newline.
    held_return: bool,
}

impl Machine {
    /// A machine at the beginning of its first line.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let holds_returns = format.show_ends && !format.show_nonprinting;
        let lines_matter = format.numbering != Numbering::None || format.squeeze_blank || holds_returns;
        let mut texts = [Text::default(); 256];
        for (byte, text) in (0..=255).zip(&mut texts) {
            *text = text_of(byte, &format);
        }
        Self {
            format,
            wanted: Wanted {
                newline: lines_matter || format.show_ends,
                tab: format.show_tabs,
                carriage_return: holds_returns,
                nonprinting: format.show_nonprinting,
            },
            lines_matter,
            texts,
            now: Place {
                number: LineNumber::first(),
                at_line_start: true,
                after_empty: false,
                held_return: false,
            },
        }
    }

    /// What this machine is to do, for another one to do the same.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Where this machine is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.now.clone()
    }

    /// Goes on from where another machine of the same format was.
    pub fn resume(&mut self, place: Place) {
        self.now = place;
    }

    /// Goes on to where [`feed`](Self::feed) would be after `input`, without any output: much faster, so that another
    /// machine can begin there.
    pub fn skip(&mut self, input: &[u8]) {
        let [.., last] = *input else { return };
        if !self.lines_matter {
            return;
        }
        if self.format.numbering != Numbering::None {
            self.now.number.skip(self.lines_begun(input));
        }
        let newline_at = |from_end: usize| match input.len().checked_sub(from_end) {
            Some(at) => input[at] == b'\n',
            None if from_end == input.len() + 1 => self.now.at_line_start,
            None => self.now.after_empty,
        };
        let (at_line_start, after_empty) = (newline_at(1), newline_at(1) && newline_at(2));
        self.now.at_line_start = at_line_start;
        self.now.after_empty = after_empty;
        self.now.held_return = self.wanted.carriage_return && last == b'\r';
    }

    /// How many numbered lines begin in `input`: at bytes that follow a newline.
    fn lines_begun(&self, input: &[u8]) -> u64 {
        let (mut before, mut last) = (self.now.after_empty, self.now.at_line_start);
        // Those with less than two bytes before them in this piece.
        let first: u64 = input
            .iter()
            .take(2)
            .map(|&byte| {
                let begins = begins_line(&self.format, before, last, byte);
                (before, last) = (last, byte == b'\n');
                u64::from(begins)
            })
            .sum();
        // A loop of its own for each, without a question in it.
        let format = &self.format;
        first
            + match (format.numbering, format.squeeze_blank) {
                (Numbering::All, false) => count(input, |_, last, _| last == b'\n'),
                (Numbering::All, true) => count(input, |before, last, byte| {
                    (last == b'\n') & !((byte == b'\n') & (before == b'\n'))
                }),
                (Numbering::NonBlank, _) => count(input, |_, last, byte| (last == b'\n') & (byte != b'\n')),
                (Numbering::None, _) => 0,
            }
    }

    /// Formats the beginning of `input` into the beginning of `output`: all of it, or as much as there is room for. An
    /// output of [`ROOM_BYTES`] takes at least one byte.
    pub fn feed(&mut self, input: &[u8], output: &mut [u8]) -> Moved {
        let (mut taken, mut put) = (0, 0);
        while taken < input.len() && output.len() - put >= ROOM_BYTES {
            let rest = &input[taken..];
            if let Some(window) = rest.first_chunk() {
                put = self.block(window, BLOCK_BYTES, output, put);
                taken += BLOCK_BYTES;
            } else {
                let mut window = [b' '; 2 * BLOCK_BYTES];
                window[..rest.len()].copy_from_slice(rest);
                let valid = rest.len().min(BLOCK_BYTES);
                put = self.block(&window, valid, output, put);
                taken += valid;
            }
        }
        Moved { taken, put }
    }

    /// What is still held back when there is no more input.
    #[must_use]
    pub fn finish(&mut self) -> &'static [u8] {
        if std::mem::take(&mut self.now.held_return) { b"\r" } else { b"" }
    }

    /// Formats the first `valid` bytes of the window to `output` from `put` on. Answers where they end.
    #[inline(always)]
    fn block(&mut self, window: &Window, valid: usize, output: &mut [u8], mut put: usize) -> usize {
        let here = u64::MAX >> (BLOCK_BYTES - valid);
        let mut special = scan::special(window, self.wanted) & here;
        // Only what -v shows can be all over a block without a line beginning in it.
        if self.wanted.nonprinting
            && special.count_ones() >= DENSE
            && (!self.lines_matter || scan::equal(window, b'\n') & here == 0)
        {
            put = self.begin(output, put);
            return self.translate(&window[..valid], output, put);
        }
        let mut start = 0;
        while special != 0 {
            let at = usize::try_from(special.trailing_zeros()).unwrap_or(0) % BLOCK_BYTES;
            special &= special - 1;
            if at > start {
                put = self.begin(output, put);
                put = copy(window, start, at - start, output, put);
            }
            start = at + 1;
            put = match window[at] {
                b'\n' if self.lines_matter => self.newline(output, put),
                b'\r' if self.wanted.carriage_return => {
                    put = self.begin(output, put);
                    self.now.held_return = true;
                    put
                }
                byte => {
                    put = self.begin(output, put);
                    self.translate(&[byte], output, put)
                }
            };
        }
        if start < valid {
            put = self.begin(output, put);
            put = copy(window, start, valid - start, output, put);
        }
        put
    }

    /// What must stand before the next byte of a line: its number, or a carriage return that did not end it.
    #[inline(always)]
    fn begin(&mut self, output: &mut [u8], mut put: usize) -> usize {
        if self.now.at_line_start {
            self.now.at_line_start = false;
            if self.format.numbering != Numbering::None {
                put = self.now.number.put(output, put);
            }
        }
        if self.now.held_return {
            self.now.held_return = false;
            output[put] = b'\r';
            put += 1;
        }
        put
    }

    #[inline(always)]
    fn newline(&mut self, output: &mut [u8], mut put: usize) -> usize {
        if self.now.at_line_start {
            if self.now.after_empty && self.format.squeeze_blank {
                return put;
            }
            self.now.after_empty = true;
            if self.format.numbering == Numbering::All {
                put = self.now.number.put(output, put);
            }
        } else {
            self.now.at_line_start = true;
            self.now.after_empty = false;
        }
        if self.wanted.carriage_return && std::mem::take(&mut self.now.held_return) {
            output[put..put + 2].copy_from_slice(b"^M");
            put += 2;
        }
        if self.format.show_ends {
            output[put] = b'$';
            put += 1;
        }
        output[put] = b'\n';
        put + 1
    }

    /// Every byte as the table has it.
    #[inline(always)]
    fn translate(&self, bytes: &[u8], output: &mut [u8], mut put: usize) -> usize {
        for &byte in bytes {
            let text = self.texts[usize::from(byte)];
            output[put..put + TEXT_BYTES].copy_from_slice(&text.bytes);
            put += usize::from(text.length);
        }
        put
    }
}

/// Whether `byte` begins a numbered line, where `last` and `before` say whether the bytes before it were newlines.
fn begins_line(format: &Format, before: bool, last: bool, byte: u8) -> bool {
    let newline = byte == b'\n';
    last && match format.numbering {
        Numbering::None => false,
        Numbering::All => !(format.squeeze_blank && newline && before),
        Numbering::NonBlank => !newline,
    }
}

/// How many bytes of `input` are wanted, each with the two before it. The first two have none, and are left out.
#[inline(always)]
fn count(input: &[u8], is_wanted: impl Fn(u8, u8, u8) -> bool) -> u64 {
    /// Ones that a byte can count.
    const PART: usize = 240;
    let length = input.len().saturating_sub(2);
    let (befores, lasts, bytes) =
        (&input[..length], &input[input.len().min(1)..][..length], &input[input.len() - length..]);
    let one = |((before, last), byte): ((&u8, &u8), &u8)| u8::from(is_wanted(*before, *last, *byte));
    let ((befores, rest), (lasts, rest_lasts), (bytes, rest_bytes)) =
        (befores.as_chunks::<PART>(), lasts.as_chunks::<PART>(), bytes.as_chunks::<PART>());
    let parts = befores.iter().zip(lasts).zip(bytes);
    let whole: u64 = parts
        .map(|((befores, lasts), bytes)| u64::from(befores.iter().zip(lasts).zip(bytes).map(one).sum::<u8>()))
        .sum();
    whole + u64::from(rest.iter().zip(rest_lasts).zip(rest_bytes).map(one).sum::<u8>())
}

/// Copies `length` bytes of the window from `start` on, both within its first block. More is written, over which whatever
/// follows is written again.
#[inline(always)]
fn copy(window: &Window, start: usize, length: usize, output: &mut [u8], put: usize) -> usize {
    const HALF: usize = BLOCK_BYTES / 2;
    let start = start % BLOCK_BYTES;
    output[put..put + HALF].copy_from_slice(&window[start..start + HALF]);
    if length > HALF {
        output[put + HALF..put + 2 * HALF].copy_from_slice(&window[start + HALF..start + 2 * HALF]);
    }
    put + length
}

/// What a byte becomes wherever it stands in a line.
fn text_of(byte: u8, format: &Format) -> Text {
    let mut text = Vec::with_capacity(TEXT_BYTES);
    match byte {
        b'\n' if format.show_ends => text.extend(b"$\n"),
        b'\t' if format.show_tabs => text.extend(b"^I"),
        b'\n' | b'\t' => text.push(byte),
        _ if format.show_nonprinting => {
            if byte >= 128 {
                text.extend(b"M-");
            }
            match byte & 127 {
                low @ ..32 => text.extend([b'^', low + 64]),
                127 => text.extend(b"^?"),
                printable => text.push(printable),
            }
        }
        _ => text.push(byte),
    }
    let mut bytes = [0; TEXT_BYTES];
    bytes[..text.len()].copy_from_slice(&text);
    Text { bytes, length: u8::try_from(text.len()).unwrap_or(0) }
}

#[cfg(test)]
mod tests;
