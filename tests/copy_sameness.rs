//! A file onto itself, a directory into itself, one name twice: refused without harm.

use std::path::Path;

use crate::common::each_engine;

#[test]
fn a_file_is_not_copied_onto_itself() {
    each_engine(|s| {
        s.file("a", "precious").hard_link("hard", "a").symlink("soft", "a").dir("d").hard_link("d/a", "a");
        s.symlink("link-dir", ".");
        for (source, destination, shown) in [
            ("a", "a", "a"),
            ("a", "./a", "./a"),
            ("a", ".", "./a"),
            ("a", "hard", "hard"),
            ("hard", "a", "a"),
            ("a", "soft", "soft"),
            ("soft", "a", "a"),
            ("a", "d", "d/a"),
            ("a", "link-dir", "link-dir/a"),
        ] {
            let message = format!("ucp: '{source}' and '{shown}' are the same file");
            s.cp([source, destination]).fails(&message);
            s.cp(["-r", source, destination]).fails(&message);
        }
        assert_eq!(s.read("a"), b"precious");
        assert_eq!(s.link_target("soft"), Path::new("a"));
    });
}

#[test]
fn links_to_one_file_are_the_same_file_unless_the_links_themselves_are_copied() {
    each_engine(|s| {
        s.file("a", "precious").symlink("l", "a").symlink("m", "./a").symlink("gone", "nowhere");
        s.cp(["l", "m"]).fails("ucp: 'l' and 'm' are the same file");
        s.cp(["-r", "l", "m"]).succeeds();
        assert_eq!((s.link_target("l"), s.link_target("m")), ("a".into(), "a".into()));
        s.cp(["-r", "l", "l"]).fails("ucp: 'l' and 'l' are the same file");
        s.cp(["-r", "gone", "gone"]).fails("ucp: 'gone' and 'gone' are the same file");
        assert_eq!(s.read("a"), b"precious");
    });
}

#[test]
fn a_directory_is_not_copied_onto_itself() {
    each_engine(|s| {
        s.file("d/x", "1");
        s.cp(["-rT", "d", "d"]).fails("ucp: 'd' and 'd' are the same file");
        s.cp(["-rT", "d", "./d/"]).fails("ucp: 'd' and './d/' are the same file");
        s.cp(["-r", ".", "."]).fails("ucp: '.' and './.' are the same file");
        s.cp(["-r", "d/.", "d"]).fails("ucp: 'd/.' and 'd/.' are the same file");
        assert_eq!(s.names(""), ["", "d", "d/x"]);
    });
}

#[test]
fn a_directory_is_not_copied_into_itself() {
    for (arguments, shown, made) in [
        (["d", "d/new"], ("d", "d/new"), "d/new"),
        (["d", "d"], ("d", "d/d"), "d/d"),
        (["d/", "d/new"], ("d/", "d/new"), "d/new"),
        (["d", "link"], ("d", "link/d"), "d/d"),
        (["d", "d/e"], ("d", "d/e/d"), "d/e/d"),
        (["d", "d/e/f"], ("d", "d/e/f"), "d/e/f"),
        ([".", "d"], (".", "d/."), "d/d"),
    ] {
        each_engine(|s| {
            s.file("d/x", "1").dir("d/e").symlink("link", "d");
            let (source, destination) = shown;
            let message = format!("ucp: cannot copy a directory, '{source}', into itself, '{destination}'");
            s.cp(["-r"]).and(arguments).fails(&message);
            assert!(s.exists(made), "{made} is where it stopped");
            let name = Path::new(made).file_name().unwrap();
            assert!(!s.exists(Path::new(made).join(name)), "{made} holds a copy of itself");
            assert_eq!(s.read("d/x"), b"1");
        });
    }
}

#[test]
fn a_directory_reached_by_a_link_with_a_slash_is_not_copied_into_itself_either() {
    each_engine(|s| {
        s.file("d/x", "1").symlink("l", "d");
        s.cp(["-r", "l/", "d/n"]).fails("ucp: will not create hard link 'd/n/n' to directory 'd/n'");
        assert!(!s.exists("d/n/n"));
    });
}

#[test]
fn a_link_to_a_directory_may_be_copied_into_the_directory() {
    each_engine(|s| {
        s.file("d/x", "1").symlink("l", "d");
        s.cp(["-r", "l", "d/n"]).succeeds();
        assert_eq!(s.link_target("d/n"), Path::new("d"));
    });
}

