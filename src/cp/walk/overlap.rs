//! Whether operands lie in one another, so that the same file can be met more than once; and whether one leads through what
//! another is copied from.

use super::recursion::Above;
use crate::cli::cp::{CpOptions, Follow};
use crate::cp::job::operand_path::typed;
use crate::pipeline::chain::Directory;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::path;
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
    let named = |name: &[u8]| look(name, false).map(|facts| (name.to_vec(), facts));
    let found: Vec<(Vec<u8>, FileStat)> = names(options).filter_map(named).collect();
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

/// Whether an operand leads through a symbolic link that an earlier one copies: looking at the operand changes the access time
/// of that link, which is to be that from before in the copy. Only links that are the first on their way are found.
#[must_use]
pub(crate) fn leads_through_copied(options: &CpOptions) -> bool {
    let keeps_times_of_links = options.preserve.timestamps && options.follow != Follow::Always;
    if !keeps_times_of_links || !options.recursive || options.sources.len() < 2 {
        return false;
    }
    let follows = options.follow != Follow::Never;
    let memo = Above::default();
    let mut earlier = HashSet::new();
    names(options).any(|name| {
        let is_copied = first_link(name, follows).is_some_and(|(link, identity)| {
            earlier.contains(&identity)
                || !earlier.is_empty()
                    && typed(link).is_some_and(|at| memo.of(&at).iter().any(|above| earlier.contains(above)))
        });
        if !is_copied {
            earlier.extend(look(name, follows).map(|stat| stat.identity));
        }
        is_copied
    })
}

/// The names of operands, as they are looked at.
fn names(options: &CpOptions) -> impl Iterator<Item = &[u8]> {
    options.sources.iter().map(|source| match options.strip_trailing_slashes {
        true => path::without_trailing_slashes(source.as_bytes()),
        false => source.as_bytes(),
    })
}

/// The first symbolic link that is followed on the way to a name, and which file it is. The last component is followed where
/// a slash follows it, or where the name `follows`.
fn first_link(name: &[u8], follows: bool) -> Option<(&[u8], FileId)> {
    let is_end = |&end: &usize| name[end - 1] != b'/' && (end == name.len() || name[end] == b'/');
    let ends = (1..=name.len()).filter(is_end).filter(|&end| follows || end < name.len());
    for end in ends {
        let stat = look(&name[..end], false)?;
        if stat.kind == FileType::Symlink {
            return Some((&name[..end], stat.identity));
        }
    }
    None
}

/// What a name of the working directory leads to.
fn look(name: &[u8], follows: bool) -> Option<FileStat> {
    let flags = if follows { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let stat = process::look(&Directory::Working, &*typed(name)?.name, flags).ok()?;
    Some(FileStat::of(&stat))
}
