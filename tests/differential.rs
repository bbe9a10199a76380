//! `ucp` against GNU cp itself: thousands of drawn trees and command lines, and everything that can be seen afterwards.
//!
//! Runs where `UCP_REFERENCE_DIR` names the directory of GNU's cp; CONTRIBUTING.md lists the other variables.

// What cannot be set up is to fail at once and to say why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "differential/attributes.rs"]
mod attributes;
#[path = "differential/case.rs"]
mod case;
#[path = "differential/compare.rs"]
mod compare;
#[path = "differential/counterparts.rs"]
mod counterparts;
#[path = "differential/documented.rs"]
mod documented;
#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/installed.rs"]
mod installed;
#[path = "differential/languages.rs"]
mod languages;
#[path = "differential/locales.rs"]
mod locales;
#[path = "differential/making.rs"]
mod making;
#[path = "differential/minimise.rs"]
mod minimise;
#[path = "differential/node.rs"]
mod node;
#[path = "differential/operands.rs"]
mod operands;
#[path = "differential/options.rs"]
mod options;
#[path = "differential/random.rs"]
mod random;
#[path = "differential/script.rs"]
mod script;
#[path = "differential/session.rs"]
mod session;
#[path = "common/skipping.rs"]
mod skipping;
#[path = "differential/snapshot.rs"]
mod snapshot;
#[path = "differential/summary.rs"]
mod summary;
#[path = "differential/trees.rs"]
mod trees;

use std::io::Write;

use session::Session;
use skipping::skip;

/// Writes past the test harness, which holds back what passing tests print.
fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().lock().write_all(line.as_bytes()).unwrap();
}

#[test]
fn ucp_does_what_the_reference_does() {
    let Some(session) = Session::from_environment() else { return };
    let candidates = session.candidates();
    let summary = session.compare_all(&candidates, session.cases);
    summary.print(&session);
    assert!(summary.differences.is_empty(), "ucp differs from the reference");
}

#[test]
fn the_reference_does_what_the_reference_does() {
    let Some(session) = Session::from_environment() else { return };
    let twin = case::Program { label: "reference", ..session.reference.clone() };
    let summary = session.compare_all(&[twin], session.cases.div_ceil(5));
    if !summary.differences.is_empty() {
        summary.print(&session);
    }
    assert!(summary.differences.is_empty(), "what is compared does not depend on the program alone");
}

#[test]
fn the_same_numbers_give_the_same_case() {
    let allowed = options::Allowed::from_environment();
    for index in 0..300 {
        let cases = [(); 2].map(|()| generate::generate(1, index, &allowed, true));
        assert_eq!(script::script(&cases[0]), script::script(&cases[1]));
        for (number, node) in cases[0].nodes.iter().enumerate() {
            let earlier = &cases[0].nodes[..number];
            assert!(!earlier.iter().any(|other| other.path == node.path || other.needs(&node.path)));
        }
    }
}

#[test]
fn every_language_is_spoken_as_the_reference_speaks_it() {
    let Some(session) = Session::from_environment() else { return };
    let languages = languages::languages();
    if languages.is_empty() {
        return skip("no catalogue of GNU's programs is installed");
    }
    let candidate = &session.candidates()[0];
    for locale in locales::spoken().iter().filter(|locale| **locale != "C") {
        // All of them in one locale; that of any other is enough there.
        let its_own = [String::new()];
        let languages = if *locale == "de_DE.UTF-8" { &languages[..] } else { &its_own };
        let programs = [&session.reference, candidate];
        let differences = languages::differences(programs, locale, languages, session.base());
        assert!(differences.is_empty(), "{differences}");
    }
}
