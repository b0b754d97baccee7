//! The shards of a stream over time: which are open, whose children they are, what they own.
//!
//! A shard is split into two or merged with its neighbour, never anything else; the parent closes
//! and stays readable until its last record expires. Shards are numbered upward for the life of the
//! stream. Source: Kinesis developer guide, resharding; API reference SplitShard, MergeShards.
//! `uniform` works out the splits and merges of an UpdateShardCount.

mod uniform;

use std::collections::BTreeMap;

use crate::hash_key::{HashKey, HashKeyRange, shard_id};

pub use uniform::{Operation, Piece, uniform_scaling};

/// One shard of a stream, open or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Identifier, `shardId-000000000000`.
    pub shard_id: String,
    /// The hash keys that it owns, or owned.
    pub range: HashKeyRange,
    /// The shard that was split to make it, or the lower one of two that were merged.
    pub parent: Option<usize>,
    /// The upper one of two shards that were merged to make it.
    pub adjacent_parent: Option<usize>,
    /// When it opened, in nanoseconds.
    pub opened: u64,
    /// When it closed, in nanoseconds; nothing while it is open.
    pub closed: Option<u64>,
}

/// Why a split or a merge cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The shard is not there, or is closed.
    #[error("`{0}` is not an open shard")]
    NotOpen(String),
    /// The hash key at which to split is not inside the range.
    #[error("hash key {at} does not split `{shard_id}`, which owns {start} to {end}")]
    OutsideRange {
        /// The shard to be split.
        shard_id: String,
        /// First hash key of the upper child.
        at: HashKey,
        /// First hash key of the shard.
        start: HashKey,
        /// Last hash key of the shard.
        end: HashKey,
    },
    /// The shards to be merged have a gap between them.
    #[error("`{0}` and `{1}` are not next to each other")]
    NotAdjacent(String, String),
    /// The shard owns the last hash keys, so there is none above to merge it with.
    #[error("`{0}` has no neighbour above it")]
    NoNeighbour(String),
}

/// All shards that a stream has had, by index in the order in which they opened.
#[derive(Clone, Debug)]
pub struct Lineage {
    shards: Vec<Shard>,
    /// Open shards by the start of their ranges.
    open: BTreeMap<u128, usize>,
    /// Number of the next shard.
    next_number: u64,
}

impl Lineage {
    /// A stream with the given open shards, which tile the hash space. New shards are numbered on
    /// from the highest of theirs.
    pub fn new(shards: impl IntoIterator<Item = (String, HashKeyRange)>) -> Self {
        let mut lineage = Self { shards: Vec::new(), open: BTreeMap::new(), next_number: 0 };
        for (shard_id, range) in shards {
            let number = shard_id.rsplit('-').next().and_then(|digits| digits.parse::<u64>().ok());
            lineage.next_number =
                lineage.next_number.max(number.map_or(0, |number| number.saturating_add(1)));
            let index = lineage.shards.len();
            lineage.open.insert(range.start.0, index);
            lineage.shards.push(Shard {
                shard_id,
                range,
                parent: None,
                adjacent_parent: None,
                opened: 0,
                closed: None,
            });
        }
        let count = lineage.shards.len() as u64;
        lineage.next_number = lineage.next_number.max(count);
        lineage
    }

    /// A freshly created stream.
    #[must_use]
    pub fn created(shards: u32) -> Self {
        Self::new((0..).map(shard_id).zip(HashKeyRange::created(shards)))
    }

