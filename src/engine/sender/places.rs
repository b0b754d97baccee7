//! Where the keys of an aggregated record stand in its table.
//!
//! A small open hash table of its own for each record that is being filled: it stays in the first
//! cache, where one table over all keys would be read from memory for almost every user record.

/// Slots of the smallest table, a power of two.
const SLOTS_LEAST: usize = 64;
/// Slots for each key, so that few keys meet at one.
const SLOTS_PER_KEY: usize = 4;
/// 2^32 over the golden ratio, which spreads keys that follow each other.
const SPREAD: u32 = 0x9E37_79B9;

/// Places by key.
#[derive(Debug)]
pub(super) struct Places {
    /// Number of a key; its place, and `first`.
    slots: Vec<(u32, u32)>,
    /// What is below was put there before the table was cleared, and the slot is free.
    first: u32,
    keys: u32,
}

impl Default for Places {
    fn default() -> Self {
        Self { slots: Vec::new(), first: 1, keys: 0 }
    }
}

impl Places {
    /// Makes room for so many more keys.
    pub(super) fn reserve(&mut self, keys: usize) {
        let slots = SLOTS_PER_KEY * (self.keys as usize + keys);
        if slots > self.slots.len() {
            self.grow(slots.next_power_of_two().max(SLOTS_LEAST));
        }
    }

    /// The place of a key, for which there is room: `next`, the number of keys so far, if it has
    /// none yet.
    #[inline(always)]
    pub(super) fn place_of(&mut self, key: u32, next: u32) -> u32 {
        let first = self.first;
        let slot = self.slot_of(key);
        if slot.1 < first {
            *slot = (key, first + next);
            self.keys += 1;
            return next;
        }
        slot.1 - first
    }

    /// The slot of a key, or the free one in which it belongs.
    #[inline(always)]
    fn slot_of(&mut self, key: u32) -> &mut (u32, u32) {
        let (first, slots) = (self.first, self.slots.as_mut_slice());
        let mask = slots.len() - 1;
        let mut at = (key.wrapping_mul(SPREAD) >> 7) as usize & mask;
        while slots[at].1 >= first && slots[at].0 != key {
            at = (at + 1) & mask;
        }
        &mut slots[at]
    }

    #[cold]
    fn grow(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); slots]);
        let first = self.first;
        for (key, place) in old.into_iter().filter(|slot| slot.1 >= first) {
            *self.slot_of(key) = (key, place);
        }
    }

    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        self.first += self.keys;
        self.keys = 0;
        if self.first > u32::MAX / 2 {
            self.slots.fill((0, 0));
            self.first = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashMap;

    use super::*;

    #[test]
    fn a_key_keeps_the_place_that_it_was_first_given() {
        let (mut places, mut expected) = (Places::default(), FxHashMap::default());
        let mut next = 0;
        for round in 0..3_u32 {
            // Keys that follow each other, keys far apart, and each of them several times.
            for step in 0..5_000_u32 {
                let key = if step % 2 == 0 { step / 4 } else { step.wrapping_mul(0x0100_0193) };
                places.reserve(1);
                let place = places.place_of(key, next);
                assert_eq!(place, *expected.entry(key).or_insert(next), "{round} {step}");
                next += u32::from(place == next);
            }
            assert_eq!(places.keys as usize, expected.len());
            places.clear();
            expected.clear();
            next = 0;
        }
    }
}
