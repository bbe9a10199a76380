//! What `--stats` says: files, bytes and operations, for people or for programs.

use super::counters::Counters;
use std::fmt::Write;
use std::time::Duration;

/// How statistics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatsFormat {
    /// For people: one line a figure.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// What was copied or printed. Bytes are data bytes only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Files whose contents were moved, and links that stand for them (`-l`, `-s`).
    pub files: u64,
    /// Directories that were gone through.
    pub directories: u64,
    /// Bytes of contents that reached their destination.
    pub bytes: u64,
    /// Files and directories that were made durable.
    pub syncs: u64,
    /// Copies that were read back and are what was read.
    pub files_verified: u64,
    /// Bytes of copies that were read back.
    pub bytes_read_back: u64,
}

impl Tally {
    /// One more file, of this number of bytes.
    pub(crate) fn file(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    /// This number of bytes of a copy was read back.
    pub(crate) fn read_back(&mut self, bytes: u64) {
        self.bytes_read_back += bytes;
    }

    /// And were found to be right.
    pub(crate) fn verified(&mut self) {
        self.files_verified += 1;
    }

    /// Adds another worker's books.
    pub(crate) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.directories += other.directories;
        self.bytes += other.bytes;
        self.syncs += other.syncs;
        self.files_verified += other.files_verified;
        self.bytes_read_back += other.bytes_read_back;
    }
}

/// The version of the JSON form. docs/stats.md says when it changes, docs/stats.schema.json describes it.
const SCHEMA: u32 = 1;

/// The figures of a whole run.
#[derive(Debug, Clone)]
pub(crate) struct Stats {
    pub tally: Tally,
    /// What the engines did.
    pub counters: Counters,
    /// From the start of the work to its end.
    pub elapsed: Duration,
    /// Which engine ran.
    pub engine: &'static str,
    /// Why that one.
    pub reason: String,
    /// How many workers there were.
    pub workers: usize,
    /// Where the operations of files ran, where there is a choice.
    pub placement: Option<&'static str>,
    /// The ways that bytes went to standard output, where there is a choice of them.
    pub ways: Option<String>,
}

impl Stats {
    /// The figures as `--stats` prints them, with a newline at the end. `success` is what the exit status says.
    #[must_use]
    pub(crate) fn text(&self, format: StatsFormat, success: bool) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str, is_text: bool| {
            let written = match format {
                StatsFormat::Text => writeln!(text, "{:<24}{value}", name.replace('_', " ")),
                StatsFormat::Json => {
                    let separator = if text.is_empty() { "{" } else { "," };
                    let quote = if is_text { "\"" } else { "" };
                    write!(text, "{separator}\"{name}\":{quote}{}{quote}", escaped(value))
                }
            };
            debug_assert!(written.is_ok(), "a String takes everything");
        };
        match format {
            StatsFormat::Json => {
                line("schema", &SCHEMA.to_string(), false);
                line("success", &success.to_string(), false);
            }
            // Figures of nothing would read as if there had been nothing to do.
            StatsFormat::Text if !success && self.is_of_nothing() => {
                line("success", "no, and nothing was done", true);
                return text;
            }
            StatsFormat::Text if !success => line("success", "no", true),
            StatsFormat::Text => {}
        }
        let micros = self.elapsed.as_micros().max(1);
        let per_second = u128::from(self.tally.bytes) * 1_000_000 / micros;
        for (name, value) in [
            ("files", self.tally.files),
            ("directories", self.tally.directories),
            ("bytes", self.tally.bytes),
            ("elapsed_us", u64::try_from(micros).unwrap_or(u64::MAX)),
            ("bytes_per_second", u64::try_from(per_second).unwrap_or(u64::MAX)),
            ("operations", self.counters.operations),
            ("ring_operations", self.counters.ring_operations),
            ("plain_operations", self.plain_operations()),
            ("submissions", self.counters.submissions),
            ("completions", self.counters.completions),
            ("chains_cut", self.counters.chains_cut),
            ("in_flight_peak", self.counters.in_flight_peak),
            ("made_in_ring", self.counters.made_in_ring),
            ("made_by_calls", self.counters.made_by_calls),
            ("regions_registered", self.counters.regions_registered),
            ("regions_unregistered", self.counters.regions_unregistered),
            ("syncs", self.tally.syncs),
            ("workers", u64::try_from(self.workers).unwrap_or(u64::MAX)),
            ("files_verified", self.tally.files_verified),
            ("bytes_read_back", self.tally.bytes_read_back),
        ] {
            line(name, &value.to_string(), false);
        }
        match &self.ways {
            Some(ways) => line("ways", ways, true),
            None => line("calls_per_file", &self.calls_per_file(), false),
        }
        line("engine", self.engine, true);
        if let Some(placement) = self.placement {
            line("placement", placement, true);
        }
        line("reason", &self.reason, true);
        if format == StatsFormat::Json {
            text.push_str("}\n");
        }
        text
    }
}

