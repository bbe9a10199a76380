//! `--progress` where there is no terminal, and what SIGUSR1 asks for.

use std::io::{BufRead, BufReader, Write};

use rustix::process::Signal;

use crate::common::{each_engine, needs_extensions};

#[test]
fn always_writes_plain_lines_for_logs() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("file", "0123456789").fifo("slow", 0o600).dir("dst");
        let mut running = s.cp(["--copy-contents", "--progress=always", "slow", "file", "dst"]).start();
        let mut lines = BufReader::new(running.take_stderr()).lines();
        let mut fifo = s.feed("slow");
        fifo.write_all(&[b'x'; 5000]).unwrap();
        let wanted = |line: &String| line.starts_with("ucp: 5.0") && line.ends_with(": 'slow'");
        let line = lines.by_ref().map(Result::unwrap).find(wanted).unwrap();
        assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        drop(fifo);
        let last = lines.map(Result::unwrap).last().unwrap();
        assert!(last.starts_with("ucp: 5.01 kB, 2 files in "), "{last}");
        running.finish().ends(0);
    });
}

#[test]
fn the_total_is_of_what_is_copied_and_counted_as_statistics_count() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("src/a", "0123456789").file("src/b.tmp", "left out").fifo("src/slow", 0o600);
        s.file("src/.gitignore", "*.o\n").file("src/d/c.o", "left out").file("src/d/e", "12345");
        s.hard_link("src/d/f", "src/a").symlink("src/link", "a");
        let run = s.cp(["-a", "--copy-contents", "--exclude=*.tmp", "--gitignore", "--stats=json"]);
        let mut running = run.and(["--progress=always", "src", "dst"]).start();
        let mut lines = BufReader::new(running.take_stderr()).lines().map(Result::unwrap);
        let fifo = s.feed("src/slow");
        // a or its other name, .gitignore, e, and the pipe.
        let counted = |line: &String| line.contains(" of 4 files, ") && line.contains(" of 19 B (");
        lines.find(counted).unwrap();
        drop(fifo);
        let last: Vec<String> = lines.collect();
        let [.., summary, stats] = &last[..] else { panic!("{last:?}") };
        assert!(summary.starts_with("ucp: 19 B, 4 files in "), "{summary}");
        assert!(stats.contains("\"files\":4,"), "{stats}");
        running.finish().ends(0);
    });
}

#[test]
fn a_dry_run_shows_what_would_be_copied() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "0123456789").file("b", "12345").symlink("link", "a").dir("dst").fifo("names", 0o600);
        let run = s.cp(["-P", "--dry-run", "--progress=always", "--files0-from=names", "dst"]);
        let mut running = run.start();
        let mut lines = BufReader::new(running.take_stderr()).lines().map(Result::unwrap);
        let mut names = s.feed("names");
        assert_eq!(lines.next().unwrap(), "ucp: 0 B, 0 files would be copied");
        names.write_all(b"a\0b\0link\0").unwrap();
        drop(names);
        assert_eq!(lines.last().unwrap(), "ucp: 15 B, 2 files would be copied");
        running.finish().ends(0).prints("'a' -> 'dst/a'\n'b' -> 'dst/b'\n'link' -> 'dst/link'\n");
    });
}

#[test]
fn auto_says_nothing_where_there_is_no_terminal() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("slow", 0o600).fifo("clock", 0o600);
        let silent = s.cp(["--copy-contents", "--progress", "slow", "copy"]).start();
        let fifo = s.feed("slow");
        // Another one that writes lines, begun later, tells when more than a second has gone by.
        let mut clock = s.cp(["--copy-contents", "--progress=always", "clock", "tock"]).start();
        let held = s.feed("clock");
        let mut lines = BufReader::new(clock.take_stderr()).lines();
        assert_eq!(lines.by_ref().take(3).count(), 3);
        drop((fifo, held));
        silent.finish().ends(0).complains("");
        assert!(lines.count() > 0, "there is a last line");
        clock.finish().ends(0);
    });
}

#[test]
fn a_line_is_written_when_sigusr1_asks_for_it() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("slow", 0o600);
        for option in ["--progress=never", "--progress=auto"] {
            let mut running = s.cp(["--copy-contents", option, "slow", "copy"]).start();
            let mut lines = BufReader::new(running.take_stderr()).lines();
            let mut fifo = s.feed("slow");
            fifo.write_all(&[b'x'; 5000]).unwrap();
            // The signal may come before the bytes have been copied; each one asks for a line.
            loop {
                running.signal(Signal::USR1);
                let line = lines.next().unwrap().unwrap();
                assert!(line.starts_with("ucp: ") && line.contains(" files, "), "{line}");
                if line.starts_with("ucp: 5.00 kB, 0 files, ") {
                    assert!(line.ends_with(": 'slow'"), "{line}");
                    break;
                }
            }
            drop(fifo);
            assert_eq!(lines.count(), 0, "nobody has asked for more");
            running.finish().ends(0);
        }
    });
}

#[test]
fn without_the_option_sigusr1_kills_as_it_kills_gnu_cp() {
    each_engine(|s| {
        s.fifo("slow", 0o600);
        let running = s.cp(["--copy-contents", "slow", "copy"]).start();
        let fifo = s.feed("slow");
        running.signal(Signal::USR1);
        running.finish().dies_by(libc::SIGUSR1).complains("");
        drop(fifo);
    });
}

#[test]
fn a_value_that_it_does_not_take_is_refused() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.cp(["--progress=perhaps", "a", "b"]).fails(
            "ucp: invalid argument 'perhaps' for '--progress': it takes auto, always or never\n\
             Try 'ucp --help' for more information.\n",
        );
    });
}
