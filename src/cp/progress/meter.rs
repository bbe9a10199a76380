//! What workers have done, counted where it costs nothing: each writes into a cell of its own, and the reader adds
//! them up.

use crate::report::stats::Tally;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one worker has done so far. Apart from others, so that no two workers write to one line of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Cell {
    bytes: AtomicU64,
    files: AtomicU64,
    left_out_bytes: AtomicU64,
    left_out_files: AtomicU64,
    /// True if the reader wants to know what is in work.
    wanted: AtomicBool,
    name: Mutex<Vec<u8>>,
    /// Files that may be in work for long, with their numbers: the worker may wait for one and say nothing more.
    lasting: Mutex<Vec<(u64, Vec<u8>)>>,
}

impl Cell {
    fn tell(&self, name: Vec<u8>) {
        self.wanted.store(false, Ordering::Relaxed);
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    fn lasting(&self) -> MutexGuard<'_, Vec<(u64, Vec<u8>)>> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cells of all workers.
#[derive(Debug, Default)]
pub(crate) struct Cells(Mutex<Vec<Arc<Cell>>>);

/// What all workers have done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Bytes that have reached the destination.
    pub bytes: u64,
    /// Files that are done, as `--stats` counts them.
    pub files: u64,
    /// Bytes of files that were not to be copied, or could not be.
    pub left_out_bytes: u64,
    /// Such files.
    pub left_out_files: u64,
}

impl Cells {
    /// A cell for another worker.
    pub(crate) fn add(&self) -> Arc<Cell> {
        let cell = Arc::new(Cell { wanted: AtomicBool::new(true), ..Cell::default() });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&cell));
        cell
    }

    /// What all have done.
    #[must_use]
    pub(crate) fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for cell in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            sum.bytes = sum.bytes.wrapping_add(read(&cell.bytes));
            sum.files += read(&cell.files);
            sum.left_out_bytes += read(&cell.left_out_bytes);
            sum.left_out_files += read(&cell.left_out_files);
        }
        if sum.bytes > u64::MAX / 2 {
            // A file that failed was taken back by one worker before another had shown its part of it.
            sum.bytes = 0;
        }
        sum
    }

    /// A file that is in work, or was a moment ago; asks for the next one. Of several workers the first that has said
    /// something since it was asked; where none has, one that may wait for its file.
    #[must_use]
    pub(crate) fn name(&self) -> Option<Vec<u8>> {
        let mut found = None;
        for cell in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let mut name = cell.name.lock().unwrap_or_else(PoisonError::into_inner);
            if !name.is_empty() && found.is_none() {
                found = Some(std::mem::take(&mut *name));
            }
            name.clear();
            cell.wanted.store(true, Ordering::Relaxed);
        }
        found.or_else(|| self.lasting())
    }

    fn lasting(&self) -> Option<Vec<u8>> {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = |cell: &Arc<Cell>| cell.lasting().last().map(|(_, name)| name.clone());
        cells.iter().find_map(last)
    }
}

/// A worker's own end of its cell.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// `None` where there is no reader.
    cell: Option<Arc<Cell>>,
    /// Bytes of unfinished files that have arrived; those of finished ones are in the worker's books.
    moving: u64,
    /// Files that would have been copied, in a dry run; it has no books.
    imagined: u64,
}

impl Meter {
    /// A meter that writes into this cell, if into any.
    #[must_use]
    pub(crate) fn new(cell: Option<Arc<Cell>>) -> Self {
        Self { cell, moving: 0, imagined: 0 }
    }

    /// True if there is a reader.
    #[must_use]
    pub(crate) fn is_read(&self) -> bool {
        self.cell.is_some()
    }

    /// Bytes of a file in work have arrived.
    pub(crate) fn arrived(&mut self, bytes: u64) {
        self.moving = self.moving.wrapping_add(bytes);
    }

    /// A file of which `bytes` had arrived is done, well or not: the books count it, or nothing does. The bytes may
    /// have been another worker's, so that the number alone means nothing; the sum of all does.
    pub(crate) fn file_done(&mut self, bytes: u64) {
        self.moving = self.moving.wrapping_sub(bytes);
    }

