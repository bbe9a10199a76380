//! Places that do not want to be copied from or to: no permission, no space, no descriptors, no ring.

use std::io::Write;

use crate::common::{Engine, IoUring, Sandbox, each_engine, needs_extensions, noise};

#[test]
fn an_unreadable_file_in_a_tree_is_reported_and_the_rest_is_copied() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/locked", "2").chmod("s/locked", 0).file("s/z/y", "3").give_to_nobody();
        s.cp(["-rv", "s", "t"])
            .by_nobody()
            .run()
            .ends(1)
            .complains("ucp: cannot open 's/locked' for reading: Permission denied")
            .prints_lines(&[
                "'s' -> 't'",
                "'s/a' -> 't/a'",
                "'s/locked' -> 't/locked'",
                "'s/z' -> 't/z'",
                "'s/z/y' -> 't/z/y'",
            ]);
        assert_eq!(s.names("t"), ["", "a", "z", "z/y"]);
        s.assert_same("s/z", "t/z");
    });
}

#[test]
fn an_unreadable_directory_is_made_but_not_filled() {
    each_engine(|s| {
        for mode in [0o000, 0o111, 0o333] {
            s.file(format!("s/{mode:o}/x"), "1").chmod(format!("s/{mode:o}"), mode);
        }
        s.file("s/ok/x", "2").give_to_nobody();
        s.cp(["-r", "s", "t"]).by_nobody().run().ends(1).complains_lines(&[
            "ucp: cannot access 's/0': Permission denied",
            "ucp: cannot access 's/111': Permission denied",
            "ucp: cannot access 's/333': Permission denied",
        ]);
        assert_eq!((s.mode("t/0"), s.mode("t/111"), s.mode("t/333")), (0o000, 0o111, 0o311));
        s.assert_same("s/ok", "t/ok");
    });
}

#[test]
fn entries_of_a_directory_that_cannot_be_searched_are_reported_one_by_one() {
    each_engine(|s| {
        s.file("s/d/x", "1").file("s/d/y", "2").chmod("s/d", 0o644).file("s/z", "3").give_to_nobody();
        s.cp(["-r", "s", "t"]).by_nobody().run().ends(1).complains_lines(&[
            "ucp: cannot stat 's/d/x': Permission denied",
            "ucp: cannot stat 's/d/y': Permission denied",
        ]);
        assert_eq!(s.mode("t/d"), 0o644);
        s.assert_same("s/z", "t/z");
    });
}

#[test]
fn destinations_without_permission_are_reported() {
    each_engine(|s| {
        s.file("a", "1").file("t/x", "1").dir("ro").chmod("ro", 0o555).dir("blind").chmod("blind", 0o600);
        s.dir("closed").chmod("closed", 0).give_to_nobody();
        let no = "Permission denied";
        s.cp(["a", "ro"]).by_nobody().fails(&format!("ucp: cannot create regular file 'ro/a': {no}"));
        s.cp(["-r", "t", "ro"]).by_nobody().fails(&format!("ucp: cannot create directory 'ro/t': {no}"));
        s.cp(["a", "blind"]).by_nobody().fails(&format!("ucp: cannot stat 'blind/a': {no}"));
        s.cp(["a", "closed/x"]).by_nobody().fails(&format!("ucp: cannot stat 'closed/x': {no}"));
        s.cp(["closed/x", "b"]).by_nobody().fails(&format!("ucp: cannot stat 'closed/x': {no}"));
        s.cp(["a", "a", "closed/d"]).by_nobody().fails(&format!("ucp: target 'closed/d': {no}"));
    });
}

#[test]
fn the_source_is_opened_before_the_destination_is_made() {
    each_engine(|s| {
        s.file("a", "1").chmod("a", 0).file("b", "keep").give_to_nobody();
        let message = "ucp: cannot open 'a' for reading: Permission denied";
        s.cp(["a", "new"]).by_nobody().fails(message);
        s.cp(["a", "no/new"]).by_nobody().fails(message);
        s.cp(["a", "b"]).by_nobody().fails(message);
        assert_eq!((s.exists("new"), s.read("b")), (false, b"keep".to_vec()));
    });
}

#[test]
fn a_full_file_system_is_reported_for_each_file_and_what_was_copied_stays() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("full", "size=256k") else { return };
        let big = noise(1_000_000, 1);
        s.file("first", "1").file("big", &big).file("small", "2").file("empty", "");
        let no = "No space left on device";
        s.cp(["first", "big", "full"]).fails(&format!("ucp: error writing 'full/big': {no}"));
        s.cp(["small", "empty", "full"]).fails(&format!("ucp: error writing 'full/small': {no}"));
        s.assert_same("first", "full/first");
        s.assert_same("empty", "full/empty");
        let partial = s.read("full/big");
        assert!(
            !partial.is_empty() && big.starts_with(&partial),
            "what fitted is not a prefix of the source"
        );
        assert_eq!(s.read("full/small"), b"");
    });
}

#[test]
fn a_file_system_without_inodes_is_reported_for_each_thing() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("full", "nr_inodes=2") else { return };
        s.file("a", "1").file("d/x", "2").symlink("l", "a").fifo("p", 0o644).dir("full/d2");
        let no = "No space left on device";
        s.cp(["-r", "a", "d", "l", "p", "full"]).run().ends(1).complains_lines(&[
            &format!("ucp: cannot create regular file 'full/a': {no}"),
            &format!("ucp: cannot create directory 'full/d': {no}"),
            &format!("ucp: cannot create symbolic link 'full/l': {no}"),
            &format!("ucp: cannot create fifo 'full/p': {no}"),
        ]);
    });
}

