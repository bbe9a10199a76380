//! Stretches of a file, in order and apart: what is left of some of them without others.

use std::ops::Range;

/// What of `stretches` lies in none of `others`.
#[must_use]
pub(crate) fn without(stretches: &[Range<u64>], others: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    let mut others = others.iter().peekable();
    for stretch in stretches {
        let mut start = stretch.start;
        while let Some(other) = others.peek().filter(|other| other.start < stretch.end) {
            if start < other.start {
                left.push(start..other.start);
            }
            start = start.max(other.end);
            if other.end > stretch.end {
                // It may reach into the next stretch.
                break;
            }
            others.next();
        }
        if start < stretch.end {
            left.push(start..stretch.end);
        }
    }
    left
}

/// The whole blocks of `unit` bytes in stretches of a file of `length` bytes; its last block may be shorter.
#[must_use]
pub(crate) fn whole_blocks(stretches: &[Range<u64>], unit: u64, length: u64) -> Vec<Range<u64>> {
    let whole = |stretch: &Range<u64>| {
        let start = stretch.start.checked_next_multiple_of(unit)?;
        let end = if stretch.end == length { length } else { stretch.end - stretch.end % unit };
        (start < end).then_some(start..end)
    };
    stretches.iter().filter_map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_in_the_one_and_in_none_of_the_others() {
        let all = |ranges: &[(u64, u64)]| ranges.iter().map(|&(start, end)| start..end).collect::<Vec<_>>();
        type Pairs = &'static [(u64, u64)];
        let cases: [(Pairs, Pairs, Pairs); 7] = [
            (&[(0, 10)], &[], &[(0, 10)]),
            (&[(0, 10)], &[(0, 10)], &[]),
            (&[(0, 10)], &[(2, 3), (5, 12)], &[(0, 2), (3, 5)]),
            (&[(0, 10), (20, 30)], &[(8, 22)], &[(0, 8), (22, 30)]),
            (&[(0, 10), (20, 30)], &[(12, 15), (30, 40)], &[(0, 10), (20, 30)]),
            (&[(5, 10)], &[(0, 2), (0, 6), (9, 10)], &[(6, 9)]),
            (&[(0, 5), (7, 9)], &[(0, 100)], &[]),
        ];
        for (stretches, others, left) in cases {
            assert_eq!(without(&all(stretches), &all(others)), all(left), "{stretches:?} without {others:?}");
        }
    }

    #[test]
    fn blocks_are_whole_but_for_the_last_of_the_file() {
        let blocks = |stretch: Range<u64>, length| whole_blocks(&[stretch], 10, length).into_iter().next();
        assert_eq!(blocks(0..105, 105), Some(0..105));
        assert_eq!(blocks(1..99, 105), Some(10..90));
        assert_eq!(blocks(101..105, 105), None);
        assert_eq!(blocks(0..u64::MAX, u64::MAX), Some(0..u64::MAX));
        assert_eq!(blocks(u64::MAX - 1..u64::MAX, u64::MAX), None);
    }
}
