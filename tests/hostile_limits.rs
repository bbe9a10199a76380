//! Tight resource limits: descriptors, locked memory, address space, file size.

use rustix::process::Resource;

use crate::common::{Engine, Sandbox, each_engine, io_uring_works, needs_extensions, needs_root, noise};

const MIB: u64 = 1 << 20;

/// More directories at once than there are descriptors, many small files, one large.
fn tree(s: &Sandbox) {
    let mut deep = String::from("s");
    for level in 0..50 {
        deep.push_str(&format!("/{level}"));
        s.file(format!("{deep}/file"), noise(level * 101, 1));
    }
    for dir in 0..60 {
        for file in 0..10 {
            s.file(format!("s/wide-{dir}/{file}"), noise(dir * 331 + file, 2));
        }
    }
    s.file("s/big", noise(12_000_000, 3));
    s.give_to_nobody();
}

/// Copies a tree and prints files with `resource` limited to `value`, as root and as an ordinary user.
fn works_within(resource: Resource, value: u64) {
    each_engine(|s| {
        tree(s);
        // Locked memory is counted for all of a user's processes together, so a ring may be had or not, and must not be
        // insisted on.
        let engine = if resource == Resource::Memlock { Some("auto") } else { None };
        let copy =
            |to| engine.iter().fold(s.cp(["-r", "s", to]), |run, engine| run.env("UCP_ENGINE", engine));
        copy("t").limit(resource, value).succeeds();
        s.assert_same("s", "t");
        copy("u").limit(resource, value).by_nobody().succeeds();
        s.assert_same("s", "u");
        let operands: Vec<String> =
            (0..60).map(|dir| format!("s/wide-{dir}/7")).chain(["s/big".into()]).collect();
        let expected: Vec<u8> = operands.iter().flat_map(|name| s.read(name)).collect();
        let cat = engine.iter().fold(s.cat(&operands), |run, engine| run.env("UCP_ENGINE", engine));
        cat.limit(resource, value).by_nobody().succeeds().prints(&expected);
    });
}

#[test]
fn thirty_two_descriptors_are_enough() {
    works_within(Resource::Nofile, 32);
}

#[test]
fn no_locked_memory_is_needed() {
    works_within(Resource::Memlock, 0);
}

#[test]
fn a_little_locked_memory_is_made_do_with() {
    works_within(Resource::Memlock, 128 << 10);
}

#[test]
fn a_ring_that_was_asked_for_and_may_not_lock_its_memory_is_refused_before_anything_is_copied() {
    if !needs_extensions() || !needs_root() || !io_uring_works() {
        return;
    }
    let s = Sandbox::new(Engine::Uring);
    s.file("a", "1").give_to_nobody();
    let asked = s.cp(["a", "b"]).limit(Resource::Memlock, 0).by_nobody().run();
    // Kernels before 6.14 do not count the ring's own memory.
    if asked.status() == Some(0) {
        s.assert_same("a", "b");
    } else {
        asked.ends(1).mentions("io_uring is not available");
        assert!(!s.exists("b"), "it was refused, and something was made");
    }
}

#[test]
fn sixty_four_mebibytes_of_address_space_are_enough() {
    works_within(Resource::As, 64 * MIB);
}

/// Ways of copying that want more memory than others.
const GREEDY: [&[&str]; 7] = [
    &[],
    &["--verify"],
    &["--direct"],
    &["--direct", "--verify"],
    &["--engine=uring"],
    &["--engine=uring", "--direct", "--verify", "--manifest=list"],
    &["--jobs=8", "--fsync", "--atomic"],
];

#[test]
fn what_buffers_there_is_room_for_are_enough() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let files: Vec<String> = (0..40).map(|file| format!("s/{}/{file}", file % 7)).collect();
        for (number, file) in (0..).zip(&files) {
            s.file(file, noise(number * 997, 1));
        }
        s.file("s/big", noise(3_000_000, 2));
        let operands: Vec<String> = files.into_iter().chain(["s/big".into()]).collect();
        let expected: Vec<u8> = operands.iter().flat_map(|name| s.read(name)).collect();
        for mebibytes in [16, 24] {
            for options in GREEDY {
                if options.contains(&"--engine=uring") && !io_uring_works() {
                    continue;
                }
                s.cp(["-r", "s", "t"]).and(options).limit(Resource::As, mebibytes * MIB).succeeds();
                s.assert_same("s", "t");
                std::fs::remove_dir_all(s.path("t")).unwrap();
            }
            for options in [&[][..], &["--direct"], &["--jobs=8"]] {
                let run = s.cat(options).and(&operands).limit(Resource::As, mebibytes * MIB);
                run.succeeds().prints(&expected);
            }
            let (limited, free) =
                (s.cat(["-n", "s/big"]).limit(Resource::As, mebibytes * MIB), s.cat(["-n", "s/big"]));
            limited.succeeds().prints(free.succeeds().stdout());
        }
    });
}

#[test]
fn where_there_is_no_memory_it_says_so_as_gnu_cp_does() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        // A name that is longer than all the memory that is left.
        s.file("list", vec![b'a'; 1_000_000]).dir("d");
        s.cp(["--files0-from=list", "d"]).limit(Resource::Data, MIB).fails("ucp: memory exhausted");
    });
}

