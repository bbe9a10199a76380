//! Attributes of a copy, set by plain calls: times, owner, extended attributes, permissions, in this order.
//!
//! Everything goes through a descriptor of the very file. Nodes that cannot be opened, symbolic links and devices, are
//! held by one that only stands for their place in the file system (O_PATH), and are looked at again by it.

use super::chain::At;
use crate::plan::attribute_names::{Action, Names, Rules, minimal_acl, mode_of_acl};
use crate::plan::attributes::{
    AttributeError, AttributePlan, Permissions, is_for_the_privileged, loses_bits_to_its_owner,
};
use crate::plan::facts::{FileStat, Owner};
use crate::process;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Timestamps};
use rustix::io::Errno;
use std::ffi::CString;
use std::sync::OnceLock;

mod ends;
pub(crate) mod inherited;
mod telling;
mod without_proc;

pub(crate) use ends::{Copied, Source};
pub(crate) use inherited::inherit;
pub(crate) use telling::tell;

/// Bytes that most values and all lists of names but the longest fit.
const SMALL_BYTES: usize = 512;

/// Bytes of the longest value or list (XATTR_SIZE_MAX, XATTR_LIST_MAX).
const LARGE_BYTES: usize = 64 << 10;

/// What is left of a file's attributes after one of them was refused that all others depend on.
struct Stop;

/// Gives a copy what it is to have. Answers what was refused.
#[must_use]
pub(crate) fn keep(source: &Source<'_>, copy: Copied<'_>, wanted: &AttributePlan) -> Vec<AttributeError> {
    let mut refused: Vec<AttributeError> =
        wanted.names.refused.into_iter().map(AttributeError::Listing).collect();
    match try_keep(source, copy, wanted, &mut refused) {
        Ok(()) | Err(Stop) => {}
    }
    refused
}

fn try_keep(
    source: &Source<'_>,
    copy: Copied<'_>,
    wanted: &AttributePlan,
    refused: &mut Vec<AttributeError>,
) -> Result<(), Stop> {
    if !wanted.is_link {
        times(copy, wanted, refused)?;
    }
    let mut state = CopyState { now: None, special: true };
    if wanted.owner.is_some() || wanted.permissions != Permissions::AsTheyAre {
        let stat = rustix::fs::fstat(copy.descriptor());
        state.now = stat.ok().map(|stat| FileStat::of(&stat));
    }
    let has_owner =
        |owner: &Owner| state.now.is_some_and(|now| now.owner == *owner && !loses_bits_to_its_owner(&now));
    if let Some(owner) = wanted.owner.filter(|owner| !has_owner(owner)) {
        set_owner(copy, owner, wanted, &mut state, refused)?;
    }
    if wanted.is_link {
        times(copy, wanted, refused)?;
    }
    refused.extend_from_slice(&wanted.unnamed);
    let unwritable = state.now.is_none_or(|now| !now.mode.contains(Mode::WUSR));
    if wanted.writable_for_attributes && unwritable {
        lend_writing(copy, &mut state);
    }
    let before = refused.len();
    copy_attributes(source, copy, &wanted.names.plain, refused);
    if wanted.ends_at_attributes && refused.len() > before {
        return Err(Stop);
    }
    permissions(source, copy, wanted, &state, refused);
    Ok(())
}

/// What is known of the copy on the way.
struct CopyState {
    /// As it was looked at; `None` where that is not true any more.
    now: Option<FileStat>,
    /// True if its owner is the wanted one, so it may have set-id and sticky bits.
    special: bool,
}

fn times(copy: Copied<'_>, wanted: &AttributePlan, refused: &mut Vec<AttributeError>) -> Result<(), Stop> {
    let Some(times) = wanted.times else { return Ok(()) };
    let times = Timestamps { last_access: times.accessed, last_modification: times.modified };
    copy.set_times(&times).map_err(|errno| {
        refused.push(AttributeError::Times(errno));
        Stop
    })
}

fn set_owner(
    copy: Copied<'_>,
    owner: Owner,
    wanted: &AttributePlan,
    state: &mut CopyState,
    refused: &mut Vec<AttributeError>,
) -> Result<(), Stop> {
    let mut stop = |reason| {
        refused.push(reason);
        Stop
    };
    if let Some(closed) = state.now.and_then(|now| wanted.closed_mode(now.mode)) {
        set_plainly(copy, closed).map_err(|errno| stop(AttributeError::Clearing(errno)))?;
    }
    state.now = None;
    match copy.set_owner(Some(owner.user), owner.group) {
        Ok(()) => Ok(()),
        Err(errno) if is_for_the_privileged(errno, wanted.privileged) => {
            state.special = false;
            if wanted.is_link {
                return Ok(());
            }
            // An ordinary user may give files to a group of its own, and is not told where it may not.
            match copy.set_owner(None, owner.group) {
                Ok(()) | Err(_) => Ok(()),
            }
        }
        Err(errno) if wanted.is_link => Err(stop(AttributeError::LinkOwner(errno))),
        Err(errno) => Err(stop(AttributeError::Owner(errno))),
    }
}

