//! Owns what is kept of the measurements: plain data that goes to `results.json` and comes back from it.
//!
//! Each scenario carries all that is needed to judge it: machine, versions, commands, and every single run. So
//! scenarios that were measured one by one, on different days, can stand in one file without a false claim about any.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

pub mod standing;
pub mod statistics;

/// The form of the file; another number means that an older or newer program wrote it.
const FORM: u32 = 1;

/// All scenarios that were measured, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub form: u32,
    pub scenarios: BTreeMap<String, Measured>,
}

/// One scenario: what was done, where, and how long each run of each tool took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// A few words, for the chart and the summary.
    pub title: String,
    /// A sentence about what is copied or printed.
    pub what: String,
    pub source: String,
    pub destination: String,
    pub cold: bool,
    /// Times and CPU times are those of one of so many...
    pub repeats: u32,
    /// ... of these: `start`, `line`; empty where a run is a single command.
    pub unit: String,
    pub date: String,
    pub runs: u32,
    pub scale: f64,
    pub seed: u64,
    pub setting: Setting,
    pub tools: Vec<Figures>,
    /// Tools that have no figures here, and why.
    pub absent: Vec<Absent>,
}

/// Where it was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Lines of words: cores, memory, kernel, and so on.
    pub machine: Vec<(String, String)>,
    /// What each program says of itself.
    pub versions: BTreeMap<String, String>,
}

/// All timed runs of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub tool: String,
    pub command: String,
    pub samples: Vec<Sample>,
    /// Wall seconds with a tenth of the files, in the scenario that asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenth_wall_seconds: Vec<f64>,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub rss_kib: u64,
}

/// A tool without figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    pub tool: String,
    pub why: String,
}

impl Default for Results {
    fn default() -> Self {
        Self { form: FORM, scenarios: BTreeMap::new() }
    }
}

impl Results {
    /// What an earlier invocation wrote; nothing where there is no such file yet.
    pub fn load(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_json(&text).with_context(|| path.display().to_string()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    pub fn from_json(text: &str) -> Result<Self> {
        let results: Self = serde_json::from_str(text)?;
        anyhow::ensure!(results.form == FORM, "form {}, where {FORM} is known", results.form);
        Ok(results)
    }

    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Takes over the scenarios of `newer`, each as a whole: figures of different runs are never put side by side.
    pub fn merge(&mut self, newer: Self) {
        self.scenarios.extend(newer.scenarios);
    }

    /// The scenarios in the order of `names`; what is not named there comes last, by name.
    pub fn in_order(&self, names: &[&str]) -> Vec<(&str, &Measured)> {
        let mut all: Vec<_> =
            self.scenarios.iter().map(|(name, measured)| (name.as_str(), measured)).collect();
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or(names.len());
        all.sort_by_key(|(name, _)| place(name));
        all
    }
}
