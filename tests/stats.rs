//! Statistics for programs: the form that docs/stats.md promises, and the file they go to.

use std::collections::BTreeMap;

use rustix::process::Resource;
use serde_json::{Map, Value};

use crate::common::{Sandbox, each_engine, needs_extensions, noise};

fn schema() -> Value {
    serde_json::from_str(include_str!("../docs/stats.schema.json")).unwrap()
}

/// Holds an object against the schema. Names that the schema lacks are an error here: the description is to be whole.
#[track_caller]
fn check(text: &str) -> Map<String, Value> {
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "not one line: {text}");
    let Value::Object(found) = serde_json::from_str(text).unwrap() else { panic!("no object: {text}") };
    let schema = schema();
    for name in schema["required"].as_array().unwrap() {
        assert!(found.contains_key(name.as_str().unwrap()), "{name} is missing: {text}");
    }
    for (name, value) in &found {
        let rule = &schema["properties"][name];
        let holds = match (rule["type"].as_str(), &rule["const"], &rule["enum"]) {
            (Some("integer"), ..) => value.as_u64() >= rule["minimum"].as_u64() && value.is_u64(),
            (Some("number"), ..) => value.as_f64() >= rule["minimum"].as_f64() && value.is_number(),
            (Some("string"), ..) => value.is_string(),
            (Some("boolean"), ..) => value.is_boolean(),
            (None, constant, Value::Null) if !constant.is_null() => constant == value,
            (None, Value::Null, Value::Array(words)) => words.contains(value),
            _ => panic!("the schema says nothing this test knows of {name}: {rule}"),
        };
        assert!(holds, "{name} is {value}, which is not {rule}");
    }
    found
}

/// The names in the order in which they stand in a line of JSON.
fn names(text: &str) -> Vec<String> {
    let places: BTreeMap<usize, String> =
        check(text).keys().map(|name| (text.find(&format!("\"{name}\":")).unwrap(), name.clone())).collect();
    places.into_values().collect()
}

fn text(s: &Sandbox, name: &str) -> String {
    String::from_utf8(s.read(name)).unwrap()
}

#[test]
fn what_is_written_follows_the_schema() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", noise(70_000, 1)).file("s/d/b", "2").file("empty", "");
        let copied = check(&s.cp(["-r", "--stats=json", "s", "t"]).run().ends(0).stderr());
        assert_eq!((&copied["files"], &copied["bytes"]), (&Value::from(2), &Value::from(70_001)));
        assert_eq!(copied["success"], Value::from(true));
        assert!(!copied.contains_key("ways"));
        let printed = check(&s.cat(["--stats=json", "s/a", "s/d/b"]).run().ends(0).stderr());
        assert_eq!((&printed["files"], &printed["bytes"]), (&Value::from(2), &Value::from(70_001)));
        assert!(printed["ways"].is_string());
        check(&s.cp(["--stats=json", "empty", "e"]).run().ends(0).stderr());
    });
}

#[test]
fn the_page_and_the_schema_describe_the_same_fields_in_the_order_written() {
    if !needs_extensions() {
        return;
    }
    let page = include_str!("../docs/stats.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let described: Vec<(String, bool, bool)> = rows
        .map(|(name, rest)| (name.to_owned(), !rest.contains("`ucat` only"), !rest.contains("`ucp` only")))
        .collect();
    let schema = schema();
    let mut properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut sorted: Vec<&String> = described.iter().map(|(name, ..)| name).collect();
    properties.sort();
    sorted.sort();
    assert_eq!(sorted, properties);
    let (mut of_ucp, mut of_ucat) = (Vec::new(), Vec::new());
    for (name, in_ucp, in_ucat) in described {
        of_ucp.extend(in_ucp.then(|| name.clone()));
        of_ucat.extend(in_ucat.then_some(name));
    }
    each_engine(|s| {
        s.file("a", "1");
        assert_eq!(names(&s.cp(["--stats=json", "a", "b"]).run().ends(0).stderr()), of_ucp);
        assert_eq!(names(&s.cat(["--stats=json", "a"]).run().ends(0).stderr()), of_ucat);
    });
}

#[test]
fn a_file_takes_them_instead_of_standard_error() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "123").file("stats", noise(5000, 1));
        s.cp(["--stats-file=stats", "a", "b"]).succeeds();
        assert_eq!(check(&text(s, "stats"))["bytes"], Value::from(3));
        s.cat(["--stats-file", "stats", "a"]).succeeds().prints("123");
        assert_eq!(check(&text(s, "stats"))["bytes"], Value::from(3));
        s.cp(["--stats", "--stats-file=stats", "a", "b"]).succeeds();
        check(&text(s, "stats"));
        s.cp(["--stats-file=stats", "--stats=text", "a", "b"]).succeeds();
        assert!(text(s, "stats").starts_with("files "));
    });
}

#[test]
fn a_run_that_fails_says_so_in_its_statistics() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "123").dir("d");
        let missing = "cannot stat 'no': No such file or directory";
        s.cp(["--stats-file=stats", "a", "no", "d"]).fails(&format!("ucp: {missing}"));
        let stats = check(&text(s, "stats"));
        assert_eq!((&stats["success"], &stats["files"]), (&Value::from(false), &Value::from(1)));
        s.cat(["--stats-file=stats", "no"]).fails("ucat: no: No such file or directory");
        assert_eq!(check(&text(s, "stats"))["success"], Value::from(false));
    });
}

#[test]
fn a_run_that_has_done_nothing_does_not_look_like_one_with_nothing_to_do() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "123").dir("d");
        s.cp(["--stats", "a", "a", "none"]).fails(
            "ucp: target 'none': No such file or directory\n\
             success                 no, and nothing was done",
        );
        let said = s.cp(["--stats", "a", "no", "d"]).run().ends(1).stderr();
        assert!(said.contains("\nsuccess                 no\nfiles                   1\n"), "{said}");
        let said = s.cp(["--stats", "a", "d"]).run().ends(0).stderr();
        assert!(said.starts_with("files                   1\n"), "{said}");
    });
}

#[test]
fn links_that_stand_for_copies_are_counted() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("s/a", "123").file("s/b", "").symlink("s/c", "a");
        for (option, copy) in [("-l", "t"), ("-al", "u")] {
            let linked = check(&s.cp(["-r", option, "--stats=json", "s", copy]).run().ends(0).stderr());
            assert_eq!((&linked["files"], &linked["bytes"]), (&Value::from(3), &Value::from(0)), "{option}");
        }
    });
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_before_anything_is_done() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "123");
        let why = "cannot open 'no/stats' for statistics: No such file or directory";
        s.cp(["--stats-file=no/stats", "a", "b"]).fails(&format!("ucp: {why}"));
        assert!(!s.exists("b"));
        s.cat(["--stats-file=no/stats", "a"]).fails(&format!("ucat: {why}")).prints("");
    });
}

#[test]
fn statistics_that_cannot_be_written_are_an_error() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "123");
        // An empty copy is all that the limit allows; the signal of the limit is not the point.
        let full = "error writing '/dev/full' for statistics: No space left on device";
        s.cat(["--stats-file=/dev/full", "a"]).by_nobody().fails(&format!("ucat: {full}")).prints("123");
        s.file("empty", "");
        let limited =
            s.cp(["--stats-file=stats", "empty", "b"]).limit(Resource::Fsize, 0).ignore(libc::SIGXFSZ);
        limited.fails("ucp: error writing 'stats' for statistics: File too large");
        assert!(s.exists("b"));
    });
}
