//! Owns the command line.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

pub const USAGE: &str = "\
usage: cargo bench --bench compare -- [SCENARIO...] [OPTION...]
Times ucp and ucat beside whichever other tools are installed, and prints a table for each scenario.
A SCENARIO is a name, or what several names begin with up to a hyphen; all of them where none is given.
  --list        print the names of all scenarios
  --runs N      runs of each tool that count (3); one more is thrown away
  --scale F     so many times the files or bytes (1)
  --seed N      what files are drawn from (42)
  --tools A,B   only these tools
  --ucp PATH    another ucp, --ucat PATH another ucat, than those just built
  --write       put the results beside earlier ones, and make the pages in docs/benchmarks and README.md anew
  --render      only make the pages anew
  --into DIR    with --write or --render: another directory than docs/benchmarks, and leave README.md alone
It needs root, loop devices and some 15 GiB of free memory (less with a lower scale).";

pub struct Options {
    pub scenarios: Vec<String>,
    pub task: Task,
    pub runs: u32,
    pub scale: f64,
    pub seed: u64,
    /// Empty means all.
    pub tools: Vec<String>,
    pub ucp: PathBuf,
    pub ucat: PathBuf,
    /// Where pages go that do not go into the project itself.
    pub into: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Help,
    List,
    Measure,
    Write,
    Render,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options {
            scenarios: Vec::new(),
            task: Task::Measure,
            runs: 3,
            scale: 1.0,
            seed: 42,
            tools: Vec::new(),
            ucp: PathBuf::from(env!("CARGO_BIN_EXE_ucp")),
            ucat: PathBuf::from(env!("CARGO_BIN_EXE_ucat")),
            into: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                // cargo adds this to every bench program it starts.
                "--bench" => {}
                "--help" => options.task = Task::Help,
                "--list" => options.task = Task::List,
                "--write" => options.task = Task::Write,
                "--render" => options.task = Task::Render,
                "--runs" => options.runs = number(&argument, &value()?)?,
                "--scale" => options.scale = number(&argument, &value()?)?,
                "--seed" => options.seed = number(&argument, &value()?)?,
                "--tools" => options.tools = value()?.split(',').map(str::to_owned).collect(),
                "--ucp" => options.ucp = absolute(&value()?)?,
                "--ucat" => options.ucat = absolute(&value()?)?,
                "--into" => options.into = Some(absolute(&value()?)?),
                option if option.starts_with('-') => bail!("unknown option '{option}'\n{USAGE}"),
                name => options.scenarios.push(name.to_owned()),
            }
        }
        ensure!(options.runs > 0, "--runs must be at least 1");
        ensure!(options.scale > 0.0 && options.scale <= 100.0, "--scale must be above 0, and 100 at most");
        Ok(options)
    }

    /// The directory of the pages.
    pub fn pages(&self) -> PathBuf {
        self.into.clone().unwrap_or_else(|| project().join("docs/benchmarks"))
    }
}

/// The directory of this project's sources.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn number<T: std::str::FromStr>(option: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_no_number| anyhow::anyhow!("{option}: '{value}' is not a number it can take"))
}

fn absolute(path: &str) -> Result<PathBuf> {
    Ok(env::current_dir()?.join(path))
}
