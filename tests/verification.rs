//! `--verify` and `--manifest`: copies are read back from their device, and their hashes can be checked by others.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::process::Command;

use crate::common::{Kind, Sandbox, each_engine, needs_extensions, noise, skip};

/// The line that a manifest should have for a file, read once more.
pub fn line(s: &Sandbox, name: &str) -> String {
    let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mark = if escaped == name { "" } else { "\\" };
    format!("{mark}{}  {escaped}", blake3::hash(&s.read(name)).to_hex())
}

/// The lines of a manifest, sorted.
pub fn listed(s: &Sandbox, manifest: &str) -> Vec<String> {
    let text = String::from_utf8(s.read(manifest)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The lines that there should be for all regular files below `name`.
fn expected(s: &Sandbox, name: &str) -> Vec<String> {
    let files = s.names(name).into_iter().filter(|file| s.path(name).join(file).is_file());
    let mut lines: Vec<String> = files.map(|file| line(s, &format!("{name}/{file}"))).collect();
    lines.sort_unstable();
    lines
}

/// Has b3sum itself check a manifest, where there is one.
fn check_by_b3sum(s: &Sandbox, manifest: &str) {
    match Command::new("b3sum").args(["--check", "--quiet", manifest]).current_dir(s.work()).output() {
        // Old ones (Debian 12 has 1.2.0) know no escape for a carriage return, which the name of a file here holds.
        Ok(output) if output.stderr.ends_with(b"Invalid backslash escape\n") => {
            skip("this b3sum is too old to have checked a manifest");
        }
        Ok(output) => assert!(output.status.success(), "b3sum --check: {output:?}"),
        Err(error) => skip(&format!("b3sum has not checked a manifest: {error}")),
    }
}

/// Files of many sizes and names, whose number it answers.
fn plant(s: &Sandbox, name: &str) -> usize {
    let sizes = [0, 1, 1023, 1024, 1025, 4096, 5000, 131_072, 131_073, 1_000_000, 5_000_123, 20_000_000];
    for (seed, size) in (1..).zip(sizes) {
        s.file(format!("{name}/{size}"), noise(size, seed));
    }
    let names = ["a b", "back\\slash", "two\nlines", "return\r", "\\", "\u{e4}\u{1f600}", "-", "#"];
    for (number, file) in names.iter().enumerate() {
        s.file(format!("{name}/names/{file}"), noise(100 * number, 3));
    }
    for number in 0..200 {
        s.file(format!("{name}/many/{number}"), noise(number * 50, 7));
    }
    s.sparse(&format!("{name}/holes"), 5_000_000, &[(5000, &noise(70_000, 3)), (2_500_000, b"x")]);
    s.sparse(&format!("{name}/hole"), (3 << 20) + 5, &[]);
    s.symlink(format!("{name}/link"), "4096").fifo(&format!("{name}/fifo"), 0o644);
    sizes.len() + names.len() + 202
}

#[test]
fn trees_are_verified_and_listed_whatever_way_they_go() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let files = plant(s, "s");
        let bytes: usize = s
            .names("s")
            .iter()
            .map(|name| s.path("s").join(name))
            .filter(|path| path.is_file())
            .map(|path| usize::try_from(path.metadata().unwrap().len()).unwrap())
            .sum::<usize>()
            - 4096;
        for (number, options) in [
            &["-r"][..],
            &["-a", "--direct"],
            &["-r", "--jobs=4", "--buffer-size=5000"],
            &["-r", "--sparse=always"],
            &["-r", "--sparse=never", "--placement=fused"],
        ]
        .into_iter()
        .enumerate()
        {
            let (copy, manifest) = (format!("t{number}"), format!("m{number}"));
            let run =
                s.cp(["--verify", "--stats=json", "--manifest", &manifest]).and(options).and(["s", &copy]);
            let outcome = run.run().ends(0).prints("").mentions(&format!("\"files_verified\":{files},"));
            outcome.mentions(&format!("\"bytes_read_back\":{bytes},"));
            s.assert_same("s", &copy);
            assert!(listed(s, &manifest) == expected_copies(s, &copy), "{options:?}");
            check_by_b3sum(s, &manifest);
            // And once more, over what is there, without reading anything back.
            s.cp(["-T", "--manifest=again"]).and(options).and(["s", &copy]).succeeds();
            assert!(listed(s, "again") == listed(s, &manifest), "{options:?}");
        }
    });
}

/// What a tree's manifest should say: symbolic links are no files of their own.
fn expected_copies(s: &Sandbox, name: &str) -> Vec<String> {
    let mut lines = expected(s, name);
    let link = line(s, &format!("{name}/link"));
    lines.retain(|line| *line != link);
    lines
}

#[test]
fn what_cannot_say_its_length_is_verified_too() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.cp(["--verify", "--manifest=m", "/proc/version", "a"]).succeeds();
        assert_eq!(listed(s, "m"), [line(s, "a")]);
        for size in [0, 100, 3_000_000] {
            let run = s.cp(["--verify", "--manifest=m", "/proc/self/fd/0", "b"]).input(noise(size, 1));
            run.succeeds();
            assert!(s.read("b") == noise(size, 1));
            assert_eq!(listed(s, "m"), [line(s, "b")]);
        }
    });
}

