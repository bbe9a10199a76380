//! Compares five ways of reading whole files into memory: `cargo bench --bench engines` prints one Markdown table.
//!
//! This file owns the command line and the order of events; the modules beside it own one matter each. What the table
//! shows, and what it does not, is in `docs/engines.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing a table is what this program is for")]

use std::env;
use std::fs;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, bail};

#[path = "engines/calls.rs"]
mod calls;
#[path = "engines/files.rs"]
mod files;
#[path = "engines/measure.rs"]
mod measure;
#[path = "engines/ring.rs"]
mod ring;
#[path = "engines/table.rs"]
mod table;
#[path = "engines/ways.rs"]
mod ways;

const USAGE: &str = "\
usage: cargo bench --bench engines -- [--runs N] [--files N] [--way TEXT]
  --runs N    timed runs of each way over the largest set of files (31); small sets get 50 times as many
  --files N   size of the largest set of files (10000)
  --way TEXT  only the ways whose name contains TEXT";

/// What was asked for on the command line.
struct Options {
    runs: usize,
    files: usize,
    /// Keeps the ways whose name contains this text; the empty text keeps all.
    way: String,
}

impl Options {
    /// Reads the arguments after the program's name; `None` when help was asked for.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>> {
        let mut options = Options { runs: 31, files: 10_000, way: String::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo adds this to every bench program it starts.
                "--bench" => {}
                "--help" => return Ok(None),
                "--runs" => options.runs = number(&argument, arguments.next())?,
                "--files" => options.files = number(&argument, arguments.next())?,
                "--way" => options.way = arguments.next().context("--way needs a text")?,
                _ => bail!("unknown argument '{argument}'\n{USAGE}"),
            }
        }
        Ok(Some(options))
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize> {
    let value = value.with_context(|| format!("{option} needs a number"))?;
    let number = value.parse().with_context(|| format!("{option}: '{value}' is not a number"))?;
    if number == 0 {
        bail!("{option} must be at least 1");
    }
    Ok(number)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("engines: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(options) = Options::parse(env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let load_before = load_average();
    let files = Rc::new(files::FileSet::create(options.files)?);
    let ways::Built { mut ways, left_out } = ways::build(&files, &options.way)?;
    let mut total = measure::check(&mut ways, &files)?;
    let mut rows = Vec::new();
    for group in measure::groups(options.files, options.runs) {
        rows.extend(measure::group(&mut ways, group, &mut total)?);
    }

    println!(
        "Linux {}, {} cores; load average {load_before} before, {} after; files of {} KiB, page cache warm.\n",
        first_word("/proc/sys/kernel/osrelease"),
        thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string()),
        load_average(),
        files::FILE_BYTES / 1024,
    );
    print!("{}", table::markdown(&rows)?);
    println!("\nSystem calls counted in all passes, check and warm-up included: {total}.");
    for missing in left_out {
        println!("Left out: {missing}.");
    }
    Ok(())
}

/// The load of the last minute: tells a reader whether the machine was busy with something else.
fn load_average() -> String {
    first_word("/proc/loadavg")
}

fn first_word(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}
