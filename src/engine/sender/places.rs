//! Where the keys of an aggregated record stand in its table.
//!
//! A small open hash table of its own for each record that is being filled: it stays in the first
//! cache, where one table over all keys would be read from memory for almost every user record.

/// No key has this place.
const NONE: u32 = u32::MAX;
/// Slots of the smallest table, a power of two.
const SLOTS_LEAST: usize = 64;
/// 2^32 over the golden ratio, which spreads keys that follow each other.
const SPREAD: u32 = 0x9E37_79B9;

/// Places by key; at most half of the slots are taken.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Number of a key, and its place.
    slots: Vec<(u32, u32)>,
    keys: usize,
}

impl Places {
    /// The place of a key, which is `next` if it has none yet.
    #[inline]
    pub(super) fn place_of(&mut self, key: u32, next: u32) -> u32 {
        if 2 * self.keys >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(key);
        if slot.1 == NONE {
            *slot = (key, next);
            self.keys += 1;
            return next;
        }
        slot.1
    }

    /// The slot of a key, or the free one in which it belongs.
    #[inline]
    fn slot_of(&mut self, key: u32) -> &mut (u32, u32) {
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(SPREAD) >> 7) as usize & mask;
        while self.slots[at].1 != NONE && self.slots[at].0 != key {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }

    #[cold]
    fn grow(&mut self) {
        let slots = vec![(0, NONE); (2 * self.slots.len()).max(SLOTS_LEAST)];
        let old = std::mem::replace(&mut self.slots, slots);
        for (key, place) in old.into_iter().filter(|slot| slot.1 != NONE) {
            *self.slot_of(key) = (key, place);
        }
    }

    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        if self.keys > 0 {
            self.slots.fill((0, NONE));
            self.keys = 0;
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
                let place = places.place_of(key, next);
                assert_eq!(place, *expected.entry(key).or_insert(next), "{round} {step}");
                next += u32::from(place == next);
            }
            assert_eq!(places.keys, expected.len());
            places.clear();
            expected.clear();
            next = 0;
        }
    }
}
