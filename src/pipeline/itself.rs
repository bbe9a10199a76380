//! Directories that are being copied into themselves, and what GNU cp makes of that.

use super::branch::{Branch, Origin};
use super::chain::{At, Directory};
use super::directory::Made;
use super::operand::without_slashes;
use super::tree::Place;
use super::worker::Worker;
use crate::cli::cp::{Backup, Control, Follow};
use crate::plan::facts::{Facts, Identity};
use crate::plan::overwrite::Found;
use crate::plan::path;
use crate::plan::replace::{self, DirectoryFate};
use crate::plan::walk;
use crate::report::message::{Problem, What};
use rustix::fd::OwnedFd;
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::sync::Arc;

impl Worker<'_, '_> {
    /// Refuses a directory that would be copied into itself, or that meets what an earlier operand was or has made.
    pub(super) fn reject(
        &self,
        (parent, origin): (Option<&Arc<Branch>>, &Origin),
        (source, destination): (&Place<'_>, &Place<'_>),
        directory: Identity,
        (fate, found): (DirectoryFate, Option<Found>),
    ) -> Result<(), Problem> {
        if parent.is_some_and(|parent| parent.lies_in(directory)) {
            return Err(Problem::of(What::CyclicLink, source.path.clone()));
        }
        if let Some(parent) = parent
            && let Some(maker) = parent.maker_of(directory)
        {
            self.reject_into_itself((parent, maker), source, destination)?;
        }
        let is_operand = parent.is_none();
        self.reject_again(is_operand, origin, directory, (source, destination))?;
        match found {
            Some(found) if is_operand && fate == DirectoryFate::InTheWay => {
                self.reject_just_created(origin, &found, (source, destination))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a directory that an earlier operand was: it would have to become a hard link, unless its copy is to go where
    /// the first one is.
    fn reject_again(
        &self,
        is_operand: bool,
        origin: &Origin,
        directory: Identity,
        (source, destination): (&Place<'_>, &Place<'_>),
    ) -> Result<(), Problem> {
        let Some(directories) = &self.shared.directories else { return Ok(()) };
        let Some(copy) = directories.copied_before(directory, origin) else { return Ok(()) };
        // A directory that is its own copy, which only options that replace nothing allow.
        if copy.is_at(&source.at()) {
            let (from, to) = (source.path.clone(), destination.path.clone());
            return Err(Problem::between(What::IntoItself, from, to));
        }
        // What a dry run has not made lies nowhere, and is known by its path.
        let imagined = self.shared.imagined.is_some() && copy.path == destination.path;
        if imagined || copy.is_at(&destination.at()) {
            return Err(Problem::of(What::TwiceDirectory, origin.source_path.clone()));
        }
        if replace::follows(self.shared.options, is_operand) {
            return Ok(());
        }
        Err(Problem::between(What::HardLinkDirectory, destination.path.clone(), copy.path))
    }

    /// Refuses an operand's directory where a file would have to make way for it that an earlier operand has just made, and
    /// that is the only copy of its source.
    fn reject_just_created(
        &self,
        origin: &Origin,
        found: &Found,
        (source, destination): (&Place<'_>, &Place<'_>),
    ) -> Result<(), Problem> {
        let numbered = |backup: &Backup| backup.control == Control::Numbered;
        let keeps_all = self.shared.options.backup.as_ref().is_some_and(numbered);
        let own = found
            .own()
            .is_some_and(|own| origin.made.as_ref().is_some_and(|made| made.is_copy(own, &destination.path)));
        if own && !keeps_all {
            let (from, to) = (source.path.clone(), destination.path.clone());
            return Err(Problem::between(What::JustCreated, to, from));
        }
        Ok(())
    }

    /// Refuses a source that is being copied into itself: one that `maker` has made. One that was come to by another way
    /// than by the name it was made under is copied all the same where all links are followed.
    fn reject_into_itself(
        &self,
        (parent, maker): (&Branch, &Branch),
        source: &Place<'_>,
        destination: &Place<'_>,
    ) -> Result<(), Problem> {
        let Origin { source_path, destination_path, .. } = &*parent.origin;
        match (is_where_made(parent, maker, source), self.shared.options.follow) {
            (true, _) => {
                Err(Problem::between(What::IntoItself, source_path.clone(), destination_path.clone()))
            }
            (false, Follow::Always) => Ok(()),
            (false, Follow::CommandLine | Follow::Never) => {
                let (copy, made) = (destination.path.clone(), maker.own_destination_path());
                Err(Problem::between(What::HardLinkDirectory, copy, made))
            }
        }
    }
}

/// The descriptor to list an operand's directory by, where its copy has just been `made`. btrfs lists a directory as it was
/// when it was opened, so that a copy made in the directory itself would not be met, and the copy would go through.
pub(super) fn listing_with(made: &Made, open: OwnedFd, source: &Facts) -> Result<OwnedFd, Errno> {
    let Ok(Some(copy)) = made.held.get() else { return Ok(open) };
    match rustix::fs::statat(&copy, c"..", AtFlags::empty()) {
        Ok(above) if Facts::of(&above).identity == source.identity => {
            walk::open_directory(&open, c".", false)
        }
        // A copy that may not be searched, as it belongs to somebody else, gets no entries; what is wrong with it is told
        // of each of them.
        Ok(_) | Err(_) => Ok(open),
    }
}

/// Whether a directory of the source is met under the name, in the directory, that `maker` has made it under. GNU cp
/// does not look behind symbolic links for that: one to a directory is not the directory.
fn is_where_made(parent: &Branch, maker: &Branch, source: &Place<'_>) -> bool {
    let At { directory, name } = &parent.origin.destination;
    let (name, made_in) = match &maker.parent {
        // Of what one operand makes, only the uppermost directory counts.
        Some(above) if above.fresh => return false,
        Some(above) => (maker.name.to_bytes(), Some(above.destination.identity())),
        None => {
            let made_in = without_slashes(directory, path::parent(name.to_bytes()));
            (path::last_component(name.to_bytes()), made_in.map(|facts| facts.identity))
        }
    };
    let met_in = match &parent.parent {
        Some(above) if parent.source.is_through_link() => above.source().ok().and_then(|directory| {
            without_slashes(&directory, parent.name.to_bytes()).map(|facts| facts.identity)
        }),
        Some(_) => Some(parent.source.identity()),
        None => without_slashes(&Directory::Working, &parent.origin.source_path).map(|facts| facts.identity),
    };
    name == source.name.to_bytes() && met_in.is_some() && met_in == made_in
}
