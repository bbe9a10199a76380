//! What stands on the display's first line, by how wide the terminal is.

use super::amounts::{self, BYTES_COLUMNS};
use super::{Snapshot, Total};
use crate::report::quote::Charset;

/// The least columns of a bar that says anything.
const BAR_COLUMNS_MIN: usize = 10;

/// Columns of the percentage with the spaces around it: `  41 %  ` before a bar, `  41%  ` where there is none.
const PERCENT_BEFORE_BAR_COLUMNS: usize = 8;
const PERCENT_COLUMNS: usize = 7;

/// Columns between the bar and the figures.
const GAP_COLUMNS: usize = 2;

/// What the first line holds, from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The percentage, and a bar between it and the figures.
    pub bar: bool,
    /// The percentage, without a bar.
    pub percent: bool,
    /// Bytes, files, rate and time left, as far as there is room.
    pub figures: String,
}

/// The line for a terminal of this number of columns. Its parts keep their places while their numbers change.
#[must_use]
pub(crate) fn line(snapshot: &Snapshot, columns: usize, charset: Charset) -> Line {
    let known = snapshot.percent().is_some();
    let choices = figures(snapshot, charset);
    let width = |text: &String| text.chars().count();
    if known {
        let taken = PERCENT_BEFORE_BAR_COLUMNS + GAP_COLUMNS + BAR_COLUMNS_MIN;
        // All figures, or those without the second number of files, rather than a bar and less.
        if let Some(figures) = choices.iter().take(3).find(|text| taken + width(text) <= columns) {
            return Line { bar: true, percent: true, figures: figures.clone() };
        }
        if let Some(figures) = choices.iter().find(|text| PERCENT_COLUMNS + width(text) <= columns) {
            return Line { bar: false, percent: true, figures: figures.clone() };
        }
    }
    let figures = choices.iter().find(|text| width(text) < columns);
    Line { bar: false, percent: false, figures: figures.cloned().unwrap_or_default() }
}

/// The figures, with less and less of them.
fn figures(snapshot: &Snapshot, charset: Charset) -> [String; 5] {
    let mut bytes = format!("{:>BYTES_COLUMNS$}", amounts::bytes(snapshot.bytes));
    let mut files = amounts::files(snapshot.files);
    let (done, mut end) = (bytes.clone(), String::new());
    if let Some(total) = snapshot.total {
        let Total { files: all_files, bytes: all_bytes, complete } = total;
        let (shown, least) = (snapshot.shown(&total), least(complete, charset));
        if shown.bytes {
            bytes = format!("{bytes} of {least}{}", amounts::bytes(all_bytes));
        }
        if shown.files {
            let all_files = amounts::files(all_files);
            let digits = all_files.split(' ').next().map_or(0, str::len);
            files = format!("{:>digits$} of {least}{all_files}", amounts::number(snapshot.files));
        }
        end = match snapshot.left {
            Some(left) => format!("{:>7} left", amounts::duration(left)),
            None if !complete => format!("{:>12}", "counting"),
            None => format!("{:>12}", ""),
        };
    }
    // Nothing moves in a dry run.
    let rate = match snapshot.dry {
        true => String::new(),
        false => format!("{:>BYTES_COLUMNS$}/s", amounts::bytes(snapshot.rate)),
    };
    let beside = |parts: &[&str], gap: &str| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        parts.join(gap)
    };
    [
        beside(&[&bytes, &files, &rate, &end], "   "),
        beside(&[&bytes, &files, &rate, &end], "  "),
        beside(&[&bytes, &rate, &end], "  "),
        beside(&[&bytes, &end], "  "),
        done,
    ]
}

/// What stands before a number that may grow.
fn least(complete: bool, charset: Charset) -> &'static str {
    match (complete, charset) {
        (true, _) => "",
        (false, Charset::Utf8) => "≥ ",
        (false, Charset::Ascii | Charset::Bytes { .. } | Charset::Multibyte(_)) => ">= ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn snapshot(complete: bool) -> Snapshot {
        Snapshot {
            files: 2_345,
            bytes: 498_000_000,
            total: Some(Total { files: 40_000, bytes: 1_215_000_000, complete }),
            rate: 512_000_000,
            left: complete.then_some(Duration::from_secs(3)),
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_wide_terminal_shows_all() {
        let shown = line(&snapshot(true), 119, Charset::Utf8);
        assert!(shown.bar && shown.percent);
        assert_eq!(shown.figures, " 498 MB of 1.21 GB    2,345 of 40,000 files    512 MB/s      0:03 left");
    }

    #[test]
    fn a_narrow_one_shows_what_matters() {
        let shown = line(&snapshot(true), 79, Charset::Utf8);
        assert_eq!((shown.bar, &shown.figures[..]), (true, " 498 MB of 1.21 GB   512 MB/s     0:03 left"));
        let shown = line(&snapshot(true), 39, Charset::Utf8);
        assert_eq!((shown.percent, &shown.figures[..]), (true, " 498 MB of 1.21 GB     0:03 left"));
        let shown = line(&snapshot(true), 10, Charset::Utf8);
        assert_eq!((shown.percent, &shown.figures[..]), (false, " 498 MB"));
        assert_eq!(line(&snapshot(true), 3, Charset::Utf8).figures, "");
    }

    #[test]
    fn while_it_is_counted_there_is_no_share_of_it() {
        let shown = line(&snapshot(false), 119, Charset::Utf8);
        assert!(!shown.bar && !shown.percent);
        assert!(shown.figures.starts_with(" 498 MB of ≥ 1.21 GB    2,345 of ≥ 40,000 files"));
        assert!(shown.figures.ends_with("counting"));
        assert!(line(&snapshot(false), 119, Charset::Ascii).figures.contains("of >= 1.21 GB"));
    }

    #[test]
    fn a_number_that_is_still_counted_does_not_stand_twice() {
        let total = Some(Total { files: 2_346, bytes: 498_000_001, complete: false });
        let shown = line(&Snapshot { total, ..snapshot(false) }, 119, Charset::Utf8);
        assert_eq!(shown.figures, " 498 MB   2,345 of ≥ 2,346 files    512 MB/s       counting");
        let total = Some(Total { files: 2_345, bytes: 498_000_000, complete: true });
        let shown = line(&Snapshot { total, ..snapshot(false) }, 119, Charset::Utf8);
        assert!(shown.figures.starts_with(" 498 MB of 498 MB   2,345 of 2,345 files"), "{shown:?}");
    }

    #[test]
    fn a_dry_run_has_no_rate() {
        let shown = line(&Snapshot { dry: true, ..snapshot(true) }, 119, Charset::Utf8);
        assert_eq!(shown.figures, " 498 MB of 1.21 GB    2,345 of 40,000 files      0:03 left");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in 0..130 {
            for complete in [true, false] {
                let shown = line(&snapshot(complete), columns, Charset::Utf8);
                let taken = shown.figures.chars().count() + if shown.percent { PERCENT_COLUMNS } else { 1 };
                assert!(taken <= columns || shown.figures.is_empty(), "{columns}: {shown:?}");
            }
        }
    }
}
