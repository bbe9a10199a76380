//! Options for which files are copied, beyond what the operands name, and whether they are at all.

use crate::cli::patterns::{BadPattern, Pattern, Patterns};
use crate::cli::{EXTENSIONS, UsageError, flag, shown, valued};
use clap::{Arg, ArgMatches};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choosing {
    /// `--exclude` and `--include`, in the order typed; `None` where there is none.
    pub patterns: Option<Patterns>,
    /// `--gitignore`: what .gitignore files in the sources name is left out.
    pub gitignore: bool,
    /// `--files0-from`: where the names of the sources come from; `-` is standard input.
    pub names_from: Option<OsString>,
    /// `--dry-run`: nothing is touched, and the lines of `-v` say what would be done.
    pub dry_run: bool,
}

#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    [
        valued(
            "exclude",
            None,
            "GLOB",
            "leave out files and directories that GLOB matches (may be repeated)",
        ),
        valued("include", None, "GLOB", "copy what GLOB matches after all; of several globs the last counts"),
        flag("gitignore", None, "leave out what the .gitignore files within each SOURCE name"),
        valued("files0-from", None, "FILE", "copy the sources that FILE names, with a NUL byte behind each"),
        flag("dry-run", None, "touch nothing; say what would be done, as -v does"),
    ]
    .map(|argument| argument.help_heading(EXTENSIONS))
    .into()
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub(crate) fn read(matches: &ArgMatches) -> Result<Choosing, UsageError> {
    let names_from = matches.get_many("files0-from").and_then(Iterator::last).cloned();
    Ok(Choosing {
        patterns: patterns(matches)?,
        gitignore: matches.get_flag("gitignore"),
        names_from,
        dry_run: matches.get_flag("dry-run"),
    })
}

fn patterns(matches: &ArgMatches) -> Result<Option<Patterns>, UsageError> {
    let mut typed: Vec<(usize, &OsString, bool)> = Vec::new();
    for (option, include) in [("exclude", false), ("include", true)] {
        let places = matches.indices_of(option).into_iter().flatten();
        let globs = matches.get_many(option).into_iter().flatten();
        typed.extend(places.zip(globs).map(|(place, glob)| (place, glob, include)));
    }
    if typed.is_empty() {
        return Ok(None);
    }
    typed.sort_unstable_by_key(|(place, ..)| *place);
    let refused = |glob: &OsString, include: bool, why: &str| {
        let option = if include { "--include" } else { "--exclude" };
        UsageError::usage(format!(
            "invalid pattern '{}' for '{option}': {}",
            shown(glob.as_bytes()),
            shown(why.as_bytes())
        ))
    };
    let read = |&(_, glob, include): &(usize, &OsString, bool)| match glob.to_str() {
        Some(text) => Ok(Pattern { glob: text.to_owned(), include }),
        None => Err(refused(glob, include, "it is not UTF-8; '?' stands for any byte")),
    };
    let patterns = typed.iter().map(read).collect::<Result<_, _>>()?;
    let patterns = Patterns::read(patterns).map_err(|BadPattern { number, why }| {
        let (_, glob, include) = typed[number];
        refused(glob, include, &why)
    })?;
    Ok(Some(patterns))
}
