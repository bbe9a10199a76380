//! Owns the numbers that corpora are drawn from: the same seed gives the same files on every machine.

use std::f64::consts::TAU;

/// SplitMix64: small, fast enough to fill gigabytes, and good enough that nothing compresses or repeats.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0; the tiny bias of a remainder does no harm here.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap_or(u64::MAX)).unwrap_or(0)
    }

    /// From 0 up to, not including, 1.
    pub fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    /// A number whose logarithm is normally distributed (Box and Muller's way).
    pub fn log_normal(&mut self, mu: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        (mu + sigma * radius * (TAU * self.fraction()).cos()).exp()
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            word.copy_from_slice(&random[..word.len()]);
        }
    }
}

/// The whole part of a positive number.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there is no other way than a cast"
)]
pub fn whole(number: f64) -> u64 {
    number as u64
}

/// `number` times the scale that was asked for.
pub fn scaled(number: u32, scale: f64) -> u64 {
    whole(f64::from(number) * scale)
}
