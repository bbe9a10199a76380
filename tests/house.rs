//! House rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::common::{Engine, Sandbox, needs_extensions};

const LINES_MAX: usize = 400;

/// Where `unsafe` may stand, as beginnings of paths.
const UNSAFE_IN: [&str; 5] =
    ["src/bufpool/", "src/pipeline/engine/uring/", "src/process.rs", "src/process/", "src/bin/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under these directories, by name relative to the package, with its text.
fn sources(directories: &[&str]) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for directory in directories {
        for entry in WalkDir::new(root().join(directory)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(files.len() > 3, "the sources were not found");
    files
}

/// All of them, with the build script.
fn every_source() -> Vec<(PathBuf, String)> {
    let mut files = sources(&["src", "tests", "benches"]);
    files.push(("build.rs".into(), fs::read_to_string(root().join("build.rs")).unwrap()));
    files
}

/// Fails with all the offenders at once.
fn assert_none(offenders: &[String], rule: &str) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

#[test]
fn files_are_short() {
    let long: Vec<String> = every_source()
        .iter()
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert_none(&long, "a file past 400 lines owns two things");
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<String> = every_source()
        .iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_none(&silent, "a file opens with a //! line about what it owns");
}

#[test]
fn unsafe_stands_in_few_files() {
    let mut offenders = Vec::new();
    for (path, text) in sources(&["src"]) {
        let name = path.to_str().unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap();
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            if !words.any(|word| word == "unsafe") {
                continue;
            }
            let allowed = UNSAFE_IN.iter().any(|place| name.starts_with(place));
            // The entry points need it for the name of main alone.
            if !allowed || (name.starts_with("src/bin/") && !code.contains("unsafe(no_mangle)")) {
                offenders.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert_none(&offenders, "unsafe belongs in the files that are named for it");
}

#[test]
fn every_extension_is_in_the_readme() {
    if !needs_extensions() {
        return;
    }
    const HEADING: &str = "Extensions beyond GNU";
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let s = Sandbox::new(Engine::Sync);
    for run in [s.cp(["--help"]), s.cat(["--help"])] {
        let outcome = run.succeeds();
        let help = String::from_utf8(outcome.stdout().to_vec()).unwrap();
        let Some((_, ours)) = help.split_once(HEADING) else { panic!("no \"{HEADING}\" in:\n{help}") };
        let mut options: Vec<&str> = ours
            .split(|c: char| !c.is_ascii_lowercase() && c != '-')
            .filter(|word| word.len() > 2 && word.starts_with("--"))
            .collect();
        options.sort_unstable();
        options.dedup();
        for option in
            ["--engine", "--placement", "--queue-depth", "--buffer-size", "--jobs", "--sqpoll", "--stats"]
        {
            assert!(options.contains(&option), "{option} is not in the help text");
        }
        let missing: Vec<String> =
            options.iter().filter(|option| !readme.contains(**option)).map(ToString::to_string).collect();
        assert_none(&missing, "every extension is explained in README.md");
    }
}

#[test]
fn no_test_lets_root_write_to_a_real_device() {
    let mut offenders = Vec::new();
    for (path, text) in sources(&["tests"]) {
        // A statement ends with its semicolon; one that names a device as an operand of ucp must give up root.
        for statement in text.split(';').filter(|statement| statement.contains("s.cp([")) {
            if statement.contains("\"/dev/") && !statement.contains("by_nobody()") {
                offenders.push(format!("{}: {}", path.display(), statement.trim()));
            }
        }
    }
    // This file only talks about it.
    offenders.retain(|offender| !offender.starts_with("tests/house.rs"));
    assert_none(&offenders, "a tool that goes wrong as root would replace the machine's devices");
}

#[test]
fn no_test_names_a_system_call_that_only_old_machines_have() {
    // What aarch64 and riscv64 were born without; tests/common/calls.rs says what stands for it.
    const OLD: &str = "access alarm chmod chown creat dup2 epoll_create epoll_wait eventfd fork futimesat getdents \
                       inotify_init lchown link lstat mkdir mknod open pause pipe poll readlink rename renameat rmdir \
                       select signalfd stat symlink time unlink ustat utime utimes vfork";
    let old: Vec<String> = OLD.split_whitespace().map(|call| format!("SYS_{call}")).collect();
    let mut offenders = Vec::new();
    for (path, text) in sources(&["src", "tests", "benches"]) {
        for (number, line) in (1..).zip(text.lines()).filter(|_| !path.ends_with("common/calls.rs")) {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words.any(|word| old.iter().any(|call| call == word)) {
                offenders.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    assert_none(&offenders, "this does not compile on every machine");
}

#[test]
fn what_each_fallback_keeps_is_held_by_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/fallbacks.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let named: Vec<&str> = rows
        .filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 30, "the tests were not found: {named:?}");
    let code: String = sources(&["src", "tests"]).into_iter().map(|(_, text)| text).collect();
    let lacking: Vec<String> = named
        .into_iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .map(ToOwned::to_owned)
        .collect();
    assert_none(&lacking, "docs/fallbacks.md names tests that do not exist");
}
