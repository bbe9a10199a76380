//! The manifest of `--manifest`: a line for each copy, in the form that `b3sum` writes and `b3sum --check` reads.
//!
//! Lines come in the order in which files are done, as they are written while the run goes on: a sorted list would have
//! to be held in memory until its end. A name with a backslash or a line's end has them escaped, and a backslash before
//! the hash says so.
//!
//! Where the list takes the place of an earlier one, it is noted what becomes of the files that may stand there, by hashes
//! of their names. At the end the earlier list is read once, and the lines that still hold are added to the new one.

use crate::hashes::Hash;
use crate::plan::path::without_dots;
use crate::report::{BLOCK_BYTES, Reporter, write_all};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::sync::{Mutex, PoisonError};

/// Hexadecimal digits of a hash.
const DIGITS: usize = 2 * blake3::OUT_LEN;

/// Bytes of the longest line of an earlier list: no path is near as long, and what has no end must not be kept in memory.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Where lines go.
pub(crate) struct Manifest {
    /// `None` for standard output.
    file: Option<Mutex<Pending>>,
    /// What becomes of the files of an earlier list, where there is one.
    earlier: Option<Earlier>,
}

#[derive(Default)]
struct Pending {
    /// `None` when it has been finished.
    file: Option<OwnedFd>,
    lines: Vec<u8>,
    /// The list is not what the earlier one was: it has lines of its own, or has lost some.
    differs: bool,
    /// The line of the earlier one that is longer than any of a list, counted from 1.
    overlong: Option<usize>,
    error: Option<Errno>,
}

struct Earlier {
    list: OwnedFd,
    names: Mutex<LineNames>,
}

/// What a name hashes to: many are remembered at a time.
type Mark = [u8; 16];

#[derive(Default)]
struct LineNames {
    /// Files that were found and left as they are.
    left_alone: HashSet<Mark>,
    /// Files that are not what they were.
    changed: HashSet<Mark>,
}

/// What has become of a list.
#[derive(Default)]
pub(crate) struct Finished {
    /// Its file; `None` where it went to standard output, or was finished before.
    pub file: Option<OwnedFd>,
    /// It is not what the earlier one was.
    pub differs: bool,
    /// The earlier one is no list: this line of it is longer than any of a list. It was read up to there.
    pub overlong: Option<usize>,
}

impl Manifest {
    /// A manifest in this file, in place of an `earlier` one that is open for reading.
    #[must_use]
    pub(crate) fn in_file(file: OwnedFd, earlier: Option<OwnedFd>) -> Self {
        let pending = Pending { file: Some(file), ..Pending::default() };
        let earlier = earlier.map(|list| Earlier { list, names: Mutex::default() });
        Self { file: Some(Mutex::new(pending)), earlier }
    }

    /// A manifest on standard output.
    #[must_use]
    pub(crate) fn on_standard_output() -> Self {
        Self { file: None, earlier: None }
    }

    /// Adds a copy. A name that the format cannot have is reported.
    pub(crate) fn add(&self, hash: &Hash, path: &[u8], reporter: &Reporter) {
        let line = line(hash, &without_dots(path)).unwrap_or_else(|line| {
            reporter.unlisted(path);
            line
        });
        self.changed(|| path.to_vec());
        match &self.file {
            None => reporter.line(&line),
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).add(&line),
        }
    }

    /// Notes that a file was found and stays what it is: what an earlier list says of it still holds.
    pub(crate) fn left_alone(&self, path: impl FnOnce() -> Vec<u8>) {
        self.note(path, |names, mark| names.left_alone.insert(mark));
    }

    /// Notes that a file is not what it was, or will not be: an earlier list says nothing of it any more.
    pub(crate) fn changed(&self, path: impl FnOnce() -> Vec<u8>) {
        self.note(path, |names, mark| names.changed.insert(mark));
    }

    fn note(&self, path: impl FnOnce() -> Vec<u8>, note: impl FnOnce(&mut LineNames, Mark) -> bool) {
        if let Some(earlier) = &self.earlier {
            // As a line has it, where a name that is no UTF-8 cannot be told from others.
            let name = without_dots(&path());
            let mark = mark(String::from_utf8_lossy(&name).as_bytes());
            let _is_new = note(&mut earlier.names.lock().unwrap_or_else(PoisonError::into_inner), mark);
        }
    }

    /// Adds what still holds of an earlier list, and writes what is left. Where all went `well` that is what is said of files
    /// that were left alone; or else of all files that were not changed, as the run has not reached all that it
    /// would.
    ///
    /// # Errors
    /// The first that was met: the manifest is not whole.
    pub(crate) fn finish(&self, well: bool) -> Result<Finished, Errno> {
        let Some(file) = &self.file else { return Ok(Finished::default()) };
        let mut pending = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = &self.earlier
            && pending.file.is_some()
        {
            earlier.carry_over(&mut pending, well)?;
        }
        pending.flush();
        let (file, overlong) = (pending.file.take(), pending.overlong);
        let finished = Finished { file, differs: pending.differs, overlong };
        pending.error.map_or(Ok(finished), Err)
    }
}

