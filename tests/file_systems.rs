//! The file systems that files really lie on: ext4, XFS and btrfs, within each and between them.

use std::os::unix::fs::MetadataExt;

use crate::common::{Kind, Sandbox, each_engine, is_reference, noise, skip};

/// Runs the body with one of each kind mounted; the body gets those that could be.
fn on_each(body: impl Fn(&Sandbox, &[Kind])) {
    each_engine(|s| {
        let mounted: Vec<_> = Kind::ALL.into_iter().filter_map(|kind| Some((kind, s.image(kind)?))).collect();
        let kinds: Vec<Kind> = mounted.iter().map(|(kind, _)| *kind).collect();
        body(s, &kinds);
    });
}

fn blocks(s: &Sandbox, name: &str) -> u64 {
    let file = std::fs::File::open(s.path(name)).unwrap();
    file.sync_all().unwrap();
    file.metadata().unwrap().blocks()
}

/// Removes a file, and has its room free at once: XFS sees to files that were removed in its own time, btrfs with its
/// next transaction.
fn discard(s: &Sandbox, name: &str) {
    std::fs::File::options().write(true).open(s.path(name)).unwrap().set_len(0).unwrap();
    std::fs::remove_file(s.path(name)).unwrap();
    s.sync(name.split('/').next().unwrap());
}

/// A tree with files of many sizes, holes, links and directories.
fn plant(s: &Sandbox, name: &str) {
    for (seed, size) in (1..).zip([0, 1, 4095, 4096, 5000, 131_072, 131_073, 1_000_000, 3_000_001]) {
        s.file(format!("{name}/{size}"), noise(size, seed))
            .file(format!("{name}/d/{size}"), noise(size, seed));
    }
    for number in 0..100 {
        s.file(format!("{name}/many/{number}"), noise(number * 50, 7)).dir(format!("{name}/dirs/{number}"));
    }
    s.sparse(&format!("{name}/holes"), 5_000_000, &[(5000, &noise(70_000, 3)), (2_500_000, b"x")]);
    s.sparse(&format!("{name}/hole"), 3 << 20, &[]);
    s.symlink(format!("{name}/link"), "4096").fifo(&format!("{name}/fifo"), 0o644);
}

#[test]
fn trees_arrive_whole_within_and_between_file_systems() {
    on_each(|s, kinds| {
        kinds.iter().for_each(|kind| plant(s, &format!("{}/s", kind.name())));
        for from in kinds {
            for to in kinds {
                let (source, copy) = (format!("{}/s", from.name()), format!("{}/t", to.name()));
                let ours = !is_reference();
                for options in [&["-r"][..], &["-r", "--direct"], &["-r", "--placement=fused"]] {
                    if options.len() > 1 && !ours {
                        continue;
                    }
                    s.cp(options).and([&source, &copy]).succeeds();
                    s.assert_same(&source, &copy);
                    for holes in ["holes", "hole"] {
                        let [there, here] =
                            [&source, &copy].map(|tree| blocks(s, &format!("{tree}/{holes}")));
                        // Blocks of one may be four times as long as those of another: two more at each end of data.
                        assert!(here <= there + 32, "{options:?} {copy}/{holes}: {here} blocks of {there}");
                    }
                    // Once more, over what is there.
                    s.cp(options).and(["-T", &source, &copy]).succeeds();
                    s.assert_same(&source, &copy);
                    std::fs::remove_dir_all(s.path(&copy)).unwrap();
                }
            }
        }
    });
}

#[test]
fn clones_share_their_blocks_until_one_is_written_to() {
    on_each(|s, kinds| {
        for kind in kinds.iter().filter(|kind| kind.shares()) {
            let name = kind.name();
            let [source, copy] = ["a", "b"].map(|file| format!("{name}/{file}"));
            s.file(&source, noise(20_000_000, 1));
            for (options, shares) in [
                (&[][..], true),
                (&["--reflink"][..], true),
                (&["--reflink=auto"], true),
                (&["--sparse=always"], true),
                (&["--reflink=never"], false),
                (&["--sparse=never"], false),
            ] {
                let before = s.free_bytes(name);
                s.cp(options).and([&source, &copy]).succeeds();
                let taken = before.saturating_sub(s.free_bytes(name));
                assert_eq!(taken < 10_000_000, shares, "{name} {options:?}: {taken} bytes taken");
                s.assert_same(&source, &copy);
                discard(s, &copy);
            }
            // Whatever was there before, and however long the copy is.
            s.file(&copy, noise(30_000_000, 2)).cp(["--reflink", &source, &copy]).succeeds();
            s.assert_same(&source, &copy);
            discard(s, &copy);
            s.file(format!("{name}/empty"), "").cp(["--reflink", &format!("{name}/empty"), &copy]).succeeds();
            assert_eq!(s.read(&copy), b"");
        }
    });
}

