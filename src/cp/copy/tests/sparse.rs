//! Holes: kept, made of zeros, filled, and the length of what has them.

use super::driver::TestCopy;
use super::{contents, direct, large};
use crate::bufpool::PAGE_BYTES;
use crate::cli::cp::Sparse;
use crate::pipeline::engine::scripted::{Change, Fault};
use crate::plan::destination::FileSystem;
use crate::report::message::MessageKind;
use rustix::fs::FileType;
use rustix::io::Errno;

fn sparse(mut copying: TestCopy, sparse: Sparse) -> TestCopy {
    copying.settings.sparse = sparse;
    copying
}

/// A page of data, four of zeros, half a page of data, and zeros to the end of a tenth buffer.
fn mostly_zeros() -> Vec<u8> {
    let mut bytes = vec![0; 20 * PAGE_BYTES];
    bytes[..PAGE_BYTES].fill(1);
    bytes[5 * PAGE_BYTES..][..PAGE_BYTES / 2].fill(2);
    bytes
}

#[test]
fn zeros_are_not_written_with_sparse_always() {
    for size in [PAGE_BYTES + 1, 2 * PAGE_BYTES, 6 * PAGE_BYTES, 20 * PAGE_BYTES] {
        for copying in [TestCopy::of, |contents| direct(TestCopy::of(contents))]
            .map(|of| of(mostly_zeros()[..size].to_vec()))
        {
            let copied = sparse(copying.over(contents(0, 30 * PAGE_BYTES)), Sparse::Always).run();
            let data = if size > 5 * PAGE_BYTES { 2 } else { 1 };
            assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..size])));
            assert_eq!(copied.world.bytes_written, data * PAGE_BYTES, "of {size} bytes");
        }
    }
}

#[test]
fn short_reads_and_writes_leave_the_zeros_where_they_are() {
    for short in [50, 100, 4095, 5000] {
        for operation in ["read", "write"] {
            let copying = sparse(TestCopy::of(mostly_zeros()), Sparse::Always);
            let copied = copying.faults(operation, 0..99_999, Fault::Short(short)).run();
            assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
        }
    }
}

#[test]
fn a_stream_of_zeros_is_a_hole_of_its_length() {
    for claimed in [0, 10, 30 * PAGE_BYTES as u64] {
        let mut copying = sparse(TestCopy::of(vec![0; 20 * PAGE_BYTES + 5]), Sparse::Always);
        copying.world.file_mut(b"source").claimed = Some(claimed);
        let copied = copying.run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&[0; 20 * PAGE_BYTES + 5][..])));
        assert_eq!(copied.world.bytes_written, 0);
    }
}

#[test]
fn a_pipe_is_searched_for_zeros_and_a_destination_without_offsets_gets_all() {
    let mut copying = sparse(TestCopy::of(mostly_zeros()).over(contents(0, 30 * PAGE_BYTES)), Sparse::Always);
    copying.world.file_mut(b"source").kind = FileType::Fifo;
    copying.job().seen = copying.world.facts(b"source");
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
    assert_eq!(copied.world.bytes_written, 2 * PAGE_BYTES);

    let mut copying = sparse(TestCopy::of(mostly_zeros()).over(Vec::new()), Sparse::Always);
    copying.world.file_mut(b"destination").kind = FileType::Fifo;
    copying.world.file_mut(b"source").has_holes = true;
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
    assert_eq!(copied.world.bytes_written, 20 * PAGE_BYTES);
}

#[test]
fn holes_are_kept_or_filled_as_asked() {
    for (asked, written) in [(Sparse::Auto, 2), (Sparse::Always, 2), (Sparse::Never, 20)] {
        let mut copying = sparse(TestCopy::of(mostly_zeros()), asked);
        copying.world.file_mut(b"source").has_holes = true;
        let copied = copying.run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
        assert_eq!(copied.world.bytes_written, written * PAGE_BYTES, "{asked:?}");
        assert!(copied.log.contains(&"find data"), "{asked:?}");
    }
}

#[test]
fn a_file_that_is_one_hole_is_filled_without_being_read() {
    for short in [None, Some(1), Some(4096)] {
        let zeros = vec![0; 40 * PAGE_BYTES + 5];
        let mut copying = sparse(TestCopy::of(zeros.clone()), Sparse::Never);
        copying.world.file_mut(b"source").has_holes = true;
        let copying = match short {
            Some(bytes) => copying.fault("write", 1, Fault::Short(bytes)),
            None => copying,
        };
        let copied = copying.run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&zeros[..])), "{short:?}");
        assert!(!copied.log.contains(&"read") && copied.log.contains(&"write"), "{:?}", copied.log);
    }
}

