//! Owns what keeps a cached source cached: processes that hold the pages of its files locked in memory.
//!
//! Some kernels of virtual machines give file pages back that nobody was seen to touch for half a minute (DAMON's
//! `pageout`), and look at so few of them that files read a second ago are among those. Then "cached" runs wait for a device,
//! some of them, and medians say more about that than about the tools.
#![allow(unsafe_code, reason = "a mapping has no safe wrapper; nothing is read through these")]

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::mm::{MapFlags, ProtFlags};
use walkdir::WalkDir;

/// The argument that makes this program a holder; then come the source, which part of its files, and of how many parts.
pub const ARGUMENT: &str = "--hold";

/// Files of one process: a kernel allows 65,530 mappings.
const FILES_MAX: usize = 50_000;

/// What a holder says when it holds.
const READY: &str = "held";

/// The source is in memory and stays there until this is dropped.
pub struct Held(Vec<Child>);

impl Drop for Held {
    fn drop(&mut self) {
        for holder in &mut self.0 {
            drop(holder.stdin.take());
            // It ends when its input does, and with it what it held.
            holder.wait().ok();
        }
    }
}

/// Reads every file below `source`, or itself, into memory and keeps it there.
pub fn hold(source: &Path) -> Result<Held> {
    let parts = files(source).count().div_ceil(FILES_MAX);
    let mut held = Held(Vec::new());
    for part in 0..parts {
        let mut holder = Command::new(env::current_exe()?)
            .args(["--bench", ARGUMENT])
            .arg(source)
            .args([part.to_string(), parts.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = holder.stdout.take().context("a holder's standard output")?;
        held.0.push(holder);
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        ensure!(line.trim_end() == READY, "the source cannot be kept in memory");
    }
    Ok(held)
}

/// A holder: keeps its part of the files until its standard input ends.
pub fn main(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let source = arguments.next().context("no source")?;
    let mut number = || arguments.next().context("no number")?.parse::<usize>().context("a number");
    let (part, parts) = (number()?, number()?);
    for path in files(Path::new(&source)).skip(part).step_by(parts) {
        let file = File::open(path?)?;
        let length = usize::try_from(file.metadata()?.len())?;
        if length > 0 {
            let flags = MapFlags::SHARED | MapFlags::POPULATE;
            // SAFETY: a new mapping, of which nothing is ever read; it ends with this process.
            let place =
                unsafe { rustix::mm::mmap(std::ptr::null_mut(), length, ProtFlags::READ, flags, &file, 0) }?;
            // SAFETY: the mapping that was just made.
            unsafe { rustix::mm::mlock(place, length) }.context("locking a file in memory")?;
        }
    }
    writeln!(io::stdout(), "{READY}")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn files(source: &Path) -> impl Iterator<Item = Result<std::path::PathBuf>> {
    WalkDir::new(source)
        .into_iter()
        .filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_type().is_file()))
        .map(|entry| Ok(entry?.into_path()))
}
