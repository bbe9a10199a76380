//! Sizes as people type them: `64K`, `1M`, `1MiB`, `4096`.

/// Bytes in `text`: a number, with K, M, G (or KiB, MiB, GiB) for powers of 1024 and kB, MB, GB for powers of 1000.
#[must_use]
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let factor: u64 = match &text[digits..] {
        "" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn suffixes_are_gnu_s() {
        let sizes = ["4096", "64K", "1M", "1MiB", "2kB", "0"].map(parse);
        assert_eq!(sizes, [Some(4096), Some(65536), Some(1 << 20), Some(1 << 20), Some(2000), Some(0)]);
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(
            ["", "K", "-1", "1X", "1 M", "99999999999999999999", "18446744073709551615K"]
                .iter()
                .all(|t| parse(t).is_none())
        );
    }
}
