//! Which pages of a region are lent: a bitmap that finds aligned runs. Pure bookkeeping, no memory is touched here.

/// Bytes of one page, the smallest lease and the alignment of every lease.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Pages that one map can describe: a region of 2 MiB.
pub(super) const PAGES_MAX: usize = 512;

const WORD_BITS: usize = 64;

/// A bitmap of up to [`PAGES_MAX`] pages; a set bit is a page that is lent.
#[derive(Debug, Clone)]
pub(super) struct PageMap {
    words: [u64; PAGES_MAX / WORD_BITS],
    free: usize,
    pages: usize,
}

impl PageMap {
    /// A map of `pages` free pages; `pages` is a power of two of at most [`PAGES_MAX`].
    #[must_use]
    pub(super) fn new(pages: usize) -> Self {
        debug_assert!(pages.is_power_of_two() && pages <= PAGES_MAX, "{pages} pages");
        Self { words: [0; PAGES_MAX / WORD_BITS], free: pages, pages }
    }

    /// How many pages are free.
    #[must_use]
    pub(super) fn free(&self) -> usize {
        self.free
    }

    /// Lends a run of `count` pages (a power of two), aligned to its own length; the first page's number, or `None`
    /// where no such run is free.
    pub(super) fn take(&mut self, count: usize) -> Option<usize> {
        debug_assert!(count.is_power_of_two(), "{count} pages");
        if count > self.free {
            return None;
        }
        let first = (0..self.pages).step_by(count).find(|&first| self.is_free(first, count))?;
        self.mark(first, count, true);
        self.free -= count;
        Some(first)
    }

    /// Takes back the run of `count` pages that [`take`](Self::take) lent at `first`.
    pub(super) fn give(&mut self, first: usize, count: usize) {
        debug_assert!(!self.is_free(first, count), "pages {first}+{count} were not lent");
        self.mark(first, count, false);
        self.free += count;
    }

    /// An aligned run of up to 64 pages lies inside one word, a longer one covers whole words.
    fn mask(first: usize, count: usize) -> (usize, usize, u64) {
        if count >= WORD_BITS {
            (first / WORD_BITS, count / WORD_BITS, u64::MAX)
        } else {
            (first / WORD_BITS, 1, ((1 << count) - 1) << (first % WORD_BITS))
        }
    }

    fn is_free(&self, first: usize, count: usize) -> bool {
        let (word, words, mask) = Self::mask(first, count);
        self.words[word..word + words].iter().all(|bits| bits & mask == 0)
    }

    fn mark(&mut self, first: usize, count: usize, lent: bool) {
        let (word, words, mask) = Self::mask(first, count);
        for bits in &mut self.words[word..word + words] {
            *bits = if lent { *bits | mask } else { *bits & !mask };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_map_lends_nothing_and_is_whole_again_when_all_is_back() {
        let mut map = PageMap::new(512);
        let first = map.take(256);
        let second = map.take(256);
        assert_eq!((first, second, map.take(1)), (Some(0), Some(256), None));
        map.give(256, 256);
        assert_eq!(map.take(2), Some(256));
        map.give(256, 2);
        map.give(0, 256);
        assert_eq!((map.free(), map.take(512)), (512, Some(0)));
    }

    proptest! {
        #[test]
        fn lent_runs_are_aligned_and_never_overlap(steps in prop::collection::vec((0_u32..8, any::<bool>()), 1..200)) {
            let mut map = PageMap::new(128);
            let mut lent: Vec<(usize, usize)> = Vec::new();
            for (power, give) in steps {
                if give && !lent.is_empty() {
                    let (first, count) = lent.swap_remove(0);
                    map.give(first, count);
                } else if let Some(first) = map.take(1 << power) {
                    let count = 1 << power;
                    prop_assert_eq!(first % count, 0);
                    prop_assert!(first + count <= 128);
                    prop_assert!(lent.iter().all(|&(f, c)| first + count <= f || f + c <= first));
                    lent.push((first, count));
                }
                prop_assert_eq!(map.free(), 128 - lent.iter().map(|run| run.1).sum::<usize>());
            }
        }
    }
}
