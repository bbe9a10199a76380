//! The name under which a file that is about to be replaced is kept: pure decisions on its name and its neighbours'.

use crate::cli::cp::{Backup, Control};
use std::cmp::Ordering;
use std::os::unix::ffi::OsStrExt;

/// Finds a backup's name. Where [`Naming::needs_listing`] says so, it wants to [`see`](Naming::see) the directory's
/// names first, in any order and in as many portions as the listing comes in.
#[derive(Debug)]
pub(crate) struct Naming<'a> {
    file: &'a [u8],
    backup: &'a Backup,
    /// The digits of the highest number that a backup of the file has. Empty where none has one.
    highest: Vec<u8>,
}

/// A backup's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name, in the directory of the file.
    pub name: Vec<u8>,
    /// Whether a file of this name must stay (`RENAME_NOREPLACE`) and is an error, or is replaced by the backup.
    pub exclusive: bool,
}

impl<'a> Naming<'a> {
    /// For the file of this name, without its directory.
    #[must_use]
    pub(crate) fn of(file: &'a [u8], backup: &'a Backup) -> Self {
        Self { file, backup, highest: Vec::new() }
    }

    /// Whether the name depends on the other names in the directory.
    #[must_use]
    pub(crate) fn needs_listing(&self) -> bool {
        match self.backup.control {
            Control::Simple => false,
            Control::Numbered | Control::Existing => true,
        }
    }

    /// Takes notice of a name in the directory.
    pub(crate) fn see(&mut self, name: &[u8]) {
        if let Some(digits) = number(name, self.file)
            && compare(digits, &self.highest) == Ordering::Greater
        {
            self.highest = digits.to_vec();
        }
    }

    /// The name, where file names have at most `bytes_max` bytes (`f_namelen` of statfs(2)).
    ///
    /// A name that would be too long makes way for the file's own, cut where needed, with a `~` after it. GNU does so
    /// one byte before it has to, and never for control `simple`, whose names can be refused by the file system.
    #[must_use]
    pub(crate) fn name(&self, bytes_max: usize) -> Name {
        let exclusive = match self.backup.control {
            Control::Simple => return Name { name: self.with_suffix(), exclusive: false },
            Control::Numbered => true,
            Control::Existing => !self.highest.is_empty(),
        };
        let mut name = if exclusive {
            [self.file, b".~", &successor(&self.highest), b"~"].concat()
        } else {
            self.with_suffix()
        };
        let bytes_max = bytes_max.saturating_sub(1);
        if name.len() > bytes_max {
            name.truncate(self.file.len().min(bytes_max.saturating_sub(1)));
            name.push(b'~');
        }
        Name { name, exclusive }
    }

    /// The name of a backup without a number, where the user may get one.
    #[must_use]
    pub(crate) fn simple(&self) -> Option<Vec<u8>> {
        match self.backup.control {
            Control::Simple | Control::Existing => Some(self.with_suffix()),
            Control::Numbered => None,
        }
    }

    fn with_suffix(&self) -> Vec<u8> {
        [self.file, self.backup.suffix.as_bytes()].concat()
    }
}

/// The digits in `name` where it is that of a numbered backup of `file`: no sign, no zero in front.
fn number<'n>(name: &'n [u8], file: &[u8]) -> Option<&'n [u8]> {
    let digits = name.strip_prefix(file)?.strip_prefix(b".~")?.strip_suffix(b"~")?;
    let counts = !digits.is_empty() && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
    counts.then_some(digits)
}

