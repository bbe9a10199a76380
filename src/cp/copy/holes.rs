//! Files with holes: only what is data is read and written, and the copy has its holes where the source has them.
//!
//! The map of data is asked of the file system a bounded part at a time; each part is copied as extents, by as many
//! workers as are free, and then the next is asked for. Where the file system knows no map, the file is read as a whole.

use super::Context;
use super::extents::Sharing;
use super::method::{CopyMethod, Data};
use super::phase::Next;
use super::state::CopyState;
use super::statfs;
use super::stream::{Stream, StreamState};
use crate::cli::cp::Sparse;
use crate::pipeline::chain::{Call, Chain, Completion, End, Op, Outcome};
use crate::plan::data;
use crate::report::message::MessageKind;
use std::ops::Range;

/// Stretches of data that are mapped before they are copied: what bounds the memory for a file of many holes.
const MAPPED_MAX: usize = 256;

/// Copies the data of a file with holes, and how far that has come.
#[derive(Default)]
pub(super) struct Holes {
    step: MapStep,
    /// Where the map goes on.
    from: u64,
    /// Stretches that are mapped and not copied.
    mapped: Vec<Range<u64>>,
    /// True if there was a stretch of data.
    has_data: bool,
}

/// What its chain in flight is for.
#[derive(Debug, Clone, Copy, Default)]
enum MapStep {
    /// The next stretch of data is asked for.
    #[default]
    Map,
    /// The copy gets this length.
    SetLength(u64),
    /// The end of the source is looked at.
    MapEnd,
}

impl Holes {
    /// A file that is a single hole, all of which has been filled with zeros.
    pub(super) fn filled() -> Self {
        Self::default()
    }

    /// Asks for the next stretch of data.
    fn map(&mut self, chain: &mut Chain, from: u64) -> Next {
        self.step = MapStep::Map;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::SeekData { from }));
        Next::Run
    }

    fn mapped(
        &mut self,
        copy: &mut CopyState,
        chain: &mut Chain,
        outcome: Outcome,
        found: Option<Range<u64>>,
        context: &mut Context<'_>,
    ) -> Next {
        let size = copy.source_facts().size;
        match (outcome, found) {
            (Outcome::Failed { errno, .. }, _)
                if data::has_no_map(errno) && self.from == 0 && self.mapped.is_empty() =>
            {
                // No map here (/proc, /sys, some network file systems): it is read from end to end.
                copy.data.no_seek_data = true;
                Next::Data
            }
            (Outcome::Failed { errno, .. }, _) => {
                // What is mapped has not been copied yet.
                let reached = self.mapped.first().map_or(self.from, |first| first.start);
                copy.data.stream = StreamState::starting_at(reached);
                Next::failed(copy.source_problem(MessageKind::CannotSeek, errno))
            }
            (_, Some(data)) if data.start == 0 && data.end >= size && self.from == 0 => {
                // No hole after all: it is smaller for another reason, or no file of a disk (/sys).
                copy.data.no_seek_data = true;
                Next::Data
            }
            (_, found) if context.settings.sparse == Sparse::Never => {
                copy.data.debug_trace.mapped = true;
                let has_data = found.is_some_and(|data| data.start < size);
                fill_holes(copy, has_data, size)
            }
            (_, Some(data)) if data.start < size && data.start < data.end => {
                let end = data.end.min(size);
                self.from = end;
                self.mapped.push(data.start..end);
                self.has_data = true;
                if self.mapped.len() < MAPPED_MAX && end < size {
                    return self.map(chain, end);
                }
                self.copy_mapped(copy, chain, context)
            }
            (_, Some(_) | None) => {
                self.from = size;
                self.copy_mapped(copy, chain, context)
            }
        }
    }

    /// Copies what is mapped, or ends the file where nothing is left. The copy has its length first: a hole at the end
    /// gives it none by itself, and file systems allocate ahead of a file that grows, also where its holes will lie.
    fn copy_mapped(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
        copy.data.debug_trace.mapped = true;
        let length = copy.source_facts().size;
        if copy.data.length != Some(length) {
            self.step = MapStep::SetLength(length);
            chain.ops.clear();
            chain.ops.push(Op::Call(Call::Truncate { length }));
            return Next::Run;
        }
        let mapped = std::mem::take(&mut self.mapped);
        if mapped.is_empty() {
            return self.map_end(chain);
        }
        // Holes and data meet where they like; O_DIRECT wants whole units.
        Next::Share(Sharing::of_data(copy, mapped, false, context))
    }

    /// Goes on when what was mapped has been copied.
    pub(super) fn map_on(&mut self, copy: &CopyState, chain: &mut Chain) -> Next {
        let from = self.from;
        if from < copy.source_facts().size { self.map(chain, from) } else { self.map_end(chain) }
    }

    /// After the last data a hole and the end of a source that was cut look the same: its size tells.
    pub(super) fn map_end(&mut self, chain: &mut Chain) -> Next {
        self.step = MapStep::MapEnd;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Fstat { end: End::Source }));
        Next::Run
    }

    /// Streams on from there, in case the source has grown. One that is as long as before is not read where it has no data, or
    /// the kernel copied that, as GNU cp does not read it: that would set its access time.
    fn map_ended(
        &self,
        copy: &mut CopyState,
        outcome: Outcome,
        now: Option<u64>,
        context: &Context<'_>,
    ) -> Next {
        let size = copy.source_facts().size;
        if let Outcome::Failed { errno, .. } = outcome {
            copy.data.stream = StreamState::starting_at(size);
            return Next::failed(copy.source_problem(MessageKind::CannotExamine, errno));
        }
        let now = now.unwrap_or(size);
        copy.data.stream = StreamState::starting_at(size.min(now));
        if now == size && (!self.has_data || statfs::is_layered(copy, context)) {
            return Next::All;
        }
        Next::Rest(false)
    }
}

/// `--sparse=never`: a file that has data is read as a whole, holes and all. One that is a single hole is not read, as by
/// GNU cp: that would set its access time.
fn fill_holes(copy: &mut CopyState, has_data: bool, size: u64) -> Next {
    if has_data {
        copy.data.no_seek_data = true;
        return Next::Data;
    }
    copy.data.stream = StreamState::of_hole(size);
    Next::Start(Data::Stream(Stream::default()))
}

impl CopyMethod for Holes {
    /// Makes sure of a destination that is empty, then asks for the map.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, _: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            return Next::Create;
        }
        if !copy.destination.truncated {
            return Next::Truncate;
        }
        self.map(chain, 0)
    }

    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next {
        let Completion { chain, outcome, seen } = completion;
        let outcome = *outcome;
        match (self.step, outcome) {
            (MapStep::Map, _) => self.mapped(copy, chain, outcome, seen.data.take(), context),
            (MapStep::SetLength(_), Outcome::Failed { errno, .. }) => {
                Next::failed(copy.destination_problem(MessageKind::Truncating, errno))
            }
            (MapStep::SetLength(length), Outcome::Done | Outcome::Count { .. }) => {
                copy.data.length = Some(length);
                self.copy_mapped(copy, chain, context)
            }
            (MapStep::MapEnd, _) => {
                self.map_ended(copy, outcome, seen.facts.map(|facts| facts.size), context)
            }
        }
    }
}
