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
    if parents && difference.kind.contains("<cp: cannot stat") && says("cannot make directory ") {
        return Some(
            "--parents: GNU cp takes each copy for new once it has tried to make a directory above one",
        );
    }
    let links = case.nodes.iter().any(|node| matches!(node.kind, Kind::Symlink(_)));
    if links && difference.kind.split("; ").all(|kind| kind.starts_with("tree: xattr ")) {
        return Some("GNU cp keeps no ACL and no extended attribute of a directory that a link leads to");
    }
    let backups = [&b"-b"[..], b"--backup", b"-S", b"--suffix"];
    let keeps = case.options.iter().any(|words| backups.iter().any(|word| words[0].starts_with(word)));
    if keeps
        && difference.kind == "tree: existence"
        && difference.text.contains("existence: reference missing, ")
    {
        return Some("GNU cp removes a file that SOURCE/. takes the place of, without the backup asked for");
    }
    None
}
