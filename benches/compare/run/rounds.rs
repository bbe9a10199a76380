//! Owns the order of runs, and what is kept of them.
//!
//! Each of these spoilt a measurement once, and is why it is done as it is:
//! - Every run gets a destination that mkfs has just made. ext4 remembers inodes that were deleted lately: a copy into
//!   a place that was just emptied takes up to ten times as long.
//! - Source and destination are different file systems, as XFS would share blocks and move nothing.
//! - The first run of every tool is thrown away, memory is touched before each, and the tools take turns (A B C, B C A,
//!   ...), so that a slow spell falls on all. On a virtual machine noise only adds: minima stand beside the medians.
//! - A source that is to be cached is locked in memory (`hold`): some kernels give back what was read a second ago.
//! - What a tool left behind is compared before its time counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::child::{self, Report, Work};
use super::ground::{Ground, Role};
use super::tools::Field;
use super::{cache, check, hold, machine, tools};
use crate::corpus::tenth_of;
use crate::figures::{Absent, Figures, Measured, Sample, Setting};
use crate::options::Options;
use crate::scenarios::{Check, Scenario, Socket, Way};

/// One command that takes its turn.
struct Entrant {
    tool: &'static str,
    command: &'static str,
    /// Whether it copies the tree with a tenth of the files.
    tenth: bool,
    samples: Vec<Sample>,
    failure: Option<String>,
}

/// One scenario on its way.
struct Race<'a> {
    scenario: &'a Scenario,
    options: &'a Options,
    ground: &'a mut Ground,
    source: PathBuf,
    /// What the first tool made of the source, where the others must make the same.
    expected: Option<PathBuf>,
}

/// Runs one scenario to its end. Tools that failed or made something wrong are among those absent.
pub fn measure(
    scenario: &Scenario,
    field: Field,
    options: &Options,
    ground: &mut Ground,
) -> Result<Measured> {
    let mounted = ground.fresh(Role::Source, scenario.source)?;
    take_low_inodes(&mounted)?;
    let source = mounted.join("s");
    scenario.corpus.write(&source, options.scale, options.seed)?;
    rustix::fs::sync();
    let versions = tools::versions(&field, options);
    let held = if scenario.cold { None } else { Some(hold::hold(&source)?) };
    let mut race = Race { scenario, options, ground, source, expected: None };
    let mut entrants = entrants(scenario, &field);
    for round in 0..=options.runs {
        let count = entrants.len();
        for place in 0..count {
            let turn = (usize::try_from(round)? + place) % count;
            let entrant = &mut entrants[turn];
            if entrant.failure.is_none() {
                race.turn(entrant, round).with_context(|| format!("{}, {}", scenario.name, entrant.tool))?;
            }
        }
    }
    race.ground.leave(Role::Destination)?;
    drop(held);
    race.ground.leave(Role::Source)?;
    if let Some(expected) = race.expected {
        fs::remove_file(expected)?;
    }
    collect(scenario, field.absent, options, versions, entrants)
}

/// Takes the inode numbers that the first directory on a new file system gets, so that nothing in the source has one of
/// them. cpz 3.2 leaves out an entry with the number of its destination, also on another file system; it shall run for
/// its speed all the same.
fn take_low_inodes(directory: &Path) -> Result<()> {
    const TAKEN: u32 = 256;
    for index in 0..TAKEN {
        File::create_new(directory.join(format!("taken{index}")))?;
    }
    Ok(())
}

fn entrants(scenario: &Scenario, field: &Field) -> Vec<Entrant> {
    let parts: &[bool] = if scenario.way == Way::Growth { &[false, true] } else { &[false] };
    let mut entrants = Vec::new();
    for (tool, command) in &field.present {
        for tenth in parts {
            entrants.push(Entrant { tool, command, tenth: *tenth, samples: Vec::new(), failure: None });
        }
    }
    entrants
}

