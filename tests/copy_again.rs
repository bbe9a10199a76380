//! What comes twice, what is in the way, and which of two things to complain of is told: in GNU cp's order.

use crate::common::{Kind, Sandbox, each_engine, is_root, needs_root, with_xattrs};

/// A sandbox in which operands meet: directories in directories, a file of two names, and things in their way in `d`.
fn crowd(s: &Sandbox) {
    s.dir("s/a/b").file("s/f", "1").dir("t/b").file("t/f", "2").symlink("u", "s").file("h/z", "1");
    s.hard_link("h/f", "s/f").dir("d").file("d/a", "in the way").dir("empty").symlink("there/a", "../s/a");
    s.symlink("dangling/f", "nowhere").symlink("cyclic/h", ".").file("shut/h", "1");
    s.dir("taken/f").dir("same").hard_link("same/f", "s/f");
}

/// Arguments of `cp -r`, and what is complained of, without the name before it; with an empty line, nothing.
const CASES: &[(&str, &[&str])] = &[
    ("s/a s/a d", &["cannot overwrite non-directory 'd/a' with directory 's/a'"; 2]),
    ("s/a s d", &["cannot overwrite non-directory 'd/a' with directory 's/a'"]),
    ("s/a s empty", &["will not create hard link 'empty/s/a' to directory 'empty/a'"]),
    ("s/a/.. s/. empty", &["warning: source directory 's/.' specified more than once"]),
    ("s/a s/. empty", &["warning: source directory 's/.' specified more than once"]),
    ("-L s/a s/. empty", &["warning: source directory 's/.' specified more than once"]),
    ("-L s/a s empty", &[]),
    (
        "s/f ./s/f s//f empty",
        &[
            "warning: source file './s/f' specified more than once",
            "warning: source file 's//f' specified more than once",
        ],
    ),
    ("s/f h/f empty", &["will not overwrite just-created 'empty/f' with 'h/f'"]),
    (
        "s/f h/f h/f empty",
        &[
            "will not overwrite just-created 'empty/f' with 'h/f'",
            "warning: source file 'h/f' specified more than once",
        ],
    ),
    ("s/f u/f empty", &["will not overwrite just-created 'empty/f' with 'u/f'"]),
    ("-l s/f h/f empty", &[]),
    (
        "s/f s/f same",
        &["'s/f' and 'same/f' are the same file", "warning: source file 's/f' specified more than once"],
    ),
    ("s/a there", &["'s/a' and 'there/a' are the same file"]),
    ("-T s there", &["'s/a' and 'there/a' are the same file"]),
    ("-H s/a there", &["cannot overwrite non-directory 'there/a' with directory 's/a'"]),
    ("-L s/a there", &["cannot overwrite non-directory 'there/a' with directory 's/a'"]),
    ("-b s/a there", &[]),
    ("-b s .", &["'s' and './s' are the same file"]),
    ("--remove-destination s .", &["'s' and './s' are the same file"]),
    ("-l s .", &[]),
    ("--copy-contents --keep-directory-symlink t/b there/a", &[]),
    ("--copy-contents --keep-directory-symlink -T s there", &["'s/a' and 'there/a' are the same file"]),
    (
        "--copy-contents --keep-directory-symlink --remove-destination s/a there",
        &["cannot overwrite non-directory 'there/a' with directory 's/a'"],
    ),
    ("-LT cyclic shut", &["cannot overwrite non-directory 'shut/h' with directory 'cyclic/h'"]),
    ("--debug s/f dangling", &["not writing through dangling symlink 'dangling/f'"]),
];

#[test]
fn what_comes_twice_or_is_in_the_way_is_told_as_gnu_does() {
    for (arguments, complaints) in CASES {
        each_engine(|s| {
            crowd(s);
            let lines: Vec<String> = complaints.iter().map(|complaint| format!("ucp: {complaint}")).collect();
            let outcome = s.cp(["-r"]).and(arguments.split(' ')).run();
            let warned = complaints.iter().all(|complaint| complaint.starts_with("warning: "));
            let outcome = outcome.ends(i32::from(!warned));
            let said: Vec<String> = outcome.stderr().lines().map(str::to_owned).collect();
            outcome.expect(said == lines, &lines.join("\n"));
            assert_eq!((s.read("s/f"), s.read("d/a")), (b"1".to_vec(), b"in the way".to_vec()));
        });
    }
}

