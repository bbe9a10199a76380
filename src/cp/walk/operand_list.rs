//! Operands that go into a directory: those of the command line, and those whose names are read from a list while others
//! are being copied.

use super::files0_from::NameReader;
use crate::cli::cp::CpOptions;
use crate::cp::entry::created::CreatedFiles;
use crate::cp::job::Operand;
use crate::cp::job::operand_path::typed;
use crate::pipeline::chain::{At, Directory};
use crate::plan::path;
use crate::plan::target::{self, Pair};
use crate::report::Reporter;
use crate::report::message::{FileError, MessageKind};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::sync::Arc;

/// Operands that have not been begun with.
#[derive(Default)]
pub(crate) struct Operands {
    /// In the order in which they were typed.
    pub left: VecDeque<Operand>,
    /// Where more come from, when these are begun with.
    pub more: Option<Box<Listed>>,
    /// Nothing else is in work.
    pub alone: bool,
}

impl Operands {
    /// Those of a command line.
    #[must_use]
    pub(crate) fn of(operands: Vec<Operand>) -> Self {
        let numbered =
            operands.into_iter().enumerate().map(|(number, operand)| Operand { number, ..operand });
        Self { left: numbered.collect(), more: None, alone: true }
    }

    /// The directory that they go into, and how it was typed, where there is one.
    #[must_use]
    pub(crate) fn target(&self) -> Option<(Directory, Option<Arc<[u8]>>)> {
        match (&self.more, self.left.front()) {
            (Some(listed), _) => Some(listed.target()),
            (None, Some(first)) => Some((first.destination.directory.clone(), first.target.clone())),
            (None, None) => None,
        }
    }
}

/// The directory that operands are copied into.
pub(crate) struct IntoDirectory {
    directory: Directory,
    /// As it was typed.
    target: Arc<[u8]>,
    parents: bool,
    strip_trailing_slashes: bool,
    /// What this run has made, where two operands could get one name.
    made: Option<Arc<CreatedFiles>>,
}

impl IntoDirectory {
    /// For a run with these options into an open directory.
    #[must_use]
    pub(crate) fn new(directory: Directory, target: &[u8], options: &CpOptions) -> Self {
        Self {
            directory,
            target: Arc::from(target),
            parents: options.parents,
            strip_trailing_slashes: options.strip_trailing_slashes,
            made: None,
        }
    }

    /// All operands, where they are known.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn all(mut self, sources: &[Vec<u8>]) -> Result<Vec<Operand>, FileError> {
        let pairs: Vec<Pair> = sources.iter().map(|source| self.pair(source)).collect();
        let by_name = target::any_shared(&pairs);
        self.made = target::any_alike(&pairs).then(|| Arc::new(CreatedFiles::nothing(by_name)));
        pairs.iter().map(|pair| self.operand(pair)).collect()
    }

    fn pair(&self, source: &[u8]) -> Pair {
        let source =
            if self.strip_trailing_slashes { path::without_trailing_slashes(source) } else { source };
        target::into_directory(source, &self.target, self.parents)
    }

    fn operand(&self, Pair { source, name, .. }: &Pair) -> Result<Operand, FileError> {
        let destination = At { directory: self.directory.clone(), ..place(name)? };
        Ok(Operand::new(place(source)?, destination, Some(Arc::clone(&self.target)), self.made.clone()))
    }
}

/// Operands that are read from a list. Which names will come is not known, so each could get that of an earlier one.
pub(crate) struct Listed {
    names: NameReader,
    into: IntoDirectory,
    number: usize,
}

impl Listed {
    /// Those of a list.
    #[must_use]
    pub(crate) fn new(names: NameReader, into: IntoDirectory) -> Self {
        let made = Some(Arc::new(CreatedFiles::nothing(true)));
        Self { names, into: IntoDirectory { made, ..into }, number: 0 }
    }

    /// The directory that all are copied into, and how it is called.
    #[must_use]
    pub(crate) fn target(&self) -> (Directory, Option<Arc<[u8]>>) {
        (self.into.directory.clone(), Some(Arc::clone(&self.into.target)))
    }

    /// The next one; waits for its name.
    pub(crate) fn next(&mut self, reporter: &Reporter) -> Option<Operand> {
        loop {
            let name = self.names.next(reporter)?;
            match self.into.operand(&self.into.pair(&name)) {
                Ok(operand) => {
                    let number = self.number;
                    self.number += 1;
                    return Some(Operand { number, ..operand });
                }
                Err(problem) => reporter.problem(&problem),
            }
        }
    }
}

/// A name as it was typed, in the working directory.
///
/// # Errors
/// There is a NUL byte in it, which no argument can hold.
pub(crate) fn place(name: &[u8]) -> Result<At, FileError> {
    typed(name).ok_or_else(|| FileError::failed(MessageKind::CannotStat, name.to_vec(), Errno::INVAL))
}
