//! What tells whether a source and what is at its destination are one file.

use super::created::{Base, EntryName, has_one_name};
use crate::cp::walk::Walker;
use crate::pipeline::chain::At;
use crate::plan::facts::FileStat;
use crate::plan::replace::SameFileEvidence;
use crate::process;
use rustix::fs::{AtFlags, FileType};

impl Walker<'_, '_> {
    /// What only a look at names tells of a source, reached through links where it is to `follow`, and a destination
    /// that may be one file; each with its path as messages show it. A source that is a link is followed only where
    /// it counts what it `leads` to, as that changes its access time.
    pub(crate) fn relation(
        &self,
        [(source, from), (destination, to)]: [(&At, &[u8]); 2],
        follow: bool,
        facts: &FileStat,
        leads: bool,
    ) -> SameFileEvidence {
        let look = |at: &At, flags| {
            let stat = process::look(&at.directory, &*at.name, flags).ok()?;
            Some(FileStat::of(&stat))
        };
        let own = || look(source, AtFlags::SYMLINK_NOFOLLOW);
        let leads_to = || look(source, AtFlags::empty()).map(|facts| facts.identity);
        let entry = EntryName::of_path(from);
        SameFileEvidence {
            same_entry: entry.is_some() && entry == Base::entry(self.shared.met.base.as_ref(), to),
            one_name: facts.kind != FileType::Symlink && has_one_name(source, destination, facts),
            through_link: follow && own().is_some_and(|own| own.kind == FileType::Symlink),
            leads_to: if leads { leads_to() } else { None },
            follows: follow,
        }
    }
}
