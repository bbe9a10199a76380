//! The locale the user asked for, as the C library knows it.

use std::ffi::CStr;

/// Every category, as in `LC_ALL`.
#[cfg(target_env = "gnu")]
const CATEGORIES: libc::c_int = libc::LC_ALL_MASK;

/// Every category of POSIX. Other C libraries may have a number for all of them that the libc crate does not know.
#[cfg(not(target_env = "gnu"))]
const CATEGORIES: libc::c_int = libc::LC_CTYPE_MASK
    | libc::LC_NUMERIC_MASK
    | libc::LC_TIME_MASK
    | libc::LC_COLLATE_MASK
    | libc::LC_MONETARY_MASK
    | libc::LC_MESSAGES_MASK;

/// What the C library says of a locale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locale {
    /// The name of its character set, as in `locale charmap`.
    pub codeset: Vec<u8>,
    /// The POSIX extended regular expression of answers that mean yes, in that character set.
    pub yes_expression: Vec<u8>,
    /// Which single bytes are characters that can be shown: bit `b % 64` of number `b / 64`.
    pub printable: [u64; 4],
}

/// The locale that LC_ALL, the variables of its categories and LANG name. `None` where one of its categories is not
/// installed, after which all of them are those of the C locale, as after a failed `setlocale(LC_ALL, "")`.
#[must_use]
pub(crate) fn locale() -> Option<Locale> {
    within(|| Locale {
        codeset: language_information(libc::CODESET),
        yes_expression: yes_expression(),
        printable: printable(),
    })
}

/// What the user's locale shows where a character set lacks a character: the character, and texts of which the first
/// that the character set has stands for it. In the order of the characters.
#[must_use]
pub(crate) fn approximations() -> Vec<(char, Vec<String>)> {
    let mut approximations = within(transliteration::table).unwrap_or_default();
    approximations.sort_by_key(|(character, _)| *character);
    approximations
}

/// Has `ask` ask this thread's locale while that is the user's.
///
/// Neither the process's locale nor another thread's changes, so that no other thread can be using what is replaced
/// here.
fn within<T>(ask: impl FnOnce() -> T) -> Option<T> {
    // SAFETY: a constant, terminated string, and no locale to change.
    let locale = unsafe { libc::newlocale(CATEGORIES, c"".as_ptr(), std::ptr::null_mut()) };
    if locale.is_null() {
        return None;
    }
    // SAFETY: newlocale has just made it. Only this thread goes over to it.
    let before = unsafe { libc::uselocale(locale) };
    let answer = ask();
    // SAFETY: it is what this thread had before, as uselocale has answered above.
    unsafe { libc::uselocale(before) };
    // SAFETY: newlocale has made it, no thread uses it any more, and answers are copies.
    unsafe { libc::freelocale(locale) };
    Some(answer)
}

/// The expression of the locale's answers that mean yes.
#[cfg(target_env = "gnu")]
fn yes_expression() -> Vec<u8> {
    language_information(libc::YESEXPR)
}

/// The expression of the locale's answers that mean yes. A C library that has none but English is not asked.
#[cfg(not(target_env = "gnu"))]
fn yes_expression() -> Vec<u8> {
    let values = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    let name = values.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    expressions::of(&name).as_bytes().to_vec()
}

/// The expressions of glibc's locales, for other C libraries.
#[cfg(any(test, not(target_env = "gnu")))]
mod expressions {
    use pure_rust_locales::{Locale, locale_match};

    /// That of a locale, by its name with or without a character set; English where it is none of glibc's.
    pub(super) fn of(name: &str) -> &'static str {
        let (name, modifier) = name.split_once('@').map_or((name, ""), |(name, modifier)| (name, modifier));
        let territory = name.split('.').next().unwrap_or_default();
        let known = [format!("{territory}@{modifier}"), territory.to_owned()];
        let locale = known.iter().find_map(|name| Locale::try_from(&name[..]).ok());
        locale.map_or("^[yY]", |locale| locale_match!(locale => LC_MESSAGES::YESEXPR))
    }

    #[test]
    fn every_spelling_of_a_locale_has_its_expression() {
        for german in ["de_DE", "de_DE.UTF-8", "de_DE@euro", "de_DE.UTF-8@euro", "de_AT.utf8@nosuch"] {
            assert_eq!(of(german), "^[+1jJyY]", "{german}");
        }
        assert_eq!(of("ja_JP.UTF-8"), "^([+1yYｙＹ]|はい|ハイ)");
        for english in ["", "C", "C.UTF-8", "POSIX", "xx_XX", "@", "."] {
            assert_eq!(of(english), "^[yY]", "{english}");
        }
    }
}

