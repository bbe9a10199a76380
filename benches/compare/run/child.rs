//! Owns one run: a command, timed by a small parent of its own.
//!
//! The benchmark starts itself again for each run, and that process starts the command. Three things come of it: its
//! children's CPU time and memory are exactly the command's (getrusage(2), RUSAGE_CHILDREN); the clock does not run
//! while this process is being started; and the figure for memory means something, as a process begins with the peak of
//! whoever called exec(2), which has to be small, and the benchmark is not. What is left is about 3 MiB, below which
//! nothing can be seen.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

/// The argument that makes this program the small parent; the next one is the [`Work`].
pub const ARGUMENT: &str = "--one-run";

/// Bytes of each line in [`Work::Lines`], newline included.
const LINE_BYTES: usize = 64;

/// What is read from a socket at once.
const DRAIN_BYTES: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
pub enum Work {
    /// A line for bash; fails where any part of a pipeline does.
    Shell { command: String },
    /// A program and its arguments between two pipes.
    Lines { command: Vec<String>, lines: u32 },
    /// A program and its arguments, standard output a socket; what comes out may be kept in a file.
    Socket { command: Vec<String>, tcp: bool, into: Option<PathBuf> },
}

#[derive(Serialize, Deserialize)]
pub struct Report {
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub rss_kib: u64,
    /// What came out of a socket.
    pub drained_bytes: u64,
    /// Status and first words of a command that failed.
    pub failure: Option<String>,
}

/// Does the work in a process of its own. `scratch` is a directory for what the command says on standard error.
pub fn run(work: &Work, scratch: &Path) -> Result<Report> {
    let errors = scratch.join("errors");
    let output = Command::new(env::current_exe()?)
        .args(["--bench", ARGUMENT, &serde_json::to_string(work)?])
        .env("LC_ALL", "C")
        .env_remove("UCP_ENGINE")
        .stdin(Stdio::null())
        .stderr(File::create(&errors)?)
        .output()
        .context("starting this program again")?;
    let said = String::from_utf8_lossy(&fs::read(&errors)?).chars().take(300).collect::<String>();
    let said = said.trim();
    if !output.status.success() {
        bail!("a run could not be made: {said}");
    }
    let mut report: Report = serde_json::from_slice(&output.stdout)?;
    report.failure = report.failure.map(|status| format!("{status}: {said}").replace('\n', " "));
    Ok(report)
}

/// The small parent: does what the argument says and writes a [`Report`] to standard output.
pub fn main(argument: Option<String>) -> Result<()> {
    let work: Work = serde_json::from_str(&argument.context("no work")?)?;
    let (wall, status, drained_bytes, count) = match &work {
        Work::Shell { command } => shell(command)?,
        Work::Lines { command, lines } => through_pipes(command, *lines)?,
        Work::Socket { command, tcp, into } => into_socket(command, *tcp, into.as_deref())?,
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |sec: i64, usec: i64| -> Result<f64> {
        Ok((Duration::from_secs(u64::try_from(sec)?) + Duration::from_micros(u64::try_from(usec)?))
            .as_secs_f64())
    };
    let (user, system) = (usage.user_time(), usage.system_time());
    let cpu = seconds(user.tv_sec(), user.tv_usec())? + seconds(system.tv_sec(), system.tv_usec())?;
    let report = Report {
        wall_seconds: wall.as_secs_f64() / f64::from(count),
        cpu_seconds: cpu / f64::from(count),
        rss_kib: u64::try_from(usage.max_rss())?,
        drained_bytes,
        failure: (!status.success()).then(|| status.to_string()),
    };
    io::stdout().write_all(serde_json::to_string(&report)?.as_bytes())?;
    Ok(())
}

type Done = (Duration, ExitStatus, u64, u32);

fn shell(command: &str) -> Result<Done> {
    let begin = Instant::now();
    let status = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {command}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("bash")?;
    Ok((begin.elapsed(), status, 0, 1))
}

fn program(command: &[String]) -> Result<Command> {
    let (name, arguments) = command.split_first().context("an empty command")?;
    let mut program = Command::new(name);
    program.args(arguments);
    Ok(program)
}

/// A line goes in when the one before has come out. The first one, which waits for the program to start, is not timed.
/// Both processes run on one core, as they take turns anyhow: otherwise the figure says where the scheduler put them and
/// how long a core takes to wake up, which is several times what the program costs and differs from run to run.
fn through_pipes(command: &[String], lines: u32) -> Result<Done> {
    let cores = sched_getaffinity(None)?;
    let mut one_core = CpuSet::new();
    one_core.set((0..CpuSet::MAX_CPU).find(|core| cores.is_set(*core)).context("no core")?);
    sched_setaffinity(None, &one_core)?;
    let mut child = program(command)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no pipe")?;
    let mut output = child.stdout.take().context("no pipe")?;
    pass_line(&mut input, &mut output, 0)?;
    let begin = Instant::now();
    for number in 1..=lines {
        pass_line(&mut input, &mut output, number)?;
    }
    let wall = begin.elapsed();
    drop(input);
    let mut rest = Vec::new();
    output.read_to_end(&mut rest)?;
    ensure!(rest.is_empty(), "more came out than went in");
    Ok((wall, child.wait()?, 0, lines))
}

fn pass_line(input: &mut ChildStdin, output: &mut ChildStdout, number: u32) -> Result<()> {
    let line = format!("{number:>width$}\n", width = LINE_BYTES - 1);
    let mut came = [0; LINE_BYTES];
    input.write_all(line.as_bytes())?;
    output.read_exact(&mut came)?;
    ensure!(came == *line.as_bytes(), "another line came out than went in");
    Ok(())
}

fn into_socket(command: &[String], tcp: bool, into: Option<&Path>) -> Result<Done> {
    if tcp {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let theirs = TcpStream::connect(listener.local_addr()?)?;
        let (ours, _) = listener.accept()?;
        drain(command, theirs.into(), ours, into)
    } else {
        let (theirs, ours) = UnixStream::pair()?;
        drain(command, theirs.into(), ours, into)
    }
}

fn drain(command: &[String], theirs: OwnedFd, mut ours: impl Read, into: Option<&Path>) -> Result<Done> {
    let mut kept = into.map(File::create).transpose()?;
    let begin = Instant::now();
    // The command gives up its end of the socket here, or the end would never come.
    let mut child: Child = program(command)?.stdin(Stdio::null()).stdout(theirs).spawn()?;
    let mut block = vec![0; DRAIN_BYTES];
    let mut bytes = 0;
    loop {
        let came = ours.read(&mut block)?;
        if came == 0 {
            break;
        }
        if let Some(file) = &mut kept {
            file.write_all(&block[..came])?;
        }
        bytes += u64::try_from(came)?;
    }
    let status = child.wait()?;
    Ok((begin.elapsed(), status, bytes, 1))
}
