//! Which partition key a record gets, and where each key lands.
//!
//! Keys are numbered by falling weight, so that the first ones are the hottest. The shard of a
//! key is computed once: a table of routes holds shard and length of every key, so that a record
//! needs no hash of its own. Records whose hash key is drawn afresh each time need none either,
//! because the MD5 of a fresh random key is uniform.
//!
//! `names` says how keys are called and what each weighs, `routing` where they land, and
//! `composed` makes keys of several parts: templates, times and salts. There may be too many of
//! those for a table; the rest of them is hashed record by record. `key_index` changes routes when
//! shards split and merge.

mod composed;
mod key_index;
mod names;
mod routing;
mod time_bins;

use rand::Rng;

use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::random::{AliasTable, Generator, Randomness, scale};
use crate::scenario::{ExplicitHashKey, PartitionKey};

pub use composed::{ComposedRoutes, KeyDraws};
pub use key_index::{KeyIndex, Move};
use names::Names;
pub use time_bins::TimeBins;

/// Most keys of which one table, of 8 bytes a key, stays in the cache while a window is drawn.
const ONE_TABLE_KEYS: usize = 1 << 17;
/// Keys of the small table where there are more and few keys have most of the weight.
const HOT_KEYS: usize = 1 << 13;
/// The others' weight over theirs, at most, for the small table to be worth it.
const HOT_SHARE: f64 = 0.5;

/// Where the records of one key go, and how long the key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

#[derive(Clone, Debug)]
enum Draw {
    Even(u32),
    /// Two draws a key: whether it is a hot one (below the threshold), and which.
    HotSet {
        hot: u32,
        keys: u32,
        threshold: u64,
    },
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

impl Placement {
    fn new(explicit: Option<ExplicitHashKey>, names: &Names) -> Self {
        match explicit {
            Some(ExplicitHashKey::Fixed(hash_key)) => Self::Fixed(hash_key),
            Some(ExplicitHashKey::Random) => Self::Fresh,
            None if names.is_fresh() => Self::Fresh,
            None => Self::ByKey,
        }
    }
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
    /// Keys of several parts.
    Composed(ComposedRoutes),
}

impl Routes {
    /// The routes of the keys that are counted one by one, in the order of their numbers; nothing
    /// where no key has a shard of its own.
    #[must_use]
    pub fn counted(&self) -> &[Route] {
        match self {
            Self::ByKey(routes) => routes,
            Self::Fresh { .. } => &[],
            Self::Composed(routes) => routes.counted(),
        }
    }
}

impl KeySpace {
    /// The key space that the scenario describes, its routes over the shards of the given ranges,
    /// and the share of this producer's records that each shard is to expect.
    ///
    /// `bins` are the times that keys tell, where they do.
    #[must_use]
    pub fn new(
        partition_key: &PartitionKey,
        explicit: Option<ExplicitHashKey>,
        bins: Option<TimeBins>,
        ranges: &[HashKeyRange],
    ) -> (Self, Routes, Vec<f64>) {
        let names = Names::new(partition_key, bins);
        let placement = Placement::new(explicit, &names);
        // The weights are worked out once, for the shares and for the draws: of a hundred million
        // keys they take seconds.
        let weights = names.weights();
        let (routes, shares) = routing::routes(&names, placement, weights.as_deref(), ranges);
        let draw = Draw::new(&names, weights);
        (Self { names, draw }, routes, shares)
    }

    /// Weight of the key with the given number, relative to the others.
    #[must_use]
    pub fn weight(&self, index: usize) -> f64 {
        self.names.weight(index)
    }

    /// The values of a part of a key, which have no routes of their own.
    fn of_part(values: &PartitionKey) -> Self {
        let names = Names::new(values, None);
        let draw = Draw::new(&names, names.weights());
        Self { names, draw }
    }

    /// Number of keys that are counted one by one; zero when every record has a fresh one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no key has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every record has a key of its own.
    #[must_use]
    pub fn are_fresh(&self) -> bool {
        self.names.is_fresh()
    }

    /// Whether the first keys have the highest weights.
    #[must_use]
    pub const fn falls(&self) -> bool {
        !matches!(self.names, Names::Composed(_))
    }

    /// Name of the key with the given number.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        self.names.name(index)
    }

    /// What `producer` draws keys of several parts with.
    #[must_use]
    pub fn draws(&self, randomness: Randomness, producer: &str) -> KeyDraws {
        KeyDraws::new(&self.names, randomness, producer)
    }

    /// Draws the parts of the keys of the records generated at `times`, in nanoseconds: fills
    /// `keys` with their numbers, or with a number beyond, by their hash, where they are not
    /// counted one by one, and tells `placed` the index and the route of each record.
    pub fn place(
        &self,
        routes: &ComposedRoutes,
        draws: &mut KeyDraws,
        times: &[u64],
        keys: &mut [u32],
        placed: impl FnMut(usize, Route),
    ) {
        if let Names::Composed(composition) = &self.names {
            composition.place(routes, draws, times, keys, placed);
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
            Draw::HotSet { hot, keys: count, threshold } => {
                for key in keys {
                    let is_hot = draws.next_u64() < *threshold;
                    let (first, count) = if is_hot { (0, *hot) } else { (*hot, count - hot) };
                    *key = first + scale(draws.next_u64(), u64::from(count)) as u32;
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
}

impl Draw {
    /// Draws of the given names; `weights` are theirs, where each has one of its own.
    fn new(names: &Names, weights: Option<Vec<f64>>) -> Self {
        let keys = names.len().max(1) as u32;
        if let Some(weights) = weights {
            return Self::weighted(weights, keys);
        }
        match names.hot_set() {
            Some((hot, share)) => {
                // 2^64 times the share; all of it would not fit.
                let threshold = (share * 2f64.powi(64)) as u64;
                Self::HotSet { hot, keys, threshold }
            }
            // Parts are drawn one by one.
            None if matches!(names, Names::Composed(_)) => Self::Even(1),
            None => Self::Even(keys),
        }
    }

    /// Draws by falling weights; a single table wherever that is as quick.
    fn weighted(mut weights: Vec<f64>, keys: u32) -> Self {
        if weights.len() > ONE_TABLE_KEYS {
            let rest: f64 = weights[HOT_KEYS..].iter().sum();
            if rest < weights[..HOT_KEYS].iter().sum::<f64>() * HOT_SHARE {
                // In place: a copy of a hundred million weights would double the memory.
                let mut hot: Vec<f64> = weights.drain(..HOT_KEYS).collect();
                hot.push(rest);
                return match (AliasTable::new(hot), AliasTable::new(weights)) {
                    (Some(hot), Some(others)) => Self::HotFirst { hot, others },
                    _ => Self::Even(keys),
                };
            }
        }
        AliasTable::new(weights).map_or(Self::Even(keys), Self::Weighted)
    }
}

#[cfg(test)]
mod tests;
