//! How many records of each key a producer came up with.

/// Places for the keys that are not counted one by one. There are several, because adding to the same
/// one again and again would wait for memory each time.
const OTHERS: usize = 64;

/// Records by key, for the keys of highest weight, which come first.
#[derive(Debug)]
pub(super) struct KeyCounter {
    /// Keys that are counted one by one.
    counted: usize,
    /// Records of each of these keys, and of all others; modulo 2^32, because a narrow table stays in
    /// the cache.
    counts: Vec<u32>,
    /// Keys whose count has passed 2^32, once for each time.
    carries: Vec<u32>,
    /// Counts of keys when they last changed shards; empty before any has.
    before: Vec<u64>,
}

impl KeyCounter {
    /// A counter of the first `counted` keys.
    pub(super) fn new(counted: usize) -> Self {
        let counts = vec![0; counted + OTHERS];
        Self { counted, counts, carries: Vec::new(), before: Vec::new() }
    }

    /// Counts one record of each of `keys`.
    pub(super) fn count(&mut self, keys: &[u32]) {
        let (others, counts) = (self.counted, self.counts.as_mut_slice());
        for key in keys {
            let key = *key as usize;
            // No branch could guess which keys are counted.
            let count = &mut counts[key.min(others + key % OTHERS)];
            *count = count.wrapping_add(1);
            if *count == 0 {
                self.carries.push(key as u32);
            }
        }
    }

    /// Records of each counted key.
    pub(super) fn all(&self) -> Vec<u64> {
        let counts = self.counts[..self.counted].iter();
        let mut counts: Vec<u64> = counts.map(|count| u64::from(*count)).collect();
        for key in &self.carries {
            if let Some(count) = counts.get_mut(*key as usize) {
                *count += 1 << u32::BITS;
            }
        }
        counts
    }

    /// The same, since each key came to its shard.
    pub(super) fn since_moved(&self) -> Vec<u64> {
        let mut counts = self.all();
        for (count, before) in counts.iter_mut().zip(&self.before) {
            *count -= before;
        }
        counts
    }

    /// Those of `keys` that are counted with their records since they came to their shard; from now
    /// on they are at another.
    pub(super) fn take(&mut self, keys: impl Iterator<Item = u32>) -> Vec<(usize, u64)> {
        if self.before.is_empty() {
            self.before = vec![0; self.counted];
        }
        let mut taken = Vec::new();
        for key in keys {
            let number = key as usize;
            if number < self.counted {
                let carries = self.carries.iter().filter(|carry| **carry == key).count() as u64;
                let count = u64::from(self.counts[number]) + (carries << u32::BITS);
                taken.push((number, count - self.before[number]));
                self.before[number] = count;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keys_are_counted_and_the_others_are_not() {
        let mut counter = KeyCounter::new(3);
        counter.count(&[0, 2, 2, 3, 66, 67, u32::MAX, 2]);
        assert_eq!(counter.all(), [1, 0, 3]);
    }

    #[test]
    fn a_count_that_does_not_fit_carries_on() {
        let mut counter = KeyCounter::new(1);
        counter.counts[0] = u32::MAX;
        counter.count(&[0, 0, 1]);
        assert_eq!(counter.all(), [(1 << 32) + 1]);
        assert_eq!(counter.take(std::iter::once(0)), [(0, (1 << 32) + 1)]);
    }

    #[test]
    fn keys_that_move_begin_anew() {
        let mut counter = KeyCounter::new(4);
        counter.count(&[0, 1, 1, 3]);
        assert_eq!(counter.take([1, 3, 9].into_iter()), [(1, 2), (3, 1)]);
        counter.count(&[1, 0]);
        assert_eq!(counter.since_moved(), [2, 1, 0, 0]);
        assert_eq!(counter.all(), [2, 3, 0, 1]);
    }
}
