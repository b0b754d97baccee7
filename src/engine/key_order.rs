//! Whether the records of a partition key reach the shard in the order in which they were made.
//!
//! First attempts of a producer come in that order, so a record is only ever overtaken while it
//! waits for another attempt. So only keys of which something waits are watched: nothing is kept,
//! and next to nothing done, on a shard that has room.

use rustc_hash::FxHashMap;

/// The keys of which records wait for another attempt at one shard.
#[derive(Debug, Default)]
pub(super) struct KeyOrder {
    /// By producer and number of the key.
    watched: FxHashMap<(usize, u32), Watched>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watched {
    /// Records of the key that wait.
    waiting: u64,
    /// When the latest record, of those that the shard took since the first one waits, was made;
    /// in nanoseconds.
    latest: u64,
}

impl KeyOrder {
    /// Whether no key is watched.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// A record of `key` begins to wait.
    #[inline]
    pub(super) fn wait(&mut self, producer: usize, key: u32) {
        self.watched.entry((producer, key)).or_default().waiting += 1;
    }

    /// The shard takes the first attempt of a record made at `created`.
    #[inline]
    pub(super) fn take_first(&mut self, producer: usize, key: u32, created: u64) {
        if let Some(watched) = self.watched.get_mut(&(producer, key)) {
            watched.latest = created;
        }
    }

    /// The shard takes a record made at `created` that waited; whether a later one of its key was
    /// taken before.
    pub(super) fn take_waiting(&mut self, producer: usize, key: u32, created: u64) -> bool {
        let Some(watched) = self.watched.get_mut(&(producer, key)) else {
            return false;
        };
        let overtaken = created < watched.latest;
        watched.latest = watched.latest.max(created);
        self.leave(producer, key);
        overtaken
    }

    /// Takes what is watched out: producer, number of the key, and what is known.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (usize, u32, Watched)> + use<> {
        let watched = std::mem::take(&mut self.watched);
        watched.into_iter().map(|((producer, key), watched)| (producer, key, watched))
    }

    /// Goes on with a key that was watched at another shard.
    pub(super) fn adopt(&mut self, producer: usize, key: u32, watched: Watched) {
        let own = self.watched.entry((producer, key)).or_default();
        own.waiting += watched.waiting;
        own.latest = own.latest.max(watched.latest);
    }

    /// A record of `key` waits no more.
    pub(super) fn leave(&mut self, producer: usize, key: u32) {
        if let Some(watched) = self.watched.get_mut(&(producer, key)) {
            watched.waiting -= 1;
            if watched.waiting == 0 {
                self.watched.remove(&(producer, key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_out_of_order_when_a_later_one_of_its_key_came_first() {
        let mut order = KeyOrder::default();
        order.wait(0, 7);
        order.wait(0, 7);
        order.take_first(0, 7, 30);
        assert!(order.take_waiting(0, 7, 10), "made at 10, after the one made at 30");
        assert!(!order.take_waiting(0, 7, 40), "made at 40, after all others");
        assert!(order.is_empty());
    }

    #[test]
    fn other_keys_and_other_producers_do_not_matter() {
        let mut order = KeyOrder::default();
        order.wait(0, 7);
        order.take_first(0, 8, 30);
        order.take_first(1, 7, 30);
        assert!(!order.take_waiting(0, 7, 10));
    }

    #[test]
    fn a_key_is_forgotten_when_nothing_of_it_waits() {
        let mut order = KeyOrder::default();
        order.wait(0, 7);
        order.leave(0, 7);
        assert!(order.is_empty());
    }
}
