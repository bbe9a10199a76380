//! Owns how figures are written: three digits and a unit that fits.

use super::super::figures::Measured;
use super::super::figures::statistics::Spread;

/// A time in the unit that fits it.
pub fn time(seconds: f64) -> String {
    time_beside(seconds, seconds)
}

/// A time in the unit that fits the greatest of those it stands beside, so that all can be compared at a glance.
pub fn time_beside(seconds: f64, greatest: f64) -> String {
    let (value, unit) = scaled(seconds, greatest);
    format!("{} {unit}", digits(value))
}

/// From least to greatest, in the unit that fits the greatest of all.
pub fn range_beside(spread: Spread, greatest: f64) -> String {
    let (min, unit) = scaled(spread.min, greatest);
    let (max, _) = scaled(spread.max, greatest);
    format!("{} – {} {unit}", digits(min), digits(max))
}

pub fn memory(mebibytes: f64) -> String {
    format!("{mebibytes:.1} MiB")
}

/// A ratio with two decimals, a dash where there is none.
pub fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// What a factor behind a title means.
pub const FACTORS: &str = "×F behind a name: so many times the files or bytes that it says.";

/// What was measured, with the factor where it was more or less of it than the title says.
pub fn title(measured: &Measured) -> String {
    let Measured { title, scale, .. } = measured;
    if (scale - 1.0).abs() > f64::EPSILON { format!("{title}, ×{scale}") } else { title.clone() }
}

/// What a time is the time of, where it is not a whole command.
pub fn unit(measured: &Measured) -> String {
    if measured.unit.is_empty() { String::new() } else { format!(" a {}", measured.unit) }
}

/// "1 run", "3 runs".
pub fn runs(count: u32) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}

/// Cached or not, from where, to where.
pub fn places(measured: &Measured) -> String {
    let state = if measured.cold { "cold" } else { "cached" };
    format!("{state}, {} to {}", measured.source, measured.destination)
}

fn scaled(seconds: f64, greatest: f64) -> (f64, &'static str) {
    // Below the rounding to three digits, so that nothing is written as 1000 ms.
    if greatest >= 0.9995 {
        (seconds, "s")
    } else if greatest >= 0.000_999_5 {
        (seconds * 1e3, "ms")
    } else {
        (seconds * 1e6, "µs")
    }
}

fn digits(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else if value >= 0.9995 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}
