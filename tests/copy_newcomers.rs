//! What comes to a name after it was seen free, or after it was freed for a copy: it stays whatever it is, the copy fails in GNU
//! cp's words, and nothing is written through a link.

use std::fs;

use crate::common::newcomers::{self, THEIRS};
use crate::common::{Engine, Sandbox, each_engine, is_reference, needs_extensions, skip};

/// What was outside and is to stay as it is.
const VICTIM: &str = "safe";

impl Sandbox {
    /// Runs `body` on a file system whose names are taken when something is made there; `false`, loudly, where there is none.
    fn on_taken_names(&self, body: impl Fn()) {
        self.dir("m").file("victim", VICTIM);
        match newcomers::mount(&self.path("m"), &self.path("victim")) {
            Ok(session) => {
                body();
                assert_eq!(self.read("victim"), VICTIM.as_bytes(), "it was written through a link");
                drop(session);
            }
            Err(error) => skip(&format!("cannot mount a FUSE file system: {error}")),
        }
    }

    /// Makes `s` with an entry of this kind for each kind of what has its name at the destination.
    fn sources(&self, kind: &str) {
        for taken in ["file", "link", "dir"] {
            let name = format!("s/{taken}-{kind}");
            match kind {
                "file" => drop(self.file(&name, "new")),
                "symlink" => drop(self.symlink(&name, "elsewhere")),
                "fifo" => drop(self.dir("s").fifo(&name, 0o644)),
                _ => drop(self.file(format!("{name}/inner"), "new")),
            }
        }
    }

    /// Whether what has the three names is what came there.
    fn newcomers_stay(&self, at: &str, kind: &str) {
        assert_eq!(self.read(format!("{at}/file-{kind}")), THEIRS.as_bytes());
        assert_eq!(self.link_target(format!("{at}/link-{kind}")), self.path("victim"));
        assert!(self.path(format!("{at}/dir-{kind}")).is_dir());
    }
}

/// Kinds of sources, what is said where a name is taken, and what where it is taken by a link.
const KINDS: &[(&str, &str, &str)] = &[
    ("file", "cannot create regular file '{}': File exists", "not writing through dangling symlink '{}'"),
    (
        "symlink",
        "cannot create symbolic link '{}': File exists",
        "cannot create symbolic link '{}': File exists",
    ),
    ("fifo", "cannot create fifo '{}': File exists", "cannot create fifo '{}': File exists"),
    ("directory", "cannot create directory '{}': File exists", "cannot create directory '{}': File exists"),
];

fn complaints(at: &str, (kind, words, link_words): (&str, &str, &str)) -> Vec<String> {
    ["file", "link", "dir"]
        .map(|taken| {
            let words = if taken == "link" { link_words } else { words };
            format!("ucp: {}", words.replace("{}", &format!("{at}/{taken}-{kind}")))
        })
        .to_vec()
}

#[test]
fn what_comes_to_a_free_name_stays_under_all_options() {
    each_engine(|s| {
        s.on_taken_names(|| {
            let all = [
                "-a",
                "-rn",
                "-ru",
                "-rb",
                "-ri",
                "-r --update=none-fail",
                "-r --remove-destination",
                "-r --update=none",
            ];
            let placements = ["", "--engine=uring --placement=fused", "--engine=uring --placement=split"];
            for (number, (options, placement)) in
                all.iter().flat_map(|options| placements.map(|placement| (*options, placement))).enumerate()
            {
                if !placement.is_empty() && (!needs_extensions() || s.engine() != Engine::Uring) {
                    continue;
                }
                for row in KINDS {
                    // Once in a directory that is there, and once in one that the run makes.
                    for place in ["there", "made"] {
                        let at = format!("m/{number}-{place}-{}", row.0);
                        s.sources(row.0);
                        if place == "there" {
                            fs::create_dir(s.path(&at)).unwrap();
                        }
                        let words: Vec<&str> = options.split(' ').chain(placement.split(' ')).collect();
                        let words = words.into_iter().filter(|word| !word.is_empty());
                        let outcome = s.cp(words).and(["-T", "s", &at]).run().ends(1);
                        let expected = complaints(&at, *row);
                        outcome.complains_lines(&expected.iter().map(String::as_str).collect::<Vec<_>>());
                        s.newcomers_stay(&at, row.0);
                        fs::remove_dir_all(s.path("s")).unwrap();
                    }
                }
            }
        });
    });
}

