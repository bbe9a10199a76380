//! What `--stats` says: files, bytes and operations, for people or for programs.

use crate::cli::knobs::StatsFormat;
use crate::pipeline::engine::Counters;
use std::fmt::Write;
use std::time::Duration;

/// What was copied or printed. Bytes are data bytes only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files whose contents were moved.
    pub files: u64,
    /// Directories that were gone through.
    pub directories: u64,
    /// Bytes of contents that reached their destination.
    pub bytes: u64,
    /// Copies that were read back and are what was read.
    pub files_verified: u64,
    /// Bytes of copies that were read back.
    pub bytes_read_back: u64,
}

impl Tally {
    /// One more file, of so many bytes.
    pub fn file(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    /// So many bytes of a copy were read back.
    pub fn read_back(&mut self, bytes: u64) {
        self.bytes_read_back += bytes;
    }

    /// And were found to be right.
    pub fn verified(&mut self) {
        self.files_verified += 1;
    }

    /// Adds another worker's books.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.directories += other.directories;
        self.bytes += other.bytes;
        self.files_verified += other.files_verified;
        self.bytes_read_back += other.bytes_read_back;
    }
}

/// The figures of a whole run.
#[derive(Debug, Clone)]
pub struct Stats {
    /// What was moved.
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
    /// The ways that bytes went to standard output, where there is a choice of them.
    pub ways: Option<String>,
}

impl Stats {
    /// The figures as `--stats` prints them, with a newline at the end.
    #[must_use]
    pub fn text(&self, format: StatsFormat) -> String {
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
        let micros = self.elapsed.as_micros().max(1);
        let per_second = u128::from(self.tally.bytes) * 1_000_000 / micros;
        for (name, value) in [
            ("files", self.tally.files),
            ("directories", self.tally.directories),
            ("bytes", self.tally.bytes),
            ("elapsed_us", u64::try_from(micros).unwrap_or(u64::MAX)),
            ("bytes_per_second", u64::try_from(per_second).unwrap_or(u64::MAX)),
            ("operations", self.counters.operations),
            ("submissions", self.counters.submissions),
            ("completions", self.counters.completions),
            ("chains_cut", self.counters.chains_cut),
            ("in_flight_peak", self.counters.in_flight_peak),
            ("regions_registered", self.counters.regions_registered),
            ("regions_unregistered", self.counters.regions_unregistered),
            ("workers", u64::try_from(self.workers).unwrap_or(u64::MAX)),
            ("files_verified", self.tally.files_verified),
            ("bytes_read_back", self.tally.bytes_read_back),
        ] {
            line(name, &value.to_string(), false);
        }
        if let Some(ways) = &self.ways {
            line("ways", ways, true);
        }
        line("engine", self.engine, true);
        line("reason", &self.reason, true);
        if format == StatsFormat::Json {
            text.push_str("}\n");
        }
        text
    }
}

/// `text` inside a JSON string.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec![' '],
            c => vec![c],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats() -> Stats {
        let tally = Tally { files: 2, directories: 1, bytes: 30, ..Tally::default() };
        let counters = Counters { operations: 9, ..Counters::default() };
        Stats {
            tally,
            counters,
            elapsed: Duration::from_millis(10),
            engine: "uring",
            reason: "say \"so\"".into(),
            workers: 2,
            ways: None,
        }
    }

    #[test]
    fn json_is_one_object_on_one_line() {
        let text = stats().text(StatsFormat::Json);
        assert!(text.starts_with(
            "{\"files\":2,\"directories\":1,\"bytes\":30,\"elapsed_us\":10000,\"bytes_per_second\":3000,"
        ));
        assert!(text.ends_with(",\"engine\":\"uring\",\"reason\":\"say \\\"so\\\"\"}\n"));
    }

    #[test]
    fn text_is_a_line_a_figure() {
        let text = stats().text(StatsFormat::Text);
        assert_eq!(text.lines().next(), Some("files                   2"));
        assert_eq!(text.lines().count(), 17);
    }
}
