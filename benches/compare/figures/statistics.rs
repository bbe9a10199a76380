//! Owns the arithmetic: the middle, least and greatest of some runs.

/// Of a few runs: the middle one, and between which two all of them lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` where there are no runs.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = values.len() / 2;
        let lower = if values.len().is_multiple_of(2) { upper - 1 } else { upper };
        let median = f64::midpoint(*values.get(lower)?, *values.get(upper)?);
        Some(Self { median, min, max })
    }
}
