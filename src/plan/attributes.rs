//! Which attributes a copy gets, and when: pure decisions on what was asked for and what the source is.
//!
//! Nothing is ever more open than it will be at the end. What is to change hands is made for its owner alone, and gets
//! its permissions when it has the right owner and all else is done.

use super::attribute_names::Names;
use super::facts::{FileStat, Owner};
use crate::cli::cp::{CpOptions, Keep, PreserveMode};
use rustix::fs::{FileType, Mode, Timespec};
use rustix::io::Errno;

/// What is to be kept, the same for all files of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PreservePolicy {
    /// What becomes of permissions and ACLs.
    pub mode: PreserveMode,
    pub ownership: bool,
    /// Times of access and modification.
    pub timestamps: bool,
    pub xattr: Keep,
    /// Nothing but attributes is copied.
    pub attributes_only: bool,
    /// What the user's umask takes from the permissions of what is made.
    pub umask: Mode,
    /// The user and group of this process: they own what it makes, where the directory does not say otherwise.
    pub own: Owner,
}

/// Where a copy came from: what makes the difference for its permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyOrigin {
    /// By this run, in a directory where new files belong to this owner; `None` where that is not known for certain.
    Created(Option<Owner>),
    /// It was there before.
    Existed,
}

/// The permissions a copy is to end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permissions {
    /// Those it has.
    AsTheyAre,
    /// These, and the source's ACL where it has one. Set-id and sticky bits only for the right owner.
    Kept(Mode),
    /// These, and no ACL may change that.
    Plain(Mode),
    /// These; set-id and sticky bits that the copy has stay.
    Bits(Mode),
    /// As `Kept`, whomever it belongs to.
    Whole(Mode),
}

/// Everything that one copy is to be given when its contents are there. Plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttributePlan {
    /// Times of access and modification.
    pub times: Option<Times>,
    /// Whom it is to belong to.
    pub owner: Option<Owner>,
    pub permissions: Permissions,
    /// It was there before: others may have it open.
    pub before: bool,
    /// It is no symbolic link, which has an order and words of its own.
    pub is_link: bool,
    /// It has to be made writable to its owner for its extended attributes, where the umask or an ACL left it without.
    pub writable_for_attributes: bool,
    /// What will be refused after times and owner, as it would be set by a name that is empty.
    pub unnamed: Vec<AttributeError>,
    /// An extended attribute that is refused ends it: as in GNU cp, but for regular files, where these are required.
    pub ends_at_attributes: bool,
    /// This process may give files away.
    pub privileged: bool,
    /// The names of the source's extended attributes that are to be copied.
    pub names: Names,
}

/// Times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// When it was last read.
    pub accessed: Timespec,
    /// When its contents last changed.
    pub modified: Timespec,
}

/// What could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttributeError {
    /// The names of extended attributes could not be listed.
    Listing(Errno),
    /// The value of the extended attribute of this name could not be had.
    Value(Vec<u8>, Errno),
    /// An extended attribute of this name could not be set.
    Attribute(Vec<u8>, Errno),
    /// The file system has no extended attributes.
    Attributes(Errno),
    /// The times.
    Times(Errno),
    /// A file that was there before could not be closed to others before it changes hands.
    Clearing(Errno),
    /// User or group.
    Owner(Errno),
    /// User or group of a symbolic link.
    LinkOwner(Errno),
    /// These permissions.
    Permissions(Permissions, Errno),
    /// It is not the node any more that was made.
    Swapped,
}

/// How something that was refused is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Severity {
    /// There is a message.
    pub said: bool,
    /// The exit status says so.
    pub failed: bool,
}

const PERMISSIONS: Mode = Mode::RWXU.union(Mode::RWXG).union(Mode::RWXO);
const READ_AND_WRITE: Mode = Mode::from_bits_retain(0o666);

/// What a directory made with the mode `now` needs while it is filled: its owner's permissions, which the umask or the
/// ACL of the directory above may have taken. `None` where it has them.
#[must_use]
pub(crate) fn mode_to_fill(now: Mode) -> Option<Mode> {
    (!now.contains(Mode::RWXU)).then(|| now | Mode::RWXU)
}

