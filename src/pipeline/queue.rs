//! The one queue of tasks that feeds all workers.
//!
//! Each worker has a stack of its own: it takes what it put there last, so the walk goes depth first and the stacks
//! hold no more than one listing's worth of entries per level. A worker without work takes the oldest task of another,
//! the one nearest to the root, which is most likely a whole subtree.
//!
//! A worker that finds nothing waits; when all of them wait, a task that was deferred until then is handed out, and
//! where there is none the work is done.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

struct QueueState<T> {
    stacks: Vec<VecDeque<T>>,
    queued: usize,
    /// Tasks that nothing else may be in work beside.
    deferred: VecDeque<T>,
    workers: usize,
    waiting: usize,
    done: bool,
}

/// Tasks of type `T` for a number of workers that may grow.
pub(crate) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    changed: Condvar,
    /// Whether a worker waits for work; to be asked often, and may be late.
    idle: AtomicBool,
}

impl<T> Queue<T> {
    /// An empty queue with one worker, number 0.
    #[must_use]
    pub(crate) fn new() -> Self {
        let state = QueueState {
            stacks: vec![VecDeque::new()],
            queued: 0,
            deferred: VecDeque::new(),
            workers: 1,
            waiting: 0,
            done: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), idle: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        // A worker that panicked ends the process, so a poisoned lock is never seen in earnest.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts tasks on `worker`'s stack; it will take the last of them first.
    pub(crate) fn push(&self, worker: usize, tasks: impl IntoIterator<Item = T>) {
        let mut state = self.lock();
        let before = state.queued;
        for task in tasks {
            state.stacks[worker].push_back(task);
            state.queued += 1;
        }
        if state.waiting > 0 && state.queued > before {
            self.changed.notify_all();
        }
    }

    /// Puts a task where `worker` takes it last and others take it first.
    pub(crate) fn offer(&self, worker: usize, task: T) {
        let mut state = self.lock();
        state.stacks[worker].push_front(task);
        state.queued += 1;
        self.changed.notify_one();
    }

    /// Puts a task off until all that is in work is done. Deferred tasks come in their order, and the next one only
    /// when all that the one before has led to is done.
    pub(crate) fn defer(&self, task: T) {
        self.lock().deferred.push_back(task);
    }

    /// Puts tasks off likewise, but before those that wait already, to come one after the other in their order.
    pub(crate) fn defer_first(&self, tasks: impl DoubleEndedIterator<Item = T>) {
        let mut state = self.lock();
        for task in tasks.rev() {
            state.deferred.push_front(task);
        }
    }

    /// A task for `worker`, its own or another's, if there is one now.
    pub(crate) fn try_pop(&self, worker: usize) -> Option<T> {
        take(&mut self.lock(), worker)
    }

    /// A task for `worker`; waits for one. `None` when all the work is done. Only a worker with nothing in flight may
    /// wait here, since only then can it make no further task.
    pub(crate) fn pop(&self, worker: usize) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(task) = take(&mut state, worker) {
                return Some(task);
            }
            if state.waiting + 1 == state.workers
                && !state.done
                && let Some(task) = state.deferred.pop_front()
            {
                return Some(task);
            }
            state.waiting += 1;
            self.idle.store(true, Ordering::Relaxed);
            if state.waiting == state.workers {
                state.done = true;
                self.changed.notify_all();
            }
            if state.done {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            if state.done {
                return None;
            }
            state.waiting -= 1;
            self.idle.store(state.waiting > 0, Ordering::Relaxed);
        }
    }

    /// Ends the work before it is done: no worker gets another task.
    pub(crate) fn abandon(&self) {
        self.lock().done = true;
        self.changed.notify_all();
    }

    /// True if a worker waits for work, as far as is known without the lock.
    #[must_use]
    pub(crate) fn has_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed)
    }

    /// How many tasks wait to be taken.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.lock().queued
    }

    /// Makes room for one more worker and answers its number, unless there are `workers_max` already, or one waits for
    /// work.
    pub(crate) fn enlist(&self, workers_max: usize) -> Option<usize> {
        let mut state = self.lock();
        if state.workers >= workers_max || state.waiting > 0 || state.done {
            return None;
        }
        state.workers += 1;
        state.stacks.push(VecDeque::new());
        Some(state.stacks.len() - 1)
    }

    /// Takes back an [`enlist`](Self::enlist): no thread could be had. Its stack stays, empty.
    pub(crate) fn dismiss(&self) {
        self.lock().workers -= 1;
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn take<T>(state: &mut QueueState<T>, worker: usize) -> Option<T> {
    if state.queued == 0 || state.done {
        return None;
    }
    let count = state.stacks.len();
    let own = state.stacks[worker].pop_back();
    let task =
        own.or_else(|| (1..count).find_map(|step| state.stacks[(worker + step) % count].pop_front()))?;
    state.queued -= 1;
    Some(task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn what_is_deferred_comes_when_all_else_is_done() {
        let queue = Queue::new();
        queue.push(0, [1]);
        queue.defer(5);
        queue.defer_first([3, 4].into_iter());
        assert_eq!(queue.pop(0), Some(1));
        queue.push(0, [2]);
        assert_eq!(queue.try_pop(0), Some(2));
        assert_eq!(queue.try_pop(0), None);
        assert_eq!(queue.pop(0), Some(3));
        assert_eq!(queue.pop(0), Some(4));
        assert_eq!(queue.pop(0), Some(5));
        assert_eq!(queue.pop(0), None);
    }

    #[test]
    fn a_worker_takes_its_newest_task_and_another_its_oldest() {
        let queue = Queue::new();
        assert_eq!(queue.enlist(2), Some(1));
        queue.push(0, [1, 2, 3]);
        assert_eq!(
            (queue.try_pop(0), queue.try_pop(1), queue.try_pop(0), queue.try_pop(0)),
            (Some(3), Some(1), Some(2), None)
        );
        assert_eq!(queue.enlist(2), None);
    }

    #[test]
    fn every_task_is_done_once_and_all_workers_end() {
        let queue = Queue::new();
        let done = AtomicUsize::new(0);
        queue.push(0, [12_usize]);
        let work = |worker: usize| {
            while let Some(height) = queue.pop(worker) {
                done.fetch_add(1, Ordering::Relaxed);
                queue.push(worker, (0..2).filter(|_| height > 0).map(|_| height - 1));
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<usize> = (0..3).filter_map(|_| queue.enlist(4)).collect();
            for worker in workers {
                scope.spawn(move || work(worker));
            }
            work(0);
        });
        assert_eq!(done.into_inner(), (1 << 13) - 1);
    }
}
