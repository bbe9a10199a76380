//! Modes of what is created, under several umasks, and that existing destinations keep theirs.

use rustix::fs::FileType;

use crate::common::{Sandbox, each_engine, needs_root};

const FILE_MODES: [u32; 10] = [0o644, 0o755, 0o400, 0o000, 0o4755, 0o2755, 0o6777, 0o1777, 0o777, 0o666];
const DIRECTORY_MODES: [u32; 11] =
    [0o755, 0o700, 0o555, 0o500, 0o777, 0o1777, 0o2755, 0o4755, 0o6777, 0o775, 0o1555];

/// A tree with a file and a directory (holding a file) for each mode an ordinary user can copy from.
fn tree_of_modes(s: &Sandbox) {
    s.dir("s");
    for mode in FILE_MODES.into_iter().filter(|mode| mode & 0o400 != 0) {
        s.file(format!("s/file-{mode:o}"), "1").chmod(format!("s/file-{mode:o}"), mode);
    }
    for mode in DIRECTORY_MODES {
        s.file(format!("s/dir-{mode:o}/inside"), "1").chmod(format!("s/dir-{mode:o}"), mode);
    }
}

#[track_caller]
fn assert_modes(s: &Sandbox, root: &str, umask: u32) {
    for mode in FILE_MODES.into_iter().filter(|mode| mode & 0o400 != 0) {
        assert_eq!(
            s.mode(format!("{root}/file-{mode:o}")),
            mode & 0o777 & !umask,
            "file {mode:o} under {umask:o}"
        );
    }
    for mode in DIRECTORY_MODES {
        let name = format!("{root}/dir-{mode:o}");
        assert_eq!(s.mode(&name), mode & 0o1777 & !umask, "directory {mode:o} under {umask:o}");
        assert_eq!(s.mode(format!("{name}/inside")), 0o644 & !umask);
    }
}

#[test]
fn new_files_and_directories_get_the_source_mode_under_the_umask() {
    each_engine(|s| {
        tree_of_modes(s);
        for umask in [0o022, 0o000, 0o077, 0o027, 0o002] {
            let copy = format!("copy-{umask:o}");
            s.cp(["-r", "s", &copy]).umask(umask).succeeds();
            assert_modes(s, &copy, umask);
            assert_eq!(s.mode(&copy), 0o755 & !umask);
        }
    });
}

#[test]
fn an_ordinary_user_fills_directories_it_may_not_write_to_afterwards() {
    each_engine(|s| {
        tree_of_modes(s);
        s.give_to_nobody();
        for umask in [0o022, 0o077] {
            let copy = format!("copy-{umask:o}");
            s.cp(["-r", "s", &copy]).umask(umask).by_nobody().succeeds();
            assert_modes(s, &copy, umask);
        }
    });
}

#[test]
fn a_umask_that_takes_the_owners_own_bits_does_not_get_in_the_way() {
    each_engine(|s| {
        s.file("s/a", "1").file("s/u/v", "2").give_to_nobody();
        for (umask, directory, file) in [(0o300, 0o455, 0o444), (0o700, 0o055, 0o044), (0o777, 0, 0)] {
            let copy = format!("copy-{umask:o}");
            s.cp(["-r", "s", &copy]).umask(umask).by_nobody().succeeds();
            assert_eq!(s.mode(&copy), directory);
            // Only its owner was shut out: give the copy back, then look.
            s.chmod(&copy, 0o755);
            assert_eq!(s.mode(format!("{copy}/u")), directory);
            assert_eq!(s.mode(format!("{copy}/a")), file);
            s.chmod(format!("{copy}/u"), 0o755);
            assert_eq!(s.mode(format!("{copy}/u/v")), file);
        }
    });
}

#[test]
fn root_copies_what_its_owner_may_not_read() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("s/f", "1").chmod("s/f", 0).file("s/d/x", "2").chmod("s/d", 0o111);
        s.file("s/e/x", "3").chmod("s/e", 0);
        s.cp(["-r", "s", "t"]).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn files_copied_without_r_get_the_same_modes() {
    each_engine(|s| {
        s.dir("d");
        for (mode, copied) in
            [(0o644, 0o644), (0o777, 0o755), (0o4755, 0o755), (0o400, 0o400), (0o622, 0o600)]
        {
            let name = format!("f{mode:o}");
            s.file(&name, "1").chmod(&name, mode);
            s.cp([&name, "d"]).succeeds();
            assert_eq!(s.mode(format!("d/{name}")), copied, "{mode:o}");
        }
    });
}

#[test]
fn existing_files_and_directories_keep_their_modes() {
    each_engine(|s| {
        for mode in FILE_MODES.into_iter().filter(|mode| mode & 0o400 != 0) {
            s.file(format!("s/f{mode:o}"), "new").chmod(format!("s/f{mode:o}"), mode);
            s.file(format!("t/f{mode:o}"), "before").chmod(format!("t/f{mode:o}"), 0o640);
            s.dir(format!("s/d{mode:o}")).chmod(format!("s/d{mode:o}"), mode | 0o700);
            s.dir(format!("t/d{mode:o}")).chmod(format!("t/d{mode:o}"), 0o2711);
        }
        s.chmod("s", 0o777).chmod("t", 0o750);
        s.cp(["-r", "s/.", "t"]).succeeds();
        assert_eq!(s.mode("t"), 0o750);
        for mode in FILE_MODES.into_iter().filter(|mode| mode & 0o400 != 0) {
            assert_eq!(s.read(format!("t/f{mode:o}")), b"new");
            assert_eq!(s.mode(format!("t/f{mode:o}")), 0o640);
            assert_eq!(s.mode(format!("t/d{mode:o}")), 0o2711);
        }
    });
}

