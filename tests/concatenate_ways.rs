//! Each way of the ladder: forced by name, told by `--stats`, refused by the kernel, and never to be seen in the output.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::common::{Engine, Sandbox, each_engine, needs_extensions, noise};
use rustix::process::Resource;

const WAYS: [&str; 8] = ["auto", "splice", "sendfile", "copy-range", "extents", "overlap", "ahead", "plain"];

/// System calls of the ladder that a filter may refuse.
const CALLS: [i64; 3] = [libc::SYS_splice, libc::SYS_sendfile, libc::SYS_copy_file_range];

const BYTES: usize = (5 << 20) + 4321;

/// What `--stats` says of the ways, behind which nothing else may stand.
fn ways(said: &str) -> String {
    let (_, rest) = said.split_once("\"ways\":\"").unwrap_or_else(|| panic!("no ways in {said}"));
    rest.split('"').next().unwrap().to_owned()
}

fn input(s: &Sandbox) -> Vec<u8> {
    let data = noise(BYTES, 1);
    s.file("a", &data);
    data
}

/// What a socket as standard output receives while `run` is started with its other end, and what it says.
fn into_socket(s: &Sandbox, arguments: &[&str]) -> (Vec<u8>, String) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let running = s.cat(arguments).stdout(Stdio::from(OwnedFd::from(theirs))).start();
    let mut received = Vec::new();
    ours.read_to_end(&mut received).unwrap();
    (received, running.finish().ends(0).stderr())
}

fn into_file(s: &Sandbox, arguments: &[&str]) -> (Vec<u8>, String) {
    let out = File::create(s.path("out")).unwrap();
    let said = s.cat(arguments).stdout(out).run().ends(0).stderr();
    (s.read("out"), said)
}

#[test]
fn each_way_is_taken_where_it_is_wanted_and_said_to_be() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let data = input(s);
        let stats = "--stats=json";
        for (way, taken) in [
            ("auto", "splice"),
            ("splice", "splice"),
            ("overlap", "overlap"),
            ("sendfile", "plain"),
            ("copy-range", "plain"),
            ("extents", "plain"),
            ("plain", "plain"),
        ] {
            let outcome = s.cat([&format!("--way={way}"), stats, "a"]).run().ends(0).prints(&data);
            assert_eq!(ways(&outcome.stderr()), taken, "into a pipe, {way}");
        }
        for (way, taken) in [("auto", "sendfile"), ("sendfile", "sendfile"), ("splice", "plain")] {
            let (received, said) = into_socket(s, &[&format!("--way={way}"), stats, "a"]);
            assert!(received == data, "a socket received something else by {way}");
            assert_eq!(ways(&said), taken, "into a socket, {way}");
        }
        for (way, jobs, taken) in [
            ("auto", "2", "extents"),
            ("auto", "1", "plain"),
            ("extents", "1", "extents"),
            ("copy-range", "1", "copy-range"),
            ("overlap", "1", "overlap"),
            ("splice", "1", "plain"),
        ] {
            let options = [&format!("--way={way}"), &format!("--jobs={jobs}"), stats, "--engine=sync", "a"];
            let (received, said) = into_file(s, &options);
            assert!(received == data, "a file received something else by {way}");
            // A file system that shares blocks is asked to do so where nothing else is wanted.
            let taken = if way == "auto" && ways(&said) == "copy-range" { "copy-range" } else { taken };
            assert_eq!(ways(&said), taken, "into a file, {way}");
        }
        s.file("b", "B").file("c", "C");
        for (options, taken) in [(&["--way=ahead"][..], "ahead"), (&["--way=plain"], "plain"), (&[], "ahead")]
        {
            let outcome = s.cat(options).and([stats, "b", "c"]).run().ends(0).prints("BC");
            assert_eq!(ways(&outcome.stderr()), taken);
        }
        let outcome = s.cat(["-n", "--jobs=3", stats, "b", "a"]).run().ends(0);
        assert!(ways(&outcome.stderr()).starts_with("ahead extents"), "{}", outcome.stderr());
    });
}

#[test]
fn pipes_are_spliced_into_pipes_and_files() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let data = input(s);
        let outcome = s.cat(["--stats=json"]).input(&*data).run().ends(0).prints(&data);
        assert_eq!(ways(&outcome.stderr()), "splice");
        let out = File::create(s.path("out")).unwrap();
        let outcome = s.cat(["--stats=json", "--way=splice"]).input(&*data).stdout(out).run().ends(0);
        assert_eq!(ways(&outcome.stderr()), "splice");
        assert!(s.read("out") == data);
    });
}

#[test]
fn no_way_can_be_told_from_another() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let data = input(s);
        s.file("b", "B").file("empty", "").dir("d");
        for way in WAYS {
            let option = format!("--way={way}");
            let mut expected = [&b"before"[..], b"B", &data, b"B"].concat();
            let mut out = File::create(s.path("out")).unwrap();
            out.write_all(b"before").unwrap();
            s.cat([&option, "--jobs=3", "b", "a", "no", "empty", "d", "b"])
                .stdout(out.try_clone().unwrap())
                .fails("ucat: no: No such file or directory\nucat: d: Is a directory");
            assert_eq!(out.stream_position().unwrap(), u64::try_from(expected.len()).unwrap(), "{way}");
            out.write_all(b"after").unwrap();
            expected.extend(b"after");
            assert!(s.read("out") == expected, "{way} left something else");
            // From the middle of standard input, to the end of what there is.
            let mut middle = File::open(s.path("a")).unwrap();
            middle.seek(std::io::SeekFrom::Start(12_345)).unwrap();
            s.cat([&option]).stdin(middle.try_clone().unwrap()).succeeds().prints(&data[12_345..]);
            assert_eq!(middle.stream_position().unwrap(), u64::try_from(BYTES).unwrap());
            let append = File::options().append(true).open(s.path("out")).unwrap();
            s.cat([&option, "a"]).stdout(append).succeeds();
            assert!(s.read("out") == [&expected[..], &data].concat(), "{way} did not append");
            s.cat([&option, "a"]).stdout_full().fails("ucat: write error: No space left on device");
            let version = std::fs::read("/proc/version").unwrap();
            s.cat([&option, "/proc/version"]).succeeds().prints(&version);
        }
    });
}

