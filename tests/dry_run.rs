//! `--dry-run`: it says what a run would say with `-v`, and touches nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use walkdir::WalkDir;

use crate::common::{Engine, Outcome, Sandbox, each_engine, is_root, needs_extensions};

/// All there is to know of a tree but access times: inode, mode, names, owner, size, times of change, contents. Of what an
/// ordinary user may not look into, that it is so: a run by that user could change nothing there either.
fn snapshot(s: &Sandbox) -> BTreeMap<PathBuf, (Vec<i64>, Vec<u8>)> {
    let entries = WalkDir::new(s.work()).into_iter().map(|entry| {
        let looked = entry.and_then(|entry| entry.metadata().map(|facts| (entry, facts)));
        let (entry, facts) = match looked {
            Ok(looked) => looked,
            Err(closed) => {
                let reason = closed.io_error().map(std::io::Error::kind);
                assert!(reason == Some(std::io::ErrorKind::PermissionDenied) && !is_root(), "{closed}");
                return (closed.path().unwrap().to_owned(), (Vec::new(), b"closed".to_vec()));
            }
        };
        let numbers = [facts.ino(), facts.mode().into(), facts.nlink(), facts.size(), facts.uid().into()];
        let times = [facts.mtime(), facts.mtime_nsec(), facts.ctime(), facts.ctime_nsec()];
        let numbers = numbers.map(|number| i64::try_from(number).unwrap()).into_iter().chain(times).collect();
        let content =
            if facts.is_file() { std::fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
        (entry.path().to_owned(), (numbers, content))
    });
    entries.collect()
}

/// Sources of all kinds, and destinations with something at almost every name.
fn tree(s: &Sandbox) {
    s.file("f", "f").file("g", "g").file("empty", "").symlink("link", "f").symlink("dangling", "nowhere");
    s.file("s/f", "1").hard_link("s/linked", "s/f").file("s/d/x", "x").hard_link("s/d/also", "s/f");
    s.symlink("s/link", "f").symlink("s/d/up", "..").file("s/d/e/deep", "y").dir("s/void").file("s/a.o", "o");
    s.file("s/.gitignore", "void\n").file("m/f", "other f").file("m/s/f", "other").file("m/s/new", "new");
    s.file("m/s/d", "a file").dir("m/s/void");
    s.file("t/f", "old")
        .file("t/f~", "older")
        .symlink("t/g", "../g")
        .symlink("t/dangling", "gone")
        .dir("t/empty");
    s.file("t/s/f", "old").dir("t/s/linked").file("t/s/d/x", "old").file("t/s/void", "a file");
    s.symlink("t/s/link", "elsewhere").hard_link("t/s/d/also", "t/s/d/x").file("t/s/a.o", "old");
    s.symlink("todir", "t/s").symlink("t/round", "round").file("round", "1").dir("u");
    for name in ["f", "s/f", "m/f", "m/s/f"] {
        s.times(name, 1_000_000, 2_000_000);
    }
}

/// What makes a run go another way, and what runs are asked to copy.
const OPTIONS: [&[&str]; 32] = [
    &["-r"],
    &["-a"],
    &["-rp"],
    &[],
    &["-P"],
    &["-rL"],
    &["-rH"],
    &["-rn"],
    &["-ru"],
    &["-r", "--update=none-fail"],
    &["-rb"],
    &["-r", "--backup=numbered"],
    &["-ab", "--suffix=.old"],
    &["-rf"],
    &["-af"],
    &["-rbf"],
    &["-r", "--remove-destination"],
    &["-rb", "--remove-destination"],
    &["-rl"],
    &["-rlf"],
    &["-l"],
    &["-s"],
    &["-rsf"],
    &["-rlb"],
    &["-d"],
    &["-r", "--attributes-only"],
    &["-r", "--keep-directory-symlink", "--copy-contents"],
    &["-r", "--parents"],
    &["-a", "--parents"],
    &["-rx", "--exclude=d", "--gitignore"],
    &["-r", "--preserve=links", "--exclude=*.o"],
    &["-r", "--strip-trailing-slashes", "--no-preserve=all"],
];

const OPERANDS: [&[&str]; 29] = [
    &["f", "new"],
    &["f", "g"],
    &["f", "f"],
    &["f", "t"],
    &["f", "t/f"],
    &["f", "t/dangling"],
    &["f", "t/round"],
    &["f", "t/empty"],
    &["f", "newdir/"],
    &["f", "missing/x"],
    &["f", "f/x"],
    &["missing", "f", "t"],
    &["f", "g", "link", "dangling", "empty", "t"],
    &["f", "g", "nowhere"],
    &["f", "m/f", "t"],
    &["f", "f", "u"],
    &["f", "m/f", "u"],
    &["s/link", "s/f", "link", "u"],
    &["s", "new"],
    &["s", "t"],
    &["s", "u"],
    &["s", "m/s", "t"],
    &["s", "m/s", "u"],
    &["m/s", "s", "u"],
    &["s", "f"],
    &["s/", "todir"],
    &["s/.", "m/s/.", "u"],
    &["s/d/x", "s/d", "s", "m/s/f", "u"],
    &["-T", "s", "t"],
];

/// Runs with and without `--dry-run` in one place, and answers where the two differ.
fn differences(s: &Sandbox, options: &[&str], operands: &[&str], nobody: bool) -> Option<String> {
    let before = snapshot(s);
    let run = |more: &[&str]| {
        let run = s.cp(options).and(more).and(operands);
        if nobody { run.by_nobody().run() } else { run.run() }
    };
    let told = run(&["--dry-run"]);
    let after = snapshot(s);
    let done = run(&["-v"]);
    let lines = |outcome: &Outcome| {
        // Only the order of messages may be another: some are foreseen before they would be met.
        let mut messages: Vec<String> = outcome.stderr().lines().map(str::to_owned).collect();
        messages.sort();
        let lines = String::from_utf8_lossy(outcome.stdout()).into_owned();
        format!("{lines}--\n{}\n-- {:?}\n", messages.join("\n"), outcome.status())
    };
    let (told, done) = (lines(&told), lines(&done));
    let changed = if before == after { "" } else { "SOMETHING WAS CHANGED" };
    (told != done || before != after)
        .then(|| format!("{options:?} {operands:?} {changed}\n== told:\n{told}== done:\n{done}"))
}

/// Fails with all that differs.
fn assert_none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_lines_and_the_status_are_those_of_the_run_itself_and_nothing_is_touched() {
    if !needs_extensions() {
        return;
    }
    let mut found = Vec::new();
    for options in OPTIONS {
        for operands in OPERANDS {
            let s = Sandbox::new(Engine::Sync);
            tree(&s);
            found.extend(differences(&s, options, operands, false));
        }
    }
    assert_none(&found);
}

#[test]
fn a_copy_into_itself_is_foreseen_though_not_where_it_will_be_met() {
    if !needs_extensions() {
        return;
    }
    for options in [&["-a"][..], &["-rx", "--exclude=d"], &["-ab"]] {
        let s = Sandbox::new(Engine::Sync);
        tree(&s);
        let before = snapshot(&s);
        let told = s.cp(options).and(["--dry-run", "s", "s/inner"]).run().ends(1);
        assert!(before == snapshot(&s), "{options:?}");
        let done = s.cp(options).and(["-v", "s", "s/inner"]).run().ends(1).complains(&told.stderr());
        let lines = |outcome: &Outcome| String::from_utf8_lossy(outcome.stdout()).into_owned();
        // The inode of the copy says what is listed behind it, which is not copied.
        let (told, done) = (lines(&told), lines(&done));
        let told: Vec<&str> = told.lines().collect();
        assert!(done.lines().all(|line| told.contains(&line)), "{options:?}: {told:?}\n{done}");
    }
}

#[test]
fn names_of_a_file_that_is_overwritten_and_linked_are_counted() {
    if !needs_extensions() {
        return;
    }
    // Entries come in the order of their inodes: what is removed, what is overwritten, and what becomes a link to that.
    let s = Sandbox::new(Engine::Sync);
    s.file("s/d/x", "x").file("s/d/also", "1").hard_link("s/f", "s/d/also");
    s.file("t/s/f", "old").file("t/s/d/x", "old").hard_link("t/s/d/also", "t/s/d/x").file("m/s/f", "other");
    assert_none(&differences(&s, &["-a"], &["s", "m/s", "t"], false).into_iter().collect::<Vec<_>>());
}

#[test]
fn what_permissions_forbid_is_foreseen() {
    if !needs_extensions() {
        return;
    }
    let mut found = Vec::new();
    for options in
        [&["-r"][..], &["-rf"], &["-rb"], &["-r", "--remove-destination"], &["-rl"], &["-a", "--parents"]]
    {
        for operands in [
            &["f", "closed/f"][..],
            &["s", "closed"],
            &["s", "f", "closed"],
            &["secret", "new"],
            &["secret", "f", "t"],
            &["f", "t/f"],
            &["dark", "new"],
            &["f", "link", "dark"],
            &["s", "t"],
        ] {
            let s = Sandbox::new(Engine::Sync);
            tree(&s);
            s.file("closed/f", "old")
                .dir("closed/s")
                .file("dark/f", "x")
                .file("secret", "x")
                .chmod("t/f", 0o444);
            s.chmod("t/s/f", 0)
                .give_to_nobody()
                .chmod("closed", 0o555)
                .chmod("secret", 0)
                .chmod("dark", 0o444);
            found.extend(differences(&s, options, operands, true));
        }
    }
    assert_none(&found);
}

#[test]
fn both_engines_say_the_same() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for (number, options) in
            [&["-a"][..], &["-rb"], &["-r", "--direct"], &["-r", "--stats"]].iter().enumerate()
        {
            let inner = Sandbox::new(s.engine());
            tree(&inner);
            let told = inner.cp(*options).and(["--dry-run", "s", "m/s", "t"]).run();
            let done = inner.cp(*options).and(["-v", "s", "m/s", "t"]).run();
            assert_eq!(told.stdout(), done.stdout(), "{number}");
            assert_eq!(told.status(), done.status(), "{number}");
        }
    });
}

