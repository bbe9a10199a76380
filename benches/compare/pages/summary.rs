//! Owns what is said about all scenarios together: one table, and plainly where a peer does better.

use super::super::figures::standing::{Row, Standing};
use super::table;
use super::words::{self, memory, ratio, time, title, unit};

/// CPU time above the fastest peer's by more than this is told.
const CPU_RATIO_TOLD: f64 = 1.05;

/// One line a scenario: ours, GNU's, and the fastest peer's.
pub fn table(standings: &[Standing]) -> String {
    let heads = ["scenario", "ucp, ucat", "cp, cat", "fastest peer", "ratio", "by minima", "memory"];
    let mut cells = vec![heads.map(str::to_owned).to_vec()];
    for standing in standings {
        cells.push(line(standing));
    }
    table::markdown(&cells)
}

fn line(standing: &Standing) -> Vec<String> {
    let of = |row: Option<&Row>| row.map_or_else(|| "–".to_owned(), |row| time(row.wall_seconds.median));
    let ours = standing.ours();
    let peer = standing
        .fastest_peer()
        .map_or_else(|| "–".to_owned(), |row| format!("{}, {}", row.tool, time(row.wall_seconds.median)));
    let mark = |text: String| if standing.is_behind() { text } else { format!("**{text}**") };
    vec![
        format!("{} ({})", title(standing.measured), standing.name),
        mark(format!("{}{}", of(ours), unit(standing.measured))),
        of(standing.original()),
        peer,
        mark(ratio(ours.and_then(|row| row.ratio))),
        ratio(ours.and_then(|row| row.ratio_of_minima)),
        ours.map_or_else(|| "–".to_owned(), |row| memory(row.rss_mib_max)),
    ]
}

/// Where a peer takes less time, or CPU time, as a list; says so where there is no such scenario.
pub fn behind(standings: &[Standing]) -> String {
    let mut slower = Vec::new();
    let mut hungrier = Vec::new();
    let mut close = Vec::new();
    let mut failed = Vec::new();
    for standing in standings {
        let (name, title) = (standing.name, title(standing.measured));
        if let (true, Some(ours), Some(peer)) =
            (standing.is_behind(), standing.ours(), standing.fastest_peer())
        {
            let (by_median, by_minima) = (ratio(ours.ratio), ratio(ours.ratio_of_minima));
            slower.push(format!(
                "- {title} (`{name}`): {by_median} times the time of {}, {by_minima} times by the fastest runs",
                peer.tool
            ));
        }
        if let (false, Some(by_minima)) =
            (standing.is_behind(), standing.ours().and_then(|row| row.ratio_of_minima))
            && by_minima >= 1.005
        {
            close.push(format!("`{name}` ({by_minima:.2})"));
        }
        if let (Some(cpu), Some(peer)) = (standing.cpu_ratio(), standing.fastest_peer())
            && cpu > CPU_RATIO_TOLD
        {
            hungrier.push(format!("`{name}` ({cpu:.2} times that of {})", peer.tool));
        }
        if standing.ours().is_none() {
            failed.push(format!("`{name}`"));
        }
    }
    let mut text = if slower.is_empty() {
        "No peer took less time in any of these.\n".to_owned()
    } else {
        format!("A peer took less time in:\n\n{}\n", slower.join("\n"))
    };
    if !close.is_empty() {
        text += &format!("\nBy the fastest runs alone a peer was also ahead in: {}.\n", close.join(", "));
    }
    if !hungrier.is_empty() {
        text +=
            &format!("\nMore CPU time than the fastest peer, by more than 5 %: {}.\n", hungrier.join(", "));
    }
    if !failed.is_empty() {
        text += &format!("\nWithout a figure of ours: {}.\n", failed.join(", "));
    }
    text
}

/// "3 runs", or "3 to 9 runs".
pub fn runs(standings: &[Standing]) -> String {
    let least = standings.iter().map(|standing| standing.measured.runs).min().unwrap_or(0);
    let most = standings.iter().map(|standing| standing.measured.runs).max().unwrap_or(0);
    if least == most { words::runs(most) } else { format!("{least} to {most} runs") }
}

/// "2026-11-21", or the first and the last day.
pub fn dates(standings: &[Standing]) -> String {
    let first = standings.iter().map(|standing| standing.measured.date.as_str()).min().unwrap_or("never");
    let last = standings.iter().map(|standing| standing.measured.date.as_str()).max().unwrap_or("never");
    if first == last { last.to_owned() } else { format!("{first} to {last}") }
}
