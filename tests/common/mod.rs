//! The one helper of all integration tests: build a tree, run a tool on it, compare trees.
//!
//! `each_engine` hands every test body a fresh [`Sandbox`] for each engine; the sandbox makes files and starts tools
//! ([`Run`]); what a tool did is an [`Outcome`] with the expectations as methods. A failure shows the command, how it
//! ended, both streams and the directory.

mod attributes;
pub mod calls;
pub mod delaying;
mod environment;
mod fuse;
mod image;
pub mod language;
pub mod misstating;
pub mod newcomers;
pub mod odd;
mod outcome;
mod preparation;
mod run;
mod sandbox;
pub mod silent;
mod skipping;
pub mod stingy;
mod terminal;
mod tree;

pub use attributes::with_xattrs;
pub use environment::{
    Engine, each_engine, io_uring_works, is_reference, is_root, needs_extensions, needs_root,
};
pub use image::Kind;
pub use outcome::Outcome;
pub use run::{IoUring, Run, Running};
pub use sandbox::Sandbox;
pub use skipping::skip;
pub use terminal::Terminal;
pub use tree::noise;
