//! One file's way through its stages: what comes after each completion.

use super::extents::LargeFile;
use super::fs_pairs::Pair;
use super::holes::Holes;
use super::stage::Stage;
use super::stream::{InOrder, Stream};
use super::temp_file::Staged;
use super::verify::Hashing;
use super::{Context, CopyPolicy, Step};
use crate::cp::job::FileJob;
use crate::pipeline::chain::{Call, Chain, Completion, Descriptor, End, FdKind, Io, Op, Outcome};
use crate::plan::attribute_names::Names;
use crate::plan::attributes::CopyOrigin;
use crate::plan::data::{self, Method, Situation, Trail};
use crate::plan::destination::Offload;
use crate::plan::facts::FileStat;
use crate::plan::overwrite::{Existing, OpenPlan};
use crate::plan::reading::Reading;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

/// Operations in the longest chain of a small file without attributes; all chains of a file use one list.
const OPS_OF_SMALL_FILE: usize = 6;

/// A file on its way.
pub(crate) struct FileCopy {
    pub(super) job: Box<FileJob>,
    pub(super) stage: Stage,
    /// What the open source was seen to be.
    pub(super) source: Option<FileStat>,
    /// Whether a ring may read it, as far as the engine has found out.
    pub(super) reading: Reading,
    /// Why the source could not be opened.
    pub(super) refused: Option<Errno>,
    /// The source was opened by a descriptor that cannot be read (O_PATH).
    pub(super) by_path: bool,
    /// The source as it was examined, where it is to be opened again by a linked chain.
    pub(super) examined: Descriptor,
    /// What is known of the destination's name by now.
    pub(super) found: Option<Existing>,
    /// The destination is a regular file, so both ends can be reached at offsets.
    pub(super) seekable: bool,
    /// Which of them has no offsets all the same.
    pub(super) in_order: InOrder,
    /// The destination can have holes.
    pub(super) destination_is_regular: bool,
    /// The destination is this run's own, or has been cut to nothing.
    pub(super) truncated: bool,
    pub(super) stream: Stream,
    /// The link under the destination's name, while what it leads to is looked at.
    pub(super) link: Option<Box<FileStat>>,
    /// The names of the source's extended attributes, where it has any. The operation that gives the copy its attributes
    /// has them while it is in flight, and a chain that is cut before that gives them back.
    pub(super) names: Option<Box<Names>>,
    /// Whether the destination was there before.
    pub(super) made: CopyOrigin,
    /// How far a file with holes has come.
    pub(super) holes: Option<Box<Holes>>,
    /// No map of its data can be had.
    pub(super) no_seek_data: bool,
    /// Sharing blocks has been tried.
    pub(super) clone_tried: bool,
    /// How long the destination is, where that may differ from how far its data has come: it is to have holes.
    pub(super) length: Option<u64>,
    /// What its bytes hash to, where that is asked for.
    pub(super) hashing: Option<Box<Hashing>>,
    /// It came to the data of this file.
    pub(super) data_started: bool,
    /// What became of the data.
    pub(super) debug_trace: Trail,
    /// The destination was made for nothing.
    pub(super) remove_at_close: bool,
    /// It has all its data, but an attribute was refused or its source could not be closed: what was kept comes back.
    pub(super) falls_short: bool,
    /// It is written apart from its name.
    pub(super) staged: Option<Box<Staged>>,
    /// The last word on this file has been said: it is only being closed.
    pub(super) failed: bool,
    /// One of both ends can only be opened by waiting for it.
    pub(super) blocking_open: bool,
    /// The destination as it was examined, where it is opened by waiting.
    pub(super) held: Descriptor,
    /// There was no descriptor for this end, and why.
    pub(super) without_descriptor: Option<(End, Errno)>,
    /// Files of its destination take long to make.
    slow_destination: bool,
    /// Bytes of it that meters have shown, where somebody looks.
    pub(crate) bytes_reported: u64,
    /// Under which number it is known to be unfinished; 0 where it is not.
    pub(crate) unfinished_id: u64,
}

