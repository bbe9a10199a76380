//! The file of `--manifest` over several runs: what stands in it when a run skips, fails, is stopped or never begins.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

use rustix::process::{Resource, Signal};

use crate::common::{Sandbox, calls, each_engine, needs_extensions, needs_root};
use crate::verification::{line, listed};

/// The lines that there should be for these files, sorted.
fn lines<const N: usize>(s: &Sandbox, names: [&str; N]) -> Vec<String> {
    let mut lines = names.map(|name| line(s, name)).to_vec();
    lines.sort_unstable();
    lines
}

/// Nothing but what the test has made and the copy stands here.
#[track_caller]
fn is_without_litter(s: &Sandbox) {
    let left: Vec<String> = s.names(".").into_iter().filter(|name| name.contains(".ucp-")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_run_that_goes_on_keeps_the_lines_of_what_it_skips() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for option in ["-u", "-n", "--update=none"] {
            s.file("src/a", "1").file("src/d/b", "2").file("src/d/back\\slash\n", "3");
            s.cp(["-r", "--manifest=m", "src/.", "dst"]).succeeds();
            let all = lines(s, ["dst/a", "dst/d/b", "dst/d/back\\slash\n"]);
            assert_eq!(listed(s, "m"), all);
            // Nothing is copied, then one file more.
            s.cp(["-r", option, "--manifest=m", "src/.", "dst"]).succeeds();
            assert_eq!(listed(s, "m"), all, "{option}");
            s.file("src/e", "4");
            s.cp(["-r", option, "--manifest=m", "src/.", "dst"]).succeeds();
            let mut more = [all, lines(s, ["dst/e"])].concat();
            more.sort_unstable();
            assert_eq!(listed(s, "m"), more, "{option}");
            is_without_litter(s);
            for gone in ["src", "dst"] {
                std::fs::remove_dir_all(s.path(gone)).unwrap();
            }
        }
    });
}

#[test]
fn what_is_not_in_a_run_that_ends_well_is_not_in_its_list() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").file("c", "3").dir("dst");
        s.cp(["--manifest=m", "a", "b", "c", "dst"]).succeeds();
        // One is skipped, one is newer than its copy, one is not named.
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        s.file("b", "new");
        File::options().write(true).open(s.path("dst/b")).unwrap().set_modified(old).unwrap();
        s.cp(["-u", "--manifest=m", "a", "b", "dst"]).succeeds();
        assert_eq!(listed(s, "m"), lines(s, ["dst/a", "dst/b"]));
        // What is skipped and is no file any more, or was never listed, has no line.
        std::fs::remove_file(s.path("dst/a")).unwrap();
        s.dir("dst/a").file("dst/d", "other").file("d", "4");
        s.cp(["-n", "--manifest=m", "a", "b", "d", "dst"]).run();
        assert_eq!(listed(s, "m"), lines(s, ["dst/b"]));
    });
}

#[test]
fn a_run_that_does_not_begin_leaves_the_list_as_it_was() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("m", "no list at all\n").dir("dst");
        let inode = s.path("m").metadata().unwrap().ino();
        s.cp(["--manifest=m", "missing", "dst"])
            .fails("ucp: cannot stat 'missing': No such file or directory");
        s.cp(["--manifest=m", "a", "a", "none"]).fails("ucp: target 'none': No such file or directory");
        s.cp(["--manifest=m", "a", "dst", "-t", "none"])
            .fails("ucp: target directory 'none': No such file or directory");
        s.cp(["--manifest=m", "a", "dst", "--dry-run"]).succeeds();
        s.cp(["--manifest=m", "a"]).run().ends(1);
        assert_eq!((s.read("m"), s.path("m").metadata().unwrap().ino()), (b"no list at all\n".into(), inode));
        s.cp(["--manifest=n", "missing", "dst"]).run().ends(1);
        assert!(!s.exists("n"));
        is_without_litter(s);
    });
}

#[test]
fn a_run_that_fails_keeps_what_it_has_nothing_newer_for() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").dir("dst");
        s.cp(["--manifest=m", "a", "b", "dst"]).succeeds();
        s.file("a", "new");
        s.cp(["--manifest=m", "a", "missing", "dst"])
            .fails("ucp: cannot stat 'missing': No such file or directory");
        assert_eq!(listed(s, "m"), lines(s, ["dst/a", "dst/b"]));
        // A file that could not be written whole is not what the list says any more.
        s.file("c", "3").cp(["--manifest=m", "c", "dst"]).succeeds();
        let run = s.cp(["--manifest=m", "b", "dst/c"]).limit(rustix::process::Resource::Fsize, 0);
        run.ignore(libc::SIGXFSZ).run().ends(1);
        assert_eq!(s.read("m"), b"", "only c was listed, and it is not whole");
        is_without_litter(s);
    });
}

