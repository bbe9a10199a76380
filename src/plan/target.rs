//! Where each operand's copy goes: from the operands and what the last one is to pairs of source and destination.

use super::path::{join, last_component, without_trailing_slashes};
use std::collections::HashSet;

/// One operand and the name of its copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The source as it was typed.
    pub source: Vec<u8>,
    /// The copy's name, relative to the target directory where there is one.
    pub name: Vec<u8>,
    /// The copy's path as messages show it.
    pub shown: Vec<u8>,
}

/// The pair for a copy into the directory `target`, as it was typed; with `parents`, under its whole path.
#[must_use]
pub(crate) fn into_directory(source: &[u8], target: &[u8], parents: bool) -> Pair {
    // The contents of `..` go into the target itself, never beside it.
    let name = match last_component(source) {
        _ if parents => without_leading_slashes(without_trailing_slashes(source)),
        b".." => b".",
        last => last,
    };
    Pair { source: source.to_vec(), name: name.to_vec(), shown: join(target, name) }
}

fn without_leading_slashes(path: &[u8]) -> &[u8] {
    let first = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[first..]
}

/// Whether two operands get the same name, so that one could overwrite the other's copy.
#[must_use]
pub(crate) fn any_shared(pairs: &[Pair]) -> bool {
    let mut names = HashSet::with_capacity(pairs.len());
    !pairs.iter().all(|pair| names.insert(pair.name.as_slice()))
}

/// Whether two operands may be one source, which has one last component, however the way there is spelled.
#[must_use]
pub(crate) fn any_alike(pairs: &[Pair]) -> bool {
    let mut names = HashSet::with_capacity(pairs.len());
    !pairs.iter().all(|pair| names.insert(last_component(&pair.name)))
}

/// Whether an operand may meet what is made for an earlier one: two of one name, paths that lie in each other, or one
/// whose contents go into the target directory itself.
pub(crate) fn may_meet<'s>(sources: impl ExactSizeIterator<Item = &'s [u8]>, parents: bool) -> bool {
    let several = sources.len() > 1;
    let mut names = HashSet::with_capacity(sources.len());
    let alone = |name: &[u8]| !matches!(name, b"." | b".." | b"/");
    let mut sources = sources.map(last_component);
    several && (parents || !sources.all(|name| alone(name) && names.insert(name)))
}

/// Whether a source may be the directory `target`, or one above it, as far as their names tell.
#[must_use]
pub(crate) fn may_hold(source: &[u8], target: &[u8]) -> bool {
    let mut source = source;
    while let Some(shorter) = source.strip_suffix(b"/.").or_else(|| source.strip_suffix(b"/")) {
        source = shorter;
    }
    let below = |rest: &[u8]| rest.is_empty() || rest.starts_with(b"/");
    matches!(last_component(source), b"" | b"." | b"..") || target.strip_prefix(source).is_some_and(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(sources: &[&str], target: &str) -> Vec<Pair> {
        let pair = |source: &&str| into_directory(source.as_bytes(), target.as_bytes(), false);
        sources.iter().map(pair).collect()
    }

    #[test]
    fn a_copy_is_called_after_the_last_component() {
        let shown: Vec<_> =
            pairs(&["a", "b/c/", "./d", "e/.", "f/.."], "t//").into_iter().map(|p| p.shown).collect();
        assert_eq!(shown, [&b"t/a"[..], b"t/c", b"t/d", b"t/.", b"t/."]);
    }

    #[test]
    fn with_parents_a_copy_is_called_after_the_whole_path() {
        let shown = |source: &[u8]| into_directory(source, b"t", true).shown;
        assert_eq!((shown(b"/a//b/"), shown(b"../c")), (b"t/a//b".to_vec(), b"t/../c".to_vec()));
    }

    #[test]
    fn operands_of_one_name_are_noticed() {
        assert!(any_shared(&pairs(&["a/f", "b/f"], "t")));
        assert!(!any_shared(&pairs(&["a/f", "b/g"], "t")));
    }

    #[test]
    fn one_source_may_come_under_two_names_with_parents() {
        let pairs = ["a/f", "./a/f"].map(|source| into_directory(source.as_bytes(), b"t", true));
        assert!(!any_shared(&pairs) && any_alike(&pairs) && !any_alike(&pairs[..1]));
    }

    #[test]
    fn operands_may_meet_by_name_by_path_or_in_the_target_itself() {
        let meet =
            |sources: &[&str], parents| may_meet(sources.iter().map(|source| source.as_bytes()), parents);
        assert!(meet(&["a/f", "b/f"], false) && meet(&["a/.", "b"], false) && meet(&["a", "b"], true));
        assert!(!meet(&["a/f", "b/g"], false) && !meet(&["a/."], false) && !meet(&["a"], true));
    }

    #[test]
    fn a_source_may_hold_the_target_by_its_name_or_where_that_leads_up() {
        for source in ["d", "d/", "d/.", "d/e", ".", "./", "x/..", "/"] {
            assert!(may_hold(source.as_bytes(), b"d/e/f"), "{source}");
        }
        for source in ["a", "a/.", "d/x/.", "d/e/f/g", "de", "../x"] {
            assert!(!may_hold(source.as_bytes(), b"d/e/f"), "{source}");
        }
    }
}
