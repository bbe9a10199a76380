//! Files of several names where what becomes of the copies depends on which name comes first: by inode in each directory,
//! what is below one at its place.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::Resource;

use crate::common::{Sandbox, each_engine};

const NAMES: [&str; 5] = ["b/deep/x", "a/y", "z", "b/w", "c/v"];

/// `s` with a file of several names in its directories, and many others around them.
fn tree(s: &Sandbox) {
    for name in ["s/d1/f", "s/b/f", "s/a/f", "s/c/deep/f", "s/g", "s/h"] {
        s.file(name, name);
    }
    s.dir("s/b/deep").file("s/z", "contents");
    NAMES.iter().filter(|name| **name != "z").for_each(|name| _ = s.hard_link(&format!("s/{name}"), "s/z"));
}

/// The names of the file in the order of the walk.
fn in_order(directory: &Path, below: &str, file: u64, found: &mut Vec<String>) {
    let mut entries: Vec<(u64, String, bool)> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let facts = entry.metadata().unwrap();
            (facts.ino(), entry.file_name().into_string().unwrap(), facts.is_dir())
        })
        .collect();
    entries.sort_by_key(|entry| entry.0);
    for (inode, name, is_directory) in entries {
        if is_directory {
            in_order(&directory.join(&name), &format!("{below}{name}/"), file, found);
        } else if inode == file {
            found.push(format!("{below}{name}"));
        }
    }
}

fn names_in_order(s: &Sandbox) -> Vec<String> {
    let mut found = Vec::new();
    in_order(&s.path("s"), "", s.path("s/z").metadata().unwrap().ino(), &mut found);
    assert_eq!(found.len(), NAMES.len());
    found
}

#[test]
fn the_first_name_alone_has_the_time_before_it_was_read() {
    each_engine(|s| {
        // With few descriptors names do not wait with their directories held.
        for (options, descriptors) in [("-rp", 1024), ("-rpv", 1024), ("-rp", 32)] {
            tree(s);
            s.times("s/z", 1, 1_000_000_000);
            let before = s.accessed("s/z");
            s.cp([options, "s", "t"]).limit(Resource::Nofile, descriptors).succeeds();
            let after = s.accessed("s/z");
            let names = names_in_order(s);
            let times: Vec<_> = names.iter().map(|name| s.accessed(format!("t/{name}"))).collect();
            assert_eq!(times[0], before, "{options}: {names:?}");
            // Where reading changes no times, all are the same.
            assert!(times[1..].iter().all(|time| *time == after), "{options}: {names:?} {times:?}");
            ["s", "t"].iter().for_each(|tree| fs::remove_dir_all(s.path(tree)).unwrap());
        }
        // Operands come in their order.
        s.file("one", "1").hard_link("two", "one").symlink("three", "one").dir("t").times(
            "one",
            1,
            1_000_000_000,
        );
        let before = s.accessed("one");
        s.cp(["-p", "two", "three", "one", "t"]).succeeds();
        assert_eq!(s.accessed("t/two"), before);
        assert_eq!((s.accessed("t/three"), s.accessed("t/one")), (s.accessed("one"), s.accessed("one")));
    });
}

#[test]
fn what_is_met_by_its_name_and_by_links_keeps_the_times_that_reading_it_in_order_leaves() {
    each_engine(|s| {
        s.symlink("s/early", "d/f").file("s/d/f", "1").symlink("s/late", "d/f").file("s/other", "2");
        s.times("s/d/f", 1, 1_000_000_000);
        let before = s.accessed("s/d/f");
        s.cp(["-rpL", "s", "t"]).succeeds();
        let after = s.accessed("s/d/f");
        let entries = ["early", "d", "late"];
        let inode = |name: &str| s.path(format!("s/{name}")).symlink_metadata().unwrap().ino();
        let first = entries.iter().min_by_key(|name| inode(name)).unwrap();
        for name in entries {
            let copy = if name == "d" { "t/d/f".to_owned() } else { format!("t/{name}") };
            let expected = if name == *first { before } else { after };
            assert_eq!(s.accessed(&copy), expected, "{copy}, {first} is first");
        }
    });
}

