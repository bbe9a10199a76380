//! Root's `ucp` on a tree whose owner swaps names for links, directories and FIFOs all the while. Whatever of the tree
//! arrives, nothing outside of it is read into it, written, made, or given another mode, owner or time.
//!
//! Bounded by copies and swaps; a clock only ends what hangs.

// What cannot be set up is to fail at once and to say why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "races/planter.rs"]
mod planter;
#[path = "races/scene.rs"]
mod scene;
#[path = "common/skipping.rs"]
mod skipping;
#[path = "races/swapper.rs"]
mod swapper;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use planter::Planter;
use scene::Scene;
use skipping::skip;
use swapper::Swapper;

/// Each test goes on until it has had so many swaps, in at least and at most so many copies.
const SWAPS: u64 = 6000;
const COPIES_MIN: usize = 24;
const COPIES_MAX: usize = 400;

/// Copies onto what the copy before left, before all is made anew. Where the source is swapped it is one: a link or a
/// FIFO that was rightly copied is rightly written to by the next copy.
const COPIES_EACH: usize = 3;

/// A copy of a few hundred small files that takes longer waits for a writer to a FIFO.
const STUCK_AFTER_SECONDS: u32 = 60;

#[allow(unsafe_code)]
fn ucp(scene: &Scene, engine: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ucp"));
    command.args(arguments).current_dir(scene.path("")).env_clear().env("UCP_ENGINE", engine);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let clock = || {
        // SAFETY: alarm only sets a timer of the process; it survives exec.
        unsafe { libc::alarm(STUCK_AFTER_SECONDS) };
        Ok(())
    };
    // SAFETY: the closure runs in the forked child and makes one system call.
    unsafe { command.pre_exec(clock) };
    command.output().unwrap()
}

/// The ways that files go, as options; loudly without those that need a ring where there is none.
fn ways() -> Vec<&'static [&'static str]> {
    let mut ways: Vec<&[&str]> = vec![&["--engine=sync"]];
    if io_uring::IoUring::new(2).is_ok() {
        let split = &["--engine=uring", "--placement=split"];
        let fused = &["--engine=uring", "--placement=fused"];
        ways.extend([&split[..], fused]);
    } else {
        skip("io_uring is not available");
    }
    ways
}

/// `-a` where it is built.
fn tree_option() -> &'static str {
    let scene = Scene::new();
    let refused = String::from_utf8(ucp(&scene, "sync", &["-a", "source", "probe"]).stderr).unwrap();
    if refused.contains("not supported yet") { "-r" } else { "-a" }
}

/// Copies `source` to `destination` again and again while these pairs are swapped.
fn race(options: &[&str], each: usize, pairs: impl Fn(&Scene) -> Vec<swapper::Pair>) {
    if !rustix::process::geteuid().is_root() {
        return skip("needs root");
    }
    let mut engines = vec!["sync"];
    if io_uring::IoUring::new(2).is_ok() {
        engines.push("uring");
    } else {
        skip("io_uring is not available");
    }
    let tree = tree_option();
    for engine in engines {
        let scene = Scene::new();
        let pause = RwLock::new(());
        let swapper = Swapper::new(&pause, pairs(&scene));
        std::thread::scope(|scope| {
            let stop = swapper::StopOnDrop(&swapper);
            scope.spawn(|| swapper.run());
            let mut copies = 0;
            while copies < COPIES_MIN || (swapper.swaps() < SWAPS && copies < COPIES_MAX) {
                let arguments = [&[tree], options, &["source/.", "destination"]].concat();
                let output = ucp(&scene, engine, &arguments);
                judge(&output, engine, &arguments);
                copies += 1;
                let _nobody_swaps = pause.write().unwrap();
                scene.check();
                if copies % each == 0 {
                    scene.make_anew();
                }
            }
            drop(stop);
        });
        let swaps = swapper.swaps();
        assert!(swaps > SWAPS / 4, "{engine}: {swaps} swaps are too few to show anything");
    }
}

fn judge(output: &Output, engine: &str, arguments: &[&str]) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert_ne!(
        output.status.signal(),
        Some(libc::SIGALRM),
        "{engine} {arguments:?} hangs; it said:\n{words}"
    );
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{engine} {arguments:?}: {}\n{words}",
        output.status
    );
}

#[test]
fn nothing_outside_of_the_source_is_read() {
    race(&[], 1, |scene| {
        vec![
            scene.pair("source/one/0", "to-secret"),
            scene.pair("source/one/7", "to-secret-directory"),
            scene.pair("source/two", "to-secret-directory-2"),
            scene.pair("source/two/deep", "to-secret-directory-3"),
            scene.pair("source/three/6", "other-file"),
            scene.pair("source/three", "other-directory"),
            scene.pair("source/one/3", "other-directory-2"),
        ]
    });
}

#[test]
fn a_fifo_in_place_of_a_file_is_not_waited_for() {
    race(&[], 1, |scene| vec![scene.pair("source/three/5", "fifo"), scene.pair("source/one/2", "fifo-2")]);
}

#[test]
fn nothing_outside_of_the_source_is_read_when_links_are_made() {
    // By itself -l follows links, wherever they lead.
    race(&["-l", "-P"], 1, |scene| {
        vec![
            scene.pair("source/two", "to-secret-directory"),
            scene.pair("source/two/deep", "to-secret-directory-2"),
            scene.pair("source/three", "other-directory"),
            scene.pair("source/one/3", "other-directory-2"),
        ]
    });
}

