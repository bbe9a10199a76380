//! What can go wrong with a file, and GNU's words for each.

use super::language::{Language, Words};
use super::quote;
use rustix::io::Errno;

/// The kinds of message, one for each wording. They are the same whether the engine, the walk or the planning met them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// A source or destination could not be looked at.
    CannotStat,
    /// A source file could not be opened.
    CannotOpen,
    /// An open file could not be examined.
    CannotExamine,
    /// The map of a source's data could not be had.
    CannotSeek,
    /// A directory could not be opened or listed.
    CannotAccess,
    /// The destination file could not be created or opened.
    CannotCreateRegular,
    /// A directory could not be made.
    CannotCreateDirectory,
    /// A directory above a copy could not be made.
    CannotMakeDirectory,
    /// What is to be a directory above a copy is none.
    NotADirectory,
    /// A directory above a source could not be looked at.
    GettingAttributes,
    /// A symbolic link could not be made.
    CannotCreateLink,
    /// A FIFO could not be made.
    CannotCreateFifo,
    /// A socket or device could not be made.
    CannotCreateSpecial,
    /// A symbolic link's target could not be read.
    CannotReadLink,
    /// A destination in the way could not be removed.
    CannotRemove,
    /// The source failed while it was read.
    Reading,
    /// The destination failed while it was written.
    Writing,
    /// The destination does not share the source's blocks, as was asked for.
    CannotClone,
    /// The kernel failed to copy from one to the other.
    Copying,
    /// The destination could not be brought to its length.
    Truncating,
    /// A copy that is longer than its source by now could not be cut.
    Cutting,
    /// A copy is not what was read of its source.
    Differs {
        /// The offset of the first block that differs.
        offset: u64,
    },
    /// The source has changed while it was copied, so that there is no saying what the copy should be.
    CannotHash,
    /// A file failed to close.
    Closing,
    /// A file or directory could not be made durable.
    Syncing,
    /// A directory could not be opened to be made durable.
    OpeningToSync,
    /// A file has the name of one that is not complete. A warning: it does not count as a failure.
    LeftOver,
    /// Permissions could not be made those of any new file.
    SettingPermissions,
    /// The owner of a new directory could not be given the permissions that filling it takes.
    LendingPermissions,
    /// Permissions or an ACL could not be made those of the source.
    PreservingPermissions,
    /// Permissions that were held back at first could not be given.
    RestoringPermissions,
    /// Permissions of a file that is to change hands could not be taken back.
    ClearingPermissions,
    /// Times could not be made those of the source.
    PreservingTimes,
    /// User or group could not be made those of the source.
    PreservingOwnership,
    /// User or group of a symbolic link could not be made those of the source.
    PreservingLinkOwnership,
    /// A file that was there before is neither what it was nor what it was to be.
    Incomplete,
    /// The names of extended attributes could not be listed.
    ListingAttributes,
    /// An extended attribute could not be read: the other name is its.
    GettingAttribute,
    /// An extended attribute could not be set: the other name is its.
    SettingAttribute,
    /// Extended attributes cannot be set.
    SettingAttributes,
    /// A directory was given without `-r`.
    OmittingDirectory,
    /// The source is not the file any more that was looked at.
    Replaced,
    /// Source and destination are one file.
    SameFile,
    /// What is to be written beside the copies is something that is read or made.
    OutputMeets(Output, Meeting),
    /// A directory would be copied into itself.
    IntoItself,
    /// A directory would be copied into itself, by a way that is not its own name.
    HardLinkDirectory,
    /// A symbolic link that is followed leads to a directory above it.
    CyclicLink,
    /// The destination is a directory, the source is not.
    OverwriteDirectory,
    /// The source is a directory, the destination is not.
    OverwriteNonDirectory,
    /// The destination is a symbolic link that leads nowhere.
    DanglingLink,
    /// An earlier source has just made this destination.
    JustCreated,
    /// An earlier source has just made this destination, a symbolic link.
    JustCreatedLink,
    /// The last operand must be a directory and is not.
    Target,
    /// The operand of `-t` must be a directory and is not.
    TargetDirectory,
    /// A source file was given twice. A warning: it does not count as a failure.
    TwiceFile,
    /// A source directory was given twice. A warning: it does not count as a failure.
    TwiceDirectory,
    /// The file has an unknown type.
    UnknownType,
    /// An existing file stays, as was asked for, and that is an error.
    NotReplacing,
    /// A destination could not be renamed to its backup's name.
    CannotBackUp,
    /// A backup could not be given its old name again.
    CannotUndoBackUp,
    /// The source bears the name that the destination's backup would get.
    BackupDestroys,
    /// A hard link could not be made.
    CannotCreateHardLink,
    /// A symbolic link to the source could not be made.
    CannotCreateLinkTo,
    /// A .gitignore file could not be read.
    NotUsingRules,
    /// A relative symbolic link would not lead to the source from where it is.
    RelativeLink,
}

/// What a run writes beside its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The file of `--manifest`.
    Manifest,
    /// That of `--stats-file`.
    Stats,
}

impl Output {
    const fn words(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest",
            Self::Stats => "the file of statistics",
        }
    }
}

