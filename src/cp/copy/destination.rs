//! The destination of a file: looked at, decided about, and made or opened.

use super::file::FileCopy;
use super::single_chain::reopen;
use super::stage::Stage;
use super::{Context, Next};
use crate::cli::cp::Reflink;
use crate::pipeline::chain::{At, Call, Chain, Descriptor, End, Into, Io, Op, Outcome};
use crate::plan::attribute_names;
use crate::plan::attributes::Made;
use crate::plan::destination::{self, FileSystem};
use crate::plan::facts::Facts;
use crate::plan::overwrite::{self, Found, Verdict};
use crate::process;
use crate::report::message::{Problem, What};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

impl FileCopy {
    /// Acts on what is under the destination's name.
    pub(super) fn decide(&mut self, chain: Chain, found: &Found, context: &mut Context<'_>) -> Next {
        let verdict = overwrite::contents(&self.source_facts(), found, context.settings.posixly_correct);
        let refused = matches!(verdict, Verdict::SameFile | Verdict::IsDirectory);
        if let Some(problem) =
            self.job.just_created(found, context.settings.posixly_correct).filter(|_| !refused)
        {
            return self.fail(chain, problem, context);
        }
        if let Verdict::Overwrite(there) = verdict
            && let Some(problem) = context.outputs.met_copy(there.identity, || self.job.source_path())
        {
            return self.fail(chain, problem, context);
        }
        let problem = match verdict {
            // What is to be forced out of the way stays where there is nothing to take its place.
            Verdict::Closed(Errno::LOOP) if context.settings.force && self.refused.is_some() => {
                self.open_problem(self.refused.unwrap_or(Errno::ACCESS))
            }
            Verdict::Create | Verdict::CreateThroughLink | Verdict::Overwrite(_) | Verdict::Dangling
                if self.refused.is_some() =>
            {
                self.open_problem(self.refused.unwrap_or(Errno::ACCESS))
            }
            // The one chain for a small file makes its destination itself; only notes of what was made need it open.
            Verdict::Create if !self.job.is_noted() && !context.settings.atomic => {
                return self.transfer(chain, context);
            }
            Verdict::Create | Verdict::CreateThroughLink | Verdict::Overwrite(_) => {
                if self.only_examined() {
                    return self.read_again(chain, context);
                }
                if self.is_staged(&verdict, context) && !matches!(verdict, Verdict::Overwrite(_)) {
                    return self.stage_new(chain);
                }
                return self.open_destination(chain, verdict, context);
            }
            Verdict::SameFile => {
                Problem::between(What::SameFile, self.job.source_path(), self.job.destination_path())
            }
            Verdict::IsDirectory => Problem::between(
                What::OverwriteDirectory,
                self.job.destination_path(),
                self.job.source_path(),
            ),
            Verdict::Dangling => {
                self.begun = true;
                Problem::of(What::DanglingLink, self.job.destination_path())
            }
            Verdict::Closed(Errno::LOOP) if context.settings.force => return self.unlink(chain, context),
            Verdict::Closed(errno) => self.destination_problem(What::CannotStat, errno),
        };
        self.fail(chain, problem, context)
    }

