//! What becomes of a copy where the kernel, a container or a file system refuses a call that is newer than Linux 3.10, or that
//! some file systems do not know: the table in docs/environments.md, line by line. Whatever is refused, and by which error, a
//! copy is whole with all of its attributes, or what is missing is told.

use std::path::Path;

use crate::common::{Sandbox, calls, each_engine, needs_extensions, needs_root, noise, with_xattrs};

/// How a call is refused: it is not there, it is not for this file or file system, it is not allowed.
const REFUSALS: [i32; 4] = [libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP, libc::EPERM];

/// How a container refuses what is no matter of files.
const NOT_ALLOWED: [i32; 2] = [libc::ENOSYS, libc::EPERM];

/// What is to come of a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// Nobody sees a difference.
    Whole,
    /// What could not be kept is told, and so says the exit status; or nobody sees a difference.
    WholeOrTold,
    /// Files count as such without extended attributes, as for GNU cp.
    WholeWithoutXattrs,
}
use Then::{Whole, WholeOrTold, WholeWithoutXattrs};

/// A call, the errors by which it is refused so, and what comes of that.
type Line = (&'static str, &'static [i64], &'static [i32], Then);

const IO_URING: &[i64] = &[libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
const XATTRS: &[i64] = &[
    libc::SYS_flistxattr,
    libc::SYS_llistxattr,
    libc::SYS_fgetxattr,
    libc::SYS_lgetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
];

const DATA: &[Line] = &[
    ("io_uring", IO_URING, &REFUSALS, Whole),
    ("FICLONE and other ioctl", &[libc::SYS_ioctl], &REFUSALS, Whole),
    ("copy_file_range", &[libc::SYS_copy_file_range], &REFUSALS, Whole),
    ("sendfile", &[libc::SYS_sendfile], &REFUSALS, Whole),
    ("fallocate", &[libc::SYS_fallocate], &REFUSALS, Whole),
    ("SEEK_DATA and SEEK_HOLE", &[libc::SYS_lseek], &REFUSALS, WholeOrTold),
    ("fadvise", &[libc::SYS_fadvise64], &REFUSALS, WholeOrTold),
    ("fcntl", &[libc::SYS_fcntl], &REFUSALS, WholeOrTold),
];

const NAMES: &[Line] = &[
    ("sync_file_range", &[libc::SYS_sync_file_range], &REFUSALS, Whole),
    ("fsync", &[libc::SYS_fsync], &[libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP], Whole),
    ("fsync", &[libc::SYS_fsync], &[libc::EPERM], WholeOrTold),
    ("fdatasync", &[libc::SYS_fdatasync], &REFUSALS, WholeOrTold),
    ("renameat2", &[libc::SYS_renameat2], &[libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP], Whole),
    ("renameat2", &[libc::SYS_renameat2], &[libc::EPERM], WholeOrTold),
    ("linkat", &[libc::SYS_linkat], &REFUSALS, WholeOrTold),
    ("renameat2 and linkat", &[libc::SYS_renameat2, libc::SYS_linkat], &REFUSALS, WholeOrTold),
    ("faccessat2, openat2", &[libc::SYS_faccessat2, libc::SYS_openat2], &REFUSALS, Whole),
];

const ATTRIBUTES: &[Line] = &[
    ("statx", &[libc::SYS_statx], &REFUSALS, Whole),
    ("fstatfs and statfs", &[libc::SYS_fstatfs, libc::SYS_statfs], &REFUSALS, Whole),
    ("utimensat", &[libc::SYS_utimensat], &REFUSALS, WholeOrTold),
    ("fchownat", &[libc::SYS_fchownat, libc::SYS_fchown], &REFUSALS, WholeOrTold),
    ("fchmod", &[libc::SYS_fchmod, libc::SYS_fchmodat, calls::CHMOD], &REFUSALS, WholeOrTold),
    ("extended attributes", XATTRS, &[libc::ENOSYS, libc::EOPNOTSUPP], WholeWithoutXattrs),
    ("extended attributes", XATTRS, &[libc::EINVAL, libc::EPERM], WholeOrTold),
    ("reading extended attributes", &[libc::SYS_fgetxattr, libc::SYS_lgetxattr], &REFUSALS, WholeOrTold),
    ("setting extended attributes", &[libc::SYS_fsetxattr, libc::SYS_setxattr], &REFUSALS, WholeOrTold),
];

const PROCESS: &[Line] = &[
    ("threads", &[libc::SYS_clone3, libc::SYS_clone], &NOT_ALLOWED, Whole),
    ("unshare", &[libc::SYS_unshare, libc::SYS_capget, libc::SYS_capset], &NOT_ALLOWED, Whole),
    // The standard library ends the process for any other answer, which no kernel gives.
    ("getrandom", &[libc::SYS_getrandom], &NOT_ALLOWED, Whole),
    ("prctl, madvise", &[libc::SYS_prctl, libc::SYS_madvise, libc::SYS_mremap], &NOT_ALLOWED, Whole),
    ("sched_getaffinity", &[libc::SYS_sched_getaffinity], &NOT_ALLOWED, Whole),
    ("prlimit64", &[libc::SYS_prlimit64], &NOT_ALLOWED, Whole),
];

/// Ways to copy: options, and whether the copy has all attributes.
const WAYS: &[(&[&str], bool)] = &[
    (&["-a"], true),
    (&["-r", "--sparse=always"], false),
    (&["-a", "--backup=numbered"], true),
    (&["-al"], true),
    (&["-a", "--atomic", "--backup=numbered"], true),
    (&["-a", "--atomic", "--fsync"], true),
    (&["-a", "--verify"], true),
    (&["-a", "--direct"], true),
    (&["-r", "--placement=fused"], false),
];

/// Options that are about what is there before.
const AGAIN: &[&str] = &["--backup=numbered"];

/// A little of everything.
fn tree(s: &Sandbox) {
    s.file("s/a", "hello").hard_link("s/h", "s/a").symlink("s/l", "a").symlink("s/m", "nowhere");
    s.fifo("s/p", 0o640).file("s/d/mid", noise(100_000, 1)).file("s/d/big", noise(700_000, 2));
    s.sparse("s/sparse", 1 << 20, &[(1 << 19, b"data")]).file("s/zeros", [0; 30_000]).file("s/d/empty", "");
    for number in 0..8 {
        s.file(format!("s/e/{number}"), noise(number * 700, 3));
    }
    s.xattr("s/a", "user.note", b"1").acl("s/d/mid", 0o664, 7).acl("s/e", 0o775, 7).chmod("s/d/empty", 0o751);
    s.chown("s/e/1", 12, 34).chown("s/l", 12, 34).chown("s/p", 12, 34).chown("s/d", 12, 34);
    for name in ["s/a", "s/l", "s/m", "s/p", "s/d/big", "s/e/2", "s/sparse", "s/d", "s/e", "s"] {
        s.times(name, 1_000_000_000, 1_100_000_000);
    }
}

/// Copies with these options where some calls are refused, and says what was wrong with that.
fn copied(s: &Sandbox, (options, attributes): (&[&str], bool), calls: &[i64], errno: i32, then: Then) {
    let again = options.iter().any(|option| AGAIN.contains(option));
    if again {
        s.file("o/s/a", "old").file("o/s/d/mid", "old").file("o/s/e/1", "old");
    } else {
        s.dir("o");
    }
    let run = s.cp(options).and(["s", "o/"]).umask(0).refused(calls, errno);
    // Who asks for a ring is told that there is none.
    let outcome = if calls == IO_URING { run.env("UCP_ENGINE", "auto").run() } else { run.run() };
    let told = outcome.status() == Some(1) && then == WholeOrTold && !outcome.stderr().is_empty();
    if !told {
        outcome.ends(0).complains("");
        is_whole(s, options, (attributes, again), then);
    }
    assert!(!s.names("o/s").iter().any(|name| name.contains(".ucp-")), "a temporary name is left");
    std::fs::remove_dir_all(s.path("o")).unwrap();
}

fn is_whole(s: &Sandbox, options: &[&str], (attributes, again): (bool, bool), then: Then) {
    let (source, mut copy) = (s.tree("s"), s.tree("o/s"));
    let backups: Vec<String> = s.names("o/s").into_iter().filter(|name| name.ends_with('~')).collect();
    assert!(backups.iter().all(|backup| s.read(format!("o/s/{backup}")) == b"old"), "a backup is not");
    let kept = options.iter().any(|option| option.contains("-b"));
    assert_eq!(backups.len(), if kept { 3 } else { 0 }, "{backups:?}");
    copy.retain(|name, _| !backups.iter().any(|backup| Path::new(backup) == name));
    assert!(copy == source, "the trees differ");
    // Links have what their file has.
    let attributes = attributes && !(options == ["-al"] && then == WholeWithoutXattrs);
    for name in source.keys().filter(|_| attributes) {
        let (from, to) = (Path::new("s").join(name), Path::new("o/s").join(name));
        // A backup beside what it is of changes the directory's times.
        if !(again && s.path(&from).is_dir()) {
            let mut attributes = s.attributes(&from);
            if then == WholeWithoutXattrs {
                attributes.xattrs.clear();
            }
            assert_eq!(attributes, s.attributes(&to), "{}", name.display());
        }
    }
}

fn refused_in_every_way(lines: &[Line]) {
    if !needs_extensions() || !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        tree(s);
        for &(name, calls, refusals, then) in lines {
            for &errno in refusals {
                for &way in WAYS {
                    eprintln!("{name} answers {errno} to {:?}", way.0);
                    copied(s, way, calls, errno, then);
                }
            }
        }
    });
}

