//! Whether an existing file is to be replaced at all, and whether it may be: `-n`, `-u`, `-i`, `--update`, and when
//! source and destination are one file. Pure decisions on options and facts.

use super::facts::{Facts, Identity};
use super::overwrite::Found;
use crate::cli::cp::{CpOptions, Make, Overwrite};
use rustix::fs::{FileType, Timespec};

/// What the options say of a destination that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is replaced.
    Replace,
    /// It stays, and nothing is said.
    Skip,
    /// It stays, and that is an error.
    Refuse,
    /// It is the source itself, under this or another name.
    SameFile,
    /// It is the source already, as another name of it is what was asked for.
    Done,
    /// It is the source itself, whose copy gets the name of a backup.
    CopyToBackup,
}

/// What is known of a source beside what it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names {
    /// Source and destination are one entry of one directory.
    pub same: bool,
    /// The source's name is a symbolic link that is followed.
    pub through_link: bool,
    /// The file that the source leads to, which is a symbolic link and is not followed.
    pub leads_to: Option<Identity>,
}

/// The fate of what was found under the name that `source`, no directory, is to be copied to.
#[must_use]
pub fn fate(options: &CpOptions, source: &Facts, names: Names, found: &Found) -> Fate {
    let Some(there) = there(options, source, found) else { return Fate::Replace };
    match options.overwrite {
        Overwrite::Skip => return Fate::Skip,
        Overwrite::Refuse => return Fate::Refuse,
        Overwrite::Older | Overwrite::All => {}
    }
    if names.leads_to == Some(there.identity) && options.backup.is_none() {
        // The link must not take the place of its own target.
        return if options.make == Make::HardLinks { Fate::Done } else { Fate::SameFile };
    }
    let kept = options.backup.is_some() && options.force && options.make == Make::Copies;
    if kept && names.same && is_read(options, source.kind) {
        return Fate::CopyToBackup;
    }
    if source.identity == there.identity
        && let Some(fate) = same_file(options, source, names)
    {
        return fate;
    }
    let is_older = later(source.modified, there.modified);
    if options.overwrite == Overwrite::Older && !is_older { Fate::Skip } else { Fate::Replace }
}

/// The file that would be replaced: what a symbolic link leads to or the link itself, as [`looks_through`] says. A link
/// that leads nowhere is nothing that could be replaced, where it would be looked through.
#[must_use]
pub fn there<'f>(options: &CpOptions, source: &Facts, found: &'f Found) -> Option<&'f Facts> {
    let through = looks_through(options, source);
    match found {
        Found::Nothing => None,
        Found::File(file) => Some(file),
        Found::LinkTo { file, .. } if through => Some(file),
        Found::DanglingLink(_) | Found::ClosedLink { .. } if through => None,
        Found::LinkTo { link, .. } | Found::DanglingLink(link) | Found::ClosedLink { link, .. } => Some(link),
    }
}

/// The fate of a file copied onto itself; `None` where another name of it is replaced, not itself.
fn same_file(options: &CpOptions, source: &Facts, names: Names) -> Option<Fate> {
    let another = !names.same && !names.through_link;
    match options.make {
        Make::HardLinks => Some(Fate::Done),
        // What is renamed or removed first is a name, not the file.
        _ if another && (options.backup.is_some() || options.remove_destination) => None,
        Make::Copies if another && source.kind == FileType::Symlink => Some(Fate::Done),
        Make::Copies | Make::SymbolicLinks => Some(Fate::SameFile),
    }
}

/// Whether it is what a symbolic link at the destination leads to that decides, rather than the link itself, which is
/// renamed or removed, or in the way of another link.
#[must_use]
pub fn looks_through(options: &CpOptions, source: &Facts) -> bool {
    is_read(options, source.kind)
        && options.make == Make::Copies
        && options.backup.is_none()
        && !options.remove_destination
}

fn later(time: Timespec, than: Timespec) -> bool {
    (time.tv_sec, time.tv_nsec) > (than.tv_sec, than.tv_nsec)
}

/// Whether a source is read and written, rather than made anew as what it is.
#[must_use]
pub fn is_read(options: &CpOptions, kind: FileType) -> bool {
    match kind {
        FileType::RegularFile => true,
        FileType::Symlink => false,
        _ => !options.recursive || options.copy_contents,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::cp::{Backup, Control};

    const SAME: Names = Names { same: true, through_link: false, leads_to: None };

    fn file(inode: u64, modified: i64) -> Facts {
        let modified = Timespec { tv_sec: modified, tv_nsec: 5 };
        let identity = Identity { device: 1, inode };
        Facts { identity, kind: FileType::RegularFile, modified, ..Facts::unknown() }
    }

    fn with(overwrite: Overwrite) -> CpOptions {
        CpOptions { overwrite, ..CpOptions::default() }
    }

    fn keeping() -> CpOptions {
        let backup = Backup { control: Control::Simple, suffix: "~".into() };
        CpOptions { backup: Some(backup), ..CpOptions::default() }
    }

    #[test]
    fn what_is_not_older_stays_with_u() {
        let there = Found::File(file(2, 10));
        let options = with(Overwrite::Older);
        let fates = [9, 10, 11].map(|time| fate(&options, &file(1, time), Names::default(), &there));
        assert_eq!(fates, [Fate::Skip, Fate::Skip, Fate::Replace]);
    }

    #[test]
    fn n_and_none_fail_come_before_everything_else() {
        let there = Found::File(file(1, 10));
        assert_eq!(fate(&with(Overwrite::Skip), &file(1, 10), SAME, &there), Fate::Skip);
        assert_eq!(fate(&with(Overwrite::Refuse), &file(1, 10), SAME, &there), Fate::Refuse);
        assert_eq!(fate(&with(Overwrite::Older), &file(1, 10), SAME, &there), Fate::SameFile);
    }

    #[test]
    fn another_name_of_the_source_may_be_removed_or_renamed_first() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let removing = CpOptions { remove_destination: true, ..CpOptions::default() };
        assert_eq!(fate(&CpOptions::default(), &source, Names::default(), &there), Fate::SameFile);
        assert_eq!(fate(&removing, &source, Names::default(), &there), Fate::Replace);
        assert_eq!(fate(&removing, &source, SAME, &there), Fate::SameFile);
        let through_link = Names { through_link: true, ..Names::default() };
        assert_eq!(fate(&removing, &source, through_link, &there), Fate::SameFile);
        assert_eq!(fate(&keeping(), &source, Names::default(), &there), Fate::Replace);
        assert_eq!(fate(&keeping(), &source, SAME, &there), Fate::SameFile);
        assert_eq!(fate(&CpOptions { force: true, ..keeping() }, &source, SAME, &there), Fate::CopyToBackup);
    }

    #[test]
    fn a_hard_link_of_a_hard_link_is_there_already() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let linking = CpOptions { make: Make::HardLinks, ..CpOptions::default() };
        assert_eq!(fate(&linking, &source, Names::default(), &there), Fate::Done);
    }
}
