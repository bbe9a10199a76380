//! Sources that change under the copy. What happens first is not in our hands; what must hold in any case is.

use std::fs::{File, OpenOptions};
use std::io::Write;

use crate::common::{each_engine, noise};

#[test]
fn a_source_that_grows_is_copied_at_least_as_far_as_it_was() {
    each_engine(|s| {
        let data = noise(24 << 20, 1);
        let (before, more) = data.split_at(4 << 20);
        s.file("log", before);
        let mut running = s.cp(["log", "copy"]).start();
        let mut log = OpenOptions::new().append(true).open(s.path("log")).unwrap();
        for chunk in more.chunks(4096) {
            log.write_all(chunk).unwrap();
            if running.is_over() {
                break;
            }
        }
        running.finish().ends(0).complains("");
        let copy = s.read("copy");
        assert!(copy.len() >= before.len(), "{} bytes are fewer than there were at first", copy.len());
        assert!(data.starts_with(&copy), "the copy is not a prefix of the source");
    });
}

#[test]
fn a_source_that_shrinks_is_copied_as_far_as_it_goes() {
    each_engine(|s| {
        let data = noise(48 << 20, 1);
        s.file("log", &data);
        let half = data.len() / 2;
        let mut running = s.cp(["log", "copy"]).start();
        // As soon as something has been copied, or the copy is over.
        while !running.is_over() && s.path("copy").metadata().map_or(0, |metadata| metadata.len()) == 0 {
            std::thread::yield_now();
        }
        File::options().write(true).open(s.path("log")).unwrap().set_len(half as u64).unwrap();
        running.finish().ends(0).complains("");
        let copy = s.read("copy");
        assert!(copy.len() >= half, "{} bytes are fewer than were there all the time", copy.len());
        assert!(data.starts_with(&copy), "the copy is not a prefix of the source");
    });
}

#[test]
fn a_file_printed_while_it_shrinks_and_grows_is_printed_without_a_word() {
    each_engine(|s| {
        let data = noise(16 << 20, 1);
        s.file("log", &data).file("after", "after");
        let out = File::create(s.path("out")).unwrap();
        let mut running = s.cat(["log", "after"]).stdout(out).start();
        let log = File::options().write(true).open(s.path("log")).unwrap();
        while !running.is_over() {
            log.set_len(data.len() as u64 / 2).unwrap();
            log.set_len(data.len() as u64 / 2 + 4096).unwrap();
        }
        running.finish().ends(0).complains("");
        let printed = s.read("out");
        let body = printed.strip_suffix(b"after").unwrap();
        assert!(body.len() >= data.len() / 2);
        assert!(
            body[..data.len() / 2] == data[..data.len() / 2],
            "what stayed all the time was printed wrong"
        );
    });
}
