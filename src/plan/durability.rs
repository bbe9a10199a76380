//! What `--fsync` and `--atomic` decide: pure decisions, and the names that files have until they are complete.

use rustix::io::Errno;

/// Whether an answer to fsync(2) says that there is nothing to make durable: pipes, devices and some file systems have no
/// such thing, as its manual page says.
#[must_use]
pub fn has_no_sync(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::ROFS | Errno::OPNOTSUPP | Errno::NOSYS)
}
