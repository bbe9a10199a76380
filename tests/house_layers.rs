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

/// Files of `src` that are no tests, with their code up to their unit tests.
fn code() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    WalkDir::new(&source)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| !is_test(name))
        .map(|(name, path)| {
            let text = fs::read_to_string(path).unwrap();
            (name, text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned())
        })
        .collect()
}

/// The name of the type that a line defines.
fn defined_type(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub(super) ")).unwrap_or(line);
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn no_type_name_is_defined_twice_within_a_program_s_modules() {
    for folder in ["cp/", "cat/", "pipeline/"] {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, text) in code().into_iter().filter(|(path, _)| path.starts_with(folder)) {
            for name in text.lines().filter_map(defined_type) {
                names.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
        assert!(names.len() > 10, "{folder}: types were not found");
        names.retain(|_, files| files.len() > 1);
        assert!(names.is_empty(), "defined twice: {names:?}");
    }
}

#[test]
fn parameters_are_names_and_not_patterns() {
    let has_pattern = |line: &str| {
        let is_function = line.trim_start().contains("fn ");
        is_function && (line.contains("((") || line.contains(", (")) && line.contains("): (")
    };
    let found: Vec<String> = code()
        .iter()
        .flat_map(|(path, text)| {
            let lines = text.lines().filter(|line| has_pattern(line));
            lines.map(|line| format!("{path}: {}", line.trim())).collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "tuple patterns as parameters: {found:#?}");
}

#[test]
fn functions_that_the_map_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let named: Vec<(&str, &str)> =
        map.split('`').skip(1).step_by(2).filter_map(|name| name.split_once(".rs::")).collect();
    assert!(named.len() >= 12, "a file's life is told by its functions: {named:?}");
    let sources: Vec<(String, String)> = WalkDir::new(root.join("src"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    let is_there = |file: &str, function: &str| {
        let (file, function) = (format!("/{file}.rs"), format!("fn {function}("));
        let generic = function.replace('(', "<");
        sources.iter().any(|(path, text)| {
            path.ends_with(&file) && (text.contains(&function) || text.contains(&generic))
        })
    };
    let gone: Vec<_> = named.iter().filter(|(file, function)| !is_there(file, function)).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
}

#[test]
fn the_map_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bytes = fs::metadata(root.join("ARCHITECTURE.md")).unwrap().len();
    assert!(bytes <= 12 << 10, "{bytes} bytes");
}
