//! `--atomic`: a file has its name only when it is complete.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Resource;

use crate::common::{
    Engine, Run, Sandbox, calls, each_engine, is_root, needs_extensions, needs_root, noise, with_xattrs,
};

/// Runs `body` on each engine: where there are files without names, and where there are none.
fn each_way(body: impl Fn(&Sandbox, fn(Run<'_>) -> Run<'_>)) {
    if needs_extensions() {
        each_engine(|s| body(s, |run| run));
        each_engine(|s| body(s, |run| run.without_unnamed_files()));
    }
}

/// No temporary name is left in the sandbox.
fn assert_no_litter(s: &Sandbox) {
    let litter: Vec<_> = walkdir::WalkDir::new(s.work())
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_string_lossy().contains(".ucp-"))
        .collect();
    assert!(litter.is_empty(), "{litter:?}");
}

/// What is in a directory.
fn names(s: &Sandbox, directory: &str) -> Vec<String> {
    s.names(directory).into_iter().filter(|name| !name.is_empty()).collect()
}

#[test]
fn nothing_has_the_name_before_all_is_there() {
    each_way(|s, way| {
        s.fifo("fifo", 0o600).file("f", "old");
        for (name, before) in [("f", Some("old")), ("new", None)] {
            let running = way(s.cp(["--atomic", "fifo", name])).start();
            let mut feed = fs::OpenOptions::new().write(true).open(s.path("fifo")).unwrap();
            feed.write_all(b"first ").unwrap();
            let there = fs::read_to_string(s.path(name)).ok();
            feed.write_all(b"last").unwrap();
            drop(feed);
            running.finish().ends(0).complains("");
            assert_eq!(there.as_deref(), before);
            assert_eq!(s.read(name), b"first last");
        }
        assert_no_litter(s);
    });
}

#[test]
fn trees_come_out_as_without() {
    each_way(|s, way| {
        s.file("s/a", noise(100, 1)).file("s/d/b", noise(200_000, 2)).file("s/d/c", noise(9_000_000, 3));
        s.sparse("s/d/holes", 5_000_000, &[(4_000_000, b"x")]).file("s/empty", "").chmod("s/a", 0o4751);
        s.hard_link("s/d/other", "s/a").symlink("s/link", "nowhere").fifo("s/d/fifo", 0o640);
        s.times("s/d/b", 1, 2).times("s/a", 3, 4);
        for options in [&["-a"][..], &["-a", "--fsync"], &["-a", "--direct"], &["-a", "--sparse=always"]] {
            let copy = format!("t{}", options.join(""));
            way(s.cp(["--atomic"]).and(options).and(["s", &copy])).succeeds();
            s.assert_same("s", &copy);
            s.assert_same_attributes("s", &copy);
            // All is there already.
            way(s.cp(["--atomic", "-T"]).and(options).and(["s", &copy])).succeeds();
            s.assert_same("s", &copy);
            s.assert_same_attributes("s", &copy);
            assert_eq!(s.path(format!("{copy}/a")).metadata().unwrap().nlink(), 2);
        }
        assert_no_litter(s);
    });
}

#[test]
fn what_replaces_a_file_has_its_permissions_and_not_its_other_names() {
    each_way(|s, way| {
        s.file("new", "new").file("f", "old").hard_link("other", "f").chmod("f", 0o604).chmod("new", 0o755);
        let xattrs = with_xattrs(s);
        if xattrs {
            s.acl("f", 0o640, 77).xattr("f", "user.kept", b"1").xattr("new", "user.not", b"2");
        }
        if is_root() {
            s.chown("f", 77, 78).chmod("f", 0o6644);
        }
        let old = s.attributes("f");
        way(s.cp(["--atomic", "new", "f"])).succeeds();
        let now = s.attributes("f");
        assert_eq!((now.mode, now.owner, now.xattrs), (old.mode, old.owner, old.xattrs));
        assert_eq!((s.read("f"), s.read("other")), (b"new".into(), b"old".into()));
        // What is kept of the source comes on top, as without.
        way(s.cp(["--atomic", "--preserve=mode,timestamps", "new", "f"])).succeeds();
        let (now, source) = (s.attributes("f"), s.attributes("new"));
        assert_eq!((now.mode, now.modified, now.owner), (source.mode, source.modified, old.owner));
        assert_no_litter(s);
    });
}

