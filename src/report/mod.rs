//! Everything the user is told: messages in GNU's wording and quoting, and statistics. The only mouth of the program.
//!
//! Messages go to standard error, one write each, so that those of several workers never mix within a line. What `-v`
//! says is collected and goes to standard output when a block is full, at once where that is a terminal. Where progress is
//! displayed, the display makes way for either. A caller of the library is told in [`values`] instead, and nothing is printed.

pub(crate) mod charset;
pub(crate) mod counters;
pub(crate) mod failure;
pub(crate) mod language;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod progress;
pub(crate) mod question;
pub(crate) mod quote;
pub(crate) mod screen;
pub(crate) mod stats;
pub(crate) mod values;

use crate::patience::retry;
use crate::process;
use language::{Language, Words};
use message::FileError;
use question::Question;
use quote::Charset;
use rustix::fd::BorrowedFd;
use rustix::fs::Mode;
use rustix::io::Errno;
use screen::Screen;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use values::{Told, Values};

/// Bytes of `-v` output that are collected before they are written.
pub(crate) const BLOCK_BYTES: usize = 32 << 10;

/// What follows where a command line cannot be followed.
pub(crate) const HINT: Words = Words::gnu("Try '%s --help' for more information.\n");

/// What stands between the program's name and a message.
const PREFIX_END: &[u8] = b": ";

/// Tells the user, and remembers whether anything failed.
pub(crate) struct Reporter {
    program: Vec<u8>,
    typed_program: Vec<u8>,
    language: Language,
    failed: AtomicBool,
    /// An answer could not be read.
    unread: AtomicBool,
    /// A directory is open to the end.
    holds_directory: AtomicBool,
    lines: Mutex<Lines>,
    /// The display of progress, where there is one.
    screen: OnceLock<Screen>,
    /// The signal that has ended the work.
    interrupted: OnceLock<i32>,
    /// What was told, where a caller wants to know instead of the user.
    values: Option<Values>,
}

#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
    at_once: Option<bool>,
    error: Option<Errno>,
}

impl Reporter {
    /// A reporter for a program called as `program`. Messages begin with its last component, questions with all of it.
    #[must_use]
    pub(crate) fn new(program: &OsStr) -> Self {
        let short = short_program_name(program);
        process::prepare_for_exhaustion(|| [&short, PREFIX_END, b"memory exhausted\n"].concat());
        Self::silent(short, program, Language::default())
    }

    /// One that has said nothing yet.
    fn silent(short: Vec<u8>, program: &OsStr, language: Language) -> Self {
        Self {
            program: short,
            typed_program: program.as_bytes().to_vec(),
            language,
            failed: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            holds_directory: AtomicBool::new(false),
            lines: Mutex::new(Lines::default()),
            screen: OnceLock::new(),
            interrupted: OnceLock::new(),
            values: None,
        }
    }

    /// The character set that names are quoted for; the locale is only looked at when the first name is to be shown.
    #[must_use]
    pub(crate) fn charset(&self) -> Charset {
        self.language.charset()
    }

    /// The language of what is said.
    #[must_use]
    pub(crate) fn language(&self) -> &Language {
        &self.language
    }

    /// Tells about a problem.
    pub(crate) fn problem(&self, problem: &FileError) {
        self.tell_problem(problem, problem.what.is_failure(), b"");
    }

    /// Tells about a problem that the exit status says nothing of.
    pub(crate) fn warning(&self, problem: &FileError) {
        self.tell_problem(problem, false, b"");
    }

    /// Tells about a failure that concerns no file or brings its own words.
    pub(crate) fn error(&self, text: &[u8]) {
        self.tell(Told { failed: true, problem: None, errno: None, text: text.to_vec() });
    }

    /// Tells about a failure that concerns no file, and why.
    pub(crate) fn failed_to(&self, words: Words, errno: Errno) {
        let text = [self.language.text(words), self.language.reason(errno, words)].join(&b": "[..]);
        self.tell(Told { failed: true, problem: None, errno: Some(errno), text });
    }

    /// Tells why a file, whose name is quoted already, cannot be read.
    pub(crate) fn file_failed(&self, quoted: &[u8], errno: Errno) {
        let reason = self.language.reason(errno, Words::gnu(""));
        self.error(&[quoted, b": ", &reason].concat());
    }

