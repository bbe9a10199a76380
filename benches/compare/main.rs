//! Times `ucp` and `ucat` beside whichever other tools are installed: `cargo bench --bench compare -- --help`.
//!
//! This file owns the order of events; the directories beside it own one matter each: `scenarios` what is measured,
//! `corpus` the files it is measured on, `run` the measuring, `figures` what is kept of it, `pages` what is made of that.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing tables is what this program is for")]

use std::env;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

mod corpus;
mod figures;
mod options;
mod pages;
mod run;
mod scenarios;
mod smoke;

use figures::Results;
use figures::standing::{Standing, is_ours};
use options::{Options, Task, USAGE};
use run::{child, ground, hold, needs, rounds, tools};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo bench` always says --bench. Without it this is `cargo test`, which asks programs to try themselves out.
    let outcome = if !arguments.iter().any(|argument| argument == "--bench") {
        smoke::run(&arguments)
    } else if arguments.get(1).is_some_and(|argument| argument == child::ARGUMENT) {
        child::main(arguments.into_iter().nth(2))
    } else if arguments.get(1).is_some_and(|argument| argument == hold::ARGUMENT) {
        hold::main(arguments.into_iter().skip(2))
    } else {
        Options::parse(arguments.into_iter()).and_then(|options| perform(&options))
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(options: &Options) -> Result<()> {
    match options.task {
        Task::Help => println!("{USAGE}"),
        Task::List => println!("{}", scenarios::names().join("\n")),
        Task::Render => render(options)?,
        Task::Measure | Task::Write => return measure(options),
    }
    Ok(())
}

/// Measures what was asked for. An error at the end where one of our own programs did something wrong.
fn measure(options: &Options) -> Result<()> {
    let chosen = scenarios::chosen(&options.scenarios)?;
    needs::check(&chosen, options)?;
    ground::enter_private_namespace()?;
    let mut ground = ground::Ground::new(options.scale)?;
    let mut wrong = Vec::new();
    for scenario in chosen {
        let field = tools::field(scenario, options)?;
        let measured = rounds::measure(scenario, field, options, &mut ground)?;
        println!("{}", pages::table::text(&Standing::of(scenario.name, &measured)));
        let ours =
            measured.absent.iter().find(|absent| is_ours(&absent.tool) && absent.why.starts_with("wrong"));
        wrong.extend(ours.map(|ours| format!("{}: {}: {}", scenario.name, ours.tool, ours.why)));
        if options.task == Task::Write {
            // At once, so that what was measured is there even if the next scenario cannot be.
            keep(options, scenario.name, measured)?;
        }
    }
    drop(ground);
    if options.task == Task::Write {
        render(options)?;
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Puts one scenario beside those that are kept.
fn keep(options: &Options, name: &str, measured: figures::Measured) -> Result<()> {
    let path = options.pages().join("results.json");
    let mut results = Results::load(&path)?;
    let mut newer = Results::default();
    newer.scenarios.insert(name.to_owned(), measured);
    results.merge(newer);
    fs::create_dir_all(options.pages())?;
    fs::write(&path, results.to_json()?).with_context(|| path.display().to_string())
}

/// Makes the pages from the results that are kept.
fn render(options: &Options) -> Result<()> {
    let directory = options.pages();
    let results = Results::load(&directory.join("results.json"))?;
    if results.scenarios.is_empty() {
        bail!("{} has no results to make pages of", directory.display());
    }
    let standings = pages::standings(&results, &scenarios::names());
    let put = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())
    };
    put("README.md", &pages::document::markdown(&standings))?;
    put("chart.svg", &pages::chart::svg(&standings))?;
    if options.into.is_none() {
        let path = options::project().join("README.md");
        let readme = fs::read_to_string(&path)?;
        fs::write(&path, pages::readme::inserted(&readme, &standings)?)?;
    }
    eprintln!("made the pages in {}", directory.display());
    Ok(())
}
