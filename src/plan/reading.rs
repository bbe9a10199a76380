//! Whether a file may be read in a ring: where the ring's view of its end is that of read(2).
//!
//! Both go to the same function of the file system, but a ring asks it as if it were asynchronous I/O, and repeats what
//! comes short. FUSE answers such a read of a file with `FOPEN_DIRECT_IO` by the size that it remembers, whatever its
//! server has; and as it leaves the position where it was, the ring reads the same bytes again after a short answer
//! (Linux 6.18: a file of 7 bytes has 903). Nothing in the answer tells. So a ring reads what lies on file systems whose end
//! is known to be one and the same, and everything else is read by plain calls.

/// How the file that a chain reads may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reading {
    /// It has not been determined.
    #[default]
    Unknown,
    /// It is a regular file of this device, and that is all that is known.
    On(u64),
    /// In a ring as well as by plain calls.
    Anywhere,
    /// In a ring, but an end that is met there is looked for once more by a plain call.
    EndByCall,
    /// By plain calls.
    ByCalls,
}

/// Magic numbers, from statfs(2) and linux/magic.h, of file systems that keep the size of their files themselves and read
/// through the page cache or from a device: ext2 to ext4, XFS, btrfs, tmpfs, ramfs, F2FS, bcachefs, FAT, exFAT, NTFS (ntfs3),
/// ISO 9660, UDF, squashfs, EROFS, JFS, ReiserFS, NILFS2, HFS+.
const LOCAL: [u64; 18] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x0102_1994,
    0x8584_58f6,
    0xf2f5_2010,
    0xca45_1a4e,
    0x4d44,
    0x2011_bab0,
    0x7366_746e,
    0x9660,
    0x1501_3346,
    0x7371_7368,
    0xe0f5_e1e2,
    0x3153_464a,
    0x5265_4973,
    0x3434,
    0x482b,
];

/// NFS, SMB (three numbers) and Ceph: a server's files, where waiting side by side is worth most. What is read of them is
/// right, but where it ends is the server's to say.
const SERVED: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400];

/// FUSE.
const FUSE: u64 = 0x6573_5546;

/// True if a file's end may move under a reader when another one reads past it, by the `f_type` that statfs(2)
/// answers. FUSE has the kernel keep a size that the server states, corrects it where a read comes short, and takes
/// it from the server again when a process reads past it: the zeros that fill up the page are contents then.
#[must_use]
pub(crate) fn must_be_read_in_order(magic: u64) -> bool {
    magic == FUSE
}

impl Reading {
    /// How regular files are read on a file system of this kind (`f_type`).
    #[must_use]
    pub(crate) fn of(magic: u64) -> Self {
        if LOCAL.contains(&magic) {
            Self::Anywhere
        } else if SERVED.contains(&magic) {
            Self::EndByCall
        } else {
            Self::ByCalls
        }
    }

    /// The same, of the word as statfs(2) gives it: signed, and its sign is reached by some of the numbers on 32 bits.
    #[must_use]
    pub(crate) fn of_kind(kind: impl TryInto<u64>) -> Self {
        kind.try_into().map_or(Self::ByCalls, |kind| Self::of(kind & 0xffff_ffff))
    }

    /// Whether the end that a read in a ring meets is settled.
    #[must_use]
    pub(crate) fn is_anywhere(self) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Unknown | Self::On(_) | Self::EndByCall | Self::ByCalls => false,
        }
    }

    /// Whether it is known that a ring must not have the last word.
    #[must_use]
    pub(crate) fn needs_calls(self) -> bool {
        match self {
            Self::EndByCall | Self::ByCalls => true,
            Self::Unknown | Self::On(_) | Self::Anywhere => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, must_be_read_in_order};

    #[test]
    fn only_file_systems_that_are_known_are_read_in_a_ring() {
        assert_eq!(Reading::of(0xef53), Reading::Anywhere);
        assert_eq!(Reading::of(0x0102_1994), Reading::Anywhere);
        assert_eq!(Reading::of(0x6969), Reading::EndByCall);
        // FUSE, overlayfs (which may lie over FUSE), 9p, /proc, and unknown file systems.
        for magic in [0x6573_5546, 0x794c_7630, 0x0102_1997, 0x9fa0, 0x1234_5678, 0] {
            assert_eq!(Reading::of(magic), Reading::ByCalls, "{magic:#x}");
        }
    }

    #[test]
    fn one_reads_where_a_second_reader_could_move_the_end() {
        assert!(must_be_read_in_order(0x6573_5546));
        assert!(
            [0xef53, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0x6969]
                .iter()
                .all(|&kind| !must_be_read_in_order(kind))
        );
    }

    #[test]
    fn what_is_not_known_is_not_held_against_a_file() {
        assert!(!Reading::Unknown.needs_calls() && !Reading::On(1).needs_calls());
        assert!(!Reading::Unknown.is_anywhere() && Reading::Anywhere.is_anywhere());
        assert!(Reading::EndByCall.needs_calls() && Reading::ByCalls.needs_calls());
    }
}
