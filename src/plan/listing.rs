//! Listing a directory by its descriptor, a bounded part at a time.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Bytes of directory entries that are fetched at a time: what bounds the memory of a walk, level by level.
const LISTING_BYTES: usize = 32 << 10;

/// Entries from which on the next fetch is left for later.
pub(crate) const MANY: usize = 256;

/// The same where the order of the walk can be seen, in which GNU cp has all of a directory: 12 MB at most.
pub(crate) const MANY_IN_ORDER: usize = 1 << 17;

/// One entry of a directory, as the listing reported it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: Arc<CStr>,
    /// Its type, `Unknown` where the file system does not say.
    pub kind: FileType,
    /// It is a symbolic link that is followed; `kind` is then the type of what it leads to, if it leads anywhere.
    pub through_link: bool,
    /// Where it stands among the entries of its directory.
    pub rank: Rank,
}

/// Where an entry stands in the walk: by inode number, as files are reached fastest in this order where it follows their
/// place on the disk, and names of one file in the order of the listing. So does GNU cp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// The inode number that the listing gave; 0 for operands.
    pub inode: u64,
    /// How many entries were listed before it, or operands.
    pub number: u32,
}

/// Room for the entries of one fetch, kept by a worker from directory to directory.
#[derive(Default)]
pub(crate) struct Listing {
    /// Empty until the first fetch.
    buffer: Vec<MaybeUninit<u8>>,
}

impl Listing {
    /// The next entries of `directory` without `.` and `..`, by inode, and whether they are the last ones: about `many`, where
    /// there are more. The place reached is kept by the descriptor itself.
    ///
    /// # Errors
    /// What getdents64(2) answered.
    pub(crate) fn fetch(&mut self, directory: &OwnedFd, many: usize) -> Result<(Vec<Entry>, bool), Errno> {
        let mut entries = Vec::new();
        let mut ended = true;
        self.buffer.resize(LISTING_BYTES, MaybeUninit::uninit());
        let mut listing = RawDir::new(directory.as_fd(), &mut self.buffer);
        while let Some(entry) = listing.next() {
            let entry = match entry {
                // It has been removed since it was opened: nothing is in it.
                Err(Errno::NOENT) => break,
                entry => entry?,
            };
            let name = entry.file_name();
            if name != c"." && name != c".." {
                let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                entries.push(Entry {
                    name: Arc::from(name),
                    kind: entry.file_type(),
                    through_link: false,
                    rank: Rank { inode: entry.ino(), number },
                });
            }
            // A directory that fits one fetch is known to have ended by asking once more, so that it need not be come
            // back to.
            if listing.is_buffer_empty() && entries.len() >= many {
                ended = false;
                break;
            }
        }
        entries.sort_unstable_by_key(|entry| entry.rank);
        Ok((entries, ended))
    }
}

/// Numbers entries that were listed after `before` others.
pub(crate) fn number_from(entries: &mut [Entry], before: u32) {
    if before > 0 {
        entries.iter_mut().for_each(|entry| entry.rank.number = entry.rank.number.saturating_add(before));
    }
}

/// How a directory of a tree is opened: not through a symbolic link.
#[must_use]
pub(crate) fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// Opens a directory to make files in, and answers whether it can be listed. One that may not be can be filled all the
/// same, by a descriptor that only stands for its place (O_PATH).
///
/// # Errors
/// What openat(2) answered.
pub(crate) fn open_to_fill(
    near: impl AsFd,
    name: &CStr,
    through_link: bool,
) -> Result<(OwnedFd, bool), Errno> {
    match open_directory(near.as_fd(), name, through_link) {
        Err(Errno::ACCESS) => open_path(near, name, through_link).map(|open| (open, false)),
        answer => answer.map(|open| (open, true)),
    }
}

/// A descriptor for looking up names in a directory. It is enough that those above it may be searched.
///
/// # Errors
/// What openat(2) answered.
pub(crate) fn open_path(near: impl AsFd, name: &CStr, through_link: bool) -> Result<OwnedFd, Errno> {
    let follow = if through_link { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
    rustix::fs::openat(near, name, flags, Mode::empty())
}

/// Opens a directory of a tree, through a symbolic link only where that is to be followed.
///
/// # Errors
/// What openat(2) answered: ENOTDIR or ELOOP where it is no directory (any more).
pub(crate) fn open_directory(parent: impl AsFd, name: impl Arg, follow: bool) -> Result<OwnedFd, Errno> {
    let flags = if follow { directory_flags().difference(OFlags::NOFOLLOW) } else { directory_flags() };
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_comes_whole_in_parts_and_without_the_dots() {
        let directory = tempfile::tempdir().expect("temporary directory");
        for number in 0..3000 {
            std::fs::write(directory.path().join(format!("name-of-some-length-{number}")), "").expect("file");
        }
        let open = rustix::fs::open(directory.path(), directory_flags(), Mode::empty()).expect("open");
        let mut listing = Listing::default();
        let mut names = std::collections::HashSet::new();
        let mut fetches = 0;
        loop {
            let (entries, ended) = listing.fetch(&open, MANY).expect("list");
            fetches += 1;
            assert!(entries.is_sorted_by_key(|entry| entry.rank));
            names.extend(entries.into_iter().map(|entry| entry.name));
            if ended {
                break;
            }
        }
        assert!(fetches > 1, "one fetch held everything");
        assert_eq!(names.len(), 3000);
        let again = rustix::fs::open(directory.path(), directory_flags(), Mode::empty()).expect("open");
        let (entries, ended) = listing.fetch(&again, MANY_IN_ORDER).expect("list");
        assert!(ended && entries.len() == 3000 && entries.is_sorted_by_key(|entry| entry.rank));
    }
}
