//! Owns what must be there before anything is measured, so that there are whole results or none.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::ground::output_of;
use super::tools::find;
use crate::options::Options;
use crate::scenarios::{Kind, Scenario};

/// Memory that images, page cache and touching take at scale 1, and what must be left.
const MEMORY_GIB: f64 = 14.0;
const SPARE_GIB: f64 = 1.0;

/// All that is missing, in one error.
pub fn check(scenarios: &[&Scenario], options: &Options) -> Result<()> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() {
        missing.push("root, to make and mount file systems".to_owned());
    }
    let mut programs = vec!["bash", "dd", "losetup", "unshare", "find", "sort", "xargs"];
    for scenario in scenarios {
        for place in [scenario.source, scenario.destination] {
            match place.kind {
                Kind::Ext4 => programs.push("mkfs.ext4"),
                Kind::Xfs => programs.push("mkfs.xfs"),
                Kind::Tmpfs => {}
            }
        }
    }
    programs.sort_unstable();
    programs.dedup();
    let absent = programs.iter().filter(|name| find(Path::new(name)).is_none());
    missing.extend(absent.map(|name| format!("the program {name}")));
    if missing.is_empty()
        && let Err(error) = output_of(Command::new("losetup").arg("--find"))
    {
        missing.push(format!("loop devices ({error:#})"));
    }
    let wanted = MEMORY_GIB * options.scale + SPARE_GIB;
    let available = available_gib()?;
    if available < wanted {
        missing.push(format!(
            "{wanted:.1} GiB of free memory for file systems in it, where {available:.1} are free (--scale takes less)"
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("nothing was measured, as there must be:\n  {}", missing.join("\n  "))
}

fn available_gib() -> Result<f64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).context("no MemAvailable")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1_048_576.0)
}
