//! Draws what stands in the way of a copy, and the backups that are there already.

use crate::node::Kind;
use crate::trees::{Trees, joined, up_from};

const BACKUPS: &[&[u8]] = &[
    b"~", b"~", b"~", b".~1~", b".~1~", b".~9~", b".~99~", b".~10~", b".~0~", b".~01~", b".~1~~", b".bak",
    b"x",
];

impl Trees {
    /// Adds at `path` what stands in the way of the copy of `source`, with all that stands in the way below.
    pub fn counterpart(&mut self, source: &[u8], path: &[u8], backups: bool) {
        let like = self.find(source).map(|node| node.kind.clone());
        let up = up_from(path);
        let weights: &[(usize, u32)] = if matches!(like, Some(Kind::Directory)) {
            &[(70, 1), (8, 0), (4, 2), (4, 5), (10, 6), (2, 7)]
        } else {
            &[(40, 0), (10, 1), (9, 2), (8, 3), (8, 4), (7, 5), (3, 6), (3, 7), (7, 8), (7, 9)]
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
            // Another name of something, which need not be the source.
            (9, _) => self.linked(),
            _ => self.regular(),
        };
        if matches!(&kind, Kind::Symlink(target) if target.ends_with(b"elsewhere")) {
            self.add(b"elsewhere", Kind::Directory);
        }
        let regular = matches!(kind, Kind::Regular(_));
        if !self.add(path, kind) {
            return;
        }
        if regular && self.random.chance(12) {
            self.add(&[path, b"2"].concat(), Kind::HardLink(path.to_vec()));
        }
        if backups && self.random.chance(40) {
            self.backups_of(path, source);
        }
        if !self.is_directory(path) {
            return;
        }
        for child in self.nodes.iter().map(|node| node.path.clone()).collect::<Vec<_>>() {
            let Some(rest) = child.strip_prefix(source).and_then(|rest| rest.strip_prefix(b"/")) else {
                continue;
            };
            // What stands in the source itself is not looked at again.
            let inside = path == child
                || path.strip_prefix(child.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
            if !rest.contains(&b'/') && !inside && self.random.chance(45) {
                self.counterpart(&child, &joined(path, rest), backups);
            }
        }
    }

    /// Adds backups of `path` from earlier runs, some of which are other names of what is there.
    pub fn backups_of(&mut self, path: &[u8], source: &[u8]) {
        let count = self.random.weighed(&[(70, 1), (20, 2), (10, 3)]);
        for _ in 0..count {
            let backup = [path, *self.random.pick(BACKUPS)].concat();
            let kind = match self.random.weighed(&[(50, 0), (12, 1), (12, 2), (6, 3), (12, 4), (8, 5)]) {
                0 => self.regular(),
                1 => Kind::Directory,
                2 => self.symlink(&backup),
                3 => Kind::Symlink(path.to_vec()),
                which => {
                    let first = if which == 4 { source } else { path };
                    self.relative(&backup, first);
                    continue;
                }
            };
            self.add(&backup, kind);
        }
    }
}
