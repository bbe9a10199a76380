//! The destination of a file: looked at, decided about, and made or opened.

use super::file::FileCopy;
use super::single_chain::reopen;
use super::stage::Stage;
use super::{Context, Step};
use crate::cli::cp::Reflink;
use crate::pipeline::chain::{Call, Chain, Descriptor, End, FdKind, Io, Op, Outcome};
use crate::plan::attribute_names;
use crate::plan::attributes::CopyOrigin;
use crate::plan::destination::{self, FileSystem};
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{self, Existing, OpenPlan};
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

impl FileCopy {
    /// Acts on what is under the destination's name.
    pub(super) fn decide(&mut self, chain: Chain, found: &Existing, context: &mut Context<'_>) -> Step {
        let verdict = overwrite::contents(&self.source_facts(), found, context.settings.posixly_correct);
        let refused = matches!(verdict, OpenPlan::SameFile | OpenPlan::IsDirectory);
        if let Some(problem) =
            self.job.just_created(found, context.settings.posixly_correct).filter(|_| !refused)
        {
            return self.fail(chain, problem, context);
        }
        if let OpenPlan::Overwrite(there) = verdict
            && let Some(problem) = context.outputs.met_copy(there.identity, || self.job.source_path())
        {
            return self.fail(chain, problem, context);
        }
        let problem = match verdict {
            // What is to be forced out of the way stays where there is nothing to take its place.
            OpenPlan::Closed(Errno::LOOP) if context.settings.force && self.refused.is_some() => {
                self.open_problem(self.refused.unwrap_or(Errno::ACCESS))
            }
            OpenPlan::Create | OpenPlan::CreateThroughLink | OpenPlan::Overwrite(_) | OpenPlan::Dangling
                if self.refused.is_some() =>
            {
                self.open_problem(self.refused.unwrap_or(Errno::ACCESS))
            }
            // The one chain for a small file makes its destination itself; only notes of what was made need it open.
            OpenPlan::Create if !self.job.is_noted() && !context.settings.atomic => {
                return self.transfer(chain, context);
            }
            OpenPlan::Create | OpenPlan::CreateThroughLink | OpenPlan::Overwrite(_) => {
                if self.only_examined() {
                    return self.read_again(chain, context);
                }
                if self.is_staged(&verdict, context) && !matches!(verdict, OpenPlan::Overwrite(_)) {
                    return self.stage_new(chain);
                }
                return self.open_destination(chain, verdict, context);
            }
            OpenPlan::SameFile => {
                FileError::between(MessageKind::SameFile, self.job.source_path(), self.job.destination_path())
            }
            OpenPlan::IsDirectory => FileError::between(
                MessageKind::OverwriteDirectory,
                self.job.destination_path(),
                self.job.source_path(),
            ),
            OpenPlan::Dangling => {
                self.data_started = true;
                FileError::of(MessageKind::DanglingLink, self.job.destination_path())
            }
            OpenPlan::Closed(Errno::LOOP) if context.settings.force => return self.unlink(chain, context),
            OpenPlan::Closed(errno) => self.destination_problem(MessageKind::CannotStat, errno),
        };
        self.fail(chain, problem, context)
    }

    /// A chain that only makes or opens the destination.
    pub(super) fn open_destination(
        &mut self,
        mut chain: Chain,
        verdict: OpenPlan,
        context: &Context<'_>,
    ) -> Step {
        self.stage = Stage::Destination(verdict);
        self.data_started = true;
        chain.ops.clear();
        let open = match verdict {
            OpenPlan::CreateThroughLink => {
                // Nothing is known of the directory that the link leads to.
                self.made = CopyOrigin::Created(None);
                self.open_with(written_by(context) | OFlags::CREATE, FdKind::Plain, context)
            }
            OpenPlan::Overwrite(there) => {
                let linked = matches!(self.found, Some(Existing::LinkTo { .. }));
                let follow = if linked { OFlags::empty() } else { OFlags::NOFOLLOW };
                // A FIFO that has come in a file's place is not waited for.
                let regular = there.kind == FileType::RegularFile;
                let access = if regular { written_by(context) } else { OFlags::WRONLY };
                let patient = if regular && context.capabilities.nonblocking {
                    OFlags::NONBLOCK
                } else {
                    OFlags::empty()
                };
                if regular && self.blocking_open {
                    return self.hold_destination(chain, follow, context);
                }
                let into = if regular { FdKind::Plain } else { FdKind::Waiting };
                self.open_with(access | follow | patient, into, context)
            }
            OpenPlan::Create
            | OpenPlan::SameFile
            | OpenPlan::IsDirectory
            | OpenPlan::Dangling
            | OpenPlan::Closed(_) => self.create(FdKind::Plain, context),
        };
        chain.ops.push(open);
        // A file made by this chain needs no look, except to remember it.
        if verdict != OpenPlan::Create || self.job.is_noted() {
            chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        }
        Step::Run(chain)
    }

