//! `ucp`: what a run does, and in which order.
//!
//! [`run`] begins it, and [`worker`] is the loop that every thread is in. [`walk`] finds what is to be copied, [`entry`] meets what
//! is at the destination already, [`copy`] moves a file's contents; what one hands to the next is in [`job`], and [`task`]. What walk and
//! entries do to a destination they do by [`effects`], which are those of a copy or of a dry run; what has happened they tell the
//! [`observer`].

pub(crate) mod copy;
pub(crate) mod effects;
pub(crate) mod entry;
pub(crate) mod host;
pub(crate) mod job;
pub(crate) mod manifest;
pub(crate) mod observer;
pub(crate) mod outputs;
pub(crate) mod progress;
pub(crate) mod run;
pub(crate) mod shared;
pub(crate) mod task;
pub(crate) mod walk;
pub(crate) mod worker;
