//! Owns what `cargo test` runs of this program: the whole of it once, very small, on the programs just built.
//!
//! Where file systems cannot be made this is skipped, loudly.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use crate::figures::Results;
use crate::run::ground::output_of;

type Test = fn() -> Result<()>;

const TESTS: [(&str, Test); 4] = [
    ("the_list_has_every_scenario_once", the_list_has_every_scenario_once),
    ("what_is_missing_is_said_and_nothing_is_measured", what_is_missing_is_said_and_nothing_is_measured),
    ("small_scenarios_of_each_way_are_measured_and_rendered", small_scenarios_are_measured_and_rendered),
    ("a_tool_that_does_nothing_fast_does_not_win", a_tool_that_does_nothing_fast_does_not_win),
];

/// Runs all tests, or those whose name contains one of the arguments, as the standard harness would.
pub fn run(arguments: &[String]) -> Result<()> {
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let asked = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, test) in TESTS.iter().filter(|(name, _)| asked(name)) {
        match test() {
            Ok(()) => {
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(error) => {
                println!("test {name} ... FAILED\n{error:#}");
                failed.push(*name);
            }
        }
    }
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {} failed", failed.len());
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// This program with these arguments, as `cargo bench` starts it.
fn bench(arguments: &[&str]) -> Result<Command> {
    let mut bench = Command::new(env::current_exe()?);
    bench.arg("--bench").args(arguments).stdin(Stdio::null());
    Ok(bench)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether this machine lets us measure these scenarios; says why it does not.
fn can_measure(name: &str, scenarios: &[&str]) -> Result<bool> {
    let output =
        bench(&[scenarios, &["--scale", "0.01", "--runs", "1", "--tools", "ucp,ucat"]].concat())?.output()?;
    let said = said(&output);
    if output.status.success() {
        return Ok(true);
    }
    let reason = said.lines().next_back().unwrap_or_default().trim().to_owned();
    // Not to be able to mount or to be without root, mkfs or memory is the machine's; anything else is a defect.
    let of_the_machine =
        ["nothing was measured", "mounting", "unshare"].iter().any(|words| said.contains(words));
    ensure!(of_the_machine, "{said}");
    let line = format!("SKIPPED: compare::{name}: no file systems can be made here: {reason}\n");
    eprint!("{line}");
    // As in tests/common/skipping.rs, which a package of this crate does not have.
    if let Some(list) = env::var_os("UCP_SKIPPED").filter(|list| !list.is_empty()) {
        fs::OpenOptions::new().create(true).append(true).open(list)?.write_all(line.as_bytes())?;
    }
    Ok(false)
}

fn the_list_has_every_scenario_once() -> Result<()> {
    let output = bench(&["--list"])?.output()?;
    ensure!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout)?;
    let mut names: Vec<&str> = text.lines().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    ensure!(names.len() == count && count >= 30, "{count} names, {} of them different", names.len());
    for name in ["tree-hot-xfs", "start-cp", "cat-live", "cat-adversarial-A-one-line", "linear"] {
        ensure!(names.binary_search(&name).is_ok(), "{name} is not in the list");
    }
    Ok(())
}

fn what_is_missing_is_said_and_nothing_is_measured() -> Result<()> {
    let empty = tempfile::tempdir()?;
    let output = bench(&["tree-hot-xfs", "--scale", "0.01"])?.env("PATH", empty.path()).output()?;
    let said = said(&output);
    ensure!(output.status.code() == Some(1), "{}: {said}", output.status);
    ensure!(said.contains("nothing was measured") && said.contains("mkfs.xfs"), "{said}");
    Ok(())
}

fn small_scenarios_are_measured_and_rendered() -> Result<()> {
    let scenarios = [
        "archive-hot",
        "start-cp",
        "linear",
        "cat-pipe",
        "cat-live",
        "cat-socket",
        "cat-fifo",
        "cat-showall",
    ];
    if !can_measure("small_scenarios_of_each_way_are_measured_and_rendered", &scenarios)? {
        return Ok(());
    }
    let scratch = tempfile::tempdir()?;
    let into = scratch.path().to_str().context("a name that is no text")?;
    for scenario in scenarios {
        let arguments = [scenario, "--scale", "0.01", "--runs", "2", "--write", "--into", into];
        let output = bench(&[&arguments[..], &["--tools", "cp,cat,ucp,ucat"]].concat())?.output()?;
        ensure!(output.status.success(), "{scenario}: {}", said(&output));
        ensure!(said(&output).contains("to the fastest peer"), "{scenario}: {}", said(&output));
    }
    let results = Results::load(&scratch.path().join("results.json"))?;
    ensure!(results.scenarios.len() == scenarios.len() + 1, "not all were kept: {results:?}");
    for (name, measured) in &results.scenarios {
        ensure!(measured.tools.len() == 2, "{name}: {measured:?}");
        for figures in &measured.tools {
            ensure!(figures.samples.len() == 2, "{name}: {figures:?}");
            let whole = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
            ensure!(
                figures.samples.iter().all(|s| s.wall_seconds > 0.0 && whole(s.cpu_seconds) && s.rss_kib > 0)
            );
            ensure!(figures.tenth_wall_seconds.is_empty() == (name != "linear"), "{name}: {figures:?}");
        }
    }
    pages_are_the_same_again(scratch.path(), into)
}

/// The pages come from results.json alone.
fn pages_are_the_same_again(directory: &Path, into: &str) -> Result<()> {
    for name in ["README.md", "chart.svg"] {
        let before = fs::read(directory.join(name))?;
        fs::remove_file(directory.join(name))?;
        let output = bench(&["--render", "--into", into])?.output()?;
        ensure!(output.status.success(), "{}", said(&output));
        ensure!(fs::read(directory.join(name))? == before, "{name} came out otherwise");
    }
    Ok(())
}

fn a_tool_that_does_nothing_fast_does_not_win() -> Result<()> {
    if !can_measure("a_tool_that_does_nothing_fast_does_not_win", &["big-hot"])? {
        return Ok(());
    }
    let directory = tempfile::tempdir()?;
    let cp = directory.path().join("cp");
    // It makes the file, so that only its contents tell.
    fs::write(&cp, "#!/bin/sh\n: >\"$2\"\n")?;
    fs::set_permissions(&cp, fs::Permissions::from_mode(0o755))?;
    let path = format!("{}:{}", directory.path().display(), env::var("PATH")?);
    let mut big = bench(&["big-hot", "--scale", "0.01", "--runs", "1", "--tools", "cp,dd,ucp"])?;
    let output = big.env("PATH", path).output()?;
    ensure!(output.status.success(), "{}", said(&output));
    ensure!(said(&output).contains("wrong (other contents): cp"), "{}", said(&output));
    let mut ours = bench(&["big-hot", "--scale", "0.01", "--runs", "1", "--tools", "ucp", "--ucp"])?;
    let output = ours.arg(&cp).output()?;
    ensure!(output.status.code() == Some(1), "our own mistake is no error: {}", said(&output));
    // Nothing may stay behind: neither a mount nor a loop device.
    let mounts = output_of(&mut Command::new("mount"))?;
    ensure!(!mounts.contains("ucp-compare"), "{mounts}");
    Ok(())
}
