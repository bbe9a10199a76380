//! Several operands: copied as if one after the other, whatever one of them has to do with another.

use crate::common::{each_engine, needs_root, noise};

#[test]
fn a_destination_that_leads_to_an_earlier_source_is_written_after_it_was_read() {
    each_engine(|s| {
        s.file("a", noise(3_000_000, 1)).file("k", noise(3_000_000, 2)).dir("d").symlink("d/k", "../a");
        s.cp(["-t", "d", "a", "k"]).succeeds();
        assert!(
            s.read("d/a") == noise(3_000_000, 1),
            "the copy of a is what a was before k was written through d/k"
        );
        assert!(s.read("a") == noise(3_000_000, 2));
    });
}

#[test]
fn an_earlier_copy_can_be_a_later_source() {
    each_engine(|s| {
        s.file("a", noise(3_000_000, 1)).dir("d").dir("e").symlink("l", "d/a");
        s.cp(["-t", "d", "a", "l"]).succeeds();
        s.assert_same("a", "d/l");
        s.dir("s/sub").file("s/sub/f", noise(70_000, 3));
        s.cp(["-r", "-t", "e", "s", "e/s/sub", "e/sub/f"]).succeeds();
        s.assert_same("s/sub", "e/sub");
        s.assert_same("s/sub/f", "e/f");
    });
}

#[test]
fn a_link_that_a_later_operand_leads_through_is_copied_with_the_access_time_from_before() {
    for (options, operands, copy) in [
        (&["-a"][..], ["s", "s/b/l/"], "d/s/b/l"),
        (&["-a"], ["s", "s/b/l/f"], "d/s/b/l"),
        (&["-a", "-u"], ["through/.", "s/b/l/f"], "d/b/l"),
        (&["-a", "-u"], ["s/b/l", "s/b/l/f"], "d/l"),
        (&["-a", "--strip-trailing-slashes"], ["e", "s/b/l/"], "d/l"),
        (&["-au", "--strip-trailing-slashes"], ["e", "s/b/l//"], "d/l"),
        // The directory of the copies is in an operand.
        (&["-a", "-u"], ["./", "s/b/l/f"], "d/s/b/l"),
    ] {
        each_engine(|s| {
            s.in_walk_order(&[&["s", "d"]], |s| {
                s.file("s/b/kept", "1").symlink("s/b/l", "../../e").file("e/f", "2").dir("d/b");
            });
            s.symlink("through", "s").file("d/b/kept", "1");
            s.times("s/b/l", 5, 1_000_000_000);
            s.cp(options).and(operands).and(["d"]).run();
            assert_eq!(s.accessed(copy), (5, 123_456_789), "{options:?} {operands:?}");
        });
    }
}

#[test]
fn thousands_of_operands_arrive() {
    each_engine(|s| {
        let names: Vec<String> = (0..3000).map(|number| format!("s/{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            s.file(name, noise(number, 7));
        }
        s.dir("d");
        s.cp(["-t", "d"].into_iter().map(str::to_owned).chain(names.clone())).succeeds();
        s.assert_same("s", "d");
        s.cp(["-t", "d"].into_iter().map(str::to_owned).chain(names)).succeeds();
        s.assert_same("s", "d");
    });
}

#[test]
fn a_working_directory_that_cannot_be_searched_is_a_target_all_the_same() {
    // An ordinary user could not start anything there.
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.give_to_nobody().chmod(".", 0o070);
        for target in [".", "./.", ".//"] {
            s.cp(["-t", target, "f"]).by_nobody().fails("ucp: cannot stat 'f': Permission denied");
        }
        s.cp(["f", "g", "."]).by_nobody().run().ends(1).complains_lines(&[
            "ucp: cannot stat 'f': Permission denied",
            "ucp: cannot stat 'g': Permission denied",
        ]);
        for (target, copy) in [(".", "./null"), ("./.", "././null"), (".//", "./null")] {
            let complaint = format!("ucp: cannot stat '{copy}': Permission denied");
            s.cp(["/dev/null", target]).by_nobody().fails(&complaint);
        }
        s.cp(["--parents", "/dev/null", "."])
            .by_nobody()
            .fails("ucp: cannot make directory './dev': Permission denied");
        s.chmod(".", 0o755);
    });
}