/// What such a file is, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// An operand.
    Operand,
    /// A file in a source.
    Below,
    /// A source that was met on the way.
    Source,
    /// The copy of a source.
    Copy,
    /// The list of sources.
    List,
    /// The file of statistics.
    Stats,
    /// Standard output.
    StandardOutput,
}

impl Meeting {
    /// The words, with places for what is written, for its name, and for the other name.
    const fn words(self) -> Words {
        match self {
            Self::Operand => Words::own("%s %s is the operand %s too; name another FILE"),
            Self::Below => Words::own("%s %s lies in the source %s; name another FILE"),
            Self::Source => Words::own("%s %s is the source %s too; name another FILE"),
            Self::Copy => Words::own("%s %s would be the copy of %s too; name another FILE"),
            Self::List => Words::own("%s %s is the list of names %s too; name another FILE"),
            Self::Stats => Words::own("%s %s is the file of statistics %s too; name another FILE"),
            Self::StandardOutput => Words::own("%s %s is standard output, too; name another FILE"),
        }
    }
}

impl MessageKind {
    /// The words, with a place for each name.
    #[allow(clippy::too_many_lines, reason = "a table, with a line for each wording")]
    const fn words(self) -> Words {
        match self {
            Self::CannotStat => Words::gnu("cannot stat %s"),
            Self::CannotOpen => Words::gnu("cannot open %s for reading"),
            Self::CannotExamine => Words::gnu("cannot fstat %s"),
            Self::CannotSeek => Words::gnu("cannot lseek %s"),
            Self::CannotAccess => Words::gnu("cannot access %s"),
            Self::CannotCreateRegular => Words::gnu("cannot create regular file %s"),
            Self::CannotCreateDirectory => Words::gnu("cannot create directory %s"),
            Self::CannotMakeDirectory => Words::gnu("cannot make directory %s"),
            Self::NotADirectory => Words::gnu("%s exists but is not a directory"),
            Self::GettingAttributes => Words::gnu("failed to get attributes of %s"),
            Self::CannotCreateLink => Words::gnu("cannot create symbolic link %s"),
            Self::CannotCreateFifo => Words::gnu("cannot create fifo %s"),
            Self::CannotCreateSpecial => Words::gnu("cannot create special file %s"),
            Self::CannotReadLink => Words::gnu("cannot read symbolic link %s"),
            Self::CannotRemove => Words::gnu("cannot remove %s"),
            Self::Reading => Words::gnu("error reading %s"),
            Self::Writing => Words::gnu("error writing %s"),
            Self::CannotClone => Words::gnu("failed to clone %s from %s"),
            Self::Copying => Words::gnu("error copying %s to %s"),
            Self::Truncating => Words::gnu("failed to extend %s"),
            // GNU cp makes no copy longer than what it has read, and has no words for this.
            Self::Cutting => Words::own("failed to truncate %s"),
            Self::Differs { .. } => {
                Words::own("verification of %s failed: first difference in the block at byte %s")
            }
            Self::CannotHash => Words::own("cannot verify %s: %s changed while it was being copied"),
            Self::Closing => Words::gnu("failed to close %s"),
            Self::Syncing => Words::own("error syncing %s"),
            Self::LeftOver => {
                Words::own("warning: %s is left from a copy that was interrupted, or is being written")
            }
            Self::OpeningToSync => Words::own("error opening %s"),
            Self::SettingPermissions => Words::gnulib("setting permissions for %s"),
            Self::LendingPermissions => Words::gnu("setting permissions for %s"),
            Self::PreservingPermissions => Words::gnulib("preserving permissions for %s"),
            Self::RestoringPermissions => Words::gnu("preserving permissions for %s"),
            Self::ClearingPermissions => Words::gnu("clearing permissions for %s"),
            Self::PreservingTimes => Words::gnu("preserving times for %s"),
            Self::PreservingOwnership | Self::PreservingLinkOwnership => {
                Words::gnu("failed to preserve ownership for %s")
            }
            Self::Incomplete => Words::own("%s was being overwritten and is incomplete"),
            Self::ListingAttributes => Words::gnu("listing attributes of %s"),
            Self::GettingAttribute => Words::gnu("getting attribute %s of %s"),
            Self::SettingAttribute => Words::gnu("setting attribute %s for %s"),
            Self::SettingAttributes => Words::gnu("setting attributes for %s"),
            Self::OmittingDirectory => Words::gnu("-r not specified; omitting directory %s"),
            Self::Replaced => Words::gnu("skipping file %s, as it was replaced while being copied"),
            Self::SameFile => Words::gnu("%s and %s are the same file"),
            Self::OutputMeets(_, meeting) => meeting.words(),
            Self::IntoItself => Words::gnu("cannot copy a directory, %s, into itself, %s"),
            Self::HardLinkDirectory => Words::gnu("will not create hard link %s to directory %s"),
            Self::CyclicLink => Words::gnu("cannot copy cyclic symbolic link %s"),
            Self::OverwriteDirectory => Words::gnu("cannot overwrite directory %s with non-directory %s"),
            Self::OverwriteNonDirectory => Words::gnu("cannot overwrite non-directory %s with directory %s"),
            Self::DanglingLink => Words::gnu("not writing through dangling symlink %s"),
            Self::JustCreated => Words::gnu("will not overwrite just-created %s with %s"),
            Self::JustCreatedLink => Words::gnu("will not copy %s through just-created symlink %s"),
            Self::Target => Words::gnu("target %s"),
            Self::TargetDirectory => Words::gnu("target directory %s"),
            Self::TwiceFile => Words::gnu("warning: source file %s specified more than once"),
            Self::TwiceDirectory => Words::gnu("warning: source directory %s specified more than once"),
            Self::UnknownType => Words::gnu("%s has unknown file type"),
            Self::NotReplacing => Words::gnu("not replacing %s"),
            Self::CannotBackUp => Words::gnu("cannot backup %s"),
            Self::CannotUndoBackUp => Words::gnu("cannot un-backup %s"),
            Self::BackupDestroys => Words::gnu("backing up %s might destroy source;  %s not copied"),
            Self::CannotCreateHardLink => Words::gnu("cannot create hard link %s to %s"),
            Self::CannotCreateLinkTo => Words::gnu("cannot create symbolic link %s to %s"),
            Self::NotUsingRules => Words::own("not using the rules in %s"),
            Self::RelativeLink => {
                Words::gnu("%s: can make relative symbolic links only in current directory")
            }
        }
    }