#[test]
fn a_directory_that_was_not_copied_is_no_copy_to_link_to() {
    each_engine(|s| {
        crowd(s);
        s.chmod("empty", 0o555).give_to_nobody();
        let refused = "ucp: cannot create directory 'empty/a': Permission denied";
        s.cp(["-r", "s/a", "s/a", "empty"]).by_nobody().run().ends(1).complains_lines(&[refused; 2]);
    });
}

#[test]
fn a_source_that_cannot_be_opened_comes_after_what_is_in_the_way() {
    each_engine(|s| {
        crowd(s);
        s.dir("tree").dir("copy/f").file("tree/f", "1").chmod("tree/f", 0o200).chmod("s/f", 0o200);
        s.give_to_nobody();
        let fails = |arguments: [&str; 3], complaint: &str| {
            s.cp(arguments).by_nobody().run().ends(1).complains(&format!("ucp: {complaint}"));
        };
        fails(["-r", "s/f", "same"], "'s/f' and 'same/f' are the same file");
        fails(["-r", "s/f", "taken"], "cannot overwrite directory 'taken/f' with non-directory 's/f'");
        fails(["-r", "s/f", "dangling"], "cannot open 's/f' for reading: Permission denied");
        fails(["-r", "s/f", "t/f"], "cannot open 's/f' for reading: Permission denied");
        fails(["-rT", "tree", "copy"], "cannot overwrite directory 'copy/f' with non-directory 'tree/f'");
        fails(["-rT", "tree", "t"], "cannot open 'tree/f' for reading: Permission denied");
    });
}

#[test]
fn a_socket_is_not_opened_before_its_destination_is_looked_at() {
    each_engine(|s| {
        s.socket("m").dir("taken/m").symlink("same/m", "../m").file("d/m", "1");
        s.cp(["m", "taken"]).fails("ucp: cannot overwrite directory 'taken/m' with non-directory 'm'");
        s.cp(["m", "same"]).fails("ucp: 'm' and 'same/m' are the same file");
        let unopened = "ucp: cannot open 'm' for reading: No such device or address";
        s.cp(["m", "d"]).fails(unopened);
        s.cp(["-r", "--copy-contents", "--attributes-only", "m", "d"]).fails(unopened);
        assert_eq!(s.read("d/m"), b"1");
        s.cp(["-r", "--copy-contents", "m", "d"]).fails(unopened);
        assert!(!s.exists("d/m"), "it is removed first, as it is when a FIFO is copied");
    });
}

#[test]
fn only_links_that_are_not_followed_make_room_for_special_files() {
    each_engine(|s| {
        let plant = || {
            s.dir("s").fifo("s/p", 0o644).file("d/p", "1");
        };
        plant();
        for options in ["-rHf", "-rLT"] {
            let (source, destination) = if options == "-rLT" { ("s", "d") } else { ("s/p", "d") };
            s.cp([options, source, destination]).fails("ucp: cannot create fifo 'd/p': File exists");
        }
        for options in ["-rHT", "-rPT"] {
            s.file("d/p", "1");
            s.cp([options, "s", "d"]).succeeds();
            std::fs::remove_file(s.path("d/p")).unwrap();
        }
        s.file("d/p", "1").symlink("l", "x").file("x", "1");
        let forced = ["-rf", "--attributes-only", "-v"];
        s.cp(forced).and(["s/p", "d"]).fails("ucp: cannot create fifo 'd/p': File exists");
        s.cp(forced).and(["l", "d/p"]).succeeds().prints("'l' -> 'd/p'\n");
    });
}