/// How a directory made with the mode `now` gets `mode` when it is full.
fn restored(now: Mode, mode: Mode) -> Permissions {
    if mode == (now | Mode::RWXU) & PERMISSIONS { Permissions::AsTheyAre } else { Permissions::Bits(mode) }
}

impl PreservePolicy {
    /// What `options` ask for, for a process of `own` under `umask`.
    #[must_use]
    pub(crate) fn new(options: &CpOptions, umask: Mode, own: Owner) -> Self {
        let preserve = options.preserve;
        // Where there is nothing but attributes to copy, GNU cp tells of those that it cannot, also with -a.
        let tells = preserve.xattr == Keep::Quietly && options.attributes_only;
        let xattr = if tells { Keep::Telling } else { preserve.xattr };
        Self {
            mode: preserve.mode,
            ownership: preserve.ownership,
            timestamps: preserve.timestamps,
            xattr,
            attributes_only: options.attributes_only,
            umask,
            own,
        }
    }

    /// Whether there is anything to do when the contents of a file are there.
    #[must_use]
    pub(crate) fn is_anything(&self) -> bool {
        self.mode != PreserveMode::UnderUmask || self.ownership || self.timestamps || self.xattr != Keep::No
    }

    /// Whether the names of a source's extended attributes have to be known.
    #[must_use]
    pub(crate) fn wants_names(&self) -> bool {
        self.mode == PreserveMode::Keep || self.xattr != Keep::No
    }

    /// Whether it is worth knowing whom new files of a directory belong to.
    #[must_use]
    pub(crate) fn wants_owner_of_new(&self) -> bool {
        self.ownership && self.mode != PreserveMode::Ignore
    }

    /// The permissions to make a file or special file with. `belongs_to` says whose it will be, where that is certain.
    #[must_use]
    pub(crate) fn mode_to_make(&self, source: &FileStat, names: &Names, belongs_to: Option<Owner>) -> Mode {
        let all = match source.kind {
            FileType::RegularFile => source.mode & PERMISSIONS,
            // Nothing is executed or written under these bits, and GNU cp leaves them.
            _ => source.mode,
        };
        let narrow = all.difference(Mode::RWXG | Mode::RWXO);
        let rightful =
            !self.ownership || (belongs_to == Some(source.owner) && !loses_bits_to_its_owner(source));
        let mode = match self.mode {
            // What it is to end with is all that counts, but never more than the source has is asked for.
            PreserveMode::Ignore => {
                let all = if rightful { all } else { narrow };
                return all.difference(PERMISSIONS) | (all & READ_AND_WRITE);
            }
            PreserveMode::UnderUmask if rightful => all,
            PreserveMode::Keep if rightful && names.acls.is_empty() => all,
            PreserveMode::UnderUmask | PreserveMode::Keep => narrow,
        };
        // Extended attributes are for users that may write to the file, whatever descriptors they have.
        if self.must_be_writable(source, names) { mode | Mode::WUSR } else { mode }
    }

    fn must_be_writable(&self, source: &FileStat, names: &Names) -> bool {
        self.xattr != Keep::No && !names.plain.is_empty() && !source.mode.contains(Mode::WUSR)
    }

    /// The permissions to make a directory with, of its source's. What its owner lacks to fill it is lent afterwards: where
    /// a file system lets no user change permissions it stays as asked for. The sticky bit stays, as in GNU cp.
    #[must_use]
    pub(crate) fn directory_mode_to_make(&self, source: &FileStat) -> Mode {
        let all = source.mode & (PERMISSIONS | Mode::SVTX);
        all.difference(self.omitted_of_directory(source))
    }

    /// Permissions that a directory gets only when it is full: until then no other user writes to it, and where
    /// it is to change owner no other user reads it.
    fn omitted_of_directory(&self, source: &FileStat) -> Mode {
        let others = Mode::RWXG | Mode::RWXO;
        let narrow = self.ownership || self.mode == PreserveMode::Keep;
        source.mode & if narrow { others } else { Mode::WGRP | Mode::WOTH }
    }

