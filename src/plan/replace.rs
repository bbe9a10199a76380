//! Whether an existing file is to be replaced at all, and whether it may be: `-n`, `-u`, `-i`, `--update`, and when
//! source and destination are one file. Pure decisions on options and facts.

use super::facts::{FileId, FileStat};
use super::overwrite::Existing;
use super::path;
use crate::cli::cp::{CpOptions, Follow, Make, Overwrite};
use rustix::fs::{FileType, Timespec};
use rustix::io::Errno;

/// What the options say of a destination that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExistingAction {
    /// It is replaced.
    Replace,
    /// It stays, and nothing is said.
    Skip,
    /// It stays, and that is an error.
    Refuse,
    /// It is the source itself, under this or another name.
    SameFile,
    /// It is the source already, as another name of it is what was asked for. With `-i` there is a question all the same.
    Done,
}

/// What only a look at names tells of a source and a destination that may be one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SameFileEvidence {
    /// Both are one entry of one directory, however they are spelled.
    pub same_entry: bool,
    /// There is one name of the file only, whatever the spellings: removing the one is removing the other.
    pub one_name: bool,
    /// True if the source was reached through a symbolic link.
    pub through_link: bool,
    /// What the source leads to, where that counts: see [`looks_behind`].
    pub leads_to: Option<FileId>,
    /// A symbolic link in the source's place would be followed.
    pub follows: bool,
}

/// The file at the destination that decides: what a link leads to, or the link itself. `None` also where what a link
/// leads to is what counts, and is not there.
#[must_use]
pub(crate) fn there<'f>(options: &CpOptions, source: &FileStat, found: &'f Existing) -> Option<&'f FileStat> {
    let through = looks_through(options, source);
    match found {
        Existing::Nothing => None,
        Existing::File(file) => Some(file),
        Existing::LinkTo { file, .. } if through => Some(file),
        // One that leads round in circles is only met where it is to be forced out of the way.
        Existing::DanglingLink(_) | Existing::ClosedLink { .. } if through => None,
        Existing::LinkTo { link, .. } | Existing::DanglingLink(link) | Existing::ClosedLink { link, .. } => {
            Some(link)
        }
    }
}

/// The fate of what was found under the name that `source`, no directory, is to be copied to.
#[must_use]
pub(crate) fn fate(
    options: &CpOptions,
    source: &FileStat,
    found: &Existing,
    relation: impl FnOnce() -> SameFileEvidence,
) -> ExistingAction {
    let Some(there) = there(options, source, found) else { return ExistingAction::Replace };
    match options.overwrite {
        Overwrite::Skip => return ExistingAction::Skip,
        Overwrite::Refuse => return ExistingAction::Refuse,
        Overwrite::Older | Overwrite::All => {}
    }
    let fate = same_file(options, source, found, relation);
    if fate == ExistingAction::SameFile {
        return fate;
    }
    let is_older = later(source.modified, there.modified);
    if options.overwrite == Overwrite::Older && !is_older { ExistingAction::Skip } else { fate }
}

/// The fate of a file where it may be the source itself; `Replace` where it is not, or where another name of it is
/// replaced. The table was worked out on GNU cp, over all kinds of links and all of these options.
#[must_use]
pub(crate) fn same_file(
    options: &CpOptions,
    source: &FileStat,
    found: &Existing,
    relation: impl FnOnce() -> SameFileEvidence,
) -> ExistingAction {
    let makes_way = makes_way(options);
    let hard_links = options.make == Make::HardLinks;
    let linked = if hard_links { ExistingAction::Done } else { ExistingAction::SameFile };
    match found {
        Existing::LinkTo { link, .. } | Existing::DanglingLink(link) | Existing::ClosedLink { link, .. }
            if source.kind == FileType::Symlink =>
        {
            match link.identity == source.identity {
                false => ExistingAction::Replace,
                true if relation().same_entry => linked,
                true if options.backup.is_some() && !hard_links => ExistingAction::Replace,
                true => ExistingAction::Done,
            }
        }
        // A link is no longer in the way when it has been renamed, removed, or is replaced by another link. What is made
        // anew instead of read is not written through it: GNU cp then notices only that the name is taken.
        Existing::LinkTo { file, .. } if file.identity == source.identity => {
            let replaces = makes_way || options.make != Make::Copies;
            let is_made = || !is_read(options, source.kind) && relation().follows;
            if replaces || is_made() { ExistingAction::Replace } else { ExistingAction::SameFile }
        }
        Existing::File(file) if file.identity == source.identity => {
            let SameFileEvidence { same_entry, one_name, through_link, .. } = relation();
            // What is renamed first can be given its name again, as GNU cp does.
            let same_entry = same_entry || (one_name && options.backup.is_none());
            if hard_links || through_link || same_entry || !makes_way {
                linked
            } else {
                ExistingAction::Replace
            }
        }
        Existing::File(file) if looks_behind(options, source, found) => {
            if relation().leads_to == Some(file.identity) { linked } else { ExistingAction::Replace }
        }
        Existing::Nothing | Existing::File(_) | Existing::LinkTo { .. } => ExistingAction::Replace,
        Existing::DanglingLink(_) | Existing::ClosedLink { .. } => ExistingAction::Replace,
    }
}

