//! What comes back from the ring: booked, and the chain moved on; or settled by a plain call where the ring's answer need
//! not be that of the system call.

use super::readings::settle_end;
use super::user_data::split_user_data;
use super::{Running, Uring};
use crate::pipeline::chain::{Io, Op, Outcome};
use crate::pipeline::engine::made;
use crate::plan::reading::Reading;
use rustix::io::Errno;

impl Uring {
    /// Takes one completion of the ring and moves its chain on.
    pub(super) fn complete(&mut self, data: u64, result: i32) {
        self.counters.completions += 1;
        let (index, generation, at) = split_user_data(data);
        let Some(slot) = self.table.get_mut(index).filter(|slot| slot.generation == generation) else {
            return;
        };
        let Some(mut running) = slot.running.take() else { return };
        let segment = running.segment.ops.clone();
        self.in_ring = self.in_ring.saturating_sub(u64::try_from(segment.len()).unwrap_or(u64::MAX));
        for before in segment.start..at {
            self.apply(&mut running, before, None);
        }
        let ran = u64::try_from(at + 1 - segment.start).unwrap_or(u64::MAX);
        self.counters.operations += ran;
        self.counters.ring_operations += ran;
        let succeeded = if result < 0 { at } else { at + 1 };
        self.counters.made_in_ring += made(&running.chain.ops[segment.start..succeeded]);
        match u32::try_from(result) {
            Ok(moved) => self.succeeded(index, running, at, moved),
            Err(_) => {
                self.failed(index, running, at, Errno::from_raw_os_error(result.saturating_neg()));
            }
        }
    }

    fn succeeded(&mut self, index: usize, mut running: Running, at: usize, mut moved: u32) {
        self.apply(&mut running, at, Some(moved));
        self.give_back_unopened(&mut running);
        let wanted = match running.chain.ops[at] {
            Op::Io(Io::Read { expect, .. }) => expect,
            Op::Io(Io::Write { length, .. }) => Some(length),
            Op::Io(Io::Open { .. } | Io::Close { .. } | Io::Fsync) | Op::Call(_) => Some(moved),
        };
        if running.chain.reading == Reading::EndByCall {
            moved = match settle_end(&mut running.chain, at, moved) {
                Ok(moved) => moved,
                Err(errno) => return self.finish(index, running, Outcome::Failed { at, errno }),
            };
        }
        if wanted == Some(moved) {
            self.advance(index, running, at + 1);
        } else {
            self.finish(index, running, Outcome::Count { at, moved });
        }
    }

    fn failed(&mut self, index: usize, mut running: Running, at: usize, errno: Errno) {
        if matches!(running.chain.ops[at], Op::Io(Io::Close { .. })) && errno != Errno::CANCELED {
            // Closed it is, whatever close(2) says of it.
            self.apply(&mut running, at, None);
        }
        self.give_back_unopened(&mut running);
        if is_for_a_call_to_say(&running.chain.ops[at], errno, self.rules.polled) {
            self.run_here(index, running, at, errno);
        } else {
            self.finish(index, running, Outcome::Failed { at, errno });
        }
    }
}

/// Whether an operation that the ring answered like this has not run, or not been tried in earnest, so that a plain call is
/// to say what becomes of it. `polled` says that completions are polled for.
fn is_for_a_call_to_say(op: &Op, errno: Errno, polled: bool) -> bool {
    let settled = match op {
        // fsync(2) tells an error once, and close(2) can only be called once.
        Op::Io(Io::Close { .. }) => errno != Errno::CANCELED,
        Op::Io(Io::Fsync) => errno == Errno::NOMEM,
        // What cannot be polled is for the caller to know.
        Op::Io(Io::Read { .. } | Io::Write { .. }) => polled && errno == Errno::OPNOTSUPP,
        Op::Io(Io::Open { .. }) => false,
        Op::Call(_) => true,
    };
    !settled && (is_of_the_ring(errno) || matches!(errno, Errno::AGAIN | Errno::INTR))
}

/// Whether the ring itself may have said so: no thread could be had for the operation (ECANCELED, where nothing before it was
/// cut), no memory, or the kernel does not do in a ring what was asked for.
pub(super) fn is_of_the_ring(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::CANCELED
            | Errno::NOMEM
            | Errno::NOSYS
            | Errno::OPNOTSUPP
            | Errno::INVAL
            | Errno::FAULT
            | Errno::BADF
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::chain::End;

    #[test]
    fn what_the_ring_may_have_made_up_is_asked_of_the_call() {
        let read = Op::Io(Io::Read { offset: Some(0), room: 1, expect: None });
        let close = Op::Io(Io::Close { end: End::Destination });
        for errno in [Errno::CANCELED, Errno::NOMEM, Errno::INVAL, Errno::AGAIN, Errno::INTR, Errno::NOSYS] {
            assert!(is_for_a_call_to_say(&read, errno, false), "{errno}");
        }
        for errno in [Errno::IO, Errno::NOSPC, Errno::STALE, Errno::ACCESS, Errno::EXIST] {
            assert!(!is_for_a_call_to_say(&read, errno, false), "{errno}");
        }
        assert!(is_for_a_call_to_say(&close, Errno::CANCELED, false), "it has not been closed");
        assert!(!is_for_a_call_to_say(&close, Errno::INTR, false), "it has");
        assert!(!is_for_a_call_to_say(&Op::Io(Io::Fsync), Errno::NOMEM, false), "it would not be said again");
        assert!(is_for_a_call_to_say(&Op::Io(Io::Fsync), Errno::CANCELED, false));
        assert!(!is_for_a_call_to_say(&read, Errno::OPNOTSUPP, true), "--iopoll cannot be had");
    }
}
