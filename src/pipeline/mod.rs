//! How bytes move: workers take tasks from a queue, copy methods make chains, engines run them.
//!
//! [`run`] begins a run of `ucp`; [`worker`] is the loop every thread is in; [`tree`], [`operand`] and [`special`] are
//! what it does with a directory, an operand, a link or device; [`method`] is the way of a file's contents; [`chain`] is
//! the data that [`engine`]s run.

pub(crate) mod attributes;
pub(crate) mod backup;
pub(crate) mod branch;
pub(crate) mod chain;
pub(crate) mod choosing;
pub(crate) mod debug;
pub(crate) mod directory;
pub(crate) mod dry;
pub(crate) mod durable;
pub(crate) mod ended;
pub(crate) mod engine;
pub(crate) mod given;
mod given_operands;
pub(crate) mod grains;
pub(crate) mod held;
pub(crate) mod imagined;
pub(crate) mod itself;
pub(crate) mod job;
pub(crate) mod late;
pub(crate) mod leaf;
pub(crate) mod links;
pub(crate) mod listed;
pub(crate) mod made_directories;
mod manifest;
pub(crate) mod method;
pub(crate) mod names;
pub(crate) mod operand;
pub(crate) mod outputs;
mod overlap;
pub(crate) mod owed;
pub(crate) mod parents;
pub(crate) mod place;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod run;
pub(crate) mod several_names;
mod shared;
pub(crate) mod source_directory;
pub(crate) mod special;
pub(crate) mod targets;
pub(crate) mod tree;
pub(crate) mod turn;
mod warmup;
pub(crate) mod worker;
