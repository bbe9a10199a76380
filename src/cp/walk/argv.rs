//! The operands of a command line, or of a list that it names, as places: what they are called where.

use super::files0_from::NameReader;
use super::operand_list::{IntoDirectory, Listed, place};
use crate::cli::cp::{CpOptions, Destination};
use crate::cp::job::Operand;
use crate::cp::walk::operand_list::Operands;
use crate::pipeline::chain::Directory;
use crate::plan::path;
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Those of a run with these options. Opens the directory that they go into, once.
///
/// # Errors
/// The directory cannot be had, or a name is none.
pub(crate) fn operands(options: &CpOptions) -> Result<Operands, FileError> {
    let sources: Vec<Vec<u8>> = options.sources.iter().map(bytes).collect();
    let (target, required) = match &options.destination {
        Destination::Exactly(name) => return single(&sources[0], &bytes(name)),
        Destination::Directory(target) => (bytes(target), Some(MessageKind::TargetDirectory)),
        Destination::Last(target) if sources.len() > 1 => (bytes(target), Some(MessageKind::Target)),
        Destination::Last(target) => (bytes(target), None),
    };
    let name = CString::new(target.clone())
        .map_err(|_nul| FileError::failed(MessageKind::CannotStat, target.clone(), Errno::INVAL))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match (rustix::fs::open(name, flags, Mode::empty()), required) {
        (Ok(directory), _) => Directory::Open(Arc::new(directory)),
        // It is there whether or not it can be searched, which each operand is to find out.
        (Err(_), _) if path::is_working_directory(&target) => Directory::Working,
        (Err(errno), Some(what)) => {
            let errno = process::reason(&target, errno);
            return Err(FileError::failed(what, target, errno));
        }
        (Err(_), None) if options.parents => return Err(FileError::of(MessageKind::NotADirectory, target)),
        (Err(_), None) => return single(&sources[0], &target),
    };
    let into = IntoDirectory::new(directory, &target, options);
    match &options.extensions.choosing.names_from {
        None => into.all(&sources).map(Operands::of),
        Some(file) => {
            let reason = |errno| process::reason(file.as_bytes(), errno);
            let failed = |errno| FileError::failed(MessageKind::CannotOpen, bytes(file), reason(errno));
            let listed = Listed::new(NameReader::open(file).map_err(failed)?, into);
            Ok(Operands { more: Some(Box::new(listed)), ..Operands::of(Vec::new()) })
        }
    }
}

fn single(source: &[u8], destination: &[u8]) -> Result<Operands, FileError> {
    Ok(Operands::of(vec![Operand::new(place(source)?, place(destination)?, None, None)]))
}

fn bytes(text: &OsString) -> Vec<u8> {
    text.as_bytes().to_vec()
}
