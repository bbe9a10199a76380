//! Where in a block of 64 bytes the special ones are, as a bitmap: bit n stands for byte n.
//!
//! Comparisons without a branch, which the compiler makes with vectors on every processor that has them; the intrinsics
//! that would save the multiplications are not safe to call.

/// Bytes looked at in one go.
pub(super) const BLOCK_BYTES: usize = 64;

/// A block, and as many bytes after it: a run of bytes that starts within the block can be copied without asking
/// whether it ends there.
pub(super) type Window = [u8; 2 * BLOCK_BYTES];

/// Which bytes are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Newlines.
    pub newline: bool,
    /// Tabs.
    pub tab: bool,
    /// Carriage returns.
    pub carriage_return: bool,
    /// What has a sign of its own: below 32, 127, and from 128 on, newline and tab excepted.
    pub nonprinting: bool,
}

/// The bytes of the window's first block that are wanted.
#[inline(always)]
pub(super) fn special(window: &Window, wanted: Wanted) -> u64 {
    // A loop of its own for each: what is not looked for costs nothing.
    match (wanted.nonprinting, wanted.newline, wanted.tab, wanted.carriage_return) {
        (false, false, false, false) => 0,
        (false, true, false, false) => equal(window, b'\n'),
        (false, false, true, false) => equal(window, b'\t'),
        (false, true, true, false) => map(window, |byte| (byte == b'\n') | (byte == b'\t')),
        (false, true, false, true) => map(window, |byte| (byte == b'\n') | (byte == b'\r')),
        (false, newline, tab, _) => {
            map(window, |byte| ((byte == b'\n') & newline) | ((byte == b'\t') & tab) | (byte == b'\r'))
        }
        (true, false, false, _) => {
            map(window, |byte| is_nonprinting(byte) & (byte != b'\n') & (byte != b'\t'))
        }
        (true, false, true, _) => map(window, |byte| is_nonprinting(byte) & (byte != b'\n')),
        (true, true, false, _) => map(window, |byte| is_nonprinting(byte) & (byte != b'\t')),
        (true, true, true, _) => map(window, is_nonprinting),
    }
}

/// Newline and tab among them.
#[inline(always)]
fn is_nonprinting(byte: u8) -> bool {
    byte.wrapping_sub(32) >= 95
}

/// The bytes of the window's first block that are `byte`.
#[inline]
pub(super) fn equal(window: &Window, byte: u8) -> u64 {
    map(window, |other| other == byte)
}

/// No branch in the condition, and so no end to 16 bytes at a time.
#[inline(always)]
fn map(window: &Window, is_wanted: impl Fn(u8) -> bool) -> u64 {
    let mut found = [0; BLOCK_BYTES];
    for (found, &byte) in found.iter_mut().zip(window) {
        *found = u8::from(is_wanted(byte));
    }
    bitmap(&found)
}

/// The ones among zeroes and ones. Eight bytes are drawn together by one multiplication: it moves byte n of the word to
/// bit 56 + n, and no two of its products meet.
#[inline(always)]
fn bitmap(found: &[u8; BLOCK_BYTES]) -> u64 {
    const DRAW_TOGETHER: u64 = 0x0102_0408_1020_4080;
    let (words, _none_left) = found.as_chunks::<8>();
    words
        .iter()
        .rev()
        .fold(0, |map, &word| map << 8 | u64::from_le_bytes(word).wrapping_mul(DRAW_TOGETHER) >> 56)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows in which every byte value stands at every place of the block.
    fn windows() -> impl Iterator<Item = Window> {
        (0..=255_u8).map(|first| {
            let mut window = [0; 2 * BLOCK_BYTES];
            for (place, number) in window.iter_mut().zip(0_u8..) {
                *place = number.wrapping_mul(37).wrapping_add(first);
            }
            window
        })
    }

    fn naive(window: &Window, is_wanted: impl Fn(u8) -> bool) -> u64 {
        let block = window.iter().take(BLOCK_BYTES).rev();
        block.fold(0, |map, &byte| map << 1 | u64::from(is_wanted(byte)))
    }

    #[test]
    fn bitmaps_name_exactly_the_wanted_bytes() {
        for window in windows() {
            for byte in [b'\n', b'\t', b'\r', 0, 127, 128, 255] {
                assert_eq!(equal(&window, byte), naive(&window, |other| other == byte));
            }
            let all = Wanted { newline: true, tab: true, carriage_return: true, nonprinting: true };
            assert_eq!(special(&window, all), naive(&window, |byte| !(32..127).contains(&byte)));
            let printable = |byte: u8| (32..127).contains(&byte) || byte == b'\n' || byte == b'\t';
            let nonprinting = Wanted { nonprinting: true, ..Wanted::default() };
            assert_eq!(special(&window, nonprinting), naive(&window, |byte| !printable(byte)));
            let ends = Wanted { newline: true, carriage_return: true, ..Wanted::default() };
            assert_eq!(special(&window, ends), naive(&window, |byte| byte == b'\n' || byte == b'\r'));
        }
    }
}
