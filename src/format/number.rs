//! The next line number, kept as the text it is printed as: right-aligned in six places, or as many as it has, and a tab.

/// Places of the largest number, and the tab.
const TEXT_BYTES: usize = 21;

/// Bytes of the text that are kept in one word, from its end.
const WORD_BYTES: usize = 16;

/// Places that a number takes at least.
const PLACES_MIN: usize = 6;

/// Bytes of room that [`LineNumber::put`] needs, however long the number is.
pub(super) const PUT_BYTES: usize = TEXT_BYTES + WORD_BYTES;

/// Counts lines, from 1.
///
/// Nine times out of ten only the last digit changes, which is one addition to a word that never leaves its register: a
/// byte changed in memory would have to be waited for before the whole text can be loaded again.
#[derive(Debug, Clone)]
pub(super) struct LineNumber {
    tens: u64,
    ones: u8,
    /// The last bytes of the text, the first of them lowest.
    word: u128,
    /// How many bytes of the word are text.
    word_length: usize,
    /// What is added to the word to count one up.
    one: u128,
    /// The text before the word: only numbers of more than 15 places have any.
    head: [u8; TEXT_BYTES],
    head_length: usize,
}

impl LineNumber {
    /// The number of the first line.
    pub(super) fn first() -> Self {
        Self::from(1)
    }

    /// Any number as the next one.
    fn from(number: u64) -> Self {
        let mut new = Self {
            tens: number / 10,
            ones: 0,
            word: 0,
            word_length: 0,
            one: 0,
            head: [0; TEXT_BYTES],
            head_length: 0,
        };
        new.spell();
        for _ in 0..number % 10 {
            new.count();
        }
        new
    }

    /// Counts this number of lines.
    pub(super) fn skip(&mut self, lines: u64) {
        *self = Self::from(self.tens * 10 + u64::from(self.ones) + lines);
    }

    /// Writes the number and its tab to `output` at `at`, and counts up. Answers where the text ends.
    #[inline(always)]
    pub(super) fn put(&mut self, output: &mut [u8], mut at: usize) -> usize {
        if self.head_length > 0 {
            output[at..at + TEXT_BYTES].copy_from_slice(&self.head);
            at += self.head_length;
        }
        // More than the text: whatever comes next lands over it.
        output[at..at + WORD_BYTES].copy_from_slice(&self.word.to_le_bytes());
        at += self.word_length;
        self.count();
        at
    }

    #[inline(always)]
    fn count(&mut self) {
        if self.ones < 9 {
            self.ones += 1;
            self.word += self.one;
        } else {
            self.tens += 1;
            self.ones = 0;
            self.spell();
        }
    }

    /// Spells the number out anew; its last digit is 0.
    #[inline(never)]
    fn spell(&mut self) {
        let mut text = [b' '; TEXT_BYTES];
        text[TEXT_BYTES - 1] = b'\t';
        text[TEXT_BYTES - 2] = b'0';
        let mut length = 2;
        let mut rest = self.tens;
        while rest > 0 && length < TEXT_BYTES {
            length += 1;
            text[TEXT_BYTES - length] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        let length = length.max(PLACES_MIN + 1);
        self.word_length = length.min(WORD_BYTES);
        self.head_length = length - self.word_length;
        let (before, word) = text.split_at(TEXT_BYTES - self.word_length);
        let head = &before[before.len() - self.head_length..];
        self.head[..head.len()].copy_from_slice(head);
        self.word = word.iter().rev().fold(0, |word, &byte| word << 8 | u128::from(byte));
        self.one = 1 << (8 * (self.word_length - 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(from: u64, count: u64) {
        let mut number = LineNumber::from(from);
        for expected in from..=from + count {
            let mut output = [0; PUT_BYTES];
            let end = number.put(&mut output, 0);
            let text = String::from_utf8_lossy(&output[..end]);
            assert_eq!(text, format!("{expected:>6}\t"));
        }
    }

    #[test]
    fn numbers_stand_in_six_places_and_take_more_where_they_need_them() {
        follow(1, 120_000);
        follow(999_900, 200);
        follow(9_999_990, 20);
    }

    #[test]
    fn numbers_that_leave_the_word_go_on() {
        for places in 7..19 {
            follow(10_u64.pow(places) - 25, 50);
        }
        follow(u64::MAX - 50, 40);
    }
}
