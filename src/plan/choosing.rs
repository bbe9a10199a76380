//! Which entries of a tree are copied: what the patterns of the command line and the .gitignore files say together.
//!
//! A pattern of the command line counts before any .gitignore file, and of those the one nearest to the entry before
//! those above it. Within each the last pattern that matches decides. What is left out is not entered, so nothing below
//! it is ever asked about.

use crate::cli::patterns::Patterns;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// The rules of one .gitignore file, and of those above it.
#[derive(Debug)]
pub struct Rules {
    own: Gitignore,
    /// Bytes of the path of its directory below the operand, with the slash behind it.
    start: usize,
    above: Option<Arc<Self>>,
}

/// A line of a .gitignore file that says nothing, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub number: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Rules {
    /// Reads the .gitignore file of a directory whose path below the operand takes `start` bytes with the slash behind
    /// it. Lines that cannot be understood match nothing, as with git.
    #[must_use]
    pub fn read(text: &[u8], start: usize, above: Option<Arc<Self>>) -> (Self, Vec<BadLine>) {
        let mut builder = GitignoreBuilder::new("");
        let mut bad = Vec::new();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
            let added = match std::str::from_utf8(line) {
                Ok(line) => builder.add_line(None, line).map(|_| ()).map_err(|error| error.to_string()),
                Err(_) => Err("it is not UTF-8".to_owned()),
            };
            bad.extend(added.err().map(|why| BadLine { number, why }));
        }
        let own = builder.build().unwrap_or_else(|error| {
            bad.push(BadLine { number: 1, why: error.to_string() });
            Gitignore::empty()
        });
        (Self { own, start, above }, bad)
    }

    /// Whether the last rule that matches leaves the entry out; `None` where none matches.
    fn last_match(&self, path: &[u8], is_directory: bool) -> Option<bool> {
        let mut nearest = Some(self);
        while let Some(rules) = nearest {
            let below = OsStr::from_bytes(path.get(rules.start..).unwrap_or_default());
            match rules.own.matched(below, is_directory) {
                Match::Ignore(_) => return Some(true),
                Match::Whitelist(_) => return Some(false),
                Match::None => nearest = rules.above.as_deref(),
            }
        }
        None
    }
}

/// Whether an entry of a tree is left out. Its name is what stands in `path` from `name` on; the rest of the path below
/// the operand is there where anything wants it.
pub fn is_left_out(
    (path, name): (&[u8], usize),
    is_directory: bool,
    patterns: Option<&Patterns>,
    rules: Option<&Rules>,
    found: &mut Vec<usize>,
) -> bool {
    let included = patterns.and_then(|all| all.last_match(&path[name..], Some(path), is_directory, found));
    match included {
        Some(included) => !included,
        None => rules.and_then(|rules| rules.last_match(path, is_directory)).unwrap_or(false),
    }
}

/// Whether an operand is left out, by its own name alone: only patterns without a slash can say that, and none does of
/// `.`, `..` or `/`, which are no names.
#[must_use]
pub fn is_operand_left_out(name: &[u8], is_directory: bool, patterns: &Patterns) -> bool {
    !matches!(name, b"" | b"." | b".." | b"/")
        && patterns.last_match(name, None, is_directory, &mut Vec::new()) == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::patterns::Pattern;

    fn patterns(globs: &[(&str, bool)]) -> Patterns {
        let read = |&(glob, include): &(&str, bool)| Pattern { glob: glob.to_owned(), include };
        Patterns::read(globs.iter().map(read).collect()).expect("patterns")
    }

    fn out(path: &str, patterns: Option<&Patterns>, rules: Option<&Rules>) -> bool {
        let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        is_left_out((path.as_bytes(), name), is_directory, patterns, rules, &mut Vec::new())
    }

    #[test]
    fn the_nearest_file_counts_before_those_above_and_the_command_line_before_all() {
        let (above, bad) = Rules::read(b"*.o\n/only-here\n# comment\nd/x/\r\n", 0, None);
        assert!(bad.is_empty());
        let (near, _) = Rules::read(b"!keep.o\n*.c", 2, Some(Arc::new(above)));
        let near = Some(&near);
        assert!(out("d/a.o", None, near) && out("d/e/a.c", None, near) && out("d/x/", None, near));
        assert!(!out("d/keep.o", None, near) && !out("d/only-here", None, near) && !out("d/x", None, near));
        let patterns = patterns(&[("keep.*", false), ("a.c", true)]);
        assert!(out("d/keep.o", Some(&patterns), near) && !out("d/a.c", Some(&patterns), near));
    }

    #[test]
    fn lines_that_are_no_globs_are_told_and_match_nothing() {
        let (rules, bad) = Rules::read(b"ok\n{a\n\xff\n", 0, None);
        assert_eq!(bad.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 3]);
        assert!(out("ok", None, Some(&rules)) && !out("{a", None, Some(&rules)));
    }

    #[test]
    fn operands_are_left_out_by_their_names_only() {
        let patterns = patterns(&[(".*", false), ("b*", false), ("/a", false), ("bb", true)]);
        let left = |name: &[u8]| is_operand_left_out(name, true, &patterns);
        assert!(left(b".git") && left(b"b"));
        assert!(!left(b".") && !left(b"..") && !left(b"a") && !left(b"bb") && !left(b"/"));
    }
}
