//! `-p`, `--preserve`, `--no-preserve` and `--attributes-only`: mode, owner and times of everything that is copied.

use crate::common::{Sandbox, each_engine, is_root, needs_extensions, needs_root, noise};

/// Something of each kind and size, with attributes that a new file would not get by itself.
fn tree(s: &Sandbox) {
    s.file("s/empty", "")
        .file("s/small", "small")
        .file("s/large", noise(3 << 20, 1))
        .file("s/d/e/deep", "deep");
    s.sparse("s/holes", 1 << 20, &[(65536, b"data")]);
    s.symlink("s/link", "nowhere").fifo("s/fifo", 0o620).socket("s/socket").dir("s/closed");
    s.file("s/ro", "1").file("s/special", "2").file("s/none", "3").dir("s/sticky").dir("s/bits");
    s.file("s/closed/inside", "4");
    let modes =
        [("ro", 0o444), ("special", 0o6751), ("d/e/deep", 0o666), ("closed", 0o555), ("sticky", 0o1777)];
    for (number, (name, mode)) in (0_u8..).zip(modes) {
        s.chmod(format!("s/{name}"), mode).times(format!("s/{name}"), 1_000 + i64::from(number), 2_000);
    }
    s.chmod("s/bits", 0o2771);
    for name in
        ["empty", "small", "large", "holes", "link", "fifo", "socket", "closed/inside", "d/e", "d", ""]
    {
        s.times(format!("s/{name}"), 1_500_000_000, 1_234_567_890);
    }
}

#[test]
fn a_tree_keeps_mode_owner_and_times() {
    each_engine(|s| {
        tree(s);
        if is_root() {
            let names = ["small", "large", "special", "link", "fifo", "d", "closed"];
            for (number, name) in (0..).zip(names) {
                s.chown(format!("s/{name}"), 1000 + number, 2000);
            }
            s.chmod("s/special", 0o6751).times("s", 1_500_000_000, 1_234_567_890);
        }
        for (option, umask) in [("-p", 0o022), ("--preserve=all", 0o077), ("--preserve=mode,own,time", 0)] {
            let copy = format!("copy-{umask:o}");
            s.cp(["-r", option, "s", &copy]).umask(umask).succeeds();
            s.assert_same("s", &copy);
            s.assert_same_attributes("s", &copy);
        }
    });
}

#[test]
fn an_ordinary_user_keeps_what_is_its_own() {
    each_engine(|s| {
        tree(s);
        s.give_to_nobody();
        s.chmod("s/special", 0o6751).chmod("s/bits", 0o2771);
        s.cp(["-rp", "s", "copy"]).by_nobody().succeeds();
        s.assert_same("s", "copy");
        s.assert_same_attributes("s", "copy");
    });
}

#[test]
fn each_attribute_can_be_kept_alone() {
    each_engine(|s| {
        s.file("f", "1").chmod("f", 0o4766).times("f", 1_000, 2_000);
        s.dir("d").chmod("d", 0o1773).times("d", 1_000, 2_000);
        for (name, option) in [("f", "-T"), ("d", "-rT")] {
            let copy = format!("{name}-mode");
            s.cp([option, "--preserve=mode", name, &copy]).succeeds();
            assert_eq!(s.mode(&copy), s.mode(name));
            assert_ne!(s.attributes(&copy).modified, s.attributes(name).modified);
            let copy = format!("{name}-times");
            s.cp([option, "--preserve=timestamps", name, &copy]).succeeds();
            assert_eq!(s.mode(&copy), s.mode(name) & 0o1755);
            assert_eq!(s.attributes(&copy).modified, (2_000, 987_654_321));
            let copy = format!("{name}-owner");
            s.cp([option, "--preserve=ownership", name, &copy]).succeeds();
            assert_eq!(s.mode(&copy), s.mode(name) & 0o1755);
            assert_ne!(s.attributes(&copy).modified, s.attributes(name).modified);
        }
    });
}

#[test]
fn the_access_time_is_the_one_from_before_the_copy() {
    each_engine(|s| {
        for (name, size) in [("small", 10), ("large", 3 << 20), ("other", 0)] {
            s.file(format!("s/{name}"), noise(size, 1)).times(format!("s/{name}"), 100_000, 200_000);
        }
        s.symlink("s/link", "small").times("s/link", 100_000, 200_000).times("s", 100_000, 200_000);
        s.cp(["-rp", "s", "copy"]).succeeds();
        for name in ["", "small", "large", "other", "link"] {
            assert_eq!(s.accessed(format!("copy/{name}")), (100_000, 123_456_789), "{name}");
        }
    });
}

