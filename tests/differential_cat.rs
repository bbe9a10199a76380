//! `ucat` beside GNU cat: a table of options, inputs and outputs, run by both, with nothing left to tell them apart.
//!
//! Runs where `UCP_REFERENCE_DIR` names a directory with GNU's `cat` (9.10 is the measure), and says loudly that it is
//! skipped where not. Compared are the bytes that come out, what is said on standard error, the exit status, and where
//! standard output stands afterwards.

// A test that cannot be set up is to fail at once and to say why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "differential/installed.rs"]
mod installed;
#[path = "common/skipping.rs"]
mod skipping;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use installed::installed;
use skipping::skip;

/// At least so many comparisons are the point of the table.
const CASES_MIN: usize = 2000;

const OPTIONS: [&str; 33] = [
    "",
    "-A",
    "-b",
    "-e",
    "-E",
    "-n",
    "-s",
    "-t",
    "-T",
    "-u",
    "-v",
    "-nb",
    "-bn",
    "-ns",
    "-bs",
    "-nE",
    "-bE",
    "-sE",
    "-nsE",
    "-bsE",
    "-nA",
    "-bA",
    "-nsA",
    "-vT",
    "-ET",
    "-nT",
    "-nvs",
    "-bt",
    "-ue",
    "--number --show-ends",
    "--show-all --squeeze",
    "--number-nonblank --number",
    "--show-t --show-non",
];

/// Command lines that are refused, or all but.
const MISTAKES: [&str; 18] = [
    "-x",
    "-nx",
    "--no-such",
    "--show",
    "--number=3",
    "--squeeze-blank=",
    "--",
    "line --number",
    "-n line -- -n",
    "--show-ends-",
    "-E- line",
    "--s line",
    "--n line",
    "--numbers",
    "-1 line",
    "--=",
    "---",
    "-é",
];

/// The locales that messages are compared in, beside C.UTF-8.
const LOCALES: [&str; 4] = ["C", "de_DE.UTF-8", "fr_FR", "ja_JP.UTF-8"];