#[test]
fn no_blocks_are_shared_where_they_cannot_be() {
    on_each(|s, kinds| {
        for from in kinds {
            s.file(format!("{}/a", from.name()), "1");
            for to in kinds.iter().filter(|to| *to != from || !to.shares()) {
                let [source, copy] = [format!("{}/a", from.name()), format!("{}/b", to.name())];
                let why = if from == to { "Operation not supported" } else { "Invalid cross-device link" };
                s.cp(["--reflink", &source, &copy])
                    .fails(&format!("ucp: failed to clone '{copy}' from '{source}': {why}"));
                assert!(!s.exists(&copy));
            }
        }
    });
}

#[test]
fn holes_take_no_room_on_any_file_system() {
    on_each(|s, kinds| {
        let [data, zeros] = [noise(50_000, 1), vec![0; 400_000]];
        for kind in kinds {
            let name = |file: &str| format!("{}/{file}", kind.name());
            let content = [&zeros[..], &data, &zeros, &data, &zeros, &data[..1], &zeros].concat();
            s.file(name("zeros"), &content);
            s.sparse(&name("holes"), 4 << 20, &[(0, &data), (1 << 20, &data), (2 << 20, &zeros)]);
            s.file(name("long"), noise(6_000_000, 2));
            // Two stretches of data, each with up to two blocks that it fills only a part of, and one byte.
            let most = 2 * (50_000 / 512 + 16) + 8;
            for (options, source, most) in [
                (&["--sparse=always", "--reflink=never"], "zeros", most),
                (&["--sparse=always", "--reflink=never"], "holes", most),
                (&["--sparse=auto", "--reflink=never"], "holes", blocks(s, &name("holes"))),
            ] {
                for over in [false, true] {
                    if over {
                        s.cp([name("long"), name("copy")]).succeeds();
                    }
                    s.cp(options).and([name(source), name("copy")]).succeeds();
                    s.assert_same(name(source), name("copy"));
                    let taken = blocks(s, &name("copy"));
                    assert!(taken <= most, "{options:?} {}: {taken} blocks, not {most}", name(source));
                    discard(s, &name("copy"));
                }
            }
            s.cp(["--sparse=always", "/proc/self/fd/0", &name("copy")]).input(content).succeeds();
            assert!(s.read(name("zeros")) == s.read(name("copy")));
            assert!(blocks(s, &name("copy")) <= most, "{kind:?}: a pipe's zeros took room");
            s.cp(["--sparse=never", &name("holes"), &name("copy")]).succeeds();
            assert!(s.read(name("holes")) == s.read(name("copy")));
            assert!(blocks(s, &name("copy")) >= (4 << 20) / 512, "{kind:?}: not all holes were filled");
        }
    });
}

#[test]
fn a_full_disk_is_told_of_and_keeps_a_beginning() {
    on_each(|s, kinds| {
        let content = noise(20_000_000, 1);
        s.file("a", &content).file("z", [&content[..3_000_000], &vec![0; 2_000_000], &content].concat());
        for kind in kinds {
            let copy = format!("{}/b", kind.name());
            s.fill_but(kind.name(), 6 << 20);
            for (options, source) in [
                (&[][..], "a"),
                (&["--reflink=never"], "a"),
                (&["--sparse=always"], "z"),
                (&["--sparse=auto"], "z"),
            ] {
                s.cp(options)
                    .and([source, &copy])
                    .fails(&format!("ucp: error writing '{copy}': No space left on device"));
                let left = s.read(&copy);
                // How much is left has no lower bound: of several workers the one with the first block may come last.
                assert!(left.len() < 12_000_000, "{kind:?}: {} bytes are left", left.len());
                assert!(
                    s.read(source).starts_with(&left),
                    "{kind:?} {options:?}: what is left is no beginning"
                );
                discard(s, &copy);
            }
            if kind.shares() {
                discard(s, &format!("{}/filling", kind.name()));
                let full = format!("{}/a", kind.name());
                s.cp(["a", &full]).succeeds();
                s.fill_but(kind.name(), 6 << 20);
                // A clone takes no room.
                s.cp([&full, &copy]).succeeds();
                s.assert_same(&full, &copy);
            }
        }
    });
}

#[test]
fn a_clone_that_fails_behind_a_dangling_link_removes_the_link() {
    each_engine(|s| {
        s.file("b", "6510").symlink("x", "nowhere");
        let run = s.cp(["--reflink=always", "b", "x"]).env("POSIXLY_CORRECT", "1").run();
        if run.status() == Some(0) {
            return skip("the file system of the tests shares blocks");
        }
        assert_eq!(s.names(""), ["", "b", "nowhere"], "{}", run.stderr());
    });
}

#[test]
fn a_directory_that_holds_its_copy_is_an_error_however_it_is_listed() {
    on_each(|s, kinds| {
        for kind in kinds {
            let name = kind.name();
            // The copy of the inner directory is made in the directory itself, which was opened before.
            s.dir(format!("{name}/s/d"));
            let (source, to) = (format!("{name}/s/."), format!("{name}/s/d"));
            s.cp(["-R", &source, &to])
                .fails(&format!("ucp: cannot copy a directory, '{source}', into itself, '{to}/.'"));
            assert_eq!(s.names(format!("{name}/s")), ["", "d", "d/d"], "{name}");
        }
    });
}
