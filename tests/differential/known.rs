//! Differences that are meant, each listed in the README with its reason. They are recognised as narrowly as they can be,
//! and counted apart.

use crate::case::{Case, Outcome};
use crate::compare::Difference;

/// Which of the known differences this is, if it is one.
pub fn known(case: &Case, reference: &Outcome, difference: &Difference) -> Option<&'static str> {
    let tree = reference.tree.as_ref()?;
    let only_trees = difference.kind.split("; ").all(|kind| kind.starts_with("tree: "));
    let swapped = difference.tree.iter().all(|[path, what, ..]| {
        // The copy of a file of several names.
        let copy = tree.get(path).filter(|entry| entry.get("was").is_some_and(|was| was == "new"));
        what == "atime"
            && copy.is_some_and(|entry| entry.get("type").is_some_and(|kind| kind == "RegularFile"))
    });
    let several = case.nodes.iter().any(crate::node::Node::is_hard_link);
    (only_trees && swapped && several)
        .then_some("which copy of a source of several names has the access time from before it was read")
}
