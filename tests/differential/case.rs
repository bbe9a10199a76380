//! One case, a tree and a command line, and what one program makes of it.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::Mode;
use rustix::process::{Gid, Resource, Rlimit, Uid};

use crate::making::{self, Making};
use crate::node::{Node, spelled_out};
use crate::snapshot::{Before, Looker, Snapshot, without_work};

/// User and group of the cases that root is not to run.
pub const NOBODY: u32 = 65534;

/// A group that this user is in, in some cases.
pub const OTHER_GROUP: u32 = 1234;

/// A program that takes longer waits for something that never comes: a writer to a FIFO.
const STUCK_AFTER_SECONDS: u32 = 5;

/// Where the program runs, within the directory of a case.
pub const WORK_IN_CASE: &str = "_/_/_/_/_/_/_/_/_/_/work";

#[derive(Clone, Debug)]
pub struct Case {
    pub index: u64,
    pub nodes: Vec<Node>,
    /// Each option with its argument, so that both go together.
    pub options: Vec<Vec<Vec<u8>>>,
    pub operands: Vec<Vec<u8>>,
    pub order: Order,
    /// `-a -v` is written as `-av`.
    pub bundled: bool,
    /// `--` stands before the operands, also where it need not.
    pub guarded: bool,
    pub input: Option<Vec<u8>>,
    pub umask: u32,
    pub variables: Vec<(String, String)>,
    /// By an ordinary user without capabilities.
    pub by_nobody: bool,
    /// The supplementary groups of that user.
    pub groups: Vec<u32>,
    /// How many descriptors may be open.
    pub descriptors: Option<u64>,
}

/// Where the options stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    First,
    Last,
    /// The first operand before them, the others behind them.
    Among,
}

/// A program and how it is told apart.
#[derive(Clone, Debug)]
pub struct Program {
    pub label: &'static str,
    pub path: PathBuf,
    pub engine: Option<&'static str>,
}

/// What can be seen of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// `None` where the copy had no end.
    pub tree: Option<Snapshot>,
}

impl Case {
    pub fn arguments(&self) -> Vec<Vec<u8>> {
        let options = self.options_as_written();
        // An operand that looks like an option needs to be told from one.
        let needed = self.operands.iter().any(|operand| operand.starts_with(b"-"));
        if needed || self.guarded {
            return [options, vec![b"--".to_vec()], self.operands.clone()].concat();
        }
        let before = match self.order {
            Order::First => 0,
            Order::Last => self.operands.len(),
            Order::Among => self.operands.len().min(1),
        };
        let (early, late) = self.operands.split_at(before);
        [early, &options, late].concat()
    }

    fn options_as_written(&self) -> Vec<Vec<u8>> {
        let is_letter = |words: &[Vec<u8>]| words.len() == 1 && words[0].len() == 2 && words[0][1] != b'-';
        let mut written: Vec<Vec<u8>> = Vec::new();
        let mut open = false;
        for words in &self.options {
            let letter = self.bundled && is_letter(words);
            match written.last_mut() {
                Some(bundle) if letter && open => bundle.push(words[0][1]),
                _ => written.extend(words.iter().cloned()),
            }
            open = letter;
        }
        written
    }

    /// Makes the tree in a directory of this name and runs the program in it.
    pub fn run(&self, program: &Program, directory: &Path, making: Making) -> Outcome {
        let root = rustix::process::geteuid().is_root();
        // So far down that no relative link which is copied to another level leads out of the directory of the case.
        let work = directory.join(WORK_IN_CASE);
        std::fs::create_dir_all(&work).unwrap();
        for path in [directory, &work] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        if root && self.by_nobody {
            std::os::unix::fs::chown(&work, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let ballast = making::make_all(self, making, directory, &work, root);
        let before = Before::of(&self.nodes, &work);
        let mut child = self.command(program, &work, root).spawn().unwrap();
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), &self.input) {
            // Short enough for a pipe; the program may be gone already.
            drop(stdin.write_all(input));
        }
        let output = child.wait_with_output().unwrap();
        let tree = Looker::look(&before, directory, &work);
        remove(directory);
        drop(ballast);
        let status = match (output.status.code(), output.status.signal()) {
            (Some(code), _) => format!("status {code}"),
            (None, Some(libc::SIGALRM)) => "stuck".to_owned(),
            (None, signal) => format!("signal {signal:?}"),
        };
        let plain = |text: &[u8]| without_work(text, &work);
        Outcome { status, stdout: plain(&output.stdout), stderr: plain(&output.stderr), tree }
    }

    fn command(&self, program: &Program, work: &Path, root: bool) -> Command {
        let mut command = Command::new(&program.path);
        command.arg0("cp").current_dir(work).env_clear().env("LC_ALL", "C.UTF-8");
        command.args(
            self.arguments()
                .iter()
                .map(|argument| OsStr::from_bytes(&spelled_out(argument, work)).to_owned()),
        );
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(program.engine.map(|engine| ("UCP_ENGINE", engine)));
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let groups =
            (root && self.by_nobody).then(|| self.groups.iter().map(|id| Gid::from_raw(*id)).collect());
        prepare(&mut command, self.umask, groups, self.descriptors);
        command
    }
}

#[allow(unsafe_code)]
fn prepare(command: &mut Command, umask: u32, nobody_in: Option<Vec<Gid>>, descriptors: Option<u64>) {
    let prepare = move || {
        // SAFETY: alarm only sets a timer of the process; it survives exec.
        unsafe { libc::alarm(STUCK_AFTER_SECONDS) };
        rustix::process::umask(Mode::from(umask));
        if descriptors.is_some() {
            let limit = Rlimit { current: descriptors, maximum: descriptors };
            rustix::process::setrlimit(Resource::Nofile, limit)?;
        }
        if let Some(groups) = &nobody_in {
            rustix::thread::set_thread_groups(groups)?;
            rustix::thread::set_thread_gid(Gid::from_raw(NOBODY))?;
            rustix::thread::set_thread_uid(Uid::from_raw(NOBODY))?;
        }
        io::Result::Ok(())
    };
    // SAFETY: the closure runs in the forked child and makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(prepare) };
}

/// Removes a tree whatever modes it has.
pub fn remove(directory: &Path) {
    if std::fs::remove_dir_all(directory).is_ok() {
        return;
    }
    open_up(directory);
    std::fs::remove_dir_all(directory).unwrap();
}

/// Lets the owner into every directory, also where paths are longer than the kernel takes.
fn open_up(directory: &Path) {
    let modes = Command::new("chmod").args(["-R", "u+rwx", "--"]).arg(directory).output().unwrap();
    assert!(modes.status.success(), "{}", String::from_utf8_lossy(&modes.stderr));
}