    /// The permissions that a directory ends with. `now` are those it has been made with, `None` for one that was there
    /// before.
    #[must_use]
    pub(crate) fn directory_permissions(&self, source: &FileStat, now: Option<Mode>) -> Permissions {
        match (self.mode, now) {
            (PreserveMode::Keep, _) => Permissions::Kept(source.mode),
            (PreserveMode::UnderUmask | PreserveMode::Ignore, None) => Permissions::AsTheyAre,
            (PreserveMode::Ignore, Some(now)) => {
                Permissions::Plain(PERMISSIONS.difference(self.umask) | (now & Mode::SGID))
            }
            (PreserveMode::UnderUmask, Some(now)) => self.with_omitted(source, now),
        }
    }

    /// What is lent is taken back when the directory is full, and what was omitted is given.
    fn with_omitted(&self, source: &FileStat, now: Mode) -> Permissions {
        let omitted = self.omitted_of_directory(source).difference(self.umask);
        restored(now, (now & PERMISSIONS) | omitted)
    }

    /// The permissions to make a directory with that leads to a copy (`--parents`). A tree that is copied into itself may
    /// meet it, and has its copy made with these.
    #[must_use]
    pub(crate) fn parent_mode_to_make(&self, source: &FileStat, names: &Names) -> Mode {
        let all = source.mode & (PERMISSIONS | Mode::SVTX);
        match self.mode {
            PreserveMode::Ignore if self.ownership => PERMISSIONS & !self.omitted_of_directory(source),
            PreserveMode::Ignore => PERMISSIONS,
            // What is left out would be missing from the ACL that a directory above gives it, as its mask.
            PreserveMode::UnderUmask if !self.ownership => all,
            PreserveMode::Keep if !self.ownership && names.acls.is_empty() => {
                all & !(Mode::WGRP | Mode::WOTH)
            }
            PreserveMode::UnderUmask | PreserveMode::Keep => self.directory_mode_to_make(source),
        }
    }

    /// What a directory that leads to a copy is to be given when the copy is done; `now` as for
    /// [`Self::directory_permissions`]. Where no mode is kept it stays as the kernel has made it, with its ACL. GNU cp
    /// gives it no extended attributes.
    #[must_use]
    pub(crate) fn of_parent(&self, source: &FileStat, now: Option<Mode>, names: Names) -> AttributePlan {
        let permissions = match (self.mode, now) {
            (PreserveMode::Ignore, Some(now)) if self.ownership => self.with_omitted(source, now),
            (PreserveMode::Ignore, Some(now)) => restored(now, now & PERMISSIONS),
            (PreserveMode::UnderUmask, Some(now)) if !self.ownership => restored(now, now & PERMISSIONS),
            // In a directory these bits grant no user anything, and GNU cp keeps them here, though not in a tree.
            (PreserveMode::Keep, _) => Permissions::Whole(source.mode),
            (PreserveMode::Ignore | PreserveMode::UnderUmask, _) => self.directory_permissions(source, now),
        };
        let names = Names { plain: Vec::new(), ..names };
        self.wanted(source, permissions, now.is_none(), names)
    }

    fn file_permissions(&self, source: &FileStat, made: CopyOrigin, names: &Names) -> Permissions {
        let all = source.mode & PERMISSIONS;
        match (self.mode, made) {
            (PreserveMode::Keep, _) => Permissions::Kept(source.mode),
            (PreserveMode::UnderUmask | PreserveMode::Ignore, CopyOrigin::Existed) => Permissions::AsTheyAre,
            // GNU cp counts sockets among what may be executed.
            (PreserveMode::Ignore, CopyOrigin::Created(_)) if source.kind == FileType::Socket => {
                Permissions::Plain(PERMISSIONS.difference(self.umask))
            }
            (PreserveMode::Ignore, CopyOrigin::Created(_)) => {
                Permissions::Plain(READ_AND_WRITE.difference(self.umask))
            }
            (PreserveMode::UnderUmask, CopyOrigin::Created(_))
                if self.must_be_writable(source, names)
                    || self.ownership && !self.umask.contains(all.difference(Mode::RWXU)) =>
            {
                Permissions::Bits(all.difference(self.umask))
            }
            (PreserveMode::UnderUmask, CopyOrigin::Created(_)) => Permissions::AsTheyAre,
        }
    }

