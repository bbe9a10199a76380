//! Whether operands lie in one another, so that the same file can be met more than once.

use super::recursion::Above;
use crate::cli::cp::{CpOptions, Follow};
use crate::cp::job::operand_path::typed;
use crate::pipeline::chain::Directory;
use crate::plan::facts::{FileId, FileStat};
use crate::process;
use rustix::fs::{AtFlags, FileType};
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;

/// Whether any two operands of a run are one file, or one lies below the other. Names that are read from a list could, and
/// so could what links lead to.
#[must_use]
pub(crate) fn is_any(options: &CpOptions) -> bool {
    if options.extensions.choosing.names_from.is_some() || options.follow != Follow::Never {
        return true;
    }
    let look = |name: &[u8]| {
        let at = typed(name)?;
        let stat = process::look(&Directory::Working, &*at.name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some((name.to_vec(), FileStat::of(&stat)))
    };
    let found: Vec<(Vec<u8>, FileStat)> =
        options.sources.iter().filter_map(|source| look(source.as_bytes())).collect();
    let mut all = HashSet::new();
    if !found.iter().all(|(_, facts)| all.insert(facts.identity)) {
        return true;
    }
    let is_directory = |facts: &FileStat| facts.kind == FileType::Directory;
    let directories: HashSet<FileId> =
        found.iter().filter(|(_, facts)| is_directory(facts)).map(|(_, facts)| facts.identity).collect();
    let memo = Above::default();
    let lies_in_one = |(name, facts): &(Vec<u8>, FileStat)| {
        // A directory is above what it is called here.
        let inside = if is_directory(facts) { [name, &b"/."[..]].concat() } else { name.clone() };
        let own = usize::from(is_directory(facts));
        let above = typed(&inside).map(|at| memo.of(&at)).unwrap_or_default();
        above.iter().skip(own).any(|above| directories.contains(above))
    };
    !directories.is_empty() && found.iter().any(lies_in_one)
}
