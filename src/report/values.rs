//! What is told to a caller of the library: values that are kept, of which nothing is printed.

use super::Reporter;
use super::failure::{Failure, Operation};
use super::language::Language;
use super::message::FileError;
use super::quote::Charset;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// Most values that are kept of one run: what a tree holds is not the caller's choice.
const KEPT_MAX: usize = 1 << 16;

/// One thing that is told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// True if the run has failed by it; else it is a warning.
    pub failed: bool,
    /// The file and the operation, where it is about one.
    pub problem: Option<FileError>,
    pub errno: Option<Errno>,
    /// The message without the program's name and the newline.
    pub text: Vec<u8>,
}

/// All that a run has told.
#[derive(Debug, Default)]
pub(super) struct Values(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    told: Vec<Told>,
    omitted: u64,
}

/// What a caller is told when the run has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// What the run has failed by.
    pub failures: Vec<Failure>,
    pub warnings: Vec<Failure>,
    /// How many more of either there were.
    pub omitted: u64,
}

impl Reporter {
    /// A reporter that prints nothing and keeps what it is told, in English, for a caller.
    #[must_use]
    pub(crate) fn collecting() -> Self {
        let language = Language::english(Charset::Utf8);
        Self { values: Some(Values::default()), ..Self::silent(Vec::new(), OsStr::new(""), language) }
    }

    /// The problems that were collected, in the order in which they were told.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn problems(&self) -> Vec<FileError> {
        self.values.as_ref().map(Values::problems).unwrap_or_default()
    }

    /// What was collected.
    #[must_use]
    pub(crate) fn into_record(self) -> Record {
        self.values.map(Values::into_record).unwrap_or_default()
    }

    /// Tells about a problem, and in words of another program why.
    pub(crate) fn problem_because(&self, problem: &FileError, why: &[u8]) {
        self.tell_problem(problem, true, &[b": ", why].concat());
    }

    /// Notes a failure that GNU cp says nothing of; a caller of the library is told.
    pub(crate) fn silent_problem(&self, problem: &FileError) {
        match self.values {
            Some(_) => self.tell_problem(problem, true, b""),
            None => self.set_failed(),
        }
    }

    /// Tells about a failure that concerns no file, in its own words, and with its error number.
    pub(crate) fn failed_with(&self, text: &str, errno: Errno) {
        self.tell(Told { failed: true, problem: None, errno: Some(errno), text: text.into() });
    }

    pub(super) fn tell_problem(&self, problem: &FileError, failed: bool, why: &[u8]) {
        let text = [&problem.text(&self.language), why].concat();
        self.tell(Told { failed, problem: Some(problem.clone()), errno: problem.errno, text });
    }

    pub(super) fn tell(&self, told: Told) {
        if told.failed {
            self.failed.store(true, Ordering::Relaxed);
        }
        match &self.values {
            Some(values) => values.push(told),
            None => self.print(&told.text),
        }
    }
}

impl Values {
    /// Keeps a value, as long as there are not too many.
    pub(super) fn push(&self, told: Told) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.told.len() < KEPT_MAX {
            kept.told.push(told);
        } else {
            kept.omitted += 1;
        }
    }

    /// The problems among them, in the order in which they were told.
    #[cfg(test)]
    pub(super) fn problems(&self) -> Vec<FileError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.told.iter().filter_map(|told| told.problem.clone()).collect()
    }

    /// All of it, for the caller.
    pub(super) fn into_record(self) -> Record {
        let kept = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut record = Record { omitted: kept.omitted, ..Record::default() };
        for told in kept.told {
            let into = if told.failed { &mut record.failures } else { &mut record.warnings };
            into.push(match told.problem {
                Some(problem) => Failure::of_file(problem, &told.text),
                None => Failure::new(Operation::Run, told.errno, &told.text),
            });
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound() {
        let values = Values::default();
        for _ in 0..KEPT_MAX + 2 {
            values.push(Told { failed: true, problem: None, errno: None, text: Vec::new() });
        }
        let record = values.into_record();
        assert_eq!((record.failures.len(), record.warnings.len(), record.omitted), (KEPT_MAX, 0, 2));
    }
}
