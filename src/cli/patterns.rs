//! The globs of `--exclude` and `--include`: read, and matched against names and paths.
//!
//! They mean what a line of a .gitignore file means, and the last one that matches counts. Those without a slash are
//! matched against names alone, so that no path has to be put together where there are no others.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Bytes of the longest glob: a path can be no longer (PATH_MAX).
const GLOB_BYTES_MAX: usize = 4096;

/// Most opening braces of a glob: the crate that reads globs goes into each by recursion, and so does what lets go of them.
const BRACES_MAX: usize = 32;

/// What of a glob is more than is read, if anything.
#[must_use]
pub(crate) fn excess(glob: &[u8]) -> Option<String> {
    if glob.len() > GLOB_BYTES_MAX {
        return Some(format!("it is longer than {GLOB_BYTES_MAX} bytes"));
    }
    // Those that stand for themselves are counted as well: which do is for the reader of globs to say.
    let braces = glob.iter().filter(|&&byte| byte == b'{').count();
    (braces > BRACES_MAX).then(|| format!("there are more than {BRACES_MAX} braces in it"))
}

/// One pattern as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The glob.
    pub glob: String,
    /// `--include` rather than `--exclude`.
    pub include: bool,
}

/// What a pattern says of the files that it matches.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// How many patterns stand before it.
    number: usize,
    include: bool,
    directories_only: bool,
}

/// Patterns that are matched against the same text.
#[derive(Debug, Clone, Default)]
struct Set {
    globs: GlobSet,
    rules: Vec<Rule>,
}

/// All patterns of a command line, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    typed: Vec<Pattern>,
    /// Those without a slash.
    names: Set,
    /// The others, which are matched against paths below an operand.
    paths: Set,
}

/// Two are equal when they were typed alike: what is made of them follows from that.
impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

impl Eq for Patterns {}

/// A pattern that cannot be understood, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadPattern {
    pub number: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Patterns {
    /// Reads patterns, the first typed first.
    ///
    /// # Errors
    /// The first that is no glob. Where all of them together are too much, the last is to blame.
    pub(crate) fn read(typed: Vec<Pattern>) -> Result<Self, BadPattern> {
        let (mut name_globs, mut path_globs) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let (mut name_rules, mut path_rules) = (Vec::new(), Vec::new());
        for (number, pattern) in typed.iter().enumerate() {
            let bad = |why: String| BadPattern { number, why };
            if let Some(why) = excess(pattern.glob.as_bytes()) {
                return Err(bad(why));
            }
            let Parts { body, whole_path, directories_only } = parts(&pattern.glob);
            if body.is_empty() {
                return Err(bad("it can match no name".to_owned()));
            }
            // In a name there is no slash for a star to stop at, and without that rule `*.o` is found by a table.
            let glob = GlobBuilder::new(&body).literal_separator(whole_path).backslash_escape(true).build();
            let glob = glob.map_err(|error| bad(error.kind().to_string()))?;
            let rule = Rule { number, include: pattern.include, directories_only };
            if whole_path {
                path_globs.add(glob);
                path_rules.push(rule);
            } else {
                name_globs.add(glob);
                name_rules.push(rule);
            }
        }
        let last = typed.len().saturating_sub(1);
        let set = |globs: &GlobSetBuilder, rules| {
            let globs = globs.build();
            let globs = globs.map_err(|error| BadPattern { number: last, why: error.kind().to_string() })?;
            Ok(Set { globs, rules })
        };
        Ok(Self { names: set(&name_globs, name_rules)?, paths: set(&path_globs, path_rules)?, typed })
    }

    /// Whether any is matched against paths.
    #[must_use]
    pub(crate) fn want_paths(&self) -> bool {
        !self.paths.rules.is_empty()
    }

    /// Whether the last pattern that matches is an `--include`; `None` where none matches. `path` is that below the
    /// operand, and `None` for an operand itself.
    pub(crate) fn last_match(
        &self,
        name: &[u8],
        path: Option<&[u8]>,
        is_directory: bool,
        found: &mut Vec<usize>,
    ) -> Option<bool> {
        let by_name = self.names.last_match(name, is_directory, found);
        let by_path = path.and_then(|path| self.paths.last_match(path, is_directory, found));
        let last = by_name.into_iter().chain(by_path).max_by_key(|rule| rule.number);
        last.map(|rule| rule.include)
    }
}

impl Set {
    fn last_match(&self, text: &[u8], is_directory: bool, found: &mut Vec<usize>) -> Option<Rule> {
        if self.rules.is_empty() {
            return None;
        }
        self.globs.matches_candidate_into(&Candidate::new(OsStr::from_bytes(text)), found);
        let rules = found.iter().rev().map(|&at| self.rules[at]);
        rules.into_iter().find(|rule| is_directory || !rule.directories_only)
    }
}

/// What a pattern is made of.
struct Parts {
    body: String,
    whole_path: bool,
    directories_only: bool,
}

