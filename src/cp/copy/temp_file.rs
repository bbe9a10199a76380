//! Files that are written apart from their names (`--atomic`): made without a name (O_TMPFILE), or under a temporary one
//! where the file system knows no such files; ended, made durable where that is asked for, and only then given the name.

use super::destination::written_by;
use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::cp::entry::owed::{Debt, Undo};
use crate::pipeline::chain::{At, Call, Chain, Descriptor, End, FdKind, Io, Op, Outcome, Results};
use crate::pipeline::place;
use crate::plan::attributes::CopyOrigin;
use crate::plan::facts::{FileId, FileStat};
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::{durability, path};
use crate::report::message::{FileError, MessageKind};
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::sync::Arc;

/// Temporary names that are tried before it is given up.
const ATTEMPTS_MAX: u32 = 64;

/// A file on its way to its name.
#[derive(Debug)]
pub(super) struct Staged {
    /// The place that it is for.
    to: At,
    /// Its name until then, where it has one.
    temporary: Option<At>,
    /// That this goes if the file does not get its own.
    debt: Option<Debt>,
    /// It takes the place of what is there.
    over: bool,
    /// The file whose place it takes, to be asked for owner and permissions.
    replaced: Option<Arc<OwnedFd>>,
    attempts: u32,
}

impl Staged {
    /// Nothing has its temporary name any more, or not by its doing.
    fn settle(&self) {
        if let Some(debt) = &self.debt {
            debt.pay();
        }
    }
}

impl FileCopy {
    /// Whether a file for which this was decided is written apart from its name.
    pub(super) fn is_staged(&self, verdict: &OpenPlan, context: &Context<'_>) -> bool {
        let super::CopyPolicy { atomic, attributes_only, .. } = context.settings;
        atomic && durability::is_staged(verdict, attributes_only)
    }

    /// Begins with a destination that is believed absent, or whose name is free to be taken.
    pub(super) fn stage_new(&mut self, chain: Chain) -> Step {
        if matches!(self.found, Some(Existing::DanglingLink(_))) {
            // Nothing is known of the directory that the link leads to.
            self.made = CopyOrigin::Created(None);
        }
        self.find_place(chain, self.job.over, None)
    }

    /// Goes on with a file that was there, and may be written to: the open descriptor says so.
    pub(super) fn stage_over(&mut self, mut chain: Chain, is: FileId, context: &mut Context<'_>) -> Step {
        match std::mem::take(&mut chain.destination) {
            Descriptor::Plain(replaced) => self.find_place(chain, true, Some((is, Arc::new(replaced)))),
            Descriptor::Closed | Descriptor::Shared(_) | Descriptor::Standard(_) | Descriptor::Direct(_) => {
                self.fail(
                    chain,
                    self.destination_problem(MessageKind::CannotCreateRegular, Errno::BADF),
                    context,
                )
            }
        }
    }

