//! Makes a tree in a wanted order: a program that lists a directory by inode number comes to its entries in that order.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timestamps};

use crate::case::{Case, remove};
use crate::node::{Node, SOME_TIME};
use crate::random::Random;
use crate::trees::parent;

/// How often an entry is made anew for a higher inode number. Where numbers do not rise they are left as they are.
const TRIES: usize = 40;

/// How many inodes are kept free for what the program makes, where that is to come before the rest.
const FREED: usize = 12;

/// The order in which entries of a directory are made and numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    AsDrawn,
    Reversed,
    /// Another one for each number.
    Shuffled(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Making {
    pub sequence: Sequence,
    /// What the program makes gets lower inode numbers than what is there, as far as the file system gives them again.
    pub new_first: bool,
}

/// How each case is made where nothing else is asked for.
pub const USUAL: Making = Making { sequence: Sequence::AsDrawn, new_first: false };

/// Others, in which the outcome may be another one for who goes by the order of listings. The usual one is among them, as XFS
/// numbers what is made otherwise each time.
pub const OTHERS: [Making; 16] = [
    USUAL,
    Making { sequence: Sequence::Reversed, new_first: false },
    Making { sequence: Sequence::Shuffled(1), new_first: false },
    Making { sequence: Sequence::AsDrawn, new_first: true },
    Making { sequence: Sequence::Reversed, new_first: true },
    Making { sequence: Sequence::Shuffled(2), new_first: false },
    Making { sequence: Sequence::Shuffled(3), new_first: true },
    Making { sequence: Sequence::Shuffled(4), new_first: false },
    Making { sequence: Sequence::Shuffled(5), new_first: true },
    Making { sequence: Sequence::Shuffled(6), new_first: false },
    Making { sequence: Sequence::Shuffled(7), new_first: false },
    USUAL,
    USUAL,
    USUAL,
    USUAL,
    USUAL,
];

/// Holds inodes that are not to be used. Removed with what is in it when dropped.
pub struct Ballast {
    directory: PathBuf,
    count: usize,
}

impl Ballast {
    fn new(case: &Path) -> Self {
        let directory = case.with_extension("ballast");
        std::fs::create_dir(&directory).unwrap();
        Self { directory, count: 0 }
    }

    fn next(&mut self) -> PathBuf {
        self.count += 1;
        self.directory.join(self.count.to_string())
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        remove(&self.directory);
    }
}

/// Makes all of it below `work` in the directory of the case. The answer is to be held while the program runs.
pub fn make_all(case: &Case, making: Making, directory: &Path, work: &Path, root: bool) -> Ballast {
    let mut ballast = Ballast::new(directory);
    let mut freed = Vec::new();
    for number in 0..if making.new_first { FREED } else { 0 } {
        let path = work.join(format!("free{number}"));
        if number % 3 == 0 { std::fs::create_dir(&path) } else { std::fs::write(&path, "") }.unwrap();
        freed.push(path);
    }
    let mut last = BTreeMap::<&[u8], u64>::new();
    for node in in_sequence(&case.nodes, making.sequence, case.index) {
        let above = last.entry(parent(&node.path)).or_default();
        *above = make(node, *above, work, &mut ballast);
    }
    for path in freed {
        std::fs::remove_dir(&path).or_else(|_| std::fs::remove_file(&path)).unwrap();
    }
    let times = Timestamps { last_access: SOME_TIME.into(), last_modification: SOME_TIME.into() };
    rustix::fs::utimensat(CWD, work, &times, AtFlags::empty()).unwrap();
    // From the leaves up: what is made in a directory changes its times, and a closed one keeps its owner out.
    for node in case.nodes.iter().rev() {
        node.dress(work, root).unwrap_or_else(|error| panic!("cannot dress {node:?}: {error}"));
    }
    ballast
}

/// Makes this node with an inode number above `lowest`, where that can be had, and answers the number.
fn make(node: &Node, lowest: u64, work: &Path, ballast: &mut Ballast) -> u64 {
    let path = node.on_disk(work);
    let made = |number: usize| {
        node.make(work).unwrap_or_else(|error| panic!("cannot make {node:?}, try {number}: {error}"));
        std::fs::symlink_metadata(&path).unwrap().ino()
    };
    let mut inode = made(0);
    if node.is_hard_link() || node.path == b"." {
        return lowest;
    }
    for number in 1..TRIES {
        if inode > lowest {
            break;
        }
        std::fs::rename(&path, ballast.next()).unwrap();
        inode = made(number);
    }
    inode
}

/// The nodes in this order, as far as directories and first names must come before others.
fn in_sequence(nodes: &[Node], sequence: Sequence, index: u64) -> Vec<&Node> {
    let mut left: Vec<&Node> = nodes.iter().collect();
    match sequence {
        Sequence::AsDrawn => return left,
        Sequence::Reversed => left.reverse(),
        Sequence::Shuffled(number) => {
            let mut random = Random::new(number, index);
            for end in (2..=left.len()).rev() {
                left.swap(end - 1, random.below(end));
            }
        }
    }
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let free = |at: &usize| !left.iter().any(|other| left[*at].needs(&other.path));
        let at = (0..left.len()).find(free).unwrap();
        sorted.push(left.remove(at));
    }
    sorted
}
