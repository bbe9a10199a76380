//! `--manifest` and `--stats-file` name no source, no copy and no list: nothing is replaced or emptied by them.

use std::fs::{self, OpenOptions};

use crate::common::{Sandbox, calls, each_engine, needs_extensions};

const OUTPUTS: [&str; 2] = ["manifest", "stats-file"];

/// Runs `body` for each kind of output in a sandbox with `s/a`, `b` and an empty `t`.
fn each_output(body: impl Fn(&Sandbox, &str)) {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for output in OUTPUTS {
            for name in ["s", "t"] {
                if s.exists(name) {
                    fs::remove_dir_all(s.path(name)).unwrap();
                }
            }
            s.file("s/a", "precious").file("b", "two").dir("t");
            body(s, output);
        }
    });
}

/// The run is refused by words that have `part` in them, and nothing is touched.
#[track_caller]
fn refused(s: &Sandbox, output: &str, file: &str, operands: &[&str], part: &str) {
    let before = s.tree(".");
    let outcome = s.cp([format!("--{output}={file}")]).and(operands).run().ends(1).mentions(part);
    outcome.expect(outcome.stderr().lines().count() == 1, "one line");
    outcome.expect(s.tree(".") == before, "nothing is touched");
}

#[test]
fn a_source_is_no_output_whatever_it_is_called() {
    each_output(|s, output| {
        refused(s, output, "s/a", &["-r", "s", "t"], "'s/a' lies in the source 's'");
        refused(s, output, "s/a", &["s/a", "t"], "'s/a' is the operand 's/a' too");
        refused(s, output, "s/../s/a", &["s/a", "t"], "is the operand 's/a' too");
        let whole = s.path("s/a");
        refused(s, output, whole.to_str().unwrap(), &["-r", "s", "t"], "lies in the source 's'");
        s.symlink("s/link", "a");
        refused(s, output, "s/link", &["s/a", "t"], "is the operand 's/a' too");
        refused(s, output, "s/link", &["-a", "s", "t"], "lies in the source 's'");
        s.symlink("way", "s");
        refused(s, output, "way/a", &["-r", "s", "t"], "lies in the source 's'");
        fs::remove_file(s.path("way")).unwrap();
        s.hard_link("s/again", "s/a");
        refused(s, output, "s/again", &["s/a", "t"], "is the operand 's/a' too");
        // What is not there yet.
        refused(s, output, "absent", &["absent", "t"], "is the operand 'absent' too");
    });
}

#[test]
fn a_descriptor_of_a_source_is_no_output() {
    each_output(|s, output| {
        let file = OpenOptions::new().read(true).write(true).open(s.path("b")).unwrap();
        let run = s.cp([&format!("--{output}=/dev/stdin"), "b", "t"]).stdin(file);
        run.run().ends(1).mentions("is the operand 'b' too");
        assert_eq!((s.read("b"), s.exists("t/b")), (b"two".to_vec(), false));
    });
}

#[test]
fn a_copy_is_no_output() {
    each_output(|s, output| {
        refused(s, output, "t/b", &["b", "t"], "'t/b' would be the copy of 'b' too");
        s.file("t/b", "old");
        refused(s, output, "t/b", &["b", "t"], "'t/b' would be the copy of 'b' too");
        refused(s, output, "t/../t/b", &["-t", "t", "b"], "would be the copy of 'b' too");
        s.hard_link("t/other", "t/b");
        refused(s, output, "t/other", &["b", "t"], "would be the copy of 'b' too");
        refused(s, output, "c", &["b", "c"], "'c' is the operand 'c' too");
    });
}

#[test]
fn lists_and_outputs_are_different_files() {
    each_output(|s, output| {
        s.file("list", b"b\0");
        refused(s, output, "list", &["--files0-from=list", "t"], "'list' is the list of names 'list' too");
        fs::remove_file(s.path("list")).unwrap();
    });
    each_output(|s, _output| {
        refused(s, "manifest", "x", &["--stats-file=x", "b", "t"], "'x' is the file of statistics 'x' too");
    });
}

