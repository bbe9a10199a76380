//! Whether an existing file is to be replaced at all, and whether it may be: `-n`, `-u`, `-i`, `--update`, and when
//! source and destination are one file. Pure decisions on options and facts.

use super::facts::{Facts, Identity};
use super::overwrite::Found;
use super::path;
use crate::cli::cp::{CpOptions, Follow, Make, Overwrite};
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
    /// It is the source already, as another name of it is what was asked for. With `-i` there is a question all the same.
    Done,
}

/// What only a look at names tells of a source and a destination that may be one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relation {
    /// Both are one entry of one directory, however they are spelled.
    pub same_entry: bool,
    /// There is one name of the file only, whatever the spellings: removing the one is removing the other.
    pub one_name: bool,
    /// The source was come to through a symbolic link.
    pub through_link: bool,
    /// What the source leads to, where it is a symbolic link that is not followed.
    pub leads_to: Option<Identity>,
    /// A symbolic link in the source's place would be followed.
    pub follows: bool,
}

/// The file at the destination that decides: what a link leads to, or the link itself. `None` also where what a link
/// leads to is what counts, and is not there.
#[must_use]
pub fn there<'f>(options: &CpOptions, source: &Facts, found: &'f Found) -> Option<&'f Facts> {
    let through = looks_through(options, source);
    match found {
        Found::Nothing => None,
        Found::File(file) => Some(file),
        Found::LinkTo { file, .. } if through => Some(file),
        // One that leads round in circles is only met where it is to be forced out of the way.
        Found::DanglingLink(_) | Found::ClosedLink { .. } if through => None,
        Found::LinkTo { link, .. } | Found::DanglingLink(link) | Found::ClosedLink { link, .. } => Some(link),
    }
}

/// The fate of what was found under the name that `source`, no directory, is to be copied to.
#[must_use]
pub fn fate(options: &CpOptions, source: &Facts, found: &Found, relation: impl FnOnce() -> Relation) -> Fate {
    let Some(there) = there(options, source, found) else { return Fate::Replace };
    match options.overwrite {
        Overwrite::Skip => return Fate::Skip,
        Overwrite::Refuse => return Fate::Refuse,
        Overwrite::Older | Overwrite::All => {}
    }
    let fate = same_file(options, source, found, relation);
    if fate == Fate::SameFile {
        return fate;
    }
    let is_older = later(source.modified, there.modified);
    if options.overwrite == Overwrite::Older && !is_older { Fate::Skip } else { fate }
}

/// The fate of a file where it may be the source itself; `Replace` where it is not, or where another name of it is
/// replaced. The table was worked out on GNU cp, over all kinds of links and all of these options.
#[must_use]
pub fn same_file(
    options: &CpOptions,
    source: &Facts,
    found: &Found,
    relation: impl FnOnce() -> Relation,
) -> Fate {
    // What is renamed or removed first is a name, not the file.
    let makes_way = options.backup.is_some() || options.remove_destination;
    let hard_links = options.make == Make::HardLinks;
    let linked = if hard_links { Fate::Done } else { Fate::SameFile };
    match found {
        Found::LinkTo { link, .. } | Found::DanglingLink(link) | Found::ClosedLink { link, .. }
            if source.kind == FileType::Symlink =>
        {
            match link.identity == source.identity {
                false => Fate::Replace,
                true if relation().same_entry => linked,
                true if options.backup.is_some() && !hard_links => Fate::Replace,
                true => Fate::Done,
            }
        }
        // A link is no longer in the way when it has been renamed, removed, or is replaced by another link. What is made
        // anew instead of read is not written through it: GNU cp then notices only that the name is taken.
        Found::LinkTo { file, .. } if file.identity == source.identity => {
            let replaces = makes_way || options.make != Make::Copies;
            let is_made = || !is_read(options, source.kind) && relation().follows;
            if replaces || is_made() { Fate::Replace } else { Fate::SameFile }
        }
        Found::File(file) if file.identity == source.identity => {
            let Relation { same_entry, one_name, through_link, .. } = relation();
            // What is renamed first can be given its name again, as GNU cp does.
            let same_entry = same_entry || (one_name && options.backup.is_none());
            if hard_links || through_link || same_entry || !makes_way { linked } else { Fate::Replace }
        }
        Found::File(file)
            if source.kind == FileType::Symlink && relation().leads_to == Some(file.identity) =>
        {
            if options.backup.is_some() { Fate::Replace } else { linked }
        }
        Found::Nothing | Found::File(_) | Found::LinkTo { .. } => Fate::Replace,
        Found::DanglingLink(_) | Found::ClosedLink { .. } => Fate::Replace,
    }
}

