//! One run of a tool: command line, environment, descriptors, limits, and the user it runs as.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use rustix::fs::OFlags;
use rustix::process::Resource;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::environment::reference;
use super::language::{CATALOGUES, Languages};
use super::outcome::Outcome;
use super::preparation::{Preparation, prepare_in_child};
use super::sandbox::{NOBODY, Sandbox};
use super::terminal::Terminal;

/// How a seccomp filter answers every system call of `io_uring`, as containers do.
#[derive(Clone, Copy, Debug)]
pub enum IoUring {
    /// EPERM, Docker's default profile.
    NotPermitted,
    /// ENOSYS, as if the kernel had been built without.
    NotImplemented,
}

pub struct Run<'sandbox> {
    sandbox: &'sandbox Sandbox,
    tool: &'static str,
    program_name: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    preparations: Vec<Preparation>,
    by_nobody: bool,
    input: Option<Vec<u8>>,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
}

impl<'sandbox> Run<'sandbox> {
    pub fn new<I, S>(sandbox: &'sandbox Sandbox, tool: &'static str, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Self {
            sandbox,
            tool,
            program_name: tool.into(),
            arguments: arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect(),
            variables: Vec::new(),
            preparations: vec![Preparation::Umask(0o022)],
            by_nobody: false,
            input: None,
            stdin: Stdio::null(),
            stdout: Stdio::piped(),
            stderr: Stdio::piped(),
        }
    }

    /// Appends arguments.
    pub fn and<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub fn umask(self, mask: u32) -> Self {
        self.prepare(Preparation::Umask(mask))
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().into()));
        self
    }

    /// What stands in `argv[0]`; `ucp` or `ucat` unless said.
    pub fn called(mut self, name: &str) -> Self {
        self.program_name = name.into();
        self
    }

    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self.stdin = Stdio::piped();
        self
    }

    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Both streams go to this file, behind each other.
    pub fn both_streams_to(mut self, file: &File) -> Self {
        self.stdout = file.try_clone().unwrap().into();
        self.stderr = file.try_clone().unwrap().into();
        self
    }

    /// Standard output is the full device.
    pub fn stdout_full(self) -> Self {
        self.stdout(File::options().write(true).open("/dev/full").unwrap())
    }

    /// Standard input, output and error are this terminal, which belongs to the tool alone.
    pub fn on_terminal(mut self, terminal: &Terminal) -> Self {
        let end = || Stdio::from(terminal.open());
        (self.stdin, self.stdout, self.stderr) = (end(), end(), end());
        self.prepare(Preparation::TakeTerminal)
    }

    /// Starts the tool with this descriptor closed.
    pub fn close(self, descriptor: RawFd) -> Self {
        self.prepare(Preparation::Close(descriptor))
    }

    /// Starts the tool with this signal ignored.
    pub fn ignore(self, signal: i32) -> Self {
        self.prepare(Preparation::Ignore(signal))
    }

    pub fn limit(self, resource: Resource, value: u64) -> Self {
        self.prepare(Preparation::Limit(resource, value))
    }

    /// Runs as an ordinary user; the sandbox must have been given to it. Without root the test is one already.
    pub fn by_nobody(self) -> Self {
        self.by_user(NOBODY)
    }

    /// Runs as an ordinary user of this number.
    pub fn by_user(mut self, user: u32) -> Self {
        self.by_nobody = super::is_root();
        if self.by_nobody { self.prepare(Preparation::Become(user)) } else { self }
    }

    /// Runs as the root of a user namespace in which there is no other user.
    pub fn in_user_namespace(self) -> Self {
        self.prepare(Preparation::EnterUserNamespace)
    }

    pub fn without_proc(self) -> Self {
        self.prepare(Preparation::UnmountProc)
    }

    /// Speaks the language of a locale that [`Languages`] has, with its catalogues and no others.
    pub fn speaking(self, locale: &str, languages: &Languages) -> Self {
        let run = self.env("LC_ALL", locale).env("LANGUAGE", "").env("LOCPATH", languages.locales());
        let catalogues = CString::new(languages.catalogues().into_os_string().into_vec()).unwrap();
        run.prepare(Preparation::Bind(catalogues, CATALOGUES))
    }

    pub fn without_io_uring(self, answer: IoUring) -> Self {
        let errno = match answer {
            IoUring::NotPermitted => libc::EPERM,
            IoUring::NotImplemented => libc::ENOSYS,
        };
        let calls = [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
        self.refused(&calls, errno)
    }

    /// A seccomp filter answers these system calls with this error number.
    pub fn refused(self, calls: &[i64], errno: i32) -> Self {
        self.answered(calls, SeccompAction::Errno(errno.unsigned_abs()))
    }

    /// Any of these system calls is the program's end, by SIGSYS.
    pub fn killed_by(self, calls: &[i64]) -> Self {
        self.answered(calls, SeccompAction::KillProcess)
    }

    fn answered(self, calls: &[i64], answer: SeccompAction) -> Self {
        let filter = SeccompFilter::new(
            calls.iter().map(|&call| (call, Vec::new())).collect(),
            SeccompAction::Allow,
            answer,
            TargetArch::try_from(std::env::consts::ARCH).unwrap(),
        );
        self.prepare(Preparation::Filter(filter.unwrap().try_into().unwrap()))
    }

    /// The kernel knows no files without names (O_TMPFILE).
    pub fn without_unnamed_files(self) -> Self {
        // The flag without O_DIRECTORY, which is a part of O_TMPFILE.
        let flag = u64::from(OFlags::TMPFILE.difference(OFlags::DIRECTORY).bits());
        self.refused_where(libc::SYS_openat, (2, flag, flag), libc::EOPNOTSUPP)
    }

    /// A seccomp filter answers this system call with this error number where its argument of that index, under the mask,
    /// has that value.
    pub fn refused_where(self, call: i64, (index, mask, value): (u8, u64, u64), errno: i32) -> Self {
        let has = SeccompCmpOp::MaskedEq(mask);
        let asked = SeccompCondition::new(index, SeccompCmpArgLen::Dword, has, value).unwrap();
        let rule = SeccompRule::new(vec![asked]).unwrap();
        let filter = SeccompFilter::new(
            [(call, vec![rule])].into(),
            SeccompAction::Allow,
            SeccompAction::Errno(errno.unsigned_abs()),
            TargetArch::try_from(std::env::consts::ARCH).unwrap(),
        );
        self.prepare(Preparation::Filter(filter.unwrap().try_into().unwrap()))
    }

    fn prepare(mut self, preparation: Preparation) -> Self {
        self.preparations.push(preparation);
        self
    }

    /// Runs the tool to its end.
    pub fn run(self) -> Outcome {
        self.start().finish()
    }

    /// Status 0 and not a word on standard error.
    #[track_caller]
    pub fn succeeds(self) -> Outcome {
        self.run().ends(0).complains("")
    }

    /// Status 1 and exactly these lines on standard error.
    #[track_caller]
    pub fn fails(self, complaint: &str) -> Outcome {
        self.run().ends(1).complains(complaint)
    }

    pub fn start(self) -> Running {
        let program = program(self.tool, self.by_nobody.then_some(self.sandbox));
        let mut command = Command::new(program);
        command.arg0(&self.program_name).args(&self.arguments).current_dir(self.sandbox.work());
        command.env("LC_ALL", "C.UTF-8").env_remove("POSIXLY_CORRECT").env_remove("UCP_ENGINE");
        command.env_remove("VERSION_CONTROL").env_remove("SIMPLE_BACKUP_SUFFIX");
        if let Some(engine) = self.sandbox.engine().variable() {
            command.env("UCP_ENGINE", engine);
        }
        command.envs(self.variables);
        command.stdin(self.stdin).stdout(self.stdout).stderr(self.stderr);
        let called = format!("{:?} {:?}, {:?}", self.program_name, self.arguments, self.sandbox.engine());
        prepare_in_child(&mut command, self.preparations);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {called}: {error}"));
        let feeder = self.input.map(|bytes| {
            let mut stdin = child.stdin.take().unwrap();
            // The tool may end before it has read everything; what it did is judged by its outcome.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)))
        });
        Running { child, feeder, called }
    }
}

