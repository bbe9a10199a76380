//! A manual page: the options' heads from the definitions, all else from the hand-written parts in man/sections/.

use std::collections::BTreeMap;
use std::fs;

use clap::Arg;
use roff::{Inline, Roff, bold, italic, roman};
use ucp::internals::EXTENSIONS;

use super::{Program, root};

/// When the pages were last changed in more than details.
const DATE: &str = "2026-11-21";

/// What stands above and below the options. A part that a program has no file of its own for is taken from `shared/`,
/// and left out where that has none either.
const BEFORE: [&str; 3] = ["name", "synopsis", "description"];
const BETWEEN: [&str; 1] = ["backups"];
const AFTER: [&str; 8] =
    ["choosing", "atomic", "environment", "exit-status", "notes", "containers", "examples", "see-also"];

/// The whole page.
pub fn page(program: &Program) -> String {
    let name = program.name;
    let texts = texts(name);
    let options = |heading: Option<&str>| -> String {
        let wanted = |option: &Arg| !option.is_hide_set() && option.get_help_heading() == heading;
        let mut command = (program.command)();
        command.build();
        command
            .get_arguments()
            .filter(|option| !option.is_positional() && wanted(option))
            .map(|option| entry(option, &texts))
            .collect()
    };
    let mut page = Roff::new();
    let version = format!("ucp {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", [&name.to_uppercase(), "1", DATE, &version, "User Commands"]);
    [
        format!(".\\\" Made from man/sections/ and src/cli/ by tests/documents/manual.rs. {LICENCE}\n"),
        page.to_roff(),
        parts(name, &BEFORE),
        texts["OPTIONS"].clone(),
        options(None),
        parts(name, &BETWEEN),
        texts["EXTENSIONS"].clone(),
        options(Some(EXTENSIONS)),
        parts(name, &AFTER),
    ]
    .concat()
}

const LICENCE: &str = "Licensed under MIT or Apache-2.0, as the programs are.";

/// The spelling by which `options.roff` names an option.
pub fn spelling(option: &Arg) -> String {
    match (option.get_long(), option.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => panic!("{} is no option", option.get_id()),
    }
}

/// The texts of `options.roff` by the spelling of the option, with the openings of both parts.
pub fn texts(name: &str) -> BTreeMap<String, String> {
    let file = fs::read_to_string(root().join(format!("man/sections/{name}/options.roff"))).unwrap();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut key = None;
    for line in file.lines() {
        match line.strip_prefix(".\\\" ") {
            Some(named) => {
                let is_key = !named.contains(' ');
                key = is_key.then(|| named.to_owned());
                if let Some(key) = &key {
                    let before = texts.insert(key.clone(), String::new());
                    assert_eq!(before, None, "man/sections/{name}/options.roff has {key} twice");
                }
            }
            None => {
                let key = key.as_ref().unwrap_or_else(|| panic!("{name}: a text of no option: {line}"));
                *texts.get_mut(key).unwrap() += &format!("{line}\n");
            }
        }
    }
    texts
}

/// One option: its head by the definition, and its text.
fn entry(option: &Arg, texts: &BTreeMap<String, String>) -> String {
    let spelling = spelling(option);
    let text = texts.get(&spelling).unwrap_or_else(|| panic!("man/sections/*/options.roff lacks {spelling}"));
    let mut head = Roff::new();
    head.control("TP", []).text(self::head(option));
    head.to_roff() + text
}

/// `-R, -r, --recursive`, `--sparse=WHEN`, `--backup[=CONTROL]`.
fn head(option: &Arg) -> Vec<Inline> {
    let aliases = option.get_visible_short_aliases().unwrap_or_default();
    let letters = option.get_short().into_iter().chain(aliases).map(|letter| format!("-{letter}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    let mut head = Vec::new();
    for name in letters.chain(long) {
        if !head.is_empty() {
            head.push(roman(", "));
        }
        head.push(bold(name));
    }
    let values = option.get_num_args().map_or(0, |range| range.max_values());
    if let (Some([value]), 1..) = (option.get_value_names(), values) {
        let value = italic(value.as_str());
        match option.get_num_args().map(|range| range.min_values()) {
            Some(0) => head.extend([roman("["), bold("="), value, roman("]")]),
            _ if option.get_long().is_some() => head.extend([bold("="), value]),
            _ => head.extend([roman(" "), value]),
        }
    }
    head
}

/// Hand-written parts, one behind the other.
fn parts(name: &str, parts: &[&str]) -> String {
    let sections = root().join("man/sections");
    let read = |part: &&str| {
        let own = fs::read_to_string(sections.join(format!("{name}/{part}.roff")));
        own.or_else(|_| fs::read_to_string(sections.join(format!("shared/{part}.roff")))).unwrap_or_default()
    };
    parts.iter().map(read).collect()
}
