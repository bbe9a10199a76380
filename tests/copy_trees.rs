//! Whole trees: rich, wide, flat, deep; named as they are typed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};
use rustix::process::Resource;

use crate::common::{Sandbox, each_engine, needs_extensions, noise};

/// One of everything an ordinary user can make, in several places.
fn rich_tree(s: &Sandbox) {
    for dir in ["s", "s/one", "s/one/two", "s/odd name\n", "s/one/-r"] {
        s.file(format!("{dir}/empty"), "").file(format!("{dir}/small"), noise(700, 1));
        s.file(format!("{dir}/big"), noise(300_001, 2)).file(format!("{dir}/program"), "#!/bin/sh\n");
        s.chmod(format!("{dir}/program"), 0o755).symlink(format!("{dir}/link"), "small");
        s.symlink(format!("{dir}/dangling"), "no/where").symlink(format!("{dir}/loop"), "loop");
        s.symlink(format!("{dir}/absolute"), "/etc").symlink(format!("{dir}/up"), "..");
        s.dir(format!("{dir}/void")).fifo(&format!("{dir}/fifo"), 0o640).socket(&format!("{dir}/socket"));
        s.file(Path::new(dir).join(OsStr::from_bytes(b"\xff\x80")), "not text")
            .file(format!("{dir}/.hidden"), ".");
        s.hard_link(&format!("{dir}/second name"), &format!("{dir}/small"));
    }
    s.chmod("s/one/two", 0o555).chmod("s/one", 0o700).chmod("s/odd name\n", 0o750);
}

#[test]
fn a_rich_tree_arrives_the_same() {
    each_engine(|s| {
        rich_tree(s);
        for option in ["-r", "-R", "--recursive"] {
            let copy = format!("copy{option}");
            s.cp([option, "s", &copy]).succeeds();
            s.assert_same("s", &copy);
        }
    });
}

#[test]
fn a_tree_goes_into_a_directory_that_exists() {
    each_engine(|s| {
        s.file("s/x", "1").file("s/d/y", "2").dir("t").dir("u").dir("v");
        s.cp(["-r", "s", "t"]).succeeds();
        s.cp(["-r", "s/", "u"]).succeeds();
        s.cp(["-r", "s/.", "v"]).succeeds();
        s.assert_same("s", "t/s");
        s.assert_same("s", "u/s");
        s.assert_same("s", "v");
    });
}

#[test]
fn several_trees_and_files_go_into_a_directory() {
    each_engine(|s| {
        s.file("x/s/f", "1").file("x/t/g", "2").file("x/file", "3").symlink("x/link", "file").dir("d");
        s.cp(["-r", "x/s", "x/t", "x/file", "x/link", "d"]).succeeds();
        s.assert_same("x", "d");
    });
}

