//! Owns the order of the runs and what is kept of them: first a check of every byte, then timed passes, interleaved.
//!
//! Round by round each way has one pass, and the next round begins one way later (A B C, B C A, ...), so that a slow
//! spell of the machine falls on all of them. The middle value is kept because a few runs are always disturbed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::calls::Calls;
use crate::files::{FILE_BYTES, FileSet};
use crate::ways::Way;

/// A set of up to this many files is small: a pass takes microseconds, so it gets more runs.
const SMALL_FILES_MAX: usize = 10;

/// Files read untimed right before each timed pass. Without that the way that follows the SQPOLL one would begin on a
/// core just out of sleep, and in small sets seem twice as slow.
const WARM_UP_FILES: usize = 10;

/// Runs of a small set for each run of the largest.
const SMALL_RUNS_FACTOR: usize = 50;

/// How many files are read, and how often.
#[derive(Clone, Copy)]
pub struct Group {
    pub files: usize,
    pub runs: usize,
}

/// One way's figures for one group.
pub struct Row {
    pub group: Group,
    pub way: &'static str,
    pub time_median: Duration,
    pub time_min: Duration,
    pub calls_median: u64,
    pub set_up: Option<Duration>,
}

/// One file, 10 files, and all of them, as far as there are so many.
pub fn groups(files: usize, runs: usize) -> Vec<Group> {
    let mut counts: Vec<_> = [1, 10, files].into_iter().filter(|count| *count <= files).collect();
    counts.dedup();
    let runs_of = |files| if files <= SMALL_FILES_MAX { runs * SMALL_RUNS_FACTOR } else { runs };
    counts.into_iter().map(|files| Group { files, runs: runs_of(files) }).collect()
}

/// Lets every way read every file once, untimed, and compares each byte through checksums; also warms the page cache.
pub fn check(ways: &mut [Box<dyn Way>], files: &FileSet) -> Result<Calls> {
    let mut total = Calls::default();
    for way in ways {
        let mut seen = vec![false; files.len()];
        let mut wrong = None;
        let pass = way.read(files.len(), &mut |index, bytes| {
            seen[index] = true;
            if let Err(error) = files.check(index, bytes) {
                wrong = wrong.take().or(Some(error));
            }
        });
        let name = way.name();
        total += pass.with_context(|| name)?.calls;
        wrong.map_or(Ok(()), Err).with_context(|| name)?;
        ensure!(seen.iter().all(|seen| *seen), "{name}: some files were never read");
        way.settle();
    }
    Ok(total)
}

/// Times every way over one group of files; `total` collects the system calls of all runs.
pub fn group(ways: &mut [Box<dyn Way>], group: Group, total: &mut Calls) -> Result<Vec<Row>> {
    let mut times = vec![Vec::with_capacity(group.runs); ways.len()];
    let mut calls = vec![Vec::with_capacity(group.runs); ways.len()];
    for round in 0..group.runs {
        for place in 0..ways.len() {
            let turn = (round + place) % ways.len();
            let way = &mut ways[turn];
            let warm_up =
                way.read(group.files.min(WARM_UP_FILES), &mut |_, _| {}).with_context(|| way.name())?;
            *total += warm_up.calls;
            let start = Instant::now();
            let pass = way.read(group.files, &mut |_, _| {}).with_context(|| way.name())?;
            times[turn].push(start.elapsed());
            ensure!(pass.bytes == group.files * FILE_BYTES, "{}: {} bytes read", way.name(), pass.bytes);
            calls[turn].push(pass.calls.sum());
            *total += pass.calls;
            way.settle();
        }
    }
    let figures = times.into_iter().zip(calls);
    ways.iter().zip(figures).map(|(way, (times, calls))| row(way.as_ref(), group, times, calls)).collect()
}

fn row(way: &dyn Way, group: Group, mut times: Vec<Duration>, mut calls: Vec<u64>) -> Result<Row> {
    times.sort_unstable();
    calls.sort_unstable();
    let middle = group.runs / 2;
    Ok(Row {
        group,
        way: way.name(),
        time_median: *times.get(middle).context("no runs")?,
        time_min: *times.first().context("no runs")?,
        calls_median: *calls.get(middle).context("no runs")?,
        set_up: way.set_up(),
    })
}
