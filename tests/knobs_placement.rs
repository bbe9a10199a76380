//! Where the operations of files run, on a destination whose operations sleep and on one where they do not.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::common::delaying::{self, Served};
use crate::common::{Engine, Sandbox, each_engine, io_uring_works, needs_extensions, noise, skip};

const DELAY: Duration = Duration::from_millis(2);

/// This test's own name: its process serves the file system for the others.
const SERVER: &str = "knobs_placement::what_is_written_to_the_delaying_file_system_is_there";

impl Sandbox {
    /// Mounts a file system, each of whose operations takes 2 milliseconds, on a new directory. `None`, loudly, where
    /// there can be none.
    fn delaying(&self, name: &str) -> Option<Served> {
        self.dir(name);
        let mut server = Command::new(std::env::current_exe().unwrap());
        server.args(["--exact", SERVER, "--nocapture"]);
        match delaying::start(server, &self.path(name), DELAY) {
            Ok(served) => Some(served),
            Err(error) => {
                skip(&format!("cannot mount a FUSE file system: {error}"));
                None
            }
        }
    }

    /// Makes `s`: so many files in each of four directories.
    fn four_directories(&self, files: u64) -> &Self {
        for file in 0..files {
            for directory in ["a", "b", "c", "d"] {
                let bytes = noise(usize::try_from(file * 977 % 9000).unwrap() + 1, file);
                self.file(format!("s/{directory}/{file}"), bytes);
            }
        }
        self
    }
}

/// What `--stats=json` says under a name: a number, or a text with its quotes.
fn figure<'a>(stats: &'a str, name: &str) -> &'a str {
    let (_, rest) = stats.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name}: {stats}"));
    rest.split([',', '}']).next().unwrap()
}

fn number(stats: &str, name: &str) -> u64 {
    figure(stats, name).parse().unwrap_or_else(|_| panic!("{name} is no number: {stats}"))
}

/// Copies with these options and answers the statistics.
fn stats_of(s: &Sandbox, options: &[&str], source: &str, target: &str) -> String {
    let outcome = s.cp(["--stats=json"]).and(options).and([source, target]).run().ends(0);
    s.assert_same(source, target);
    outcome.stderr()
}

#[test]
fn what_is_written_to_the_delaying_file_system_is_there() {
    if delaying::serve_if_asked() || !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    let Some(_served) = s.delaying("slow") else { return };
    fs::create_dir(s.path("slow/d")).unwrap();
    fs::write(s.path("slow/d/f"), noise(200_000, 1)).unwrap();
    assert_eq!(fs::read(s.path("slow/d/f")).unwrap(), noise(200_000, 1));
    fs::write(s.path("slow/d/f"), "short").unwrap();
    fs::remove_file(s.path("slow/d/f")).unwrap();
    assert_eq!(fs::read_dir(s.path("slow/d")).unwrap().count(), 0);
}

#[test]
fn a_destination_that_sleeps_is_noticed_and_its_files_are_made_in_the_ring() {
    if !needs_extensions() {
        return;
    }
    if !io_uring_works() {
        return skip("io_uring is not available");
    }
    let s = Sandbox::new(Engine::Uring);
    let Some(_served) = s.delaying("slow") else { return };
    s.four_directories(20);
    for (number_of_copy, options) in
        [&["-r", "--engine=auto"][..], &["-r"], &["-a", "--engine=auto"], &["-a"]].into_iter().enumerate()
    {
        let target = format!("slow/{number_of_copy}");
        let stats = stats_of(&s, options, "s", &target);
        let (ring, calls) = (number(&stats, "made_in_ring"), number(&stats, "made_by_calls"));
        assert_eq!(ring + calls, 80, "{stats}");
        // Six have to be seen. A worker has one under way meanwhile, and up to 64 with a ring from the start.
        assert!(calls >= 6 && ring > 0, "{stats}");
        assert_eq!(figure(&stats, "placement"), "\"fused\"", "{stats}");
        assert_eq!(figure(&stats, "engine"), "\"uring\"", "{stats}");
    }
    let stats = stats_of(&s, &["-r", "--engine=auto"], "s", "slow/again");
    assert!(number(&stats, "made_by_calls") <= 20, "it takes too many files to notice: {stats}");
}

#[test]
fn a_destination_that_does_not_sleep_is_left_to_plain_calls() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("quick", "size=30m") else { return };
        s.four_directories(100);
        for engine in ["--engine=auto", "--stats=json"] {
            let target = format!("quick/{engine}");
            let stats = stats_of(s, &["-r", engine], "s", &target);
            assert_eq!(number(&stats, "made_in_ring"), 0, "{stats}");
            assert_eq!(number(&stats, "made_by_calls"), 400, "{stats}");
            assert_ne!(figure(&stats, "placement"), "\"fused\"", "{stats}");
        }
    });
}

#[test]
fn a_placement_that_is_asked_for_stays_whatever_is_seen() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_served) = s.delaying("slow") else { return };
        s.four_directories(10);
        let stats = stats_of(s, &["-r", "--placement=split"], "s", "slow/split");
        assert_eq!((number(&stats, "made_in_ring"), number(&stats, "made_by_calls")), (0, 40), "{stats}");
        let stats = stats_of(s, &["-r", "--placement=fused"], "s", "slow/fused");
        assert_eq!(number(&stats, "made_in_ring") + number(&stats, "made_by_calls"), 40, "{stats}");
        let in_ring = number(&stats, "made_in_ring");
        assert_eq!(in_ring > 0, s.engine() == Engine::Uring, "{stats}");
    });
}

#[test]
fn files_come_from_a_source_that_sleeps_too() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_served) = s.delaying("slow") else { return };
        s.four_directories(10);
        s.cp(["-r", "s", "slow/s"]).succeeds();
        s.file("slow/s/large", noise(600_000, 3));
        for (number, options) in [&["-r"][..], &["-a"], &["-r", "--placement=fused"]].into_iter().enumerate()
        {
            let (near, far) = (format!("near{number}"), format!("slow/far{number}"));
            s.cp(options).and(["slow/s", &near]).succeeds();
            s.assert_same("slow/s", &near);
            s.cp(options).and(["slow/s", &far]).succeeds();
            s.assert_same("slow/s", &far);
        }
    });
}

#[test]
fn debug_says_which_placement_it_came_to() {
    if !needs_extensions() {
        return;
    }
    if !io_uring_works() {
        return skip("io_uring is not available");
    }
    let s = Sandbox::new(Engine::Uring);
    let Some(_served) = s.delaying("slow") else { return };
    s.four_directories(5);
    let outcome = s.cp(["-r", "--debug", "s", "slow/copy"]).succeeds();
    let text = String::from_utf8(outcome.stdout().to_vec()).unwrap();
    let last = text.lines().last().unwrap_or_default();
    assert_eq!(last, "engine: uring, placement: fused, reason: making files had to wait");
}

#[test]
fn a_fifo_that_nobody_reads_yet_is_waited_for() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "data");
        for options in
            [&["--placement=fused"][..], &["--placement=fused", "-f"], &["--placement=split", "-f"]]
        {
            s.fifo("f", 0o644);
            let mut running = s.cp(options).and(["a", "f"]).start();
            // Whoever does not wait is done long before.
            for _ in 0..20 {
                assert!(!running.is_over(), "{options:?} did not wait: {:?}", running.finish().stderr());
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(fs::read(s.path("f")).unwrap(), b"data");
            running.finish().ends(0).complains("");
            fs::remove_file(s.path("f")).unwrap();
        }
    });
}
