//! What GNU cp does not follow keeps its time of access: a link at the destination of what is not copied, or that goes, and
//! a source that is a link.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::common::{Kind, Sandbox, each_engine, needs_root, noise};

const OLD: i64 = 1_000_000_000;

fn old(s: &Sandbox, names: &[&str]) {
    for name in names {
        s.times(name, OLD, OLD);
    }
}

fn is_untouched(s: &Sandbox, name: &str) -> bool {
    s.accessed(name).0 == OLD
}

#[test]
fn a_link_at_the_destination_is_not_followed_for_what_is_not_copied() {
    each_engine(|s| {
        s.dir("d").dir("s/dir").symlink("d/none", "nowhere").symlink("d/dir", "nowhere");
        old(s, &["d/none", "d/dir"]);
        s.cp(["none", "d"]).fails("ucp: cannot stat 'none': No such file or directory");
        s.cp(["s/dir", "d"]).fails("ucp: -r not specified; omitting directory 's/dir'");
        assert!(is_untouched(s, "d/none"));
        assert!(is_untouched(s, "d/dir"));
        s.file("none", "1").cp(["none", "d"]).run().ends(1);
        assert!(!is_untouched(s, "d/none"), "times of access are not kept here");
    });
}

#[test]
fn a_link_that_is_copied_onto_itself_is_not_followed() {
    each_engine(|s| {
        s.symlink("g", ".");
        old(s, &["g"]);
        s.cp(["-a", "g", "."]).fails("ucp: 'g' and './g' are the same file");
        assert!(is_untouched(s, "g"));
    });
}

#[test]
fn a_link_in_the_way_of_a_directory_is_followed_only_where_sources_are_not() {
    each_engine(|s| {
        s.dir("t").dir("d").symlink("d/t", "../t");
        let ways: [(&[&str], bool); 9] = [
            (&["-r"], false),
            (&["-ru"], false),
            (&["-rl", "-P"], false),
            (&["-rL"], true),
            (&["-rH"], true),
            (&["-rL", "--copy-contents"], true),
            (&["-rn"], true),
            (&["-rs"], true),
            (&["-r", "--remove-destination"], true),
        ];
        for (options, untouched) in ways {
            old(s, &["d/t"]);
            s.cp(options).and(["t", "d"]).run().ends(1);
            assert_eq!(is_untouched(s, "d/t"), untouched, "{options:?}");
        }
    });
}

#[test]
fn a_link_that_goes_for_a_file_is_not_followed() {
    each_engine(|s| {
        s.file("f", "1").dir("d").symlink("d/f", "../f");
        let ways: [(&[&str], bool); 7] = [
            (&["-i", "--remove-destination"], true),
            (&["--update=none-fail", "--remove-destination"], true),
            (&["-u", "--remove-destination"], true),
            (&["-i", "-b"], true),
            (&["-n", "-l", "-P"], true),
            (&["-n"], false),
            (&["-i"], false),
        ];
        for (options, untouched) in ways {
            old(s, &["f", "d/f"]);
            // A question is answered with no.
            s.cp(options).and(["f", "d"]).input("").run();
            assert_eq!(is_untouched(s, "d/f"), untouched, "{options:?}");
        }
    });
}

#[test]
fn a_source_that_is_a_link_is_not_followed_where_a_backup_is_made() {
    each_engine(|s| {
        s.file("f", "1").symlink("l", "f").file("d/l", "2");
        let ways: [(&[&str], bool); 3] = [(&["-P", "-i", "-b"], true), (&["-Pub"], true), (&["-Pi"], false)];
        for (options, untouched) in ways {
            old(s, &["l"]);
            s.cp(options).and(["l", "d"]).input("").run();
            assert_eq!(is_untouched(s, "l"), untouched, "{options:?}");
        }
    });
}

#[test]
fn no_link_is_followed_before_the_directories_above_a_copy_are_made() {
    each_engine(|s| {
        s.dir("made").file("k", "1").dir("d").symlink("d/k", "nowhere");
        old(s, &["d/k"]);
        // What comes after the last directory that was made counts as new.
        s.cp(["--parents", "-Pl", "-t", "d", "made/none", "k"]).run().ends(1);
        assert!(is_untouched(s, "d/k"));
        s.symlink("up/l", "nowhere").file("e/up/l", "1");
        old(s, &["up/l"]);
        s.cp(["--parents", "up/l/.", "e"]).fails("ucp: 'e/up/l' exists but is not a directory");
        assert!(is_untouched(s, "up/l"));
    });
}

#[test]
fn a_source_keeps_its_access_time_where_it_is_cloned_or_its_copy_cannot_be_made() {
    each_engine(|s| {
        s.file("f", "1").dir("none/g").dir("closed/f");
        old(s, &["f"]);
        s.cp(["f", "missing/g"])
            .fails("ucp: cannot create regular file 'missing/g': No such file or directory");
        assert_eq!(s.accessed("f").0, OLD);
        for kind in [Kind::Xfs, Kind::Btrfs] {
            let Some(_mounted) = s.image(kind) else { continue };
            let at = |name: &str| format!("{}/{name}", kind.name());
            let names = ["f", "g", "empty"].map(at);
            s.file(&names[0], "1").file(&names[1], "2").file(&names[2], "").dir(at("d"));
            s.symlink(at("d/f"), "../f").symlink(at("d/g"), "nowhere");
            old(s, &names.each_ref().map(String::as_str));
            for (option, name) in [("--remove-destination", 0), ("-b", 0), ("-p", 1), ("-p", 2)] {
                s.cp([option, &names[name], &at("d")]).env("POSIXLY_CORRECT", "1").succeeds();
                assert_eq!(s.accessed(&names[name]).0, OLD, "{option} {}", names[name]);
            }
        }
    });
}