#[test]
fn what_only_the_walk_finds_stays_as_it_is() {
    each_output(|s, output| {
        s.file("out", "figures").hard_link("s/out", "out").file("u", "");
        for options in [&["-r"][..], &["-a"], &["-r", "-l"], &["-r", "-b"]] {
            let run = s.cp([format!("--{output}=out")]).and(options).and(["s", "t"]);
            run.run().ends(1).mentions("'out' is the source 's/out' too; name another FILE");
            assert_eq!(s.read("out"), b"figures");
            assert_eq!(s.read("s/out"), b"figures");
            assert_eq!((s.read("t/s/a"), s.exists("t/s/out")), (b"precious".to_vec(), false));
            fs::remove_dir_all(s.path("t/s")).unwrap();
        }
        fs::remove_file(s.path("s/out")).unwrap();
        s.file("there/out", "figures").symlink("s/way", s.path("there"));
        let run = s.cp([format!("--{output}=there/out")]).and(["-r", "-L", "s", "t"]);
        run.run().ends(1).mentions("is the source 's/way/out' too");
        assert_eq!(s.read("there/out"), b"figures");
        s.file("list", b"b\0s/a\0");
        s.cp([format!("--{output}=b")])
            .and(["--files0-from=list", "t"])
            .run()
            .ends(1)
            .mentions("is the source 'b' too");
        assert_eq!((s.read("b"), s.read("t/a")), (b"two".to_vec(), b"precious".to_vec()));
        ["out", "list", "u"].iter().for_each(|name| fs::remove_file(s.path(name)).unwrap());
    });
}

#[test]
fn a_copy_never_goes_over_an_output_below_the_destination() {
    each_output(|s, output| {
        s.file("t/s/a", "figures");
        for options in [&["-r"][..], &["-r", "-b"], &["-r", "--remove-destination"], &["-r", "-l", "-f"]] {
            let run = s.cp([format!("--{output}=t/s/a")]).and(options).and(["s", "t"]);
            run.run().ends(1).mentions("'t/s/a' would be the copy of 's/a' too");
            assert!(s.read("t/s/a") != b"precious" && !s.exists("t/s/a~"));
        }
        assert_eq!(s.read("s/a"), b"precious");
    });
}

#[test]
fn a_new_output_below_a_source_is_no_part_of_the_copy() {
    each_output(|s, output| {
        for unnamed in [true, false] {
            let run = s.cp([format!("--{output}=s/new")]).and(["-r", "s", "t"]);
            let run = if unnamed { run } else { run.without_unnamed_files() };
            run.succeeds();
            assert!(!s.read("s/new").is_empty());
            assert!(s.exists("t/s/a") && !s.exists("t/s/new"));
            assert_eq!(fs::read_dir(s.path("t/s")).unwrap().count(), 1);
            fs::remove_file(s.path("s/new")).unwrap();
            fs::remove_dir_all(s.path("t/s")).unwrap();
        }
    });
}

#[test]
fn ucat_writes_its_figures_over_no_input_and_not_into_its_output() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "precious").hard_link("again", "a").file("b", "two");
        for (file, input) in [("a", "a"), ("again", "a"), ("./a", "a"), ("absent", "absent")] {
            s.cat([&format!("--stats-file={file}"), "b", input]).fails(&format!(
                "ucat: the file of statistics '{file}' is the operand '{input}' too; name another FILE"
            ));
            assert_eq!(s.read("a"), b"precious");
        }
        assert!(!s.exists("absent"));
        let output = OpenOptions::new().append(true).open(s.path("a")).unwrap();
        let run = s.cat(["--stats-file=a", "b"]).stdout(output);
        run.run().ends(1).mentions("'a' is standard output, too");
        assert_eq!(s.read("a"), b"precious");
    });
}

#[test]
fn what_cannot_be_looked_at_is_not_emptied() {
    each_output(|s, output| {
        let before = s.tree(".");
        let looks = [libc::SYS_newfstatat, calls::STAT, libc::SYS_statx];
        for operands in [&["-r", "s", "t"][..], &["b", "t"]] {
            let run = s.cp([format!("--{output}=s/a")]).and(operands).refused(&looks, libc::EIO);
            let outcome = run.run().ends(1).mentions("'s/a'").mentions("Input/output error");
            outcome.expect(outcome.stderr().lines().count() == 1, "one line");
            outcome.expect(s.tree(".") == before, "nothing is touched");
        }
    });
}