/// Whether what is there has to be removed before the copy is made, rather than be written, renamed, or be in the way.
#[must_use]
pub fn is_removed_first(options: &CpOptions, source: &Facts, there: &Facts, is_operand: bool) -> bool {
    let special = source.kind != FileType::RegularFile && !follows(options, is_operand);
    // Other names of it are to keep what they have.
    let shared = options.preserve.links && there.links > 1;
    // What has no data to give takes nobody's: what is there stays, whatever the source is and however many names it has,
    // and is then refused by it, or makes way where forced.
    let stays = options.attributes_only;
    options.remove_destination || (!stays && (shared || special))
}

/// Whether what is in the way of a directory's copy gets a backup where one is asked for. For the contents of a directory
/// (`SOURCE/.`, `SOURCE/..`) GNU cp makes none: what is there is removed, where a special file would have it removed, or else
/// it stays in the way.
#[must_use]
pub fn is_backed_up_for(directory: &[u8]) -> bool {
    !matches!(path::last_component(directory), b"." | b"..")
}

/// Whether a link may take the place of what its name turned out to have, given what was found there before. A name that was
/// free had nothing that an option could have asked about: under options that spare some files, or all until they have
/// a backup, what has come to it stays. GNU cp replaces it where it makes hard links of its copies or is forced.
#[must_use]
pub fn may_link_over(options: &CpOptions, found: Option<&Found>) -> bool {
    let spares = options.overwrite != Overwrite::All
        || options.ask
        || options.backup.is_some()
        || options.remove_destination;
    !spares || found != Some(&Found::Nothing)
}

/// Whether a symbolic link is followed: an operand, or an entry of a directory.
#[must_use]
pub fn follows(options: &CpOptions, is_operand: bool) -> bool {
    match options.follow {
        Follow::Never => false,
        Follow::CommandLine => is_operand,
        Follow::Always => true,
    }
}

/// What stands at the name of a directory's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryFate {
    /// Nothing.
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
pub fn fills_through_links(options: &CpOptions, source: &Facts) -> bool {
    // GNU cp wants `--copy-contents` for `--keep-directory-symlink`, too.
    options.keep_directory_symlink && looks_through(options, source)
}

