//! Extended attributes and ACLs under `--preserve`.

use crate::common::{Sandbox, each_engine, is_root, needs_root, noise, with_xattrs};

const ACL: &str = "system.posix_acl_access";
const DEFAULT_ACL: &str = "system.posix_acl_default";

/// Names of the extended attributes of a file.
fn names(s: &Sandbox, name: &str) -> Vec<String> {
    s.attributes(name).xattrs.into_keys().collect()
}

#[test]
fn extended_attributes_of_all_kinds_are_kept() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/small", "1")
            .file("s/empty", "")
            .file("s/large", noise(2 << 20, 1))
            .dir("s/d")
            .symlink("s/l", "x");
        s.fifo("s/p", 0o644);
        for name in ["small", "empty", "large", "d"] {
            s.xattr(format!("s/{name}"), "user.one", b"1").xattr(format!("s/{name}"), "user.empty", b"");
            s.xattr(format!("s/{name}"), "user.long", &noise(2000, 1));
            s.xattr(
                format!("s/{name}"),
                "user.a very long name, longer than most \u{e4} ".trim(),
                &[0, 255, 10],
            );
        }
        if is_root() {
            for name in ["small", "d", "l", "p"] {
                s.xattr(format!("s/{name}"), "trusted.mark", b"2");
            }
            s.chown("s/small", 1000, 1000).chown("s/large", 1000, 1000);
            let capability = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            s.xattr("s/small", "security.capability", &capability);
        }
        for option in ["--preserve=xattr,ownership,timestamps,mode", "--preserve=all"] {
            s.cp(["-rT", option, "s", "copy"]).succeeds();
            s.assert_same_attributes("s", "copy");
        }
        s.cp(["-r", "--preserve=xattr", "s", "plain"]).succeeds();
        assert_eq!(names(s, "plain/large"), names(s, "s/large"));
        s.cp(["-rp", "s", "without"]).succeeds();
        assert_eq!(names(s, "without/large"), [""; 0]);
    });
}

#[test]
fn many_names_and_long_values_are_kept() {
    each_engine(|s| {
        // ext4 has hardly room for more; a tmpfs has.
        let Some(_mounted) = s.tmpfs("t", "size=8m") else { return };
        s.file("t/f", "1");
        let probe = rustix::fs::setxattr(s.path("t/f"), "user.probe", b"1", rustix::fs::XattrFlags::empty());
        if probe.is_err() {
            return crate::common::skip("no user attributes in a tmpfs");
        }
        for number in 0..100 {
            s.xattr("t/f", &format!("user.name-of-some-length-{number}"), &noise(number, 1));
        }
        s.xattr("t/f", "user.huge", &noise(60_000, 1));
        s.cp(["-p", "--preserve=xattr", "t/f", "t/g"]).succeeds();
        assert_eq!(s.attributes("t/g"), s.attributes("t/f"));
    });
}

#[test]
fn read_only_files_get_theirs_too() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/f", "1").dir("s/d");
        s.xattr("s/f", "user.a", b"1").xattr("s/d", "user.a", b"2").chmod("s/f", 0o444).chmod("s/d", 0o555);
        s.give_to_nobody();
        for option in ["--preserve=xattr", "--preserve=all,xattr"] {
            let copy = option.trim_start_matches('-');
            s.cp(["-r", option, "s", copy]).by_nobody().succeeds();
            assert_eq!((s.mode(format!("{copy}/f")), s.mode(format!("{copy}/d"))), (0o444, 0o555));
            assert_eq!(names(s, &format!("{copy}/f")), ["user.a"]);
            assert_eq!(names(s, &format!("{copy}/d")), ["user.a"]);
        }
    });
}

#[test]
fn some_names_are_left_and_existing_ones_stay() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("f", "1")
            .xattr("f", "user.Beagle.index", b"1")
            .xattr("f", "user.kept", b"2")
            .acl("f", 0o664, 1234);
        s.file("g", "1").xattr("g", "user.old", b"3").xattr("g", "user.kept", b"4");
        s.cp(["--preserve=xattr", "f", "g"]).succeeds();
        assert_eq!(names(s, "g"), ["user.kept", "user.old"]);
        assert_eq!(s.attributes("g").xattrs["user.kept"], b"2");
    });
}

