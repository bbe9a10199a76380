//! Draws whole cases: a tree, a command line that fits it, and the surroundings.

use crate::attributes::{self, Manner};
use crate::case::Case;
use crate::node::{Kind, WORK};
use crate::options::{Allowed, CHOICES, RECURSIVE, is_recursive};
use crate::random::Random;
use crate::trees::{Trees, base_name, joined};

/// Case `index` of `seed`. The same numbers give the same case, on every machine where root is or is not there.
pub fn generate(seed: u64, index: u64, allowed: &Allowed, root: bool) -> Case {
    let mut random = Random::new(seed, index);
    let by_nobody = random.chance(35);
    let manner = Manner {
        odd_names: random.chance(20),
        odd_modes: random.chance(45),
        odd_owners: root && random.chance(35),
        xattrs: random.chance(30),
        by_nobody,
        root,
    };
    let mut options = Vec::new();
    if random.chance(60) {
        options.extend(allowed.draw(&mut random, RECURSIVE));
    }
    let more = random.weighed(&[(12, 0), (30, 1), (30, 2), (16, 3), (8, 4), (4, 5)]);
    for _ in 0..more {
        options.extend(allowed.draw(&mut random, CHOICES));
    }
    if !options.is_empty() {
        let first = random.below(options.len());
        options.swap(0, first);
    }
    let has = |word: &[u8]| options.iter().any(|option| option[0].starts_with(word));
    let recursive = is_recursive(&options);
    let fifos = recursive && !has(b"--copy-contents");
    let backups = has(b"-b") || has(b"--backup") || has(b"-S") || has(b"--suffix");
    let asks = has(b"-i") || has(b"--interactive");
    let drawing = Drawing { parents: has(b"--pa"), recursive, backups };
    let mut trees = Trees { random, manner, nodes: Vec::new(), fifos };
    let operands = drawing.operands(&mut trees, allowed, &mut options);
    let random = &mut trees.random;
    let umask = random.weighed(&[(60, 0o022), (10, 0o077), (10, 0), (8, 0o027), (8, 0o002), (4, 0o777)]);
    let variables = variables(random, backups);
    let input = (asks || random.chance(3)).then(|| answers(random)).flatten();
    let options_last = random.chance(12);
    let nodes = trees.nodes;
    Case { index, nodes, options, operands, options_last, input, umask, variables, by_nobody }
}

fn answers(random: &mut Random) -> Option<Vec<u8>> {
    match random.below(5) {
        0 => None,
        1 => Some(b"y\n".repeat(30)),
        2 => Some(b"n\n".repeat(30)),
        _ => {
            let mut text = Vec::new();
            for _ in 0..random.below(8) {
                text.extend(*random.pick(&[&b"y\n"[..], b"n\n", b"Y\n", b"yes\n", b"\n", b"no\n", b"y"]));
            }
            Some(text)
        }
    }
}

fn variables(random: &mut Random, backups: bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut put = |name: &str, value: &str| found.push((name.to_owned(), value.to_owned()));
    if random.chance(8) {
        put("POSIXLY_CORRECT", "1");
    }
    if random.chance(if backups { 20 } else { 2 }) {
        let values = ["numbered", "t", "simple", "never", "existing", "nil", "none", "bad", "", "n"];
        put("VERSION_CONTROL", random.weighed(&values.map(|value| (1, value))));
    }
    if random.chance(if backups { 20 } else { 2 }) {
        put("SIMPLE_BACKUP_SUFFIX", random.weighed(&[".bak", "", "a/b", ".old"].map(|value| (1, value))));
    }
    if random.chance(15) {
        put("LC_ALL", "C");
    }
    found
}

struct Drawing {
    parents: bool,
    recursive: bool,
    backups: bool,
}

impl Drawing {
    /// Adds the sources and the destination, and answers how they are named. `-t` and `-T` are added to the options.
    fn operands(
        &self,
        trees: &mut Trees,
        allowed: &Allowed,
        options: &mut Vec<Vec<Vec<u8>>>,
    ) -> Vec<Vec<u8>> {
        let count = trees.random.weighed(&[(2, 0), (74, 1), (16, 2), (8, 3)]);
        let mut sources: Vec<Vec<u8>> = Vec::new();
        for _ in 0..count {
            let path = self.source_name(trees);
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
        if trees.random.chance(6) && !sources.is_empty() {
            let again = trees.random.pick(&sources).clone();
            sources.push(again);
        }
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

    fn source_name(&self, trees: &mut Trees) -> Vec<u8> {
        let name = attributes::name(&mut trees.random, trees.manner);
        let directory: &[u8] = match trees.random.weighed(&[(60, 0), (25, 1), (10, 2), (5, 3)]) {
            0 => b"",
            1 => b"s",
            2 => b"s/t",
            _ => b"other",
        };
        joined(directory, &name)
    }

    /// A directory to copy into, with things in it that are in the way.
    fn directory(&self, trees: &mut Trees, sources: &[Vec<u8>]) -> Vec<u8> {
        let directory = b"d".to_vec();
        if trees.random.chance(3) {
            return b".".to_vec();
        }
        trees.add(&directory, Kind::Directory);
        for source in sources {
            let name = if self.parents { source.as_slice() } else { base_name(source) };
            let path = joined(&directory, name);
            if trees.random.chance(55) {
                trees.add_parents(&path);
                trees.counterpart(source, &path, self.backups);
            }
        }
        if trees.random.chance(7) {
            trees.add(b"dl", Kind::Symlink(b"d".to_vec()));
            return b"dl".to_vec();
        }
        directory
    }

    /// A name for the one source, where something may be already.
    fn name(&self, trees: &mut Trees, source: &[u8]) -> Vec<u8> {
        match trees.random.weighed(&[(28, 0), (58, 1), (4, 2), (3, 3), (3, 4), (1, 5), (1, 6), (2, 7)]) {
            0 => b"x".to_vec(),
            1 => {
                trees.counterpart(source, b"x", self.backups);
                b"x".to_vec()
            }
            2 => source.to_vec(),
            3 => joined(source, b"x"),
            4 => b"missing/x".to_vec(),
            5 => Vec::new(),
            6 => b".".to_vec(),
            _ => {
                trees.add(b"x", Kind::Symlink(b"x".to_vec()));
                b"x".to_vec()
            }
        }
    }

    /// The path in one of the ways that lead to the same place.
    fn spelled(&self, trees: &mut Trees, path: Vec<u8>) -> Vec<u8> {
        if path.is_empty() {
            return path;
        }
        let directory = trees.is_directory(&path);
        match trees.random.weighed(&[(80, 0), (7, 1), (4, 2), (3, 3), (3, 4), (2, 5), (1, 6)]) {
            1 => [path, b"/".to_vec()].concat(),
            2 => [b"./".to_vec(), path].concat(),
            3 if directory => [path, b"/.".to_vec()].concat(),
            4 => joined(WORK, &path),
            5 => [path, b"//".to_vec()].concat(),
            6 if directory => [path, b"/..".to_vec()].concat(),
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
