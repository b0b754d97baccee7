//! Which partition key a record gets, and where each key lands.
//!
//! Keys are numbered by falling weight, so that the first ones are the hottest. The shard of a
//! key is computed once: a table of routes holds shard and length of every key, so that a record
//! needs no hash of its own. Records whose hash key is drawn afresh each time need none either,
//! because the MD5 of a fresh random key is uniform.

use std::io::Write as _;

use rand::Rng;
use rayon::prelude::*;

use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::random::{AliasTable, Generator, scale};
use crate::scenario::{ExplicitHashKey, KeyFormat, PartitionKey, WeightedKey};
use crate::units::Bytes;

/// Keys of one chunk of work when a table is built; a constant, so that sums of weights do not
/// depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// Keys of the small table where few keys have most of the weight.
const HOT_KEYS: usize = 1 << 13;
/// The others' weight over theirs, at most, for the small table to be worth it.
const HOT_SHARE: f64 = 0.5;

/// Where the records of one key go, and how long the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index of the shard among the open ones.
    pub shard: u16,
    /// Bytes of the key in UTF-8.
    pub key_bytes: u16,
}

/// The partition keys of one producer.
#[derive(Clone, Debug)]
pub struct KeySpace {
    names: Names,
    draw: Draw,
    placement: Placement,
}

#[derive(Clone, Debug)]
enum Names {
    Generated {
        keys: u32,
        exponent: f64,
        format: KeyFormat,
    },
    /// By falling weight.
    Listed(Vec<WeightedKey>),
    /// A fresh key of this length for each record.
    Fresh {
        key_bytes: u16,
    },
}

#[derive(Clone, Debug)]
enum Draw {
    Even(u32),
    Weighted(AliasTable),
    /// A small table of the hottest keys, which stays in the cache, and beyond its last key, which
    /// stands for all others, a table of those.
    HotFirst {
        hot: AliasTable,
        others: AliasTable,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placement {
    /// By the MD5 of the key, or the explicit hash key that stands beside it.
    ByKey,
    /// Uniform, afresh for each record.
    Fresh,
    /// All in one place.
    Fixed(HashKey),
}

/// The routes of a key space over the shards of a stream.
#[derive(Clone, Debug)]
pub enum Routes {
    /// One route a key.
    ByKey(Vec<Route>),
    /// The shard is drawn for each record; the table gives the lengths of the keys.
    Fresh {
        /// Finds the shard of a hash key.
        router: Router,
        /// Bytes of each key, or one entry for keys that are all alike.
        key_bytes: Vec<u16>,
    },
}

impl KeySpace {
    /// The key space that the scenario describes.
    #[must_use]
    pub fn new(partition_key: &PartitionKey, explicit: Option<ExplicitHashKey>) -> Self {
        let (names, draw) = match partition_key {
            PartitionKey::Uniform { keys, format } => {
                let keys = *keys as u32;
                let format = format.clone();
                (Names::Generated { keys, exponent: 0.0, format }, Draw::Even(keys))
            }
            PartitionKey::Zipf { keys, exponent, format } => {
                let keys = *keys as u32;
                let weights: Vec<f64> = (0..keys)
                    .into_par_iter()
                    .map(|index| libm::pow(f64::from(index) + 1.0, -exponent))
                    .collect();
                let draw = Self::weighted(weights, keys);
                (Names::Generated { keys, exponent: *exponent, format: format.clone() }, draw)
            }
            PartitionKey::Weighted { keys, .. } => {
                let mut keys = keys.clone();
                // Ties keep the order of the list: the sort is stable.
                keys.sort_by(|a, b| b.weight.total_cmp(&a.weight));
                let weights: Vec<f64> = keys.iter().map(|key| key.weight).collect();
                let draw = Self::weighted(weights, keys.len() as u32);
                (Names::Listed(keys), draw)
            }
            PartitionKey::Random { key_bytes: Bytes(bytes) } => {
                (Names::Fresh { key_bytes: *bytes as u16 }, Draw::Even(1))
            }
        };
        let placement = match (explicit, &names) {
            (Some(ExplicitHashKey::Fixed(hash_key)), _) => Placement::Fixed(hash_key),
            (Some(ExplicitHashKey::Random), _) | (None, Names::Fresh { .. }) => Placement::Fresh,
            (None, _) => Placement::ByKey,
        };
        Self { names, draw, placement }
    }

    /// Draws by falling weights; a single table wherever that is as quick.
    fn weighted(mut weights: Vec<f64>, keys: u32) -> Draw {
        if weights.len() > 2 * HOT_KEYS {
            let others = weights.split_off(HOT_KEYS);
            let rest: f64 = others.iter().sum();
            if rest < weights.iter().sum::<f64>() * HOT_SHARE {
                weights.push(rest);
                let tables = (AliasTable::new(weights), AliasTable::new(others));
                return match tables {
                    (Some(hot), Some(others)) => Draw::HotFirst { hot, others },
                    _ => Draw::Even(keys),
                };
            }
            weights.extend(others);
        }
        AliasTable::new(weights).map_or(Draw::Even(keys), Draw::Weighted)
    }

    /// Number of named keys; zero when every record has a fresh one.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.names {
            Names::Generated { keys, .. } => *keys as usize,
            Names::Listed(keys) => keys.len(),
            Names::Fresh { .. } => 0,
        }
    }