#[test]
fn what_the_kernel_refuses_is_done_another_way() {
    each_engine(|s| {
        let data = input(s);
        let mut errnos = vec![libc::ENOSYS, libc::EPERM, libc::EINVAL];
        // GNU cat takes this one from copy_file_range as a failure.
        errnos.extend((s.engine() != Engine::Reference).then_some(libc::EMFILE));
        for errno in errnos {
            s.cat(["a"]).refused(&CALLS, errno).succeeds().prints(&data);
            s.cat(["-"]).input(&*data).refused(&CALLS, errno).succeeds().prints(&data);
            let out = File::create(s.path("out")).unwrap();
            s.cat(["a"]).stdout(out).refused(&CALLS, errno).succeeds();
            assert!(s.read("out") == data);
        }
    });
}

#[test]
fn a_reader_that_goes_away_with_the_last_byte_does_no_harm() {
    use rustix::pipe::{PipeFlags, pipe_with};
    each_engine(|s| {
        let data = input(s);
        // The reader takes all there is, and is gone before the next byte is asked for.
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut running = s.cat(["a", "-"]).stdin(reader).start();
        let mut received = vec![0; BYTES];
        running.take_stdout().read_exact(&mut received).unwrap();
        drop(writer);
        running.finish().ends(0).complains("");
        assert!(received == data);
    });
}

#[test]
fn threads_that_cannot_be_had_are_done_without() {
    each_engine(|s| {
        let data = input(s);
        for errno in [libc::EAGAIN, libc::EPERM] {
            let out = File::create(s.path("out")).unwrap();
            s.cat(["a"]).stdout(out).refused(&[libc::SYS_clone, libc::SYS_clone3], errno).succeeds();
            assert!(s.read("out") == data);
            let numbered = s.cat(["-n", "a"]).refused(&[libc::SYS_clone, libc::SYS_clone3], errno).succeeds();
            let expected = s.cat(["-n"]).input(&*data).succeeds();
            assert!(numbered.stdout() == expected.stdout());
        }
    });
}

#[test]
fn a_limit_on_the_size_of_files_is_met_where_cat_meets_it() {
    each_engine(|s| {
        let data = input(s);
        let limit = (3 << 20) + 17;
        for options in [&["a"][..], &["-u", "a"]] {
            let out = File::create(s.path("out")).unwrap();
            s.cat(options)
                .stdout(out)
                .limit(Resource::Fsize, limit)
                .ignore(libc::SIGXFSZ)
                .fails("ucat: write error: File too large");
            assert!(s.read("out") == data[..usize::try_from(limit).unwrap()]);
        }
        let out = File::create(s.path("out")).unwrap();
        s.cat(["a"]).stdout(out).limit(Resource::Fsize, limit).run().dies_by(libc::SIGXFSZ).complains("");
        assert!(s.read("out") == data[..usize::try_from(limit).unwrap()]);
    });
}

#[test]
fn a_file_system_without_room_gets_what_fits_and_nothing_behind_it() {
    each_engine(|s| {
        let data = input(s);
        let Some(_mounted) = s.tmpfs("small", "size=3m") else { return };
        for way in if s.engine() == Engine::Reference { &[""][..] } else { &["--way=auto", "--way=extents"] }
        {
            let mut out = File::create(s.path("small/out")).unwrap();
            s.cat(way.split_whitespace())
                .and(["a"])
                .stdout(out.try_clone().unwrap())
                .fails("ucat: write error: No space left on device");
            let received = s.read("small/out");
            assert!(
                received.len() >= 3 << 20 && received == data[..received.len()],
                "{} bytes",
                received.len()
            );
            assert_eq!(out.stream_position().unwrap(), u64::try_from(received.len()).unwrap());
        }
    });
}

#[test]
fn direct_reads_bring_the_same_bytes() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let data = input(s);
        s.file("b", "B");
        s.cat(["--direct", "b", "a", "b"]).succeeds().prints([b"B", &data[..], b"B"].concat());
        let outcome = s.cat(["--direct", "--stats=json", "a"]).run().ends(0).prints(&data);
        assert_eq!(ways(&outcome.stderr()), "overlap");
        s.cat(["--direct"]).stdin(File::open(s.path("a")).unwrap()).succeeds().prints(&data);
    });
}

#[test]
fn a_way_that_does_not_exist_is_refused() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        s.file("a", "A");
        let message = "ucat: invalid argument 'fly' for '--way': it takes auto, splice, sendfile, copy-range, extents, \
                       overlap, ahead, plain\nTry 'ucat --help' for more information.";
        s.cat(["--way=fly", "a"]).fails(message).prints("");
    });
}
