//! The documents that are made from the command lines' definitions: manual pages and completions. Those that are
//! checked in are what the generators make; a test that finds a difference says how to write them anew.
//!
//! The generators are tests because only tests may use the crates they need: the programs carry none of this.

mod completions;
mod manual;
mod words;

use std::path::Path;
use std::{env, fs};

/// Writes the checked-in documents instead of comparing them.
const REGENERATE: &str = "UCP_REGENERATE";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a program's documents are made from.
struct Program {
    name: &'static str,
    command: fn() -> clap::Command,
}

const PROGRAMS: [Program; 2] = [
    Program { name: "ucp", command: ucp::internals::cp_command },
    Program { name: "ucat", command: ucp::internals::cat_command },
];

/// Compares a checked-in document with what it should be, or writes it.
fn golden(name: &str, expected: &str) {
    let path = root().join(name);
    if env::var_os(REGENERATE).is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs =
        (1..).zip(found.lines().zip(expected.lines())).find(|(_, (found, expected))| found != expected);
    let place = match differs {
        Some((line, (found, expected))) => format!("line {line} is:  {found}\nand should be: {expected}"),
        None => "one has more lines than the other".to_owned(),
    };
    assert!(
        found == expected,
        "{name} is not what it is made from:\n{place}\nWrite it anew, and look at what has changed:\n    \
         {REGENERATE}=1 cargo test --test integration documents"
    );
}

#[test]
fn manual_pages_are_as_generated() {
    for program in PROGRAMS {
        golden(&format!("man/{}.1", program.name), &manual::page(&program));
    }
}

#[test]
fn completions_are_as_generated() {
    for program in PROGRAMS {
        for (place, text) in completions::all(&program) {
            golden(&place, &text);
        }
    }
}

#[test]
fn no_text_of_the_manual_is_about_an_option_that_is_gone() {
    for program in PROGRAMS {
        let command = (program.command)();
        let mut texts = manual::texts(program.name);
        for named in ["OPTIONS", "EXTENSIONS"] {
            assert!(
                texts.remove(named).is_some(),
                "man/sections/{}/options.roff opens no {named}",
                program.name
            );
        }
        for option in command.get_arguments().filter(|option| !option.is_positional()) {
            texts.remove(&manual::spelling(option));
        }
        assert!(texts.is_empty(), "{}: {texts:?}", program.name);
    }
}
