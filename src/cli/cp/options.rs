//! What `ucp` is to do, as plain data: every option's meaning with its interplay already resolved, so that nothing
//! after the command line has to know which option was typed, or in which order.

use super::extensions::Extensions;
use super::keywords::Attribute;
use crate::cli::knobs::Knobs;
use crate::report::lines::Detail;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What `ucp` is to do, as far as it can be told without looking at a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CpOptions {
    /// Files to copy, as typed.
    pub sources: Vec<OsString>,
    pub destination: Destination,
    /// `-R`, `-r`, `-a`: directories too, and special files as what they are.
    pub recursive: bool,
    /// `--copy-contents`: with `recursive`, read special files instead of making them anew.
    pub copy_contents: bool,
    /// What is put at the destination: `-l`, `-s`.
    pub make: Make,
    /// Which symbolic links among the sources are followed: `-P -L -H -d -a`, or else as `-R` and `-l` ask for.
    pub follow: Follow,
    /// Which attributes the copy shares with its source: `-p -a -d --preserve --no-preserve`.
    pub preserve: Preserve,
    /// Which files of the destination are replaced: `-n -u --update`.
    pub overwrite: Overwrite,
    /// `-i`: ask before replacing. Never set where `overwrite` replaces nothing.
    pub ask: bool,
    /// `-f`: remove a destination that cannot be opened, and try again. It also words the question differently.
    pub force: bool,
    /// `--remove-destination`: remove each destination before it is opened.
    pub remove_destination: bool,
    /// How a replaced file is kept: `-b`, `--backup`, `-S`, and the environment. `None` also for the control `none`.
    /// Never set where `overwrite` replaces nothing.
    pub backup: Option<Backup>,
    /// `--attributes-only`: leave the data of existing files, and copy none to new ones.
    pub attributes_only: bool,
    /// `--parents`: the source's whole path under the destination, which must be a directory. Where the destination is
    /// [`Destination::Last`] only looking at it tells; one that is no directory is a usage error.
    pub parents: bool,
    /// `--strip-trailing-slashes`: sources lose them, where the copy goes into a directory.
    pub strip_trailing_slashes: bool,
    /// `-x`: do not enter other file systems; their mount points become empty directories.
    pub one_file_system: bool,
    /// `--sparse`: where holes go.
    pub sparse: Sparse,
    /// `--reflink`: whether blocks are shared.
    pub reflink: Reflink,
    /// `--keep-directory-symlink`: copy into directories that the destination reaches by symbolic links.
    pub keep_directory_symlink: bool,
    /// `-v`, `--debug`: say what is being done.
    pub verbose: bool,
    /// `--debug`: say how each file was copied; `verbose` is set too.
    pub debug: bool,
    /// `-Z`, `--context`: what a new file's security context is. Wins over a context that `preserve` tries to keep.
    pub context: Context,
    /// `--direct`: past the page cache.
    pub direct: bool,
    /// POSIXLY_CORRECT: write through dangling symbolic links.
    pub posixly_correct: bool,
    /// What GNU cp does not do.
    pub extensions: Extensions,
    /// How the work is done.
    pub knobs: Knobs,
}

impl CpOptions {
    /// Which lines are shown of what is being done.
    #[must_use]
    pub(crate) fn detail(&self) -> Detail {
        Detail { verbose: self.verbose, debug: self.debug }
    }
}

/// The destination as the operands and options name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `-t DIRECTORY`: it must be a directory.
    Directory(OsString),
    /// The last operand: a directory to copy into if it is one, else the new name.
    Last(OsString),
    /// `-T`: the last operand is the new name, whatever it is.
    Exactly(OsString),
}

impl Default for Destination {
    fn default() -> Self {
        Self::Last(OsString::new())
    }
}

/// What is put at the destination for a file. Directories are always made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Make {
    /// A file of its own.
    #[default]
    Copies,
    /// `-l`: another name of the source.
    HardLinks,
    /// `-s`: a symbolic link to the source's name.
    SymbolicLinks,
}

/// Which symbolic links among the sources stand for what they lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Follow {
    /// None: links are copied. `-P`, `-d`, `-a`, and the default with `-R` unless `-l` is given too.
    Never,
    /// Those on the command line: `-H`.
    CommandLine,
    /// All: `-L`, and the default otherwise.
    #[default]
    Always,
}

