//! Owns the programs that take part: where they are, what they say of themselves, and who is missing.

use std::collections::BTreeMap;
use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::figures::Absent;
use crate::options::Options;
use crate::scenarios::Scenario;

/// The tools of one scenario.
pub struct Field {
    /// Tool and command, as the scenario has them.
    pub present: Vec<(&'static str, &'static str)>,
    pub absent: Vec<Absent>,
}

/// Who takes part in a scenario: what is installed, and asked for where somebody asked.
pub fn field(scenario: &Scenario, options: &Options) -> Result<Field> {
    let mut field = Field { present: Vec::new(), absent: Vec::new() };
    for (tool, command) in scenario.commands {
        let asked = options.tools.is_empty() || options.tools.iter().any(|name| name == tool);
        let why = match (asked, find(&program(tool, options))) {
            (false, _) => "not asked for",
            (true, None) => "not installed",
            (true, Some(_)) => {
                field.present.push((*tool, *command));
                continue;
            }
        };
        field.absent.push(Absent { tool: (*tool).to_owned(), why: why.to_owned() });
    }
    ensure!(!field.present.is_empty(), "{}: none of its tools takes part", scenario.name);
    Ok(field)
}

/// The program behind a tool's name.
pub fn program(tool: &str, options: &Options) -> PathBuf {
    match tool {
        "ucp" => options.ucp.clone(),
        "ucat" => options.ucat.clone(),
        "uutils" => PathBuf::from("coreutils"),
        other => PathBuf::from(other),
    }
}

/// The first executable file of that name in PATH; a path with a slash is looked at itself.
pub fn find(program: &Path) -> Option<PathBuf> {
    let runs = |path: &Path| {
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return runs(program).then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(program)).find(|path| runs(path))
}

/// What these tools say of themselves, in their first line.
pub fn versions(field: &Field, options: &Options) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for (tool, _) in &field.present {
        let mut asking = Command::new(program(tool, options));
        asking.arg("--version").stdin(Stdio::null());
        let said = asking.output().map_or_else(
            |error| error.to_string(),
            |output| {
                let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
                let text = String::from_utf8_lossy(&text);
                text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("says nothing").to_owned()
            },
        );
        versions.insert((*tool).to_owned(), said);
    }
    versions
}
