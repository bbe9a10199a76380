//! What both programs move bytes by: chains of operations as data ([`chain`]), engines that run them ([`engine`]), and a queue
//! of tasks for workers ([`queue`]). Neither `ucp` nor `ucat` is known here.
//!
//! [`attributes`] and [`place`] are what an engine calls for attributes and for the directories that names lie in;
//! [`create_lock`] keeps engines from making files in one directory at the same time.

pub(crate) mod attributes;
pub(crate) mod chain;
pub(crate) mod create_lock;
pub(crate) mod engine;
pub(crate) mod place;
pub(crate) mod queue;
pub(crate) mod stats_output;
