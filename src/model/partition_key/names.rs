//! How the keys of a key space are called, and what each of them weighs.

use rayon::prelude::*;

use super::composed::Composition;
use super::time_bins::TimeBins;
use crate::scenario::{KeyFormat, PartitionKey, WeightedKey};
use crate::units::Bytes;

/// Weights of one chunk of a sum; a constant, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// The keys of a key space by their numbers.
#[derive(Clone, Debug)]
pub(super) enum Names {
    Generated {
        keys: u32,
        weights: Weights,
        format: KeyFormat,
    },
    /// By falling weight.
    Listed(Vec<WeightedKey>),
    /// A fresh key of this length for each record.
    Fresh {
        key_bytes: u16,
    },
    /// Keys of several parts.
    Composed(Box<Composition>),
}

/// How generated keys weigh.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weights {
    Even,
    /// `(n + 1)^-exponent`.
    Zipf {
        exponent: f64,
    },
    /// The first ones have `share` of all records together.
    HotSet {
        hot: u32,
        share: f64,
    },
}

impl Names {
    /// The names that the scenario describes; `bins` are the times that keys tell.
    pub(super) fn new(partition_key: &PartitionKey, bins: Option<TimeBins>) -> Self {
        let generated = |keys: u64, weights, format: &KeyFormat| Self::Generated {
            keys: keys as u32,
            weights,
            format: format.clone(),
        };
        match partition_key {
            PartitionKey::Uniform { keys, format } => generated(*keys, Weights::Even, format),
            PartitionKey::Zipf { keys, exponent, format } => {
                generated(*keys, Weights::Zipf { exponent: *exponent }, format)
            }
            PartitionKey::HotSet { keys, hot, share, format } => {
                generated(*keys, Weights::HotSet { hot: *hot as u32, share: share.0 }, format)
            }
            PartitionKey::Weighted { keys, .. } => {
                let mut keys = keys.clone();
                // Ties keep the order of the list: the sort is stable.
                keys.sort_by(|a, b| b.weight.total_cmp(&a.weight));
                Self::Listed(keys)
            }
            PartitionKey::Random { key_bytes: Bytes(bytes) } => {
                Self::Fresh { key_bytes: *bytes as u16 }
            }
            PartitionKey::Absent => Self::Fresh { key_bytes: 0 },
            PartitionKey::Composed(composition) => {
                Self::Composed(Box::new(Composition::new(composition, bins)))
            }
        }
    }

    /// Number of keys that are counted one by one; zero when every record has a fresh one.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Generated { keys, .. } => *keys as usize,
            Self::Listed(keys) => keys.len(),
            Self::Fresh { .. } => 0,
            Self::Composed(composition) => composition.counted(),
        }
    }

    /// Whether every record has a key of its own.
    pub(super) fn is_fresh(&self) -> bool {
        match self {
            Self::Fresh { .. } => true,
            Self::Composed(composition) => composition.is_fresh(),
            Self::Generated { .. } | Self::Listed(_) => false,
        }
    }

    /// Number of hot keys and their share, where there are such.
    pub(super) const fn hot_set(&self) -> Option<(u32, f64)> {
        match self {
            Self::Generated { weights: Weights::HotSet { hot, share }, .. } => Some((*hot, *share)),
            _ => None,
        }
    }

    /// The weight of every key, where each has one of its own.
    pub(super) fn weights(&self) -> Option<Vec<f64>> {
        match self {
            Self::Generated { keys, weights: Weights::Zipf { exponent }, .. } => {
                let exponent = *exponent;
                let weight = |index: u32| libm::pow(f64::from(index) + 1.0, -exponent);
                Some((0..*keys).into_par_iter().map(weight).collect())
            }
            Self::Listed(keys) => Some(keys.iter().map(|key| key.weight).collect()),
            _ => None,
        }
    }

    /// Weight of the key with the given number, relative to the others.
    pub(super) fn weight(&self, index: usize) -> f64 {
        match self {
            Self::Generated { keys, weights, .. } => match weights {
                Weights::Even => 1.0,
                Weights::Zipf { exponent } => libm::pow(index as f64 + 1.0, -exponent),
                Weights::HotSet { hot, share } if index < *hot as usize => share / f64::from(*hot),
                Weights::HotSet { hot, share } => (1.0 - share) / f64::from(keys - hot),
            },
            Self::Listed(keys) => keys[index].weight,
            Self::Fresh { .. } => 1.0,
            Self::Composed(composition) => composition.weight(index),
        }
    }

    /// The sum of the weights of the first `count` keys.
    pub(super) fn weight_of_first(&self, count: usize) -> f64 {
        match self {
            Self::Generated { weights: Weights::Even, .. } | Self::Fresh { .. } => count as f64,
            _ => (0..count.div_ceil(CHUNK))
                .into_par_iter()
                .map(|chunk| {
                    let keys = chunk * CHUNK..count.min((chunk + 1) * CHUNK);
                    keys.map(|index| self.weight(index)).sum::<f64>()
                })
                .collect::<Vec<f64>>()
                .into_iter()
                .sum(),
        }
    }

    /// Name of the key with the given number.
    pub(super) fn name(&self, index: usize) -> String {
        if let Self::Fresh { .. } = self {
            return String::from("(a fresh key for each record)");
        }
        let mut name = Vec::new();
        self.write(index, &mut name);
        String::from_utf8_lossy(&name).into_owned()
    }

    /// Puts the name of the key with the given number at the end of `buffer`; nothing for a fresh
    /// one.
    pub(super) fn write(&self, index: usize, buffer: &mut Vec<u8>) {
        match self {
            Self::Generated { format, .. } => {
                buffer.extend_from_slice(format.prefix.as_bytes());
                write_decimal(index as u64, 1, buffer);
                buffer.extend_from_slice(format.suffix.as_bytes());
            }
            Self::Listed(keys) => buffer.extend_from_slice(keys[index].key.as_bytes()),
            Self::Fresh { .. } => {}
            Self::Composed(composition) => composition.write(index, buffer),
        }
    }

    /// Bytes of the name of the key with the given number.
    pub(super) fn name_bytes(&self, index: usize) -> usize {
        match self {
            Self::Generated { format, .. } => {
                let digits = (index as u64).checked_ilog10().unwrap_or(0) as usize + 1;
                format.prefix.len() + digits + format.suffix.len()
            }
            Self::Listed(keys) => keys[index].key.len(),
            Self::Fresh { key_bytes } => usize::from(*key_bytes),
            Self::Composed(composition) => composition.name_bytes(index),
        }
    }
}

/// Puts a number in at least so many decimal digits at the end of `buffer`. The formatting of the
/// standard library takes longer than the hash of the key.
pub(super) fn write_decimal(mut number: u64, least: usize, buffer: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while number > 0 || digits.len() - first < least {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    buffer.extend_from_slice(&digits[first..]);
}