#[test]
fn what_is_no_regular_file_or_not_copied_is_left_out() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", noise(300_000, 1)).fifo("f", 0o644).file("old", "old");
        let received = s.received_through("f", || {
            s.cp(["--verify", "--manifest=m", "a", "f"]).succeeds();
        });
        assert!(received == noise(300_000, 1));
        for (options, copy) in [(&["-l"], "b"), (&["-s"], "c"), (&["--attributes-only"], "d")] {
            s.cp(["--verify", "--manifest=m"]).and(options).and(["a", copy]).succeeds();
        }
        s.cp(["--verify", "--manifest=m", "-n", "a", "old"]).succeeds();
        assert_eq!((listed(s, "m"), s.read("old")), (vec![], b"old".to_vec()));
        // Of names of one file only the first is copied.
        s.hard_link("e", "a").dir("t").cp(["--verify", "--manifest=m", "-a", "a", "e", "t"]).succeeds();
        assert_eq!(listed(s, "m"), [line(s, "t/a")]);
        assert_eq!(s.path("t/a").metadata().unwrap().nlink(), 2);
    });
}

#[test]
fn attributes_are_kept_behind_the_reading() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for (name, size) in [("a", 100), ("b", 3_000_000)] {
            s.file(name, noise(size, 1)).chmod(name, 0o440);
            let time = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let times = std::fs::FileTimes::new().set_accessed(time(2_000)).set_modified(time(1_000));
            std::fs::File::open(s.path(name)).unwrap().set_times(times).unwrap();
            let copy = format!("{name}.copy");
            s.cp(["-p", "--verify", name, &copy]).succeeds();
            let copied = s.path(&copy).metadata().unwrap();
            assert_eq!((copied.atime(), copied.mtime(), copied.mode() & 0o777), (2_000, 1_000, 0o440));
        }
    });
}

#[test]
fn an_existing_copy_must_be_readable() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").chmod("b", 0o200).give_to_nobody();
        let message = "ucp: cannot create regular file 'b': Permission denied";
        s.cp(["--verify", "a", "b"]).by_nobody().fails(message);
        s.cp(["a", "b"]).by_nobody().succeeds();
        s.cp(["-f", "--verify", "a", "b"]).by_nobody().succeeds();
    });
}

#[test]
fn a_manifest_can_go_to_standard_output() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", noise(3_000_000, 2)).dir("d");
        s.cp(["--manifest=-", "a", "b", "d"]).succeeds().prints_lines(&[&line(s, "d/a"), &line(s, "d/b")]);
        let said = s.cp(["-v", "--manifest=-", "a", "d"]).succeeds();
        said.prints(format!("'a' -> 'd/a'\n{}\n", line(s, "d/a")));
        s.cp(["--manifest", "-", "a", "d"]).stdout_full().fails("ucp: write error: No space left on device");
    });
}

#[test]
fn a_manifest_that_cannot_be_written_is_an_error() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").dir("d");
        s.cp(["--manifest=/dev/full", "a", "b"])
            .fails("ucp: error writing '/dev/full': No space left on device");
        assert_eq!(s.read("b"), b"1");
        for (manifest, why) in [
            ("d", "Is a directory"),
            ("no/m", "No such file or directory"),
            ("", "No such file or directory"),
        ] {
            s.cp(["--manifest", manifest, "a", "c"])
                .fails(&format!("ucp: cannot create regular file '{manifest}': {why}"));
        }
        assert!(!s.exists("c"));
    });
}

#[test]
fn a_name_that_the_manifest_cannot_have_is_told_of() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file(Path::new(OsStr::from_bytes(b"s/\xff")), "1").file("s/a", "2");
        s.cp(["-r", "--manifest=m", "s", "t"])
            .fails("ucp: the manifest cannot have the name 't/'$'\\377', which is not UTF-8");
        assert!(listed(s, "m").contains(&line(s, "t/a")) && s.read(OsStr::from_bytes(b"t/\xff")) == b"1");
    });
}

#[test]
fn clones_are_read_on_both_sides() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for kind in [Kind::Xfs, Kind::Btrfs] {
            let Some(_mounted) = s.image(kind) else { continue };
            for size in [0, 100, 5_000_123] {
                let [source, copy] = ["a", "b"].map(|file| format!("{}/{file}", kind.name()));
                s.file(&source, noise(size, 1));
                let run = s.cp(["--verify", "--manifest=m", "--reflink", "--stats=json", &source, &copy]);
                run.run().ends(0).mentions(&format!("\"files_verified\":1,\"bytes_read_back\":{size},"));
                assert_eq!(listed(s, "m"), [line(s, &copy)]);
            }
        }
    });
}