#[test]
fn what_finds_no_inode_in_a_flat_directory_is_reported_and_all_else_is_whole() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("full", "nr_inodes=202") else { return };
        for file in 0..500_u64 {
            s.file(format!("s/{file}"), file.to_string());
        }
        let outcome = s.cp(["-r", "s", "full"]).run().ends(1);
        let copied: Vec<String> = s.names("full/s").into_iter().filter(|name| !name.is_empty()).collect();
        assert!((190..=202).contains(&copied.len()), "{} files fitted", copied.len());
        for name in &copied {
            assert_eq!(s.read(format!("full/s/{name}")), name.as_bytes());
        }
        let refused = (0..500).map(|file| file.to_string()).filter(|name| !copied.contains(name));
        let line = |name: String| {
            format!("ucp: cannot create regular file 'full/s/{name}': No space left on device")
        };
        let expected: Vec<String> = refused.map(line).collect();
        outcome.complains_lines(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    });
}

#[test]
fn a_read_only_file_system_is_reported() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("ro", "ro") else { return };
        s.file("a", "1").file("d/x", "2");
        let no = "Read-only file system";
        s.cp(["-r", "a", "d", "ro"]).run().ends(1).complains_lines(&[
            &format!("ucp: cannot create regular file 'ro/a': {no}"),
            &format!("ucp: cannot create directory 'ro/d': {no}"),
        ]);
    });
}

/// A tree with enough in it that a ring is worth its while.
fn real_tree(s: &Sandbox) {
    for dir in 0..20 {
        for file in 0..20 {
            s.file(format!("s/{}/{dir}/{file}", dir % 5), noise(dir * 997 + file * 13, 1));
        }
        s.symlink(format!("s/{}/{dir}/link", dir % 5), "0");
    }
    s.file("s/big", noise(3_000_001, 2));
}

#[test]
fn blocked_io_uring_goes_unnoticed() {
    each_engine(|s| {
        // The engine asked for by name has a test of its own.
        if s.engine() == Engine::Uring {
            return;
        }
        real_tree(s);
        for (answer, copy) in [(IoUring::NotPermitted, "t"), (IoUring::NotImplemented, "u")] {
            s.cp(["-r", "s", copy]).env("UCP_ENGINE", "auto").without_io_uring(answer).succeeds();
            s.assert_same("s", copy);
            let operands = ["s/big", "s/0/0/9", "s/big"];
            let expected = operands.map(|name| s.read(name)).concat();
            s.cat(operands).env("UCP_ENGINE", "auto").without_io_uring(answer).succeeds().prints(expected);
        }
    });
}

#[test]
fn blocked_io_uring_is_an_error_where_it_was_asked_for() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Uring);
    s.file("a", "1");
    for answer in [IoUring::NotPermitted, IoUring::NotImplemented] {
        s.cp(["a", "b"]).without_io_uring(answer).run().ends(1).mentions("ucp: ").mentions("io_uring");
        s.cat(["a"])
            .without_io_uring(answer)
            .run()
            .ends(1)
            .mentions("ucat: ")
            .mentions("io_uring")
            .prints("");
        assert!(!s.exists("b"));
    }
}

#[test]
fn closed_standard_streams_never_receive_what_belongs_elsewhere() {
    each_engine(|s| {
        s.file("s/a", "first\n").file("s/b", noise(200_000, 1)).file("s/c/d", "x");
        // A destination that lands on a free descriptor 0, 1 or 2 must not catch messages or -v lines.
        for closed in [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]] {
            let copy = format!("t{}", closed.iter().map(ToString::to_string).collect::<String>());
            let mut run = s.cp(["-r", "s", "no", &copy]);
            s.dir(&copy);
            for descriptor in closed {
                run = run.close(*descriptor);
            }
            run.and(["-v"]).run().ends(1);
            s.assert_same("s", format!("{copy}/s"));
            let mut run = s.cat(["s/b", "no", "s/b"]);
            for descriptor in closed {
                run = run.close(*descriptor);
            }
            let outcome = run.run().ends(1);
            let expected =
                if closed.contains(&1) { Vec::new() } else { [s.read("s/b"), s.read("s/b")].concat() };
            outcome.prints(expected);
        }
        assert_eq!(s.read("s/a"), b"first\n");
    });
}

/// Who writes to both may come to the second only when the first is read.
#[test]
fn a_fifo_is_read_to_its_end_before_the_next_is_waited_for() {
    each_engine(|s| {
        s.fifo("one", 0o600).fifo("two", 0o600).dir("d");
        let running = s.cp(["--copy-contents", "one", "two", "d"]).start();
        let mut one = s.feed("one");
        running.until_it_waits();
        let (told, tells) = std::sync::mpsc::channel();
        let two = s.path("two");
        std::thread::spawn(move || {
            let whole = one.write_all(&noise(300_000, 1));
            drop(one);
            told.send(whole.and_then(|()| std::fs::write(two, "2")))
        });
        match tells.recv_timeout(std::time::Duration::from_secs(60)) {
            Ok(written) => written.unwrap(),
            Err(_) => {
                running.kill();
                panic!("the second is waited for, and the first is not read");
            }
        }
        running.finish().ends(0);
        assert!(s.read("d/one") == noise(300_000, 1) && s.read("d/two") == b"2");
    });
}
