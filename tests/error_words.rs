//! Which words a failure has: those that GNU cp has for the same call, whatever the engine. The calls fail by seccomp, so
//! those of a ring cannot: where one end is opened or closed by it, unit tests in `cp/copy` have the same words.

use std::io;

use crate::common::{Engine, Run, Sandbox, calls, each_engine, is_reference, needs_root};

/// FICLONE, and whence of lseek(2), as the kernel has them.
const CLONE: u64 = 0x4004_9409;
const SEEK_DATA: u64 = 3;
const SEEK_HOLE: u64 = 4;

/// All bits of an argument.
const ALL: u64 = 0xffff_ffff;

/// What the C library says of an error.
fn reason(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text[..text.rfind(" (os error").unwrap()].to_owned()
}

/// A command, the calls that fail in it, and what is to be said before the reason.
type Line = (&'static [&'static str], &'static [i64], &'static str);

const WORDS: &[Line] = &[
    (&["-r", "d", "o"], &[libc::SYS_getdents64], "cannot access 'd'"),
    (&["-r", "d", "o"], &[libc::SYS_mkdirat, calls::MKDIR], "cannot create directory 'o'"),
    (&["-P", "l", "o"], &[libc::SYS_symlinkat, calls::SYMLINK], "cannot create symbolic link 'o'"),
    (&["-P", "l", "o"], &[libc::SYS_readlinkat, calls::READLINK], "cannot read symbolic link 'l'"),
    (&["-R", "p", "o"], &[libc::SYS_mknodat, calls::MKNOD], "cannot create fifo 'o'"),
    (&["-l", "a", "o"], &[libc::SYS_linkat, calls::LINK], "cannot create hard link 'o' to 'a'"),
    (&["-s", "a", "o"], &[libc::SYS_symlinkat, calls::SYMLINK], "cannot create symbolic link 'o' to 'a'"),
    (&["--remove-destination", "a", "b"], &[libc::SYS_unlinkat, calls::UNLINK], "cannot remove 'b'"),
    (&["-b", "a", "b"], &[calls::RENAMEAT, calls::RENAME, libc::SYS_renameat2], "cannot backup 'b'"),
    (&["-p", "a", "o"], &[libc::SYS_utimensat], "preserving times for 'o'"),
    (&["-rp", "e", "o"], &[libc::SYS_utimensat], "preserving times for 'o'"),
    (&["-a", "l", "o"], &[libc::SYS_utimensat], "preserving times for 'o'"),
    (&["-a", "p", "o"], &[libc::SYS_utimensat], "preserving times for 'o'"),
    (&["-a", "p", "o"], &[libc::SYS_mknodat, calls::MKNOD], "cannot create fifo 'o'"),
    (&["a", "o"], &[libc::SYS_newfstatat], "cannot stat 'a'"),
];

#[test]
fn a_call_that_fails_is_told_in_gnu_s_words() {
    each_engine(|s| {
        for &(arguments, calls, words) in WORDS {
            for errno in [libc::EIO, libc::EDQUOT] {
                s.file("a", "new").file("b", "old").file("d/x", "1").dir("e");
                s.symlink("l", "nowhere").fifo("p", 0o644);
                let complaint = format!("ucp: {words}: {}", reason(errno));
                s.cp(arguments).refused(calls, errno).fails(&complaint);
                afresh(s);
            }
        }
    });
}

