//! What marks the entries of a chain: its place in the engine's table, a generation, and the operation's number.

const OPERATION_BITS: u32 = 8;
const INDEX_BITS: u32 = 24;

/// The `user_data` of a chain's entries, without the operation's number.
pub(super) fn user_data(index: usize, generation: u32) -> u64 {
    u64::from(generation) << (OPERATION_BITS + INDEX_BITS)
        | u64::try_from(index).unwrap_or(u64::MAX) << OPERATION_BITS
}

/// Table index, generation and operation.
pub(super) fn split_user_data(data: u64) -> (usize, u32, usize) {
    let part = |shift: u32, bits: u32| (data >> shift) & ((1 << bits) - 1);
    let index = usize::try_from(part(OPERATION_BITS, INDEX_BITS)).unwrap_or(usize::MAX);
    let generation = u32::try_from(part(OPERATION_BITS + INDEX_BITS, 32)).unwrap_or(u32::MAX);
    (index, generation, usize::try_from(part(0, OPERATION_BITS)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_which_operation_of_which_chain() {
        let mark = user_data(4095, 0xffff_fffe) | 7;
        assert_eq!(split_user_data(mark), (4095, 0xffff_fffe, 7));
    }
}