#[test]
fn the_first_name_decides_which_file_stays() {
    each_engine(|s| {
        for options in ["-ru", "-au", "-ruv"] {
            tree(s);
            for name in NAMES {
                s.file(format!("t/{name}"), name).times(format!("t/{name}"), 2_000_000_000, 2_000_000_000);
            }
            s.cp([options, "-T", "s", "t"]).succeeds();
            let names = names_in_order(s);
            for name in &names {
                assert_eq!(s.read(format!("t/{name}")), names[0].as_bytes(), "{options}: {name}");
            }
            assert_eq!(s.path("t/z").metadata().unwrap().nlink(), 5, "{options}");
            ["s", "t"].iter().for_each(|tree| fs::remove_dir_all(s.path(tree)).unwrap());
        }
    });
}

#[test]
fn the_first_name_is_what_all_links_lead_to() {
    each_engine(|s| {
        tree(s);
        let source = s.path("s");
        s.cp([Path::new("-as"), &source, Path::new("t")]).succeeds();
        let first = source.join(&names_in_order(s)[0]);
        for name in NAMES {
            assert_eq!(s.link_target(format!("t/{name}")), first, "{name}");
        }
    });
}

#[test]
fn what_stays_and_is_met_again_below_another_operand_becomes_one_file() {
    each_engine(|s| {
        for operands in [["a", "a/b"], ["a/b", "a"]] {
            s.file("a/b/f", "new").file("t/a/b/f", "stays").file("t/b/f", "too");
            s.times("t/a/b/f", 2_000_000_000, 2_000_000_000).times("t/b/f", 2_000_000_000, 2_000_000_000);
            s.cp(["-ru"]).and(operands).and(["t"]).run();
            let met_twice = operands[0] == "a";
            assert_eq!(s.read("t/b/f"), if met_twice { &b"stays"[..] } else { b"too" }, "{operands:?}");
            assert_eq!(s.read("t/a/b/f"), b"stays");
            fs::remove_dir_all(s.path("t")).unwrap();
        }
    });
}

#[test]
fn what_would_write_to_a_file_that_a_name_needs_waits_with_it() {
    each_engine(|s| {
        // The copy of a later file is written to that of an earlier one, which waits as it has another name.
        s.in_walk_order(&[&["s/k", "s/m"]], |s| {
            s.file("s/k", "1").hard_link("s/e", "s/k").file("s/m", "22");
        });
        s.file("d/s/k", "").hard_link("d/s/m", "d/s/k");
        s.cp(["-rp", "s", "d"]).succeeds();
        assert_eq!(["k", "e", "m"].map(|name| s.read(format!("d/s/{name}"))), [&b"22"[..], b"1", b"22"]);
        // A later file takes the place of the first copy, which an earlier name is to be linked to.
        s.in_walk_order(&[&["one/a", "two/one/a"]], |s| {
            s.dir("two/one").file("one/a", "1").hard_link("one/f", "one/a").hard_link("two/one/k", "one/a");
            s.file("two/one/a", "22").dir("t");
        });
        s.cp(["-a", "one", "two/.", "t"]).succeeds();
        assert_eq!(["a", "f", "k"].map(|name| s.read(format!("t/one/{name}"))), [&b"22"[..], b"1", b"1"]);
        assert_eq!(s.path("t/one/f").metadata().unwrap().ino(), s.path("t/one/k").metadata().unwrap().ino());
    });
}

#[test]
fn questions_come_in_the_order_of_the_walk() {
    each_engine(|s| {
        s.in_walk_order(&[&["s/k", "s/m"]], |s| {
            s.file("s/k", "1").hard_link("k", "s/k").file("s/m", "22");
        });
        s.file("d/s/k", "").file("d/s/m", "");
        let asked = "ucp: overwrite 'd/s/k'? ucp: overwrite 'd/s/m'? ";
        s.cp(["-ia", "s", "d"]).input("y\nn\n").fails(asked);
        assert_eq!(["k", "m"].map(|name| s.read(format!("d/s/{name}"))), [&b"1"[..], b""]);
    });
}