fn afresh(s: &Sandbox) {
    for name in s.names("").iter().filter(|name| !name.is_empty() && !name.contains('/')) {
        let path = s.path(name);
        if path.symlink_metadata().unwrap().is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_map_of_data_that_fails_is_not_taken_for_none() {
    each_engine(|s| {
        let refused = |whence, errno| {
            s.sparse("sparse", 3 << 20, &[(1 << 20, b"data")]);
            s.cp(["sparse", "o"]).refused_where(libc::SYS_lseek, (2, ALL, whence), errno)
        };
        for whence in [SEEK_DATA, SEEK_HOLE] {
            for errno in [libc::EIO, libc::EPERM, libc::ESTALE] {
                let complaint = format!("ucp: cannot lseek 'sparse': {}", reason(errno));
                refused(whence, errno).fails(&complaint);
            }
        }
        for errno in [libc::EINVAL, libc::EOPNOTSUPP] {
            refused(SEEK_DATA, errno).succeeds();
            s.assert_same("sparse", "o");
        }
        // It may have been cut since.
        refused(SEEK_HOLE, libc::ENXIO).succeeds();
        if !is_reference() {
            s.assert_same("sparse", "o");
        }
    });
}

#[test]
fn a_clone_that_fails_is_told_as_one_and_one_that_is_refused_is_copied() {
    each_engine(|s| {
        let refused = |errno| s.cp(["a", "o"]).refused_where(libc::SYS_ioctl, (1, ALL, CLONE), errno);
        s.file("a", "new");
        for errno in [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::ENOMEM] {
            refused(errno).fails(&format!("ucp: failed to clone 'o' from 'a': {}", reason(errno)));
            assert_eq!(s.read("o"), b"");
            std::fs::remove_file(s.path("o")).unwrap();
        }
        for errno in [libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP, libc::EPERM, libc::EFBIG, libc::EXDEV] {
            refused(errno).succeeds();
            s.assert_same("a", "o");
            std::fs::remove_file(s.path("o")).unwrap();
        }
    });
}

/// Opening to write, or not at all through links, is refused for want of descriptors.
fn without_descriptors(run: Run<'_>, flags: rustix::fs::OFlags, errno: i32) -> Run<'_> {
    let flags = u64::from(flags.bits());
    run.refused_where(libc::SYS_openat, (2, flags, flags), errno)
}

#[test]
fn the_end_that_wants_a_descriptor_is_named_and_so_is_whose_limit_it_is() {
    use rustix::fs::OFlags;
    each_engine(|s| {
        s.file("a", "new").file("b", "old");
        for errno in [libc::EMFILE, libc::ENFILE] {
            for options in [&[][..], &["-a"], &["-b"], &["--remove-destination"], &["--sparse=always"]] {
                let run = s.cp(options).and(["a", "b"]);
                let complaint = format!("ucp: cannot create regular file 'b': {}", reason(errno));
                without_descriptors(run, OFlags::WRONLY, errno).fails(&complaint);
                if options == ["--remove-destination"] {
                    s.file("b", "old");
                }
                assert_eq!(s.read("b"), b"old", "{options:?}");
                assert_eq!(s.names(""), ["", "a", "b"], "{options:?}");
            }
            if s.engine() != Engine::Uring {
                let complaint = format!("ucp: cannot open 'a' for reading: {}", reason(errno));
                without_descriptors(s.cp(["-P", "a", "b"]), OFlags::NOFOLLOW, errno).fails(&complaint);
            }
        }
    });
}

#[test]
fn a_file_that_cannot_be_cut_is_one_that_cannot_be_opened() {
    if is_reference() {
        // It cuts files as it opens them.
        return;
    }
    each_engine(|s| {
        s.file("a", "new").file("b", "old").sparse("sparse", 3 << 20, &[(1 << 20, b"data")]);
        let refused = |args: &[&str], length| {
            s.cp(args).refused_where(libc::SYS_ftruncate, (1, ALL, length), libc::EIO)
        };
        refused(&["a", "b"], 0).fails("ucp: cannot create regular file 'b': Input/output error");
        assert_eq!(s.read("b"), b"old");
        refused(&["-f", "a", "b"], 0).succeeds();
        assert_eq!(s.read("b"), b"new");
        refused(&["sparse", "o"], 3 << 20).fails("ucp: failed to extend 'o': Input/output error");
    });
}

#[test]
fn a_directory_that_is_gone_while_it_is_listed_is_empty() {
    each_engine(|s| {
        s.dir("d");
        s.cp(["-r", "d", "o"]).refused(&[libc::SYS_getdents64], libc::ENOENT).succeeds();
        assert_eq!(s.names("o"), [""]);
    });
}

#[test]
fn ownership_and_permissions_that_fail_are_told_of_the_copy() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("a", "new").chown("a", 12, 34).dir("d").chown("d", 12, 34).fifo("p", 0o644).chown("p", 12, 34);
        let owner = [libc::SYS_fchown, calls::CHOWN, calls::LCHOWN, libc::SYS_fchownat];
        for source in ["a", "d", "p"] {
            let words = "ucp: failed to preserve ownership for 'o': Input/output error";
            s.cp(["-a", source, "o"]).refused(&owner, libc::EIO).fails(words);
            afresh_but(s, "o");
        }
    });
}

fn afresh_but(s: &Sandbox, name: &str) {
    let path = s.path(name);
    if path.is_dir() { std::fs::remove_dir(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

#[test]
fn a_copy_that_should_be_a_clone_and_cannot_be_removed_is_told() {
    each_engine(|s| {
        s.file("a", "new");
        for errno in [libc::EIO, libc::EACCES] {
            let run = s.cp(["--reflink=always", "a", "o"]).refused_where(
                libc::SYS_ioctl,
                (1, ALL, CLONE),
                libc::EIO,
            );
            run.refused(&[libc::SYS_unlinkat, calls::UNLINK], errno).fails(&format!(
                "ucp: failed to clone 'o' from 'a': {}\nucp: cannot remove 'o': {}",
                reason(libc::EIO),
                reason(errno)
            ));
            assert_eq!(s.read("o"), b"");
            std::fs::remove_file(s.path("o")).unwrap();
        }
    });
}
