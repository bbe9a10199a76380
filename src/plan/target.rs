//! Where each operand's copy goes: from the operands and what the last one is to pairs of source and destination.

use super::path::{join, last_component, without_trailing_slashes};
use std::collections::HashSet;

/// One operand and the name of its copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The source as it was typed.
    pub source: Vec<u8>,
    /// The copy's name, relative to the target directory where there is one.
    pub name: Vec<u8>,
    /// The copy's path as messages show it.
    pub shown: Vec<u8>,
}

/// Pairs for copies into the directory `target`, as it was typed; with `parents`, each under its whole path.
#[must_use]
pub fn into_directory(sources: &[Vec<u8>], target: &[u8], parents: bool) -> Vec<Pair> {
    sources
        .iter()
        .map(|source| {
            // The contents of `..` go into the target itself, never beside it.
            let name = match last_component(source) {
                _ if parents => without_leading_slashes(without_trailing_slashes(source)),
                b".." => b".",
                last => last,
            };
            Pair { source: source.clone(), name: name.to_vec(), shown: join(target, name) }
        })
        .collect()
}

fn without_leading_slashes(path: &[u8]) -> &[u8] {
    let first = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[first..]
}

/// Whether two operands get the same name, so that one could overwrite the other's copy.
#[must_use]
pub fn any_shared(pairs: &[Pair]) -> bool {
    let mut names = HashSet::with_capacity(pairs.len());
    !pairs.iter().all(|pair| names.insert(pair.name.as_slice()))
}

/// Whether an operand may meet what is made for an earlier one: two of one name, paths that lie in each other, or one
/// whose contents go into the target directory itself.
pub fn may_meet<'s>(sources: impl ExactSizeIterator<Item = &'s [u8]>, parents: bool) -> bool {
    let several = sources.len() > 1;
    let mut names = HashSet::with_capacity(sources.len());
    let alone = |name: &[u8]| !matches!(name, b"." | b".." | b"/");
    let mut sources = sources.map(last_component);
    several && (parents || !sources.all(|name| alone(name) && names.insert(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(sources: &[&str], target: &str) -> Vec<Pair> {
        let sources: Vec<Vec<u8>> = sources.iter().map(|source| source.as_bytes().to_vec()).collect();
        into_directory(&sources, target.as_bytes(), false)
    }

    #[test]
    fn a_copy_is_called_after_the_last_component() {
        let shown: Vec<_> =
            pairs(&["a", "b/c/", "./d", "e/.", "f/.."], "t//").into_iter().map(|p| p.shown).collect();
        assert_eq!(shown, [&b"t/a"[..], b"t/c", b"t/d", b"t/.", b"t/."]);
    }

    #[test]
    fn with_parents_a_copy_is_called_after_the_whole_path() {
        let sources = [b"/a//b/".to_vec(), b"../c".to_vec()];
        let shown: Vec<_> = into_directory(&sources, b"t", true).into_iter().map(|pair| pair.shown).collect();
        assert_eq!(shown, [&b"t/a//b"[..], b"t/../c"]);
    }

    #[test]
    fn operands_of_one_name_are_noticed() {
        assert!(any_shared(&pairs(&["a/f", "b/f"], "t")));
        assert!(!any_shared(&pairs(&["a/f", "b/g"], "t")));
    }

    #[test]
    fn operands_may_meet_by_name_by_path_or_in_the_target_itself() {
        let meet = |sources: &[&str], parents| {
            may_meet(sources.iter().map(|source| source.as_bytes()), parents)
        };
        assert!(meet(&["a/f", "b/f"], false) && meet(&["a/.", "b"], false) && meet(&["a", "b"], true));
        assert!(!meet(&["a/f", "b/g"], false) && !meet(&["a/."], false) && !meet(&["a"], true));
    }
}
