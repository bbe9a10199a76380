//! Differences that docs/differences.md has. They are told by what either program says in English, counted apart, and never
//! lost bytes: `ucp` refuses, or it goes on where GNU cp gives up.

use crate::case::{Case, Outcome};

/// What `ucp` alone refuses with.
const REFUSALS: [&str; 2] = [
    // Through a link that another operand's tree has just brought.
    " through just-created symlink ",
    // What the first copy of a source has become is another file.
    ": Stale file handle",
];

/// What GNU cp alone says where it sets permissions by a path, and `ucp` by a descriptor.
const BY_PATH: &str = "preserving permissions for ";

/// Of a directory `.` that its own new permissions have closed.
const CLOSED: &str = ": Permission denied";

/// Of what has no such name any more, as the run itself has replaced what the path went through.
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
            let Some((_, rest)) = line.split_once(BY_PATH) else { return false };
            let closed = rest.strip_suffix(CLOSED).is_some_and(|path| {
                let path = path.trim_matches(['\'', '\u{2018}', '\u{2019}']);
                path == "." || path.ends_with("/.")
            });
            // An empty name is none for both.
            closed
                || (!rest.starts_with("\u{2018}\u{2019}")
                    && !rest.starts_with("''")
                    && GONE.iter().any(|reason| rest.ends_with(reason)))
        })
}