    /// All shards, in the order in which they opened.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Indices of the open shards, in the order of their ranges.
    pub fn open(&self) -> impl Iterator<Item = usize> + '_ {
        self.open.values().copied()
    }

    /// Indices of the open shards that begin within `range`, in ascending order.
    pub fn open_within(&self, range: HashKeyRange) -> impl Iterator<Item = usize> + '_ {
        self.open.range(range.start.0..=range.end.0).map(|(_, index)| *index)
    }

    /// Number of open shards.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Index of the open shard that owns `key`.
    #[must_use]
    pub fn owner(&self, key: HashKey) -> usize {
        self.open.range(..=key.0).next_back().map_or(0, |(_, index)| *index)
    }

    /// Index of the open shard with an identifier.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`].
    pub fn open_by_id(&self, shard_id: &str) -> Result<usize, Refusal> {
        let is_it = |index: &usize| self.shards[*index].shard_id == shard_id;
        self.open().find(is_it).ok_or_else(|| Refusal::NotOpen(shard_id.to_owned()))
    }

    /// Index of the open shard just above an open one.
    ///
    /// # Errors
    /// [`Refusal::NoNeighbour`] when it owns the last hash keys.
    pub fn neighbour_above(&self, index: usize) -> Result<usize, Refusal> {
        let shard = &self.shards[index];
        let next = shard.range.end.0.checked_add(1).and_then(|start| self.open.get(&start));
        next.copied().ok_or_else(|| Refusal::NoNeighbour(shard.shard_id.clone()))
    }

    /// Splits an open shard at `at`, the first hash key of the upper child, by default
    /// `floor((start + end) / 2)`; answers with the children, lower one first.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`], or [`Refusal::OutsideRange`] when a child would be empty.
    pub fn split(
        &mut self,
        index: usize,
        at: Option<HashKey>,
        now: u64,
    ) -> Result<[usize; 2], Refusal> {
        let shard = self.open_shard(index)?;
        let HashKeyRange { start, end } = shard.range;
        let at = at.unwrap_or_else(|| midpoint(shard.range));
        if at <= start || at > end {
            return Err(Refusal::OutsideRange { shard_id: shard.shard_id.clone(), at, start, end });
        }
        self.close(index, now);
        let lower = HashKeyRange { start, end: HashKey(at.0 - 1) };
        let upper = HashKeyRange { start: at, end };
        let lower = self.open_child(lower, index, None, now);
        Ok([lower, self.open_child(upper, index, None, now)])
    }

    /// Merges an open shard with the open one just above it; answers with the child.
    ///
    /// # Errors
    /// [`Refusal::NotOpen`], or [`Refusal::NotAdjacent`] when the second one does not begin where
    /// the first one ends.
    pub fn merge(&mut self, lower: usize, upper: usize, now: u64) -> Result<usize, Refusal> {
        let (below, above) = (self.open_shard(lower)?, self.open_shard(upper)?);
        if below.range.end.0.checked_add(1) != Some(above.range.start.0) {
            let ids = (below.shard_id.clone(), above.shard_id.clone());
            return Err(Refusal::NotAdjacent(ids.0, ids.1));
        }
        let range = HashKeyRange { start: below.range.start, end: above.range.end };
        self.close(lower, now);
        self.close(upper, now);
        Ok(self.open_child(range, lower, Some(upper), now))
    }

    fn open_shard(&self, index: usize) -> Result<&Shard, Refusal> {
        match self.shards.get(index) {
            Some(shard) if shard.closed.is_none() => Ok(shard),
            Some(shard) => Err(Refusal::NotOpen(shard.shard_id.clone())),
            None => Err(Refusal::NotOpen(format!("shard number {index}"))),
        }
    }

    fn close(&mut self, index: usize, now: u64) {
        self.shards[index].closed = Some(now);
        self.open.remove(&self.shards[index].range.start.0);
    }

    fn open_child(
        &mut self,
        range: HashKeyRange,
        parent: usize,
        adjacent_parent: Option<usize>,
        now: u64,
    ) -> usize {
        let index = self.shards.len();
        self.shards.push(Shard {
            shard_id: shard_id(self.next_number),
            range,
            parent: Some(parent),
            adjacent_parent,
            opened: now,
            closed: None,
        });
        self.next_number += 1;
        self.open.insert(range.start.0, index);
        index
    }
}

/// Where a shard is split when nobody says where: `floor((start + end) / 2)`.
///
/// Source: Kinesis developer guide, splitting a shard; seen on real streams. A stream of one shard
/// so gets its boundary at `2^127 - 1`, while one created with two has it at `2^127`.
#[must_use]
pub const fn midpoint(range: HashKeyRange) -> HashKey {
    HashKey(range.start.0 + (range.end.0 - range.start.0) / 2)
}

#[cfg(test)]
mod tests;
