//! The display as indicatif draws it: a frame of one or two lines, as the bytes that a terminal takes.
//!
//! indicatif lays out and fills the bar; how its lines get onto the terminal is ours ([`Canvas`]). It counts rows to find
//! its way back to the first, and a terminal that wraps lines anew when it is made narrower has other rows by then. So the
//! cursor is put back on the first character at once, from where everything below is cleared, whatever became of it.

use super::{Snapshot, layout, names};
use crate::report::quote::Charset;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Columns beyond which nothing gets wider: the eye would have to travel.
const COLUMNS_MAX: usize = 119;

/// What indicatif draws on: keeps the lines of the last drawing.
#[derive(Debug, Clone, Default)]
struct Canvas(Arc<Mutex<Drawing>>);

#[derive(Debug, Default)]
struct Drawing {
    columns: usize,
    lines: Vec<String>,
    /// The parts of the lines that are ours.
    share: u64,
    figures: String,
    name: String,
}

impl Canvas {
    fn lock(&self) -> MutexGuard<'_, Drawing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        u16::try_from(self.lock().columns).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    /// A line, or the spaces that are to fill it up.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.trim().is_empty() {
            self.lock().lines.push(text.to_owned());
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Bar {
    bar: ProgressBar,
    canvas: Canvas,
    charset: Charset,
    /// What the style was made for.
    shape: Option<(bool, bool)>,
}

impl Bar {
    /// A display that has drawn nothing yet.
    #[must_use]
    pub(crate) fn new(charset: Charset) -> Self {
        let canvas = Canvas::default();
        // The caller has a measure of its own for how often it draws.
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas.clone()), u8::MAX);
        Self { bar: ProgressBar::with_draw_target(Some(0), target), canvas, charset, shape: None }
    }

    /// The bytes that draw `snapshot` on a terminal of this number of columns, with the cursor on the first character
    /// before and after. Empty where there is no room for anything.
    pub(crate) fn frame(&mut self, snapshot: &Snapshot, columns: usize) -> Vec<u8> {
        // The last column stays free: a character there leaves terminals undecided about the next line.
        let usable = columns.saturating_sub(1);
        let line = layout::line(snapshot, usable.min(COLUMNS_MAX), self.charset);
        if line.figures.is_empty() {
            return Vec::new();
        }
        let mut drawing = self.canvas.lock();
        drawing.columns = usable.min(COLUMNS_MAX);
        drawing.name = names::fit(&snapshot.name, usable.saturating_sub(1), self.charset);
        drawing.figures = line.figures;
        drawing.share = snapshot.percent().unwrap_or(0);
        drawing.lines.clear();
        drop(drawing);
        let shape = (line.bar, line.percent);
        if self.shape != Some(shape) {
            self.shape = Some(shape);
            self.bar.set_style(self.style(shape));
        }
        let total = snapshot.total.map_or(0, |total| total.bytes.max(1));
        let percent = snapshot.percent().unwrap_or(0);
        let done = if snapshot.total.is_some_and(|total| total.bytes > 0) { snapshot.bytes } else { 0 };
        self.canvas.lock().lines.clear();
        self.bar.update(|state| {
            state.set_len(if total > 1 { total } else { 100 });
            state.set_pos(if total > 1 { done } else { percent });
        });
        on_terminal(&self.canvas.lock().lines)
    }

    fn style(&self, shape: (bool, bool)) -> ProgressStyle {
        let (bar, percent) = shape;
        let [share, figures, name] = [(); 3].map(|()| self.canvas.clone());
        let template = match (bar, percent) {
            (true, _) => " {share:>3} %  {wide_bar}  {figures}\n {name}",
            (false, true) => " {share:>3}%  {figures}\n {name}",
            (false, false) => " {figures}\n {name}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let characters = match self.charset {
            Charset::Utf8 => "━╸─",
            Charset::Ascii | Charset::Bytes { .. } | Charset::Multibyte(_) => "=>-",
        };
        style
            .progress_chars(characters)
            .with_key("share", write_out(move || share.lock().share.to_string()))
            .with_key("figures", write_out(move || figures.lock().figures.clone()))
            .with_key("name", write_out(move || name.lock().name.clone()))
    }
}

/// A key of a template that stands for what `text` answers.
fn write_out(
    text: impl Fn() -> String + Send + Sync + Clone + 'static,
) -> impl Fn(&ProgressState, &mut dyn std::fmt::Write) + Send + Sync + Clone + 'static {
    move |_state, to| match to.write_str(&text()) {
        // indicatif writes into memory.
        Ok(()) | Err(std::fmt::Error) => {}
    }
}

/// The lines, each with what was right of it cleared, and nothing below; the cursor back on the first character.
fn on_terminal(lines: &[String]) -> Vec<u8> {
    let Some(below) = lines.len().checked_sub(1) else { return Vec::new() };
    let mut frame = Vec::from(lines.join("\x1b[K\r\n").as_bytes());
    frame.extend(b"\x1b[J\r");
    if below > 0 {
        frame.extend(format!("\x1b[{below}A").as_bytes());
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::progress::Total;
    use std::num::NonZero;
    use std::time::Duration;

    fn snapshot() -> Snapshot {
        Snapshot {
            files: 2_345,
            bytes: 600_000_000,
            total: Some(Total { files: 40_000, bytes: 1_200_000_000, complete: true }),
            rate: 512_000_000,
            left: Some(Duration::from_secs(3)),
            name: "dir/名前".into(),
            dry: false,
        }
    }

    fn screen(frame: &[u8], columns: u16) -> vt100::Screen {
        let size = |count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN);
        let mut parser = vt100::Parser::new(size(5), size(columns), 0);
        parser.process(frame);
        parser.screen().clone()
    }

    #[test]
    fn a_frame_is_two_lines_and_leaves_the_cursor_where_it_was() {
        let screen = screen(&Bar::new(Charset::Utf8).frame(&snapshot(), 80), 80);
        assert_eq!(screen.cursor_position(), (0, 0));
        let contents = screen.contents();
        let lines: Vec<&str> = contents.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("  50 %  ━"), "{lines:?}");
        assert!(lines[0].contains("─  ") && lines[0].ends_with("600 MB of 1.20 GB   512 MB/s     0:03 left"));
        assert_eq!(lines[1], " dir/名前");
    }

    #[test]
    fn a_frame_over_another_leaves_nothing_of_it() {
        let mut bar = Bar::new(Charset::Ascii);
        let long = Snapshot { name: vec![b'x'; 300], ..snapshot() };
        let frames = [bar.frame(&long, 200), bar.frame(&snapshot(), 200)].concat();
        let shown = screen(&frames, 200);
        assert!(!shown.contents().contains('x'), "{}", shown.contents());
        assert!(shown.contents().contains("=="));
    }

    #[test]
    fn there_is_no_colour_and_no_frame_without_room() {
        let mut bar = Bar::new(Charset::Utf8);
        assert!(
            !bar.frame(&snapshot(), 80).windows(2).any(|bytes| bytes.ends_with(b"m") && bytes[0] == b'[')
        );
        assert!(bar.frame(&snapshot(), 3).is_empty());
        assert!(bar.frame(&snapshot(), 0).is_empty());
    }
}
