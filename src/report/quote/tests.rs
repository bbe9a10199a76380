//! What GNU cp and cat 9.10 print for these names, with glibc 2.36.

use super::Charset::{self, Ascii, Utf8};
use super::{always, needed, option_argument};

type Quote = fn(&[u8], Charset) -> Vec<u8>;

#[track_caller]
fn check(quote: Quote, charset: Charset, cases: &[(&[u8], &str)]) {
    for (name, expected) in cases {
        let quoted = String::from_utf8(quote(name, charset)).expect("quoted text is in the character set");
        assert_eq!(quoted, *expected, "{charset:?}: {:?}", name.escape_ascii().to_string());
    }
}

#[test]
fn cp_quotes_every_name_so_that_a_shell_reads_it_back() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "''"),
        (b"a", "'a'"),
        (b"-x", "'-x'"),
        (b"a b", "'a b'"),
        (b"it's", r#""it's""#),
        (b"'", r#""'""#),
        (b"\"", r#"'"'"#),
        (b"a'b\"", r#"'a'\''b"'"#),
        (b"it's $5", r"'it'\''s $5'"),
        (b"it's!", r"'it'\''s!'"),
        (b"#it's", "\"#it's\""),
        (b"#'#", r"'#'\''#'"),
        (b"~'", r#""~'""#),
        (b"a'~", r"'a'\''~'"),
        (b"{'}", r"'{'\''}'"),
        (b"a\\b", r"'a\b'"),
        (b"a'\\", r"'a'\''\'"),
        (b"a\nb", r"'a'$'\n''b'"),
        (b"\n", r"''$'\n'"),
        (b"a\n\nb\n", r"'a'$'\n\n''b'$'\n'"),
        (b"\n'", r"''$'\n'\'''"),
        (b"it's\n", r"'it'\''s'$'\n'"),
        (b"\t'\t", r"''$'\t'\'''$'\t'"),
        (b"\x07\x08\t\n\x0b\x0c\r\x1b\x7f", r"''$'\a\b\t\n\v\f\r\033\177'"),
        (b"\x011", r"''$'\001''1'"),
        (b"\xff", r"''$'\377'"),
        (b"\xff1", r"''$'\377''1'"),
        (b"'\xff", r"''\'''$'\377'"),
    ];
    check(always, Ascii, cases);
    check(always, Utf8, cases);
}

#[test]
fn well_formed_characters_show_in_utf8() {
    let cases: &[(&[u8], &str)] = &[
        (b"\xc3\xa9", "'é'"),
        (b"'\xc3\xa9", r#""'é""#),
        (b"a\xc3", r"'a'$'\303'"),
        (b"\xc3\xa9\xff\xc3\xa9", r"'é'$'\377''é'"),
        (b"\xc0\x80", r"''$'\300\200'"),
        (b"\xed\xa0\x80", r"''$'\355\240\200'"),
        (b"\xcc\x81", "'́'"),
        (b"\xc2\x85", r"''$'\302\205'"),
    ];
    check(always, Utf8, cases);
}

#[test]
fn every_byte_above_ascii_is_escaped_in_the_c_locale() {
    let cases: &[(&[u8], &str)] = &[
        (b"\xc3\xa9", r"''$'\303\251'"),
        (b"'\xc3\xa9", r"''\'''$'\303\251'"),
        (b"a\xc3", r"'a'$'\303'"),
        (b"\xc3\xa9\xff\xc3\xa9", r"''$'\303\251\377\303\251'"),
        (b"\xc0\x80", r"''$'\300\200'"),
        (b"\xed\xa0\x80", r"''$'\355\240\200'"),
        (b"\xcc\x81", r"''$'\314\201'"),
        (b"\xc2\x85", r"''$'\302\205'"),
    ];
    check(always, Ascii, cases);
}

#[test]
fn cat_quotes_only_where_the_name_would_mislead() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "''"),
        (b"a b", "'a b'"),
        (b"it's", r#""it's""#),
        (b"a\nb", r"'a'$'\n''b'"),
        (b"\xff", r"''$'\377'"),
        (b"#", "'#'"),
        (b"#a", "'#a'"),
        (b"a#", "a#"),
        (b"~", "'~'"),
        (b"~a", "'~a'"),
        (b"a~", "a~"),
        (b"{", "'{'"),
        (b"}", "'}'"),
        (b"{}", "{}"),
        (b"{a", "{a"),
        (b"a}", "a}"),
        (b"a:b", "'a:b'"),
        (b"a=b", "'a=b'"),
        (b"a^b", "'a^b'"),
        (b"a*", "'a*'"),
        (b"a?", "'a?'"),
        (b"[a", "'[a'"),
        (b"a]", "a]"),
        (b"-a", "-a"),
        (b"a\\", r"'a\'"),
        (b"a,b@c%d+e_f.g", "a,b@c%d+e_f.g"),
    ];
    check(needed, Ascii, cases);
    check(needed, Utf8, cases);
    check(needed, Utf8, &[("é".as_bytes(), "é"), ("'é".as_bytes(), "\"'é\"")]);
}

#[test]
fn option_arguments_stand_in_the_marks_of_the_locale() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "‘’"),
        (b"bad", "‘bad’"),
        (b"a b", "‘a b’"),
        (b"it's", "‘it's’"),
        (b"a\"b", r#"‘a"b’"#),
        (b"a\\b", r"‘a\\b’"),
        (b"\n\t\x1b1", r"‘\n\t\0331’"),
        (b"\xff", r"‘\377’"),
        (b"a\xe2\x80\x99b\xe2\x80\x98", r"‘a\’b‘’"),
        (b"\xc3\xa9", "‘é’"),
    ];
    let curved = |text: &[u8], charset| option_argument(text, ["‘", "’"].map(str::as_bytes), charset);
    check(curved, Utf8, cases);
    let cases: &[(&[u8], &str)] = &[
        (b"", "''"),
        (b"bad", "'bad'"),
        (b"a b", "'a b'"),
        (b"it's", r"'it\'s'"),
        (b"a\"b", r#"'a"b'"#),
        (b"a\\b", r"'a\\b'"),
        (b"\n\t\x1b1", r"'\n\t\0331'"),
        (b"\xff", r"'\377'"),
        (b"a\xe2\x80\x99b\xe2\x80\x98", r"'a\342\200\231b\342\200\230'"),
        (b"\xc3\xa9", r"'\303\251'"),
    ];
    let straight = |text: &[u8], charset| option_argument(text, [b"'", b"'"], charset);
    check(straight, Ascii, cases);
    // Those of a catalogue may be longer than a character.
    let doubled = |text: &[u8], charset| option_argument(text, [b"<<", b">>"], charset);
    check(doubled, Ascii, &[(b"a>b", "<<a>b>>"), (b"a>>>b", r"<<a\>\>>b>>"), (b"", "<<>>")]);
}

#[test]
fn printable_is_what_glibc_calls_printable() {
    let printable =
        "\u{a0}\u{ad}\u{301}\u{200b}\u{200e}\u{202e}\u{3000}\u{4e00}\u{e000}\u{feff}\u{1f600}\u{e0020}";
    for character in printable.chars() {
        let name = character.to_string();
        assert_eq!(needed(name.as_bytes(), Utf8), name.as_bytes(), "{character:?}");
    }
    // Controls, unassigned, line and paragraph separators, and the characters that are none.
    let escaped = "\u{80}\u{9f}\u{378}\u{2028}\u{2029}\u{2065}\u{fdd0}\u{ffff}\u{1ffff}\u{e0000}\u{10ffff}";
    for character in escaped.chars() {
        let quoted = needed(character.to_string().as_bytes(), Utf8);
        assert!(quoted.starts_with(b"''$'"), "{character:?}");
    }
}
