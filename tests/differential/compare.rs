//! What two outcomes differ in, and by which sign differences are grouped.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::case::{Case, Outcome};
use crate::options::{is_recursive, is_told};
use crate::snapshot::{self, Snapshot};

/// How many differences of one tree are shown.
const SHOWN_MAX: usize = 12;

pub struct Difference {
    /// What kinds of things differ, with names left out: the same for the same flaw, mostly.
    pub kind: String,
    /// All of it, to be read.
    pub text: String,
}

/// `None` where both did the same.
pub fn compare(case: &Case, reference: &Outcome, candidate: &Outcome) -> Option<Difference> {
    let (mut kinds, mut text) = (Vec::new(), String::new());
    if reference.status != candidate.status {
        kinds.push(format!("{} for {}", candidate.status, reference.status));
        writeln!(text, "ended: reference {}, candidate {}", reference.status, candidate.status).unwrap();
    }
    let ordered = is_ordered(case);
    for (name, left, right) in
        [("stdout", &reference.stdout, &candidate.stdout), ("stderr", &reference.stderr, &candidate.stderr)]
    {
        let (one, other) = (lines(left, ordered), lines(right, ordered));
        if one != other {
            let sign = first_lines(&one, &other);
            kinds.push(format!("{name} {sign}"));
            write!(text, "{name} of the reference:\n{}", shown(left)).unwrap();
            write!(text, "{name} of the candidate:\n{}", shown(right)).unwrap();
        }
    }
    match (&reference.tree, &candidate.tree) {
        (Some(left), Some(right)) => {
            let tree = snapshot::differences(left, right);
            let mut signs: Vec<String> = tree.iter().map(|found| sign(found, left)).collect();
            signs.sort_unstable();
            signs.dedup();
            // What the program says mostly tells why the trees differ.
            if kinds.is_empty() && !signs.is_empty() {
                let said = lines(&reference.stderr, true);
                signs.extend(said.first().map(|line| format!("tree: after <{}>", without_names(line))));
                kinds.extend(signs);
            }
            for [path, what, left, right] in tree.iter().take(SHOWN_MAX) {
                writeln!(text, "{path}: {what}: reference {left}, candidate {right}").unwrap();
            }
        }
        (None, None) => {}
        _ => kinds.push("tree without end".to_owned()),
    }
    (!kinds.is_empty()).then(|| Difference { kind: kinds.join("; "), text })
}

/// What of a tree differs, with names left out.
fn sign([path, what, reference, candidate]: &[String; 4], tree: &Snapshot) -> String {
    if what != "atime" {
        return format!("tree: {what}");
    }
    let kind = tree.get(path).and_then(|entry| entry.get("type")).map_or("", String::as_str);
    let how = match (reference.as_str(), candidate.as_str()) {
        ("now", _) => "GNU alone reads",
        (_, "now") => "only the candidate reads",
        _ => "differs",
    };
    format!("tree: atime, {how} {kind}")
}

/// Each thing that can be seen, by what it is; lines by how often they come.
pub fn facts(case: &Case, outcome: &Outcome) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([("status".to_owned(), outcome.status.clone())]);
    for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        let ordered = is_ordered(case);
        let lines = lines(text, ordered);
        if ordered {
            facts.insert(name.to_owned(), lines.join("\n"));
            continue;
        }
        for line in &lines {
            let count = lines.iter().filter(|other| *other == line).count();
            facts.insert(format!("{name}: {line}"), count.to_string());
        }
    }
    for (path, entry) in outcome.tree.iter().flatten() {
        facts.extend(entry.iter().map(|(what, value)| (format!("{path}: {what}"), value.clone())));
    }
    facts
}

/// The things that are not alike.
pub fn unlike(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let both = one.keys().chain(other.keys());
    both.filter(|item| one.get(*item) != other.get(*item)).cloned().collect()
}

/// Only where it is told does one worker do everything, and what a listing brings has no order for anybody.
fn is_ordered(case: &Case) -> bool {
    is_told(&case.options) && !is_recursive(&case.options)
}

/// Lines and questions, which end without a newline; sorted where their order says nothing.
fn lines(text: &[u8], ordered: bool) -> Vec<String> {
    let text = text.escape_ascii().to_string();
    let mut lines: Vec<String> = text
        .replace("? ", "? \\n")
        .split("\\n")
        // The engine is told in a line of our own.
        .filter(|line| !line.is_empty() && !line.starts_with("engine: "))
        .map(without_offload)
        .collect();
    if !ordered {
        lines.sort_unstable();
    }
    lines
}

/// How the kernel was asked to copy is ours to choose; `--debug` tells it.
fn without_offload(line: &str) -> String {
    let rest = line.strip_prefix("copy offload: ").and_then(|rest| rest.split_once(", "));
    rest.map_or_else(|| line.to_owned(), |(_, rest)| format!("copy offload: ..., {rest}"))
}

/// The first line that only one side has, of either side, with what stands in quotes left out.
fn first_lines(one: &[String], other: &[String]) -> String {
    let lacking = |from: &[String], of: &[String]| {
        let found = from.iter().find(|line| !of.contains(line));
        found.map_or_else(|| "nothing".to_owned(), |line| without_names(line))
    };
    format!("<{}> for <{}>", lacking(other, one), lacking(one, other))
}

fn without_names(line: &str) -> String {
    // The one message with a name that is not quoted.
    const UNQUOTED: &str = ": can make relative symbolic links only in current directory";
    if line.ends_with(UNQUOTED) {
        return UNQUOTED.to_owned();
    }
    let mut result = String::new();
    let mut quoted = false;
    for letter in line.replace("\\'", "'").replace("\\\"", "'").chars() {
        if letter == '\'' {
            quoted = !quoted;
        } else if !quoted {
            result.push(letter);
        }
    }
    result.chars().take(120).collect()
}

fn shown(text: &[u8]) -> String {
    let text = text.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"");
    let mut shown = String::new();
    for line in text.split("\\n").filter(|line| !line.is_empty()).take(SHOWN_MAX) {
        writeln!(shown, "    {}", line.chars().take(300).collect::<String>()).unwrap();
    }
    if shown.is_empty() { "    (nothing)\n".to_owned() } else { shown }
}