/// Which attributes the copy shares with its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Preserve {
    /// Permissions and ACLs.
    pub mode: PreserveMode,
    pub ownership: bool,
    /// Times of access and modification.
    pub timestamps: bool,
    /// Which sources are hard links of one another.
    pub links: bool,
    /// The security context. Anything but `No` only on kernels that have them.
    pub context: Keep,
    pub xattr: Keep,
}

impl Preserve {
    /// Keeps an attribute, or does not. What contexts and extended attributes become depends on how they were asked for, and
    /// is for the caller to say.
    pub(crate) fn set(&mut self, attribute: Attribute, keep: bool) {
        match attribute {
            Attribute::Mode => self.mode = if keep { PreserveMode::Keep } else { PreserveMode::Ignore },
            Attribute::Timestamps => self.timestamps = keep,
            Attribute::Ownership => self.ownership = keep,
            Attribute::Links => self.links = keep,
            Attribute::Context | Attribute::Xattr => {}
            Attribute::All => {
                use Attribute::{Links, Mode, Ownership, Timestamps};
                for each in [Mode, Timestamps, Ownership, Links] {
                    self.set(each, keep);
                }
            }
        }
    }
}

/// What becomes of the permissions of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PreserveMode {
    /// Nothing was said: new files have the source's permission bits as far as the umask lets them, existing ones keep
    /// their own.
    #[default]
    UnderUmask,
    /// All of them, ACLs too, for existing files as well.
    Keep,
    /// `--no-preserve=mode`: those of any new file or directory.
    Ignore,
}

/// How much is made of an attribute that not every file system has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is not kept.
    #[default]
    No,
    /// `-a`: where it cannot be kept, nothing is said.
    Quietly,
    /// `--preserve=all`: failures are told, but for an attribute that the file system does not have; none is an error.
    Telling,
    /// `--preserve=xattr`, `--preserve=context`: every failure is told and is an error.
    Require,
}

/// Which existing files are replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overwrite {
    /// All.
    #[default]
    All,
    /// `-u`, `--update=older`: those older than their source.
    Older,
    /// `-n`, `--update=none`: none, and nothing is said.
    Skip,
    /// `--update=none-fail`: none, and each is an error.
    Refuse,
}

/// How a file that is replaced is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backup {
    /// The kind of name it gets.
    pub control: Control,
    /// What is put after the name where it gets no number. Never empty; it may end in slashes, which no file system
    /// will take.
    pub suffix: OsString,
}

impl Backup {
    /// A backup of this kind. A suffix that would lead out of the directory is none.
    #[must_use]
    pub(crate) fn new(control: Control, suffix: Option<OsString>) -> Self {
        let suffix = suffix.filter(|suffix| is_suffix(suffix));
        Self { control, suffix: suffix.unwrap_or_else(|| "~".into()) }
    }
}

/// Whether names with the suffix stay in the directory: no name may follow a slash. Slashes at the end pass.
fn is_suffix(suffix: &OsStr) -> bool {
    let bytes = suffix.as_bytes();
    let name_end = bytes.iter().position(|&byte| byte == b'/').unwrap_or(bytes.len());
    name_end > 0 && bytes[name_end..].iter().all(|&byte| byte == b'/')
}

/// The kinds of names for backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// The suffix.
    Simple,
    /// A number.
    Numbered,
    /// A number where there are numbered backups of the file already, else the suffix.
    Existing,
}

/// Where holes go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sparse {
    /// Where the source has them.
    #[default]
    Auto,
    /// Wherever there are zeros.
    Always,
    /// Nowhere. Blocks are not shared either then, nor is copying left to the kernel.
    Never,
}

/// Whether a copy shares blocks with its source until one of them is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reflink {
    /// Where the file system can.
    #[default]
    Auto,
    /// Or else it is an error. Only with [`Sparse::Auto`].
    Always,
    /// No; copying is not left to the kernel either.
    Never,
}

/// The security context of a new file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Context {
    /// The one the kernel gives by itself.
    #[default]
    Inherited,
    /// `-Z`, `--context`: the one the policy has for the destination's name.
    DefaultType,
    /// `--context=CTX`.
    Given(OsString),
}