/// Numbers without zeros in front, by their digits: they may be longer than any integer type.
fn compare(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// The digits of the next number; that of none is 1.
fn successor(digits: &[u8]) -> Vec<u8> {
    let mut digits = digits.to_vec();
    for digit in digits.iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return digits;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
    digits
}

#[cfg(test)]
mod tests {
    //! The expectations are what GNU cp 9.10 made of the same files on ext4 and tmpfs, whose names have up to 255 bytes.

    use super::*;

    fn named(control: Control, suffix: &str, file: &str, listed: &[&str]) -> (String, bool) {
        let backup = Backup { control, suffix: suffix.into() };
        let mut naming = Naming::of(file.as_bytes(), &backup);
        listed.iter().for_each(|name| naming.see(name.as_bytes()));
        let Name { name, exclusive } = naming.name(255);
        (String::from_utf8(name).expect("text"), exclusive)
    }

    fn numbered(file: &str, listed: &[&str]) -> String {
        let (name, exclusive) = named(Control::Numbered, "~", file, listed);
        assert!(exclusive);
        name
    }

    fn existing(file: &str, suffix: &str, listed: &[&str]) -> String {
        named(Control::Existing, suffix, file, listed).0
    }

    #[test]
    fn the_next_number_is_one_above_the_highest() {
        for (listed, name) in [
            (&[][..], "f.~1~"),
            (&["f.~1~"], "f.~2~"),
            (&["f.~1~", "f.~3~"], "f.~4~"),
            (&["f.~10~", "f.~9~"], "f.~11~"),
            (&["f.~9~"], "f.~10~"),
            (&["f.~2~", "f.~100~", "f.~020~"], "f.~101~"),
            (&["f.~18446744073709551615~"], "f.~18446744073709551616~"),
            (&["f.~99999999999999999999999~"], "f.~100000000000000000000000~"),
        ] {
            assert_eq!(numbered("f", listed), name, "{listed:?}");
            if !listed.is_empty() {
                assert_eq!(named(Control::Existing, "~", "f", listed), (name.to_owned(), true));
            }
        }
    }

    #[test]
    fn other_names_are_no_numbered_backups() {
        for listed in [
            "f~", "f.~01~", "f.~0~", "f.~00~", "f.~1~x", "f.~-1~", "f.~ 1~", "f.~~", "g.~5~", "f.~1~~",
            "f.~1a~", "ff.~7~", ".~7~", "f.~",
        ] {
            assert_eq!(numbered("f", &[listed]), "f.~1~", "{listed}");
            assert_eq!(named(Control::Existing, "~", "f", &[listed]), ("f~".to_owned(), false), "{listed}");
        }
    }

    #[test]
    fn simple_names_ignore_numbers_and_are_never_cut() {
        assert_eq!(named(Control::Simple, ".orig", "f", &["f.~1~"]), ("f.orig".to_owned(), false));
        let long = "x".repeat(255);
        assert_eq!(named(Control::Simple, "~", &long, &[]).0, format!("{long}~"));
        let backup = Backup { control: Control::Simple, suffix: "~".into() };
        assert!(!Naming::of(b"f", &backup).needs_listing());
    }

    #[test]
    fn long_names_are_cut_one_byte_early() {
        let x = |count: usize| "x".repeat(count);
        for (length, by_number, by_suffix) in [
            (249, format!("{}.~1~", x(249)), format!("{}~", x(249))),
            (250, format!("{}.~1~", x(250)), format!("{}~", x(250))),
            (251, format!("{}~", x(251)), format!("{}~", x(251))),
            (252, format!("{}~", x(252)), format!("{}~", x(252))),
            (253, format!("{}~", x(253)), format!("{}~", x(253))),
            (254, format!("{}~", x(253)), format!("{}~", x(253))),
            (255, format!("{}~", x(253)), format!("{}~", x(253))),
        ] {
            assert_eq!(numbered(&x(length), &[]), by_number, "{length}");
            assert_eq!(existing(&x(length), "~", &[]), by_suffix, "{length}");
        }
        let with_nine = |length: usize| numbered(&x(length), &[&format!("{}.~9~", x(length))]);
        assert_eq!(with_nine(249), format!("{}.~10~", x(249)));
        assert_eq!(with_nine(250), format!("{}~", x(250)));
    }

    #[test]
    fn a_suffix_too_long_gives_way_to_a_tilde() {
        let x = "x".repeat(240);
        assert_eq!(existing(&x, &"s".repeat(20), &[]), format!("{x}~"));
        assert_eq!(existing("ab", &"s".repeat(253), &[]), "ab~");
        assert_eq!(existing("ab", &"s".repeat(252), &[]), format!("ab{}", "s".repeat(252)));
        assert_eq!(existing(&"x".repeat(253), "s", &[]), format!("{}s", "x".repeat(253)));
    }
}
