//! The partition keys of a trace: each distinct one once, with a count and a number.
//!
//! An open-addressed table of numbers over one long text: a hash map would hold a string a key.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::hash_key::HashKey;

/// Most keys that are told apart; a key takes about 60 bytes here and 150 in a run.
const KEYS_MAX: usize = 1_000_000;
/// A slot without a key.
const FREE: u32 = u32::MAX;

/// Distinct keys; two records with different explicit hash keys have different ones.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct KeyTable {
    text: String,
    ends: Vec<usize>,
    explicit: Vec<Option<HashKey>>,
    counts: Vec<u64>,
    /// Numbers of keys where their hashes put them; a power of two.
    slots: Vec<u32>,
}

impl KeyTable {
    /// No key yet.
    pub(in crate::scenario) fn new() -> Self {
        let (text, slots) = (String::new(), vec![FREE; 1 << 10]);
        Self { text, ends: Vec::new(), explicit: Vec::new(), counts: Vec::new(), slots }
    }

    /// Counts a record of `key`; false when the key is new and there is no room for it.
    pub(in crate::scenario) fn count(&mut self, key: &str, explicit: Option<HashKey>) -> bool {
        self.count_up_to(KEYS_MAX, key, explicit)
    }

    fn count_up_to(&mut self, most: usize, key: &str, explicit: Option<HashKey>) -> bool {
        if let Some(number) = self.find(key, explicit) {
            self.counts[number as usize] += 1;
            return true;
        }
        let is_room = self.len() < most;
        if is_room {
            self.insert(key, explicit, 1);
        }
        is_room
    }

    /// The number of `key`.
    pub(in crate::scenario) fn find(&self, key: &str, explicit: Option<HashKey>) -> Option<u32> {
        let number = self.slots[self.slot(key, explicit)];
        (number != FREE).then_some(number)
    }

    /// Number of keys.
    pub(in crate::scenario) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Name, explicit hash key and count of each key.
    pub(in crate::scenario) fn all(
        &self,
    ) -> impl Iterator<Item = (&str, Option<HashKey>, u64)> + '_ {
        (0..self.len()).map(|index| (self.name(index), self.explicit[index], self.counts[index]))
    }

    /// The same keys, numbered by falling count; ties in the order of first appearance.
    pub(in crate::scenario) fn by_falling_count(&self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.counts[*index]));
        let mut sorted = Self { slots: vec![FREE; self.slots.len()], ..Self::new() };
        for index in order {
            sorted.insert(self.name(index), self.explicit[index], self.counts[index]);
        }
        sorted
    }

    fn name(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    fn insert(&mut self, key: &str, explicit: Option<HashKey>, count: u64) {
        if 2 * (self.len() + 1) > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(key, explicit);
        self.slots[slot] = self.len() as u32;
        self.text.push_str(key);
        self.ends.push(self.text.len());
        self.explicit.push(explicit);
        self.counts.push(count);
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; 2 * self.slots.len()];
        for index in 0..self.len() {
            let slot = self.slot(self.name(index), self.explicit[index]);
            self.slots[slot] = index as u32;
        }
    }

    /// The slot of `key`, or the free one where it belongs.
    fn slot(&self, key: &str, explicit: Option<HashKey>) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key, explicit) as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == FREE {
                return slot;
            }
            let index = number as usize;
            if self.explicit[index] == explicit && self.name(index) == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// Decides nothing but where to look, and whether a file has changed.
pub(super) fn hash(key: &str, explicit: Option<HashKey>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    if let Some(HashKey(explicit)) = explicit {
        hasher.write_u128(explicit);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_by_falling_count() {
        let mut table = KeyTable::new();
        for record in 0..30_000_u32 {
            assert!(table.count(&format!("key-{}", record.trailing_zeros()), None));
            assert!(table.count(&format!("once-{record}"), Some(HashKey(7))));
        }
        let sorted = table.by_falling_count();
        assert_eq!(sorted.len(), table.len());
        assert_eq!(sorted.find("key-0", None), Some(0));
        assert_eq!(sorted.find("key-1", None), Some(1));
        assert_eq!(sorted.find("once-0", None), None, "another explicit hash key");
        assert_eq!(sorted.all().next(), Some(("key-0", None, 15_000)));
        assert_eq!(sorted.all().map(|key| key.2).sum::<u64>(), 60_000);
        let all: Vec<_> = sorted.all().collect();
        for (index, (key, explicit, _)) in all.into_iter().enumerate() {
            assert_eq!(sorted.find(key, explicit), Some(index as u32));
        }
    }

    #[test]
    fn a_full_table_still_counts_the_keys_it_has() {
        let mut table = KeyTable::new();
        assert!(table.count_up_to(1, "a", None) && !table.count_up_to(1, "b", None));
        assert!(table.count_up_to(1, "a", None));
        assert_eq!(table.all().collect::<Vec<_>>(), [("a", None, 2)]);
    }
}
