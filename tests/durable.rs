//! `--fsync`: what was copied is on the device when the run ends, or that is told.

use rustix::process::Resource;

use crate::common::{Engine, Sandbox, each_engine, needs_extensions, noise};

/// How many files and directories a run says to have made durable.
fn syncs(s: &Sandbox, arguments: &[&str]) -> usize {
    let outcome = s.cp(["--fsync", "--stats=json"]).and(arguments).run().ends(0);
    let text = outcome.stderr();
    let (_, rest) = text.split_once("\"syncs\":").unwrap_or_else(|| panic!("no syncs in {text}"));
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// Makes `s`: 4 directories, 6 files under 7 names, a link, a FIFO.
fn tree(s: &Sandbox) {
    s.file("s/a", noise(100, 1)).file("s/d/b", noise(200_000, 2)).file("s/d/e/c", noise(9_000_000, 3));
    s.file("s/d/e/empty", "").sparse("s/f/holes", 5_000_000, &[(4_000_000, b"x")]).file("s/f/one", "1");
    s.hard_link("s/f/other", "s/f/one").symlink("s/d/link", "b").fifo("s/f/fifo", 0o600);
}

#[test]
fn every_file_and_every_directory_is_made_durable_once() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        // The hard link is a file of its own without -a; the directory that the copy is made in counts too.
        assert_eq!(syncs(s, &["-R", "s", "t"]), 7 + 4 + 1);
        s.assert_same("s", "t");
        assert_eq!(syncs(s, &["-a", "s", "u"]), 6 + 4 + 1);
        s.assert_same("s", "u");
        s.assert_same_attributes("s", "u");
        assert_eq!(syncs(s, &["-a", "s/.", "u"]), 6 + 4 + 1);
        assert_eq!(syncs(s, &["-R", "--direct", "s", "v"]), 7 + 4 + 1);
        s.assert_same("s", "v");
    });
}

#[test]
fn nothing_is_made_durable_unless_asked_for() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "1");
        s.cp(["-R", "--stats=json", "s", "t"]).run().ends(0).mentions("\"syncs\":0,");
    });
}

#[test]
fn the_directories_that_operands_go_into_are_made_durable() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").dir("t/u").file("d/e/f", "3").symlink("l", "t/u").symlink("m", "t/b");
        assert_eq!(syncs(s, &["a", "new"]), 2);
        assert_eq!(syncs(s, &["a", "b", "t"]), 3);
        assert_eq!(syncs(s, &["a", "t/u/x"]), 2);
        assert_eq!(syncs(s, &["a", "l"]), 2);
        // Written where the link leads, which has the name already.
        assert_eq!(syncs(s, &["a", "m"]), 2);
        assert_eq!((s.read("t/u/a"), s.read("t/b")), (b"1".into(), b"1".into()));
        // `t`, `t/d` and `t/d/e`.
        assert_eq!(syncs(s, &["--parents", "d/e/f", "t"]), 1 + 3);
        assert_eq!(syncs(s, &["--parents", "-p", "d/e/f", "a", "t"]), 2 + 3);
        assert_eq!(syncs(s, &["-l", "a", "t/linked"]), 1);
        assert_eq!(syncs(s, &["-s", "a", "symbolic"]), 1);
        assert_eq!(syncs(s, &["--attributes-only", "-p", "a", "t/b"]), 2);
    });
}

#[test]
fn a_name_made_through_a_dangling_link_is_made_durable_where_it_is() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").dir("t").symlink("l", "t/new");
        let run = |option: &[&str], link: &str| {
            let run = s.cp(["--fsync", "--stats=json"]).and(option).and(["a", link]);
            run.env("POSIXLY_CORRECT", "1").run().ends(0)
        };
        run(&[], "l").mentions("\"syncs\":3,");
        s.symlink("m", "t/other");
        run(&["--atomic"], "m").mentions("\"syncs\":3,");
        assert_eq!((s.read("t/new"), s.read("t/other")), (b"1".into(), b"1".into()));
    });
}

#[test]
fn what_cannot_be_made_durable_is_told_for_each_file() {
    if !needs_extensions() {
        return;
    }
    // A filter sees only plain calls.
    let s = Sandbox::new(Engine::Sync);
    s.file("s/a", "1").file("b", "2");
    let refused =
        |arguments: &[&str], errno| s.cp(["--fsync"]).and(arguments).refused(&[libc::SYS_fsync], errno).run();
    refused(&["b", "new"], libc::EIO).ends(1).complains_lines(&[
        "ucp: error syncing 'new': Input/output error",
        "ucp: error syncing '.': Input/output error",
    ]);
    let outcome = refused(&["-R", "s", "t"], libc::EIO).ends(1);
    for name in ["t/a", "t", "."] {
        assert!(outcome.stderr().contains(&format!("ucp: error syncing '{name}': Input/output error\n")));
    }
    // There is no such thing as durable there.
    refused(&["-R", "s", "u"], libc::EINVAL).ends(0).complains("");
    s.assert_same("s", "u");
}

#[test]
fn what_knows_no_fsync_is_no_failure() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").fifo("fifo", 0o666).give_to_nobody();
        let received = s.received_through("fifo", || drop(s.cp(["--fsync", "a", "fifo"]).succeeds()));
        assert_eq!(received, b"1");
        s.cp(["--fsync", "a", "/dev/null"]).by_nobody().run().ends(0);
    });
}

#[test]
fn a_directory_that_may_not_be_opened_is_told() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").dir("t").chmod("t", 0o333).give_to_nobody();
        let run = s.cp(["--fsync", "a", "t"]).by_nobody();
        run.fails("ucp: error opening 't': Permission denied");
        s.chmod("t", 0o755);
        assert_eq!(s.read("t/a"), b"1");
    });
}

#[test]
fn few_descriptors_are_enough_to_make_a_tree_durable() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let mut deep = String::from("s");
        for level in 0..70 {
            deep.push_str(&format!("/{level}"));
            s.file(format!("{deep}/file"), noise(level * 101, 1));
        }
        for file in 0..300 {
            s.file(format!("s/wide/{file}"), noise(file * 7, 2));
        }
        for (limit, copy) in [(32, "t"), (64, "u"), (600, "v")] {
            for atomic in [None, Some("--atomic")] {
                let copy = format!("{copy}{}", atomic.unwrap_or_default());
                let run = s.cp(["-a", "--fsync"]).and(atomic).and(["s", &copy]);
                run.limit(Resource::Nofile, limit).succeeds();
                s.assert_same("s", &copy);
            }
        }
    });
}

#[test]
fn lines_and_fsync_go_together() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "1").file("s/b", "2").hard_link("s/c", "s/b");
        s.cp(["-afv", "--fsync", "s", "t"]).succeeds();
        s.cp(["-R", "--debug", "--fsync", "--atomic", "s", "u"]).succeeds();
        s.assert_same("s", "t");
        assert_eq!(s.read("u/c"), b"2");
    });
}
