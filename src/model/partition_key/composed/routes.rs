//! Where keys of several parts land, and the share of the records that each shard is to expect.

use std::ops::Range;

use rayon::prelude::*;

use super::{Composition, product};
use crate::hash_key::{HashKey, HashKeyRange, Router, hash_each};
use crate::model::partition_key::routing::{CHUNK, CHUNKS_AT_A_TIME, add_in_order};
use crate::model::partition_key::{Placement, Route};

/// Most combinations that are all hashed for the shares that shards are to expect.
const HASHED_MAX: u64 = 1 << 26;

/// The routes of keys of several parts.
#[derive(Clone, Debug)]
pub struct ComposedRoutes {
    /// Of the combinations that are counted one by one; none where every record has a place of
    /// its own.
    pub(in crate::model::partition_key) counted: Vec<Route>,
    pub(in crate::model::partition_key) router: Router,
    pub(in crate::model::partition_key) placement: Placement,
}

impl ComposedRoutes {
    /// The routes, and the share of the records that each shard is to expect: the sum over all
    /// combinations where they are few enough to be hashed, else over the counted ones, with the
    /// many others spread as hashes are.
    pub(in crate::model::partition_key) fn new(
        keys: &Composition,
        placement: Placement,
        router: Router,
        ranges: &[HashKeyRange],
    ) -> (Self, Vec<f64>) {
        let widths = ranges.iter().map(|range| range.share());
        let mut routes = Self { counted: Vec::new(), router, placement };
        if placement == Placement::Fresh {
            return (routes, widths.collect());
        }
        let mut shares = vec![0.0; ranges.len()];
        if let Placement::Fixed(hash_key) = placement {
            shares[routes.router.shard_of(hash_key)] = 1.0;
            routes.fill_counted(keys);
            return (routes, shares);
        }
        // Where not all can be hashed, more of them would take long and tell little.
        let fits = product(&keys.all) <= HASHED_MAX;
        let hashed = if fits { &keys.all } else { &keys.counted };
        let combinations = product(hashed) as usize;
        for first in (0..combinations).step_by(CHUNKS_AT_A_TIME * CHUNK) {
            let last = combinations.min(first + CHUNKS_AT_A_TIME * CHUNK);
            let chunks: Vec<usize> = (first..last).step_by(CHUNK).collect();
            let sums: Vec<Vec<f64>> = chunks
                .into_par_iter()
                .map(|from| routes.sums(keys, from..last.min(from + CHUNK), hashed, ranges.len()))
                .collect();
            add_in_order(&mut shares, &sums);
        }
        routes.fill_counted(keys);
        let sum: f64 = shares.iter().sum();
        let covered = keys.share_of(hashed);
        for (share, width) in shares.iter_mut().zip(widths) {
            *share = *share / sum * covered + (1.0 - covered) * width;
        }
        (routes, shares)
    }

    /// The routes of the combinations that are counted one by one.
    pub(in crate::model::partition_key) fn counted(&self) -> &[Route] {
        &self.counted
    }

    /// The weight of some combinations by shard.
    fn sums(
        &self,
        keys: &Composition,
        combinations: Range<usize>,
        radix: &[u32],
        shards: usize,
    ) -> Vec<f64> {
        let mut sums = vec![0.0; shards];
        let first = combinations.start;
        let weights = keys.weights_of(combinations.clone(), radix);
        hash_each(combinations, keys.writer(radix), |index, hash_key, _| {
            sums[self.router.shard_of(hash_key)] += weights[index - first];
        });
        sums
    }

    /// Works out the routes of the combinations that are counted one by one.
    fn fill_counted(&mut self, keys: &Composition) {
        let mut counted = vec![Route::default(); keys.counted()];
        let routes = &*self;
        counted.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, found)| {
            let numbers = chunk * CHUNK..chunk * CHUNK + found.len();
            hash_each(numbers, keys.writer(&keys.counted), |index, hash_key, key_bytes| {
                found[index - chunk * CHUNK] = routes.route(hash_key, key_bytes);
            });
        });
        self.counted = counted;
    }

    /// Where a key goes that hashes to `hash_key`.
    pub(super) fn route(&self, hash_key: HashKey, key_bytes: usize) -> Route {
        let hash_key = match self.placement {
            Placement::Fixed(hash_key) => hash_key,
            Placement::ByKey | Placement::Fresh => hash_key,
        };
        Route { shard: self.router.shard_of(hash_key) as u16, key_bytes: key_bytes as u16 }
    }
}
