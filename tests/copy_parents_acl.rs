//! Directories that `--parents` makes below one with a default ACL.

use crate::common::{each_engine, needs_root, with_xattrs};

#[test]
fn the_mask_of_an_inherited_acl_is_what_the_source_grants() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        for umask in [0, 0o022, 0o077] {
            for (mode, made) in [(0o777, 0o774), (0o2777, 0o774), (0o755, 0o754), (0o700, 0o700)] {
                let to = format!("d{umask:o}{mode:o}");
                s.dir(&to).default_acl(&to, 0o774, 1234);
                s.file("s/f", "1").chmod("s", mode);
                s.cp(["--parents", "s/f", &to]).umask(umask).succeeds();
                assert_eq!(s.mode(format!("{to}/s")) & 0o777, made, "{mode:o} under {umask:o}");
                // As it is where the copy is not made.
                s.dir("none").chmod("none", mode);
                s.cp(["--parents", "none/f", &to])
                    .umask(umask)
                    .fails("ucp: cannot stat 'none/f': No such file or directory");
                assert_eq!(s.mode(format!("{to}/none")) & 0o777, made, "{mode:o} under {umask:o}");
            }
        }
    });
}

#[test]
fn a_directory_that_its_owner_may_not_write_to_is_filled() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.file("s/f", "1").dir("d").give_to_nobody();
        s.default_acl("d", 0o574, 1234);
        s.cp(["--parents", "s/f", "d"]).by_nobody().succeeds();
        assert_eq!((s.read("d/s/f"), s.mode("d/s")), (b"1".to_vec(), 0o554));
    });
}

#[test]
fn what_a_directory_has_got_by_another_name_goes_to_its_copy_too() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        // `d/..` is the copy `d/d/..`, which is `d` itself.
        s.dir("f").dir("d").default_acl(".", 0o574, 1234);
        s.cp(["-r", "--preserve=mode", "--parents", "-t", "d", "d/../f"]).succeeds();
        let acl = |name: &str| s.attributes(name).xattrs.get("system.posix_acl_default").cloned();
        assert!(acl(".").is_some());
        assert_eq!((acl("d"), acl("d/d")), (acl("."), acl(".")));
    });
}

#[test]
fn a_directory_gets_the_acl_that_its_source_has_by_then() {
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        // The first copy, `d/d/..`, is the source `d` of the second, and gets the mode of `d/..`.
        s.dir("d").chmod(".", 0o755).acl("d", 0o740, 1234);
        s.cp(["--parents", "-p", "-t", "d", "d/../missing"])
            .fails("ucp: cannot stat 'd/../missing': No such file or directory");
        let acl = |name: &str| s.attributes(name).xattrs.get("system.posix_acl_access").cloned();
        assert!(acl("d").is_some());
        assert_eq!((s.mode("d/d"), acl("d/d")), (0o755, acl("d")));
    });
}

#[test]
fn a_directory_that_changes_hands_gets_what_its_source_grants_others_though_no_mode_is_kept() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        for (mode, made) in [(0o755, 0o675), (0o777, 0o655), (0o711, 0o671), (0o700, 0o670)] {
            let to = format!("d{mode:o}");
            s.dir(&to).default_acl(&to, 0o670, 1234);
            s.file("s/f", "1").chmod("s", mode);
            let options = ["--preserve=ownership", "--no-preserve=mode", "--parents"];
            s.cp(options).and(["s/f", &to]).umask(0o022).succeeds();
            assert_eq!(s.mode(format!("{to}/s")) & 0o777, made, "{mode:o}");
        }
    });
}

#[test]
fn a_directory_whose_way_ends_below_it_has_the_mode_that_it_is_made_with() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        if !with_xattrs(s) {
            return;
        }
        s.dir("s/t").dir("d").give_to_nobody();
        s.acl("s", 0o674, 1234).acl("d", 0o777, 1234);
        s.cp(["--parents", "--preserve=mode", "s/t/a", "d"])
            .by_nobody()
            .fails("ucp: failed to get attributes of 's/t': Permission denied");
        assert_eq!(s.mode("d/s"), 0o754);
    });
}
