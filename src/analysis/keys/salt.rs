//! The smallest salt: into how many buckets every key must be divided so that no shard is too hot.
//!
//! A salted key is `key#bucket`, each bucket with a hash of its own and an equal part of the
//! records, as a scenario's `salt` makes it. Buckets are tried one by one, since a larger salt is
//! not always better: two of its buckets can land on one shard. Every key is hashed again for every
//! bucket; of more than [`KEYS_EXACT`] keys the lightest are taken to spread evenly.

use rayon::prelude::*;

use super::table::KeyTable;
use crate::hash_key::{HashKeyRange, Router, hash_each};

/// Heaviest keys whose buckets are hashed.
pub(super) const KEYS_EXACT: usize = 250_000;
/// Largest salt that is tried.
pub(super) const BUCKETS_MAX: u32 = 256;
/// Hashes that a search may take.
const HASHES_MAX: usize = 40_000_000;
/// Keys of one task; a constant, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 12;

/// What a salt must come to.
pub(super) struct Target<'a> {
    /// The ranges of the shards, tiling the space.
    pub(super) ranges: &'a [HashKeyRange],
    /// Share of all records that the hottest shard may get.
    pub(super) share_most: f64,
}

/// A salt and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Salt {
    pub(super) buckets: u32,
    /// Share of the hottest shard with it.
    pub(super) hottest_share: f64,
}

/// The smallest salt for each target; none where no salt that was tried reaches it.
pub(super) fn smallest(table: &KeyTable, targets: &[Target<'_>]) -> Vec<Option<Salt>> {
    let keys = table.heaviest(0..table.keys(), KEYS_EXACT);
    let total = table.weight();
    let exact: f64 = keys.iter().map(|index| table.entry(*index).weight).sum();
    let rest = if keys.len() == table.keys() { 0.0 } else { (total - exact) / total };
    let routers: Vec<Router> = targets.iter().map(|target| Router::new(target.ranges)).collect();
    let mut sums: Vec<Vec<f64>> =
        targets.iter().map(|target| vec![0.0; target.ranges.len()]).collect();
    let mut found: Vec<Option<Salt>> = vec![None; targets.len()];
    let buckets_max = (HASHES_MAX / keys.len().max(1)).clamp(8, BUCKETS_MAX as usize) as u32;
    for bucket in 0..buckets_max {
        add_bucket(table, &keys, bucket, &routers, &mut sums);
        let buckets = bucket + 1;
        for ((target, sums), found) in targets.iter().zip(&sums).zip(&mut found) {
            if buckets < 2 || found.is_some() {
                continue;
            }
            let shares = sums
                .iter()
                .zip(target.ranges)
                .map(|(weight, range)| weight / f64::from(buckets) / total + rest * range.share());
            let hottest_share = shares.fold(0.0, f64::max);
            if hottest_share <= target.share_most {
                *found = Some(Salt { buckets, hottest_share });
            }
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found
}

/// Adds the weights of all keys at the places of their given bucket.
fn add_bucket(
    table: &KeyTable,
    keys: &[usize],
    bucket: u32,
    routers: &[Router],
    sums: &mut [Vec<f64>],
) {
    let suffix = format!("#{bucket}");
    let lengths: Vec<usize> = sums.iter().map(Vec::len).collect();
    let chunks: Vec<Vec<Vec<f64>>> = keys
        .par_chunks(CHUNK)
        .map(|keys| {
            let mut sums: Vec<Vec<f64>> = lengths.iter().map(|shards| vec![0.0; *shards]).collect();
            hash_each(
                0..keys.len(),
                |key, buffer| {
                    buffer.extend_from_slice(table.name(keys[key]));
                    buffer.extend_from_slice(suffix.as_bytes());
                },
                |key, hash_key, _| {
                    let weight = table.entry(keys[key]).weight;
                    for (router, sums) in routers.iter().zip(&mut sums) {
                        sums[router.shard_of(hash_key)] += weight;
                    }
                },
            );
            sums
        })
        .collect();
    for chunk in chunks {
        for (sums, more) in sums.iter_mut().zip(chunk) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
}