/// A tool at work.
pub struct Running {
    child: Child,
    feeder: Option<JoinHandle<()>>,
    called: String,
}

impl Running {
    pub fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// Takes the reading end of a piped standard error.
    pub fn take_stderr(&mut self) -> std::process::ChildStderr {
        self.child.stderr.take().unwrap()
    }

    /// Takes the reading end of a piped standard output, to read a part of it or to go away.
    pub fn take_stdout(&mut self) -> std::process::ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// Ends it at once, whatever it is doing; it may have ended by itself.
    pub fn kill(mut self) -> Outcome {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Waits until it sleeps each time that it is looked at for a while: it waits for something.
    pub fn until_it_waits(&self) {
        let mut asleep = 0;
        while asleep < 100 {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
            let state = stat.rsplit_once(") ").unwrap().1;
            assert!(!state.starts_with('Z'), "it has ended");
            asleep = if state.starts_with('S') { asleep + 1 } else { 0 };
            std::thread::yield_now();
        }
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn finish(self) -> Outcome {
        let output = self.child.wait_with_output().unwrap();
        if let Some(feeder) = self.feeder {
            feeder.join().unwrap();
        }
        Outcome::new(self.called, output)
    }
}

/// The file to execute; for an ordinary user one that it can reach.
fn program(tool: &str, reachable_in: Option<&Sandbox>) -> PathBuf {
    let built = match (reference(), tool) {
        (Some(dir), "ucp") => dir.join("cp"),
        (Some(dir), _) => dir.join("cat"),
        (None, "ucp") => assert_cmd::cargo::cargo_bin!("ucp").to_owned(),
        (None, _) => assert_cmd::cargo::cargo_bin!("ucat").to_owned(),
    };
    let others_can_execute = |file: &Path| {
        file.metadata().is_ok_and(|metadata| metadata.mode() & 0o005 == 0o005)
            && others_can_enter(file.parent().unwrap())
    };
    let Some(sandbox) = reachable_in.filter(|_| !others_can_execute(&built)) else { return built };
    let copy = sandbox.beside(tool);
    if !copy.exists() {
        // By other processes: one of ours forked while we hold the copy open for writing would keep it from being executed.
        // It gets its name when it is whole, so that none is ever written that a run may be executing.
        let script = "cp -- \"$1\" \"$2.$$\" && chmod 755 \"$2.$$\" && mv -- \"$2.$$\" \"$2\"";
        let status = Command::new("sh").args(["-c", script, "sh"]).arg(&built).arg(&copy).status().unwrap();
        assert!(status.success(), "cannot put {} where an ordinary user reaches it", built.display());
    }
    copy
}

/// Whether anybody can enter a directory, and all those that it is in.
pub fn others_can_enter(directory: &Path) -> bool {
    let directory = directory.canonicalize().unwrap();
    directory.ancestors().all(|dir| dir.metadata().is_ok_and(|metadata| metadata.mode() & 0o001 != 0))
}
