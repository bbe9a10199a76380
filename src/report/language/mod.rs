//! The user's language: which words a message has, in which character set, and which answers mean yes.
//!
//! GNU cp and cat have their messages from catalogues below /usr/share/locale, which they brought along; so have these
//! programs. Nothing is read before the first message that has a translation is to be told, so that a run that says
//! nothing pays nothing. [`names`] says which catalogues are asked, [`catalogue`] reads one, [`mod@format`] puts arguments
//! into a translation or refuses it, [`answer`] understands answers. What cannot be had or used is English.

pub(crate) mod answer;
pub(crate) mod catalogue;
pub(crate) mod format;
pub(crate) mod names;
pub(crate) mod words;

use super::charset::Charset;
use super::quote;
use crate::process;
use catalogue::{Catalogue, FILE_BYTES_MAX};
use names::Variables;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
pub(crate) use words::{Domain, Words};

/// Where GNU's programs and the C library have their catalogues.
const DIRECTORY: &str = "/usr/share/locale";

/// Bytes of memory that a run under a limit keeps beside a catalogue.
const SPARE_BYTES: u64 = 4 << 20;

/// Bytes that are read of the file of locales' other names.
const ALIAS_BYTES_MAX: usize = 64 << 10;

/// The language of all that is said. It finds out what the user's is when that is first asked.
#[derive(Debug, Default)]
pub(crate) struct Language {
    locale: OnceLock<Locale>,
    shelves: OnceLock<Vec<Shelf>>,
    /// What stands for characters that the character set lacks.
    approximations: OnceLock<Vec<(char, Vec<String>)>>,
}

/// What there is to know about a locale.
#[derive(Debug)]
struct Locale {
    charset: Charset,
    /// That of translations; names are in the locale's.
    translations: Charset,
    yes_expression: Vec<u8>,
    /// The user's variables; none where messages are to be in English.
    variables: Option<Variables>,
}

/// The catalogues of one directory, each read when it is first asked.
#[derive(Debug)]
struct Shelf {
    directory: PathBuf,
    catalogues: [OnceLock<Option<Catalogue>>; 3],
}

impl Language {
    /// English in this character set, whatever the user's language is.
    #[must_use]
    pub(crate) fn english(charset: Charset) -> Self {
        let locale =
            Locale { charset, translations: charset, yes_expression: b"^[yY]".to_vec(), variables: None };
        Self { locale: locale.into(), shelves: Vec::new().into(), approximations: Vec::new().into() }
    }

    fn locale(&self) -> &Locale {
        self.locale.get_or_init(Locale::of_process)
    }

    /// The character set that names are quoted for.
    #[must_use]
    pub(crate) fn charset(&self) -> Charset {
        self.locale().charset
    }

    /// Whether an answer means yes.
    #[must_use]
    pub(crate) fn is_yes(&self, answer: &[u8]) -> bool {
        answer::is_yes(answer, &self.locale().yes_expression, self.charset())
    }

    /// A message with its arguments, which are shown in the locale's character set already.
    #[must_use]
    pub(crate) fn message(&self, words: Words, arguments: &[&[u8]]) -> Vec<u8> {
        let translation = self.translation(words);
        let translated = translation.as_ref().and_then(|text| format::translated(words.english, text));
        match translated.or_else(|| format::pieces(words.english)) {
            Some(pieces) => format::filled(&pieces, arguments, |text| self.encoded(text)),
            None => words.english.as_bytes().to_vec(),
        }
    }

    /// Words without arguments.
    #[must_use]
    pub(crate) fn text(&self, words: Words) -> Vec<u8> {
        self.message(words, &[])
    }

    /// The system's reason, in the language of these words.
    #[must_use]
    pub(crate) fn reason(&self, errno: Errno, words: Words) -> Vec<u8> {
        let english = super::message::describe(errno);
        let text = words.domain.and_then(|_| self.look_up(Domain::Libc, &english));
        self.encoded(&text.unwrap_or(english))
    }

    /// An option's name or argument in the language's quotation marks.
    #[must_use]
    pub(crate) fn option_argument(&self, text: &[u8]) -> Vec<u8> {
        let charset = self.charset();
        let [open, close] = charset.quotation_marks();
        let mark = |name: &str, otherwise: &str| match self.look_up(Domain::Gnulib, name) {
            Some(mark) => self.encoded(&mark),
            None => otherwise.as_bytes().to_vec(),
        };
        quote::option_argument(text, [&mark("`", open), &mark("'", close)], charset)
    }