impl Stats {
    /// Whether the run ended before anything was begun with.
    fn is_of_nothing(&self) -> bool {
        self.tally == Tally::default() && self.counters.operations == 0
    }

    /// Operations of chains that threads ran by plain calls.
    fn plain_operations(&self) -> u64 {
        self.counters.operations.saturating_sub(self.counters.ring_operations)
    }

    /// System calls for the files alone: one for each operation by a plain call, and the submissions. Listing, directories
    /// and what else is made are not in it, and setting attributes counts as one.
    fn calls_per_file(&self) -> String {
        let calls = self.plain_operations().saturating_add(self.counters.submissions);
        let hundredths = calls.saturating_mul(100) / self.tally.files.max(1);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// `text` inside a JSON string (RFC 8259, section 7).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\0'..='\x1f' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::Value;

    fn stats() -> Stats {
        let tally = Tally { files: 2, directories: 1, bytes: 30, ..Tally::default() };
        let counters = Counters { operations: 9, ring_operations: 4, submissions: 2, ..Counters::default() };
        Stats {
            tally,
            counters,
            elapsed: Duration::from_millis(10),
            engine: "uring",
            reason: "say \"so\"".into(),
            workers: 2,
            placement: Some("split"),
            ways: None,
        }
    }

    #[test]
    fn json_is_one_object_on_one_line() {
        let text = stats().text(StatsFormat::Json, true);
        assert!(text.starts_with(
            "{\"schema\":1,\"success\":true,\"files\":2,\"directories\":1,\"bytes\":30,\"elapsed_us\":10000,\"bytes_per_second\":3000,"
        ));
        assert!(
            text.ends_with(",\"engine\":\"uring\",\"placement\":\"split\",\"reason\":\"say \\\"so\\\"\"}\n")
        );
    }

    proptest! {
        #[test]
        fn json_holds_any_text(reason in ".*", ways in any::<String>()) {
            let stats = Stats { reason: reason.clone(), ways: Some(ways.clone()), ..stats() };
            let text = stats.text(StatsFormat::Json, false);
            prop_assert_eq!(text.lines().count(), 1);
            let json: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&json["reason"], &Value::from(reason));
            prop_assert_eq!(&json["ways"], &Value::from(ways));
            prop_assert_eq!(&json["success"], &Value::from(false));
        }
    }

    #[test]
    fn text_of_a_run_that_failed_says_so() {
        let failed = stats().text(StatsFormat::Text, false);
        assert!(failed.starts_with("success                 no\nfiles                   2\n"), "{failed}");
        let (tally, counters) = (Tally::default(), Counters::default());
        let nothing = Stats { tally, counters, ..stats() };
        let said = "success                 no, and nothing was done\n";
        assert_eq!(nothing.text(StatsFormat::Text, false), said);
        assert_eq!(nothing.text(StatsFormat::Text, true).lines().count(), 24);
    }

    #[test]
    fn text_is_a_line_a_figure() {
        let text = stats().text(StatsFormat::Text, true);
        assert_eq!(text.lines().next(), Some("files                   2"));
        assert_eq!(text.lines().count(), 24);
        assert!(text.contains("plain operations        5\n"));
        assert!(
            text.contains("calls per file          3.50\n"),
            "5 plain ones and 2 submissions for 2 files"
        );
    }
}
