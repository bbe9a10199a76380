//! Copies whose first way is cut: refused by the kernel, by a source that changes meanwhile, by a name that somebody else
//! takes. Whatever was owed to the copy then is owed still.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Resource;

use crate::common::{Sandbox, each_engine, is_reference, is_root, noise, skip, stingy, with_xattrs};

const ACL: &str = "system.posix_acl_access";

/// Small enough for one chain, of a size that the kernel passes on, and too large for a buffer.
const SIZES: [usize; 4] = [0, 900, 30_000, 3 << 20];

/// A file that has everything that `-a` keeps.
fn rich(s: &Sandbox, name: &str, content: &[u8]) {
    s.file(name, content).xattr(name, "user.note", b"a note");
    if is_root() {
        s.chown(name, 1234, 4321);
        let capability = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        s.xattr(name, "security.capability", &capability);
    }
    s.chmod(name, 0o750).acl(name, 0o670, 7).times(name, 1_000, 2_000);
}

/// Whether a copy has all that its source has, but for its time where that goes on.
fn has_all(s: &Sandbox, copy: &str, source: &str) -> bool {
    let (copy, source) = (s.attributes(copy), s.attributes(source));
    (copy.mode, copy.owner, copy.xattrs) == (source.mode, source.owner, source.xattrs)
}

#[test]
fn what_the_kernel_refuses_to_pass_on_keeps_its_attributes() {
    let calls = [libc::SYS_sendfile, libc::SYS_copy_file_range];
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        for size in SIZES {
            rich(s, &format!("s/{size}"), &noise(size, 1));
        }
        s.sparse("s/holes", 1 << 20, &[(500_000, b"data")]).xattr("s/holes", "user.note", b"b");
        s.acl("s/holes", 0o640, 7);
        for errno in [libc::EINVAL, libc::ENOSYS, libc::EPERM, libc::EOPNOTSUPP, libc::EIO] {
            // GNU cp takes this for what the file system says of its disk. Here what is read and written then can tell.
            if errno == libc::EIO && is_reference() {
                continue;
            }
            let copy = format!("copy-{errno}");
            // New, and over what is there.
            for _ in 0..2 {
                s.cp(["-aT", "s", &copy]).refused(&calls, errno).succeeds();
                s.assert_same("s", &copy);
                s.assert_same_attributes("s", &copy);
            }
        }
        for options in [["--preserve=xattr", "-r"], ["--preserve=mode", "-r"], ["-p", "-r"]] {
            let copy = options[0].trim_start_matches('-');
            s.cp(options).and(["s", copy]).refused(&calls, libc::EINVAL).succeeds();
            for size in SIZES {
                let (source, copy) = (format!("s/{size}"), format!("{copy}/{size}"));
                let (source, copy) = (s.attributes(source).xattrs, s.attributes(copy).xattrs);
                let kept = |name: &str| copy.get(name) == source.get(name);
                assert!(kept("user.note") || options[0] != "--preserve=xattr", "{options:?} {copy:?}");
                assert!(kept(ACL) || options[0] == "--preserve=xattr", "{options:?} {copy:?}");
            }
        }
    });
}

/// Does `work` while another thread changes the length of a file all the time.
fn while_it_changes(file: &Path, size: u64, work: impl FnOnce()) {
    let (ended, file) = (AtomicBool::new(false), File::options().write(true).open(file).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                file.set_len(size).unwrap();
                for line in 0..40 {
                    file.write_all_at(&[b'x'; 700], size + line * 700).unwrap();
                }
            }
        });
        // However it ends, the other thread does too.
        let ended = Ended(&ended);
        work();
        drop(ended);
    });
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_file_that_grows_and_shrinks_while_it_is_copied_keeps_its_attributes() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        let ours: &[&[&str]] = &[&["--fsync"], &["--atomic"], &["--placement=fused"], &["--buffer-size=64K"]];
        for size in [1_000, 30_000] {
            let name = format!("f{size}");
            s.file(&name, noise(usize::try_from(size).unwrap(), 1)).xattr(&name, "user.note", b"a note");
            // Root may write to a file of others; writing takes its capabilities, but no owner.
            s.chmod(&name, 0o640).acl(&name, 0o670, 7);
            while_it_changes(&s.path(&name), size, || {
                for _ in 0..25 {
                    s.cp(["-a", &name, "copy"]).succeeds();
                    assert!(has_all(s, "copy", &name), "{:?}", s.attributes("copy"));
                    // Over what is there.
                    s.cp(["-a", "--sparse=always", &name, "copy"]).succeeds();
                    assert!(has_all(s, "copy", &name), "{:?}", s.attributes("copy"));
                    std::fs::remove_file(s.path("copy")).unwrap();
                }
                for options in ours.iter().filter(|_| !is_reference()) {
                    for _ in 0..5 {
                        s.cp(*options).and(["-a", &name, "copy"]).succeeds();
                        assert!(has_all(s, "copy", &name), "{options:?}: {:?}", s.attributes("copy"));
                        std::fs::remove_file(s.path("copy")).unwrap();
                    }
                }
            });
        }
    });
}

