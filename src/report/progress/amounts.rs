//! Numbers as short text: bytes to three digits, numbers in groups, times.

use std::time::Duration;

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// Most columns of what [`bytes`] answers.
pub(crate) const BYTES_COLUMNS: usize = 7;

/// `1.23 GB`: three digits, in powers of 1000.
#[must_use]
pub(crate) fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count} B");
    }
    let mut unit: u64 = 1000;
    let mut name = 1;
    while name + 1 < UNITS.len() && count / unit >= 1000 {
        unit *= 1000;
        name += 1;
    }
    // Cut, not rounded: what is not done yet does not look done.
    let (whole, hundredths) = (count / unit, count % unit / (unit / 100));
    match whole {
        0..=9 => format!("{whole}.{hundredths:02} {}", UNITS[name]),
        10..=99 => format!("{whole}.{} {}", hundredths / 10, UNITS[name]),
        _ => format!("{whole} {}", UNITS[name]),
    }
}

/// `12,345`.
#[must_use]
pub(crate) fn number(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut grouped = digits[..first].to_owned();
    for (index, digit) in digits[first..].char_indices() {
        if index % 3 == 0 && !grouped.is_empty() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 file`, `12,345 files`.
#[must_use]
pub(crate) fn files(count: u64) -> String {
    format!("{} file{}", number(count), if count == 1 { "" } else { "s" })
}

/// `0:03`, `1:01`, `2:00:00`, `3d 04h`.
#[must_use]
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{:02}:{:02}", minutes % 60, seconds % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

/// `0.4 s` up to a minute, as [`duration`] from there on.
#[must_use]
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..=59 => format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100),
        _ => duration(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_999, "9.99 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999 kB"),
            (498_000_000, "498 MB"),
            (1_215_000_000, "1.21 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
            assert!(text.len() <= BYTES_COLUMNS);
        }
    }

    #[test]
    fn numbers_stand_in_groups() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")];
        for (count, text) in cases {
            assert_eq!(number(count), text);
        }
    }

    #[test]
    fn times_get_longer_units() {
        let cases = [(3, "0:03"), (61, "1:01"), (7200, "2:00:00"), (273_600, "3d 04h")];
        for (count, text) in cases {
            assert_eq!(duration(Duration::from_secs(count)), text);
        }
        assert_eq!(seconds(Duration::from_millis(450)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1:01");
    }
}
