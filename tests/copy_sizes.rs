//! Contents of every awkward size arrive whole.

use std::os::unix::fs::MetadataExt;

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