/// The fate of what was found at the name that the directory `source` is to be copied to. The table was worked out on
/// GNU cp.
#[must_use]
pub fn directory_fate(
    options: &CpOptions,
    source: &Facts,
    found: &Found,
    is_operand: bool,
    relation: impl FnOnce() -> Relation,
) -> DirectoryFate {
    let keeps_links = fills_through_links(options, source);
    let (counts, fill) = match found {
        Found::Nothing => return DirectoryFate::Make,
        Found::LinkTo { file, .. } if keeps_links && file.kind == FileType::Directory => {
            (Found::File(*file), DirectoryFate::FillThroughLink)
        }
        Found::File(file) if file.kind == FileType::Directory => (*found, DirectoryFate::Fill),
        Found::File(_) | Found::LinkTo { .. } | Found::DanglingLink(_) | Found::ClosedLink { .. } => {
            (*found, DirectoryFate::InTheWay)
        }
    };
    let replaces = matches!(options.overwrite, Overwrite::All | Overwrite::Older);
    let may_be = match &counts {
        Found::File(file) => file.identity == source.identity,
        Found::LinkTo { file, .. } => file.identity == source.identity && !follows(options, is_operand),
        Found::Nothing | Found::DanglingLink(_) | Found::ClosedLink { .. } => false,
    };
    let same = if replaces && may_be { same_file(options, source, &counts, relation) } else { Fate::Replace };
    match same {
        Fate::SameFile => DirectoryFate::SameFile,
        Fate::Done => DirectoryFate::Done,
        Fate::Replace | Fate::Skip | Fate::Refuse => fill,
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

/// Whether a name that cannot be looked at for links that lead round in circles, on the way to it or behind it, counts as such
/// a link in a copy's place: it is to be forced out of the way, and that is what is refused.
#[must_use]
pub fn forces_closed(options: &CpOptions, kind: FileType) -> bool {
    options.force && looks_through(options, &Facts { kind, ..Facts::unknown() })
}

/// As what a source counts when its destination's name is looked at: what a link there leads to means nothing where the
/// source is a link itself, where the link is renamed, or where another one is to take its name. Nor does it for what is made
/// anew, if that is to stay out of its way, or was come to by following. Looking through it would change its access time, and
/// could wait for a file system that is to be mounted first. GNU cp looks through it to see whether it leads to what it is
/// made of, where links are not followed.
#[must_use]
pub fn looks_as(options: &CpOptions, kind: FileType, is_operand: bool) -> FileType {
    let follows = follows(options, is_operand);
    let linked = match options.make {
        Make::Copies => false,
        Make::HardLinks => follows,
        Make::SymbolicLinks => true,
    };
    let directory = kind == FileType::Directory;
    let written = is_read(options, kind) && options.make == Make::Copies && !options.remove_destination;
    let stays = matches!(options.overwrite, Overwrite::Skip | Overwrite::Refuse);
    let in_the_way = stays || follows || (directory && (linked || options.remove_destination));
    let made = kind != FileType::RegularFile && !written && in_the_way;
    if options.backup.is_some() || (linked && !directory) || made { FileType::Symlink } else { kind }
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

/// Whether what is no directory counts as a file: its contents are copied, or a link is made that stands for it.
#[must_use]
pub fn is_counted(options: &CpOptions, kind: FileType) -> bool {
    options.make != Make::Copies || is_read(options, kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::cp::{Backup, Control};

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

    fn fate_of(options: &CpOptions, source: &Facts, there: &Found, same_entry: bool) -> Fate {
        fate(options, source, there, || Relation { same_entry, ..Relation::default() })
    }

    #[test]
    fn what_comes_to_a_free_name_gives_way_to_a_link_only_where_no_option_spares_anything() {
        let there = Found::File(file(2, 10));
        let spares = [Overwrite::Skip, Overwrite::Refuse, Overwrite::Older].map(with);
        for options in spares.iter().chain([&keeping()]) {
            assert!(!may_link_over(options, Some(&Found::Nothing)));
            // What was there was asked about.
            assert!(may_link_over(options, Some(&there)) && may_link_over(options, None));
        }
        assert!(may_link_over(&with(Overwrite::All), Some(&Found::Nothing)));
    }

    #[test]
    fn a_link_is_looked_through_only_where_what_it_leads_to_counts() {
        let as_what = |options: CpOptions, kind| looks_as(&options, kind, false);
        let making = |make, follow| CpOptions { make, follow, ..CpOptions::default() };
        let (file, directory, link) = (FileType::RegularFile, FileType::Directory, FileType::Symlink);
        assert_eq!((as_what(keeping(), file), as_what(keeping(), directory)), (link, link));
        assert_eq!(as_what(CpOptions::default(), file), file);
        assert_eq!(as_what(making(Make::SymbolicLinks, Follow::Never), file), link);
        assert_eq!(as_what(making(Make::HardLinks, Follow::Always), file), link);
        assert_eq!(as_what(making(Make::HardLinks, Follow::Never), file), file);
        let tree = |make, follow| CpOptions { recursive: true, ..making(make, follow) };
        assert_eq!(as_what(tree(Make::HardLinks, Follow::Never), directory), directory);
        assert_eq!(as_what(tree(Make::HardLinks, Follow::Always), directory), link);
        assert_eq!(as_what(tree(Make::Copies, Follow::Always), directory), link);
        let on_the_line = tree(Make::Copies, Follow::CommandLine);
        assert_eq!([true, false].map(|is| looks_as(&on_the_line, directory, is)), [link, directory]);
        let keeping = CpOptions { copy_contents: true, ..tree(Make::Copies, Follow::Always) };
        assert_eq!(as_what(keeping, directory), directory);
    }

    #[test]
    fn what_is_not_older_stays_with_u() {
        let there = Found::File(file(2, 10));
        let options = with(Overwrite::Older);
        let fates = [9, 10, 11].map(|time| fate_of(&options, &file(1, time), &there, false));
        assert_eq!(fates, [Fate::Skip, Fate::Skip, Fate::Replace]);
    }

    #[test]
    fn n_and_none_fail_come_before_everything_else() {
        let there = Found::File(file(1, 10));
        assert_eq!(fate_of(&with(Overwrite::Skip), &file(1, 10), &there, true), Fate::Skip);
        assert_eq!(fate_of(&with(Overwrite::Refuse), &file(1, 10), &there, true), Fate::Refuse);
        assert_eq!(fate_of(&with(Overwrite::Older), &file(1, 10), &there, true), Fate::SameFile);
    }

    #[test]
    fn another_name_of_the_source_may_be_removed_or_renamed_first() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let removing = CpOptions { remove_destination: true, ..CpOptions::default() };
        assert_eq!(fate_of(&CpOptions::default(), &source, &there, false), Fate::SameFile);
        assert_eq!(fate_of(&removing, &source, &there, false), Fate::Replace);
        assert_eq!(fate_of(&removing, &source, &there, true), Fate::SameFile);
        assert_eq!(fate_of(&keeping(), &source, &there, false), Fate::Replace);
        assert_eq!(fate_of(&keeping(), &source, &there, true), Fate::SameFile);
    }

    #[test]
    fn a_hard_link_of_a_hard_link_is_there_already() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let linking = CpOptions { make: Make::HardLinks, ..CpOptions::default() };
        assert_eq!(fate_of(&linking, &source, &there, false), Fate::Done);
        assert_eq!(fate_of(&linking, &source, &there, true), Fate::Done);
    }

    #[test]
    fn a_source_come_to_by_a_link_is_never_removed_or_renamed_away() {
        let (source, there) = (file(1, 10), Found::File(file(1, 10)));
        let relation = || Relation { through_link: true, ..Relation::default() };
        assert_eq!(fate(&keeping(), &source, &there, relation), Fate::SameFile);
        let link = Facts { kind: FileType::Symlink, ..file(2, 10) };
        let relation = || Relation { leads_to: Some(source.identity), ..Relation::default() };
        assert_eq!(fate(&CpOptions::default(), &link, &there, relation), Fate::SameFile);
        assert_eq!(fate(&keeping(), &link, &there, relation), Fate::Replace);
    }

    #[test]
    fn a_link_that_leads_nowhere_counts_only_where_the_link_itself_does() {
        let link = Found::DanglingLink(Facts { kind: FileType::Symlink, ..file(2, 10) });
        assert_eq!(fate_of(&with(Overwrite::Refuse), &file(1, 10), &link, false), Fate::Replace);
        let options = CpOptions { make: Make::SymbolicLinks, ..with(Overwrite::Refuse) };
        assert_eq!(fate_of(&options, &file(1, 10), &link, false), Fate::Refuse);
    }
}
