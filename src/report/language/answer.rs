//! What answers mean yes, by a locale's own expression.

use crate::report::charset::Charset;
use regex_automata::meta::Regex;

/// Whether an answer is one that the POSIX extended regular expression of a locale (`yesexpr` of localedata) takes for
/// yes. Both are in the locale's character set. What is no such expression takes `y` and `Y`, as the C locale's does.
#[must_use]
pub(crate) fn is_yes(answer: &[u8], expression: &[u8], charset: Charset) -> bool {
    // The C library's function takes the answer for a string, which ends with a NUL.
    let answer = answer.split(|&byte| byte == 0).next().unwrap_or_default();
    match Regex::new(&charset.decode(expression)) {
        Ok(regex) => regex.is_match(&charset.decode(answer)),
        Err(_) => matches!(answer.first(), Some(b'y' | b'Y')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_yes(expression: &str, answers: &[&str]) -> Vec<bool> {
        let answers = answers.iter().map(|answer| answer.as_bytes());
        answers.map(|answer| is_yes(answer, expression.as_bytes(), Charset::Utf8)).collect()
    }

    #[test]
    fn answers_are_taken_as_the_locale_says() {
        let expression = "^([+1yYｙＹ]|はい|ハイ)";
        assert_eq!(are_yes(expression, &["はい", "ハイ、", "ｙ", "+", "1", "Yes"]), [true; 6]);
        assert_eq!(are_yes(expression, &["", "いいえ", "no", " y", "は", "0"]), [false; 6]);
        assert_eq!(are_yes("^[yY]", &["j", "1", "yes", "Y"]), [false, false, true, true]);
        assert!(!is_yes(b"\0yes", b"^[yY]", Charset::Ascii), "a NUL ends a string");
        assert!(is_yes(b"j\xff\n", b"^[+1jJyY]", Charset::Utf8), "what is no text may follow");
    }

    #[test]
    fn the_locale_s_character_set_counts() {
        let charset = Charset::of(b"EUC-JP", [0; 4]);
        let expression = charset.encode("^([+1yYｙＹ]|はい|ハイ)", |_| &[]);
        assert!(is_yes(&charset.encode("はい", |_| &[]), &expression, charset));
        assert!(!is_yes("はい".as_bytes(), &expression, charset));
        // Of this one no mapping is known.
        let georgian = Charset::of(b"GEORGIAN-PS", [0; 4]);
        assert!(is_yes(b"\xc3", b"^[+1yY\xc3]", georgian) && !is_yes(b"\xc4", b"^[+1yY\xc3]", georgian));
    }

    #[test]
    fn a_broken_expression_takes_y() {
        assert_eq!(are_yes("^[yj", &["y", "Yes", "j", ""]), [true, true, false, false]);
    }
}
