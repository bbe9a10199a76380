//! Descriptors 0 to 2 that are closed when a program starts have no names: /dev/stdin then leads to nothing.

use crate::common::each_engine;

#[test]
fn a_closed_standard_input_is_no_source() {
    each_engine(|s| {
        s.file("copy", "keep").symlink("in", "/proc/self/fd/0").dir("tree").symlink("tree/in", "/dev/fd/0");
        for name in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/proc/thread-self/fd/0", "in"] {
            for options in
                [&["-T"][..], &["-f"], &["-L"], &["-b"], &["-u"], &["--remove-destination"], &["-l"]]
            {
                let run = s.cp(options).and([name, "copy"]).close(0);
                run.fails(&format!("ucp: cannot stat '{name}': No such file or directory"));
                assert_eq!(s.names("."), ["", "copy", "in", "tree", "tree/in"], "{options:?}");
                assert_eq!(s.read("copy"), b"keep");
            }
            for option in ["-u", "-n"] {
                let printed =
                    s.cat([option, name]).close(0).fails(&format!("ucat: {name}: No such file or directory"));
                printed.prints("");
            }
        }
        s.cp(["-P", "/proc/self/fd/0", "copy"]).close(0).close(1).run().ends(1);
        s.cp(["-rL", "tree", "t"]).close(0).fails("ucp: cannot stat 'tree/in': No such file or directory");
        let complaint = "ucp: target directory 'in': No such file or directory";
        s.cp(["-t", "in", "copy"]).close(0).fails(complaint);
        // All three are closed, in which case nothing can be said.
        s.cp(["in", "copy"]).close(0).close(1).close(2).run().ends(1);
        assert_eq!(s.read("copy"), b"keep");
        // Those that are open are as ever.
        s.cp(["in", "new"]).input("typed").close(1).close(2).succeeds();
        assert_eq!(s.read("new"), b"typed");
    });
}

#[test]
fn a_closed_output_is_no_destination() {
    each_engine(|s| {
        s.file("a", "1").symlink("out", "/proc/self/fd/1").symlink("err", "/proc/self/fd/2");
        for options in [&["-T"][..], &["-n"], &["-u"], &["-i"]] {
            let complaint = "ucp: not writing through dangling symlink 'out'";
            s.cp(options).and(["a", "out"]).close(1).fails(complaint);
            s.cp(options).and(["a", "out"]).close(0).close(1).fails(complaint);
            s.cp(options).and(["a", "err"]).close(2).run().ends(1);
        }
        s.cp(["a", "/proc/self/fd/1"]).close(1).run().ends(1);
        assert_eq!(s.link_target("out").to_str(), Some("/proc/self/fd/1"));
    });
}

#[test]
fn a_path_to_or_through_a_closed_descriptor_is_told_as_one_that_leads_to_nothing() {
    each_engine(|s| {
        s.file("a", "1");
        for name in ["/dev/fd/0/", "/dev/fd/0/x", "/dev/stdin/x"] {
            let complaint = format!("ucp: cannot stat '{name}': No such file or directory");
            s.cp(["-r", name, "b"]).close(0).fails(&complaint);
        }
        s.cp(["a", "/dev/stdin/"])
            .by_nobody()
            .close(0)
            .fails("ucp: cannot create regular file '/dev/stdin/': Not a directory");
        for name in ["/proc/self/fd/1", "/dev/fd/1"] {
            let complaint = format!("ucp: cannot create regular file '{name}': No such file or directory");
            s.cp(["a", name]).close(1).fails(&complaint);
        }
    });
}

#[test]
fn an_answer_that_cannot_be_read_is_told_at_the_end() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2").file("d/a", "3");
        let bad = ": Bad file descriptor";
        // A target directory has the number of the input that was closed.
        for (copy, reason) in [("b", bad), ("d", "")] {
            let name = if copy == "d" { "d/a" } else { copy };
            s.cp(["-i", "a", copy])
                .close(0)
                .fails(&format!("ucp: overwrite '{name}'? ucp: error closing file{reason}"));
            let directory = std::fs::File::open(s.path("d")).unwrap();
            s.cp(["-i", "a", copy])
                .stdin(directory)
                .fails(&format!("ucp: overwrite '{name}'? ucp: error closing file"));
        }
        s.cp(["-i", "a", "new"]).close(0).succeeds();
        s.cp(["-i", "a", "b"]).input("").fails("ucp: overwrite 'b'? ");
        assert_eq!((s.read("b"), s.read("d/a")), (b"2".to_vec(), b"3".to_vec()));
    });
}
