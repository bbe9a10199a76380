//! Which files are remembered with their copies, so that other names of them become other names of the copy. Pure
//! decisions on options and facts; the table was worked out on GNU cp.

use super::facts::FileStat;
use super::replace::follows;
use crate::cli::cp::{CpOptions, Follow, Make, Overwrite};
use rustix::fs::FileType;

/// What a file's copy is to other names of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    Alone,
    /// It becomes another name of a copy that is remembered, and is not remembered itself.
    IfMet,
    /// It becomes another name of a copy that is remembered, or is the first to be.
    Remembered,
}

/// What the copy of the file `source` is to other names of it, where what was there `stays`, or else is replaced.
///
/// With `-u`, GNU cp makes all that stays at the destination names of one file where the sources are one file, whether
/// links are to be kept or not. It does so for files of one name too. They only come twice where operands `overlap`;
/// otherwise they are not remembered, as memory would grow with the tree.
#[must_use]
pub(crate) fn sharing(
    options: &CpOptions,
    source: &FileStat,
    is_operand: bool,
    stays: bool,
    overlap: impl FnOnce() -> bool,
) -> Sharing {
    let comes_again = source.links > 1 || follows(options, is_operand);
    let kept = options.preserve.links && options.make != Make::HardLinks;
    let several = options.sources.len() > 1 || options.extensions.choosing.names_from.is_some();
    match (stays, comes_again) {
        (true, true) => Sharing::Remembered,
        (true, false) if is_operand || (several && overlap()) => Sharing::Remembered,
        (true, false) if several => Sharing::IfMet,
        (false, true) if kept => Sharing::Remembered,
        (true | false, false) | (false, true) => Sharing::Alone,
    }
}

/// In which order files of several names are copied, where what becomes of the copies depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The names of each file one after the other.
    NamesOfEach,
    /// All one after the other, as their destinations may be names of one file too.
    All,
}

/// The order for the names of the file `source`, where their copies `may_exist` already, or another operand `may_replace`
/// them: `None` for any order. The first name is what a symbolic link leads to that stands for all, decides which of several
/// files at the destination stays, and is what further names are linked to, if it is there still; and the times kept of
/// the others are those that reading it has left.
#[must_use]
pub(crate) fn order(
    options: &CpOptions,
    source: &FileStat,
    may_exist: bool,
    may_replace: bool,
) -> Option<Order> {
    if source.links <= 1 {
        return None;
    }
    let linked = options.preserve.links && options.make != Make::HardLinks;
    if may_exist && (linked || options.overwrite == Overwrite::Older) {
        return Some(Order::All);
    }
    let is_made_to_lead = linked && (options.make == Make::SymbolicLinks || may_replace);
    let is_read = matches!(source.kind, FileType::RegularFile | FileType::Symlink) && reads_in_turn(options);
    (is_made_to_lead || is_read).then_some(Order::NamesOfEach)
}

/// Whether copies keep a time that reading an earlier name of their source changes.
#[must_use]
pub(crate) fn reads_in_turn(options: &CpOptions) -> bool {
    options.preserve.timestamps && !options.preserve.links && options.make == Make::Copies
}

/// Whether that can be any name in a tree, as links lead to files that may be met by their names as well.
#[must_use]
pub(crate) fn reads_all_in_turn(options: &CpOptions) -> bool {
    options.follow == Follow::Always && options.recursive && reads_in_turn(options)
}

/// Whether a name becomes a link to what the first copy leads to, where that is a symbolic link, rather than to the link.
#[must_use]
pub(crate) fn links_through(options: &CpOptions, is_operand: bool) -> bool {
    follows(options, is_operand)
}

/// Whether a file whose inode is another one may be the copy of `source` all the same, on a file system that invents its
/// inode numbers: by what every copy has of its source.
#[must_use]
pub(crate) fn may_be_copy(source: &FileStat, copy: &FileStat) -> bool {
    let alike = match source.kind {
        FileType::RegularFile | FileType::Symlink => source.size == copy.size,
        FileType::BlockDevice | FileType::CharacterDevice => source.rdev == copy.rdev,
        FileType::Fifo | FileType::Socket => true,
        FileType::Directory | FileType::Unknown => false,
    };
    alike && source.kind == copy.kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::cp::options::Preserve;

    fn names(links: u64) -> FileStat {
        FileStat { links, ..FileStat::UNKNOWN }
    }

    fn keeping() -> CpOptions {
        let preserve = Preserve { links: true, ..Preserve::default() };
        CpOptions { preserve, follow: Follow::Never, ..CpOptions::default() }
    }

    #[test]
    fn files_of_several_names_are_remembered_where_links_are_kept() {
        assert_eq!(sharing(&keeping(), &names(2), false, false, || false), Sharing::Remembered);
        assert_eq!(sharing(&keeping(), &names(1), false, false, || false), Sharing::Alone);
        let linking = CpOptions { make: Make::HardLinks, ..keeping() };
        assert_eq!(sharing(&linking, &names(2), false, false, || false), Sharing::Alone);
    }

    #[test]
    fn what_stays_is_remembered_whatever_is_kept() {
        let options = CpOptions { follow: Follow::Never, ..CpOptions::default() };
        assert_eq!(sharing(&options, &names(2), false, true, || false), Sharing::Remembered);
        assert_eq!(sharing(&options, &names(1), true, true, || false), Sharing::Remembered);
        assert_eq!(sharing(&options, &names(1), false, true, || false), Sharing::Alone);
        let several = CpOptions { sources: vec!["a".into(), "b".into()], ..options };
        assert_eq!(sharing(&several, &names(1), false, true, || false), Sharing::IfMet);
        assert_eq!(sharing(&several, &names(1), false, true, || true), Sharing::Remembered);
    }

    #[test]
    fn an_order_is_kept_only_where_it_can_be_told() {
        let file = |links| FileStat { kind: FileType::RegularFile, ..names(links) };
        assert_eq!(order(&keeping(), &file(2), false, false), None);
        assert_eq!(order(&keeping(), &file(2), false, true), Some(Order::NamesOfEach));
        assert_eq!(order(&keeping(), &file(2), true, true), Some(Order::All));
        assert_eq!(order(&keeping(), &file(1), true, true), None);
        let leading = CpOptions { make: Make::SymbolicLinks, ..keeping() };
        assert_eq!(order(&leading, &file(2), false, false), Some(Order::NamesOfEach));
        let preserve = Preserve { timestamps: true, ..Preserve::default() };
        let timed = CpOptions { preserve, ..CpOptions::default() };
        assert_eq!(order(&timed, &file(2), true, false), Some(Order::NamesOfEach));
        assert_eq!(order(&timed, &FileStat { kind: FileType::Fifo, ..file(2) }, false, false), None);
        assert_eq!(order(&CpOptions::default(), &file(2), true, false), None);
        let following = |follow| CpOptions { follow, recursive: true, ..timed.clone() };
        assert!(
            reads_all_in_turn(&following(Follow::Always)) && !reads_all_in_turn(&following(Follow::Never))
        );
    }
}
