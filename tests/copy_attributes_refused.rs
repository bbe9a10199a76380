//! Attributes that cannot be kept: what is said of them, and what the exit status is.

use crate::common::{Sandbox, each_engine, needs_root, with_xattrs};

/// A file of root's that anybody may write to, and one of an ordinary user's.
fn files_of_two(s: &Sandbox) {
    s.file("own", "new").chmod("own", 0o755).times("own", 1_000, 2_000).give_to_nobody();
    s.file("theirs", "old").chmod("theirs", 0o666).dir("d").chmod("d", 0o777).dir("e").give_to("e");
}

impl Sandbox {
    fn give_to(&self, name: &str) -> &Self {
        self.chown(name, 65534, 65534)
    }
}

#[test]
fn a_file_of_another_users_cannot_be_given_times_and_modes() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        files_of_two(s);
        let times = "ucp: preserving times for 'theirs': Operation not permitted";
        let permissions = "ucp: preserving permissions for ‘theirs’: Operation not permitted";
        for (option, complaint, status) in [
            ("-p", times, 1),
            ("--preserve=all", times, 1),
            ("--preserve=timestamps", times, 1),
            ("--preserve=mode", permissions, 1),
            ("--preserve=ownership", "", 0),
            // As it is with GNU cp: the failure to close the file to others goes without a word.
            ("--preserve=mode,ownership", "", 1),
        ] {
            s.file("theirs", "old").chmod("theirs", 0o666);
            s.cp([option, "own", "theirs"]).by_nobody().run().ends(status).complains(complaint);
            assert_eq!(
                (s.read("theirs"), s.mode("theirs"), s.owner("theirs")),
                (b"new".to_vec(), 0o666, (0, 0))
            );
        }
        let directory = "ucp: preserving times for 'd/e': Operation not permitted";
        s.dir("d/e").chmod("d/e", 0o777).file("e/f", "1").give_to("e/f").chmod("d", 0o777);
        s.cp(["-rp", "e", "d"]).by_nobody().fails(directory);
        assert_eq!(s.read("d/e/f"), b"1");
    });
}

#[test]
fn a_file_system_without_attributes_is_an_error_only_where_they_are_required() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        let Some(_mounted) = s.mount("ramfs", "r", "") else { return };
        s.file("f", "1").xattr("f", "user.a", b"1").xattr("f", "user.b", b"2").file("g", "2");
        s.cp(["--preserve=all", "f", "r/f"]).succeeds();
        s.cp(["--preserve=xattr", "f", "r/f"])
            .fails("ucp: setting attributes for 'r/f': Operation not supported");
        s.cp(["--preserve=all,xattr", "f", "r/f"])
            .fails("ucp: setting attributes for 'r/f': Operation not supported");
        for option in ["-a", "--preserve=all"] {
            s.cp([option, "--attributes-only", "f", "r/f"])
                .run()
                .ends(0)
                .complains("ucp: setting attributes for 'r/f': Operation not supported");
        }
        s.cp(["-p", "--preserve=xattr", "g", "r/f"]).succeeds();
        s.cp(["--preserve=xattr", "r/f", "h"]).succeeds();
        assert_eq!(s.read("r/f"), b"2");
    });
}

#[test]
fn a_file_system_without_acls_is_an_error_where_there_is_one() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        let Some(_mounted) = s.mount("ramfs", "r", "") else { return };
        s.file("f", "1").acl("f", 0o664, 1234).dir("d").default_acl("d", 0o775, 1234);
        for option in ["-p", "--preserve=mode", "--preserve=all"] {
            s.cp([option, "f", "r/f"])
                .fails("ucp: preserving permissions for ‘r/f’: Operation not supported");
            assert_eq!((s.read("r/f"), s.mode("r/f")), (b"1".to_vec(), 0o664));
        }
        s.cp(["-rp", "d", "r"]).fails("ucp: preserving permissions for ‘r/d’: Operation not supported");
        s.cp(["--no-preserve=mode", "f", "r/g"]).succeeds();
        assert_eq!(s.mode("r/g"), 0o644);
    });
}

