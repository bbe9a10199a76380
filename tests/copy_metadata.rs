//! What file systems say of their files that is not so elsewhere: inodes that are no identity, types in listings that are
//! wrong, owners that nobody asked for, times that are cut, directories and files that cannot be opened or closed. And an
//! ACL that a mode hides.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use crate::common::odd::{self, Oddity, Served};
use crate::common::{Kind, Sandbox, each_engine, needs_extensions, needs_root, skip, with_xattrs};

/// This test's own name: its process serves the file system for the others.
const SERVER: &str = "copy_metadata::the_odd_file_system_can_be_served";

impl Sandbox {
    /// Mounts an odd file system on a new directory. `None`, loudly, where there can be none.
    fn odd(&self, name: &str, oddity: Oddity) -> Option<Served> {
        self.dir(name);
        let mut server = Command::new(std::env::current_exe().unwrap());
        server.args(["--exact", SERVER, "--nocapture"]);
        match odd::start(server, &self.path(name), oddity) {
            Ok(served) => Some(served),
            Err(error) => {
                skip(&format!("cannot mount a FUSE file system: {error}"));
                None
            }
        }
    }

    fn links(&self, name: &str) -> u64 {
        self.path(name).symlink_metadata().unwrap().nlink()
    }

    /// Sets when a file was written, to the nanosecond.
    fn written(&self, name: &str, seconds: i64, nanoseconds: i64) -> &Self {
        let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, self.path(name), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        self
    }
}

#[test]
fn the_odd_file_system_can_be_served() {
    if odd::serve_if_asked() {
        return;
    }
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::Inodes) else { return };
        s.file("m/a", "x").hard_link("m/b", "m/a").symlink("m/l", "a").fifo("m/p", 0o600);
        assert_eq!((s.links("m/a"), s.read("m/b")), (2, b"x".to_vec()));
        let inode = |name| s.path(name).symlink_metadata().unwrap().ino();
        assert_ne!(inode("m/a"), inode("m/b"));
    });
}

#[test]
fn a_link_that_cannot_be_looked_at_any_more_leaves_nothing() {
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::SilentWhenLinked) else { return };
        s.file("s/one", "1").hard_link("s/two", "s/one").file("m/d/one", "old").file("m/d/two", "old");
        // GNU cp does not look.
        if !needs_extensions() {
            return;
        }
        s.cp(["-dr", "s/.", "m/d"]).run().ends(1).mentions("cannot create hard link 'm/d/./");
        let mut left = [s.read("m/d/one"), s.read("m/d/two")];
        left.sort();
        assert_eq!((left, s.names("m/d").len()), ([b"1".to_vec(), b"old".to_vec()], 3));
        // Nor where the name was free.
        s.cp(["-dr", "s", "m/e"]).run().ends(1).mentions("cannot create hard link 'm/e/");
        assert_eq!(s.names("m/e").len(), 2);
    });
}

#[test]
fn hard_links_are_kept_where_each_name_has_an_inode_of_its_own() {
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::Inodes) else { return };
        s.dir("s/sub").file("s/one", "1").hard_link("s/two", "s/one").hard_link("s/sub/three", "s/one");
        s.symlink("s/l", "one").hard_link("s/m", "s/l");
        for options in ["-a", "-dr"] {
            let to = format!("m/d{options}");
            s.cp([options, "s", &to]).succeeds();
            assert_eq!((s.links(&format!("{to}/one")), s.links(&format!("{to}/l"))), (3, 2), "{options}");
            s.assert_same("s", &to);
            // Onto what is there each name is taken away and linked anew.
            s.file("s/one", "longer");
            s.cp([options, "s/.", &to]).succeeds();
            s.assert_same("s", &to);
            s.file("s/one", "1");
        }
        s.dir("m/t");
        s.cp(["-d", "s/one", "s/two", "m/t"]).succeeds();
        assert_eq!(s.links("m/t/two"), 2);
    });
}

/// An overlay on `m` over the files of `l`, of which `l/a` and `l/b` are one.
fn overlay(s: &Sandbox) -> Option<impl Drop + use<>> {
    if !needs_root() {
        return None;
    }
    s.file("l/a", "old").hard_link("l/b", "l/a").file("l/c", "old").dir("u").dir("w");
    let [lower, upper, work] = ["l", "u", "w"].map(|name| s.path(name).display().to_string());
    s.mount("overlay", "m", &format!("lowerdir={lower},upperdir={upper},workdir={work}"))
}

