//! Attributes on file systems that show or refuse them in ways of their own.

use crate::common::{Kind, Sandbox, each_engine};

/// A directory on btrfs that lists `trusted.*` to ordinary users, who cannot have the values.
fn on_btrfs(body: impl Fn(&Sandbox)) {
    each_engine(|s| {
        let Some(_mounted) = s.image(Kind::Btrfs) else { return };
        s.file("btrfs/f", "1").dir("btrfs/d").symlink("btrfs/l", "f");
        s.xattr("btrfs/f", "user.a", b"1")
            .xattr("btrfs/f", "trusted.t", b"2")
            .xattr("btrfs/f", "user.z", b"3");
        s.xattr("btrfs/d", "trusted.t", b"2").xattr("btrfs/l", "trusted.t", b"2");
        s.dir("btrfs/to").give_to_nobody();
        body(s);
    });
}

const REFUSED: &str = "ucp: getting attribute 'trusted.t' of 'trusted.t': No data available";

#[test]
fn attributes_that_are_listed_and_have_no_value_are_told_where_they_are_required() {
    on_btrfs(|s| {
        let sources = ["f", "d", "l"].map(|name| format!("btrfs/{name}"));
        for options in
            [&["-R", "--preserve=xattr"][..], &["-a", "--preserve=xattr"], &["-R", "--preserve=all,xattr"]]
        {
            let to = format!("btrfs/to/{}", options.concat());
            s.dir(&to).give_to_nobody();
            s.cp(options)
                .and(&sources)
                .and([&to])
                .by_nobody()
                .run()
                .ends(1)
                .complains(&[REFUSED; 3].join("\n"));
            let kept = s.attributes(format!("{to}/f")).xattrs;
            assert_eq!(kept.into_keys().collect::<Vec<_>>(), ["user.a", "user.z"]);
        }
        // GNU cp gives such a directory no more than that.
        assert_eq!(s.mode("btrfs/to/-a--preserve=xattr/d"), 0o700);
        for options in ["-a", "-R --preserve=all"] {
            let to = format!("btrfs/to/{options}");
            s.dir(&to).give_to_nobody();
            s.cp(options.split(' ')).and(&sources).and([&to]).by_nobody().succeeds();
            let kept = s.attributes(format!("{to}/f")).xattrs;
            assert_eq!(kept.into_keys().collect::<Vec<_>>(), ["user.a", "user.z"]);
            assert_eq!(s.mode(format!("{to}/d")), 0o755);
        }
    });
}

#[test]
fn attributes_without_a_value_are_told_without_failing_where_only_attributes_are_copied() {
    on_btrfs(|s| {
        for option in ["-a", "--preserve=all"] {
            s.cp([option, "--attributes-only", "btrfs/f", "btrfs/to/f"])
                .by_nobody()
                .run()
                .ends(0)
                .complains(REFUSED);
        }
        let [source, link] = ["btrfs/f", "btrfs/to/l2"].map(|name| s.path(name));
        s.cp(["-s", "--preserve=xattr"]).and([source, link]).by_nobody().run().ends(1).complains(&format!(
            "{REFUSED}\n\
             ucp: setting attribute 'user.a' for 'user.a': Operation not permitted\n\
             ucp: setting attribute 'user.z' for 'user.z': Operation not permitted"
        ));
    });
}