    /// Shows the sum of the books and the files in work.
    pub(crate) fn show(&self, tally: &Tally) {
        if let Some(cell) = &self.cell {
            cell.bytes.store(tally.bytes.wrapping_add(self.moving), Ordering::Relaxed);
            cell.files.store(tally.files + self.imagined, Ordering::Relaxed);
        }
    }

    /// A file of this number of bytes would have been copied.
    pub(crate) fn simulated(&mut self, bytes: u64) {
        self.arrived(bytes);
        self.imagined += 1;
    }

    /// A file of this number of bytes is not copied.
    pub(crate) fn left_out(&self, bytes: u64) {
        self.add(|cell| &cell.left_out_files, 1);
        self.add(|cell| &cell.left_out_bytes, bytes);
    }

    /// Says what is in work, if that is asked for.
    pub(crate) fn name(&self, name: impl FnOnce() -> Vec<u8>) {
        if let Some(cell) = &self.cell
            && cell.wanted.load(Ordering::Relaxed)
        {
            cell.tell(name());
        }
    }

    /// Says what is in work, asked or not: it may be so for long, and until [`Self::forget_name`] of the number.
    pub(crate) fn tell_name(&self, number: u64, name: impl FnOnce() -> Vec<u8>) {
        if let Some(cell) = &self.cell {
            let name = name();
            cell.lasting().push((number, name.clone()));
            cell.tell(name);
        }
    }

    /// What was said to be in work for long is no more.
    pub(crate) fn forget_name(&self, number: u64) {
        if let Some(cell) = &self.cell {
            cell.lasting().retain(|(lasting, _)| *lasting != number);
        }
    }

    /// Adds to a counter that no other thread writes.
    fn add(&self, counter: impl Fn(&Cell) -> &AtomicU64, count: u64) {
        if let Some(cell) = &self.cell {
            let counter = counter(cell);
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_one_worker_began_and_another_ended_counts_once() {
        let cells = Cells::default();
        let [mut first, mut second] = [(); 2].map(|()| Meter::new(Some(cells.add())));
        first.arrived(100);
        first.show(&Tally::default());
        second.arrived(50);
        let mut tally = Tally::default();
        second.show(&tally);
        assert_eq!(cells.sum().bytes, 150);
        tally.file(150);
        second.file_done(150);
        second.show(&tally);
        assert_eq!((cells.sum().bytes, cells.sum().files), (150, 1));
    }

    #[test]
    fn what_would_be_copied_counts_in_a_dry_run() {
        let cells = Cells::default();
        let mut meter = Meter::new(Some(cells.add()));
        meter.simulated(100);
        meter.simulated(0);
        meter.show(&Tally::default());
        assert_eq!((cells.sum().bytes, cells.sum().files), (100, 2));
    }

    #[test]
    fn a_name_is_told_once_for_each_question() {
        let cells = Cells::default();
        let meter = Meter::new(Some(cells.add()));
        meter.name(|| b"a".to_vec());
        meter.name(|| b"b".to_vec());
        assert_eq!(cells.name(), Some(b"a".to_vec()));
        assert_eq!(cells.name(), None);
        meter.name(|| b"c".to_vec());
        assert_eq!(cells.name(), Some(b"c".to_vec()));
    }

    #[test]
    fn a_file_that_a_worker_waits_for_is_shown_when_nobody_has_news() {
        let cells = Cells::default();
        let [one, other] = [0, 1].map(|_| Meter::new(Some(cells.add())));
        one.name(|| b"quick".to_vec());
        other.tell_name(1, || b"slow".to_vec());
        other.tell_name(2, || b"fast".to_vec());
        other.forget_name(2);
        assert_eq!(cells.name(), Some(b"quick".to_vec()));
        assert_eq!(cells.name(), Some(b"slow".to_vec()));
        other.forget_name(1);
        assert_eq!(cells.name(), None);
    }

    #[test]
    fn without_a_reader_nothing_is_asked() {
        let meter = Meter::default();
        meter.name(|| unreachable!("nobody wants to know"));
        meter.left_out(1);
        assert!(!meter.is_read());
    }
}