#[test]
fn a_file_of_a_lower_layer_is_overwritten_though_its_inode_changes() {
    each_engine(|s| {
        let Some(_mounted) = overlay(s) else { return };
        s.file("new", "new").file("newer", "newer!").symlink("m/link", "c");
        s.cp(["new", "m/a"]).succeeds();
        s.cp(["-p", "newer", "m/b"]).succeeds();
        s.cp(["new", "m/link"]).succeeds();
        assert_eq!((s.read("m/a"), s.read("m/b")), (b"new".to_vec(), b"newer!".to_vec()));
        assert_eq!((s.read("m/c"), s.read("l/a")), (b"new".to_vec(), b"old".to_vec()));
    });
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_mounted) = overlay(s) else { return };
        s.file("new", "new");
        s.cp(["--atomic", "new", "m/a"]).succeeds();
        assert_eq!(s.read("m/a"), b"new");
    });
}

#[test]
fn what_stays_in_a_lower_layer_becomes_one_file() {
    each_engine(|s| {
        let Some(_mounted) = overlay(s) else { return };
        s.file("s/a", "1").hard_link("s/b", "s/a").hard_link("s/c", "s/a").hard_link("s/d", "s/a");
        s.times("s/a", 1000, 1000);
        s.cp(["-au", "s/.", "m"]).succeeds();
        assert_eq!((s.links("m/a"), s.read("m/d")), (4, b"old".to_vec()));
    });
}

#[test]
fn two_spellings_of_one_name_are_one_file() {
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::Caseless) else { return };
        s.file("m/a", "precious").symlink("m/l", "a");
        for options in ["--remove-destination", "-f", "-a"] {
            s.cp([options, "m/a", "m/A"]).fails("ucp: 'm/a' and 'm/A' are the same file");
        }
        s.cp(["-d", "--remove-destination", "m/l", "m/L"]).succeeds();
        s.cp(["-r", "--remove-destination", "m/a", "m/l", "m/."]).run().ends(1);
        assert_eq!((s.read("m/a"), s.read("m/l")), (b"precious".to_vec(), b"precious".to_vec()));
        if !needs_extensions() {
            // GNU cp takes the spelling for another name, and the name is gone.
            return;
        }
        s.hard_link("m/other", "m/a");
        s.cp(["--remove-destination", "m/a", "m/A"]).fails("ucp: 'm/a' and 'm/A' are the same file");
        assert_eq!(s.links("m/a"), 2);
    });
}

#[test]
fn two_names_that_differ_in_case_are_two_where_case_counts() {
    each_engine(|s| {
        s.file("a", "1").hard_link("A", "a");
        s.cp(["--remove-destination", "a", "A"]).succeeds();
        assert_eq!((s.links("a"), s.links("A")), (1, 1));
    });
}

#[test]
fn what_is_listed_wrongly_is_copied_as_what_it_is() {
    for oddity in [Oddity::ListedAsFiles, Oddity::ListedAsDirectories] {
        each_engine(|s| {
            let Some(_served) = s.odd("m", oddity) else { return };
            for tree in ["m/s", "true"] {
                let below = |name: &str| format!("{tree}/{name}");
                s.file(below("f"), "1").file(below("sub/g"), "2").dir(below("empty"));
                s.symlink(below("l"), "f").symlink(below("sub/k"), "../sub").fifo(&below("p"), 0o644);
            }
            for options in ["-r", "-a", "-rv", "-ru"] {
                let to = format!("d{options}");
                s.cp([options, "m/s", &to]).run().ends(0);
                s.assert_same("true", &to);
            }
            s.cp(["-rL", "m/s/sub/..", "followed"]).run().ends(1).mentions("sub/k");
            assert_eq!(s.read("followed/l"), b"1");
            assert!(s.path("followed/l").symlink_metadata().unwrap().is_file());
        });
    }
}

#[test]
fn an_acl_behind_an_empty_mask_goes_before_a_file_changes_hands() {
    each_engine(|s| {
        if !needs_root() || !with_xattrs(s) {
            return;
        }
        for options in ["-p", "-a"] {
            s.file("s", "new").chmod("s", 0o644).chown("s", 0, 50);
            s.file("d", "old").acl("d", 0o600, 1000);
            s.cp([options, "s", "d"]).succeeds();
            s.assert_same_attributes("s", "d");
            s.dir("s-dir").chmod("s-dir", 0o755).chown("s-dir", 0, 50).dir("d-dir").acl("d-dir", 0o700, 1000);
            s.cp([options, "-rT", "s-dir", "d-dir"]).succeeds();
            s.assert_same_attributes("s-dir", "d-dir");
            std::fs::remove_file(s.path("d")).unwrap();
            std::fs::remove_dir(s.path("d-dir")).unwrap();
        }
    });
}

