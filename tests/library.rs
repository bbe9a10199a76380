//! The library's own promises: a copy as a value, errors as values, progress, cancellation, and nothing printed.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::io::Errno;
use ucp::{Attribute, Cancel, Control, Copy, EngineKind, Failures, Operation, Overwrite};

use crate::common::{Engine, Sandbox, each_engine, is_root, needs_extensions, noise, skip};

/// Names the directory that a process of its own works in, where this is one.
const PLACE: &str = "UCP_TEST_LIBRARY_PLACE";

/// A copy by the sandbox's engine.
fn copy<'a>(s: &Sandbox, sources: &[&str], destination: &str) -> Copy<'a> {
    let engine = match s.engine() {
        Engine::Sync | Engine::Reference => EngineKind::Sync,
        Engine::Uring => EngineKind::Uring,
    };
    Copy::new(sources.iter().map(|source| s.path(source)), s.path(destination)).engine(engine)
}

fn failures(copy: Copy<'_>) -> Failures {
    match copy.run() {
        Ok(summary) => panic!("nothing has failed: {summary:?}"),
        Err(failures) => failures,
    }
}

fn tree(s: &Sandbox) {
    s.dir("from/deep/deeper").file("from/small", "small").file("from/empty", "");
    s.file("from/deep/large", noise(3 << 20, 1)).symlink("from/deep/deeper/link", "../large");
}

#[test]
fn a_tree_is_copied_and_counted() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let summary = copy(s, &["from"], "to").archive().verify(true).fsync(true).run().unwrap();
        s.assert_same("from", "to");
        assert_eq!((summary.files, summary.directories, summary.bytes), (3, 3, (3 << 20) + 5));
        assert_eq!((summary.files_verified, summary.warnings.len()), (3, 0));
        assert!(summary.syncs >= 6 && summary.workers >= 1, "{summary:?}");
        // It is a directory now, and the next copy goes into it.
        let summary = copy(s, &["from"], "to").recursive(true).exclude("*ee*").run().unwrap();
        assert_eq!(
            (summary.files, s.names("to/from")),
            (2, ["", "empty", "small"].map(ToOwned::to_owned).to_vec())
        );
        let again = copy(s, &["from"], "to").onto_name().archive().overwrite(Overwrite::Older);
        assert_eq!(again.run().unwrap().files, 0);
    });
}

#[test]
fn every_error_is_a_value_and_the_rest_is_copied() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        s.file("good", "good").dir("to");
        let failed = failures(copy(s, &["missing", "from", "good"], "to").into_directory());
        assert_eq!((s.read("to/good"), failed.summary().files), (b"good".to_vec(), 1));
        let [missing, directory] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(missing.operation(), Operation::Stat);
        assert_eq!(missing.path(), Some(&*s.path("missing")));
        assert_eq!(missing.errno(), Some(Errno::NOENT.raw_os_error()));
        let words = format!("cannot stat '{}': No such file or directory", s.path("missing").display());
        assert_eq!(missing.to_string(), words);
        assert_eq!((directory.operation(), directory.errno()), (Operation::CopySource, None));
        assert_eq!(failed.to_string(), format!("{words} (and 1 more)"));
        assert!(!failed.is_cancelled() && failed.omitted() == 0);
    });
}

#[test]
fn what_may_not_be_read_or_written_is_a_value() {
    if !needs_extensions() {
        return;
    }
    if is_root() {
        return skip("root may read everything");
    }
    each_engine(|s| {
        s.file("secret", "").chmod("secret", 0).dir("locked").chmod("locked", 0o500).file("open", "");
        let failed = failures(copy(s, &["secret"], "copy"));
        let [secret] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(secret.operation(), Operation::Open);
        assert_eq!(secret.io_error().unwrap().kind(), std::io::ErrorKind::PermissionDenied);
        let failed = failures(copy(s, &["open"], "locked/copy"));
        let [locked] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!((locked.operation(), locked.path()), (Operation::Create, Some(&*s.path("locked/copy"))));
        s.chmod("locked", 0o700);
    });
}

#[test]
fn a_full_file_system_is_a_value() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("small", "size=1m") else { return };
        s.file("large", noise(4 << 20, 2));
        let failed = failures(copy(s, &["large"], "small"));
        let [full] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(full.errno(), Some(Errno::NOSPC.raw_os_error()), "{full:?}");
        assert_eq!((full.operation(), full.path()), (Operation::Write, Some(&*s.path("small/large"))));
    });
}

#[test]
fn options_that_contradict_one_another_touch_nothing() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("a", "new").file("b", "old");
    let both = failures(copy(&s, &["a"], "b").backup(Control::Simple).overwrite(Overwrite::Skip));
    let none = failures(copy(&s, &[], "b"));
    let glob = failures(copy(&s, &["a"], "b").exclude("["));
    let contexts = failures(copy(&s, &["a"], "b").preserve(Attribute::Context));
    for failed in [both, none, glob, contexts] {
        let [failure] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!((failure.operation(), failure.path()), (Operation::Run, None), "{failure}");
    }
    assert_eq!(s.read("b"), b"old");
    copy(&s, &["a"], "b").suffix(".old").run().unwrap();
    assert_eq!((s.read("b"), s.read("b.old")), (b"new".to_vec(), b"old".to_vec()));
}