/// A string of this thread's locale.
fn language_information(item: libc::nl_item) -> Vec<u8> {
    // SAFETY: takes a number only.
    let text = unsafe { libc::nl_langinfo(item) };
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: not null, and terminated. It is valid as long as this thread's locale, which nothing changes meanwhile.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// Which bytes isprint(3) takes for characters in this thread's locale.
fn printable() -> [u64; 4] {
    let mut printable = [0; 4];
    for byte in 0..=u8::MAX {
        // SAFETY: every value of an unsigned char is one that isprint takes.
        if unsafe { libc::isprint(libc::c_int::from(byte)) } != 0 {
            printable[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
    }
    printable
}

/// The table of glibc's locales by which iconv's `//TRANSLIT` goes, which gettext uses. Other C libraries have none.
#[cfg(not(target_env = "gnu"))]
mod transliteration {
    pub fn table() -> Vec<(char, Vec<String>)> {
        Vec::new()
    }
}

/// The table of glibc's locales by which iconv's `//TRANSLIT` goes, which gettext uses.
#[cfg(target_env = "gnu")]
mod transliteration {
    // Items of <langinfo.h> that the libc crate lacks: _NL_CTYPE_TRANSLIT_TAB_SIZE and what follows it.
    const ENTRIES: libc::nl_item = 0x3d;
    const FROM_INDEX: libc::nl_item = 0x3e;
    const FROM_TEXTS: libc::nl_item = 0x3f;
    const TO_INDEX: libc::nl_item = 0x40;
    const TO_TEXTS: libc::nl_item = 0x41;

    /// Entries at most, five times as many as a locale has.
    const ENTRIES_MAX: usize = 32 << 10;
    /// Characters at most of all that stands for one.
    const TEXT_MAX: usize = 64;

    /// The table of this thread's locale.
    pub(super) fn table() -> Vec<(char, Vec<String>)> {
        // A number is where the address of a text would be, in the lower half.
        let entries = pointer(ENTRIES).addr() & 0xffff_ffff;
        let [from, from_texts, to, to_texts] = [FROM_INDEX, FROM_TEXTS, TO_INDEX, TO_TEXTS].map(pointer);
        if [from, from_texts, to, to_texts].iter().any(|table| table.is_null()) || entries > ENTRIES_MAX {
            return Vec::new();
        }
        let entry = |index| {
            let (start, texts) = (word(from, index), word(to, index));
            let character = char::from_u32(word(from_texts, place(start, 0)))?;
            // More than one character has no place in this table, and the C library's locales have no such entry.
            (word(from_texts, place(start, 1)) == 0).then(|| (character, alternatives(to_texts, texts)))
        };
        (0..entries).filter_map(entry).collect()
    }

    /// Terminated texts, up to an empty one.
    fn alternatives(texts: *const u32, start: u32) -> Vec<String> {
        let mut alternatives = Vec::new();
        let mut text = String::new();
        for offset in 0..TEXT_MAX {
            match (word(texts, place(start, offset)), text.is_empty()) {
                (0, true) => break,
                (0, false) => alternatives.push(std::mem::take(&mut text)),
                (character, _) => text.extend(char::from_u32(character)),
            }
        }
        alternatives
    }

    fn place(start: u32, offset: usize) -> usize {
        usize::try_from(start).unwrap_or(0) + offset
    }

    /// One of the table's arrays of numbers.
    fn pointer(item: libc::nl_item) -> *const u32 {
        // SAFETY: takes a number only.
        unsafe { libc::nl_langinfo(item) }.cast_const().cast()
    }

    /// A number of one of these arrays.
    fn word(array: *const u32, index: usize) -> u32 {
        // SAFETY: the C library has found the locale whole when it loaded it, follows the same indices and ends of texts
        // itself, and this thread's locale stays while they are asked for.
        unsafe { array.wrapping_add(index).read_unaligned() }
    }
}
