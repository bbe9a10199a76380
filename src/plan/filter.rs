//! Which entries of a tree are copied: what the patterns of the command line and the .gitignore files say together.
//!
//! A pattern of the command line counts before any .gitignore file, and of those the one nearest to the entry before
//! those above it. Within each the last pattern that matches decides. What is left out is not entered, so nothing below
//! it is ever asked about.
//!
//! A .gitignore file is text of the tree's author, and each pattern becomes many times its size in memory. So there
//! are bounds to a file, to its lines, and to all files from an operand down to a directory together. Rules beyond a
//! bound are not used at all, which is an error: half of them would leave out what the other half keeps.

use crate::cli::patterns::{self, Patterns};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{Error, Match};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Most bytes of a .gitignore file: each directory in work may hold one in memory.
pub(crate) const RULES_BYTES_MAX: u64 = 256 << 10;

/// Most patterns of a file, and of all from an operand down to a directory. A name takes about 1 KiB of memory.
const PATTERNS_MAX: Amount = Amount { all: 8192, globs: 2048 };

const PATTERNS_OF_ALL_MAX: Amount = Amount { all: 16384, globs: 4096 };

/// How many patterns there are.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    all: usize,
    /// Those that are more than a name: an automaton is made of them, of up to 10 KiB each.
    globs: usize,
}

/// The rules of one .gitignore file, and of those above it.
#[derive(Debug)]
pub(crate) struct Rules {
    own: Gitignore,
    /// Patterns here and above.
    patterns: Amount,
    /// Bytes of the path of its directory below the operand, with the slash after it.
    start: usize,
    above: Option<Arc<Self>>,
}

/// Lines of a .gitignore file that say nothing, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLines {
    /// The first of them, counted from 1.
    pub number: usize,
    /// What is wrong with that one. There may be characters of the file in it.
    pub why: String,
    /// How many more there are.
    pub others: usize,
}

/// Rules that are beyond what is read, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Beyond(pub String);

impl Rules {
    /// Reads the .gitignore file of a directory whose path below the operand takes `start` bytes with the slash after
    /// it. Lines that cannot be understood match nothing, as with git.
    ///
    /// # Errors
    /// There is more in it than is read, so that none of it counts.
    pub(crate) fn read(
        text: &[u8],
        start: usize,
        above: Option<Arc<Self>>,
    ) -> Result<(Self, Option<BadLines>), Beyond> {
        let mut builder = GitignoreBuilder::new("");
        let mut bad: Option<BadLines> = None;
        let mut own = Amount::default();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
            own.add(line, number)?;
            own.within(PATTERNS_MAX, "in it")?;
            let added = match std::str::from_utf8(line) {
                Ok(line) => builder.add_line(None, line).map(|_| ()).map_err(reason),
                Err(_) => Err("it is not UTF-8".to_owned()),
            };
            match (added, &mut bad) {
                (Ok(()), _) => {}
                (Err(_), Some(bad)) => bad.others += 1,
                (Err(why), None) => bad = Some(BadLines { number, why, others: 0 }),
            }
        }
        let beside = above.as_ref().map(|above| above.patterns).unwrap_or_default();
        let patterns = Amount { all: own.all + beside.all, globs: own.globs + beside.globs };
        patterns.within(PATTERNS_OF_ALL_MAX, "in it and those above it")?;
        let own = builder.build().map_err(|error| Beyond(reason(error)))?;
        Ok((Self { own, patterns, start, above }, bad))
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

impl Amount {
    /// Counts a line, whose number this is.
    fn add(&mut self, line: &[u8], number: usize) -> Result<(), Beyond> {
        if matches!(line.trim_ascii_end(), [] | [b'#', ..]) {
            return Ok(());
        }
        if let Some(why) = patterns::excess(line) {
            return Err(Beyond(format!("line {number}: {why}")));
        }
        self.all += 1;
        self.globs += usize::from(line.iter().any(|byte| b"*?[{\\".contains(byte)));
        Ok(())
    }

