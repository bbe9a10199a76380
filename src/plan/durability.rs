//! What `--fsync` and `--atomic` decide: pure decisions, and the names that files have until they are complete.
//!
//! Neither option touches the chain of a copy without it; with one of them the end of a file is a chain of its own:
//!
//! ```text
//! --fsync     … write ── attributes ── writeback ── close source ┆ fsync ── close
//! --atomic    pin parent ── open without a name ── … write ── owner ── attributes ── link into place ── close
//! both        … write ── owner ── attributes ── writeback ── close source ┆ fsync ── link into place ── close
//! ```
//!
//! At `┆` all of the file is there and the kernel has begun to write it out; the worker keeps the chain until it has 64 of
//! them, or nothing else to do, so that their fsync(2) calls sleep side by side and the journal is committed for many files
//! at once. A directory waits when its last entry is done: nothing is promised before the run ends, so no order is needed.
//! An operation that has no fsync (EINVAL and its like) is cut out of the chain. A temporary name is closed before it is
//! renamed: where close tells of late write errors, the old file is still there.

use super::facts::{FileStat, Owner};
use super::overwrite::OpenPlan;
use rustix::fs::{FileType, Mode};
use rustix::io::Errno;

/// Whether an answer to fsync(2) says that there is nothing to make durable: pipes, devices and some file systems have no
/// such thing, as its manual page says.
#[must_use]
pub(crate) fn has_no_sync(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::ROFS | Errno::OPNOTSUPP | Errno::NOSYS)
}

/// Whether a file is written apart from its name (`--atomic`), rather than where it is or will be. What is no regular file
/// is written to as what it is, and where only attributes are copied no data is at stake.
#[must_use]
pub(crate) fn is_staged(verdict: &OpenPlan, attributes_only: bool) -> bool {
    match verdict {
        OpenPlan::Create | OpenPlan::CreateThroughLink => true,
        OpenPlan::Overwrite(there) => there.kind == FileType::RegularFile && !attributes_only,
        OpenPlan::SameFile | OpenPlan::IsDirectory | OpenPlan::Dangling | OpenPlan::Closed(_) => false,
    }
}

/// The permissions of a file that takes the place of `old` and belongs to `now`: those of the old one, less what writing
/// to it would have taken, and nothing for a group that the old one did not belong to that others do not have.
#[must_use]
pub(crate) fn inherited_mode(old: &FileStat, now: Owner, privileged: bool) -> Mode {
    let mut mode = old.mode;
    if !privileged || now != old.owner {
        mode.remove(Mode::SUID);
        if mode.contains(Mode::XGRP) || now != old.owner {
            mode.remove(Mode::SGID);
        }
    }
    if now.group != old.owner.group {
        for (group, other) in [(Mode::RGRP, Mode::ROTH), (Mode::WGRP, Mode::WOTH), (Mode::XGRP, Mode::XOTH)] {
            if !mode.contains(other) {
                mode.remove(group);
            }
        }
    }
    mode
}

/// What stands between a file's name and the digits in its temporary name.
const MARK: &[u8] = b".ucp-";

/// Hexadecimal digits after the mark: those of the run, then those of the attempt.
const DIGITS: usize = 8;

/// Digits that tell attempts apart, 4 bits each.
const ATTEMPT_DIGITS: u32 = 3;

/// Bytes of a name that are kept: with what is put around it, it fits the shortest limit of any file system that has
/// names of this length at all (143, eCryptfs).
const KEPT_BYTES_MAX: usize = 128;

/// The name that a file has until it is complete: `.NAME.ucp-XXXXXXXX`, of the run that `token` stands for.
#[must_use]
pub(crate) fn temporary_name(name: &[u8], token: u32, attempt: u32) -> Vec<u8> {
    let mut kept = &name[..name.len().min(KEPT_BYTES_MAX)];
    if kept.len() < name.len() {
        // No character is cut in two: some file systems take whole ones only.
        let end = (0..=kept.len()).rev().find(|&end| name[end] & 0xC0 != 0x80);
        kept = &name[..end.unwrap_or(kept.len())];
    }
    let attempts = 1 << (4 * ATTEMPT_DIGITS);
    let number = (token & !(attempts - 1)) | (attempt & (attempts - 1));
    [b".", kept, MARK, format!("{number:08x}").as_bytes()].concat()
}

/// Whether a name is one of those, and not of the run of `token` itself.
#[must_use]
pub(crate) fn is_left_over(name: &[u8], token: u32) -> bool {
    let Some(digits) = name.len().checked_sub(DIGITS) else { return false };
    let (front, digits) = name.split_at(digits);
    let is_ours = front.starts_with(b".") && front.ends_with(MARK) && front.len() > MARK.len();
    let number = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
    let number = number.and_then(|text| u32::from_str_radix(text, 16).ok());
    is_ours && number.is_some_and(|number| number >> (4 * ATTEMPT_DIGITS) != token >> (4 * ATTEMPT_DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: u32 = 0x1234_5678;

    fn of(mode: u32) -> FileStat {
        FileStat { mode: Mode::from(mode), owner: Owner { user: 1, group: 2 }, ..FileStat::UNKNOWN }
    }

    #[test]
    fn a_temporary_name_is_known_again_but_not_by_the_run_that_made_it() {
        let name = temporary_name(b"file", TOKEN, 7);
        assert_eq!(name, b".file.ucp-12345007");
        assert!(is_left_over(&name, 0x9999_9999));
        assert!(!is_left_over(&name, TOKEN));
        for other in
            [&b".file.ucp-1234500"[..], b"file.ucp-12345007", b".file.ucp-1234500g", b".ucp-+2345007"]
        {
            assert!(!is_left_over(other, 0x9999_9999), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let long = "ä".repeat(120);
        let name = temporary_name(&long.as_bytes()[1..], TOKEN, 0);
        assert!(name.len() <= 143 && is_left_over(&name, 0));
        let name = temporary_name(format!("x{long}").as_bytes(), TOKEN, 0);
        assert!(std::str::from_utf8(&name).is_ok());
    }

    #[test]
    fn what_takes_a_files_place_has_its_permissions_and_no_more() {
        let same = Owner { user: 1, group: 2 };
        assert_eq!(inherited_mode(&of(0o6754), same, true), Mode::from(0o6754));
        assert_eq!(inherited_mode(&of(0o6754), same, false), Mode::from(0o754));
        assert_eq!(inherited_mode(&of(0o754), Owner { user: 1, group: 3 }, false), Mode::from(0o744));
        assert_eq!(inherited_mode(&of(0o660), Owner { user: 5, group: 5 }, true), Mode::from(0o600));
    }

    #[test]
    fn only_regular_files_are_written_apart() {
        let file = FileStat { kind: FileType::RegularFile, ..FileStat::UNKNOWN };
        let pipe = FileStat { kind: FileType::Fifo, ..FileStat::UNKNOWN };
        assert!(is_staged(&OpenPlan::Create, true));
        assert!(is_staged(&OpenPlan::Overwrite(file), false));
        assert!(!is_staged(&OpenPlan::Overwrite(file), true));
        assert!(!is_staged(&OpenPlan::Overwrite(pipe), false));
    }
}
