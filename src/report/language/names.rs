//! Which catalogues the user's variables name, and in which order they are asked (gettext's manual, "The LANGUAGE
//! variable" and "Locating Catalogs").

/// What the user's variables say about the language of messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    /// LANGUAGE: languages, the dearest first, with colons between.
    pub language: Vec<u8>,
    /// The locale of messages: LC_ALL, else LC_MESSAGES, else LANG, whichever is not empty.
    pub messages: Vec<u8>,
}

/// The parts of a locale's name: `language_territory.codeset@modifier`.
#[derive(Debug, Clone, Copy, Default)]
struct Parts<'a> {
    language: &'a [u8],
    territory: &'a [u8],
    codeset: &'a [u8],
    modifier: &'a [u8],
}

/// The languages that messages are wanted in, the dearest first. None where English is.
#[must_use]
pub(crate) fn languages(variables: &Variables) -> Vec<Vec<u8>> {
    let locale = &variables.messages[..];
    if is_english(locale) {
        return Vec::new();
    }
    let wanted = if variables.language.is_empty() { locale } else { &variables.language };
    let languages = wanted.split(|&byte| byte == b':').filter(|language| !language.is_empty());
    languages.take_while(|language| !is_english(language)).map(<[u8]>::to_vec).collect()
}

/// Whether a locale is that of the messages as they stand in the source.
fn is_english(locale: &[u8]) -> bool {
    matches!(locale, b"" | b"C" | b"POSIX" | [b'C', b'.', ..])
}

/// The directories that may have catalogues of a language, the first one that has a message speaks.
///
/// A name that would lead elsewhere has none.
#[must_use]
pub(crate) fn directories(language: &[u8]) -> Vec<Vec<u8>> {
    if language.iter().any(|&byte| byte == b'/' || byte == 0) || language.starts_with(b".") {
        return Vec::new();
    }
    let parts = Parts::of(language);
    let plain = normalized(parts.codeset);
    let codesets: &[&[u8]] = match parts.codeset {
        b"" => &[b""],
        codeset if codeset == plain => &[codeset, b""],
        codeset => &[codeset, &plain, b""],
    };
    let mut names = Vec::new();
    let or_none = |part| if part == b"" { vec![part] } else { vec![part, &b""[..]] };
    for modifier in or_none(parts.modifier) {
        for territory in or_none(parts.territory) {
            for codeset in codesets {
                names.push(Parts { territory, codeset, modifier, ..parts }.name());
            }
        }
    }
    names
}

impl<'a> Parts<'a> {
    fn of(name: &'a [u8]) -> Self {
        let split = |text: &'a [u8], mark: u8| {
            let at = text.iter().position(|&byte| byte == mark).unwrap_or(text.len());
            (&text[..at], text.get(at + 1..).unwrap_or_default())
        };
        let (rest, modifier) = split(name, b'@');
        let (rest, codeset) = split(rest, b'.');
        let (language, territory) = split(rest, b'_');
        Self { language, territory, codeset, modifier }
    }

    fn name(self) -> Vec<u8> {
        let mut name = self.language.to_vec();
        for (mark, part) in [(b'_', self.territory), (b'.', self.codeset), (b'@', self.modifier)] {
            if !part.is_empty() {
                name.push(mark);
                name.extend_from_slice(part);
            }
        }
        name
    }
}

/// A character set's name in the one spelling that directories have: letters and digits, in lower case, and `iso` before
/// a mere number.
fn normalized(codeset: &[u8]) -> Vec<u8> {
    let characters = codeset.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let name: Vec<u8> = characters.map(u8::to_ascii_lowercase).collect();
    if !name.is_empty() && name.iter().all(u8::is_ascii_digit) { [b"iso", &name[..]].concat() } else { name }
}

/// What a locale's other name stands for, from the text of the file of such names: a name and a locale on each line.
#[must_use]
pub(crate) fn alias<'a>(name: &[u8], file: &'a [u8]) -> Option<&'a [u8]> {
    file.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")).find_map(|line| {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.next().filter(|known| known.eq_ignore_ascii_case(name))?;
        words.next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages_of(language: &str, messages: &str) -> Vec<String> {
        let variables = Variables { language: language.into(), messages: messages.into() };
        languages(&variables).into_iter().map(|name| String::from_utf8(name).expect("ASCII")).collect()
    }

    fn directories_of(language: &str) -> Vec<String> {
        directories(language.as_bytes())
            .into_iter()
            .map(|name| String::from_utf8(name).expect("ASCII"))
            .collect()
    }

    #[test]
    fn the_list_counts_where_the_locale_of_messages_is_not_the_source_s() {
        assert_eq!(languages_of("", "de_DE.UTF-8"), ["de_DE.UTF-8"]);
        assert_eq!(languages_of("fr::de", "de_DE.UTF-8"), ["fr", "de"]);
        assert_eq!(languages_of("fr:C:de", "de_DE.UTF-8"), ["fr"], "C is English, which ends the search");
        for english in ["", "C", "POSIX", "C.UTF-8", "C.utf8"] {
            assert_eq!(languages_of("de", english), [""; 0], "{english}");
        }
        assert_eq!(languages_of("::", "de_DE.UTF-8"), [""; 0]);
    }

    #[test]
    fn directories_are_asked_in_gettext_s_order() {
        assert_eq!(directories_of("de"), ["de"]);
        assert_eq!(
            directories_of("pt_BR.ISO-8859-1@x"),
            [
                "pt_BR.ISO-8859-1@x",
                "pt_BR.iso88591@x",
                "pt_BR@x",
                "pt.ISO-8859-1@x",
                "pt.iso88591@x",
                "pt@x",
                "pt_BR.ISO-8859-1",
                "pt_BR.iso88591",
                "pt_BR",
                "pt.ISO-8859-1",
                "pt.iso88591",
                "pt",
            ]
        );
        assert_eq!(directories_of("de_DE.utf8"), ["de_DE.utf8", "de_DE", "de.utf8", "de"]);
        assert_eq!(directories_of("x.8859-1"), ["x.8859-1", "x.iso88591", "x"]);
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for name in ["../../tmp/x", "/tmp/x", "..", ".", "de/../../x", "de_DE/x"] {
            assert_eq!(directories_of(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn other_names_are_taken_from_their_file() {
        let file = b"# a comment de_XX\n\ngerman\t\tde_DE.ISO-8859-1\nfrench fr_FR\nlonely\n";
        assert_eq!(alias(b"German", file), Some(&b"de_DE.ISO-8859-1"[..]));
        assert_eq!(alias(b"french", file), Some(&b"fr_FR"[..]));
        for name in [&b"lonely"[..], b"de_DE.ISO-8859-1", b"#", b""] {
            assert_eq!(alias(name, file), None);
        }
    }
}
