//! Whether an existing file is to be replaced at all, and whether it may be: `-n`, `-u`, `-i`, `--update`, and when
//! source and destination are one file. Pure decisions on options and facts.

use super::facts::Facts;
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
    /// It is the source itself, which is to be kept under a backup's name.
    BackUpSource,
}

/// The fate of what was found under the name that `source`, no directory, is to be copied to. `same_name` says that both
/// are one entry of one directory.
#[must_use]
pub fn fate(options: &CpOptions, source: &Facts, found: &Found, same_name: bool) -> Fate {
    let there = match found {
        Found::Nothing => return Fate::Replace,
        Found::File(file) => file,
        Found::LinkTo { link, file } => {
            if source.kind == FileType::Symlink {
                link
            } else {
                file
            }
        }
        Found::DanglingLink(link) | Found::ClosedLink { link, .. } => link,
    };
    match options.overwrite {
        Overwrite::Skip => return Fate::Skip,
        Overwrite::Refuse => return Fate::Refuse,
        Overwrite::Older | Overwrite::All => {}
    }
    if source.identity == there.identity
        && let Some(fate) = same_file(options, source, found, same_name)
    {
        return fate;
    }
    let is_older = later(source.modified, there.modified);
    if options.overwrite == Overwrite::Older && !is_older { Fate::Skip } else { Fate::Replace }
}

/// The fate of a file copied onto itself; `None` where another name of it is replaced, not itself.
fn same_file(options: &CpOptions, source: &Facts, found: &Found, same_name: bool) -> Option<Fate> {
    let linked = matches!(found, Found::LinkTo { .. });
    match options.make {
        Make::HardLinks if !linked && !same_name => return Some(Fate::Done),
        Make::HardLinks if linked && (options.force || options.remove_destination) => return None,
        Make::SymbolicLinks if linked && options.force => return None,
        Make::HardLinks | Make::SymbolicLinks | Make::Copies => {}
    }
    if same_name {
        let regular = source.kind == FileType::RegularFile && !linked;
        let kept = options.backup.is_some() && options.force && regular && options.make == Make::Copies;
        return Some(if kept { Fate::BackUpSource } else { Fate::SameFile });
    }
    // What is renamed or removed first is a name, not the file.
    if options.backup.is_some() || options.remove_destination { None } else { Some(Fate::SameFile) }
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
    use crate::plan::facts::Identity;

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
        let fates = [9, 10, 11].map(|time| fate(&options, &file(1, time), &there, false));
        assert_eq!(fates, [Fate::Skip, Fate::Skip, Fate::Replace]);
    }

    #[test]
    fn n_and_none_fail_come_before_everything_else() {
        let there = Found::File(file(1, 10));
        assert_eq!(fate(&with(Overwrite::Skip), &file(1, 10), &there, true), Fate::Skip);
        assert_eq!(fate(&with(Overwrite::Refuse), &file(1, 10), &there, true), Fate::Refuse);
        assert_eq!(fate(&with(Overwrite::Older), &file(1, 10), &there, true), Fate::SameFile);
    }

    #[test]
    fn another_name_of_the_source_may_be_removed_or_renamed_first() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let removing = CpOptions { remove_destination: true, ..CpOptions::default() };
        assert_eq!(fate(&CpOptions::default(), &source, &there, false), Fate::SameFile);
        assert_eq!(fate(&removing, &source, &there, false), Fate::Replace);
        assert_eq!(fate(&removing, &source, &there, true), Fate::SameFile);
        assert_eq!(fate(&keeping(), &source, &there, false), Fate::Replace);
        assert_eq!(fate(&keeping(), &source, &there, true), Fate::SameFile);
        assert_eq!(fate(&CpOptions { force: true, ..keeping() }, &source, &there, true), Fate::BackUpSource);
    }

    #[test]
    fn a_hard_link_of_a_hard_link_is_there_already() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let linking = CpOptions { make: Make::HardLinks, ..CpOptions::default() };
        assert_eq!(fate(&linking, &source, &there, false), Fate::Done);
    }
}