#[test]
fn what_moves_data_can_be_refused() {
    refused_in_every_way(DATA);
}

#[test]
fn what_names_links_and_stores_files_can_be_refused() {
    refused_in_every_way(NAMES);
}

#[test]
fn what_sets_and_reads_attributes_can_be_refused() {
    refused_in_every_way(ATTRIBUTES);
}

#[test]
fn what_a_process_does_for_itself_can_be_refused() {
    refused_in_every_way(PROCESS);
}

#[test]
fn files_without_names_can_be_refused() {
    if !needs_extensions() {
        return;
    }
    // O_TMPFILE without O_DIRECTORY, which is a part of it; kernels before 3.11 answer as if the directory were to be opened.
    let flag = u64::from(libc::O_TMPFILE.unsigned_abs()) & !u64::from(libc::O_DIRECTORY.unsigned_abs());
    each_engine(|s| {
        s.file("s/a", noise(5000, 1)).file("s/b", "");
        for errno in [libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP, libc::EISDIR, libc::ENOENT] {
            let copy = format!("o{errno}");
            let run = s.cp(["-r", "--atomic", "s", &copy]);
            run.refused_where(libc::SYS_openat, (2, flag, flag), errno).succeeds();
            s.assert_same("s", &copy);
        }
    });
}

