//! What may happen to a file where the destination's name is taken: pure decisions on the facts of both.

use super::facts::{Facts, Identity};
use rustix::fs::FileType;
use rustix::io::Errno;

/// What the destination's name was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
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

/// What to do about a destination for the data of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
pub fn contents(source: &Facts, found: &Found, posixly_correct: bool) -> Verdict {
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

/// What to do about a destination for a file that is made anew as what it is: a link, a FIFO, a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// Make it; nothing may be there.
    Make,
    /// Remove what is there first.
    Replace,
    /// Refuse: it is the source, or leads to it.
    SameFile,
    /// Refuse: it is a directory.
    IsDirectory,
    /// Nothing to do: two names of one symbolic link.
    Nothing,
}

/// Decides about making a copy of the special file or symbolic link `source`, which may lead to the file `leads_to`, at
/// a name where `found` is.
#[must_use]
pub fn special(source: &Facts, leads_to: Option<Identity>, found: &Found, same_name: bool) -> Replacement {
    match found {
        Found::Nothing => Replacement::Make,
        Found::File(file) if Some(file.identity) == leads_to => Replacement::SameFile,
        Found::File(file)
        | Found::LinkTo { link: file, .. }
        | Found::DanglingLink(file)
        | Found::ClosedLink { link: file, .. }
            if file.identity == source.identity =>
        {
            if source.kind == FileType::Symlink && !same_name {
                Replacement::Nothing
            } else {
                Replacement::SameFile
            }
        }
        Found::File(file) if file.kind == FileType::Directory => Replacement::IsDirectory,
        Found::LinkTo { file, .. } if file.identity == source.identity => Replacement::SameFile,
        Found::File(_) | Found::LinkTo { .. } | Found::DanglingLink(_) | Found::ClosedLink { .. } => {
            Replacement::Replace
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn a_link_does_not_replace_the_file_it_leads_to() {
        let (link, file) = (file(8, FileType::Symlink), file(7, FileType::RegularFile));
        assert_eq!(special(&link, Some(file.identity), &Found::File(file), false), Replacement::SameFile);
    }

    #[test]
    fn dangling_links_are_written_through_only_for_posix() {
        let (source, link) = (file(7, FileType::RegularFile), file(8, FileType::Symlink));
        assert_eq!(contents(&source, &Found::DanglingLink(link), false), Verdict::Dangling);
        assert_eq!(contents(&source, &Found::DanglingLink(link), true), Verdict::CreateThroughLink);
    }

    #[test]
    fn a_special_file_replaces_what_is_there_unless_that_is_a_directory() {
        let source = file(7, FileType::Fifo);
        let old = file(9, FileType::RegularFile);
        assert_eq!(special(&source, None, &Found::File(old), false), Replacement::Replace);
        assert_eq!(
            special(&source, None, &Found::File(file(9, FileType::Directory)), false),
            Replacement::IsDirectory
        );
        assert_eq!(special(&source, None, &Found::Nothing, false), Replacement::Make);
    }
}
