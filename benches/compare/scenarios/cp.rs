//! Owns the scenarios of `ucp`: trees, single files, and many starts.

use super::super::corpus::{Corpus, Tree};
use super::{Check, Commands, EXT4, EXT4_ON_DISK, Place, Scenario, TMPFS, Way, XFS};

const TREE: Commands = &[
    ("cp", "cp -r {s} {d}/o"),
    ("uutils", "coreutils cp -r {s} {d}/o"),
    ("cpz", "cpz {s} {d}/o"),
    ("xcp", "xcp --no-progress -r {s} {d}/o"),
    ("fcp", "fcp {s} {d}/o"),
    ("wcp", "wcp {s} {d} && mv {d}/s {d}/o"),
    ("rsync", "rsync -r {s}/ {d}/o"),
    ("ucp", "{ucp} -r {s} {d}/o"),
];

/// Without the tools that would take minutes for so many files and are not near the fastest.
const GROWTH: Commands =
    &[("cp", "cp -r {s} {d}/o"), ("cpz", "cpz {s} {d}/o"), ("ucp", "{ucp} -r {s} {d}/o")];

const ARCHIVE: Commands = &[
    ("cp", "cp -a {s} {d}/o"),
    ("uutils", "coreutils cp -a {s} {d}/o"),
    ("rsync", "rsync -aHAX {s}/ {d}/o"),
    ("ucp", "{ucp} -a {s} {d}/o"),
];

const FILE: Commands = &[
    ("cp", "cp {s} {d}/o"),
    ("uutils", "coreutils cp {s} {d}/o"),
    ("cpz", "cpz {s} {d}/o"),
    ("xcp", "xcp --no-progress --driver parblock {s} {d}/o"),
    ("dd", "dd if={s} of={d}/o bs=1M status=none"),
    ("wcp", "wcp {s} {d} && mv {d}/s {d}/o"),
    ("ucp", "{ucp} {s} {d}/o"),
];

const DURABLE: Commands = &[
    ("cp", "cp {s} {d}/o && sync {d}/o"),
    ("xcp", "xcp --no-progress --fsync {s} {d}/o"),
    ("dd", "dd if={s} of={d}/o bs=1M iflag=direct oflag=direct conv=fsync status=none"),
    ("ucp", "{ucp} --direct --fsync {s} {d}/o"),
];

const START: Commands = &[
    ("cp", "cp {s} {d}/o"),
    ("uutils", "coreutils cp {s} {d}/o"),
    ("cpz", "cpz -f {s} {d}/o"),
    ("ucp", "{ucp} {s} {d}/o"),
];

const DEEP: Tree = Tree { files: 40_000, files_a_directory: 20, mu: 8.2, sigma: 1.6, bytes_max: 1 << 20 };
const FLAT: Tree = Tree { files: 20_000, files_a_directory: 0, ..DEEP };
const TINY: Tree = Tree { files: 60_000, mu: 6.0, sigma: 1.0, bytes_max: 8192, ..DEEP };
const MIDDLING: Tree = Tree { files: 400, mu: 15.0, sigma: 0.6, bytes_max: 1 << 22, ..DEEP };
const MANY_TINY: Tree = Tree { files: 200_000, ..TINY };
const LARGE: Corpus = Corpus::Large { mebibytes: 2048 };

const DEEP_WHAT: &str = "40,000 files in a deep tree, half of them below 4 KiB, none above 1 MiB";
const FLAT_WHAT: &str = "20,000 such files in one directory";
const TINY_WHAT: &str = "60,000 files in a deep tree, half of them below 400 bytes";
const LARGE_WHAT: &str = "one file of 2 GiB of random bytes";
const ARCHIVE_WHAT: &str =
    "the deep tree of 40,000 files with owners, permissions, times and extended attributes";

pub const SCENARIOS: &[Scenario] = &[
    hot("tree-hot-xfs", "Tree, 40,000 files, cached", DEEP, DEEP_WHAT, XFS),
    Scenario { source: XFS, ..hot("tree-hot-ext4", "The same, XFS to ext4", DEEP, DEEP_WHAT, EXT4) },
    hot("tree-hot-tmpfs", "The same, to tmpfs", DEEP, DEEP_WHAT, TMPFS),
    cold("tree-cold", "Tree, 40,000 files, from disk", DEEP, DEEP_WHAT),
    hot("flat-hot", "One directory, 20,000 files, cached", FLAT, FLAT_WHAT, XFS),
    cold("flat-cold", "One directory, 20,000 files, from disk", FLAT, FLAT_WHAT),
    hot("tiny-hot", "60,000 tiny files, cached", TINY, TINY_WHAT, XFS),
    hot(
        "mid-hot",
        "400 files of about 3 MiB, cached",
        MIDDLING,
        "400 files, half of them above 3 MiB, none above 4 MiB",
        XFS,
    ),
    Scenario {
        commands: ARCHIVE,
        check: Check::Archive,
        ..hot("archive-hot", "Tree with attributes (-a), cached", DEEP, ARCHIVE_WHAT, XFS)
    },
    Scenario {
        commands: ARCHIVE,
        check: Check::Archive,
        ..cold("archive-cold", "Tree with attributes (-a), from disk", DEEP, ARCHIVE_WHAT)
    },
    file("big-hot", "One file, 2 GiB, cached"),
    Scenario { source: EXT4_ON_DISK, cold: true, ..file("big-cold", "One file, 2 GiB, from disk") },
    Scenario {
        what: "one file of 2 GiB of random bytes, on the disk when the command is done",
        destination: EXT4_ON_DISK,
        cold: true,
        commands: DURABLE,
        ..file("big-durable", "One file, 2 GiB, safely to disk")
    },
    Scenario {
        what: "one file of 1,000 bytes, 300 times one after the other",
        corpus: Corpus::Small { bytes: 1000 },
        source: TMPFS,
        destination: TMPFS,
        commands: START,
        way: Way::Shell { repeats: 300 },
        ..file("start-cp", "One small file copied")
    },
    Scenario {
        corpus: Corpus::Trees(MANY_TINY),
        commands: GROWTH,
        way: Way::Growth,
        ..hot(
            "linear",
            "200,000 tiny files, cached",
            MANY_TINY,
            "200,000 tiny files in a deep tree; and a tree of a tenth of them, to see how the time grows",
            XFS,
        )
    },
];

const fn hot(
    name: &'static str,
    title: &'static str,
    shape: Tree,
    what: &'static str,
    destination: Place,
) -> Scenario {
    Scenario {
        name,
        title,
        what,
        corpus: Corpus::Tree(shape),
        source: EXT4,
        destination,
        cold: false,
        commands: TREE,
        way: Way::Shell { repeats: 1 },
        check: Check::Tree,
    }
}

const fn cold(name: &'static str, title: &'static str, shape: Tree, what: &'static str) -> Scenario {
    Scenario { source: EXT4_ON_DISK, cold: true, ..hot(name, title, shape, what, XFS) }
}

const fn file(name: &'static str, title: &'static str) -> Scenario {
    Scenario {
        what: LARGE_WHAT,
        corpus: LARGE,
        commands: FILE,
        check: Check::File,
        ..hot(name, title, DEEP, LARGE_WHAT, XFS)
    }
}
