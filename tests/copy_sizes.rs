//! Contents of every awkward size arrive whole.

use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::common::{each_engine, noise};

pub const SIZES: [usize; 14] = [
    0,
    1,
    4095,
    4096,
    4097,
    (64 << 10) - 1,
    64 << 10,
    (64 << 10) + 1,
    (1 << 20) - 1,
    1 << 20,
    (1 << 20) + 1,
    (2 << 20) + 4096,
    (5 << 20) + 123,
    20 << 20,
];

#[test]
fn files_around_every_block_size_arrive_whole() {
    each_engine(|s| {
        for size in SIZES {
            s.file("a", noise(size, 1));
            s.cp(["a", "b"]).succeeds();
            s.assert_same("a", "b");
            s.cp(["-r", "a", "c"]).succeeds();
            s.assert_same("a", "c");
        }
    });
}

#[test]
fn files_around_every_block_size_arrive_whole_when_copied_together() {
    each_engine(|s| {
        for (number, size) in (0_u64..).zip(SIZES) {
            s.file(format!("s/{size}"), noise(size, number));
        }
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
        s.dir("u").cp(["-t", "u"]).and(SIZES.map(|size| format!("s/{size}"))).succeeds();
        s.assert_same("s", "u");
    });
}

#[test]
fn a_sparse_file_reads_the_same() {
    each_engine(|s| {
        let data = noise(100_000, 7);
        let hole = 8 << 20;
        s.sparse("all-hole", hole, &[]);
        s.sparse("data-first", hole, &[(0, &data)]);
        s.sparse("data-last", hole, &[(hole - 1, b"x")]);
        s.sparse(
            "data-amid",
            hole + 17,
            &[(1 << 20, &data), ((3 << 20) + 5, &data), ((7 << 20) - 4096, &data)],
        );
        s.dir("d");
        for name in ["all-hole", "data-first", "data-last", "data-amid"] {
            s.cp([name, "d"]).succeeds();
            s.assert_same(name, format!("d/{name}"));
            let blocks = |path: &str| std::fs::metadata(s.path(path)).unwrap().blocks();
            assert!(blocks(&format!("d/{name}")) <= blocks(name), "the holes of {name} were filled");
            // Also onto data: what was there must not show through the holes.
            s.file("full", noise(9 << 20, 8)).cp([name, "full"]).succeeds();
            s.assert_same(name, "full");
        }
    });
}

/// A read that would reach behind the largest offset there is fails, also where the file ends before it.
#[test]
fn files_up_to_the_largest_there_can_be_arrive_whole() {
    let largest = i64::MAX.unsigned_abs();
    let sizes =
        [largest, largest - 1, largest - 4095, largest - 4096, largest - (64 << 10), largest - (1 << 20) + 1];
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("t", "size=64m") else { return };
        for size in sizes {
            let end = noise(1000, 7);
            s.sparse("t/a", size, &[(0, b"start"), (size - 1000, &end)]);
            for options in [&["-T"][..], &["-a"], &["--sparse=always"], &["--reflink=never", "-f"]] {
                s.cp(options).and(["t/a", "t/b"]).succeeds();
                let copy = std::fs::File::open(s.path("t/b")).unwrap();
                let mut last = [0; 1000];
                copy.read_exact_at(&mut last, size - 1000).unwrap();
                assert_eq!(copy.metadata().unwrap().len(), size, "{options:?}");
                // The map of a tmpfs (6.18) has no data behind the last page but one: its size in pages overflows.
                assert!(size > largest - 4096 || last == end[..], "{size} {options:?}");
                std::fs::remove_file(s.path("t/b")).unwrap();
            }
            for options in [&[][..], &["-A"], &["-n"]] {
                // What is before is a hole of nearly 8 EiB: begun behind it.
                let mut input = std::fs::File::open(s.path("t/a")).unwrap();
                input.seek(SeekFrom::Start(size - 500)).unwrap();
                let output = std::fs::File::create(s.path("t/out")).unwrap();
                s.cat(options).stdin(input).stdout(output).succeeds();
                assert!(
                    s.read("t/out").len() >= 500 && (options.len() == 1 || s.read("t/out") == end[500..])
                );
            }
            std::fs::remove_file(s.path("t/a")).unwrap();
        }
    });
}
