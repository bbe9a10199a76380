//! Destinations that exist: written in place, through links, replaced, or refused.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::common::{Sandbox, each_engine, needs_root, noise};

#[test]
fn an_empty_file_is_as_new_when_it_has_been_overwritten_by_an_empty_one() {
    each_engine(|s| {
        s.file("a", "").file("b", "").times("b", 1_000, 2_000);
        s.cp(["a", "b"]).succeeds();
        assert_ne!(s.attributes("b").modified.0, 2_000);
    });
}

#[test]
fn an_existing_file_is_written_in_place() {
    each_engine(|s| {
        for (old, new) in [(10, 100_000), (3_000_000, 5), (70_000, 70_000), (5000, 0), (0, 5000)] {
            s.file("a", noise(new, 1)).file("b", noise(old, 2)).file("c", "").file("other", "");
            std::fs::remove_file(s.path("other")).unwrap();
            s.hard_link("other", "b");
            let inode = s.path("b").metadata().unwrap().ino();
            s.cp(["a", "b"]).succeeds();
            s.assert_same("a", "b");
            assert_eq!(s.path("b").metadata().unwrap().ino(), inode, "the file was replaced, not written");
            s.assert_same("a", "other");
        }
    });
}

#[test]
fn a_pipe_leaves_nothing_of_a_longer_file() {
    each_engine(|s| {
        s.file("b", noise(3_000_000, 2));
        s.cp(["/proc/self/fd/0", "b"]).input("new").succeeds();
        assert_eq!(s.read("b"), b"new");
    });
}

#[test]
fn an_existing_file_is_written_through_a_link() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before").symlink("l", "b").symlink("k", "l");
        s.cp(["a", "k"]).succeeds();
        s.assert_same("a", "b");
        s.cp(["-r", "a", "l"]).succeeds();
        assert_eq!(s.link_target("l"), Path::new("b"));
        assert_eq!(s.link_target("k"), Path::new("l"));
    });
}

#[test]
fn a_dangling_link_is_not_written_through() {
    each_engine(|s| {
        s.file("a", "1").symlink("l", "nowhere").symlink("d/a", "../nowhere").file("tree/a", "1").dir("e");
        s.symlink("e/tree/a", "nowhere");
        s.cp(["a", "l"]).fails("ucp: not writing through dangling symlink 'l'");
        s.cp(["a", "d"]).fails("ucp: not writing through dangling symlink 'd/a'");
        s.cp(["-r", "a", "d"]).fails("ucp: not writing through dangling symlink 'd/a'");
        s.cp(["-r", "tree", "e"]).fails("ucp: not writing through dangling symlink 'e/tree/a'");
        assert!(!s.exists("nowhere") && !s.exists("e/tree/nowhere"));
        s.cp(["a", "l"]).env("POSIXLY_CORRECT", "1").succeeds();
        s.assert_same("a", "nowhere");
    });
}

#[test]
fn a_file_that_its_user_may_not_write_is_refused() {
    each_engine(|s| {
        s.file("a", "new").file("b", "before").chmod("b", 0o444).give_to_nobody();
        s.cp(["a", "b"]).by_nobody().fails("ucp: cannot create regular file 'b': Permission denied");
        assert_eq!((s.read("b"), s.mode("b")), (b"before".to_vec(), 0o444));
    });
}

#[test]
fn a_file_does_not_replace_a_directory_nor_a_directory_a_file() {
    each_engine(|s| {
        s.file("a", "1").dir("b").dir("d/a").file("e/b", "2");
        s.cp(["-T", "a", "b"]).fails("ucp: cannot overwrite directory 'b' with non-directory 'a'");
        s.cp(["-r", "b", "a"]).fails("ucp: cannot overwrite non-directory 'a' with directory 'b'");
        s.cp(["a", "d"]).fails("ucp: cannot overwrite directory 'd/a' with non-directory 'a'");
        s.cp(["-r", "b", "e"]).fails("ucp: cannot overwrite non-directory 'e/b' with directory 'b'");
        assert_eq!(s.names(""), ["", "a", "b", "d", "d/a", "e", "e/b"]);
    });
}

#[test]
fn such_a_conflict_in_a_tree_spares_the_rest_of_it() {
    each_engine(|s| {
        s.file("s/dir/inside", "1").file("s/file", "2").symlink("s/link", "nowhere").file("s/rest/ok", "3");
        s.file("d/s/dir", "4").dir("d/s/file").dir("d/s/link");
        s.cp(["-r", "s", "d"]).run().ends(1).complains_lines(&[
            "ucp: cannot overwrite non-directory 'd/s/dir' with directory 's/dir'",
            "ucp: cannot overwrite directory 'd/s/file' with non-directory 's/file'",
            "ucp: cannot overwrite directory 'd/s/link' with non-directory 's/link'",
        ]);
        s.assert_same("s/rest", "d/s/rest");
        assert_eq!(s.read("d/s/dir"), b"4");
    });
}

#[test]
fn a_directory_is_not_copied_through_a_link_to_a_directory() {
    each_engine(|s| {
        s.file("s/x/f", "1").dir("elsewhere").symlink("d/s/x", "../../elsewhere").symlink("l", "elsewhere");
        s.cp(["-r", "s", "d"]).fails("ucp: cannot overwrite non-directory 'd/s/x' with directory 's/x'");
        s.cp(["-rT", "s", "l"]).fails("ucp: cannot overwrite non-directory 'l' with directory 's'");
        assert_eq!(s.names("elsewhere"), [""]);
    });
}

