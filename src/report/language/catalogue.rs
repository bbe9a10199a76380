//! Catalogues of translated messages in the form of GNU's .mo files (chapter "MO Files" of gettext's manual).
//!
//! A catalogue is kept as the bytes of its file and looked into where a message is wanted. Nothing in it is believed:
//! every offset is checked where it is followed, so that a damaged catalogue lacks messages and does no harm. The hash
//! table that a file may have is left alone, as the messages are sorted anyway.

use crate::report::charset::Meaning;
use std::cmp::Ordering;

/// Bytes of a file at most; the largest catalogue of a C library or of GNU's programs has less than a tenth of that. A
/// larger one is none.
pub(crate) const FILE_BYTES_MAX: usize = 8 << 20;

/// The number that begins a file, in the byte order of the machine that made it.
const MAGIC: u32 = 0x9504_12de;

/// A catalogue.
#[derive(Debug)]
pub(crate) struct Catalogue {
    file: Vec<u8>,
    word: fn([u8; 4]) -> u32,
    messages: usize,
    /// Where lengths and offsets of the messages stand, and those of the translations.
    tables: [usize; 2],
    /// The character set of the translations, where that is not UTF-8.
    meaning: Option<Meaning>,
}

impl Catalogue {
    /// A catalogue from its file, if it is one and its character set is known.
    #[must_use]
    pub(crate) fn read(file: Vec<u8>) -> Option<Self> {
        let magic: [u8; 4] = file.get(..4)?.try_into().ok()?;
        let word = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (MAGIC, _) => u32::from_le_bytes,
            (_, MAGIC) => u32::from_be_bytes,
            _ => return None,
        };
        let mut catalogue = Self { file, word, messages: 0, tables: [0; 2], meaning: None };
        // Minor versions only add what only few messages need; another major version is another format.
        if catalogue.file.len() > FILE_BYTES_MAX || catalogue.number(4)? >> 16 > 1 {
            return None;
        }
        catalogue.messages = catalogue.number(8)?;
        catalogue.tables = [catalogue.number(12)?, catalogue.number(16)?];
        let charset = charset(catalogue.bytes(b"")?)?;
        if !charset.eq_ignore_ascii_case(b"UTF-8") {
            catalogue.meaning = Some(Meaning::of(charset)?);
        }
        Some(catalogue)
    }

    /// The translation of a message: its first form where it has several by number, as no message here has a number.
    #[must_use]
    pub(crate) fn translation(&self, english: &str) -> Option<String> {
        let bytes = self.bytes(english.as_bytes()).filter(|bytes| !bytes.is_empty())?;
        match self.meaning {
            None => String::from_utf8(bytes.to_vec()).ok(),
            Some(meaning) => meaning.decode(bytes),
        }
    }

    fn bytes(&self, english: &[u8]) -> Option<&[u8]> {
        let (mut low, mut high) = (0, self.messages);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.string(0, middle)?.cmp(english) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return self.string(1, middle),
            }
        }
        None
    }

    /// A string of one of the tables, up to the first of the NULs that separate its forms.
    fn string(&self, table: usize, index: usize) -> Option<&[u8]> {
        let entry = self.tables.get(table)?.checked_add(index.checked_mul(8)?)?;
        let (length, start) = (self.number(entry)?, self.number(entry.checked_add(4)?)?);
        let string = self.file.get(start..start.checked_add(length)?)?;
        string.split(|&byte| byte == 0).next()
    }

    fn number(&self, at: usize) -> Option<usize> {
        let bytes = self.file.get(at..at.checked_add(4)?)?;
        usize::try_from((self.word)(bytes.try_into().ok()?)).ok()
    }
}

/// The character set that a catalogue's header names.
fn charset(header: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"charset=";
    let start = header.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let name = &header[start..];
    let end = name.iter().position(u8::is_ascii_whitespace).unwrap_or(name.len());
    Some(&name[..end])
}
