//! Differences that are meant, each listed in the README with its reason. They are recognised as narrowly as they can be,
//! and counted apart.

use crate::case::{Case, Outcome};
use crate::compare::Difference;
use crate::node::Kind;

/// Which of the known differences this is, if it is one.
pub fn known(case: &Case, reference: &Outcome, difference: &Difference) -> Option<&'static str> {
    let says = |words: &str| reference.stderr.windows(words.len()).any(|part| part == words.as_bytes());
    let parents = case.options.iter().any(|words| words[0].starts_with(b"--pa"));
    if parents && (says("File exists") || says("not writing through dangling symlink")) {
        return Some("--parents: GNU cp takes each copy for new once it has made a directory above one");
    }
    let hard_links = case.nodes.iter().any(|node| matches!(node.kind, Kind::HardLink(_)));
    if hard_links && difference.kind == "tree: atime" {
        return Some("access time of a source of several names, which are read in another order");
    }
    None
}