    /// A translation in the character set that it is wanted in.
    fn encoded(&self, text: &str) -> Vec<u8> {
        self.locale().translations.encode(text, |character| {
            let known = self.approximations.get_or_init(process::approximations);
            let found = known.binary_search_by_key(&character, |(known, _)| *known);
            found.map_or(&[], |place| &known[place].1[..])
        })
    }

    fn translation(&self, words: Words) -> Option<String> {
        self.look_up(words.domain?, words.english)
    }

    /// The translation of a text as it is in the first catalogue that has it.
    fn look_up(&self, domain: Domain, english: &str) -> Option<String> {
        let variables = self.locale().variables.as_ref()?;
        let shelves = self.shelves.get_or_init(|| shelves(variables));
        shelves.iter().find_map(|shelf| shelf.catalogue(domain)?.translation(english))
    }
}

impl Locale {
    fn of_process() -> Self {
        let english = |charset, yes_expression| Self {
            charset,
            translations: charset,
            yes_expression,
            variables: None,
        };
        let Some(locale) = process::locale() else { return english(Charset::Ascii, b"^[yY]".to_vec()) };
        let charset = Charset::of(&locale.codeset, locale.printable);
        let variable = |name| std::env::var_os(name).unwrap_or_default().into_vec();
        let messages = ["LC_ALL", "LC_MESSAGES", "LANG"].map(variable);
        let messages = messages.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let translations = match variable("OUTPUT_CHARSET") {
            name if name.is_empty() => charset,
            name => Charset::of(&name, locale.printable),
        };
        let english = english(charset, locale.yes_expression);
        // Texts that could only be shown as question marks are better in English.
        let variables = Variables { language: variable("LANGUAGE"), messages };
        Self { translations, variables: translations.is_known().then_some(variables), ..english }
    }
}

/// The places that may have catalogues for the user, in the order in which they are asked.
fn shelves(variables: &Variables) -> Vec<Shelf> {
    let languages = names::languages(variables);
    if languages.is_empty() {
        return Vec::new();
    }
    let aliases = read(&Path::new(DIRECTORY).join("locale.alias"), ALIAS_BYTES_MAX).unwrap_or_default();
    let languages = languages.iter().map(|name| names::alias(name, &aliases).unwrap_or(name));
    let directories = languages.flat_map(names::directories);
    directories.map(|name| Shelf::at(Path::new(DIRECTORY).join(OsStr::from_bytes(&name)))).collect()
}

impl Shelf {
    fn at(directory: PathBuf) -> Self {
        Self { directory, catalogues: [const { OnceLock::new() }; 3] }
    }

    fn catalogue(&self, domain: Domain) -> Option<&Catalogue> {
        let read = || {
            let path = self.directory.join("LC_MESSAGES").join(domain.file());
            Catalogue::read(read(&path, FILE_BYTES_MAX)?)
        };
        self.catalogues[domain.place()].get_or_init(read).as_ref()
    }
}

impl Domain {
    /// Which of a shelf's catalogues it is.
    const fn place(self) -> usize {
        match self {
            Self::Coreutils => 0,
            Self::Gnulib => 1,
            Self::Libc => 2,
        }
    }
}

/// A small regular file, in one go. A larger one, and what cannot be read, is none: there is English to fall back on.
fn read(path: &Path, bytes_max: usize) -> Option<Vec<u8>> {
    // The open does not wait for a writer of a FIFO of that name.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let stat = rustix::fs::fstat(&file).ok()?;
    let bytes = usize::try_from(stat.st_size).ok().filter(|bytes| *bytes <= bytes_max)?;
    // A message is not worth the end of the run: where there is no memory, what asks for it is told so.
    let scarce = process::memory_left().is_some_and(|left| left < stat.st_size.unsigned_abs() + SPARE_BYTES);
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || scarce {
        return None;
    }
    let mut content = Vec::with_capacity(bytes);
    let limit = u64::try_from(bytes).ok()?;
    File::from(file).take(limit).read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests;
