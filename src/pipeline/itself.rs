//! Directories that are being copied into themselves, and what GNU cp makes of that.

use super::branch::{Branch, Origin};
use super::chain::{At, Directory};
use super::operand::without_slashes;
use super::tree::Place;
use super::worker::Worker;
use crate::cli::cp::Follow;
use crate::plan::path;
use crate::report::message::{Problem, What};

impl Worker<'_, '_> {
    /// Refuses a source that is being copied into itself: one that `maker` has made. One that was come to by another way
    /// than by the name it was made under is copied all the same where all links are followed.
    pub(super) fn reject_into_itself(
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
