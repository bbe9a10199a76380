//! The copy of a directory: made, or the one that is there.

use super::backup::Kept;
use crate::cp::job::branch::Origin;
use crate::cp::job::dir_handle::Held;
use crate::cp::walk::directory::Place;
use crate::cp::worker::Worker;
use crate::pipeline::attributes::{self, Copied};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{Keeping, Wanted, mode_to_fill};
use crate::plan::facts::{Facts, Owner};
use crate::plan::overwrite::Found;
use crate::plan::replace::{self, DirectoryFate};
use crate::plan::walk;
use crate::report::message::{Problem, What};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::AtFlags;
use rustix::io::Errno;

/// The copy of a directory, open.
pub(crate) struct Made {
    pub held: Held,
    pub fresh: bool,
    pub belongs_to: Option<Owner>,
    pub at_end: Option<Box<(Wanted, Keeping)>>,
}

impl Worker<'_, '_> {
    /// Makes the copy of a directory, or takes the directory that is there: one that was looked at, as
    /// [`Self::fate_of_directory`] does. What was `kept` comes back where it cannot be made.
    pub(crate) fn make_directory(
        &self,
        source: &Place<'_>,
        destination: &Place<'_>,
        (facts, names): (&Facts, Names),
        (fate, kept): (DirectoryFate, Option<Kept>),
    ) -> Result<Made, Problem> {
        if let Some(imagined) = &self.shared.imagined {
            return self.imagine_directory(imagined, source, destination, (facts, fate));
        }
        let failed = |what| destination.failed(what);
        // The owner can fill it whatever its permissions will be; nobody else ever has more than they will have then.
        let keeping = self.shared.settings.method.keeping;
        let made = match fate {
            DirectoryFate::Fill | DirectoryFate::FillThroughLink => false,
            DirectoryFate::SameFile | DirectoryFate::Done => false,
            DirectoryFate::Make | DirectoryFate::InTheWay => {
                let mode = keeping.directory_mode_to_make(facts);
                match rustix::fs::mkdirat(destination.parent, destination.name, mode) {
                    Ok(()) => true,
                    // What has come meanwhile stays, also a directory: no option was asked about it (GNU cp has it so).
                    Err(errno) => {
                        if let Some(kept) = &kept {
                            self.restore(kept, || destination.path.clone());
                        }
                        return Err(failed(What::CannotCreateDirectory)(errno));
                    }
                }
            }
        };
        kept.iter().for_each(Kept::stays);
        if made && self.shared.settings.verbose {
            self.shared.reporter.copied(&source.path, &destination.path, None);
        }
        let through_link = fate == DirectoryFate::FillThroughLink;
        let mut open = walk::open_to_fill(destination.parent, destination.name, through_link)
            .map_err(failed(What::CannotAccess))?;
        let stat = rustix::fs::fstat(&open.0).map_err(failed(What::CannotStat))?;
        let copy = Facts::of(&stat);
        if made {
            open = lend_to_owner(open, &copy).map_err(failed(What::LendingPermissions))?;
        }
        let (descriptor, listable) = open;
        let mut wanted = keeping.of_directory(facts, made.then_some(copy.mode), names);
        if destination.path.is_empty() {
            wanted.refuse_without_name(copy.owner);
        }
        let at_end = (!wanted.is_nothing()).then(|| Box::new((wanted, keeping)));
        let belongs_to = if made && keeping.wants_owner_of_new() {
            keeping.owner_of_new(&copy, attributes::is_inherited_from(descriptor.as_fd()))
        } else {
            None
        };
        let held = Held::open(descriptor, copy.identity, through_link).listable(listable);
        Ok(Made { held, fresh: made, belongs_to, at_end })
    }

