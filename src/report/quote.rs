//! Owns how file names and option arguments are quoted in messages, byte for byte as GNU does it.
//!
//! A name may hold anything but NUL, so a message that shows it bare can be misread or can drive the terminal. GNU
//! therefore writes file names so that a shell would read them back ([`always`] for cp, [`needed`] for cat), and option
//! arguments in the quotation marks of the locale ([`option_argument`]). The functions are pure: the character set comes
//! from the caller, because only the edge of the program should look at the environment.

#[cfg(test)]
mod tests;

/// The character set of the locale (`LC_CTYPE`), which decides what is a character and what only bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Well-formed UTF-8 shows as characters, and option arguments stand in ‘curved’ quotation marks.
    Utf8,
    /// The C and POSIX locales: every byte from 0x80 up is escaped, and quotation marks are apostrophes.
    Ascii,
}

/// Characters that [`needed`] shows in quotes wherever they stand: the shell would act on them, or, as with the colon, the
/// reader could not tell where the name ends.
const NEEDS_QUOTES: &[u8] = b" !\"$&'()*:;<=>?[\\^`|";

/// Characters beside which an apostrophe cannot simply be put in double quotes. Some are harmless in double quotes, but
/// GNU does not take them there either.
const BARS_DOUBLE_QUOTES: &[u8] = b"!\"#$&()*;<=>?[\\^`{|}~";

/// Quotes a file name as cp does: always quoted, in a form that a shell reads back as the same name.
///
/// The forms are `'a b'`, `"it's"` where an apostrophe is the only trouble, `'it'\''s $5'` where it is not, and
/// `'a'$'\n''b'` for bytes that cannot be shown.
pub fn always(name: &[u8], charset: Charset) -> Vec<u8> {
    let units = units(name, charset);
    if fits_double_quotes(&units) {
        return [b"\"", name, b"\""].concat();
    }
    single_quoted(&units)
}

/// Quotes a file name as cat does: as [`always`] where a shell would need it or the message would be unclear, else bare.
pub fn needed(name: &[u8], charset: Charset) -> Vec<u8> {
    let bare = match name {
        [] | [b'{' | b'}'] | [b'#' | b'~', ..] => false,
        _ => units(name, charset).iter().all(|unit| unit.is_printable && !unit.is_one_of(NEEDS_QUOTES)),
    };
    if bare { name.to_vec() } else { always(name, charset) }
}

/// Quotes an option's name or argument in the quotation marks of the locale: `‘bad’` in UTF-8, `'bad'` in ASCII.
///
/// A backslash stands before the closing mark and before backslashes in `text`; bytes that cannot be shown are escaped
/// as in C.
pub fn option_argument(text: &[u8], charset: Charset) -> Vec<u8> {
    let (open, close) = match charset {
        Charset::Utf8 => ("‘".as_bytes(), "’".as_bytes()),
        Charset::Ascii => (&b"'"[..], &b"'"[..]),
    };
    let mut quoted = open.to_vec();
    for unit in units(text, charset) {
        if !unit.is_printable {
            unit.bytes.iter().for_each(|&byte| push_escaped(&mut quoted, byte));
            continue;
        }
        if unit.bytes == close || unit.bytes == b"\\" {
            quoted.push(b'\\');
        }
        quoted.extend_from_slice(unit.bytes);
    }
    quoted.extend_from_slice(close);
    quoted
}

/// Text that is no name, without quotation marks: what cannot be shown in it is escaped.
pub fn shown(text: &[u8], charset: Charset) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    for unit in units(text, charset) {
        if unit.is_printable {
            shown.extend_from_slice(unit.bytes);
        } else {
            unit.bytes.iter().for_each(|&byte| push_escaped(&mut shown, byte));
        }
    }
    shown
}

/// One character of the character set, or one byte that is none.
struct Unit<'a> {
    bytes: &'a [u8],
    is_printable: bool,
}

impl Unit<'_> {
    fn is_one_of(&self, set: &[u8]) -> bool {
        matches!(self.bytes, [byte] if set.contains(byte))
    }
}