#[test]
fn the_old_file_s_acl_counts_and_not_the_directory_s() {
    each_way(|s, way| {
        if with_xattrs(s) {
            s.file("new", "new").file("d/f", "old").chmod("d/f", 0o640).default_acl("d", 0o777, 77);
            way(s.cp(["--atomic", "new", "d/f"])).succeeds();
            let now = s.attributes("d/f");
            assert_eq!((now.mode, now.xattrs.len()), (0o640, 0));
            s.cp(["new", "d/plain"]).succeeds();
            way(s.cp(["--atomic", "new", "d/atomic"])).succeeds();
            let [plain, atomic] = ["d/plain", "d/atomic"].map(|name| s.attributes(name));
            assert_eq!((atomic.mode, atomic.xattrs), (plain.mode, plain.xattrs));
        }
    });
}

#[test]
fn a_file_behind_links_is_replaced_where_it_is() {
    each_way(|s, way| {
        s.file("new", "new").file("d/e/f", "old").symlink("d/l", "e/f").symlink("l", "d/l");
        way(s.cp(["--atomic", "new", "l"])).succeeds();
        assert_eq!(s.read("d/e/f"), b"new");
        assert_eq!((s.link_target("l"), s.link_target("d/l")), ("d/l".into(), "e/f".into()));
        s.symlink("round", "round").symlink("gone", "nowhere");
        way(s.cp(["--atomic", "new", "gone"])).fails("ucp: not writing through dangling symlink 'gone'");
        way(s.cp(["--atomic", "-f", "new", "round"])).succeeds();
        assert_eq!(fs::symlink_metadata(s.path("round")).unwrap().len(), 3);
        way(s.cp(["--atomic", "new", "gone"])).env("POSIXLY_CORRECT", "1").succeeds();
        assert_eq!(s.read("nowhere"), b"new");
        assert_no_litter(s);
    });
}

#[test]
fn a_file_that_is_kept_or_removed_is_never_missing() {
    each_way(|s, way| {
        s.file("new", "new").file("f", "old");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                let mut missing = 0;
                while !over.load(Ordering::Relaxed) {
                    missing += usize::from(fs::symlink_metadata(s.path("f")).is_err());
                }
                missing
            });
            for _ in 0..20 {
                for options in [&["-b"][..], &["--backup=t"], &["--remove-destination"], &["-bl"], &["-sfb"]]
                {
                    way(s.cp(["--atomic"]).and(options).and(["new", "f"])).run();
                }
                way(s.cp(["--atomic", "--remove-destination", "new", "f"])).succeeds();
            }
            over.store(true, Ordering::Relaxed);
            assert_eq!(watch.join().unwrap(), 0, "there was nothing under the name");
        });
        assert_no_litter(s);
    });
}

#[test]
fn backups_are_as_without() {
    each_way(|s, way| {
        s.file("new", "new").file("f", "old").file("f~", "older");
        way(s.cp(["--atomic", "-bv", "new", "f"])).succeeds().prints("'new' -> 'f' (backup: 'f~')\n");
        assert_eq!((s.read("f"), s.read("f~")), (b"new".into(), b"old".into()));
        way(s.cp(["--atomic", "--backup=t", "f~", "f"])).succeeds();
        assert_eq!((s.read("f"), s.read("f.~1~")), (b"old".into(), b"new".into()));
        assert_eq!(s.path("f.~1~").metadata().unwrap().nlink(), 1);
        // Both are one file, as after a run that was killed.
        fs::remove_file(s.path("f~")).unwrap();
        s.hard_link("f~", "f");
        way(s.cp(["--atomic", "-b", "new", "f"])).succeeds();
        assert_eq!((s.read("f"), s.read("f~")), (b"new".into(), b"old".into()));
        // It is taken back where no copy comes.
        s.dir("d").file("d/f", "old").file("big", noise(100_000, 1));
        let run = way(s.cp(["--atomic", "-b", "big", "d/f"]));
        run.limit(Resource::Fsize, 5000).ignore(libc::SIGXFSZ).run().ends(1);
        assert_eq!((s.read("d/f"), names(s, "d")), (b"old".into(), vec!["f".to_owned()]));
        assert_no_litter(s);
    });
}

