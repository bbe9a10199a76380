//! Options whose argument is one word of a list: GNU's abbreviations of the words, and its messages about others.

use super::options::{Control, Overwrite, Reflink, Sparse};
use crate::cli::UsageError;
use crate::report::language::{Language, Words};

/// The words an argument may be, with their meanings. Words that mean the same stand side by side.
pub(super) type WordList<T> = [(&'static str, T)];

/// `--sparse`.
pub(super) const SPARSE: &WordList<Sparse> =
    &[("never", Sparse::Never), ("auto", Sparse::Auto), ("always", Sparse::Always)];

/// `--reflink`.
pub(super) const REFLINK: &WordList<Reflink> =
    &[("auto", Reflink::Auto), ("always", Reflink::Always), ("never", Reflink::Never)];

/// `--update`.
pub(super) const UPDATE: &WordList<Overwrite> = &[
    ("all", Overwrite::All),
    ("none", Overwrite::Skip),
    ("none-fail", Overwrite::Refuse),
    ("older", Overwrite::Older),
];

/// `--backup` and VERSION_CONTROL.
pub(super) const BACKUP: &WordList<Option<Control>> = &[
    ("none", None),
    ("off", None),
    ("simple", Some(Control::Simple)),
    ("never", Some(Control::Simple)),
    ("existing", Some(Control::Existing)),
    ("nil", Some(Control::Existing)),
    ("numbered", Some(Control::Numbered)),
    ("t", Some(Control::Numbered)),
];

/// One element of the list of `--preserve` and `--no-preserve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// Permissions.
    Mode,
    /// Times.
    Timestamps,
    /// User and group.
    Ownership,
    /// Hard links.
    Links,
    /// The security context.
    Context,
    /// Extended attributes.
    Xattr,
    /// Every one of them.
    All,
}

/// `--preserve` and `--no-preserve`.
pub(super) const ATTRIBUTES: &WordList<Attribute> = &[
    ("mode", Attribute::Mode),
    ("timestamps", Attribute::Timestamps),
    ("ownership", Attribute::Ownership),
    ("links", Attribute::Links),
    ("context", Attribute::Context),
    ("xattr", Attribute::Xattr),
    ("all", Attribute::All),
];

/// What `typed` means for `option`: a word of the list, or the beginning of words that all mean the same.
///
/// # Errors
/// A usage error that lists the words.
pub(super) fn choose<T: Copy + PartialEq>(
    words: &WordList<T>,
    typed: &[u8],
    option: &[u8],
    language: &Language,
) -> Result<T, UsageError> {
    if let Some((_, meaning)) = words.iter().find(|(word, _)| word.as_bytes() == typed) {
        return Ok(*meaning);
    }
    let mut meanings = words.iter().filter(|(word, _)| word.as_bytes().starts_with(typed));
    match meanings.next() {
        None => Err(refused(words, "invalid argument %s for %s", typed, option, language)),
        Some((_, first)) if meanings.all(|(_, other)| other == first) => Ok(*first),
        Some(_) => Err(refused(words, "ambiguous argument %s for %s", typed, option, language)),
    }
}

fn refused<T: PartialEq>(
    words: &WordList<T>,
    why: &'static str,
    typed: &[u8],
    option: &[u8],
    language: &Language,
) -> UsageError {
    let quoted = |text: &[u8]| language.option_argument(text);
    let mut message = language.message(Words::gnulib(why), &[&quoted(typed), &quoted(option)]);
    message.push(b'\n');
    message.extend(language.text(Words::gnulib("Valid arguments are:")));
    let mut before = None;
    for (word, meaning) in words {
        let begins_line = before.replace(meaning) != Some(meaning);
        message.extend_from_slice(if begins_line { b"\n  - " } else { b", " });
        message.extend(quoted(word.as_bytes()));
    }
    UsageError::usage(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quote::Charset;

    fn text<T: Copy + PartialEq>(
        words: &WordList<T>,
        typed: &[u8],
        option: &str,
        charset: Charset,
    ) -> String {
        let refused =
            choose(words, typed, option.as_bytes(), &Language::english(charset)).err().expect("refused");
        assert!(refused.hint && !refused.from_getopt);
        String::from_utf8(refused.message).expect("text")
    }

    #[test]
    fn words_may_be_abbreviated_as_long_as_they_mean_one_thing() {
        let backup = |typed: &str| {
            choose(BACKUP, typed.as_bytes(), b"backup type", &Language::english(Charset::Ascii)).ok()
        };
        for typed in ["none", "no", "off", "o"] {
            assert_eq!(backup(typed), Some(None), "{typed}");
        }
        assert_eq!(backup("ne"), Some(Some(Control::Simple)));
        assert_eq!(backup("nu"), Some(Some(Control::Numbered)));
        assert_eq!(backup("ni"), Some(Some(Control::Existing)));
        assert_eq!(["n", "", "x", "NONE", "nonex"].map(backup), [None; 5]);
        // A whole word may be the beginning of another.
        assert_eq!(
            choose(UPDATE, b"none", b"--update", &Language::english(Charset::Ascii)),
            Ok(Overwrite::Skip)
        );
        assert!(choose(UPDATE, b"non", b"--update", &Language::english(Charset::Ascii)).is_err());
    }

    #[test]
    fn the_message_lists_the_words_in_the_quotes_of_the_locale() {
        assert_eq!(
            text(SPARSE, b"bad", "--sparse", Charset::Utf8),
            "invalid argument ‘bad’ for ‘--sparse’\nValid arguments are:\n  - ‘never’\n  - ‘auto’\n  - ‘always’"
        );
        assert_eq!(
            text(BACKUP, b"n", "backup type", Charset::Ascii),
            "ambiguous argument 'n' for 'backup type'\nValid arguments are:\n  - 'none', 'off'\n  \
             - 'simple', 'never'\n  - 'existing', 'nil'\n  - 'numbered', 't'"
        );
        assert!(text(ATTRIBUTES, b"\xff\n", "--preserve", Charset::Utf8).contains("‘\\377\\n’ for"));
    }
}
