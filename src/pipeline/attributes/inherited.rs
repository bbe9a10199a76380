//! What a file that takes the place of another has of that one (`--atomic`): owner, ACL, extended attributes and
//! permissions, so that it looks as if the old one had been written to.

use super::{Copied, Source, copy_acls, each, names, set_plainly};
use crate::plan::attributes::is_for_the_privileged;
use crate::plan::durability::inherited_mode;
use crate::plan::facts::FileStat;
use rustix::fd::BorrowedFd;
use rustix::fs::Mode;
use rustix::io::Errno;

/// Gives `new` what `old` has, as far as this process may.
///
/// # Errors
/// What was refused that would leave the new file with other permissions than the old one.
pub(crate) fn inherit(old: BorrowedFd<'_>, new: BorrowedFd<'_>) -> Result<(), Errno> {
    let (facts, mut now) = (facts_of(old)?, facts_of(new)?);
    let (source, copy) = (Source::Open(old), Copied::Open(new));
    if now.owner != facts.owner {
        match copy.set_owner(Some(facts.owner.user), facts.owner.group) {
            Ok(()) => {}
            // A process that may write to another user's file may still not give files away, but to its own groups.
            Err(errno) if is_for_the_privileged(errno, false) => {
                match copy.set_owner(None, facts.owner.group) {
                    Ok(()) | Err(_) => {}
                }
            }
            Err(errno) => return Err(errno),
        }
        now = facts_of(new)?;
    }
    let names = names(&source);
    if let Some(errno) = names.refused {
        return Err(errno);
    }
    // The system's own say what was in the old file (capabilities, hashes), and are gone when it is written to.
    for name in each(&names.plain).filter(|name| !name.as_bytes().starts_with(b"security.")) {
        match source.value(&name).and_then(|value| copy.set_attribute(&name, &value)) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM) => {}
            Err(errno) => return Err(errno),
        }
    }
    let privileged = rustix::process::geteuid().is_root();
    let mode = inherited_mode(&facts, now.owner, privileged);
    if names.acls.is_empty() {
        set_plainly(copy, mode & (Mode::RWXU | Mode::RWXG | Mode::RWXO))?;
    } else {
        copy_acls(&source, copy, &names.acls)?;
    }
    // An ACL carries no set-id bits; and its mask is what the group has here.
    if facts_of(new)?.mode == mode { Ok(()) } else { copy.set_mode(mode) }
}

fn facts_of(file: BorrowedFd<'_>) -> Result<FileStat, Errno> {
    Ok(FileStat::of(&rustix::fs::fstat(file)?))
}