#[test]
fn a_set_user_id_file_that_root_overwrites_keeps_its_mode() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1").file("b", "2").chmod("b", 0o4751);
        s.cp(["a", "b"]).succeeds();
        assert_eq!((s.read("b"), s.mode("b")), (b"1".to_vec(), 0o4751));
    });
}

#[test]
fn an_existing_directory_that_is_read_only_is_not_opened_up() {
    each_engine(|s| {
        s.file("s/a", "1").dir("t").chmod("t", 0o555).give_to_nobody();
        s.cp(["-r", "s/.", "t"])
            .by_nobody()
            .fails("ucp: cannot create regular file 't/./a': Permission denied");
        assert_eq!((s.mode("t"), s.names("t")), (0o555, vec![String::new()]));
    });
}

#[test]
fn set_group_id_comes_from_the_parent_directory_and_not_from_the_source() {
    each_engine(|s| {
        s.file("s/d/f", "1").dir("plain").dir("group").chmod("group", 0o2755).chmod("s/d", 0o2755);
        s.cp(["-r", "s", "plain"]).succeeds();
        assert_eq!((s.mode("plain/s"), s.mode("plain/s/d")), (0o755, 0o755));
        s.cp(["-r", "s", "group"]).succeeds();
        assert_eq!((s.mode("group/s"), s.mode("group/s/d"), s.mode("group/s/d/f")), (0o2755, 0o2755, 0o644));
    });
}

#[test]
fn special_files_get_the_source_mode_under_the_umask() {
    each_engine(|s| {
        s.dir("s").fifo("s/wide", 0o666).fifo("s/narrow", 0o600);
        s.cp(["-r", "s", "t"]).umask(0o027).succeeds();
        assert_eq!((s.mode("t/wide"), s.mode("t/narrow")), (0o640, 0o600));
    });
}

#[test]
fn a_special_file_that_keeps_its_owner_and_no_mode_is_set_id_for_nobody() {
    each_engine(|s| {
        if !needs_root() {
            return;
        }
        for (mode, kept) in [(0o6711, 0o2711), (0o6755, 0o2755), (0o4755, 0o755), (0o1755, 0o1755)] {
            s.node("p", FileType::Fifo, mode, 0).cp(["-r", "--preserve=ownership", "p", "q"]).succeeds();
            assert_eq!(s.mode("q"), kept, "{mode:o}");
            s.cp(["-a", "p", "all"]).succeeds();
            assert_eq!(s.mode("all"), mode);
            ["p", "q", "all"].iter().for_each(|name| std::fs::remove_file(s.path(name)).unwrap());
        }
        s.node("p", FileType::Fifo, 0o6711, 0).cp(["-a", "--no-preserve=mode", "p", "q"]).succeeds();
        assert_eq!(s.mode("q"), 0o2644);
    });
}

#[test]
fn a_set_group_id_bit_of_anothers_group_goes_where_permissions_are_kept() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        // The kernel lets mknod(2) give what chmod(2) takes.
        s.dir("s").fifo("s/p", 0o2700).dir("d").give_to_nobody();
        s.chmod("s/p", 0o2700).chown("d", 65534, 3000).chmod("d", 0o2777);
        s.cp(["-r", "s/p", "d/plain"]).by_nobody().succeeds();
        s.cp(["-r", "--preserve=mode", "s/p", "d/kept"]).by_nobody().succeeds();
        assert_eq!([s.mode("d/plain"), s.mode("d/kept")], [0o2700, 0o700]);
    });
}

#[test]
fn a_special_file_that_is_given_an_owner_loses_its_set_user_id_bit() {
    if !needs_root() {
        return;
    }
    each_engine(|s| {
        s.fifo("p", 0o644).chmod("p", 0o6644);
        s.cp(["-r", "--preserve=ownership", "p", "owned"]).succeeds();
        s.cp(["-r", "p", "plain"]).succeeds();
        assert_eq!([s.mode("owned"), s.mode("plain")], [0o2644, 0o6644]);
    });
}

#[test]
fn without_its_mode_a_sticky_directory_stays_so_unless_it_inherits_a_set_group_id_bit() {
    each_engine(|s| {
        s.dir("s/e").chmod("s/e", 0o1777).dir("plain").dir("group").chmod("group", 0o2755);
        for (parent, mode) in [("plain", 0o1755), ("group", 0o2755)] {
            s.cp(["-r", "--no-preserve=mode", "s", parent]).succeeds();
            assert_eq!(s.mode(format!("{parent}/s/e")), mode, "{parent}");
        }
    });
}
