//! The names of sources that are read from a file (`--files0-from`), a block at a time, so that a list may be of any
//! length and its end need not be written yet.

use crate::patience::retry;
use crate::report::Reporter;
use crate::report::message::describe;
use crate::report::quote;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Bytes that are read at a time.
const BLOCK_BYTES: usize = 64 << 10;

/// Bytes of a name from which on it is given up: no path can be so long, and what has no end must not be kept.
const NAME_BYTES_MAX: usize = 1 << 20;

/// A list that is being read.
pub(crate) struct NameReader {
    /// As it was typed.
    file: Vec<u8>,
    /// `None` for standard input, which is lent.
    open: Option<OwnedFd>,
    /// A name whose end has not come yet.
    begun: Vec<u8>,
    /// It is longer than any name can be, and is not kept.
    too_long: bool,
    ready: VecDeque<Vec<u8>>,
    /// Names so far.
    count: usize,
    ended: bool,
}

impl NameReader {
    /// Opens a list; `-` is standard input.
    ///
    /// # Errors
    /// What open(2) answered.
    pub(crate) fn open(file: &OsStr) -> Result<Self, Errno> {
        let open = match file.as_bytes() {
            b"-" => None,
            name => Some(rustix::fs::openat(CWD, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?),
        };
        Ok(Self {
            file: file.as_bytes().to_vec(),
            open,
            begun: Vec::new(),
            too_long: false,
            ready: VecDeque::new(),
            count: 0,
            ended: false,
        })
    }

    /// The next name; waits for it. What is wrong with the list is told on the way.
    pub(crate) fn next(&mut self, reporter: &Reporter) -> Option<Vec<u8>> {
        while self.ready.is_empty() && !self.ended {
            let mut block = vec![0; BLOCK_BYTES];
            let answer = retry(|| match &self.open {
                Some(open) => rustix::io::read(open, &mut block),
                None => rustix::io::read(rustix::stdio::stdin().as_fd(), &mut block),
            });
            match answer {
                Ok(0) => {
                    self.ended = true;
                    if !self.begun.is_empty() || self.too_long {
                        self.end_name(reporter);
                    }
                }
                Ok(bytes) => self.take(&block[..bytes], reporter),
                Err(errno) => {
                    self.ended = true;
                    reporter.error(&self.message(&format!("read error: {}", describe(errno)), reporter));
                }
            }
        }
        self.ready.pop_front()
    }

    fn take(&mut self, mut block: &[u8], reporter: &Reporter) {
        while let Some(end) = block.iter().position(|&byte| byte == 0) {
            self.extend(&block[..end]);
            self.end_name(reporter);
            block = &block[end + 1..];
        }
        self.extend(block);
    }

    fn extend(&mut self, part: &[u8]) {
        self.too_long |= self.begun.len() + part.len() > NAME_BYTES_MAX;
        if self.too_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }

    fn end_name(&mut self, reporter: &Reporter) {
        self.count += 1;
        let name = std::mem::take(&mut self.begun);
        let wrong = match (std::mem::take(&mut self.too_long), name.is_empty()) {
            (true, _) => "file name is too long",
            (false, true) => "invalid zero-length file name",
            (false, false) => return self.ready.push_back(name),
        };
        reporter.error(&self.message(&format!("{}: {wrong}", self.count), reporter));
    }

    /// `FILE:` and what is wrong with it; numbers stand right after the colon, words do not.
    fn message(&self, text: &str, reporter: &Reporter) -> Vec<u8> {
        let file = quote::needed(&self.file, reporter.charset());
        let space = if text.starts_with(|first: char| first.is_ascii_digit()) { "" } else { " " };
        [&file[..], b":", space.as_bytes(), text.as_bytes()].concat()
    }
}
