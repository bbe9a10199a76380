//! How a test says that it, or a part of it, did not run.

use std::fs::OpenOptions;
use std::io::Write;

/// Says loudly that the current test, or a part of it, did not run. Written to the stream itself: the test harness
/// holds back what the print macros write as long as a test passes.
///
/// The harness counts the test as passed. So the line also goes to the file that `UCP_SKIPPED` names, for `.ci/run` to count.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("unnamed");
    let line = format!("SKIPPED: {}::{test}: {reason}\n", env!("CARGO_CRATE_NAME"));
    std::io::stderr().lock().write_all(line.as_bytes()).unwrap();
    if let Some(list) = std::env::var_os("UCP_SKIPPED").filter(|list| !list.is_empty()) {
        let mut list = OpenOptions::new().create(true).append(true).open(list).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
}
