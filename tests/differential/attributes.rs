//! Draws what a node has beside its type: names, modes, owners, times, extended attributes, contents.

use crate::case::{NOBODY, OTHER_GROUP};
use crate::node::{Content, Kind, Node, SOME_TIME, Time, acl};
use crate::random::Random;

const PLAIN_NAMES: &[&[u8]] = &[b"a", b"b", b"c", b"e", b"f", b"g", b"h", b"k", b"m", b"p"];
const ODD_NAMES: &[&[u8]] = &[
    b"sp ace",
    b"it's",
    b"new\nline",
    b"\xff\xfe",
    b"-dash",
    b"--",
    b"dq\"",
    b"back\\slash",
    b"a~",
    b"$HOME",
    b"*",
    b"\xc3\xa9",
    b"\xe9'",
    b"\xe3\x81\xaf",
    b"~",
    b"#h",
    b"...",
    b"tab\t",
    b"a.~1~",
    b"a.bak",
    b"b~",
    b"f.~9~",
    b"-",
    b"\x01",
];
const TIMES: &[Time] = &[
    Time { seconds: 1_000_000_000, nanoseconds: 123_456_789 },
    Time { seconds: 1_000_000_000, nanoseconds: 123_456_788 },
    Time { seconds: 1_000_000_000, nanoseconds: 0 },
    Time { seconds: 999_999_999, nanoseconds: 999_999_999 },
    Time { seconds: 1_200_000_000, nanoseconds: 1 },
    Time { seconds: -1, nanoseconds: 500_000_000 },
    Time { seconds: -86_400_000, nanoseconds: 7 },
    Time { seconds: 2_000_000_000, nanoseconds: 42 },
    Time { seconds: 0, nanoseconds: 0 },
];
const FILE_MODES: &[u32] = &[
    0o644, 0o644, 0o644, 0o600, 0o444, 0o400, 0o000, 0o777, 0o755, 0o4755, 0o2755, 0o6711, 0o1644, 0o200,
    0o664, 0o070, 0o007,
];
const DIRECTORY_MODES: &[u32] = &[
    0o755, 0o755, 0o755, 0o755, 0o700, 0o777, 0o555, 0o500, 0o1777, 0o2755, 0o2775, 0o000, 0o300, 0o4755,
    0o311, 0o070,
];

/// How far a case departs from the everyday.
#[derive(Clone, Copy)]
pub struct Manner {
    pub odd_names: bool,
    pub odd_modes: bool,
    pub odd_owners: bool,
    pub xattrs: bool,
    /// Directories give their group to what is made in them.
    pub setgid: bool,
    pub by_nobody: bool,
    pub root: bool,
}

pub fn name(random: &mut Random, manner: Manner) -> Vec<u8> {
    if manner.odd_names && random.chance(40) {
        if random.chance(6) {
            return vec![b'n'; 255];
        }
        return random.pick(ODD_NAMES).to_vec();
    }
    random.pick(PLAIN_NAMES).to_vec()
}

pub fn content(random: &mut Random) -> Content {
    let word = random.below(100_000);
    match random.weighed(&[(15, 0), (64, 1), (4, 2), (13, 3), (4, 4)]) {
        0 => Content::full(word, 0),
        1 => Content::full(word, u64::try_from(random.below(200)).unwrap() + 1),
        2 => Content::full(word, u64::try_from(random.below(200_000)).unwrap()),
        3 => sparse(random, word),
        _ => Content::full(word, (1 << 20) + u64::try_from(random.below(300_000)).unwrap()),
    }
}