#[test]
fn what_was_just_copied_is_not_overwritten_by_another_source_of_its_name() {
    each_engine(|s| {
        s.file("a/f", "first").file("b/f", "second").dir("d").dir("e").file("e/f", "before").file("b/g", "g");
        s.cp(["a/f", "b/f", "b/g", "d"]).fails("ucp: will not overwrite just-created 'd/f' with 'b/f'");
        assert_eq!((s.read("d/f"), s.read("d/g")), (b"first".to_vec(), b"g".to_vec()));
        s.cp(["a/f", "b/f", "e"]).fails("ucp: will not overwrite just-created 'e/f' with 'b/f'");
        assert_eq!(s.read("e/f"), b"first");
    });
}

#[test]
fn nor_are_links_and_special_files() {
    each_engine(|s| {
        s.symlink("a/l", "x").symlink("b/l", "y").fifo("a/p", 0o644).fifo("b/p", 0o644).dir("d");
        s.cp(["-r", "a/l", "b/l", "a/p", "b/p", "d"]).run().ends(1).complains(
            "ucp: will not overwrite just-created 'd/l' with 'b/l'\n\
             ucp: will not overwrite just-created 'd/p' with 'b/p'\n",
        );
        assert_eq!(s.link_target("d/l"), Path::new("x"));
    });
}

#[test]
fn nothing_is_copied_through_a_link_that_was_just_made() {
    for target in ["../precious", "../nowhere"] {
        each_engine(|s| {
            s.file("precious", "p").symlink("a/f", target).file("b/f", "1").dir("d");
            s.cp(["-r", "a/f", "b/f", "d"])
                .fails("ucp: will not copy 'b/f' through just-created symlink 'd/f'");
            assert_eq!(s.read("precious"), b"p");
            assert!(!s.exists("nowhere"));
            assert_eq!(s.link_target("d/f"), Path::new(target));
        });
    }
}

#[test]
fn a_source_given_twice_is_copied_once_with_a_warning() {
    each_engine(|s| {
        s.file("f", "1").dir("d").file("s/g", "2");
        s.cp(["-v", "f", "f", "./f", "d"]).run().ends(0).prints("'f' -> 'd/f'\n").complains(
            "ucp: warning: source file 'f' specified more than once\n\
             ucp: warning: source file './f' specified more than once\n",
        );
        s.cp(["-rv", "s", "s/", "d"])
            .run()
            .ends(0)
            .prints("'s' -> 'd/s'\n's/g' -> 'd/s/g'\n")
            .complains("ucp: warning: source directory 's/' specified more than once");
        s.assert_same("s", "d/s");
    });
}

#[test]
fn two_directories_of_one_name_are_merged() {
    each_engine(|s| {
        s.file("a/s/f", "1").file("a/s/g", "1").file("b/s/f", "2").file("b/s/h", "2").dir("d");
        s.cp(["-r", "a/s", "b/s", "d"]).succeeds();
        assert_eq!(s.names("d/s"), ["", "f", "g", "h"]);
        assert_eq!((s.read("d/s/f"), s.read("d/s/g")), (b"2".to_vec(), b"1".to_vec()));
    });
}

#[test]
fn a_file_and_a_directory_of_one_name_are_a_conflict() {
    each_engine(|s| {
        s.file("a/f", "1").file("b/f/x", "2").dir("d").dir("e");
        s.cp(["-r", "a/f", "b/f", "d"])
            .fails("ucp: cannot overwrite non-directory 'd/f' with directory 'b/f'");
        s.cp(["-r", "b/f", "a/f", "e"])
            .fails("ucp: cannot overwrite directory 'e/f' with non-directory 'a/f'");
        s.assert_same("b/f", "e/f");
    });
}

#[test]
fn nothing_is_copied_through_a_link_that_something_was_just_copied_through() {
    for (target, options) in [("z", "-f"), ("z", "--"), ("nowhere", "--")] {
        each_engine(|s| {
            s.file("a/k", "1").file("b/k", "2").file("d/z", "3").symlink("d/k", target);
            s.cp([options, "a/k", "b/k", "d"])
                .env("POSIXLY_CORRECT", "1")
                .fails("ucp: will not copy 'b/k' through just-created symlink 'd/k'");
            assert_eq!(s.read(s.path("d").join(target)), b"1");
            s.file("s/k/x", "1").file("t/k/x", "2").symlink("e/k/x", "../z");
            s.cp(["-r", "s/k", "t/k", "e"]).env("POSIXLY_CORRECT", "1").succeeds();
            assert_eq!(s.read("e/z"), b"2");
        });
    }
}

