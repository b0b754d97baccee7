//! Counted keys in the order of their places: how much of them each shard gets.
//!
//! The weights of the keys before each key are summed once, so that the load of any range of hash
//! keys is one difference, and any number of shard counts can be tried at the cost of a few
//! look-ups a shard.

use std::cmp::Ordering;

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

/// A key and its weight.
#[derive(Clone, Copy, Debug)]
struct Weighed {
    weight: f64,
    index: usize,
    name: u64,
}

/// Heavier keys first, and of equals the one whose name was read first.
fn by_weight(a: &Weighed, b: &Weighed) -> Ordering {
    b.weight.total_cmp(&a.weight).then(a.name.cmp(&b.name))
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
        let weighed = |index: usize| {
            let entry = &self.entries[index];
            Weighed { weight: entry.weight, index, name: entry.name }
        };
        let mut all: Vec<Weighed> = if most < CHUNK {
            let starts: Vec<usize> = keys.clone().step_by(CHUNK).collect();
            let of_chunk = |start: usize| {
                let chunk = start..keys.end.min(start + CHUNK);
                let mut best: Vec<Weighed> = chunk.map(weighed).collect();
                keep_heaviest(&mut best, most);
                best
            };
            starts.into_par_iter().flat_map_iter(of_chunk).collect()
        } else {
            keys.into_par_iter().map(weighed).collect()
        };
        keep_heaviest(&mut all, most);
        all.sort_unstable_by(by_weight);
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

/// Keeps the heaviest keys, in no order.
fn keep_heaviest(all: &mut Vec<Weighed>, most: usize) {
    if most > 0 && all.len() > most {
        all.select_nth_unstable_by(most - 1, by_weight);
    }
    all.truncate(most);
}