/// With holes, or with zeros that could be holes.
fn sparse(random: &mut Random, word: usize) -> Content {
    const BLOCK: u64 = 4096;
    let of = |bytes, data| Content::of(word, bytes, data);
    match random.below(9) {
        // A hole in the middle and at the end, at the beginning, at the end of a few bytes, and nothing but a hole.
        0 => of(600_000, vec![(0, 5000), (400_000, 100)]),
        1 => of(300_000, vec![(131_072, 168_928)]),
        2 => of(70_000, vec![(0, 3)]),
        3 => of(3_000_000, vec![]),
        4 => of(BLOCK - 1, vec![]),
        // Many small ones, at the size of a block and beside it.
        5 => of(40 * BLOCK, (0..20).map(|number| (2 * number * BLOCK, BLOCK)).collect()),
        6 => of(200_001, (0..6).map(|number| (number * 33_333, 512)).collect()),
        7 => Content {
            zeros: vec![(BLOCK, 8 * BLOCK)],
            ..of(10 * BLOCK + 5, vec![(0, 10), (9 * BLOCK, 4101)])
        },
        _ => Content { zeros: vec![(0, 200_000)], ..of(200_000, vec![]) },
    }
}

/// A node of this kind, with everything else drawn.
pub fn dressed(random: &mut Random, manner: Manner, path: Vec<u8>, kind: Kind) -> Node {
    let directory = matches!(kind, Kind::Directory);
    let modes = if directory { DIRECTORY_MODES } else { FILE_MODES };
    let mode = match (manner.odd_modes && random.chance(60), directory) {
        (true, _) => *random.pick(modes),
        (false, true) => 0o755,
        (false, false) => 0o644,
    };
    let mode = if directory && manner.setgid && random.chance(50) { mode | 0o2000 } else { mode };
    let own = if manner.by_nobody { NOBODY } else { 0 };
    let owner = if manner.odd_owners && random.chance(50) {
        *random.pick(&[
            (0, 0),
            (own, own),
            (NOBODY, NOBODY),
            (1, 2),
            (own, 0),
            (0, own),
            (7, own),
            (own, OTHER_GROUP),
            (own, OTHER_GROUP),
        ])
    } else {
        (own, own)
    };
    let xattrs = if manner.xattrs && random.chance(60) { xattrs(random, manner, &kind) } else { Vec::new() };
    // A time of access in the future would not show who reads.
    let accessed = if random.chance(75) { SOME_TIME } else { *random.pick(TIMES) };
    let modified = *random.pick(TIMES);
    Node { path, kind, mode, owner, accessed, modified, xattrs }
}

fn xattrs(random: &mut Random, manner: Manner, kind: &Kind) -> Vec<(String, Vec<u8>)> {
    let (regular, directory) = (matches!(kind, Kind::Regular(_)), matches!(kind, Kind::Directory));
    let mut found = Vec::new();
    let mut put = |name: &str, value: Vec<u8>| found.push((name.to_owned(), value));
    if regular || directory {
        if random.chance(60) {
            put("user.one", random.pick(&[&b"1"[..], b"", b"two\0bytes\xff", &[b'v'; 300]]).to_vec());
        }
        if random.chance(20) {
            put("user.other name", b"o".to_vec());
        }
        if random.chance(10) {
            put("user.long", vec![b'l'; 3000]);
        }
        if random.chance(30) {
            put("system.posix_acl_access", access_list(random));
        }
    }
    if directory && random.chance(40) {
        put("system.posix_acl_default", access_list(random));
    }
    if manner.root && random.chance(15) && !matches!(kind, Kind::HardLink(_)) {
        put("trusted.ucp", b"t".to_vec());
    }
    if manner.root && regular && random.chance(15) {
        // cap_net_raw, permitted and effective: version 2 of the format.
        let words: [u32; 5] = [0x0200_0001, 1 << 13, 0, 0, 0];
        put("security.capability", words.iter().flat_map(|word| word.to_le_bytes()).collect());
    }
    found
}

fn access_list(random: &mut Random) -> Vec<u8> {
    const NOT_NAMED: u32 = u32::MAX;
    let other = *random.pick(&[0, 4, 5]);
    let mask = *random.pick(&[7, 5, 4, 0]);
    let named = *random.pick(&[7, 4, 6]);
    acl(&[
        (0x01, *random.pick(&[7, 6]), NOT_NAMED),
        (0x02, named, *random.pick(&[1, 2, NOBODY])),
        (0x04, *random.pick(&[5, 4, 0]), NOT_NAMED),
        (0x10, mask, NOT_NAMED),
        (0x20, other, NOT_NAMED),
    ])
}