/// Makes the copy writable to its owner. Where that is refused its extended attributes are, and those are told.
fn lend_writing(copy: Copied<'_>, state: &mut CopyState) {
    state.now = None;
    if let Ok(stat) = rustix::fs::fstat(copy.descriptor()) {
        match copy.set_mode(FileStat::of(&stat).mode | Mode::WUSR) {
            Ok(()) | Err(_) => {}
        }
    }
}

fn copy_attributes(source: &Source<'_>, copy: Copied<'_>, names: &[u8], refused: &mut Vec<AttributeError>) {
    let mut unsupported = None;
    for name in each(names) {
        match source.value(&name) {
            // Also of a name that is listed and has no value for this user, as `trusted.*` has on btrfs.
            Err(errno) => refused.push(AttributeError::Value(name.into_bytes(), errno)),
            Ok(value) => match copy.set_attribute(&name, &value) {
                Ok(()) => {}
                Err(errno @ Errno::OPNOTSUPP) => unsupported = Some(errno),
                // No other one can be set either.
                Err(errno @ Errno::NOSYS) => {
                    unsupported = Some(errno);
                    break;
                }
                Err(errno) => refused.push(AttributeError::Attribute(name.into_bytes(), errno)),
            },
        }
    }
    refused.extend(unsupported.map(AttributeError::Attributes));
}

fn permissions(
    source: &Source<'_>,
    copy: Copied<'_>,
    wanted: &AttributePlan,
    state: &CopyState,
    refused: &mut Vec<AttributeError>,
) {
    let special = Mode::SUID | Mode::SGID | Mode::SVTX;
    let set = match wanted.permissions {
        Permissions::AsTheyAre => Ok(()),
        Permissions::Plain(mode) => set_plainly(copy, mode),
        Permissions::Bits(mode) => {
            let kept = match state.now {
                Some(now) => Ok(now.mode),
                // It has changed hands, which may have taken set-id bits from it.
                None => rustix::fs::fstat(copy.descriptor()).map(|stat| FileStat::of(&stat).mode),
            };
            kept.and_then(|now| {
                let mode = mode | (now & special);
                if now == mode { Ok(()) } else { copy.set_mode(mode) }
            })
        }
        Permissions::Kept(mode) | Permissions::Whole(mode) => {
            let is_whole = state.special || matches!(wanted.permissions, Permissions::Whole(_));
            let mode = if is_whole { mode } else { mode.difference(special) };
            // The ACL goes first: without it the group would have what is meant for the ACL's mask.
            let acls = match wanted.names.refused {
                Some(errno) => Err(errno),
                None => copy_acls(source, copy, &wanted.names.acls),
            };
            // What the ACL says by now, also of permissions that another copy has changed since the source was looked at.
            let mode = match acls {
                Ok(Some(granted)) => granted | (mode & special),
                Ok(None) | Err(_) => mode,
            };
            // What was there before may be another's, which is to be told.
            let is_set = !wanted.before
                && wanted.names.acls.is_empty()
                && state.now.is_some_and(|now| now.mode == mode && !mode.contains(Mode::SGID));
            let set = if is_set { Ok(()) } else { copy.set_mode(mode) };
            acls.and(set)
        }
    };
    if let Err(errno) = set {
        refused.push(AttributeError::Permissions(wanted.permissions, errno));
    }
}

/// Copies ACLs. Answers the permissions that come with the one for access, if there is one.
fn copy_acls(source: &Source<'_>, copy: Copied<'_>, names: &[u8]) -> Result<Option<Mode>, Errno> {
    let mut result = Ok(None);
    for name in each(names) {
        let copied = source.value(&name).and_then(|value| copy.set_attribute(&name, &value).map(|()| value));
        match copied {
            Ok(value) if name.as_bytes() == b"system.posix_acl_access" => {
                result = result.map(|_| mode_of_acl(&value));
            }
            Ok(_) | Err(Errno::NODATA) => {}
            // Every file of NFS 4 has one, and other file systems have none.
            Err(Errno::OPNOTSUPP) if name.as_bytes().starts_with(b"system.nfs4") => {}
            Err(errno) => result = Err(errno),
        }
    }
    result
}

