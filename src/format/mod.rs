//! What `ucat`'s options do to bytes: line numbers, marked ends, visible control bytes, squeezed empty lines.
//!
//! Pure functions over slices: a [`Machine`] takes input in whatever pieces it comes, keeps what must be remembered from
//! one piece to the next, and fills the output it is given. [`scan`] finds the bytes that are not simply copied, 64 at a
//! time; [`number`] keeps the next line number as text.

mod machine;
mod number;
mod scan;

pub use machine::{Machine, ROOM_BYTES};
pub(crate) use machine::{Moved, Place};

/// Which lines are numbered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Numbering {
    /// None.
    #[default]
    None,
    /// Every line of the output.
    All,
    /// Every line that is not empty.
    NonBlank,
}

/// What the options ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Format {
    /// `-n` and `-b`.
    pub numbering: Numbering,
    /// `-s`: of several empty lines in a row only the first is printed.
    pub squeeze_blank: bool,
    /// `-v`: control bytes and bytes from 128 on are shown by printable ones.
    pub show_nonprinting: bool,
    /// `-E`: a line ends with `$`, and with `^M$` where it ends with a carriage return.
    pub show_ends: bool,
    /// `-T`: tabs are shown as `^I`.
    pub show_tabs: bool,
}

impl Format {
    /// Whether every byte is printed as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}
