//! Owns how the tools of a scenario stand to each other: rows by time, and each one's ratio to the fastest peer.
//!
//! A peer is any tool but ours. Our own figures are hence below 1.00 where nobody else is as fast, and a peer's never
//! fall below it.

use super::statistics::Spread;
use super::{Figures, Measured};

/// One tool's figures, worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    pub tool: &'a str,
    pub command: &'a str,
    pub wall_seconds: Spread,
    pub cpu_seconds: Spread,
    pub rss_mib_max: f64,
    /// Medians: this tool's to the fastest peer's. `None` where there is no peer.
    pub ratio: Option<f64>,
    /// The same of the fastest run of each. On a busy machine noise only adds, so this is the steadier figure.
    pub ratio_of_minima: Option<f64>,
    /// Time with ten times the files by the time with a tenth.
    pub growth: Option<f64>,
    /// The same of the fastest runs.
    pub growth_of_minima: Option<f64>,
}

/// A scenario with its rows, fastest first.
pub struct Standing<'a> {
    pub name: &'a str,
    pub measured: &'a Measured,
    pub rows: Vec<Row<'a>>,
}

/// Whether a tool is one of this project.
pub fn is_ours(tool: &str) -> bool {
    matches!(tool, "ucp" | "ucat")
}

/// Whether a tool is GNU's, or stands in its place on this system.
pub fn is_the_original(tool: &str) -> bool {
    matches!(tool, "cp" | "cat")
}

impl<'a> Standing<'a> {
    pub fn of(name: &'a str, measured: &'a Measured) -> Self {
        let mut rows: Vec<Row<'a>> = measured.tools.iter().filter_map(row).collect();
        rows.sort_by(|a, b| a.wall_seconds.median.total_cmp(&b.wall_seconds.median));
        let peers = || rows.iter().filter(|row| !is_ours(row.tool)).map(|row| row.wall_seconds);
        let least = |values: Vec<f64>| values.into_iter().min_by(f64::total_cmp).filter(|least| *least > 0.0);
        let median = least(peers().map(|wall| wall.median).collect());
        let min = least(peers().map(|wall| wall.min).collect());
        for row in &mut rows {
            row.ratio = median.map(|best| row.wall_seconds.median / best);
            row.ratio_of_minima = min.map(|best| row.wall_seconds.min / best);
        }
        Self { name, measured, rows }
    }

    pub fn ours(&self) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| is_ours(row.tool))
    }

    pub fn original(&self) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| is_the_original(row.tool))
    }

    pub fn fastest_peer(&self) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| !is_ours(row.tool))
    }

    /// The longest time of any run.
    pub fn longest_seconds(&self) -> f64 {
        self.rows.iter().map(|row| row.wall_seconds.max).fold(0.0, f64::max)
    }

    /// Whether a peer was faster than ours, by what is printed: 1.004 is printed as 1.00.
    pub fn is_behind(&self) -> bool {
        self.ours().and_then(|ours| ours.ratio).is_some_and(|ratio| ratio >= 1.005)
    }

    /// Our CPU time to the fastest peer's, where both used enough of it to speak of.
    pub fn cpu_ratio(&self) -> Option<f64> {
        let (ours, peer) = (self.ours()?, self.fastest_peer()?);
        (peer.cpu_seconds.median > 0.0).then(|| ours.cpu_seconds.median / peer.cpu_seconds.median)
    }
}

fn row(figures: &Figures) -> Option<Row<'_>> {
    let samples = &figures.samples;
    let wall_seconds = Spread::of(samples.iter().map(|sample| sample.wall_seconds))?;
    let kib = samples.iter().map(|sample| sample.rss_kib).max()?;
    let tenth = Spread::of(figures.tenth_wall_seconds.iter().copied());
    Some(Row {
        tool: &figures.tool,
        command: &figures.command,
        wall_seconds,
        cpu_seconds: Spread::of(samples.iter().map(|sample| sample.cpu_seconds))?,
        rss_mib_max: f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0,
        ratio: None,
        ratio_of_minima: None,
        growth: tenth.map(|tenth| wall_seconds.median / tenth.median),
        growth_of_minima: tenth.map(|tenth| wall_seconds.min / tenth.min),
    })
}
