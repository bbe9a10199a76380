//! Owns `docs/benchmarks/README.md`: all figures, with everything that is needed to judge or repeat them.

use std::collections::BTreeMap;

use super::super::figures::Setting;
use super::super::figures::standing::Standing;
use super::words::{self, places, runs, unit};
use super::{summary, table};

const HEAD: &str = "\
# Benchmarks

Made by `cargo bench --bench compare -- --write` from [results.json](results.json), which has every single run; changes
by hand are lost.

![Bars: time of each tool in the main scenarios](chart.svg)
";

const HOW: &str = "\
## How it is measured

- **A file system made anew** for the destination of every run, by mkfs, in an image of the benchmark's own. ext4
  remembers inodes that were deleted lately; a copy into a place that was just emptied takes up to ten times as long.
- **Different file systems** for source and destination, as some file systems share blocks and move nothing.
- **Taking turns** (A B C, B C A, ...), so that a slow spell falls on all tools. The first run of each is thrown away.
- **Memory is touched** before every run. A virtual machine may have given free memory to its host, and having it again
  costs several times the copy itself.
- **Cold** means: all written back and the page cache emptied. **Cached**: every byte of the source read just before,
  and locked in memory while the scenario lasts: the kernels of some virtual machines give back what was read a second ago.
- **Proof.** What a tool left behind is compared with the source before its time counts, every time; what goes to
  `/dev/null` or a socket is compared in the run that is thrown away, and a socket's bytes are counted each time.
- **CPU** is user and system time of all processes of the command, **memory** the peak of the largest of them, by
  getrusage(2) from a small parent of their own. About 3 MiB are bash's or that parent's; nothing below can be seen.
- **Medians and minima.** Noise of a machine only adds. For large files trust the minima. A CPU time that is far above
  the others' in a memory-bound scenario is such noise.
- In a command `SRC` is the source and `DST` an empty directory. It is run by bash, with pipefail.
";

/// The whole page.
pub fn markdown(standings: &[Standing]) -> String {
    let mut page = HEAD.to_owned();
    page += &format!(
        "\nMedians of {}, {}. The ratio is our time to that of the fastest peer that is installed; below 1 nobody is \
         as fast. {}\n\n",
        summary::runs(standings),
        summary::dates(standings),
        words::FACTORS
    );
    page += &summary::table(standings);
    page += "\n## Where ucp and ucat are not the fastest\n\n";
    page += &summary::behind(standings);
    page.push('\n');
    page += HOW;
    page += &settings(standings);
    page += "\n## Every scenario\n";
    for standing in standings {
        page += &scenario(standing);
    }
    page
}

/// Scenarios that were measured in the same place.
struct Group<'a> {
    machine: &'a [(String, String)],
    versions: BTreeMap<&'a str, &'a str>,
    names: Vec<&'a str>,
}

/// Machine and versions: once, if all scenarios were measured in the same place.
fn settings(standings: &[Standing]) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for standing in standings {
        let Setting { machine, versions } = &standing.measured.setting;
        let versions = || versions.iter().map(|(tool, version)| (tool.as_str(), version.as_str()));
        // Two scenarios name different tools; they belong together as long as no tool has two versions.
        let fits = |group: &&mut Group| {
            let known = &group.versions;
            let agrees = |(tool, version)| known.get(tool).is_none_or(|other| *other == version);
            group.machine == machine && versions().all(agrees)
        };
        match groups.iter_mut().find(fits) {
            Some(group) => {
                group.versions.extend(versions());
                group.names.push(standing.name);
            }
            None => {
                let (versions, names) = (versions().collect(), vec![standing.name]);
                groups.push(Group { machine, versions, names });
            }
        }
    }
    let several = groups.len() > 1;
    let mut text = String::new();
    for group in &groups {
        text += "\n## Machine and versions";
        if several {
            text += &format!(" of {}", group.names.join(", "));
        }
        text += "\n\n| | |\n|---|---|\n";
        let machine = group.machine.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in machine.chain(group.versions.iter().map(|(tool, version)| (*tool, *version))) {
            text += &format!("| {name} | {} |\n", value.replace('|', "\\|"));
        }
    }
    text
}

fn scenario(standing: &Standing) -> String {
    let measured = standing.measured;
    let mut text = format!("\n### {}\n\n{}.\n", standing.name, capitalised(&measured.what));
    text += &format!("{}; {}", capitalised(&places(measured)), runs(measured.runs));
    if !measured.unit.is_empty() {
        text += &format!("; times and CPU{}, of {} in a row", unit(measured), measured.repeats);
    }
    if (measured.scale - 1.0).abs() > f64::EPSILON {
        text += &format!("; scale {}", measured.scale);
    }
    text += &format!("; seed {}; {}.\n\n", measured.seed, measured.date);
    text += &table::rows(standing);
    text += "\n```sh\n";
    for row in &measured.tools {
        text += &format!("{}\n", row.command);
    }
    text += "```\n";
    for line in table::absent(&measured.absent) {
        text += &format!("\n{}.\n", capitalised(&line));
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
