//! Draws what the command line names: sources, a destination, and the ways in which both may be spelled.

use crate::attributes;
use crate::node::{Kind, WORK};
use crate::options::Allowed;
use crate::random::Random;
use crate::trees::{Trees, base_name, joined, parent};

/// What of the options bears on the operands.
pub struct Drawing {
    pub parents: bool,
    pub recursive: bool,
    pub backups: bool,
}

impl Drawing {
    /// Adds the sources and the destination, and answers how they are named. `-t` and `-T` are added to the options.
    pub fn operands(
        &self,
        trees: &mut Trees,
        allowed: &Allowed,
        options: &mut Vec<Vec<Vec<u8>>>,
    ) -> Vec<Vec<u8>> {
        let count = trees.random.weighed(&[(2, 0), (62, 1), (18, 2), (11, 3), (4, 4), (2, 6), (1, 14)]);
        let mut sources: Vec<Vec<u8>> = Vec::new();
        for _ in 0..count {
            let path = self.next_source(trees, &sources);
            if !trees.exists(&path) {
                trees.source(&path, self.recursive);
            }
            sources.push(path);
        }
        let into = self.parents || count > 1 || trees.random.chance(40);
        let destination = if into && !trees.random.chance(4) {
            self.directory(trees, &sources)
        } else {
            self.name(trees, sources.first().map_or(b"a".as_slice(), Vec::as_slice))
        };
        self.repeat(&mut trees.random, &mut sources);
        let mut operands: Vec<Vec<u8>> =
            sources.into_iter().map(|source| self.spelled(trees, source)).collect();
        let destination = self.spelled(trees, destination);
        let named = if into { 25 } else { 3 };
        if allowed.allows("t") && trees.random.chance(named) && !destination.starts_with(b"-") {
            options.push(target_directory(&mut trees.random, destination));
        } else {
            operands.push(destination);
        }
        if allowed.allows("T") && trees.random.chance(if into { 5 } else { 18 }) {
            options.push(vec![trees.random.pick(&[&b"-T"[..], b"--no-target-directory"]).to_vec()]);
        }
        operands
    }

    /// A new place for a source; after the first also one that has something to do with an earlier one.
    fn next_source(&self, trees: &mut Trees, sources: &[Vec<u8>]) -> Vec<u8> {
        if sources.is_empty() || trees.random.chance(50) {
            return self.source_name(trees);
        }
        let earlier = trees.random.pick(sources).clone();
        match trees.random.weighed(&[(60, 0), (15, 1), (10, 2), (15, 3)]) {
            // The same name in another directory: both get one destination.
            0 => {
                let other = *trees.random.pick(&[&b"o"[..], b"q", b"s", b"s/t"]);
                joined(other, base_name(&earlier))
            }
            // What is above it or below it, which is copied twice.
            1 if !parent(&earlier).is_empty() => parent(&earlier).to_vec(),
            1 | 2 => trees.below(&earlier).unwrap_or(earlier),
            // Another name of it, or a link to it.
            _ => {
                let name = self.source_name(trees);
                trees.relative(&name, &earlier);
                name
            }
        }
    }

    fn source_name(&self, trees: &mut Trees) -> Vec<u8> {
        if self.recursive && trees.random.chance(2) {
            return trees.random.pick(&[&b"."[..], b"..", b"d"]).to_vec();
        }
        let name = attributes::name(&mut trees.random, trees.manner);
        let nested = if self.parents { 50 } else { 25 };
        let directory: &[u8] = match trees.random.weighed(&[(60, 0), (nested, 1), (nested / 2, 2), (5, 3)]) {
            0 => b"",
            1 => b"s",
            2 => b"s/t",
            _ => b"other",
        };
        joined(directory, &name)
    }

    /// Names some sources once more, anywhere among the others. They may be spelled in another way then.
    fn repeat(&self, random: &mut Random, sources: &mut Vec<Vec<u8>>) {
        let more = random.weighed(&[(86, 0), (10, 1), (3, 2), (1, 5)]);
        for _ in 0..more {
            if !sources.is_empty() {
                let again = random.pick(sources).clone();
                let at = random.below(sources.len() + 1);
                sources.insert(at, again);
            }
        }
    }

