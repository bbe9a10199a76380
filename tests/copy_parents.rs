//! Where copies go and how far a tree is followed: `--parents`, `--strip-trailing-slashes`, `-x`,
//! `--keep-directory-symlink`, `--copy-contents`.

use std::path::Path;

use crate::common::{Outcome, Sandbox, each_engine, needs_extensions, needs_root};

fn tree(s: &Sandbox) {
    s.file("a/b/f", "1")
        .file("a/b/c/g", "2")
        .dir("t")
        .chmod("a/b", 0o711)
        .chmod("a", 0o750)
        .symlink("l", "a");
}

#[test]
fn the_directories_above_a_source_are_made_with_its_modes() {
    each_engine(|s| {
        tree(s);
        s.chmod("a/b/c", 0o555);
        s.cp(["--parents", "-v", "a/b/f", "a//b/c/g", "t"]).succeeds().prints(
            "a -> t/a\na/b -> t/a/b\n'a/b/f' -> 't/a/b/f'\na//b/c -> t/a//b/c\n'a//b/c/g' -> 't/a//b/c/g'\n",
        );
        s.assert_same("a", "t/a");
        s.cp(["--path", "l/b/f", "t"]).succeeds();
        assert_eq!((s.mode("t/l"), s.mode("t/l/b")), (0o750, 0o711));
        assert!(s.path("t/l").symlink_metadata().unwrap().is_dir());
    });
}

#[test]
fn a_tree_is_copied_under_its_whole_path() {
    each_engine(|s| {
        tree(s);
        s.cp(["--parents", "-rv", "./a/b/", "-t", "t"]).succeeds().prints_lines(&[
            "./a -> t/./a",
            "'./a/b/' -> 't/./a/b'",
            "'./a/b/c' -> 't/./a/b/c'",
            "'./a/b/c/g' -> 't/./a/b/c/g'",
            "'./a/b/f' -> 't/./a/b/f'",
        ]);
        s.assert_same("a", "t/a");
        let absolute = s.path("a/b/f");
        s.cp(["--parents".into(), absolute.clone(), "t".into()]).succeeds();
        assert_eq!(s.read(Path::new("t").join(absolute.strip_prefix("/").unwrap())), b"1");
    });
}

#[test]
fn directories_on_the_way_that_cannot_be_are_told() {
    each_engine(|s| {
        tree(s);
        s.file("u/a", "in the way")
            .dir("v")
            .symlink("v/a", "nowhere")
            .dir("x")
            .dir("w")
            .symlink("w/a", "../x");
        s.cp(["--parents", "a/b/f", "u"]).fails("ucp: 'u/a' exists but is not a directory");
        s.cp(["--parents", "a/b/f", "v"]).fails("ucp: cannot make directory 'v/a': File exists");
        s.cp(["--parents", "a/b/f", "w"]).succeeds();
        s.assert_same("a/b/f", "x/b/f");
        s.cp(["--parents", "a/none/f", "t"])
            .fails("ucp: failed to get attributes of 'a/none': No such file or directory");
        s.cp(["--parents", "a/b/f/x", "t"])
            .fails("ucp: failed to get attributes of 'a/b/f': Not a directory");
        s.cp(["--parents", "a/b/none", "t"]).fails("ucp: cannot stat 'a/b/none': No such file or directory");
        for target in ["none", "a/b/f"] {
            s.cp(["--parents", "a/b/f", target]).fails(
                "ucp: with --parents, the destination must be a directory\n\
                 Try 'ucp --help' for more information.",
            );
        }
    });
}

#[test]
fn slashes_behind_a_source_are_taken_off_where_it_goes_into_a_directory() {
    each_engine(|s| {
        tree(s);
        s.cp(["--strip-trailing-slashes", "-r", "l///", "a/b/f/", "t"]).succeeds();
        assert_eq!((s.link_target("t/l"), s.read("t/f")), ("a".into(), b"1".to_vec()));
        s.cp(["--strip-trailing-slashes", "a/b/f/", "new"])
            .fails("ucp: cannot stat 'a/b/f/': Not a directory");
    });
}

#[test]
fn a_mount_point_becomes_an_empty_directory_with_x() {
    each_engine(|s| {
        s.file("s/before", "1").dir("s/mounted");
        let Some(_mounted) = s.tmpfs("s/mounted", "size=1m,mode=0711") else { return };
        s.file("s/mounted/inside", "2").dir("s/mounted/deeper");
        s.cp(["-rx", "s", "t"]).succeeds();
        assert_eq!(s.names("t"), ["", "before", "mounted"]);
        assert_eq!(s.mode("t/mounted"), 0o711);
        s.cp(["-rx", "s/mounted", "u"]).succeeds();
        s.assert_same("s/mounted", "u");
        s.cp(["-r", "s", "v"]).succeeds();
        s.assert_same("s", "v");
    });
}

#[test]
fn links_to_directories_are_copied_into_only_with_both_options() {
    each_engine(|s| {
        tree(s);
        s.dir("x").dir("t/a").symlink("t/a/b", "../../x");
        let message = "ucp: cannot overwrite non-directory 't/a/b' with directory 'a/b'";
        s.cp(["-r", "a", "t"]).fails(message);
        s.cp(["-r", "--keep-directory-symlink", "a", "t"]).fails(message);
        s.cp(["-r", "--copy-contents", "a", "t"]).fails(message);
        s.cp(["-r", "--keep-directory-symlink", "--copy-contents", "a", "t"]).succeeds();
        assert_eq!((s.link_target("t/a/b"), s.read("x/c/g")), ("../../x".into(), b"2".to_vec()));
        s.cp(["-rT", "--keep-directory-symlink", "--copy-contents", "a/b", "t/a/b"]).succeeds();
        assert_eq!(s.link_target("t/a/b"), Path::new("../../x"));
    });
}