    /// Whether no key has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of the key with the given number.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match &self.names {
            Names::Generated { format, .. } => format.key(index as u64),
            Names::Listed(keys) => keys[index].key.clone(),
            Names::Fresh { .. } => String::from("(a fresh key for each record)"),
        }
    }

    /// Weight of the key with the given number, relative to the others.
    fn weight(&self, index: usize) -> f64 {
        match &self.names {
            Names::Generated { exponent, .. } => {
                // Zero to keep an exact one where keys are equal.
                if *exponent == 0.0 { 1.0 } else { libm::pow(index as f64 + 1.0, -exponent) }
            }
            Names::Listed(keys) => keys[index].weight,
            Names::Fresh { .. } => 1.0,
        }
    }

    /// Fills `keys` with the numbers of the next keys.
    pub fn fill(&self, generator: &mut Generator, keys: &mut [u32]) {
        // A copy stays in registers.
        let mut draws = generator.clone();
        match &self.draw {
            Draw::Even(1) => keys.fill(0),
            Draw::Even(count) => {
                for key in keys {
                    *key = scale(draws.next_u64(), u64::from(*count)) as u32;
                }
            }
            Draw::Weighted(table) => {
                for key in keys {
                    *key = table.pick(draws.next_u64());
                }
            }
            Draw::HotFirst { hot, others } => {
                let beyond = HOT_KEYS as u32;
                for key in keys {
                    *key = hot.pick(draws.next_u64());
                    if *key == beyond {
                        *key += others.pick(draws.next_u64());
                    }
                }
            }
        }
        *generator = draws;
    }

    /// The routes over the shards of the given ranges, and the share of this producer's records
    /// that each shard is to expect.
    #[must_use]
    pub fn routes(&self, ranges: &[HashKeyRange]) -> (Routes, Vec<f64>) {
        let router = Router::new(ranges);
        if self.placement == Placement::Fresh {
            let shares = ranges.iter().map(|range| range.share()).collect();
            return (Routes::Fresh { router, key_bytes: self.key_lengths() }, shares);
        }
        // Fresh keys in one place have one route among them.
        let indices = (0..self.len().max(1)).collect::<Vec<_>>();
        let chunks: Vec<(Vec<Route>, Vec<f64>)> = indices
            .par_chunks(CHUNK)
            .map(|chunk| self.routes_of(chunk, &router, ranges.len()))
            .collect();
        let mut routes = Vec::with_capacity(self.len());
        let mut shares = vec![0.0; ranges.len()];
        for (chunk, weights) in chunks {
            routes.extend(chunk);
            for (share, weight) in shares.iter_mut().zip(weights) {
                *share += weight;
            }
        }
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        (Routes::ByKey(routes), shares)
    }

    fn routes_of(
        &self,
        indices: &[usize],
        router: &Router,
        shards: usize,
    ) -> (Vec<Route>, Vec<f64>) {
        let mut weights = vec![0.0; shards];
        let mut buffer = Vec::new();
        let routes = indices
            .iter()
            .map(|index| {
                self.write_name(*index, &mut buffer);
                let shard = router.shard_of(self.hash_key(*index, &buffer));
                weights[shard] += self.weight(*index);
                let key_bytes = match self.names {
                    Names::Fresh { key_bytes } => key_bytes,
                    _ => buffer.len() as u16,
                };
                Route { shard: shard as u16, key_bytes }
            })
            .collect();
        (routes, weights)
    }

    fn hash_key(&self, index: usize, name: &[u8]) -> HashKey {
        match (self.placement, &self.names) {
            (Placement::Fixed(hash_key), _) => hash_key,
            (_, Names::Listed(keys)) => {
                keys[index].explicit_hash_key.unwrap_or_else(|| HashKey::of(name))
            }
            _ => HashKey::of(name),
        }
    }

    fn key_lengths(&self) -> Vec<u16> {
        if let Names::Fresh { key_bytes } = self.names {
            return vec![key_bytes];
        }
        let mut buffer = Vec::new();
        (0..self.len())
            .map(|index| {
                self.write_name(index, &mut buffer);
                buffer.len() as u16
            })
            .collect()
    }

    fn write_name(&self, index: usize, buffer: &mut Vec<u8>) {
        buffer.clear();
        match &self.names {
            Names::Generated { format, .. } => {
                buffer.extend_from_slice(format.prefix.as_bytes());
                // Writing to memory cannot fail.
                let _ = write!(buffer, "{index}");
                buffer.extend_from_slice(format.suffix.as_bytes());
            }
            Names::Listed(keys) => buffer.extend_from_slice(keys[index].key.as_bytes()),
            Names::Fresh { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};

    fn format() -> KeyFormat {
        KeyFormat { prefix: "key-".to_owned(), suffix: String::new() }
    }

    fn weighted(list: &[(&str, f64)]) -> PartitionKey {
        PartitionKey::Weighted {
            keys: list
                .iter()
                .map(|(key, weight)| WeightedKey {
                    key: (*key).to_owned(),
                    weight: *weight,
                    explicit_hash_key: None,
                })
                .collect(),
            file: None,
        }
    }

    #[test]
    fn a_key_goes_to_the_shard_that_owns_its_md5() {
        let space = KeySpace::new(&PartitionKey::Uniform { keys: 50_000, format: format() }, None);
        let ranges = HashKeyRange::created(7);
        let (Routes::ByKey(routes), shares) = space.routes(&ranges) else {
            panic!("keys are named");
        };
        for index in [0, 1, 99, 16_384, 49_999] {
            let name = format!("key-{index}");
            let hash_key = HashKey::of(name.as_bytes());
            assert!(ranges[routes[index].shard as usize].contains(hash_key));
            assert_eq!(routes[index].key_bytes as usize, name.len());
        }
        for (shard, share) in shares.iter().enumerate() {
            let count = routes.iter().filter(|route| route.shard as usize == shard).count();
            assert!((share - count as f64 / 50_000.0).abs() < 1e-12);
        }
    }

    #[test]
    fn shares_are_the_sums_of_weights() {
        // Shards of the keys among 4: see the vectors of `hash_key`.
        let list = [("a", 1.0), ("user-123", 5.0), ("日本", 2.0), ("partitionKey-0", 2.0)];
        let space = KeySpace::new(&weighted(&list), None);
        let (_, shares) = space.routes(&HashKeyRange::created(4));
        for (share, expected) in shares.iter().zip([0.1, 0.2, 0.5, 0.2]) {
            assert!((share - expected).abs() < 1e-12);
        }
        assert_eq!(space.name(0), "user-123", "keys are numbered by falling weight");
    }

    #[test]
    fn an_explicit_hash_key_overrules_the_md5() {
        let list = weighted(&[("a", 1.0), ("user-123", 5.0)]);
        let last = ExplicitHashKey::Fixed(HashKey::MAX);
        let (_, shares) = KeySpace::new(&list, Some(last)).routes(&HashKeyRange::created(3));
        assert!((shares[2] - 1.0).abs() < 1e-12);
        let fresh = KeySpace::new(&list, Some(ExplicitHashKey::Random));
        let (Routes::Fresh { key_bytes, .. }, shares) = fresh.routes(&HashKeyRange::created(4))
        else {
            panic!("hash keys are fresh");
        };
        assert_eq!(key_bytes, [8, 1]);
        assert!(shares.iter().all(|share| (share - 0.25).abs() < 1e-12));
    }

    #[test]
    fn zipf_draws_follow_the_exponent() {
        // One table, and a small one before a large one.
        for distinct in [1_000, 40_000] {
            let key = PartitionKey::Zipf { keys: distinct, exponent: 1.1, format: format() };
            let mut keys = vec![0; 400_000];
            let mut generator = Randomness::new(1, 0).stream("test", Purpose::PartitionKey);
            KeySpace::new(&key, None).fill(&mut generator, &mut keys);
            let weight = |ranks: std::ops::RangeInclusive<u64>| -> f64 {
                ranks.map(|rank| (rank as f64).powf(-1.1)).sum()
            };
            let last = HOT_KEYS as u64;
            for (from, to) in [(1, 1), (2, 2), (10, 10), (100, 1_000), (last - 99, last + 1)] {
                let expected = weight(from..=to) / weight(1..=distinct) * 400_000.0;
                let ranks = |key: &&u32| (from..=to).contains(&(u64::from(**key) + 1));
                let count = keys.iter().filter(ranks).count() as f64;
                if to <= distinct {
                    let tolerance = 5.0 * expected.sqrt();
                    assert!((count - expected).abs() < tolerance, "{from}: {count} {expected}");
                }
            }
        }
    }
}
