//! Signals: which are ignored, which are waited for by one thread, and how the process dies by one.

/// Whether a signal was ignored at exec, or is now.
#[must_use]
pub(crate) fn ignores(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed by a null action, and the kernel writes one `sigaction`, for which there is room.
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: numbers only, for which zeros are a value, and the call that fills them succeeded.
    unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// A set of signals.
#[derive(Clone, Copy)]
pub(crate) struct SignalSet(libc::sigset_t);

impl SignalSet {
    /// The set of these.
    #[must_use]
    pub(crate) fn of(signals: impl IntoIterator<Item = i32>) -> Self {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: it writes one set, for which there is room.
        let _never_fails = unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        // SAFETY: numbers only, for which zeros are a value, and the call has made it an empty set.
        let mut set = unsafe { set.assume_init() };
        for signal in signals {
            // SAFETY: a set that was made. A number that is none is refused and left out.
            let _known = unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        Self(set)
    }

    /// Whether this is one of them.
    #[must_use]
    pub(crate) fn has(&self, signal: i32) -> bool {
        // SAFETY: a set that was made, which is only looked at.
        unsafe { libc::sigismember(&raw const self.0, signal) == 1 }
    }

    /// Those that are kept from this thread.
    ///
    /// # Errors
    /// What pthread_sigmask(3) answered.
    pub(crate) fn blocked() -> Result<Self, std::io::Error> {
        let mut blocked = Self::of([]);
        let nothing = Self::of([]);
        mask(libc::SIG_BLOCK, &nothing, &raw mut blocked.0)?;
        Ok(blocked)
    }

    /// Keeps them from this thread, and from those that it starts.
    ///
    /// # Errors
    /// What pthread_sigmask(3) answered.
    pub(crate) fn block(&self) -> Result<(), std::io::Error> {
        mask(libc::SIG_BLOCK, self, std::ptr::null_mut())
    }

    /// Lets this thread be given them.
    pub(crate) fn unblock(&self) {
        match mask(libc::SIG_UNBLOCK, self, std::ptr::null_mut()) {
            // Only what cannot be done to a mask is refused, and this can.
            Ok(()) | Err(_) => {}
        }
    }

    /// Waits for one of them, which no thread may be given otherwise; `None` where that cannot be waited for.
    #[must_use]
    pub(crate) fn wait(&self) -> Option<i32> {
        let mut signal = 0;
        // SAFETY: a set that was made, and room for one number.
        let error = unsafe { libc::sigwait(&raw const self.0, &raw mut signal) };
        (error == 0).then_some(signal)
    }
}

fn mask(how: i32, signals: &SignalSet, before: *mut libc::sigset_t) -> Result<(), std::io::Error> {
    // SAFETY: the set was made, the mask is this thread's own, and `before` is nothing or a set of the caller's.
    let error = unsafe { libc::pthread_sigmask(how, &raw const signals.0, before) };
    if error == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(error)) }
}

/// Ends the process by a signal's default action, so that the process that waits for it sees why.
pub(crate) fn raise_and_die(signal: i32) -> ! {
    match signal_hook::low_level::emulate_default_handler(signal) {
        // The signal cannot be had, or does not kill.
        Ok(()) | Err(_) => std::process::abort(),
    }
}
