//! `-b`: what was kept under a backup's name has its own again wherever nothing has taken its place.

use rustix::process::Resource;

use crate::common::{
    Engine, Sandbox, calls, each_engine, io_uring_works, is_reference, needs_extensions, needs_root, skip,
    with_xattrs,
};

/// Every file of `t` is what it was, and there is no backup.
#[track_caller]
fn is_restored(s: &Sandbox, files: &[&str]) {
    for file in files {
        assert!(s.exists(format!("t/{file}")), "t/{file} is gone: {:?}", s.names("t"));
        assert_eq!(s.read(format!("t/{file}")), b"old", "t/{file}");
        assert!(!s.exists(format!("t/{file}~")), "t/{file}~ is left");
    }
}

#[test]
fn a_name_without_a_descriptor_is_not_lost() {
    each_engine(|s| {
        s.file("s/a", "new").file("t/a", "old");
        let mut failed = 0;
        for limit in 4..12 {
            let status = s.cp(["-b", "s/a", "t/a"]).limit(Resource::Nofile, limit).run().status();
            if status == Some(0) {
                assert_eq!((s.read("t/a"), s.read("t/a~")), (b"new".to_vec(), b"old".to_vec()), "{limit}");
                std::fs::rename(s.path("t/a~"), s.path("t/a")).unwrap();
            } else {
                failed += 1;
                is_restored(s, &["a"]);
            }
        }
        assert!(failed > 0, "no limit was tight enough to fail");
    });
}

#[test]
fn a_further_name_that_cannot_be_linked_is_not_lost() {
    each_engine(|s| {
        let files = ["a", "b", "c"];
        s.file("s/a", "new").hard_link("s/b", "s/a").hard_link("s/c", "s/a");
        files.iter().for_each(|file| _ = s.file(format!("t/{file}"), "old"));
        let refused =
            s.cp(["-a", "-b", "-T", "s", "t"]).refused(&[libc::SYS_linkat, calls::LINK], libc::EMLINK);
        let outcome = refused.run().ends(1).mentions("Too many links");
        let copied: Vec<_> = files.into_iter().filter(|file| s.read(format!("t/{file}")) == b"new").collect();
        outcome.expect(copied.len() == 1, "one name is copied");
        let others: Vec<_> = files.into_iter().filter(|file| !copied.contains(file)).collect();
        is_restored(s, &others);
        assert!(s.exists(format!("t/{}~", copied[0])));
    });
}

#[test]
fn links_and_special_files_that_cannot_be_made_lose_nobodys_name() {
    each_engine(|s| {
        let calls = [libc::SYS_symlinkat, calls::SYMLINK, libc::SYS_mknodat, calls::MKNOD];
        let calls = [&calls[..], &[libc::SYS_linkat, calls::LINK]].concat();
        s.symlink("s/link", "nowhere").fifo("s/fifo", 0o600);
        s.file("t/link", "old").file("t/fifo", "old");
        s.cp(["-a", "-b", "-T", "s", "t"]).refused(&calls, libc::ENOSPC).run().ends(1);
        is_restored(s, &["link", "fifo"]);
        s.file("a", "new").file("t/a", "old");
        for make in ["-s", "-l"] {
            let file = s.path("a");
            let run = s.cp(["-b", make]).and([file.to_str().unwrap(), "t/a"]);
            run.refused(&calls, libc::ENOSPC).run().ends(1);
            is_restored(s, &["a"]);
        }
    });
}

#[test]
fn a_directory_that_cannot_be_made_gives_the_name_back() {
    each_engine(|s| {
        s.file("s/d/x", "new").file("t/d", "old");
        let calls = [libc::SYS_mkdirat, calls::MKDIR];
        let run = s.cp(["-a", "-b", "-T", "s", "t"]).called("cp").refused(&calls, libc::ENOSPC);
        run.run().ends(1).mentions("cannot create directory 't/d': No space left on device");
        is_restored(s, &["d"]);
    });
}

#[test]
fn an_open_that_fails_or_a_disk_that_is_full_gives_the_names_back() {
    each_engine(|s| {
        s.file("s/a", vec![1; 100_000]).file("s/b", "new").hard_link("s/c", "s/b");
        ["a", "b", "c"].iter().for_each(|file| _ = s.file(format!("t/{file}"), "old"));
        for options in [&["-r"][..], &["-a"], &["-v", "-a"]] {
            let run = s.cp(options).and(["-b", "-T", "s", "t"]).limit(Resource::Fsize, 0);
            run.ignore(libc::SIGXFSZ).run().ends(1);
            is_restored(s, &["a", "b", "c"]);
        }
    });
}

#[test]
fn a_ring_that_breaks_loses_no_name() {
    if is_reference() || !io_uring_works() {
        return skip("there is no ring that could break");
    }
    let s = Sandbox::new(Engine::Uring);
    let files: Vec<String> = (0..40).map(|file| format!("{file}")).collect();
    for file in &files {
        s.file(format!("s/{file}"), "new").file(format!("t/{file}"), "old");
    }
    s.file("s/first", "new").hard_link("s/second", "s/first").file("t/first", "old").file("t/second", "old");
    // A worker may go on by plain calls instead: then all is copied.
    let run = s
        .cp(["--engine=uring", "-a", "-b", "-T", "s", "t"])
        .refused(&[libc::SYS_io_uring_enter], libc::EBADF);
    let outcome = run.run();
    let files = files.iter().map(String::as_str).chain(["first", "second"]);
    for file in files {
        let (now, kept) = (s.read(format!("t/{file}")), s.exists(format!("t/{file}~")));
        let whole = (now == b"new" && kept) || (now == b"old" && !kept);
        outcome.expect(whole, &format!("{file} is the old one, or the new one with a backup"));
    }
}

