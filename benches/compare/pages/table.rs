//! Owns the form of tables: one that reads well in a terminal, and Markdown with padded columns.

use std::collections::BTreeMap;

use super::super::figures::Absent;
use super::super::figures::standing::{Row, Standing, is_ours};
use super::words::{memory, places, range_beside, ratio, runs, time_beside, unit};

/// One scenario for the terminal.
pub fn text(standing: &Standing) -> String {
    let measured = standing.measured;
    let mut text = format!("{}: {}\n  {}", standing.name, measured.what, places(measured));
    let each = if measured.unit.is_empty() { String::new() } else { format!(", times{}", unit(measured)) };
    text += &format!(", {}{each}\n", runs(measured.runs));
    let mut cells = vec![heads(standing)];
    cells.extend(standing.rows.iter().map(|row| cells_of(standing, row)));
    let widths = widths(&cells);
    for row in &cells {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| pad(cell, *width, column))
            .collect();
        text += &format!("  {}\n", line.join("   ").trim_end());
    }
    for line in absent(&measured.absent) {
        text += &format!("  {line}\n");
    }
    text
}

/// Who has no figures, together where the reason is the same.
pub fn absent(absent: &[Absent]) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in absent {
        reasons.entry(&one.why).or_default().push(&one.tool);
    }
    reasons.into_iter().map(|(why, tools)| format!("{why}: {}", tools.join(", "))).collect()
}

/// One scenario's rows in Markdown, ours in bold.
pub fn rows(standing: &Standing) -> String {
    let mut cells = vec![heads(standing)];
    for row in &standing.rows {
        let mut line = cells_of(standing, row);
        if is_ours(row.tool) {
            for cell in &mut line {
                *cell = format!("**{cell}**");
            }
        }
        cells.push(line);
    }
    markdown(&cells)
}

/// A Markdown table; the first row is the head, the first column is text, the others are numbers.
pub fn markdown(cells: &[Vec<String>]) -> String {
    let widths = widths(cells);
    let mut lines = Vec::new();
    for row in cells {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| pad(cell, *width, column))
            .collect();
        lines.push(format!("| {} |\n", padded.join(" | ")));
    }
    let rule = |(column, width): (usize, &usize)| {
        if column == 0 { format!("|-{}-", "-".repeat(*width)) } else { format!("|-{}:", "-".repeat(*width)) }
    };
    let rules: String = widths.iter().enumerate().map(rule).collect();
    lines.insert(1.min(lines.len()), rules + "|\n");
    lines.concat()
}

fn heads(standing: &Standing) -> Vec<String> {
    let mut heads = vec!["tool", "median", "min – max", "CPU", "memory", "to the fastest peer", "by minima"];
    if standing.rows.iter().any(|row| row.growth.is_some()) {
        heads.extend(["to a tenth of the files", "by minima"]);
    }
    heads.into_iter().map(str::to_owned).collect()
}

fn cells_of(standing: &Standing, row: &Row) -> Vec<String> {
    let longest = standing.longest_seconds();
    let mut cells = vec![
        row.tool.to_owned(),
        time_beside(row.wall_seconds.median, longest),
        range_beside(row.wall_seconds, longest),
        time_beside(row.cpu_seconds.median, longest),
        memory(row.rss_mib_max),
        ratio(row.ratio),
        ratio(row.ratio_of_minima),
    ];
    if standing.rows.iter().any(|row| row.growth.is_some()) {
        cells.extend([ratio(row.growth), ratio(row.growth_of_minima)]);
    }
    cells
}

fn widths(cells: &[Vec<String>]) -> Vec<usize> {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    (0..columns).map(width).collect()
}

fn pad(cell: &str, width: usize, column: usize) -> String {
    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}
