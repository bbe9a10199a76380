//! The source of a file: opened, examined, and compared with what was looked at; or why it cannot be.

use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::pipeline::chain::{Call, Chain, End, Op, Outcome};
use crate::plan::facts::FileStat;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

impl FileCopy {
    pub(super) fn source_opened(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<FileStat>,
        context: &mut Context<'_>,
    ) -> Step {
        let facts = match (outcome, facts) {
            (Outcome::Done, Some(facts)) => facts,
            (Outcome::Failed { errno, .. }, _) if chain.source.is_open() => {
                return self.fail(chain, self.source_problem(MessageKind::CannotExamine, errno), context);
            }
            (Outcome::Failed { errno: errno @ (Errno::MFILE | Errno::NFILE), .. }, _) => {
                self.without_descriptor = Some((End::Source, errno));
                return Step::NoDescriptor;
            }
            // Somebody has a lease on the file, and gets the time to give it up.
            (Outcome::Failed { errno: Errno::AGAIN, .. }, _) if !self.blocking_open => {
                self.blocking_open = true;
                return Step::Run(self.start(context));
            }
            // Listed as a regular file, and a symbolic link.
            (Outcome::Failed { errno: Errno::LOOP, .. }, _) if self.job.seen.is_none() => {
                return Step::OfAnotherKind;
            }
            (Outcome::Failed { errno: errno @ (Errno::NOENT | Errno::LOOP), .. }, _) => {
                return self.fail(chain, self.open_problem(errno), context);
            }
            (Outcome::Failed { errno, .. }, _) => return self.ask_why_not(chain, errno),
            (Outcome::Done | Outcome::Count { .. }, _) => {
                return self.fail(chain, self.source_problem(MessageKind::CannotStat, Errno::IO), context);
            }
        };
        let waits = context.settings.names_in_turn && facts.links > 1;
        if self.job.seen.is_none() && (waits || facts.kind != FileType::RegularFile) {
            return Step::OfAnotherKind;
        }
        if !self.job.matches(&facts) {
            let problem = FileError::of(MessageKind::Replaced, self.job.source_path());
            return self.fail(chain, problem, context);
        }
        if let Some(problem) = context.outputs.met_source(facts.identity, || self.job.source_path()) {
            return self.fail(chain, problem, context);
        }
        self.source = Some(facts);
        self.reading = chain.reading;
        self.seekable = facts.kind == FileType::RegularFile;
        if self.blocking_open && !self.fused(context) {
            return self.read_again(chain, context);
        }
        self.destination_in_turn(chain, context)
    }

    /// A name that may not even be looked at is another matter than a file that may not be read; and what is there
    /// already may be a reason of its own, which comes first.
    fn ask_why_not(&mut self, mut chain: Chain, errno: Errno) -> Step {
        self.refused = Some(errno);
        self.stage = Stage::WhyNot;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Stat { at: self.job.source.clone(), follow: self.job.follow }));
        Step::Run(chain)
    }

    pub(super) fn why_not(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        facts: Option<FileStat>,
        context: &mut Context<'_>,
    ) -> Step {
        let refused = self.refused.unwrap_or(Errno::ACCESS);
        let problem = match (outcome, facts) {
            (Outcome::Failed { errno, .. }, _) if refused == Errno::ACCESS => {
                self.source_problem(MessageKind::CannotStat, errno)
            }
            (Outcome::Done, Some(facts)) if self.job.matches(&facts) => {
                self.source = Some(facts);
                return self.destination_in_turn(chain, context);
            }
            // A socket cannot be opened at all.
            (Outcome::Done, Some(_)) if self.job.seen.is_none() => return Step::OfAnotherKind,
            (Outcome::Done | Outcome::Count { .. } | Outcome::Failed { .. }, _) => self.open_problem(refused),
        };
        self.fail(chain, problem, context)
    }

    pub(super) fn destination_in_turn(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        match self.found {
            None => self.look(chain, None),
            Some(found) => self.decide(chain, &found, context),
        }
    }

    pub(super) fn open_problem(&self, errno: Errno) -> FileError {
        match (errno, &self.job.seen) {
            (Errno::NOENT, None) => self.source_problem(MessageKind::CannotStat, errno),
            _ => self.source_problem(MessageKind::CannotOpen, errno),
        }
    }
}
