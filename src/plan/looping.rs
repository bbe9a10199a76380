//! Where input is output, and work would never end: a file that is printed is the file that is printed to, or a directory
//! that is copied is one that the run has made.

use super::facts::{FileId, FileStat};
use rustix::fs::FileType;

/// What is known of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    pub identity: FileId,
    /// Everything written goes to its end.
    pub append: bool,
    /// Where the next byte goes otherwise; `None` where it has no place.
    pub offset: Option<u64>,
}

/// Whether printing `input` from `input_offset` would read what it writes for ever: the same regular file, with bytes
/// left to read, and every byte read makes the file longer before its end is reached.
#[must_use]
pub(crate) fn would_loop(input: &FileStat, input_offset: Option<u64>, output: &Output) -> bool {
    if input.identity != output.identity || input.kind != FileType::RegularFile {
        return false;
    }
    let Some(input_offset) = input_offset else { return false };
    if output.append {
        return input_offset < input.size;
    }
    output.offset.is_some_and(|output_offset| input_offset < output_offset)
}

/// How a directory of the source is met that the run itself has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meeting {
    /// Under the name and in the directory that it was made in.
    pub as_made: bool,
    /// The copy that is being made lies in it.
    pub holds_copy: bool,
    /// A symbolic link in its place would be followed.
    pub follows: bool,
}

/// What a directory of the source is that the run has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// The source is being copied into itself, which ends there.
    IntoItself,
    /// One that has a copy already, which it would have to become a hard link of.
    Again,
    /// A directory as any other.
    Another,
    /// One that is copied into itself, for as long as paths can be.
    Endless,
}

/// What GNU cp makes of such a directory. Where links are followed it does not know one that is reached by another
/// way.
#[must_use]
pub(crate) fn meets(Meeting { as_made, holds_copy, follows }: Meeting) -> Met {
    match (as_made, follows) {
        (true, _) => Met::IntoItself,
        (false, true) if holds_copy => Met::Endless,
        (false, true) => Met::Another,
        (false, false) => Met::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_was_made_is_known_by_where_that_was_unless_links_are_followed() {
        let met = |as_made, holds_copy, follows| meets(Meeting { as_made, holds_copy, follows });
        for (holds_copy, follows) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(met(true, holds_copy, follows), Met::IntoItself);
        }
        assert_eq!([false, true].map(|holds_copy| met(false, holds_copy, false)), [Met::Again; 2]);
        assert_eq!(
            [false, true].map(|holds_copy| met(false, holds_copy, true)),
            [Met::Another, Met::Endless]
        );
    }

    fn file(size: u64) -> FileStat {
        let identity = FileId { device: 1, inode: 7 };
        FileStat { identity, kind: FileType::RegularFile, size, ..FileStat::UNKNOWN }
    }

    fn output(append: bool, offset: u64) -> Output {
        Output { identity: file(0).identity, append, offset: Some(offset) }
    }

    #[test]
    fn a_file_appended_to_itself_loops_unless_it_is_empty() {
        assert!(would_loop(&file(5), Some(0), &output(true, 0)));
        assert!(!would_loop(&file(0), Some(0), &output(true, 0)));
    }

    #[test]
    fn writing_behind_the_reader_loops_and_writing_at_it_does_not() {
        assert!(would_loop(&file(5), Some(0), &output(false, 4)));
        assert!(!would_loop(&file(5), Some(0), &output(false, 0)));
        assert!(!would_loop(&file(5), Some(5), &output(false, 4)));
    }

    #[test]
    fn another_file_never_loops() {
        let other = Output { identity: FileId { device: 1, inode: 8 }, append: true, offset: Some(9) };
        assert!(!would_loop(&file(5), Some(0), &other));
    }
}
