//! How large a producer's records are, in bytes of data without the partition key.
//!
//! A log-normal size is drawn from an alias table over whole bytes, whose weights are exact
//! differences of the distribution function; what lies beyond the table is drawn from the exact
//! tail. Where the table would be too long, sizes are drawn directly.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::random::{AliasTable, Generator};
use crate::scenario::RecordSize;

/// Longest table, in bytes of record size.
const TABLE_LENGTH: f64 = 131_072.0;
/// The table ends where the rest of the distribution is less than one in a million.
const TAIL_DEVIATIONS: f64 = 4.75;
/// Larger than any record that a stream takes, so that the largest draws stay in 32 bits.
const LARGEST: f64 = 1e9;

/// Draws record sizes.
#[derive(Clone, Debug)]
pub struct SizeSampler {
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    Constant(u32),
    /// Index in the table = size in bytes; the last index stands for everything beyond.
    Table {
        table: AliasTable,
        tail: LogNormal,
    },
    Direct(LogNormal),
}

#[derive(Clone, Copy, Debug)]
struct LogNormal {
    mu: f64,
    sigma: f64,
}

impl SizeSampler {
    /// A sampler of the given distribution.
    #[must_use]
    pub fn new(size: &RecordSize) -> Self {
        let shape = match *size {
            RecordSize::Constant(bytes) => Shape::Constant(bytes.0.min(LARGEST as u64) as u32),
            RecordSize::LogNormal { mu, sigma } => {
                let distribution = LogNormal { mu, sigma };
                distribution.table().map_or(Shape::Direct(distribution), |table| Shape::Table {
                    table,
                    tail: distribution,
                })
            }
        };
        Self { shape }
    }

    /// Fills `sizes` with the next record sizes.
    pub fn fill(&self, generator: &mut Generator, sizes: &mut [u32]) {
        match &self.shape {
            Shape::Constant(bytes) => sizes.fill(*bytes),
            Shape::Table { table, tail } => {
                let beyond = table.len() as u32 - 1;
                // A copy stays in registers.
                let mut draws = generator.clone();
                for size in sizes {
                    *size = table.pick(draws.next_u64());
                    if *size == beyond {
                        *size = tail.draw_beyond(f64::from(beyond), &mut draws);
                    }
                }
                *generator = draws;
            }
            Shape::Direct(distribution) => {
                for size in sizes {
                    let deviation: f64 = StandardNormal.sample(generator);
                    *size = distribution.size_at(deviation);
                }
            }
        }
    }
}

impl LogNormal {
    /// Weights of sizes 0, 1, 2, ... and, last, of everything beyond; nothing when it is too long.
    fn table(self) -> Option<AliasTable> {
        let length = libm::exp(self.mu + TAIL_DEVIATIONS * self.sigma).ceil() + 1.0;
        if !(2.0..=TABLE_LENGTH).contains(&length) || self.sigma <= 0.0 {
            return None;
        }
        // Survival functions keep their digits in the tail, where the weights are small.
        let survival = |bytes: f64| {
            if bytes <= 0.0 { 1.0 } else { normal_survival(self.deviations(bytes)) }
        };
        let mut weights = Vec::with_capacity(length as usize + 1);
        // Nothing is smaller than one byte: what would be is one byte.
        weights.push(0.0);
        let mut above = 1.0;
        for bytes in 1..length as u64 {
            let next = survival((bytes + 1) as f64);
            weights.push(above - next);
            above = next;
        }
        weights.push(above);
        AliasTable::new(weights)
    }

    fn deviations(self, bytes: f64) -> f64 {
        (libm::log(bytes) - self.mu) / self.sigma
    }

    fn size_at(self, deviation: f64) -> u32 {
        libm::exp(self.mu + self.sigma * deviation).clamp(1.0, LARGEST) as u32
    }

    #[cold]
    /// A size of at least `bytes`, from the tail of a normal distribution (Marsaglia 1964).
    fn draw_beyond(self, bytes: f64, generator: &mut Generator) -> u32 {
        let from = self.deviations(bytes);
        loop {
            let (first, second) = (unit(generator), unit(generator));
            let deviation = (from * from - 2.0 * libm::log(first)).sqrt();
            if second * deviation < from {
                return self.size_at(deviation).max(bytes as u32);
            }
        }
    }
}

/// A uniform number in (0, 1].
fn unit(generator: &mut Generator) -> f64 {
    ((generator.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// The share of a standard normal distribution above `deviations`.
fn normal_survival(deviations: f64) -> f64 {
    libm::erfc(deviations / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};
    use crate::units::Bytes;

    fn draw(size: &RecordSize, count: usize) -> Vec<u32> {
        let mut sizes = vec![0; count];
        let mut generator = Randomness::new(3, 0).stream("test", Purpose::RecordSize);
        SizeSampler::new(size).fill(&mut generator, &mut sizes);
        sizes
    }

    /// Share of draws at or below each quantile of theory, within five standard deviations.
    fn check_quantiles(mu: f64, sigma: f64) {
        let mut sizes = draw(&RecordSize::LogNormal { mu, sigma }, 400_000);
        sizes.sort_unstable();
        for deviations in [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0] {
            let bytes = libm::exp(mu + sigma * deviations);
            if bytes < 50.0 {
                continue;
            }
            let below = sizes.partition_point(|size| f64::from(*size) < bytes.floor());
            let expected = 1.0 - normal_survival((libm::log(bytes.floor()) - mu) / sigma);
            let share = below as f64 / 400_000.0;
            let tolerance = 5.0 * (expected * (1.0 - expected) / 400_000.0).sqrt() + 1e-6;
            assert!((share - expected).abs() < tolerance, "{deviations}: {share} {expected}");
        }
    }

    #[test]
    fn log_normal_sizes_have_the_quantiles_of_theory() {
        check_quantiles(6.371, 0.6);
        check_quantiles(6.4, 0.826);
        // Too long for a table, so drawn directly.
        check_quantiles(12.0, 1.0);
    }

    #[test]
    fn the_tail_beyond_the_table_is_exact() {
        let distribution = LogNormal { mu: 6.0, sigma: 0.5 };
        let mut generator = Randomness::new(3, 0).stream("test", Purpose::RecordSize);
        let from = libm::exp(6.0 + 0.5 * 3.0);
        let beyond = libm::exp(6.0 + 0.5 * 3.5);
        let share = (0..100_000)
            .filter(|_| f64::from(distribution.draw_beyond(from, &mut generator)) >= beyond)
            .count() as f64
            / 100_000.0;
        let expected = normal_survival(3.5) / normal_survival(3.0);
        assert!((share - expected).abs() < 0.01, "{share} {expected}");
    }

    #[test]
    fn a_constant_size_is_constant_and_no_size_is_zero() {
        assert_eq!(draw(&RecordSize::Constant(Bytes(700)), 3), [700, 700, 700]);
        let tiny = draw(&RecordSize::LogNormal { mu: -1.0, sigma: 1.0 }, 10_000);
        assert!(tiny.iter().all(|size| *size >= 1));
        assert_eq!(draw(&RecordSize::LogNormal { mu: 7.0, sigma: 0.0 }, 1), [1_096]);
    }
}
