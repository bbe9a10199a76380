//! File names on one line of a terminal: nothing in them reaches it as a command, and they are cut to fit.

use crate::report::quote::Charset;
use unicode_width::UnicodeWidthChar;

/// The end of a path, in at most `columns` columns: the end tells more than the beginning. What a terminal would act on,
/// or what would change how the rest is read, shows as a question mark.
#[must_use]
pub(crate) fn fit(path: &[u8], columns: usize, charset: Charset) -> String {
    let (mark, mark_columns) = match charset {
        Charset::Utf8 => ("…", 1),
        Charset::Ascii | Charset::Bytes { .. } | Charset::Multibyte(_) => ("...", 3),
    };
    let shown = clean(path, charset);
    let width = |text: &str| text.chars().filter_map(char::width).sum::<usize>();
    if width(&shown) <= columns {
        return shown;
    }
    let mut left = columns.saturating_sub(mark_columns);
    let mut start = shown.len();
    for (index, character) in shown.char_indices().rev() {
        let wide = character.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        start = index;
    }
    // A mark that combines with what was cut away would end up on the ellipsis.
    let rest = shown[start..].trim_start_matches(|character: char| character.width() == Some(0));
    if columns < mark_columns { String::new() } else { format!("{mark}{rest}") }
}

/// The path, each character of which takes a known number of columns and does nothing else.
fn clean(path: &[u8], charset: Charset) -> String {
    let shown = |character: char| match charset {
        Charset::Ascii | Charset::Bytes { .. } | Charset::Multibyte(_) => matches!(character, ' '..='~'),
        Charset::Utf8 => !character.is_control() && character.width().is_some() && !is_unseen(character),
    };
    let text = String::from_utf8_lossy(path);
    text.chars().map(|character| if shown(character) { character } else { '?' }).collect()
}

/// Characters that are not seen but act on what is around them (direction, joining, shaping, tags), separators of lines, and
/// private use, for which every terminal has another idea.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_is_shown_whole() {
        assert_eq!(fit(b"dir/file", 8, Charset::Utf8), "dir/file");
        assert_eq!(fit("dir/日本".as_bytes(), 8, Charset::Utf8), "dir/日本");
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(fit(b"dir/file", 7, Charset::Utf8), "…r/file");
        assert_eq!(fit(b"dir/file", 7, Charset::Ascii), "...file");
        // Two columns would not fit in one.
        assert_eq!(fit("dir/日本".as_bytes(), 4, Charset::Utf8), "…本");
        assert_eq!(fit("aaaae\u{301}b".as_bytes(), 2, Charset::Utf8), "…b");
        assert_eq!(fit(b"dir/file", 0, Charset::Utf8), "");
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(fit(b"a\x1b[2J\n\r\x07\x9b\xffb", 40, Charset::Utf8), "a?[2J???\u{fffd}\u{fffd}b");
        assert_eq!(fit("\u{202e}gpj\u{2028}\u{85}".as_bytes(), 40, Charset::Utf8), "?gpj??");
        assert_eq!(fit("ä\u{1b}".as_bytes(), 40, Charset::Ascii), "??");
    }
}
