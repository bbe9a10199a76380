//! The copy of a directory: made, or the one that is there.

use super::attributes::{self, Copied};
use super::tree::Place;
use super::worker::Worker;
use crate::cli::cp::CpOptions;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{Keeping, Wanted, mode_to_fill};
use crate::plan::facts::{Facts, Owner};
use crate::plan::walk;
use crate::report::message::{Problem, What};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

/// The copy of a directory, open.
pub(super) struct Made {
    pub descriptor: OwnedFd,
    /// The descriptor can do more than stand for its place.
    pub listable: bool,
    /// It was there, behind a symbolic link.
    pub through_link: bool,
    pub facts: Facts,
    pub fresh: bool,
    pub belongs_to: Option<Owner>,
    pub at_end: Option<Box<(Wanted, Keeping)>>,
}

/// What is under the name of a directory's copy.
enum There {
    Nothing,
    Directory,
    DirectoryByLink,
    /// Something else was, and has been kept.
    Kept,
}

/// Whether links of the destination to directories count as directories. GNU cp wants `--copy-contents` for that, too.
pub(super) fn keeps_directory_links(options: &CpOptions) -> bool {
    options.keep_directory_symlink && options.copy_contents
}

impl Worker<'_, '_> {
    /// Makes the copy of a directory, or takes the directory that is there.
    pub(super) fn make_directory(
        &self,
        source: &Place<'_>,
        destination: &Place<'_>,
        (facts, names): (&Facts, Names),
        fresh: bool,
    ) -> Result<Made, Problem> {
        let failed = |what| destination.failed(what);
        let mut there = if fresh { There::Nothing } else { self.is_there(source, destination, facts)? };
        // The owner can fill it whatever its permissions will be; nobody else ever has more than they will have then.
        let keeping = self.shared.settings.method.keeping;
        let mode = keeping.directory_mode_to_make(facts);
        let made = match there {
            There::Directory | There::DirectoryByLink => false,
            There::Nothing | There::Kept => {
                match rustix::fs::mkdirat(destination.parent, destination.name, mode) {
                    Ok(()) => true,
                    // It came meanwhile: a directory will do, anything else is in the way.
                    Err(Errno::EXIST) if matches!(there, There::Nothing) => {
                        there = self.is_there(source, destination, facts)?;
                        if matches!(there, There::Nothing | There::Kept) {
                            return Err(failed(What::CannotCreateDirectory)(Errno::EXIST));
                        }
                        false
                    }
                    Err(errno) => return Err(failed(What::CannotCreateDirectory)(errno)),
                }
            }
        };
        if made && self.shared.settings.verbose {
            self.shared.reporter.copied(&source.path, &destination.path, None);
        }
        let through_link = matches!(there, There::DirectoryByLink);
        let mut open = walk::open_to_fill(destination.parent, destination.name, through_link)
            .map_err(failed(What::CannotAccess))?;
        let stat = rustix::fs::fstat(&open.0).map_err(failed(What::CannotStat))?;
        let copy = Facts::of(&stat);
        if made {
            open = lend_to_owner(open, &copy).map_err(failed(What::SettingPermissions))?;
        }
        let (descriptor, listable) = open;
        let wanted = keeping.of_directory(facts, made.then_some(copy.mode), names);
        let at_end = (!wanted.is_nothing()).then(|| Box::new((wanted, keeping)));
        let belongs_to = if made && keeping.wants_owner_of_new() {
            keeping.owner_of_new(&copy, attributes::is_inherited_from(descriptor.as_fd()))
        } else {
            None
        };
        Ok(Made { descriptor, listable, through_link, facts: copy, fresh: made, belongs_to, at_end })
    }

    /// What is there: a directory to copy into, or nothing (any more, where it was kept as a backup).
    fn is_there(&self, source: &Place<'_>, destination: &Place<'_>, facts: &Facts) -> Result<There, Problem> {
        let options = self.shared.options;
        let look = |flags| {
            let stat = rustix::fs::statat(destination.parent, destination.name, flags);
            stat.map(|stat| Facts::of(&stat).kind)
        };
        let in_the_way = match look(AtFlags::SYMLINK_NOFOLLOW) {
            Ok(FileType::Directory) => return Ok(There::Directory),
            Ok(FileType::Symlink) => {
                !keeps_directory_links(options) || look(AtFlags::empty()) != Ok(FileType::Directory)
            }
            Ok(_) => true,
            Err(Errno::NOENT) => return Ok(There::Nothing),
            Err(errno) => return Err(Problem::failed(What::CannotStat, destination.path.clone(), errno)),
        };
        match &options.backup {
            _ if !in_the_way => Ok(There::DirectoryByLink),
            Some(backup) => {
                let shown = [&destination.path[..], &source.path];
                self.back_up(&destination.at(), shown, backup, facts.identity).map(|_kept| There::Kept)
            }
            None => Err(Problem::between(
                What::OverwriteNonDirectory,
                destination.path.clone(),
                source.path.clone(),
            )),
        }
    }
}

/// Gives the owner of a directory just made, `facts`, the permissions that filling it takes, where the umask or an ACL has
/// taken them.
pub(super) fn lend_to_owner(
    (open, listable): (OwnedFd, bool),
    facts: &Facts,
) -> Result<(OwnedFd, bool), Errno> {
    let Some(mode) = mode_to_fill(facts.mode) else { return Ok((open, listable)) };
    Copied::directory(open.as_fd(), listable).set_mode(mode)?;
    if listable { Ok((open, true)) } else { walk::open_to_fill(open, c".", false) }
}
