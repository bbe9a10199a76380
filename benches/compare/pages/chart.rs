//! Owns the chart: for each of the main scenarios a panel of bars, one a tool, written as SVG by hand.
//!
//! Each panel has a scale of its own that begins at zero, as seconds and microseconds share no axis; the figure stands
//! behind each bar. The chart carries its own background, light or dark by what the reader's system prefers, so that it
//! reads on any page. Which scenarios are shown does not depend on who wins them.

use super::super::figures::standing::{Row, Standing, is_ours, is_the_original};
use super::summary;
use super::words::{self, time_beside, title};

/// The main scenarios, in the order of reading.
const SHOWN: [&str; 12] = [
    "tree-hot-xfs",
    "tree-cold",
    "archive-cold",
    "big-hot",
    "big-durable",
    "start-cp",
    "cat-many-cold",
    "cat-join",
    "cat-pipe",
    "cat-number",
    "cat-live",
    "start-cat",
];

/// Most bars in a panel: ours, GNU's, and the fastest of the others.
const BARS_MAX: usize = 5;

const COLUMNS: usize = 3;
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
const HEAD_HEIGHT: f64 = 74.0;
const FOOT_HEIGHT: f64 = 34.0;
const GAP: f64 = 30.0;
const TITLE_HEIGHT: f64 = 24.0;
const ROW_HEIGHT: f64 = 18.0;
const BAR_HEIGHT: f64 = 12.0;
/// Room for a tool's name before its bar, and for the figure behind it.
const NAME_WIDTH: f64 = 46.0;
const FIGURE_WIDTH: f64 = 56.0;

const STYLE: &str = "\
svg { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif; }
.card { fill: #ffffff; stroke: #d0d7de; } .axis { stroke: #afb8c1; }
.text { fill: #1f2328; } .faint { fill: #59636e; }
.ours { fill: #d9480f; } .original { fill: #7d8b99; } .peer { fill: #b6c0ca; } .best { fill: #b83d0b; }
.heading { font-size: 19px; font-weight: 700; } .note { font-size: 12px; }
.title { font-size: 13px; font-weight: 600; } .label { font-size: 12px; } .strong { font-weight: 700; }
@media (prefers-color-scheme: dark) {
.card { fill: #0d1117; stroke: #30363d; } .axis { stroke: #484f58; }
.text { fill: #e6edf3; } .faint { fill: #9198a1; }
.ours { fill: #f76707; } .original { fill: #77828e; } .peer { fill: #48525d; } .best { fill: #ff922b; }
}
";

/// The chart of the main scenarios that were measured.
pub fn svg(standings: &[Standing]) -> String {
    let shown: Vec<&Standing> =
        SHOWN.iter().filter_map(|name| standings.iter().find(|standing| standing.name == *name)).collect();
    let mut body = String::new();
    let mut top = HEAD_HEIGHT;
    for line in shown.chunks(COLUMNS) {
        let mut left = MARGIN;
        for standing in line {
            body += &panel(standing, left, top);
            left += panel_width() + GAP;
        }
        let bars = line.iter().map(|standing| bars(standing).len()).max().unwrap_or(0);
        top += TITLE_HEIGHT + ROW_HEIGHT * count(bars) + GAP * 0.75;
    }
    let height = top + FOOT_HEIGHT;
    let foot = format!(
        "Medians of {}, {}. Each panel has its own scale, from zero. At most {BARS_MAX} tools a panel: ours, GNU's and \
         the fastest others.",
        summary::runs(standings),
        summary::dates(standings)
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Time of ucp and ucat beside other tools</title>\n\
         <style>\n{STYLE}</style>\n\
         <rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n{}{}{body}{}</svg>\n",
        WIDTH - 1.0,
        height - 1.0,
        text("text heading", MARGIN, 36.0, "How long it takes"),
        text(
            "faint note",
            MARGIN,
            56.0,
            &format!(
                "Wall-clock time of ucp and ucat beside other tools; shorter is better. {}",
                words::FACTORS
            )
        ),
        text("faint note", MARGIN, height - 18.0, &foot),
    )
}

fn panel_width() -> f64 {
    let columns = count(COLUMNS);
    (WIDTH - 2.0 * MARGIN - GAP * (columns - 1.0)) / columns
}

/// The rows that are drawn, fastest first.
fn bars<'a>(standing: &'a Standing<'a>) -> Vec<&'a Row<'a>> {
    let always = |row: &Row| is_ours(row.tool) || is_the_original(row.tool);
    let mut room = BARS_MAX.saturating_sub(standing.rows.iter().filter(|row| always(row)).count());
    let mut drawn = Vec::new();
    for row in &standing.rows {
        if always(row) {
            drawn.push(row);
        } else if room > 0 {
            room -= 1;
            drawn.push(row);
        }
    }
    drawn
}

fn panel(standing: &Standing, left: f64, top: f64) -> String {
    let rows = bars(standing);
    let greatest = rows.iter().map(|row| row.wall_seconds.median).fold(f64::MIN_POSITIVE, f64::max);
    let axis = left + NAME_WIDTH;
    let room = panel_width() - NAME_WIDTH - FIGURE_WIDTH;
    let mut drawing = text("text title", left, top + 12.0, &title(standing.measured));
    let mut row_top = top + TITLE_HEIGHT;
    drawing += &format!(
        "<line class=\"axis\" x1=\"{axis:.1}\" x2=\"{axis:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\n",
        row_top - 1.0,
        row_top + ROW_HEIGHT * count(rows.len()) - ROW_HEIGHT + BAR_HEIGHT + 1.0
    );
    for row in rows {
        let (bar, label) = match (is_ours(row.tool), is_the_original(row.tool)) {
            (true, _) => ("ours", "best label strong"),
            (false, true) => ("original", "text label"),
            (false, false) => ("peer", "text label"),
        };
        let length = room * row.wall_seconds.median / greatest;
        let base = row_top + BAR_HEIGHT - 1.5;
        drawing += &format!(
            "<text class=\"{label}\" x=\"{:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>\n",
            axis - 6.0,
            escaped(row.tool)
        );
        drawing += &format!(
            "<rect class=\"{bar}\" x=\"{axis:.1}\" y=\"{row_top:.1}\" width=\"{length:.1}\" height=\"{BAR_HEIGHT}\"/>\n"
        );
        drawing += &text(label, axis + length + 6.0, base, &time_beside(row.wall_seconds.median, greatest));
        row_top += ROW_HEIGHT;
    }
    drawing
}

fn text(class: &str, x: f64, y: f64, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(words))
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A small number of things as a length.
fn count(things: usize) -> f64 {
    f64::from(u16::try_from(things).unwrap_or(u16::MAX))
}
