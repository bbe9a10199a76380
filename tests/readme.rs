//! The commands of README.md, run as they are written there.

use std::path::Path;
use std::process::Command;

use crate::common::{Sandbox, each_engine, needs_extensions, noise};

const README: &str = include_str!("../README.md");

/// The blocks fenced as `sh`, which are to be run; what cannot be run here (an installation) is fenced as `shell`.
fn blocks() -> Vec<&'static str> {
    let fenced = README.split("\n```sh\n").skip(1);
    fenced.map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// What the commands take for granted.
fn furnish(s: &Sandbox) {
    s.file("file1", "1\n")
        .file("file2", "2\n")
        .file("file", "x\n")
        .file("header", "h\n")
        .file("footer", "f\n");
    s.dir("dir").dir("dst").file("build/made", noise(9000, 1));
    s.file("src/a", noise(70_000, 2)).file("src/below/b", "b").symlink("src/link", "a");
    s.file("mnt/old/kept", noise(40_000, 3)).hard_link("mnt/old/linked", "mnt/old/kept").dir("mnt/new");
    s.file("documents/report.txt", "new\n").file("mnt/backup/documents/report.txt", "old\n").dir("mnt/nfs");
    s.times("mnt/backup/documents/report.txt", 1_000_000_000, 1_000_000_000);
    s.file("site/index.html", "new\n").file("mnt/www/index.html", "old\n");
    s.file("photos/a.jpg", noise(9000, 5)).file("photos/2025/b.jpg", "b").file("photos/notes", "n");
    s.file("project/.gitignore", "*.o\n")
        .file("project/main.c", "c")
        .file("project/main.o", "o")
        .dir("backup");
    s.file("project/.git/HEAD", "h").file("stamp", "").times("stamp", 1_000_000_000, 1_000_000_000);
    s.file("disk.img", noise(300_000, 4));
    s.file("script-that-calls-ucp", "#!/bin/sh\nucp file1 called\n").chmod("script-that-calls-ucp", 0o755);
}

/// Runs one line of a block in `s`, whose `mnt` stands for the machine's.
fn run(s: &Sandbox, line: &str) {
    let programs = Path::new(assert_cmd::cargo::cargo_bin!("ucp")).parent().unwrap();
    let path = std::env::join_paths(
        [programs.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", &format!("umask 022; {}", line.replace(" /mnt/", " mnt/"))])
        .current_dir(s.work());
    shell.env("PATH", path.unwrap()).env("release", "released");
    if let Some(engine) = s.engine().variable() {
        shell.env("UCP_ENGINE", engine);
    }
    let output = shell.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "README.md: {line}\n{}\n{told}", output.status);
}

#[test]
fn commands_of_the_readme_do_what_it_says() {
    if !needs_extensions() {
        return;
    }
    let lines: Vec<&str> =
        blocks().into_iter().flat_map(str::lines).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 12, "the commands were not found: {lines:?}");
    each_engine(|s| {
        furnish(s);
        lines.iter().for_each(|line| run(s, line));
        s.assert_same("src", "dst/src");
        s.assert_same("mnt/old", "mnt/new");
        s.assert_same("build", "released");
        assert_eq!(s.read("mnt/backup/documents/report.txt.~1~"), b"old\n");
        assert_eq!(s.read("mnt/backup/documents/report.txt"), b"new\n");
        assert_eq!(s.read("mnt/backup/disk.img"), s.read("disk.img"));
        assert_eq!(s.read("mnt/www/index.html"), b"new\n");
        s.assert_same("photos", "mnt/photos");
        assert_eq!(s.read("photos.b3").iter().filter(|byte| **byte == b'\n').count(), 3);
        assert!(s.exists("tracked/main.c") && !s.exists("tracked/main.o") && !s.exists("tracked/.git"));
        assert!(s.exists("jpg/2025/b.jpg") && !s.exists("jpg/notes"));
        s.assert_same("src/below", "backup/src/below");
        s.assert_same("src", "mnt/slow");
        assert!(s.exists("called") && s.exists("stats.json"));
    });
}

/// The block below "Two commands".
fn two_commands() -> [&'static str; 2] {
    let (_, section) = README.split_once("\n## Two commands\n\n```shell\n").unwrap();
    let (block, _) = section.split_once("\n```").unwrap();
    let lines: Vec<&str> = block.lines().collect();
    lines.try_into().unwrap()
}

#[test]
fn the_first_command_of_the_readme_builds_both_programs_and_copies_a_folder_that_is_there() {
    if !needs_extensions() {
        return;
    }
    let [first, second] = two_commands();
    assert_eq!(second, "cargo test");
    // Both programs are built already, of which this test is a proof; what cargo would run is run.
    let copies = first.strip_prefix("cargo build --release && cargo run --release --quiet -- ").unwrap();
    each_engine(|s| {
        let mut shell = Command::new("sh");
        shell.args([
            "-ec",
            &format!("umask 0; '{}' {copies}", assert_cmd::cargo::cargo_bin!("ucp").display()),
        ]);
        shell.current_dir(env!("CARGO_MANIFEST_DIR")).env("TMPDIR", s.work());
        if let Some(engine) = s.engine().variable() {
            shell.env("UCP_ENGINE", engine);
        }
        let output = shell.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains("files "), "{first}: {}\n{told}", output.status);
        let made: Vec<_> = std::fs::read_dir(s.work()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [made] = made.as_slice() else { panic!("not one folder: {made:?}") };
        s.assert_same(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs"), made.join("docs"));
    });
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut followed = 0;
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/README.md",
        "docs/bounds.md",
        "docs/decisions.md",
        "docs/differences.md",
        "docs/fallbacks.md",
        "docs/library.md",
        "docs/install.md",
        "docs/durable.md",
        "docs/verify.md",
        "docs/choosing.md",
        "docs/progress.md",
        "docs/environments.md",
        "docs/ways.md",
        "docs/stats.md",
    ] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            if file.contains("://") {
                continue;
            }
            let path =
                if file.is_empty() { root.join(name) } else { root.join(name).parent().unwrap().join(file) };
            let there = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} links to {target}"));
            let mut anchors = there.lines().filter(|line| line.starts_with('#')).map(|line| {
                let words = line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
                words.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>()
            });
            assert!(heading.is_empty() || anchors.any(|anchor| anchor == heading), "{name}: {target}");
            followed += 1;
        }
    }
    assert!(followed > 10, "the links were not found");
}
