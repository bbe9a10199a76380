//! Owns how file names and option arguments are quoted in messages, byte for byte as GNU does it.
//!
//! A name may hold anything but NUL, so a message that shows it bare can be misread or can drive the terminal. GNU
//! therefore writes file names so that a shell would read them back ([`always`] for cp, [`needed`] for cat), and option
//! arguments in the quotation marks of the locale ([`option_argument`]). The functions are pure: the character set comes
//! from the caller, because only the edge of the program should look at the environment.

#[cfg(test)]
mod tests;

use super::charset::Unit;

pub(crate) use super::charset::Charset;

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
pub(crate) fn always(name: &[u8], charset: Charset) -> Vec<u8> {
    let units = charset.units(name);
    if fits_double_quotes(&units) {
        return [b"\"", name, b"\""].concat();
    }
    single_quoted(&units)
}

/// Quotes a file name as cat does: as [`always`] where a shell would need it or the message would be unclear, else bare.
pub(crate) fn needed(name: &[u8], charset: Charset) -> Vec<u8> {
    let bare = match name {
        [] | [b'{' | b'}'] | [b'#' | b'~', ..] => false,
        _ => charset.units(name).iter().all(|unit| unit.is_printable && !unit.is_one_of(NEEDS_QUOTES)),
    };
    if bare { name.to_vec() } else { always(name, charset) }
}

/// Quotes an option's name or argument in quotation marks: `‘bad’` in UTF-8, `'bad'` in ASCII, or those of a catalogue.
///
/// A backslash stands before the closing mark and before backslashes in `text`; bytes that cannot be shown are escaped
/// as in C.
pub(crate) fn option_argument(text: &[u8], [open, close]: [&[u8]; 2], charset: Charset) -> Vec<u8> {
    let mut quoted = open.to_vec();
    let mut at = 0;
    for unit in charset.units(text) {
        let closes = text[at..].starts_with(close);
        at += unit.bytes.len();
        if !unit.is_printable {
            unit.bytes.iter().for_each(|&byte| push_escaped(&mut quoted, byte));
            continue;
        }
        if closes || unit.bytes == b"\\" {
            quoted.push(b'\\');
        }
        quoted.extend_from_slice(unit.bytes);
    }
    quoted.extend_from_slice(close);
    quoted
}

/// Text that is no name, without quotation marks: what cannot be shown in it is escaped.
pub(crate) fn shown(text: &[u8], charset: Charset) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    for unit in charset.units(text) {
        if unit.is_printable {
            shown.extend_from_slice(unit.bytes);
        } else {
            unit.bytes.iter().for_each(|&byte| push_escaped(&mut shown, byte));
        }
    }
    shown
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