#[test]
fn options_about_what_is_there_mean_what_they_mean() {
    each_way(|s, way| {
        let run = |options: &[&str]| way(s.cp(["--atomic"]).and(options).and(["new", "f"]));
        s.file("new", "new").file("f", "old").times("new", 5, 5);
        run(&["-n"]).succeeds();
        run(&["-u"]).succeeds();
        run(&["-i"]).input("n\n").run().ends(1);
        run(&["--update=none-fail"]).fails("ucp: not replacing 'f'");
        assert_eq!(s.read("f"), b"old");
        run(&["-l"]).fails("ucp: cannot create hard link 'f' to 'new': File exists");
        run(&["-i"]).input("y\n").run().ends(0);
        assert_eq!(s.read("f"), b"new");
        run(&["-lf"]).succeeds();
        assert_eq!(s.path("f").metadata().unwrap().ino(), s.path("new").metadata().unwrap().ino());
        fs::remove_file(s.path("f")).unwrap();
        s.file("f", "old");
        run(&["-sf"]).succeeds();
        assert_eq!(s.link_target("f").to_str(), Some("new"));
        s.symlink("g", "new");
        way(s.cp(["--atomic", "-Pf", "g", "f"])).succeeds();
        way(s.cp(["--atomic", "--attributes-only", "-p", "new", "h"])).succeeds();
        assert_eq!(s.read("h"), b"");
        way(s.cp(["--atomic", "new", "absent/"]))
            .fails("ucp: cannot create regular file 'absent/': Not a directory");
        way(s.cp(["--atomic", "new", ""])).run().ends(1);
        assert_no_litter(s);
    });
}

#[test]
fn what_may_not_be_written_is_replaced_only_by_force() {
    each_way(|s, way| {
        s.file("new", "new").file("f", "old").chmod("f", 0o400).give_to_nobody();
        let run = |options: &[&str]| way(s.cp(["--atomic"]).and(options).and(["new", "f"])).by_nobody();
        run(&[]).fails("ucp: cannot create regular file 'f': Permission denied");
        assert_eq!(s.read("f"), b"old");
        run(&["-fv"]).succeeds().prints("'new' -> 'f'\nremoved 'f'\n");
        assert_eq!((s.read("f"), s.mode("f")), (b"new".into(), 0o644));
        s.file("d/f", "old").chmod("d", 0o555).chmod("d/f", 0o666).give_to_nobody();
        let run = way(s.cp(["--atomic", "new", "d/f"])).by_nobody();
        run.fails("ucp: cannot create regular file 'd/f': Permission denied");
        assert_eq!(s.read("d/f"), b"old");
        assert_no_litter(s);
    });
}

