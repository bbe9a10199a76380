//! GNU's manual of cp, sentence by sentence: operands, recursion, what stands at the destination.

use crate::common::{each_engine, noise};

#[test]
fn one_file_is_copied_to_the_other() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2");
        s.cp(["a", "b"]).succeeds().prints("");
        s.cp(["a", "c"]).succeeds().prints("");
        assert_eq!((s.read("b"), s.read("c")), (b"1".to_vec(), b"1".to_vec()));
    });
}

#[test]
fn files_are_copied_into_the_directory_that_is_named_last() {
    each_engine(|s| {
        s.file("a", "1").file("e/b", "2").dir("d");
        s.cp(["a", "e/b", "d"]).succeeds();
        assert_eq!(s.names("d"), ["", "a", "b"]);
        s.cp(["a", "e/b", "a"]).fails("ucp: target 'a': Not a directory");
        s.cp(["a", "e/b", "gone"]).fails("ucp: target 'gone': No such file or directory");
    });
}

#[test]
fn files_are_copied_into_the_target_directory() {
    each_engine(|s| {
        s.file("a", "1").file("b", "2").dir("d").dir("e").dir("f");
        s.cp(["-t", "d", "a", "b"]).succeeds();
        s.cp(["--target-directory=e", "a"]).succeeds();
        s.cp(["a", "b", "--target-directory", "f"]).succeeds();
        assert_eq!((s.names("d").len(), s.names("e").len(), s.names("f").len()), (3, 2, 3));
        s.cp(["-t", "gone", "a"]).fails("ucp: target directory 'gone': No such file or directory");
        s.cp(["-t", "a", "b"]).fails("ucp: target directory 'a': Not a directory");
    });
}

#[test]
fn no_target_directory_takes_the_last_operand_for_the_name() {
    each_engine(|s| {
        s.dir("s").file("s/a", "1").dir("d");
        s.cp(["-rT", "s", "d"]).succeeds();
        assert_eq!(s.names("d"), ["", "a"]);
        s.cp(["-r", "s", "d"]).succeeds();
        assert_eq!(s.names("d"), ["", "a", "s", "s/a"]);
        s.cp(["-T", "s/a", "d"]).fails("ucp: cannot overwrite directory 'd' with non-directory 's/a'");
        s.cp(["-T", "s/a", "s/b", "d"])
            .fails("ucp: extra operand 'd'\nTry 'ucp --help' for more information.");
        s.cp(["-T", "-t", "d", "s/a"])
            .run()
            .ends(1)
            .mentions("--target-directory")
            .mentions("--no-target-directory");
    });
}

#[test]
fn directories_are_left_out_without_recursion() {
    each_engine(|s| {
        s.file("s/a", "1").file("b", "2").dir("d");
        s.cp(["s", "b", "d"]).fails("ucp: -r not specified; omitting directory 's'");
        assert_eq!(s.names("d"), ["", "b"]);
    });
}

#[test]
fn all_three_spellings_of_recursion_copy_trees() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/d/b", noise(200_000, 1)).dir("s/e").symlink("s/l", "a");
        for (option, to) in [("-r", "t"), ("-R", "u"), ("--recursive", "v")] {
            s.cp([option, "s", to]).succeeds();
            s.assert_same("s", to);
        }
    });
}

#[test]
fn links_in_a_tree_stay_links_and_special_files_are_made_anew() {
    each_engine(|s| {
        s.symlink("s/dangling", "nowhere").symlink("s/loop", "loop").fifo("s/fifo", 0o640).socket("s/socket");
        s.cp(["-R", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), s.names("s"));
        assert_eq!(s.mode("t/fifo"), 0o640);
    });
}

#[test]
fn links_that_are_operands_are_followed_without_recursion() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "a").symlink("dangling", "nowhere");
        s.cp(["l", "b"]).succeeds();
        assert!(s.path("b").symlink_metadata().unwrap().is_file());
        s.cp(["dangling", "c"]).fails("ucp: cannot stat 'dangling': No such file or directory");
        s.cp(["-r", "l", "m"]).succeeds();
        assert_eq!(s.link_target("m").to_str(), Some("a"));
    });
}

#[test]
fn a_link_with_a_slash_behind_it_stands_for_its_directory() {
    each_engine(|s| {
        s.file("s/a", "1").symlink("l", "s");
        s.cp(["-r", "l/", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn a_tree_is_copied_back_into_itself_as_a_complaint() {
    each_engine(|s| {
        s.file("s/a", "1");
        s.cp(["-r", "s", "s/t"])
            .run()
            .ends(1)
            .mentions("ucp: cannot copy a directory, 's', into itself, 's/t'");
    });
}

#[test]
fn the_contents_of_a_directory_are_named_by_a_dot() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/.hidden", "2").dir("t");
        s.cp(["-r", "s/.", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn new_files_have_the_mode_of_the_source_less_the_umask() {
    each_engine(|s| {
        s.file("a", "1")
            .chmod("a", 0o4777)
            .dir("d")
            .chmod("d", 0o1777)
            .file("there", "2")
            .chmod("there", 0o600);
        s.cp(["a", "b"]).umask(0o027).succeeds();
        s.cp(["a", "there"]).umask(0o027).succeeds();
        s.cp(["-r", "d", "e"]).umask(0o027).succeeds();
        assert_eq!((s.mode("b"), s.mode("there"), s.mode("e")), (0o750, 0o600, 0o1750));
    });
}

#[test]
fn verbose_names_each_file_before_it_is_copied() {
    each_engine(|s| {
        s.file("s/a", "1").file("b c", "2").dir("d");
        s.cp(["-v", "b c", "d"]).succeeds().prints("'b c' -> 'd/b c'\n");
        s.cp(["--verbose", "-r", "s", "t"]).succeeds().prints("'s' -> 't'\n's/a' -> 't/a'\n");
    });
}

#[test]
fn two_dashes_end_the_options() {
    each_engine(|s| {
        s.file("-a", "1");
        s.cp(["--", "-a", "-b"]).succeeds();
        s.cp(["./-a", "c"]).succeeds();
        s.assert_same("-a", "-b");
        s.assert_same("-a", "c");
    });
}

#[test]
fn missing_operands_are_named() {
    each_engine(|s| {
        s.file("a", "1").dir("d");
        let hint = "\nTry 'ucp --help' for more information.";
        s.cp([] as [&str; 0]).fails(&format!("ucp: missing file operand{hint}"));
        s.cp(["a"]).fails(&format!("ucp: missing destination file operand after 'a'{hint}"));
        s.cp(["-t", "d"]).fails(&format!("ucp: missing file operand{hint}"));
    });
}
