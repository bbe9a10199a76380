//! Which file systems a file is copied between: asked once for each pair of them, and only where the answer matters.

use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::{Call, Chain, Op, Results};
use crate::plan::data::{self, Method};
use crate::plan::destination::{self, Offload};
use crate::plan::overwrite::OpenPlan;
use crate::plan::reading::Reading;

impl FileCopy {
    /// Whether the file systems have to be known before this file is copied by `method`: how long a hole must be, or
    /// whether they copy by themselves.
    pub(super) fn wants_survey(&self, method: Method, context: &Context<'_>) -> bool {
        let settings = &context.settings;
        let matters = match method {
            Method::Clone => return false,
            // What the file systems copy by themselves is not passed on, nor is what may end elsewhere.
            Method::Pass => true,
            Method::Holes | Method::Extents => self.may_offload(context),
            // A linked chain makes its destination itself.
            Method::Whole => self.may_offload(context) && self.may_be_layered() && !self.only_examined(),
            Method::Stream => false,
        };
        let wanted = matters || settings.debug || settings.sparse == Sparse::Always;
        wanted && self.pair().is_some_and(|pair| !context.pairs.is_surveyed(pair))
    }

    /// Whether the kernel may be asked to copy.
    pub(super) fn may_offload(&self, context: &Context<'_>) -> bool {
        let settings = &context.settings;
        settings.reflink == Reflink::Auto && settings.sparse == Sparse::Auto && !settings.direct
    }

    /// Whether the kernel is to pass a file of this size on: not where its bytes are to be seen, nor where the file systems
    /// copy it without its pages, unless that is best for any size, nor where sendfile(2), which goes by the page cache and
    /// the size it has noted, may see another end than read(2).
    pub(super) fn may_pass(&self, size: u64, context: &Context<'_>) -> bool {
        let Some(pair) = self.pair() else { return false };
        if self.is_layered(context) {
            return !context.settings.hash && size <= data::OFFLOAD_AT_ONCE_BYTES_MAX;
        }
        let offload = |pair| context.pairs.offload(pair).is_wanted();
        if context.pairs.source(pair).is_some_and(|system| Reading::of(system.magic).needs_calls()) {
            return false;
        }
        context.capabilities.passes
            && !context.settings.hash
            && (data::PASS_BYTES_MIN..=context.settings.pass_bytes_max).contains(&size)
            && !(self.may_offload(context) && offload(pair))
    }

    /// True if copy_file_range(2) is best for a file of any size.
    pub(super) fn is_layered(&self, context: &Context<'_>) -> bool {
        let layered = |pair| context.pairs.offload(pair) == Offload::Layered;
        self.may_offload(context) && self.pair().is_some_and(layered)
    }

    fn may_be_layered(&self) -> bool {
        self.pair()
            .is_some_and(|pair| [pair.source, pair.destination].into_iter().all(destination::may_be_layered))
    }

    /// Asks, with both ends open.
    pub(super) fn survey(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Step {
        if !chain.destination.is_open() {
            return self.open_destination(chain, OpenPlan::Create, context);
        }
        self.stage = Stage::Survey;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Statfs));
        Step::Run(chain)
    }

    pub(super) fn surveyed(&mut self, chain: Chain, seen: &Results, context: &mut Context<'_>) -> Step {
        if let Some(pair) = self.pair() {
            context.pairs.all.survey(pair, seen.systems);
        }
        self.transfer(chain, context)
    }
}
