//! Owns what is copied and printed: trees and files drawn from a seed, so that a stranger measures the same bytes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub mod random;

use random::{Random, scaled, whole};

/// Most bytes written at once.
const BLOCK_BYTES: usize = 1 << 22;

/// One kind of files, before it is scaled.
#[derive(Clone, Copy, Debug)]
pub enum Corpus {
    /// Files with log-normal sizes.
    Tree(Tree),
    /// The same tree twice, the second under `tenth/` with a tenth of the files.
    Trees(Tree),
    /// One file of random bytes, of so many MiB.
    Large { mebibytes: u32 },
    /// One file of so many bytes, whatever the scale.
    Small { bytes: usize },
    /// Lines of words, some empty, some with tabs or letters beyond ASCII.
    Lines { mebibytes: u32 },
    /// A directory of eight files of so many MiB, none a multiple of anything.
    Parts { mebibytes: u32 },
    /// One file with nothing but one kind of bytes.
    Only { bytes: Bytes, mebibytes: u32 },
}

/// How a tree looks.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    pub files: u32,
    /// On average; 0 has all of them in one directory.
    pub files_a_directory: u32,
    /// Mean and deviation of the sizes' logarithm: 8.2 is a median of 3.6 KiB.
    pub mu: f64,
    pub sigma: f64,
    pub bytes_max: u32,
}

impl Tree {
    /// Roughly its bytes at scale 1: the mean of a log-normal distribution, for each file.
    fn mebibytes_about(&self) -> u32 {
        let mean = (self.mu + self.sigma * self.sigma / 2.0).exp().min(f64::from(self.bytes_max));
        u32::try_from(whole(f64::from(self.files) * mean) >> 20).unwrap_or(u32::MAX)
    }
}

/// Bytes that are hard on a program that shows what cannot be seen.
#[derive(Clone, Copy, Debug)]
pub enum Bytes {
    Newlines,
    /// Control characters but for newline and tab.
    Controls,
    /// Small letters, hence one line.
    Letters,
    /// From 0x80 on.
    High,
}

impl Corpus {
    /// Makes it at `path`, which does not exist.
    pub fn write(&self, path: &Path, scale: f64, seed: u64) -> Result<()> {
        let made = match *self {
            Self::Tree(shape) => tree(path, &shape, scale, seed),
            Self::Trees(shape) => tree(path, &shape, scale, seed).and_then(|()| {
                let tenth = tenth_of(path);
                fs::create_dir_all(tenth.parent().unwrap_or(path))?;
                tree(&tenth, &shape, scale / 10.0, seed)
            }),
            Self::Large { mebibytes } => random_file(path, bytes_of(mebibytes, scale), seed),
            Self::Small { bytes } => random_file(path, bytes, seed),
            Self::Lines { mebibytes } => repeated(path, &lines(seed), bytes_of(mebibytes, scale)),
            Self::Parts { mebibytes } => parts(path, bytes_of(mebibytes, scale), seed),
            Self::Only { bytes, mebibytes } => repeated(path, &only(bytes, seed), bytes_of(mebibytes, scale)),
        };
        made.with_context(|| format!("making {}", path.display()))
    }

    /// Memory that copying or printing it may take from the machine, generously: four times its bytes at least. With once
    /// and a half, runs of one program on one large file took 0.17 to 1.2 s.
    pub fn memory_mebibytes(&self) -> u32 {
        match *self {
            Self::Tree(tree) | Self::Trees(tree) => tree.mebibytes_about().saturating_mul(4).max(3072),
            Self::Large { mebibytes } => 4 * mebibytes,
            Self::Parts { .. } => 3072,
            Self::Lines { mebibytes } | Self::Only { mebibytes, .. } => 2 * mebibytes,
            Self::Small { .. } => 64,
        }
    }
}

/// Where the smaller tree of [`Corpus::Trees`] is. Its last component is the same, as some tools name the copy by it.
pub fn tenth_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    path.with_file_name("tenth").join(name)
}

