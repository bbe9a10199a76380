//! The copy of a directory: made, or the one that is there.

use super::kept_file::KeptFile;
use crate::cp::job::dir_handle::DirHandle;
use crate::cp::job::dir_job::Origin;
use crate::cp::job::dir_place::DirPlace;
use crate::cp::observer::Event;
use crate::cp::walk::Walker;
use crate::pipeline::attributes::{self, Copied};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{AttributePlan, PreservePolicy, mode_to_fill};
use crate::plan::facts::{FileStat, Owner};
use crate::plan::listing;
use crate::plan::overwrite::Existing;
use crate::plan::replace::{self, DirectoryAction};
use crate::report::message::{FileError, MessageKind};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

/// The copy of a directory, open.
pub(crate) struct OpenedCopy {
    pub held: DirHandle,
    pub created: bool,
    pub belongs_to: Option<Owner>,
    pub deferred_attributes: Option<Box<(AttributePlan, PreservePolicy)>>,
}

impl Walker<'_, '_> {
    /// Makes the copy of a directory, or takes the directory that is there: one that was looked at, as
    /// [`Self::fate_of_directory`] does. What was `kept` comes back where it cannot be made.
    pub(crate) fn make_directory(
        &self,
        source: &DirPlace<'_>,
        destination: &DirPlace<'_>,
        (facts, names): (&FileStat, Names),
        (fate, kept): (DirectoryAction, Option<KeptFile>),
    ) -> Result<OpenedCopy, FileError> {
        let effects = &self.shared.effects;
        let made = match fate {
            DirectoryAction::Fill | DirectoryAction::FillThroughLink => None,
            DirectoryAction::SameFile | DirectoryAction::Done => None,
            DirectoryAction::Make | DirectoryAction::InTheWay => {
                let as_new = || {
                    self.shared.parents.count_as_new()
                        || replace::fills_through_links(self.shared.options, facts)
                };
                match effects.make_dir(destination, facts, fate == DirectoryAction::Make && as_new()) {
                    Ok(made) => Some(made),
                    // What has come meanwhile stays, also a directory: no option was asked about it (GNU cp has it so).
                    Err(errno) => {
                        if let Some(kept) = &kept {
                            self.restore(kept, || destination.path.clone());
                        }
                        return Err(destination.failed(MessageKind::CannotCreateDirectory)(errno));
                    }
                }
            }
        };
        kept.iter().for_each(KeptFile::stays);
        if made.is_some() {
            self.shared.observer.tell(Event::MadeDir(&source.path, &destination.path));
        }
        let through_link = fate == DirectoryAction::FillThroughLink;
        effects.open_dir(destination, (facts, names), made, through_link)
    }

