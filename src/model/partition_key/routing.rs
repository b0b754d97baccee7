//! Where the keys of a key space land, and the share of the records that each shard is to expect.
//!
//! Every key is hashed, a hundred million of them too: the shares are sums over all keys, not
//! estimates.

use rayon::prelude::*;

use super::composed::ComposedRoutes;
use super::names::Names;
use super::{Placement, Route, Routes};
use crate::hash_key::{HashKey, HashKeyRange, Router, hash_each};

/// Keys of one chunk of work when a table is built; a constant, so that sums of weights do not
/// depend on the number of threads.
pub(super) const CHUNK: usize = 1 << 14;
/// Chunks whose sums are held at a time, so that many keys on many shards fit the memory.
pub(super) const CHUNKS_AT_A_TIME: usize = 64;

/// The routes of the given names and the share of the records that each shard is to expect;
/// `weights` are those of the names, where they have been worked out.
pub(super) fn routes(
    names: &Names,
    placement: Placement,
    weights: Option<&[f64]>,
    ranges: &[HashKeyRange],
) -> (Routes, Vec<f64>) {
    let router = Router::new(ranges);
    if let Names::Composed(composition) = names {
        let (routes, shares) = ComposedRoutes::new(composition, placement, router, ranges);
        return (Routes::Composed(routes), shares);
    }
    if placement == Placement::Fresh {
        let shares = ranges.iter().map(|range| range.share()).collect();
        return (Routes::Fresh { router, key_bytes: key_lengths(names) }, shares);
    }
    let table = Table { names, placement, weights, router: &router };
    // Fresh keys in one place have one route among them.
    let mut routes = vec![Route::default(); names.len().max(1)];
    let mut shares = vec![0.0; ranges.len()];
    for (part, routes) in routes.chunks_mut(CHUNKS_AT_A_TIME * CHUNK).enumerate() {
        let first = part * CHUNKS_AT_A_TIME;
        let chunks: Vec<Vec<f64>> = routes
            .par_chunks_mut(CHUNK)
            .enumerate()
            .map(|(chunk, routes)| table.fill((first + chunk) * CHUNK, routes, ranges.len()))
            .collect();
        add_in_order(&mut shares, &chunks);
    }
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    (Routes::ByKey(routes), shares)
}

/// Adds the sums of chunks, one chunk after the other.
pub(super) fn add_in_order(shares: &mut [f64], chunks: &[Vec<f64>]) {
    for chunk in chunks {
        for (share, weight) in shares.iter_mut().zip(chunk) {
            *share += weight;
        }
    }
}

/// What a table of routes is made from.
struct Table<'a> {
    names: &'a Names,
    placement: Placement,
    weights: Option<&'a [f64]>,
    router: &'a Router,
}

impl Table<'_> {
    /// Fills the routes of the keys from `first` on; answers with their weight by shard.
    fn fill(&self, first: usize, routes: &mut [Route], shards: usize) -> Vec<f64> {
        let mut sums = vec![0.0; shards];
        let names = self.names;
        let keys = first..first + routes.len();
        let mut route = |index: usize, hash_key: HashKey, key_bytes: usize| {
            let shard = self.router.shard_of(hash_key);
            sums[shard] += self.weights.map_or_else(|| names.weight(index), |list| list[index]);
            routes[index - first] = Route { shard: shard as u16, key_bytes: key_bytes as u16 };
        };
        if let Placement::Fixed(hash_key) = self.placement {
            keys.for_each(|index| route(index, hash_key, names.name_bytes(index)));
            return sums;
        }
        let write = |index: usize, buffer: &mut Vec<u8>| names.write(index, buffer);
        hash_each(keys, write, |index, hash_key, key_bytes| {
            let explicit = match names {
                Names::Listed(keys) => keys[index].explicit_hash_key,
                _ => None,
            };
            route(index, explicit.unwrap_or(hash_key), key_bytes);
        });
        sums
    }
}

/// Bytes of each key, or one entry for fresh keys.
fn key_lengths(names: &Names) -> Vec<u16> {
    let keys = 0..names.len().max(1);
    keys.into_par_iter().map(|index| names.name_bytes(index) as u16).collect()
}