/// Sets permissions that no ACL widens: an ACL that the copy has goes. Bits that are in no ACL are set before it, as GNU cp
/// does, which takes a sticky bit from a directory that has inherited its set-group-ID bit, and from no other.
fn set_plainly(copy: Copied<'_>, mode: Mode) -> Result<(), Errno> {
    if mode.intersects(Mode::SUID | Mode::SGID | Mode::SVTX) {
        copy.set_mode(mode)?;
    }
    match copy.set_attribute(c"system.posix_acl_access", &minimal_acl(mode)) {
        Ok(()) => Ok(()),
        // No ACLs here.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::BUSY) => copy.set_mode(mode),
        // GNU cp sets the permissions, and tells that the ACL may be there still.
        Err(errno) => copy.set_mode(mode).and(Err(errno)),
    }
}

fn each(names: &[u8]) -> impl Iterator<Item = CString> {
    names.split(|&byte| byte == 0).filter(|name| !name.is_empty()).flat_map(CString::new)
}

/// The names of the extended attributes of a file. One that has none, or whose file system has none, has no names.
#[must_use]
pub(crate) fn names(source: &Source<'_>) -> Names {
    match filled(|buffer| source.list(buffer)) {
        Ok(listed) if listed.is_empty() => Names::default(),
        Ok(listed) => Names::sorted(&listed, action),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Names::default(),
        Err(errno) => Names { refused: Some(errno), ..Names::default() },
    }
}

/// Whether files made in the directory get an ACL by that.
#[must_use]
pub(crate) fn is_inherited_from(directory: BorrowedFd<'_>) -> bool {
    let answer = rustix::fs::fgetxattr(directory, c"system.posix_acl_default", &mut [0_u8; 0][..]);
    !matches!(answer, Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS))
}

/// What becomes of an attribute, by xattr.conf(5), which is read when the first one is met.
fn action(name: &[u8]) -> Action {
    static RULES: OnceLock<Rules> = OnceLock::new();
    if name == b"security.selinux" && process::selinux_is_enabled() {
        // The kernel gives each file its own.
        return Action::Skip;
    }
    let read =
        || std::fs::read("/etc/xattr.conf").map_or_else(|_none| Rules::default(), |text| Rules::read(&text));
    RULES.get_or_init(read).action(name)
}

/// Calls with a small buffer, and with the largest where that is too small.
fn filled(mut call: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut small = [0; SMALL_BYTES];
    match call(&mut small) {
        Err(Errno::RANGE) => {}
        answer => return Ok(small[..answer?].to_vec()),
    }
    let mut large = vec![0; LARGE_BYTES];
    let bytes = call(&mut large)?;
    large.truncate(bytes);
    Ok(large)
}

/// Holds a node that was just made at `at`, which must be as it was made: of this kind, and under one name. Some file
/// systems count no names at all.
fn hold(at: &At, made: &FileStat, wanted: &AttributePlan) -> Result<OwnedFd, AttributeError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let not_held = |errno| match errno {
        Errno::NOENT => AttributeError::Swapped,
        // The first that it would have been given.
        errno if wanted.times.is_some() => AttributeError::Times(errno),
        errno if wanted.owner.is_some() && wanted.is_link => AttributeError::LinkOwner(errno),
        errno if wanted.owner.is_some() => AttributeError::Owner(errno),
        errno => AttributeError::Permissions(wanted.permissions, errno),
    };
    let held = rustix::fs::openat(&at.directory, &*at.name, flags, Mode::empty()).map_err(not_held)?;
    let facts = rustix::fs::fstat(&held).map(|stat| FileStat::of(&stat)).map_err(not_held)?;
    let device = |facts: &FileStat| match facts.kind {
        FileType::BlockDevice | FileType::CharacterDevice => facts.rdev,
        _ => 0,
    };
    let same = facts.kind == made.kind && device(&facts) == device(made) && facts.links <= 1;
    if same { Ok(held) } else { Err(AttributeError::Swapped) }
}

/// Gives a node that was just made at `copy`, and cannot be opened, what it is to have. Answers what was refused.
#[must_use]
pub(crate) fn keep_node(
    source: &At,
    copy: &At,
    made: &FileStat,
    wanted: &AttributePlan,
) -> Vec<AttributeError> {
    match hold(copy, made, wanted) {
        Ok(held) => keep(&Source::Named(source.clone()), Copied::Held(held.as_fd(), Some(copy)), wanted),
        Err(refused) => vec![refused],
    }
}

#[cfg(test)]
mod tests;