#[test]
fn a_file_without_a_map_is_read_from_end_to_end() {
    for asked in [Sparse::Auto, Sparse::Always] {
        let mut copying = sparse(TestCopy::of(mostly_zeros()), asked);
        copying.world.file_mut(b"source").has_holes = true;
        let copied = copying.fault("find data", 0, Fault::Errno(Errno::INVAL)).run();
        assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
    }
}

#[test]
fn a_full_disk_leaves_a_file_with_holes_no_longer_than_its_data() {
    for (asked, has_holes) in [(Sparse::Auto, true), (Sparse::Always, true), (Sparse::Always, false)] {
        let mut copying = sparse(TestCopy::of(mostly_zeros()), asked);
        copying.world.file_mut(b"source").has_holes = has_holes;
        let copied = copying.faults("write", 1..99, Fault::Errno(Errno::NOSPC)).run();
        assert_eq!(copied.told(), [(MessageKind::Writing, Some(Errno::NOSPC))]);
        let left = copied.destination().expect("a partial copy stays");
        assert!(left.len() <= 5 * PAGE_BYTES, "{} bytes, {asked:?}", left.len());
        assert_eq!(left[..PAGE_BYTES], mostly_zeros()[..PAGE_BYTES]);
    }
}

#[test]
fn a_source_that_shrinks_or_grows_gives_its_copy_another_length() {
    for (asked, has_holes) in [(Sparse::Auto, true), (Sparse::Always, true), (Sparse::Always, false)] {
        for pages in [1, 6, 30] {
            for after in [3, 5, 7, 9] {
                let mut copying = sparse(TestCopy::of(mostly_zeros()), asked);
                copying.world.file_mut(b"source").has_holes = has_holes;
                let contents =
                    [mostly_zeros(), vec![3; 10 * PAGE_BYTES]].concat()[..pages * PAGE_BYTES].to_vec();
                let name = b"source".to_vec();
                copying.script.changes.push(Change { after, name, contents: contents.clone() });
                let copied = copying.run();
                let copy = copied.destination().expect("a copy");
                let longest = [mostly_zeros(), contents].into_iter().max_by_key(Vec::len).expect("two");
                assert!(copied.told().is_empty() && longest.starts_with(copy), "{asked:?}, {pages}, {after}");
            }
        }
    }
}

#[test]
fn what_xfs_allocates_ahead_of_a_growing_file_is_given_back() {
    let xfs = FileSystem { magic: 0x5846_5342, block_bytes: 4096 };
    let mut copying = sparse(TestCopy::of(mostly_zeros()[..2 * PAGE_BYTES - 1].to_vec()), Sparse::Always);
    copying.world.systems = Some([xfs; 2]);
    let copied = copying.run();
    assert_eq!(copied.log[copied.log.len() - 5..], ["read", "truncate", "punch", "close", "close"]);

    // Once for each hole, however many buffers it is long.
    let mut copying = sparse(TestCopy::of(mostly_zeros()).over(Vec::new()), Sparse::Always);
    copying.world.systems = Some([xfs; 2]);
    copying.world.file_mut(b"source").kind = FileType::Fifo;
    copying.job().seen = copying.world.facts(b"source");
    let copied = copying.run();
    assert_eq!(copied.log.iter().filter(|name| **name == "punch").count(), 2);
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&mostly_zeros()[..])));
}

#[test]
fn a_large_file_without_zeros_is_written_whole() {
    let copied = sparse(TestCopy::of(large()), Sparse::Always).run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&large()[..])));
    assert_eq!(copied.world.bytes_written, large().len());
}

#[test]
fn a_file_of_many_stretches_keeps_its_holes_to_the_end() {
    let pages = 600;
    let data = |page: usize| u8::from(page.is_multiple_of(2));
    let bytes: Vec<u8> = (0..pages).flat_map(|page| [data(page); PAGE_BYTES]).collect();
    let mut copying = TestCopy::of(bytes.clone());
    copying.world.file_mut(b"source").has_holes = true;
    let copied = copying.run();
    assert_eq!((copied.told(), copied.destination()), (vec![], Some(&bytes[..])));
    assert_eq!(copied.world.bytes_written, pages / 2 * PAGE_BYTES);
}
