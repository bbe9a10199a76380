//! Owns what is said about the machine: enough for a stranger to judge the figures, nothing that names anyone.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::Result;

use super::ground::{DISK_DIRECTORY, output_of};

/// Pairs of a heading and a value.
pub fn describe() -> Result<Vec<(String, String)>> {
    let cores = thread::available_parallelism()?;
    let processor = after("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    // Bit of CPUID that every hypervisor sets for its guests; Linux lists it among the flags.
    let flags = after("/proc/cpuinfo", "flags").unwrap_or_default();
    let guest = flags.split_whitespace().any(|flag| flag == "hypervisor");
    let memory = after("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kib: f64 = memory.trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let pairs = [
        ("cores", format!("{cores}, {processor}")),
        ("virtual machine", if guest { "yes" } else { "not as far as can be seen" }.to_owned()),
        ("memory", format!("{:.1} GiB", kib / 1_048_576.0)),
        ("kernel", format!("Linux {}", release.trim())),
        ("system", system.unwrap_or("unknown").trim_matches('"').to_owned()),
        ("file systems", file_systems()),
        ("disk", disk()),
    ];
    Ok(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// Today, in UTC.
pub fn date() -> Result<String> {
    output_of(Command::new("date").args(["-u", "+%Y-%m-%d"]))
}

/// What stands behind the first `name :` of a file of the kernel.
fn after(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = |line: &str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    };
    text.lines().find_map(value)
}

fn file_systems() -> String {
    let said = |program: &str| {
        let output = Command::new(program).arg("-V").output().ok()?;
        let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        String::from_utf8_lossy(&text).lines().next().map(|line| line.trim().to_owned())
    };
    let known: Vec<String> = ["mkfs.ext4", "mkfs.xfs"].into_iter().filter_map(said).collect();
    format!("images over loop devices, made by {}", known.join(" and "))
}

/// What the images on disk lie on.
fn disk() -> String {
    let mut found = Command::new("findmnt");
    output_of(found.args(["--noheadings", "--output", "FSTYPE", "--target", DISK_DIRECTORY]))
        .map_or_else(|_unknown| "unknown".to_owned(), |kind| format!("images in {DISK_DIRECTORY}, on {kind}"))
}
