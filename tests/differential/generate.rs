//! Draws whole cases: a tree, a command line that fits it, and the surroundings.

use crate::attributes::Manner;
use crate::case::{Case, OTHER_GROUP, Order};
use crate::locales;
use crate::operands::Drawing;
use crate::options::{Allowed, CHOICES, RECURSIVE, THEMES, is_recursive};
use crate::random::Random;
use crate::trees::Trees;

/// Case `index` of `seed`. The same numbers give the same case, on every machine where root is or is not there.
pub fn generate(seed: u64, index: u64, allowed: &Allowed, root: bool) -> Case {
    let mut random = Random::new(seed, index);
    let by_nobody = random.chance(35);
    let manner = Manner {
        odd_names: random.chance(20),
        odd_modes: random.chance(45),
        odd_owners: root && random.chance(35),
        xattrs: random.chance(30),
        setgid: random.chance(12),
        by_nobody,
        root,
    };
    let mut options = Vec::new();
    if random.chance(60) {
        options.extend(allowed.draw(&mut random, RECURSIVE, &[]));
    }
    let theme = random.weighed(THEMES);
    let more = random.weighed(&[(10, 0), (26, 1), (28, 2), (18, 3), (10, 4), (6, 5), (2, 8)]);
    for _ in 0..more {
        let among = if random.chance(75) { theme } else { &[] };
        options.extend(allowed.draw(&mut random, CHOICES, among));
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
    trees.working_directory();
    let operands = drawing.operands(&mut trees, allowed, &mut options);
    let random = &mut trees.random;
    let umask = random.weighed(&[
        (60, 0o022),
        (10, 0o077),
        (10, 0),
        (6, 0o027),
        (6, 0o002),
        (3, 0o777),
        (2, 0o177),
        (1, 0o700),
    ]);
    let variables = variables(random, backups);
    let input = (asks || random.chance(3)).then(|| answers(random)).flatten();
    let order = random.weighed(&[(84, Order::First), (10, Order::Last), (6, Order::Among)]);
    let (bundled, guarded) = (random.chance(20), random.chance(4));
    let descriptors = random.chance(8).then(|| *random.pick(&[12, 13, 14, 16, 20, 24, 32, 40, 64]));
    let groups = *random.pick(&[&[][..], &[OTHER_GROUP], &[OTHER_GROUP, 2]]);
    let groups = if by_nobody { groups.to_vec() } else { Vec::new() };
    let nodes = trees.nodes;
    Case {
        index,
        nodes,
        options,
        operands,
        order,
        bundled,
        guarded,
        input,
        umask,
        variables,
        by_nobody,
        groups,
        descriptors,
    }
}

fn answers(random: &mut Random) -> Option<Vec<u8>> {
    match random.below(5) {
        0 => None,
        1 => Some(b"y\n".repeat(30)),
        2 => Some(b"n\n".repeat(30)),
        _ => {
            let mut text = Vec::new();
            for _ in 0..random.below(8) {
                let ours = random.chance(60);
                let others = [&b"y\n"[..], b"n\n", b"Y\n", b"yes\n", b"\n", b"no\n", b"y"];
                text.extend(*random.pick(if ours { &others } else { &locales::ANSWERS }));
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
        put(
            "SIMPLE_BACKUP_SUFFIX",
            random.weighed(&[".bak", "", "a/b", ".old", "/", "~~", " "].map(|value| (1, value))),
        );
    }
    locales::draw(random, put);
    found
}