    fn within(self, max: Self, place: &str) -> Result<(), Beyond> {
        match self {
            _ if self.all > max.all => {
                Err(Beyond(format!("there are more than {} patterns {place}", max.all)))
            }
            _ if self.globs > max.globs => {
                Err(Beyond(format!("there are more than {} globs {place}", max.globs)))
            }
            _ => Ok(()),
        }
    }
}

/// What is wrong, without the pattern itself: that may be long, and is in the file.
fn reason(error: Error) -> String {
    match error {
        Error::Glob { err, .. } => err,
        other => other.to_string(),
    }
}

/// Whether an entry of a tree is left out. Its name is what stands in `path` from `name` on; the rest of the path below
/// the operand is there where anything wants it.
pub(crate) fn is_left_out(
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
pub(crate) fn is_operand_left_out(name: &[u8], is_directory: bool, patterns: &Patterns) -> bool {
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

    fn rules(text: &[u8], start: usize, above: Option<Rules>) -> (Rules, Option<BadLines>) {
        Rules::read(text, start, above.map(Arc::new)).expect("rules")
    }

    /// `{{a,b},b}` and so on: as deep as this.
    fn braces(depth: usize) -> Vec<u8> {
        ["{".repeat(depth), "a".to_owned(), ",b}".repeat(depth)].concat().into_bytes()
    }

    fn out(path: &str, patterns: Option<&Patterns>, rules: Option<&Rules>) -> bool {
        let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        is_left_out((path.as_bytes(), name), is_directory, patterns, rules, &mut Vec::new())
    }

    #[test]
    fn the_nearest_file_counts_before_those_above_and_the_command_line_before_all() {
        let (above, bad) = rules(b"*.o\n/only-here\n# comment\nd/x/\r\n", 0, None);
        assert_eq!(bad, None);
        let (near, _) = rules(b"!keep.o\n*.c", 2, Some(above));
        let near = Some(&near);
        assert!(out("d/a.o", None, near) && out("d/e/a.c", None, near) && out("d/x/", None, near));
        assert!(!out("d/keep.o", None, near) && !out("d/only-here", None, near) && !out("d/x", None, near));
        let patterns = patterns(&[("keep.*", false), ("a.c", true)]);
        assert!(out("d/keep.o", Some(&patterns), near) && !out("d/a.c", Some(&patterns), near));
    }

    #[test]
    fn lines_that_are_no_globs_are_told_and_match_nothing() {
        let (rules, bad) = rules(b"ok\n{a\n\xff\n", 0, None);
        let bad = bad.expect("bad lines");
        assert_eq!((bad.number, bad.others), (2, 1));
        assert!(out("ok", None, Some(&rules)) && !out("{a", None, Some(&rules)));
    }

    #[test]
    fn a_reason_is_short_whatever_stands_in_the_line() {
        let line = ["{", &"\u{1b}[31m".repeat(500)].concat();
        let why = rules(line.as_bytes(), 0, None).1.expect("a bad line").why;
        assert!(why.len() < 100 && !why.contains("[31m"), "{why}");
    }

    #[test]
    fn rules_within_the_bounds_count_and_those_beyond_are_refused_whole() {
        let lines = |count: usize, line: &str| line.repeat(count).into_bytes();
        for (within, beyond, why) in [
            (lines(8192, "a\n"), lines(8193, "a\n"), "there are more than 8192 patterns in it"),
            (lines(2048, "a*b\n"), lines(2049, "a*b\n"), "there are more than 2048 globs in it"),
            (lines(4096, "a"), lines(4097, "a"), "line 1: it is longer than 4096 bytes"),
            (braces(32), braces(33), "line 1: there are more than 32 braces in it"),
        ] {
            assert_eq!(rules(&within, 0, None).1, None, "{why}");
            assert_eq!(Rules::read(&beyond, 0, None).map(|_| ()), Err(Beyond(why.to_owned())));
        }
        // What says nothing is not counted.
        assert_eq!(rules(&lines(20_000, "# a comment\n\n  \n"), 0, None).1, None);
        assert_eq!(rules(&["#", &"a".repeat(5000)].concat().into_bytes(), 0, None).1, None);
    }

    #[test]
    fn files_on_the_way_down_are_bounded_together() {
        let text = "a*b\n".repeat(2000).into_bytes();
        let (first, _) = rules(&text, 0, None);
        let (second, _) = rules(&text, 2, Some(first));
        let third = Rules::read(&text, 4, Some(Arc::new(second))).map(|_| ());
        let why = "there are more than 4096 globs in it and those above it";
        assert_eq!(third, Err(Beyond(why.to_owned())));
    }

    #[test]
    fn operands_are_left_out_by_their_names_only() {
        let patterns = patterns(&[(".*", false), ("b*", false), ("/a", false), ("bb", true)]);
        let left = |name: &[u8]| is_operand_left_out(name, true, &patterns);
        assert!(left(b".git") && left(b"b"));
        assert!(!left(b".") && !left(b"..") && !left(b"a") && !left(b"bb") && !left(b"/"));
    }
}
