//! GNU's manual of cp, sentence by sentence: holes, shared blocks, special files' contents, security contexts.

use std::os::unix::fs::MetadataExt;

use crate::common::{Sandbox, each_engine, noise};

fn room(s: &Sandbox, name: &str) -> u64 {
    s.path(name).metadata().unwrap().blocks() * 512
}

#[test]
fn holes_are_kept_made_or_filled() {
    each_engine(|s| {
        s.sparse("holes", 4 << 20, &[(1 << 20, &noise(4096, 1))]);
        s.file("zeros", vec![0; 4 << 20]);
        for option in ["--sparse=auto", "--sparse=always"] {
            s.cp([option, "holes", "copy"]).succeeds();
            s.assert_same("holes", "copy");
            assert!(room(s, "copy") < 1 << 20, "{option}: {} bytes of room", room(s, "copy"));
            std::fs::remove_file(s.path("copy")).unwrap();
        }
        s.cp(["--sparse=always", "zeros", "b"]).succeeds();
        s.assert_same("zeros", "b");
        assert!(room(s, "b") < 1 << 20);
        for source in ["holes", "zeros"] {
            s.cp(["--sparse=never", source, "c"]).succeeds();
            s.assert_same(source, "c");
            assert!(room(s, "c") >= 4 << 20, "{source}: {} bytes of room", room(s, "c"));
        }
    });
}

#[test]
fn sparse_and_reflink_take_certain_words_only() {
    each_engine(|s| {
        s.file("a", "1");
        s.cp(["--sparse=bad", "a", "b"]).run().ends(1).mentions("invalid argument ‘bad’ for ‘--sparse’");
        s.cp(["--reflink=bad", "a", "b"]).run().ends(1).mentions("invalid argument ‘bad’ for ‘--reflink’");
        s.cp(["--reflink", "--sparse=never", "a", "b"])
            .run()
            .ends(1)
            .mentions("--reflink can be used only with --sparse=auto");
        assert!(!s.exists("b"));
    });
}

#[test]
fn blocks_are_shared_or_the_copy_fails_where_that_is_asked_for() {
    each_engine(|s| {
        s.file("a", noise(100_000, 1));
        for option in ["--reflink=auto", "--reflink=never"] {
            s.cp([option, "a", "b"]).succeeds();
            s.assert_same("a", "b");
        }
        for option in ["--reflink", "--reflink=always"] {
            let outcome = s.cp([option, "a", "c"]).run();
            if outcome.status() == Some(0) {
                s.assert_same("a", "c");
                std::fs::remove_file(s.path("c")).unwrap();
            } else {
                outcome.ends(1).mentions("ucp: failed to clone 'c' from 'a': ");
                assert!(!s.exists("c"));
            }
        }
    });
}

#[test]
fn copy_contents_reads_special_files() {
    each_engine(|s| {
        s.dir("s").fifo("s/p", 0o640);
        s.while_feeding("s/p", b"through the fifo", || {
            s.cp(["-r", "--copy-contents", "s", "t"]).succeeds();
        });
        assert_eq!(s.read("t/p"), b"through the fifo");
        s.cp(["-r", "s", "u"]).succeeds();
        assert_eq!(s.names("u"), ["", "p"]);
        assert!(!s.path("u/p").metadata().unwrap().is_file());
    });
}

#[test]
fn debug_says_how_a_file_was_copied() {
    each_engine(|s| {
        s.file("a", "1");
        let outcome = s.cp(["--debug", "a", "b"]).succeeds();
        let text = String::from_utf8(outcome.stdout().to_vec()).unwrap();
        // Our own line behind them tells the engine.
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("engine: ")).collect();
        assert_eq!((lines.len(), lines[0]), (2, "'a' -> 'b'"));
        let parts: Vec<&str> = lines[1].split(", ").filter_map(|part| part.split(": ").next()).collect();
        assert_eq!(parts, ["copy offload", "reflink", "sparse detection"]);
    });
}

#[test]
fn a_context_is_set_where_the_kernel_has_them() {
    each_engine(|s| {
        if std::path::Path::new("/sys/fs/selinux/enforce").exists() {
            return crate::common::skip("the kernel has SELinux");
        }
        s.file("a", "1");
        s.cp(["-Z", "a", "b"]).succeeds();
        s.cp(["--context", "a", "c"]).succeeds();
        s.cp(["--context=x", "a", "d"]).run().ends(0).mentions("ucp: warning: ignoring --context");
        s.cp(["--preserve=context", "a", "e"]).run().ends(1).mentions("ucp: ");
        assert_eq!(s.read("d"), b"1");
    });
}