    /// Renames what was `found` in the way of the copy of a directory to its backup's name, or removes it where none is made.
    pub(crate) fn make_way_for_directory(
        &self,
        (source, facts): (&Place<'_>, &Facts),
        destination: &Place<'_>,
        found: Option<Found>,
    ) -> Result<Option<Kept>, Problem> {
        let options = self.shared.options;
        if replace::is_backed_up_for(&source.path) {
            let Some(backup) = &options.backup else { return Ok(None) };
            let shown = [&destination.path[..], &source.path];
            let place = (&destination.at(), None);
            return self.back_up(place, shown, backup, (&source.at(), facts), false).map(Some);
        }
        let there = found.as_ref().and_then(Found::own);
        if there.is_some_and(|there| replace::is_removed_first(options, facts, there, true)) {
            self.remove_in_the_way(destination)?;
        }
        Ok(None)
    }

    fn remove_in_the_way(&self, destination: &Place<'_>) -> Result<(), Problem> {
        let removed = match &self.shared.imagined {
            Some(imagined) => imagined.may_change(&destination.at()),
            None => rustix::fs::unlinkat(destination.parent, destination.name, AtFlags::empty()),
        };
        removed.map_err(destination.failed(What::CannotRemove))?;
        if self.shared.settings.verbose {
            self.shared.reporter.removed(&destination.path);
        }
        Ok(())
    }

    /// What is to become of what stands at the name of a directory's copy; `found`, where it was looked at. It is an
    /// error where it is the source itself, or in the way and not to be kept.
    pub(crate) fn fate_of_directory(
        &self,
        (source, facts): (&Place<'_>, &Facts),
        (destination, origin): (&Place<'_>, &Origin),
        is_operand: bool,
        found: Option<Found>,
    ) -> Result<DirectoryFate, Problem> {
        let options = self.shared.options;
        let (from, to) = (source.at(), destination.at());
        let found = match found {
            Some(found) => found,
            None => self
                .look(
                    &to,
                    || destination.path.clone(),
                    Some(replace::looks_as(options, facts.kind, is_operand)),
                )
                .map_err(destination.failed(What::CannotStat))?,
        };
        if let Found::ClosedLink { errno, .. } = found
            && replace::fills_through_links(options, facts)
            && !replace::is_forced_out(options, errno)
        {
            return Err(destination.failed(What::CannotStat)(errno));
        }
        let follow = replace::follows(options, is_operand);
        let fate = replace::directory_fate(options, facts, &found, is_operand, || {
            self.relation([(&from, &source.path), (&to, &destination.path)], follow, facts, false)
        });
        let problem = |what, first: &Place<'_>, second: &Place<'_>| {
            Err(Problem::between(what, first.path.clone(), second.path.clone()))
        };
        if let Some(made) = &origin.made
            && replace::fills_through_links(options, facts)
            && (is_operand || fate == DirectoryFate::FillThroughLink)
            && made.is_link(&found, is_operand.then_some(&*destination.path), options.posixly_correct)
        {
            return problem(What::JustCreatedLink, source, destination);
        }
        match fate {
            DirectoryFate::SameFile => problem(What::SameFile, source, destination),
            DirectoryFate::InTheWay if options.backup.is_none() => {
                problem(What::OverwriteNonDirectory, destination, source)
            }
            DirectoryFate::InTheWay if is_operand => {
                self.reject_just_created(origin, &found, (source, destination)).map(|()| fate)
            }
            DirectoryFate::InTheWay | DirectoryFate::Make => Ok(fate),
            DirectoryFate::Fill | DirectoryFate::FillThroughLink | DirectoryFate::Done => Ok(fate),
        }
    }
}

/// Gives the owner of a directory just made, `facts`, the permissions that filling it takes, where the umask or an ACL has
/// taken them.
pub(crate) fn lend_to_owner(
    (open, listable): (OwnedFd, bool),
    facts: &Facts,
) -> Result<(OwnedFd, bool), Errno> {
    let Some(mode) = mode_to_fill(facts.mode) else { return Ok((open, listable)) };
    Copied::directory(open.as_fd(), listable).set_mode(mode)?;
    if listable { Ok((open, true)) } else { walk::open_to_fill(open, c".", false) }
}