#[test]
fn no_preserve_takes_an_attribute_back_and_without_mode_new_files_are_as_any_other() {
    each_engine(|s| {
        s.file("s/f", "1")
            .chmod("s/f", 0o4711)
            .dir("s/d")
            .chmod("s/d", 0o1711)
            .fifo("s/p", 0o711)
            .times("s/f", 1_000, 2_000);
        s.cp(["-rp", "--no-preserve=timestamps", "s", "a"]).succeeds();
        assert_eq!(s.mode("a/f"), 0o4711);
        assert_ne!(s.attributes("a/f").modified.0, 2_000);
        for umask in [0o022, 0o077, 0o027] {
            let copy = format!("b-{umask:o}");
            s.cp(["-rp", "--no-preserve=mode", "s", &copy]).umask(umask).succeeds();
            let modes = ["f", "p", "d", ""].map(|name| s.mode(format!("{copy}/{name}")));
            assert_eq!(modes, [0o666 & !umask, 0o666 & !umask, 0o1777 & !umask, 0o777 & !umask]);
            assert_eq!(s.attributes(format!("{copy}/f")).modified.0, 2_000);
        }
        s.file("old", "").chmod("old", 0o6770).cp(["--no-preserve=mode", "s/f", "old"]).succeeds();
        assert_eq!(s.mode("old") & 0o777, 0o770, "an existing file keeps its own");
    });
}

#[test]
fn existing_files_and_directories_get_exactly_what_the_source_has() {
    each_engine(|s| {
        tree(s);
        s.cp(["-r", "s", "copy"]).succeeds();
        s.chmod("copy", 0o2777)
            .chmod("copy/d", 0o7777)
            .chmod("copy/closed", 0o755)
            .chmod("copy/special", 0o777);
        s.chmod("copy/none", 0o600).chmod("copy/large", 0o600).chmod("copy/ro", 0o644);
        s.cp(["-rpT", "s", "copy"]).succeeds();
        s.assert_same("s", "copy");
        s.assert_same_attributes("s", "copy");
    });
}

#[test]
fn files_that_had_to_be_removed_first_keep_attributes_too() {
    each_engine(|s| {
        s.file("f", "new").chmod("f", 0o640).times("f", 1_000, 2_000);
        for (option, name) in [("-pf", "a"), ("-pb", "b"), ("--preserve", "c")] {
            s.file(name, "old").chmod(name, if option == "-pf" { 0o400 } else { 0o666 });
            s.give_to_nobody();
            s.cp([option, "--remove-destination", "f", name]).by_nobody().succeeds();
            assert_eq!(s.read(name), b"new");
            assert_eq!(s.attributes(name), s.attributes("f"));
        }
        s.file("g", "old").chmod("g", 0o400).give_to_nobody().cp(["-pf", "f", "g"]).by_nobody().succeeds();
        assert_eq!(s.attributes("g"), s.attributes("f"));
    });
}

#[test]
fn a_deep_tree_of_closed_directories_keeps_modes_and_times() {
    each_engine(|s| {
        let path: Vec<&str> = std::iter::repeat_n("d", 60).collect();
        s.dir(path.join("/"));
        for depth in (1..=60).rev() {
            let name = path[..depth].join("/");
            let time = i64::try_from(depth).unwrap();
            let mode = if depth % 3 == 0 { 0o555 } else { 0o750 };
            s.chmod(&name, mode).times(&name, 1_000 + time, 2_000 + time);
        }
        s.give_to_nobody();
        let limit = rustix::process::Resource::Nofile;
        s.cp(["-rp", "d", "copy"]).limit(limit, 24).by_nobody().succeeds();
        s.assert_same_attributes("d", "copy");
    });
}

#[test]
fn attributes_only_makes_empty_files_and_leaves_the_data_of_others() {
    each_engine(|s| {
        s.file("s/f", "new").file("s/big", noise(1 << 20, 1)).chmod("s/f", 0o710).times("s/f", 1_000, 2_000);
        s.cp(["-r", "--attributes-only", "s", "new"]).succeeds();
        assert_eq!((s.read("new/f"), s.read("new/big")), (vec![], vec![]));
        assert_eq!(s.mode("new/f"), 0o710);
        s.file("old", "data").chmod("old", 0o644).cp(["--attributes-only", "s/f", "old"]).succeeds();
        assert_eq!((s.read("old"), s.mode("old")), (b"data".to_vec(), 0o644));
        for option in ["-p", "-pf", "-pi"] {
            s.chmod("old", 0o644).cp([option, "--attributes-only", "s/f", "old"]).input("y\n").run().ends(0);
            assert_eq!(s.read("old"), b"data");
            assert_eq!(s.attributes("old"), s.attributes("s/f"));
        }
        s.cp(["-p", "--attributes-only", "--remove-destination", "s/f", "old"]).succeeds();
        assert_eq!(s.read("old"), b"");
        s.cp(["-l", "--attributes-only", "s/f", "hard"]).succeeds();
        assert_eq!(s.read("hard"), b"new");
        s.cp(["-s", "-p", "--attributes-only", "s/f", "soft"]).succeeds();
        assert_eq!(s.link_target("soft"), std::path::Path::new("s/f"));
        s.chmod("s/f", 0o000).give_to_nobody();
        s.cp(["--attributes-only", "s/f", "x"])
            .by_nobody()
            .fails("ucp: cannot open 's/f' for reading: Permission denied");
    });
}