fn units(text: &[u8], charset: Charset) -> Vec<Unit<'_>> {
    match charset {
        Charset::Ascii => text.chunks(1).map(ascii_unit).collect(),
        Charset::Utf8 => text
            .utf8_chunks()
            .flat_map(|chunk| {
                let (valid, invalid) = (chunk.valid(), chunk.invalid());
                let characters = valid.char_indices().map(|(start, character)| Unit {
                    bytes: &valid.as_bytes()[start..start + character.len_utf8()],
                    is_printable: is_printable(character),
                });
                characters.chain(invalid.chunks(1).map(ascii_unit))
            })
            .collect(),
    }
}

fn ascii_unit(bytes: &[u8]) -> Unit<'_> {
    Unit { bytes, is_printable: matches!(bytes, [b' '..=b'~']) }
}

/// Whether glibc's `iswprint` would say that the character can be shown.
///
/// The standard library knows which characters are assigned, but counts spaces other than the ASCII one, format
/// characters and private use as not printable, and glibc counts all of these but U+2028 and U+2029 as printable. What
/// remains different are characters assigned after the Unicode version of the glibc at hand.
fn is_printable(character: char) -> bool {
    match character {
        '\0'..='\x7f' => !character.is_ascii_control(),
        // Spaces and marks of direction, line and paragraph separators left out.
        '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{3000}' | '\u{feff}' => true,
        '\u{2000}'..='\u{200f}'
        | '\u{202a}'..='\u{202f}'
        | '\u{205f}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' => true,
        // Signs that enclose or annotate what follows, in several scripts and in music.
        '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => true,
        // Tags, and private use.
        '\u{e0001}' | '\u{e0020}'..='\u{e007f}' => true,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}' => true,
        // A combining character is escaped only where it begins the string, hence the letter before it. Two characters
        // come out if it shows as itself, many if it becomes \u{...}.
        _ => format!("a{character}").escape_debug().count() == 2,
    }
}

/// Whether double quotes around the plain text say it all: there is an apostrophe, and nothing else that is special.
fn fits_double_quotes(units: &[Unit<'_>]) -> bool {
    let mut apostrophe_seen = false;
    for (index, unit) in units.iter().enumerate() {
        // GNU lets these two pass as the first character, though not later on.
        let is_tame_start = index == 0 && unit.is_one_of(b"#~");
        if !unit.is_printable || (unit.is_one_of(BARS_DOUBLE_QUOTES) && !is_tame_start) {
            return false;
        }
        apostrophe_seen |= unit.bytes == b"'";
    }
    apostrophe_seen
}

/// The text in single quotes, left for apostrophes (`\'`) and for runs of escaped bytes (`$'\n\377'`).
fn single_quoted(units: &[Unit<'_>]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    let mut in_escapes = false;
    for unit in units {
        if !unit.is_printable {
            if !in_escapes {
                quoted.extend_from_slice(b"'$'");
            }
            in_escapes = true;
            unit.bytes.iter().for_each(|&byte| push_escaped(&mut quoted, byte));
        } else if unit.bytes == b"'" {
            // This closes a run of escapes as well, so what follows is again in plain single quotes.
            quoted.extend_from_slice(b"'\\''");
            in_escapes = false;
        } else {
            if in_escapes {
                quoted.extend_from_slice(b"''");
            }
            in_escapes = false;
            quoted.extend_from_slice(unit.bytes);
        }
    }
    quoted.push(b'\'');
    quoted
}

fn push_escaped(quoted: &mut Vec<u8>, byte: u8) {
    quoted.push(b'\\');
    match byte {
        0x07 => quoted.push(b'a'),
        0x08 => quoted.push(b'b'),
        b'\t' => quoted.push(b't'),
        b'\n' => quoted.push(b'n'),
        0x0b => quoted.push(b'v'),
        0x0c => quoted.push(b'f'),
        b'\r' => quoted.push(b'r'),
        // Always three digits, so that a digit that follows cannot be taken in.
        _ => quoted.extend([byte >> 6, byte >> 3 & 7, byte & 7].map(|digit| b'0' + digit)),
    }
}
