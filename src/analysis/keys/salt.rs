//! The smallest salt: into how many buckets every key must be divided so that no shard is too hot.
//!
//! A salted key is `key#bucket`, each bucket with a hash of its own and an equal part of the
//! records, as a scenario's `salt` makes it. Buckets are tried one by one, since a larger salt is
//! not always better: two of its buckets can land on one shard. Every key is hashed again for every
//! bucket; of more than [`KEYS_EXACT`] keys the lightest are taken to spread evenly. The heaviest
//! come first: where they alone are too much for a shard, however kindly the others fall, the
//! others need no hash.

use rayon::prelude::*;

use super::table::KeyTable;
use crate::hash_key::{HashKeyRange, Router, hash_each};

/// Heaviest keys whose buckets are hashed.
pub(super) const KEYS_EXACT: usize = 250_000;
/// Heaviest keys that are hashed before the others.
const KEYS_FIRST: usize = 4_096;
/// Standard deviations by which what the others bring to a shard is taken to differ from the mean.
const DEVIATIONS: f64 = 5.0;
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
    let (first, others) = keys.split_at(keys.len().min(KEYS_FIRST));
    let total = table.weight();
    let share =
        |keys: &[usize]| keys.iter().map(|index| table.entry(*index).weight).sum::<f64>() / total;
    let rest = if keys.len() == table.keys() { 0.0 } else { 1.0 - share(&keys) };
    let even = rest + share(others);
    let square = |index: &usize| (table.entry(*index).weight / total).powi(2);
    let squares: f64 = others.iter().map(square).sum();
    let routers: Vec<Router> = targets.iter().map(|target| Router::new(target.ranges)).collect();
    let (mut first, mut others) = (Sums::new(first, targets), Sums::new(others, targets));
    let mut found: Vec<Option<Salt>> = vec![None; targets.len()];
    let buckets_max = (HASHES_MAX / keys.len().max(1)).clamp(8, BUCKETS_MAX as usize) as u32;
    for buckets in 2..=buckets_max {
        first.reach(buckets, table, &routers);
        for (index, target) in targets.iter().enumerate() {
            let pieces = f64::from(buckets);
            let is_hopeless = found[index].is_some()
                || target.ranges.iter().zip(&first.sums[index]).any(|(range, weight)| {
                    let deviation = (squares / pieces * range.share()).sqrt();
                    let least = even * range.share() - DEVIATIONS * deviation;
                    weight / pieces / total + least.max(0.0) > target.share_most
                });
            if is_hopeless {
                continue;
            }
            others.reach(buckets, table, &routers);
            let weights = first.sums[index].iter().zip(&others.sums[index]);
            let shares = weights
                .zip(target.ranges)
                .map(|((one, two), range)| (one + two) / pieces / total + rest * range.share());
            let hottest_share = shares.fold(0.0, f64::max);
            if hottest_share <= target.share_most {
                found[index] = Some(Salt { buckets, hottest_share });
            }
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found
}

/// What some keys bring to each shard of each target, over their first buckets.
struct Sums<'a> {
    keys: &'a [usize],
    buckets: u32,
    sums: Vec<Vec<f64>>,
}

impl<'a> Sums<'a> {
    fn new(keys: &'a [usize], targets: &[Target<'_>]) -> Self {
        let sums = targets.iter().map(|target| vec![0.0; target.ranges.len()]).collect();
        Self { keys, buckets: 0, sums }
    }

    /// Adds what is missing up to so many `buckets`: of each key all of them, while its name is in
    /// the cache.
    fn reach(&mut self, buckets: u32, table: &KeyTable, routers: &[Router]) {
        if buckets <= self.buckets {
            return;
        }
        let suffixes: Vec<String> = (self.buckets..buckets).map(|at| format!("#{at}")).collect();
        self.buckets = buckets;
        let lengths: Vec<usize> = self.sums.iter().map(Vec::len).collect();
        let chunks: Vec<Vec<Vec<f64>>> = self
            .keys
            .par_chunks(CHUNK)
            .map(|keys| {
                let empty = lengths.iter().map(|shards| vec![0.0; *shards]).collect();
                sums_of(table, keys, &suffixes, routers, empty)
            })
            .collect();
        for chunk in chunks {
            for (sums, more) in self.sums.iter_mut().zip(chunk) {
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
    }
}

/// Adds the weight of each key at the place of each of the given buckets.
fn sums_of(
    table: &KeyTable,
    keys: &[usize],
    suffixes: &[String],
    routers: &[Router],
    mut sums: Vec<Vec<f64>>,
) -> Vec<Vec<f64>> {
    let of_key = suffixes.len();
    hash_each(
        0..keys.len() * of_key,
        |number, buffer| {
            buffer.extend_from_slice(table.name(keys[number / of_key]));
            buffer.extend_from_slice(suffixes[number % of_key].as_bytes());
        },
        |number, hash_key, _| {
            let weight = table.entry(keys[number / of_key]).weight;
            for (router, sums) in routers.iter().zip(&mut sums) {
                sums[router.shard_of(hash_key)] += weight;
            }
        },
    );
    sums
}