#[test]
fn force_lets_links_take_the_place_of_what_came_but_no_file() {
    each_engine(|s| {
        s.on_taken_names(|| {
            s.sources("file");
            s.cp(["-rf", "s", "m/files"]).run().ends(1);
            s.newcomers_stay("m/files", "file");
            fs::remove_dir_all(s.path("s")).unwrap();
            s.symlink("s/file-symlink", "elsewhere").symlink("s/link-symlink", "elsewhere");
            s.cp(["-rf", "s", "m/links"]).succeeds();
            for name in ["file", "link"] {
                assert_eq!(s.link_target(format!("m/links/{name}-symlink")).to_str(), Some("elsewhere"));
            }
            if is_reference() {
                return;
            }
            // An option that spares something spares what was never asked about. GNU cp replaces that, too.
            s.cp(["-rfb", "s", "m/spared"]).run().ends(1);
            assert_eq!(s.read("m/spared/file-symlink"), THEIRS.as_bytes());
        });
    });
}

#[test]
fn names_of_hard_links_that_are_taken_are_replaced_only_where_no_option_spares_them() {
    // GNU cp replaces them under all options.
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.on_taken_names(|| {
            s.file("s/free", "new").hard_link("s/file-other", "s/free");
            for (number, options) in ["-an", "-au", "-ab", "-a --update=none-fail"].iter().enumerate() {
                let at = format!("m/{number}");
                let outcome = s.cp(options.split(' ')).and(["-T", "s", &at]).run().ends(1);
                // Whichever name is listed first is copied; the other one is linked.
                let said = outcome.stderr();
                let copied = format!("ucp: cannot create regular file '{at}/file-other': File exists\n");
                let linked =
                    format!("ucp: cannot create hard link '{at}/file-other' to '{at}/free': File exists\n");
                outcome.expect(said == copied || said == linked, &linked);
                assert_eq!(s.read(format!("{at}/file-other")), THEIRS.as_bytes());
                assert_eq!(s.read(format!("{at}/free")), b"new");
            }
        });
    });
}

#[test]
fn an_atomic_copy_spares_what_comes_to_a_free_name() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.on_taken_names(|| {
            for row in &KINDS[..3] {
                s.sources(row.0);
                let at = format!("m/{}", row.0);
                let outcome = s.cp(["-r", "--atomic", "-T", "s", &at]).run().ends(1);
                let expected = complaints(&at, *row);
                outcome.complains_lines(&expected.iter().map(String::as_str).collect::<Vec<_>>());
                s.newcomers_stay(&at, row.0);
                fs::remove_dir_all(s.path("s")).unwrap();
            }
        });
    });
}

#[test]
fn two_names_that_are_one_on_a_file_system_without_case_are_not_merged() {
    each_engine(|s| {
        s.on_taken_names(|| {
            s.file("s/readme", "lower").file("s/README", "upper").file("s/Dir/a", "1").file("s/dir/b", "2");
            let all = ["-r", "-rn", "-rb", "-ru", "-rf", "-r --remove-destination"];
            for (number, options) in all.iter().enumerate() {
                let at = format!("m/{number}");
                let outcome = s.cp(options.split(' ')).and(["s", &at]).run().ends(1);
                let said = outcome.stderr();
                let file = ["readme", "README"]
                    .map(|name| format!("ucp: cannot create regular file '{at}/{name}': File exists\n"));
                let directory = ["dir", "Dir"]
                    .map(|name| format!("ucp: cannot create directory '{at}/{name}': File exists\n"));
                let one_of =
                    |lines: &[String; 2]| lines.iter().filter(|line| said.contains(*line)).count() == 1;
                outcome.expect(one_of(&file) && one_of(&directory) && said.lines().count() == 2, "two lines");
                // The one that is told not to be copied is the other one.
                let lower = said.contains(&file[1]);
                assert_eq!(
                    s.read(format!("{at}/readme")),
                    if lower { &b"lower"[..] } else { b"upper" },
                    "{said}"
                );
            }
        });
    });
}

#[test]
fn an_output_goes_through_no_link_that_came_meanwhile() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "new");
        s.on_taken_names(|| {
            for (output, name) in [("stats-file", "link-s"), ("stats-file", "file-s")] {
                let run = s.cp([&format!("--{output}=m/{name}"), "a", "b"]).run().ends(1);
                run.mentions(&format!("'m/{name}'")).mentions("File exists");
                assert!(!s.exists("b"));
            }
            assert_eq!(s.read("m/file-s"), THEIRS.as_bytes());
        });
    });
}