#[test]
fn nothing_outside_of_the_destination_is_touched() {
    race(&[], COPIES_EACH, |scene| {
        vec![
            scene.pair("destination/one", "to-canary-directory"),
            scene.pair("destination/two", "to-canary-directory-2"),
            scene.pair("destination/two/deep", "to-canary-directory-3"),
            scene.pair("destination/one/0", "to-nothing"),
            scene.pair("destination/three/4", "to-nothing-2"),
            scene.pair("destination/three", "other-directory"),
        ]
    });
}

#[test]
fn links_in_place_of_files_are_removed_and_not_followed() {
    // Without the option GNU writes through a link to a file that is there, so only with it this must hold.
    race(&["--remove-destination"], COPIES_EACH, |scene| {
        vec![
            scene.pair("destination/one/0", "to-canary"),
            scene.pair("destination/one/1", "to-canary-2"),
            scene.pair("destination/two/deep/2", "to-canary-3"),
            scene.pair("destination/three/9", "to-canary-directory"),
            scene.pair("destination/one", "to-canary-directory-2"),
        ]
    });
}

#[test]
fn backups_are_made_in_the_directory_that_was_entered() {
    race(&["--backup=numbered"], COPIES_EACH, |scene| {
        vec![
            scene.pair("destination/one", "to-canary-directory"),
            scene.pair("destination/two/deep", "to-canary-directory-2"),
            scene.pair("destination/three", "other-directory"),
        ]
    });
}

/// Runs for each way and each list of options, so that with the files of the scene more than 10,000 copies are tried.
const PLANTED_RUNS: usize = 20;

#[test]
fn links_that_are_planted_under_free_and_freed_names_are_not_written_through() {
    if !rustix::process::geteuid().is_root() {
        return skip("needs root");
    }
    // With the first, what is in a directory that was there is written through a link, as GNU cp does: all is made anew each
    // time.
    let lists: [&[&str]; 6] = [
        &["-r"],
        &["-a", "-b"],
        &["-a", "--remove-destination"],
        &["-rn"],
        &["-a", "--backup=numbered", "-f"],
        &["-r", "--atomic", "-b"],
    ];
    for way in ways() {
        for options in lists {
            let scene = Scene::new();
            let pause = RwLock::new(());
            let planter = Planter::new(&pause, &scene);
            std::thread::scope(|scope| {
                let stop = planter::StopOnDrop(&planter);
                scope.spawn(|| planter.run());
                for run in 0..PLANTED_RUNS {
                    let arguments = [way, options, &["source/.", "destination"]].concat();
                    let output = ucp(&scene, "auto", &arguments);
                    judge(&output, "", &arguments);
                    let _nobody_plants = pause.write().unwrap();
                    scene.check();
                    if run % COPIES_EACH == 0 || options == ["-r"] {
                        scene.make_anew();
                    }
                }
                drop(stop);
            });
            assert!(planter.planted() > 0, "{way:?} {options:?}: nothing was planted");
        }
    }
}

/// Files in one directory, which two processes make at the same time.
const MADE_BY_TWO: usize = 300;

/// What the other process writes.
const THEIRS: &str = "theirs";

#[test]
fn what_another_process_makes_meanwhile_is_not_lost_where_options_spare_what_is_there() {
    let lists: [&[&str]; 6] = [
        &["-rn"],
        &["-r", "--update=none"],
        &["-r", "--update=none-fail"],
        &["-rb"],
        &["-ru"],
        &["-an", "-f", "-n"],
    ];
    let scene = Scene::new();
    let source = scene.path("many");
    fs::create_dir(&source).unwrap();
    for number in 0..MADE_BY_TWO {
        let file = File::create(source.join(number.to_string())).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    for way in ways() {
        for options in lists {
            let mut made_by_other = 0;
            // Who is faster is not in our hands: until the other one was, at least once.
            for run in 0.. {
                let place = scene.path("made");
                fs::create_dir(&place).unwrap();
                let over = AtomicBool::new(false);
                let made = std::thread::scope(|scope| {
                    let other = scope.spawn(|| {
                        // In another order than that of the names, which listings have by chance only.
                        let numbers = (0..MADE_BY_TWO).map(|number| (number * 7) % MADE_BY_TWO);
                        let unless_over = numbers.take_while(|_| !over.load(Ordering::Relaxed));
                        let names = unless_over.map(|number| place.join(number.to_string()));
                        let made = |name: &std::path::PathBuf| {
                            File::create_new(name)
                                .is_ok_and(|mut file| file.write_all(THEIRS.as_bytes()).is_ok())
                        };
                        names.filter(made).collect::<Vec<_>>()
                    });
                    let arguments = [way, options, &["-T", "many", "made"]].concat();
                    let output = ucp(&scene, "auto", &arguments);
                    over.store(true, Ordering::Relaxed);
                    judge(&output, "", &arguments);
                    other.join().unwrap()
                });
                for name in &made {
                    let backup = name
                        .with_extension("~")
                        .with_file_name(format!("{}~", name.file_name().unwrap().display()));
                    let kept = [name, &backup]
                        .into_iter()
                        .any(|name| fs::read(name).is_ok_and(|text| text == THEIRS.as_bytes()));
                    assert!(kept, "{way:?} {options:?}: {} is lost", name.display());
                }
                made_by_other += made.len();
                fs::remove_dir_all(&place).unwrap();
                if run >= 3 && made_by_other > 0 {
                    break;
                }
            }
        }
    }
}