/// Whether it counts what a source leads to that is a link itself: where that may be the file at its destination, which would
/// be lost. One that gets a backup is not, and the link is left unread.
#[must_use]
pub(crate) fn looks_behind(options: &CpOptions, source: &FileStat, found: &Existing) -> bool {
    let other = matches!(found, Existing::File(file) if file.identity != source.identity);
    source.kind == FileType::Symlink && other && options.backup.is_none()
}

/// Whether what is there has to be removed before the copy is made, rather than be written, renamed, or be in the way.
#[must_use]
pub(crate) fn is_removed_first(
    options: &CpOptions,
    source: &FileStat,
    there: &FileStat,
    is_operand: bool,
) -> bool {
    let special = source.kind != FileType::RegularFile && !follows(options, is_operand);
    // Other names of it are to keep what they have.
    let shared = options.preserve.links && there.links > 1;
    // A copy that gives no data takes none away: what is there stays, whatever the source is and however many names
    // it has, and is then refused by it, or makes way where forced.
    let stays = options.attributes_only;
    options.remove_destination || (!stays && (shared || special))
}

/// Whether what is in the way of a directory's copy gets a backup where one is asked for. For the contents of a directory
/// (`SOURCE/.`, `SOURCE/..`) GNU cp makes none: what is there is removed, where a special file would have it removed, or else
/// it stays in the way.
#[must_use]
pub(crate) fn is_backed_up_for(directory: &[u8]) -> bool {
    !matches!(path::last_component(directory), b"." | b"..")
}

/// Whether a link that cannot be followed, for this reason, counts as nothing: one that leads round in circles does, where it
/// is to be forced out of the way.
#[must_use]
pub(crate) fn is_forced_out(options: &CpOptions, errno: Errno) -> bool {
    options.force && errno == Errno::LOOP
}

/// True if a link may take the place of what its name turned out to have, given what was found there before. A name
/// that was free had nothing that an option could have asked about: under options that spare some files, or all until
/// they have a backup, what has taken it stays. GNU cp replaces it where it makes hard links of its copies or is
/// forced.
#[must_use]
pub(crate) fn may_link_over(options: &CpOptions, found: Option<&Existing>) -> bool {
    let spares = options.overwrite != Overwrite::All
        || options.ask
        || options.backup.is_some()
        || options.remove_destination;
    !spares || found != Some(&Existing::Nothing)
}

/// Whether a symbolic link that is in the way of the copy of one of this `target` is that copy as well as one that would be made,
/// if it has the same target: with `-u`, of what was seen there. GNU cp meets it so where nothing was removed first
/// (`--attributes-only`), and reads one of that length only.
#[must_use]
pub(crate) fn may_be_the_copy(options: &CpOptions, target: &[u8], found: Option<&Existing>) -> bool {
    let own = found.and_then(Existing::own);
    let is_alike =
        |own: &FileStat| own.kind == FileType::Symlink && usize::try_from(own.size) == Ok(target.len());
    options.overwrite == Overwrite::Older && own.is_some_and(is_alike)
}

/// Whether a symbolic link is followed: an operand, or an entry of a directory.
#[must_use]
pub(crate) fn follows(options: &CpOptions, is_operand: bool) -> bool {
    match options.follow {
        Follow::Never => false,
        Follow::CommandLine => is_operand,
        Follow::Always => true,
    }
}

/// What stands at the name of a directory's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirectoryAction {
    Make,
    /// A directory, which is filled.
    Fill,
    /// A link to one, which counts as one.
    FillThroughLink,
    /// Something else: it is in the way, unless it is kept as a backup.
    InTheWay,
    /// The source itself.
    SameFile,
    /// The source itself, which has all the names already that it is to get.
    Done,
}

/// Whether a link to a directory counts as the directory where the directory `source` is to be copied to.
#[must_use]
pub(crate) fn fills_through_links(options: &CpOptions, source: &FileStat) -> bool {
    // GNU cp wants `--copy-contents` for `--keep-directory-symlink`, too.
    options.keep_directory_symlink && looks_through(options, source)
}

