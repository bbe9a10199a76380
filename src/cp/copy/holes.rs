//! Files with holes: only what is data is read and written, and the copy has its holes where the source has them.
//!
//! The map of data is asked of the file system a bounded part at a time; each part is copied as extents, by as many
//! workers as are free, and then the next is asked for. Where the file system knows no map, the file is read as a whole.

use super::file::FileCopy;
use super::stage::Stage;
use super::stream::Stream;
use super::{Context, Step};
use crate::cli::cp::Sparse;
use crate::pipeline::chain::{Call, Chain, End, Op, Outcome, Results};
use crate::plan::data;
use crate::plan::overwrite::OpenPlan;
use crate::report::message::MessageKind;
use std::ops::Range;

/// Stretches of data that are mapped before they are copied: what bounds the memory for a file of many holes.
const MAPPED_MAX: usize = 256;

/// How far a file with holes has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holes {
    /// Where the map goes on.
    from: u64,
    /// Stretches that are mapped and not copied.
    mapped: Vec<Range<u64>>,
    /// There was a stretch of data.
    has_data: bool,
}

impl FileCopy {
    /// Begins with a file that may have holes: makes sure of a destination that is empty, then asks for the map.
    pub(super) fn start_holes(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        if !chain.destination.is_open() {
            return self.open_destination(chain, OpenPlan::Create, context);
        }
        if !self.truncated {
            return self.truncate(chain);
        }
        self.holes = Some(Box::default());
        self.map(chain, 0)
    }

    /// Asks for the next stretch of data.
    fn map(&mut self, mut chain: Chain, from: u64) -> Step {
        self.stage = Stage::Map;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::SeekData { from }));
        Step::Run(chain)
    }

    pub(super) fn mapped(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        seen: Results,
        context: &mut Context<'_>,
    ) -> Step {
        let size = self.source_facts().size;
        let holes = self.holes.get_or_insert_default();
        match (outcome, seen.data) {
            (Outcome::Failed { errno, .. }, _)
                if data::has_no_map(errno) && holes.from == 0 && holes.mapped.is_empty() =>
            {
                // No map here (/proc, /sys, some network file systems): it is read from end to end.
                self.holes = None;
                self.no_seek_data = true;
                self.transfer(chain, context)
            }
            (Outcome::Failed { errno, .. }, _) => {
                // What is mapped has not been copied yet.
                let reached = holes.mapped.first().map_or(holes.from, |first| first.start);
                self.stream = Stream::starting_at(reached);
                self.fail(chain, self.source_problem(MessageKind::CannotSeek, errno), context)
            }
            (_, Some(data)) if data.start == 0 && data.end >= size && holes.from == 0 => {
                // No hole after all: it is smaller for another reason, or no file of a disk (/sys).
                self.holes = None;
                self.no_seek_data = true;
                self.transfer(chain, context)
            }
            (_, found) if context.settings.sparse == Sparse::Never => {
                self.debug_trace.mapped = true;
                let has_data = found.is_some_and(|data| data.start < size);
                self.fill_holes(chain, has_data, size, context)
            }
            (_, Some(data)) if data.start < size && data.start < data.end => {
                let end = data.end.min(size);
                holes.from = end;
                holes.mapped.push(data.start..end);
                holes.has_data = true;
                if holes.mapped.len() < MAPPED_MAX && end < size {
                    return self.map(chain, end);
                }
                self.copy_mapped(chain, context)
            }
            (_, Some(_) | None) => {
                holes.from = size;
                self.copy_mapped(chain, context)
            }
        }
    }

    /// `--sparse=never`: a file that has data is read as a whole, holes and all. One that is a single hole is not read, as
    /// by GNU cp: that would set its access time.
    fn fill_holes(&mut self, chain: Chain, has_data: bool, size: u64, context: &mut Context<'_>) -> Step {
        if has_data {
            self.holes = None;
            self.no_seek_data = true;
            return self.transfer(chain, context);
        }
        self.stream = Stream::of_hole(size);
        self.stream_on(chain, false, context)
    }

    /// Copies what is mapped, or ends the file where nothing is left. The copy has its length first: a hole at the end
    /// gives it none by itself, and file systems allocate ahead of a file that grows, also where its holes will lie.
    pub(super) fn copy_mapped(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        self.debug_trace.mapped = true;
        let size = self.source_facts().size;
        if self.length != Some(size) {
            return self.extend(chain, size);
        }
        let mapped = self.holes.as_mut().map(|holes| std::mem::take(&mut holes.mapped)).unwrap_or_default();
        if mapped.is_empty() {
            return self.end_mapped(chain);
        }
        self.share_out(chain, mapped, context)
    }

    fn extend(&mut self, mut chain: Chain, length: u64) -> Step {
        self.stage = Stage::Extend { length };
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Truncate { length }));
        Step::Run(chain)
    }

    pub(super) fn extended(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        length: u64,
        context: &mut Context<'_>,
    ) -> Step {
        if let Outcome::Failed { errno, .. } = outcome {
            return self.fail(chain, self.destination_problem(MessageKind::Truncating, errno), context);
        }
        self.length = Some(length);
        self.copy_mapped(chain, context)
    }

    /// Goes on when what was mapped has been copied.
    pub(super) fn map_on(&mut self, chain: Chain) -> Step {
        let from = self.holes.as_ref().map_or(0, |holes| holes.from);
        if from < self.source_facts().size { self.map(chain, from) } else { self.end_mapped(chain) }
    }

    /// Behind the last data a hole and the end of a source that was cut look the same: its size tells.
    pub(super) fn end_mapped(&mut self, mut chain: Chain) -> Step {
        self.stage = Stage::MapEnd;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Fstat { end: End::Source }));
        Step::Run(chain)
    }

    /// Streams on from there, in case the source has grown. One that is as long as before is not read where it has no data, or
    /// the kernel copied that, as GNU cp does not read it: that would set its access time.
    pub(super) fn map_ended(
        &mut self,
        chain: Chain,
        outcome: Outcome,
        seen: &Results,
        context: &mut Context<'_>,
    ) -> Step {
        let size = self.source_facts().size;
        if let Outcome::Failed { errno, .. } = outcome {
            self.stream = Stream::starting_at(size);
            return self.fail(chain, self.source_problem(MessageKind::CannotExamine, errno), context);
        }
        let now = seen.facts.map_or(size, |facts| facts.size);
        self.stream = Stream::starting_at(size.min(now));
        let unread = self.holes.as_ref().is_some_and(|holes| !holes.has_data) || self.is_layered(context);
        if now == size && unread {
            return self.close(chain, context);
        }
        self.stream_on(chain, false, context)
    }
}
