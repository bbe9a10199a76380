//! Paths as they were typed.

use crate::pipeline::chain::{At, Directory};
use crate::plan::facts::FileStat;
use rustix::fs::AtFlags;
use std::ffi::CString;
use std::sync::Arc;

/// The working directory's place for a name as it was typed.
#[must_use]
pub(crate) fn typed(name: &[u8]) -> Option<At> {
    let name = CString::new(name).ok()?;
    Some(At { directory: Directory::Working, name: Arc::from(name) })
}

/// The facts of a name without the slashes at its end: of the symbolic link itself, where it is one.
pub(crate) fn without_slashes(directory: &Directory, name: &[u8]) -> Option<FileStat> {
    let kept = name.iter().rposition(|&byte| byte != b'/').map_or(name.len().min(1), |last| last + 1);
    let name = CString::new(&name[..kept]).ok()?;
    let stat = rustix::fs::statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileStat::of(&stat))
}
