//! `--sparse` and `--reflink`: where holes go, and what becomes of blocks that cannot be shared.

use std::os::unix::fs::MetadataExt;

use crate::common::{Sandbox, each_engine, noise};

/// 512-byte units that a file takes, when all of it has gone to where it is stored.
fn blocks(s: &Sandbox, name: &str) -> u64 {
    let file = std::fs::File::open(s.path(name)).unwrap();
    file.sync_all().unwrap();
    file.metadata().unwrap().blocks()
}

/// Data and zeros, the zeros as long as these, none of them at a block's border.
fn mixed(zeros: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (seed, &count) in (1..).zip(zeros) {
        bytes.extend(noise(10_000, seed));
        bytes.extend(vec![0; count]);
    }
    bytes
}

#[test]
fn zeros_become_holes_with_sparse_always() {
    each_engine(|s| {
        s.file("long", noise(6 << 20, 9));
        for (name, content) in [
            ("zeros", vec![0; 3 << 20]),
            ("short", vec![0; 100]),
            ("mixed", mixed(&[50_000, 700_000, 100, 1_000_000, 5000])),
            ("ends-in-zeros", mixed(&[2_000_000])),
            ("begins-with-zeros", [vec![0; 200_000], mixed(&[100_000]), b"x".to_vec()].concat()),
            ("none", noise(3_000_000, 4)),
            ("empty", Vec::new()),
        ] {
            s.file(name, &content);
            let runs = content.chunk_by(|a, b| (*a == 0) == (*b == 0));
            let holes: usize = runs.filter(|run| run[0] == 0).map(|run| run.len().saturating_sub(8191)).sum();
            let most = blocks(s, name) - u64::try_from(holes / 512).unwrap();
            s.cp(["--sparse=always", "--reflink=auto", name, "copy"]).succeeds();
            s.assert_same(name, "copy");
            assert!(blocks(s, "copy") <= most, "{name}: {} blocks, more than {most}", blocks(s, "copy"));
            // Also over what was there: it must not show through.
            s.cp(["long", "over"]).succeeds();
            s.cp(["--sparse=always", name, "over"]).succeeds();
            s.assert_same(name, "over");
            assert!(blocks(s, "over") <= most, "{name}: {} blocks, more than {most}", blocks(s, "over"));
            std::fs::remove_file(s.path("copy")).unwrap();
        }
    });
}

#[test]
fn holes_are_filled_with_sparse_never() {
    each_engine(|s| {
        for len in [100, 4096, 1_000_000, 5 << 20] {
            s.sparse("a", len, &[]).cp(["--sparse=never", "a", "b"]).succeeds();
            s.assert_same("a", "b");
            assert!(blocks(s, "b") * 512 >= len, "{} blocks of {len} bytes", blocks(s, "b"));
        }
    });
}

#[test]
fn a_part_of_a_unit_of_512_bytes_is_no_hole() {
    each_engine(|s| {
        for (len, data) in [(511, &b""[..]), (4097, b"x"), (4607, b"x")] {
            s.sparse("a", len, &[(0, data)]).cp(["a", "b"]).succeeds();
            s.assert_same("a", "b");
            assert!(blocks(s, "b") * 512 >= len, "{} blocks of {len} bytes", blocks(s, "b"));
        }
    });
}

#[test]
fn a_sparse_file_copied_with_any_wish_takes_no_more_than_it_took() {
    each_engine(|s| {
        let data = noise(70_000, 3);
        let zeros = vec![0; 300_000];
        s.sparse("a", 20 << 20, &[(1 << 20, &data), ((5 << 20) + 7, &data), (9 << 20, &zeros)]);
        for wish in ["--sparse=auto", "--sparse=always", "--reflink=never", "--reflink=auto"] {
            s.cp([wish, "a", "b"]).succeeds();
            s.assert_same("a", "b");
            let (copy, source) = (blocks(s, "b"), blocks(s, "a"));
            let zeros = if wish == "--sparse=always" { 500 } else { 0 };
            assert!(copy + zeros <= source, "{wish}: {copy} blocks of {source}");
            std::fs::remove_file(s.path("b")).unwrap();
        }
    });
}

#[test]
fn a_hole_of_a_terabyte_costs_nothing() {
    each_engine(|s| {
        s.sparse("a", 1 << 40, &[(1 << 39, b"amid")]);
        for wish in ["--sparse=auto", "--sparse=always"] {
            s.cp([wish, "a", "b"]).succeeds();
            let copy = std::fs::File::open(s.path("b")).unwrap();
            let mut amid = [0; 6];
            std::os::unix::fs::FileExt::read_exact_at(&copy, &mut amid, (1 << 39) - 1).unwrap();
            assert_eq!((copy.metadata().unwrap().len(), &amid), (1 << 40, b"\0amid\0"));
            assert!(blocks(s, "b") <= blocks(s, "a"));
        }
    });
}

