//! The parts of `benches/compare` that are plain computing: statistics, corpora, results that are kept, tables, the
//! chart, and the pages of this project. The measuring is tried out by the benchmark itself, under `cargo test`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use corpus::{Bytes, Corpus, Tree};
use figures::standing::Standing;
use figures::statistics::Spread;
use figures::{Absent, Figures, Measured, Results, Sample, Setting};

#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/compare/corpus/mod.rs"]
mod corpus;
#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/compare/figures/mod.rs"]
mod figures;
#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/compare/pages/mod.rs"]
mod pages;
#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/compare/scenarios/mod.rs"]
mod scenarios;

const SMALL_TREE: Tree = Tree { files: 300, files_a_directory: 20, mu: 8.2, sigma: 1.6, bytes_max: 1 << 20 };

/// Runs of so many milliseconds each.
fn tool(name: &str, milliseconds: &[u32]) -> Figures {
    let sample = |ms: &u32| Sample {
        wall_seconds: f64::from(*ms) / 1e3,
        cpu_seconds: f64::from(*ms) / 2e3,
        rss_kib: 2048,
    };
    Figures {
        tool: name.to_owned(),
        command: format!("{name} SRC DST/o"),
        samples: milliseconds.iter().map(sample).collect(),
        tenth_wall_seconds: Vec::new(),
    }
}

fn measured(tools: Vec<Figures>) -> Measured {
    Measured {
        title: "A tree".to_owned(),
        what: "some <files> & more".to_owned(),
        source: "ext4 in memory".to_owned(),
        destination: "XFS in memory".to_owned(),
        cold: false,
        repeats: 1,
        unit: String::new(),
        date: "2026-11-21".to_owned(),
        runs: 3,
        scale: 1.0,
        seed: 42,
        setting: Setting {
            machine: vec![("cores".to_owned(), "2, of some kind".to_owned())],
            versions: BTreeMap::from([("cp".to_owned(), "cp 9.10".to_owned())]),
        },
        tools,
        absent: vec![Absent { tool: "wcp".to_owned(), why: "not installed".to_owned() }],
    }
}

fn results(scenarios: Vec<(&str, Measured)>) -> Results {
    let scenarios = scenarios.into_iter().map(|(name, measured)| (name.to_owned(), measured)).collect();
    Results { scenarios, ..Results::default() }
}

/// A race that ucp wins against cp and cpz.
fn won() -> Measured {
    measured(vec![tool("cp", &[200, 210, 190]), tool("cpz", &[100, 300, 90]), tool("ucp", &[50, 45, 60])])
}

