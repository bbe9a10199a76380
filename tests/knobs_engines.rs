//! Every size under every engine, placement and kind of file system.

use crate::common::{Engine, Sandbox, each_engine, io_uring_works, needs_extensions, noise, skip};
use crate::copy_sizes::SIZES;

/// Copies every size to `directory`, one by one and together, with these options.
fn copies_every_size(s: &Sandbox, directory: &str, options: &[&str]) {
    let copy = format!("{directory}/copy");
    for size in SIZES {
        let name = format!("s/{size}");
        s.cp(options).and([&name, &copy]).succeeds();
        s.assert_same(&name, &copy);
    }
    std::fs::remove_file(s.path(&copy)).unwrap();
    s.cp(options).and(["-r", "s", &copy]).succeeds();
    s.assert_same("s", &copy);
    std::fs::remove_dir_all(s.path(&copy)).unwrap();
}

fn every_size(s: &Sandbox) {
    for (number, size) in (0_u64..).zip(SIZES) {
        s.file(format!("s/{size}"), noise(size, number));
    }
    s.dir("d");
}

#[test]
fn every_size_arrives_under_every_engine_and_placement() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    every_size(&s);
    for engine in ["auto", "sync", "uring"] {
        if engine == "uring" && !io_uring_works() {
            skip("io_uring is not available");
            continue;
        }
        for placement in ["auto", "fused", "split"] {
            copies_every_size(&s, "d", &[&format!("--engine={engine}"), &format!("--placement={placement}")]);
        }
    }
}

#[test]
fn every_size_arrives_through_small_buffers_and_a_short_queue() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        every_size(s);
        copies_every_size(s, "d", &["--buffer-size=4K", "--queue-depth=1"]);
        copies_every_size(s, "d", &["--buffer-size=64K", "--queue-depth=3", "--jobs=3"]);
    });
}

#[test]
fn every_size_arrives_by_direct_io_or_where_it_is_refused() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        every_size(s);
        copies_every_size(s, "d", &["--direct"]);
        copies_every_size(s, "d", &["--direct", "--placement=fused"]);
        let Some(_mounted) = s.tmpfs("memory", "size=200m") else { return };
        copies_every_size(s, "memory", &["--direct"]);
        s.cp(["-r", "s", "memory/s"]).succeeds();
        s.cp(["--direct", "-r", "memory/s", "memory/t"]).succeeds();
        s.assert_same("s", "memory/t");
    });
}

#[test]
fn direct_io_shortens_a_longer_destination_to_the_very_byte() {
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        for size in [0, 1, 511, 513, 4097, (1 << 20) + 1] {
            s.file("a", noise(size, 1)).file("b", noise(3 << 20, 2));
            s.cp(["--direct", "a", "b"]).succeeds();
            s.assert_same("a", "b");
        }
    });
}

#[test]
fn a_small_job_starts_no_thread_sets_up_no_ring_and_does_not_count_processors() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("a", "1").file("d/b", "2");
    let more = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_sched_getaffinity];
    for arguments in [&["--engine=auto", "a", "t"][..], &["--engine=auto", "-r", "d", "u"]] {
        s.cp(arguments).killed_by(&more).succeeds();
    }
    s.cat(["--engine=auto", "a", "d/b"]).killed_by(&more).succeeds().prints("12");
    s.cp(["--engine=uring", "a", "t"]).killed_by(&more).run().dies_by(libc::SIGSYS);
}

#[test]
fn a_block_is_as_long_as_the_readme_says() {
    if !needs_extensions() {
        return;
    }
    let s = Sandbox::new(Engine::Sync);
    s.file("shared", noise(20 << 20, 1));
    let operations = |copy: &str, options: &[&str]| {
        let told = s.cp(options).and(["--stats", "shared", copy]).run().ends(0).stderr();
        let line = told.lines().find_map(|line| line.strip_prefix("operations ")).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    let by_default = operations("t", &[]);
    assert_eq!(by_default, operations("u", &["--buffer-size=256K"]));
    assert!(by_default < operations("v", &["--buffer-size=128K"]));
}