    /// Holds a destination that has a lease, before it is opened by waiting: what has come to its name meanwhile may be
    /// a FIFO, which could be waited for without end.
    fn hold_destination(&self, mut chain: Chain, follow: OFlags, context: &Context<'_>) -> Step {
        chain.ops.push(self.open_with(OFlags::PATH | follow, FdKind::Plain, context));
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        Step::Run(chain)
    }

    /// Opens what is held, and is the file that was seen.
    fn open_held(&mut self, mut chain: Chain, context: &Context<'_>) -> Step {
        self.held = std::mem::take(&mut chain.destination);
        chain.ops.clear();
        chain.ops.extend(reopen(&self.held, End::Destination, written_by(context), FdKind::Plain));
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        Step::Run(chain)
    }

    /// Makes the destination where there must be nothing.
    pub(super) fn create(&self, into: FdKind, context: &Context<'_>) -> Op {
        self.open_with(written_by(context) | OFlags::CREATE | OFlags::EXCL, into, context)
    }

    fn open_with(&self, flags: OFlags, into: FdKind, context: &Context<'_>) -> Op {
        let mode = self.mode_to_make(context);
        Op::Io(Io::Open { end: End::Destination, at: self.job.destination.clone(), flags, mode, into })
    }

    /// The permissions to make the destination with. The umask takes its share in the kernel.
    pub(super) fn mode_to_make(&self, context: &Context<'_>) -> Mode {
        let belongs_to = match self.made {
            CopyOrigin::Created(belongs_to) => belongs_to,
            CopyOrigin::Existed => None,
        };
        // Whatever is read, a regular file is made.
        let facts = FileStat { kind: FileType::RegularFile, ..self.source_facts() };
        let names = self.names.as_deref().unwrap_or(&attribute_names::NONE);
        context.settings.keeping.mode_to_make(&facts, names, belongs_to)
    }