#[test]
fn what_belongs_to_somebody_else_fails_at_the_destination_and_the_copy_goes_on() {
    for umask in [0o022, 0o077] {
        each_engine(|s| {
            if !needs_root() {
                return;
            }
            let Some(_served) = s.odd("m", Oddity::OwnedByRoot) else { return };
            s.file("s/f", "1").chmod("s/f", 0o644).file("s/sub/g", "2").file("ro/h", "3").chmod("ro", 0o555);
            for (options, mode) in [("-r", 0o755 & !umask), ("-a", 0o700), ("-rp", 0o700)] {
                let to = format!("m/d{options}");
                let outcome = s.cp([options, "s", &to]).umask(umask).by_nobody().run().ends(1);
                let said = outcome.stderr();
                for (what, name) in [("regular file", "f"), ("directory", "sub")] {
                    let problem = format!("cannot create {what} '{to}/{name}': Permission denied");
                    outcome.expect(said.contains(&problem), &problem);
                }
                assert_eq!(s.mode(&to), mode, "{options} {umask:o}");
            }
            // What it lacks cannot be lent to it, and it stays as it was asked for.
            s.cp(["-r", "ro", "m"])
                .umask(umask)
                .by_nobody()
                .fails("ucp: setting permissions for 'm/ro': Operation not permitted");
            assert_eq!(s.mode("m/ro"), 0o555 & !umask);
        });
    }
}

#[test]
fn a_copy_is_not_older_for_what_its_file_system_cannot_keep() {
    each_engine(|s| {
        let Some(_mounted) = s.image(Kind::Ext2) else { return };
        s.file("s/f", "x").symlink("s/l", "f").written("s/f", 1_000_000_000, 700_000_000);
        s.written("s/l", 1_000_000_000, 700_000_000);
        s.cp(["-a", "s", "ext2"]).succeeds();
        for options in ["-au", "-rdpu"] {
            s.cp([options, "-v", "s", "ext2"]).succeeds().prints("");
        }
        s.cp(["-upv", "s/f", "ext2/s/f"]).succeeds().prints("");
        assert_eq!(s.path("ext2/s/f").symlink_metadata().unwrap().mtime(), 1_000_000_000);
        // It is, by what can be kept; and where times are not kept.
        s.cp(["-uv", "s/f", "ext2/s/f"]).succeeds().prints("'s/f' -> 'ext2/s/f'\n");
        s.written("ext2/s/f", 1_000_000_000, 0).written("s/f", 1_000_000_001, 0);
        s.cp(["-upv", "s/f", "ext2/s/f"]).succeeds().prints("'s/f' -> 'ext2/s/f'\n");
    });
}

#[test]
fn a_copy_that_is_older_by_less_than_a_second_is_older_where_that_is_kept() {
    each_engine(|s| {
        s.file("f", "new").file("d", "old").written("f", 1_000_000_000, 700_000_000);
        s.written("d", 1_000_000_000, 0);
        s.cp(["-upv", "f", "d"]).succeeds().prints("'f' -> 'd'\n");
        assert_eq!(s.read("d"), b"new");
    });
    each_engine(|s| {
        // A file system that says of other times how finely it keeps them is believed, as GNU cp does.
        let Some(_served) = s.odd("m", Oddity::SecondsOfWriting) else { return };
        s.file("f", "new").written("f", 1_000_000_000, 700_000_000);
        s.cp(["-p", "f", "m/f"]).succeeds();
        s.cp(["-upv", "f", "m/f"]).succeeds().prints("'f' -> 'm/f'\n");
    });
}

#[test]
fn a_source_directory_that_cannot_be_opened_is_made_without_its_entries() {
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::Unlisted) else { return };
        s.file("m/d/e/f", "1").file("m/d/z", "2").chmod("m/d", 0o751).written("m/d", 1_000_000_000, 0);
        for (options, mode) in [("-a", 0o751), ("-r", 0o751)] {
            s.cp([options, "m/d", "o"]).fails("ucp: cannot access 'm/d': Input/output error");
            assert_eq!((s.names("o").len(), s.mode("o")), (1, mode));
            assert!(options == "-r" || s.attributes("o").modified == (1_000_000_000, 0));
            std::fs::remove_dir(s.path("o")).unwrap();
        }
    });
}

#[test]
fn a_backup_takes_the_place_of_a_copy_whose_source_could_not_be_closed() {
    each_engine(|s| {
        let Some(_served) = s.odd("m", Oddity::Unclosed) else { return };
        let failed = |name: &str| format!("ucp: failed to close '{name}': Input/output error");
        for size in [3, 100_000, 3_000_000] {
            // The file itself is closed with the error too, unless nobody looks.
            let source = vec![b'x'; size];
            std::fs::remove_file(s.path("m/a")).ok();
            s.file("m/a", &source).file("o", "old");
            for options in [&["-b"][..], &["-ab"], &["--backup=numbered"]] {
                s.cp(options).and(["m/a", "o"]).fails(&failed("m/a"));
                assert_eq!(s.read("o"), b"old", "{options:?}");
                assert!(!s.exists("o~") && !s.exists("o.~1~"), "{options:?}");
            }
            // Without one the copy stays, which is whole.
            s.cp(["m/a", "o"]).fails(&failed("m/a"));
            assert!(s.read("o") == source);
        }
    });
}
