//! Owns the form of the result: a Markdown table, columns padded so that it also reads well in a terminal.

use std::time::Duration;

use anyhow::Result;

use crate::files::FILE_LENGTH;
use crate::measure::Row;

const HEAD: [&str; 8] =
    ["files", "way", "runs", "median, µs", "min, µs", "MB/s at median", "system calls", "ring set-up, µs"];

/// Columns of text are aligned to the left, the others hold numbers.
const TEXT_COLUMN: usize = 1;

/// The whole table, with a line end after each row.
pub fn markdown(rows: &[Row]) -> Result<String> {
    let mut cells = vec![HEAD.map(str::to_owned)];
    for row in rows {
        cells.push(cells_of(row)?);
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    let mut lines: Vec<_> = cells.iter().map(|row| line(row, &widths)).collect();
    lines.insert(1, rule(&widths));
    Ok(lines.concat())
}

fn cells_of(row: &Row) -> Result<[String; HEAD.len()]> {
    let megabytes = f64::from(u32::try_from(row.group.files)?) * f64::from(FILE_LENGTH) / 1e6;
    let speed = megabytes / row.time_median.as_secs_f64();
    Ok([
        grouped(&row.group.files.to_string()),
        row.way.to_owned(),
        grouped(&row.group.runs.to_string()),
        micros(row.time_median),
        micros(row.time_min),
        grouped(&format!("{speed:.0}")),
        grouped(&row.calls_median.to_string()),
        row.set_up.map_or("none".to_owned(), micros),
    ])
}

/// Microseconds, with a decimal where it means something.
fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.1}") } else { grouped(&format!("{micros:.0}")) }
}

/// Commas between the thousands of a whole number.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if column == TEXT_COLUMN {
            text += &format!("| {cell:<width$} ");
        } else {
            text += &format!("| {cell:>width$} ");
        }
    }
    text + "|\n"
}

fn rule(widths: &[usize]) -> String {
    let mut text = String::new();
    for (column, width) in widths.iter().enumerate() {
        let dashes = "-".repeat(width + 1);
        text += &if column == TEXT_COLUMN { format!("|-{dashes}") } else { format!("|{dashes}:") };
    }
    text + "|\n"
}
