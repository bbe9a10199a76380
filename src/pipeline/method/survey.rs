//! Which file systems a file is copied between: asked once for each pair of them, and only where the answer matters.

use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Next};
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::{Chain, Op, Seen};
use crate::plan::data::Method;
use crate::plan::overwrite::Verdict;

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
            Method::Whole | Method::Stream => false,
        };
        let wanted = matters || settings.debug || settings.sparse == Sparse::Always;
        wanted && self.pair().is_some_and(|pair| !context.pairs.is_surveyed(pair))
    }

    /// Whether the kernel may be asked to copy.
    pub(super) fn may_offload(&self, context: &Context<'_>) -> bool {
        let settings = &context.settings;
        settings.reflink == Reflink::Auto && settings.sparse == Sparse::Auto && !settings.direct
    }

    /// Asks, with both ends open.
    pub(super) fn survey(&mut self, mut chain: Chain, context: &mut Context<'_>) -> Next {
        if !chain.destination.is_open() {
            return self.open_destination(chain, Verdict::Create, context);
        }
        self.stage = Stage::Survey;
        chain.ops.clear();
        chain.ops.push(Op::Survey);
        Next::Run(chain)
    }

    pub(super) fn surveyed(&mut self, chain: Chain, seen: &Seen, context: &mut Context<'_>) -> Next {
        if let Some(pair) = self.pair() {
            context.pairs.all.survey(pair, seen.systems);
        }
        self.transfer(chain, context)
    }
}