fn parts(typed: &str) -> Parts {
    let body = typed.trim_end_matches('/');
    let directories_only = body.len() < typed.len();
    // The shell's `./` says the same as a slash at the beginning: here, and not deeper.
    let (mut body, mut whole_path) = match body.strip_prefix("./").or_else(|| body.strip_prefix('/')) {
        Some(rest) => (rest, true),
        None => (body, body.contains('/')),
    };
    // A name at any depth is a name.
    if let Some(name) = body.strip_prefix("**/").filter(|rest| !rest.contains('/')) {
        (body, whole_path) = (name, false);
    }
    // `a/**` stands for what is in `a`, not for `a` itself.
    let inside = if body.ends_with("/**") { "/*" } else { "" };
    Parts { body: format!("{body}{inside}"), whole_path, directories_only }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(globs: &[&str]) -> Patterns {
        let pattern = |glob: &&str| match glob.strip_prefix("+ ") {
            Some(glob) => Pattern { glob: glob.to_owned(), include: true },
            None => Pattern { glob: (*glob).to_owned(), include: false },
        };
        Patterns::read(globs.iter().map(pattern).collect()).expect("patterns")
    }

    fn is_out(patterns: &Patterns, path: &str) -> bool {
        let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let name = path.rsplit('/').next().unwrap_or(path);
        let last = patterns.last_match(name.as_bytes(), Some(path.as_bytes()), is_directory, &mut Vec::new());
        last == Some(false)
    }

    #[test]
    fn globs_match_as_lines_of_a_gitignore_do() {
        let cases: [(&str, &[&str], &[&str]); 16] = [
            ("*.o", &["x.o", "a/b/x.o", "x.o/", ".o"], &["x.oo", "o", "x.o.c"]),
            ("build", &["build", "a/build", "build/"], &["builds", "a/build/x"]),
            ("build/", &["build/", "a/build/"], &["build", "a/build"]),
            ("/build", &["build", "build/"], &["a/build"]),
            ("./build/", &["build/"], &["a/build/", "build"]),
            ("a/b", &["a/b", "a/b/"], &["x/a/b", "b"]),
            ("a/*", &["a/b", "a/.b"], &["a/b/c", "a"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "a/", "x/a/b"]),
            ("**/b", &["b", "a/b", "a/a/b/"], &["a/bb"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["x/a/b", "a/b/x"]),
            ("?", &["x", "a/x"], &["xx"]),
            ("[!a-c]x", &["dx"], &["ax", "x"]),
            ("*.{c,h}", &["x.c", "a/x.h"], &["x.o"]),
            ("\\*", &["*"], &["x"]),
            ("!x", &["!x"], &["x"]),
            ("#x ", &["#x ", "a/#x "], &["#x"]),
        ];
        for (glob, out, kept) in cases {
            let patterns = read(&[glob]);
            assert!(out.iter().all(|path| is_out(&patterns, path)), "{glob} keeps one of {out:?}");
            assert!(!kept.iter().any(|path| is_out(&patterns, path)), "{glob} leaves one of {kept:?} out");
        }
    }

    #[test]
    fn the_last_that_matches_counts_whatever_it_is_matched_against() {
        let patterns = read(&["*", "+ */", "+ src/*.c", "x.c", "+ /src/x.c"]);
        let kept = ["a/", "src/y.c", "src/x.c", "a/b/"];
        let out = ["a/y.c", "y.c", "src/y.h", "a/src/y.c"];
        assert!(!kept.iter().any(|path| is_out(&patterns, path)));
        assert!(out.iter().all(|path| is_out(&patterns, path)));
        assert!(patterns.want_paths() && !read(&["*.o", "**/b", "c/"]).want_paths());
    }

    #[test]
    fn names_are_bytes() {
        let patterns = read(&["*.o", "a?b"]);
        let mut found = Vec::new();
        assert_eq!(patterns.last_match(b"\xff\n.o", None, false, &mut found), Some(false));
        assert_eq!(patterns.last_match(b"a\xffb", None, false, &mut found), Some(false));
        assert_eq!(patterns.last_match(b"a\nb", None, false, &mut found), Some(false));
        assert_eq!(patterns.last_match(b"\xff", None, false, &mut found), None);
    }

    #[test]
    fn what_is_no_glob_is_refused_with_its_reason() {
        let (deep, long) = (["{".repeat(60_000), "}".repeat(60_000)].concat(), "a".repeat(4097));
        for (glob, why) in [
            (&*deep, "it is longer than 4096 bytes"),
            (&deep[59_900..60_100], "there are more than 32 braces in it"),
            (&*long, "it is longer than 4096 bytes"),
            ("[a", "unclosed character class; missing ']'"),
            ("{a", "unclosed alternate group; missing '}'"),
            ("a\\", "dangling '\\'"),
            ("", "it can match no name"),
            ("//", "it can match no name"),
        ] {
            let typed = ["ok", glob].map(|glob| Pattern { glob: glob.to_owned(), include: false });
            let bad = Patterns::read(typed.into()).expect_err(glob);
            assert_eq!(bad.number, 1);
            assert!(bad.why.contains(why), "{glob}: {}", bad.why);
        }
    }
}
