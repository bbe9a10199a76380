//! Links the two programs statically (static-pie), which halves the time that a process takes to start, and says in plain
//! words what a machine or a target lacks.
//!
//! Only the last link of the two programs is to be static. `crt-static` in rustflags would reach every crate, and a
//! procedural macro (a shared object) cannot be built with it unless `--target` moves the results out of target/release.
//! So rustc links as it always does, and for each library that it names as a shared one the linker finds a script of that
//! name, which leads to the static one.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Names the directory where another C library was unpacked (Debian's libc6-dev by `dpkg -x`), to be linked instead of the
/// system's. A newer one starts faster: glibc 2.36 asks an Intel processor some 75 questions (cpuid), each of which traps
/// in a virtual machine, 2.43 less than half of them.
const OTHER_LIBRARY: &str = "UCP_LIBC_ROOT";

/// Those that the crate io-uring knows, as in Cargo.toml.
pub const ARCHITECTURES: [&str; 5] = ["x86_64", "aarch64", "riscv64", "loongarch64", "powerpc64"];

/// What rustc names beside libgcc_s and libc. Since glibc 2.34 all of it but libm is in libc.
const PARTS: [&str; 5] = ["m", "rt", "pthread", "util", "dl"];

fn main() -> ExitCode {
    // Fails only where cargo no longer listens.
    build().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn build() -> io::Result<()> {
    tell("rerun-if-changed", "build.rs")?;
    tell("rerun-if-env-changed", OTHER_LIBRARY)?;
    let target = Target::of_environment();
    if let Some(reason) = target.refusal() {
        return tell("error", &reason);
    }
    let other = env::var_os(OTHER_LIBRARY).filter(|root| !root.is_empty()).map(PathBuf::from);
    if !target.links_glibc {
        return match other {
            Some(_) => {
                tell("error", &format!("{OTHER_LIBRARY}: the C library of this target is not replaced"))
            }
            None => Ok(()),
        };
    }
    let scripts = Path::new(&variable("OUT_DIR")).join("static");
    let named = other.is_some();
    match Linker::of_environment(target.architecture).arguments(&scripts, other) {
        Ok(Linking { arguments, files }) => {
            arguments.iter().try_for_each(|argument| tell("rustc-link-arg-bins", argument))?;
            // One that an upgrade of the compiler takes away is looked for anew.
            files.iter().try_for_each(|file| tell("rerun-if-changed", file))
        }
        Err(missing) if named => tell("error", &format!("{OTHER_LIBRARY}: {missing}")),
        Err(missing) => {
            tell("warning", &format!("ucp and ucat are not linked statically, and start slower: {missing}"))
        }
    }
}

/// What is built for.
pub struct Target {
    /// As rustc's cfg(target_os) has it, and so on.
    pub system: String,
    /// x86_64 and so on.
    pub architecture: String,
    /// How many bits a pointer has.
    pub pointer_bits: String,
    /// Whether the C library is glibc, as a shared one unless something is done about it.
    pub links_glibc: bool,
}

impl Target {
    fn of_environment() -> Self {
        let features = variable("CARGO_CFG_TARGET_FEATURE");
        Self {
            system: variable("CARGO_CFG_TARGET_OS"),
            architecture: variable("CARGO_CFG_TARGET_ARCH"),
            pointer_bits: variable("CARGO_CFG_TARGET_POINTER_WIDTH"),
            links_glibc: variable("CARGO_CFG_TARGET_ENV") == "gnu"
                && !features.split(',').any(|feature| feature == "crt-static"),
        }
    }

    /// Why there can be no programs for it.
    pub fn refusal(&self) -> Option<String> {
        let Self { system, architecture, pointer_bits, .. } = self;
        let known = ARCHITECTURES.contains(&architecture.as_str());
        if system != "linux" {
            Some(format!(
                "ucp and ucat are for Linux; {system} does not have the system calls that they make"
            ))
        } else if pointer_bits != "64" {
            Some(format!(
                "ucp and ucat are for machines of 64 bits; this target ({architecture}) has {pointer_bits}"
            ))
        } else if !known {
            Some(format!(
                "ucp and ucat need the crate io-uring, which does not know {architecture}; it knows {}",
                ARCHITECTURES.join(", ")
            ))
        } else {
            None
        }
    }
}

/// How the programs are linked.
#[derive(Debug)]
pub struct Linking {
    /// What the linker is to be told.
    pub arguments: Vec<String>,
    /// The libraries.
    pub files: Vec<String>,
}

/// The program that rustc links by, and how.
pub struct Linker {
    /// Its name, or where it is.
    pub program: PathBuf,
    /// Whether a program's place in memory is chosen when it starts.
    pub position_independent: bool,
    /// What it links for.
    pub architecture: String,
}

impl Linker {
    fn of_environment(architecture: String) -> Self {
        Self::of(
            &variable("CARGO_ENCODED_RUSTFLAGS"),
            env::var_os("RUSTC_LINKER").map(PathBuf::from),
            architecture,
        )
    }

    /// As RUSTFLAGS have it (what cargo makes of them), else cargo's configuration. The last word counts.
    pub fn of(flags: &str, configured: Option<PathBuf>, architecture: String) -> Self {
        let settings = flags.split('\x1f').map(|flag| flag.strip_prefix("-C").unwrap_or(flag));
        let last = |name: &str| settings.clone().filter_map(|setting| setting.strip_prefix(name)).next_back();
        let named = last("linker=").map(PathBuf::from);
        let position_independent =
            last("relocation-model=").is_none_or(|model| matches!(model, "pic" | "pie"));
        Self {
            program: named.or(configured).unwrap_or_else(|| "cc".into()),
            position_independent,
            architecture,
        }
    }

    /// Makes the scripts; or says what is missing.
    pub fn arguments(&self, scripts: &Path, other: Option<PathBuf>) -> Result<Linking, String> {
        let absolute = |root: PathBuf| std::path::absolute(root).map_err(|error| error.to_string());
        let other = other.map(absolute).transpose()?;
        let system = other.as_ref().map(|root| root.join(format!("usr/lib/{}-linux-gnu", self.architecture)));
        let library = |name: &str| match &system {
            Some(system) => present(&system.join(name)),
            None => self.find(name),
        };
        let libc = library("libc.a").map_err(|missing| match &system {
            Some(_) => missing,
            None => {
                format!("{missing} (Debian: gcc libc6-dev, Fedora: gcc glibc-static; then `touch build.rs`)")
            }
        })?;
        let (start, kind) =
            if self.position_independent { ("rcrt1.o", "-static-pie") } else { ("crt1.o", "-static") };
        library(start)
            .map_err(|missing| format!("{missing} (this glibc has none for {})", self.architecture))?;
        let all = [libc.clone(), self.find("libgcc_eh.a")?, self.find("libgcc.a")?];
        write(scripts, "gcc_s", &all)?;
        write(scripts, "c", &all)?;
        for part in PARTS {
            write(scripts, part, &[library(&format!("lib{part}.a")).unwrap_or_else(|_| libc.clone())])?;
        }
        let mut arguments = vec![format!("-L{}", scripts.display()), kind.to_owned()];
        if let (Some(root), Some(system)) = (other, system) {
            arguments.push(format!("-B{}", system.display()));
            arguments.push(format!("-Wl,--sysroot={}", root.display()));
        }
        Ok(Linking { arguments, files: all.into() })
    }

    /// Where the linker has a file.
    fn find(&self, name: &str) -> Result<String, String> {
        let program = self.program.display();
        let answer = Command::new(&self.program).arg(format!("-print-file-name={name}")).output();
        let answer = answer.map_err(|error| format!("{program}: {error}"))?;
        let path = String::from_utf8_lossy(&answer.stdout);
        // A name that comes back as it went was not found.
        match Path::new(path.trim_end()) {
            path if answer.status.success() && path.is_absolute() => present(path),
            _ => Err(format!("{program} finds no {name}")),
        }
    }
}

/// A file that is there, and that a linker script can name.
fn present(file: &Path) -> Result<String, String> {
    match file.to_str() {
        Some(name) if file.is_file() && !name.contains(['"', '\n']) => Ok(name.to_owned()),
        Some(_) | None => Err(format!("there is no {}", file.display())),
    }
}

/// Writes the script that leads from a shared library's name to these files.
fn write(scripts: &Path, library: &str, files: &[String]) -> Result<(), String> {
    let path = scripts.join(format!("lib{library}.so"));
    let members: String = files.iter().map(|file| format!("\"{file}\" ")).collect();
    let written =
        fs::create_dir_all(scripts).and_then(|()| fs::write(&path, format!("GROUP ( {members})\n")));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// A variable that cargo sets.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Tells cargo something.
fn tell(what: &str, value: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "cargo::{what}={value}")
}