#[test]
fn a_pipe_is_searched_for_zeros() {
    each_engine(|s| {
        let content = [vec![0; 500_000], noise(1000, 1), vec![0; 1_000_000]].concat();
        s.file("b", noise(4_000_000, 2));
        s.cp(["--sparse=always", "/proc/self/fd/0", "b"]).input(content.clone()).succeeds();
        assert!(s.read("b") == content);
        assert!(blocks(s, "b") <= 32, "{} blocks", blocks(s, "b"));
    });
}

#[test]
fn a_sparse_file_arrives_in_full_in_a_fifo() {
    each_engine(|s| {
        s.sparse("a", 3_000_000, &[(1_000_000, b"amid")]).fifo("f", 0o644);
        for wish in ["--sparse=auto", "--sparse=always", "--sparse=never"] {
            let received = s.received_through("f", || _ = s.cp([wish, "a", "f"]).succeeds());
            assert!(received == s.read("a"), "{wish}: {} bytes", received.len());
        }
    });
}

#[test]
fn files_that_say_nothing_true_of_their_size_are_read_with_every_wish() {
    each_engine(|s| {
        for source in ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"] {
            let Ok(content) = std::fs::read(source) else { continue };
            for wish in ["--sparse=always", "--sparse=never", "--reflink=never", "--reflink=auto"] {
                s.cp([wish, source, "b"]).succeeds();
                assert_eq!(s.read("b"), content, "{wish}");
                // The source may not be written to, and so would the copy be.
                s.chmod("b", 0o644);
            }
        }
    });
}

#[test]
fn a_clone_that_must_be_and_cannot_leaves_nothing_behind() {
    each_engine(|s| {
        let Some(_mounted) = s.tmpfs("t", "size=9m") else { return };
        for content in [&b""[..], b"new"] {
            s.file("t/a", content).file("t/old", "old");
            s.cp(["--reflink", "t/a", "t/b"])
                .fails("ucp: failed to clone 't/b' from 't/a': Operation not supported");
            assert!(!s.exists("t/b"));
            s.cp(["--reflink=always", "t/a", "t/old"])
                .fails("ucp: failed to clone 't/old' from 't/a': Operation not supported");
            assert_eq!(s.read("t/old"), b"");
        }
        s.file("a", "1").file("t/d/x", "1").file("t/d/y", "2");
        s.cp(["--reflink", "a", "t/b"])
            .fails("ucp: failed to clone 't/b' from 'a': Invalid cross-device link");
        s.cp(["-r", "--reflink", "t/d", "t/e"]).run().ends(1).complains_lines(&[
            "ucp: failed to clone 't/e/x' from 't/d/x': Operation not supported",
            "ucp: failed to clone 't/e/y' from 't/d/y': Operation not supported",
        ]);
        assert_eq!(s.names("t/e"), [""]);
    });
}

#[test]
fn a_pipe_or_proc_cannot_be_cloned() {
    each_engine(|s| {
        s.fifo("f", 0o644).file("a", "1");
        let complaint = "ucp: failed to clone 'b' from '/proc/self/fd/0': Invalid cross-device link";
        s.cp(["--reflink=always", "/proc/self/fd/0", "b"]).input("x").fails(complaint);
        let complaint = "ucp: failed to clone 'b' from '/proc/version': Invalid cross-device link";
        s.cp(["--reflink=always", "/proc/version", "b"]).fails(complaint);
        assert!(!s.exists("b"));
        let complaint = "ucp: failed to clone 'f' from 'a': Invalid argument";
        let received = s.received_through("f", || _ = s.cp(["--reflink=always", "a", "f"]).fails(complaint));
        assert_eq!((received, s.exists("f")), (vec![], true));
    });
}

#[test]
fn a_file_of_one_hole_is_not_read() {
    each_engine(|s| {
        s.sparse("hole", 3_000_000, &[]).times("hole", 100_000, 200_000);
        s.cp(["-p", "hole", "copy"]).succeeds();
        for name in ["hole", "copy"] {
            assert_eq!(s.accessed(name), (100_000, 123_456_789), "{name}");
        }
        assert_eq!(s.read("copy"), vec![0; 3_000_000]);
    });
}
