//! What placements are worth on a file system whose operations sleep: `cargo bench --bench placement` prints a Markdown
//! table.
//!
//! Small files are copied to, from and between delaying file systems (FUSE, in memory), and to a tmpfs-like directory
//! for comparison, by each engine and placement. Each copy is into a new directory and compared with its source.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing a table is what this program is for")]

#[path = "../tests/common/delaying.rs"]
mod delaying;
#[path = "../tests/common/fuse.rs"]
mod fuse;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const USAGE: &str = "\
usage: cargo bench --bench placement -- [--delay-us N] [--directories N] [--files N] [--runs N] [--ucp PATH] [-- OPTION...]
  --delay-us N     what each operation of the slow file system takes (2000)
  --directories N  directories of the tree (16)
  --files N        files in each of them (25)
  --runs N         copies of each kind; the fastest counts (2)
  --ucp PATH       another program than the one that was built
  --kind TEXT      only the copies whose kind contains TEXT: from quick to slow, say
  -- OPTION...     further options for every copy";

/// What was asked for on the command line.
struct Options {
    delay: Duration,
    directories: u64,
    files: u64,
    runs: u64,
    program: PathBuf,
    /// Keeps the kinds of copies whose name contains this text; the empty text keeps all.
    kind: String,
    further: Vec<String>,
}

/// The ways that are compared.
const WAYS: [(&str, &[&str]); 5] = [
    ("sync, one worker", &["--engine=sync", "--jobs=1"]),
    ("sync", &["--engine=sync"]),
    ("split", &["--engine=uring", "--placement=split"]),
    ("fused", &["--engine=uring", "--placement=fused"]),
    ("auto", &[]),
];

fn main() -> ExitCode {
    if delaying::serve_if_asked() {
        return ExitCode::SUCCESS;
    }
    match options().and_then(|options| options.map_or(Ok(()), |options| compare(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("placement: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the arguments; `None` when help was asked for.
fn options() -> Result<Option<Options>> {
    let mut options = Options {
        delay: Duration::from_micros(2000),
        directories: 16,
        files: 25,
        runs: 2,
        program: PathBuf::from(env!("CARGO_BIN_EXE_ucp")),
        kind: String::new(),
        further: Vec::new(),
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = |value: Option<String>| -> Result<u64> {
            value.context("a number is missing")?.parse().context("not a number")
        };
        match argument.as_str() {
            "--bench" => {}
            "--help" => {
                println!("{USAGE}");
                return Ok(None);
            }
            "--delay-us" => options.delay = Duration::from_micros(number(arguments.next())?),
            "--directories" => options.directories = number(arguments.next())?,
            "--files" => options.files = number(arguments.next())?,
            "--runs" => options.runs = number(arguments.next())?,
            "--ucp" => options.program = arguments.next().context("--ucp needs a path")?.into(),
            "--kind" => options.kind = arguments.next().context("--kind needs a text")?,
            "--" => options.further.extend(arguments.by_ref()),
            _ => bail!("unknown argument '{argument}'\n{USAGE}"),
        }
    }
    Ok(Some(options))
}

fn compare(options: &Options) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let places = ["quick", "slow"].map(|name| scratch.path().join(name));
    for place in &places {
        fs::create_dir(place)?;
    }
    let _mounted = delaying::start(Command::new(env::current_exe()?), &places[1], options.delay)
        .context("cannot mount the slow file system")?;
    for place in &places {
        make_tree(&place.join("tree"), options)?;
    }
    let files = options.directories * options.files;
    println!("{files} files in {} directories, {:?} an operation, ms\n", options.directories, options.delay);
    println!("| from, to |{}", WAYS.map(|(name, _)| format!(" {name} |")).concat());
    println!("|---|{}", "---:|".repeat(WAYS.len()));
    for (from, to) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for recursive in ["-r", "-a"] {
            let kind = format!("{} to {}, {recursive}", ["quick", "slow"][from], ["quick", "slow"][to]);
            if !kind.contains(&options.kind) {
                continue;
            }
            print!("| {kind} |");
            for (_, way) in WAYS {
                let (source, target) = (places[from].join("tree"), places[to].join("copy"));
                let time = copied(options, &[&[recursive], way].concat(), &source, &target)?;
                print!(" {} |", time.as_millis());
            }
            println!();
        }
    }
    Ok(())
}

/// The shortest time of some copies.
fn copied(options: &Options, way: &[&str], source: &Path, target: &Path) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..options.runs {
        // Removing it would take longer than the copy.
        let target = unused(target);
        let begun = Instant::now();
        let status =
            Command::new(&options.program).args(way).args(&options.further).arg(source).arg(&target).status();
        best = best.min(begun.elapsed());
        ensure!(status.context("cannot start ucp")?.success(), "the copy failed");
        compare_trees(source, &target)?;
    }
    Ok(best)
}

/// `target` with the first number behind it that makes it new.
fn unused(target: &Path) -> PathBuf {
    let numbered = (0_u64..).map(|number| target.with_extension(number.to_string()));
    numbered.into_iter().find(|path| !path.exists()).unwrap_or_default()
}

fn make_tree(tree: &Path, options: &Options) -> Result<()> {
    for directory in 0..options.directories {
        let directory = tree.join(directory.to_string());
        fs::create_dir_all(&directory)?;
        for file in 0..options.files {
            let bytes = vec![b'x'; usize::try_from(file * 731 % 20_000)? + 1];
            fs::write(directory.join(file.to_string()), bytes)?;
        }
    }
    Ok(())
}

/// Both trees have the same files of the same contents. By threads, as the file system is slow.
fn compare_trees(left: &Path, right: &Path) -> Result<()> {
    let directories = fs::read_dir(left)?.collect::<Result<Vec<_>, _>>()?;
    let same = |name: &Path| -> Result<()> {
        ensure!(fs::read_dir(left.join(name))?.count() == fs::read_dir(right.join(name))?.count());
        for entry in fs::read_dir(left.join(name))? {
            let file = name.join(entry?.file_name());
            ensure!(
                fs::read(left.join(&file))? == fs::read(right.join(&file))?,
                "{} differs",
                file.display()
            );
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let names = directories.iter().map(|entry| PathBuf::from(entry.file_name()));
        let threads: Vec<_> = names.map(|name| scope.spawn(move || same(&name))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread failed")))
    })
}
