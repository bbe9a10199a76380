//! Owns the README's section about speed: what stands between two markers is made of the figures.

use anyhow::{Context, Result};

use super::super::figures::standing::Standing;
use super::{summary, words};

pub const BEGIN: &str =
    "<!-- made by `cargo bench --bench compare -- --render`; changes by hand are lost -->";
pub const END: &str = "<!-- end of what is made -->";

/// The README with the section put in; an error where it has no place for it.
pub fn inserted(readme: &str, standings: &[Standing]) -> Result<String> {
    let (before, rest) =
        readme.split_once(BEGIN).context("README.md has no marker where the figures begin")?;
    let (_, after) = rest.split_once(END).context("README.md has no marker where the figures end")?;
    Ok(format!("{before}{BEGIN}\n{}{END}{after}", section(standings)))
}

fn section(standings: &[Standing]) -> String {
    let machine = standings.first().map_or(&[][..], |first| &first.measured.setting.machine);
    let value = |name: &str| {
        machine.iter().find(|(known, _)| known == name).map_or("unknown", |(_, value)| value.as_str())
    };
    let cores = value("cores").split(',').next().unwrap_or("unknown");
    let kind = if value("virtual machine") == "yes" { "a virtual machine" } else { "a machine" };
    format!(
        "![Bars: time of each tool in the main scenarios](docs/benchmarks/chart.svg)\n\n\
         Medians of {} on {kind} with {cores} cores, {} of memory and {}, on {}; each run into a file system made \
         anew, each result compared with the source. The ratio is our time to that of the fastest peer that is \
         installed; below 1 nobody is as fast. {}\n\n{}\n{}\n\
         [docs/benchmarks](docs/benchmarks/README.md) has every tool, command and version, and how it is measured.\n",
        summary::runs(standings),
        value("memory"),
        value("kernel"),
        summary::dates(standings),
        words::FACTORS,
        summary::table(standings),
        summary::behind(standings),
    )
}