    /// A directory to copy into, with things in it that are in the way.
    fn directory(&self, trees: &mut Trees, sources: &[Vec<u8>]) -> Vec<u8> {
        let source = sources.first().map_or(b"a".as_slice(), Vec::as_slice);
        let (directory, named) = match trees.random.weighed(&[
            (66, 0),
            (3, 1),
            (8, 2),
            (4, 3),
            (4, 4),
            (3, 5),
            (3, 6),
            (2, 7),
            (3, 8),
            (2, 9),
            (2, 10),
        ]) {
            1 => (b".".to_vec(), None),
            2 => (b"d".to_vec(), Some(b"d".to_vec())),
            // In the source, above it, the source itself, what it is in.
            3 => (joined(source, b"d"), None),
            4 => (joined(source, b"d/e"), None),
            5 if !parent(source).is_empty() => (parent(source).to_vec(), None),
            6 => (source.to_vec(), None),
            7 => (trees.any_directory().unwrap_or_else(|| b"d".to_vec()), None),
            8 => (source.to_vec(), Some(source.to_vec())),
            9 => return b"missing".to_vec(),
            10 => (b"d/e".to_vec(), None),
            _ => (b"d".to_vec(), None),
        };
        trees.add_parents(&directory);
        trees.add(&directory, Kind::Directory);
        for source in sources {
            let name = if self.parents { source.as_slice() } else { base_name(source) };
            let path = joined(if directory == b"." { b"" } else { &directory }, name);
            if trees.random.chance(55) {
                trees.add_parents(&path);
                trees.counterpart(source, &path, self.backups);
            }
        }
        if let Some(target) = named {
            let slash = if trees.random.chance(15) { &b"/"[..] } else { b"" };
            trees.add(b"dl", Kind::Symlink([&target, slash].concat()));
            return b"dl".to_vec();
        }
        directory
    }

    /// A name for the one source, where something may be already.
    fn name(&self, trees: &mut Trees, source: &[u8]) -> Vec<u8> {
        match trees.random.weighed(&[
            (26, 0),
            (54, 1),
            (6, 2),
            (3, 3),
            (3, 4),
            (1, 5),
            (1, 6),
            (2, 7),
            (2, 8),
            (2, 9),
        ]) {
            0 => b"x".to_vec(),
            1 => {
                trees.counterpart(source, b"x", self.backups);
                b"x".to_vec()
            }
            2 => {
                if self.backups {
                    trees.backups_of(source, source);
                }
                source.to_vec()
            }
            3 => joined(source, b"x"),
            4 => b"missing/x".to_vec(),
            5 => Vec::new(),
            6 => b".".to_vec(),
            8 => joined(b"z", b"x"),
            9 => {
                trees.add(b"y", Kind::Symlink(b"x".to_vec()));
                trees.add(b"x", Kind::Symlink(b"y".to_vec()));
                b"x".to_vec()
            }
            _ => {
                trees.add(b"x", Kind::Symlink(b"x".to_vec()));
                b"x".to_vec()
            }
        }
    }

    /// The path in one of the ways that lead to the same place, or to one near it.
    fn spelled(&self, trees: &mut Trees, path: Vec<u8>) -> Vec<u8> {
        if path.is_empty() {
            return path;
        }
        let (directory, link) = (trees.is_directory(&path), trees.is_symlink(&path));
        let slashes = if link { 16 } else { 7 };
        let dots = if directory || link { 5 } else { 1 };
        let up = if self.parents { 5 } else { 2 };
        match trees.random.weighed(&[
            (74, 0),
            (slashes, 1),
            (4, 2),
            (dots, 3),
            (3, 4),
            (2, 5),
            (dots / 3, 6),
            (up, 7),
            (up, 8),
            (1, 9),
        ]) {
            1 => [path, b"/".to_vec()].concat(),
            2 => [b"./".to_vec(), path].concat(),
            3 => [path, b"/.".to_vec()].concat(),
            4 => joined(WORK, &path),
            5 => [path, b"//".to_vec()].concat(),
            6 => [path, b"/..".to_vec()].concat(),
            // Down and up again.
            7 => match trees.directory_in(&path) {
                Some(inner) => [inner, b"/..".to_vec()].concat(),
                None => path,
            },
            8 => match trees.any_directory() {
                Some(other) if !other.contains(&b'/') && other != b"." => {
                    [other, b"/../".to_vec(), path].concat()
                }
                _ => path,
            },
            9 => [path, b"/./".to_vec()].concat(),
            _ => path,
        }
    }
}

fn target_directory(random: &mut Random, directory: Vec<u8>) -> Vec<Vec<u8>> {
    // The sign for the working directory must stand at the beginning of a word.
    match random.below(3) {
        0 if !directory.starts_with(WORK) => vec![[b"-t".to_vec(), directory].concat()],
        1 if !directory.starts_with(WORK) => vec![[b"--target-directory=".to_vec(), directory].concat()],
        _ => vec![b"-t".to_vec(), directory],
    }
}
