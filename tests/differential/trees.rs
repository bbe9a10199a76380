//! Draws trees: sources, and a destination that has something to say about them.

use crate::attributes::{self, Manner};
use crate::node::{Kind, Node, WORK};
use crate::random::Random;

/// A tree as it grows. Nothing is added twice, and nothing into what is no directory.
pub struct Trees {
    pub random: Random,
    pub manner: Manner,
    pub nodes: Vec<Node>,
    /// FIFOs may be in the sources: nothing will open one there.
    pub fifos: bool,
}

pub fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

pub fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

pub fn parent(path: &[u8]) -> &[u8] {
    let name = base_name(path).len();
    &path[..path.len().saturating_sub(name + 1)]
}

impl Trees {
    pub fn find(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }

    pub fn exists(&self, path: &[u8]) -> bool {
        self.find(path).is_some()
    }

    pub fn is_directory(&self, path: &[u8]) -> bool {
        path.is_empty() || self.find(path).is_some_and(Node::is_directory)
    }

    pub fn is_symlink(&self, path: &[u8]) -> bool {
        self.find(path).is_some_and(|node| matches!(node.kind, Kind::Symlink(_)))
    }

    fn one_of(&mut self, fits: impl Fn(&Node) -> bool) -> Option<Vec<u8>> {
        let found: Vec<&Node> = self.nodes.iter().filter(|node| fits(node)).collect();
        if found.is_empty() { None } else { Some(self.random.pick(&found).path.clone()) }
    }

    pub fn any_directory(&mut self) -> Option<Vec<u8>> {
        self.one_of(|node| node.is_directory() && node.path != b".")
    }

    /// Something below this path.
    pub fn below(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        self.one_of(|node| node.path.strip_prefix(path).is_some_and(|rest| rest.starts_with(b"/")))
    }

    /// A directory right in this one.
    pub fn directory_in(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        self.one_of(|node| node.is_directory() && parent(&node.path) == path)
    }

    /// The directory that the program runs in, which is there already.
    pub fn working_directory(&mut self) {
        let mut node = attributes::dressed(&mut self.random, self.manner, b".".to_vec(), Kind::Directory);
        let closed = self.random.chance(20);
        if !self.manner.root {
            // Who makes the cases could not go there either.
            node.xattrs.retain(|(name, _)| name != "system.posix_acl_access");
        }
        if !closed || !self.manner.root {
            node.mode |= 0o700;
        }
        self.nodes.push(node);
    }

    /// Whether the node was added.
    pub fn add(&mut self, path: &[u8], kind: Kind) -> bool {
        let is_name = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
        let names = path.split(|byte| *byte == b'/').all(is_name);
        if !names || self.exists(path) || !self.is_directory(parent(path)) || base_name(path).len() > 255 {
            return false;
        }
        let node = attributes::dressed(&mut self.random, self.manner, path.to_vec(), kind);
        self.nodes.push(node);
        true
    }

    /// Adds the directories above `path`.
    pub fn add_parents(&mut self, path: &[u8]) {
        for (end, byte) in path.iter().enumerate() {
            if *byte == b'/' {
                self.add(&path[..end], Kind::Directory);
            }
        }
    }

    pub fn regular(&mut self) -> Kind {
        Kind::Regular(attributes::content(&mut self.random))
    }

    /// A symbolic link that stands at `path`: to something that is there, or to nothing.
    pub fn symlink(&mut self, path: &[u8]) -> Kind {
        let up = up_from(path);
        let any = self.one_of(|_| true).unwrap_or_else(|| b"nowhere".to_vec());
        let there = match self.any_directory() {
            Some(directory) if self.random.chance(35) => directory,
            _ => any,
        };
        let target = match self.random.weighed(&[
            (50, 0),
            (13, 1),
            (14, 2),
            (3, 3),
            (5, 4),
            (2, 5),
            (6, 6),
            (3, 7),
            (2, 8),
            (2, 9),
        ]) {
            0 => [up, there].concat(),
            1 => joined(WORK, &there),
            2 => b"nowhere".to_vec(),
            3 => base_name(path).to_vec(),
            4 => base_name(&there).to_vec(),
            5 => b".".to_vec(),
            6 => [up, there, b"/".to_vec()].concat(),
            // What it is in, and above that: a cycle for who follows.
            7 => b"..".to_vec(),
            // Not the root of the whole machine.
            8 if up.is_empty() && parent(path).is_empty() => b".".to_vec(),
            8 => [&up, parent(path), b"/."].concat(),
            _ => [up, there, b"/.".to_vec()].concat(),
        };
        Kind::Symlink(target)
    }

    /// Adds at `path` another name of what is at `other`, or a link to it.
    pub fn relative(&mut self, path: &[u8], other: &[u8]) {
        self.add_parents(path);
        let kind = match self.find(other).map(|node| node.kind.clone()) {
            Some(Kind::Regular(_)) if self.random.chance(60) => Kind::HardLink(other.to_vec()),
            Some(Kind::HardLink(first)) if self.random.chance(60) => Kind::HardLink(first),
            _ => Kind::Symlink([up_from(path), other.to_vec()].concat()),
        };
        self.add(path, kind);
    }

    fn special(&mut self) -> Kind {
        let (root, fifos) = (self.manner.root, self.fifos);
        match self.random.weighed(&[(3, 0), (3, 1), (1, 2), (1, 3)]) {
            0 if fifos => Kind::Fifo,
            // /dev/null, and numbers that no driver has.
            2 if root => Kind::Character(1, 3),
            3 if root => Kind::Block(240, 9),
            _ => Kind::Socket,
        }
    }

    /// Another name of a regular file that is there already, or a new file.
    pub fn linked(&mut self) -> Kind {
        match self.one_of(|node| matches!(node.kind, Kind::Regular(_))) {
            Some(first) => Kind::HardLink(first),
            None => self.regular(),
        }
    }

    /// Adds a source at `path`, whose directories are added too. May leave it missing.
    pub fn source(&mut self, path: &[u8], recursive: bool) {
        self.add_parents(path);
        let weights: &[(usize, u32)] = if recursive {
            &[(62, 1), (14, 0), (10, 2), (7, 3), (5, 4), (2, 5)]
        } else {
            &[(8, 1), (56, 0), (19, 2), (3, 3), (10, 4), (4, 5)]
        };
        let kind = match self.random.weighed(weights) {
            0 => self.regular(),
            1 => Kind::Directory,
            2 => self.symlink(path),
            3 => self.special(),
            4 => self.linked(),
            _ => return,
        };
        let directory = matches!(kind, Kind::Directory);
        if self.add(path, kind) && directory {
            self.fill(path, 0);
        }
    }

    fn fill(&mut self, directory: &[u8], depth: usize) {
        for _ in 0..self.random.below(6) {
            let name = attributes::name(&mut self.random, self.manner);
            let path = joined(directory, &name);
            let kind = match self.random.weighed(&[(45, 0), (20, 1), (17, 2), (6, 3), (12, 4)]) {
                1 if depth < 3 => Kind::Directory,
                2 => self.symlink(&path),
                3 => self.special(),
                4 => self.linked(),
                _ => self.regular(),
            };
            let inner = matches!(kind, Kind::Directory);
            if self.add(&path, kind) && inner {
                self.fill(&path, depth + 1);
            }
        }
    }
}

/// The way from a link at `path` to the directory that the program runs in.
pub fn up_from(path: &[u8]) -> Vec<u8> {
    path.iter().filter(|byte| **byte == b'/').flat_map(|_| *b"../").collect()
}
