//! A whole run of `ucp`: the target is looked at, the operands become tasks, workers do them.

use super::entry::backup;
use super::entry::created::Base;
use super::host::Host;
use super::manifest;
use super::outputs::Outputs;
use super::progress::caller::WatchedRun;
use super::progress::watch::{Ends, Watch};
use super::shared::Run;
use super::task::Task;
use super::walk::argv::operands;
use super::walk::operand_list::Operands;
use super::walk::targets::Targets;
use super::worker::Worker;
use crate::bufpool::Pool;
use crate::cli::cp::extensions::durability::Durability;
use crate::cli::cp::{Context, CpOptions, Keep};
use crate::pipeline::engine::select;
use crate::pipeline::engine::uring::Refusal;
use crate::report::Reporter;
use crate::report::language::Words;
use crate::report::message::MessageKind;
use crate::report::stats::Stats;
use std::time::Instant;

/// Copies as `options` say in the process of `host`, and tells `reporter`; `outputs` were examined for them. The figures are
/// for `--stats`.
///
/// # Errors
/// A ring was asked for, or a wish that only a ring grants, and there can be none; nothing was touched.
pub(crate) fn copy(
    options: &CpOptions,
    outputs: &Outputs,
    reporter: &Reporter,
    host: &Host<'_>,
) -> Result<Stats, Refusal> {
    let started = Instant::now();
    let mut shared = Run::new(options, outputs, reporter, host);
    if shared.ring_at_once() {
        drop(select::choose(&options.knobs, &Pool::new(0))?);
    }
    let manifest = manifest::open(options, outputs, reporter).map(|manifest| {
        shared.own_names.extend(manifest.as_ref().and_then(manifest::Listing::own_name));
        shared.observer.add_manifest(manifest);
    });
    let operands = operands(options);
    if operands.as_ref().is_ok_and(|operands| operands.left.iter().any(|operand| operand.target.is_some())) {
        reporter.holds_directory();
    }
    if let Some((directory, Some(typed))) = operands.as_ref().ok().and_then(Operands::target) {
        shared.met.base = Some(Base::new(directory, &typed));
    }
    let Durability { fsync, atomic } = options.extensions.durability;
    if let Ok(operands) = &operands
        && (fsync || atomic)
        && manifest.is_ok()
        && !options.extensions.choosing.dry_run
    {
        shared.targets = Targets::of(operands, options, reporter);
    }
    match operands {
        // It has been told why.
        _ if manifest.is_err() => {}
        // Never on a kernel without security contexts, where these are refused or mean nothing.
        _ if wants_contexts(options) => reporter.error(b"security contexts are not supported yet"),
        Ok(operands) => watched(&shared, host, || work(&shared, operands)),
        Err(problem) if options.parents && problem.what == MessageKind::NotADirectory => {
            reporter.usage(Words::gnu("with --parents, the destination must be a directory"));
        }
        Err(problem) => reporter.problem(&problem),
    }
    backup::take_back_all(&shared.owed, &shared.observer);
    if !shared.is_interrupted() {
        shared.effects.finish();
        shared.parents.finish(&shared.settings.method.keeping, reporter);
    }
    shared.finish_manifest();
    let synced = shared.targets.as_ref().filter(|_| fsync).map_or(0, |targets| targets.sync(reporter));
    let (mut tally, counters, workers) = shared.totals();
    tally.syncs += synced + shared.durable.as_ref().map_or(0, |durable| durable.syncs());
    let (engine, reason) = select::which(&options.knobs, &counters);
    let placement = Some(select::placement(engine, &options.knobs, &counters));
    let elapsed = started.elapsed();
    let stats = Stats { tally, counters, elapsed, engine, reason, workers, placement, ways: None };
    shared.observer.lines.means(&stats);
    Ok(stats)
}

/// Whether copies are to have security contexts of their own.
fn wants_contexts(options: &CpOptions) -> bool {
    options.context != Context::Inherited || options.preserve.context == Keep::Require
}

/// Does `work`, and shows how far it has come where that is asked for.
fn watched(shared: &Run<'_>, host: &Host<'_>, work: impl FnOnce()) {
    if let Some((caller, progress)) = host.caller.zip(shared.observer.progress()) {
        let (options, reporter, abandon) = (shared.options, shared.reporter, || shared.queue.abandon());
        return WatchedRun { caller, progress, options, reporter, abandon: &abandon }.over(work);
    }
    let finish = || {
        // Workers that do not come back will not.
        backup::take_back_all(&shared.owed, &shared.observer);
        shared.finish_manifest();
    };
    let ends = Ends { abandon: &|| shared.queue.abandon(), finish: &finish };
    let watch = shared.options.extensions.watched().zip(shared.observer.progress());
    match watch.and_then(|(when, progress)| Watch::new(when, progress, shared.options, shared.reporter, ends))
    {
        Some(watch) => watch.over(work),
        None => work(),
    }
}

fn work<'env>(shared: &'env Run<'env>, operands: Operands) {
    shared.queue.push(0, [Task::Operands(operands)]);
    std::thread::scope(|scope| Worker::new(0, shared, scope).run());
}
