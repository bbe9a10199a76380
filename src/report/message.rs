//! What can go wrong with a file, and GNU's words for each.

use super::quote::{self, Charset};
use rustix::io::Errno;

/// The kinds of message, one for each wording. They are the same whether the engine, the walk or the planning met them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
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
    /// The names of extended attributes could not be listed.
    ListingAttributes,
    /// An extended attribute could not be read.
    GettingAttribute,
    /// An extended attribute could not be set.
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
pub enum Output {
    /// The file of `--manifest`.
    Manifest,
    /// That of `--stats-file`.
    Stats,
}

impl Output {
    const fn words(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest ",
            Self::Stats => "the file of statistics ",
        }
    }
}

/// What such a file is, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
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
    const fn words(self, output: Output) -> [&'static str; 3] {
        const ANOTHER: &str = "; name another FILE";
        const TOO: &str = " too; name another FILE";
        let [between, after] = match self {
            Self::Operand => [" is the operand ", TOO],
            Self::Below => [" lies in the source ", ANOTHER],
            Self::Source => [" is the source ", TOO],
            Self::Copy => [" would be the copy of ", TOO],
            Self::List => [" is the list of names ", TOO],
            Self::Stats => [" is the file of statistics ", TOO],
            Self::StandardOutput => ["", " is standard output, too; name another FILE"],
        };
        [output.words(), between, after]
    }
}

impl What {
    /// The words before the first name, between the names, and after the last one.
    #[allow(clippy::too_many_lines, reason = "a table, with a line for each wording")]
    const fn words(self) -> [&'static str; 3] {
        match self {
            Self::CannotStat => ["cannot stat ", "", ""],
            Self::CannotOpen => ["cannot open ", "", " for reading"],
            Self::CannotExamine => ["cannot fstat ", "", ""],
            Self::CannotSeek => ["cannot lseek ", "", ""],
            Self::CannotAccess => ["cannot access ", "", ""],
            Self::CannotCreateRegular => ["cannot create regular file ", "", ""],
            Self::CannotCreateDirectory => ["cannot create directory ", "", ""],
            Self::CannotMakeDirectory => ["cannot make directory ", "", ""],
            Self::NotADirectory => ["", "", " exists but is not a directory"],
            Self::GettingAttributes => ["failed to get attributes of ", "", ""],
            Self::CannotCreateLink => ["cannot create symbolic link ", "", ""],
            Self::CannotCreateFifo => ["cannot create fifo ", "", ""],
            Self::CannotCreateSpecial => ["cannot create special file ", "", ""],
            Self::CannotReadLink => ["cannot read symbolic link ", "", ""],
            Self::CannotRemove => ["cannot remove ", "", ""],
            Self::Reading => ["error reading ", "", ""],
            Self::Writing => ["error writing ", "", ""],
            Self::CannotClone => ["failed to clone ", " from ", ""],
            Self::Copying => ["error copying ", " to ", ""],
            Self::Truncating => ["failed to extend ", "", ""],
            // GNU cp makes no copy longer than what it has read, and has no words for this.
            Self::Cutting => ["failed to truncate ", "", ""],
            Self::Differs { .. } => {
                ["verification of ", "", " failed: first difference in the block at byte "]
            }
            Self::CannotHash => ["cannot verify ", ": ", " changed while it was being copied"],
            Self::Closing => ["failed to close ", "", ""],
            Self::Syncing => ["error syncing ", "", ""],
            Self::LeftOver => {
                ["warning: ", "", " is left from a copy that was interrupted, or is being written"]
            }
            Self::OpeningToSync => ["error opening ", "", ""],
            Self::SettingPermissions | Self::LendingPermissions => ["setting permissions for ", "", ""],
            Self::PreservingPermissions | Self::RestoringPermissions => {
                ["preserving permissions for ", "", ""]
            }
            Self::ClearingPermissions => ["clearing permissions for ", "", ""],
            Self::PreservingTimes => ["preserving times for ", "", ""],
            Self::PreservingOwnership | Self::PreservingLinkOwnership => {
                ["failed to preserve ownership for ", "", ""]
            }
            Self::ListingAttributes => ["listing attributes of ", "", ""],
            Self::GettingAttribute => ["getting attribute ", " of ", ""],
            Self::SettingAttribute => ["setting attribute ", " for ", ""],
            Self::SettingAttributes => ["setting attributes for ", "", ""],
            Self::OmittingDirectory => ["-r not specified; omitting directory ", "", ""],
            Self::Replaced => ["skipping file ", "", ", as it was replaced while being copied"],
            Self::SameFile => ["", " and ", " are the same file"],
            Self::OutputMeets(output, meeting) => meeting.words(output),
            Self::IntoItself => ["cannot copy a directory, ", ", into itself, ", ""],
            Self::HardLinkDirectory => ["will not create hard link ", " to directory ", ""],
            Self::CyclicLink => ["cannot copy cyclic symbolic link ", "", ""],
            Self::OverwriteDirectory => ["cannot overwrite directory ", " with non-directory ", ""],
            Self::OverwriteNonDirectory => ["cannot overwrite non-directory ", " with directory ", ""],
            Self::DanglingLink => ["not writing through dangling symlink ", "", ""],
            Self::JustCreated => ["will not overwrite just-created ", " with ", ""],
            Self::JustCreatedLink => ["will not copy ", " through just-created symlink ", ""],
            Self::Target => ["target ", "", ""],
            Self::TargetDirectory => ["target directory ", "", ""],
            Self::TwiceFile => ["warning: source file ", "", " specified more than once"],
            Self::TwiceDirectory => ["warning: source directory ", "", " specified more than once"],
            Self::UnknownType => ["", "", " has unknown file type"],
            Self::NotReplacing => ["not replacing ", "", ""],
            Self::CannotBackUp => ["cannot backup ", "", ""],
            Self::CannotUndoBackUp => ["cannot un-backup ", "", ""],
            Self::BackupDestroys => ["backing up ", " might destroy source;  ", " not copied"],
            Self::CannotCreateHardLink => ["cannot create hard link ", " to ", ""],
            Self::CannotCreateLinkTo => ["cannot create symbolic link ", " to ", ""],
            Self::NotUsingRules => ["not using the rules in ", "", ""],
            Self::RelativeLink => ["", "", ": can make relative symbolic links only in current directory"],
        }
    }

