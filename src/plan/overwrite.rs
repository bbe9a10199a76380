//! What may happen to a file where the destination's name is taken: pure decisions on the facts of both.

use super::facts::Facts;
use rustix::fs::FileType;
use rustix::io::Errno;

/// What the destination's name was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// A file, looked at without following.
    File(Facts),
    /// A symbolic link, and the file it leads to.
    LinkTo {
        /// The link itself.
        link: Facts,
        /// What it leads to.
        file: Facts,
    },
    /// A symbolic link that leads nowhere.
    DanglingLink(Facts),
    /// A symbolic link that cannot be followed, and why; most often it leads to itself.
    ClosedLink {
        /// The link itself.
        link: Facts,
        /// What following it answered.
        errno: Errno,
    },
}

impl Found {
    /// What bears the name itself, not what it leads to.
    #[must_use]
    pub(crate) fn own(&self) -> Option<&Facts> {
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
    pub(crate) fn behind(&self) -> Option<&Facts> {
        match self {
            Self::File(file) | Self::LinkTo { file, .. } => Some(file),
            Self::Nothing | Self::DanglingLink(_) | Self::ClosedLink { .. } => None,
        }
    }
}

/// What to do about a destination for the data of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Make it; nothing may be there.
    Create,
    /// Make it through the dangling link, as POSIX wants.
    CreateThroughLink,
    /// Open what is there, which must be this file still, and replace its contents.
    Overwrite(Facts),
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
pub(crate) fn contents(source: &Facts, found: &Found, posixly_correct: bool) -> Verdict {
    match found {
        Found::Nothing => Verdict::Create,
        Found::DanglingLink(_) if posixly_correct => Verdict::CreateThroughLink,
        Found::DanglingLink(_) => Verdict::Dangling,
        Found::ClosedLink { errno, .. } => Verdict::Closed(*errno),
        Found::File(file) | Found::LinkTo { file, .. } if file.identity == source.identity => {
            Verdict::SameFile
        }
        Found::File(file) | Found::LinkTo { file, .. } if file.kind == FileType::Directory => {
            Verdict::IsDirectory
        }
        Found::File(file) | Found::LinkTo { file, .. } => Verdict::Overwrite(*file),
    }
}

/// Whether a file is copied while nothing else is: what it would be written to has another name, which may be that of a source
/// or of another copy; or one of both ends is opened by waiting for another process, as a FIFO is.
#[must_use]
pub(crate) fn goes_alone(source: Option<&Facts>, found: Option<&Found>) -> bool {
    let waits =
        |end: &Facts| !matches!(end.kind, FileType::RegularFile | FileType::Directory | FileType::Symlink);
    source.is_some_and(waits)
        || found.is_some_and(|found| has_another_name(found) || found.behind().is_some_and(waits))
}

fn has_another_name(found: &Found) -> bool {
    match found {
        Found::LinkTo { .. } => true,
        Found::File(file) => file.links > 1,
        Found::Nothing | Found::DanglingLink(_) | Found::ClosedLink { .. } => false,
    }
}

/// Whether the file that was opened is the one that was seen but for its inode: all else is as it was. Opening for
/// writing copies a file up from a lower layer, which keeps what it is, whose it is, and when it was written.
#[must_use]
pub(crate) fn is_renumbered(seen: &Facts, opened: &Facts) -> bool {
    let what = |facts: &Facts| (facts.kind, facts.mode, facts.owner, facts.rdev);
    let contents = |facts: &Facts| (facts.size, facts.modified.tv_sec, facts.modified.tv_nsec);
    what(seen) == what(opened) && contents(seen) == contents(opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::facts::Identity;
    use rustix::fs::Mode;

    fn file(inode: u64, kind: FileType) -> Facts {
        let identity = Identity { device: 1, inode };
        Facts { identity, kind, mode: Mode::from(0o644), size: 1, blocks: 8, ..Facts::unknown() }
    }

    #[test]
    fn a_file_is_never_copied_onto_itself_by_any_name() {
        let source = file(7, FileType::RegularFile);
        let link = file(8, FileType::Symlink);
        assert_eq!(contents(&source, &Found::File(source), false), Verdict::SameFile);
        assert_eq!(contents(&source, &Found::LinkTo { link, file: source }, false), Verdict::SameFile);
    }

    #[test]
    fn what_has_another_name_or_is_waited_for_goes_alone() {
        let (plain, link) = (file(7, FileType::RegularFile), file(8, FileType::Symlink));
        let linked = Facts { links: 2, ..plain };
        for free in [None, Some(Found::Nothing), Some(Found::File(plain)), Some(Found::DanglingLink(link))] {
            assert!(!goes_alone(Some(&plain), free.as_ref()), "{free:?}");
        }
        for taken in [Found::File(linked), Found::LinkTo { link, file: plain }] {
            assert!(goes_alone(Some(&plain), Some(&taken)) && goes_alone(None, Some(&taken)), "{taken:?}");
        }
        for kind in [FileType::Fifo, FileType::CharacterDevice] {
            assert!(goes_alone(Some(&file(9, kind)), Some(&Found::Nothing)));
            assert!(goes_alone(Some(&plain), Some(&Found::File(file(9, kind)))));
        }
    }

    #[test]
    fn a_file_of_a_lower_layer_is_itself_when_it_was_copied_up_and_another_is_not() {
        let seen = file(7, FileType::RegularFile);
        let opened = Facts { identity: Identity { device: 2, inode: 9 }, changed: seen.changed, ..seen };
        assert!(is_renumbered(&seen, &opened));
        assert!(!is_renumbered(&seen, &Facts { size: 2, ..opened }));
        let owner = crate::plan::facts::Owner { user: 1, group: 0 };
        assert!(!is_renumbered(&seen, &Facts { owner, ..opened }));
        let modified = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 1 };
        assert!(!is_renumbered(&seen, &Facts { modified, ..opened }));
        assert!(!is_renumbered(&seen, &Facts { kind: FileType::Fifo, ..opened }));
    }

    #[test]
    fn dangling_links_are_written_through_only_for_posix() {
        let (source, link) = (file(7, FileType::RegularFile), file(8, FileType::Symlink));
        assert_eq!(contents(&source, &Found::DanglingLink(link), false), Verdict::Dangling);
        assert_eq!(contents(&source, &Found::DanglingLink(link), true), Verdict::CreateThroughLink);
    }
}