#[test]
fn the_middle_is_the_middle() {
    assert_eq!(Spread::of([]), None);
    assert_eq!(Spread::of([4.0]), Some(Spread { median: 4.0, min: 4.0, max: 4.0 }));
    assert_eq!(Spread::of([9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
    assert_eq!(Spread::of([9.0, 1.0, 2.0, 4.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0 }));
}

#[test]
fn ratios_are_to_the_fastest_peer_never_to_ourselves() {
    let won = won();
    let standing = Standing::of("tree-hot-xfs", &won);
    let order: Vec<&str> = standing.rows.iter().map(|row| row.tool).collect();
    assert_eq!(order, ["ucp", "cpz", "cp"]);
    let ours = standing.ours().unwrap();
    assert_eq!((ours.ratio, ours.ratio_of_minima), (Some(0.5), Some(0.5)));
    assert_eq!(standing.fastest_peer().unwrap().ratio, Some(1.0));
    assert_eq!(standing.original().unwrap().ratio, Some(2.0));
    assert_eq!(standing.cpu_ratio(), Some(0.5));
    assert!(!standing.is_behind());

    let lost = measured(vec![tool("cp", &[100]), tool("ucp", &[101])]);
    assert!(Standing::of("big-hot", &lost).is_behind());
    let alone = measured(vec![tool("ucp", &[101])]);
    let alone = Standing::of("big-hot", &alone);
    assert!(alone.ours().unwrap().ratio.is_none() && !alone.is_behind());
}

#[test]
fn growth_is_the_time_by_that_of_a_tenth() {
    let mut grown = tool("ucp", &[1000, 980, 1020]);
    grown.tenth_wall_seconds = vec![0.1, 0.08, 0.2];
    let measured = measured(vec![grown]);
    let standing = Standing::of("linear", &measured);
    let ours = standing.ours().unwrap();
    assert_eq!((ours.growth, ours.growth_of_minima), (Some(10.0), Some(12.25)));
    assert!(pages::table::text(&standing).contains("to a tenth of the files"));
}

#[test]
fn results_come_back_as_they_were_kept() {
    let kept = results(vec![("tree-hot-xfs", won()), ("start-cp", measured(vec![tool("ucp", &[1])]))]);
    assert_eq!(Results::from_json(&kept.to_json().unwrap()).unwrap(), kept);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("results.json");
    assert_eq!(Results::load(&path).unwrap(), Results::default());
    fs::write(&path, "{").unwrap();
    assert!(Results::load(&path).is_err(), "a damaged file is no reason to begin anew");
    let other_form = kept.to_json().unwrap().replace("\"form\": 1", "\"form\": 2");
    assert!(Results::from_json(&other_form).is_err());
}

#[test]
fn a_scenario_is_replaced_as_a_whole() {
    let mut kept = results(vec![("tree-hot-xfs", won()), ("start-cp", measured(vec![tool("ucp", &[1])]))]);
    kept.merge(results(vec![("tree-hot-xfs", measured(vec![tool("ucp", &[7])])), ("cat-pipe", won())]));
    let names: Vec<&str> = kept.scenarios.keys().map(String::as_str).collect();
    assert_eq!(names, ["cat-pipe", "start-cp", "tree-hot-xfs"]);
    assert_eq!(kept.scenarios["tree-hot-xfs"].tools, [tool("ucp", &[7])]);
    let order: Vec<&str> =
        kept.in_order(&["tree-hot-xfs", "start-cp"]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["tree-hot-xfs", "start-cp", "cat-pipe"]);
}

#[test]
fn the_table_has_all_figures_and_who_is_missing() {
    let measured = won();
    let text = pages::table::text(&Standing::of("tree-hot-xfs", &measured));
    let expected = "\
tree-hot-xfs: some <files> & more
  cached, ext4 in memory to XFS in memory, 3 runs
  tool    median       min – max       CPU    memory   to the fastest peer   by minima
  ucp    50.0 ms  45.0 – 60.0 ms   25.0 ms   2.0 MiB                  0.50        0.50
  cpz     100 ms   90.0 – 300 ms   50.0 ms   2.0 MiB                  1.00        1.00
  cp      200 ms    190 – 210 ms    100 ms   2.0 MiB                  2.00        2.11
  not installed: wcp
";
    let squeezed = |text: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(words).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(squeezed(&text), squeezed(expected));
    let rows: Vec<usize> = text.lines().skip(2).take(4).map(|line| line.chars().count()).collect();
    assert!(rows.windows(2).all(|pair| pair[0] == pair[1]), "columns are not in line:\n{text}");
}

#[test]
fn times_have_three_digits_and_a_unit() {
    let seconds = [12.345, 1.0, 0.9996, 0.9994, 0.01234, 0.0012, 0.000_999_6, 0.000_012_3];
    let words = ["12.3 s", "1.00 s", "1.00 s", "999 ms", "12.3 ms", "1.20 ms", "1.00 ms", "12.3 µs"];
    assert_eq!(seconds.map(pages::words::time), words);
    assert_eq!(pages::words::time_beside(0.146, 1.8), "0.146 s");
    let spread = Spread { median: 0.2, min: 0.1, max: 0.25 };
    assert_eq!(pages::words::range_beside(spread, 0.3), "100 – 250 ms");
}

#[test]
fn where_a_peer_is_faster_it_is_said() {
    let mut lost = measured(vec![tool("cp", &[100]), tool("ucp", &[130])]);
    lost.title = "A file".to_owned();
    let close = measured(vec![tool("cp", &[100, 40, 120]), tool("ucp", &[90, 50, 95])]);
    let kept = results(vec![
        ("tree-hot-xfs", won()),
        ("flat-hot", close),
        ("big-hot", lost),
        ("mid-hot", measured(vec![tool("cp", &[1])])),
    ]);
    let standings = pages::standings(&kept, &scenarios::names());
    let behind = pages::summary::behind(&standings);
    assert!(behind.contains("- A file (`big-hot`): 1.30 times the time of cp, 1.30 times"), "{behind}");
    assert!(behind.contains("`big-hot` (1.30 times that of cp)"), "{behind}");
    assert!(behind.contains("also ahead in: `flat-hot` (1.25)."), "{behind}");
    assert!(behind.contains("Without a figure of ours: `mid-hot`"), "{behind}");
    assert!(!behind.contains("tree-hot-xfs"), "{behind}");
    let page = pages::document::markdown(&standings);
    for part in
        ["## Where ucp and ucat are not the fastest", "cpz SRC DST/o", "cp 9.10", "Not installed: wcp"]
    {
        assert!(page.contains(part), "no {part:?} in:\n{page}");
    }
}

/// The value of an attribute of each element that has this class.
fn attributes(svg: &str, class: &str, name: &str) -> Vec<f64> {
    let elements = svg.split('<').filter(|element| element.contains(&format!("class=\"{class}\"")));
    let value = |element: &str| {
        let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    elements.map(value).collect()
}

#[test]
fn bars_are_as_long_as_the_times_and_begin_at_the_axis() {
    let kept = results(vec![("tree-hot-xfs", won())]);
    let svg = pages::chart::svg(&pages::standings(&kept, &[]));
    let (ours, peer) = (attributes(&svg, "ours", "width"), attributes(&svg, "peer", "width"));
    let original = attributes(&svg, "original", "width");
    assert_eq!((ours.len(), peer.len(), original.len()), (1, 1, 1), "{svg}");
    // 50, 100 and 200 ms; lengths are written with one decimal.
    assert!((ours[0] * 4.0 - original[0]).abs() < 0.3 && (peer[0] * 2.0 - original[0]).abs() < 0.3, "{svg}");
    let axis = attributes(&svg, "axis", "x1");
    for class in ["ours", "peer", "original"] {
        assert_eq!(attributes(&svg, class, "x"), axis, "a bar does not begin at zero");
    }
    for (open, close) in
        [("<text", "</text>"), ("<svg", "</svg>"), ("<style", "</style>"), ("<title", "</title>")]
    {
        assert_eq!(svg.matches(open).count(), svg.matches(close).count(), "{open} is not closed");
    }
}

#[test]
fn the_chart_always_shows_us_and_gnu() {
    let others = ["a", "b", "c", "d", "e"].map(|name| tool(name, &[10]));
    let all = [&others[..], &[tool("cat", &[900]), tool("ucat", &[500])]].concat();
    let kept = results(vec![("cat-pipe", measured(all)), ("not-a-main-one", won())]);
    let svg = pages::chart::svg(&pages::standings(&kept, &[]));
    let count = |class: &str| attributes(&svg, class, "width").len();
    assert_eq!((count("ours"), count("original"), count("peer")), (1, 1, 3), "{svg}");
    let nothing = pages::chart::svg(&[]);
    assert!(nothing.ends_with("</svg>\n") && !nothing.contains("NaN"), "{nothing}");
}

#[test]
fn only_what_stands_between_the_markers_is_made() {
    let kept = results(vec![("tree-hot-xfs", won())]);
    let standings = pages::standings(&kept, &[]);
    let readme = format!("before\n{}\nold\n{}\nafter\n", pages::readme::BEGIN, pages::readme::END);
    let made = pages::readme::inserted(&readme, &standings).unwrap();
    assert!(made.starts_with("before\n") && made.ends_with("\nafter\n"), "{made}");
    assert!(made.contains("| A tree (tree-hot-xfs) | **50.0 ms** |") && !made.contains("old"), "{made}");
    assert_eq!(pages::readme::inserted(&made, &standings).unwrap(), made);
    assert!(pages::readme::inserted("no markers", &standings).is_err());
}

#[test]
fn scenarios_are_chosen_by_name_or_by_its_beginning() {
    let names = |asked: &[&str]| -> Vec<&str> {
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        scenarios::chosen(&asked).unwrap().iter().map(|scenario| scenario.name).collect()
    };
    assert_eq!(names(&["tree-cold"]), ["tree-cold"]);
    assert_eq!(names(&["cat-socket"]), ["cat-socket-unix", "cat-socket-tcp"]);
    assert_eq!(names(&["cat-adversarial-A"]).len(), 4);
    assert_eq!(names(&["tree-cold", "tree"]).len(), 4);
    assert_eq!(names(&[]), scenarios::names());
    assert!(scenarios::chosen(&["tre".to_owned()]).is_err());
    for scenario in scenarios::all() {
        let ours = scenario.commands.iter().find(|(tool, _)| figures::standing::is_ours(tool));
        let (tool, command) = ours.unwrap();
        assert!(command.contains(&format!("{{{tool}}}")), "{}: {command}", scenario.name);
    }
}

/// All files below, with their contents.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files =
        WalkDir::new(root).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files
        .map(|file| (file.path().strip_prefix(root).unwrap().to_owned(), fs::read(file.path()).unwrap()))
        .collect()
}

#[test]
fn a_seed_always_gives_the_same_files() {
    let corpora = [
        Corpus::Tree(SMALL_TREE),
        Corpus::Tree(Tree { files_a_directory: 0, ..SMALL_TREE }),
        Corpus::Trees(SMALL_TREE),
        Corpus::Large { mebibytes: 1 },
        Corpus::Small { bytes: 1000 },
        Corpus::Lines { mebibytes: 1 },
        Corpus::Parts { mebibytes: 1 },
        Corpus::Only { bytes: Bytes::Controls, mebibytes: 1 },
    ];
    for corpus in corpora {
        let made = |seed| {
            let directory = tempfile::tempdir().unwrap();
            corpus.write(&directory.path().join("s"), 1.0, seed).unwrap();
            contents(directory.path())
        };
        let first = made(42);
        assert!(!first.is_empty());
        assert!(first == made(42), "{corpus:?} comes out otherwise the second time");
        assert!(first != made(43), "{corpus:?} does not depend on the seed");
    }
}

#[test]
fn corpora_are_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    Corpus::Trees(SMALL_TREE).write(&at("s"), 1.0, 1).unwrap();
    assert_eq!((contents(&at("s")).len(), contents(&at("tenth/s")).len()), (300, 30));
    let lens: Vec<usize> = contents(&at("s")).values().map(Vec::len).collect();
    let small = lens.iter().filter(|len| **len < 4096).count();
    assert!((100..200).contains(&small) && lens.iter().all(|len| *len <= 1 << 20), "sizes: {lens:?}");
    Corpus::Tree(Tree { files_a_directory: 0, ..SMALL_TREE }).write(&at("flat"), 0.5, 1).unwrap();
    assert_eq!((contents(&at("flat")).len(), fs::read_dir(at("flat")).unwrap().count()), (150, 150));
    Corpus::Large { mebibytes: 2 }.write(&at("large"), 0.5, 1).unwrap();
    assert_eq!(fs::metadata(at("large")).unwrap().len(), 1 << 20);

    type Fits = fn(u8) -> bool;
    let fits: [(Bytes, Fits); 4] = [
        (Bytes::Newlines, |byte| byte == b'\n'),
        (Bytes::Controls, |byte| byte.is_ascii_control() && byte != b'\n' && byte != b'\t'),
        (Bytes::Letters, |byte| byte.is_ascii_lowercase()),
        (Bytes::High, |byte| byte >= 0x80),
    ];
    for (bytes, fits) in fits {
        let path = at(&format!("{bytes:?}"));
        Corpus::Only { bytes, mebibytes: 1 }.write(&path, 0.1, 1).unwrap();
        let content = fs::read(path).unwrap();
        assert!(content.len() == 104_857 && content.into_iter().all(fits), "{bytes:?}");
    }
}

#[test]
fn the_pages_of_this_project_are_made_of_its_results() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = project.join("docs/benchmarks");
    let kept = Results::load(&directory.join("results.json")).unwrap();
    assert!(!kept.scenarios.is_empty(), "there are no results");
    let standings = pages::standings(&kept, &scenarios::names());
    let again = "cargo bench --bench compare -- --render makes it anew";
    let same =
        |path: &Path, text: String| assert!(fs::read_to_string(path).unwrap() == text, "{path:?}: {again}");
    same(&directory.join("README.md"), pages::document::markdown(&standings));
    same(&directory.join("chart.svg"), pages::chart::svg(&standings));
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    same(&project.join("README.md"), pages::readme::inserted(&readme, &standings).unwrap());
}