#[test]
fn a_run_that_is_stopped_lists_what_it_has_completed() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").fifo("slow", 0o600).file("later", "3").dir("dst");
        s.cp(["--manifest=m", "b", "later", "dst"]).succeeds();
        for signal in [Signal::INT, Signal::TERM] {
            // Without --progress, too.
            let run = s.cp(["-n", "--copy-contents", "--manifest=m", "a", "b", "slow", "later", "dst"]);
            let running = run.start();
            let mut fifo = s.feed("slow");
            fifo.write_all(b"xxxxx").unwrap();
            while s.path("dst/slow").metadata().map_or(0, |copy| copy.len()) < 5 {
                std::thread::yield_now();
            }
            running.signal(signal);
            let outcome = running.finish().dies_by(signal.as_raw());
            outcome.mentions(" unfinished and removed; go on with -u or --update=none\n");
            assert_eq!(listed(s, "m"), lines(s, ["dst/a", "dst/b", "dst/later"]), "{signal:?}");
            is_without_litter(s);
        }
        // Killed outright it leaves what there was.
        let running = s.cp(["--copy-contents", "--manifest=m", "a", "slow", "dst"]).start();
        let fifo = s.feed("slow");
        running.kill();
        drop(fifo);
        assert_eq!(listed(s, "m"), lines(s, ["dst/a", "dst/b", "dst/later"]));
    });
}

#[test]
fn the_list_keeps_its_place_and_its_permissions() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("lists/m", "old").symlink("m", "lists/m").chmod("lists/m", 0o640);
        let umask = 0o022;
        s.cp(["--manifest=m", "a", "b"]).umask(umask).succeeds();
        assert_eq!((listed(s, "lists/m"), s.mode("lists/m")), (lines(s, ["b"]), 0o640));
        assert_eq!(s.link_target("m").to_str(), Some("lists/m"));
        s.symlink("n", "lists/n").cp(["--manifest=n", "a", "b"]).umask(umask).succeeds();
        assert_eq!((listed(s, "lists/n"), s.mode("lists/n")), (lines(s, ["b"]), 0o644));
        // Where there are no files without names.
        s.cp(["--manifest=m", "a", "c"]).umask(umask).without_unnamed_files().succeeds();
        assert_eq!((listed(s, "m"), s.mode("lists/m")), (lines(s, ["c"]), 0o640));
        // Where it cannot be replaced (a mount point), it is written over.
        let refused = [calls::RENAME, calls::RENAMEAT, libc::SYS_renameat2];
        let inode = s.path("m").metadata().unwrap().ino();
        s.cp(["--manifest=m", "a", "d"]).refused(&refused, libc::EBUSY).succeeds();
        assert_eq!((listed(s, "m"), s.path("m").metadata().unwrap().ino()), (lines(s, ["d"]), inode));
        is_without_litter(s);
    });
}

#[test]
fn what_is_no_file_of_its_own_is_written_straight() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").fifo("f", 0o600).symlink("to-f", "f");
        let expected = line(s, "a").replace("  a", "  b") + "\n";
        for name in ["f", "to-f"] {
            let received = s.received_through("f", || {
                s.cp(["--manifest", name, "a", "b"]).succeeds();
            });
            assert_eq!(String::from_utf8(received).unwrap(), expected);
        }
        // Standard output that is a file belongs to whoever has redirected it: it is not replaced.
        for name in ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"] {
            let out = File::create(s.path("out")).unwrap();
            let inode = out.metadata().unwrap().ino();
            s.cp(["--manifest", name, "a", "b"]).stdout(out).succeeds();
            assert_eq!(s.read("out"), expected.as_bytes());
            assert_eq!(s.path("out").metadata().unwrap().ino(), inode);
        }
    });
}

#[test]
fn a_list_never_takes_the_place_of_what_was_written_meanwhile() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("src/a", "1").file("src/m", "a file of the tree").dir("dst");
        s.cp(["-rT", "--manifest=dst/m", "src", "dst"])
            .run()
            .ends(1)
            .mentions("ucp: 'dst/m' was written while the copy went on, and stays; the manifest is '.m.ucp-");
        assert_eq!(s.read("dst/m"), b"a file of the tree");
        let names = s.names("dst");
        let list = names.iter().find(|name| name.contains(".ucp-")).unwrap();
        assert_eq!(listed(s, &format!("dst/{list}")), lines(s, ["dst/a", "dst/m"]));
    });
}

