//! The display on the terminal, and how messages get past it: it is cleared, they are written, it is drawn again.

use super::write_error;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Clears from the cursor, which stands on the display's first character, to the end.
const CLEAR: &[u8] = b"\r\x1b[J";

/// What is drawn on standard error.
#[derive(Debug, Default)]
pub(crate) struct Screen(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What is there now.
    frame: Vec<u8>,
    /// True if a question waits for an answer: nothing is drawn.
    held_back: bool,
    /// Nothing is drawn any more.
    over: bool,
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a frame over the one that is there.
    pub(crate) fn draw(&self, frame: Vec<u8>) {
        let mut state = self.lock();
        if state.held_back || state.over {
            return;
        }
        if frame.is_empty() {
            state.clear();
        } else {
            write_error(&[b"\r", &frame[..]].concat());
        }
        state.frame = frame;
    }

    /// Has `write` write where the display is, and draws it again below.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        let state = self.lock();
        state.clear();
        let answer = write();
        if !state.frame.is_empty() && !state.held_back {
            write_error(&state.frame);
        }
        answer
    }

    /// Clears the display while `ask` waits for the user.
    pub(crate) fn hold_back<T>(&self, ask: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.clear();
        state.frame.clear();
        state.held_back = true;
        drop(state);
        let answer = ask();
        self.lock().held_back = false;
        answer
    }

    /// True if a question waits for the user.
    #[must_use]
    pub(crate) fn is_held_back(&self) -> bool {
        self.lock().held_back
    }

    /// Clears the display for good.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.clear();
        state.frame.clear();
        state.over = true;
    }
}

impl State {
    fn clear(&self) {
        if !self.frame.is_empty() {
            write_error(CLEAR);
        }
    }
}
