//! Signals to a run that cannot act on them: its threads sleep for a server that does not answer.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::silent::{self, NEVER, NEVER_BYTES, Served};
use crate::common::{Engine, Outcome, Running, Sandbox, each_engine, needs_extensions, skip};

/// This test's own name: its process serves the file system for the others.
const SERVER: &str = "progress_signals::the_silent_file_system_is_there";

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

impl Sandbox {
    /// Mounts a file system that does not answer, on a new directory. `None`, loudly, where there can be none.
    fn silent(&self, name: &str) -> Option<Served> {
        self.dir(name);
        let mut server = Command::new(std::env::current_exe().unwrap());
        server.args(["--exact", SERVER, "--nocapture"]);
        match silent::start(server, &self.path(name)) {
            Ok(served) => Some(served),
            Err(error) => {
                skip(&format!("cannot mount a FUSE file system: {error}"));
                None
            }
        }
    }
}

/// Waits until something holds; `false` where that takes too long.
fn comes(mut holds: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !holds() {
        if begun.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// The run ends by this signal, and need not be killed for it.
#[track_caller]
fn is_ended_by(mut running: Running, signal: Signal, served: Served) -> Outcome {
    let ended = comes(|| running.is_over());
    // What waits for an answer gets an error now, so that nothing waits for ever.
    drop(served);
    let outcome = if ended { running.finish() } else { running.kill() };
    assert!(ended, "it went on after the signal");
    outcome.dies_by(signal.as_raw())
}

#[test]
fn the_silent_file_system_is_there() {
    if silent::serve_if_asked() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    let Some(_served) = s.silent("mount") else { return };
    assert_eq!(s.path("mount").join(NEVER).metadata().unwrap().len(), NEVER_BYTES);
}

#[test]
fn a_read_that_is_not_answered_does_not_keep_a_signal_from_ending_the_run() {
    each_engine(|s| {
        // Without an option the signal has its default action, as in GNU cp.
        let ways: [&[&str]; 3] = [&[], &["--progress=never"], &["--manifest=list"]];
        for (number, options) in ways.into_iter().enumerate() {
            if !options.is_empty() && !needs_extensions() {
                continue;
            }
            let mount = format!("mount-{number}");
            let Some(served) = s.silent(&mount) else { return };
            let never = format!("{mount}/{NEVER}");
            let running = s.cp([&never, "copy"]).and(options).start();
            assert!(comes(|| served.keeps_waiting()), "nothing is read");
            running.signal(Signal::TERM);
            is_ended_by(running, Signal::TERM, served);
        }
    });
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(served) = s.silent("mount") else { return };
        let running = s.cp(["--progress=never", &format!("mount/{NEVER}"), "copy"]).start();
        assert!(comes(|| served.keeps_waiting()), "nothing is read");
        running.signal(Signal::INT);
        running.signal(Signal::TERM);
        // The first would have given the worker two seconds, and told what has become of the run.
        is_ended_by(running, Signal::TERM, served).complains("");
    });
}

#[test]
fn a_run_that_may_write_nothing_ends_all_the_same() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        // As the call is refused, so is what it is told by.
        s.file("a", "1").cp(["--manifest=list", "a", "b"]).refused(&[libc::SYS_write], libc::EIO).fails("");
    });
}
