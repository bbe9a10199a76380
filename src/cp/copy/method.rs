//! The seam of the copy methods: what each of them implements, and which one is chosen for a file.
//!
//! A new method is a file of its own that implements [`CopyMethod`], a variant of [`Data`], and a case of
//! [`crate::plan::data`], which decides when it fits.

use super::clone::{self, Ficlone};
use super::extents::LargeFile;
use super::holes::Holes;
use super::phase::Next;
use super::prepare_extents::Extents;
use super::sendfile::{self, Sendfile};
use super::single_chain::SingleChain;
use super::state::CopyState;
use super::stream::Stream;
use super::{Context, statfs};
use crate::pipeline::chain::{Chain, Completion};
use crate::plan::data::{self, Method, Situation};

/// A way for the data of one file to get from source to destination.
///
/// Both answer [`Next::Run`] to go on, [`Next::All`] when all of the data has arrived, [`Next::Data`] where the method is not
/// supported here and nothing has moved, [`Next::Rest`] where the stream is to go on from what has arrived, and
/// [`Next::Failed`]; and what they need of the destination first ([`Next::Create`], [`Next::Open`], [`Next::Truncate`]).
pub(super) trait CopyMethod {
    /// Begins. The source is open or has been examined; the destination is open, or believed absent.
    fn start(&mut self, copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next;

    /// Goes on after a completion of its chain.
    fn advance(
        &mut self,
        copy: &mut CopyState,
        completion: &mut Completion,
        context: &mut Context<'_>,
    ) -> Next;
}

/// The method that moves the data of a file, and how far it has come.
pub(super) enum Data {
    Clone(Ficlone),
    Holes(Box<Holes>),
    Sendfile(Sendfile),
    SingleChain(SingleChain),
    Extents(Extents),
    Stream(Stream),
}

impl Data {
    /// The method at its beginning.
    fn of(method: Method) -> Self {
        match method {
            Method::Clone => Self::Clone(Ficlone),
            Method::Holes => Self::Holes(Box::default()),
            Method::Pass => Self::Sendfile(Sendfile),
            Method::Whole => Self::SingleChain(SingleChain),
            Method::Extents => Self::Extents(Extents),
            Method::Stream => Self::Stream(Stream::default()),
        }
    }

    pub(super) fn as_method(&mut self) -> &mut dyn CopyMethod {
        match self {
            Self::Clone(method) => method,
            Self::Holes(method) => method.as_mut(),
            Self::Sendfile(method) => method,
            Self::SingleChain(method) => method,
            Self::Extents(method) => method,
            Self::Stream(method) => method,
        }
    }
}

/// Both ends are open, or the destination may be made along the way: chooses the method.
pub(super) fn choose(copy: &mut CopyState, chain: &mut Chain, context: &mut Context<'_>) -> Next {
    let settings = context.settings;
    if settings.attributes_only {
        // Makes sure of a destination, whose data stays as it is.
        let is_open = chain.destination.is_open();
        return if is_open { Next::All } else { Next::Create };
    }
    // A lease holds what has been read of the file: there is no second beginning.
    let fresh = chain.lease.is_none();
    let may_clone = fresh && clone::is_wanted(copy, context);
    let source = copy.source_facts();
    let situation = Situation {
        sparse: settings.sparse,
        may_clone,
        regular: fresh && copy.data.seekable,
        looks_sparse: !copy.data.no_seek_data && source.looks_sparse(),
        size_is_trusted: source.size_is_trusted(),
        fits: usize::try_from(source.size).is_ok_and(|size| size < context.buffer_bytes()),
        direct: settings.direct && source.size >= LargeFile::DIRECT_BYTES_MIN,
        passes: sendfile::is_wanted(copy, source.size, context),
    };
    let method = data::method(&situation);
    copy.data.started = true;
    // In a linked chain the ring would have the last word about where the file ends.
    let apart = method != Method::Whole || copy.source.reading.needs_calls();
    if apart && copy.only_examined() {
        return Next::Reopen;
    }
    if fresh && statfs::is_wanted(copy, method, context) {
        return statfs::ask(chain);
    }
    Next::Start(Data::of(method))
}