#[test]
fn no_further_threads_or_processes_are_needed() {
    // The limit counts all of the user's processes, so an ordinary user is at it already.
    each_engine(|s| {
        // One that has no other processes: tests beside this one run as nobody.
        let user = 1_000_000 + std::process::id();
        s.file("s/a", "1").file("s/b/c", noise(3_000_000, 1)).chmod("", 0o777);
        s.cp(["-r", "s", "t"]).limit(Resource::Nproc, 1).by_user(user).succeeds();
        s.assert_same("s", "t");
    });
}

#[test]
fn two_at_once_share_what_locked_memory_there_is() {
    each_engine(|s| {
        tree(s);
        let run = |copy| {
            s.cp(["-r", "s", copy])
                .env("UCP_ENGINE", "auto")
                .limit(Resource::Memlock, MIB)
                .by_nobody()
                .start()
        };
        let both = [run("t"), run("u")];
        for running in both {
            running.finish().ends(0).complains("");
        }
        s.assert_same("s", "t");
        s.assert_same("s", "u");
    });
}

#[test]
fn a_file_size_limit_is_reported_and_smaller_files_are_copied() {
    each_engine(|s| {
        let big = noise(3_000_000, 1);
        s.file("big", &big).file("small", "1").dir("d");
        let limited = |args: [&str; 3]| s.cp(args).limit(Resource::Fsize, 100 << 10).ignore(libc::SIGXFSZ);
        limited(["big", "small", "d"]).fails("ucp: error writing 'd/big': File too large");
        s.assert_same("small", "d/small");
        assert!(s.read("d/big") == big[..100 << 10], "what fitted is not the beginning of the source");
        let out = std::fs::File::create(s.path("out")).unwrap();
        s.cat(["big", "small"])
            .limit(Resource::Fsize, 100 << 10)
            .ignore(libc::SIGXFSZ)
            .stdout(out)
            .fails("ucat: write error: File too large");
        assert!(s.read("out") == big[..100 << 10], "what fitted is not the beginning of the source");
    });
}

#[test]
fn a_file_size_limit_with_its_signal_not_ignored_ends_it_by_sigxfsz() {
    each_engine(|s| {
        s.file("big", noise(3_000_000, 1));
        s.cp(["big", "b"])
            .limit(Resource::Fsize, 100 << 10)
            .limit(Resource::Core, 0)
            .run()
            .dies_by(libc::SIGXFSZ);
    });
}

/// With so few descriptors only the directory in work is held: what is above it is let go and had again, an operand's own too.
#[test]
fn a_tree_is_copied_with_a_handful_of_descriptors() {
    each_engine(|s| {
        let deep = "deep/".repeat(12);
        s.file("s/a", "1").file("s/1/2/3/b", "2").file(format!("s/{deep}c"), "3").fifo("s/1/fifo", 0o640);
        s.symlink("s/1/link", "a").hard_link("s/1/2/hard", "s/a").dir("s/empty").chmod("s/1/2", 0o500);
        for number in 0..3 {
            s.file(format!("s/x/{number}/{number}/f"), "4")
                .file(format!("s/x/{number}/g"), noise(100_000, number));
        }
        // A ring that is insisted on takes one itself.
        let fewest = if s.engine() == Engine::Uring { 9 } else { 8 };
        for descriptors in [fewest, 12, 15, 16] {
            for options in
                [&["-a"][..], &["-rp"], &["-ab"], &["-al"], &["-au"], &["-rv"], &["-r", "--parents"]]
            {
                let run = s.dir("d").cp(options).and(["s", "d"]).limit(Resource::Nofile, descriptors);
                run.run().ends(0).complains("");
                s.assert_same("s", "d/s");
                // Again, onto what is there, which its owner may not have been let to change.
                s.chmod("d/s/1/2", 0o700);
                let run = s.cp(options).and(["s", "d"]).limit(Resource::Nofile, descriptors);
                run.run().ends(0).complains("");
                s.chmod("d/s/1/2", 0o700);
                std::fs::remove_dir_all(s.path("d")).unwrap();
            }
            let run = s.cp(["-a", "s", "d"]).limit(Resource::Nofile, descriptors - 1);
            run.succeeds();
            s.assert_same("s", "d");
            s.chmod("d/1/2", 0o700);
            std::fs::remove_dir_all(s.path("d")).unwrap();
            s.cat(["s/a", "s/1/2/3/b", "s/a"])
                .limit(Resource::Nofile, descriptors - 3)
                .succeeds()
                .prints("121");
        }
    });
}

/// A large file has no chain that counts as in flight while its blocks move, but it holds its two descriptors.
#[test]
fn several_large_files_are_copied_with_a_handful_of_descriptors() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for number in 0..4 {
            s.file(format!("s/{number}"), noise(9 << 20, number));
            s.file(format!("s/d/{number}"), noise(40_000, number));
        }
        let fewest = if s.engine() == Engine::Uring { 9 } else { 8 };
        for options in [&["-r"][..], &["-a", "--direct"], &["-r", "--atomic"], &["-r", "--fsync", "--verify"]]
        {
            for descriptors in [fewest, 12, 16, 24] {
                let run = s.cp(options).and(["s", "t"]).limit(Resource::Nofile, descriptors);
                run.run().ends(0).complains("");
                s.assert_same("s", "t");
                std::fs::remove_dir_all(s.path("t")).unwrap();
            }
        }
    });
}
