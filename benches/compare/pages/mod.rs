//! Owns what is made of the figures: a table for the terminal, a page, a chart, and the README's section.

use super::figures::Results;
use super::figures::standing::Standing;

pub mod chart;
pub mod document;
pub mod readme;
pub mod summary;
pub mod table;
pub mod words;

/// All scenarios that were measured, worked out, in the order of `names`.
pub fn standings<'a>(results: &'a Results, names: &[&str]) -> Vec<Standing<'a>> {
    results.in_order(names).into_iter().map(|(name, measured)| Standing::of(name, measured)).collect()
}
