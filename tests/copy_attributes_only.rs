//! `--attributes-only` touches nobody's contents: what is there stays, whatever the source is and however many names it
//! has, unless it is to make way.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::common::{Sandbox, each_engine};

/// A file of two names, `d` and `d2`.
fn precious(s: &Sandbox) -> u64 {
    for name in ["d", "d2", "d~"] {
        if s.exists(name) {
            fs::remove_file(s.path(name)).unwrap();
        }
    }
    s.file("d", "precious").hard_link("d2", "d");
    fs::metadata(s.path("d")).unwrap().ino()
}

#[track_caller]
fn is_whole(s: &Sandbox, inode: u64, options: &[&str]) {
    let there = fs::symlink_metadata(s.path("d")).unwrap();
    assert_eq!((there.ino(), there.nlink()), (inode, 2), "{options:?}");
    assert_eq!(s.read("d"), b"precious", "{options:?}");
}

fn with<'a>(options: &[&'a str], operands: [&'a str; 2]) -> Vec<&'a str> {
    [&["--attributes-only"], options, &operands[..]].concat()
}

#[test]
fn a_file_of_several_names_keeps_its_contents_and_its_names() {
    each_engine(|s| {
        s.file("one", "source").file("two", "source").hard_link("two again", "two").chmod("two", 0o600);
        for options in [
            &["-a"][..],
            &["-p"],
            &["-d"],
            &["-a", "-f"],
            &["-a", "-u", "--preserve=links"],
            &["--preserve=links"],
            &["--preserve=links", "-f", "-r"],
        ] {
            for source in ["one", "two"] {
                let inode = precious(s);
                s.cp(with(options, [source, "d"])).succeeds();
                is_whole(s, inode, options);
            }
        }
    });
}

#[test]
fn what_has_no_contents_takes_nobodys_place() {
    each_engine(|s| {
        s.symlink("link", "nowhere").fifo("fifo", 0o600);
        for (source, what) in [("link", "symbolic link"), ("fifo", "fifo")] {
            for options in [&["-a"][..], &["-a", "--preserve=links"]] {
                let inode = precious(s);
                let refused = format!("cp: cannot create {what} 'd': File exists");
                s.cp(with(options, [source, "d"])).called("cp").fails(&refused);
                is_whole(s, inode, options);
                // And below a directory.
                s.dir("s").dir("t");
                for (from, to) in [(source, "s/x"), ("d", "t/x")] {
                    if fs::symlink_metadata(s.path(to)).is_ok() {
                        fs::remove_file(s.path(to)).unwrap();
                    }
                    let (from, to) = (s.path(from), s.path(to));
                    if to.ends_with("t/x") {
                        fs::hard_link(from, to).unwrap();
                    } else {
                        fs::rename(from, to).unwrap();
                    }
                }
                let refused = format!("cp: cannot create {what} 't/x': File exists");
                s.cp(with(options, ["-T", "s"])).and(["t"]).called("cp").fails(&refused);
                assert_eq!(s.read("t/x"), b"precious");
                fs::rename(s.path("s/x"), s.path(source)).unwrap();
            }
        }
    });
}

#[test]
fn what_is_to_make_way_does() {
    each_engine(|s| {
        s.file("one", "source").symlink("link", "nowhere").fifo("fifo", 0o600);
        precious(s);
        s.cp(with(&["-a", "--remove-destination"], ["one", "d"])).succeeds();
        assert_eq!((s.read("d"), s.read("d2")), (Vec::new(), b"precious".to_vec()));
        precious(s);
        s.cp(with(&["-a", "-b"], ["fifo", "d"])).succeeds();
        assert!(fs::symlink_metadata(s.path("d")).unwrap().file_type().is_fifo());
        assert_eq!((s.read("d~"), s.read("d2")), (b"precious".to_vec(), b"precious".to_vec()));
        precious(s);
        s.cp(with(&["-a", "-f"], ["link", "d"])).succeeds();
        assert_eq!((s.link_target("d"), s.read("d2")), ("nowhere".into(), b"precious".to_vec()));
    });
}