    /// Tells that a manifest does not have the name of a file as it is.
    pub(super) fn unlisted(&self, path: &[u8]) {
        let quoted = quote::always(path, self.charset());
        self.error(&[b"the manifest cannot have the name ", &quoted[..], b", which is not UTF-8"].concat());
    }

    /// Tells that a manifest could not take the place of what is there, and why: it has come since the run began, or a line
    /// of this number shows that it is no list.
    pub(crate) fn kept_beside(&self, path: &[u8], beside: &[u8], overlong: Option<usize>) {
        let [path, beside] = [path, beside].map(|name| quote::always(name, self.charset()));
        let why = match overlong {
            None => " was written while the copy went on, and stays; the manifest is ".to_owned(),
            Some(line) => format!(" is no manifest, as line {line} is too long, and stays; the manifest is "),
        };
        self.error(&[&path[..], why.as_bytes(), &beside, b" beside it"].concat());
    }

    /// Whether anything has failed so far.
    #[must_use]
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// One message.
    pub(crate) fn message(&self, text: &[u8]) {
        self.tell(Told { failed: false, problem: None, errno: None, text: text.to_vec() });
    }

    /// One message on standard error, after the program's name.
    fn print(&self, text: &[u8]) {
        // Where both streams are one file, what was said first stands first.
        self.flush(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let line = [&self.program, PREFIX_END, text, b"\n"].concat();
        self.aside(|| write_error(&line));
    }

    /// Bytes that stand before the text of each message.
    #[must_use]
    pub(crate) fn prefix_bytes(&self) -> usize {
        self.program.len() + PREFIX_END.len()
    }

    /// The display of progress; from now on there is one, and messages are written where it leaves room.
    pub(crate) fn screen(&self) -> &Screen {
        self.screen.get_or_init(Screen::default)
    }

    /// Has `write` write past the display, where there is one.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.screen.get() {
            Some(screen) => screen.aside(write),
            None => write(),
        }
    }

    /// Writes what `-v` has said. A thread that holds the lines may lock the screen, never the other way round.
    fn flush(&self, lines: &mut Lines) {
        if !lines.pending.is_empty() {
            self.aside(|| lines.flush());
        }
    }

    /// Tells what a signal has left of the work; the process is to die by it.
    pub(crate) fn interrupted(&self, signal: i32, text: &[u8]) {
        self.message(text);
        self.failed.store(true, Ordering::Relaxed);
        // Only the first can be what has ended it.
        match self.interrupted.set(signal) {
            Ok(()) | Err(_) => {}
        }
    }

    /// The signal that has ended the work.
    #[must_use]
    pub(crate) fn interrupted_by(&self) -> Option<i32> {
        self.interrupted.get().copied()
    }

    /// `'from' -> 'to'`, for `-v`, with the path of the backup where one was made.
    pub(super) fn copied(&self, from: &[u8], to: &[u8], kept: Option<&[u8]>) {
        let quoted = |name: &[u8]| quote::always(name, self.charset());
        let mut line = [&quoted(from)[..], b" -> ", &quoted(to)].concat();
        if let Some(kept) = kept {
            line.extend(self.language.message(Words::gnu(" (backup: %s)"), &[&quoted(kept)]));
        }
        line.push(b'\n');
        self.line(&line);
    }

    /// `'kept' -> 'path' (unbackup)`, for `-v`.
    pub(super) fn restored(&self, kept: &[u8], path: &[u8]) {
        let quoted = |name: &[u8]| quote::always(name, self.charset());
        self.line(
            &self.language.message(Words::gnu("%s -> %s (unbackup)\n"), &[&quoted(kept), &quoted(path)]),
        );
    }

    /// `from -> to`, for `-v`: a directory made above a copy. GNU cp does not quote these.
    pub(super) fn made_parent(&self, from: &[u8], to: &[u8]) {
        self.line(&[from, b" -> ", to, b"\n"].concat());
    }

    /// Tells that the command line cannot be followed.
    pub(crate) fn usage(&self, words: Words) {
        self.error(&self.language.text(words));
        if self.values.is_some() {
            return;
        }
        let hint = self.language.message(HINT, &[&self.typed_program]);
        self.aside(|| write_error(&hint));
    }

    /// Asks whether a file of this mode may be replaced.
    #[must_use]
    pub(crate) fn may_replace(&self, path: &[u8], mode: Mode, writable: bool, forced: bool) -> bool {
        self.flush(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let question = Question::of(mode, writable, forced);
        let question =
            question.text(&self.typed_program, &quote::always(path, self.charset()), &self.language);
        let ask = || {
            write_error(&question);
            let answer = question::answer();
            self.unread.fetch_or(answer.is_err(), Ordering::Relaxed);
            answer.is_ok_and(|answer| self.language.is_yes(&answer))
        };
        match self.screen.get() {
            Some(screen) => screen.hold_back(ask),
            None => ask(),
        }
    }

    /// Notes that a target directory is open to the end.
    pub(crate) fn holds_directory(&self) {
        self.holds_directory.store(true, Ordering::Relaxed);
    }

    /// Notes that a question was answered with no: nothing is said, and the exit status tells.
    pub(crate) fn set_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// `removed 'path'`, for `-v`.
    pub(crate) fn removed(&self, path: &[u8]) {
        self.line(
            &self.language.message(Words::gnu("removed %s\n"), &[&quote::always(path, self.charset())]),
        );
    }

    /// How the data of a file was copied, for `--debug`.
    pub(super) fn how(&self, [offload, reflink, sparse]: [&str; 3]) {
        let line = format!("copy offload: {offload}, reflink: {reflink}, sparse detection: {sparse}\n");
        self.line(line.as_bytes());
    }

    /// `skipped 'path'`, for `--debug`.
    pub(super) fn skipped(&self, path: &[u8]) {
        self.line(
            &self.language.message(Words::gnu("skipped %s\n"), &[&quote::always(path, self.charset())]),
        );
    }

    /// By which means a run has copied, for `--debug`.
    pub(super) fn means(&self, engine: &str, placement: &str, reason: &str) {
        self.line(format!("engine: {engine}, placement: {placement}, reason: {reason}\n").as_bytes());
    }

    /// A whole line, or several, of standard output. A caller of the library has none.
    pub(super) fn line(&self, line: &[u8]) {
        if self.values.is_some() {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.pending.extend_from_slice(line);
        let at_once = *lines.at_once.get_or_insert_with(|| rustix::termios::isatty(rustix::stdio::stdout()));
        if at_once || lines.pending.len() >= BLOCK_BYTES {
            self.flush(&mut lines);
        }
    }

    /// Writes what is left of the output and answers whether all went well: the exit status.
    #[must_use]
    pub(crate) fn finish(&self) -> bool {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.flush(&mut lines);
        let error = lines.error.take();
        drop(lines);
        if self.unread.load(Ordering::Relaxed) {
            // The number of an input that was closed at exec is free, unless GNU cp's target directory has it.
            let closed = question::is_input_closed() && !self.holds_directory.load(Ordering::Relaxed);
            match closed {
                true => self.failed_to(Words::gnulib("error closing file"), Errno::BADF),
                false => self.error(&self.language.text(Words::gnulib("error closing file"))),
            }
        }
        if let Some(errno) = error {
            self.failed_to(Words::gnulib("write error"), errno);
        }
        !self.has_failed()
    }
}

impl Lines {
    fn flush(&mut self) {
        if self.error.is_none() && !self.pending.is_empty() {
            self.error = write_all(rustix::stdio::stdout(), &self.pending).err();
        }
        self.pending.clear();
    }
}

/// Writes all of `bytes`.
///
/// # Errors
/// What write(2) answered; a part may have been written.
pub(crate) fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match retry(|| rustix::io::write(to, bytes)) {
            Ok(written) => bytes = &bytes[written..],
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Writes to standard error. No channel is left to report a failure of that.
pub(crate) fn write_error(bytes: &[u8]) {
    match write_all(rustix::stdio::stderr(), bytes) {
        Ok(()) | Err(_) => {}
    }
}

/// The last component of the name the program was called by, as messages begin.
#[must_use]
pub(crate) fn short_program_name(program: &OsStr) -> Vec<u8> {
    let bytes = program.as_bytes();
    bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes).to_vec()
}