impl FileCopy {
    /// A file to be copied. A slow destination is one that takes long to make files.
    #[must_use]
    pub(crate) fn new(job: Box<FileJob>, slow_destination: bool) -> Self {
        Self {
            found: job.found,
            made: CopyOrigin::Created(job.belongs_to),
            link: None,
            names: None,
            job,
            stage: Stage::Source,
            source: None,
            reading: Reading::Unknown,
            refused: None,
            by_path: false,
            examined: Descriptor::Closed,
            seekable: true,
            in_order: InOrder::default(),
            destination_is_regular: true,
            truncated: true,
            stream: Stream::default(),
            holes: None,
            no_seek_data: false,
            clone_tried: false,
            length: None,
            hashing: None,
            data_started: false,
            debug_trace: Trail::default(),
            remove_at_close: false,
            falls_short: false,
            staged: None,
            failed: false,
            blocking_open: false,
            held: Descriptor::Closed,
            without_descriptor: None,
            slow_destination,
            bytes_reported: 0,
            unfinished_id: 0,
        }
    }

    /// The job, with what became of it.
    pub(crate) fn ended(&mut self) -> &FileJob {
        self.job.failed = self.failed;
        if self.failed {
            // Who counts what is left out wants to know its size.
            self.job.seen = self.job.seen.or(self.source);
        }
        if self.failed || self.falls_short {
            self.job.falls_short();
        }
        &self.job
    }

    /// The job, to start it again.
    #[must_use]
    pub(crate) fn into_job(mut self) -> Box<FileJob> {
        self.ended();
        if self.found == Some(Existing::Nothing) {
            // What was there may have been removed for this file.
            self.job.found = self.found;
        }
        self.job
    }

    /// The words of `--debug` for what became of the data; `None` where it did not come to that.
    #[must_use]
    pub(crate) fn words(&self, context: &Context<'_>) -> Option<[&'static str; 3]> {
        let CopyPolicy { reflink, sparse, attributes_only, .. } = context.settings;
        let mut trail = self.debug_trace;
        let pair = self.pair();
        trail.offload_refused |=
            !self.seekable || pair.is_some_and(|pair| context.pairs.offload(pair) == Offload::Impossible);
        (self.data_started && !attributes_only).then(|| data::words(&trail, reflink, sparse))
    }

    /// The first chain: opens and examines the source. A fused engine opens again what this descriptor stands for.
    #[must_use]
    pub(crate) fn start(&mut self, context: &Context<'_>) -> Chain {
        let hashes = context.settings.hash && !context.settings.attributes_only;
        self.hashing = hashes.then(Box::default);
        let regular = self.job.seen.is_none_or(|seen| seen.kind == FileType::RegularFile);
        let patient =
            if regular && context.capabilities.nonblocking { OFlags::NONBLOCK } else { OFlags::empty() };
        // What is opened by waiting is examined first: a FIFO may have come in its place.
        self.by_path = self.fused(context) || self.blocking_open;
        let access = if self.by_path { OFlags::PATH } else { OFlags::RDONLY | patient };
        let follow = if self.job.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let open = Op::Io(Io::Open {
            end: End::Source,
            at: self.job.source.clone(),
            flags: access | follow,
            mode: Mode::empty(),
            into: if regular || self.by_path { FdKind::Plain } else { FdKind::Waiting },
        });
        let mut ops = Vec::with_capacity(OPS_OF_SMALL_FILE);
        ops.extend([open, Op::Call(Call::Fstat { end: End::Source })]);
        // Whether there is an ACL decides about the permissions that the copy is made with.
        ops.extend(
            (!self.by_path && context.settings.keeping.wants_names()).then_some(Op::Call(Call::Listxattr)),
        );
        let slow_destination = self.slow_destination && context.capabilities.fused_where_slow;
        Chain { ops, slow_destination, turn: self.job.turn().cloned(), ..Chain::default() }
    }