#[test]
fn temporary_names_do_not_outlive_a_failure() {
    if !needs_extensions() {
        return;
    }
    let renames = [calls::RENAMEAT, libc::SYS_renameat2, calls::RENAME];
    let cases: [(&[&str], &[i64]); 5] = [
        (&["-a", "--atomic"], &renames),
        (&["-a", "--atomic", "-f"], &renames),
        (&["-a", "--atomic", "--fsync"], &[libc::SYS_fsync, libc::SYS_fdatasync]),
        (&["-r", "-l", "-f"], &renames),
        (&["-a", "--atomic"], &[libc::SYS_linkat]),
    ];
    each_engine(|s| {
        s.file("s/a", "new").file("s/b", vec![7; 70_000]).hard_link("s/c", "s/b");
        s.symlink("s/link", "nowhere").fifo("s/fifo", 0o600).file("s/new", "new");
        ["a", "b", "c", "link"].iter().for_each(|file| _ = s.file(format!("t/{file}"), "old"));
        for (options, calls) in cases {
            for unnamed in [true, false] {
                let run = s.cp(options).and(["-T", "s", "t"]).refused(calls, libc::EIO);
                let run = if unnamed { run } else { run.without_unnamed_files() };
                let outcome = run.run();
                let left: Vec<_> = s.names("t").into_iter().filter(|name| name.contains(".ucp-")).collect();
                outcome.expect(left.is_empty(), &format!("no temporary names: {left:?}"));
                for file in ["a", "b", "c", "link"] {
                    let there = s.path(format!("t/{file}")).symlink_metadata().is_ok();
                    outcome.expect(there, &format!("{file} is there"));
                }
            }
        }
    });
}

/// Calls that set attributes: times, owner, permissions, extended attributes.
const SETTING: [&[i64]; 4] = [
    &[libc::SYS_utimensat],
    &[libc::SYS_fchown, libc::SYS_fchownat, calls::LCHOWN],
    &[libc::SYS_fchmod, libc::SYS_fchmodat, calls::CHMOD],
    &[libc::SYS_fsetxattr, libc::SYS_setxattr, libc::SYS_lsetxattr],
];

#[test]
fn a_copy_without_an_attribute_that_was_required_gives_way_to_what_was_kept() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        for size in [3, 100_000, 3_000_000] {
            s.file("s/a", vec![b'n'; size]).chown("s/a", 12, 34).acl("s/a", 0o640, 7);
            for (options, calls) in [["-b", "-p"], ["-b", "-a"], ["--backup=numbered", "-p"]]
                .iter()
                .flat_map(|options| SETTING.map(|calls| (options, calls)))
            {
                s.file("t/a", "old");
                s.cp(options)
                    .and(["s/a", "t/a"])
                    .refused(calls, libc::EIO)
                    .run()
                    .ends(1)
                    .mentions("Input/output error");
                is_restored(s, &["a"]);
                assert!(!s.exists("t/a.~1~"), "{options:?} {calls:?}");
            }
        }
        // What nobody insisted on is no failure.
        s.file("t/a", "old");
        s.cp(["-b", "--preserve=timestamps", "s/a", "t/a"]).refused(SETTING[3], libc::EIO).succeeds();
        assert_eq!(s.read("t/a~"), b"old");
    });
}

#[test]
fn a_link_that_cannot_have_its_owner_gives_way_to_what_was_kept() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.symlink("s/a", "nowhere").chown("s/a", 12, 34).file("t/a", "old");
        let complaint = "ucp: failed to preserve ownership for t/a: Input/output error";
        s.cp(["-a", "-b", "s/a", "t/a"]).refused(SETTING[1], libc::EIO).fails(complaint);
        is_restored(s, &["a"]);
    });
}

#[test]
fn what_made_way_for_a_directory_that_is_refused_comes_back() {
    each_engine(|s| {
        s.dir("s/p").dir("d").file("d/p", "old");
        s.cp(["-rbv", "s/p/.", "s/p", "d"])
            .run()
            .ends(1)
            .prints("'d/p~' -> 'd/p' (unbackup)\n")
            .complains("ucp: will not create hard link 'd/p' to directory 'd/.'");
        s.dir("c/a").symlink("c/a/l", "..").dir("e/c/a").file("e/c/a/l", "older");
        s.cp(["-Lrbv", "c", "e"])
            .run()
            .ends(1)
            .prints("'e/c/a/l~' -> 'e/c/a/l' (unbackup)\n")
            .complains("ucp: cannot copy cyclic symbolic link 'c/a/l'");
        assert_eq!([s.read("d/p"), s.read("e/c/a/l")], [&b"old"[..], b"older"]);
        // What was just made is found out before.
        s.file("x/p", "1").dir("f");
        s.cp(["-rb", "x/p", "s/p", "f"]).fails("ucp: will not overwrite just-created 'f/p' with 's/p'");
    });
}
