//! `ucp`: GNU cp on the pipeline. Parses, runs, reports; the logic is in the library.
//!
//! `main` is the C library's, not Rust's, so that SIGPIPE and closed descriptors are found as they were at exec.
#![no_main]

use std::ffi::c_int;
use ucp::cli::{Request, Surroundings, cp};
use ucp::front;
use ucp::pipeline::outputs::Outputs;
use ucp::pipeline::run;
use ucp::report::Reporter;
use ucp::report::message::Output;
use ucp::report::outlet::Outlet;

/// The program's entry. The result is its exit status.
// SAFETY: the C start code calls `main` exactly once, and no other symbol of that name is linked in.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the entry point's name is part of the C ABI")]
pub extern "C" fn main() -> c_int {
    c_int::from(!ucp())
}

/// Whether everything went well.
fn ucp() -> bool {
    ucp::process::guard_standard_descriptors();
    let (program, arguments) = front::arguments();
    let reporter = Reporter::new(&program);
    let parsed = cp::parse(arguments, &Surroundings::of_process(program.clone()), reporter.language());
    parsed.warnings.iter().for_each(|warning| reporter.say(&reporter.language().text(*warning)));
    let options = match parsed.request {
        Ok(Request::Run(options)) => options,
        Ok(Request::Help(text) | Request::Version(text)) => return front::print(&reporter, &text),
        Err(refused) => {
            front::refuse(&program, &refused, reporter.language());
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
    match run::copy(&options, &outputs, &reporter).map_err(front::refusal) {
        Ok(stats) => {
            let success = outlet.tell(&stats, outputs.may_write(Output::Stats), &reporter);
            if let Some(signal) = reporter.interrupted_by() {
                ucp::process::die_by(signal);
            }
            success
        }
        Err(error) => {
            reporter.failure(error.to_string().as_bytes());
            false
        }
    }
}
