//! `--progress` on a terminal: what its screen shows.
//!
//! A copy that takes as long as the test wants is one of a FIFO, whose other end the test holds.

use std::io::Write;
use std::os::unix::fs::MetadataExt;

use crate::common::{Running, Sandbox, Terminal, each_engine, needs_extensions};

/// A file without a byte, and a FIFO that is read as one.
fn source(s: &Sandbox) {
    s.file("src/file", "").fifo("src/slow", 0o600);
}

/// Starts the copy of a directory, of which a FIFO is a part, on a terminal.
fn start(s: &Sandbox, terminal: &Terminal, options: &[&str]) -> Running {
    let run = s.cp(["-r", "--copy-contents", "src", "dst"]).and(options).env("TERM", "xterm");
    let running = run.on_terminal(terminal).start();
    terminal.watch();
    running
}

#[test]
fn the_display_fits_the_terminal_and_moves_within_one_file() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        source(s);
        for columns in [40, 80, 200] {
            let terminal = Terminal::new(columns);
            let running = start(s, &terminal, &["--progress=always"]);
            let mut fifo = s.feed("src/slow");
            for (bytes, shown) in [(5000, "5.00 kB"), (5000, "10.0 kB")] {
                fifo.write_all(&vec![b'x'; bytes]).unwrap();
                terminal.until(shown, |screen| screen.contains(shown));
            }
            // It counts what is there, not what was read.
            assert!(s.path("dst/slow").metadata().unwrap().size() >= 10_000);
            let lines = terminal.until("total", |screen| screen.contains(" of ") && screen.contains("slow"));
            assert_eq!(lines.len(), 2, "{lines:?}");
            for line in &lines {
                assert!(line.chars().count() < usize::from(columns), "{line:?} at {columns}");
            }
            drop(fifo);
            let lines = terminal.at_the_end();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].starts_with("ucp: 10.0 kB, 2 files in "), "{lines:?}");
            assert!(lines[0].chars().count() <= usize::from(columns), "{lines:?} at {columns}");
            running.finish().ends(0);
            std::fs::remove_dir_all(s.path("dst")).unwrap();
        }
    });
}

#[test]
fn the_display_follows_the_terminal_s_width() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        source(s);
        let terminal = Terminal::new(120);
        let running = start(s, &terminal, &["--progress=always"]);
        let mut fifo = s.feed("src/slow");
        fifo.write_all(&[b'x'; 5000]).unwrap();
        terminal.until("display", |screen| screen.contains("5.00 kB") && screen.contains(" of "));
        for columns in [40, 100, 30] {
            terminal.resize(columns);
            let (least, most) = (usize::from(columns) / 3, usize::from(columns));
            terminal.until("frame of another width", |screen| {
                let widths: Vec<usize> = screen.lines().map(|line| line.trim_end().chars().count()).collect();
                widths.first().is_some_and(|width| (least..most).contains(width))
                    && widths.iter().filter(|width| **width > 0).count() == 2
            });
        }
        drop(fifo);
        terminal.at_the_end();
        running.finish().ends(0);
    });
}

#[test]
fn names_do_nothing_to_the_terminal() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let name = "src/a\x1b[31m\x07\r日本";
        s.dir("src").fifo(name, 0o600);
        let terminal = Terminal::new(80);
        let running = start(s, &terminal, &["--progress=always"]);
        let mut fifo = s.feed(name);
        fifo.write_all(b"x").unwrap();
        terminal.until("name", |screen| screen.contains("a?[31m??日本"));
        drop(fifo);
        terminal.at_the_end();
        let raw = terminal.raw();
        assert!(!raw.windows(5).any(|bytes| bytes == b"\x1b[31m") && !raw.contains(&b'\x07'), "{raw:?}");
        running.finish().ends(0);
    });
}