/// The fate of what was found at the name that the directory `source` is to be copied to. The table was worked out on
/// GNU cp.
#[must_use]
pub(crate) fn directory_fate(
    options: &CpOptions,
    source: &FileStat,
    found: &Existing,
    is_operand: bool,
    relation: impl FnOnce() -> SameFileEvidence,
) -> DirectoryAction {
    let keeps_links = fills_through_links(options, source);
    let (counts, fill) = match found {
        Existing::Nothing => return DirectoryAction::Make,
        Existing::LinkTo { file, .. } if keeps_links && file.kind == FileType::Directory => {
            (Existing::File(*file), DirectoryAction::FillThroughLink)
        }
        // One that leads nowhere counts as nothing then, and is in the way of the directory that is made.
        Existing::DanglingLink(_) | Existing::ClosedLink { .. } if keeps_links => {
            return DirectoryAction::Make;
        }
        Existing::File(file) if file.kind == FileType::Directory => (*found, DirectoryAction::Fill),
        Existing::File(_)
        | Existing::LinkTo { .. }
        | Existing::DanglingLink(_)
        | Existing::ClosedLink { .. } => (*found, DirectoryAction::InTheWay),
    };
    let replaces = matches!(options.overwrite, Overwrite::All | Overwrite::Older);
    let may_be = match &counts {
        Existing::File(file) => file.identity == source.identity,
        Existing::LinkTo { file, .. } => file.identity == source.identity && !follows(options, is_operand),
        Existing::Nothing | Existing::DanglingLink(_) | Existing::ClosedLink { .. } => false,
    };
    let same = if replaces && may_be {
        same_file(options, source, &counts, relation)
    } else {
        ExistingAction::Replace
    };
    match same {
        ExistingAction::SameFile => DirectoryAction::SameFile,
        ExistingAction::Done => DirectoryAction::Done,
        ExistingAction::Replace | ExistingAction::Skip | ExistingAction::Refuse => fill,
    }
}

/// Whether it is what a symbolic link at the destination leads to that decides, rather than the link itself, which is
/// renamed or removed, or in the way of another link.
#[must_use]
pub(crate) fn looks_through(options: &CpOptions, source: &FileStat) -> bool {
    is_written_through(options, source.kind)
}

fn is_written_through(options: &CpOptions, kind: FileType) -> bool {
    is_read(options, kind) && options.make == Make::Copies && !makes_way(options)
}

/// Whether what is there is renamed or removed first, which is done to a name rather than to a file.
fn makes_way(options: &CpOptions) -> bool {
    options.backup.is_some() || options.remove_destination
}

/// True if a name that cannot be looked at for links that lead round in circles, on the way to it or beyond it,
/// counts as such a link in a copy's place: it is to be forced out of the way, and that is what is refused.
#[must_use]
pub(crate) fn forces_closed(options: &CpOptions, kind: FileType) -> bool {
    options.force && is_written_through(options, kind)
}

/// As what a source counts when its destination's name is looked at: as a link where what a link there leads to means
/// nothing. Looking through it would change its access time, and could wait for a file system that is to be mounted
/// first. GNU cp looks through one that it would write through, for a directory with `--keep-directory-symlink` only, and
/// through one that may be replaced by what is made anew, to see whether it leads to what that is made of. What was come
/// to by following is not compared so, nor what another symbolic link is made to.
#[must_use]
pub(crate) fn looks_as(options: &CpOptions, kind: FileType, is_operand: bool) -> FileType {
    let may_lead = kind != FileType::Directory || options.keep_directory_symlink;
    let written = may_lead && is_written_through(options, kind);
    let compared = matches!(options.overwrite, Overwrite::All | Overwrite::Older)
        && options.make != Make::SymbolicLinks
        && !makes_way(options)
        && !follows(options, is_operand);
    if written || compared { kind } else { FileType::Symlink }
}

fn later(time: Timespec, than: Timespec) -> bool {
    (time.tv_sec, time.tv_nsec) > (than.tv_sec, than.tv_nsec)
}

/// Whether a source is read and written, rather than made anew as what it is.
#[must_use]
pub(crate) fn is_read(options: &CpOptions, kind: FileType) -> bool {
    match kind {
        FileType::RegularFile => true,
        FileType::Symlink => false,
        _ => !options.recursive || options.copy_contents,
    }
}

/// Whether what is no directory counts as a file: its contents are copied, or a link is made that stands for it.
#[must_use]
pub(crate) fn is_counted(options: &CpOptions, kind: FileType) -> bool {
    options.make != Make::Copies || is_read(options, kind)
}

#[cfg(test)]
mod tests;