/// Changes a byte of a file where it is stored: at `at`, in the image of its file system.
fn flip(s: &Sandbox, kind: Kind, content: &[u8], at: usize) {
    /// The smallest of blocks.
    const BLOCK: usize = 1024;
    let start = at - at % 4096;
    let wanted = &content[start..content.len().min(start + BLOCK)];
    let path = s.beside(&format!("{}.img", kind.name()));
    let image = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let (mut offset, mut found, mut buffer) = (0, 0, vec![0; 1 << 20]);
    loop {
        let read = image.read_at(&mut buffer, offset).unwrap();
        for block in (0..read).step_by(BLOCK).filter(|block| buffer[*block..].starts_with(wanted)) {
            let place = offset + u64::try_from(block + at - start).unwrap();
            image.write_all_at(&[content[at] ^ 0x10], place).unwrap();
            found += 1;
        }
        if read == 0 {
            break;
        }
        offset += u64::try_from(read).unwrap();
    }
    assert_eq!(found, 1, "{kind:?}: the file's data was not found in the image, or more than once");
}

/// Copies what comes through a pipe onto a file system of that kind, and another file behind it; when all of it has been
/// written and stored, and before the pipe ends, one byte of it is changed on the device. Answers what was said.
fn copy_with_a_byte_flipped(
    s: &Sandbox,
    kind: Kind,
    size: usize,
    at: usize,
    options: &[&str],
) -> Option<String> {
    let _mounted = s.image(kind)?;
    let (content, directory) = (noise(size, 5), format!("{}/d", kind.name()));
    s.fifo("pipe", 0o644).file("other", noise(200_000, 6)).dir(&directory);
    let running = s.cp(options).and(["pipe", "other", &directory]).start();
    let mut pipe = std::fs::File::options().write(true).open(s.path("pipe")).unwrap();
    pipe.write_all(&content).unwrap();
    let copy = format!("{directory}/pipe");
    // It cannot be done before the pipe ends; the run's own alarm ends it where this never comes true.
    let len = |name: &str| s.path(name).metadata().map_or(0, |file| file.len());
    while len(&copy) < u64::try_from(size).unwrap() {
        std::thread::yield_now();
    }
    s.sync(kind.name());
    flip(s, kind, &content, at);
    drop(pipe);
    let outcome = running.finish().ends(1).prints("");
    assert!(s.read(format!("{directory}/other")) == s.read("other"), "the other file was not copied");
    std::fs::remove_file(s.path("pipe")).unwrap();
    Some(outcome.stderr())
}

#[test]
fn a_byte_flipped_on_the_device_is_found() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for kind in [Kind::Ext4, Kind::Xfs] {
            for (size, at, block) in [(3_000, 2_999, 0), (6_000_000, 4097, 0), (6_000_000, 5 << 20, 5 << 20)]
            {
                for options in [&["--verify"][..], &["--verify", "--direct"]] {
                    let Some(said) = copy_with_a_byte_flipped(s, kind, size, at, options) else { return };
                    let copy = format!("{}/d/pipe", kind.name());
                    let expected = format!(
                        "ucp: verification of '{copy}' failed: first difference in the block at byte {block}\n"
                    );
                    assert_eq!(said, expected, "{options:?}");
                }
            }
        }
    });
}

#[test]
fn a_file_system_that_finds_the_byte_itself_is_heard() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(said) = copy_with_a_byte_flipped(s, Kind::Btrfs, 6_000_000, 4097, &["--verify"]) else {
            return;
        };
        assert_eq!(said, "ucp: error reading 'btrfs/d/pipe': Input/output error\n");
    });
}

/// What is a hole at both ends is not read, of which there may be more than anything can read.
#[test]
fn holes_are_not_read_to_be_verified() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("t", "size=64m") else { return };
        let data = noise(300_000, 5);
        for size in [4_u64 << 60, (1 << 50) + 12_345, i64::MAX.unsigned_abs() - 8192] {
            let middle = size / 2 - size / 2 % 4096;
            s.sparse("t/a", size, &[(0, b"start"), (middle, &data), (size - 1000, &data[..1000])]);
            for options in [
                &["--verify"][..],
                &["--verify", "-a"],
                &["--verify", "--sparse=always"],
                &["--verify", "--jobs=4"],
            ] {
                let run = s.cp(options).and(["--stats=json", "t/a", "t/b"]).run().ends(0);
                let stats: serde_json::Value = serde_json::from_str(run.stderr().trim()).unwrap();
                assert_eq!(stats["files_verified"], 1, "{options:?}");
                assert!(stats["bytes_read_back"].as_u64().unwrap() < 16 << 20, "{stats}");
                std::fs::remove_file(s.path("t/b")).unwrap();
            }
            // All of it is one hole.
            s.sparse("t/c", size, &[]).cp(["--verify", "t/c", "t/b"]).succeeds();
            for name in ["t/a", "t/b", "t/c"] {
                std::fs::remove_file(s.path(name)).unwrap();
            }
        }
        // For a manifest all of a file counts; and data in the middle of a hole is compared.
        s.sparse("s", 9 << 20, &[(0, b"start"), (5 << 20, &data)]);
        s.cp(["--verify", "--manifest=m", "s", "c"]).succeeds();
        assert_eq!(listed(s, "m"), [line(s, "c")]);
    });
}
