//! What a run over many cases found, grouped, with a small reproduction of each group.

use std::collections::BTreeMap;

use crate::case::{Case, Program};
use crate::compare::Difference;
use crate::minimise::minimised;
use crate::script::{in_short, script};
use crate::session::Session;

/// How many groups are minimised and printed with their script, where `UCP_GROUPS` does not say.
const GROUPS: usize = 30;

#[derive(Default)]
pub struct Summary {
    pub cases: u64,
    /// Cases where the reference waits for ever or copies into itself.
    pub without_end: u64,
    /// Cases in which `ucp` does what the reference does in another order of listings.
    pub ambiguous: Vec<u64>,
    /// Cases in which `ucp` is stricter, or goes on, as docs/differences.md says.
    pub documented: Vec<u64>,
    pub differences: Vec<Found>,
}

pub struct Found {
    pub case: Case,
    pub candidate: Program,
    pub difference: Difference,
}

impl Summary {
    pub fn print(&self, session: &Session) {
        let groups = self.groups();
        let shown = std::env::var("UCP_GROUPS").map_or(GROUPS, |text| text.parse().unwrap());
        for (kind, found) in groups.iter().take(shown) {
            print_group(session, kind, found);
        }
        eprintln!(
            "differential: {}: {} cases: {} without end, {} depend on the order of listings, {} \
             are documented, {} differences in {} groups",
            session.described(),
            self.cases,
            self.without_end,
            self.ambiguous.len(),
            self.documented.len(),
            self.differences.len(),
            groups.len()
        );
        if !self.ambiguous.is_empty() {
            let numbers: Vec<String> = self.ambiguous.iter().take(50).map(u64::to_string).collect();
            eprintln!("of the order of listings: UCP_CASE={}", numbers.join(" "));
        }
        if !self.documented.is_empty() {
            let numbers: Vec<String> = self.documented.iter().take(50).map(u64::to_string).collect();
            eprintln!("in docs/differences.md: UCP_CASE={}", numbers.join(" "));
        }
        for (kind, found) in &groups {
            eprintln!("{:6}  {kind}", found.len());
        }
        let mut options = BTreeMap::<String, usize>::new();
        for words in self.differences.iter().flat_map(|found| &found.case.options) {
            let word = words[0].split(|byte| *byte == b'=').next().unwrap_or_default();
            *options.entry(word.escape_ascii().to_string()).or_default() += 1;
        }
        let options: Vec<String> = options.iter().map(|(word, count)| format!("{word} {count}")).collect();
        eprintln!("differences by option: {}", options.join(", "));
    }

    /// By kind, the largest first.
    fn groups(&self) -> Vec<(&str, Vec<&Found>)> {
        let mut groups = BTreeMap::<&str, Vec<&Found>>::new();
        for found in &self.differences {
            groups.entry(&found.difference.kind).or_default().push(found);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, found)| usize::MAX - found.len());
        groups
    }
}

fn print_group(session: &Session, kind: &str, found: &[&Found]) {
    let first = found.iter().min_by_key(|found| found.case.nodes.len() + found.case.options.len());
    let Some(first) = first else { return };
    let mut same = |case: &Case| {
        session.difference(case, &first.candidate).is_some_and(|difference| difference.kind == kind)
    };
    let case = minimised(&first.case, &mut same);
    let numbers: Vec<String> = found.iter().take(8).map(|found| found.case.index.to_string()).collect();
    let engines = ["sync", "uring"].map(|engine| {
        let count = found.iter().filter(|found| found.candidate.label == engine).count();
        format!("{count} under {engine}")
    });
    eprintln!("=== {kind}\n{}; UCP_CASE={} ...", engines.join(", "), numbers.join(" "));
    match session.difference(&case, &first.candidate) {
        Some(difference) => eprint!("{}", difference.text),
        None => eprint!("(not always) {}", first.difference.text),
    }
    eprintln!("--- in short: {}\n--- script\n{}", in_short(&case), script(&case));
}