    /// What comes after a completion of this file's chain.
    pub(crate) fn advance(&mut self, completion: Completion, context: &mut Context<'_>) -> Step {
        let Completion { mut chain, outcome, seen } = completion;
        self.take_back(&mut chain, outcome);
        self.tell_refused(&seen.refused, context);
        if let Some(took) = seen.making {
            context.pairs.all.note_making(self.job.destination_device, took, self.source_facts().size);
        }
        let facts = seen.facts;
        match self.stage {
            Stage::Source => {
                self.names = (!seen.names.is_none()).then(|| Box::new(seen.names));
                self.source_opened(chain, outcome, facts, context)
            }
            Stage::WhyNot => self.why_not(chain, outcome, facts, context),
            Stage::Unlink => self.unlinked(chain, outcome, context),
            Stage::Truncate => self.truncate_done(chain, outcome, context),
            Stage::Again => {
                if self.blocking_open {
                    self.names = (!seen.names.is_none()).then(|| Box::new(seen.names));
                }
                self.opened_again(chain, outcome, context)
            }
            Stage::Look => self.looked(chain, outcome, facts, None, context),
            Stage::LookBehind => {
                let link = self.link.take().map(|link| *link);
                self.looked(chain, outcome, facts, link, context)
            }
            Stage::Newcomer => self.newcomer_seen(chain, facts, context),
            Stage::NewcomerLink => self.newcomer_link_seen(chain, context),
            Stage::Destination(verdict) => self.destination_opened(chain, outcome, facts, verdict, context),
            Stage::Which(there) => self.which_is_open(chain, seen.systems, &there, context),
            Stage::MapUnread { end } => self.unread_mapped(chain, end, outcome, &seen, context),
            Stage::Map => self.mapped(chain, outcome, seen, context),
            Stage::Clone => self.cloned(chain, outcome, context),
            Stage::Survey => self.surveyed(chain, &seen, context),
            Stage::Extend { length } => self.extended(chain, outcome, length, context),
            Stage::MapEnd => self.map_ended(chain, outcome, &seen, context),
            Stage::Trim { cuts } => self.trimmed(chain, outcome, cuts, context),
            Stage::Preparing => self.prepared(chain, outcome, context),
            Stage::Whole => self.whole_done(chain, outcome, context),
            Stage::Stream => self.streamed(chain, outcome, context),
            Stage::Place => self.placed(chain, outcome, seen, context),
            Stage::Staged => self.staged(chain, outcome, facts, context),
            Stage::Settle => self.settled(chain, outcome, context),
            Stage::ReadBack => self.read_back(chain, outcome, &seen, context),
            Stage::Close => self.closed(chain, outcome, context),
            Stage::GiveUp => Step::NoDescriptor,
        }
    }

    /// Goes on where [`Step::NoBuffer`] stopped. `alone` says that no buffer is in use, so that none will come back and
    /// a small one has to do.
    pub(crate) fn resume(&mut self, chain: Chain, alone: bool, context: &mut Context<'_>) -> Step {
        match self.stage {
            Stage::Stream => self.stream_on(chain, alone, context),
            Stage::ReadBack => self.start_read_back(chain, alone, context),
            _ if alone && self.only_examined() => self.read_again(chain, context),
            _ if alone => self.start_stream(chain, alone, context),
            _ => self.transfer(chain, context),
        }
    }

    pub(super) fn fused(&self, context: &Context<'_>) -> bool {
        // Attributes and names are set, and copies read back, by ordinary descriptors, which linked operations could not
        // share; files that are made durable wait for others.
        let attributes = context.settings.keeping.is_anything()
            || context.settings.attributes_only
            || self.ends_apart(context);
        let capabilities = context.capabilities;
        let fused = capabilities.fused || (capabilities.fused_where_slow && self.slow_destination);
        let settings = fused && !context.settings.direct && !attributes;
        settings && self.job.found == Some(Existing::Nothing)
    }

    /// The source is held by a descriptor that cannot be read.
    pub(super) fn only_examined(&self) -> bool {
        self.by_path && !self.examined.is_open()
    }