#[test]
fn there_are_no_colours_and_on_a_dumb_terminal_no_control_characters() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        source(s);
        for (variable, value, plain) in [("NO_COLOR", "1", false), ("TERM", "dumb", true), ("TERM", "", true)]
        {
            let terminal = Terminal::new(80);
            let run = s.cp(["-r", "--copy-contents", "--progress=always", "src", "dst"]);
            let run = run.env("TERM", "xterm").env(variable, value);
            let running = run.on_terminal(&terminal).start();
            terminal.watch();
            let mut fifo = s.feed("src/slow");
            fifo.write_all(b"12345").unwrap();
            terminal.until("bytes", |screen| screen.contains("5 B"));
            drop(fifo);
            terminal.at_the_end();
            let raw = terminal.raw();
            let coloured = raw.split(|byte| *byte == 0x1b).skip(1).any(|sequence| {
                let end = sequence.iter().find(|byte| byte.is_ascii_alphabetic());
                end == Some(&b'm')
            });
            assert!(!coloured, "{raw:?}");
            assert_eq!(raw.contains(&0x1b), !plain, "{variable}={value}: {raw:?}");
            running.finish().ends(0);
            std::fs::remove_dir_all(s.path("dst")).unwrap();
        }
    });
}

#[test]
fn auto_shows_nothing_of_a_short_copy_and_a_long_one_after_a_while() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        source(s);
        let terminal = Terminal::new(80);
        let running =
            s.cp(["src/file", "short", "--progress"]).env("TERM", "xterm").on_terminal(&terminal).start();
        terminal.watch();
        assert_eq!(terminal.at_the_end(), [""; 0]);
        running.finish().ends(0);
        let terminal = Terminal::new(80);
        let running = start(s, &terminal, &["--progress"]);
        let mut fifo = s.feed("src/slow");
        fifo.write_all(b"12345").unwrap();
        terminal.until("display", |screen| screen.contains("src/slow"));
        drop(fifo);
        terminal.at_the_end();
        running.finish().ends(0);
    });
}

#[test]
fn messages_and_lines_stand_above_the_display() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("one", 0o600).fifo("two", 0o600).dir("d").dir("dst");
        let terminal = Terminal::new(80);
        let run = s.cp(["-v", "--copy-contents", "--progress=always", "one", "d", "two", "dst"]);
        let running = run.env("TERM", "xterm").on_terminal(&terminal).start();
        terminal.watch();
        // Without -r they are read as well.
        let mut fifo = s.feed("one");
        fifo.write_all(b"12345").unwrap();
        terminal.until("display", |screen| screen.contains("5 B"));
        drop(fifo);
        let mut fifo = s.feed("two");
        fifo.write_all(b"12345").unwrap();
        let lines = terminal.until("both", |screen| screen.contains("10 B") && screen.contains("\n two"));
        let said =
            ["'one' -> 'dst/one'", "ucp: -r not specified; omitting directory 'd'", "'two' -> 'dst/two'"];
        assert_eq!(lines[..3], said, "{lines:?}");
        drop(fifo);
        let lines = terminal.at_the_end();
        assert_eq!(lines[..3], said, "{lines:?}");
        assert!(lines.len() == 4 && lines[3].starts_with("ucp: 10 B, 2 files in "), "{lines:?}");
        running.finish().ends(1);
    });
}

#[test]
fn a_question_stands_alone_and_is_answered() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.fifo("one", 0o600).file("two", "new").file("dst/two", "old");
        let terminal = Terminal::new(80);
        let run = s.cp(["-i", "--copy-contents", "--progress=always", "one", "two", "dst"]);
        let running = run.env("TERM", "xterm").on_terminal(&terminal).start();
        terminal.watch();
        let mut fifo = s.feed("one");
        fifo.write_all(b"12345").unwrap();
        terminal.until("display", |screen| screen.contains("5 B"));
        drop(fifo);
        let lines = terminal.until("question", |screen| screen.contains("overwrite"));
        assert_eq!(lines, ["ucp: overwrite 'dst/two'? "]);
        terminal.types(b"y\n");
        terminal.at_the_end();
        running.finish().ends(0);
        assert_eq!(s.read("dst/two"), b"new");
    });
}