#[test]
fn an_empty_directory_is_copied() {
    each_engine(|s| {
        s.dir("s");
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn thousands_of_files_in_hundreds_of_directories_arrive() {
    each_engine(|s| {
        for dir in 0..300 {
            let path = format!("s/{}/{}/{dir}", dir % 7, dir % 20);
            s.dir(&path);
            for file in 0..10 {
                s.file(format!("{path}/{file}"), noise((dir * 37 + file * 611) % 9000, file as u64));
            }
        }
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn a_flat_directory_of_five_thousand_files_arrives() {
    each_engine(|s| {
        s.dir("s");
        for file in 0..5000_u64 {
            std::fs::write(s.path(format!("s/file-{file:04}")), file.to_string()).unwrap();
            s.chmod(format!("s/file-{file:04}"), 0o644);
        }
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn lines_about_a_flat_directory_come_in_the_order_of_inode_numbers() {
    each_engine(|s| {
        for number in 0..700 {
            s.file(format!("s/a-file-whose-name-is-long-enough-{number}"), "");
        }
        let inode = |name: &str| MetadataExt::ino(&s.path(name).symlink_metadata().unwrap());
        let mut names: Vec<String> = s
            .names("s")
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(|name| format!("s/{name}"))
            .collect();
        names.sort_by_key(|name| inode(name));
        let lines: String =
            names.iter().map(|name| format!("'{name}' -> 't/{}'\n", name.trim_start_matches("s/"))).collect();
        s.cp(["-rv", "s", "t"]).succeeds().prints(format!("'s' -> 't'\n{lines}"));
    });
}

#[test]
fn workers_that_take_turns_in_a_flat_directory_have_few_descriptors() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for file in 0..700_u64 {
            s.file(format!("s/{file}"), file.to_string());
        }
        for descriptors in [512, 64, 24] {
            s.cp(["-r", "--jobs=2", "s", "t"]).limit(Resource::Nofile, descriptors).succeeds();
            s.assert_same("s", "t");
            std::fs::remove_dir_all(s.path("t")).unwrap();
        }
    });
}

#[test]
fn a_directory_of_two_thousand_directories_arrives() {
    each_engine(|s| {
        for dir in 0..2000 {
            s.dir(format!("s/{dir}"));
        }
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn a_tree_sixty_levels_deep_arrives() {
    each_engine(|s| {
        let mut path = PathBuf::from("s");
        for level in 0..60 {
            path.push(format!("level-{level}"));
            s.file(path.join("file"), level.to_string());
        }
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

/// Makes `levels` directories called `name`, each in the one before, and a file that tells its level in each. No path
/// names the last ones: only a descriptor reaches them.
fn make_deep(top: &Path, name: &str, levels: usize) {
    std::fs::create_dir(top).unwrap();
    let mut directory: OwnedFd = File::open(top).unwrap().into();
    for level in 0..levels {
        mkdirat(&directory, name, Mode::from(0o755)).unwrap();
        let file = openat(&directory, "file", OFlags::CREATE | OFlags::WRONLY, Mode::from(0o644)).unwrap();
        rustix::io::write(&file, level.to_string().as_bytes()).unwrap();
        directory = openat(&directory, name, OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
}

/// Takes such a tree down again, from below, which a walk that holds every level open cannot. Answers its levels, as
/// far as their files were right.
fn remove_deep(top: &Path, name: &str) -> usize {
    let mut directory: OwnedFd = File::open(top).unwrap().into();
    let mut levels = 0;
    while let Ok(next) = openat(&directory, name, OFlags::DIRECTORY, Mode::empty()) {
        let mut text = [0; 16];
        let file = openat(&directory, "file", OFlags::RDONLY, Mode::empty()).unwrap();
        let count = rustix::io::read(&file, &mut text).unwrap();
        assert_eq!(&text[..count], levels.to_string().as_bytes());
        unlinkat(&directory, "file", AtFlags::empty()).unwrap();
        (directory, levels) = (next, levels + 1);
    }
    for _ in 0..levels {
        directory = openat(&directory, "..", OFlags::DIRECTORY, Mode::empty()).unwrap();
        unlinkat(&directory, name, AtFlags::REMOVEDIR).unwrap();
    }
    levels
}

/// Copies a tree of so many levels, under a limit of so many descriptors.
fn copies_deep(name: &str, levels: usize, descriptors: u64) {
    // GNU cp walks by path and gives up with "File name too long".
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        make_deep(&s.path("s"), name, levels);
        let outcome = s.cp(["-r", "s", "t"]).limit(Resource::Nofile, descriptors).run();
        let arrived = remove_deep(&s.path("t"), name);
        assert_eq!(remove_deep(&s.path("s"), name), levels);
        outcome.expect(arrived == levels, &format!("{levels} levels, not {arrived}"));
        outcome.ends(0).complains("");
    });
}

#[test]
fn a_tree_deeper_than_the_longest_path_arrives() {
    copies_deep(&"d".repeat(200), 40, 1024);
}

#[test]
fn a_tree_five_thousand_levels_deep_needs_no_more_than_64_descriptors() {
    copies_deep("d", 5000, 64);
}

#[test]
fn a_tree_is_copied_out_of_and_into_the_current_directory() {
    each_engine(|s| {
        s.file("s/x/y", "1").dir("t");
        s.cp(["-r", "s/x/../.", "t"]).succeeds();
        s.assert_same("s", "t");
        s.cp(["-r", "s/x", "."]).succeeds();
        s.assert_same("s/x", "x");
    });
}

#[test]
fn an_absolute_path_works_as_well() {
    each_engine(|s| {
        s.file("s/x/y", "1");
        s.cp([Path::new("-r"), &s.path("s"), &s.path("t")]).succeeds();
        s.assert_same("s", "t");
    });
}
