//! Nodes that are not what was made are left alone; names and values of any length come over.

use super::*;
use crate::cli::cp::options::Preserve;
use crate::cli::cp::{CpOptions, PreserveMode};
use crate::pipeline::chain::Directory;
use crate::plan::attributes::{CopyOrigin, PreservePolicy};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

fn at(path: &Path) -> At {
    let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL");
    At { directory: Directory::Working, name: Arc::from(name) }
}

fn facts(path: &Path) -> FileStat {
    FileStat::of(&rustix::fs::lstat(path).expect("a file"))
}

fn keeping_mode_and_times() -> PreservePolicy {
    let preserve = Preserve { mode: PreserveMode::Keep, timestamps: true, ..Preserve::default() };
    let owner = Owner { user: 0, group: 0 };
    PreservePolicy::new(&CpOptions { preserve, ..CpOptions::default() }, Mode::empty(), owner)
}

#[test]
fn a_node_that_was_swapped_is_left_alone() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let [source, copy, other] = ["source", "copy", "other"].map(|name| directory.path().join(name));
    let fifo = |path: &Path, mode| {
        rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::from(mode), 0).expect("fifo");
    };
    fifo(&source, 0o600);
    let made = facts(&source);
    let wanted = keeping_mode_and_times().of_file(&made, CopyOrigin::Created(None), Names::default());
    let keep = || keep_node(&at(&source), &at(&copy), &made, &wanted);
    let mode = |path: &Path| path.symlink_metadata().expect("a file").mode() & 0o777;

    assert_eq!(keep(), [AttributeError::Swapped], "it is gone");
    let long = at(&directory.path().join("n".repeat(300)));
    let cannot = keep_node(&at(&source), &long, &made, &wanted);
    assert_eq!(cannot, [AttributeError::Times(Errno::NAMETOOLONG)], "nobody knows what it is");
    std::fs::write(&copy, "").expect("file");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o640)).expect("mode");
    assert_eq!(keep(), [AttributeError::Swapped], "it is a file now");
    assert_eq!(mode(&copy), 0o640);

    std::fs::remove_file(&copy).expect("remove");
    std::os::unix::fs::symlink(&other, &copy).expect("link");
    fifo(&other, 0o640);
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o640)).expect("mode");
    assert_eq!(keep(), [AttributeError::Swapped], "it is a link to one of its kind");
    std::fs::remove_file(&copy).expect("remove");
    std::fs::hard_link(&other, &copy).expect("hard link");
    assert_eq!(keep(), [AttributeError::Swapped], "it is another name of one of its kind");
    assert_eq!(mode(&other), 0o640);

    std::fs::remove_file(&copy).expect("remove");
    fifo(&copy, 0o400);
    assert_eq!(keep(), []);
    assert_eq!((mode(&copy), facts(&copy).modified), (0o600, made.modified));
}

#[test]
fn a_file_system_without_extended_attributes_has_no_names() {
    assert_eq!(names(&Source::Gone(Errno::OPNOTSUPP)), Names::default());
    assert_eq!(names(&Source::Named(at(Path::new("/proc/self/status")))), Names::default());
    let missing = names(&Source::Named(at(Path::new("/proc/self/nothing of that name"))));
    assert_eq!(missing.refused, Some(Errno::NOENT));
}

#[test]
fn what_is_owed_of_a_source_that_cannot_be_read_any_more_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let copy = std::fs::File::create(directory.path().join("copy")).expect("a file");
    let wanted = AttributePlan {
        times: None,
        owner: None,
        permissions: Permissions::Kept(Mode::from(0o644)),
        before: false,
        is_link: false,
        writable_for_attributes: false,
        unnamed: Vec::new(),
        ends_at_attributes: false,
        privileged: false,
        names: Names {
            plain: b"user.a\0".to_vec(),
            acls: b"system.posix_acl_access\0".to_vec(),
            refused: None,
        },
    };
    let refused = keep(&Source::Gone(Errno::STALE), Copied::Open(copy.as_fd()), &wanted);
    let value = AttributeError::Value(b"user.a".to_vec(), Errno::STALE);
    assert_eq!(refused, [value, AttributeError::Permissions(wanted.permissions, Errno::STALE)]);
}