    /// Whether the exit status says so.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::TwiceFile | Self::TwiceDirectory | Self::LeftOver)
    }
}

/// One message to the user: what, about which files, and what the system said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which wording.
    pub what: What,
    /// The file it is about, or the first of two in the order of the words.
    pub path: Vec<u8>,
    /// The second file, where the words name two.
    pub other: Option<Vec<u8>>,
    /// The system's reason.
    pub errno: Option<Errno>,
}

impl Problem {
    /// A message about one file, with the system's reason.
    #[must_use]
    pub fn failed(what: What, path: Vec<u8>, errno: Errno) -> Self {
        Self { what, path, other: None, errno: Some(errno) }
    }

    /// A message about one file.
    #[must_use]
    pub fn of(what: What, path: Vec<u8>) -> Self {
        Self { what, path, other: None, errno: None }
    }

    /// A message about two files.
    #[must_use]
    pub fn between(what: What, path: Vec<u8>, other: Vec<u8>) -> Self {
        Self { what, path, other: Some(other), errno: None }
    }

    /// The message, without the program's name and the newline.
    #[must_use]
    pub fn text(&self, charset: Charset) -> Vec<u8> {
        let [before, between, after] = self.what.words();
        let mut text = before.as_bytes().to_vec();
        match self.what {
            // GNU cp quotes the one name of this message only where a shell would need it, and not at all here.
            What::RelativeLink => text.extend(quote::needed(&self.path, charset)),
            // These words are of the library that sets ACLs, which quotes as for options.
            What::SettingPermissions | What::PreservingPermissions => {
                text.extend(quote::option_argument(&self.path, charset));
            }
            What::PreservingLinkOwnership => text.extend(&self.path),
            _ => text.extend(quote::always(&self.path, charset)),
        }
        if let Some(other) = &self.other {
            text.extend(between.as_bytes());
            text.extend(quote::always(other, charset));
        }
        text.extend(after.as_bytes());
        if let What::Differs { offset } = self.what {
            text.extend(offset.to_string().as_bytes());
        }
        if let Some(errno) = self.errno {
            text.extend(b": ");
            text.extend(describe(errno).as_bytes());
        }
        text
    }
}

/// The C library's words for an error number.
#[must_use]
pub fn describe(errno: Errno) -> String {
    let text = std::io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
    // The standard library appends " (os error N)".
    text.rfind(" (os error").map_or_else(|| text.clone(), |end| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_gnu_s() {
        let missing = Problem::failed(What::CannotStat, b"a b".to_vec(), Errno::NOENT);
        assert_eq!(missing.text(Charset::Utf8), b"cannot stat 'a b': No such file or directory");
        let itself = Problem::between(What::IntoItself, b"d".to_vec(), b"d/d".to_vec());
        assert_eq!(itself.text(Charset::Utf8), b"cannot copy a directory, 'd', into itself, 'd/d'");
        let open = Problem::failed(What::CannotOpen, b"f".to_vec(), Errno::ACCESS);
        assert_eq!(open.text(Charset::Utf8), b"cannot open 'f' for reading: Permission denied");
    }
}
