//! What GNU cp 9.10 prints for these names in locales of these character sets.

use super::Charset;
use crate::report::quote::{always, option_argument};

/// The bytes that isprint(3) takes for characters: those of ASCII, and these ranges.
fn printable(ranges: &[(u8, u8)]) -> [u64; 4] {
    let mut printable = [0; 4];
    for (first, last) in [(b' ', b'~')].iter().chain(ranges) {
        for byte in *first..=*last {
            printable[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
    }
    printable
}

fn latin_1() -> Charset {
    Charset::of(b"ISO-8859-1", printable(&[(0xa0, 0xff)]))
}

fn multibyte(name: &str) -> Charset {
    let charset = Charset::of(name.as_bytes(), printable(&[]));
    assert!(matches!(charset, Charset::Multibyte(_)), "{name}");
    charset
}

#[track_caller]
fn check(charset: Charset, cases: &[(&[u8], &[u8])]) {
    for (name, expected) in cases {
        let quoted = always(name, charset).escape_ascii().to_string();
        assert_eq!(quoted, expected.escape_ascii().to_string(), "{charset:?}: {}", name.escape_ascii());
    }
}

#[test]
fn bytes_show_where_the_locale_calls_them_printable() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"\xe9", b"'\xe9'"),
        (b"\xa0\xad", b"'\xa0\xad'"),
        (b"\x80", b"''$'\\200'"),
        (b"\xe9'\x80", b"'\xe9'\\'''$'\\200'"),
    ];
    check(latin_1(), cases);
    check(
        Charset::of(b"TIS-620", printable(&[(0xa1, 0xda), (0xdf, 0xfb)])),
        &[(b"\xa1\xfc", b"'\xa1'$'\\374'")],
    );
    // No mapping of these is known here, and none is needed.
    check(Charset::of(b"ARMSCII-8", printable(&[(0xa0, 0xfe)])), &[(b"\xb2\xa0", b"'\xb2\xa0'")]);
    check(Charset::of(b"EUC-TW", printable(&[])), &[(b"\xc4\xe3a", b"''$'\\304\\343''a'")]);
}

#[test]
fn characters_of_several_bytes_show_as_a_whole() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"\xa4\xcf", b"'\xa4\xcf'"),
        (b"\xa4", b"''$'\\244'"),
        (b"\x8e\xb1", b"'\x8e\xb1'"),
        (b"\x8f\xb0\xa1", b"'\x8f\xb0\xa1'"),
        (b"\xa4\xcfa\xa1\xa1", b"'\xa4\xcfa\xa1\xa1'"),
    ];
    check(multibyte("EUC-JP"), cases);
    let cases: &[(&[u8], &[u8])] = &[
        (b"\x810\x810", b"''$'\\201\\060\\201\\060'"),
        // The second byte is no backslash.
        (b"'\x81\\", b"\"'\x81\\\""),
        (b"\x81", b"''$'\\201'"),
        (b"\xb0\xa1", b"'\xb0\xa1'"),
    ];
    check(multibyte("GB18030"), cases);
    check(multibyte("BIG5"), &[(b"\xa4\\", b"'\xa4\\'"), (b"\xa4@", b"'\xa4@'")]);
}

#[test]
fn what_only_a_superset_has_is_no_character() {
    for name in ["EUC-KR", "GB2312"] {
        check(multibyte(name), &[(b"\x81A", b"''$'\\201''A'"), (b"\xb0\xa1", b"'\xb0\xa1'")]);
    }
    for name in ["ISO-8859-1", "iso8859-1", "latin1"] {
        assert_eq!(
            Charset::of(name.as_bytes(), [0; 4]).encode("€ü", |_| &[]),
            b"?\xfc",
            "Windows has it at 0x80"
        );
    }
    assert_eq!(Charset::of(b"CP1251", [0; 4]).encode("€", |_| &[]), b"\x88");
    assert_eq!(Charset::of(b"CP1252", [0; 4]).encode("€", |_| &[]), b"\x80");
}

#[test]
fn texts_are_put_into_the_character_set() {
    let alternatives = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (opening, closing) = (alternatives(&["»", ",,"]), alternatives(&["\""]));
    let instead = |character| match character {
        '„' => &opening[..],
        '“' => &closing[..],
        _ => &[],
    };
    let text = "für „é“ もの";
    assert_eq!(Charset::Utf8.encode(text, instead), text.as_bytes());
    assert_eq!(latin_1().encode(text, instead), b"f\xfcr \xbb\xe9\" ??", "the first that it has");
    assert_eq!(Charset::Ascii.encode(text, instead), b"f?r ,,?\" ??");
    assert_eq!(multibyte("EUC-JP").encode("もの", instead), b"\xa4\xe2\xa4\xce");
    assert_eq!(Charset::of(b"ISO-8859-2", [0; 4]).encode("żó", instead), b"\xbf\xf3");
    assert_eq!(Charset::of(b"ARMSCII-8", [0; 4]).encode("aé", instead), b"a?");
}

#[test]
fn the_character_sets_of_locales_are_known() {
    let names = [
        "BIG5",
        "BIG5-HKSCS",
        "CP1251",
        "CP1255",
        "EUC-JP",
        "EUC-KR",
        "GB18030",
        "GB2312",
        "GBK",
        "ISO-8859-1",
        "ISO-8859-2",
        "ISO-8859-3",
        "ISO-8859-5",
        "ISO-8859-6",
        "ISO-8859-7",
        "ISO-8859-8",
        "ISO-8859-9",
        "ISO-8859-10",
        "ISO-8859-13",
        "ISO-8859-14",
        "ISO-8859-15",
        "ISO-8859-16",
        "KOI8-R",
        "KOI8-U",
        "TIS-620",
    ];
    for name in names {
        let known = matches!(
            Charset::of(name.as_bytes(), [0; 4]),
            Charset::Bytes { meaning: Some(_), .. } | Charset::Multibyte(_)
        );
        assert!(known, "{name}");
    }
}

#[test]
fn quotation_marks_are_straight_but_in_utf8() {
    for charset in [latin_1(), multibyte("GB18030")] {
        let marks = charset.quotation_marks().map(str::as_bytes);
        assert_eq!(option_argument(b"a'\xa1\xaf", marks, charset), b"'a\\'\xa1\xaf'");
    }
}

#[test]
fn an_unknown_locale_is_the_c_locale_s() {
    for name in ["ANSI_X3.4-1968", "ASCII", "us-ascii", ""] {
        assert_eq!(Charset::of(name.as_bytes(), [u64::MAX; 4]), Charset::Ascii);
    }
    assert_eq!(["utf-8", "UTF8"].map(|name| Charset::of(name.as_bytes(), [0; 4])), [Charset::Utf8; 2]);
}