#[test]
fn a_name_with_a_nul_is_an_error_and_no_other_file() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("a", "");
    let failed = failures(copy(&s, &["a\0b"], "c"));
    assert_eq!(failed.as_slice()[0].errno(), Some(Errno::INVAL.raw_os_error()), "{failed:?}");
    assert_eq!(s.names(""), ["", "a"]);
}

#[test]
fn progress_is_told_and_ends_with_all_that_was_done() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        let mut seen = Vec::new();
        let told = copy(s, &["from"], "to").archive().on_progress(Duration::from_millis(1), |progress| {
            seen.push((progress.files, progress.bytes));
        });
        told.run().unwrap();
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!(seen.last(), Some(&(3, (3 << 20) + 5)));
    });
}

#[test]
fn a_callback_that_panics_does_so_to_who_runs_the_copy() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    tree(&s);
    let told = copy(&s, &["from"], "to").archive().on_progress(Duration::ZERO, |_| panic!("as was meant"));
    assert!(catch_unwind(AssertUnwindSafe(|| told.run())).is_err());
    s.assert_same("from", "to");
}

/// Feeds a FIFO that is copied to `copy` without end, until the copy is cancelled when the first bytes have come.
fn cancelled(s: &Sandbox, copied: &str) -> Failures {
    let cancel = Cancel::new();
    let interval = Duration::from_millis(1);
    let clone = cancel.clone();
    let endless = copy(s, &["fifo"], copied).cancelled_by(&cancel).on_progress(interval, move |progress| {
        if progress.bytes > 0 {
            clone.cancel();
        }
    });
    std::thread::scope(|scope| {
        let path = s.path("fifo");
        scope.spawn(move || {
            let mut fifo = OpenOptions::new().write(true).open(path).unwrap();
            while fifo.write_all(&[b'.'; 4096]).is_ok() {}
        });
        failures(endless)
    })
}

#[test]
fn a_cancelled_copy_ends_and_leaves_nothing_half_done() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("fifo", 0o600).file("there", "before");
        let failed = cancelled(s, "new");
        assert!(failed.is_cancelled() && !s.exists("new"), "{failed:?}");
        assert_eq!(failed.as_slice(), [], "it is whole or not there");
        let failed = cancelled(s, "there");
        let [half] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!((half.operation(), half.path()), (Operation::Finish, Some(&*s.path("there"))));
    });
}

#[test]
fn a_copy_that_is_cancelled_before_it_begins_touches_nothing() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    tree(&s);
    let cancel = Cancel::new();
    cancel.cancel();
    let failed = failures(copy(&s, &["from"], "to").archive().cancelled_by(&cancel));
    assert!(failed.is_cancelled() && !s.exists("to"));
    let unused = Cancel::new();
    assert!(copy(&s, &["from"], "to").archive().cancelled_by(&unused).run().is_ok());
}

#[test]
fn several_copies_go_on_in_one_process() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        std::thread::scope(|scope| {
            for to in ["one", "two", "three", "four"] {
                scope.spawn(move || copy(s, &["from"], to).archive().run().unwrap());
            }
        });
        for to in ["one", "two", "three", "four"] {
            s.assert_same("from", to);
        }
    });
}

/// What the kernel says of this thread and its process that a library may not change: signals, umask, number of threads.
fn own_state() -> BTreeSet<String> {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let kept = ["SigBlk", "SigIgn", "SigCgt", "Umask", "Threads"];
    let lines = status.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
    lines.map(ToOwned::to_owned).collect()
}

#[test]
fn a_process_that_copies_in_silence() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let own = [rustix::io::dup(rustix::stdio::stdout()), rustix::io::dup(rustix::stdio::stderr())];
    rustix::stdio::dup2_stdout(File::create(place.join("stdout")).unwrap()).unwrap();
    rustix::stdio::dup2_stderr(File::create(place.join("stderr")).unwrap()).unwrap();
    let before = own_state();
    let run = |sources: &[&str]| {
        let sources = sources.iter().map(|name| place.join(name));
        let copy = Copy::new(sources, place.join("to")).into_directory().archive();
        let copy = copy.jobs(NonZeroUsize::new(2).unwrap());
        copy.cancelled_by(&Cancel::new()).on_progress(Duration::from_millis(1), |_| {}).run()
    };
    let outcomes = [run(&["from"]), run(&["missing", "from/small", "from/small"])];
    // A thread that has ended is counted until the kernel has taken it away.
    let settled = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        own_state() == before
    });
    let [out, err] = own.map(Result::unwrap);
    rustix::stdio::dup2_stdout(out).unwrap();
    rustix::stdio::dup2_stderr(err).unwrap();
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    let failed = outcomes[1].as_ref().unwrap_err();
    assert_eq!((failed.as_slice().len(), failed.summary().warnings.len()), (1, 1), "{failed:?}");
    assert!(settled, "{before:?}, and then {:?}", own_state());
}

#[test]
fn nothing_is_printed_and_the_process_stays_as_it_was() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    tree(&s);
    s.dir("to");
    let name = "library::a_process_that_copies_in_silence";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let outcome = child.args([name, "--exact", "--nocapture"]).env(PLACE, s.work()).output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stdout));
    let said = |stream: &str| fs::read_to_string(Path::new(&s.work()).join(stream)).unwrap();
    assert_eq!((said("stdout"), said("stderr")), (String::new(), String::new()));
}
