//! Differences that are meant, each listed in the README with its reason. They are recognised as narrowly as they can be,
//! and counted apart.

use crate::case::{Case, Outcome};
use crate::compare::Difference;
use crate::node::Kind;

/// Which of the known differences this is, if it is one.
pub fn known(case: &Case, _reference: &Outcome, difference: &Difference) -> Option<&'static str> {
    let hard_links = case.nodes.iter().any(|node| matches!(node.kind, Kind::HardLink(_)));
    if hard_links && difference.kind == "tree: was" {
        return Some("which of several names of a source is copied first");
    }
    if hard_links && difference.kind == "tree: atime" {
        return Some("access time of a source of several names, which are read in another order");
    }
    None
}
