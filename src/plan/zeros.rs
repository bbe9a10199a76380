//! Which parts of a buffer are more than zeros.

use std::ops::Range;

/// Bytes that are looked at together: long enough for the compiler to use vector instructions, short enough that data
/// is soon known for what it is.
const STRIDE_BYTES: usize = 256;

/// Whether all bytes are zero.
#[must_use]
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(STRIDE_BYTES).all(|stride| stride.iter().fold(0, |all, byte| all | byte) == 0)
}

/// The stretches of `bytes`, which belong at `offset` of a file, that must be written where every `unit` of the file
/// that is all zeros can be left out. Units are counted from the beginning of the file, and the first and the last of
/// `bytes` may be parts of one. Stretches are in order and do not touch.
#[must_use]
pub(crate) fn data(bytes: &[u8], offset: u64, unit: u32) -> Vec<Range<usize>> {
    let unit_bytes = usize::try_from(unit).unwrap_or(usize::MAX).max(1);
    let into = usize::try_from(offset % u64::from(unit.max(1))).unwrap_or(0);
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut end = unit_bytes - into;
    while start < bytes.len() {
        end = end.min(bytes.len());
        if !is_zero(&bytes[start..end]) {
            match stretches.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => stretches.push(start..end),
            }
        }
        (start, end) = (end, end.saturating_add(unit_bytes));
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_byte_anywhere_is_data() {
        for length in [1, 7, 255, 256, 257, 4096] {
            assert!(is_zero(&vec![0; length]));
            for at in 0..length {
                let mut bytes = vec![0; length];
                bytes[at] = 1;
                assert!(!is_zero(&bytes), "{at} of {length}");
            }
        }
    }

    #[test]
    fn units_are_counted_from_the_beginning_of_the_file() {
        let bytes = [&[1_u8; 3][..], &[0; 5], &[0; 8], &[2; 8], &[0; 4]].concat();
        assert_eq!(data(&bytes, 0, 8), vec![0..8, 16..24]);
        assert_eq!(data(&bytes, 16, 8), vec![0..8, 16..24]);
        assert_eq!(data(&bytes, 6, 8), std::iter::once(0..26).collect::<Vec<_>>());
        assert!(data(&[], 5, 8).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_zero_and_what_is_kept_is_not(
            parts in prop::collection::vec((any::<bool>(), 1_usize..700), 0..20),
            offset in 0_u64..5000,
            unit in prop::sample::select(vec![1_u32, 512, 1024, 4096]),
        ) {
            let bytes: Vec<u8> = parts.iter().flat_map(|&(data, count)| vec![u8::from(data); count]).collect();
            let stretches = data(&bytes, offset, unit);
            let mut rebuilt = vec![0; bytes.len()];
            for stretch in &stretches {
                prop_assert!(stretch.start < stretch.end);
                rebuilt[stretch.clone()].copy_from_slice(&bytes[stretch.clone()]);
            }
            prop_assert_eq!(&rebuilt, &bytes);
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
