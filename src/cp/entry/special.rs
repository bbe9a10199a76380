//! Files that are copied by making them anew: symbolic links, FIFOs, sockets and devices.

use crate::cli::cp::{CpOptions, Keep, Overwrite};
use crate::cp::effects::on_disk::OnDisk;
use crate::cp::job::FileJob;
use crate::pipeline::attributes::{self, Source};
use crate::pipeline::chain::At;
use crate::pipeline::place;
use crate::plan::attribute_names::Names;
use crate::plan::attributes::{AttributeError, AttributePlan, CopyOrigin};
use crate::plan::facts::FileStat;
use crate::plan::overwrite::Existing;
use crate::plan::replace;
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::ffi::CStr;

/// Looks at a name without following, and at what it leads to where it is a symbolic link: not for a source that is a
/// link itself, for which that counts for nothing, while following it would change the link's access time.
///
/// # Errors
/// What stat(2) answered, except that nothing is there.
pub(crate) fn look(at: &At, source: Option<FileType>) -> Result<Existing, Errno> {
    let link = match process::look(&at.directory, &*at.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileStat::of(&stat),
        Err(Errno::NOENT) => return Ok(Existing::Nothing),
        Err(errno) => return Err(errno),
    };
    if link.kind != FileType::Symlink {
        return Ok(Existing::File(link));
    }
    if source == Some(FileType::Symlink) {
        return Ok(Existing::DanglingLink(link));
    }
    match process::look(&at.directory, &*at.name, AtFlags::empty()) {
        Ok(stat) => Ok(Existing::LinkTo { link, file: FileStat::of(&stat) }),
        Err(Errno::NOENT) => Ok(Existing::DanglingLink(link)),
        Err(errno) => Ok(Existing::ClosedLink { link, errno }),
    }
}

/// Whether the link that is there already may count as the copy of a link. One that cannot be read does not.
pub(crate) fn is_the_copy(options: &CpOptions, job: &FileJob) -> bool {
    let target = |at: &At| rustix::fs::readlinkat(&at.directory, &*at.name, Vec::new());
    options.overwrite == Overwrite::Older
        && target(&job.source).is_ok_and(|wanted| {
            replace::may_be_the_copy(options, wanted.to_bytes(), job.found.as_ref())
                && target(&job.destination) == Ok(wanted)
        })
}

impl OnDisk<'_> {
    /// Makes the copy of a file that is no regular file and no directory.
    pub(crate) fn make_special(&self, job: &FileJob, facts: &FileStat) -> Result<(), FileError> {
        // A name with a slash at its end is a directory's, and will be refused.
        let stays = facts.kind == FileType::Symlink && is_the_copy(self.options, job);
        if stays || !self.is_atomic() || job.destination.name.to_bytes().ends_with(b"/") {
            return self.make_node(job, &job.destination, facts);
        }
        let link = facts.kind == FileType::Symlink;
        let what = match facts.kind {
            FileType::Symlink => MessageKind::CannotCreateLink,
            FileType::Fifo => MessageKind::CannotCreateFifo,
            _ => MessageKind::CannotCreateSpecial,
        };
        let failed = |errno| FileError::failed(what, job.destination_path(), errno);
        let temporary = place::beside(&job.destination).map_err(failed)?;
        self.make_node(job, &temporary, facts)?;
        let options = self.options;
        let over = job.over || (link && options.force && job.may_link_over(options));
        place::take(&temporary, &job.destination, over).map_err(failed)
    }

    /// Makes it at this place.
    fn make_node(&self, job: &FileJob, at: &At, facts: &FileStat) -> Result<(), FileError> {
        let At { directory, name } = at;
        let failed = |what: MessageKind| move |errno| FileError::failed(what, job.destination_path(), errno);
        let (options, keeping) = (self.options, self.keeping);
        let names = if keeping.wants_names() {
            attributes::names(&Source::Named(job.source.clone()))
        } else {
            Names::default()
        };
        let mode = keeping.mode_to_make(facts, &names, job.belongs_to);
        match facts.kind {
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(&job.source.directory, &*job.source.name, Vec::new())
                    .map_err(|errno| {
                        FileError::failed(MessageKind::CannotReadLink, job.source_path(), errno)
                    })?;
                let link = |name: &CStr| rustix::fs::symlinkat(&*target, directory, name);
                let linked = match link(name) {
                    Err(Errno::EXIST) if options.force && job.may_link_over(options) => {
                        place::replace(at, link)
                    }
                    Err(Errno::EXIST) if is_the_copy(options, job) => Ok(()),
                    answer => answer,
                };
                linked.map_err(failed(MessageKind::CannotCreateLink))?;
            }
            FileType::Fifo => {
                rustix::fs::mknodat(directory, &**name, FileType::Fifo, mode, 0)
                    .map_err(failed(MessageKind::CannotCreateFifo))?;
            }
            // It was listed, or looked at, as something else.
            FileType::RegularFile | FileType::Directory => {
                return Err(FileError::of(MessageKind::Replaced, job.source_path()));
            }
            kind => {
                rustix::fs::mknodat(directory, &**name, kind, mode, facts.rdev)
                    .map_err(failed(MessageKind::CannotCreateSpecial))?;
            }
        }
        let wanted = keeping.of_file(facts, CopyOrigin::Created(job.belongs_to), names);
        if !wanted.is_nothing() {
            let mut refused = attributes::keep_node(&job.source, at, facts, &wanted);
            if let (FileType::Symlink, Some(times)) = (facts.kind, wanted.times)
                && refused.last() == Some(&AttributeError::Times(Errno::NOENT))
                && self.late.note(job, times)
            {
                // What is left but for the times.
                refused =
                    attributes::keep_node(&job.source, at, facts, &AttributePlan { times: None, ..wanted });
            }
            // A link that cannot have its owner counts as not made, with GNU cp: what was kept comes back, and other names of
            // its source are tried anew. Not so where another attribute fails.
            if let Some(&AttributeError::LinkOwner(errno)) = refused.last()
                && !self.is_atomic()
            {
                return Err(failed(MessageKind::PreservingLinkOwnership)(errno));
            }
            attributes::tell(&refused, &keeping, self.lines.reporter, |end| job.path(end));
        }
        Ok(())
    }

    /// Gives a symbolic link that was made for a copy (`-s`) what GNU cp gives it: its source's times and attributes.
    pub(crate) fn mark_link(&self, job: &FileJob, facts: &FileStat) {
        let keeping = self.keeping;
        let names = match keeping.xattr {
            Keep::No => Names::default(),
            Keep::Quietly | Keep::Telling | Keep::Require => {
                attributes::names(&Source::Named(job.source.clone()))
            }
        };
        let wanted = keeping.of_link_to(facts, names);
        if !wanted.is_nothing() {
            let link = FileStat { kind: FileType::Symlink, ..*facts };
            let refused = attributes::keep_node(&job.source, &job.destination, &link, &wanted);
            attributes::tell(&refused, &keeping, self.lines.reporter, |end| job.path(end));
        }
    }
}
