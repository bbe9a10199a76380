//! How far a copy has come, in words: as lines for logs and SIGUSR1, and as a display on a terminal.
//!
//! [`Snapshot`] is plain data from the pipeline. [`amounts`] and [`names`] make short text of its parts, [`layout`] puts
//! them side by side as far as the terminal is wide, [`bar`] has indicatif draw them.

pub(crate) mod amounts;
pub(crate) mod bar;
pub(crate) mod layout;
pub(crate) mod names;

use super::quote::{self, Charset};
use std::time::Duration;

/// How far a copy has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Files that are done.
    pub files: u64,
    /// Bytes that have reached the destination.
    pub bytes: u64,
    /// What there is to do, as far as that is known.
    pub total: Option<Total>,
    /// Bytes a second.
    pub rate: u64,
    /// How long it will take still, where that can be said.
    pub left: Option<Duration>,
    /// A file in work.
    pub name: Vec<u8>,
    /// Nothing is copied: it is what would be.
    pub dry: bool,
}

/// Which of the parts of a total stand beside what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    bytes: bool,
    files: bool,
}

/// What there is to do. Never less than what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Files.
    pub files: u64,
    /// Bytes of contents.
    pub bytes: u64,
    /// All sources have been counted.
    pub complete: bool,
}

impl Snapshot {
    /// How much of a hundred is done, where the total is known.
    #[must_use]
    pub(crate) fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| total.complete)?;
        let (done, all) = if total.bytes > 0 { (self.bytes, total.bytes) } else { (self.files, total.files) };
        let percent = (u128::from(done) * 100).checked_div(u128::from(all)).unwrap_or(0);
        // Sizes are what they were when they were looked at: as long as there are files, it is not all.
        let most = if self.files < total.files { 99 } else { 100 };
        Some(u64::try_from(percent).unwrap_or(most).min(most))
    }

    /// Which parts of a total are shown. As long as it is being counted, one that reads like what is done says nothing.
    fn shown(&self, total: &Total) -> Shown {
        let differ = |of: fn(u64) -> String, done, all| total.complete || of(done) != of(all);
        Shown {
            bytes: differ(amounts::bytes, self.bytes, total.bytes),
            files: differ(amounts::number, self.files, total.files),
        }
    }

    /// One line for a log, without a newline: no control character in it, and nothing but ASCII but for the name.
    #[must_use]
    pub(crate) fn line(&self, charset: Charset) -> Vec<u8> {
        let (mut bytes, mut files) = (amounts::bytes(self.bytes), amounts::files(self.files));
        if let Some(total) = self.total {
            let (shown, least) = (self.shown(&total), if total.complete { "" } else { "at least " });
            let percent = self.percent().map(|percent| format!(" ({percent} %)")).unwrap_or_default();
            if shown.bytes {
                bytes = format!("{bytes} of {least}{}{percent}", amounts::bytes(total.bytes));
            }
            if shown.files {
                files = format!("{} of {least}{}", amounts::number(self.files), amounts::files(total.files));
            }
        }
        let mut text = format!("{bytes}, {files}");
        if self.dry {
            text.push_str(" would be copied");
        } else {
            text.push_str(&format!(", {}/s", amounts::bytes(self.rate)));
        }
        if let Some(left) = self.left {
            text.push_str(&format!(", {} left", amounts::duration(left)));
        }
        let mut line = text.into_bytes();
        if !self.name.is_empty() {
            line.extend([b": ", &quote::always(&self.name, charset)[..]].concat());
        }
        line
    }

    /// The last line of a copy: what was done, in which time; as much of it as there are columns for.
    #[must_use]
    pub(crate) fn summary(&self, elapsed: Duration, columns: Option<usize>) -> String {
        let micros = elapsed.as_micros().max(1);
        let rate = u64::try_from(u128::from(self.bytes) * 1_000_000 / micros).unwrap_or(u64::MAX);
        let (bytes, files) = (amounts::bytes(self.bytes), amounts::files(self.files));
        let (time, rate) = (amounts::seconds(elapsed), amounts::bytes(rate));
        let mut choices = match self.dry {
            true => vec![format!("{bytes}, {files} would be copied"), format!("would copy {bytes}, {files}")],
            false => {
                let timed = format!("{bytes}, {files} in {time}");
                vec![format!("{timed}, {rate}/s"), timed]
            }
        };
        choices.push(format!("{bytes}, {files}"));
        let fits = |text: &&String| columns.is_none_or(|columns| text.len() <= columns);
        choices.iter().find(fits).unwrap_or(&bytes).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        let mut snapshot = Snapshot { files: 1, bytes: 1500, ..Snapshot::default() };
        assert_eq!(snapshot.line(Charset::Utf8), b"1.50 kB, 1 file, 0 B/s");
        snapshot.total = Some(Total { files: 12_345, bytes: 3000, complete: false });
        snapshot.name = b"a\x1b[2J\nb".to_vec();
        assert_eq!(
            snapshot.line(Charset::Utf8),
            b"1.50 kB of at least 3.00 kB, 1 of at least 12,345 files, 0 B/s: 'a'$'\\033''[2J'$'\\n''b'"
        );
        snapshot.total = Some(Total { files: 2, bytes: 3000, complete: true });
        (snapshot.left, snapshot.rate, snapshot.name) = (Some(Duration::from_secs(61)), 20, Vec::new());
        assert_eq!(
            snapshot.line(Charset::Ascii),
            b"1.50 kB of 3.00 kB (50 %), 1 of 2 files, 20 B/s, 1:01 left"
        );
    }

    #[test]
    fn where_there_are_no_bytes_files_are_the_measure() {
        let total = Some(Total { files: 4, bytes: 0, complete: true });
        let snapshot = Snapshot { files: 1, total, ..Snapshot::default() };
        assert_eq!(snapshot.percent(), Some(25));
        let total = Some(Total { files: 0, bytes: 0, complete: true });
        assert_eq!(Snapshot { total, ..Snapshot::default() }.percent(), Some(0));
    }

    #[test]
    fn the_summary_has_the_mean_rate_where_there_is_room() {
        let snapshot = Snapshot { files: 3, bytes: 5_000_000, ..Snapshot::default() };
        let all = "5.00 MB, 3 files in 2.5 s, 2.00 MB/s";
        for (columns, expected) in [
            (None, all),
            (Some(36), all),
            (Some(35), "5.00 MB, 3 files in 2.5 s"),
            (Some(24), "5.00 MB, 3 files"),
            (Some(1), "5.00 MB"),
        ] {
            assert_eq!(snapshot.summary(Duration::from_millis(2500), columns), expected);
        }
        let dry = Snapshot { dry: true, ..snapshot };
        let summary = |columns| dry.summary(Duration::from_millis(2500), Some(columns));
        assert_eq!(summary(32), "5.00 MB, 3 files would be copied");
        assert_eq!(summary(31), "would copy 5.00 MB, 3 files");
    }

    #[test]
    fn no_number_stands_twice_while_it_is_counted() {
        let total = Some(Total { files: 12, bytes: 1_501, complete: false });
        let snapshot = Snapshot { files: 1, bytes: 1_500, total, ..Snapshot::default() };
        assert_eq!(snapshot.line(Charset::Ascii), b"1.50 kB, 1 of at least 12 files, 0 B/s");
        let total = Some(Total { files: 1, bytes: 3_000, complete: false });
        let snapshot = Snapshot { total, dry: true, ..snapshot };
        assert_eq!(snapshot.line(Charset::Ascii), b"1.50 kB of at least 3.00 kB, 1 file would be copied");
    }
}
