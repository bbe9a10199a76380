//! Differences that docs/differences.md has. They are told by what either program says in English, counted apart, and never
//! lost bytes: `ucp` refuses, or it goes on where GNU cp gives up.

use crate::case::{Case, Outcome};
use std::path::Path;

/// What `ucp` alone refuses with.
const REFUSALS: [&str; 2] = [
    // Through a link that another operand's tree has just brought.
    " through just-created symlink ",
    // What the first copy of a source has become is another file.
    ": Stale file handle",
];

/// What GNU cp alone says of a directory that its own new permissions have closed, where the path leads through it, as `.` does:
/// it goes by the path, `ucp` by a descriptor.
const CLOSED: [&str; 2] = ["preserving permissions for ", ": Permission denied"];

/// What GNU cp alone says where the run has taken a link from a copy's own way, and the path leads there no more.
const GONE: [&str; 2] = [": Not a directory", ": No such file or directory"];

/// The case in English, where it has another language.
pub fn in_english(case: &Case) -> Case {
    let mut case = case.clone();
    case.variables.retain(|(name, _)| name != "LC_ALL" && name != "LANGUAGE");
    case
}

/// Whether one of these tells the outcomes apart, both in English.
pub fn is_documented(reference: &Outcome, candidate: &Outcome) -> bool {
    let alone = |one: &Outcome, other: &Outcome, is_it: &dyn Fn(&str) -> bool| {
        let text = |outcome: &Outcome| String::from_utf8_lossy(&outcome.stderr).into_owned();
        let (said, others) = (text(one), text(other));
        said.lines().any(|line| is_it(line) && !others.lines().any(|other| other == line))
    };
    alone(candidate, reference, &|line| REFUSALS.iter().any(|refusal| line.contains(refusal)))
        || alone(reference, candidate, &|line| {
            let path = line.split_once(CLOSED[0]).and_then(|(_, rest)| rest.strip_suffix(CLOSED[1]));
            path.is_some_and(|path| {
                let path = path.trim_matches(['\'', '\u{2018}', '\u{2019}']);
                leads_through_itself(path)
            })
        })
        || (is_further(reference, candidate)
            && alone(reference, candidate, &|line| {
                GONE.iter().any(|reason| line.ends_with(reason))
                    && [": cannot create ", ": preserving "].iter().any(|what| line.contains(what))
                    // An empty name leads nowhere for both.
                    && line.contains('/')
            }))
}

/// Whether a path ends in `.`, or comes back to what it names: `d/..`, `d/../d`.
fn leads_through_itself(path: &str) -> bool {
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    match [parts.next(), parts.next(), parts.next()] {
        [Some("." | ".."), ..] => true,
        [Some(name), Some(".."), Some(before)] => name == before,
        _ => false,
    }
}

/// Whether `ucp` tells of nothing that GNU cp does not tell of, but that it has come to its own copy or that what it has made
/// there is in a later operand's way, and has all that is there with GNU cp, but for what would lie below that.
fn is_further(reference: &Outcome, candidate: &Outcome) -> bool {
    let said = |outcome: &Outcome| String::from_utf8_lossy(&outcome.stderr).into_owned();
    let (Some(theirs), Some(ours)) = (&reference.tree, &candidate.tree) else { return false };
    let (their_words, our_words) = (said(reference), said(candidate));
    let in_the_way: Vec<&str> = our_words.lines().filter_map(in_the_way).collect();
    let is_known = |line: &str| {
        line.contains(", into itself, ")
            || in_the_way.iter().any(|path| line.contains(path))
            || their_words.lines().any(|other| other == line)
    };
    let lies_below =
        |name: &Path| in_the_way.iter().any(|path| name.starts_with(path) && name != Path::new(path));
    our_words.lines().all(is_known)
        && theirs
            .keys()
            .all(|name| ours.contains_key(name) || lies_below(Path::new(name.trim_start_matches("./"))))
}

/// What is in the way of a directory, by the line that says so.
fn in_the_way(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(": cannot overwrite non-directory '")?;
    rest.split_once("' with directory '").map(|(path, _)| path)
}
