//! When a file that is printed is the file that is printed to: the one case that would never end.

use super::facts::{Facts, Identity};
use rustix::fs::FileType;

/// What is known of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Which file it is.
    pub identity: Identity,
    /// Everything written goes to its end.
    pub append: bool,
    /// Where the next byte goes otherwise; `None` where it has no place.
    pub offset: Option<u64>,
}

/// Whether printing `input` from `input_offset` would read what it writes for ever: the same regular file, with bytes
/// left to read, and every byte read makes the file longer before its end is reached.
#[must_use]
pub fn would_loop(input: &Facts, input_offset: Option<u64>, output: &Output) -> bool {
    if input.identity != output.identity || input.kind != FileType::RegularFile {
        return false;
    }
    let Some(input_offset) = input_offset else { return false };
    if output.append {
        return input_offset < input.size;
    }
    output.offset.is_some_and(|output_offset| input_offset < output_offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64) -> Facts {
        let identity = Identity { device: 1, inode: 7 };
        Facts { identity, kind: FileType::RegularFile, size, ..Facts::unknown() }
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
        let other = Output { identity: Identity { device: 1, inode: 8 }, append: true, offset: Some(9) };
        assert!(!would_loop(&file(5), Some(0), &other));
    }
}