#[test]
fn what_ucat_moves_by_offsets_is_moved_once_where_no_position_can_be_set() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let (large, small) = (noise(6 << 20, 1), noise(300_000, 2));
        s.file("a", &large).file("b", &small);
        for options in [&["--direct"][..], &["--way=extents"], &[]] {
            for errno in REFUSALS {
                let out = std::fs::File::create(s.path("out")).unwrap();
                let run = s.cat(options).and(["a", "b"]).stdout(out);
                run.refused_where(libc::SYS_lseek, (2, 0xffff_ffff, 0), errno).succeeds();
                assert!(s.read("out") == [&large[..], &small].concat(), "{options:?} {errno}");
            }
        }
    });
}

#[test]
fn a_regular_file_without_offsets_is_written_where_it_is() {
    each_engine(|s| {
        // One that fits a buffer, one that is passed on, one in blocks: the process's own name, which is cut.
        for bytes in [3, 100_000, 9_000_000] {
            s.file("a", vec![b'x'; bytes]);
            s.cp(["a", "/proc/self/comm"]).succeeds();
        }
    });
}

#[test]
fn pipes_that_cannot_be_spliced_or_made_larger_get_everything() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let large = noise(3 << 20, 1);
        s.file("a", &large);
        for errno in REFUSALS {
            // All that fcntl(2) does: F_SETPIPE_SZ, and F_GETFD, which tells a closed descriptor.
            for calls in [&[libc::SYS_splice][..], &[libc::SYS_fcntl], &[libc::SYS_splice, libc::SYS_fcntl]] {
                s.cat(["a"]).refused(calls, errno).succeeds().prints(&large);
                let source = std::fs::File::open(s.path("a")).unwrap();
                s.cat(["-"]).stdin(source).refused(calls, errno).succeeds().prints(&large);
            }
        }
    });
}

#[test]
fn files_without_names_that_cannot_be_given_one_are_told_and_leave_nothing() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", noise(5000, 1)).file("s/b", "");
        let flag = u64::from(libc::O_TMPFILE.unsigned_abs()) & !u64::from(libc::O_DIRECTORY.unsigned_abs());
        for errno in REFUSALS {
            let copy = format!("o{errno}");
            let outcome = s.cp(["-r", "--atomic", "s", &copy]).refused(&[libc::SYS_linkat], errno).run();
            if outcome.status() == Some(0) {
                s.assert_same("s", &copy);
            } else {
                outcome.ends(1).mentions("cannot create regular file");
            }
            assert!(!s.names(&copy).iter().any(|name| name.contains(".ucp-")), "{:?}", s.names(&copy));
        }
        // A policy against such files is told, as is one against any.
        let run =
            s.cp(["--atomic", "s/a", "o"]).refused_where(libc::SYS_openat, (2, flag, flag), libc::EPERM);
        run.fails("ucp: cannot create regular file 'o': Operation not permitted");
        assert!(!s.exists("o"));
    });
}
