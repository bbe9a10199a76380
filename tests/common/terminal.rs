//! A pseudo-terminal for a tool to run on, and an emulator that knows what its screen shows.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

/// What a screen is waited for at most: a machine that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

const ROWS: u16 = 12;

pub struct Terminal {
    /// The end that a terminal emulator holds.
    controller: File,
    /// The name of the other end.
    name: std::ffi::CString,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    over: bool,
}

fn count(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Terminal {
    /// A terminal of so many columns. What is written to it is read at once.
    pub fn new(columns: u16) -> Self {
        let controller =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        rustix::pty::grantpt(&controller).unwrap();
        rustix::pty::unlockpt(&controller).unwrap();
        let name = rustix::pty::ptsname(&controller, Vec::new()).unwrap();
        let parser = vt100::Parser::new(count(ROWS), count(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), over: false }), Condvar::new()));
        let terminal = Self { controller: File::from(controller), name, seen };
        terminal.resize(columns);
        terminal
    }

    /// The end for the tool. Reading begins with the first of them, and is over when the last one is closed.
    pub fn open(&self) -> OwnedFd {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::open(&*self.name, flags, Mode::empty()).unwrap()
    }

    /// Reads what the tool writes from now on, until it has ended.
    pub fn watch(&self) {
        let (mut controller, seen) = (self.controller.try_clone().unwrap(), Arc::clone(&self.seen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // EIO when nobody has the other end open any more.
                let read = controller.read(&mut bytes).unwrap_or(0);
                let mut state = seen.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                state.parser.process(&bytes[..read]);
                state.raw.extend(&bytes[..read]);
                state.over = read == 0;
                seen.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
    }

    /// Makes it so wide; the tool gets SIGWINCH.
    pub fn resize(&self, columns: u16) {
        let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(count(ROWS), count(columns));
        rustix::termios::tcsetwinsize(&self.controller, size).unwrap();
    }

    pub fn types(&self, keys: &[u8]) {
        (&self.controller).write_all(keys).unwrap();
    }

    /// Waits until the screen shows what `wanted` looks for, and answers its lines that are not empty.
    #[track_caller]
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        self.wait(what, |seen| wanted(&seen.parser.screen().contents()))
    }

    /// Waits for the tool's end, and answers the lines of the screen.
    #[track_caller]
    pub fn at_the_end(&self) -> Vec<String> {
        self.wait("the end", |seen| seen.over)
    }

    #[track_caller]
    fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !wanted(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let raw = String::from_utf8_lossy(&seen.raw);
            assert!(
                !left.is_zero() && !seen.over,
                "no {what}:\n{}\n{raw:?}",
                seen.parser.screen().contents()
            );
            drop(raw);
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        let contents = seen.parser.screen().contents();
        contents.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    /// All that was written to it.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    pub fn shows_cursor(&self) -> bool {
        !self.seen.0.lock().unwrap().parser.screen().hide_cursor()
    }
}