    /// Whether the exit status says so.
    #[must_use]
    pub(crate) const fn is_failure(self) -> bool {
        !matches!(self, Self::TwiceFile | Self::TwiceDirectory | Self::LeftOver)
    }
}

/// One message to the user: what, about which files, and what the system said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileError {
    /// Which wording.
    pub what: MessageKind,
    /// The file it is about, or the first of two in the order of the words.
    pub path: Vec<u8>,
    /// The second file, where the words name two.
    pub other: Option<Vec<u8>>,
    /// The system's reason.
    pub errno: Option<Errno>,
}

impl FileError {
    /// A message about one file, with the system's reason.
    #[must_use]
    pub(crate) fn failed(what: MessageKind, path: Vec<u8>, errno: Errno) -> Self {
        Self { what, path, other: None, errno: Some(errno) }
    }

    /// A message about one file.
    #[must_use]
    pub(crate) fn of(what: MessageKind, path: Vec<u8>) -> Self {
        Self { what, path, other: None, errno: None }
    }

    /// A message about two files.
    #[must_use]
    pub(crate) fn between(what: MessageKind, path: Vec<u8>, other: Vec<u8>) -> Self {
        Self { what, path, other: Some(other), errno: None }
    }

    /// The message, without the program's name and the newline.
    #[must_use]
    pub(crate) fn text(&self, language: &Language) -> Vec<u8> {
        let charset = language.charset();
        let words = self.what.words();
        let path = match self.what {
            // GNU cp quotes the one name of this message only where a shell would need it, and not at all here.
            MessageKind::RelativeLink => quote::needed(&self.path, charset),
            // These words are of the library that sets ACLs, which quotes as for options.
            MessageKind::SettingPermissions | MessageKind::PreservingPermissions => {
                language.option_argument(&self.path)
            }
            MessageKind::PreservingLinkOwnership => self.path.clone(),
            _ => quote::always(&self.path, charset),
        };
        let other = self.other.as_ref().map(|other| quote::always(other, charset)).unwrap_or_default();
        let mut text = match self.what {
            MessageKind::OutputMeets(output, _) => {
                language.message(words, &[output.words().as_bytes(), &path, &other])
            }
            // GNU cp names the attribute twice, and not the file.
            MessageKind::GettingAttribute | MessageKind::SettingAttribute => {
                language.message(words, &[&other, &other])
            }
            MessageKind::Differs { offset } => {
                language.message(words, &[&path, offset.to_string().as_bytes()])
            }
            _ => language.message(words, &[&path, &other]),
        };
        if let Some(errno) = self.errno {
            text.extend(b": ");
            text.extend(language.reason(errno, words));
        }
        text
    }
}

/// The C library's words for an error number, in English.
#[must_use]
pub(crate) fn describe(errno: Errno) -> String {
    let text = std::io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
    // The standard library appends " (os error N)".
    text.rfind(" (os error").map_or_else(|| text.clone(), |end| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quote::Charset;

    #[test]
    fn the_words_are_gnu_s() {
        let english = Language::english(Charset::Utf8);
        let missing = FileError::failed(MessageKind::CannotStat, b"a b".to_vec(), Errno::NOENT);
        assert_eq!(missing.text(&english), b"cannot stat 'a b': No such file or directory");
        let itself = FileError::between(MessageKind::IntoItself, b"d".to_vec(), b"d/d".to_vec());
        assert_eq!(itself.text(&english), b"cannot copy a directory, 'd', into itself, 'd/d'");
        let open = FileError::failed(MessageKind::CannotOpen, b"f".to_vec(), Errno::ACCESS);
        assert_eq!(open.text(&english), b"cannot open 'f' for reading: Permission denied");
    }
}
