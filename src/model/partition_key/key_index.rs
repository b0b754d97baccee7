//! Keys in the order of their hash keys, so that a split or a merge changes the routes of the keys
//! that it moves and looks at no other. Nothing is hashed again.

use rayon::prelude::*;

use super::names::Names;
use super::routing::CHUNK;
use super::{KeySpace, Placement, Routes};
use crate::hash_key::{HashKey, HashKeyRange, Router, hash_each};
use crate::scenario::ExplicitHashKey;

/// Hash keys that another shard owns from now on.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// The hash keys.
    pub range: HashKeyRange,
    /// The shard that owned them, as routes name it.
    pub from: u16,
    /// The shard that owns them now.
    pub to: u16,
    /// All that the shard owned that owned them.
    pub owned: HashKeyRange,
}

/// The keys that have routes of their own, in the order of their hash keys.
#[derive(Clone, Debug)]
pub struct KeyIndex {
    placement: Placement,
    /// Upper half of the hash key, and number of the key.
    sorted: Vec<(u64, u32)>,
}

const fn upper_half(key: HashKey) -> u64 {
    (key.0 >> 64) as u64
}

impl KeySpace {
    /// The index of the keys that have routes of their own.
    #[must_use]
    pub fn key_index(&self, explicit: Option<ExplicitHashKey>) -> KeyIndex {
        let placement = Placement::new(explicit, &self.names);
        if placement == Placement::Fresh {
            return KeyIndex { placement, sorted: Vec::new() };
        }
        let keys = self.names.len().max(1);
        let chunks = (0..keys.div_ceil(CHUNK)).into_par_iter();
        let mut sorted: Vec<(u64, u32)> = chunks
            .flat_map_iter(|chunk| {
                let mut found = Vec::with_capacity(CHUNK);
                let numbers = chunk * CHUNK..keys.min((chunk + 1) * CHUNK);
                self.each_hash_key(placement, numbers, |key, hash_key| {
                    found.push((upper_half(hash_key), key as u32));
                });
                found
            })
            .collect();
        sorted.par_sort_unstable();
        KeyIndex { placement, sorted }
    }

    fn each_hash_key(
        &self,
        placement: Placement,
        numbers: std::ops::Range<usize>,
        mut found: impl FnMut(usize, HashKey),
    ) {
        if let Placement::Fixed(hash_key) = placement {
            numbers.for_each(|key| found(key, hash_key));
            return;
        }
        let write = |key: usize, buffer: &mut Vec<u8>| self.names.write(key, buffer);
        hash_each(numbers, write, |key, hash_key, _| {
            let explicit = match &self.names {
                Names::Listed(keys) => keys[key].explicit_hash_key,
                _ => None,
            };
            found(key, explicit.unwrap_or(hash_key));
        });
    }

    /// The numbers of the keys whose hash keys lie in `range`.
    pub fn keys_within<'a>(
        &'a self,
        index: &'a KeyIndex,
        range: HashKeyRange,
    ) -> impl Iterator<Item = u32> + 'a {
        let (first, last) = (upper_half(range.start), upper_half(range.end));
        let from = index.sorted.partition_point(|entry| entry.0 < first);
        let to = index.sorted.partition_point(|entry| entry.0 <= last);
        index.sorted[from..to].iter().filter_map(move |(upper, key)| {
            // Only where the upper half does not tell is the whole hash key worked out.
            let is_within = (first < *upper && *upper < last) || {
                let mut inside = false;
                let number = *key as usize;
                self.each_hash_key(index.placement, number..number + 1, |_, hash_key| {
                    inside = range.contains(hash_key);
                });
                inside
            };
            is_within.then_some(*key)
        })
    }
}

impl Routes {
    /// Follows a move: `router` is that of all open shards after it.
    pub fn follow(&mut self, keys: &KeySpace, index: &KeyIndex, moved: &Move, router: &Router) {
        let table = match self {
            Self::ByKey(table) => table,
            Self::Fresh { router: own, .. } => {
                *own = router.clone();
                return;
            }
            Self::Composed(routes) => {
                routes.router = router.clone();
                &mut routes.counted
            }
        };
        for key in keys.keys_within(index, moved.range) {
            if let Some(route) = table.get_mut(key as usize) {
                route.shard = moved.to;
            }
        }
    }

    /// Where a record with `key` goes that was on its way to the shard that a move is from, once
    /// the routes have followed. Of a record whose hash key was drawn afresh only the shard is
    /// known, so it is drawn again among those of the shard, by `draw`, 64 uniform bits.
    #[must_use]
    pub fn again(&self, key: u32, moved: &Move, draw: impl FnOnce() -> u64) -> u16 {
        let to = |is_moved: bool| if is_moved { moved.to } else { moved.from };
        let drawn = |bits: u64| {
            let width = moved.owned.end.0 - moved.owned.start.0;
            let (high, low) = (width >> 64, width & u128::from(u64::MAX));
            let offset = high * u128::from(bits) + ((low * u128::from(bits)) >> 64);
            to(moved.range.contains(HashKey(moved.owned.start.0 + offset)))
        };
        match self {
            Self::ByKey(table) => table.get(key as usize).map_or(moved.from, |route| route.shard),
            Self::Fresh { .. } => drawn(draw()),
            Self::Composed(routes) => match (routes.counted.get(key as usize), routes.placement) {
                (Some(route), _) => route.shard,
                (None, Placement::Fresh) => drawn(draw()),
                (None, Placement::Fixed(hash_key)) => to(moved.range.contains(hash_key)),
                (None, Placement::ByKey) => {
                    // The number of the key tells the upper 32 bits of its hash key.
                    let first = routes.counted.len() as u32;
                    let place = u64::from(key - first) << 32;
                    let upper = (place / u64::from(u32::MAX - first).max(1)) << 32;
                    to(moved.range.contains(HashKey(u128::from(upper) << 64)))
                }
            },
        }
    }
}