#[test]
fn a_write_that_is_refused_leaves_what_was_there() {
    each_way(|s, way| {
        for (number, size) in [5_000, 100_000, 9_000_000].into_iter().enumerate() {
            s.file("new", noise(size, 1)).file("d/f", "old");
            for name in ["f", "absent"] {
                let run = way(s.cp(["--atomic", "new", &format!("d/{name}")]));
                let outcome = run.limit(Resource::Fsize, 4096).ignore(libc::SIGXFSZ).run().ends(1);
                outcome.complains(&format!("ucp: error writing 'd/{name}': File too large"));
                assert_eq!((s.read("d/f"), names(s, "d")), (b"old".into(), vec!["f".to_owned()]), "{number}");
            }
        }
    });
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    if !needs_root() {
        return;
    }
    each_way(|s, way| {
        let Some(_mounted) = s.tmpfs("full", "size=1m") else { return };
        s.file("new", noise(3_000_000, 1)).file("full/f", "old");
        for name in ["f", "absent"] {
            let run = way(s.cp(["--atomic", "--fsync", "new", &format!("full/{name}")]));
            run.fails(&format!("ucp: error writing 'full/{name}': No space left on device"));
            assert_eq!((s.read("full/f"), names(s, "full")), (b"old".into(), vec!["f".to_owned()]));
        }
    });
}

#[test]
fn a_name_that_cannot_be_given_leaves_nothing() {
    if !needs_extensions() {
        return;
    }
    let renames = [calls::RENAME, calls::RENAMEAT, libc::SYS_renameat2, libc::SYS_linkat];
    each_way(|s, way| {
        s.file("new", "new").file("d/f", "old");
        for name in ["f", "absent"] {
            let run = way(s.cp(["--atomic", "new", &format!("d/{name}")]));
            let complaint = format!("ucp: cannot create regular file 'd/{name}': Input/output error");
            run.refused(&renames, libc::EIO).fails(&complaint);
            assert_eq!((s.read("d/f"), names(s, "d")), (b"old".into(), vec!["f".to_owned()]));
        }
    });
}

#[test]
fn what_is_no_regular_file_is_written_to_as_it_is() {
    each_way(|s, way| {
        s.file("new", "new").fifo("fifo", 0o600);
        let received = s.received_through("fifo", || drop(way(s.cp(["--atomic", "new", "fifo"])).succeeds()));
        assert_eq!(received, b"new");
        s.give_to_nobody();
        way(s.cp(["--atomic", "new", "/dev/null"])).by_nobody().succeeds();
    });
}

#[test]
fn the_longest_names_can_be_had() {
    each_way(|s, way| {
        let (long, wide) = ("n".repeat(255), "ä".repeat(127));
        s.file("new", "new").file(&long, "old");
        for name in [&long, &wide] {
            way(s.cp(["--atomic", "-b", "new", name])).run().ends(0);
            assert_eq!(s.read(name), b"new");
        }
        assert_no_litter(s);
    });
}

#[test]
fn what_an_interrupted_copy_has_left_is_named_and_stays() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let warning = |name: &str| {
            format!("ucp: warning: '{name}' is left from a copy that was interrupted, or is being written")
        };
        s.file("s/d/f", "1")
            .file("t/d/.f.ucp-0123abcd", "x")
            .file("t/.ucp-0123abcd", "")
            .file(".g.ucp-00000000", "");
        s.cp(["--atomic", "-rT", "s", "t"])
            .run()
            .ends(0)
            .complains_lines(&[&warning(".g.ucp-00000000"), &warning("t/d/.f.ucp-0123abcd")]);
        s.cp(["--atomic", "s/d/f", "t/d"]).run().ends(0).complains(&warning("t/d/.f.ucp-0123abcd"));
        s.cp(["-rT", "s", "t"]).succeeds();
        assert_eq!(s.read("t/d/.f.ucp-0123abcd"), b"x");
    });
}

#[test]
fn without_proc_a_file_gets_its_name_all_the_same() {
    if !needs_root() || !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("new", "new");
    let script = "mount -t tmpfs none /proc && exec \"$0\" --atomic new f";
    let program = assert_cmd::cargo::cargo_bin!("ucp");
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(program).current_dir(s.work());
    let outcome = command.output().unwrap();
    if String::from_utf8_lossy(&outcome.stderr).contains("unshare") {
        return crate::common::skip("no mount namespaces");
    }
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert_eq!(s.read("f"), b"new");
}