#[test]
fn an_operand_cannot_be_the_list() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").hard_link("same", "a").dir("d");
        for (manifest, operand) in [("a", "a"), ("same", "a"), ("c", "c")] {
            s.cp(["--manifest", manifest, "a", "c"]).fails(&format!(
                "ucp: the manifest '{manifest}' is the operand '{operand}' too; name another FILE"
            ));
        }
        assert!(!s.exists("c") && s.read("a") == b"1");
    });
}

#[test]
fn names_in_the_list_are_without_dots_that_say_nothing() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("src/d/a", "1").file("..b", "2").dir("dst");
        let run = s.cp(["-rv", "--manifest=m", "src/.", "./..b", "./dst"]);
        // Lines of -v are GNU's.
        let said = run.succeeds();
        assert!(String::from_utf8_lossy(said.stdout()).contains("'src/./d/a' -> './dst/./d/a'\n"));
        assert_eq!(listed(s, "m"), lines(s, ["dst/..b", "dst/d/a"]));
        s.cp(["--manifest=m", "..b", ".//dst//b"]).succeeds();
        assert_eq!(listed(s, "m"), lines(s, ["dst/b"]));
        let absolute = s.path("dst/c");
        s.cp(["--manifest=m", "..b"]).and([&absolute]).succeeds();
        assert_eq!(listed(s, "m"), lines(s, [absolute.to_str().unwrap()]));
    });
}

/// What has no lines is no list: it is not read into memory, and not lost.
#[test]
fn what_is_no_list_stays_and_is_not_read_whole() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let size = 1 << 40;
        for (name, content) in [("m", &b""[..]), ("n", b"first line\n")] {
            s.file("a", "1").sparse(name, size, &[(0, content)]);
            let run = s.cp(["--manifest", name, "a", "b"]).limit(Resource::Data, 256 << 20).run().ends(1);
            let number = content.iter().filter(|&&byte| byte == b'\n').count() + 1;
            run.mentions(&format!("ucp: '{name}' is no manifest, as line {number} is too long, and stays; "))
                .mentions(&format!("the manifest is '.{name}.ucp-"));
            assert_eq!((s.read("b"), s.path(name).metadata().unwrap().len()), (b"1".to_vec(), size));
            let mut beside = std::fs::read_dir(s.path(".")).unwrap();
            let name =
                |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
            let list =
                beside.find_map(|entry| Some(name(entry)).filter(|name| name.contains(".ucp-"))).unwrap();
            assert!(listed(s, &list).contains(&line(s, "b")));
            std::fs::remove_file(s.path(list)).unwrap();
        }
    });
}

/// Where everybody may make files, a list that somebody else has made was put there for us.
#[test]
fn a_list_of_another_user_where_everybody_may_make_files_is_refused() {
    if !needs_extensions() || !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").dir("shared").chmod("shared", 0o1777).file("elsewhere", "x\n");
        s.file("shared/list", "theirs\n").chown("shared/list", 4242, 4242);
        s.symlink("shared/link", "../elsewhere");
        let link = s.path("shared/link");
        std::os::unix::fs::lchown(&link, Some(4242), Some(4242)).unwrap();
        s.symlink("own-link", "shared/list");
        for name in ["shared/list", "shared/link", "own-link"] {
            let run = s.cp(["--manifest", name, "a", "b"]);
            run.fails(&format!("ucp: cannot create regular file '{name}': Permission denied"));
        }
        assert_eq!((s.read("shared/list"), s.read("elsewhere")), (b"theirs\n".to_vec(), b"x\n".to_vec()));
        assert_eq!((s.owner("shared/list"), s.exists("b")), ((4242, 4242), false));
        // One's own, and that of the directory's owner, are as before; so is another's where only its owner writes.
        s.dir("closed").chmod("closed", 0o1755).file("closed/list", "").chown("closed/list", 4242, 4242);
        s.file("shared/own", "");
        for name in ["shared/own", "shared/new", "closed/list"] {
            s.cp(["--manifest", name, "a", "b"]).succeeds();
            assert_eq!(listed(s, name), lines(s, ["b"]));
        }
    });
}