    /// A chain that only makes or opens the destination.
    pub(super) fn open_destination(
        &mut self,
        mut chain: Chain,
        verdict: Verdict,
        context: &Context<'_>,
    ) -> Next {
        self.stage = Stage::Destination(verdict);
        self.begun = true;
        chain.ops.clear();
        let open = match verdict {
            Verdict::CreateThroughLink => {
                // Nothing is known of the directory that the link leads to.
                self.made = Made::Here(None);
                self.open_with(written_by(context) | OFlags::CREATE, Into::Plain, context)
            }
            Verdict::Overwrite(there) => {
                let linked = matches!(self.found, Some(Found::LinkTo { .. }));
                let follow = if linked { OFlags::empty() } else { OFlags::NOFOLLOW };
                // A FIFO that has come in a file's place is not waited for.
                let regular = there.kind == FileType::RegularFile;
                let access = if regular { written_by(context) } else { OFlags::WRONLY };
                let patient = if regular && context.capabilities.nonblocking {
                    OFlags::NONBLOCK
                } else {
                    OFlags::empty()
                };
                if regular && self.leased {
                    return self.hold_destination(chain, follow, context);
                }
                let into = if regular { Into::Plain } else { Into::Waiting };
                self.open_with(access | follow | patient, into, context)
            }
            Verdict::Create
            | Verdict::SameFile
            | Verdict::IsDirectory
            | Verdict::Dangling
            | Verdict::Closed(_) => self.create(Into::Plain, context),
        };
        chain.ops.push(open);
        // A file made by this chain needs no look, except to remember it.
        if verdict != Verdict::Create || self.job.is_noted() {
            chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        }
        Next::Run(chain)
    }

    /// Holds a destination that has a lease, before it is opened by waiting: what has come to its name meanwhile may be
    /// a FIFO, which could be waited for without end.
    fn hold_destination(&self, mut chain: Chain, follow: OFlags, context: &Context<'_>) -> Next {
        chain.ops.push(self.open_with(OFlags::PATH | follow, Into::Plain, context));
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        Next::Run(chain)
    }

    /// Opens what is held, and is the file that was seen.
    fn open_held(&mut self, mut chain: Chain, context: &Context<'_>) -> Next {
        self.held = std::mem::take(&mut chain.destination);
        chain.ops.clear();
        chain.ops.extend(reopen(&self.held, End::Destination, written_by(context), Into::Plain));
        chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        Next::Run(chain)
    }

    /// Makes the destination where there must be nothing.
    pub(super) fn create(&self, into: Into, context: &Context<'_>) -> Op {
        self.open_with(written_by(context) | OFlags::CREATE | OFlags::EXCL, into, context)
    }

    fn open_with(&self, flags: OFlags, into: Into, context: &Context<'_>) -> Op {
        let mode = self.mode_to_make(context);
        Op::Io(Io::Open { end: End::Destination, at: self.job.destination.clone(), flags, mode, into })
    }

    /// The permissions to make the destination with. The umask takes its share in the kernel.
    pub(super) fn mode_to_make(&self, context: &Context<'_>) -> Mode {
        let belongs_to = match self.made {
            Made::Here(belongs_to) => belongs_to,
            Made::Before => None,
        };
        // Whatever is read, a regular file is made.
        let facts = Facts { kind: FileType::RegularFile, ..self.source_facts() };
        let names = self.names.as_deref().unwrap_or(&attribute_names::NONE);
        context.settings.keeping.mode_to_make(&facts, names, belongs_to)
    }

