//! Every language that has a catalogue here: what both programs say to command lines that make them say something.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::case::{Program, remove};

/// Where catalogues are.
const CATALOGUES: &str = "/usr/share/locale";

/// Command lines, by their words, for the files that [`make`] makes.
const COMMANDS: [&str; 46] = [
    "--foo",
    "-y",
    "--no",
    "--sparse",
    "-S",
    "--archive=x",
    "",
    "a",
    "-T a b c",
    "-t d -T a",
    "-t d -t e a",
    "--parents -T a b",
    "--parents a b",
    "--sparse=x a b",
    "--reflink=a a b",
    "--backup=n a b",
    "-s -l a b",
    "-bn a b",
    "--reflink=always --sparse=always a b",
    "--preserve=context a b",
    "--context=x a new",
    "x y",
    "d f",
    "a a",
    "a dangling",
    "a b d/a/x",
    "a b nowhere",
    "a nowhere/",
    "-t nowhere a",
    "-t a b",
    "-r d d",
    "loop x",
    "-r d/a e",
    "-rT a d",
    "a a d",
    "-r d d e",
    "d/a a e",
    "-vb a b",
    "-v --remove-destination a b",
    "--debug -n a b",
    "--update=none-fail a b",
    "-l a b",
    "-s ../a d/q",
    "-i a b",
    "-if a b",
    "-fb a b/c",
];

fn make(dir: &Path) {
    if dir.exists() {
        remove(dir);
    }
    for name in ["d", "e/a"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    for name in ["a", "b", "d/a"] {
        fs::write(dir.join(name), name).unwrap();
    }
    std::os::unix::fs::symlink("nothing", dir.join("dangling")).unwrap();
    std::os::unix::fs::symlink("loop", dir.join("loop")).unwrap();
}

/// All that a program says to these words.
fn said(program: &Program, words: &str, locale: &str, language: &str, dir: &Path) -> String {
    make(dir);
    let mut command = Command::new(&program.path);
    command.env_clear().env("LC_ALL", locale).env("LANGUAGE", language);
    command.args(words.split_whitespace()).current_dir(dir).stdin(Stdio::null());
    std::os::unix::process::CommandExt::arg0(&mut command, "cp");
    let output = command.output().unwrap();
    format!("{}{}{}", output.status, output.stdout.escape_ascii(), output.stderr.escape_ascii())
}

/// The languages that have a catalogue of GNU's programs here.
pub fn languages() -> Vec<String> {
    let places = fs::read_dir(CATALOGUES).into_iter().flatten().filter_map(Result::ok);
    let has = |name: &String| Path::new(CATALOGUES).join(name).join("LC_MESSAGES/coreutils.mo").exists();
    let mut languages: Vec<String> =
        places.filter_map(|place| place.file_name().into_string().ok()).filter(has).collect();
    languages.sort();
    languages
}

/// What differs in these languages where `locale` is set.
pub fn differences(programs: [&Program; 2], locale: &str, languages: &[String], base: &Path) -> String {
    let mut differences = String::new();
    let dir = base.join("language");
    for language in languages {
        for words in COMMANDS {
            let [wanted, ours] = programs.map(|program| said(program, words, locale, language, &dir));
            if wanted != ours {
                writeln!(differences, "LC_ALL={locale} LANGUAGE={language} cp {words}").unwrap();
                writeln!(differences, "  reference: {wanted}\n  candidate: {ours}").unwrap();
            }
        }
    }
    differences
}