fn bytes_of(mebibytes: u32, scale: f64) -> usize {
    usize::try_from(whole(f64::from(mebibytes) * 1_048_576.0 * scale)).unwrap_or(usize::MAX)
}

/// A deep tree: each new directory is put into one of the latest two hundred, each file into any.
fn tree(root: &Path, shape: &Tree, scale: f64, seed: u64) -> Result<()> {
    const REACH: usize = 200;
    let mut random = Random::new(seed);
    let mut blob = vec![0; BLOCK_BYTES];
    random.fill(&mut blob);
    fs::create_dir(root)?;
    let mut directories = vec![root.to_owned()];
    let files = scaled(shape.files, scale).max(2);
    let wanted = files.checked_div(u64::from(shape.files_a_directory)).map_or(0, |count| count.max(1));
    for index in 0..wanted {
        let latest = directories.len().min(REACH);
        let above = &directories[directories.len() - latest + random.below(latest)];
        let directory = above.join(format!("d{index}"));
        fs::create_dir(&directory)?;
        directories.push(directory);
    }
    for index in 0..files {
        let empty = random.fraction() < 0.02;
        let drawn = random.log_normal(shape.mu, shape.sigma).min(f64::from(shape.bytes_max));
        let len = if empty { 0 } else { usize::try_from(whole(drawn))? };
        let at = random.below(blob.len() - len + 1);
        let directory = &directories[random.below(directories.len())];
        fs::write(directory.join(format!("f{index}.dat")), &blob[at..at + len])?;
    }
    Ok(())
}

fn random_file(path: &Path, mut bytes: usize, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    let mut file = File::create_new(path)?;
    let mut block = vec![0; BLOCK_BYTES.min(bytes)];
    while bytes > 0 {
        let len = block.len().min(bytes);
        random.fill(&mut block[..len]);
        file.write_all(&block[..len])?;
        bytes -= len;
    }
    Ok(())
}

/// A file of `bytes` bytes that repeats `block`, which is not empty.
fn repeated(path: &Path, block: &[u8], mut bytes: usize) -> Result<()> {
    let mut file = File::create_new(path)?;
    while bytes > 0 {
        let len = block.len().min(bytes);
        file.write_all(&block[..len])?;
        bytes -= len;
    }
    Ok(())
}

fn lines(seed: u64) -> Vec<u8> {
    const LINES: usize = 20_000;
    const WORDS_MAX: usize = 12;
    let long = "x".repeat(90);
    let words = ["io", "uring", "copy", "buffer", "\t", "queue depth", "é", "", "completion", &long];
    let mut random = Random::new(seed);
    let mut text = String::new();
    for _ in 0..LINES {
        let drawn: Vec<&str> =
            (0..random.below(WORDS_MAX)).map(|_| words[random.below(words.len())]).collect();
        text += &drawn.join(" ");
        text.push('\n');
    }
    text.into_bytes()
}

fn parts(path: &Path, bytes: usize, seed: u64) -> Result<()> {
    fs::create_dir(path)?;
    for index in 0..8_u8 {
        let part = path.join(format!("part{index}"));
        random_file(&part, bytes + usize::from(index) * 4097, seed.wrapping_add(u64::from(index)))?;
    }
    Ok(())
}

fn only(bytes: Bytes, seed: u64) -> Vec<u8> {
    let alphabet: Vec<u8> = match bytes {
        Bytes::Newlines => vec![b'\n'],
        Bytes::Controls => (0..32).chain([127]).filter(|byte| !matches!(byte, b'\n' | b'\t')).collect(),
        Bytes::Letters => (b'a'..=b'z').collect(),
        Bytes::High => (0x80..=0xff).collect(),
    };
    let mut random = Random::new(seed);
    (0..BLOCK_BYTES).map(|_| alphabet[random.below(alphabet.len())]).collect()
}
