//! GNU's semantics as decisions: what to do with each file, told from options and facts, without doing it.

pub(crate) mod attribute_names;
pub(crate) mod attributes;
pub(crate) mod backup;
pub(crate) mod data;
pub(crate) mod descriptors;
pub(crate) mod destination;
pub(crate) mod durability;
pub(crate) mod facts;
pub(crate) mod filter;
pub(crate) mod grain;
pub(crate) mod linking;
pub(crate) mod listing;
pub(crate) mod looping;
pub(crate) mod memory;
pub(crate) mod overwrite;
pub(crate) mod path;
pub(crate) mod placement;
pub(crate) mod reading;
pub(crate) mod replace;
pub(crate) mod stretches;
pub(crate) mod target;
pub(crate) mod ways;
pub(crate) mod workers;
pub(crate) mod zeros;
