//! A run that changes nothing: [`state`] is the destination as it would be, [`effects`] what would be done to it.

pub(crate) mod effects;
pub(crate) mod state;
