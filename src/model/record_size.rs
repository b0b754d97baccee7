//! How large a producer's records are, in bytes of data without the partition key.
//!
//! A log-normal size is drawn from an alias table over whole bytes, whose weights are exact
//! differences of the distribution function; what lies beyond the table is drawn from the exact
//! tail. Where the table would be too long, sizes are drawn directly. A table of sizes is an alias
//! table over its rows; Pareto sizes are drawn by the inverse of the distribution function (N. L.
//! Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions 1, 1994, chapter 20).

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::random::{AliasTable, Generator, scale};
use crate::scenario::{RecordSize, WeightedSize};
use crate::units::Bytes;

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
    /// From `min` on, `choices` sizes.
    Uniform {
        min: u32,
        choices: u64,
    },
    Pareto(Pareto),
    /// Sizes by the index in the table.
    Empirical {
        table: AliasTable,
        sizes: Vec<u32>,
    },
}

#[derive(Clone, Copy, Debug)]
struct LogNormal {
    mu: f64,
    sigma: f64,
}

/// A Pareto distribution, cut off where it has a `kept` share below one.
#[derive(Clone, Copy, Debug)]
struct Pareto {
    min: f64,
    /// Minus one over the shape.
    power: f64,
    /// Share of the whole distribution that is not cut off.
    kept: f64,
    /// Largest size.
    max: f64,
}

impl SizeSampler {
    /// A sampler of the given distribution.
    #[must_use]
    pub fn new(size: &RecordSize) -> Self {
        let shape = match *size {
            RecordSize::Constant(bytes) => Shape::Constant(limited(bytes)),
            RecordSize::LogNormal { mu, sigma } => {
                let distribution = LogNormal { mu, sigma };
                distribution.table().map_or(Shape::Direct(distribution), |table| Shape::Table {
                    table,
                    tail: distribution,
                })
            }
            RecordSize::Uniform { min, max } => {
                let (min, max) = (limited(min), limited(max));
                Shape::Uniform { min, choices: u64::from(max - min) + 1 }
            }
            RecordSize::Pareto { min, shape, max } => Shape::Pareto(Pareto::new(min, shape, max)),
            RecordSize::Table(ref rows) => empirical(rows),
            // Nothing is drawn: each record brings its size.
            RecordSize::Recorded => Shape::Constant(0),
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
                        // Another copy, so that the one of the loop has no address.
                        let mut own = draws.clone();
                        *size = tail.draw_beyond(f64::from(beyond), &mut own);
                        draws = own;
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
            Shape::Uniform { min, choices } => {
                for size in sizes {
                    *size = min + scale(generator.next_u64(), *choices) as u32;
                }
            }
            Shape::Pareto(distribution) => {
                for size in sizes {
                    *size = distribution.size_at(unit(generator));
                }
            }
            Shape::Empirical { table, sizes: rows } => {
                for size in sizes {
                    *size = rows[table.pick(generator.next_u64()) as usize];
                }
            }
        }
    }
}

/// Bytes as the sampler holds them.
fn limited(bytes: Bytes) -> u32 {
    bytes.0.min(LARGEST as u64) as u32
}

/// The shape of a table of sizes; validation has seen that it has a weight.
fn empirical(rows: &[WeightedSize]) -> Shape {
    let table = AliasTable::new(rows.iter().map(|row| row.weight).collect());
    let sizes: Vec<u32> = rows.iter().map(|row| limited(row.size)).collect();
    table.map_or(Shape::Constant(1), |table| Shape::Empirical { table, sizes })
}

impl Pareto {
    fn new(min: Bytes, shape: f64, max: Option<Bytes>) -> Self {
        let (min, max) = (f64::from(limited(min)), max.map(|max| f64::from(limited(max))));
        Self {
            min,
            power: -1.0 / shape,
            kept: max.map_or(1.0, |max| 1.0 - libm::pow(min / max, shape)),
            max: max.unwrap_or(LARGEST),
        }
    }

