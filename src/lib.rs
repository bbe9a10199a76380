//! The engine under `ucp` and `ucat`: GNU cp and cat on an `io_uring` pipeline.
//!
//! Data flows one way, and each stage knows the data of the stage before it, never its behaviour:
//!
//! ```text
//! argv ─▶ cli ─▶ plan ─▶ pipeline ─▶ report ─▶ exit status
//!         what    what to   how bytes    what the
//!         was     do with   move         user is told
//!         typed   each file
//! ```
//!
//! `ARCHITECTURE.md` is the map of the rooms and says where a new option, copy method or engine goes.

mod bufpool;
mod cli;
mod format;
mod front;
mod hashes;
mod patience;
mod pipeline;
mod plan;
mod process;
mod report;

pub use front::{ucat, ucp};

/// What the project's own tests and benchmarks look at: no promise to anyone else.
#[doc(hidden)]
pub mod internals {
    pub use crate::cli::{EXTENSIONS, Surroundings, cat, cp};
    pub use crate::format::{Format, Machine, Numbering, ROOM_BYTES};
    pub use crate::report::language::Language;
    pub use crate::report::quote::Charset;
}