    /// Renames what was `found` in the way of the copy of a directory to its backup's name, or removes it where none is made.
    pub(crate) fn make_way_for_directory(
        &self,
        (source, facts): (&DirPlace<'_>, &FileStat),
        destination: &DirPlace<'_>,
        found: Option<Existing>,
    ) -> Result<Option<KeptFile>, FileError> {
        let options = self.shared.options;
        if replace::is_backed_up_for(&source.path) {
            let Some(backup) = &options.backup else { return Ok(None) };
            let shown = [&destination.path[..], &source.path];
            let place = (&destination.at(), None);
            return self.back_up(place, shown, backup, (&source.at(), facts), false).map(Some);
        }
        let there = found.as_ref().and_then(Existing::own);
        if there.is_some_and(|there| replace::is_removed_first(options, facts, there, true)) {
            self.remove_in_the_way(destination)?;
        }
        Ok(None)
    }

    fn remove_in_the_way(&self, destination: &DirPlace<'_>) -> Result<(), FileError> {
        let removed = self.shared.effects.remove(&destination.at());
        removed.map_err(destination.failed(MessageKind::CannotRemove))?;
        self.shared.observer.tell(Event::RemovedForDir(&destination.path));
        Ok(())
    }

    /// What is to become of what stands at the name of a directory's copy; `found`, where it was looked at. It is an
    /// error where it is the source itself, or in the way and not to be kept.
    pub(crate) fn fate_of_directory(
        &self,
        (source, facts): (&DirPlace<'_>, &FileStat),
        (destination, origin): (&DirPlace<'_>, &Origin),
        is_operand: bool,
        found: Option<Existing>,
    ) -> Result<DirectoryAction, FileError> {
        let options = self.shared.options;
        let (from, to) = (source.at(), destination.at());
        let found = match found {
            Some(found) => found,
            None => self
                .shared
                .effects
                .look(
                    &to,
                    &|| destination.path.clone(),
                    Some(replace::looks_as(options, facts.kind, is_operand)),
                )
                .map_err(destination.failed(MessageKind::CannotStat))?,
        };
        if let Existing::ClosedLink { errno, .. } = found
            && replace::fills_through_links(options, facts)
            && !replace::is_forced_out(options, errno)
        {
            return Err(destination.failed(MessageKind::CannotStat)(errno));
        }
        let follow = replace::follows(options, is_operand);
        let fate = replace::directory_fate(options, facts, &found, is_operand, || {
            self.relation([(&from, &source.path), (&to, &destination.path)], follow, facts, false)
        });
        let problem = |what, first: &DirPlace<'_>, second: &DirPlace<'_>| {
            Err(FileError::between(what, first.path.clone(), second.path.clone()))
        };
        if let Some(made) = &origin.made
            && replace::fills_through_links(options, facts)
            && (is_operand || fate == DirectoryAction::FillThroughLink)
            && made.is_link(&found, is_operand.then_some(&*destination.path), options.posixly_correct)
        {
            return problem(MessageKind::JustCreatedLink, source, destination);
        }
        match fate {
            DirectoryAction::SameFile => problem(MessageKind::SameFile, source, destination),
            DirectoryAction::InTheWay if options.backup.is_none() => {
                problem(MessageKind::OverwriteNonDirectory, destination, source)
            }
            DirectoryAction::InTheWay if is_operand => {
                self.check_just_created(origin, &found, (source, destination)).map(|()| fate)
            }
            DirectoryAction::InTheWay | DirectoryAction::Make => Ok(fate),
            DirectoryAction::Fill | DirectoryAction::FillThroughLink | DirectoryAction::Done => Ok(fate),
        }
    }
}

/// Opens the copy of a directory, which was just `made` or is there, and settles what it is given in the end.
pub(crate) fn opened(
    keeping: &PreservePolicy,
    destination: &DirPlace<'_>,
    (facts, names): (&FileStat, Names),
    made: bool,
    through_link: bool,
) -> Result<OpenedCopy, FileError> {
    let failed = |what| destination.failed(what);
    let mut open = listing::open_to_fill(destination.parent, destination.name, through_link)
        .map_err(failed(MessageKind::CannotAccess))?;
    let stat = rustix::fs::fstat(&open.0).map_err(failed(MessageKind::CannotStat))?;
    let copy = FileStat::of(&stat);
    if made {
        open = lend_to_owner(open, &copy).map_err(failed(MessageKind::LendingPermissions))?;
    }
    let (descriptor, listable) = open;
    let mut wanted = keeping.of_directory(facts, made.then_some(copy.mode), names);
    if destination.path.is_empty() {
        wanted.refuse_without_name(copy.owner);
    }
    let at_end = (!wanted.is_nothing()).then(|| Box::new((wanted, *keeping)));
    let belongs_to = if made && keeping.wants_owner_of_new() {
        keeping.owner_of_new(&copy, attributes::is_inherited_from(descriptor.as_fd()))
    } else {
        None
    };
    let held = DirHandle::open(descriptor, copy.identity, through_link).listable(listable);
    Ok(OpenedCopy { held, created: made, belongs_to, deferred_attributes: at_end })
}

/// Gives the owner of a directory just made, `facts`, the permissions that filling it takes, where the umask or an ACL has
/// taken them.
pub(crate) fn lend_to_owner(
    (open, listable): (OwnedFd, bool),
    facts: &FileStat,
) -> Result<(OwnedFd, bool), Errno> {
    let Some(mode) = mode_to_fill(facts.mode) else { return Ok((open, listable)) };
    Copied::directory(open.as_fd(), listable).set_mode(mode)?;
    if listable { Ok((open, true)) } else { listing::open_to_fill(open, c".", false) }
}
