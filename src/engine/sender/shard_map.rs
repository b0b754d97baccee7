//! The KPL's map of the shards, by which it predicts where a record goes.
//!
//! After shards have split or merged the map is old until a record comes to a shard that it does
//! not know. Then the client asks for the shards anew, and predicts nothing until it has them.
//! Source: `aws/kinesis/core/shard_map.cc` and `retrier.cc` of awslabs/amazon-kinesis-producer.

use crate::model::partition_key::Move;

/// What a client knows of the shards.
#[derive(Debug)]
pub(super) struct ShardMap {
    /// Changes that it does not know of, the earliest first.
    unknown: Vec<Change>,
    /// When it has the shards again that it has asked for, in nanoseconds.
    known_at: Option<u64>,
    /// How long it takes to ask.
    takes: u64,
}

/// A split or a merge. One shard always keeps its name among routes.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// When it happened, in nanoseconds.
    at: u64,
    from: u16,
    to: u16,
    is_split: bool,
}

impl ShardMap {
    /// An up-to-date map; asking for the shards takes `takes` nanoseconds.
    pub(super) const fn new(takes: u64) -> Self {
        Self { unknown: Vec::new(), known_at: None, takes }
    }

    /// The shards change at `now`.
    pub(super) fn change(&mut self, moved: &Move, is_split: bool, now: u64) {
        let (from, to) = (moved.from, moved.to);
        self.unknown.push(Change { at: now, from, to, is_split });
    }

    /// Whether it is up to date, so that each record goes where the client takes it to go.
    pub(super) const fn is_current(&self) -> bool {
        self.unknown.is_empty() && self.known_at.is_none()
    }

    /// Which shard the client takes a record to go to that belongs to `home`. Of a merge it thinks
    /// what is true already: the two parents of a child differ only in their buckets.
    pub(super) fn predict(&self, home: u16) -> u16 {
        let splits = self.unknown.iter().rev().filter(|change| change.is_split);
        splits.fold(home, |shard, split| if shard == split.to { split.from } else { shard })
    }

    /// Whether a record that was predicted for one shard and reached another at `now` tells that
    /// the map is old.
    pub(super) fn is_surprised(&self, predicted: u16, home: u16, now: u64) -> bool {
        let is_of = |change: &Change| {
            predicted == change.from || !change.is_split && predicted == change.to
        };
        predicted != home || self.unknown.iter().any(|change| change.at <= now && is_of(change))
    }

    /// The client asks for the shards, if it does not already.
    pub(super) fn ask(&mut self, now: u64) {
        self.known_at = self.known_at.or(Some(now + self.takes));
    }

    /// Whether the client can predict; `learned` hears of shards that are new to it.
    pub(super) fn is_known(&mut self, now: u64, mut learned: impl FnMut(u16)) -> bool {
        let Some(known_at) = self.known_at else { return true };
        if now < known_at {
            return false;
        }
        self.known_at = None;
        let asked = known_at - self.takes;
        for change in self.unknown.iter().filter(|change| change.at <= asked) {
            learned(change.to);
            if change.is_split {
                learned(change.from);
            }
        }
        self.unknown.retain(|change| change.at > asked);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_key::{HashKey, HashKeyRange};

    fn moved(from: u16, to: u16) -> Move {
        let range = HashKeyRange { start: HashKey(0), end: HashKey(u128::MAX) };
        Move { range, from, to, owned: range }
    }

    #[test]
    fn a_map_is_old_until_a_record_surprises_it() {
        let mut map = ShardMap::new(10);
        assert!(!map.is_surprised(0, 0, 5));
        map.change(&moved(0, 4), true, 100);
        map.change(&moved(4, 5), true, 200);
        assert_eq!([map.predict(4), map.predict(5), map.predict(0), map.predict(1)], [0, 0, 0, 1]);
        // What came before the split came to the shard that was predicted.
        assert!(!map.is_surprised(0, 0, 99));
        assert!(map.is_surprised(0, 0, 100) && map.is_surprised(0, 4, 150));
        map.ask(150);
        map.ask(155);
        let mut learned = Vec::new();
        assert!(!map.is_known(159, |shard| learned.push(shard)));
        assert!(map.is_known(160, |shard| learned.push(shard)));
        // The second split came after it had asked.
        assert_eq!(learned, [4, 0]);
        assert_eq!([map.predict(4), map.predict(5)], [4, 4]);
    }

    #[test]
    fn either_parent_of_a_merge_surprises() {
        let mut map = ShardMap::new(10);
        map.change(&moved(1, 0), false, 100);
        assert_eq!([map.predict(0), map.predict(1)], [0, 1]);
        assert!(map.is_surprised(0, 0, 100) && map.is_surprised(1, 0, 100));
        assert!(!map.is_surprised(2, 2, 100));
    }
}
