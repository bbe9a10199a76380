//! House rules on who imports whom, read from the source: folders import downwards only, so that there is no circle between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// Each folder of `src`, or file where it has none, with what it may import: the picture in ARCHITECTURE.md.
const LAYERS: &[(&str, &[&str])] = &[
    ("patience", &[]),
    ("format", &[]),
    ("hashes", &[]),
    ("bufpool", &["patience"]),
    ("process", &["patience", "bufpool"]),
    ("report", &["patience", "process"]),
    ("cli", &["format", "process", "report"]),
    ("plan", &["cli"]),
    ("pipeline", &["patience", "bufpool", "process", "report", "cli", "plan"]),
    ("cat", &["patience", "format", "bufpool", "process", "report", "cli", "plan", "pipeline"]),
    ("cp", &["patience", "hashes", "bufpool", "process", "report", "cli", "plan", "pipeline"]),
    ("api", &["report", "cli", "cp"]),
    ("ring", &["bufpool", "pipeline", "plan"]),
    ("front", &["process", "report", "cli", "pipeline", "cat", "cp", "api"]),
    ("lib", &["format", "process", "report", "cli"]),
];

/// What each folder imports, by the first part of `crate::` paths; of code, not of comments and unit tests.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in WalkDir::new(&source) {
        let path = entry.unwrap().into_path();
        let below = path.strip_prefix(&source).unwrap();
        let first = below.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
        let is_test = below.iter().any(|part| part == "tests" || part == "tests.rs");
        if path.extension().is_none_or(|extension| extension != "rs") || is_test || first == "bin" {
            continue;
        }
        let folder = first.trim_end_matches(".rs");
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let found = imports.entry(folder.to_owned()).or_default();
        for line in code.lines().map(|line| line.split("//").next().unwrap()) {
            for rest in line.split("crate::").skip(1) {
                let to = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                if !to.is_empty() && to != folder {
                    found.insert(to.to_owned());
                }
            }
        }
    }
    imports
}

#[test]
fn folders_import_downwards_only() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    // Each row names only rows above it, so there is no circle.
    for (number, (folder, lower)) in LAYERS.iter().enumerate() {
        for name in *lower {
            assert!(LAYERS[..number].iter().any(|(above, _)| above == name), "{folder} -> {name}");
        }
    }
    let found = imports();
    for (folder, to) in &found {
        let Some(lower) = allowed.get(&**folder) else { panic!("{folder} has no row") };
        let upwards: Vec<&String> = to.iter().filter(|name| !lower.contains(&&***name)).collect();
        assert!(upwards.is_empty(), "{folder} imports {upwards:?}");
    }
    for (folder, lower) in LAYERS {
        let Some(to) = found.get(*folder) else { panic!("{folder} is gone") };
        let unused: Vec<_> = lower.iter().filter(|name| !to.contains(**name)).collect();
        assert!(unused.is_empty(), "{folder} imports no {unused:?} any more");
    }
}

#[test]
fn the_map_of_the_house_has_a_row_for_every_folder_and_none_for_one_that_is_gone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let rows: BTreeSet<String> = map
        .lines()
        .filter(|line| line.starts_with("| `src/"))
        .flat_map(|line| line.split(" | ").next().unwrap().split('`').skip(1).step_by(2))
        .map(|name| name.trim_end_matches('/').to_owned())
        .collect();
    let gone: Vec<&String> = rows.iter().filter(|name| !root.join(name).exists()).collect();
    assert!(gone.is_empty(), "rows of what is not there: {gone:?}");
    for entry in WalkDir::new(root.join("src")).min_depth(1).max_depth(1) {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        // The library's own root is the list of these rooms, and the programs have rows by file.
        if name != "src/lib.rs" && name != "src/bin" {
            assert!(rows.contains(&name), "{name} has no row in ARCHITECTURE.md");
        }
    }
}
