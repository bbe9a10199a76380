//! `--atomic` killed at any moment: what has a name is whole, and what is left over is named by the next run.

use std::fs;
use std::time::Duration;

use crate::common::{Sandbox, each_engine, needs_extensions, noise};

/// How often a run is killed, on each engine.
const KILLS: usize = 200;

/// Longer than a run takes on most machines, so that it is killed anywhere or not at all.
const DELAY_MICROS_MAX: u64 = 6000;

/// Names in the sandbox that were not there before the first run.
fn left_over(s: &Sandbox) -> Vec<String> {
    let known = ["first", "second", "f", "f~"];
    let mut names: Vec<String> = fs::read_dir(s.work())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    names.sort_unstable();
    names
}

/// Whether this is a temporary name, as the manual describes it.
fn is_temporary(name: &str) -> bool {
    let digits = name.strip_prefix(".f.ucp-").or_else(|| name.strip_prefix(".f~.ucp-"));
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn killed(s: &Sandbox, unnamed_files: bool) {
    let drawn = noise(KILLS * 4, 20_261_121);
    let contents = [noise(3_000_000, 1), noise(2_500_000, 2)];
    s.file("first", &contents[0]).file("second", &contents[1]).file("f", &contents[0]);
    for (turn, drawn) in drawn.chunks_exact(4).enumerate() {
        let drawn = u64::from(u32::from_le_bytes(drawn.try_into().unwrap()));
        let options: &[&str] = match turn % 8 {
            0 => &["--fsync"],
            1 => &["-b"],
            2 => &["--remove-destination"],
            3 => &["--backup=numbered"],
            4 => &["-p"],
            _ => &[],
        };
        // Any of the two is the old file by chance.
        let source = if drawn.is_multiple_of(2) { "first" } else { "second" };
        let before = s.read("f");
        let run = s.cp(["--atomic"]).and(options).and([source, "f"]);
        let running = if unnamed_files { run.start() } else { run.without_unnamed_files().start() };
        std::thread::sleep(Duration::from_micros(drawn / 2 % DELAY_MICROS_MAX));
        running.kill();
        let now = s.read("f");
        assert!(now == before || now == s.read(source), "neither old nor new after {turn} {options:?}");
        for numbered in left_over(s).iter().filter(|name| name.starts_with("f.~")) {
            assert!(contents.contains(&s.read(numbered)), "{numbered} is not whole");
            fs::remove_file(s.path(numbered)).unwrap();
        }
    }
    let left = left_over(s);
    assert!(left.iter().all(|name| is_temporary(name)), "{left:?}");
    let warnings: Vec<String> = left
        .iter()
        .map(|name| {
            format!("ucp: warning: '{name}' is left from a copy that was interrupted, or is being written")
        })
        .collect();
    let warnings: Vec<&str> = warnings.iter().map(String::as_str).collect();
    s.cp(["--atomic", "first", "f"]).run().ends(0).complains_lines(&warnings);
    assert_eq!(left_over(s), left, "nothing was removed without a word");
}

#[test]
fn a_killed_run_leaves_the_old_file_or_the_new_one() {
    if needs_extensions() {
        each_engine(|s| killed(s, true));
    }
}

#[test]
fn so_it_does_where_the_file_system_knows_only_named_files() {
    if needs_extensions() {
        each_engine(|s| killed(s, false));
    }
}