#[test]
fn what_is_copied_within_layers_keeps_its_access_time() {
    each_engine(|s| {
        if !needs_root() {
            return;
        }
        s.dir("disk");
        let Some(_disk) = s.tmpfs("disk", "size=64m") else { return };
        for name in ["lower", "upper", "work"] {
            s.dir(format!("disk/{name}"));
        }
        let layers =
            ["lower", "upper", "work"].map(|name| s.path(format!("disk/{name}")).display().to_string());
        let options = format!("lowerdir={},upperdir={},workdir={}", layers[0], layers[1], layers[2]);
        let Some(_layers) = s.mount("overlay", "layers", &options) else { return };
        let holes: &[(u64, &[u8])] = &[(100_000, b"1"), (300_000, b"2")];
        s.sparse("layers/s/holes", 500_000, holes).file("layers/s/small", "1");
        s.file("layers/s/middle", noise(200_000, 1)).file("layers/s/large", noise(9 << 20, 2));
        let names = ["holes", "small", "middle", "large"].map(|name| format!("layers/s/{name}"));
        old(s, &names.each_ref().map(String::as_str));
        s.cp(["-r", "layers/s", "layers/d"]).succeeds();
        for name in &names {
            assert_eq!(s.accessed(name).0, OLD, "{name}");
        }
        s.assert_same("layers/s", "layers/d");
    });
}

#[test]
fn a_directory_is_not_read_to_tell_two_names_from_two_spellings_of_one() {
    each_engine(|s| {
        s.file("d/\u{306f}", "1").hard_link("d/x", "d/\u{306f}");
        old(s, &["d"]);
        s.cp(["d/\u{306f}", "d/x"]).fails("ucp: 'd/\u{306f}' and 'd/x' are the same file");
        assert_eq!(s.accessed("d").0, OLD);
    });
}

#[test]
fn a_file_that_is_one_hole_is_filled_and_not_read() {
    each_engine(|s| {
        for (name, size) in [("small", 4095), ("large", 3_000_001)] {
            let copy = format!("{name}-copy");
            s.sparse(name, size, &[]);
            old(s, &[name]);
            let copied = s.cp(["--sparse=never", "--debug", name, &copy]).succeeds();
            let said = String::from_utf8_lossy(copied.stdout());
            assert!(
                said.contains("\ncopy offload: unknown, reflink: no, sparse detection: SEEK_HOLE\n"),
                "{said}"
            );
            assert!(is_untouched(s, name), "{name}");
            assert!(s.read(&copy) == vec![0; usize::try_from(size).unwrap()], "{name}");
            assert!(s.path(&copy).metadata().unwrap().blocks() * 512 >= size, "{name}");
        }
        s.sparse("partly", 3_000_000, &[(1_000_000, b"data")]);
        old(s, &["partly"]);
        s.cp(["--sparse=never", "partly", "copy"]).succeeds();
        assert!(!is_untouched(s, "partly"), "times of access are not kept here");
        assert!(
            s.read("copy") == s.read("partly")
                && s.path("copy").metadata().unwrap().blocks() * 512 >= 3_000_000
        );
    });
}

#[test]
fn a_link_in_the_place_of_a_copy_that_was_taken_to_be_free_is_read() {
    each_engine(|s| {
        // GNU cp takes the directory for a new one where directories of another operand were made in it.
        s.file("p", "1").symlink("d/p", "nowhere");
        old(s, &["d/p"]);
        let missing = s.path("other/c");
        s.cp([Path::new("--parents"), &missing, Path::new("p"), Path::new("d")]).run().ends(1).complains(
            &format!(
                "ucp: failed to get attributes of '{}': No such file or directory\n\
             ucp: not writing through dangling symlink 'd/p'",
                s.path("other").display()
            ),
        );
        assert!(!is_untouched(s, "d/p"));
    });
}

#[test]
fn a_link_is_not_followed_for_a_source_in_a_directory_that_may_not_be_searched() {
    each_engine(|s| {
        s.file("s/f", "1").symlink("d/s/f", "../../s/f").give_to_nobody().chmod("s", 0o400);
        old(s, &["d/s/f"]);
        s.cp(["-r", "s", "d"]).by_nobody().fails("ucp: cannot stat 's/f': Permission denied");
        assert!(is_untouched(s, "d/s/f"));
    });
}

#[test]
fn a_link_is_not_followed_or_read_before_it_is_certain_to_count() {
    each_engine(|s| {
        s.dir("a").dir("g/e").dir("d/f").symlink("d/a", "../elsewhere").symlink("d/e", ".");
        old(s, &["d/a", "d/e"]);
        s.cp(["--keep-directory-symlink", "-lR", "-t", "d", "a"])
            .fails("ucp: cannot overwrite non-directory 'd/a' with directory 'a'");
        s.cp(["--keep-directory-symlink", "-ab", "g/e", "d"]).succeeds();
        assert!(is_untouched(s, "d/a") && is_untouched(s, "d/e~"));
        // Of another length than the target that the copy would have.
        s.symlink("s/l", "here").symlink("t/s/l", "elsewhere");
        old(s, &["t/s/l"]);
        s.cp(["-a", "-u", "--attributes-only", "s", "t"])
            .fails("ucp: cannot create symbolic link 't/s/l': File exists");
        assert!(is_untouched(s, "t/s/l"));
    });
}