    pub(super) fn truncate(&mut self, mut chain: Chain) -> Step {
        self.stage = Stage::Truncate;
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Truncate { length: 0 }));
        Step::Run(chain)
    }

    fn truncate_done(&mut self, chain: Chain, outcome: Outcome, context: &mut Context<'_>) -> Step {
        if let Outcome::Failed { errno, .. } = outcome {
            return self.not_cut(chain, errno, context);
        }
        self.truncated = true;
        self.transfer(chain, context)
    }

    /// What to say where there will be no descriptor for this file, which has failed then.
    #[must_use]
    pub(crate) fn failed_without_descriptor(&mut self) -> FileError {
        self.failed = true;
        match self.without_descriptor {
            Some((End::Destination, errno)) => {
                self.destination_problem(MessageKind::CannotCreateRegular, errno)
            }
            Some((End::Source, errno)) => self.source_problem(MessageKind::CannotOpen, errno),
            None => self.source_problem(MessageKind::CannotOpen, Errno::MFILE),
        }
    }

    /// There is no descriptor for this end of the file now. A slot of the engine's is freed by the engine.
    pub(super) fn give_up(&mut self, mut chain: Chain, end: End, errno: Errno) -> Step {
        self.without_descriptor = Some((end, errno));
        debug_assert!(!chain.destination.is_open(), "what was made would be in the way");
        if chain.source.plain().is_some() {
            return Step::NoDescriptor;
        }
        self.stage = Stage::GiveUp;
        chain.lease = None;
        chain.ops.clear();
        chain.ops.push(Op::Io(Io::Close { end: End::Source }));
        Step::Run(chain)
    }

    /// Makes sure of a destination, whose data stays as it is.
    fn attributes_only(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        if chain.destination.is_open() {
            return self.close(chain, context);
        }
        self.open_destination(chain, OpenPlan::Create, context)
    }

    /// Both ends are open, or the destination may be made along the way: picks the method.
    pub(super) fn transfer(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        if context.settings.attributes_only {
            return self.attributes_only(chain, context);
        }
        let source = self.source_facts();
        let settings = context.settings;
        // A lease holds what has been read of the file: there is no second beginning.
        let fresh = chain.lease.is_none();
        let situation = Situation {
            sparse: settings.sparse,
            may_clone: fresh && self.may_clone(context),
            regular: fresh && self.seekable,
            looks_sparse: !self.no_seek_data && source.looks_sparse(),
            size_is_trusted: source.size_is_trusted(),
            fits: usize::try_from(source.size).is_ok_and(|size| size < context.buffer_bytes()),
            direct: settings.direct && source.size >= LargeFile::DIRECT_BYTES_MIN,
            passes: self.may_pass(source.size, context),
        };
        let method = data::method(&situation);
        self.data_started = true;
        // In a linked chain the ring would have the last word about where the file ends.
        let apart = method != Method::Whole || self.reading.needs_calls();
        if apart && self.only_examined() {
            return self.read_again(chain, context);
        }
        if fresh && self.wants_survey(method, context) {
            return self.survey(chain, context);
        }
        match method {
            Method::Clone => self.start_clone(chain, context),
            Method::Holes => self.start_holes(chain, context),
            Method::Stream => self.start_stream(chain, false, context),
            Method::Pass => self.pass(chain, context),
            Method::Whole => self.whole(chain, context),
            Method::Extents if chain.destination.is_open() => self.large(chain, context),
            Method::Extents => self.open_destination(chain, OpenPlan::Create, context),
        }
    }

    /// The devices of both ends, where they are known.
    pub(super) fn pair(&self) -> Option<Pair> {
        let source = self.source_facts().identity.device;
        self.job.destination_device.map(|destination| Pair { source, destination })
    }

    /// The facts of the open source; before it is open, those of an empty file.
    pub(super) fn source_facts(&self) -> FileStat {
        self.source.unwrap_or_else(FileStat::unknown)
    }

    pub(super) fn source_problem(&self, what: MessageKind, errno: Errno) -> FileError {
        FileError::failed(what, self.job.source_path(), errno)
    }

    pub(super) fn destination_problem(&self, what: MessageKind, errno: Errno) -> FileError {
        FileError::failed(what, self.job.destination_path(), errno)
    }
}