impl Race<'_> {
    /// One run of one tool; round 0 is the one that does not count.
    fn turn(&mut self, entrant: &mut Entrant, round: u32) -> Result<()> {
        let destination = self.ground.fresh(Role::Destination, self.scenario.destination)?;
        let source = if entrant.tenth { tenth_of(&self.source) } else { self.source.clone() };
        if self.scenario.cold {
            cache::empty()?;
        } else {
            cache::fill(&source)?;
        }
        cache::touch_memory(self.scenario.corpus.memory_mebibytes(), self.options.scale)?;
        let copy = destination.join("o");
        let rehearsal = round == 0;
        let report =
            child::run(&self.work(entrant, &source, &destination, rehearsal), &self.ground.images())?;
        let kept = kept(self.scenario, entrant.command);
        let wrong = match (&report.failure, rehearsal || !kept.only_in_rehearsal) {
            (Some(failure), _) => Some(failure.clone()),
            (None, true) if kept.any => self.wrong(&source, &copy)?,
            (None, _) => self.came_short(&source, &report)?,
        };
        match wrong {
            Some(wrong) => entrant.failure = Some(self.without_paths(&wrong, &destination)),
            None if rehearsal => {}
            None => entrant.samples.push(Sample {
                wall_seconds: nanoseconds(report.wall_seconds / f64::from(self.repeats())),
                cpu_seconds: nanoseconds(report.cpu_seconds / f64::from(self.repeats())),
                rss_kib: report.rss_kib,
            }),
        }
        Ok(())
    }

    /// What a tool said, without where this machine keeps things.
    fn without_paths(&self, words: &str, destination: &Path) -> String {
        words
            .replace(&*destination.to_string_lossy(), "DST")
            .replace(&*self.source.to_string_lossy(), "SRC")
            .replace(&*self.options.ucp.to_string_lossy(), "ucp")
            .replace(&*self.options.ucat.to_string_lossy(), "ucat")
    }

    /// Lines are counted by whoever passes them on.
    fn repeats(&self) -> u32 {
        if let Way::Shell { repeats } = self.scenario.way { repeats } else { 1 }
    }

    fn work(&self, entrant: &Entrant, source: &Path, destination: &Path, rehearsal: bool) -> Work {
        let out = destination.join("o");
        let thrown_away = if rehearsal { &out } else { Path::new("/dev/null") };
        let places = [
            ("{s}", source),
            ("{d}", destination),
            ("{out}", thrown_away),
            ("{ucp}", &self.options.ucp),
            ("{ucat}", &self.options.ucat),
        ];
        let filled = |words: &str, shown: fn(&Path) -> String| {
            places.iter().fold(words.to_owned(), |words, (mark, path)| words.replace(mark, &shown(path)))
        };
        let words = || {
            let words = entrant.command.split_whitespace();
            words.map(|word| filled(word, |path| path.display().to_string())).collect()
        };
        let command = filled(entrant.command, quoted);
        match self.scenario.way {
            Way::Shell { repeats: 1 } | Way::Growth => Work::Shell { command },
            Way::Shell { repeats } => {
                Work::Shell { command: format!("for _ in $(seq {repeats}); do {command} || exit; done") }
            }
            Way::Lines { lines } => Work::Lines { command: words(), lines },
            Way::Socket(socket) => {
                Work::Socket { command: words(), tcp: socket == Socket::Tcp, into: rehearsal.then_some(out) }
            }
        }
    }

    /// What is wrong with a copy, if anything.
    fn wrong(&mut self, source: &Path, copy: &Path) -> Result<Option<String>> {
        let equal = |equal: bool| (!equal).then(|| "other contents".to_owned());
        if !copy.exists() {
            return Ok(Some("no result".to_owned()));
        }
        match self.scenario.check {
            Check::Tree => check::trees(source, copy, false),
            Check::Archive => check::trees(source, copy, true),
            Check::File => Ok(equal(check::files(source, copy)?)),
            Check::Joined => Ok(equal(check::joined(source, copy)?)),
            Check::Alike => match &self.expected {
                Some(expected) => Ok(equal(check::files(expected, copy)?)),
                None => {
                    let expected = self.ground.images().join("expected");
                    fs::copy(copy, &expected)?;
                    self.expected = Some(expected);
                    Ok(None)
                }
            },
            Check::Lines => Ok(None),
        }
    }

    /// Where nothing is kept: whether all bytes came out of the socket.
    fn came_short(&self, source: &Path, report: &Report) -> Result<Option<String>> {
        let Way::Socket(_) = self.scenario.way else { return Ok(None) };
        let len = source.metadata()?.len();
        let came = report.drained_bytes;
        Ok((came != len).then(|| format!("{came} bytes came out, where {len} were to come")))
    }
}

/// Seconds with nine decimals, so that nothing is kept that no clock has seen.
fn nanoseconds(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e9
}

/// What is left behind by a command to be looked at.
struct Kept {
    any: bool,
    /// Whether the timed runs throw it away.
    only_in_rehearsal: bool,
}

fn kept(scenario: &Scenario, command: &str) -> Kept {
    match scenario.way {
        Way::Lines { .. } => Kept { any: false, only_in_rehearsal: true },
        Way::Socket(_) => Kept { any: true, only_in_rehearsal: true },
        Way::Shell { .. } | Way::Growth => Kept { any: true, only_in_rehearsal: command.contains("{out}") },
    }
}

fn collect(
    scenario: &Scenario,
    mut absent: Vec<Absent>,
    options: &Options,
    versions: BTreeMap<String, String>,
    entrants: Vec<Entrant>,
) -> Result<Measured> {
    let mut tools: Vec<Figures> = Vec::new();
    for entrant in entrants {
        let tool = entrant.tool.to_owned();
        if let Some(why) = entrant.failure {
            let why = format!("wrong ({why})");
            tools.retain(|figures| figures.tool != tool);
            absent.retain(|absent| absent.tool != tool);
            absent.push(Absent { tool, why });
        } else if entrant.tenth {
            let seconds = entrant.samples.iter().map(|sample| sample.wall_seconds).collect();
            if let Some(figures) = tools.iter_mut().find(|figures| figures.tool == tool) {
                figures.tenth_wall_seconds = seconds;
            }
        } else {
            let command = printed(entrant.command);
            tools.push(Figures { tool, command, samples: entrant.samples, tenth_wall_seconds: Vec::new() });
        }
    }
    let (repeats, unit) = scenario.way.unit();
    Ok(Measured {
        title: scenario.title.to_owned(),
        what: scenario.what.to_owned(),
        source: scenario.source.describe(),
        destination: scenario.destination.describe(),
        cold: scenario.cold,
        repeats,
        unit: unit.to_owned(),
        date: machine::date()?,
        runs: options.runs,
        scale: options.scale,
        seed: options.seed,
        setting: Setting { machine: machine::describe()?, versions },
        tools,
        absent,
    })
}

/// A command as a reader can type it.
fn printed(command: &str) -> String {
    command
        .replace("{s}", "SRC")
        .replace("{d}", "DST")
        .replace("{out}", "/dev/null")
        .replace("{ucp}", "ucp")
        .replace("{ucat}", "ucat")
}

/// A path as a word for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