#[test]
fn nobody_is_asked() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let before = snapshot(s);
        s.cp(["-ri", "--dry-run", "f", "t"]).input("n\n").succeeds().prints("'f' -> 't/f'\n");
        assert_eq!(snapshot(s), before);
        let told = s.cp(["-ri", "--dry-run", "s", "t"]).run();
        let done = s.cp(["-riv", "s", "t"]).input("y\n".repeat(20)).run();
        assert_eq!((told.stdout(), told.status()), (done.stdout(), done.status()));
    });
}

#[test]
fn a_refused_command_line_and_debug_are_as_without_it() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.cp(["--dry-run", "f"]).run().ends(1).mentions("missing destination file operand after 'f'");
        s.cp(["--dry-run", "s", "new"]).fails("ucp: -r not specified; omitting directory 's'");
        // How data would be copied cannot be told.
        s.cp(["--dry-run", "--debug", "f", "new"]).succeeds().prints("'f' -> 'new'\n");
        s.cp(["--dry", "f", "new"]).run().ends(1).mentions("unrecognized option '--dry'");
        assert!(!s.exists("new"));
    });
}

#[test]
fn a_deep_tree_is_told_under_few_descriptors() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file(format!("s/{}f", "d/".repeat(400)), "1").dir("t");
        let told =
            s.cp(["-r", "--dry-run", "s", "t"]).limit(rustix::process::Resource::Nofile, 40).succeeds();
        assert_eq!(s.names("t"), [""]);
        let done = s.cp(["-rv", "s", "t"]).limit(rustix::process::Resource::Nofile, 40).succeeds();
        assert_eq!(told.stdout(), done.stdout());
    });
}