#[test]
fn attributes_that_an_ordinary_user_may_not_set_are_named() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("f", "1").xattr("f", "user.a", b"1").xattr("f", "security.mark", b"2");
        s.dir("t").chmod("t", 0o777);
        let complaint = "ucp: setting attribute 'security.mark' for 'security.mark': Operation not permitted";
        s.cp(["--preserve=all", "f", "t/f"]).by_nobody().run().ends(0).complains(complaint);
        s.cp(["--preserve=xattr", "f", "t/g"]).by_nobody().fails(complaint);
        assert!(s.attributes("t/g").xattrs.contains_key("user.a"));
    });
}

#[test]
fn whom_a_privileged_user_cannot_give_a_file_to_is_told() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        // In a user namespace root may do all, but only to users there are.
        let probe =
            std::process::Command::new("unshare").args(["--user", "--map-root-user", "true"]).status();
        if !probe.is_ok_and(|status| status.success()) {
            return crate::common::skip("no user namespaces");
        }
        s.file("s/f", "1").chmod("s/f", 0o4755).symlink("s/l s", "x").fifo("s/p", 0o644).dir("s/d");
        for name in ["f", "l s", "p", "d"] {
            s.chown(format!("s/{name}"), 4321, 4321);
        }
        s.cp(["-rp", "s", "copy"]).in_user_namespace().run().ends(1).complains_lines(&[
            "ucp: failed to preserve ownership for 'copy/f': Invalid argument",
            "ucp: failed to preserve ownership for copy/l s: Invalid argument",
            "ucp: failed to preserve ownership for 'copy/p': Invalid argument",
            "ucp: failed to preserve ownership for 'copy/d': Invalid argument",
        ]);
        assert_eq!(["f", "p", "d"].map(|name| s.mode(format!("copy/{name}"))), [0o700, 0o600, 0o700]);
    });
}

#[test]
fn security_contexts_need_a_kernel_that_has_them() {
    if std::path::Path::new("/sys/fs/selinux/enforce").exists() {
        return crate::common::skip("this kernel has security contexts");
    }
    each_engine(|s| {
        s.file("f", "1");
        s.cp(["--preserve=context", "f", "g"])
            .fails("ucp: cannot preserve security context without an SELinux-enabled kernel");
        assert!(!s.exists("g"));
        s.cp(["-Z", "f", "g"]).succeeds();
        s.cp(["--context", "f", "h"]).succeeds();
        let warning = "ucp: warning: ignoring --context; it requires an SELinux-enabled kernel";
        s.cp(["--context=a:b:c", "f", "i"]).run().ends(0).complains(warning);
        s.cp(["--preserve=all", "f", "j"]).succeeds();
    });
}

#[test]
fn an_acl_that_cannot_be_taken_away_is_told_and_the_permissions_are_set() {
    each_engine(|s| {
        s.file("a", "1").dir("s").dir("d");
        let calls = [libc::SYS_fsetxattr, libc::SYS_setxattr];
        for (errno, reason) in [(libc::EPERM, "Operation not permitted"), (libc::EIO, "Input/output error")] {
            let lines = ["a", "s"].map(|name| format!("ucp: setting permissions for ‘d/{name}’: {reason}"));
            let run = s.cp(["-r", "--no-preserve=mode", "a", "s", "d"]).refused(&calls, errno).run();
            run.ends(1).complains_lines(&[&lines[0], &lines[1]]);
            assert_eq!((s.mode("d/a"), s.mode("d/s")), (0o644, 0o755));
            std::fs::remove_file(s.path("d/a")).unwrap();
            std::fs::remove_dir(s.path("d/s")).unwrap();
        }
        for errno in [libc::EOPNOTSUPP, libc::EINVAL, libc::EBUSY, libc::ENOSYS] {
            s.cp(["--no-preserve=mode", "a", "c"]).refused(&calls, errno).succeeds();
            assert_eq!(s.mode("c"), 0o644);
            std::fs::remove_file(s.path("c")).unwrap();
        }
    });
}