/// What standard input is.
#[derive(Clone, Copy)]
enum Input {
    Nothing,
    Pipe(&'static [u8]),
    /// A file, read from this offset on.
    File(&'static str, u64),
}

/// Operands, with what standard input has.
const INPUTS: [(&str, Input); 34] = [
    ("empty", Input::Nothing),
    ("line", Input::Nothing),
    ("open", Input::Nothing),
    ("open line open", Input::Nothing),
    ("crlf", Input::Nothing),
    ("return newline", Input::Nothing),
    ("return line", Input::Nothing),
    ("return empty newline return", Input::Nothing),
    ("return gone newline", Input::Nothing),
    ("boundary", Input::Nothing),
    ("zeroes", Input::Nothing),
    ("every", Input::Nothing),
    ("every open every", Input::Nothing),
    ("blank", Input::Nothing),
    ("blank blank open blank", Input::Nothing),
    ("tabs", Input::Nothing),
    ("long", Input::Nothing),
    ("long open long", Input::Nothing),
    ("noise", Input::Nothing),
    ("text", Input::Nothing),
    ("text noise text", Input::Nothing),
    ("gone", Input::Nothing),
    ("open gone open", Input::Nothing),
    ("open dir blank dir/no", Input::Nothing),
    ("loop line line/", Input::Nothing),
    ("/dev/null line", Input::Nothing),
    ("/proc/version open /proc/version", Input::Nothing),
    ("", Input::Pipe(b"from a pipe\n\n\n\tand\r\nopen")),
    ("-", Input::Pipe(b"")),
    ("line - open", Input::Pipe(b"x\r\ny\xff\n")),
    ("- line - return -", Input::Pipe(b"\n\n\n")),
    ("-", Input::File("text", 1234)),
    ("open - -", Input::File("crlf", 0)),
    ("-- line -n", Input::Nothing),
];

/// What standard output is.
#[derive(Clone, Copy, Debug)]
enum Output {
    Pipe,
    Socket,
    /// A new file, which standard error shares.
    Shared,
    /// A file with something in it, written from its middle on.
    Middle,
    Append,
    Full,
}

const OUTPUTS: [Output; 6] =
    [Output::Pipe, Output::Socket, Output::Shared, Output::Middle, Output::Append, Output::Full];

/// One line of the table: the words of the command line, standard input, standard output.
struct Case {
    words: String,
    input: Input,
    output: Output,
    locale: &'static str,
}

/// All that can be told of a run.
#[derive(PartialEq, Eq)]
struct Seen {
    ended: String,
    output: Vec<u8>,
    said: Vec<u8>,
    offset: Option<u64>,
}

impl Seen {
    fn tell(&self, name: &str, text: &mut String) {
        let Self { ended, output, said, offset } = self;
        let (bytes, said) = (output.len(), said.escape_ascii());
        let shown: String = output.escape_ascii().map(char::from).take(400).collect();
        writeln!(text, "  {name}: {ended}, offset {offset:?}, said \"{said}\", {bytes} bytes \"{shown}\"")
            .unwrap();
    }
}

fn reference() -> Option<PathBuf> {
    let dir = std::env::var_os("UCP_REFERENCE_DIR").filter(|dir| !dir.is_empty())?;
    Some(Path::new(&dir).join("cat"))
}

fn make_files(dir: &Path) {
    let make = |name: &str, bytes: &[u8]| std::fs::write(dir.join(name), bytes).unwrap();
    make("empty", b"");
    make("line", b"a line\n");
    make("open", b"no newline at the end");
    make("crlf", b"\r\nx\r\n\r\r\n\ry\r\nz\r");
    make("return", b"held\r");
    make("newline", b"\nnext\n");
    make("zeroes", &[0; 3000]);
    make("every", &(0..=255_u8).cycle().take(1024).collect::<Vec<u8>>());
    make("blank", b"\n\n\nx\n\n\n\n \n\ny\n\n");
    make("tabs", b"\t\ta\tb\n\t\n\n\t");
    make("long", &b"0123456789abcdef\x01".repeat(20_000));
    make("-n", b"a file called -n\n");
    // Carriage returns and newlines on both sides of every size that a block of input may have.
    let mut boundary = vec![b'.'; (1 << 20) + 1];
    for shift in 9..=20 {
        boundary[(1 << shift) - 1..=1 << shift].copy_from_slice(b"\r\n");
    }
    make("boundary", &boundary);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let noise: Vec<u8> = std::iter::repeat_with(|| random().to_le_bytes()).take(40_000).flatten().collect();
    make("noise", &noise);
    let words: [&[u8]; 9] =
        [b"io", b"uring", b" ", b"\t", b"\n", b"\n\n\n", b"\r\n", "\u{e9}".as_bytes(), b"longer words"];
    let text: Vec<u8> = std::iter::repeat_with(|| words[usize::try_from(random() % 9).unwrap()])
        .take(60_000)
        .flatten()
        .copied()
        .collect();
    make("text", &text);
    make("million", &b"\n".repeat(1_000_010));
    for number in 0..200 {
        let from = number * 97 % 1000;
        make(&format!("many{number:03}"), &text[from..from + number * 31 % 700]);
    }
    std::fs::create_dir(dir.join("dir")).unwrap();
    symlink("loop", dir.join("loop")).unwrap();
}

/// One run of `program` in `dir`, which has a file for each output beside it under `name`.
fn run(program: &Path, engine: Option<&str>, case: &Case, dir: &Path, name: &str) -> Seen {
    let &Case { ref words, input, output, locale } = case;
    let mut command = Command::new(program);
    command.arg0("cat").args(words.split(' ').filter(|word| !word.is_empty())).current_dir(dir);
    command
        .env("LC_ALL", locale)
        .env_remove("LANGUAGE")
        .env_remove("POSIXLY_CORRECT")
        .env_remove("UCP_ENGINE");
    command.envs(engine.map(|engine| ("UCP_ENGINE", engine)));
    command.stderr(Stdio::piped());
    let fed = match input {
        Input::Nothing => {
            command.stdin(Stdio::null());
            None
        }
        Input::Pipe(bytes) => {
            command.stdin(Stdio::piped());
            Some(bytes)
        }
        Input::File(file, offset) => {
            let mut file = File::open(dir.join(file)).unwrap();
            file.seek(SeekFrom::Start(offset)).unwrap();
            command.stdin(file);
            None
        }
    };
    let path = dir.parent().unwrap().join(name);
    let (mut file, mut socket) = (None, None);
    match output {
        Output::Pipe => drop(command.stdout(Stdio::piped())),
        Output::Socket => {
            let (ours, theirs) = UnixStream::pair().unwrap();
            command.stdout(Stdio::from(OwnedFd::from(theirs)));
            socket = Some(ours);
        }
        Output::Full => drop(command.stdout(File::options().write(true).open("/dev/full").unwrap())),
        Output::Shared | Output::Middle | Output::Append => {
            std::fs::write(&path, if matches!(output, Output::Shared) { "" } else { "0123456789" }).unwrap();
            let append = matches!(output, Output::Append);
            let mut open = File::options().append(append).write(true).open(&path).unwrap();
            if matches!(output, Output::Middle) {
                open.seek(SeekFrom::Start(4)).unwrap();
            }
            command.stdout(open.try_clone().unwrap());
            if matches!(output, Output::Shared) {
                command.stderr(open.try_clone().unwrap());
            }
            file = Some(open);
        }
    }
    let mut child = command.spawn().unwrap();
    // Its copies of the descriptors would keep readers waiting.
    drop(command);
    let feeder = fed.map(|bytes| {
        let mut stdin = child.stdin.take().unwrap();
        std::thread::spawn(move || drop(stdin.write_all(bytes)))
    });
    let received = socket.map(|mut socket| {
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let ended = child.wait_with_output().unwrap();
    if let Some(feeder) = feeder {
        feeder.join().unwrap();
    }
    let offset = file.map(|mut file| file.stream_position().unwrap());
    let output = received.or_else(|| offset.map(|_| std::fs::read(&path).unwrap())).unwrap_or(ended.stdout);
    Seen { ended: ended.status.to_string(), output, said: ended.stderr, offset }
}

/// Every case of the table.
fn cases(spoken: &[&'static str]) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |words, input, output| cases.push(Case { words, input, output, locale: "C.UTF-8" });
    for options in OPTIONS {
        for (operands, input) in INPUTS {
            for output in OUTPUTS {
                add(format!("{options} {operands}"), input, output);
            }
        }
    }
    let many: Vec<String> = (0..200).map(|number| format!("many{number:03}")).collect();
    let many = many.join(" ");
    for options in ["", "-n", "-b", "-s", "-A", "-E", "-nsE"] {
        for output in OUTPUTS {
            add(format!("{options} {many} gone {many}"), Input::Nothing, output);
            add(format!("{options} million million"), Input::Nothing, output);
        }
    }
    for words in MISTAKES {
        for output in [Output::Pipe, Output::Shared, Output::Full] {
            add(words.to_owned(), Input::Pipe(b"in\n"), output);
        }
    }
    for locale in spoken {
        for words in
            MISTAKES.iter().chain(&["gone", "line dir loop", "dir/no gone\u{e9}", "line/ -n", "-- --help"])
        {
            for output in [Output::Pipe, Output::Append, Output::Full] {
                cases.push(Case { words: (*words).to_owned(), input: Input::Nothing, output, locale });
            }
        }
    }
    cases
}

#[test]
fn nothing_tells_ucat_from_cat() {
    let Some(reference) = reference() else {
        return skip("UCP_REFERENCE_DIR names no directory with GNU's cat");
    };
    let ours = assert_cmd::cargo::cargo_bin!("ucat");
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("work");
    std::fs::create_dir(&dir).unwrap();
    make_files(&dir);
    let (spoken, missing) = installed(&LOCALES);
    if !missing.is_empty() {
        let line = format!("SKIPPED: nothing_tells_ucat_from_cat: {missing:?} are not installed\n");
        std::io::stderr().lock().write_all(line.as_bytes()).unwrap();
    }
    let cases = cases(&spoken);
    assert!(cases.len() >= CASES_MIN, "only {} cases", cases.len());
    let engines: &[&str] = if io_uring::IoUring::new(2).is_ok() { &["sync", "uring"] } else { &["sync"] };
    let (next, threads) = (AtomicUsize::new(0), std::thread::available_parallelism().unwrap().get());
    let work = |thread: usize| {
        let (mut different, mut text) = (0, String::new());
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = format!("out{thread}");
            let expected = run(&reference, None, case, &dir, &name);
            for engine in engines {
                let seen = run(ours, Some(engine), case, &dir, &name);
                if seen != expected {
                    different += 1;
                    let words: String = case.words.chars().take(200).collect();
                    writeln!(text, "cat {words} | {:?}, {engine}, {}", case.output, case.locale).unwrap();
                    expected.tell("want", &mut text);
                    seen.tell("ours", &mut text);
                }
            }
        }
        (different, text)
    };
    let work = &work;
    let results: Vec<(usize, String)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let different: usize = results.iter().map(|(different, _)| different).sum();
    let text: String = results.into_iter().map(|(_, text)| text).collect();
    let shown: String = text.chars().take(8000).collect();
    assert_eq!(different, 0, "of {} cases under {} engines:\n{shown}", cases.len(), engines.len());
}
