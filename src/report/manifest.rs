//! The manifest of `--manifest`: a line for each copy, in the form that `b3sum` writes and `b3sum --check` reads.
//!
//! Lines come in the order in which files are done, as they are written while the run goes on: a sorted list would have
//! to be held in memory until its end. A name with a backslash or a line's end has them escaped, and a backslash before
//! the hash says so.

use super::{BLOCK_BYTES, Reporter, write_all};
use crate::hashes::Hash;
use crate::process;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::sync::{Mutex, PoisonError};

/// Where lines go.
pub struct Manifest {
    /// `None` for standard output.
    file: Option<Mutex<Pending>>,
}

struct Pending {
    file: OwnedFd,
    lines: Vec<u8>,
    error: Option<Errno>,
}

impl Manifest {
    /// A manifest in this file.
    #[must_use]
    pub fn in_file(file: OwnedFd) -> Self {
        Self { file: Some(Mutex::new(Pending { file, lines: Vec::new(), error: None })) }
    }

    /// A manifest on standard output.
    #[must_use]
    pub fn on_standard_output() -> Self {
        Self { file: None }
    }

    /// Adds a copy. A name that the format cannot have is told of.
    pub fn add(&self, hash: &Hash, path: &[u8], reporter: &Reporter) {
        let line = line(hash, path).unwrap_or_else(|line| {
            reporter.unlisted(path);
            line
        });
        match &self.file {
            None => reporter.line(&line),
            Some(file) => {
                let mut pending = file.lock().unwrap_or_else(PoisonError::into_inner);
                pending.lines.extend(line);
                if pending.lines.len() >= BLOCK_BYTES {
                    pending.flush();
                }
            }
        }
    }

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// The first that was met: the manifest is not whole.
    pub fn finish(self) -> Result<(), Errno> {
        let Some(file) = self.file else { return Ok(()) };
        let mut pending = file.into_inner().unwrap_or_else(PoisonError::into_inner);
        pending.flush();
        let closed = process::close(pending.file);
        pending.error.map_or(closed, Err)
    }
}

impl Pending {
    fn flush(&mut self) {
        if self.error.is_none() {
            self.error = write_all(self.file.as_fd(), &self.lines).err();
        }
        self.lines.clear();
    }
}

/// The line of a file, as `Err` where its name is no UTF-8: b3sum knows no other names, and stops at a line that is
/// none, so that the others could not be checked either.
fn line(hash: &Hash, path: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let name = String::from_utf8_lossy(path);
    let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mark = if escaped == *name { "" } else { "\\" };
    let line = format!("{mark}{}  {escaped}\n", hash.to_hex()).into_bytes();
    if std::str::from_utf8(path).is_ok() { Ok(line) } else { Err(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_b3sum_has_it() {
        let hash = blake3::hash(b"");
        let hex = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        for (name, expected) in [
            (&b"a b"[..], format!("{hex}  a b\n")),
            (b"d/\xc3\xa4", format!("{hex}  d/\u{e4}\n")),
            (b"a\\b", format!("\\{hex}  a\\\\b\n")),
            (b"a\nb\rc", format!("\\{hex}  a\\nb\\rc\n")),
        ] {
            assert_eq!(line(&hash, name), Ok(expected.into_bytes()));
        }
        assert_eq!(line(&hash, b"a\xff"), Err(format!("{hex}  a\u{fffd}\n").into_bytes()));
    }
}
