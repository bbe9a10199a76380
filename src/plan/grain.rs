//! How finely file systems keep times, for `-u` with times that are kept: a copy whose time was cut when it was set is not
//! older than its source for that.

use super::facts::FileStat;
use rustix::fs::Timespec;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// Nanoseconds that times are kept in multiples of, from the finest to the coarsest: powers of ten up to a second (ext2
/// and 3, NFS and SMB servers; a hundred nanoseconds are NTFS's, a thousand UDF's, ten milliseconds exFAT's), and FAT's two.
const GRAINS: [i128; 11] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, SECOND, 2 * SECOND];

/// Nanoseconds that a file system keeps times in multiples of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grain(i128);

impl Grain {
    /// That of a file system that keeps every nanosecond.
    pub(crate) const FINEST: Self = Self(1);

    /// The coarsest that these times may have been cut to.
    fn coarsest(times: &[Timespec]) -> Self {
        let fits = |grain: &&i128| times.iter().all(|time| nanoseconds(time) % **grain == 0);
        Self(GRAINS.iter().rev().find(fits).copied().unwrap_or(1))
    }

    /// What was kept of `asked`, which shows how finely: the finest where it was neither kept nor cut.
    #[must_use]
    pub(crate) fn shown_by(asked: Timespec, kept: Timespec) -> Self {
        let cuts = |grain: &&i128| cut(&asked, **grain) == nanoseconds(&kept);
        Self(GRAINS.iter().find(cuts).copied().unwrap_or(1))
    }

    /// Whether a copy written at `copy` is older than a file written at `source`, as far as its file system could tell.
    #[must_use]
    pub(crate) fn is_older(self, copy: Timespec, source: Timespec) -> bool {
        cut(&source, self.0) > nanoseconds(&copy)
    }
}

/// What the times of a copy say of how finely its file system keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It is older than its source, however they are kept.
    Older,
    /// It may only seem older: none of its times is finer than would explain it.
    Coarse,
    /// It may only seem older where the file system keeps other times more finely than that of writing, as FAT does.
    CoarseForFat,
}

/// What to think of a `copy` that seems older than its `source`.
#[must_use]
pub(crate) fn hint(source: &FileStat, copy: &FileStat) -> Hint {
    let seems = |grain: Grain| !grain.is_older(copy.modified, source.modified);
    let all = [copy.modified, copy.changed, copy.accessed];
    match (seems(Grain::coarsest(&all[..1])), seems(Grain::coarsest(&all))) {
        (false, _) => Hint::Older,
        (true, true) => Hint::Coarse,
        (true, false) => Hint::CoarseForFat,
    }
}

/// A time that every grain cuts to another one, a little after `time`.
#[must_use]
pub(crate) fn probe(time: Timespec) -> Timespec {
    Timespec { tv_sec: time.tv_sec | 1, tv_nsec: 111_111_111 }
}

fn nanoseconds(time: &Timespec) -> i128 {
    i128::from(time.tv_sec) * SECOND + i128::from(time.tv_nsec)
}

fn cut(time: &Timespec, grain: i128) -> i128 {
    let exact = nanoseconds(time);
    exact - exact.rem_euclid(grain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tv_sec: i64, tv_nsec: i64) -> Timespec {
        Timespec { tv_sec, tv_nsec }
    }

    fn file(modified: Timespec, changed: Timespec) -> FileStat {
        FileStat { modified, changed, accessed: modified, ..FileStat::UNKNOWN }
    }

    #[test]
    fn a_probe_shows_how_finely_times_are_kept() {
        let asked = probe(at(1000, 0));
        for (kept, grain) in [
            (asked, 1),
            (at(1001, 111_111_100), 100),
            (at(1001, 110_000_000), 10_000_000),
            (at(1001, 0), SECOND),
            (at(1000, 0), 2 * SECOND),
            (at(1002, 0), 1),
        ] {
            assert_eq!(Grain::shown_by(asked, kept), Grain(grain), "{kept:?}");
        }
    }

    #[test]
    fn a_copy_is_older_only_by_what_its_file_system_can_tell() {
        let second = Grain(SECOND);
        assert!(!second.is_older(at(10, 0), at(10, 999_999_999)));
        assert!(second.is_older(at(10, 0), at(11, 0)));
        assert!(Grain::FINEST.is_older(at(10, 0), at(10, 1)));
        assert!(!Grain(2 * SECOND).is_older(at(10, 0), at(11, 5)));
        assert!(!second.is_older(at(-3, 0), at(-3, 700)), "before 1970 times are cut downwards, too");
    }

    #[test]
    fn what_is_certain_without_asking_is_not_asked() {
        let source = file(at(10, 700_000_000), at(50, 7));
        assert_eq!(hint(&source, &file(at(9, 0), at(50, 0))), Hint::Older, "by more than any grain");
        assert_eq!(
            hint(&source, &file(at(10, 600_000_000), at(50, 0))),
            Hint::Older,
            "finer than the difference"
        );
        assert_eq!(hint(&source, &file(at(10, 0), at(50, 0))), Hint::Coarse);
        assert_eq!(hint(&source, &file(at(10, 0), at(50, 30_000_000))), Hint::CoarseForFat);
    }
}
