//! Owns what a scenario is, and the list of all of them; the modules beside it hold those of `ucp` and of `ucat`.
//!
//! Nothing is measured here: a scenario is data. In a command `{s}` is the source, `{d}` a destination directory on a
//! file system made anew, `{ucp}` and `{ucat}` our programs, and `{out}` the output: `/dev/null` where time counts, and a
//! file in the first run, which does not count, so that what is thrown away later has been looked at once.

use anyhow::{Result, bail};

use super::corpus::Corpus;

mod cat;
mod cp;

/// A tool's name and its command.
pub type Commands = &'static [(&'static str, &'static str)];

pub struct Scenario {
    pub name: &'static str,
    /// For the chart and the summary.
    pub title: &'static str,
    pub what: &'static str,
    pub corpus: Corpus,
    pub source: Place,
    pub destination: Place,
    /// Whether nothing of the source is in the page cache.
    pub cold: bool,
    pub commands: Commands,
    pub way: Way,
    pub check: Check,
}

/// A file system, and what it lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: Kind,
    pub backing: Backing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    Tmpfs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    Memory,
    Disk,
}

/// How a command is run, and what of it is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By bash, so many times over.
    Shell { repeats: u32 },
    /// By bash, and again with a tenth of the files.
    Growth,
    /// Between two pipes: a line is written when the one before it has come out.
    Lines { lines: u32 },
    /// With a socket as standard output that is read as fast as can be.
    Socket(Socket),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    Unix,
    Tcp,
}

/// What must be found after a run for its time to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The same names, types and contents.
    Tree,
    /// Those, and the same owners, permissions and times of change.
    Archive,
    /// The same contents.
    File,
    /// The contents of all files of the source, in the order of their names.
    Joined,
    /// What the first tool made of the source; that is GNU's, as long as it takes part.
    Alike,
    /// Nothing is written: each line is compared as it comes.
    Lines,
}

const EXT4: Place = Place { kind: Kind::Ext4, backing: Backing::Memory };
const EXT4_ON_DISK: Place = Place { kind: Kind::Ext4, backing: Backing::Disk };
const XFS: Place = Place { kind: Kind::Xfs, backing: Backing::Memory };
const TMPFS: Place = Place { kind: Kind::Tmpfs, backing: Backing::Memory };

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "XFS",
            Self::Tmpfs => "tmpfs",
        }
    }
}

impl Place {
    pub fn describe(self) -> String {
        match (self.kind, self.backing) {
            (Kind::Tmpfs, _) => "tmpfs".to_owned(),
            (kind, Backing::Memory) => format!("{} in memory", kind.name()),
            (kind, Backing::Disk) => format!("{} on disk", kind.name()),
        }
    }
}

impl Way {
    /// How many of what a run is made of.
    pub fn unit(self) -> (u32, &'static str) {
        match self {
            Self::Shell { repeats } if repeats > 1 => (repeats, "start"),
            Self::Shell { .. } | Self::Growth | Self::Socket(_) => (1, ""),
            Self::Lines { lines } => (lines, "line"),
        }
    }
}

/// Every scenario, in the order in which they are listed and shown.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    cp::SCENARIOS.iter().chain(cat::SCENARIOS)
}

/// The names of all scenarios.
pub fn names() -> Vec<&'static str> {
    all().map(|scenario| scenario.name).collect()
}

/// The scenarios that are meant: a name, or the beginning of several names up to a hyphen. No name means all.
pub fn chosen(asked: &[String]) -> Result<Vec<&'static Scenario>> {
    if asked.is_empty() {
        return Ok(all().collect());
    }
    let mut chosen: Vec<&'static Scenario> = Vec::new();
    for name in asked {
        let before = chosen.len();
        let exact = all().filter(|scenario| scenario.name == name).collect::<Vec<_>>();
        let group = || all().filter(|scenario| scenario.name.starts_with(&format!("{name}-")));
        let meant = if exact.is_empty() { group().collect() } else { exact };
        if meant.is_empty() {
            bail!("no scenario '{name}'; --list names them all");
        }
        chosen.extend(meant);
        let known: Vec<&str> = chosen[..before].iter().map(|scenario| scenario.name).collect();
        let mut place = 0;
        chosen.retain(|scenario| {
            place += 1;
            place <= before || !known.contains(&scenario.name)
        });
    }
    Ok(chosen)
}
