//! What is asked for, by what source, against what a copy is made with and ends with.

use super::*;
use crate::cli::cp::options::Preserve;
use crate::plan::attribute_names::NONE;

const OWN: Owner = Owner { user: 1000, group: 1000 };
const OTHER: Owner = Owner { user: 1, group: 1 };

fn keeping(mode: PreserveMode, ownership: bool) -> PreservePolicy {
    let preserve = Preserve { mode, ownership, ..Preserve::default() };
    let options = CpOptions { preserve, ..CpOptions::default() };
    PreservePolicy::new(&options, Mode::from(0o022), OWN)
}

fn source(mode: u32, owner: Owner) -> FileStat {
    FileStat { kind: FileType::RegularFile, mode: Mode::from(mode), owner, ..FileStat::UNKNOWN }
}

fn with_acl() -> Names {
    Names { acls: b"system.posix_acl_access\0".to_vec(), ..Names::default() }
}

#[test]
fn without_attributes_the_umask_decides_and_nothing_is_left_for_the_end() {
    let keeping = keeping(PreserveMode::UnderUmask, false);
    assert!(!keeping.is_anything());
    let source = source(0o6777, OTHER);
    assert_eq!(keeping.mode_to_make(&source, &Names::default(), None), Mode::from(0o777));
    assert!(keeping.of_file(&source, CopyOrigin::Created(None), Names::default()).is_nothing());
}

#[test]
fn nothing_is_made_wider_than_it_ends() {
    for mode in [PreserveMode::UnderUmask, PreserveMode::Keep, PreserveMode::Ignore] {
        for (ownership, belongs_to, names) in [
            (false, None, Names::default()),
            (true, None, Names::default()),
            (true, Some(OWN), Names::default()),
            (true, Some(OTHER), Names::default()),
            (false, None, with_acl()),
            (true, Some(OTHER), with_acl()),
        ] {
            let keeping = keeping(mode, ownership);
            for bits in [0o644, 0o755, 0o666, 0o070, 0o4711, 0o1777] {
                let source = source(bits, OTHER);
                // The kernel takes the umask from what is asked for.
                let made = keeping.mode_to_make(&source, &names, belongs_to).difference(keeping.umask);
                let wanted = keeping.of_file(&source, CopyOrigin::Created(belongs_to), names.clone());
                let end = match wanted.permissions {
                    Permissions::AsTheyAre => made,
                    Permissions::Kept(end)
                    | Permissions::Whole(end)
                    | Permissions::Plain(end)
                    | Permissions::Bits(end) => end,
                };
                let others = Mode::RWXG | Mode::RWXO;
                assert!(end.contains(made & others), "{mode:?} {ownership} {bits:o}");
                let certain = belongs_to == Some(OTHER);
                if (ownership && !certain) || (mode == PreserveMode::Keep && !names.acls.is_empty()) {
                    assert!(!made.intersects(others), "{mode:?} {ownership} {bits:o}");
                }
            }
        }
    }
}

#[test]
fn an_ordinary_user_can_set_attributes_of_a_file_that_will_be_read_only() {
    let keeping = PreservePolicy { xattr: Keep::Require, ..keeping(PreserveMode::UnderUmask, false) };
    let names = Names { plain: b"user.a\0".to_vec(), ..Names::default() };
    let source = source(0o444, OWN);
    assert_eq!(keeping.mode_to_make(&source, &names, None), Mode::from(0o644));
    let wanted = keeping.of_file(&source, CopyOrigin::Created(None), names);
    assert_eq!(wanted.permissions, Permissions::Bits(Mode::from(0o444)));
    assert_eq!(keeping.mode_to_make(&source, &Names::default(), None), Mode::from(0o444));
}

#[test]
fn existing_files_keep_their_permissions_unless_those_of_the_source_are_kept() {
    let source = source(0o4755, OTHER);
    for (mode, permissions) in [
        (PreserveMode::UnderUmask, Permissions::AsTheyAre),
        (PreserveMode::Ignore, Permissions::AsTheyAre),
        (PreserveMode::Keep, Permissions::Kept(Mode::from(0o4755))),
    ] {
        let wanted = keeping(mode, true).of_file(&source, CopyOrigin::Existed, Names::default());
        assert_eq!(wanted.permissions, permissions);
        // A mode that says nothing of others may hide an ACL.
        for now in [0o666, 0o600] {
            let closed = wanted.closed_mode(Mode::from(now));
            assert_eq!(closed, (mode == PreserveMode::Keep).then_some(Mode::from(0o600)));
        }
    }
}

#[test]
fn directories_are_open_to_their_owner_until_they_are_full() {
    let directory = |mode| FileStat { kind: FileType::Directory, ..source(mode, OTHER) };
    let plain = keeping(PreserveMode::UnderUmask, false);
    assert_eq!(plain.directory_mode_to_make(&directory(0o1555)), Mode::from(0o1555));
    let end = plain.directory_permissions(&directory(0o555), Some(Mode::from(0o555)));
    assert_eq!(end, Permissions::Bits(Mode::from(0o555)));
    let open = PreservePolicy { umask: Mode::empty(), ..plain };
    assert_eq!(open.directory_mode_to_make(&directory(0o777)), Mode::from(0o755));
    let end = open.directory_permissions(&directory(0o777), Some(Mode::from(0o755)));
    assert_eq!(end, Permissions::Bits(Mode::from(0o777)));
    let end = plain.directory_permissions(&directory(0o755), Some(Mode::from(0o755)));
    assert_eq!(end, Permissions::AsTheyAre);
    let owned = keeping(PreserveMode::UnderUmask, true);
    assert_eq!(owned.directory_mode_to_make(&directory(0o555)), Mode::from(0o500));
    let end = owned.directory_permissions(&directory(0o777), Some(Mode::from(0o700)));
    assert_eq!(end, Permissions::Bits(Mode::from(0o755)));
    assert_eq!(owned.directory_permissions(&directory(0o777), None), Permissions::AsTheyAre);
    let ignored = keeping(PreserveMode::Ignore, false);
    assert_eq!(ignored.directory_mode_to_make(&directory(0o2757)), Mode::from(0o755));
    let kept = keeping(PreserveMode::Keep, true);
    assert_eq!(kept.directory_permissions(&directory(0), None), Permissions::Kept(Mode::empty()));
}

