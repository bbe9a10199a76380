//! Locales and catalogues that a test makes for itself: no text of anybody's catalogues is needed.

use std::ffi::CStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::sandbox::Sandbox;
use super::{is_root, skip};

/// Where GNU's programs and ours look for catalogues.
pub const CATALOGUES: &CStr = c"/usr/share/locale";

/// The locales: a name, and what localedef(1) makes it of.
const LOCALES: [(&str, &str, &str); 4] = [
    ("de_DE.UTF-8", "de_DE", "UTF-8"),
    ("de_DE", "de_DE", "ISO-8859-1"),
    ("fr_FR", "fr_FR", "ISO-8859-1"),
    ("ja_JP.UTF-8", "ja_JP", "UTF-8"),
];

/// Messages and their translations.
pub type Messages<'a> = &'a [(&'a str, &'a str)];

/// The locales, and the catalogues of one test.
pub struct Languages<'sandbox> {
    sandbox: &'sandbox Sandbox,
    locales: PathBuf,
}

impl<'sandbox> Languages<'sandbox> {
    /// Without catalogues so far. `None`, and it is said, where they cannot be had.
    pub fn new(sandbox: &'sandbox Sandbox) -> Option<Self> {
        if !is_root() || !Path::new(CATALOGUES.to_str().unwrap()).is_dir() {
            skip("catalogues are put in the place of the system's: that takes root, and the system's");
            return None;
        }
        let locales = locales()?.to_owned();
        fs::create_dir_all(sandbox.beside("catalogues")).unwrap();
        Some(Self { sandbox, locales })
    }

    pub fn locales(&self) -> &Path {
        &self.locales
    }

    pub fn catalogues(&self) -> PathBuf {
        self.sandbox.beside("catalogues")
    }

    /// Locales that only this test reads.
    pub fn with_own_locales(self) -> Self {
        let own = self.sandbox.beside("locales");
        let copied = Command::new("cp").arg("-r").arg(&self.locales).arg(&own).status().unwrap();
        assert!(copied.success());
        Self { locales: own, ..self }
    }

    /// Adds a catalogue of these messages.
    pub fn catalogue(&self, language: &str, domain: &str, messages: Messages<'_>) -> PathBuf {
        self.file(language, domain, &catalogue("UTF-8", messages))
    }

    /// Adds a file that may be a catalogue.
    pub fn file(&self, language: &str, domain: &str, content: &[u8]) -> PathBuf {
        let dir = self.catalogues().join(language).join("LC_MESSAGES");
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join(format!("{domain}.mo"));
        fs::write(&file, content).unwrap();
        file
    }
}

/// A catalogue's file, as msgfmt(1) would make it without a hash table.
pub fn catalogue(charset: &str, messages: Messages<'_>) -> Vec<u8> {
    let header =
        format!("Content-Type: text/plain; charset={charset}\nPlural-Forms: nplurals=1; plural=0;\n");
    let mut entries: Vec<(&str, &str)> = messages.to_vec();
    entries.push(("", &header));
    entries.sort_unstable();
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let (count, head) = (entries.len(), 28);
    let mut file = 0x9504_12de_u32.to_le_bytes().to_vec();
    file.extend([0, count, head, head + 8 * count, 0, head + 16 * count].map(number).concat());
    let mut strings = Vec::new();
    for text in entries.iter().map(|entry| entry.0).chain(entries.iter().map(|entry| entry.1)) {
        file.extend([text.len(), head + 16 * count + strings.len()].map(number).concat());
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
    }
    file.extend(strings);
    file
}

/// A directory of locales, made once for all tests of a build.
fn locales() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("locales");
        fs::create_dir_all(&dir).unwrap();
        LOCALES.iter().all(|(name, source, charset)| make(&dir, name, source, charset)).then_some(dir)
    });
    if made.is_none() {
        skip("localedef makes no locales here (package locales)");
    }
    made.as_deref()
}

/// Makes a locale beside its place first: another run of the tests may be at it.
fn make(dir: &Path, name: &str, source: &str, charset: &str) -> bool {
    let (place, draft) = (dir.join(name), dir.join(format!("{name}.{}", std::process::id())));
    if place.exists() {
        return true;
    }
    let mut localedef = Command::new("localedef");
    localedef.args(["--no-archive", "-i", source, "-f", charset]).arg(&draft).stdout(Stdio::null());
    let made = localedef.stderr(Stdio::null()).status().is_ok() && draft.is_dir();
    made && (fs::rename(&draft, &place).is_ok() || place.exists())
}