    pub(super) fn look(&mut self, mut chain: Chain, link: Option<FileStat>) -> Step {
        self.stage = if link.is_some() { Stage::LookBehind } else { Stage::Look };
        self.link = link.map(Box::new);
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Stat { at: self.job.destination.clone(), follow: link.is_some() }));
        Step::Run(chain)
    }

    pub(super) fn looked(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<FileStat>,
        link: Option<FileStat>,
        context: &mut Context<'_>,
    ) -> Step {
        let found = match (outcome, facts, link) {
            (Outcome::Done, Some(facts), None) if facts.kind == FileType::Symlink => {
                return self.look(chain, Some(facts));
            }
            (Outcome::Done, Some(file), None) => Existing::File(file),
            (Outcome::Done, Some(file), Some(link)) => Existing::LinkTo { link, file },
            (Outcome::Failed { errno: Errno::NOENT, .. }, _, None) => Existing::Nothing,
            (Outcome::Failed { errno: Errno::NOENT, .. }, _, Some(link)) => Existing::DanglingLink(link),
            (Outcome::Failed { errno, .. }, _, Some(link)) => Existing::ClosedLink { link, errno },
            (Outcome::Failed { errno, .. }, ..) => {
                return self.fail(chain, self.destination_problem(MessageKind::CannotStat, errno), context);
            }
            (Outcome::Done | Outcome::Count { .. }, ..) => {
                return self.fail(
                    chain,
                    self.destination_problem(MessageKind::CannotStat, Errno::IO),
                    context,
                );
            }
        };
        self.found = Some(found);
        self.decide(chain, &found, context)
    }

    pub(super) fn destination_opened(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<FileStat>,
        verdict: OpenPlan,
        context: &mut Context<'_>,
    ) -> Step {
        match (outcome, verdict, facts) {
            (Outcome::Done, OpenPlan::Overwrite(seen), Some(opened)) if seen.identity != opened.identity => {
                self.ask_which_is_open(chain, seen, opened)
            }
            (Outcome::Done, OpenPlan::Overwrite(there), _)
                if self.blocking_open && there.kind == FileType::RegularFile && !self.held.is_open() =>
            {
                self.open_held(chain, context)
            }
            (Outcome::Done, OpenPlan::Overwrite(there), _) if self.is_staged(&verdict, context) => {
                self.stage_over(chain, there.identity, context)
            }
            (Outcome::Done, _, opened) => {
                // Where a link leads to shows only now.
                let device = opened.map(|opened| opened.identity.device);
                self.job.destination_device = self.job.destination_device.or(device);
                let opened =
                    opened.unwrap_or(FileStat { kind: FileType::RegularFile, ..self.source_facts() });
                if matches!(verdict, OpenPlan::Overwrite(_)) {
                    self.made = CopyOrigin::Existed;
                }
                // A device or a pipe has no length to cut, wherever the bytes come from.
                let regular = opened.kind == FileType::RegularFile;
                self.seekable &= regular;
                self.destination_is_regular = regular;
                // Cutting what is empty changes its time, as writing would where there is something to write.
                let is_written = context.settings.reflink != Reflink::Always && self.source_facts().size > 0;
                let written = opened.size == 0 && is_written;
                self.truncated = matches!(verdict, OpenPlan::Create) || !regular || written;
                self.job.note(opened.identity, self.found.as_ref());
                self.is_changed(context);
                self.transfer(chain, context)
            }
            (Outcome::Failed { errno, .. }, ..) if chain.destination.is_open() => {
                self.fail(chain, self.destination_problem(MessageKind::CannotExamine, errno), context)
            }
            (Outcome::Failed { errno, .. }, ..) => self.not_opened(chain, errno, context),
            (Outcome::Count { .. }, ..) => self.not_opened(chain, Errno::IO, context),
        }
    }

    /// Another inode is open than was looked at. Where opening gives a file another one (overlay) it may be the file all
    /// the same, so the file system is asked for.
    fn ask_which_is_open(&mut self, mut chain: Chain, seen: FileStat, opened: FileStat) -> Step {
        self.stage = Stage::Which(seen);
        self.link = Some(Box::new(opened));
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Statfs));
        Step::Run(chain)
    }

    pub(super) fn which_is_open(
        &mut self,
        chain: Chain,
        systems: Option<[FileSystem; 2]>,
        seen: &FileStat,
        context: &mut Context<'_>,
    ) -> Step {
        let renumbers = systems.is_some_and(|[_, there]| destination::renumbers_opened(there.magic));
        match self.link.take().filter(|opened| renumbers && overwrite::is_renumbered(seen, opened)) {
            Some(opened) => {
                let verdict = OpenPlan::Overwrite(*opened);
                self.destination_opened(chain, Outcome::Done, Some(*opened), verdict, context)
            }
            None => {
                let problem = FileError::of(MessageKind::Replaced, self.job.destination_path());
                self.fail(chain, problem, context)
            }
        }
    }

    /// The destination could not be opened.
    pub(super) fn not_opened(&mut self, chain: Chain, errno: Errno, context: &mut Context<'_>) -> Step {
        if errno == Errno::EXIST && self.found == Some(Existing::Nothing) {
            return self.look_at_newcomer(chain);
        }
        if matches!(errno, Errno::MFILE | Errno::NFILE) && !chain.destination.is_open() {
            return self.give_up(chain, End::Destination, errno);
        }
        if let (Errno::AGAIN, Stage::Destination(verdict), false) = (errno, self.stage, self.blocking_open) {
            self.blocking_open = true;
            return self.open_destination(chain, verdict, context);
        }
        if context.settings.force && matches!(self.stage, Stage::Destination(OpenPlan::Overwrite(_))) {
            return self.unlink(chain, context);
        }
        // The kernel says that a name with a slash behind it is a directory's; GNU cp, that there is none.
        let slash = self.job.destination.name.to_bytes().ends_with(b"/");
        let errno = if slash && errno == Errno::ISDIR { Errno::NOTDIR } else { errno };
        self.fail(chain, self.destination_problem(MessageKind::CannotCreateRegular, errno), context)
    }

    /// The destination could not be cut to nothing. GNU cp does that as it opens the file, so for it this is one that cannot
    /// be opened.
    pub(super) fn not_cut(&mut self, mut chain: Chain, errno: Errno, context: &mut Context<'_>) -> Step {
        if !context.settings.force {
            return self.fail(
                chain,
                self.destination_problem(MessageKind::CannotCreateRegular, errno),
                context,
            );
        }
        // Nothing was written to it that closing could tell of.
        chain.destination = Descriptor::Closed;
        chain.lease = None;
        self.made = CopyOrigin::Created(self.job.belongs_to);
        self.truncated = true;
        self.unlink(chain, context)
    }

    /// Removes a destination that could not be opened, as `-f` asks for.
    fn unlink(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        if context.settings.atomic {
            // It goes when the new file takes its place.
            self.job.over = true;
            return self.unlinked(chain, Outcome::Done, context);
        }
        self.stage = Stage::Unlink;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Unlink { at: self.job.destination.clone(), own: false }));
        Step::Run(chain)
    }

    pub(super) fn unlinked(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        if let Outcome::Failed { errno, .. } = outcome {
            return self.fail(chain, self.destination_problem(MessageKind::CannotRemove, errno), context);
        }
        if context.settings.verbose {
            context.reporter.removed(&self.job.destination_path());
        }
        if !context.settings.atomic {
            self.is_changed(context);
        }
        self.found = Some(Existing::Nothing);
        // Also for one that has to begin again for want of descriptors.
        self.job.found = self.found;
        self.decide(chain, &Existing::Nothing, context)
    }

    /// What is at the destination will not be what it was.
    fn is_changed(&self, context: &Context<'_>) {
        if let Some(manifest) = context.manifest {
            manifest.changed(|| self.job.destination_path());
        }
    }
}

/// How a regular file is opened that is to be written: it is read again where it is to be verified.
pub(super) fn written_by(context: &Context<'_>) -> OFlags {
    if context.settings.verify { OFlags::RDWR } else { OFlags::WRONLY }
}
