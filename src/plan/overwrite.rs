//! What may happen to a file where the destination's name is taken: pure decisions on the facts of both.

use super::facts::FileStat;
use rustix::fs::FileType;
use rustix::io::Errno;

/// What the destination's name was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Nothing,
    /// A file, looked at without following.
    File(FileStat),
    /// A symbolic link, and the file it leads to.
    LinkTo {
        /// The link itself.
        link: FileStat,
        /// What it leads to.
        file: FileStat,
    },
    /// A symbolic link that leads nowhere.
    DanglingLink(FileStat),
    /// A symbolic link that cannot be followed, and why; most often it leads to itself.
    ClosedLink {
        /// The link itself.
        link: FileStat,
        /// What following it answered.
        errno: Errno,
    },
}

impl Existing {
    /// What bears the name itself, not what it leads to.
    #[must_use]
    pub(crate) fn own(&self) -> Option<&FileStat> {
        match self {
            Self::Nothing => None,
            Self::File(own)
            | Self::LinkTo { link: own, .. }
            | Self::DanglingLink(own)
            | Self::ClosedLink { link: own, .. } => Some(own),
        }
    }

    /// What would be written to.
    #[must_use]
    pub(crate) fn behind(&self) -> Option<&FileStat> {
        match self {
            Self::File(file) | Self::LinkTo { file, .. } => Some(file),
            Self::Nothing | Self::DanglingLink(_) | Self::ClosedLink { .. } => None,
        }
    }
}

/// What to do about a destination for the data of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenPlan {
    /// Make it; nothing may be there.
    Create,
    /// Make it through the dangling link, as POSIX wants.
    CreateThroughLink,
    /// Open what is there, which must be this file still, and replace its contents.
    Overwrite(FileStat),
    /// Refuse: it is the source.
    SameFile,
    /// Refuse: it is a directory.
    IsDirectory,
    /// Refuse: it is a link that leads nowhere.
    Dangling,
    /// Refuse, unless it may be removed: it is a link that cannot be followed.
    Closed(Errno),
}

/// Decides about copying the contents of `source` to a name where `found` is.
#[must_use]
pub(crate) fn contents(source: &FileStat, found: &Existing, posixly_correct: bool) -> OpenPlan {
    match found {
        Existing::Nothing => OpenPlan::Create,
        Existing::DanglingLink(_) if posixly_correct => OpenPlan::CreateThroughLink,
        Existing::DanglingLink(_) => OpenPlan::Dangling,
        Existing::ClosedLink { errno, .. } => OpenPlan::Closed(*errno),
        Existing::File(file) | Existing::LinkTo { file, .. } if file.identity == source.identity => {
            OpenPlan::SameFile
        }
        Existing::File(file) | Existing::LinkTo { file, .. } if file.kind == FileType::Directory => {
            OpenPlan::IsDirectory
        }
        Existing::File(file) | Existing::LinkTo { file, .. } => OpenPlan::Overwrite(*file),
    }
}

/// Whether a file is copied while nothing else is: what it would be written to has another name, which may be that of a source
/// or of another copy; or one of both ends is opened by waiting for another process, as a FIFO is.
#[must_use]
pub(crate) fn goes_alone(source: Option<&FileStat>, found: Option<&Existing>) -> bool {
    let waits =
        |end: &FileStat| !matches!(end.kind, FileType::RegularFile | FileType::Directory | FileType::Symlink);
    source.is_some_and(waits)
        || found.is_some_and(|found| has_another_name(found) || found.behind().is_some_and(waits))
}

fn has_another_name(found: &Existing) -> bool {
    match found {
        Existing::LinkTo { .. } => true,
        Existing::File(file) => file.links > 1,
        Existing::Nothing | Existing::DanglingLink(_) | Existing::ClosedLink { .. } => false,
    }
}

/// Whether the file that was opened is the one that was seen but for its inode: all else is as it was. Opening for
/// writing copies a file up from a lower layer, which keeps what it is, whose it is, and when it was written.
#[must_use]
pub(crate) fn is_renumbered(seen: &FileStat, opened: &FileStat) -> bool {
    let what = |facts: &FileStat| (facts.kind, facts.mode, facts.owner, facts.rdev);
    let contents = |facts: &FileStat| (facts.size, facts.modified.tv_sec, facts.modified.tv_nsec);
    what(seen) == what(opened) && contents(seen) == contents(opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::facts::FileId;
    use rustix::fs::Mode;

    fn file(inode: u64, kind: FileType) -> FileStat {
        let identity = FileId { device: 1, inode };
        FileStat { identity, kind, mode: Mode::from(0o644), size: 1, blocks: 8, ..FileStat::UNKNOWN }
    }

    #[test]
    fn a_file_is_never_copied_onto_itself_by_any_name() {
        let source = file(7, FileType::RegularFile);
        let link = file(8, FileType::Symlink);
        assert_eq!(contents(&source, &Existing::File(source), false), OpenPlan::SameFile);
        assert_eq!(contents(&source, &Existing::LinkTo { link, file: source }, false), OpenPlan::SameFile);
    }

    #[test]
    fn what_has_another_name_or_is_waited_for_goes_alone() {
        let (plain, link) = (file(7, FileType::RegularFile), file(8, FileType::Symlink));
        let linked = FileStat { links: 2, ..plain };
        for free in
            [None, Some(Existing::Nothing), Some(Existing::File(plain)), Some(Existing::DanglingLink(link))]
        {
            assert!(!goes_alone(Some(&plain), free.as_ref()), "{free:?}");
        }
        for taken in [Existing::File(linked), Existing::LinkTo { link, file: plain }] {
            assert!(goes_alone(Some(&plain), Some(&taken)) && goes_alone(None, Some(&taken)), "{taken:?}");
        }
        for kind in [FileType::Fifo, FileType::CharacterDevice] {
            assert!(goes_alone(Some(&file(9, kind)), Some(&Existing::Nothing)));
            assert!(goes_alone(Some(&plain), Some(&Existing::File(file(9, kind)))));
        }
    }

    #[test]
    fn a_file_of_a_lower_layer_is_itself_when_it_was_copied_up_and_another_is_not() {
        let seen = file(7, FileType::RegularFile);
        let opened = FileStat { identity: FileId { device: 2, inode: 9 }, changed: seen.changed, ..seen };
        assert!(is_renumbered(&seen, &opened));
        assert!(!is_renumbered(&seen, &FileStat { size: 2, ..opened }));
        let owner = crate::plan::facts::Owner { user: 1, group: 0 };
        assert!(!is_renumbered(&seen, &FileStat { owner, ..opened }));
        let modified = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 1 };
        assert!(!is_renumbered(&seen, &FileStat { modified, ..opened }));
        assert!(!is_renumbered(&seen, &FileStat { kind: FileType::Fifo, ..opened }));
    }

    #[test]
    fn dangling_links_are_written_through_only_for_posix() {
        let (source, link) = (file(7, FileType::RegularFile), file(8, FileType::Symlink));
        assert_eq!(contents(&source, &Existing::DanglingLink(link), false), OpenPlan::Dangling);
        assert_eq!(contents(&source, &Existing::DanglingLink(link), true), OpenPlan::CreateThroughLink);
    }
}
