//! What a copy is to be given: nothing but times, and questions: whether there is anything, and what it takes.

use super::{AttributeError, AttributePlan, Names, PERMISSIONS, Permissions, PreservePolicy, Times};
use crate::cli::cp::PreserveMode;
use crate::plan::facts::Owner;
use rustix::fs::Mode;
use rustix::io::Errno;

impl AttributePlan {
    /// Nothing but times, for a symbolic link.
    #[must_use]
    pub(crate) fn times_of_link(times: Times) -> Self {
        Self {
            times: Some(times),
            owner: None,
            permissions: Permissions::AsTheyAre,
            before: false,
            is_link: true,
            writable_for_attributes: false,
            unnamed: Vec::new(),
            ends_at_attributes: false,
            privileged: false,
            names: Names::default(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub(crate) fn is_nothing(&self) -> bool {
        self.times.is_none()
            && self.unnamed.is_empty()
            && self.owner.is_none()
            && self.permissions == Permissions::AsTheyAre
            && self.names == Names::default()
    }

    /// Whether values have to be read from the source.
    #[must_use]
    pub(crate) fn needs_source(&self) -> bool {
        !self.names.plain.is_empty() || !self.names.acls.is_empty()
    }

    /// The mode to close a file that was there before to others with, before it changes hands; `None` where it need not.
    /// A mode that is closed already does not tell: it may hide an ACL behind an empty mask, which the permissions that
    /// come at the end would open.
    #[must_use]
    pub(crate) fn closed_mode(&self, now: Mode) -> Option<Mode> {
        let (Permissions::Kept(mode) | Permissions::Whole(mode)) = self.permissions else { return None };
        self.before.then_some(now & mode & Mode::RWXU)
    }

    /// Takes away what cannot be set for an empty name, which stands for the working directory, owned by `now`: GNU
    /// cp sets some attributes by that name. Times and owner come before.
    pub(crate) fn refuse_without_name(&mut self, now: Owner) {
        let kept = matches!(self.permissions, Permissions::Kept(_) | Permissions::Whole(_));
        let names = std::mem::take(&mut self.names);
        self.names.refused = names.refused;
        // Before it changes hands it would be closed to others, and that is the end already.
        if kept && self.owner.take_if(|owner| *owner != now).is_some() {
            self.permissions = Permissions::AsTheyAre;
            self.unnamed = vec![AttributeError::Clearing(Errno::NOENT)];
            return;
        }
        let plain = names.plain.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        self.unnamed = plain.map(|name| AttributeError::Attribute(name.to_vec(), Errno::NOENT)).collect();
        let ends = self.ends_at_attributes && !self.unnamed.is_empty();
        if kept || ends {
            let permissions = std::mem::replace(&mut self.permissions, Permissions::AsTheyAre);
            self.unnamed.extend((!ends).then_some(AttributeError::Permissions(permissions, Errno::NOENT)));
        }
    }

    /// The mode of a directory that was made to lead to a copy, where the way ends below it, if it is another one than it was made
    /// with ([`PreservePolicy::parent_mode_to_make`]).
    #[must_use]
    pub(crate) fn abandoned_parent_mode(&self, policy: &PreservePolicy) -> Option<Mode> {
        let Permissions::Whole(mode) = self.permissions else { return None };
        let closed = policy.mode == PreserveMode::Keep && !policy.ownership && !self.names.acls.is_empty();
        let omitted = Mode::WGRP | Mode::WOTH | policy.umask;
        (closed && !self.before).then(|| (mode & PERMISSIONS).difference(omitted) | Mode::RWXU)
    }
}