#[test]
fn mode_keeps_acls_and_nothing_else_does() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/f", "1")
            .acl("s/f", 0o664, 1234)
            .dir("s/d")
            .acl("s/d", 0o771, 1234)
            .default_acl("s/d", 0o775, 77);
        s.file("s/d/plain", "2").chmod("s/d/plain", 0o640).fifo("s/p", 0o640).acl("s/p", 0o660, 1234);
        s.chmod("s/d", 0o3771).file("s/big", noise(1 << 20, 1)).acl("s/big", 0o604, 9);
        for (option, umask) in [("-p", 0o022), ("--preserve=mode", 0), ("--preserve=all", 0o077)] {
            let copy = format!("copy-{umask}");
            s.cp(["-r", option, "s", &copy]).umask(umask).succeeds();
            for name in ["f", "d", "p", "big", "d/plain", ""] {
                let (old, new) = (s.attributes(format!("s/{name}")), s.attributes(format!("{copy}/{name}")));
                assert_eq!((old.mode, old.xattrs.get(ACL)), (new.mode, new.xattrs.get(ACL)), "{name}");
                assert_eq!(old.xattrs.get(DEFAULT_ACL), new.xattrs.get(DEFAULT_ACL), "{name}");
            }
        }
        for option in ["--preserve=xattr", "--preserve=ownership,timestamps", "--no-preserve=mode"] {
            let copy = option.trim_start_matches('-');
            s.cp(["-r", option, "s", copy]).succeeds();
            assert_eq!(names(s, &format!("{copy}/f")), [""; 0]);
        }
    });
}

#[test]
fn a_directory_behind_a_link_has_the_attributes_of_the_link() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("real/f", "1").xattr("real", "user.own", b"1").acl("real", 0o770, 1234);
        s.acl("real/f", 0o664, 1234).symlink("l", "real").symlink("tree/l", "../real");
        let trusted = is_root().then(|| s.xattr("l", "trusted.link", b"2")).is_some();
        let copies: [(&[&str], &str); 4] = [
            (&["-aL", "l"], "one/l"),
            (&["-aH", "l"], "two/l"),
            (&["-rp", "-L", "tree/l"], "three/l"),
            (&["-aL", "tree"], "four/tree/l"),
        ];
        for (arguments, copy) in copies {
            let into = copy.split('/').next().unwrap();
            s.dir(into);
            s.cp(arguments.iter().chain(&[into])).succeeds();
            let of_link = trusted && arguments.contains(&"l");
            let expected: &[&str] = if of_link { &["trusted.link"] } else { &[] };
            // The mask has become the group's permissions.
            assert_eq!(names(s, copy), expected, "{arguments:?}");
            assert_eq!(s.mode(copy), 0o770, "{arguments:?}");
            assert!(s.attributes(format!("{copy}/f")).xattrs.contains_key(ACL));
        }
        // A slash leads to the directory itself.
        for source in ["l/", "l/."] {
            s.dir("behind");
            s.cp(["-aT", source, "behind"]).succeeds();
            assert_eq!(s.attributes("behind").xattrs, s.attributes("real").xattrs, "{source}");
        }
    });
}

#[test]
fn a_directory_with_a_default_acl_gives_it_to_what_is_made_in_it() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/f", "1")
            .dir("s/d")
            .file("s/d/g", "2")
            .fifo("s/p", 0o644)
            .dir("t")
            .default_acl("t", 0o775, 77);
        for (option, mode, acl) in [
            ("-p", 0o644, true),
            ("--preserve=all", 0o644, true),
            ("--preserve=ownership", 0o644, true),
            ("--preserve=timestamps", 0o644, true),
            ("--no-preserve=mode", 0o644, false),
        ] {
            let copy = format!("t/{option}");
            s.cp(["-r", option, "s", &copy]).succeeds();
            for name in ["f", "d/g", "p"] {
                let name = format!("{copy}/{name}");
                assert_eq!(s.mode(&name), mode, "{name}");
                assert_eq!(s.attributes(&name).xattrs.contains_key(ACL), acl, "{name}");
            }
            assert_eq!(s.mode(&copy), 0o755);
            let directory = s.attributes(&copy).xattrs;
            assert_eq!((directory.contains_key(ACL), directory.contains_key(DEFAULT_ACL)), (acl, true));
        }
    });
}

#[test]
fn an_acl_of_an_existing_file_goes_only_when_it_changes_hands() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("f", "1").chmod("f", 0o640);
        for (option, owner, stays) in [
            ("-p", 0, true),
            ("-p", 5, false),
            ("--preserve=mode", 5, true),
            ("--preserve=ownership", 5, true),
        ] {
            s.file("g", "old").acl("g", 0o666, 99).chown("g", owner, owner);
            s.cp([option, "f", "g"]).succeeds();
            assert_eq!(s.attributes("g").xattrs.contains_key(ACL), stays, "{option} {owner}");
            assert_eq!(s.mode("g"), if option == "--preserve=ownership" { 0o666 } else { 0o640 });
            std::fs::remove_file(s.path("g")).unwrap();
        }
    });
}
