//! Paths as they are shown to the user, put together the way GNU does. Nothing is ever opened by these.

use std::ops::Range;

/// `directory` and `name` with exactly one slash between them.
#[must_use]
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    below(directory, std::iter::once(name))
}

/// The path that leads from `start` through `names`, with exactly one slash before each. Trees can be deep: this takes
/// time and memory in proportion to the length of the path, not to its square.
#[must_use]
pub(crate) fn below<'n>(start: &[u8], names: impl Iterator<Item = &'n [u8]> + Clone) -> Vec<u8> {
    let added: usize = names.clone().map(|name| 1 + name.len()).sum();
    let mut path = Vec::with_capacity(start.len() + added);
    path.extend_from_slice(start);
    for name in names {
        if !path.is_empty() {
            path.truncate(path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1));
            path.push(b'/');
        }
        path.extend_from_slice(name);
    }
    path
}

/// The directory that the last component of a path lies in, as a path.
#[must_use]
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    let last = last_component(path);
    let trimmed = path.iter().rposition(|&byte| byte != b'/').map_or(0, |end| end + 1);
    match &path[..trimmed.saturating_sub(last.len())] {
        b"" if path.starts_with(b"/") => b"/",
        b"" => b".",
        parent => parent,
    }
}

/// The last component of a path, without trailing slashes; `/` for the root, empty for the empty path.
#[must_use]
pub(crate) fn last_component(path: &[u8]) -> &[u8] {
    let Some(last) = path.iter().rposition(|&byte| byte != b'/') else {
        return if path.is_empty() { path } else { b"/" };
    };
    let trimmed = &path[..=last];
    let first = trimmed.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    &trimmed[first..]
}

/// How many bytes of a path stand before its last component.
#[must_use]
pub(crate) fn parent_bytes(path: &[u8]) -> usize {
    let kept = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    kept.saturating_sub(last_component(path).len())
}

/// Where the components of a path stand in it.
pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + path[from..].iter().position(|&byte| byte != b'/')?;
        let end =
            path[start..].iter().position(|&byte| byte == b'/').map_or(path.len(), |slash| start + slash);
        from = end;
        Some(start..end)
    })
}

/// A path without the slashes at its end; the root stays what it is.
#[must_use]
pub(crate) fn without_trailing_slashes(path: &[u8]) -> &[u8] {
    let kept = path.iter().rposition(|&byte| byte != b'/').map_or(path.len().min(1), |last| last + 1);
    &path[..kept]
}

/// A path without the components that lead nowhere (`.`) and without slashes that say nothing: what a file is called in a
/// list that others read. `..` stays, as what it leads to is a matter of links.
#[must_use]
pub(crate) fn without_dots(path: &[u8]) -> Vec<u8> {
    let names = || components(path).map(|name| &path[name]).filter(|name| *name != b".");
    let start = if path.starts_with(b"/") { &b"/"[..] } else { b"" };
    below(start, names().collect::<Vec<_>>().into_iter())
}

/// Whether this is the working directory, told by nothing but dots that say nothing.
#[must_use]
pub(crate) fn is_working_directory(path: &[u8]) -> bool {
    path.starts_with(b".") && path.split(|byte| *byte == b'/').all(|part| matches!(part, b"" | b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_list_has_no_dots_that_say_nothing() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"m/./d/file", b"m/d/file"),
            (b".//./a/../.b/c.", b"a/../.b/c."),
            (b"//a/.", b"/a"),
            (b"a", b"a"),
            (b"./-", b"-"),
        ];
        for (path, expected) in cases {
            assert_eq!(without_dots(path), expected);
        }
    }

    #[test]
    fn dots_that_say_nothing_name_the_working_directory() {
        assert!([&b"."[..], b"./", b".//./."].into_iter().all(is_working_directory));
        assert!(![&b""[..], b"/", b"/.", b"..", "./a".as_bytes()].into_iter().any(is_working_directory));
    }

    #[test]
    fn components_stand_between_slashes() {
        let path = b"/a//b/./c/";
        assert_eq!(components(path).collect::<Vec<_>>(), [1..2, 4..5, 6..7, 8..9]);
        assert_eq!((parent_bytes(path), parent_bytes(b"a"), parent_bytes(b"/")), (8, 0, 0));
        assert_eq!(without_trailing_slashes(path), b"/a//b/./c");
        assert_eq!((without_trailing_slashes(b"//"), without_trailing_slashes(b"")), (&b"/"[..], &b""[..]));
    }

    #[test]
    fn one_slash_joins() {
        assert_eq!(join(b"d", b"x"), b"d/x");
        assert_eq!(join(b"d///", b"x"), b"d/x");
        assert_eq!(join(b"/", b"x"), b"/x");
        assert_eq!(join(b"", b"x"), b"x");
        assert_eq!(join(b"d/.", b"x"), b"d/./x");
    }

    #[test]
    fn a_path_below_another_has_one_slash_before_each_name() {
        let names = [&b"a"[..], b"b", b"c"];
        assert_eq!(below(b"d//", names.into_iter()), b"d/a/b/c");
        assert_eq!(below(b"", names.into_iter()), b"a/b/c");
        assert_eq!(below(b"/", names[..1].iter().copied()), b"/a");
        assert_eq!(below(b"d/", std::iter::empty()), b"d/");
    }

    #[test]
    fn the_parent_is_what_stands_before_the_last_component() {
        let cases: [(&[u8], &[u8]); 5] =
            [(b"a", b"."), (b"a/b", b"a/"), (b"a/b//", b"a/"), (b"/a", b"/"), (b"/", b"/")];
        assert!(cases.iter().all(|(path, expected)| parent(path) == *expected));
    }

    #[test]
    fn the_last_component_has_no_slash() {
        let cases: [(&[u8], &[u8]); 7] = [
            (b"a", b"a"),
            (b"a/b", b"b"),
            (b"a/b//", b"b"),
            (b"/", b"/"),
            (b"", b""),
            (b"..", b".."),
            (b"a/.", b"."),
        ];
        assert!(cases.iter().all(|(path, last)| last_component(path) == *last));
    }
}
