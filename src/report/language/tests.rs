//! Catalogues made up here, and what messages become by them.

use super::catalogue::Catalogue;
use super::{Domain, Language, Locale, Shelf, Words};
use crate::report::charset::Charset;
use proptest::prelude::*;
use rustix::io::Errno;
use std::path::PathBuf;
use std::sync::OnceLock;

const HEADER: &str = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n%0;\n";

/// A catalogue's file of these messages, which are sorted, and their translations.
fn file(messages: &[(&[u8], &[u8])], word: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let number = |number: usize| word(u32::try_from(number).expect("small"));
    let (count, head) = (messages.len(), 28);
    let mut file = [0x9504_12de, 0].map(word).concat();
    file.extend([count, head, head + 8 * count, 0, head + 16 * count].map(number).concat());
    let mut strings = Vec::new();
    let texts = messages.iter().map(|(english, _)| english).chain(messages.iter().map(|(_, other)| other));
    for text in texts {
        file.extend([text.len(), head + 16 * count + strings.len()].map(number).concat());
        strings.extend([text, &b"\0"[..]].concat());
    }
    file.extend(strings);
    file
}

fn catalogue(messages: &[(&str, &str)]) -> Vec<u8> {
    let messages: Vec<_> =
        messages.iter().map(|(english, other)| (english.as_bytes(), other.as_bytes())).collect();
    file(&[&[(&b""[..], HEADER.as_bytes())], &messages[..]].concat(), u32::to_le_bytes)
}

/// A language with one catalogue in each of these places.
fn language(charset: Charset, catalogues: Vec<(Domain, Vec<u8>)>) -> Language {
    let shelves = catalogues.into_iter().map(|(domain, file)| {
        let shelf = Shelf::at(PathBuf::from("/nonexistent"));
        for place in [Domain::Coreutils, Domain::Gnulib, Domain::Libc] {
            let file = if place == domain { Catalogue::read(file.clone()) } else { None };
            shelf.catalogues[place.place()].set(file).expect("empty");
        }
        shelf
    });
    let locale = Locale {
        charset,
        translations: charset,
        yes_expression: Vec::new(),
        variables: Some(super::Variables::default()),
    };
    let approximations =
        [('“', "\""), ('„', ",,")].map(|(character, text)| (character, vec![text.to_owned()]));
    Language {
        locale: locale.into(),
        shelves: OnceLock::from(shelves.collect::<Vec<_>>()),
        approximations: approximations.to_vec().into(),
    }
}

fn said(language: &Language, words: Words, arguments: &[&[u8]]) -> String {
    language.message(words, arguments).escape_ascii().to_string()
}

const STAT: Words = Words::gnu("cannot stat %s");

#[test]
fn the_first_catalogue_that_has_a_message_speaks() {
    let first = catalogue(&[("cannot open %s", "nopen %s")]);
    let second = catalogue(&[("cannot open %s", "zwei %s"), ("cannot stat %s", "%s: nostat")]);
    let language = language(Charset::Utf8, vec![(Domain::Coreutils, first), (Domain::Coreutils, second)]);
    assert_eq!(said(&language, Words::gnu("cannot open %s"), &[b"'a'"]), "nopen \\'a\\'");
    assert_eq!(said(&language, STAT, &[b"'a'"]), "\\'a\\': nostat");
    assert_eq!(said(&language, Words::gnu("cannot see %s"), &[b"'a'"]), "cannot see \\'a\\'");
    for stranger in
        [Words::own("cannot stat %s"), Words::gnulib("cannot stat %s"), Words::libc("cannot stat %s")]
    {
        assert_eq!(said(&language, stranger, &[b"'a'"]), "cannot stat \\'a\\'", "another's words");
    }
}

#[test]
fn a_translation_with_other_arguments_is_not_used() {
    for bad in ["", "nostat", "%d", "%s %s", "%n", "%s\n"] {
        let language =
            language(Charset::Utf8, vec![(Domain::Coreutils, catalogue(&[("cannot stat %s", bad)]))]);
        assert_eq!(said(&language, STAT, &[b"'a'"]), "cannot stat \\'a\\'", "{bad:?}");
    }
}