    pub(super) fn look(&mut self, mut chain: Chain, link: Option<Facts>) -> Next {
        self.stage = if link.is_some() { Stage::LookBehind } else { Stage::Look };
        self.link = link.map(Box::new);
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Stat { at: self.job.destination.clone(), follow: link.is_some() }));
        Next::Run(chain)
    }

    pub(super) fn looked(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<Facts>,
        link: Option<Facts>,
        context: &mut Context<'_>,
    ) -> Next {
        let found = match (outcome, facts, link) {
            (Outcome::Done, Some(facts), None) if facts.kind == FileType::Symlink => {
                return self.look(chain, Some(facts));
            }
            (Outcome::Done, Some(file), None) => Found::File(file),
            (Outcome::Done, Some(file), Some(link)) => Found::LinkTo { link, file },
            (Outcome::Failed { errno: Errno::NOENT, .. }, _, None) => Found::Nothing,
            (Outcome::Failed { errno: Errno::NOENT, .. }, _, Some(link)) => Found::DanglingLink(link),
            (Outcome::Failed { errno, .. }, _, Some(link)) => Found::ClosedLink { link, errno },
            (Outcome::Failed { errno, .. }, ..) => {
                return self.fail(chain, self.destination_problem(What::CannotStat, errno), context);
            }
            (Outcome::Done | Outcome::Count { .. }, ..) => {
                return self.fail(chain, self.destination_problem(What::CannotStat, Errno::IO), context);
            }
        };
        self.found = Some(found);
        self.decide(chain, &found, context)
    }

    pub(super) fn destination_opened(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<Facts>,
        verdict: Verdict,
        context: &mut Context<'_>,
    ) -> Next {
        match (outcome, verdict, facts) {
            (Outcome::Done, Verdict::Overwrite(seen), Some(opened)) if seen.identity != opened.identity => {
                self.ask_which_is_open(chain, seen, opened)
            }
            (Outcome::Done, Verdict::Overwrite(there), _)
                if self.leased && there.kind == FileType::RegularFile && !self.held.is_open() =>
            {
                self.open_held(chain, context)
            }
            (Outcome::Done, Verdict::Overwrite(there), _) if self.is_staged(&verdict, context) => {
                self.stage_over(chain, there.identity, context)
            }
            (Outcome::Done, _, opened) => {
                // Where a link leads to shows only now.
                let device = opened.map(|opened| opened.identity.device);
                self.job.destination_device = self.job.destination_device.or(device);
                let opened = opened.unwrap_or(Facts { kind: FileType::RegularFile, ..self.source_facts() });
                if matches!(verdict, Verdict::Overwrite(_)) {
                    self.made = Made::Before;
                }
                // A device or a pipe has no length to cut, wherever the bytes come from.
                let regular = opened.kind == FileType::RegularFile;
                self.positioned &= regular;
                self.destination_is_regular = regular;
                // Cutting what is empty changes its time, as writing would where there is something to write.
                let is_written = context.settings.reflink != Reflink::Always && self.source_facts().size > 0;
                let written = opened.size == 0 && is_written;
                self.truncated = matches!(verdict, Verdict::Create) || !regular || written;
                self.job.note(opened.identity, self.found.as_ref());
                self.is_changed(context);
                self.transfer(chain, context)
            }
            (Outcome::Failed { errno, .. }, ..) if chain.destination.is_open() => {
                self.fail(chain, self.destination_problem(What::CannotExamine, errno), context)
            }
            (Outcome::Failed { errno, .. }, ..) => self.not_opened(chain, errno, context),
            (Outcome::Count { .. }, ..) => self.not_opened(chain, Errno::IO, context),
        }
    }

    /// Another inode is open than was looked at. Where opening gives a file another one (overlay) it may be the file all
    /// the same, so the file system is asked for.
    fn ask_which_is_open(&mut self, mut chain: Chain, seen: Facts, opened: Facts) -> Next {
        self.stage = Stage::Which(seen);
        self.link = Some(Box::new(opened));
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Statfs));
        Next::Run(chain)
    }

    pub(super) fn which_is_open(
        &mut self,
        chain: Chain,
        systems: Option<[FileSystem; 2]>,
        seen: &Facts,
        context: &mut Context<'_>,
    ) -> Next {
        let renumbers = systems.is_some_and(|[_, there]| destination::renumbers_opened(there.magic));
        match self.link.take().filter(|opened| renumbers && overwrite::is_renumbered(seen, opened)) {
            Some(opened) => {
                let verdict = Verdict::Overwrite(*opened);
                self.destination_opened(chain, Outcome::Done, Some(*opened), verdict, context)
            }
            None => {
                let problem = Problem::of(What::Replaced, self.job.destination_path());
                self.fail(chain, problem, context)
            }
        }
    }

    /// The destination could not be opened.
    pub(super) fn not_opened(&mut self, chain: Chain, errno: Errno, context: &mut Context<'_>) -> Next {
        if errno == Errno::EXIST && self.found == Some(Found::Nothing) {
            return self.look_at_newcomer(chain);
        }
        if matches!(errno, Errno::MFILE | Errno::NFILE) && !chain.destination.is_open() {
            return self.give_up(chain, End::Destination, errno);
        }
        if let (Errno::AGAIN, Stage::Destination(verdict), false) = (errno, self.stage, self.leased) {
            self.leased = true;
            return self.open_destination(chain, verdict, context);
        }
        if context.settings.force && matches!(self.stage, Stage::Destination(Verdict::Overwrite(_))) {
            return self.unlink(chain, context);
        }
        // The kernel says that a name with a slash behind it is a directory's; GNU cp, that there is none.
        let slash = self.job.destination.name.to_bytes().ends_with(b"/");
        let errno = if slash && errno == Errno::ISDIR { Errno::NOTDIR } else { errno };
        self.fail(chain, self.destination_problem(What::CannotCreateRegular, errno), context)
    }

    /// Something has come to the name since it was seen free, or since this run freed it: another process has made it, or the
    /// name is another spelling of an entry (vfat, NTFS, casefold). No option was asked about it, so it stays whatever it is
    /// and the copy fails, as with GNU cp. It is looked at for the words alone.
    pub(super) fn look_at_newcomer(&mut self, mut chain: Chain) -> Next {
        self.stage = Stage::Newcomer;
        chain.lease = None;
        self.stat_newcomer(chain, false)
    }

    fn stat_newcomer(&self, mut chain: Chain, follow: bool) -> Next {
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Stat { at: self.job.destination.clone(), follow }));
        Next::Run(chain)
    }

    pub(super) fn newcomer_link_seen(&mut self, chain: Chain, context: &mut Context<'_>) -> Next {
        self.fail(chain, Problem::of(What::DanglingLink, self.job.destination_path()), context)
    }

    pub(super) fn newcomer_seen(
        &mut self,
        chain: Chain,
        facts: Option<Facts>,
        context: &mut Context<'_>,
    ) -> Next {
        let problem = match facts {
            Some(Facts { kind: FileType::Symlink, .. }) => {
                // GNU cp reads the link, which sets its access time. Whatever it leads to, it is not written through.
                self.stage = Stage::NewcomerLink;
                return self.stat_newcomer(chain, true);
            }
            // It may have gone again; the file was not made all the same.
            Some(_) | None => {
                let At { directory, name } = &self.job.destination;
                // Or it is no name of anything, and nothing can be made where it is.
                let errno = match process::is_closed_at_exec(directory, &**name) {
                    true => Errno::NOENT,
                    false => Errno::EXIST,
                };
                self.destination_problem(What::CannotCreateRegular, errno)
            }
        };
        self.fail(chain, problem, context)
    }

    /// The destination could not be cut to nothing. GNU cp does that as it opens the file, so for it this is one that cannot
    /// be opened.
    pub(super) fn not_cut(&mut self, mut chain: Chain, errno: Errno, context: &mut Context<'_>) -> Next {
        if !context.settings.force {
            return self.fail(chain, self.destination_problem(What::CannotCreateRegular, errno), context);
        }
        // Nothing was written to it that closing could tell of.
        chain.destination = Descriptor::Closed;
        chain.lease = None;
        self.made = Made::Here(self.job.belongs_to);
        self.truncated = true;
        self.unlink(chain, context)
    }

    /// Removes a destination that could not be opened, as `-f` asks for.
    fn unlink(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        if context.settings.atomic {
            // It goes when the new file takes its place.
            self.job.over = true;
            return self.unlinked(chain, Outcome::Done, context);
        }
        self.stage = Stage::Unlink;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Unlink { at: self.job.destination.clone(), own: false }));
        Next::Run(chain)
    }

    pub(super) fn unlinked(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        if let Outcome::Failed { errno, .. } = outcome {
            return self.fail(chain, self.destination_problem(What::CannotRemove, errno), context);
        }
        if context.settings.verbose {
            context.reporter.removed(&self.job.destination_path());
        }
        if !context.settings.atomic {
            self.is_changed(context);
        }
        self.found = Some(Found::Nothing);
        // Also for one that has to begin again for want of descriptors.
        self.job.found = self.found;
        self.decide(chain, &Found::Nothing, context)
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