    /// What the copy of a file, special file or symbolic link is to be given.
    #[must_use]
    pub(crate) fn of_file(&self, source: &FileStat, made: CopyOrigin, names: Names) -> AttributePlan {
        let permissions = if source.kind == FileType::Symlink {
            Permissions::AsTheyAre
        } else {
            self.file_permissions(source, made, &names)
        };
        self.wanted(source, permissions, made == CopyOrigin::Existed, names)
    }

    /// What the copy of a directory is to be given when it is full; `now` as for [`Self::directory_permissions`].
    #[must_use]
    pub(crate) fn of_directory(&self, source: &FileStat, now: Option<Mode>, names: Names) -> AttributePlan {
        self.wanted(source, self.directory_permissions(source, now), now.is_none(), names)
    }

    /// What a symbolic link to the source is to be given that was made for its copy: its maker stays its owner.
    #[must_use]
    pub(crate) fn of_link_to(&self, source: &FileStat, names: Names) -> AttributePlan {
        let link = FileStat { kind: FileType::Symlink, ..*source };
        let names = Names { acls: Vec::new(), ..names };
        AttributePlan { owner: None, ..self.wanted(&link, Permissions::AsTheyAre, false, names) }
    }

    fn wanted(
        &self,
        source: &FileStat,
        permissions: Permissions,
        before: bool,
        names: Names,
    ) -> AttributePlan {
        let times = Times { accessed: source.accessed, modified: source.modified };
        AttributePlan {
            times: self.timestamps.then_some(times),
            owner: self.ownership.then_some(source.owner),
            permissions,
            before,
            is_link: source.kind == FileType::Symlink,
            writable_for_attributes: !before && self.must_be_writable(source, &names),
            unnamed: Vec::new(),
            ends_at_attributes: self.xattr == Keep::Require && source.kind != FileType::RegularFile,
            privileged: self.own.user == 0,
            names: Names {
                plain: if self.xattr == Keep::No { Vec::new() } else { names.plain },
                acls: if self.mode == PreserveMode::Keep { names.acls } else { Vec::new() },
                refused: names.refused.filter(|_| self.wants_names()),
            },
        }
    }

    /// What new files in a directory belong to, where that is certain: a directory of this process's own user and group
    /// without a default ACL, `inherits` none, gives them to both by the rules of BSD and of System V alike.
    #[must_use]
    pub(crate) fn owner_of_new(&self, directory: &FileStat, inherits: bool) -> Option<Owner> {
        (directory.owner == self.own && !inherits).then_some(self.own)
    }

    /// How severe a refusal is: whether the user sees a message, and whether the run fails.
    #[must_use]
    pub(crate) fn told(&self, refused: &AttributeError) -> Severity {
        let always = Severity { said: true, failed: true };
        match refused {
            AttributeError::Listing(errno)
            | AttributeError::Value(_, errno)
            | AttributeError::Attribute(_, errno)
            | AttributeError::Attributes(errno) => match self.xattr {
                Keep::No | Keep::Quietly => Severity { said: false, failed: false },
                Keep::Telling => {
                    let is_lack = matches!(*errno, Errno::NODATA | Errno::OPNOTSUPP);
                    Severity { said: self.attributes_only || !is_lack, failed: false }
                }
                Keep::Require => always,
            },
            // GNU cp fails here without a word.
            AttributeError::Clearing(errno) if is_for_the_privileged(*errno, self.own.user == 0) => {
                Severity { said: false, failed: true }
            }
            AttributeError::Times(_)
            | AttributeError::Clearing(_)
            | AttributeError::Owner(_)
            | AttributeError::LinkOwner(_)
            | AttributeError::Permissions(..)
            | AttributeError::Swapped => always,
        }
    }
}

/// True if this is a special file with bits that go when it is given away, also to its maker, as GNU cp does.
#[must_use]
pub(crate) fn loses_bits_to_its_owner(node: &FileStat) -> bool {
    let special = !matches!(node.kind, FileType::RegularFile | FileType::Directory | FileType::Symlink);
    special && node.mode.intersects(Mode::SUID | Mode::SGID)
}

/// Whether giving a file away was refused as it is to any ordinary user: then the copy goes on without.
#[must_use]
pub(crate) fn is_for_the_privileged(errno: Errno, privileged: bool) -> bool {
    !privileged && matches!(errno, Errno::PERM | Errno::INVAL)
}

mod wanted;

#[cfg(test)]
mod tests;
