//! Character sets of locales: what in a text is a character that can be shown, and text of ours in them.

#[cfg(test)]
mod tests;

use encoding_rs::{Encoding, UTF_8};

/// The character set of a locale (`LC_CTYPE`), which decides what is a character and what only bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Well-formed UTF-8 shows as characters.
    Utf8,
    /// The C and POSIX locales: every byte from 0x80 up is escaped.
    Ascii,
    /// One byte a character.
    Bytes {
        /// Which bytes can be shown: bit `b % 64` of number `b / 64`.
        printable: [u64; 4],
        /// What they mean, where that is known here.
        meaning: Option<Meaning>,
    },
    /// Several bytes a character, ASCII among them.
    Multibyte(Meaning),
}

/// A character set by its mapping to Unicode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    encoding: &'static Encoding,
    /// The Encoding Standard's mapping of this name has more than the character set: where that has nothing, or controls.
    is_wider: bool,
}

/// One character of a character set, or one byte that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it can be shown.
    pub is_printable: bool,
}

impl Unit<'_> {
    /// Whether it is one of these ASCII characters.
    #[must_use]
    pub(crate) fn is_one_of(&self, set: &[u8]) -> bool {
        matches!(self.bytes, [byte] if set.contains(byte))
    }
}

impl Meaning {
    /// The mapping of a character set, as `locale charmap` or the header of a catalogue names it.
    #[must_use]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let encoding = Encoding::for_label(name)?;
        let begins =
            |with: &[u8]| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        // What goes by other names in the Encoding Standard is Microsoft's superset all the same.
        let is_windows = encoding.name().starts_with("windows-") && !begins(b"CP") && !begins(b"WINDOWS");
        Some(Self {
            encoding,
            is_wider: is_windows || ["EUC-KR", "EUC-CN", "GB2312"].iter().any(|name| begins(name.as_bytes())),
        })
    }

    /// Whether the character set itself has this character. Windows character sets put characters where those of ISO
    /// have controls; the wide sets of Korea and China begin characters there.
    fn has(self, bytes: &[u8]) -> bool {
        !self.is_wider || bytes.is_ascii() || bytes.iter().all(|&byte| byte >= 0xa0)
    }

    /// A character in this character set.
    fn encode(self, character: char) -> Option<Vec<u8>> {
        let mut buffer = [0; 4];
        let (bytes, _, was_replaced) = self.encoding.encode(character.encode_utf8(&mut buffer));
        (!was_replaced && self.has(&bytes)).then(|| bytes.into_owned())
    }

    /// A whole text of this character set.
    #[must_use]
    pub(crate) fn decode(self, text: &[u8]) -> Option<String> {
        self.encoding.decode_without_bom_handling_and_without_replacement(text).map(String::from)
    }

    /// The character that `text` begins with, and how many bytes it has.
    fn first(self, text: &[u8]) -> Option<(char, usize)> {
        (1..=text.len().min(4)).find_map(|length| {
            let bytes = &text[..length];
            let decoded = self.decode(bytes).filter(|_| self.has(bytes))?;
            let mut characters = decoded.chars();
            let character = characters.next()?;
            characters.next().is_none().then_some((character, length))
        })
    }
}

impl Charset {
    /// The character set that `locale charmap` names so, with the bytes in it that isprint(3) takes for characters.
    #[must_use]
    pub(crate) fn of(name: &[u8], printable: [u64; 4]) -> Self {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"ANSI_X3.4-1968") || is(b"ASCII") || is(b"US-ASCII") || name.is_empty() {
            return Self::Ascii;
        }
        match Meaning::of(name) {
            Some(meaning) if meaning.encoding == UTF_8 => Self::Utf8,
            Some(meaning) if !meaning.encoding.is_single_byte() => Self::Multibyte(meaning),
            // Of several bytes a character, where it is not known here, no single byte is one but those of ASCII.
            meaning => Self::Bytes { printable, meaning },
        }
    }

    /// Whether there is a mapping to it, so that a text can be put into it.
    #[must_use]
    pub(crate) const fn is_known(self) -> bool {
        !matches!(self, Self::Bytes { meaning: None, .. })
    }

    /// The quotation marks of option arguments where no catalogue has any.
    #[must_use]
    pub(crate) const fn quotation_marks(self) -> [&'static str; 2] {
        match self {
            Self::Utf8 => ["‘", "’"],
            Self::Ascii | Self::Bytes { .. } | Self::Multibyte(_) => ["'", "'"],
        }
    }

    /// A text in this character set. For a character that it lacks stands the first text of `instead` that it has, else a
    /// question mark.
    #[must_use]
    pub(crate) fn encode<'a>(self, text: &str, instead: impl Fn(char) -> &'a [String]) -> Vec<u8> {
        if self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        let mut encoded = Vec::with_capacity(text.len());
        for character in text.chars() {
            let whole = |text: &String| {
                let bytes: Option<Vec<_>> = text.chars().map(|character| self.character(character)).collect();
                bytes.map(|bytes| bytes.concat())
            };
            match self.character(character) {
                Some(bytes) => encoded.extend(bytes),
                None => match instead(character).iter().find_map(whole) {
                    Some(characters) => encoded.extend(characters),
                    None => encoded.push(b'?'),
                },
            }
        }
        encoded
    }

    /// A character in this character set, if that has it.
    fn character(self, character: char) -> Option<Vec<u8>> {
        match (self, u8::try_from(character)) {
            (_, Ok(byte)) if byte.is_ascii() => Some(vec![byte]),
            (Self::Utf8, _) => Some(character.to_string().into_bytes()),
            (Self::Ascii | Self::Bytes { meaning: None, .. }, _) => None,
            (Self::Bytes { meaning: Some(meaning), .. } | Self::Multibyte(meaning), _) => {
                meaning.encode(character)
            }
        }
    }

    /// Bytes in this character set as text; what is none is replaced. Where their meaning is not known, each byte is some
    /// character.
    #[must_use]
    pub(crate) fn decode(self, text: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(text).into_owned(),
            // Different bytes stay different.
            Self::Ascii | Self::Bytes { meaning: None, .. } => text.iter().copied().map(char::from).collect(),
            Self::Bytes { meaning: Some(meaning), .. } | Self::Multibyte(meaning) => {
                meaning.encoding.decode_without_bom_handling(text).0.into_owned()
            }
        }
    }

    /// A text as characters and single bytes.
    #[must_use]
    pub(crate) fn units(self, text: &[u8]) -> Vec<Unit<'_>> {
        match self {
            Self::Ascii => text.chunks(1).map(ascii_unit).collect(),
            Self::Bytes { printable, .. } => {
                let is_printable = |byte: u8| printable[usize::from(byte / 64)] >> (byte % 64) & 1 == 1;
                text.chunks(1).map(|bytes| Unit { bytes, is_printable: is_printable(bytes[0]) }).collect()
            }
            Self::Multibyte(meaning) => multibyte_units(text, meaning),
            Self::Utf8 => text
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
}

fn multibyte_units(text: &[u8], meaning: Meaning) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let found = if byte.is_ascii() { None } else { meaning.first(rest) };
        let (bytes, behind) = rest.split_at(found.map_or(1, |(_, length)| length));
        units.push(found.map_or_else(
            || ascii_unit(bytes),
            |(character, _)| Unit { bytes, is_printable: is_printable(character) },
        ));
        rest = behind;
    }
    units
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
