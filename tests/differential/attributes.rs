//! Draws what a node has beside its type: names, modes, owners, times, extended attributes, contents.

use crate::case::NOBODY;
use crate::node::{Content, Kind, Node, Time, acl};
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
    b"~",
    b"#h",
    b"...",
    b"tab\t",
    b"a.~1~",
    b"a.bak",
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
    let full = |bytes| Content { word, bytes, data: vec![(0, bytes)] };
    match random.weighed(&[(15, 0), (70, 1), (4, 2), (5, 3), (2, 4), (4, 5)]) {
        0 => full(0),
        1 => full(u64::try_from(random.below(200)).unwrap() + 1),
        2 => full(u64::try_from(random.below(200_000)).unwrap()),
        // A hole in the middle, at the end, and nothing but a hole.
        3 => Content { word, bytes: 600_000, data: vec![(0, 5000), (400_000, 100)] },
        4 => Content { word, bytes: 3_000_000, data: vec![] },
        _ => full((1 << 20) + u64::try_from(random.below(300_000)).unwrap()),
    }
}

/// A few bytes.
pub fn little(word: usize) -> Content {
    Content { word, bytes: 4, data: vec![(0, 4)] }
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
    let own = if manner.by_nobody { NOBODY } else { 0 };
    let owner = if manner.odd_owners && random.chance(50) {
        *random.pick(&[(0, 0), (own, own), (NOBODY, NOBODY), (1, 2), (own, 0), (0, own), (7, own)])
    } else {
        (own, own)
    };
    let xattrs = if manner.xattrs && random.chance(60) { xattrs(random, manner, &kind) } else { Vec::new() };
    let (accessed, modified) = (*random.pick(TIMES), *random.pick(TIMES));
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
