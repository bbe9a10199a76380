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

pub mod bufpool;
pub mod cli;
pub mod format;
pub mod front;
pub mod hashes;
pub mod patience;
pub mod pipeline;
pub mod plan;
pub mod process;
pub mod report;
