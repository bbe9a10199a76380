//! `--debug`: a line on each file behind its own, in GNU's words, which must be true of us; and one on the run.

use crate::common::{Sandbox, each_engine, is_reference, needs_extensions, noise};

/// What is printed, but for the line on the run, which the reference does not have. The word for an offload of what can
/// be read and written as well is another one there, as it does leave that to the kernel.
fn said(s: &Sandbox, args: &[&str]) -> Vec<String> {
    let outcome = s.cp(["--debug"]).and(args).run();
    let text = String::from_utf8(outcome.stdout().to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("engine: "));
    lines
        .map(|line| {
            let line = if is_reference() { line.replace("offload: yes", "offload: no") } else { line.into() };
            line.replace("copy offload: ", "").replace("reflink: ", "").replace("sparse detection: ", "")
        })
        .collect()
}

/// A file system that shares no blocks, with files on it, below `t`.
fn on_tmpfs(body: impl Fn(&Sandbox)) {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("t", "size=30m") else { return };
        s.file("t/data", noise(300_000, 1)).file("t/empty", "").sparse("t/hole", 1 << 20, &[]);
        s.sparse("t/part", 2 << 20, &[(0, &noise(5000, 2)), (1 << 20, &noise(5000, 3))]);
        body(s);
    });
}

#[test]
fn the_words_are_true_of_what_was_done() {
    on_tmpfs(|s| {
        let proc = "/proc/self/status";
        for (options, source, words) in [
            (&[][..], "t/data", "no, unsupported, no"),
            (&[], "t/empty", "unknown, unsupported, no"),
            (&[], "t/hole", "unknown, unsupported, SEEK_HOLE"),
            (&[], "t/part", "no, unsupported, SEEK_HOLE"),
            (&[], proc, "unsupported, unsupported, no"),
            (&["--reflink=never"], "t/data", "avoided, no, no"),
            (&["--reflink=never"], "t/empty", "avoided, no, no"),
            (&["--reflink=never"], "t/hole", "unknown, no, SEEK_HOLE"),
            (&["--reflink=never"], "t/part", "avoided, no, SEEK_HOLE"),
            (&["--sparse=always"], "t/data", "avoided, unsupported, zeros"),
            (&["--sparse=always"], "t/empty", "avoided, unsupported, zeros"),
            (&["--sparse=always"], "t/hole", "unknown, unsupported, SEEK_HOLE"),
            (&["--sparse=always"], "t/part", "avoided, unsupported, SEEK_HOLE + zeros"),
            (&["--sparse=always"], proc, "avoided, unsupported, zeros"),
            (&["--sparse=always", "--reflink=never"], "t/part", "avoided, no, SEEK_HOLE + zeros"),
            (&["--sparse=never"], "t/data", "avoided, no, no"),
            (&["--sparse=never"], "t/part", "avoided, no, SEEK_HOLE"),
            (&["--sparse=never"], proc, "avoided, no, no"),
        ] {
            let lines = said(s, &[options, &[source, "t/copy"]].concat());
            assert_eq!(lines, [format!("'{source}' -> 't/copy'"), words.into()], "{options:?} {source}");
            if source != proc {
                s.assert_same(source, "t/copy");
            }
        }
    });
}

#[test]
fn a_clone_that_fails_and_a_file_that_cannot_be_made_have_their_line_too() {
    on_tmpfs(|s| {
        let lines = ["'t/data' -> 't/copy'", "unknown, unsupported, unknown"];
        assert_eq!(said(s, &["--reflink", "t/data", "t/copy"]), lines);
        let lines = ["'t/data' -> 'nowhere/copy'", "unknown, unknown, unknown"];
        assert_eq!(said(s, &["t/data", "nowhere/copy"]), lines);
    });
}

#[test]
fn each_line_stands_behind_that_of_its_file() {
    on_tmpfs(|s| {
        for name in ["one", "two", "three"] {
            s.file(format!("t/tree/{name}"), noise(200_000, 5)).symlink(format!("t/tree/{name}.link"), "x");
            s.file(format!("t/tree/sub-{name}/inner"), "1").fifo(&format!("t/tree/{name}.fifo"), 0o644);
        }
        let lines = said(s, &["-r", "t/tree", "t/copy"]);
        let is_read = |line: &str| ["one'", "two'", "three'", "inner'"].iter().any(|end| line.ends_with(end));
        let mut files = 0;
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" -> ")) {
            let inner = is_read(line) && !line.contains("sub-") || line.ends_with("inner'");
            let next = lines.get(number + 1).is_some_and(|next| next == "no, unsupported, no");
            assert_eq!(next, inner, "behind {line}");
            files += usize::from(inner);
        }
        assert_eq!((files, lines.len()), (6, 16 + 6));
        s.assert_same("t/tree", "t/copy");
    });
}

#[test]
fn a_file_that_stays_is_said_to_be_skipped() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2").symlink("l", "b");
        assert_eq!(said(s, &["-n", "a", "b"]), ["skipped 'b'"]);
        assert_eq!(said(s, &["-u", "a", "b"]), ["skipped 'b'"]);
        assert_eq!(said(s, &["-rn", "a", "l"]), ["skipped 'l'"]);
        s.cp(["--debug", "-i", "a", "b"]).input("no\n").run().ends(1).prints("skipped 'b'\n");
        s.cp(["-v", "-n", "a", "b"]).succeeds().prints("");
        s.cp(["--debug", "--update=none-fail", "a", "b"]).fails("ucp: not replacing 'b'").prints("");
        assert_eq!(said(s, &["a", "a"]), [""; 0]);
    });
}

#[test]
fn links_and_what_is_made_anew_have_no_line() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "a").fifo("f", 0o644);
        assert_eq!(said(s, &["-l", "a", "b"]), ["'a' -> 'b'"]);
        assert_eq!(said(s, &["-s", "a", "c"]), ["'a' -> 'c'"]);
        assert_eq!(said(s, &["-r", "f", "d"]), ["'f' -> 'd'"]);
        assert_eq!(said(s, &["-r", "l", "e"]), ["'l' -> 'e'"]);
    });
}

#[test]
fn lines_and_messages_keep_their_order_in_one_file() {
    each_engine(|s| {
        s.file("a", "1").dir("d");
        let out = std::fs::File::create(s.path("out")).unwrap();
        let program = s.cp(["-v", "a", "missing", "/proc/version", "d"]);
        program.both_streams_to(&out).run().ends(1);
        let expected = "'a' -> 'd/a'\nucp: cannot stat 'missing': No such file or directory\n\
                        '/proc/version' -> 'd/version'\n";
        assert_eq!(String::from_utf8(s.read("out")).unwrap(), expected);
    });
}

#[test]
fn the_last_line_says_by_which_means_and_why() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "1").dir("d");
        let last = |args: &[&str]| {
            let outcome = s.cp(["--debug"]).and(args).succeeds();
            let text = String::from_utf8(outcome.stdout().to_vec()).unwrap();
            text.lines().last().unwrap_or_default().to_owned()
        };
        let by = last(&["--engine=sync", "a", "d"]);
        assert_eq!(by, "engine: sync, placement: inline, reason: asked for");
        let by = last(&["a", "d"]);
        assert!(
            by.starts_with("engine: ") && by.contains(", placement: ") && by.contains(", reason: "),
            "{by}"
        );
        // Where no data moved there is nothing to say.
        assert_eq!(last(&["-n", "a", "b"]), "skipped 'b'");
    });
}
