//! How the programs are linked, and what is said where they cannot be: `build.rs`, and what came of it.

#[path = "../build.rs"]
#[allow(dead_code, reason = "its entry is cargo's")]
mod build;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Engine, Sandbox, skip};
use build::{ARCHITECTURES, Linker, Target};

/// Those of a compiler that can link statically.
const COMPILER_FILES: [&str; 5] = ["libc.a", "libm.a", "rcrt1.o", "libgcc.a", "libgcc_eh.a"];

/// A C compiler that has only these files, in a directory with a space in its name.
fn compiler(s: &Sandbox, files: &[&str]) -> Linker {
    for file in files {
        s.file(Path::new("its files").join(file), "");
    }
    // Written by another process: one of ours forked meanwhile would hold it open, and keep it from being executed.
    let script = r#"cat >compiler <<'END' && chmod 755 compiler
#!/bin/sh
name=${1#-print-file-name=}
[ ! -e "${0%/*}/its files/$name" ] || name="${0%/*}/its files/$name"
echo "$name"
END"#;
    let status = Command::new("sh").args(["-c", script]).current_dir(s.work()).status().unwrap();
    assert!(status.success());
    Linker::of("", Some(s.path("compiler")), "x86_64".to_owned())
}

/// What a script says.
fn script(s: &Sandbox, library: &str) -> String {
    String::from_utf8(s.read(format!("scripts/lib{library}.so"))).unwrap()
}

#[test]
fn the_linker_finds_static_libraries_where_rustc_names_shared_ones() {
    let s = Sandbox::new(Engine::Sync);
    let scripts = s.path("scripts");
    let linking = compiler(&s, &COMPILER_FILES).arguments(&scripts, None).unwrap();
    assert_eq!(linking.arguments, [format!("-L{}", scripts.display()), "-static-pie".to_owned()]);
    let file = |name: &str| format!("\"{}/its files/{name}\"", s.work().display());
    let all = format!("GROUP ( {} {} {} )\n", file("libc.a"), file("libgcc_eh.a"), file("libgcc.a"));
    assert_eq!(linking.files.len(), 3, "{linking:?}");
    assert_eq!((script(&s, "c"), script(&s, "gcc_s")), (all.clone(), all));
    assert_eq!(script(&s, "m"), format!("GROUP ( {} )\n", file("libm.a")));
    assert_eq!(script(&s, "pthread"), format!("GROUP ( {} )\n", file("libc.a")), "it is a part of libc");
}

#[test]
fn what_a_compiler_lacks_to_link_statically_is_named() {
    for (missing, hint) in [
        ("libc.a", " (Debian: gcc libc6-dev, Fedora: gcc glibc-static; then `touch build.rs`)"),
        ("rcrt1.o", " (this glibc has none for x86_64)"),
        ("libgcc.a", ""),
        ("libgcc_eh.a", ""),
    ] {
        let s = Sandbox::new(Engine::Sync);
        let others: Vec<&str> = COMPILER_FILES.into_iter().filter(|file| *file != missing).collect();
        let said = compiler(&s, &others).arguments(&s.path("scripts"), None).unwrap_err();
        assert_eq!(said, format!("{} finds no {missing}{hint}", s.path("compiler").display()));
    }
    let s = Sandbox::new(Engine::Sync);
    let none = Linker::of("", Some("/none/cc".into()), "x86_64".to_owned());
    let said = none.arguments(&s.path("scripts"), None).unwrap_err();
    assert!(
        said.starts_with("/none/cc: No such file or directory (os error 2) (Debian: gcc libc6-dev,"),
        "{said}"
    );
}

#[test]
fn another_c_library_is_linked_where_one_is_named() {
    let s = Sandbox::new(Engine::Sync);
    let linker = compiler(&s, &COMPILER_FILES);
    let (scripts, other) = (s.path("scripts"), s.path("other"));
    let system = other.join("usr/lib/x86_64-linux-gnu");
    // The linker would take the system's without a word.
    let missing = linker.arguments(&scripts, Some(other.clone())).unwrap_err();
    assert_eq!(missing, format!("there is no {}", system.join("libc.a").display()));
    for file in ["libc.a", "rcrt1.o", "libm.a"] {
        s.file(system.strip_prefix(s.work()).unwrap().join(file), "");
    }
    let arguments = linker.arguments(&scripts, Some(other.clone())).unwrap().arguments;
    let (system, other) = (system.display(), other.display());
    assert_eq!(
        arguments[1..],
        ["-static-pie".to_owned(), format!("-B{system}"), format!("-Wl,--sysroot={other}")]
    );
    assert!(script(&s, "c").starts_with(&format!("GROUP ( \"{system}/libc.a\" ")), "{}", script(&s, "c"));
    assert_eq!(script(&s, "m"), format!("GROUP ( \"{system}/libm.a\" )\n"));
}

#[test]
fn the_linker_is_the_one_that_rustc_takes() {
    let of = |flags: &str, configured: Option<&str>| {
        let linker = Linker::of(flags, configured.map(PathBuf::from), "x86_64".to_owned());
        (linker.program.to_str().unwrap().to_owned(), linker.position_independent)
    };
    assert_eq!(of("", None), ("cc".to_owned(), true));
    assert_eq!(of("-Copt-level=1", Some("gcc")), ("gcc".to_owned(), true));
    assert_eq!(of("-Clinker=a\x1f-C\x1flinker=b", Some("gcc")), ("b".to_owned(), true));
    assert_eq!(of("-C\x1frelocation-model=static", None), ("cc".to_owned(), false));
    assert_eq!(of("-Crelocation-model=static\x1f-Crelocation-model=pic", None), ("cc".to_owned(), true));
}

#[test]
fn targets_without_what_the_programs_need_are_refused_in_words() {
    let refusal = |system: &str, architecture: &str, bits: &str| {
        let [system, architecture, pointer_bits] = [system, architecture, bits].map(str::to_owned);
        Target { system, architecture, pointer_bits, links_glibc: true }.refusal()
    };
    for architecture in ARCHITECTURES {
        assert_eq!(refusal("linux", architecture, "64"), None);
    }
    let begins =
        |refusal: Option<String>, words: &str| assert!(refusal.unwrap().starts_with(words), "{words}");
    begins(
        refusal("linux", "s390x", "64"),
        "ucp and ucat need the crate io-uring, which does not know s390x; it knows",
    );
    begins(
        refusal("linux", "arm", "32"),
        "ucp and ucat are for machines of 64 bits; this target (arm) has 32",
    );
    begins(
        refusal("linux", "x86_64", "32"),
        "ucp and ucat are for machines of 64 bits; this target (x86_64) has 32",
    );
    begins(
        refusal("macos", "aarch64", "64"),
        "ucp and ucat are for Linux; macos does not have the system calls",
    );
}

#[test]
fn io_uring_is_a_dependency_where_the_build_script_says_so() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (_, condition) = manifest.split_once("\n[target.'cfg(").unwrap();
    let (condition, dependencies) = condition.split_once("]\n").unwrap();
    assert!(dependencies.starts_with("io-uring = "), "{dependencies}");
    let named: Vec<&str> =
        condition.split("target_arch = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(named, ARCHITECTURES);
}

#[test]
fn the_programs_are_statically_linked() {
    // Asked of the compiler once more, so that the build script does not judge itself.
    let answer = Command::new("cc").arg("-print-file-name=libc.a").output();
    let found = answer.is_ok_and(|answer| answer.stdout.starts_with(b"/"));
    if !found {
        return skip("there is no static C library");
    }
    for program in [assert_cmd::cargo::cargo_bin!("ucp"), assert_cmd::cargo::cargo_bin!("ucat")] {
        let elf = fs::read(program).unwrap();
        assert_eq!(&elf[..5], b"\x7fELF\x02", "{} is no 64-bit ELF file", program.display());
        let number = |offset: usize, len: usize| {
            elf[offset..offset + len]
                .iter()
                .rev()
                .fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
        };
        // e_phoff, e_phentsize and e_phnum; then p_type of each program header (little endian).
        let (table, entry_size, entries) = (number(32, 8), number(54, 2), number(56, 2));
        assert!(entries > 0);
        const PT_INTERP: usize = 3;
        let interpreted = (0..entries).any(|entry| number(table + entry * entry_size, 4) == PT_INTERP);
        assert!(!interpreted, "{} asks for a dynamic linker", program.display());
    }
}
