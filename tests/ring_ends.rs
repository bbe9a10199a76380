//! Where a file ends: as read(2) says, also where a ring is told otherwise.

use std::process::Command;

use crate::common::delaying::Served;
use crate::common::misstating::{self, Stated};
use crate::common::{Engine, Sandbox, each_engine, needs_extensions, noise, skip};

/// This test's own name: its process serves the file system for the others.
const SERVER: &str = "ring_ends::the_misstating_file_system_is_as_it_is_described";

impl Sandbox {
    /// Mounts the file system on `m`. `None`, loudly, where there can be none.
    fn misstating(&self) -> Option<Served> {
        self.misstating_by(Command::new(std::env::current_exe().unwrap()))
    }

    /// The same, with its files in the page cache.
    fn misstating_cached(&self) -> Option<Served> {
        let mut server = Command::new(std::env::current_exe().unwrap());
        server.env(misstating::CACHED, "1");
        self.misstating_by(server)
    }

    fn misstating_by(&self, mut server: Command) -> Option<Served> {
        self.dir("m");
        server.args(["--exact", SERVER, "--nocapture"]);
        match misstating::start(server, &self.path("m")) {
            Ok(served) => Some(served),
            Err(error) => {
                skip(&format!("cannot mount a FUSE file system: {error}"));
                None
            }
        }
    }

    /// Fails where a file of this directory is not what read(2) gives of the file system's own.
    fn has_what_is_stated(&self, directory: &str, how: &[&str]) {
        for file in Stated::all() {
            let copy = self.read(format!("{directory}/{}", file.name()));
            let want = file.contents();
            assert!(copy == want, "{file:?} has {} bytes, or others, by {how:?}", copy.len());
        }
    }
}

#[test]
fn the_misstating_file_system_is_as_it_is_described() {
    if misstating::serve_if_asked() || !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    let Some(_served) = s.misstating() else { return };
    for file in Stated::all() {
        let path = s.path(format!("m/{}", file.name()));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file.says);
    }
    s.has_what_is_stated("m", &["read(2)"]);
}

#[test]
fn a_copy_has_what_read_gives() {
    each_engine(|s| {
        let Some(_served) = s.misstating() else { return };
        s.cp(["-r", "m", "t"]).succeeds();
        s.has_what_is_stated("t", &[]);
        // Onto what is there.
        s.cp(["-r", "-T", "m", "t"]).succeeds();
        s.has_what_is_stated("t", &["again"]);
        for file in Stated::all() {
            s.cp([format!("m/{}", file.name()), "one".into()]).succeeds();
            assert!(s.read("one") == file.contents(), "{file:?} alone");
        }
    });
}

/// A second worker that reads behind the end has the kernel ask for the size again, and the zeros behind a short answer
/// become contents for the first.
#[test]
fn a_cached_file_that_says_too_much_is_read_by_one_worker() {
    each_engine(|s| {
        let Some(_served) = s.misstating_cached() else { return };
        // What comes short of less than the size that is true is filled up by the kernel itself.
        for file in Stated::all().filter(|file| file.says >= file.has && file.has <= file.by.min(128 << 10)) {
            for round in 0..10 {
                s.cp([format!("m/{}", file.name()), "one".into()]).succeeds();
                assert!(s.read("one") == file.contents(), "{file:?}, round {round}");
                s.cat([format!("m/{}", file.name())]).succeeds().prints(file.contents());
            }
        }
    });
}

#[test]
fn a_copy_has_what_read_gives_however_it_is_made() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_served) = s.misstating() else { return };
        let ways: [&[&str]; 10] = [
            &["--placement=fused"],
            &["--placement=split", "--queue-depth=1"],
            &["--direct"],
            &["--verify"],
            &["--verify", "--placement=fused"],
            &["--fsync", "--atomic"],
            &["--sparse=always"],
            &["--sparse=never", "--reflink=never"],
            &["--buffer-size=4K"],
            &["--engine=auto", "-a", "--jobs=1"],
        ];
        for (number, how) in ways.into_iter().enumerate() {
            let target = format!("t{number}");
            s.cp(["-r"]).and(how).and(["m", &target]).succeeds();
            s.has_what_is_stated(&target, how);
        }
    });
}

#[test]
fn what_is_printed_is_what_read_gives() {
    each_engine(|s| {
        let Some(_served) = s.misstating() else { return };
        let names: Vec<String> = Stated::all().map(|file| format!("m/{}", file.name())).collect();
        let contents: Vec<u8> = Stated::all().flat_map(|file| file.contents()).collect();
        s.cat(&names).succeeds().prints(&contents);
        for file in Stated::all() {
            s.cat([format!("m/{}", file.name())]).succeeds().prints(file.contents());
        }
        let numbered = s.cat(["-n", "-A"]).and(&names).succeeds();
        s.file("all", &contents);
        numbered.prints(s.cat(["-n", "-A", "all"]).succeeds().stdout());
    });
}

#[test]
fn what_is_printed_is_what_read_gives_whichever_way_it_goes() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(_served) = s.misstating() else { return };
        for how in ["--direct", "--way=ahead", "--way=overlap", "--way=extents", "--way=plain"] {
            for file in Stated::all() {
                let name = format!("m/{}", file.name());
                let expected = [file.contents(), file.contents()].concat();
                s.cat([how, &name, &name]).succeeds().prints(expected);
            }
        }
    });
}

#[test]
fn a_union_of_directories_is_read_as_what_lies_under_it() {
    each_engine(|s| {
        let Some(_served) = s.misstating() else { return };
        s.dir("up").dir("work").dir("o").file("other", noise(9000, 1));
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            s.path("m").display(),
            s.path("up").display(),
            s.path("work").display()
        );
        let Some(_overlay) = s.mount("overlay", "o", &options) else { return };
        s.cp(["-r", "o", "t"]).succeeds();
        s.has_what_is_stated("t", &["overlay"]);
    });
}