    /// The size that is exceeded with the probability `1 - kept + kept * unit` of the whole
    /// distribution, rounded down; `unit` is above zero and at most one.
    fn size_at(self, unit: f64) -> u32 {
        let exceeded = 1.0 - self.kept * (1.0 - unit);
        (self.min * libm::pow(exceeded, self.power)).clamp(self.min, self.max) as u32
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
    use statrs::distribution::ContinuousCDF;

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

    /// Share of draws of at least each of `bytes`, within five standard deviations.
    fn check_survival(size: &RecordSize, bytes: &[u32], survival: impl Fn(f64) -> f64) {
        let mut sizes = draw(size, 400_000);
        sizes.sort_unstable();
        for bytes in bytes {
            let share = 1.0 - sizes.partition_point(|size| size < bytes) as f64 / 400_000.0;
            let expected = survival(f64::from(*bytes));
            let tolerance = 5.0 * (expected * (1.0 - expected) / 400_000.0).sqrt() + 1e-9;
            assert!((share - expected).abs() <= tolerance, "{bytes}: {share} {expected}");
        }
    }

    /// P(size >= n) = (max + 1 - n) / (max + 1 - min) for whole bytes, and both ends occur.
    #[test]
    fn uniform_sizes_are_spread_over_every_byte() {
        let size = RecordSize::Uniform { min: Bytes(100), max: Bytes(1_099) };
        let survival = |bytes: f64| ((1_100.0 - bytes) / 1_000.0).clamp(0.0, 1.0);
        check_survival(&size, &[1, 100, 101, 350, 600, 1_099, 1_100], survival);
        let sizes = draw(&size, 400_000);
        assert_eq!((sizes.iter().min(), sizes.iter().max()), (Some(&100), Some(&1_099)));
        // Variance (n^2 - 1) / 12 with n = 1,000, so the mean is within 5 * 289 / sqrt(400,000).
        let mean = sizes.iter().map(|size| f64::from(*size)).sum::<f64>() / 400_000.0;
        assert!((mean - 599.5).abs() < 2.3, "{mean}");
        assert_eq!(draw(&RecordSize::Uniform { min: Bytes(7), max: Bytes(7) }, 2), [7, 7]);
    }

    /// P(size >= n) = (min / n)^shape; statrs as a second opinion.
    #[test]
    fn pareto_sizes_have_the_tail_of_theory() {
        for shape in [0.8, 1.5, 3.0] {
            let size = RecordSize::Pareto { min: Bytes(200), shape, max: None };
            let survival = |bytes: f64| (200.0f64 / bytes).min(1.0).powf(shape);
            let oracle = statrs::distribution::Pareto::new(200.0, shape).unwrap();
            let bytes = [200, 201, 300, 1_000, 20_000, 1_000_000];
            for bytes in bytes {
                let other = oracle.sf(f64::from(bytes));
                assert!((survival(f64::from(bytes)) - other).abs() < 1e-12);
            }
            check_survival(&size, &bytes, survival);
        }
    }

    /// P(size >= n) = ((min/n)^a - (min/max)^a) / (1 - (min/max)^a); mean a/(a-1) min
    /// (1 - (min/max)^(a-1)) / (1 - (min/max)^a), less half a byte of rounding.
    #[test]
    fn a_truncated_pareto_keeps_its_proportions_below_the_cut() {
        let (min, max, shape) = (100.0f64, 10_000.0f64, 1.2f64);
        let size = RecordSize::Pareto { min: Bytes(100), shape, max: Some(Bytes(10_000)) };
        let cut = (min / max).powf(shape);
        let survival = |bytes: f64| ((min / bytes).powf(shape) - cut) / (1.0 - cut);
        check_survival(&size, &[100, 150, 1_000, 9_000, 10_000], survival);
        let mean =
            shape / (shape - 1.0) * min * (1.0 - (min / max).powf(shape - 1.0)) / (1.0 - cut);
        let sizes = draw(&size, 400_000);
        let found = sizes.iter().map(|size| f64::from(*size)).sum::<f64>() / 400_000.0;
        let square = shape / (2.0 - shape) * (max.powf(2.0 - shape) * min.powf(shape) - min * min)
            / (1.0 - cut);
        let deviation = (square - mean * mean).sqrt();
        assert!((found + 0.5 - mean).abs() < 5.0 * deviation / 400_000f64.sqrt(), "{found} {mean}");
        assert!(sizes.iter().all(|size| (100..=10_000).contains(size)));
    }

    /// share of a size = weight / sum of weights.
    #[test]
    fn a_table_gives_its_sizes_by_weight() {
        let row = |size, weight| WeightedSize { size: Bytes(size), weight };
        let size = RecordSize::Table(vec![row(600, 70.0), row(4_096, 29.0), row(65_536, 1.0)]);
        let survival = |bytes: f64| match bytes as u32 {
            0..=600 => 1.0,
            601..=4_096 => 0.3,
            4_097..=65_536 => 0.01,
            _ => 0.0,
        };
        check_survival(&size, &[600, 601, 4_096, 4_097, 65_536, 65_537], survival);
    }
}
