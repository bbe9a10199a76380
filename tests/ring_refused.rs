//! A ring that could be set up, and is then refused threads, memory, or anything at all: plain calls do its work.

use rustix::process::Resource;

use crate::common::{Engine, Run, Sandbox, io_uring_works, is_root, needs_extensions, noise, skip};

/// A user of whom nobody else has processes, so that their number can be limited: another one for each test.
fn lonely(test: u32) -> u32 {
    200_000 + std::process::id() % 100_000 * 4 + test
}

/// Ways of using a ring for all that it takes.
const WAYS: [&[&str]; 7] = [
    &["--fsync"],
    &["--fsync", "--atomic"],
    &["--verify"],
    &["--direct"],
    &["--placement=fused"],
    &["--placement=split", "--queue-depth=3"],
    &["-a", "--jobs=3"],
];

const FILES: u64 = 60;

/// Whether there is something to be refused.
fn can_be_refused() -> bool {
    if needs_extensions() && !io_uring_works() {
        skip("io_uring is not available");
    }
    needs_extensions() && io_uring_works()
}

/// Small files, one of several buffers, one of many.
fn tree(s: &Sandbox) {
    for file in 0..FILES {
        s.file(format!("s/{file}"), noise(usize::try_from(file * 211 % 9000).unwrap() + 1, file));
    }
    s.file("s/some", noise(400_000, 1)).file("s/many", noise(3_000_001, 2)).dir("d").chmod("d", 0o777);
}

/// Copies the tree in each way with `auto`, where nothing is to be seen of a refusal, and with `uring`, where it is told.
fn is_copied<'s>(
    s: &'s Sandbox,
    ways: &[&[&str]],
    refused: impl Fn(Run<'s>) -> Run<'s>,
    told: impl Fn(&str) -> bool,
) {
    tree(s);
    let mut tellings = 0;
    for (number, &way) in ways.iter().enumerate() {
        let auto = format!("d/auto-{number}");
        refused(s.cp(["-r", "--engine=auto"]).and(way).and(["s", &auto])).succeeds();
        s.assert_same("s", &auto);
        let uring = format!("d/uring-{number}");
        let outcome = refused(s.cp(["-r", "--engine=uring"]).and(way).and(["s", &uring])).run();
        s.assert_same("s", &uring);
        let said = outcome.stderr();
        let lines: Vec<&str> = said.lines().collect();
        outcome.expect(lines.iter().all(|line| told(line)) && lines.len() <= 1, "what was refused, once");
        tellings += lines.len();
        outcome.ends(i32::from(!lines.is_empty()));
    }
    assert!(tellings > 0, "nothing was refused");
}

#[test]
fn without_threads_of_the_kernel_nothing_is_lost() {
    if !can_be_refused() {
        return;
    }
    if !is_root() {
        return skip("needs root, to be a user without other processes");
    }
    let s = Sandbox::new(Engine::Uring);
    let told = "ucp: io_uring is not available (worker threads): Resource temporarily unavailable; going on without it";
    is_copied(&s, &WAYS, |run| run.by_user(lonely(0)).limit(Resource::Nproc, 1), |line| line == told);
}

#[test]
fn a_ring_that_takes_nothing_is_given_up() {
    if !can_be_refused() {
        return;
    }
    // The first four may be over in a moment: each is waited for a little.
    let later = [libc::EAGAIN, libc::EBUSY, libc::EINTR, libc::ETIME].map(|errno| (errno, &WAYS[4..5]));
    let never = [libc::ENOMEM, libc::EINVAL, libc::EPERM].map(|errno| (errno, &WAYS[..]));
    for (errno, ways) in later.into_iter().chain(never) {
        let s = Sandbox::new(Engine::Uring);
        let told = "ucp: io_uring is not available (submission): ";
        let enter = [libc::SYS_io_uring_enter];
        is_copied(&s, ways, |run| run.refused(&enter, errno), |line| line.starts_with(told));
    }
}

#[test]
fn what_was_to_be_read_ahead_is_printed_without_a_ring() {
    if !can_be_refused() {
        return;
    }
    let s = Sandbox::new(Engine::Uring);
    tree(&s);
    let names: Vec<String> = (0..FILES).map(|file| format!("s/{file}")).chain(["s/many".into()]).collect();
    let expected: Vec<u8> = names.iter().flat_map(|name| s.read(name)).collect();
    for errno in [libc::EAGAIN, libc::ENOMEM] {
        for options in [&[][..], &["--direct"]] {
            let run =
                |engine| s.cat([engine]).and(options).and(&names).refused(&[libc::SYS_io_uring_enter], errno);
            run("--engine=auto").succeeds().prints(&expected);
            let told = "ucat: io_uring is not available (submission): ";
            run("--engine=uring").run().ends(1).prints(&expected).mentions(told);
        }
    }
    if is_root() {
        s.cat(["--engine=auto"])
            .and(&names)
            .by_user(lonely(1))
            .limit(Resource::Nproc, 1)
            .succeeds()
            .prints(&expected);
        let run = s.cat(["--engine=uring"]).and(&names).by_user(lonely(1)).limit(Resource::Nproc, 1);
        run.run().prints(&expected);
    }
}

#[test]
fn without_what_a_ring_registers_it_goes_on() {
    if !can_be_refused() {
        return;
    }
    let s = Sandbox::new(Engine::Uring);
    tree(&s);
    for (number, way) in WAYS.into_iter().enumerate() {
        let target = format!("d/{number}");
        s.cp(["-r", "--engine=auto"]).and(way).and(["s", &target]).limit(Resource::Memlock, 0).succeeds();
        s.assert_same("s", &target);
        let target = format!("d/{number}-register");
        let run = s.cp(["-r", "--engine=auto"]).and(way).and(["s", &target]);
        run.refused(&[libc::SYS_io_uring_register], libc::EAGAIN).succeeds();
        s.assert_same("s", &target);
    }
}
