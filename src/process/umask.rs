//! The umask, which the kernel tells only to the process that sets it, or in /proc.

use rustix::fs::Mode;

/// The umask of a process that has one thread: for a moment it is another.
#[must_use]
pub(crate) fn umask() -> Mode {
    let umask = rustix::process::umask(Mode::empty());
    rustix::process::umask(umask);
    umask
}

/// The umask as proc_pid_status(5) has it (Linux 4.7), which other threads may make files under meanwhile. `None` without
/// /proc.
#[must_use]
pub(crate) fn umask_as_shown() -> Option<Mode> {
    shown_in(&std::fs::read_to_string("/proc/thread-self/status").ok()?)
}

fn shown_in(status: &str) -> Option<Mode> {
    let shown = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    Some(Mode::from_raw_mode(u32::from_str_radix(shown.trim(), 8).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_umask_is_read_as_it_is_shown() {
        let status = "Name:\tcat\nUmask:\t0027\nState:\tR (running)\n";
        assert_eq!(shown_in(status), Some(Mode::from_raw_mode(0o027)));
        assert_eq!(shown_in("Name:\tcat\n"), None);
    }
}
