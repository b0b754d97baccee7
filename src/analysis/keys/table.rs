//! Counted keys in the order of their places: how much of them each shard gets.
//!
//! The weights of the keys before each key are summed once, so that the load of any range of hash
//! keys is one difference, and any number of shard counts can be tried at the cost of a few
//! look-ups a shard.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::counter::Entry;
use crate::hash_key::HashKeyRange;

/// Keys of one task; a constant, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 16;

/// Distinct keys in the order of their hash keys.
#[derive(Debug)]
pub struct KeyTable {
    entries: Vec<Entry>,
    names: Vec<u8>,
    /// Weight of all keys before each, and at the end of all.
    before: Vec<f64>,
    rows: u64,
}

/// What one shard gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ShardLoad {
    /// Distinct keys.
    pub(super) keys: u64,
    /// Their weight.
    pub(super) weight: f64,
}

/// A key by its weight: heavier ones are greater, and of equals the earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weighed {
    weight: f64,
    index: usize,
    name: u64,
}

impl Eq for Weighed {}

impl PartialOrd for Weighed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Weighed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weight.total_cmp(&other.weight).then(other.name.cmp(&self.name))
    }
}

impl KeyTable {
    /// A table of distinct keys in ascending order of their hash keys.
    pub(super) fn new(entries: Vec<Entry>, names: Vec<u8>, rows: u64) -> Self {
        let mut sum = 0.0;
        let mut before = Vec::with_capacity(entries.len() + 1);
        before.push(0.0);
        for entry in &entries {
            sum += entry.weight;
            before.push(sum);
        }
        Self { entries, names, before, rows }
    }

    /// Rows that were read.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Distinct keys.
    pub(super) fn keys(&self) -> usize {
        self.entries.len()
    }

    /// Weight of all keys.
    pub(super) fn weight(&self) -> f64 {
        self.before[self.entries.len()]
    }

    /// The key of an index.
    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// The name of a key.
    pub(super) fn name(&self, index: usize) -> &[u8] {
        &self.names[self.entries[index].place()]
    }

    /// Bytes of a key on average over the records.
    pub(super) fn mean_key_bytes(&self) -> f64 {
        let chunks: Vec<f64> = self
            .entries
            .par_chunks(CHUNK)
            .map(|keys| keys.iter().map(|key| key.weight * key.place().len() as f64).sum())
            .collect();
        chunks.into_iter().sum::<f64>() / self.weight()
    }

    /// What each of the given ranges gets; they tile the space in ascending order.
    pub(super) fn loads(&self, ranges: &[HashKeyRange]) -> Vec<ShardLoad> {
        let first =
            |range: &HashKeyRange| self.entries.partition_point(|key| key.hash < range.start.0);
        let mut firsts: Vec<usize> = ranges.iter().map(first).collect();
        firsts.push(self.entries.len());
        firsts
            .windows(2)
            .map(|pair| ShardLoad {
                keys: (pair[1] - pair[0]) as u64,
                weight: self.before[pair[1]] - self.before[pair[0]],
            })
            .collect()
    }

    /// Indices of the keys from `start` to before `end` that weigh most, heaviest first.
    pub(super) fn heaviest(&self, keys: std::ops::Range<usize>, most: usize) -> Vec<usize> {
        let chunks: Vec<Vec<Weighed>> = self.entries[keys.clone()]
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, entries)| {
                let first = keys.start + chunk * CHUNK;
                let mut best: BinaryHeap<std::cmp::Reverse<Weighed>> = BinaryHeap::new();
                for (offset, entry) in entries.iter().enumerate() {
                    let index = first + offset;
                    let next = Weighed { weight: entry.weight, index, name: entry.name };
                    if best.len() < most {
                        best.push(std::cmp::Reverse(next));
                    } else if best.peek().is_some_and(|least| next > least.0) {
                        best.pop();
                        best.push(std::cmp::Reverse(next));
                    }
                }
                best.into_iter().map(|key| key.0).collect()
            })
            .collect();
        let mut all: Vec<Weighed> = chunks.into_iter().flatten().collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.truncate(most);
        all.into_iter().map(|key| key.index).collect()
    }

    /// Indices of the keys in a range of hash keys.
    pub(super) fn within(&self, range: HashKeyRange) -> std::ops::Range<usize> {
        let start = self.entries.partition_point(|key| key.hash < range.start.0);
        let end = self.entries.partition_point(|key| key.hash <= range.end.0);
        start..end
    }

    /// All weights, heaviest first.
    pub(super) fn falling_weights(&self) -> Vec<f64> {
        let mut weights: Vec<f64> = self.entries.iter().map(|key| key.weight).collect();
        weights.par_sort_unstable_by(|a, b| b.total_cmp(a));
        weights
    }
}