#[test]
fn what_a_umask_or_an_acl_takes_from_the_owner_of_a_directory_is_lent() {
    assert_eq!(mode_to_fill(Mode::from(0o755)), None);
    assert_eq!(mode_to_fill(Mode::from(0o604)), Some(Mode::from(0o704)));
    let directory = FileStat { kind: FileType::Directory, ..source(0o755, OTHER) };
    let plain = keeping(PreserveMode::UnderUmask, false);
    let end = plain.directory_permissions(&directory, Some(Mode::from(0o604)));
    assert_eq!(end, Permissions::Bits(Mode::from(0o604)));
    let owned = keeping(PreserveMode::UnderUmask, true);
    let end = owned.directory_permissions(&directory, Some(Mode::from(0o600)));
    assert_eq!(end, Permissions::Bits(Mode::from(0o655)));
}

#[test]
fn directories_above_a_copy_stay_as_they_were_made_where_no_mode_is_kept() {
    let directory = FileStat { kind: FileType::Directory, ..source(0o1755, OTHER) };
    let ignoring = keeping(PreserveMode::Ignore, false);
    assert_eq!(ignoring.parent_mode_to_make(&directory, &NONE), Mode::from(0o777));
    // One that changes hands has nothing of what its source grants others until it is full.
    let owned = keeping(PreserveMode::Ignore, true);
    assert_eq!(owned.parent_mode_to_make(&directory, &NONE), Mode::from(0o722));
    let end = |now| ignoring.of_parent(&directory, Some(Mode::from(now)), Names::default()).permissions;
    assert_eq!(end(0o755), Permissions::AsTheyAre);
    assert_eq!(end(0o604), Permissions::Bits(Mode::from(0o604)));
    let plain = keeping(PreserveMode::UnderUmask, false);
    assert_eq!(plain.parent_mode_to_make(&directory, &NONE), Mode::from(0o1755));
}

#[test]
fn directories_above_a_copy_are_made_open_where_their_permissions_will_be() {
    let directory = FileStat { kind: FileType::Directory, ..source(0o1775, OTHER) };
    let made =
        |ownership, names| keeping(PreserveMode::Keep, ownership).parent_mode_to_make(&directory, names);
    assert_eq!(made(false, &NONE), Mode::from(0o1755));
    assert_eq!([made(true, &NONE), made(false, &with_acl())], [Mode::from(0o1700); 2]);
}

#[test]
fn a_link_made_for_a_copy_gets_times_and_attributes_but_no_owner() {
    let keeping =
        PreservePolicy { timestamps: true, xattr: Keep::Quietly, ..keeping(PreserveMode::Keep, true) };
    let names = Names { plain: b"user.a\0".to_vec(), ..with_acl() };
    let wanted = keeping.of_link_to(&source(0o644, OTHER), names);
    assert!(wanted.is_link && wanted.times.is_some() && wanted.owner.is_none());
    assert_eq!(wanted.permissions, Permissions::AsTheyAre);
    assert_eq!((&wanted.names.plain[..], &wanted.names.acls[..]), (&b"user.a\0"[..], &b""[..]));
}

#[test]
fn who_is_told_what() {
    let keeping = |xattr, user| PreservePolicy {
        xattr,
        own: Owner { user, group: 0 },
        ..keeping(PreserveMode::Keep, true)
    };
    let attribute = AttributeError::Attribute(b"user.a".to_vec(), Errno::NOSPC);
    let unsupported = AttributeError::Attributes(Errno::OPNOTSUPP);
    let told = |xattr, refused| {
        let told = keeping(xattr, 0).told(refused);
        (told.said, told.failed)
    };
    assert_eq!(told(Keep::Quietly, &attribute), (false, false));
    assert_eq!(told(Keep::Telling, &attribute), (true, false));
    assert_eq!(told(Keep::Telling, &unsupported), (false, false));
    let lacking = AttributeError::Value(b"trusted.a".to_vec(), Errno::NODATA);
    let unknown = AttributeError::Attributes(Errno::NOSYS);
    assert_eq!(told(Keep::Quietly, &lacking), (false, false));
    assert_eq!(told(Keep::Telling, &lacking), (false, false));
    assert_eq!(told(Keep::Telling, &unknown), (true, false));
    assert_eq!(told(Keep::Require, &lacking), (true, true));
    let only = PreservePolicy { attributes_only: true, ..keeping(Keep::Telling, 0) };
    assert_eq!(only.told(&lacking), Severity { said: true, failed: false });
    assert_eq!(only.told(&unsupported), Severity { said: true, failed: false });
    assert_eq!(told(Keep::Require, &attribute), (true, true));
    assert_eq!(told(Keep::Require, &unsupported), (true, true));
    let clearing = AttributeError::Clearing(Errno::PERM);
    assert_eq!(keeping(Keep::No, 5).told(&clearing), Severity { said: false, failed: true });
    assert_eq!(keeping(Keep::No, 0).told(&clearing), Severity { said: true, failed: true });
}