#[test]
fn contents_of_fifos_are_copied_where_they_are_asked_for() {
    each_engine(|s| {
        s.dir("s").fifo("s/fifo", 0o644);
        s.while_feeding("s/fifo", b"through", || {
            s.cp(["-r", "--copy-contents", "s", "t"]).succeeds();
        });
        assert_eq!(s.read("t/fifo"), b"through");
    });
}

#[test]
fn directories_above_a_source_that_cannot_have_its_owner_keep_their_set_id_and_sticky_bits() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("a/b/c/f", "1")
            .dir("t")
            .chmod("t", 0o777)
            .chmod("a", 0o1777)
            .chmod("a/b", 0o2755)
            .chmod("a/b/c", 0o4755);
        s.cp(["-p", "--parents", "a/b/c/f", "t"]).by_nobody().succeeds();
        assert_eq!((s.mode("t/a"), s.mode("t/a/b"), s.mode("t/a/b/c")), (0o1777, 0o2755, 0o4755));
        // In a tree they are taken.
        s.cp(["-a", "a/b", "t"]).by_nobody().succeeds();
        assert_eq!((s.mode("t/b"), s.mode("t/b/c")), (0o755, 0o755));
    });
}

/// `x/g` whose directory is not in `t` yet, and `q`, under whose name something is there.
fn behind_a_new_directory(s: &Sandbox, options: &[&str]) -> Outcome {
    s.cp(["--parents", "-v"].iter().chain(options).chain(&["x/g", "q", "t"])).run()
}

#[test]
fn what_comes_behind_a_directory_that_was_made_counts_as_new() {
    let regular = "ucp: cannot create regular file 't/q': File exists";
    // Options, and what is said of `q`; GNU cp asks none of them about what is there.
    let cases: [(&[&str], &str); 9] = [
        (&[], regular),
        (&["-n"], regular),
        (&["-f"], regular),
        (&["-i"], regular),
        (&["-u"], regular),
        (&["-b"], regular),
        (&["--remove-destination"], regular),
        (&["--update=none-fail"], regular),
        (&["-l"], "ucp: cannot create hard link 't/q' to 'q': File exists"),
    ];
    each_engine(|s| {
        for (options, complaint) in cases {
            s.file("x/g", "g").file("q", "new").file("t/q", "old");
            behind_a_new_directory(s, options)
                .ends(1)
                .complains(complaint)
                .prints("x -> t/x\n'x/g' -> 't/x/g'\n'q' -> 't/q'\n");
            assert_eq!(s.read("t/q"), b"old", "{options:?}");
            assert_eq!(s.names("t"), ["", "q", "x", "x/g"], "{options:?}");
            std::fs::remove_dir_all(s.path("t")).unwrap();
        }
        s.file("t/q", "old");
        behind_a_new_directory(s, &["-lf"]).ends(0);
        assert_eq!(s.read("t/q"), b"new");
        s.dir("u").symlink("u/q", "nowhere");
        s.cp(["--parents", "x/g", "q", "u"]).fails("ucp: not writing through dangling symlink 'u/q'");
        s.dir("d").dir("v/d");
        s.cp(["--parents", "-r", "x/g", "d", "v"]).fails("ucp: cannot create directory 'v/d': File exists");
    });
}

#[test]
fn only_the_last_directory_on_the_way_says_whether_a_copy_is_new() {
    // Sources, and whether `q`, the last of them, is replaced.
    let cases: [(&[&str], bool); 8] = [
        (&["q"], true),
        (&["x/g"], false),
        (&["x/g", "a/f"], true),
        (&["a/f", "x/g"], false),
        (&["x/../a/f"], true),
        // What fails leaves it as it was, unless a directory was made first.
        (&["x/g", "none/f"], false),
        (&["none/f"], true),
        (&["x/none/f"], false),
    ];
    each_engine(|s| {
        for (sources, is_replaced) in cases {
            s.file("x/g", "g").file("a/f", "f").file("q", "new").file("t/a/f", "old").file("t/q", "old");
            s.cp(["--parents"].iter().chain(sources).chain(&["q", "t"])).run();
            assert_eq!(s.read("t/q"), if is_replaced { b"new" } else { b"old" }, "{sources:?}");
            std::fs::remove_dir_all(s.path("t")).unwrap();
        }
        // A directory within itself is there as soon as its own was made.
        s.file("src/sub/f", "1").file("src/g", "2").dir("t");
        let complaint = "ucp: cannot create directory 't/src/sub/..': File exists";
        s.cp(["--parents", "-r", "src/sub/..", "t"]).fails(complaint);
        assert_eq!(s.names("t"), ["", "src", "src/sub"]);
        s.cp(["--parents", "-r", "src/sub/..", "t"]).succeeds();
        s.assert_same("src", "t/src");
    });
}

#[test]
fn a_dry_run_foresees_what_counts_as_new() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("x/g", "g").file("q", "new").file("t/q", "old").dir("d").dir("t/d");
        s.cp(["--parents", "-r", "--dry-run", "x/g", "q", "d", "t"]).run().ends(1).complains(
            "ucp: cannot create regular file 't/q': File exists\n\
             ucp: cannot create directory 't/d': File exists",
        );
    });
}