#[test]
fn an_empty_name_stands_for_the_working_directory_but_for_files() {
    each_engine(|s| {
        s.file("p/f", "1").dir("p/q").symlink("l", "p");
        s.cp(["-r", "p", ""]).succeeds();
        s.assert_same("p/f", "f");
        assert!(s.exists("q"));
        s.cp(["-r", "--preserve=mode", "p", ""])
            .fails("ucp: preserving permissions for ‘’: No such file or directory");
        s.cp(["p/f", ""]).fails("ucp: cannot create regular file '': No such file or directory");
        s.cp(["-db", "l", ""]).fails("ucp: cannot create symbolic link '': No such file or directory");
        s.cp(["-d", "l", ""]).fails("ucp: cannot overwrite directory '' with non-directory 'l'");
        s.cp(["-T", "p/f", ""]).fails("ucp: cannot overwrite directory '' with non-directory 'p/f'");
        s.cp(["-s", "p/f", ""]).fails("ucp: cannot overwrite directory '' with non-directory 'p/f'");
        // access(2) knows nothing of an empty name, so that only root may write to it.
        let unwritable = "ucp: unwritable '' (mode 0755, rwxr-xr-x); try anyway? ";
        let asked = if is_root() { "ucp: overwrite ''? " } else { unwritable };
        let failed = format!("{asked}ucp: cannot create regular file '': No such file or directory");
        s.chmod("", 0o755).cp(["-bi", "p/f", ""]).input("y\n").fails(&failed);
        s.cp(["-bi", "p/f", ""]).input("n\n").fails(asked);
        s.cp(["-bi", "p/f", ""]).by_nobody().input("n\n").fails(unwritable);
    });
}

#[test]
fn debug_tells_only_of_data_that_was_to_be_copied() {
    each_engine(|s| {
        s.file("f", "1").symlink("gone", "nowhere");
        let unknown = "copy offload: unknown, reflink: unknown, sparse detection: unknown\n";
        let said = |options: &[&str], destination: &str| {
            let outcome = s.cp(options).and(["--debug", "f", destination]).run();
            let said = String::from_utf8_lossy(outcome.stdout()).into_owned();
            said.split_inclusive('\n').filter(|line| line.starts_with("copy offload")).collect::<String>()
        };
        assert_eq!(said(&[], "gone"), unknown);
        assert_eq!(said(&[], "no/where"), unknown);
        assert_eq!(said(&["--attributes-only"], "no/where"), "");
        assert_eq!(said(&["--attributes-only"], "x"), "");
        s.dir("d/f");
        assert_eq!(said(&["-b"], "d"), unknown);
        assert_eq!(said(&["-b", "--attributes-only"], "d"), "");
    });
}

#[test]
fn a_directory_whose_default_acl_leaves_its_owner_out_is_filled_all_the_same() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/f", "1").dir("s/b").dir("d").default_acl("d", 0o600, 1).give_to_nobody();
        s.cp(["-r", "s", "d"]).by_nobody().succeeds();
        assert_eq!((s.read("d/s/f"), s.exists("d/s/b")), (b"1".to_vec(), true));
        assert_eq!(s.mode("d/s") & 0o700, 0o600, "what was lent is taken back");
    });
}

#[test]
fn a_directory_is_not_copied_into_itself_on_btrfs_either() {
    each_engine(|s| {
        let Some(_mounted) = s.image(Kind::Btrfs) else { return };
        s.file("btrfs/d/f", "1").dir("btrfs/d/e").dir("btrfs/k/e");
        for (source, destination) in [("d", "d/new"), ("d", "d"), ("k", "k/e/new")] {
            let shown = if destination == "d" { "d/d" } else { destination };
            s.cp(["-r", &format!("btrfs/{source}"), &format!("btrfs/{destination}")]).fails(&format!(
                "ucp: cannot copy a directory, 'btrfs/{source}', into itself, 'btrfs/{shown}'"
            ));
        }
    });
}