impl Pending {
    fn add(&mut self, line: &[u8]) {
        self.differs = true;
        self.put(line);
    }

    fn put(&mut self, line: &[u8]) {
        self.lines.extend(line);
        if self.lines.len() >= BLOCK_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.error.is_none()
            && let Some(file) = &self.file
        {
            self.error = write_all(file.as_fd(), &self.lines).err();
        }
        self.lines.clear();
    }
}

impl Earlier {
    fn carry_over(&self, pending: &mut Pending, well: bool) -> Result<(), Errno> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let mut list = File::from(self.list.try_clone().map_err(failed)?);
        list.rewind().map_err(failed)?;
        let (mut list, mut line) = (BufReader::new(list), Vec::new());
        for number in 1.. {
            line.clear();
            if (&mut list).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            if !line.ends_with(b"\n") && u64::try_from(line.len()).is_ok_and(|bytes| bytes == LINE_BYTES_MAX)
            {
                pending.overlong = Some(number);
                break;
            }
            let mark = name_in(&line).map(|name| mark(&name));
            let holds = match mark {
                Some(mark) if names.changed.contains(&mark) => false,
                Some(mark) => !well || names.left_alone.contains(&mark),
                None => !well,
            };
            if !holds {
                pending.differs = true;
                continue;
            }
            if !line.ends_with(b"\n") {
                line.push(b'\n');
            }
            pending.put(&line);
        }
        Ok(())
    }
}

fn mark(name: &[u8]) -> Mark {
    let mut mark = Mark::default();
    mark.copy_from_slice(&blake3::hash(name).as_bytes()[..size_of::<Mark>()]);
    mark
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

/// The name in a line, without dots that say nothing; `None` for what is no line of a list.
fn name_in(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (hash, name) = line.split_at_checked(DIGITS)?;
    let name = name.strip_prefix(b"  ").filter(|name| !name.is_empty())?;
    if !hash.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    if !escaped {
        return Some(without_dots(name));
    }
    let (mut plain, mut rest) = (Vec::with_capacity(name.len()), name.iter());
    while let Some(&byte) = rest.next() {
        plain.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(without_dots(&plain))
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
            assert_eq!(name_in(expected.as_bytes()), Some(name.to_vec()));
            assert_eq!(line(&hash, name), Ok(expected.into_bytes()));
        }
        assert_eq!(line(&hash, b"a\xff"), Err(format!("{hex}  a\u{fffd}\n").into_bytes()));
    }

    #[test]
    fn what_is_no_line_has_no_name() {
        let hex = "0".repeat(DIGITS);
        assert_eq!(name_in(format!("{hex}  ./a//b").as_bytes()), Some(b"a/b".to_vec()));
        for other in ["", "\n", "a  b\n", &hex, &format!("{hex} a"), &format!("{hex}  ")] {
            assert_eq!(name_in(other.as_bytes()), None, "{other:?}");
        }
        for other in [format!("x{}  a", &hex[1..]), format!("\\{hex}  a\\x"), format!("\\{hex}  a\\")] {
            assert_eq!(name_in(other.as_bytes()), None, "{other:?}");
        }
    }
}
