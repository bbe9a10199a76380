//! The locales that cases are drawn in: character sets, languages, and what is typed for yes in them.

use std::sync::OnceLock;

use crate::installed::installed;
use crate::random::Random;
use crate::skipping::skip;

/// Beside C.UTF-8, which every case has that draws none.
const LOCALES: [&str; 4] = ["C", "de_DE.UTF-8", "fr_FR", "ja_JP.UTF-8"];

/// Languages before that of the locale, mostly with a catalogue.
const LANGUAGES: [&str; 6] = ["fr", "de:fr", "xx:ja", "sv", "C:de", "../de"];

/// Answers of these locales in their character sets, and others.
pub const ANSWERS: [&[u8]; 12] = [
    b"j\n",
    b"ja\n",
    b"nein\n",
    b"o\n",
    b"Oui\n",
    b"non\n",
    "はい\n".as_bytes(),
    "いいえ\n".as_bytes(),
    b"1\n",
    b"+\n",
    b"\xf4\n",
    b"y\xff\n",
];

/// Draws the variables that choose a language.
pub fn draw(random: &mut Random, mut put: impl FnMut(&str, &str)) {
    // All is drawn whatever there is, so that the same numbers give the same case.
    let (locale, language) = (*random.pick(&LOCALES), *random.pick(&LANGUAGES));
    let (speaks, prefers) = (random.chance(35), random.chance(20));
    if speaks && spoken().contains(&locale) {
        put("LC_ALL", locale);
        if prefers {
            put("LANGUAGE", language);
        }
    }
}

/// The locales of these that there are; what is missing is said once.
pub fn spoken() -> &'static [&'static str] {
    static SPOKEN: OnceLock<Vec<&'static str>> = OnceLock::new();
    SPOKEN.get_or_init(|| {
        let (installed, missing) = installed(&LOCALES);
        if !missing.is_empty() {
            skip(&format!("{missing:?} are not installed (localedef makes them), and not compared"));
        }
        installed
    })
}