#[test]
fn a_name_that_somebody_takes_in_a_new_directory_keeps_its_attributes_or_is_told() {
    const FILES: usize = 150;
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        for number in 0..FILES {
            let size = if number % 2 == 0 { 20 } else { 20_000 };
            s.file(format!("s/{number}"), noise(size, 1)).acl(format!("s/{number}"), 0o640, 7);
            s.xattr(format!("s/{number}"), "user.note", b"a note");
        }
        for round in 0..5 {
            let copy = format!("copy-{round}");
            let place = s.path(&copy);
            let taken = |number: usize| loop {
                match File::create_new(place.join(number.to_string())) {
                    // Nothing is written to it: that would come after the copy's own.
                    Ok(_planted) => return,
                    Err(error) if error.kind() == ErrorKind::NotFound => std::thread::yield_now(),
                    // It is a copy already.
                    Err(_) => return,
                }
            };
            let outcome = std::thread::scope(|scope| {
                scope.spawn(|| (0..FILES).rev().for_each(taken));
                s.cp(["-aT", "s", &copy]).run()
            });
            let told = outcome.stderr();
            assert!(outcome.status() == Some(0) || !told.is_empty(), "an error without a word");
            for number in 0..FILES {
                let (source, copy) = (format!("s/{number}"), format!("{copy}/{number}"));
                if !told.contains(&format!("'{copy}'")) {
                    assert!(has_all(s, &copy, &source), "{copy}: {:?}", s.attributes(&copy));
                    assert!(s.read(&copy) == s.read(&source), "{copy} is not {source}");
                }
            }
        }
    });
}

#[test]
fn a_destination_that_takes_less_than_is_written_gets_all_and_its_attributes() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.dir("t");
        let _mounted = match stingy::mount(&s.path("t")) {
            Ok(mounted) => mounted,
            Err(error) => return skip(&format!("cannot mount a FUSE file system: {error}")),
        };
        for size in [0, 900, 7_000, 30_000, 300_000] {
            let (source, copy) = (format!("f{size}"), format!("t/f{size}"));
            rich(s, &source, &noise(size, 1));
            for _ in 0..2 {
                s.cp(["-a", &source, "t"]).succeeds();
                assert!(s.read(&copy) == s.read(&source), "{size} bytes");
                assert!(has_all(s, &copy, &source), "{size} bytes: {:?}", s.attributes(&copy));
                assert_eq!(s.attributes(&copy).modified, s.attributes(&source).modified, "{size} bytes");
            }
        }
    });
}

#[test]
fn a_limit_on_the_size_of_files_is_met_where_cp_meets_it() {
    each_engine(|s| {
        let data = noise(20 << 20, 1);
        let limit = (9 << 20) + 17;
        s.file("large", &data);
        for options in [&["large"][..], &["-a", "large"], &["--reflink=never", "large"]] {
            let run = s.cp(options).and(["copy"]).limit(Resource::Fsize, limit).ignore(libc::SIGXFSZ);
            run.fails("ucp: error writing 'copy': File too large");
            assert!(s.read("copy") == data[..usize::try_from(limit).unwrap()], "{options:?}");
        }
    });
}

#[test]
fn a_file_system_without_room_gets_what_fits() {
    each_engine(|s| {
        let data = noise(20 << 20, 1);
        s.file("large", &data);
        let Some(_mounted) = s.tmpfs("small", "size=12m") else { return };
        for options in [&["large"][..], &["-a", "large"]] {
            let run = s.cp(options).and(["small/copy"]);
            run.fails("ucp: error writing 'small/copy': No space left on device");
            assert!(s.read("small/copy") == data[..12 << 20], "{options:?}");
        }
    });
}
