//! How far a read may reach: beyond the largest offset there is, 2^63 - 1, the kernel does not cut it but refuses it
//! (EINVAL), also where the file has its end long before that.

use rustix::fd::BorrowedFd;
use rustix::fs::SeekFrom;

/// How many of `room` bytes may be asked for at an offset; `None` is the file's own position, which is not known.
#[must_use]
pub(crate) fn room_at<T: TryFrom<u64> + Ord>(offset: Option<u64>, room: T) -> T {
    let Some(offset) = offset else { return room };
    match T::try_from(i64::MAX.unsigned_abs().saturating_sub(offset)) {
        Ok(left) => room.min(left),
        // More than the type can say.
        Err(_) => room,
    }
}

/// The same at the file's own position, for a file that has one; `None` where as much as that may be asked for.
pub(super) fn room_at_position(file: BorrowedFd<'_>, room: usize) -> Option<usize> {
    let position = rustix::fs::seek(file, SeekFrom::Current(0)).ok()?;
    Some(room_at(Some(position), room)).filter(|&left| left < room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_ends_at_the_largest_offset() {
        let last = i64::MAX.unsigned_abs();
        assert_eq!(room_at(Some(0), u32::MAX), u32::MAX);
        assert_eq!(room_at(None, 4096_usize), 4096);
        assert_eq!(room_at(Some(last - 4096), 4096_u32), 4096);
        assert_eq!(room_at(Some(last - 4095), 4096_u32), 4095);
        assert_eq!((room_at(Some(last), 4096_u32), room_at(Some(u64::MAX), 4096_usize)), (0, 0));
    }
}
