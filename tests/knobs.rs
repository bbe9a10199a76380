//! Our own options: they change how bytes move and what is told about it, never what arrives.

use crate::common::{Engine, Sandbox, each_engine, io_uring_works, needs_extensions, noise};

/// Makes `s`: three directories, five files, 130,005 bytes; answers the numbers as they are counted.
fn counted_tree(s: &Sandbox) -> (usize, usize, usize) {
    s.file("s/a", noise(4, 1)).file("s/empty", "").file("s/d/b", noise(100_000, 2));
    s.file("s/d/e/c", noise(30_000, 3)).file("s/d/e/one", "1").symlink("s/link", "a");
    (5, 3, 130_005)
}

/// The whole number behind `"name":` in one line of JSON.
fn json_number(text: &str, name: &str) -> Option<usize> {
    let (_, rest) = text.split_once(&format!("\"{name}\":"))?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[test]
fn every_setting_copies_and_prints_the_same() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        counted_tree(s);
        s.file("s/big", noise(5_000_123, 4));
        let operands = ["s/d/b", "s/big", "s/a", "s/d/e/one"];
        let expected = operands.map(|name| s.read(name)).concat();
        for (number, setting) in [
            "--engine=auto",
            "--engine=sync",
            "--placement=auto",
            "--placement=fused",
            "--placement=split",
            "--queue-depth=1",
            "--queue-depth=2",
            "--queue-depth=256",
            "--buffer-size=4K",
            "--buffer-size=64K",
            "--buffer-size=1M",
            "--jobs=1",
            "--jobs=4",
        ]
        .into_iter()
        .enumerate()
        {
            let copy = format!("t{number}");
            s.cp(["-r", setting, "s", &copy]).succeeds();
            s.assert_same("s", &copy);
            s.cat([setting]).and(operands).succeeds().prints(&expected);
        }
    });
}

#[test]
fn the_option_wins_over_the_environment() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("a", "1");
    for value in ["uring", "auto", "sync"] {
        let run = s.cp(["--engine=sync", "--stats=json", "a", "b"]).env("UCP_ENGINE", value).run();
        run.ends(0).mentions("\"engine\":\"sync\"");
    }
    for run in [s.cp(["a", "c"]), s.cat(["a"])] {
        run.env("UCP_ENGINE", "foo").run().ends(1).mentions("UCP_ENGINE").prints("");
    }
    assert!(!s.exists("c"));
}

#[test]
fn the_ring_is_really_used_where_it_was_asked_for() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        counted_tree(s);
        let name = s.engine().variable().unwrap();
        let outcome = s.cp(["-r", "--stats=json", "s", "t"]).run().ends(0);
        let outcome = outcome.mentions(&format!("\"engine\":\"{name}\""));
        let submissions = json_number(&outcome.stderr(), "submissions");
        outcome
            .expect((submissions > Some(0)) == (name == "uring"), "submissions by the ring and by it only");
        s.cat(["--stats=json", "s/a", "s/d/b"]).run().ends(0).mentions(&format!("\"engine\":\"{name}\""));
    });
}

#[test]
fn statistics_count_data_and_nothing_else() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let (files, directories, bytes) = counted_tree(s);
        let outcome = s.cp(["-r", "--stats=json", "s", "t"]).run().ends(0).prints("");
        for (name, number) in [("files", files), ("directories", directories), ("bytes", bytes)] {
            let counted = json_number(&outcome.stderr(), name);
            outcome.expect(counted == Some(number), &format!("\"{name}\":{number}"));
        }
        s.cp(["-r", "--stats", "s", "u"]).run().ends(0).prints("").mentions(&bytes.to_string());
        s.cp(["-r", "--stats=text", "s", "v"]).run().ends(0).prints("").mentions(&bytes.to_string());
        let data = [s.read("s/d/b"), s.read("s/a")].concat();
        let outcome = s.cat(["--stats=json", "s/d/b", "s/a"]).run().ends(0).prints(&data);
        let counted = json_number(&outcome.stderr(), "bytes");
        outcome.expect(counted == Some(data.len()), "as many bytes as were printed");
        s.cat(["--stats", "s/d/b", "s/a"]).run().ends(0).prints(&data).mentions(&data.len().to_string());
    });
}

#[test]
fn wrong_values_name_the_option_and_nothing_is_copied() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1");
        for option in [
            "--engine=foo",
            "--engine=",
            "--placement=foo",
            "--queue-depth=0",
            "--queue-depth=x",
            "--queue-depth=-1",
            "--queue-depth=99999999999999999999",
            "--buffer-size=x",
            "--buffer-size=0",
            "--buffer-size=4Q4",
            "--jobs=0",
            "--jobs=x",
            "--sqpoll=x",
            "--stats=xml",
        ] {
            let name = option.split('=').next().unwrap();
            s.cp([option, "a", "b"]).run().ends(1).mentions("ucp: ").mentions(name).prints("");
            s.cat([option, "a"]).run().ends(1).mentions("ucat: ").mentions(name).prints("");
            assert!(!s.exists("b"), "{option} copied");
        }
        for option in ["--engine", "--placement", "--queue-depth", "--buffer-size", "--jobs"] {
            let message = format!("ucp: option '{option}' requires an argument");
            s.cp(["a", "b", option]).fails(&format!("{message}\nTry 'ucp --help' for more information."));
        }
    });
}

#[test]
fn our_options_are_not_abbreviated() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "1");
        for word in [
            "--eng=sync",
            "--engin=sync",
            "--job=1",
            "--queue=4",
            "--stat",
            "--sqp",
            "--iop",
            "--placemen=auto",
        ] {
            let hint = |name: &str| {
                format!("{name}: unrecognized option '{word}'\nTry '{name} --help' for more information.")
            };
            s.cp([word, "a", "b"]).fails(&hint("ucp"));
            s.cat([word, "a"]).fails(&hint("ucat")).prints("");
        }
        assert!(!s.exists("b"));
    });
}

#[test]
fn polling_works_or_says_why_not() {
    if !needs_extensions() || !io_uring_works() {
        return;
    }
    let s = Sandbox::new(Engine::Uring);
    counted_tree(&s);
    for (option, copy) in [("--sqpoll", "t"), ("--sqpoll=50", "u"), ("--iopoll", "v")] {
        let name = option.split('=').next().unwrap();
        let outcome = s.cp(["-r", option, "s", copy]).run();
        if outcome.status() == Some(0) {
            s.assert_same("s", copy);
        } else {
            outcome.ends(1).mentions("ucp: ").mentions(name.trim_start_matches('-'));
        }
    }
}
