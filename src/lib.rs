//! The engine under `ucp` and `ucat`: GNU cp and cat on an `io_uring` pipeline.
//!
//! For others there are [`Copy`](struct@Copy), a copy with the options of `ucp` as methods and its errors as values, and [`ring`], chains of
//! linked `io_uring` operations. What follows is for developers of the crate itself.
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

#![deny(unreachable_pub)]

mod api;
mod bufpool;
mod cat;
mod cli;
mod cp;
mod format;
mod front;
mod hashes;
mod patience;
mod pipeline;
mod plan;
mod process;
mod report;
pub mod ring;

pub use api::{
    Attribute, Cancel, Control, Copy, EngineKind, Failure, Failures, Follow, Make, Operation, Overwrite,
    Progress, Reflink, Sparse, Summary, Total,
};
#[doc(hidden)]
pub use front::{ucat, ucp};

/// What the project's own programs, tests and benchmarks look at: no promise to other users.
#[doc(hidden)]
pub mod internals {
    use crate::cli::{Environment, cat, cp};
    use crate::report::language::Language;
    use crate::report::quote::Charset;
    use std::ffi::OsString;

    pub use crate::cli::EXTENSIONS;
    pub use crate::format::{Format, Machine, Numbering, ROOM_BYTES};
    pub use crate::process::Heap;

    /// The options of `ucp`.
    #[must_use]
    pub fn cp_command() -> clap::Command {
        cp::command()
    }

    /// The options of `ucat`.
    #[must_use]
    pub fn cat_command() -> clap::Command {
        cat::command()
    }

    /// What `ucp`, or else `ucat`, says in English to arguments that it refuses.
    #[must_use]
    pub fn refusal(is_cp: bool, arguments: Vec<OsString>) -> Option<Vec<u8>> {
        let (surroundings, english) = (Environment::default(), Language::english(Charset::Ascii));
        let refused = match is_cp {
            true => cp::parse(arguments.into_iter(), &surroundings, &english).request.err(),
            false => cat::parse(arguments.into_iter(), &surroundings, &english).err(),
        };
        refused.map(|refused| refused.message)
    }
}