#[test]
fn a_destination_of_several_names_makes_room_for_links_with_a() {
    for options in ["-al", "-as"] {
        each_engine(|s| {
            s.file("f", "1").file("g", "2").hard_link("h", "g");
            s.cp([options, "f", "g"]).succeeds();
            assert_eq!((s.read("g"), s.read("h")), (b"1".to_vec(), b"2".to_vec()));
        });
    }
}

#[test]
fn backups_are_made_in_a_directory_that_may_not_be_listed() {
    each_engine(|s| {
        s.file("e/f", "1").file("d/e/f", "2").chmod("d/e", 0o300).give_to_nobody();
        s.cp(["-r", "--backup=numbered", "e", "d"]).by_nobody().succeeds();
        assert_eq!((s.read("d/e/f"), s.read("d/e/f.~1~")), (b"1".to_vec(), b"2".to_vec()));
    });
}

#[test]
fn attributes_of_an_empty_name_cannot_be_set() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("c/f", "1").xattr("c", "user.one", b"1");
        s.cp(["-a", "c", ""]).fails("ucp: preserving permissions for ‘’: No such file or directory");
        let attribute = "setting attribute 'user.one' for 'user.one': No such file or directory";
        s.cp(["-r", "--preserve=xattr", "c", ""]).fails(&format!("ucp: {attribute}"));
        s.cp(["-r", "--preserve=mode,xattr", "c", ""]).fails(&format!("ucp: {attribute}"));
        s.cp(["-a", "--attributes-only", "c", ""]).fails(&format!(
            "ucp: {attribute}\nucp: preserving permissions for ‘’: No such file or directory"
        ));
        s.chown("c", 7, 7);
        s.cp(["-a", "c", ""]).fails("ucp: clearing permissions for '': No such file or directory");
        assert_ne!(s.owner("."), (7, 7));
        assert!(!s.attributes(".").xattrs.contains_key("user.one"));
        // Where the times cannot be set either, nothing else is tried.
        s.chown("c", 65534, 65534).chown("c/f", 65534, 65534).chmod(".", 0o777);
        s.cp(["-a", "c", ""]).by_nobody().fails(
            "ucp: cannot create regular file 'f': Permission denied\n\
             ucp: preserving times for '': Operation not permitted",
        );
    });
}

#[test]
fn a_source_that_cannot_be_opened_leaves_what_would_be_forced_out_of_its_way() {
    each_engine(|s| {
        s.socket("m").symlink("x", "x").file("f", "1").dir("d/f").chmod("f", 0o200).give_to_nobody();
        s.cp(["-f", "m", "x"]).fails("ucp: cannot open 'm' for reading: No such device or address");
        assert!(s.path("x").is_symlink());
        s.cp(["-b", "f", "d"]).by_nobody().fails("ucp: cannot open 'f' for reading: Permission denied");
        s.chmod("f", 0o600);
        s.cp(["-b", "f", "d"]).by_nobody().fails("ucp: cannot create regular file 'd/f': Is a directory");
    });
}

#[test]
fn a_source_given_twice_with_parents_is_noticed_however_it_is_spelled() {
    each_engine(|s| {
        s.file("a/b", "1").file("c/b", "2").dir("d").dir("e");
        for again in ["a/b", "a//b", "./a/b", "a/./b"] {
            s.cp(["--parents", "a/b", "c/b", again, "d"])
                .run()
                .ends(0)
                .complains(&format!("ucp: warning: source file '{again}' specified more than once"));
        }
        s.cp(["-b", "--parents", "a/b", "a/./b", "e"]).succeeds();
        assert_eq!(s.names("e/a"), ["", "b", "b~"]);
    });
}

#[test]
fn a_clone_that_must_be_and_cannot_cuts_what_is_empty_too() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("m", "size=1m") else { return };
        s.file("m/a", "1").file("m/x", "").times("m/x", 1000, 1000);
        s.cp(["--reflink=always", "m/a", "m/x"])
            .fails("ucp: failed to clone 'm/x' from 'm/a': Operation not supported");
        assert!(s.path("m/x").metadata().unwrap().modified().unwrap().elapsed().unwrap().as_secs() < 1000);
    });
}
