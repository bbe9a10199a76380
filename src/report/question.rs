//! Questions before a file is replaced (`-i`), and the answers to them.

use super::language::{Language, Words};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// What is asked about a file that would be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    words: Words,
    mode: Mode,
}

impl Question {
    /// The question about a file of this mode. `forced` says that permissions that are in the way will be overridden.
    #[must_use]
    pub(crate) const fn of(mode: Mode, writable: bool, forced: bool) -> Self {
        let words = match (writable, forced) {
            (true, _) => "%s: overwrite %s? ",
            (false, true) => "%s: replace %s, overriding mode %04lo (%s)? ",
            (false, false) => "%s: unwritable %s (mode %04lo, %s); try anyway? ",
        };
        Self { words: Words::gnu(words), mode }
    }

    /// The question as `program` asks it about a file whose name is quoted already.
    #[must_use]
    pub(crate) fn text(self, program: &[u8], quoted: &[u8], language: &Language) -> Vec<u8> {
        let bits = self.mode.as_raw_mode() & 0o7777;
        let (mode, letters) = (format!("{bits:04o}"), permissions(bits));
        language.message(self.words, &[program, quoted, mode.as_bytes(), letters.as_bytes()])
    }
}

/// The next line of standard input. It is read byte by byte: what follows is for other readers.
///
/// # Errors
/// What read(2) answered.
pub(crate) fn answer() -> Result<Vec<u8>, Errno> {
    let mut line = Vec::new();
    let mut byte = [0];
    while rustix::io::read(rustix::stdio::stdin(), &mut byte)? == 1 {
        if byte[0] == b'\n' {
            break;
        }
        line.push(byte[0]);
    }
    Ok(line)
}

/// Whether standard input was closed at exec: what fills its number only stands for a place.
#[must_use]
pub(crate) fn is_input_closed() -> bool {
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
    use crate::report::quote::Charset;

    #[test]
    fn the_three_questions_are_gnu_s() {
        let asked = |writable, forced| {
            let question = Question::of(Mode::from(0o444), writable, forced);
            let text = question.text(b"ucp", b"'b'", &Language::english(Charset::Ascii));
            String::from_utf8(text).expect("ASCII")
        };
        assert_eq!(asked(true, true), "ucp: overwrite 'b'? ");
        assert_eq!(asked(false, true), "ucp: replace 'b', overriding mode 0444 (r--r--r--)? ");
        assert_eq!(asked(false, false), "ucp: unwritable 'b' (mode 0444, r--r--r--); try anyway? ");
    }

    #[test]
    fn special_bits_show_as_letters() {
        assert_eq!(permissions(0o7754), "rwsr-sr-T");
        assert_eq!(permissions(0o6000), "--S--S---");
    }
}