#[test]
fn a_directory_does_not_take_the_place_of_a_file_that_was_just_made() {
    each_engine(|s| {
        s.file("m", "1").file("s/m/f", "2").dir("d").dir("e");
        s.cp(["-rb", "m", "s/m", "d"]).fails("ucp: will not overwrite just-created 'd/m' with 's/m'");
        assert_eq!((s.read("d/m"), s.names("d")), (b"1".to_vec(), vec!["".to_owned(), "m".into()]));
        s.cp(["-r", "--backup=numbered", "m", "s/m", "e"]).succeeds();
        assert_eq!((s.read("e/m/f"), s.read("e/m.~1~")), (b"2".to_vec(), b"1".to_vec()));
    });
}

#[test]
fn what_is_made_anew_only_finds_that_the_name_of_a_link_to_it_is_taken() {
    each_engine(|s| {
        s.dir("s").dir("d").fifo("s/p", 0o644).symlink("d/p", "../s/p");
        for options in ["-RL", "-RH", "-RLf"] {
            s.cp([options, "s/p", "d"]).fails("ucp: cannot create fifo 'd/p': File exists");
        }
        s.cp(["-RLT", "s", "d"]).fails("ucp: cannot create fifo 'd/p': File exists");
        s.cp(["-RHT", "s", "d"]).fails("ucp: 's/p' and 'd/p' are the same file");
        s.cp(["-RP", "s/p", "d"]).fails("ucp: 's/p' and 'd/p' are the same file");
        s.cp(["-RL", "--remove-destination", "s/p", "d"]).succeeds();
    });
}

#[test]
fn a_directory_that_is_its_own_copy_and_comes_again() {
    each_engine(|s| {
        s.file("c/f", "1");
        s.cp(["-an", "c", "."]).succeeds();
        for again in ["c", "c/"] {
            let complaint = format!("ucp: cannot copy a directory, '{again}', into itself, './c'");
            s.cp(["-an", "c", again, "."]).fails(&complaint);
            s.cp(["-al", "c", again, "."]).succeeds();
        }
        s.chmod("c", 0o600).give_to_nobody();
        s.cp(["-al", "c", "."]).by_nobody().succeeds();
    });
}

#[test]
fn a_name_in_a_directory_come_to_through_a_link_is_another_name() {
    let gone = "ucp: cannot open 'l/f' for reading: No such file or directory";
    each_engine(|s| {
        s.file("x/f", "1").symlink("l", "x").symlink("k", "x");
        // What is renamed away comes back.
        for to in ["k/f", "x/f", "x", "l"] {
            s.cp(["-b", "l/f", to]).fails(gone);
            assert_eq!((s.read("x/f"), s.names("x")), (b"1".to_vec(), vec![String::new(), "f".into()]));
        }
        s.cp(["-b", "l//f", "l/f"]).fails("ucp: 'l//f' and 'l/f' are the same file");
        s.cp(["-b", "x/f", "l"]).fails("ucp: 'x/f' and 'l/f' are the same file");
        s.cp(["-b", "--parents", "l/f", "x/.."]).fails("ucp: 'l/f' and 'x/../l/f' are the same file");
        s.cp(["-rT", "--remove-destination", "l/", "k/"]).fails("ucp: 'l/f' and 'k/f' are the same file");
        s.cp(["-r", "--remove-destination", "x/.", "k"]).fails("ucp: 'x/.' and 'k/.' are the same file");
        s.hard_link("x/g", "x/f");
        s.cp(["--remove-destination", "l/f", "k/f"]).fails(gone);
        assert_eq!(s.names("x"), ["", "g"]);
    });
}

#[test]
fn a_directory_given_twice_through_links_is_not_told_as_one() {
    each_engine(|s| {
        s.dir("x/b").symlink("l", "x").dir("d/x").symlink("d/l", "x");
        s.cp(["-r", "--parents", "l/b", "x/b", "d"])
            .fails("ucp: will not create hard link 'd/x/b' to directory 'd/l/b'");
        s.cp(["-r", "--parents", "x/b", "l/./b", "d"])
            .run()
            .ends(0)
            .complains("ucp: warning: source directory 'l/./b' specified more than once\n");
    });
}

#[test]
fn a_directory_given_twice_is_told_as_one_before_anything_else_is_asked_of_it() {
    each_engine(|s| {
        s.dir("s/t").symlink("s/t/h", "../../s/t").dir("d");
        let run = s.cp(["-rL", "s/t/h", "s/t/h/.", "d"]).run().ends(1);
        run.complains(
            "ucp: cannot copy cyclic symbolic link 's/t/h/h'\n\
             ucp: warning: source directory 's/t/h/.' specified more than once\n",
        );
        // What is its own copy already, as a hard link would be, is not asked about at all.
        s.dir("p/k");
        s.cp(["-al", "-t", "p/k", "./p/k", "p/k/."])
            .fails("ucp: cannot copy a directory, './p/k', into itself, 'p/k/k'");
    });
}
