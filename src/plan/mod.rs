//! GNU's semantics as decisions: what to do with each file, told from options and facts, without doing it.

pub mod attribute_names;
pub mod attributes;
pub mod backup;
pub mod choosing;
pub mod data;
pub mod descriptors;
pub mod destination;
pub mod durability;
pub mod facts;
pub mod linking;
pub mod looping;
pub mod overwrite;
pub mod path;
pub mod placement;
pub mod reading;
pub mod replace;
pub mod target;
pub mod walk;
pub mod ways;
pub mod workers;
pub mod zeros;
