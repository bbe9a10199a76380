//! Where /proc is not mounted (a chroot, a minimal container) copies are the same. What cannot be opened is then reached by
//! fchmodat2(2) of Linux 6.6, and its attributes by calls of 6.13.

use rustix::fs::FileType;

use crate::common::{Sandbox, each_engine, is_reference, needs_root, skip, with_xattrs};

/// Of each kind one that nothing is left out of: permissions, owner, times.
fn nodes(s: &Sandbox) {
    s.dir("s")
        .fifo("s/fifo", 0o640)
        .fifo("s/open", 0o666)
        .socket("s/socket")
        .file("s/file", "1")
        .symlink("s/link", "file");
    s.node("s/null", FileType::CharacterDevice, 0o620, rustix::fs::makedev(1, 3));
    s.hard_link("s/again", "s/fifo").dir("s/shut").file("s/shut/f", "2").chmod("s/shut", 0o300);
    for name in ["s/open", "s/null", "s/file"] {
        s.chown(name, 12, 13);
    }
    s.chmod("s/open", 0o666).chmod("s/null", 0o620).times("s/open", 1000, 2000).times("s/null", 3000, 4000);
}

#[test]
fn nodes_have_all_that_they_should_without_proc() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        nodes(s);
        for options in [
            &["-a"][..],
            &["-rp"],
            &["-ab"],
            &["-r", "--preserve=all"],
            &["-dR", "--preserve=mode,timestamps"],
        ] {
            let run = s.cp(options).and(["s", "with"]).run().ends(0);
            run.complains("");
            let run = s.cp(options).and(["s", "without"]).without_proc().run();
            if run.stderr().contains("No such file or directory") {
                return skip("fchmodat2(2) is not there");
            }
            run.ends(0).complains("");
            for name in ["fifo", "open", "socket", "null", "link", "file", "shut"] {
                let [with, without] = ["with", "without"].map(|copy| s.attributes(format!("{copy}/{name}")));
                assert_eq!(with, without, "{options:?} {name}");
            }
            s.assert_same("with", "without");
            ["with", "without"].iter().for_each(|copy| std::fs::remove_dir_all(s.path(copy)).unwrap());
        }
        if is_reference() {
            return;
        }
        for options in
            [&["-a", "--atomic"][..], &["-a", "--placement=fused"], &["-a", "--verify", "--manifest=m"]]
        {
            s.cp(options).and(["s", "with"]).without_proc().succeeds();
            assert_eq!(
                (s.mode("with/open"), s.mode("with/null"), s.owner("with/null")),
                (0o666, 0o620, (12, 13))
            );
            std::fs::remove_dir_all(s.path("with")).unwrap();
        }
    });
}

#[test]
fn attributes_of_nodes_are_kept_without_proc() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.dir("s")
            .fifo("s/fifo", 0o600)
            .acl("s/fifo", 0o640, 4242)
            .symlink("s/link", "fifo")
            .file("s/file", "");
        for name in ["s/fifo", "s/link"] {
            let name = std::ffi::CString::new(s.path(name).into_os_string().into_encoded_bytes()).unwrap();
            rustix::fs::lsetxattr(name, c"trusted.a", b"1", rustix::fs::XattrFlags::empty()).unwrap();
        }
        let run = s.cp(["-a", "s", "t"]).without_proc().run();
        if run.stderr().contains("No such file or directory") {
            return skip("setxattrat(2) is not there");
        }
        run.ends(0).complains("");
        for name in ["fifo", "link", "file"] {
            s.assert_same_attributes(format!("s/{name}"), format!("t/{name}"));
        }
    });
}

/// Kernels before 6.6 and 6.13: there is no way, and that is told.
#[test]
fn what_cannot_be_set_without_proc_is_told() {
    if !needs_root() || is_reference() {
        return;
    }
    each_engine(|s| {
        s.dir("s").fifo("s/fifo", 0o666).chmod("s/fifo", 0o666);
        let newer = [452, 463, 464, 465];
        let run = s.cp(["-a", "s", "t"]).without_proc().refused(&newer, libc::ENOSYS).run().ends(1);
        run.mentions("t/fifo").mentions("No such file or directory");
        // With /proc they are not needed.
        s.cp(["-a", "s", "u"]).refused(&newer, libc::ENOSYS).succeeds();
        assert_eq!(s.mode("u/fifo"), 0o666);
    });
}
