//! `ucat`: GNU cat on the pipeline. Parses, runs, reports; the logic is in the library.
//!
//! `main` is the C library's, not Rust's, so that SIGPIPE and closed descriptors are found as they were at exec.
#![no_main]

use rustix::io::Errno;
use std::ffi::c_int;
use ucp::cli::{Request, Surroundings, cat};
use ucp::front;
use ucp::pipeline::cat as pipeline;
use ucp::pipeline::outputs::Outputs;
use ucp::report::Reporter;
use ucp::report::language::Words;
use ucp::report::outlet::Outlet;

/// The program's entry. The result is its exit status.
// SAFETY: the C start code calls `main` exactly once, and no other symbol of that name is linked in.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the entry point's name is part of the C ABI")]
pub extern "C" fn main() -> c_int {
    c_int::from(!ucat())
}

/// Whether everything went well.
fn ucat() -> bool {
    let closed = ucp::process::guard_standard_descriptors();
    let (program, arguments) = front::arguments();
    let reporter = Reporter::new(&program);
    let options = match cat::parse(arguments, &Surroundings::of_process(program.clone()), reporter.language())
    {
        Ok(Request::Run(options)) => options,
        Ok(Request::Help(text) | Request::Version(text)) => return front::print(&reporter, &text),
        Err(refused) => {
            front::refuse(&program, &refused, reporter.language());
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
    match pipeline::print(&options, &reporter, closed.input).map_err(front::refusal) {
        Ok(stats) => outlet.tell(&stats, true, &reporter),
        Err(error) => {
            reporter.failure(error.to_string().as_bytes());
            false
        }
    }
}