#[test]
fn attributes_only_leaves_what_is_no_file_in_the_way_unless_forced() {
    each_engine(|s| {
        s.symlink("s", "new").symlink("t", "old").fifo("p", 0o600).file("q", "old");
        s.cp(["-r", "--attributes-only", "-T", "s", "t"])
            .fails("ucp: cannot create symbolic link 't': File exists");
        s.cp(["-r", "--attributes-only", "-T", "p", "q"]).fails("ucp: cannot create fifo 'q': File exists");
        s.cp(["-rf", "--attributes-only", "-T", "s", "t"]).succeeds();
        assert_eq!(s.link_target("t"), std::path::Path::new("new"));
    });
}

#[test]
fn directories_are_closed_to_other_writers_until_they_are_full_and_end_as_they_should() {
    each_engine(|s| {
        s.file("s/d/f", "1").chmod("s/d", 0o777).chmod("s", 0o1777).fifo("s/p", 0o2644);
        for (umask, mode) in [(0, 0o777), (0o002, 0o775), (0o022, 0o755)] {
            let copy = format!("copy-{umask:o}");
            s.cp(["-r", "s", &copy]).umask(umask).succeeds();
            assert_eq!((s.mode(&copy), s.mode(format!("{copy}/d"))), (0o1000 | mode, mode));
            assert_eq!(s.mode(format!("{copy}/p")), 0o2644, "special files keep all bits");
        }
    });
}

#[test]
fn files_of_others_lose_set_id_bits_with_their_owner() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/f", "1").chmod("s/f", 0o7755).dir("s/d").chmod("s/d", 0o3775).fifo("s/p", 0o622);
        s.chmod("s", 0o777).dir("out").chmod("out", 0o777);
        s.times("s/f", 1_000, 2_000).symlink("s/l", "x");
        s.cp(["-rp", "s", "out/copy"]).by_nobody().succeeds();
        let modes = ["f", "d", "p", ""].map(|name| s.mode(format!("out/copy/{name}")));
        assert_eq!(modes, [0o755, 0o775, 0o622, 0o777]);
        assert_eq!(s.attributes("out/copy/f").modified, (2_000, 987_654_321));
        for name in ["f", "d", "p", "l"] {
            assert_eq!(s.owner(format!("out/copy/{name}")), (65534, 65534));
        }
        s.cp(["--preserve=mode", "s/f", "out/f"]).by_nobody().succeeds();
        assert_eq!(s.mode("out/f"), 0o7755, "without ownership they are a wish like any other");
    });
}

#[test]
fn the_group_of_a_directory_does_not_get_in_the_way() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/f", "1")
            .file("s/g", "1")
            .chmod("s/f", 0o640)
            .dir("s/d")
            .dir("t")
            .chown("t", 0, 77)
            .chmod("t", 0o2777);
        s.cp(["-rp", "s", "t/copy"]).succeeds();
        s.assert_same_attributes("s", "t/copy");
        s.cp(["-r", "--preserve=ownership", "s", "t/owned"]).succeeds();
        assert_eq!(s.mode("t/owned/d"), 0o2755);
        assert_eq!(s.owner("t/owned/d"), (0, 0));
    });
}

#[test]
fn every_way_of_copying_keeps_attributes() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        tree(s);
        for number in 0..200 {
            s.file(format!("s/many/{number}"), noise(number, 1)).chmod(format!("s/many/{number}"), 0o606);
            s.times(format!("s/many/{number}"), 1_000, 2_000);
        }
        for option in ["--placement=fused", "--placement=split", "--direct", "--jobs=1", "--buffer-size=4096"]
        {
            let copy = option.trim_start_matches('-');
            s.cp(["-rp", option, "s", copy]).succeeds();
            s.assert_same("s", copy);
            s.assert_same_attributes("s", copy);
        }
    });
}
