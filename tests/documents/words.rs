//! Which words an option's argument may be, for the completions; checked against what the programs take.

use clap::{Arg, ValueHint};
use std::collections::BTreeSet;
use ucp::internals;

use super::PROGRAMS;

/// Options that take a word of a list, by their long names.
const WORDS: &[(&str, &[&str])] = &[
    ("backup", &["none", "off", "numbered", "t", "existing", "nil", "simple", "never"]),
    ("engine", &["auto", "uring", "sync"]),
    ("no-preserve", ATTRIBUTES),
    ("placement", &["auto", "fused", "split"]),
    ("preserve", ATTRIBUTES),
    ("progress", &["auto", "always", "never"]),
    ("reflink", &["auto", "always", "never"]),
    ("sparse", &["auto", "always", "never"]),
    ("stats", &["text", "json"]),
    ("update", &["all", "none", "none-fail", "older"]),
    ("way", &["auto", "splice", "sendfile", "copy-range", "extents", "overlap", "ahead", "plain"]),
];

const ATTRIBUTES: &[&str] = &["mode", "ownership", "timestamps", "links", "context", "xattr", "all"];

/// What an argument is by the name that the help text gives it, where it is no word of a list.
const VALUES: &[(&str, ValueHint)] = &[
    ("DIRECTORY", ValueHint::DirPath),
    ("FILE", ValueHint::FilePath),
    ("CTX", ValueHint::Other),
    ("GLOB", ValueHint::Other),
    ("MS", ValueHint::Other),
    ("N", ValueHint::Other),
    ("SIZE", ValueHint::Other),
    ("SUFFIX", ValueHint::Other),
];

/// The words that an option takes, if it takes words.
pub fn words(option: &Arg) -> Option<&'static [&'static str]> {
    WORDS.iter().find(|(name, _)| option.get_long() == Some(name)).map(|(_, words)| *words)
}

/// Whether an option takes several words of its list, with commas between.
pub fn is_list(option: &Arg) -> bool {
    words(option) == Some(ATTRIBUTES)
}

/// What else an option takes.
pub fn hint(option: &Arg) -> ValueHint {
    let [value] = option.get_value_names().unwrap_or_default() else {
        panic!("--{} has a value without a name", option.get_id())
    };
    let known = VALUES.iter().find(|(name, _)| value.as_str() == *name).map(|(_, hint)| *hint);
    known.unwrap_or_else(|| {
        panic!("tests/documents/words.rs does not know what {value} of --{} may be", option.get_id())
    })
}

/// What a program says to `option=word`: nothing, or its refusal.
fn refusal(program: &str, option: &str, word: &str) -> Option<String> {
    let arguments = vec![format!("--{option}={word}").into(), "a".into(), "b".into()];
    internals::refusal(program == "ucp", arguments).map(|message| String::from_utf8(message).unwrap())
}

#[test]
fn completed_words_are_those_that_the_programs_take() {
    let mut checked = 0;
    for program in PROGRAMS {
        let command = (program.command)();
        for (option, words) in
            command.get_opts().filter_map(|option| Some((option.get_long()?, words(option)?)))
        {
            for word in words.iter().filter(|word| **word != "context") {
                assert_eq!(refusal(program.name, option, word), None, "{} --{option}={word}", program.name);
            }
            let message = refusal(program.name, option, "no such word").unwrap();
            let lists = ["\nValid arguments are:\n", ": it takes "];
            let list = lists.iter().find_map(|before| message.split_once(before)).unwrap().1;
            let listed = list.split(|c: char| !c.is_ascii_lowercase() && c != '-');
            let listed: BTreeSet<&str> = listed.filter(|word| !["", "-", "or"].contains(word)).collect();
            assert_eq!(listed, words.iter().copied().collect(), "{} --{option}", program.name);
            checked += 1;
        }
    }
    assert!(checked >= 13, "only {checked} options were found");
}
