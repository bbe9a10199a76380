//! How many workers a run is worth: a pure decision on what there is and what was seen.

/// Workers where operations sleep: four a core, as many as can have a file in work each without a core to itself.
const SLEEPING_PER_CORE: usize = 4;
const SLEEPING_MIN: usize = 8;
const SLEEPING_MAX: usize = 16;

/// Most workers there may be now. What was asked for is the answer. Otherwise it is one a core as long as there is
/// computing to be done, and more where operations `sleep`: calls that no ring takes, such as making directories and
/// setting attributes, then wait side by side too.
#[must_use]
pub(crate) fn most(asked: Option<usize>, cores: usize, sleep: bool) -> usize {
    match asked {
        Some(asked) => asked,
        None if sleep => (cores * SLEEPING_PER_CORE).clamp(SLEEPING_MIN, SLEEPING_MAX).max(cores),
        None => cores,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_worker_a_core_and_more_where_operations_sleep() {
        assert_eq!([1, 2, 4, 64].map(|cores| most(None, cores, false)), [1, 2, 4, 64]);
        assert_eq!([1, 2, 3, 4, 8, 64].map(|cores| most(None, cores, true)), [8, 8, 12, 16, 16, 64]);
    }

    #[test]
    fn what_was_asked_for_holds() {
        assert_eq!([most(Some(3), 8, false), most(Some(3), 8, true), most(Some(128), 2, false)], [3, 3, 128]);
    }
}