#[test]
fn links_and_special_files_under_r_replace_what_is_there() {
    each_engine(|s| {
        s.symlink("s/1", "to").symlink("s/2", "to").symlink("s/3", "to").dir("s").fifo("s/4", 0o644);
        s.fifo("s/5", 0o644).file("precious", "p").hard_link("second", "precious");
        s.file("d/s/1", "1").symlink("d/s/2", "../../precious").symlink("d/s/3", "nowhere");
        s.hard_link("d/s/4", "precious").symlink("d/s/5", "../../precious");
        s.cp(["-r", "s", "d"]).succeeds();
        s.assert_same("s", "d/s");
        assert_eq!(s.read("precious"), b"p");
    });
}

#[test]
fn copying_a_tree_again_changes_nothing() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/b/c", noise(100_000, 3)).symlink("s/l", "a").fifo("s/p", 0o644).dir("s/e");
        s.cp(["-r", "s", "t"]).succeeds();
        s.cp(["-rT", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn a_tree_is_merged_into_one_that_is_there() {
    each_engine(|s| {
        s.file("s/both", "new").file("s/only-new/x", "1").file("s/shared/1", "1");
        s.file("t/s/both", "before").file("t/s/only-old/y", "2").file("t/s/shared/2", "2");
        s.cp(["-r", "s", "t"]).succeeds();
        assert_eq!(
            s.names("t/s"),
            [
                "",
                "both",
                "only-new",
                "only-new/x",
                "only-old",
                "only-old/y",
                "shared",
                "shared/1",
                "shared/2"
            ]
        );
        assert_eq!(s.read("t/s/both"), b"new");
    });
}

/// Of each pair one copy is written to the source of the other. Copied one after the other, as by GNU cp, the file with the
/// lower inode number comes first.
fn each_copy_is_that_of_a_whole_source(bytes: usize, pairs: u8, lead: impl Fn(&Sandbox, &str, &str)) {
    each_engine(|s| {
        let content = |name: &str| -> Vec<u8> { name.bytes().cycle().take(bytes).collect() };
        let names: Vec<[String; 2]> =
            (0..pairs).map(|pair| ["a", "b"].map(|name| format!("{name}{pair}"))).collect();
        for [source, onto] in &names {
            s.file(format!("s/{source}"), content(source)).file(format!("s/{onto}"), content(onto));
            s.dir("d");
            lead(s, &format!("s/{source}"), &format!("d/{onto}"));
        }
        s.cp(["-r", "s/.", "d"]).succeeds();
        let inode = |name: &str| std::fs::metadata(s.path(format!("s/{name}"))).unwrap().ino();
        for [source, onto] in &names {
            let first = inode(source) < inode(onto);
            assert!(s.read(format!("s/{source}")) == content(onto), "{source}");
            let copied = content(if first { source } else { onto });
            assert!(s.read(format!("d/{source}")) == copied, "d/{source}, first: {first}");
        }
    });
}

#[test]
fn a_source_that_another_copy_is_written_to_through_a_link_is_copied_as_a_whole() {
    let lead = |s: &Sandbox, to: &str, link: &str| {
        s.symlink(link, format!("../{to}"));
    };
    each_copy_is_that_of_a_whole_source(1000, 20, lead);
    each_copy_is_that_of_a_whole_source(3 << 20, 2, lead);
}

#[test]
fn a_source_that_another_copy_is_written_to_by_another_name_is_copied_as_a_whole() {
    let lead = |s: &Sandbox, to: &str, name: &str| {
        s.hard_link(name, to);
    };
    each_copy_is_that_of_a_whole_source(1000, 20, lead);
    each_copy_is_that_of_a_whole_source(3 << 20, 2, lead);
}

#[test]
fn links_in_circles_on_the_way_are_forced_like_one_in_the_copys_place() {
    each_engine(|s| {
        s.file("f", "1").symlink("x", "x");
        s.cp(["-fv", "f", "x/"])
            .run()
            .ends(1)
            .prints("'f' -> 'x/'\n")
            .complains("ucp: cannot remove 'x/': Not a directory");
        s.cp(["-fn", "f", "x/g"]).fails("ucp: cannot remove 'x/g': Too many levels of symbolic links");
        for options in [&["-v"][..], &["-fb"], &["-fl"], &["-fs"], &["-f", "--remove-destination"]] {
            s.cp(options)
                .and(["f", "x/"])
                .run()
                .ends(1)
                .prints("")
                .complains("ucp: cannot stat 'x/': Too many levels of symbolic links");
        }
    });
}

#[test]
fn a_directory_that_is_forced_is_refused_as_its_removal_would_be() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/p/f", "1").dir("d/p/f").give_to_nobody();
        s.cp(["-rfb", "s/p", "d"]).by_nobody().fails("ucp: cannot remove 'd/p/f': Is a directory");
        s.chown("d/p", 1, 2);
        s.cp(["-rfb", "s/p", "d"]).by_nobody().fails("ucp: cannot remove 'd/p/f': Permission denied");
        s.cp(["-rb", "s/p", "d"])
            .by_nobody()
            .fails("ucp: cannot create regular file 'd/p/f': Is a directory");
    });
}

#[test]
fn a_link_with_a_slash_behind_it_is_no_directory_to_be_removed() {
    each_engine(|s| {
        s.file("f", "1").symlink("x", ".").dir("d");
        s.cp(["-fbT", "f", "x/"]).fails("ucp: cannot remove 'x/': Not a directory");
        s.cp(["-fbT", "f", "d/"]).fails("ucp: cannot remove 'd/': Is a directory");
    });
}
