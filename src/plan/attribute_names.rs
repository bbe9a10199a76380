//! Extended attributes by their names: which are copied, which hold permissions, which are left; and ACLs as values.

use rustix::fs::Mode;
use rustix::io::Errno;

/// The names of extended attributes, sorted by the option that asks for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// Those that `xattr` keeps, each with its NUL.
    pub plain: Vec<u8>,
    /// Those that hold ACLs, and belong to `mode`, each with its NUL.
    pub acls: Vec<u8>,
    /// They could not be listed.
    pub refused: Option<Errno>,
}

/// The names of a file that has none.
pub(crate) static NONE: Names = Names { plain: Vec::new(), acls: Vec::new(), refused: None };

impl Names {
    /// Whether there is nothing to keep, and nothing to tell.
    #[must_use]
    pub(crate) fn is_none(&self) -> bool {
        self.plain.is_empty() && self.acls.is_empty() && self.refused.is_none()
    }

    /// Sorts the names that listxattr(2) answered, each with its NUL, by the rules of `skipped`.
    #[must_use]
    pub(crate) fn sorted(listed: &[u8], action: impl Fn(&[u8]) -> Action) -> Self {
        let mut names = Self::default();
        for name in listed.split_inclusive(|&byte| byte == 0) {
            let to = match action(name.strip_suffix(&[0]).unwrap_or(name)) {
                Action::Copy => &mut names.plain,
                Action::Permissions => &mut names.acls,
                Action::Skip => continue,
            };
            to.extend_from_slice(name);
        }
        names
    }
}

/// What becomes of an extended attribute, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is copied with the others.
    Copy,
    /// It holds permissions, and is copied with them.
    Permissions,
    /// It is never copied.
    Skip,
}

/// The rules of xattr.conf(5): patterns of names, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules(Vec<(Vec<u8>, Action)>);

/// The rules that come with libattr, for where there is no file of them.
const RULES: &[u8] = b"
system.nfs4_acl permissions
system.nfs4acl permissions
system.posix_acl_access permissions
system.posix_acl_default permissions
trusted.SGI_ACL_DEFAULT skip
trusted.SGI_ACL_FILE skip
trusted.SGI_CAP_FILE skip
trusted.SGI_DMI_* skip
trusted.SGI_MAC_FILE skip
xfsroot.* skip
user.Beagle.* skip
";

impl Default for Rules {
    fn default() -> Self {
        Self::read(RULES)
    }
}

impl Rules {
    /// Reads the rules in the text of an xattr.conf(5): a pattern and an action a line, `#` begins a comment.
    #[must_use]
    pub(crate) fn read(text: &[u8]) -> Self {
        let lines = text.split(|&byte| byte == b'\n').filter_map(|line| {
            let line = line.split(|&byte| byte == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let pattern = words.next()?.to_vec();
            match words.next()? {
                b"skip" => Some((pattern, Action::Skip)),
                b"permissions" => Some((pattern, Action::Permissions)),
                _ => None,
            }
        });
        Self(lines.collect())
    }

    /// What becomes of the attribute of this name: the first rule that fits says.
    #[must_use]
    pub(crate) fn action(&self, name: &[u8]) -> Action {
        let rule = self.0.iter().find(|(pattern, _)| matches(pattern, name));
        rule.map_or(Action::Copy, |(_, action)| *action)
    }
}

/// Whether a name fits a pattern, in which `*` stands for anything.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
        Some((byte, rest)) => {
            name.split_first().is_some_and(|(own, name)| own == byte && matches(rest, name))
        }
    }
}

/// The permissions that come with an ACL, given as the value of `system.posix_acl_access` (acl(5), version 2): those of owner,
/// mask or else group, and others. `None` for what is no such value.
#[must_use]
pub(crate) fn mode_of_acl(value: &[u8]) -> Option<Mode> {
    const ENTRY_BYTES: usize = 8;
    let entries = value.strip_prefix(&2_u32.to_le_bytes())?.chunks_exact(ENTRY_BYTES);
    let find = |tag: u16| {
        let entry = entries.clone().find(|entry| entry.starts_with(&tag.to_le_bytes()))?;
        Some(u32::from(entry[2] & 7))
    };
    let [owner, group, mask, others] = [1, 4, 16, 32].map(find);
    Some(Mode::from_raw_mode(owner? << 6 | mask.or(group)? << 3 | others?))
}

/// A minimal ACL of these permissions, as the value of `system.posix_acl_access` (acl(5), version 2).
#[must_use]
pub(crate) fn minimal_acl(mode: Mode) -> [u8; 28] {
    const OWNER: u16 = 0x01;
    const GROUP: u16 = 0x04;
    const OTHERS: u16 = 0x20;
    let bits = mode.bits();
    let mut acl = [0xff; 28];
    acl[..4].copy_from_slice(&2_u32.to_le_bytes());
    for (number, (tag, shift)) in [(OWNER, 6), (GROUP, 3), (OTHERS, 0)].into_iter().enumerate() {
        let entry = &mut acl[4 + 8 * number..];
        let permissions = u16::try_from(bits >> shift & 7).unwrap_or(0);
        entry[..2].copy_from_slice(&tag.to_le_bytes());
        entry[2..4].copy_from_slice(&permissions.to_le_bytes());
    }
    acl
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_says_what_becomes_of_an_attribute() {
        let rules = Rules::default();
        assert_eq!(rules.action(b"user.note"), Action::Copy);
        assert_eq!(rules.action(b"system.posix_acl_access"), Action::Permissions);
        assert_eq!(rules.action(b"user.Beagle.index"), Action::Skip);
        assert_eq!(rules.action(b"user.Beagle"), Action::Copy);
        let own =
            Rules::read(b"# user.a skip\nuser.*.b\tskip # why\nuser.b permissions\nuser.c\nuser.d what\n");
        let actions =
            [&b"user.a"[..], b"user.x.b", b"user.b", b"user.c", b"user.d"].map(|name| own.action(name));
        use Action::{Copy, Permissions, Skip};
        assert_eq!(actions, [Copy, Skip, Permissions, Copy, Copy]);
    }

    #[test]
    fn listed_names_are_sorted() {
        let listed = b"user.a\0system.posix_acl_access\0user.Beagle.x\0security.capability\0";
        let names = Names::sorted(listed, |name| Rules::default().action(name));
        assert_eq!(names.plain, b"user.a\0security.capability\0");
        assert_eq!(names.acls, b"system.posix_acl_access\0");
        assert_eq!(Names::sorted(b"", |_| Action::Copy), Names::default());
    }

    #[test]
    fn a_minimal_acl_has_three_entries() {
        let acl = minimal_acl(Mode::from(0o754));
        let expected =
            b"\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x04\0\x05\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff";
        assert_eq!(&acl, expected);
    }

    #[test]
    fn an_acl_says_the_permissions_that_come_with_it() {
        let mode = Mode::from_raw_mode(0o754);
        assert_eq!(mode_of_acl(&minimal_acl(mode)), Some(mode));
        let mask = [&minimal_acl(mode)[..], &[16, 0, 6, 0, 0xff, 0xff, 0xff, 0xff]].concat();
        assert_eq!(mode_of_acl(&mask), Some(Mode::from_raw_mode(0o764)));
        for broken in [&b""[..], b"acl", &minimal_acl(mode)[..27], &minimal_acl(mode)[4..]] {
            assert_eq!(mode_of_acl(broken), None, "{broken:?}");
        }
    }
}
