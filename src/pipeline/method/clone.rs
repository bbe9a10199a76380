//! Clones: the destination shares the source's blocks until one of them is written to (FICLONE).
//!
//! Whether two file systems can do that is found out by the first file that is tried between them, and remembered.

use super::file::{FileCopy, Stage};
use super::stream::Stream;
use super::{Context, Next};
use crate::pipeline::chain::{Chain, Op, Outcome};
use crate::plan::overwrite::Verdict;
use crate::report::message::What;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Pairs of devices, source and destination, between which a clone was refused.
#[derive(Debug, Default)]
pub struct CloneMemory {
    refused: Mutex<HashSet<(u64, u64)>>,
}

impl CloneMemory {
    /// Whether a clone is worth trying from one device to another.
    #[must_use]
    pub fn is_worth_trying(&self, source: u64, destination: u64) -> bool {
        !self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&(source, destination))
    }

    /// Remembers that a clone was refused.
    pub fn refuse(&self, source: u64, destination: u64) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert((source, destination));
    }
}

impl FileCopy {
    /// Whether this file should be cloned rather than copied.
    pub(super) fn may_clone(&self, context: &Context<'_>) -> bool {
        let source = self.source_facts();
        let worth = |device| context.clones.is_worth_trying(source.identity.device, device);
        context.settings.clone
            && source.kind == FileType::RegularFile
            && source.size > 0
            && self.job.destination_device.is_some_and(worth)
    }

    /// Makes sure of a destination that is empty, then has it share the source's blocks.
    pub(super) fn start_clone(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            return self.open_destination(chain, Verdict::Create, context);
        }
        if !self.truncated {
            return self.truncate(chain);
        }
        self.clone_tried = true;
        self.stage = Stage::Clone;
        chain.ops.clear();
        chain.ops.push(Op::Clone);
        Next::Run(chain)
    }

    pub(super) fn cloned(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Next {
        match outcome {
            Outcome::Done => {
                self.stream = Stream::starting_at(self.source_facts().size);
                self.close(chain, context)
            }
            // These would meet any other method too.
            Outcome::Failed { errno: errno @ (Errno::NOSPC | Errno::DQUOT | Errno::IO), .. } => {
                self.fail(chain, self.destination_problem(What::Writing, errno), context)
            }
            Outcome::Failed { .. } | Outcome::Count { .. } => {
                if let Some(device) = self.job.destination_device {
                    context.clones.refuse(self.source_facts().identity.device, device);
                }
                self.transfer(chain, context)
            }
        }
    }
}
