//! Which file systems a file is copied between: asked once for each pair of them, and only where the answer matters.

use super::Context;
use super::destination::DestinationPhase;
use super::phase::Next;
use super::state::CopyState;
use crate::cli::cp::{Reflink, Sparse};
use crate::pipeline::chain::{Call, Chain, Op};
use crate::plan::data::Method;
use crate::plan::destination::{self, Offload};

/// True if the file systems have to be known before this file is copied by `method`: how long a hole must be, or whether
/// they copy by themselves.
pub(super) fn is_wanted(copy: &CopyState, method: Method, context: &Context<'_>) -> bool {
    let settings = &context.settings;
    let matters = match method {
        Method::Clone => return false,
        // What the file systems copy by themselves is not passed on, nor is what may end elsewhere.
        Method::Pass => true,
        Method::Holes | Method::Extents => may_offload(context),
        // A linked chain makes its destination itself.
        Method::Whole => may_offload(context) && may_be_layered(copy) && !copy.only_examined(),
        Method::Stream => false,
    };
    let wanted = matters || settings.debug || settings.sparse == Sparse::Always;
    wanted && copy.pair().is_some_and(|pair| !context.pairs.is_surveyed(pair))
}

/// True if the kernel may be asked to copy.
pub(super) fn may_offload(context: &Context<'_>) -> bool {
    let settings = &context.settings;
    settings.reflink == Reflink::Auto && settings.sparse == Sparse::Auto && !settings.direct
}

/// True if copy_file_range(2) is best for a file of any size.
pub(super) fn is_layered(copy: &CopyState, context: &Context<'_>) -> bool {
    let layered = |pair| context.pairs.offload(pair) == Offload::Layered;
    may_offload(context) && copy.pair().is_some_and(layered)
}

fn may_be_layered(copy: &CopyState) -> bool {
    copy.pair()
        .is_some_and(|pair| [pair.source, pair.destination].into_iter().all(destination::may_be_layered))
}

/// Asks, with both ends open.
pub(super) fn ask(chain: &mut Chain) -> Next {
    if !chain.destination.is_open() {
        return Next::Create;
    }
    chain.ops.clear();
    chain.ops.push(Op::Call(Call::Statfs));
    Next::enter(DestinationPhase::Statfs)
}
