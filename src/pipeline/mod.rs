//! How bytes move: workers take tasks from a queue, copy methods make chains, engines run them.
//!
//! [`run`] begins a run of `ucp`; [`worker`] is the loop every thread is in; [`tree`], [`operand`] and [`special`] are
//! what it does with a directory, an operand, a link or device; [`method`] is the way of a file's contents; [`chain`] is
//! the data that [`engine`]s run.

pub mod attributes;
pub mod backup;
pub mod branch;
pub mod cat;
pub mod chain;
pub mod choosing;
pub mod debug;
pub mod directory;
pub mod dry;
pub mod durable;
pub mod ended;
pub mod engine;
pub mod given;
mod given_operands;
pub mod grains;
pub mod held;
pub mod imagined;
pub mod itself;
pub mod job;
pub mod late;
pub mod leaf;
pub mod links;
pub mod listed;
mod manifest;
pub mod method;
pub mod names;
pub mod operand;
pub mod outputs;
mod overlap;
pub mod owed;
pub mod parents;
pub mod place;
pub mod progress;
pub mod queue;
pub mod run;
pub mod several_names;
mod shared;
pub mod source_directory;
pub mod special;
pub mod targets;
pub mod tree;
pub mod turn;
mod warmup;
pub mod worker;
