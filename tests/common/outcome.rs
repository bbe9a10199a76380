//! How a run ended and what it wrote, with the expectations a test can state about it.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use predicates::Predicate;

pub struct Outcome {
    called: String,
    output: Output,
}

impl Outcome {
    pub fn new(called: String, output: Output) -> Self {
        Self { called, output }
    }

    pub fn stdout(&self) -> &[u8] {
        &self.output.stdout
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    pub fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        self.expect(self.output.status.code() == Some(status), &format!("status {status}"));
        self
    }

    #[track_caller]
    pub fn dies_by(self, signal: i32) -> Self {
        self.expect(self.output.status.signal() == Some(signal), &format!("death by signal {signal}"));
        self
    }

    /// Exactly this on standard output.
    #[track_caller]
    pub fn prints(self, expected: impl AsRef<[u8]>) -> Self {
        let expected = expected.as_ref();
        let shown: String = expected.escape_ascii().map(char::from).take(2000).collect();
        self.expect(self.output.stdout == expected, &format!("standard output \"{shown}\""));
        self
    }

    /// Exactly these lines on standard output, in any order.
    #[track_caller]
    pub fn prints_lines(self, expected: &[&str]) -> Self {
        let mut wanted = expected.to_vec();
        wanted.sort_unstable();
        let text = String::from_utf8_lossy(&self.output.stdout);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        self.expect(lines == wanted, &format!("on standard output, in any order:\n{}", expected.join("\n")));
        self
    }

    /// Exactly this on standard error; the newline at the end may be left out.
    #[track_caller]
    pub fn complains(self, expected: &str) -> Self {
        let matches = self.output.stderr.strip_suffix(b"\n").unwrap_or(&self.output.stderr)
            == expected.strip_suffix('\n').unwrap_or(expected).as_bytes();
        self.expect(matches, &format!("standard error:\n{expected}"));
        self
    }

    /// Exactly these lines on standard error, in any order: for trees, which list in no promised order.
    #[track_caller]
    pub fn complains_lines(self, expected: &[&str]) -> Self {
        let mut wanted = expected.to_vec();
        wanted.sort_unstable();
        let text = self.stderr();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        self.expect(lines == wanted, &format!("on standard error, in any order:\n{}", expected.join("\n")));
        self
    }

    /// Standard error contains this.
    #[track_caller]
    pub fn mentions(self, part: &str) -> Self {
        let found = predicates::str::contains(part).eval(&self.stderr());
        self.expect(found, &format!("\"{part}\" in standard error"));
        self
    }

    #[track_caller]
    pub fn expect(&self, holds: bool, wanted: &str) {
        let shown: String = self.output.stdout.escape_ascii().map(char::from).take(2000).collect();
        assert!(
            holds,
            "expected {wanted}\ncommand: {}\n{}\nstandard output: {} bytes \"{shown}\"\nstandard error:\n{}",
            self.called,
            self.output.status,
            self.output.stdout.len(),
            self.stderr()
        );
    }
}
