//! `ucat`: GNU cat on the pipeline.

use crate::cat as pipeline;
use crate::cli::{Environment, Request, cat};
use crate::cp::outputs::Outputs;
use crate::pipeline::stats_output::Outlet;
use crate::process;
use crate::report::Reporter;
use crate::report::language::Words;
use rustix::io::Errno;

/// Prints as the command line says. Answers whether everything went well.
#[must_use]
pub fn ucat() -> bool {
    let closed = process::guard_standard_descriptors();
    let (program, arguments) = super::arguments();
    let reporter = Reporter::new(&program);
    let options = match cat::parse(arguments, &Environment::of_process(program.clone()), reporter.language())
    {
        Ok(Request::Run(options)) => options,
        Ok(Request::Help(text) | Request::Version(text)) => return super::print(&reporter, &text),
        Err(refused) => {
            super::refuse(&program, &refused, reporter.language());
            return false;
        }
    };
    if closed.output {
        reporter.failed_to(Words::gnu("standard output"), Errno::BADF);
        return reporter.finish();
    }
    let Ok(mut outputs) = Outputs::examine_cat(&options, &reporter) else { return false };
    let opened = Outlet::open(&options.knobs, |path| outputs.open_stats(path), &reporter);
    let Ok(mut outlet) = opened else { return false };
    let Ok(()) = outputs.opened_cat(&outlet, &options, &reporter) else { return false };
    let Ok(()) = outlet.cut(&reporter) else { return false };
    match pipeline::print(&options, &reporter, closed.input) {
        Ok(stats) => outlet.tell(&stats, true, &reporter),
        Err(refusal) => {
            reporter.failed_with(&refusal.to_string(), refusal.errno);
            false
        }
    }
}