    fn find_place(&mut self, mut chain: Chain, over: bool, replaced: Option<(FileId, Arc<OwnedFd>)>) -> Step {
        let (is, replaced) = replaced.unzip();
        self.data_started = true;
        self.stage = Stage::Place;
        let to = self.job.destination.clone();
        // A link that is in the way itself is not followed.
        let follow = matches!(self.found, Some(Existing::LinkTo { .. } | Existing::DanglingLink(_)));
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::PinParent { at: to.clone(), follow, is }));
        self.staged = Some(Box::new(Staged { to, temporary: None, debt: None, over, replaced, attempts: 0 }));
        Step::Run(chain)
    }

    pub(super) fn placed(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        seen: Results,
        context: &mut Context<'_>,
    ) -> Step {
        let errno = match (outcome, seen.place, &mut self.staged) {
            (Outcome::Done, Some(place), Some(staged)) => {
                staged.to = place;
                return self.open_unnamed(chain, context);
            }
            (Outcome::Failed { errno, .. }, ..) => errno,
            (Outcome::Done | Outcome::Count { .. }, ..) => Errno::IO,
        };
        self.not_staged(chain, errno, context)
    }

    fn open_unnamed(&mut self, chain: Chain, context: &Context<'_>) -> Step {
        let Some(staged) = &self.staged else { return Step::Run(chain) };
        let at = At { name: Arc::from(c"."), ..staged.to.clone() };
        self.open_staged(chain, at, written_by(context) | OFlags::TMPFILE, context)
    }

    fn open_named(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        let Some(staged) = &mut self.staged else { return Step::Run(chain) };
        staged.attempts += 1;
        match place::beside(&staged.to) {
            Ok(temporary) => {
                staged.temporary = Some(temporary.clone());
                let path = self.job.destination_path();
                let last = path::last_component(temporary.name.to_bytes());
                let shown = path::join(path::parent(&path), last);
                staged.debt = Some(context.owed.note(Undo::Remove { at: temporary.clone(), shown }));
                let flags = written_by(context) | OFlags::CREATE | OFlags::EXCL;
                self.open_staged(chain, temporary, flags, context)
            }
            Err(errno) => self.not_staged(chain, errno, context),
        }
    }

    fn open_staged(&mut self, mut chain: Chain, at: At, flags: OFlags, context: &Context<'_>) -> Step {
        self.stage = Stage::Staged;
        let replaces = self.staged.as_ref().is_some_and(|staged| staged.replaced.is_some());
        // Until it has the permissions of what it replaces nobody else is to open it.
        let mode = if replaces { Mode::RUSR | Mode::WUSR } else { self.mode_to_make(context) };
        chain.ops.clear();
        chain.ops.push(Op::Io(Io::Open { end: End::Destination, at, flags, mode, into: FdKind::Plain }));
        if self.job.is_noted() {
            chain.ops.push(Op::Call(Call::Fstat { end: End::Destination }));
        }
        Step::Run(chain)
    }

    pub(super) fn staged(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<FileStat>,
        context: &mut Context<'_>,
    ) -> Step {
        let errno = match outcome {
            Outcome::Done => {
                if self.staged.as_ref().is_some_and(|staged| staged.replaced.is_some()) {
                    self.made = CopyOrigin::Existed;
                }
                self.seekable &= self.source_facts().kind == FileType::RegularFile;
                self.truncated = true;
                if let Some(facts) = facts {
                    self.job.note(facts.identity, self.found.as_ref());
                }
                return self.transfer(chain, context);
            }
            Outcome::Failed { errno, .. } => errno,
            Outcome::Count { .. } => Errno::IO,
        };
        let Some(staged) = &mut self.staged else { return self.not_staged(chain, errno, context) };
        if !chain.destination.is_open() {
            // What has that name is not this file's.
            staged.settle();
        }
        let named = staged.temporary.is_some();
        match errno {
            _ if chain.destination.is_open() => self.not_staged(chain, errno, context),
            // No such files here: an older kernel says that it would open the directory itself.
            Errno::OPNOTSUPP | Errno::NOSYS | Errno::ISDIR | Errno::INVAL | Errno::NOENT if !named => {
                self.open_named(chain, context)
            }
            Errno::EXIST if named && staged.attempts < ATTEMPTS_MAX => self.open_named(chain, context),
            errno => {
                staged.temporary = None;
                self.not_staged(chain, errno, context)
            }
        }
    }

    fn not_staged(&mut self, chain: Chain, errno: Errno, context: &mut Context<'_>) -> Step {
        if matches!(errno, Errno::MFILE | Errno::NFILE) && !chain.destination.is_open() {
            self.staged = None;
            return self.give_up(chain, End::Destination, errno);
        }
        if errno == Errno::STALE {
            let problem = FileError::of(MessageKind::Replaced, self.job.destination_path());
            return self.fail(chain, problem, context);
        }
        // As where a file is made under its own name.
        let slash = self.job.destination.name.to_bytes().ends_with(b"/");
        let errno = if slash && errno == Errno::ISDIR { Errno::NOTDIR } else { errno };
        self.fail(chain, self.destination_problem(MessageKind::CannotCreateRegular, errno), context)
    }

    /// What gives a complete file what it has of the one that it replaces.
    pub(super) fn inherit(&self) -> Option<Op> {
        let replaced = self.staged.as_ref()?.replaced.as_ref()?;
        Some(Op::Call(Call::CopyOwnerFrom { from: Arc::clone(replaced) }))
    }

    /// What gives a complete file its name and closes it. Closing says of some file systems whether all was written, so it
    /// comes first where the name does not need the descriptor.
    pub(super) fn name_and_close(&self, context: &Context<'_>) -> Vec<Op> {
        let close = Op::Io(Io::Close { end: End::Destination });
        let mut ops = match self.staged.as_deref() {
            None => vec![close],
            Some(Staged { to, temporary, over, .. }) => {
                let name = Op::Call(Call::LinkIntoPlace {
                    temporary: temporary.clone(),
                    at: to.clone(),
                    over: *over,
                });
                if temporary.is_some() { vec![close, name] } else { vec![name, close] }
            }
        };
        let elsewhere = match self.found {
            Some(Existing::DanglingLink(_)) => true,
            Some(Existing::LinkTo { .. }) => self.staged.is_some(),
            Some(Existing::Nothing | Existing::File(_) | Existing::ClosedLink { .. }) | None => false,
        };
        // A name made where a link leads is in no directory that is made durable later.
        if context.settings.fsync && elsewhere {
            ops.push(Op::Call(Call::FsyncParent { at: self.job.destination.clone() }));
        }
        ops
    }

    /// The file has its own name, or nothing of it is left.
    pub(super) fn settle_staged(&self) {
        if let Some(staged) = &self.staged {
            staged.settle();
        }
    }

    /// What is to be removed could not be: that is tried again when the run ends, and told then.
    pub(super) fn leave_to_the_end(&mut self) {
        if let Some(staged) = &mut self.staged {
            staged.debt = None;
        }
    }

    /// What is to be removed of a file that failed, once.
    pub(super) fn left_over(&mut self) -> Option<Op> {
        let temporary = self.staged.as_mut()?.temporary.take()?;
        Some(Op::Call(Call::Unlink { at: temporary, own: true }))
    }
}
