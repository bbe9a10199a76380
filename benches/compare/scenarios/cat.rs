//! Owns the scenarios of `ucat`: pipes, sockets, FIFOs, many files, formatting, and what is hard to format.

use super::super::corpus::{Bytes, Corpus, Tree};
use super::{Check, Commands, EXT4, EXT4_ON_DISK, Scenario, Socket, TMPFS, Way, XFS};

const PIPE: Commands = &[
    ("cat", "cat {s} | dd of={out} bs=1M status=none"),
    ("uutils", "coreutils cat {s} | dd of={out} bs=1M status=none"),
    ("ucat", "{ucat} {s} | dd of={out} bs=1M status=none"),
];

const FIFO: Commands = &[
    ("cat", "mkfifo {d}/f; dd if={s} of={d}/f bs=1M status=none & cat {d}/f | dd of={out} bs=1M status=none"),
    (
        "uutils",
        "mkfifo {d}/f; dd if={s} of={d}/f bs=1M status=none & \
         coreutils cat {d}/f | dd of={out} bs=1M status=none",
    ),
    (
        "ucat",
        "mkfifo {d}/f; dd if={s} of={d}/f bs=1M status=none & {ucat} {d}/f | dd of={out} bs=1M status=none",
    ),
];

/// Run without a shell: the two ends are the benchmark's own.
const SOCKET: Commands = &[("cat", "cat {s}"), ("uutils", "coreutils cat {s}"), ("ucat", "{ucat} {s}")];
const LIVE: Commands = &[("cat", "cat"), ("uutils", "coreutils cat"), ("ucat", "{ucat}")];

const PLAIN: Commands =
    &[("cat", "cat {s} > {out}"), ("uutils", "coreutils cat {s} > {out}"), ("ucat", "{ucat} {s} > {out}")];
const NUMBER: Commands = &[
    ("cat", "cat -n {s} > {out}"),
    ("uutils", "coreutils cat -n {s} > {out}"),
    ("ucat", "{ucat} -n {s} > {out}"),
];
const SHOW_ALL: Commands = &[
    ("cat", "cat -A {s} > {out}"),
    ("uutils", "coreutils cat -A {s} > {out}"),
    ("ucat", "{ucat} -A {s} > {out}"),
];

const MANY: Commands = &[
    ("cat", "find {s} -type f -print0 | sort -z | xargs -0 -n 20000 cat > {d}/o"),
    ("uutils", "find {s} -type f -print0 | sort -z | xargs -0 -n 20000 coreutils cat > {d}/o"),
    ("ucat", "find {s} -type f -print0 | sort -z | xargs -0 -n 20000 {ucat} > {d}/o"),
];
const JOIN: Commands = &[
    ("cat", "cat {s}/* > {d}/o"),
    ("uutils", "coreutils cat {s}/* > {d}/o"),
    ("ucat", "{ucat} {s}/* > {d}/o"),
];

const DEEP: Tree = Tree { files: 40_000, files_a_directory: 20, mu: 8.2, sigma: 1.6, bytes_max: 1 << 20 };
const DEEP_WHAT: &str = "40,000 files of a deep tree, half of them below 4 KiB, joined to one";
const LINES_WHAT: &str = "256 MiB of lines, some with tabs or letters beyond ASCII";

/// What most have in common; the others say what differs.
const BASE: Scenario = Scenario {
    name: "",
    title: "",
    what: "one file of 2 GiB of random bytes",
    corpus: Corpus::Large { mebibytes: 2048 },
    source: EXT4,
    destination: TMPFS,
    cold: false,
    commands: PIPE,
    way: Way::Shell { repeats: 1 },
    check: Check::Joined,
};

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "start-cat",
        title: "One small file printed",
        what: "one file of 1,000 bytes, 300 times one after the other",
        corpus: Corpus::Small { bytes: 1000 },
        source: TMPFS,
        commands: PLAIN,
        way: Way::Shell { repeats: 300 },
        ..BASE
    },
    Scenario { name: "cat-pipe", title: "2 GiB into a pipe", ..BASE },
    Scenario {
        name: "cat-number",
        title: "Lines numbered (-n), 256 MiB",
        what: LINES_WHAT,
        corpus: Corpus::Lines { mebibytes: 256 },
        source: TMPFS,
        commands: NUMBER,
        check: Check::Alike,
        ..BASE
    },
    Scenario {
        name: "cat-showall",
        title: "All made visible (-A), 256 MiB",
        what: LINES_WHAT,
        corpus: Corpus::Lines { mebibytes: 256 },
        ..SHOWN
    },
    Scenario {
        name: "cat-many-cold",
        title: "40,000 files to one, from disk",
        source: EXT4_ON_DISK,
        cold: true,
        ..JOINED
    },
    Scenario { name: "cat-many-hot", title: "40,000 files to one, cached", ..JOINED },
    Scenario {
        name: "cat-join",
        title: "8 files of 192 MiB to one",
        what: "8 files of 192 MiB, joined to one",
        corpus: Corpus::Parts { mebibytes: 192 },
        destination: XFS,
        commands: JOIN,
        ..BASE
    },
    Scenario {
        name: "cat-live",
        title: "One line through a pipe",
        what: "10,000 lines of 64 bytes through one process between two pipes, each written when the one before \
               it has come out; all on one core",
        corpus: Corpus::Small { bytes: 1000 },
        source: TMPFS,
        commands: LIVE,
        way: Way::Lines { lines: 10_000 },
        check: Check::Lines,
        ..BASE
    },
    Scenario {
        name: "cat-socket-unix",
        title: "2 GiB into a Unix socket",
        commands: SOCKET,
        way: Way::Socket(Socket::Unix),
        ..BASE
    },
    Scenario {
        name: "cat-socket-tcp",
        title: "2 GiB into a TCP socket",
        commands: SOCKET,
        way: Way::Socket(Socket::Tcp),
        ..BASE
    },
    Scenario { name: "cat-fifo", title: "2 GiB from a FIFO to a pipe", commands: FIFO, ..BASE },
    adversarial("cat-adversarial-A-newlines", "-A of newlines only, 256 MiB", Bytes::Newlines),
    adversarial("cat-adversarial-A-controls", "-A of control bytes only, 256 MiB", Bytes::Controls),
    adversarial("cat-adversarial-A-one-line", "-A of one line of 256 MiB", Bytes::Letters),
    adversarial("cat-adversarial-A-high", "-A of bytes from 0x80 on, 256 MiB", Bytes::High),
];

const JOINED: Scenario =
    Scenario { what: DEEP_WHAT, corpus: Corpus::Tree(DEEP), destination: XFS, commands: MANY, ..BASE };

const SHOWN: Scenario = Scenario { source: TMPFS, commands: SHOW_ALL, check: Check::Alike, ..BASE };

const fn adversarial(name: &'static str, title: &'static str, bytes: Bytes) -> Scenario {
    let what = match bytes {
        Bytes::Newlines => "256 MiB of nothing but newlines",
        Bytes::Controls => "256 MiB of control characters without newline and tab",
        Bytes::Letters => "256 MiB of letters without a newline",
        Bytes::High => "256 MiB of bytes from 0x80 to 0xff",
    };
    Scenario { name, title, what, corpus: Corpus::Only { bytes, mebibytes: 256 }, ..SHOWN }
}
