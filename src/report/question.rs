//! Questions before a file is replaced (`-i`), and the answers to them.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// What is asked about a file of this mode, whose name is quoted already. `forced` says that permissions that are in the
/// way will be overridden.
#[must_use]
pub fn text(quoted: &[u8], mode: Mode, writable: bool, forced: bool) -> Vec<u8> {
    let bits = mode.as_raw_mode() & 0o7777;
    let letters = permissions(bits);
    match (writable, forced) {
        (true, _) => [b"overwrite ", quoted, b"? "].concat(),
        (false, true) => {
            let mode = format!(", overriding mode {bits:04o} ({letters})? ");
            [b"replace ", quoted, mode.as_bytes()].concat()
        }
        (false, false) => {
            let mode = format!(" (mode {bits:04o}, {letters}); try anyway? ");
            [b"unwritable ", quoted, mode.as_bytes()].concat()
        }
    }
}

/// Whether the next line of standard input says yes. It is read byte by byte: what comes behind it is for others.
///
/// # Errors
/// What read(2) answered.
pub fn is_answered_yes() -> Result<bool, Errno> {
    let mut line = Vec::new();
    let mut byte = [0];
    while rustix::io::read(rustix::stdio::stdin(), &mut byte)? == 1 {
        if byte[0] == b'\n' {
            break;
        }
        line.push(byte[0]);
    }
    Ok(matches!(line.first(), Some(b'y' | b'Y')))
}

/// Whether standard input was closed at exec: what fills its number only stands for a place.
#[must_use]
pub fn is_input_closed() -> bool {
    rustix::fs::fcntl_getfl(rustix::stdio::stdin()).is_ok_and(|flags| flags.contains(OFlags::PATH))
}

/// Permissions as ls(1) shows them.
fn permissions(bits: u32) -> String {
    let letters = |shift: u32, special: bool, set: [char; 2]| {
        let bits = bits >> shift;
        let last = match (special, bits & 1 != 0) {
            (true, true) => set[0],
            (true, false) => set[1],
            (false, true) => 'x',
            (false, false) => '-',
        };
        [if bits & 4 != 0 { 'r' } else { '-' }, if bits & 2 != 0 { 'w' } else { '-' }, last]
    };
    let user = letters(6, bits & 0o4000 != 0, ['s', 'S']);
    let group = letters(3, bits & 0o2000 != 0, ['s', 'S']);
    let others = letters(0, bits & 0o1000 != 0, ['t', 'T']);
    user.into_iter().chain(group).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_questions_are_gnu_s() {
        let mode = Mode::from(0o444);
        assert_eq!(text(b"'b'", mode, true, true), b"overwrite 'b'? ");
        assert_eq!(text(b"'b'", mode, false, true), b"replace 'b', overriding mode 0444 (r--r--r--)? ");
        assert_eq!(text(b"'b'", mode, false, false), b"unwritable 'b' (mode 0444, r--r--r--); try anyway? ");
    }

    #[test]
    fn special_bits_show_as_letters() {
        assert_eq!(permissions(0o7754), "rwsr-sr-T");
        assert_eq!(permissions(0o6000), "--S--S---");
    }
}
