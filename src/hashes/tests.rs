//! Hashes of blocks in any order are those of the whole, and say where two files differ.

use super::*;
use proptest::prelude::*;

fn contents(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at / 1024 * 31 + at * 7) % 251).expect("less than 251")).collect()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length")
}

/// Hashes made of these blocks, of `block_chunks` chunks each, in the order of `order`.
fn of_blocks(mut hashes: Hashes, bytes: &[u8], block_chunks: usize, order: &[usize]) -> Hashes {
    let mut blocks: Vec<(usize, &[u8])> = bytes.chunks(block_chunks * CHUNK_LEN).enumerate().collect();
    for turn in order.iter().copied().chain(std::iter::repeat(0)) {
        if blocks.is_empty() {
            return hashes;
        }
        let (number, block) = blocks.remove(turn % blocks.len());
        let offset = number * block_chunks * CHUNK_LEN;
        hashes.add(Hashed::of(u64::try_from(offset).expect("an offset"), block));
    }
    hashes
}

proptest! {
    #[test]
    fn blocks_in_any_order_hash_as_the_whole(
        size in 0_usize..40_000,
        block_chunks in 1_usize..9,
        order in prop::collection::vec(0_usize..40, 0..40),
        subtrees_max in 16_usize..40,
    ) {
        let bytes = contents(size);
        let mut hashes = of_blocks(Hashes::with(1, subtrees_max), &bytes, block_chunks, &order);
        prop_assert!(hashes.subtrees.len() <= subtrees_max);
        if !hashes.gaps(length(&bytes)).is_empty() {
            // There was no room for what came out of order.
            prop_assert_eq!(hashes.stretches(), vec![]);
            hashes = of_blocks(hashes, &bytes, block_chunks, &[]);
        }
        prop_assert_eq!(hashes.gaps(length(&bytes)), vec![]);
        prop_assert_eq!(hashes.hash(length(&bytes)), Some(blake3::hash(&bytes)));
    }

    #[test]
    fn stretches_that_cut_chunks_hash_as_the_whole_where_they_come_one_behind_the_other(
        size in 0_usize..10_000,
        cuts in prop::collection::vec(0_usize..10_000, 0..12),
    ) {
        let bytes = contents(size);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(size)).chain([0, size]).collect();
        cuts.sort_unstable();
        let mut hashes = Hashes::default();
        for pair in cuts.windows(2) {
            hashes.add(Hashed::of(u64::try_from(pair[0]).expect("an offset"), &bytes[pair[0]..pair[1]]));
        }
        prop_assert_eq!(hashes.gaps(length(&bytes)), vec![]);
        prop_assert_eq!(hashes.hash(length(&bytes)), Some(blake3::hash(&bytes)));
    }

    #[test]
    fn a_file_that_has_become_shorter_is_hashed_by_filling_gaps(
        before in 0_usize..20_000,
        after in 0_usize..20_000,
        block_chunks in 1_usize..9,
    ) {
        let bytes = contents(before.max(after));
        let mut hashes = of_blocks(Hashes::default(), &bytes[..before], block_chunks, &[]);
        for gap in hashes.gaps(u64::try_from(after).expect("a length")) {
            let [from, to] = [gap.start, gap.end].map(|at| usize::try_from(at).expect("an index"));
            hashes.add(Hashed::of(gap.start, &bytes[from..to]));
        }
        let after = &bytes[..after];
        prop_assert_eq!(hashes.gaps(length(after)), vec![]);
        prop_assert_eq!(hashes.hash(length(after)), Some(blake3::hash(after)));
    }

    #[test]
    fn stretches_without_what_is_around_them_are_compared(
        chunks in (0_usize..40, 1_usize..40),
        size in 0_usize..60_000,
        block_chunks in (1_usize..9, 1_usize..9),
        flip in prop::option::of(0_usize..60_000),
    ) {
        let bytes = contents(size);
        let start = chunks.0 * CHUNK_LEN;
        let end = (start + chunks.1 * CHUNK_LEN).min(size);
        prop_assume!(start < end);
        let mut other = bytes.clone();
        let flip = flip.map(|at| start + at % (end - start));
        flip.into_iter().for_each(|at| other[at] ^= 1);
        let of = |bytes: &[u8], block_chunks: usize| {
            let mut hashes = Hashes::with(10, 4096);
            let mut offset = start;
            for block in bytes[start..end].chunks(block_chunks * CHUNK_LEN) {
                hashes.add(Hashed::of(u64::try_from(offset).expect("an offset"), block));
                offset += block.len();
            }
            hashes
        };
        let (left, right) = (of(&bytes, block_chunks.0), of(&other, block_chunks.1));
        let [from, to] = [start, end].map(|at| u64::try_from(at).expect("an offset"));
        let found = left.first_difference(&right, from..to, length(&bytes));
        prop_assert_eq!(found.is_some(), flip.is_some());
        prop_assert!(found <= flip.map(|at| u64::try_from(at).expect("an offset")));
        // What was never hashed is not taken for the same.
        prop_assert!(from == 0 || left.first_difference(&right, 0..to, length(&bytes)).is_some());
    }

    #[test]
    fn the_block_of_the_first_difference_is_found(
        size in 1_usize..40_000,
        flips in prop::collection::vec(0_usize..40_000, 0..3),
        block_chunks in (1_usize..9, 1_usize..9),
        subtrees_max in 16_usize..40,
    ) {
        let bytes = contents(size);
        let mut other = bytes.clone();
        flips.iter().for_each(|flip| other[flip % size] ^= 1);
        let first = bytes.iter().zip(&other).position(|(one, another)| one != another);
        let left = of_blocks(Hashes::with(1, subtrees_max), &bytes, block_chunks.0, &[]);
        let right = of_blocks(Hashes::with(1, 99), &other, block_chunks.1, &[]);
        let block = CHUNK_LEN << left.level().max(right.level());
        let expected = first.map(|at| u64::try_from(at / block * block).expect("an offset"));
        prop_assert_eq!(left.first_difference(&right, 0..length(&bytes), length(&bytes)), expected);
    }
}