#[test]
fn reasons_are_translated_beside_words_of_gnu_s() {
    let libc = catalogue(&[("No such file or directory", "nixda")]);
    let language = language(Charset::Ascii, vec![(Domain::Libc, libc)]);
    assert_eq!(language.reason(Errno::NOENT, STAT), b"nixda");
    assert_eq!(language.reason(Errno::NOENT, Words::own("cannot %s")), b"No such file or directory");
    assert_eq!(language.reason(Errno::ACCESS, STAT), b"Permission denied");
}

#[test]
fn quotation_marks_are_the_catalogue_s() {
    let gnulib = catalogue(&[("'", "“"), ("`", "„")]);
    let language = |charset| language(charset, vec![(Domain::Gnulib, gnulib.clone())]);
    assert_eq!(language(Charset::Utf8).option_argument("a“".as_bytes()), "„a\\““".as_bytes());
    assert_eq!(language(Charset::Ascii).option_argument(b"a"), b",,a\"");
}

#[test]
fn catalogues_of_either_byte_order_and_of_other_character_sets_are_read() {
    let header = b"Content-Type: text/plain; charset=ISO-8859-1\n";
    for word in [u32::to_le_bytes, u32::to_be_bytes] {
        let file = file(&[(b"", header), (b"cannot stat %s", b"f\xfcr %s")], word);
        let language = |charset| language(charset, vec![(Domain::Coreutils, file.clone())]);
        assert_eq!(language(Charset::Utf8).message(STAT, &[b"'a'"]), "für 'a'".as_bytes());
        let latin_1 = Charset::of(b"ISO-8859-1", [0; 4]);
        assert_eq!(language(latin_1).message(STAT, &[b"'\xe9'"]), b"f\xfcr '\xe9'");
    }
}

#[test]
fn a_message_with_several_forms_has_its_first() {
    let file = catalogue(&[("cannot stat %s\0cannot stat %s", "eins %s\0zwei %s")]);
    let language = language(Charset::Utf8, vec![(Domain::Coreutils, file)]);
    assert_eq!(said(&language, STAT, &[b"a"]), "eins a");
}

#[test]
fn what_is_no_catalogue_is_none() {
    let good = catalogue(&[("cannot stat %s", "nostat %s")]);
    assert!(Catalogue::read(good.clone()).is_some());
    let mut bad: Vec<Vec<u8>> = (0..good.len().min(100)).map(|end| good[..end].to_vec()).collect();
    bad.push([&good[..4], &[0, 0, 2, 0], &good[8..]].concat());
    bad.push([&b"\xde\x12\x04\x94"[..], &good[4..]].concat());
    bad.push([&good[..], &vec![0; super::FILE_BYTES_MAX]].concat());
    bad.push(file(&[(b"", b"charset=nosuch\n")], u32::to_le_bytes));
    bad.push(file(&[(b"a", b"b")], u32::to_le_bytes));
    for (number, file) in bad.into_iter().enumerate() {
        assert!(Catalogue::read(file).is_none(), "{number}");
    }
}

proptest! {
    #[test]
    fn a_damaged_catalogue_gives_english_or_a_translation_with_all_arguments(
        changes in prop::collection::vec((0_usize..400, any::<u8>()), 0..12),
        length in 0_usize..400,
    ) {
        let mut file = catalogue(&[("cannot open %s", "nopen %s"), ("cannot stat %s", "%s: nostat"), ("z %s", "%s zz")]);
        for (at, byte) in changes {
            let at = at % file.len();
            file[at] = byte;
        }
        file.truncate(length.max(28));
        let language = language(Charset::Utf8, vec![(Domain::Coreutils, file)]);
        prop_assert!(language.message(STAT, &[b"\x01"]).contains(&1));
    }
}
