//! Differences that are meant, each listed in docs/differences.md with its reason. They are recognised as narrowly as they
//! can be, and counted apart. There is none at present that cases can show.

use crate::case::{Case, Outcome};
use crate::compare::Difference;

/// Which of the known differences this is, if it is one.
pub fn known(_case: &Case, _reference: &Outcome, _difference: &Difference) -> Option<&'static str> {
    None
}
