//! `ucp`: GNU cp on the pipeline.

use crate::api;
use crate::cli::{Environment, Request, cp};
use crate::cp::host::Host;
use crate::cp::outputs::Outputs;
use crate::pipeline::stats_output::Outlet;
use crate::process;
use crate::report::Reporter;
use crate::report::message::Output;

/// Copies as the command line says. Answers whether everything went well.
#[must_use]
pub fn ucp() -> bool {
    process::guard_standard_descriptors();
    let (program, arguments) = super::arguments();
    let reporter = Reporter::new(&program);
    let parsed = cp::parse(arguments, &Environment::of_process(program.clone()), reporter.language());
    parsed.warnings.iter().for_each(|warning| reporter.message(&reporter.language().text(*warning)));
    let options = match parsed.request {
        Ok(Request::Run(options)) => options,
        Ok(Request::Help(text) | Request::Version(text)) => return super::print(&reporter, &text),
        Err(refused) => {
            super::refuse(&program, &refused, reporter.language());
            return false;
        }
    };
    let Ok(mut outputs) = Outputs::examine(&options, &reporter) else { return false };
    // What a walk or a list leads to is not known beforehand.
    let late = options.recursive || options.extensions.choosing.names_from.is_some();
    let opened = Outlet::open(&options.knobs, |path| outputs.open_stats(path), &reporter);
    let Ok(mut outlet) = opened else { return false };
    let Ok(()) = outputs.opened(&outlet, &options, &reporter) else { return false };
    if !late && outlet.cut(&reporter).is_err() {
        return false;
    }
    let Some(stats) = api::copy(&options, &outputs, &reporter, &Host::program()) else { return false };
    let success = outlet.tell(&stats, outputs.may_write(Output::Stats), &reporter);
    if let Some(signal) = reporter.interrupted_by() {
        process::raise_and_die(signal);
    }
    success
}