#[test]
fn what_is_missing_is_a_gap_and_a_difference() {
    let bytes = contents(5000);
    let mut hashes = Hashes::with(0, 99);
    hashes.add(Hashed::of(2048, &bytes[2048..3072]));
    // Nothing stands before the middle of this chunk.
    hashes.add(Hashed::of(3100, &bytes[3100..5000]));
    let whole = of_blocks(Hashes::with(0, 99), &bytes, 2, &[]);
    assert_eq!(hashes.hash(5000), None);
    assert_eq!(whole.first_difference(&hashes, 0..5000, 5000), Some(0));
    assert_eq!(hashes.gaps(5000), [0..2048, 3072..4096]);
    for gap in [0..2048, 3072..4096] {
        let range =
            usize::try_from(gap.start).expect("an index")..usize::try_from(gap.end).expect("an index");
        hashes.add(Hashed::of(gap.start, &bytes[range]));
    }
    assert_eq!(hashes.hash(5000), Some(blake3::hash(&bytes)));
    assert_eq!(whole.first_difference(&hashes, 0..5000, 5000), None);
}

#[test]
fn memory_is_bounded_by_greater_blocks() {
    let mut hashes = Hashes::with(0, 64);
    let zeros = vec![0; CHUNK_LEN];
    for number in 0..20_000 {
        hashes.add(Hashed::of(number * CHUNK_BYTES, &zeros));
        assert!(hashes.subtrees.len() <= 64);
    }
    assert!((8..12).contains(&hashes.block_level), "{}", hashes.block_level);
    assert_eq!(hashes.hash(20_000 * CHUNK_BYTES), Some(blake3::hash(&vec![0; 20_000 * CHUNK_LEN])));
}

#[test]
fn what_lies_too_far_apart_is_to_be_hashed_again() {
    let mut hashes = Hashes::with(0, 64);
    for number in 0..100 {
        hashes.add(Hashed::of(2 * number * CHUNK_BYTES, &[0; CHUNK_LEN]));
    }
    assert_eq!((hashes.subtrees.len(), hashes.block_level), (64, 0));
    assert!(hashes.gaps(1 << 20).iter().eq([&(0..1 << 20)]));
    let mut hashes = Hashes::default();
    for number in 0..100 {
        hashes.add(Hashed::of(number * CHUNK_BYTES, &[0; 1000]));
    }
    assert_eq!(hashes.tails.len(), TAILS_MAX);
    assert!(hashes.gaps(1 << 20).iter().eq([&(0..1 << 20)]));
}
