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

fn parent(path: &[u8]) -> &[u8] {
    let name = base_name(path).len();
    &path[..path.len().saturating_sub(name + 1)]
}

impl Trees {
    fn find(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }

    pub fn exists(&self, path: &[u8]) -> bool {
        self.find(path).is_some()
    }

    pub fn is_directory(&self, path: &[u8]) -> bool {
        path.is_empty() || self.find(path).is_some_and(Node::is_directory)
    }

    /// Whether the node was added.
    pub fn add(&mut self, path: &[u8], kind: Kind) -> bool {
        if self.exists(path) || !self.is_directory(parent(path)) || base_name(path).len() > 255 {
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
        let up: Vec<u8> = path.iter().filter(|byte| **byte == b'/').flat_map(|_| *b"../").collect();
        let there = if self.nodes.is_empty() {
            b"nowhere".to_vec()
        } else {
            let index = self.random.below(self.nodes.len());
            self.nodes[index].path.clone()
        };
        let target = match self.random.weighed(&[(45, 0), (15, 1), (20, 2), (5, 3), (7, 4), (2, 5), (6, 6)]) {
            0 => [up, there].concat(),
            1 => joined(WORK, &there),
            2 => b"nowhere".to_vec(),
            3 => base_name(path).to_vec(),
            4 => base_name(&there).to_vec(),
            5 => b".".to_vec(),
            _ => [up, there, b"/".to_vec()].concat(),
        };
        Kind::Symlink(target)
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
    fn linked(&mut self) -> Kind {
        let regular: Vec<Vec<u8>> = self
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::Regular(_)))
            .map(|node| node.path.clone())
            .collect();
        if regular.is_empty() { self.regular() } else { Kind::HardLink(self.random.pick(&regular).clone()) }
    }

    /// Adds a source at `path`, whose directories are added too. May leave it missing.
    pub fn source(&mut self, path: &[u8], recursive: bool) {
        self.add_parents(path);
        let weights: &[(usize, u32)] = if recursive {
            &[(62, 1), (14, 0), (10, 2), (7, 3), (5, 4), (2, 5)]
        } else {
            &[(8, 1), (58, 0), (18, 2), (2, 3), (9, 4), (5, 5)]
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

    /// Adds at `path` what stands in the way of the copy of `source`, with all that stands in the way below.
    pub fn counterpart(&mut self, source: &[u8], path: &[u8], backups: bool) {
        let like = self.find(source).map(|node| node.kind.clone());
        let up: Vec<u8> = path.iter().filter(|byte| **byte == b'/').flat_map(|_| *b"../").collect();
        let weights: &[(usize, u32)] = if matches!(like, Some(Kind::Directory)) {
            &[(70, 1), (8, 0), (4, 2), (4, 5), (10, 6), (2, 7)]
        } else {
            &[(45, 0), (10, 1), (9, 2), (8, 3), (8, 4), (7, 5), (3, 6), (3, 7), (7, 8)]
        };
        let kind = match (self.random.weighed(weights), &like) {
            (1, _) => Kind::Directory,
            (2, Some(_)) => Kind::Symlink([up, source.to_vec()].concat()),
            (3 | 8, Some(Kind::Regular(_))) => Kind::HardLink(source.to_vec()),
            (3 | 8, Some(Kind::HardLink(first))) => Kind::HardLink(first.clone()),
            (4, Some(Kind::Symlink(target))) => Kind::Symlink(target.clone()),
            (4 | 5, _) => self.symlink(path),
            (6, _) => Kind::Symlink([up, b"elsewhere".to_vec()].concat()),
            (7, _) => Kind::Socket,
            _ => self.regular(),
        };
        if matches!(&kind, Kind::Symlink(target) if target.ends_with(b"elsewhere")) {
            self.add(b"elsewhere", Kind::Directory);
        }
        if !self.add(path, kind) {
            return;
        }
        if backups && self.random.chance(30) {
            let suffix = *self.random.pick(&[&b"~"[..], b".~1~", b".~9~", b".bak"]);
            let kind = if self.random.chance(85) { self.regular() } else { Kind::Directory };
            self.add(&[path, suffix].concat(), kind);
        }
        if !self.is_directory(path) {
            return;
        }
        for child in self.nodes.iter().map(|node| node.path.clone()).collect::<Vec<_>>() {
            let Some(rest) = child.strip_prefix(source).and_then(|rest| rest.strip_prefix(b"/")) else {
                continue;
            };
            if !rest.contains(&b'/') && self.random.chance(45) {
                self.counterpart(&child, &joined(path, rest), backups);
            }
        }
    }
}
