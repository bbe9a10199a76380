//! The file of `--manifest`: opened before anything is copied, closed behind it.

use crate::cli::cp::{CpOptions, Destination};
use crate::plan::facts::{Facts, Identity};
use crate::report::Reporter;
use crate::report::manifest::Manifest;
use crate::report::message::{Problem, What};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Refused, and told why.
pub struct Refused;

/// The manifest that was asked for, if one was.
///
/// # Errors
/// It cannot be had; nothing has been touched.
pub fn open(options: &CpOptions, reporter: &Reporter) -> Result<Option<Manifest>, Refused> {
    let Some(path) = &options.extensions.verification.manifest else { return Ok(None) };
    // Nothing is copied, so there is nothing to list.
    if options.extensions.choosing.dry_run {
        return Ok(None);
    }
    if path == "-" {
        return Ok(Some(Manifest::on_standard_output()));
    }
    let (Destination::Directory(last) | Destination::Last(last) | Destination::Exactly(last)) =
        &options.destination;
    // It would be cut to nothing before it is copied, or the list would be written over a copy.
    if let Some(operand) = options.sources.iter().chain([last]).find(|operand| are_same(operand, path)) {
        let (manifest, operand) = (path.as_bytes().to_vec(), operand.as_bytes().to_vec());
        reporter.problem(&Problem::between(What::SameFile, manifest, operand));
        return Err(Refused);
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::from(0o666)) {
        Ok(file) => Ok(Some(Manifest::in_file(file))),
        Err(errno) => {
            let problem = Problem::failed(What::CannotCreateRegular, path.as_bytes().to_vec(), errno);
            reporter.problem(&problem);
            Err(Refused)
        }
    }
}

/// Writes what is left of the manifest, and tells where that failed.
pub fn finish(manifest: Manifest, options: &CpOptions, reporter: &Reporter) {
    let path = options.extensions.verification.manifest.as_deref().unwrap_or_default();
    if let Err(errno) = manifest.finish() {
        reporter.problem(&Problem::failed(What::Writing, path.as_bytes().to_vec(), errno));
    }
}

fn are_same(one: &OsStr, another: &OsStr) -> bool {
    one == another || identity(one).is_some_and(|file| Some(file) == identity(another))
}

fn identity(path: &OsStr) -> Option<Identity> {
    rustix::fs::stat(path).ok().map(|stat| Facts::of(&stat).identity)
}
